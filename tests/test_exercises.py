"""Die Übungen: Blätter, Notebook, Hinweise, Punkte, und was für jede Prüfung gilt."""

import re
import time
from inspect import signature
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from answers import for_ever, judge, raises, verdict

from anncourse.teaching import exercises
from anncourse.teaching.exercises import judging, score, sheets

ROOT = Path(__file__).resolve().parents[1]
EXERCISES = sheets.load_exercises()
EACH = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: f"{e.number}")
CHAPTER = range(1, 9)  # die Abschnitte 9.3.1 bis 9.3.8


@pytest.fixture
def small_data(monkeypatch):
    """Erzeugte Kritiken, wo eine Übung welche liest."""
    monkeypatch.setenv("ANNCOURSE_DATA", "sample")


# --- Die Blätter ------------------------------------------------------------------------------


def test_there_are_enough_of_every_kind_for_every_section():
    assert len(EXERCISES) >= 20
    assert {e.kind for e in EXERCISES} == set(sheets.KINDS)
    for section in CHAPTER:
        assert sum(e.section == section for e in EXERCISES) >= 2


def test_numbers_are_given_once():
    numbers = sorted(e.number for e in EXERCISES)
    assert numbers == list(range(1, len(numbers) + 1))


@EACH
def test_a_sheet_says_what_the_page_shows(exercise):
    e = exercise
    assert e.kind in sheets.KINDS and e.level in sheets.LEVELS
    assert 5 <= e.minutes <= 90 and all(1 <= p <= 10 for p in e.points)
    check = signature(getattr(exercises, f"check_{e.number}"))
    assert len(e.answer.split(",")) == len(check.parameters)
    assert len(set(e.hints)) == 3 and all(hint[-1] in ".!?`)»:" for hint in e.hints)
    assert e.hints[0].count("?") >= 1, "die erste Stufe ist eine Frage"


@EACH
def test_the_goals_are_goals_of_its_section(exercise):
    (twin,) = ROOT.glob(f"notebooks/{exercise.section:02}_*.md")
    head = twin.read_text("utf-8").split("können Sie**")[1].split("**Sie brauchen**")[0]
    goals = re.findall(r"^- ", head, re.MULTILINE)
    assert exercise.goals and set(exercise.goals) <= set(range(1, len(goals) + 1))


SHEET = """# Blatt

## 7 Titel

```yaml
kind: Code
level: leicht
minutes: 5
points: [1]
goals: [1]
answer: f
```

Text

### Vorlage

```python
f = ...
```

### Hinweise

1. a?
2. b
3. c

### Lösung

```python
f = 1
```
"""


def test_a_sheet_is_read():
    (one,) = sheets.read_sheet(SHEET, 3)
    assert (one.number, one.section, one.title, one.points) == (7, 3, "Titel", (1,))
    assert (one.text, one.template, one.hints) == ("Text", "f = ...", ("a?", "b", "c"))
    assert one.code == "f = 1\n"


