"""Eine andere Adresse: an jeder Stelle, und sonst bleibt jedes Byte."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest
from jupytext.compare import compare_notebooks

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("pyproject.toml", "README.md", "CITATION.cff", "book", "notebooks", ".github")


@pytest.fixture
def copy(tmp_path):
    for name in COPIED:
        place = ROOT / name
        if place.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "*.mo")
            shutil.copytree(place, tmp_path / name, ignore=ignored)
        elif place.exists():
            shutil.copy(place, tmp_path / name)
    return tmp_path


@pytest.fixture
def tool(load_tool):
    return load_tool("slug")


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_address_changes_and_nothing_else(copy, tool):
    before, old = contents(copy), tool.current_slug(copy)
    changed = tool.change_slug(copy, "meine-schule/rnn.buch")
    assert tool.current_slug(copy) == "meine-schule/rnn.buch"
    assert len(changed) >= 21  # 18 Notebooks, README, CITATION, pyproject
    for path, content in contents(copy).items():
        assert f"github.com/{old}".encode() not in content, path
        assert f"github/{old}".encode() not in content, path
        assert content.replace(b"meine-schule/rnn.buch", old.encode()) == before[path]


def test_there_and_back_again(copy, tool):
    before, old = contents(copy), tool.current_slug(copy)
    tool.change_slug(copy, "a/b")
    tool.change_slug(copy, old)
    assert contents(copy) == before


def test_twins_stay_equal_and_outputs_stay(copy, tool):
    tool.change_slug(copy, "meine-schule/rnn-buch")
    for path in sorted(copy.glob("notebooks/*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        twin = jupytext.read(path.with_suffix(".md"), fmt="md:myst")
        compare_notebooks(twin, notebook, fmt="md:myst", compare_outputs=False)
        original = json.loads((ROOT / "notebooks" / path.name).read_text("utf-8"))
        assert [cell.get("outputs") for cell in json.loads(path.read_text("utf-8"))["cells"]] == [
            cell.get("outputs") for cell in original["cells"]
        ]


def test_a_longer_name_is_another_repository(tmp_path, tool):
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nurls.Repository = "https://github.com/a/b"\n'
    )
    (tmp_path / "README.md").write_text("https://github.com/a/b2 https://github.com/a/b/issues a/b")
    tool.change_slug(tmp_path, "c/d")
    text = (tmp_path / "README.md").read_text()
    assert text == "https://github.com/a/b2 https://github.com/c/d/issues a/b"


@pytest.mark.parametrize("wrong", ["", "nur-ein-name", "a/b/c", "https://github.com/a/b", "a/b c"])
def test_wrong_input_is_explained(wrong):
    outcome = subprocess.run(
        [sys.executable, ROOT / "book" / "_tools" / "slug.py", wrong],
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert outcome.returncode == 1
    assert f"«{wrong}» ist keine Adresse der Form besitzer/name" in outcome.stderr
    assert "Traceback" not in outcome.stderr
