"""GitHub: Workflow und Formular haben die verlangte Form und rufen, was es gibt."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
GITHUB = ROOT / ".github"
WORKFLOW = GITHUB / "workflows" / "book.yml"
SCHEDULED = GITHUB / "workflows" / "scheduled.yml"
SCHEMAS = {
    **dict.fromkeys(sorted((GITHUB / "workflows").iterdir()), "vendor.github-workflows"),
    GITHUB / "ISSUE_TEMPLATE" / "fehler.yml": "vendor.github-issue-forms",
}


@pytest.fixture(scope="module")
def jobs():
    return yaml.safe_load(WORKFLOW.read_text("utf-8"))["jobs"]


def commands(job) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


@pytest.mark.parametrize("path, schema", SCHEMAS.items(), ids=lambda value: Path(value).stem)
def test_form_is_valid(path, schema):
    """Das Schema ist im Paket enthalten: Geprüft wird ohne Netz."""
    outcome = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, path],
        capture_output=True,
        text=True,
    )
    assert outcome.returncode == 0, outcome.stdout


@pytest.fixture(scope="module")
def scheduled():
    return yaml.safe_load(SCHEDULED.read_text("utf-8"))["jobs"]


def called(jobs) -> set[str]:
    return {
        target
        for job in jobs.values()
        for run in commands(job)
        for target in re.findall(r"\bmake ([\w-]+)", run)
    }


def test_every_make_target_they_call_exists(jobs, scheduled):
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert {"test", "book", "site", "test-browser"} <= called(jobs)
    assert {"install", "lock", "test", "book"} == called(scheduled)
    assert called(jobs | scheduled) <= set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))


def test_what_is_looked_after_on_schedule_is_reported(scheduled):
    assert set(scheduled) == {"links", "colab", "newest", "report"}
    report = scheduled["report"]
    assert set(report["needs"]) == set(scheduled) - {"report"}
    assert "failure()" in report["if"] and "contains(needs.*.result, 'cancelled')" in report["if"]
    assert report["permissions"] == {"issues": "write"}
    (script,) = commands(report)
    assert "gh issue create" in script and "gh issue comment" in script
    for job in report["needs"]:
        assert f"needs.{job}.result" in report["env"]["RESULTS"]


def test_colab_gets_a_fresh_image_for_each_notebook(scheduled):
    """Als «container» des Jobs liesse das Abbild dem Aufräumen keine Zeit."""
    assert "container" not in scheduled["colab"]
    tidy, execute = commands(scheduled["colab"])
    assert tidy.startswith("sudo rm") and "pip install" not in execute
    loop = execute.partition("for notebook in notebooks/*.ipynb")[2]
    assert "docker run --rm" in loop and "us-docker.pkg.dev/colab-images/public/" in loop


def test_version_of_torch_stands_in_the_constraints_only():
    pinned = re.findall(r"^torch==(.+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert len(pinned) == 1 and "+" not in pinned[0]  # «+cpu» gibt es auf PyPI nicht
    for path in (WORKFLOW, ROOT / "Makefile", ROOT / "README.md", ROOT / "pyproject.toml"):
        assert not re.search(r"torch==\d", path.read_text("utf-8"))


def test_systems_and_versions(jobs):
    matrix = jobs["versions"]["strategy"]["matrix"]
    pairs = {(system, python) for system in matrix["system"] for python in matrix["python"]}
    pairs |= {(entry["system"], entry["python"]) for entry in matrix["include"]}
    (own,) = [
        step["with"]["python-version"]
        for step in jobs["book"]["steps"]
        if "setup-python" in step.get("uses", "")
    ]
    pairs.add((jobs["book"]["runs-on"], own))
    assert {python for system, python in pairs if "ubuntu" in system} == {"3.11", "3.12", "3.13"}
    assert {system.split("-")[0] for system, _ in pairs} == {"ubuntu", "windows", "macos"}
