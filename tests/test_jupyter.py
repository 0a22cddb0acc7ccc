"""Paare in Jupyter: Öffnen und Speichern ändern nichts, und keine Änderung geht verloren.

Jupyter liest und schreibt durch jupytexts Inhaltsverwaltung; die Tests benützen sie wie ein Server.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import jupytext
import nbformat
import pytest
from tornado.web import HTTPError

ROOT = Path(__file__).resolve().parents[1]
NAMES = [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
BIN = Path(sys.executable).parent
HOUR = 3600


@pytest.fixture
def clone(tmp_path):
    """Eine Kopie der Paare mit dem, was jupytext und make über sie wissen."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(
        ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*", "runs")
    )
    shutil.copytree(ROOT / "book" / "_tools", tmp_path / "book" / "_tools")
    return tmp_path


@pytest.fixture
def jupyter(clone):
    """Die Inhaltsverwaltung eines Jupyter-Servers, gestartet im Klon."""
    return jupytext.TextFileContentsManager(root_dir=str(clone))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("notebooks/[0-9]*"))}


def age(folder: Path, name: str, text: float, notebook: float) -> None:
    """Setzt die Zeiten eines Paars: vor so vielen Sekunden geändert."""
    for suffix, seconds in ((".md", text), (".ipynb", notebook)):
        moment = time.time() - seconds
        os.utime(folder / "notebooks" / f"{name}{suffix}", (moment, moment))


def opened(jupyter, name: str, suffix: str = ".ipynb"):
    return jupyter.get(f"notebooks/{name}{suffix}", content=True, type="notebook")["content"]


def open_and_save(jupyter, name: str) -> None:
    model = {"type": "notebook", "content": opened(jupyter, name)}
    jupyter.save(model, f"notebooks/{name}.ipynb")


def make(target: str, folder: Path) -> None:
    if not shutil.which("make"):
        pytest.skip("hier gibt es kein make")
    command = ["make", "--old-file=.venv/.installed", f"BIN={BIN}", target]
    outcome = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr


