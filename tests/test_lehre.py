"""Die Seite für Lehrende nennt die Zeiten, die in den Abschnitten stehen."""

import re

from pages import CHAPTER, ROOT

ROW = re.compile(r"\]\(\.\./notebooks/(\w+)\.ipynb\) \| (\d+) \|$", re.MULTILINE)


def test_minutes_are_those_of_the_sections():
    minutes = {}
    for path in CHAPTER:
        text = path.read_text("utf-8")
        minutes[path.stem] = re.search(r"\*\*Zeit:\*\* etwa (\d+) Minuten", text)[1]
    assert dict(ROW.findall((ROOT / "book" / "lehre.md").read_text("utf-8"))) == minutes
