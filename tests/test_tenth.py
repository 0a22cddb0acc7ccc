"""Ein zehnter Abschnitt nach dem Rezept in book/lehre.md: Kein Test ist dafür zu ändern."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pages import CHAPTER, ROOT, read

NAME = "10_wetter"
HEAD = "# 9.3.10 Wetter als Folge\n\n<!-- Wörter: MeteoSchweiz Minibatch -->"
# Was die Tests dem Kapitel verbieten: ein Begriff ohne Glossar und ein Wort, für das es ein anderes
# hat, ein Symbol ohne Tabelle, eine Quelle ohne Verzeichnis.
FREE = """Den **Taupunkt** $\\vartheta_t$ liefert MeteoSchweiz [täglich](https://doi.org/10.1000/182);
in Abschnitt 9.3.10 kommt er als Minibatch."""

FILES = ("book", "goals", "lehre", "notebooks", "prose", "quiz", "reading", "references", "start")
TESTS = [f"tests/test_{name}.py" for name in (*FILES, "repository", "terms")]
TESTS += ["tests/test_belege.py::test_every_headline_has_a_row"]
# Ohne die Prüfungen der alten Seiten und ohne, was lange dauert.
LEFT_OUT = [path.stem for path in CHAPTER] + ["anncourse/", "book/", "benchmarks/"]
LEFT_OUT += ["runs_with_the_wheel", "cell_installs", "cell_says"]
LEFT_OUT += ["word_list", "term_appears", "term_of_the_glossary"]


def run(folder: Path, *command: str) -> None:
    """Ruft einen Befehl in der Kopie; dort gilt deren Modul, nicht das installierte."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    outcome = subprocess.run(
        command, cwd=folder, env=kept | {"PYTHONPATH": str(folder)}, capture_output=True, text=True
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.fixture
def copy(tmp_path):
    """Das Repositorium, wie es jetzt im Ordner liegt."""
    if not (ROOT / ".git").exists():
        pytest.skip("dieser Ordner ist kein Klon")
    command = ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def add_section(folder: Path) -> None:
    """Die Schritte des Rezepts; der Text darin ist das Beispiel der Seite."""
    recipe = read(ROOT / "book" / "lehre.md")
    assert f"notebooks/{NAME}.md" in recipe
    example = re.search(r"^````markdown\n(.*?)^````$", recipe, re.MULTILINE | re.DOTALL)[1]
    head = read(CHAPTER[0]).partition("\n## ")[0].replace(CHAPTER[0].stem, NAME)
    head = re.sub(r"^# .+$", HEAD, head, count=1, flags=re.MULTILINE)
    text, summary, end = example.partition("## Zusammenfassung")
    section = "\n\n".join([head, text, FREE, summary + end])
    (folder / "notebooks" / f"{NAME}.md").write_text(section, "utf-8")

    contents, last = folder / "_toc.yml", f"      - file: notebooks/{CHAPTER[-1].stem}.ipynb\n"
    added = last.replace(CHAPTER[-1].stem, NAME)
    contents.write_text(contents.read_text("utf-8").replace(last, last + added), "utf-8")

    make = ["make", "--old-file=.venv/.installed", f"BIN={Path(sys.executable).parent}"]
    run(folder, *make, "sync")
    execute = ["nbconvert", "--to", "notebook", "--execute", "--inplace"]
    plain = "--ExecutePreprocessor.record_timing=False"
    run(folder, sys.executable, "-m", *execute, plain, f"notebooks/{NAME}.ipynb")


@pytest.mark.skipif(not shutil.which("make"), reason="make fehlt")
def test_a_section_added_by_the_recipe_passes_every_test(copy):
    add_section(copy)
    nbval = [f"notebooks/{NAME}.ipynb", "--nbval-lax", "--nbval-current-env"]
    chosen = " and ".join(f"not {name}" for name in LEFT_OUT)
    run(copy, sys.executable, "-m", "pytest", "-xq", *TESTS, *nbval, "-k", chosen)


def test_a_mention_of_the_tenth_section_leads_there(tmp_path):
    (tmp_path / "notebooks").mkdir()
    for name in ("01_rnn_numpy", NAME):
        (tmp_path / "notebooks" / f"{name}.md").touch()
    (tmp_path / "index.rst").write_text("Start\n=====\nAbschnitt 9.3.10, Abschnitt 9.3.1.\n")
    (tmp_path / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT / 'book' / '_ext')!r})\n"
        "extensions = ['references']\n"
    )
    run(tmp_path, sys.executable, "-m", "sphinx", "-Wqb", "html", ".", "out")
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    links = re.findall(r'href="notebooks/(\w+)\.html">([^<]+)</a>', page)
    assert links == [(NAME, "Abschnitt 9.3.10"), ("01_rnn_numpy", "Abschnitt 9.3.1")]
