"""Wer wenig braucht, lädt wenig: Die Einfuhr eines Moduls zieht nichts Schweres nach."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {
    "torch",
    "numpy",
    "pandas",
    "matplotlib",
    "datasets",
    "pytorch_lightning",
    "torchmetrics",
    "safetensors",
    "pyarrow",
    "IPython",
    "torchview",
    "wasmtime",
}


def loaded_by(code, **options):
    """Die schweren Module, die ein Programm lädt."""
    code += f"\nimport sys; print(*sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, **options
    )
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "module, allowed",
    [
        ("anncourse", set()),
        ("anncourse.config", set()),
        ("anncourse.errors", set()),
        ("anncourse.sample", set()),
        ("anncourse.__main__", set()),
        ("anncourse.cells", {"numpy"}),
        ("anncourse.text", {"numpy"}),
        ("anncourse.sources", {"numpy"}),
        ("anncourse.weights", {"numpy", "safetensors"}),
        ("anncourse.prediction", {"numpy", "safetensors"}),
        ("anncourse.results", {"numpy", "pandas"}),
    ],
)
def test_module_loads_little(module, allowed):
    loaded = loaded_by(f"import {module}")
    assert loaded - {"pyarrow"} <= allowed  # pandas lädt pyarrow, wenn es da ist
    if "pandas" not in allowed:
        assert "pyarrow" not in loaded


def test_models_need_torch_but_not_lightning():
    loaded = loaded_by("import anncourse.models, anncourse.gradients")
    assert "torch" in loaded
    assert not loaded & {"pytorch_lightning", "datasets", "pandas", "matplotlib"}


def test_sample_data_need_no_datasets():
    loaded = loaded_by("from anncourse.sources import load_reviews; load_reviews('sample')")
    assert not loaded & {"datasets", "torch", "pyarrow"}


def test_import_leaves_no_trace():
    """Kein Zufallsstart, kein Filter für Warnungen, keine Umgebungsvariable, kein Stil."""
    code = (
        "import os, random, sys, warnings\n"
        "before = random.getstate(), list(warnings.filters), dict(os.environ)\n"
        "import anncourse\n"
        "assert (random.getstate(), list(warnings.filters), dict(os.environ)) == before\n"
        "assert [name for name in sys.modules if name.startswith('anncourse')] == ['anncourse']\n"
    )
    assert loaded_by(code) == set()


def test_version_has_one_source():
    from importlib.metadata import version

    import anncourse

    assert version("anncourse") == anncourse.__version__


# Wie unter Windows: Unser Code bekommt die Module nicht, die es nur unter Unix gibt.
WITHOUT_UNIX = """
import builtins, importlib, pkgutil, runpy, sys
from pathlib import Path
import pytest
import anncourse

root, load = Path.cwd(), builtins.__import__
ours = [root / name for name in ("anncourse", "benchmarks", "tests")]

def refuse(name, globals=None, *rest, **more):
    place = Path((globals or {}).get("__file__") or "")
    if name in {"fcntl", "pty", "termios", "resource"} and any(map(place.is_relative_to, ours)):
        raise ImportError(f"{name} gibt es nur unter Unix")
    return load(name, globals, *rest, **more)

builtins.__import__ = refuse
for module in pkgutil.walk_packages(anncourse.__path__, "anncourse."):
    importlib.import_module(module.name)
sys.path.insert(0, "benchmarks")
for script in sorted(root.glob("benchmarks/*.py")):
    runpy.run_path(str(script))
sys.exit(pytest.main(["-qq", "--collect-only", "-m", "", "-p", "no:cacheprovider", "tests"]))
"""


def test_nothing_needs_unix_when_imported():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_UNIX], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
