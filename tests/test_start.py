"""Die Startseite: Die Spur sagt, was das Netz sagt; die Minuten stehen in den Köpfen."""

import re
from importlib.util import module_from_spec, spec_from_file_location

import numpy as np
import pytest
from bs4 import BeautifulSoup
from pages import NOTEBOOKS, ROOT, read

from anncourse.prediction import read as read_review
from anncourse.weights import load_weights


@pytest.fixture(scope="module")
def start():
    """book/_ext/start.py"""
    spec = spec_from_file_location("start_extension", ROOT / "book" / "_ext" / "start.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def head(path, name: str) -> str:
    return " ".join(re.search(rf"\*\*{name}:\*\*\s+(.+?)(?:\n\n|\Z)", read(path), re.S)[1].split())


def test_stored_trace_is_what_the_net_reads(start):
    expected, found = read_review(load_weights(), start.SENTENCE), start.trace()
    assert found.words == expected.words and "<UNK>" not in found.words
    assert np.array_equal(found.probabilities, expected.probabilities)
    weights = load_weights()
    w, b = weights.arrays["output.weight"][0], weights.arrays["output.bias"]
    logits = np.concatenate([b, expected.states["h"] @ w + b])
    assert np.allclose(found.effects, np.diff(logits), atol=1e-4)


def test_verdict_turns_in_the_middle_of_the_sentence(start):
    p = start.trace().probabilities
    assert 8 <= len(p) <= 14
    turns = np.flatnonzero((p[1:] > 0.5) != (p[:-1] > 0.5))
    assert len(turns) == 1 and 0 < turns[0] < len(p) - 2
    assert p[turns[0]] > 0.85 and p[-1] < 0.1


def test_words_curve_and_sentence_show_the_trace(start):
    found = start.trace()
    words = BeautifulSoup(start.coloured(found), "html.parser").select(".live-word")
    assert [word.contents[0].strip() for word in words] == found.words
    effects = [float(word.small.text.replace("−", "-")) for word in words]
    assert effects == pytest.approx(found.effects, abs=0.006)
    colours = [re.findall(r"\d+", word["style"]) for word in words]
    assert all((int(r) > int(b)) == (e > 0) for (r, _, b), e in zip(colours, found.effects))

    picture = BeautifulSoup(start.curve(found), "html.parser")
    heights = [float(dot["cy"]) for dot in picture.select("circle")]
    top, bottom = (start.height(p) for p in (1, 0))
    p = [(bottom - y) / (bottom - top) for y in heights]
    assert p == pytest.approx(found.probabilities, abs=0.001)
    assert all(f"{w} {p:.2f}" in str(picture) for w, p in zip(found.words, found.probabilities))

    sentence = BeautifulSoup(start.verdict(found), "html.parser").text
    assert "negativ (0.0" in sentence and "«dull»: von 0.9" in sentence


def test_a_sentence_that_never_turns_has_a_verdict_only(start):
    sentence = start.verdict(start.trace("A wonderful film"))
    assert "positiv" in sentence and "Gekippt" not in sentence


def test_path_repeats_the_heads_of_all_sections(start):
    found = start.sections()
    assert [section.page for section in found] == [path.stem for path in NOTEBOOKS]
    for section, path in zip(found, NOTEBOOKS):
        assert read(path).count(f"\n# {section.title}\n") == 1
        assert section.question == head(path, "Frage")
        assert head(path, "Zeit").startswith(f"etwa {section.minutes} Minuten")


@pytest.mark.parametrize(
    "minutes, words",
    [
        (45, "45 Minuten"),
        (60, "1 Stunde"),
        (75, "1 Stunde 15 Minuten"),
        (120, "2 Stunden"),
        (330, "5 Stunden 30 Minuten"),
    ],
)
def test_durations_in_words(start, minutes, words):
    assert start.duration(minutes) == words


def test_start_page_holds_no_minutes_of_its_own():
    text = read(ROOT / "book" / "index.md")
    assert text.count("```{reading}") == text.count("```{path}") == 1
    assert not re.search(r"\d+ (Minuten|Stunden)", text)
