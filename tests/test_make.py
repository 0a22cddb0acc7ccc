"""make: welches torch es holt und welchen Ordner mit Daten es weitergibt, mit Attrappen."""

import os
import platform
import shutil
import subprocess
import sys
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="make fehlt")


def make(folder, *arguments, **environment):
    """Ruft make in einem Ordner, ohne was pip und make aus der Umgebung der Tests übernähmen."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(
            ("PIP_", "PYTHON", "MAKE", "MFLAGS", "TORCH_INDEX", "ANNCOURSE_DATA")
        )
        and not name.lower().endswith("_proxy")
    }
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        text=True,
    )


# --- torch ----------------------------------------------------------------------------------


def write_wheel(folder: Path, version: str) -> None:
    """Ein torch, das nur seine Version kennt, in einem Verzeichnis für pip."""
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / f"torch-{version}-py3-none-any.whl", "w") as wheel:
        info = f"torch-{version}.dist-info"
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n"
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Zwei Verzeichnisse auf diesem Rechner: jenes ohne CUDA und das übliche."""
    folder = tmp_path_factory.mktemp("indexes")
    write_wheel(folder / "cpu" / "torch", "1.5+cpu")
    write_wheel(folder / "usual" / "torch", "1.5")
    write_wheel(folder / "newer" / "torch", "1.6+cpu")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def project(tmp_path):
    """Das Makefile mit einer einzigen Abhängigkeit."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").write_text("torch\n")
    (tmp_path / "constraints.txt").write_text("torch==1.5\n")
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "anncourse").mkdir()
    (tmp_path / "anncourse" / "__init__.py").touch()
    return tmp_path


def installed(project, server, *arguments) -> str:
    """Die Version von torch nach ``make install``."""
    done = make(
        project,
        "install",
        f"PYTHON={sys.executable}",
        *arguments,
        PIP_INDEX_URL=f"{server}/usual",
        PIP_CONFIG_FILE=os.devnull,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # auch ein unerreichbares Verzeichnis macht keinen Lärm
    (info,) = project.glob(".venv/lib/*/site-packages/torch-*.dist-info")
    return info.name.removeprefix("torch-").removesuffix(".dist-info")


def test_a_new_version_is_installed(project):
    """Sonst nennte das Paket nach einem ``git pull`` die alte."""
    done = (project / ".venv" / ".installed", project / "anncourse" / "__init__.py")
    done[0].parent.mkdir()
    for number, file in enumerate(done):
        file.touch()
        os.utime(file, (10_000 + number, 10_000 + number))
    for name in ("requirements.txt", "constraints.txt", "pyproject.toml"):
        os.utime(project / name, (5_000, 5_000))
    assert "-m venv" in make(project, "install", "--dry-run").stdout
    os.utime(done[1], (9_000, 9_000))
    assert "-m venv" not in make(project, "install", "--dry-run").stdout


def test_torch_comes_without_cuda(project, server):
    assert installed(project, server, f"TORCH_INDEX={server}/cpu") == "1.5+cpu"


@pytest.mark.parametrize("index", ["nowhere", "newer"])
def test_without_that_index_torch_comes_from_the_usual_one(project, server, index):
    """«newer» hat die Version aus constraints.txt nicht."""
    assert installed(project, server, f"TORCH_INDEX={server}/{index}") == "1.5"


def test_unreachable_index(project, server):
    assert installed(project, server, "TORCH_INDEX=http://127.0.0.1:9") == "1.5"


def test_no_index_asks_for_cuda(project, server):
    done = make(project, "install", "--dry-run", "TORCH_INDEX=")
    assert "--index-url" not in done.stdout and "|| true" not in done.stdout


@pytest.mark.skipif(platform.system() != "Linux", reason="anderswo hat torch kein CUDA")
def test_default_index_is_that_of_pytorch(project):
    done = make(project, "install", "--dry-run")
    assert "--index-url https://download.pytorch.org/whl/cpu" in done.stdout


# --- Daten ----------------------------------------------------------------------------------

TOOL = '#!/bin/sh\ncase "$0 $*" in\n{}) printf "%s\\n" "$ANNCOURSE_DATA" >> seen;;\nesac\n'
USED = {  # Ziel: die Befehle, die Daten lesen
    "test": "*/pytest*",
    "notebooks": "*nbconvert*",
    "results": "*anncourse.experiments*",
    "bench": "*bench.py*|*tried.py*",
}


@pytest.fixture
def stubs(tmp_path):
    """Das Makefile mit Werkzeugen, die nur aufschreiben, welche Daten sie bekommen."""

    def stubs(target):
        place = tmp_path / "Das Buch"
        binaries = place / ".venv" / "bin"
        binaries.mkdir(parents=True)
        for name in ("python", "pytest", "ruff", "mypy", "jupyter", "jupyter-book"):
            (binaries / name).write_text(TOOL.format(USED[target]))
            (binaries / name).chmod(0o755)
        for name in (
            "requirements.txt",
            "constraints.txt",
            "pyproject.toml",
            "anncourse/__init__.py",
            "tests/dictionary.py",
            "notebooks/01_name.ipynb",
            ".venv/.installed",
            ".venv/share/hunspell/de_CH.dic",
        ):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).touch()
        shutil.copy(ROOT / "Makefile", place)
        return place

    return stubs


def seen(place, *arguments, **environment) -> set[str]:
    """Welche Daten die Werkzeuge bekamen."""
    done = make(place, *arguments, HOME="/home/Anna Muster", **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    found = set((place / "seen").read_text("utf-8").splitlines())
    (place / "seen").unlink()
    return found


FOLDERS = {
    "Meine Daten": "{place}/Meine Daten",
    "/a/Meine Daten": "/a/Meine Daten",
    "~/Meine Daten": "/home/Anna Muster/Meine Daten",
    "~": "/home/Anna Muster",
    "../Grüsse  aus 'Übersee'": "{place}/../Grüsse  aus 'Übersee'",
    "imdb": "imdb",
    "sample": "sample",
}


@pytest.mark.parametrize("target", USED)
def test_data_reach_every_target(stubs, target):
    place = stubs(target)
    for given, expected in FOLDERS.items():
        expected = {expected.format(place=place)}
        assert seen(place, target, ANNCOURSE_DATA=given) == expected
        assert seen(place, target, f"ANNCOURSE_DATA={given}") == expected


@pytest.mark.parametrize("target", USED)
def test_data_without_being_told(stubs, target):
    expected = {"sample" if target == "test" else "imdb"}
    place = stubs(target)
    assert seen(place, target) == seen(place, target, ANNCOURSE_DATA="") == expected
