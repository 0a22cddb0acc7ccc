"""Was ein Abschnitt zu lesen gibt, hält sein Mass, und er braucht nicht länger, als er verspricht.

Gelesen wird die Prosa ausserhalb der Falten und der Code, den die Seite zeigt. Die Übungen zählen
nicht mit.
"""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from pages import CHAPTER

SECTIONS = [path.with_suffix(".ipynb") for path in CHAPTER[:8]]
WORDS, FOLDED, CODE, WIDTH = 10_500, 2_500, 1_050, 76
LONGEST, ALTOGETHER = 45, 300  # Minuten

HIDDEN = {"hide-input", "remove-input", "hide-cell", "remove-cell"}
WORD = re.compile(r"[^\W\d_][\w’'-]*")
NO_WORDS = re.compile(r"\$\$.*?\$\$|\$[^$]*\$|`[^`]*`|\]\([^)]*\)|<[^>]+>", re.DOTALL)
FOLD = re.compile(r"<details>.*?</details>", re.DOTALL)
CLAIM = re.compile(r"\*\*Zeit:\*\*\s+etwa\s+(\d+)\s+Minuten")


class Load(NamedTuple):
    """Was es zu lesen gibt: Wörter, davon gefaltete; Codezeilen; Formeln; Bilder."""

    words: int
    folded: int
    lines: list[str]
    equations: int
    pictures: int
    claimed: int

    @property
    def minutes(self) -> float:
        """130 Wörter oder neun Codezeilen in der Minute, je eine halbe für Formel und Bild."""
        return self.words / 130 + len(self.lines) / 9 + (self.equations + self.pictures) / 2


def count(text: str) -> int:
    return len(WORD.findall(NO_WORDS.sub(" ", text)))


def is_hidden(cell) -> bool:
    return bool(HIDDEN & set(cell.metadata.get("tags", [])))


@cache
def load(path: Path) -> Load:
    cells = nbformat.read(path, as_version=4).cells
    prose = "\n\n".join(c.source for c in cells if c.cell_type == "markdown")
    opened = FOLD.sub(" ", prose)
    words, lines, pictures = count(opened), [], 0
    for cell in (c for c in cells if c.cell_type == "code"):
        if not is_hidden(cell):
            lines += filter(str.strip, cell.source.splitlines())
        if "hide-cell" in cell.metadata.get("tags", []):
            continue  # auch die Ausgabe ist verborgen
        for data in (output.get("data", {}) for output in cell.outputs):
            pictures += any(kind.startswith("image/") for kind in data)
            shown = data.get("text/markdown", "")
            if shown.startswith("```"):
                lines += shown.split("```")[1].splitlines()[1:]
            else:
                words += count(shown)
    return Load(
        words,
        sum(map(count, FOLD.findall(prose))),
        lines,
        len(re.findall(r"\$\$.*?\$\$", opened, re.DOTALL)),
        pictures,
        int(CLAIM.search(prose)[1]),
    )


def test_the_chapter_keeps_its_measure():
    loads = [load(path) for path in SECTIONS]
    assert sum(one.words for one in loads) <= WORDS
    assert sum(one.folded for one in loads) <= FOLDED
    assert sum(len(one.lines) for one in loads) <= CODE
    assert sum(one.claimed for one in loads) <= ALTOGETHER


@pytest.mark.parametrize("path", SECTIONS, ids=lambda path: path.stem)
def test_no_section_takes_longer_than_it_claims(path):
    assert load(path).minutes <= load(path).claimed <= LONGEST


@pytest.mark.parametrize("path", SECTIONS, ids=lambda path: path.stem)
def test_no_line_of_code_scrolls_sideways(path):
    assert [line for line in load(path).lines if len(line) > WIDTH] == []


def test_folds_and_hidden_cells_are_not_read(tmp_path):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_markdown_cell("**Zeit:** etwa 5 Minuten. $x$ `y` Wort"),
        nbformat.v4.new_markdown_cell("<details>\n\nzwei Wörter\n\n</details>"),
        nbformat.v4.new_code_cell("a = 1\n\nb = 2"),
        nbformat.v4.new_code_cell("c = 3", metadata={"tags": ["hide-input"]}),
    ]
    path = tmp_path / "one.ipynb"
    nbformat.write(notebook, path)
    found = load(path)
    assert (found.words, found.folded, found.lines, found.claimed) == (4, 2, ["a = 1", "b = 2"], 5)
