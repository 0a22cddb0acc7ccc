"""Übungen 21 und 24: Einheiten abschalten und ein Logit zerlegen."""

from collections import OrderedDict
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
from answers import judge, with_gradient

from anncourse.cells import sigmoid
from anncourse.errors import OutsideError
from anncourse.teaching.exercises import section_8, sheets

RESULTS = section_8._results.__wrapped__
MEASURED = (88.0, 87.25, 69.25, "IMDb")
GUESS = {"logit": 80, "reading": 70}
SAID = {"output_needs": False, "net_needs": True, "logit_shows": False, "smaller": False}


@pytest.fixture(autouse=True)
def measured(monkeypatch):
    """Ohne Daten: was auf IMDb herauskam."""
    monkeypatch.setattr(section_8, "_results", lambda: MEASURED)


def part(letter: str, text: str) -> str:
    """Das Urteil über einen Teil."""
    (found,) = [line for line in text.split("\n\n") if f" Teil {letter}: " in line]
    return found


# --- 21a: im Logit ----------------------------------------------------------------------------


def logits(h, w, b, off, keep=None):
    keep = [j for j in range(h.shape[1]) if j not in off] if keep is None else keep
    return h[:, keep] @ w[keep] + b


def accuracy(h, labels, w, b, off):
    return 100 * np.mean((logits(h, w, b, off) > 0) == labels)


def by_hand(h, labels, w, b, off):
    right = 0
    for row, label in zip(h, labels):
        s = b + sum(w[j] * row[j] for j in range(len(w)) if j not in off)
        right += (s > 0) == (label == 1)
    return Fraction(100 * int(right), len(h))


def masked(h, labels, w, b, off):
    w = w.copy()
    w[off] = 0
    return Decimal(str(100 * np.mean(np.where(h @ w + b > 0, 1, 0) == labels)))


def deleted(h, labels, w, b, off):
    s = b + np.delete(h, off, axis=1) @ np.delete(w, off)
    return round(float(np.mean(np.round(sigmoid(s)) == labels)) * 100, 1)


def in_torch(h, labels, w, b, off):
    h, w = torch.tensor(h), torch.tensor(w)
    w[off] = 0
    return ((torch.sigmoid(h @ w + b) > 0.5) == torch.tensor(labels)).double().mean() * 100


@pytest.mark.parametrize(
    "answer",
    [accuracy, by_hand, masked, deleted, in_torch, with_gradient(accuracy)],
)
def test_every_way_to_measure_in_the_logit(answer):
    assert part("a", judge(21, answer)).startswith("**Richtig.**")


def compared(change):
    """Eine Genauigkeit mit einem Fehler im Vergleich."""

    def answer(h, labels, w, b, off):
        return 100 * np.mean(change(logits(h, w, b, off)) == labels)

    return answer


def wrong_axis(h, labels, w, b, off):
    h = h.copy()
    h[off] = 0
    return accuracy(h, labels, w, b, [])


def overwritten(h, labels, w, b, off):
    h[:, off] = 0
    return accuracy(h, labels, w, b, [])


def overwritten_w(h, labels, w, b, off):
    w[off] = 0
    return accuracy(h, labels, w, b, [])


@pytest.mark.parametrize(
    "answer, hint",
    [
        (lambda *case: accuracy(*case) / 100, "Prozent, nicht der Anteil"),
        (lambda *case: accuracy(*case) * 2.5, "eine Anzahl"),
        (lambda h, y, w, b, off: accuracy(h, y, w, 0, off), "fehlt der Achsenabschnitt"),
        (compared(lambda s: s > 0.5), "gilt für die Wahrscheinlichkeit"),
        (compared(lambda s: np.round(s)), "stimmt nicht"),
        (compared(lambda s: sigmoid(s) > 0), "jedes Urteil «positiv»"),
        (compared(lambda s: s < 0), "der *falschen* Urteile"),
        (lambda h, y, w, b, off: accuracy(h, y, w, b, []), "zählen noch mit"),
        (
            lambda h, y, w, b, off: accuracy(h, y, w, b, [j for j in range(6) if j not in off]),
            "Umgekehrt",
        ),
        (wrong_axis, "falsche Achse"),
        (overwritten, "verändert die Felder"),
        (overwritten_w, "verändert die Felder"),
        (lambda h, y, w, b, off: logits(h, w, b, off), "die Logits"),
        (lambda h, y, w, b, off: accuracy(h, y, w, b, [1, 4]), "zählen noch mit|stimmt nicht"),
        (lambda h, y, w, b, off: np.delete(h, off) @ w, "bricht ab: `ValueError"),
        (lambda h, y, w, b, off: accuracy(np.delete(h, off, 0), y, w, b, []), "bricht ab"),
        (lambda *case: f"{accuracy(*case)} %", "ein Text (str)"),
        (lambda *case: [accuracy(*case)] * 3, "hat die Form (3,)"),
        (lambda *case: float("nan"), "enthält `nan`"),
        (lambda *case: 10.0**300, "stimmt nicht"),
        (lambda h, labels: 50, "bricht ab: `TypeError"),
        (50.0, "ohne Klammern"),
    ],
)
def test_a_mistake_in_the_logit(answer, hint):
    text = part("a", judge(21, answer))
    assert text.startswith("**Noch nicht.**")
    assert any(piece in text for piece in hint.split("|"))


