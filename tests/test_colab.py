"""Wie in Colab: Jedes Notebook läuft ausserhalb des Klons, mit Colabs Versionen (make test-colab).

Einzig torch ist jenes von hier: Ein anderes brächte unter Linux mehrere GB für CUDA mit.
"""

import json
import os
import subprocess
import tomllib
import venv
from importlib.metadata import distribution
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from anncourse import __version__

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
ADDRESS = PROJECT["urls"]["Repository"]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
COLAB = {  # August 2026
    "numpy": "2.1.3",
    "pandas": "2.2.3",
    "matplotlib": "3.10.0",
    "datasets": "4.0.0",
    "pyarrow": "18.1.0",
    "ipython": "7.34.0",
    "ipykernel": "6.17.1",
}
TORCH = ("torch", "torchgen", "functorch")

pytestmark = pytest.mark.colab


def run(*arguments, **environment):
    outcome = subprocess.run(
        list(map(str, arguments)), capture_output=True, text=True, env=os.environ | environment
    )
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout


def versions(python) -> dict[str, str]:
    listed = json.loads(run(python, "-m", "pip", "list", "--format=json"))
    return {package["name"]: package["version"] for package in listed}


@pytest.fixture(scope="session")
def colab(tmp_path_factory):
    """Der Ordner mit einem Python, dessen Pakete jene von Colab sind."""
    folder = tmp_path_factory.mktemp("colab")
    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / "bin" / "python"
    (library,) = (folder / "env" / "lib").glob("*/site-packages")
    torch = distribution("torch")
    for place in (*TORCH, torch._path.name):
        (library / place).symlink_to(torch.locate_file(place))
    # mit allem, was dieses torch selbst verlangt
    run(python, "-m", "pip", "install", "--quiet", "torch", *map("==".join, COLAB.items()))
    kernel = folder / "kernels" / "colab"
    kernel.mkdir(parents=True)
    command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(
        json.dumps({"argv": command, "display_name": "Colab", "language": "python"})
    )
    return folder


@pytest.fixture(scope="session")
def release(colab):
    """Dieser Stand als veröffentlichter: git findet ihn unter der Adresse des Repositorys."""
    place = colab / "release.git"
    run("git", "clone", "--quiet", "--bare", ROOT, place)
    run("git", "-C", place, "tag", "--force", f"v{__version__}")
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{place.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": ADDRESS,
    }


@pytest.fixture
def execute(colab, release, tmp_path, monkeypatch):
    """Führt ein Notebook in einem leeren Ordner aus, mit den Beispieldaten."""

    def execute(path: Path):
        for name, value in {**release, "ANNCOURSE_DATA": "sample"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("JUPYTER_PATH", str(colab))
        monkeypatch.delenv("PYTHONPATH", raising=False)  # sonst gälte der Klon
        # das Python von Colab zuerst: %pip und die Kommandozeile meinen es
        monkeypatch.setenv("PATH", f"{colab / 'env' / 'bin'}{os.pathsep}{os.environ['PATH']}")
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(
            notebook,
            kernel_name="colab",
            timeout=1200,
            startup_timeout=300,
            resources={"metadata": {"path": tmp_path}},
        ).execute()

    return execute


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_as_in_colab(path, execute, colab):
    python = colab / "env" / "bin" / "python"
    before = versions(python)
    execute(path)
    after = versions(python)
    assert {name: after[name] for name in before} == before  # nichts verändert, nur ergänzt
    assert after["anncourse"] == __version__
    place = run(python, "-P", "-c", "import anncourse; print(anncourse.__file__)")
    assert Path(place.strip()).is_relative_to(colab)
