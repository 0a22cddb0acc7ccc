"""Was man veröffentlicht und mitnimmt: zip, PDF und die Zeile auf der Startseite."""

import zipfile

import pytest


@pytest.fixture
def site(load_tool):
    return load_tool("site")


@pytest.fixture
def book(tmp_path, site):
    folder = tmp_path / "html"
    for name, text in {
        "index.html": '<a href="book/index.html">Start</a>',
        "book/index.html": f"<h1>Größe</h1>{site.PLACE}<p>Text</p>",
        "live/lstm.js": "x = 1;" * 1000,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    (tmp_path / "chapter.pdf").write_bytes(b"%PDF" + bytes(1_500_000))
    return folder


def contents(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_zip_holds_every_file_in_one_folder(book, tmp_path, site):
    site.assemble(book, tmp_path / "chapter.pdf")
    found = contents(book / f"{site.NAME}.zip")
    assert set(found) == {
        f"{site.NAME}/{name}" for name in ("index.html", "book/index.html", "live/lstm.js")
    }
    assert found[f"{site.NAME}/live/lstm.js"] == (book / "live/lstm.js").read_bytes()


def test_start_page_names_both_with_their_size_and_the_zip_names_neither(book, tmp_path, site):
    site.assemble(book, tmp_path / "chapter.pdf")
    page = (book / "book/index.html").read_text("utf-8")
    assert f'href="../{site.NAME}.pdf">das Kapitel als PDF</a> (1.5 MB)' in page
    assert f'href="../{site.NAME}.zip"' in page and "<p>Text</p>" in page
    assert (book / f"{site.NAME}.pdf").stat().st_size == 1_500_004
    inside = contents(book / f"{site.NAME}.zip")[f"{site.NAME}/book/index.html"].decode()
    assert site.PLACE in inside and ".zip" not in inside and ".pdf" not in inside


def test_twice_gives_the_same(book, tmp_path, site):
    site.assemble(book, tmp_path / "chapter.pdf")
    first = {path.name: path.read_bytes() for path in book.rglob("*.*")}
    site.assemble(book, tmp_path / "chapter.pdf")
    assert {path.name: path.read_bytes() for path in book.rglob("*.*")} == first


def test_a_start_page_without_place_is_refused(book, tmp_path, site):
    (book / "book/index.html").write_text("<h1>Start</h1>", "utf-8")
    with pytest.raises(ValueError, match="keinen Platz"):
        site.assemble(book, tmp_path / "chapter.pdf")
    assert not (book / f"{site.NAME}.zip").exists()