@pytest.mark.parametrize(
    "gone, message",
    [
        ("### Vorlage", "Blatt zu 9.3.3, Übung 7: Es fehlt der Teil «### Vorlage»."),
        ("2. b\n", "Übung 7: Es sind 2 Hinweise statt 3."),
        ("points: [1]\n", "Übung 7: Es fehlt die Angabe points."),
    ],
)
def test_a_sheet_with_a_gap_is_refused_in_german(gone, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        sheets.read_sheet(SHEET.replace(gone, ""), 3)


def test_the_notebook_shows_the_sheets(load_tool):
    tool = load_tool("exercises")
    text = (ROOT / "notebooks" / "09_exercises.md").read_text("utf-8")
    assert tool.REGION.search(text)[0].strip() == tool.all_cells().strip(), "make sync"


# --- Lösung und Vorlage -----------------------------------------------------------------------


@EACH
def test_the_solution_is_right(exercise, small_data):
    text = verdict(exercise.code, exercise.answer, exercise.number)
    assert text.count("**Richtig.**") == len(exercise.points)
    assert "Noch" not in text


@EACH
def test_the_template_is_not_the_solution(exercise, small_data):
    text = verdict(exercise.template, exercise.answer, exercise.number)
    assert "**Richtig.**" not in text
    if "..." in exercise.template:
        assert "**Noch offen.**" in text and "Ein Anfang: " in text


# --- Was jemand sonst noch eingibt ------------------------------------------------------------


class Strange:
    def keys(self):
        raise RuntimeError("kaputt")

    def __call__(self, *_):
        return self

    def __repr__(self):
        raise RuntimeError("kaputt")


class Speechless(Exception):
    def __str__(self):
        raise RuntimeError("kaputt")


def speechless(*_):
    raise Speechless


def leaves(*_):
    exit()


def stubborn(*_):
    end = time.monotonic() + 4  # nicht ewig: Was alles abfängt, lässt sich nicht sicher beenden
    while time.monotonic() < end:
        try:
            sum(range(100))
        except BaseException:
            pass


def endless(*_):
    while True:
        yield 1


def itself(*_):
    nested = []
    nested.append(nested)
    return nested


def huge(*_):
    return np.zeros(10**7)


ODD = [
    None, 3, "", "Text", [], {}, (), set(), b"x", float("nan"), 1e300, object(), type, Strange(),
    np.zeros((0, 3)), np.array(["a"]), [1, [2, 3]], {"h": None}, itself(), huge(), endless(),
    raises, for_ever, leaves, endless, itself, huge, speechless,
    lambda: 1, lambda *_: None, lambda *_: ..., lambda *_: "falsch", lambda *_: {}, lambda *_: [],
    lambda *_: float("nan"), lambda *_: [[1], [2, 3]], lambda *_: Strange(), lambda *_: 10**400,
]  # fmt: skip


@EACH
def test_no_answer_breaks_a_check_or_gets_its_solution(exercise, monkeypatch, small_data):
    monkeypatch.setattr(judging, "SECONDS", 0.2)
    secret = [line.strip() for line in exercise.code.splitlines() if "return" in line]
    known = exercise.text + exercise.template
    for answer in ODD:
        text = judge(exercise.number, *[answer] * (exercise.answer.count(",") + 1))
        assert text.startswith("**Noch "), text
        assert len(text) < 1500
        assert not [line for line in secret if line in text and line not in known]


FUNCTIONS = [
    e
    for e in EXERCISES
    if re.search(rf"^(def|class) ({e.answer.replace(', ', '|')})\b", e.template, re.MULTILINE)
]


@pytest.mark.parametrize("exercise", FUNCTIONS, ids=lambda e: f"{e.number}")
def test_a_function_that_fails_or_never_ends_gets_a_hint(exercise, monkeypatch, small_data):
    number, parts = exercise.number, exercise.answer.count(",") + 1
    assert "beendet Python" in judge(number, *[leaves] * parts)
    assert "bricht ab: `RuntimeError: kaputt`" in judge(number, *[raises] * parts)
    monkeypatch.setattr(judging, "SECONDS", 0.5)
    assert "noch nicht fertig. Hört eine Schleife nie auf?" in judge(number, *[for_ever] * parts)


def test_a_loop_that_catches_everything_gets_a_verdict_too(monkeypatch):
    monkeypatch.setattr(judging, "SECONDS", 0.2)
    assert "noch nicht fertig. Hört eine Schleife nie auf?" in judge(3, stubborn)


# --- Zahlen und Wörter von Hand ---------------------------------------------------------------


@pytest.mark.parametrize("value", [0.25, "0.25", "0,25", " 1/4 ", np.float32(0.25), [0.25]])
def test_a_number_by_hand_may_be_written_in_many_ways(value):
    assert judging.number(value) == 0.25


@pytest.mark.parametrize(
    "value, hint",
    [
        ((0, 25), "Dezimalzahlen haben einen Punkt"),
        ("ein Viertel", "ist keine Zahl"),
        ("1/0", "ist keine Zahl"),
        ([1.0, 2.0], "eine einzige Zahl"),
        (1j, "reelle, endliche Zahl"),
        (float("inf"), "reelle, endliche Zahl"),
        (None, "keine Zahl (NoneType)"),
    ],
)
def test_what_is_no_number_gets_a_hint(value, hint):
    with pytest.raises(judging.Hint, match=re.escape(hint)):
        judging.number(value)


def test_tables_of_pandas_are_fields_of_numbers():
    assert judging.plain(pd.DataFrame({"a": [1, 2], "b": [3, 4]})) == [[1, 3], [2, 4]]
    assert judging.plain(pd.Series([1.5, 2])) == [1.5, 2.0]


@pytest.mark.parametrize("value", [True, "ja", "Wahr", 1, np.True_, [True]])
def test_yes_is_yes(value):
    assert judging.yes_no(value) is True


@pytest.mark.parametrize("value", [False, "Nein", "falsch", 0, np.False_])
def test_no_is_no(value):
    assert judging.yes_no(value) is False


@pytest.mark.parametrize(
    "value", ["bd", "b, d", "B und D", ["b", "d"], {"d", "B"}, ("b)", "d)"), np.array(["d", "b"])]
)
def test_letters_may_be_written_in_many_ways(value):
    assert judging.letters(value, "abcd") == {"b", "d"}


@pytest.mark.parametrize("value", ["x", 3, [1], None, ["b", 2]])
def test_other_letters_get_a_hint(value):
    with pytest.raises(judging.Hint, match="Buchstaben von a bis d"):
        judging.letters(value, "abcd")


@pytest.mark.parametrize(
    "answer", [{"a": 1, "b": 2}, {"B": 2, "A ": 1, "c": 3}, (1, 2), np.array([1, 2]), iter([1, 2])]
)
def test_parts_may_come_with_or_without_names(answer):
    assert judging.named(answer, ("a", "b")) == {"a": 1, "b": 2}


@pytest.mark.parametrize("answer", [{"a": 1}, (1,), 7, "ab", None])
def test_missing_parts_are_named(answer):
    with pytest.raises(judging.Hint, match="Wörterbuch mit `a` und `b`"):
        judging.named(answer, ("a", "b"))


def test_a_number_by_hand_is_never_told():
    tell = {"zu gross": 0.5}
    for value, hint in [(0.5, "zu gross"), (-0.25, "Vorzeichen"), (25, "Prozent"), (7, "Rechnen")]:
        with pytest.raises(judging.Hint, match=hint) as found:
            judging.expect_number(value, 0.25, 0.001, tell)
        assert "0.25" not in str(found.value)
    judging.expect_number(0.2508, 0.25, 0.001, tell)


# --- Hinweise und Punkte ----------------------------------------------------------------------


def test_hints_come_one_after_the_other():
    found = [exercises.hint(3).data for _ in range(4)]
    assert [text[:17] for text in found[:3]] == [f"**Hinweis {k} von 3" for k in (1, 2, 3)]
    assert found[3] == found[0]
    assert all(hint in text for hint, text in zip(sheets.find(3).hints, found))


@pytest.mark.parametrize("number", [0, 99, "drei"])
def test_a_hint_to_no_exercise_says_which_there_are(number):
    with pytest.raises(ValueError, match=f"keine Übung {number!r}; sie heissen 1 bis "):
        exercises.hint(number)


def test_the_report_counts_points_per_part(monkeypatch):
    monkeypatch.setattr(score, "_right", {})
    total = sum(sum(e.points) for e in EXERCISES)
    assert f"**0 von {total} Punkten.**" in exercises.report().data
    for number, right in ((3, (True,)), (8, (True, False))):
        score.record(number, right)
    text = exercises.report().data
    first, second = sheets.find(3).points[0], sheets.find(8).points[0]
    assert f"**{first + second} von {total} Punkten.**" in text
    assert f"| {first} von {first} ✓ |" in text
    assert f"| {second} von {sum(sheets.find(8).points)} |" in text
    assert len(re.findall(r"^\| \d+\. ", text, re.MULTILINE)) == len(EXERCISES)


def test_a_verdict_counts_at_once(monkeypatch):
    monkeypatch.setattr(score, "_right", {})
    e = sheets.find(3)
    verdict(e.code, e.answer, 3)
    assert "**2 von " in exercises.report().data
    judge(3, None)  # das letzte Urteil gilt
    assert "**0 von " in exercises.report().data
