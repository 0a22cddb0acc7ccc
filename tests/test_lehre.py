"""Die Seite für Lehrende nennt die Zeiten, die in den Abschnitten stehen."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROW = re.compile(r"\]\(\.\./notebooks/(\w+)\.ipynb\) \| (\d+) \| (.*?) ?\|$", re.MULTILINE)


def rows():
    return ROW.findall((ROOT / "book" / "lehre.md").read_text("utf-8"))


def test_minutes_are_those_of_the_sections():
    minutes = {}
    for path in sorted(ROOT.glob("notebooks/*.md")):
        text = path.read_text("utf-8")
        minutes[path.stem] = re.search(r"\*\*Zeit:\*\* etwa (\d+) Minuten", text)[1]
    assert {name: found for name, found, _ in rows()} == minutes


def test_every_exercise_has_its_place():
    text = (ROOT / "notebooks" / "09_exercises.md").read_text("utf-8")
    named = [number for _, _, cell in rows() for number in re.findall(r"\d+", cell)]
    assert sorted(named) == re.findall(r"^### Übung (\d+):", text, re.MULTILINE)
