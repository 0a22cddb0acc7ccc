"""Die Schemabilder: wohlgeformt, wiederholbar, beschrieben, ohne Nebenwirkung."""

import subprocess
import sys
from xml.etree import ElementTree

import matplotlib
import pytest

from anncourse.teaching import diagrams
from anncourse.teaching.display import SVG as Picture

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", diagrams.ALT_TEXTS)
def test_figure(name):
    draw = getattr(diagrams, name)
    picture = draw().data
    with matplotlib.rc_context({"font.weight": "bold", "font.size": 20, "svg.fonttype": "none"}):
        assert draw().data == picture  # wiederholbar, gleich, was der Leser eingestellt hat
    root = ElementTree.fromstring(picture)
    assert root.tag == SVG + "svg" and root.get("role") == "img"
    assert root.find(SVG + "title").text
    assert root.find(SVG + "desc").text == diagrams.ALT_TEXTS[name]
    assert root.find(f".//{SVG}text") is None  # Schrift als Pfade
    assert root.get("width") == "525pt"  # 700 Pixel
    assert len(picture.encode()) < 64_000


def test_every_figure_has_an_alternative_text():
    figures = {
        name
        for name, thing in vars(diagrams).items()
        if callable(thing) and getattr(thing, "__annotations__", {}).get("return") is Picture
    }
    assert figures == set(diagrams.ALT_TEXTS)
    for text in diagrams.ALT_TEXTS.values():
        assert 200 < len(text) < 600 and text.endswith(".") and "ß" not in text


@pytest.mark.parametrize("steps", [2, 3, 4])
def test_the_unrolled_net_has_a_cell_for_every_word(steps):
    assert diagrams.rnn_unrolled(steps * ["Wort"]).data.count("<!-- «Wort»") == steps


def test_import_is_light_and_changes_nothing():
    code = (
        "import sys\n"
        "from matplotlib import rcParams\n"
        "names = set(rcParams) - {'backend'}\n"  # ihn nur zu lesen, lädt pyplot
        "before = {name: rcParams[name] for name in names}\n"
        "from anncourse.teaching import diagrams\n"
        "diagrams.lstm_cell()\n"
        "assert {name: rcParams[name] for name in names} == before\n"
        "assert not {'torch', 'pandas', 'matplotlib.pyplot'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