# --- Die gespeicherte Form ------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_twin_is_what_jupytext_writes(name):
    """Zeichen für Zeichen, auch die Umbrüche in den Metadaten."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    twin = (ROOT / "notebooks" / f"{name}.md").read_text("utf-8")
    assert jupytext.writes(notebook, fmt="md:myst") == twin


@pytest.mark.parametrize("name", NAMES)
def test_notebook_is_what_jupyter_writes(name, tmp_path):
    """Wie nbformat es schreibt; der Kern heisst, wie JupyterLab ihn nennt."""
    path = ROOT / "notebooks" / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.write(notebook, tmp_path / "written.ipynb")
    assert (tmp_path / "written.ipynb").read_bytes() == path.read_bytes()
    assert notebook.metadata.kernelspec == {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    }


# --- Öffnen und speichern, ohne etwas zu ändern ---------------------------------------------

ORDERS = {
    "gleichzeitig geklont": (0, 0),
    "Notebook zuletzt geklont": (0.4, 0),
    "Text zuletzt geklont": (0, 0.4),
    "ausgeführt": (5 * HOUR, 0),
    "Text gezogen": (0, 90 * HOUR),
    "Notebook gezogen": (90 * HOUR, 7),
}


@pytest.mark.parametrize("order", ORDERS)
def test_open_and_save_changes_nothing(order, clone, jupyter):
    before = contents(clone)
    for name in NAMES:
        age(clone, name, *ORDERS[order])
        open_and_save(jupyter, name)
    assert contents(clone) == before


@pytest.mark.parametrize("order", ORDERS)
def test_a_twin_opens_as_a_notebook(order, clone, jupyter):
    """JupyterLab: Open With → Notebook."""
    age(clone, "01_rnn_numpy", *ORDERS[order])
    notebook = opened(jupyter, "01_rnn_numpy", ".md")
    assert any(cell.get("outputs") for cell in notebook.cells)


def test_jupyterlab_may_describe_its_kernel(clone, jupyter):
    """Beim Öffnen trägt JupyterLab den Kern ein, in eigener Reihenfolge: Der Zwilling bleibt."""
    before = contents(clone)
    age(clone, "01_rnn_numpy", 5 * HOUR, 0)
    notebook = opened(jupyter, "01_rnn_numpy")
    spec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    notebook.metadata["kernelspec"] = spec
    jupyter.save({"type": "notebook", "content": notebook}, "notebooks/01_rnn_numpy.ipynb")
    assert contents(clone) == before


def test_a_foreign_kernel_name_does_not_lock_a_pair(clone, jupyter):
    """VS Code und Colab nennen den Kern anders und legen Eigenes dazu."""
    path = clone / "notebooks" / "01_rnn_numpy.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    notebook["metadata"]["kernelspec"] = {"display_name": ".venv", "name": "python3"}
    notebook["metadata"]["colab"] = {"provenance": []}
    path.write_text(json.dumps(notebook), "utf-8")
    age(clone, "01_rnn_numpy", 5 * HOUR, 0)
    twin = path.with_suffix(".md").read_bytes()
    open_and_save(jupyter, "01_rnn_numpy")
    assert path.with_suffix(".md").read_bytes() == twin


# --- make sync, make notebooks --------------------------------------------------------------


def test_sync_leaves_pairs_that_agree(clone, jupyter):
    before = contents(clone)
    make("sync", clone)
    assert contents(clone) == before
    for name in NAMES:
        open_and_save(jupyter, name)
    assert contents(clone) == before


def test_sync_brings_in_the_text_and_keeps_outputs(clone, jupyter):
    twin = clone / "notebooks" / "01_rnn_numpy.md"
    twin.write_text(twin.read_text("utf-8") + "\nEin Satz mehr.\n", "utf-8")
    (clone / "notebooks" / "99_new.md").write_text(twin.read_text("utf-8"), "utf-8")
    make("sync", clone)
    after = contents(clone)
    for name in ("01_rnn_numpy", "99_new"):
        open_and_save(jupyter, name)
        notebook = nbformat.read(clone / "notebooks" / f"{name}.ipynb", as_version=4)
        nbformat.validate(notebook)
        assert notebook.cells[-1].source.endswith("Ein Satz mehr.")
        assert any(cell.get("outputs") for cell in notebook.cells) == (name == "01_rnn_numpy")
    assert contents(clone) == after


def test_sync_brings_a_twin_into_the_form_of_jupytext(clone):
    """Wer einen Zwilling von Hand schreibt, lässt eine Zeile leer oder den Namen des Kerns weg."""
    twin = clone / "notebooks" / "01_rnn_numpy.md"
    before = twin.read_text("utf-8")
    twin.write_text(before.replace("```{code-cell} ipython3\n", "\n```{code-cell}\n"), "utf-8")
    make("sync", clone)
    assert twin.read_text("utf-8") == before


def test_executed_notebook_opens_and_saves_unchanged(clone, jupyter):
    """make notebooks: Danach ändern Öffnen und Speichern nichts mehr."""
    for path in clone.glob("notebooks/[0-9]*"):
        if path.stem != "01_rnn_numpy":
            path.unlink()
    age(clone, "01_rnn_numpy", 5 * HOUR, 5 * HOUR)
    twin = (clone / "notebooks" / "01_rnn_numpy.md").read_bytes()
    make("notebooks", clone)
    after = contents(clone)
    assert after["01_rnn_numpy.md"] == twin
    open_and_save(jupyter, "01_rnn_numpy")
    assert contents(clone) == after


# --- Ausserhalb geändert --------------------------------------------------------------------


def test_an_edit_of_the_text_is_there_and_stays(clone, jupyter):
    """Der Zwilling in VS Code geändert: Jupyter zeigt die Änderung, mit den alten Ausgaben."""
    twin = clone / "notebooks" / "01_rnn_numpy.md"
    twin.write_text(twin.read_text("utf-8").replace("**Frage:**", "**Neue Frage:**"), "utf-8")
    age(clone, "01_rnn_numpy", 0, HOUR)
    edited = twin.read_bytes()
    notebook = opened(jupyter, "01_rnn_numpy")
    assert "**Neue Frage:**" in notebook.cells[0].source
    assert any(cell.get("outputs") for cell in notebook.cells)
    open_and_save(jupyter, "01_rnn_numpy")
    assert twin.read_bytes() == edited
    assert "**Neue Frage:**" in twin.with_suffix(".ipynb").read_text("utf-8")


def test_an_edit_of_the_notebook_alone_is_refused_not_lost(clone, jupyter):
    """Nur das Notebook geändert (Colab): Jupyter öffnet es nicht, zeigt den Unterschied und sagt,
    was zu tun ist. Beide Dateien bleiben, wie sie sind."""
    path = clone / "notebooks" / "01_rnn_numpy.ipynb"
    path.write_text(path.read_text("utf-8").replace("**Frage:**", "**Neue Frage:**"), "utf-8")
    age(clone, "01_rnn_numpy", HOUR, 0)
    before = contents(clone)
    with pytest.raises(HTTPError) as refusal:
        opened(jupyter, "01_rnn_numpy")
    assert refusal.value.status_code == 400
    said = str(refusal.value)
    assert "is more recent than" in said
    assert "+**Neue Frage:**" in said
    assert "make sure it is up to date, and save it" in said
    assert contents(clone) == before


def test_the_refused_edit_comes_over_with_one_command(clone, jupyter):
    """jupytext --to md schreibt den Zwilling aus dem Notebook; dann öffnet Jupyter wieder."""
    path = clone / "notebooks" / "01_rnn_numpy.ipynb"
    path.write_text(path.read_text("utf-8").replace("**Frage:**", "**Neue Frage:**"), "utf-8")
    command = [sys.executable, "-m", "jupytext", "--quiet", "--to", "md:myst", path]
    subprocess.run(command, cwd=clone, check=True)
    after = contents(clone)
    assert "**Neue Frage:**" in after["01_rnn_numpy.md"].decode("utf-8")
    open_and_save(jupyter, "01_rnn_numpy")
    assert contents(clone) == after
