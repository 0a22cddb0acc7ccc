"""Wer wenig braucht, lädt wenig: Die Einfuhr eines Moduls zieht nichts Schweres nach."""

import subprocess
import sys

import pytest

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
    loaded = loaded_by("import anncourse.models, anncourse.experiments.gradients")
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
