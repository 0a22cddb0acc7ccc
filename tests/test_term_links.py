"""book/_ext/terms.py: welches Wort ein Begriff ist."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

EXTENSIONS = Path(__file__).resolve().parents[1] / "book" / "_ext"


@pytest.fixture(scope="module")
def terms():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(EXTENSIONS))
        yield import_module("terms")
    sys.modules.pop("terms", None)


def keys(terms, *names):
    return {tuple(map(terms.stem, name.split())): name for name in names}


@pytest.mark.parametrize(
    "text, found",
    [
        ("Die Tore öffnen sich.", "Tore"),
        ("Alle Zustände der Folge", "Zustände"),
        ("ein Motor, ein Doktor", None),
        ("mit verschwindendem Gradient rechnen", "verschwindendem Gradient"),
        ("verschwindend. Gradient", "Gradient"),
        ("der stapel", None),
        ("eine minGRU lernt", "minGRU"),
        ("am Ende steht tor", None),
        ("Vergesstor", None),
    ],
)
def test_a_word_is_a_term_whatever_its_ending(terms, text, found):
    wanted = keys(terms, "Tor", "Zustand", "Verschwindender Gradient", "Gradient", "Stapel")
    wanted |= {("mingru",): "minGRU"}
    hit = terms.find(text, wanted)
    assert (hit and text[hit[0] : hit[1]]) == found


def test_the_longer_term_wins(terms):
    wanted = keys(terms, "Rückwärtsrechnung", "Abgeschnittene Rückwärtsrechnung")
    text = "die abgeschnittene Rückwärtsrechnung"
    start, end, key = terms.find(text, wanted)
    assert text[start:end] == "abgeschnittene Rückwärtsrechnung"
    assert wanted[key] == "Abgeschnittene Rückwärtsrechnung"
