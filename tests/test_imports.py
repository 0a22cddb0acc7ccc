"""Wer wenig braucht, lädt wenig; und die Flügel stützen sich nur in einer Richtung aufeinander."""

import ast
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest

import anncourse
from anncourse import models
from anncourse.cells import STACKED, STEPS
from anncourse.config import CELLS
from anncourse.teaching import palette

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "anncourse"
FILES = sorted(PACKAGE.rglob("*.py"))
# sonst heisst ein Paket, wie man es importiert
DISTRIBUTIONS = {"sklearn": "scikit-learn", "markdown_it": "markdown-it-py", "yaml": "pyyaml"}
LONGEST, LONGEST_CHECK = 45, 80  # Zeilen Code einer Funktion; Prüfungen zählen Fehler auf
LONGER = {
    "carry_gradient": "ein Bild: Strich um Strich, ohne Entscheidung",
}

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
        ("anncourse.checks", set()),
        ("anncourse.files", set()),
        ("anncourse.environment", set()),
        ("anncourse.teaching", set()),
        ("anncourse.teaching.palette", set()),
        ("anncourse.teaching.display", set()),
        ("anncourse.experiments", set()),
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

    assert version("anncourse") == anncourse.__version__


# --- Drei Flügel, eine Richtung ---------------------------------------------------------------


def wing(path: Path) -> str:
    """«library», «experiments» oder «teaching»."""
    return "library" if path.parent == PACKAGE else path.relative_to(PACKAGE).parts[0]


def imports(path: Path, head: bool = False) -> set[str]:
    """Was eine Datei importiert, ganz oder nur das, was schon ihr eigener Import lädt."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = list(at_head(tree) if head else ast.walk(tree))
    names = {alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names}
    for node in (n for n in nodes if isinstance(n, ast.ImportFrom)):
        assert not node.level, f"{path.name}: ein Import ohne vollen Namen"
        names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def at_head(node: ast.AST):
    """Alle Anweisungen, die beim Import laufen: keine aus Funktionen."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield child
            yield from at_head(child)


def below(names: set[str], *packages: str) -> set[str]:
    return {name for name in names if any(f"{name}.".startswith(f"{p}.") for p in packages)}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def test_the_wings_are_these():
    assert {wing(path) for path in FILES} == {"library", "experiments", "teaching"}
    assert len(FILES) > 25


def test_the_search_for_imports_sees_every_kind(tmp_path):
    file = tmp_path / "file.py"
    file.write_text(
        "import a.b, c as d\nfrom e import f\nif c:\n    import g\n"
        "def h():\n    from i.j import k as l\nclass M:\n    import n\n",
        "utf-8",
    )
    assert imports(file) == {"a.b", "c", "e.f", "g", "i.j.k", "n"}
    assert imports(file, head=True) == {"a.b", "c", "e.f", "g", "n"}
    assert below({"a.b", "ab", "a"}, "a") == {"a.b", "a"}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_wing_imports_one_above_it(path):
    above = {
        "library": ["anncourse.experiments", "anncourse.teaching", "IPython", "matplotlib"],
        "experiments": ["anncourse.teaching", "IPython", "matplotlib"],
        "teaching": [],
    }
    assert not below(imports(path), *above[wing(path)])
    assert not below(imports(path, head=True), "IPython", "ipykernel")


def test_every_package_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    def names(requirements):
        return {re.match(r"[\w-]+", text)[0].lower() for text in requirements}

    always = names(project["dependencies"])
    extras = names(chain.from_iterable(project["optional-dependencies"].values()))

    def foreign(head):
        tops = {name.split(".")[0] for path in FILES for name in imports(path, head)}
        known = {*sys.stdlib_module_names, "anncourse"}
        return {DISTRIBUTIONS.get(top, top.replace("_", "-")).lower() for top in tops - known}

    assert {"torch", "numpy", "tqdm", "pytorch-lightning"} <= foreign(head=True) <= always
    assert {"scikit-learn", "torchview"} <= foreign(head=False) - {"ipython"} <= always | extras


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_functions_are_short(path):
    """So viel überblickt, wer liest, ohne zu rollen."""
    text = path.read_text("utf-8")
    longest = LONGEST_CHECK if path.stem.startswith("section_") else LONGEST
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = code_lines(node, text.splitlines())
            if node.name in LONGER:
                assert length > longest, f"{node.name} ist keine Ausnahme mehr"
            else:
                assert length <= longest, f"{node.name} hat {length} Zeilen"


def code_lines(node, lines: list[str]) -> int:
    """Zeilen ohne Docstring, Kommentare und Leeres."""
    skipped = node.body[0] if ast.get_docstring(node) else None
    docstring = range(skipped.lineno, skipped.end_lineno + 1) if skipped else ()
    numbers = set(range(node.lineno, node.end_lineno + 1)) - {*docstring}
    return sum(bool(re.match(r"\s*[^#\s]", lines[number - 1])) for number in numbers)


def test_code_lines_counts_code_alone():
    text = 'def f(\n    a,\n):\n    """Eine.\n\n    Zwei."""\n\n    # drei\n    return a\n'
    assert code_lines(ast.parse(text).body[0], text.splitlines()) == 4


# --- Das Gesicht des Pakets -------------------------------------------------------------------


def test_face_of_the_package():
    assert {*anncourse.__all__} == {
        "Config",
        "Vocabulary",
        "fit",
        "gru_step",
        "load_reviews",
        "lstm_step",
        "rnn_step",
        "unroll",
    }


@pytest.mark.parametrize("name", anncourse.__all__)
def test_every_name_of_the_face_is_there(name):
    code = (
        "import anncourse\n"
        f"assert {name!r} in dir(anncourse), 'fehlt in dir()'\n"
        f"from anncourse import {name}\n"
        f"assert {name}.__name__ == {name!r} and callable({name})\n"
    )
    loaded_by(code)


def test_dir_loads_nothing():
    assert loaded_by("import anncourse; dir(anncourse)") == set()


@pytest.mark.parametrize("name", ["Fit", "numpy", "_private", "__wrapped__"])
def test_unknown_names_are_unknown(name):
    with pytest.raises(AttributeError, match=f"module 'anncourse' has no attribute '{name}'"):
        getattr(anncourse, name)
    assert not hasattr(anncourse, name)


# --- Was überall gleich heisst ----------------------------------------------------------------


def test_cells_are_the_same_everywhere():
    places = (STEPS, STACKED, models.CLASSIFIERS, palette.CELL_COLOURS)
    assert [set(place) for place in places] == [set(CELLS)] * 4
    assert len(CELLS) == len(set(CELLS)) == 3


@pytest.mark.parametrize(
    "path", sorted((ROOT / "book/_extra/live").glob("*.js")), ids=lambda path: path.name
)
def test_scripts_of_the_page_take_their_colours_from_the_palette(path):
    used = {
        colour.lower() for colour in re.findall(r"#[0-9a-fA-F]{3,8}\b", path.read_text("utf-8"))
    }
    ours = {*palette.COLOURS.values(), *palette.TINTS.values()} - {"#FFFFFF"}
    assert not used & {colour.lower() for colour in ours}


# --- Windows ----------------------------------------------------------------------------------

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
