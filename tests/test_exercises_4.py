"""Übungen zu 9.3.4: richtige Antworten in vielen Formen, typische Fehler mit ihrem Hinweis."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
from answers import judge
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

from anncourse import text
from anncourse.results import interval
from anncourse.teaching.exercises.sheets import find

# --- 14: drei Fehler in einer Trainingsschleife -----------------------------------------------


def changed(*pairs: tuple[str, str], template: bool = False) -> tuple:
    """`Reader` und `step` aus Lösung oder Vorlage, mit anderen Zeilen."""
    exercise = find(14)
    code = exercise.template if template else exercise.code
    for old, new in pairs:
        assert old in code
        code = code.replace(old, new)
    space: dict = {"text": text}
    exec(code, space)
    return space["Reader"], space["step"]


def parts(number: int, *answers: object) -> list[str]:
    return judge(number, *answers).split("\n\n")


BATCH_FIRST = ", batch_first=True"
LEFT, RIGHT_SIDE = "[0] * (T - len(ids)) + ids", "ids + [0] * (T - len(ids))"
READ = "output, _ = self.recurrent(x) "
LAST = "s = self.output(output[:, -1])"
RETURN = "return s.squeeze(-1)"
LOSS = "nn.BCEWithLogitsLoss()(net(reviews), labels)"
PROBABILITY = (RETURN, "return torch.sigmoid(s).squeeze(-1)")


class Packed(nn.Module):
    """Rechts aufgefüllt, gepackt, mit einer LSTM und mit Achsenabschnitten."""

    def __init__(self):
        super().__init__()
        self.table, self.lstm, self.out = nn.Embedding(20, 4), nn.LSTM(4, 6), nn.Linear(6, 1)

    def forward(self, reviews):
        x = pad_sequence([self.table(torch.tensor(r)) for r in reviews])
        lengths = [len(r) for r in reviews]
        _, (h, _) = self.lstm(pack_padded_sequence(x, lengths, enforce_sorted=False))
        return self.out(h[-1])[:, 0]


class OneByOne(nn.Module):
    """Ohne Stapel, ohne Auffüllen, Schritt für Schritt."""

    def __init__(self):
        super().__init__()
        self.table, self.cell, self.out = nn.Embedding(20, 8), nn.RNNCell(8, 8), nn.Linear(8, 1)

    def read(self, ids):
        h = torch.zeros(8)
        for x in self.table(torch.tensor(ids)):
            h = self.cell(x, h)
        return self.out(h)

    def forward(self, reviews):
        return torch.cat([self.read(ids) for ids in reviews])


def by_hand(net, _, reviews, labels):
    """Die Kreuzentropie ausgeschrieben, der Schritt ohne Optimierer."""
    s = net(reviews)
    loss = (torch.log(1 + torch.exp(s)) - labels * s).mean()
    net.zero_grad()
    loss.backward()
    with torch.no_grad():
        for weight in net.parameters():
            weight -= 0.5 * weight.grad
    return loss


STEP = changed()[1]
MENDED = {
    "nothing": changed(),
    "axes by hand": changed(
        (BATCH_FIRST, ""),
        (READ, "output, _ = self.recurrent(x.transpose(0, 1)) "),
        ("output[:, -1]", "output[-1]"),
    ),
    "h_n": changed((READ, "_, h = self.recurrent(x) "), ("output[:, -1]", "h[-1]")),
    "BCELoss": changed(PROBABILITY, (LOSS, "nn.BCELoss()(net(reviews), labels)")),
    "lengths": changed(
        (LEFT, RIGHT_SIDE),
        ("output[:, -1]", "output[torch.arange(len(rows)), [len(r) - 1 for r in reviews]]"),
    ),
    "pad": changed((f"[{LEFT} for ids in reviews]", "text.pad(reviews, T)")),
    "fixed": changed((LEFT, "[0] * (30 - len(ids)) + ids")),
    "in place": changed((LEFT, "ids if ids.reverse() else [0] * (T - len(ids)) + ids[::-1]")),
    "with bias": changed((", bias=False", "")),
    "tensor": changed(("return loss.item()", "return loss")),
    "array": changed(("return loss.item()", "return loss.detach().numpy()")),
    "column": changed((RETURN, "return s"), ("net(reviews)", "net(reviews)[:, 0]")),
    "sum": changed(("nn.BCEWithLogitsLoss()", "nn.BCEWithLogitsLoss(reduction='sum')")),
    "packed": (Packed, STEP),
    "one by one": (OneByOne, STEP),
    "without optimiser": (OneByOne, by_hand),
}


@pytest.mark.parametrize("reader, step", MENDED.values(), ids=MENDED)
def test_every_way_to_mend_the_three_is_right(reader, step):
    assert [part[:12] for part in parts(14, reader, step)] == ["**Richtig.**"] * 3


SYMPTOMS = [
    ((BATCH_FIRST, ""), 0, "Vertauschen Sie die Reihenfolge"),
    ((LEFT, RIGHT_SIDE), 1, "Legen Sie zu einer kurzen Kritik eine lange"),
    (PROBABILITY, 2, "Der Verlust bleibt über 0.5"),
    ((LOSS, "nn.BCEWithLogitsLoss()(net(reviews).sigmoid(), labels)"), 2, "bleibt über 0.5"),
]


@pytest.mark.parametrize("pair, at, hint", SYMPTOMS)
def test_each_bug_alone_shows_in_its_own_part_only(pair, at, hint):
    found = parts(14, *changed(pair))
    assert [part.startswith("**Richtig.**") for part in found] == [k != at for k in range(3)]
    assert hint in found[at]


@pytest.mark.parametrize(
    "pair, at",
    [
        (("bias=False", "bias=False, batch_first=True"), 0),
        ((RIGHT_SIDE, LEFT), 1),
        (PROBABILITY[::-1], 2),
    ],
)
def test_each_bug_mended_alone_is_right_in_its_own_part_only(pair, at):
    found = parts(14, *changed(pair, template=True))
    assert [part.startswith("**Richtig.**") for part in found] == [k == at for k in range(3)]


OTHER_MISTAKES = [
    # Teil a
    (
        changed((BATCH_FIRST, ""), (READ, "_, h = self.recurrent(x) "), ("output[:, -1]", "h[-1]")),
        0,
        "Feld der Form (4,) zurück",
    ),
    (
        changed((BATCH_FIRST, ""), (READ, "output, _ = self.recurrent(x.transpose(0, 1)) ")),
        0,
        "Feld der Form (4,) zurück",
    ),
    (
        changed(
            (BATCH_FIRST, ""),
            (READ, "output, _ = self.recurrent(x.reshape(T, -1, 8)) "),
            ("output[:, -1]", "output[-1]"),
        ),
        0,
        "Vertauschen Sie die Reihenfolge",
    ),
    (changed(("output[:, -1]", "output[:, 0]")), 0, "das 2. von 4 Wörtern"),
    (changed((RETURN, "return s * 0")), 0, "das 1. von 4 Wörtern"),
    (changed((RETURN, "return s.mean()")), 0, "Feld der Form ()"),
    (changed((RETURN, "print(s)")), 0, "gibt nichts zurück"),
    (changed((RETURN, "return s / 0 * 'a'")), 0, "bricht ab"),
    # Teil b
    (changed((LEFT, "ids + [0] * (30 - len(ids))")), 1, "Setzen Sie $U$ auf null"),
    (
        changed((LEFT, RIGHT_SIDE), ("output[:, -1]", "output[:, len(reviews[0]) - 1]")),
        1,
        "nicht jede so beurteilt",
    ),
    (changed((LEFT, "(ids * T)[:T]")), 1, "Legen Sie zu einer kurzen"),
    (
        changed((LEFT, RIGHT_SIDE), (LAST, "s = self.output(output.mean(1))")),
        1,
        "Legen Sie zu einer kurzen",
    ),
    # Teil c
    (changed((LOSS, "nn.BCELoss()(net(reviews), labels)")), 2, "bricht ab: `RuntimeError"),
    (
        changed(PROBABILITY, (LOSS, "nn.BCELoss()(net(reviews).sigmoid(), labels)")),
        2,
        "bleibt über 0.5",
    ),
    (
        changed(PROBABILITY, (LOSS, "nn.MSELoss()(net(reviews), labels)")),
        2,
        "nicht die Kreuzentropie",
    ),
    (changed(("    optimizer.step()\n", "")), 2, "ändert keines der Gewichte"),
    (changed(("    optimizer.zero_grad()\n", "")), 2, "zählen die alten Gradienten mit"),
    (changed(("optimizer.step()", "optimizer.step(); optimizer.step()")), 2, "mehr als einen"),
    (changed(("return loss.item()", "pass")), 2, "Fehlt `return loss`?"),
    (
        changed(("optimizer.step()", "[w.data.sub_(w.grad / 50) for w in net.parameters()]")),
        2,
        "noch über 0.1",
    ),
    ((changed()[0], 3), 2, "die Funktion `step` selbst"),
    ((changed()[0], lambda *_: "x"), 2, "ist keine Zahl, gefragt"),
]


@pytest.mark.parametrize("answer, at, hint", OTHER_MISTAKES)
def test_another_mistake_in_the_loop_gets_its_own_hint(answer, at, hint):
    found = parts(14, *answer)
    assert found[at].startswith("**Noch nicht.**")
    assert hint in found[at]


@pytest.mark.parametrize(
    "reader, hint",
    [
        (changed()[0](), "die Klasse selbst"),
        (lambda: 3, "von `nn.Module` abstammt"),
        (lambda a: a, "bricht ab: `TypeError"),
        (7, "die Funktion selbst"),
    ],
)
def test_what_is_no_reader(reader, hint):
    for part in parts(14, reader, STEP):
        assert part.startswith("**Noch nicht.**") and hint in part


def test_judging_leaves_the_random_numbers_of_the_reader_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    judge(14, *changed())
    assert torch.equal(torch.rand(3), expected)


# --- 15: mit dem Taschenrechner ---------------------------------------------------------------

ONE = {"p": 0.310, "loss": 1.171, "slope": -0.690}
MANY = {"low": 0.789, "high": 0.891, "needed": 800}

RIGHT = [
    (ONE, MANY),
    (list(ONE.values()), tuple(MANY.values())),
    ({k.upper(): str(v) for k, v in ONE.items()}, {k: Decimal(str(v)) for k, v in MANY.items()}),
    ({k: Fraction(v).limit_denominator(1000) for k, v in ONE.items()}, dict(sorted(MANY.items()))),
    (torch.tensor([*ONE.values()], requires_grad=True), np.array([*MANY.values()])),
    ({"p": "0,31", "loss": [1.17], "slope": "−0,69"}, MANY | {"needed": np.int64(800)}),
    (ONE | {"loss": 1.1711006659}, MANY | {"needed": 804.3, "note": "gerundet"}),
]


@pytest.mark.parametrize("one, many", RIGHT)
def test_every_form_of_the_numbers_is_right(one, many):
    assert [part[:12] for part in parts(15, one, many)] == ["**Richtig.**"] * 2


p, q, n = 1 / (1 + np.exp(0.8)), 0.84, 200
half = 1.96 * np.sqrt(q * (1 - q) / n)

MISTAKES = [
    (0, {"p": 0.69}, "Das Logit ist negativ"),
    (0, {"p": 0.449}, "erst $e^s$"),
    (0, {"p": 2.226}, "erst $e^{-s}$"),
    (0, {"p": 31}, "keine Prozente"),
    (0, {"loss": 0.371}, "wenn die Kritik negativ wäre"),
    (0, {"loss": 0.509}, "auf dem Taschenrechner `ln`"),
    (0, {"loss": 1.69}, "zur Basis 2"),
    (0, {"loss": -1.171}, "steht ein Minus"),
    (0, {"loss": -0.429}, "Vorzeichen von $y s$"),
    (0, {"loss": 0.69}, "minus der Logarithmus"),
    (0, {"loss": 3}, "Rechnen Sie nach"),
    (0, {"slope": 0.69}, "Zuerst steht die Wahrscheinlichkeit"),
    (0, {"slope": 0.31}, "Label ist noch nicht abgezogen"),
    (0, {"slope": 0.214}, "Ableitung von $\\sigma$"),
    (0, {"slope": -3.226}, "Ableitung nach $p$"),
    (1, {"low": q - half / 1.96}, "fehlt der Faktor 1.96"),
    (1, {"low": q - half * n**0.5}, "fehlt das $n$"),
    (1, {"high": q + half / n**0.5}, "umfasst den ganzen Bruch"),
    (1, {"high": q + 1.96 * q * (1 - q) / n}, "umfasst den ganzen Bruch"),
    (1, {"low": q - half / 0.4}, "Faktor $1 - q$"),
    (1, {"low": q + half, "high": q - half}, "vertauscht"),
    (1, {"low": 0.051}, "halbe Breite"),
    (1, {"low": 157.8}, "nicht die Anzahl"),
    (1, {"low": 78.9}, "keine Prozente"),
    (1, {"low": interval(q, n)[0]}, "nach Wilson"),
    (1, {"high": interval(q, n)[1]}, "nach Wilson"),
    (1, {"needed": 400}, "unter der Wurzel"),
    (1, {"needed": 100}, "Mit halb so vielen"),
    (1, {"needed": 50}, "Mit weniger Kritiken"),
    (1, {"needed": 283}, "muss $n$ stärker wachsen"),
    (1, {"needed": 600}, "insgesamt"),
    (1, {"needed": 5}, "Womit ist $n$ zu multiplizieren"),
    (0, {"p": None}, "`p`: Das ist keine Zahl (NoneType)"),
    (0, {"loss": "viel"}, "ist keine Zahl, gefragt"),
    (1, {"low": np.nan}, "reelle, endliche Zahl"),
    (1, {"high": (0, 89)}, "Dezimalzahlen haben einen Punkt"),
    (1, {"needed": [800, 800, 800]}, "eine einzige Zahl"),
]


@pytest.mark.parametrize("at, wrong, hint", MISTAKES)
def test_a_wrong_number_gets_its_own_hint(at, wrong, hint):
    answers = [ONE, MANY]
    answers[at] = answers[at] | wrong
    found = parts(15, *answers)
    assert found[at].startswith("**Noch nicht.**") and hint in found[at]
    assert found[1 - at].startswith("**Richtig.**")
    secrets = ("0.31", "1.17", "-0.69", "0.789", "0.891", "800")
    assert not any(secret in found[at] for secret in secrets)


@pytest.mark.parametrize("answer", [{}, {"p": 1}, [1, 2], "abc", 3, None, np.zeros((2, 2))])
def test_what_is_no_dictionary(answer):
    for part, name in zip(parts(15, answer, answer), ("`loss`", "`needed`")):
        assert part.startswith("**Noch nicht.** ") and "Wörterbuch" in part and name in part


def test_one_part_may_be_open():
    found = parts(15, ONE, {"low": ..., "high": ..., "needed": ...})
    assert found[0].startswith("**Richtig.**") and found[1].startswith("**Noch offen.**")
