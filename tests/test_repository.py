"""Das Repositorium: eine Adresse, eine Version, Dateien, die aus anderen entstehen."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from anncourse import __version__
from anncourse.teaching import diagrams

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
ADDRESS = PROJECT["urls"]["Repository"]
TEXTS = [
    *ROOT.glob("*.md"),
    *ROOT.glob("*.cff"),
    *ROOT.glob("*.yml"),
    *ROOT.glob("notebooks/*"),
    *ROOT.glob("book/*.md"),
    *ROOT.glob("anncourse/**/*.md"),
    *ROOT.glob("anncourse/**/*.py"),
]
GITHUB = re.compile(r"(?:github\.com|colab\.research\.google\.com/github)/([\w.-]+/[\w.-]+)")


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_to_the_repository_agree_with_pyproject(path):
    if path.is_file():
        for place in GITHUB.findall(path.read_text("utf-8")):
            assert f"https://github.com/{place}" == ADDRESS


def test_the_links_are_there():
    readme = (ROOT / "README.md").read_text("utf-8")
    assert len(GITHUB.findall(readme)) >= 9


def test_version_stands_in_the_module():
    assert PROJECT["dynamic"] == ["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == __version__
    assert citation["repository-code"] == ADDRESS


def test_readme_links_resolve():
    for link in re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text("utf-8")):
        assert link.startswith("https://") or (ROOT / link).exists(), link


def test_picture_of_the_readme_is_drawn_by_the_module():
    picture = (ROOT / "book" / "_static" / "lstm_cell.svg").read_text("utf-8")
    assert picture == diagrams.lstm_cell().data


def test_packages_stand_in_pyproject_alone():
    """requirements.txt verlangt das Paket mit den Zusätzen; einen Namen wiederholt es nicht."""
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    (wanted,) = (line for line in lines if line and not line.startswith("#"))
    extras = re.fullmatch(r"(?:(?:-e|--editable) )?\.\[([\w,]+)\]", wanted)
    assert extras and {"book", "test"} <= set(extras[1].split(","))
    assert set(extras[1].split(",")) <= set(PROJECT["optional-dependencies"])


@pytest.mark.skipif(not shutil.which("make"), reason="make fehlt")
def test_every_make_target_says_what_it_does():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[1].split())
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert targets == {line.split()[0] for line in shown.splitlines()}