# --- 21b: beim Lesen --------------------------------------------------------------------------


def silence(p, off):
    new = {name: array.copy() for name, array in p.items()}
    for gate in "ifoc":
        new[f"U_{gate}"][:, off] = 0
    return new


def masks(p, off):
    mask = np.ones(len(p["b_i"]))
    mask[off] = 0
    return {name: p[name] * mask if name[0] == "U" else p[name] for name in reversed(list(p))}


def shut(p, off):
    """Was das Ausgangstor nie verlässt, ist in jedem Schritt null."""
    b = p["b_o"].copy()
    b[off] = -1e9
    return p | {"b_o": b}


def deaf_too(p, off):
    new = silence(p, off)
    for gate in "ifoc":
        new[f"U_{gate}"][off], new[f"W_{gate}"][off], new[f"b_{gate}"][off] = 0, 0, 0
    return new


def nested_lists(p, off):
    return OrderedDict((name, array.tolist()) for name, array in silence(p, off).items())


@pytest.mark.parametrize(
    "answer",
    [silence, masks, shut, deaf_too, nested_lists, with_gradient(silence)],
)
def test_every_way_to_silence(answer):
    assert part("b", judge(21, accuracy, answer)).startswith("**Richtig.**")


def zero(gates="ifoc", kinds="U", rows=False, others=False):
    """Genullt wird etwas anderes."""

    def answer(p, off):
        new = {name: array.copy() for name, array in p.items()}
        off = [j for j in range(6) if j not in off] if others else off
        for name in (f"{kind}_{gate}" for kind in kinds for gate in gates):
            array = new[name].T if rows else new[name]
            array[:, [j for j in off if j < array.shape[1]]] = 0
        return new

    return answer


def in_place(p, off):
    for gate in "ifoc":
        p[f"U_{gate}"][:, off] = 0
    return p


def shallow(p, off):
    return in_place(dict(p), off)


def shorter(p, off):
    return {n: np.delete(a, off, axis=1) if n[0] == "U" else a for n, a in p.items()}


@pytest.mark.parametrize(
    "answer, hint",
    [
        (zero(rows=True), "*Zeilen* von U"),
        (zero(gates="i"), "Nur das Eingangstor"),
        (zero(gates="ifo"), "der Kandidat hört sie noch"),
        (zero(gates="c"), "die Tore hören sie noch"),
        (zero(gates="if"), "nicht so, als wären"),
        (zero(kinds="W"), "Sie nullen Spalten von W"),
        (zero(kinds="WU"), "Sie nullen auch Spalten von W"),
        (zero(others=True), "Umgekehrt"),
        (lambda p, off: silence(p, range(6)), "keine Einheit mehr irgendeine"),
        (lambda p, off: silence(p, []), "rechnen noch genau wie zuvor"),
        (lambda p, off: silence(p, [1, 4]), "nicht so, als wären"),
        (in_place, "verändert die Felder"),
        (shallow, "verändert die Felder"),
        (shorter, "Setzen Sie Zahlen auf null"),
        (lambda p, off: {n: a for n, a in silence(p, off).items() if n[0] == "U"}, "allen Namen"),
        (lambda p, off: list(silence(p, off).values()), "Wörterbuch mit allen Namen"),
        (lambda p, off: p["weight_hh_l0"], "Schlüssel `weight_hh_l0`"),
        (lambda p, off: silence(p, off) | {"U_i": "null"}, "`U_i`: Das ist ein Text"),
        (lambda p, off: silence(p, off) | {"U_i": [[1], [2, 3]]}, "verschieden lang"),
        (lambda p, off: silence(p, off) | {"b_i": np.full(6, np.nan)}, "enthält `nan`"),
        (lambda p, off: None, "gibt nichts zurück"),
        ("U", "ohne Klammern"),
    ],
)
def test_a_mistake_in_silencing(answer, hint):
    text = part("b", judge(21, accuracy, answer))
    assert text.startswith("**Noch nicht.**")
    assert hint in text


