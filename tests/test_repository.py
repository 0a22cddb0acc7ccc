"""Das Repositorium: eine Adresse, eine Version, Dateien, die aus anderen entstehen."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


def test_links_of_the_texts_resolve():
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        for link in re.findall(r"\]\(([^)]+)\)", (ROOT / name).read_text("utf-8")):
            assert link.startswith("https://") or (ROOT / link.partition("#")[0]).exists(), link


def test_picture_of_the_readme_is_drawn_by_the_module():
    picture = (ROOT / "book" / "_static" / "lstm_cell.svg").read_text("utf-8")
    assert picture == diagrams.lstm_cell().data


def test_requirements_are_no_second_list():
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["--editable .[book,test]"]


def test_every_dependency_has_a_checked_version():
    extras = PROJECT["optional-dependencies"].values()
    named = {
        canonicalize_name(Requirement(line).name)
        for line in [*PROJECT["dependencies"], *sum(extras, [])]
    }
    pinned = {
        canonicalize_name(line.split("==")[0])
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if "==" in line
    }
    assert named - {"anncourse"} <= pinned


def test_wheel_needs_no_notebook():
    """Ein Kernel bringt IPython mit; das Paket kommt ohne aus."""
    names = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}
    assert not names & {"ipython", "ipykernel", "jupyterlab", "torchview", "scikit-learn"}


def test_pre_commit_is_valid():
    config = ROOT / ".pre-commit-config.yaml"
    subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-config", config], cwd=ROOT, check=True
    )
    (repository,) = yaml.safe_load(config.read_text("utf-8"))["repos"]
    assert repository["repo"] == "local"  # holt nichts aus dem Netz
    assert {hook["language"] for hook in repository["hooks"]} == {"system"}


def test_newest_change_is_named():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert __version__ in re.findall(r"^## \[(\d+\.\d+\.\d+)\]", text, re.MULTILINE)


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
