"""Die Seite «Belege»: aus den gespeicherten Läufen, und jede Kernaussage hat eine Zeile."""

import pytest


@pytest.fixture(scope="module")
def belege(load_tool):
    return load_tool("belege")


def test_the_page_is_made_from_the_stored_runs(belege):
    made = belege.page()
    assert belege.PAGE.read_text("utf-8") == made, "Neu erzeugen: python book/_tools/belege.py"


@pytest.mark.parametrize("name", ["03_imdb", "04_simple_rnn", "07_lstm_imdb", "08_inside_the_cell"])
def test_every_headline_has_a_row(belege, name):
    points = belege.headlines(belege.ROOT / "notebooks" / f"{name}.md")
    page = belege.PAGE.read_text("utf-8")
    assert len(points) >= 4
    assert all(f"| {point} |" in page for point in points)


def test_a_headline_without_evidence_is_an_error(belege, monkeypatch):
    evidence = dict(belege.EVIDENCE["03_imdb"])
    evidence.popitem()
    monkeypatch.setitem(belege.EVIDENCE, "03_imdb", evidence)
    with pytest.raises(ValueError, match="Kernaussage ohne Beleg"):
        belege.page()


def test_evidence_without_a_headline_is_an_error(belege, monkeypatch):
    evidence = belege.EVIDENCE["03_imdb"] | {"Was nirgends steht": list}
    monkeypatch.setitem(belege.EVIDENCE, "03_imdb", evidence)
    with pytest.raises(ValueError, match="Beleg ohne Kernaussage"):
        belege.page()
