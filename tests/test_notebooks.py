"""Die Notebooks: Zwillinge, gespeicherte Ausgaben, Bilder, Start ausserhalb des Repositorys."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import jupytext
import nbformat
import pytest
from jupytext.compare import compare_notebooks
from pages import CHAPTER

from anncourse import __version__
from anncourse.sources import IMDB_DIGEST
from anncourse.teaching import diagrams

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
WITH_REVIEWS = {
    "03_imdb",
    "04_simple_rnn",
    "05_vanishing_gradients",
    "07_lstm_imdb",
    "08_inside_the_cell",
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
ADDRESS = PROJECT["urls"]["Repository"]
SETUP = f"""# Wo das Begleitmodul fehlt (Colab): installiert diese Ausgabe, sonst den neusten Stand.
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("anncourse") is None:
    address = "anncourse @ git+{ADDRESS}"
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    for version in ("@v{__version__}", ""):
        if subprocess.run([*pip, address + version], capture_output=True).returncode == 0:
            break
    else:
        sys.exit("Das Begleitmodul liess sich nicht installieren. Prüfen Sie die Verbindung zum "
                 "Internet, oder installieren Sie es aus einem Klon: pip install PFAD")
    importlib.invalidate_caches()"""

DEBRIS = re.compile(r"warning|deprecat|traceback|\d+%\||it/s\b", re.IGNORECASE)
MACHINE = re.compile(r"(?<![\w.:/])/(?:home|root|work|tmp|usr|opt|var|Users|content)/|[A-Z]:\\")
DRAWING = re.compile(r"diagrams\.(\w+)\(")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


of_the_chapter = pytest.mark.parametrize(
    "path", [path.with_suffix(".ipynb") for path in CHAPTER], ids=lambda path: path.stem
)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def texts(outputs):
    """Was eine Ausgabe zeigt, ohne die Bilder."""
    for output in outputs:
        if output.output_type == "stream":
            yield output.text
        for kind, content in output.get("data", {}).items():
            if kind.startswith("text/"):
                yield content


def pictures(cell):
    return [
        kind
        for output in cell.outputs
        for kind in output.get("data", {})
        if kind.startswith("image/")
    ]


# --- Zwillinge und Ausgaben -----------------------------------------------------------------


def test_is_valid(notebook):
    nbformat.validate(notebook)


def test_twins_are_equal(path, notebook):
    twin = jupytext.read(path.with_suffix(".md"), fmt="md:myst")
    compare_notebooks(twin, notebook, fmt="md:myst", compare_outputs=False)


def test_every_cell_has_run_in_order(notebook):
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_outputs_are_tidy(notebook):
    for cell in code_cells(notebook):
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr"
            assert not any("widget" in kind for kind in output.get("data", {}))
        for text in texts(cell.outputs):
            assert not DEBRIS.search(text), text
            assert not MACHINE.search(text), text


@of_the_chapter
def test_outputs_name_their_data(path, notebook):
    shown = "\n".join(text for cell in code_cells(notebook) for text in texts(cell.outputs))
    assert "SHA-256" in shown
    if path.stem in WITH_REVIEWS:
        assert f"SHA-256 {IMDB_DIGEST[:12]}" in shown  # die echten Kritiken
    assert "Beispieldaten" not in shown


# --- Form -----------------------------------------------------------------------------------


def test_set_up_cell_comes_first(path, notebook):
    """Überall dieselbe; 9.3.2 zeichnet ein Netz und holt dafür den Zusatz «graph»."""
    extra = "[graph]" if path.stem == "02_rnn_pytorch" else ""
    assert code_cells(notebook)[0].source == SETUP.replace("anncourse @", f"anncourse{extra} @")


def test_head_and_end(path, notebook):
    first, last = notebook.cells[0].source, notebook.cells[-1].source
    colab = "https://colab.research.google.com/github/"
    place = ADDRESS.removeprefix("https://github.com/")
    assert f"[In Colab öffnen]({colab}{place}/blob/main/notebooks/{path.name})" in first
    assert "können Sie" in first
    assert any(
        cell.cell_type == "markdown" and "## Zusammenfassung" in cell.source
        for cell in notebook.cells
    )
    assert re.search(r"^(Weiter|Zurück): \[.+\]\(.+\)$", last.splitlines()[-1])


@of_the_chapter
def test_imports_the_module(notebook):
    assert any(
        re.search(r"^(from|import) anncourse", cell.source, re.MULTILINE)
        for cell in code_cells(notebook)
    )


HIDDEN = {"hide-input", "hide-cell", "remove-cell"}  # im Buch: zum Öffnen, gar nicht


def test_a_hidden_cell_is_hidden_in_book_colab_and_jupyter(notebook):
    for cell in code_cells(notebook):
        marks = (
            bool(HIDDEN & set(cell.metadata.get("tags", []))),
            cell.metadata.get("cellView") == "form",
            cell.metadata.get("jupyter", {}).get("source_hidden", False),
        )
        assert marks in {(True, True, True), (False, False, False)}, cell.source


def test_the_book_drops_the_set_up_cell_only(notebook):
    dropped = ["remove-cell" in c.metadata.get("tags", []) for c in code_cells(notebook)]
    assert dropped == [True] + [False] * (len(dropped) - 1)


def test_what_defines_or_trains_is_visible(notebook):
    """Ein Netz, ein Schritt, ein Verlust, ein Gradient bleiben auf der Seite."""
    for cell in code_cells(notebook):
        if HIDDEN & set(cell.metadata.get("tags", [])):
            assert not re.search(r"^class |\.backward\(|\bfit\(", cell.source, re.MULTILINE)


@of_the_chapter
def test_cells_are_short(notebook):
    for cell in code_cells(notebook):
        assert len([line for line in cell.source.splitlines() if line.strip()]) <= 25


def test_pictures_are_described_and_captioned(notebook):
    for cell, after in zip(notebook.cells, [*notebook.cells[1:], None]):
        if cell.cell_type == "code" and pictures(cell):
            assert len(pictures(cell)) == 1, "ein Bild je Zelle"
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt) > 60, cell.source
            drawing = DRAWING.search(cell.source)
            if drawing:
                assert alt == diagrams.ALT_TEXTS[drawing[1]]
            assert after.source.startswith("*Abbildung 9.3."), cell.source


def test_the_notebooks_show_every_figure():
    sources = "\n".join(
        cell.source for path in NOTEBOOKS for cell in nbformat.read(path, as_version=4).cells
    )
    assert set(DRAWING.findall(sources)) == set(diagrams.ALT_TEXTS)


def test_no_review_is_quoted_at_length(real_data):
    from anncourse.sources import load_reviews
    from anncourse.text import tokenise

    reviews = load_reviews(real_data)
    shown = " ".join(
        " ".join(tokenise(text))
        for path in NOTEBOOKS
        for cell in code_cells(nbformat.read(path, as_version=4))
        for text in texts(cell.outputs)
    )
    words = shown.split()
    quoted = {tuple(words[k : k + 16]) for k in range(len(words) - 15)}
    for text in [*reviews.train_texts, *reviews.test_texts]:
        review = tokenise(text)
        for k in range(0, len(review) - 15):
            assert tuple(review[k : k + 16]) not in quoted, " ".join(review[k : k + 16])


# --- Ausserhalb des Repositorys -------------------------------------------------------------


@pytest.fixture
def fresh_python(tmp_path):
    """Eine Umgebung mit allen Paketen ausser anncourse."""
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    purelib = sysconfig.get_path("purelib", vars={"base": str(tmp_path / "env")})
    packages = [p for p in sys.path if Path(p).name == "site-packages"]
    Path(purelib, "packages.pth").write_text("\n".join(packages))
    return python


def run(python, folder, *arguments, **environment):
    outcome = subprocess.run(
        [python, "-P", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout


def execute_first_notebook(python, folder, **environment):
    run(
        python,
        folder,
        "-m",
        "nbconvert",
        "--to",
        "notebook",
        "--execute",
        "--output-dir",
        folder,
        ROOT / "notebooks" / "01_rnn_numpy.ipynb",
        **environment,
    )
    return run(python, folder, "-c", "import anncourse; print(anncourse.__file__)").strip()


def test_first_notebook_runs_with_the_wheel(fresh_python, tmp_path):
    run(
        fresh_python,
        tmp_path,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        tmp_path,
        ROOT,
    )
    (wheel,) = tmp_path.glob("anncourse-*.whl")
    run(fresh_python, tmp_path, "-m", "pip", "install", "--quiet", "--no-deps", wheel)
    place = execute_first_notebook(fresh_python, tmp_path)
    assert Path(place).is_relative_to(tmp_path)
    answer = run(fresh_python, tmp_path, "-m", "anncourse", "predict", "a wonderful film")
    assert answer.startswith("positiv")  # die Gewichte sind im Paket


@pytest.fixture
def release(tmp_path):
    """Ein Repositorium unter der Adresse des Buchs: Auf der Marke liegt diese Ausgabe, auf dem
    Zweig danach eine mit der Version 9.9. Die Fassung mit ``tag=False`` hat keine Marke."""

    def release(tag: bool) -> dict[str, str]:
        place = tmp_path / "release"
        tracked = subprocess.run(
            ["git", "-C", ROOT, "ls-files", "anncourse", "pyproject.toml", "README.md", "LICENSE"],
            capture_output=True, text=True, check=True,
        ).stdout.split("\n")  # fmt: skip
        for name in filter(None, tracked):
            if (ROOT / name).exists():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, place / name)
        git(place, "init", "--quiet")
        commit_all(place)
        if tag:
            git(place, "tag", f"v{__version__}")
        face = place / "anncourse" / "__init__.py"
        face.write_text(face.read_text("utf-8").replace(__version__, "9.9"), "utf-8")
        commit_all(place)
        return redirect(place.as_uri())

    return release


def git(folder, *arguments):
    subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True)


def commit_all(folder):
    git(folder, "add", "--all")
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    git(folder, *identity, "commit", "--quiet", "--message", "Stand")


def redirect(address: str) -> dict[str, str]:
    """Git holt von dieser Adresse, was von jener des Buchs verlangt wird."""
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{address}.insteadOf",
        "GIT_CONFIG_VALUE_0": ADDRESS,
    }


SHOW_VERSION = "\nimport anncourse\nprint(anncourse.__version__, anncourse.__file__)"


@pytest.mark.parametrize("tag, version", [(True, __version__), (False, "9.9")])
def test_set_up_cell_installs_the_release_else_the_branch(
    tag, version, fresh_python, release, tmp_path
):
    printed = run(fresh_python, tmp_path, "-c", SETUP + SHOW_VERSION, **release(tag))
    found, place = printed.split(maxsplit=1)
    assert found == version and Path(place.strip()).is_relative_to(tmp_path / "env")


@pytest.mark.parametrize("hindrance", ["kein Netz", "kein pip"])
def test_set_up_cell_says_in_german_what_to_do(hindrance, fresh_python, tmp_path):
    code = SETUP + "\nprint('weiter')"
    if hindrance == "kein pip":
        code = code.replace('"pip", "install"', '"kein_pip", "install"')
    outcome = subprocess.run(
        [fresh_python, "-P", "-c", code],
        cwd=tmp_path, capture_output=True, text=True, encoding="utf-8",
        env=os.environ | redirect((tmp_path / "nirgends").as_uri()) | {"PYTHONUTF8": "1"},
    )  # fmt: skip
    assert (outcome.returncode, outcome.stdout) == (1, "")  # es geht nicht weiter
    assert outcome.stderr.startswith("Das Begleitmodul liess sich nicht installieren. Prüfen Sie")
    assert len(outcome.stderr.splitlines()) == 1


def is_stale(folder: Path) -> bool:
    """Gibt es die Marke dieser Version, und ist das Modul seither ein anderes?"""
    tag = f"v{__version__}"
    known = subprocess.run(
        ["git", "-C", folder, "tag", "--list", tag], capture_output=True, text=True, check=True
    ).stdout.split()
    difference = ["git", "-C", folder, "diff", "--quiet", tag, "--", "anncourse"]
    return known == [tag] and subprocess.run(difference).returncode != 0


def test_a_stale_tag_is_never_what_a_notebook_would_install():
    """Wer das Modul nach einer Ausgabe ändert, erhöht ``__version__``: Sonst installierten die
    Notebooks die Marke mit dem alten Modul."""
    if not (ROOT / ".git").exists():
        pytest.skip("dieser Ordner ist kein Klon")
    assert not is_stale(ROOT), "anncourse hat sich seit der Marke geändert: __version__ erhöhen"


def test_a_stale_tag_would_be_found(tmp_path):
    (tmp_path / "anncourse").mkdir()
    module = tmp_path / "anncourse" / "a.py"
    module.write_text("a = 1")
    git(tmp_path, "init", "--quiet")
    commit_all(tmp_path)
    assert not is_stale(tmp_path)  # noch keine Marke: Der Zweig wird installiert
    git(tmp_path, "tag", f"v{__version__}")
    assert not is_stale(tmp_path)
    module.write_text("a = 2")
    assert is_stale(tmp_path)
