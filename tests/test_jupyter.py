"""Paare von Notebook und Zwilling öffnen in Jupyter, und Speichern ändert nur, was jemand ändert.

Geprüft wird mit dem Verwalter, den jupytext in JupyterLab einsetzt.
"""

import logging
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import jupytext
import nbformat
import pytest
from jupytext.sync_contentsmanager import TextFileContentsManager
from tornado.web import HTTPError

ROOT = Path(__file__).resolve().parents[1]
NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
HOUR = 60 * 60


@pytest.fixture
def clone(tmp_path):
    """Die neun Paare in einem eigenen Ordner, alle gleich alt."""
    (tmp_path / "notebooks").mkdir()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in NAMES:
        for suffix in (".md", ".ipynb"):
            shutil.copy(ROOT / "notebooks" / f"{name}{suffix}", tmp_path / "notebooks")
    set_age(tmp_path, md=HOUR, ipynb=HOUR)
    return tmp_path


def set_age(clone, **seconds):
    """Wie lange die letzte Änderung der Dateien mit dieser Endung her ist."""
    for suffix, age in seconds.items():
        for path in clone.glob(f"notebooks/*.{suffix}"):
            os.utime(path, (time.time() - age, time.time() - age))


def contents(folder):
    files = [path for path in folder.glob("notebooks/*.*") if path.is_file()]
    return {path.name: path.read_bytes() for path in files}


def manager(clone):
    manager = TextFileContentsManager(root_dir=str(clone))
    manager.log.setLevel(logging.CRITICAL)
    return manager


def open_notebook(clone, name):
    return manager(clone).get(f"notebooks/{name}.ipynb", type="notebook", content=True)["content"]


def save(clone, name, notebook):
    manager(clone).save({"type": "notebook", "content": notebook}, f"notebooks/{name}.ipynb")


def open_and_save_all(clone):
    for name in NAMES:
        save(clone, name, open_notebook(clone, name))


@pytest.mark.parametrize(
    "ages",
    [
        {"md": HOUR, "ipynb": HOUR},  # geklont
        {"md": 3 * HOUR, "ipynb": HOUR},  # ausgeführt mit «make notebooks»
        {"md": HOUR, "ipynb": 3 * HOUR},  # gezogen, in anderer Reihenfolge geschrieben
    ],
)
def test_opening_and_saving_changes_nothing(ages, clone):
    before = contents(clone)
    set_age(clone, **ages)
    open_and_save_all(clone)
    assert contents(clone) == before


def test_after_make_sync_opening_and_saving_changes_nothing(clone):
    for name in NAMES[:3]:
        subprocess.run(
            [
                sys.executable,
                "-m",
                "jupytext",
                "--quiet",
                "--to",
                "ipynb",
                "--update",
                f"notebooks/{name}.md",
            ],
            cwd=clone,
            check=True,
        )
    before = contents(clone)
    assert before == contents(ROOT)
    open_and_save_all(clone)
    assert contents(clone) == before


def test_after_an_execution_only_what_was_executed_has_changed(clone):
    subprocess.run(
        [sys.executable, "-m", "jupyter", "nbconvert", "--to", "notebook", "--execute", "--inplace",
         "--ExecutePreprocessor.record_timing=False", "notebooks/09_exercises.ipynb"],
        cwd=clone,
        check=True,
        env=os.environ | {"ANNCOURSE_DATA": "sample"},
        capture_output=True,
    )  # fmt: skip
    executed = contents(clone)
    save(clone, "09_exercises", open_notebook(clone, "09_exercises"))
    assert contents(clone) == executed
    assert executed["09_exercises.md"] == (ROOT / "notebooks" / "09_exercises.md").read_bytes()


def test_an_edit_of_the_twin_is_there_and_stays(clone):
    """In VS Code oder vim: Der Zwilling ist jünger, seine Zellen gelten, die Ausgaben bleiben."""
    twin = clone / "notebooks" / "01_rnn_numpy.md"
    outputs = [cell.get("outputs") for cell in open_notebook(clone, "01_rnn_numpy").cells]
    twin.write_text(twin.read_text("utf-8") + "\nEin neuer Absatz.\n", "utf-8")
    notebook = open_notebook(clone, "01_rnn_numpy")
    assert notebook.cells[-1].source.endswith("Ein neuer Absatz.")
    assert [cell.get("outputs") for cell in notebook.cells] == outputs
    save(clone, "01_rnn_numpy", notebook)
    stored = nbformat.read(clone / "notebooks" / "01_rnn_numpy.ipynb", as_version=4)
    assert stored.cells[-1].source.endswith("Ein neuer Absatz.")
    assert twin.read_text("utf-8").endswith("Ein neuer Absatz.\n")


def test_an_edit_of_the_notebook_alone_is_refused_not_lost(clone):
    """In Colab: Das Notebook ist jünger und sagt anderes als sein Zwilling. Jupyter öffnet es nicht
    und sagt, welche Datei zu ändern ist; beide bleiben, wie sie sind."""
    path = clone / "notebooks" / "01_rnn_numpy.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[-1].source += "\n\nIn Colab geschrieben."
    nbformat.write(notebook, path)
    before = contents(clone)
    with pytest.raises(HTTPError, match="is more recent than") as caught:
        open_notebook(clone, "01_rnn_numpy")
    assert "In Colab geschrieben." in str(caught.value)  # der Unterschied steht dabei
    assert "make sure it is up to date" in str(caught.value)
    assert contents(clone) == before


@pytest.mark.parametrize("name", NAMES)
def test_twin_is_what_jupytext_writes(name):
    path = ROOT / "notebooks" / f"{name}.md"
    assert jupytext.writes(jupytext.read(path), fmt="md:myst") == path.read_text("utf-8")