# --- 21c: vorhersagen und schliessen ----------------------------------------------------------


def test_what_was_measured_shows_only_after_the_prediction():
    text = judge(21, accuracy, silence)
    assert "88" not in text and "sobald Ihre Vorhersage dasteht" in part("a", text)
    text = judge(21, accuracy, silence, GUESS)
    assert "88.0 % richtig" in part("a", text) and "vorhergesagt hatten Sie 80 %" in part("a", text)
    assert "69.2 % richtig" in part("b", text) and "vorhergesagt hatten Sie 70 %" in part("b", text)
    assert part("c", text).startswith("**Noch offen.**")
    wrong = judge(21, zero(), zero(rows=True), GUESS)
    assert "69.2" not in wrong


@pytest.mark.parametrize(
    "prediction, conclusion",
    [
        (GUESS, SAID),
        ((80, 70), tuple(SAID.values())),
        ({"READING": "0", "Logit": "90,5"}, dict(reversed(SAID.items()))),
        (np.array([100, 0]), {name: "ja" if yes else "nein" for name, yes in SAID.items()}),
        (torch.tensor([88.0, 50.0], requires_grad=True), {n: int(yes) for n, yes in SAID.items()}),
        ([Fraction(80), Decimal("70.5")], np.array(list(SAID.values()))),
    ],
)
def test_every_form_of_prediction_and_conclusion(prediction, conclusion):
    text = judge(21, accuracy, silence, prediction, conclusion)
    assert text.count("**Richtig.**") == 3


@pytest.mark.parametrize(
    "prediction, conclusion, hint",
    [
        (GUESS, SAID | {"output_needs": True}, "`output_needs` passt nicht"),
        (GUESS, SAID | {"net_needs": False}, "`net_needs` passt nicht"),
        (GUESS, SAID | {"logit_shows": True}, "`logit_shows`: Wer eine Einheit"),
        (GUESS, SAID | {"smaller": True}, "`smaller`: Diese Gewichte"),
        (GUESS, SAID | {"smaller": "vielleicht"}, "Gefragt ist `True` oder `False`"),
        (GUESS, {"smaller": False}, "Wörterbuch mit `output_needs`"),
        (GUESS, False, "Wörterbuch mit `output_needs`"),
        ({"logit": 0.8, "reading": 0.7}, SAID, "70 statt 0.7"),
        ({"logit": 180, "reading": 70}, SAID, "zwischen 0 und 100"),
        ({"logit": "viel", "reading": 70}, SAID, "ist keine Zahl"),
        ({"logit": 80}, SAID, "Wörterbuch mit `logit` und `reading`"),
        (None, SAID, "Wörterbuch mit `logit` und `reading`"),
        ({"logit": float("nan"), "reading": 70}, SAID, "reelle, endliche Zahl"),
    ],
)
def test_a_conclusion_must_follow(prediction, conclusion, hint):
    text = part("c", judge(21, accuracy, silence, prediction, conclusion))
    assert text.startswith("**Noch nicht.**")
    assert hint in text


def test_the_conclusion_follows_from_the_numbers_of_these_data(monkeypatch):
    monkeypatch.setattr(section_8, "_results", lambda: (70.0, 60.0, 68.0, "andere Kritiken"))
    other = SAID | {"output_needs": True, "net_needs": False}
    assert part("c", judge(21, accuracy, silence, GUESS, other)).startswith("**Richtig.**")
    assert part("c", judge(21, accuracy, silence, GUESS, SAID)).startswith("**Noch nicht.**")


def test_without_the_data_the_functions_are_still_judged(monkeypatch):
    def no_hub():
        raise OutsideError("Der Hub antwortet nicht.")

    monkeypatch.setattr(section_8, "_results", no_hub)
    text = judge(21, accuracy, silence, GUESS, SAID)
    assert text.count("**Richtig.**") == 2
    assert text.count("Messen lässt es sich hier nicht: Der Hub antwortet nicht.") == 3


def test_open_wherever_dots_are_left():
    text = judge(21, lambda *_: ..., lambda *_: ..., {"logit": ..., "reading": 3})
    assert text.startswith("**Noch offen.**") and "Teil" not in text
    assert part("c", judge(21, accuracy, silence, GUESS, SAID | {"smaller": ...})).startswith(
        "**Noch offen.**"
    )


