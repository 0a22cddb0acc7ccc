"""Übungen zu 9.3.7: richtige Antworten in vielen Formen, typische Fehler mit ihrem Hinweis."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from answers import judge, with_gradient
from scipy import stats  # noqa: F401  (lädt lange, und eine Antwort hat nur zehn Sekunden)

from anncourse.experiments.difference import difference


def parts(number: int, *answers: object) -> list[str]:
    return judge(number, *answers).split("\n\n")


# --- 20: ein unredlicher Vergleich ------------------------------------------------------------

FAULTS = [
    "bdfhi",
    "B, D, F, H, I",
    "i h f d b",
    "b, d, f, h und i",
    ["b", "d", "f", "h", "i"],
    ("bd", "FHI"),
    {"b", "d", "f", "h", "i"},
    np.array(["b", "d", "f", "h", "i"]),
    {"b": 1, "d": 2, "f": 3, "h": 4, "i": 5}.keys(),
]


@pytest.mark.parametrize("answer", FAULTS)
def test_every_way_to_write_the_five_is_right(answer):
    assert judge(20, answer).startswith("**Richtig.**")


@pytest.mark.parametrize(
    "answer, hint",
    [
        ("abdfhi", "a nennt keinen Fehler. Was soll sich ändern"),
        ("bcdfh", "c nennt keinen Fehler. Wie wurde die Zahl der Epochen bestimmt"),
        ("bdefh", "e nennt keinen Fehler. Was wäre gewonnen"),
        ("bdfgh", "g nennt keinen Fehler. Käme bei einem zweiten Training"),
        ("dfhi", "4 von 5 Fehlern und nichts Falsches dabei. Hatte jedes Netz"),
        ("bfhi", "Wo wählt er?"),
        ("bdhi", "ganz am Zufallsstart liegen"),
        ("bdfi", "Welche passt nicht zu den andern?"),
        ("bdfh", "Prüfen Sie auch den Schluss"),
        ("b", "Sie haben 1 von 5 Fehlern"),
        ("abcdefghi", "a nennt keinen Fehler"),
        ("", "die Buchstaben von fünf Aussagen"),
        ([], "die Buchstaben von fünf Aussagen"),
        ("bdfhx", "nur die Buchstaben von a bis i"),
        (5, "Gefragt sind Buchstaben"),
        (None, "Gefragt sind Buchstaben"),
        ([1, 3, 5, 7, 8], "Gefragt sind Buchstaben"),
    ],
)
def test_a_wrong_choice_gets_a_question(answer, hint):
    text = judge(20, answer)
    assert text.startswith("**Noch nicht.**") and hint in text


@pytest.mark.parametrize("letter", "bdfhi")
def test_a_missing_fault_is_not_named(letter):
    text = judge(20, "bdfhi".replace(letter, ""))
    assert f" {letter} " not in text and f"«{letter}»" not in text and f"`{letter}`" not in text


# --- 23: ist der Unterschied belegt? ----------------------------------------------------------


def compare(gap="d.mean()", half="1.96 * (s + za + zb) ** 0.5", clear="abs(gap) > half", ddof=1):
    """Eine Lösung mit anderen Ausdrücken; s, za und zb sind die drei Summanden."""

    def function(a, b):
        names = {"np": np, "a": a, "b": b, "d": a.mean(0) - b.mean(0), "N": a.shape[1]}
        names["s"] = names["d"].var() / names["N"]
        for name, runs in (("za", a), ("zb", b)):
            many = len(runs) > 1
            names[name] = runs.mean(1).var(ddof=ddof) / len(runs) if many else 0.0
        names["gap"] = eval(gap, names)
        names["half"] = eval(half, names)
        return {"gap": names["gap"], "half": names["half"], "clear": eval(clear, names)}

    return function


def mcnemar(gap="x - y", limit="1.96 * (x + y) ** 0.5", clear="abs(gap) > limit"):
    """Eine Lösung mit anderen Ausdrücken; x und y zählen, was nur das eine richtig hat."""

    def function(one, other):
        names = {"np": np, "one": one, "other": other, "N": len(one)}
        names |= {"x": int((one & ~other).sum()), "y": int((~one & other).sum())}
        names["gap"] = eval(gap, names)
        names["limit"] = eval(limit, names)
        return {"gap": names["gap"], "limit": names["limit"], "clear": eval(clear, names)}

    return function


def in_torch(right_a, right_b):
    a, b = (torch.tensor(runs, dtype=torch.double) for runs in (right_a, right_b))
    d = a.mean(0) - b.mean(0)
    variance = d.var() / len(d)  # `torch` rechnet mit ddof=1
    for runs in (a, b):
        if len(runs) > 1:
            variance = variance + runs.mean(1).var() / len(runs)
    half = 1.96 * variance.sqrt()
    return {"gap": d.mean(), "half": half, "clear": d.mean().abs() > half}


def by_module(right_a, right_b):
    found = difference(right_a, right_b)
    half = 1.96 * np.hypot(found.seeds, found.sample)
    return found.mean, half, not found.mean - half <= 0 <= found.mean + half


def in_lists(right_a, right_b):
    def mean(values):
        return sum(values) / len(values)

    def variance(values, freedom):
        return sum((v - mean(values)) ** 2 for v in values) / freedom

    a, b = right_a.astype(int).tolist(), right_b.astype(int).tolist()
    d = [mean(x) - mean(y) for x, y in zip(zip(*a), zip(*b))]
    total = variance(d, len(d)) / len(d)
    for runs in (a, b):
        if len(runs) > 1:
            total += variance([mean(run) for run in runs], len(runs) - 1) / len(runs)
    half = 1.96 * total**0.5
    return {"CLEAR": "ja" if abs(mean(d)) > half else "nein", "Half": half, "gap": mean(d)}


def disagreements(one, other):
    split = one[one != other]
    gap = Fraction(int(2 * split.sum()) - len(split))
    return iter([gap, 1.96 * len(split) ** 0.5, abs(gap) ** 2 > 1.96**2 * len(split)])


RIGHT = [
    (compare(), mcnemar()),
    (compare(gap="a.mean() - b.mean()"), mcnemar(gap="one.sum() - other.sum()")),
    (compare(clear="not -half <= gap <= half"), mcnemar(limit="1.96 * (one ^ other).sum() ** 0.5")),
    (compare(half="1.96 * np.sqrt(d.var(ddof=1) / N + za + zb)"), disagreements),
    (compare(clear="int(abs(gap) > half)"), mcnemar(clear="gap**2 > limit**2")),
    (with_gradient(compare()), with_gradient(mcnemar())),
    (in_torch, mcnemar(clear="['nein', 'ja'][abs(gap) > limit]")),
    (by_module, mcnemar(limit="1.96 * np.linalg.norm(one.astype(float) - other)")),
    (in_lists, lambda *nets: np.array([*mcnemar()(*nets).values()])),
]


@pytest.mark.parametrize("first, second", RIGHT)
def test_every_right_way_is_right(first, second):
    assert [part[:12] for part in parts(23, first, second)] == ["**Richtig.**"] * 2


MISTAKES = [
    # gap
    (0, compare(gap="-d.mean()"), "das erste minus das zweite"),
    (0, compare(gap="abs(d.mean())"), "Nehmen Sie den Betrag?"),
    (0, compare(gap="100 * d.mean()"), "`gap`: Gefragt ist ein Anteil"),
    (0, compare(gap="d.sum()"), "Teilen Sie durch die Anzahl Kritiken"),
    (0, compare(gap="a[0].mean() - b[0].mean()"), "je nur einen Lauf"),
    (0, compare(gap="a.mean(1).max() - b.mean(1).max()"), "je den besten Lauf"),
    (0, compare(gap="a.mean()"), "nur die Genauigkeit der Läufe a"),
    (0, compare(gap="0.5"), "Fünf gegen vier Läufe, `gap`: Gefragt ist die mittlere"),
    (0, compare(gap="round(d.mean(), 3)"), "Das ist gerundet"),
    (
        0,
        lambda a, b: {"gap": (a - b).mean(), "half": 0, "clear": True},
        "nicht subtrahieren. Mitteln",
    ),
    # half
    (0, compare(half="(s + za + zb) ** 0.5"), "fehlt der Faktor 1.96"),
    (0, compare(half="2 * 1.96 * (s + za + zb) ** 0.5"), "nicht die ganze"),
    (0, compare(half="100 * 1.96 * (s + za + zb) ** 0.5"), "`half`: Gefragt ist ein Anteil"),
    (0, compare(half="1.96 * (s + za + zb)"), "Die Wurzel fehlt noch"),
    (0, compare(half="1.96 * s ** 0.5"), "Es fehlen die Zufallsstarts"),
    (0, compare(half="1.96 * (za + zb) ** 0.5"), "Es fehlt die Auswahl der Kritiken"),
    (0, compare(half="1.96 * (s + za) ** 0.5"), "fehlen die Läufe b"),
    (0, compare(half="1.96 * (s + zb) ** 0.5"), "fehlen die Läufe a"),
    (0, compare(half="1.96 * (s ** 0.5 + (za + zb) ** 0.5)"), "Addiert werden die Varianzen"),
    (0, compare(half="1.96 * (s ** 0.5 + za ** 0.5 + zb ** 0.5)"), "Auch die Summanden von a"),
    (
        0,
        compare(half="1.96 * ((a.mean(0).var() + b.mean(0).var()) / N + za + zb) ** 0.5"),
        "nicht paarweise",
    ),
    (
        0,
        compare(half="1.96 * (sum(q * (1 - q) for q in (a.mean(), b.mean())) / N + za + zb) ** .5"),
        "nicht $q (1 - q)$",
    ),
    (0, compare(ddof=0), "fehlt `ddof=1`"),
    (0, compare(half="1.96 * (d.var() + za + zb) ** 0.5"), "Division durch $N$"),
    (0, compare(half="1.96 * (s + len(a) * za + len(b) * zb) ** 0.5"), "durch die Anzahl Läufe"),
    (0, compare(half="1.96 * (d.var() + len(a) * za + len(b) * zb) ** 0.5"), "$N$, $R_a$ und"),
    (
        0,
        compare(half="1.96 * ((a[:4].astype(int) - b).var() / N + za + zb) ** 0.5"),
        "Mitteln Sie zuerst über die Läufe",
    ),
    (0, compare(half="2.5 * (s + za + zb) ** 0.5"), "der Faktor ist 1.96"),
    (
        0,
        compare(half="1.96 * (s + sum(r.mean(1).var(ddof=1) / len(r) for r in (a, b))) ** 0.5"),
        "einen einzigen, `half`: Ihr Ergebnis ist `nan`",
    ),
    # clear
    (0, compare(clear="gap > half"), "liegt ganz unter null"),
    (0, compare(clear="True"), "enthält die Null"),
    (0, compare(clear="False"), "schliesst die Null aus"),
    (0, compare(clear="'vielleicht'"), "`clear`: Gefragt ist `True` oder `False`"),
    # Form
    (0, lambda a, b: compare()(a, b)["gap"], "Wörterbuch mit `gap`, `half` und `clear`"),
    (0, compare(gap="d"), "eine einzige Zahl"),
    (0, compare(gap="None", clear="True"), "keine Zahl (NoneType)"),
    (0, compare(half="'breit'", clear="True"), "ist keine Zahl, gefragt"),
    (0, compare(half="[]"), "eine einzige Zahl"),
    (0, lambda a: a, "bricht ab: `TypeError"),
    (0, 3, "die Funktion selbst"),
    # McNemar
    (1, mcnemar(gap="y - x"), "das erste minus das zweite"),
    (1, mcnemar(gap="abs(x - y)"), "Nehmen Sie den Betrag?"),
    (1, mcnemar(gap="(x - y) / N"), "`gap`: Gefragt ist eine Anzahl"),
    (1, mcnemar(gap="x + y"), "Gefragt ist eine Differenz"),
    (1, mcnemar(gap="x"), "was das erste Netz allein"),
    (1, mcnemar(gap="y"), "was das zweite Netz allein"),
    (1, mcnemar(gap="7"), "bei wie vielen nur das zweite?"),
    (1, mcnemar(limit="(x + y) ** 0.5"), "fehlt der Faktor 1.96"),
    (1, mcnemar(limit="1.96 * (x + y)"), "Die Wurzel fehlt noch"),
    (1, mcnemar(limit="x + y"), "Das ist erst die Anzahl"),
    (1, mcnemar(limit="1.96 * N ** 0.5"), "nicht alle"),
    (1, mcnemar(limit="1.96 * (one == other).sum() ** 0.5"), "oder beide irren"),
    (1, mcnemar(limit="1.96 * abs(x - y) ** 0.5"), "nicht ihre Differenz"),
    (1, mcnemar(limit="1.96 * (x + y) ** 0.5 / N"), "`limit`: Gefragt ist eine Anzahl"),
    (1, mcnemar(limit="39.2"), "wären es $1.96 \\cdot 20$"),
    (1, mcnemar(clear="gap > limit"), "Das zweite Netz viel besser, `clear`"),
    (1, mcnemar(clear="True"), "Zwei ähnliche Netze, `clear`"),
    (1, mcnemar(clear="False"), "Das erste Netz viel besser, `clear`"),
    (1, mcnemar(clear="abs(gap) >= limit"), "Zweimal dasselbe Netz, `clear`"),
    (1, mcnemar(limit="None", clear="True"), "keine Zahl (NoneType)"),
    (1, lambda one, other: 5, "Wörterbuch mit `gap`"),
    (1, None, "die Funktion selbst"),
]


@pytest.mark.filterwarnings("ignore:Degrees of freedom", "ignore:invalid value")  # ein Lauf
@pytest.mark.parametrize("at, answer, hint", MISTAKES)
def test_a_typical_mistake_gets_its_own_hint(at, answer, hint):
    answers = [compare(), mcnemar()]
    answers[at] = answer
    found = parts(23, *answers)
    assert found[at].startswith("**Noch nicht.**") and hint in found[at]
    assert found[1 - at].startswith("**Richtig.**")


def test_one_part_may_be_open():
    found = parts(23, compare(), lambda *_: {"gap": ..., "limit": ..., "clear": ...})
    assert found[0].startswith("**Richtig.**") and found[1].startswith("**Noch offen.**")
    assert parts(23, compare())[1].startswith("**Noch offen.**")


def test_the_answer_cannot_change_the_runs_it_is_judged_by():
    def turns(right_a, right_b):
        found = compare()(right_a, right_b)
        right_a[:] = False
        return found

    assert parts(23, turns)[0].startswith("**Richtig.**")