def test_the_text_says_about_how_good_the_whole_net_is(monkeypatch, sample_reviews):
    text = " ".join(sheets.find(21).text.split())
    assert "auf IMDb knapp 90 % richtig" in text and "gelernt hat, knapp 70 %" in text
    monkeypatch.setattr(section_8, "load_reviews", lambda: sample_reviews)
    everything, *_ = RESULTS()
    assert 65 < everything < 70


def test_the_text_says_about_how_good_the_whole_net_is_on_imdb(monkeypatch, real_reviews):
    monkeypatch.setattr(section_8, "load_reviews", lambda: real_reviews)
    everything, *_ = RESULTS()
    assert 85 < everything < 90


def test_the_measurement_is_that_of_the_section(monkeypatch, sample_reviews):
    """Auf den Beispieldaten nachgerechnet, mit den Funktionen von oben und der Schleife."""
    from anncourse.cells import lstm_step, unpack, unroll
    from anncourse.text import pad
    from anncourse.weights import load_weights

    monkeypatch.setattr(section_8, "load_reviews", lambda: sample_reviews)
    monkeypatch.setattr(section_8, "REVIEWS", 40)
    everything, logit, reading, name = RESULTS()
    assert name.startswith("Beispieldaten")
    weights, reviews = load_weights(), sample_reviews
    p, E = unpack("lstm", weights.layer()), weights.arrays["embedding.weight"]
    w, b = weights.arrays["output.weight"][0], weights.arrays["output.bias"][0]
    order = np.random.default_rng(93).permutation(len(reviews.test_texts))

    def read(positions, p):
        texts = [reviews.test_texts[k] for k in positions]
        ids = [weights.vocabulary.encode_review(text, 500) for text in texts]
        h = np.empty((40, 32))
        for batch in np.array_split(np.argsort([len(review) for review in ids]), 4):
            for k, row in zip(batch, pad([ids[k] for k in batch], len(ids[batch[-1]]))):
                h[k] = unroll(lstm_step, E[row], p)["h"][-1]
        return h

    h = read(order[:40], p)
    correlation = np.corrcoef(h.T, reviews.test_labels[order[:40]])[-1, :-1]
    off = np.abs(correlation).argsort()[::-1][:12].tolist()
    h, labels = read(order[40:80], p), reviews.test_labels[order[40:80]]
    assert accuracy(h, labels, w, b, []) == pytest.approx(everything, abs=1e-6)
    assert accuracy(h, labels, w, b, off) == pytest.approx(logit, abs=1e-6)
    h = read(order[40:80], silence(p, off))
    assert accuracy(h, labels, w, b, off) == pytest.approx(reading, abs=1e-6)


# --- 24: ein Logit zerlegen -------------------------------------------------------------------

H = np.array([-0.6, 0.75, -0.55, 0.2])
W = np.array([-2.2, -0.8, 2.0, -1.8])
S = float(W @ H + 0.2)


def verdict(contributions=tuple(W * H), logit=S, probability=float(sigmoid(np.float64(S)))):
    return {"contributions": contributions, "logit": logit, "probability": probability}


REMOVAL = {"most": 3, "without_2": 0.06}
READING = {"same_if_zero": False, "same_if_unheard": True}


@pytest.mark.parametrize(
    "answers",
    [
        (verdict(), REMOVAL, READING),
        (verdict([1.32, -0.6, -1.1, -0.36], -0.54, 0.37), (3, "0,06"), ("nein", "ja")),
        (verdict(["1,32", "−0.60", "-1.1", "-9/25"], "-0.54", "0.368"), [3.0, 0.06], [0, 1]),
        (verdict(W * H, np.float32(S), torch.tensor(0.3682, requires_grad=True)), REMOVAL, READING),
        (verdict(torch.tensor(W * H, requires_grad=True)), {"Without_2": 0.06, "MOST": 3}, READING),
        (
            (tuple(map(Fraction, ("1.32", "-0.6", "-1.1", "-0.36"))), Decimal("-0.54"), 0.37),
            {"most": np.int64(3), "without_2": [0.06]},
            {"same_if_unheard": np.True_, "same_if_zero": np.False_},
        ),
        (verdict({1: 1.32, 2: -0.6, 3: -1.1, 4: -0.36}), REMOVAL, READING),
    ],
)
def test_every_form_of_the_numbers(answers):
    assert judge(24, *answers).count("**Richtig.**") == 3


def replaced(place, value):
    values = list(W * H)
    values[place] = value
    return verdict(values)


@pytest.mark.parametrize(
    "answer, hint",
    [
        (verdict(H), "Einheit 1: Das ist der Zustand allein"),
        (verdict(W), "Einheit 1: Das ist das Gewicht allein"),
        (verdict(W + H), "ein Produkt, keine Summe"),
        (verdict(-W * H), "Einheit 1: Das Vorzeichen"),
        (verdict(W * H + 0.2), "gehört zu keiner Einheit"),
        (replaced(1, 0.6), "Einheit 2: Das Vorzeichen"),
        (replaced(2, -1.2), "Einheit 3: Rechnen Sie nach"),
        (replaced(3, None), "keine Zahl (NoneType)"),
        (verdict(W[:3]), "vier Zahlen"),
        (verdict(1.32), "vier Zahlen"),
        (verdict("1.32 -0.6 -1.1 -0.36"), "vier Zahlen"),
        (verdict(logit=S - 0.2), "fehlt der Achsenabschnitt"),
        (verdict(logit=S - 0.4), "addiert, nicht abgezogen"),
        (verdict(logit=3.58), "addieren ihre Beträge"),
        (verdict(logit=0.54), "`logit`: Das Vorzeichen"),
        (verdict(logit=0.368), "noch ohne σ"),
        (verdict(logit=0.015), "ein Mittel"),
        (verdict(logit=(0, 54)), "Dezimalzahlen haben einen Punkt"),
        (verdict(probability=0.632), "für «negativ»"),
        (verdict(probability=-0.493), "nicht tanh"),
        (verdict(probability=0.583), "nur $e^s$"),
        (verdict(probability=1.716), "nur $e^{-s}$"),
        (verdict(probability=0.323), "fehlt der Achsenabschnitt"),
        (verdict(probability=-0.54), "noch das Logit"),
        (verdict(probability=36.8), "keine Prozente"),
        (verdict(probability=float("inf")), "endliche Zahl"),
        (7, "Wörterbuch mit `contributions`"),
    ],
)
def test_a_mistake_in_the_sum(answer, hint):
    text = part("a", judge(24, answer))
    assert text.startswith("**Noch nicht.**")
    assert hint in text


@pytest.mark.parametrize(
    "answer, hint",
    [
        ({"most": 1, "without_2": 0.06}, "in die Richtung des Urteils"),
        ({"most": 2, "without_2": 0.06}, "zieht stärker dorthin"),
        ({"most": 4, "without_2": 0.06}, "zieht stärker dorthin"),
        ({"most": 0, "without_2": 0.06}, "1 bis 4"),
        ({"most": "drei", "without_2": 0.06}, "ist keine Zahl"),
        ({"most": 3, "without_2": -1.14}, "mit seinem Vorzeichen"),
        ({"most": 3, "without_2": -0.14}, "fehlt der Achsenabschnitt"),
        ({"most": 3, "without_2": 0.56}, "fehlt Einheit 3"),
        ({"most": 3, "without_2": -1.86}, "fehlt Einheit 1"),
        ({"most": 3, "without_2": -1.29}, "den Zustand abgezogen"),
        ({"most": 3, "without_2": 0.26}, "das Gewicht abgezogen"),
        ({"most": 3, "without_2": -0.6}, "der Beitrag der Einheit"),
        ({"most": 3, "without_2": -0.54}, "mit allen Einheiten"),
        ({"most": 3, "without_2": 0.515}, "noch ohne σ"),
        ({"most": 3}, "Wörterbuch mit `most`"),
    ],
)
def test_a_mistake_in_the_removal(answer, hint):
    text = part("b", judge(24, verdict(), answer))
    assert text.startswith("**Noch nicht.**")
    assert hint in text


@pytest.mark.parametrize(
    "answer, hint",
    [
        ((True, True), "in jedem Schritt"),
        ((True, False), "in jedem Schritt"),
        ((False, False), "ohnehin nicht hören"),
        ({"same_if_zero": 2, "same_if_unheard": True}, "`True` oder `False`"),
        (False, "Wörterbuch mit `same_if_zero`"),
    ],
)
def test_a_mistake_about_reading(answer, hint):
    text = part("c", judge(24, verdict(), REMOVAL, answer))
    assert text.startswith("**Noch nicht.**")
    assert hint in text


def test_a_verdict_on_paper_never_tells_a_number():
    wrong = judge(24, verdict(logit=5, probability=5), {"most": 1, "without_2": 5}, (True, True))
    for number in ("1.32", "0.54", "0.37", "0.368", "0.06"):
        assert number not in wrong
    assert judge(24, {}).count("**Noch nicht.**") == 1
    assert judge(24, verdict([..., 1, 2, 3])).startswith("**Noch offen.**")
