"""Die Übungen zu 9.3.6: Formen, Parameter, die LSTM von 1997, zwei GRU, ein Riegel, ein Versuch."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch
from answers import judge, with_gradient

from anncourse.cells import gru_step, sigmoid
from anncourse.experiments.one_unit import by_hand


def part(letter: str, text: str) -> str:
    """Das Urteil über einen Teil."""
    (found,) = (v for v in text.split("\n\n") if f"Teil {letter}: " in v)
    return found


# --- Übungen 1 und 2 ----------------------------------------------------------------------------


def shapes(output=(16, 120, 64), h_n=(2, 16, 64)):
    return {"output": output, "h_n": h_n}


def count(biases=2, gates=(1, 4, 3), width=None, layers=None, deeper=None):
    def parameters(cell, I, H, L):
        G = dict(zip(("rnn", "lstm", "gru"), gates))[cell]
        if deeper:
            return G * H * (I + H + 2) + deeper(G, H, L)
        widths = [I] * L if width == "I" else [I] + [H] * (L - 1)
        return sum(G * H * (w + H + biases) for w in widths[:layers])

    return parameters


@pytest.mark.parametrize(
    "number, answer",
    [
        (1, shapes()),
        (1, {"output": [16, 120, 64], "h_n": np.array([2, 16, 64])}),
        (1, shapes(output=torch.Size((16, 120, 64)), h_n=torch.tensor([2, 16, 64]))),
        (1, {"H_N": (2, 16, 64), "Output": (16, 120, 64)}),
        (1, ((16, 120, 64), (2, 16, 64))),
        (1, [[16, 120, 64], [2, 16, 64]]),
        (1, np.array([(16, 120, 64), (2, 16, 64)])),
        (1, torch.tensor([(16.0, 120, 64), (2, 16, 64)], requires_grad=True)),
        (2, count()),
        (2, with_gradient(count())),
        (2, lambda *case: Fraction(count()(*case))),
        (2, lambda *case: Decimal(count()(*case))),
        (2, lambda *case: np.float32(count()(*case))),
        (
            2,
            lambda c, I, H, L: (
                {"rnn": 1, "lstm": 4, "gru": 3}[c] * H * (I + 2 + H * (2 * L - 1) + 2 * (L - 1))
            ),
        ),
    ],
)
def test_any_right_form_counts(number, answer):
    assert judge(number, answer).startswith("**Richtig.**")


@pytest.mark.parametrize(
    "number, answer, hint",
    [
        (1, shapes(output=(120, 16, 64)), "steht der Stapel vorn"),
        (1, shapes(output=(16, 120, 50)), "nicht die der Eingabe"),
        (1, shapes(output=(16, 120, 128)), "nur die oberste Schicht"),
        (1, shapes(output=(16, 64)), "jeden Zeitschritt"),
        (1, shapes((2, 16, 64), (16, 120, 64)), "die beiden sind vertauscht"),
        (1, ((2, 16, 64), (16, 120, 64)), "die beiden sind vertauscht"),
        (1, shapes(output=(1, 2, 3)), "drei Achsen: Stapel"),
        (1, shapes(h_n=(16, 2, 64)), "steht die Schicht vorn"),
        (1, shapes(h_n=(1, 16, 64)), "*jeder* Schicht"),
        (1, shapes(h_n=(16, 64)), "Achse für die Schichten"),
        (1, shapes(h_n=(2, 16, 120, 64)), "nur den letzten Zeitschritt"),
        (1, shapes(h_n=(1, 2, 3)), "drei Achsen: Schicht"),
        (1, (16, 120, 64), "Wörterbuch mit `output`"),
        (1, {"output": (16, 120, 64)}, "Wörterbuch mit `output`"),
        (1, shapes(output="(16, 120, 64)"), "Text (str), gefragt ist ein Tupel von Zahlen"),
        (1, shapes(output={16, 120, 64}), "(set), gefragt ist ein Tupel"),
        (1, shapes(h_n=None), "`h_n`: Das ist keine Zahl (NoneType)"),
        (1, shapes(output=np.zeros((16, 120, 64))), "viel zu viele Zahlen"),
        (1, shapes(output=np.zeros((16, 12, 6))), "die Form als Tupel"),
        (1, shapes(output=(16, 64, 120)), "(16, 64, 120) stimmt nicht."),
        (2, count(biases=1), "*zwei* Achsenabschnitte"),
        (2, count(gates=(1, 1, 1)), "Je Tor"),
        (2, count(width="I"), "Ab der zweiten Schicht"),
        (2, count(layers=1), "Jede Schicht hat eigene"),
        (2, lambda *_: 7, "PyTorch hat 80 Parameter, Ihre Funktion sagt 7"),
        (2, count(deeper=lambda G, H, L: G * 2 * H * (2 * H + 2) if L > 1 else 0), "rnn(9, 5, 2"),
        (2, count(deeper=lambda G, H, L: (L - 1) * 4 * H * (2 * H + 2)), "rnn(9, 5, 2 Schichten)"),
        (
            2,
            lambda *case: str(count()(*case)),
            "(9, 5, 1 Schicht): Das ist ein Text (str), gefragt",
        ),
        (2, lambda *case: [count()(*case)], "eine Zahl, Ihr Ergebnis hat die Form (1,)"),
        (2, lambda cell, I, H, L: {"RNN": 1}[cell], "Schlüssel `rnn`"),
    ],
)
def test_a_mistake_with_shapes_or_parameters_gets_its_own_hint(number, answer, hint):
    text = judge(number, answer)
    assert text.startswith("**Noch nicht.**")
    assert hint in text


def test_dots_inside_m_tuple_are_open():
    assert judge(1, shapes(output=(16, ..., 64))).startswith("**Noch offen.**")


# --- Übung 6: die LSTM von 1997 und der direkte Weg ---------------------------------------------


def lstm(carry="c + i * k", output="o * np.tanh(new)"):
    def step(x, state, p):
        h, c = state["h"], state["c"]
        i, o = (sigmoid(p[f"W_{g}"] @ x + p[f"U_{g}"] @ h + p[f"b_{g}"]) for g in "io")
        k = np.tanh(p["W_c"] @ x + p["U_c"] @ h + p["b_c"])
        names = {"np": np, "c": c, "i": i, "o": o, "k": k}
        names["new"] = eval(carry, names)
        return {"h": eval(output, names), "c": names["new"]}

    return step


def path(gated="f[T - k:].prod(axis=0)", ungated="np.ones(H)"):
    def direct_path(run, k):
        T, H = run["f"].shape
        names = {"np": np, "torch": torch, "T": T, "H": H, "k": k, "run": run, **run}
        return {"2000": eval(gated, names), "1997": eval(ungated, names)}

    return direct_path


def loop(run, k):
    factor = np.ones_like(run["f"][0])
    for back in range(k):
        factor = factor * run["f"][-1 - back]
    return factor, 1


@pytest.mark.parametrize("answer", [lstm(), lstm(carry="i * k + c"), with_gradient(lstm())])
def test_the_cell_of_1997_counts_alone(answer):
    text = judge(6, answer)
    assert text.startswith("**Richtig.** Teil a: ")
    assert "**Noch offen.** Teil b: " in text
    assert "Einheitsmatrix" not in text


@pytest.mark.parametrize(
    "answer",
    [
        path(),
        with_gradient(path()),
        loop,
        path("np.exp(np.log(f[T - k:]).sum(axis=0))", "[1] * H"),
        path("np.diag(np.diag(f[T - k:].prod(0))).tolist()", "1.0"),
        path("torch.tensor(f[T - k:]).prod(dim=0)", "torch.ones(H)"),
        path("f[::-1][:k].prod(axis=0)", "f[0] ** 0"),
        lambda run, k: {2000: path()(run, k)["2000"], 1997: Fraction(1)},
        lambda run, k: np.stack([run["f"][len(run["f"]) - k :].prod(axis=0), 1 + 0 * run["f"][0]]),
    ],
)
def test_any_direct_path_counts(answer):
    assert part("b", judge(6, lstm(), answer)).startswith("**Richtig.**")


def test_a_direct_path_for_three_units_alone_is_not_enough():
    three = path("f[T - k:].prod(axis=0)", "[1, 1, 1]")
    assert "hat die Form (3,)" in part("b", judge(6, lstm(), three))


@pytest.mark.parametrize(
    "answer, hint",
    [
        (lstm(carry="i * k"), "alte Übertrag fehlt"),
        (lstm(carry="i * c + k"), "nicht auf den alten Übertrag"),
        (lstm(carry="(1 - i) * c + i * k"), "Kopplung"),
        (lstm(carry="c + k"), "Eingangstor $i_t$ fehlt"),
        (lstm(carry="c - k"), "kein Tor davorsteht"),
        (lstm(output="o * np.tanh(c)"), "*neue* Übertrag"),
        (lstm(output="o * new"), "noch tanh"),
        (lstm(output="np.tanh(new)"), "Ausgangstor fehlt"),
        (lstm(output="c"), "wie in `lstm_step`"),
        (lambda x, state, p: {"h": p["W_f"] @ x, "c": 0}, "1997 gab es kein Vergesstor"),
        (lambda x, state, p: state["h"], "Wörterbuch"),
        (lambda x, state, p: {"h": 0, "c": [1, [2, 3]]}, "$c_t$: Die Teile"),
        (lambda x, state, p: {"h": 0, "c": None}, "$c_t$: Das ist keine Zahl (NoneType)"),
    ],
)
def test_a_mistake_in_the_cell_of_1997_gets_its_own_hint(answer, hint):
    text = part("a", judge(6, answer))
    assert text.startswith("**Noch nicht.**")
    assert hint in text


@pytest.mark.parametrize(
    "answer, hint",
    [
        (path("f[-1]"), "nur $f_T$"),
        (path("f[-1] ** k"), "$k$-mal dasselbe Tor"),
        (path("f.prod(axis=0)"), "alle $T$ Schritte"),
        (path("f[:k].prod(axis=0)"), "die *ersten* $k$"),
        (path("f[max(T - k - 1, 0):T - 1].prod(axis=0)"), "Um eins verschoben"),
        (path("f[max(T - k - 1, 0):].prod(axis=0)"), "Ein Faktor zu viel"),
        (path("f[T - k + 1:].prod(axis=0)"), "Ein Faktor zu wenig"),
        (path("f[T - k:].sum(axis=0)"), "Sie addieren"),
        (path("f[T - k:].mean(axis=0)"), "Sie mitteln"),
        (path("i[T - k:].prod(axis=0)"), "das Eingangstor"),
        (path("o[T - k:].prod(axis=0)"), "das Ausgangstor"),
        (path("(f + i * candidate)[T - k:].prod(axis=0)"), "Kandidat gehört nicht dazu"),
        (path("(f * o * (1 - np.tanh(c) ** 2))[T - k:].prod(axis=0)"), "zum Umweg"),
        (path("f[-k:].prod(axis=0)"), "k = 0: Auf dem Weg von $c_T$ zu $c_T$"),
        (path("f[T - k:].prod()"), "der Form (3,), Ihr Ergebnis hat die Form ()"),
        (path("f[T - k:].prod(axis=1)"), "Erwartet wird ein Feld der Form (3,)"),
        (path("f[T - k:].cumprod(axis=0)"), "Erwartet wird ein Feld der Form (3,)"),
        (path("np.round(f[T - k:].prod(axis=0), 3)"), "Runden Sie nicht"),
        (path("f[T - 4:].prod(axis=0)"), "k = 2: "),
        (path("c[T - k:].prod(axis=0)"), "bringt den Faktor $f_t$"),
        (path(ungated="f[T - k:].prod(axis=0)"), "1997 gibt es kein Vergesstor"),
        (path(ungated="np.zeros(H)"), "verschwände der Gradient ganz"),
        (path(ungated="0"), "verschwände der Gradient ganz"),
        (path(ungated="i[T - k:].prod(axis=0)"), "`1997`, k = 4: Das Eingangstor"),
        (path(ungated="0.5"), "in jedem Schritt dieselbe Zahl"),
        (path(ungated="np.ones((k, H))"), "der Form (3,), Ihr Ergebnis hat die Form (4, 3)"),
        (path(ungated="'eins'"), "ein Text (str)"),
        (path(ungated="np.nan"), "enthält `nan`"),
        (lambda run, k: run["f"][-1], "Wörterbuch mit `2000` und `1997`"),
        (lambda run, k: {"2000": 1}, "Wörterbuch mit `2000` und `1997`"),
        (lambda run: 1, "bricht ab: `TypeError"),
        (np.ones(3), "ohne Klammern"),
    ],
)
def test_a_mistake_on_the_direct_path_gets_its_own_hint(answer, hint):
    text = part("b", judge(6, lstm(), answer))
    assert text.startswith("**Noch nicht.**")
    assert hint in text


@pytest.mark.parametrize(
    "answer", [path("..."), path(ungated="..."), lambda run, k: {"2000": [..., 1, 1], "1997": 1}]
)
def test_dots_on_the_direct_path_are_open(answer):
    assert part("b", judge(6, lstm(), answer)).startswith("**Noch offen.**")


def test_dots_in_the_cell_are_open():
    assert judge(6, lambda x, state, p: {"h": state["h"], "c": ...}).startswith("**Noch offen.**")


# --- Übung 7: die GRU nach Cho und jene von PyTorch ---------------------------------------------


def gru(candidate="np.tanh(Wx + U @ (r * h) + b)", new="(1 - z) * n + z * h"):
    def step(x, state, p):
        h = state["h"]
        r, z = (sigmoid(p[f"W_{g}"] @ x + p[f"U_{g}"] @ h + p[f"b_{g}"]) for g in "rz")
        names = {"np": np, "h": h, "r": r, "z": z, "U": p["U_h"], "b": p["b_h"]}
        names |= {"Wx": p["W_h"] @ x}
        names["n"] = eval(candidate, names)
        return {"h": eval(new, names)}

    return step


MIX = ((1, 2, 3), (4, 5, 6), (7, 8, 9))


def forms(
    r=(0.3, 0.3, 0.3), U_h=((1, 0, 0), (0, 2, 0), (0, 0, 3)), different=((0.1, 0.5, 0.9), MIX)
):
    return {"r": r, "U_h": U_h, "different": different}


@pytest.mark.parametrize("answer", [gru(), gru(new="n + z * (h - n)"), with_gradient(gru())])
def test_the_gru_of_cho_counts_alone(answer):
    text = judge(7, answer)
    assert text.startswith("**Richtig.** Teil a: ")
    assert "**Noch offen.** Teil b: " in text
    assert "diagonal" not in text


@pytest.mark.parametrize(
    "answer",
    [
        forms(),
        forms(r=np.full(3, 0.5), U_h=np.eye(3)),
        forms(r=torch.sigmoid(torch.zeros(3, requires_grad=True)), U_h=torch.diag(torch.ones(3))),
        forms(r=[0.9, 0.9, 0.9], U_h=[[-1, 0, 0], [0, 2, 0], [0, 0, 5]]),
        forms(r=[Fraction(1, 3)] * 3, U_h=[[Decimal(2), 0, 0], [0, 1, 0], [0, 0, 1]]),
        forms(r=[0.4, 0.4], U_h=np.eye(5), different=([0.1, 0.9], [[0, 1], [0, 0]])),
        forms(
            r=np.full((3, 1), 0.2), different=([0.2, 0.2, 0.7], [[1, 1, 0], [1, 1, 1], [0, 0, 1]])
        ),
        forms(different={"U_h": MIX, "r": [0.1, 0.2, 0.3]}),
        forms(different=[np.array([0.1, 0.2, 0.3]), torch.ones(3, 3)]),
        tuple(forms().values()),
    ],
)
def test_any_example_of_the_two_forms_counts(answer):
    assert part("b", judge(7, gru(), answer)).startswith("**Richtig.**")


@pytest.mark.parametrize(
    "answer, hint",
    [
        (lambda x, state, p: gru_step(x, state, p), "gehört zur Form von PyTorch"),
        (gru(candidate="np.tanh(Wx + b + r * (U @ h))"), "Form von PyTorch"),
        (gru(new="z * n + (1 - z) * h"), "den *alten* Zustand"),
        (gru(candidate="np.tanh(Wx + b + U @ h)"), "Rücksetztor fehlt"),
        (gru(candidate="np.tanh(r * (Wx + b + U @ h))"), "nicht auf die Eingabe"),
        (gru(new="n"), "erst der Kandidat"),
        (gru(new="h"), "mit Gleichung (9.3.26)"),
        (gru(new="n + z * h"), "der Faktor $1 - z_t$"),
        (gru(new="(1 - z) * n"), "fehlt der alte Zustand"),
        (gru(new="(1 - z) * n + z * r * h"), "der alte Zustand ohne $r_t$"),
    ],
)
def test_a_mistake_in_the_gru_gets_its_own_hint(answer, hint):
    text = part("a", judge(7, answer))
    assert text.startswith("**Noch nicht.**")
    assert hint in text


@pytest.mark.parametrize(
    "answer, hint",
    [
        (forms(r=[0.1, 0.5, 0.9]), "`r`: Mit den Werten [0.1, 0.5, 0.9]"),
        (forms(r=[0.5, 0.5, 0.500_1]), "`r`: Mit den Werten"),
        (forms(r=[2, 2, 2]), "`r`: Ein Tor liegt zwischen 0 und 1"),
        (forms(r=[-0.5] * 3), "`r`: Ein Tor liegt zwischen 0 und 1"),
        (forms(r=0.5), "`r`: Gefragt ist je Einheit eine Zahl"),
        (forms(r=[0.5]), "`r`: Mit einer Einheit"),
        (forms(r=np.eye(3)), "hat die Form (3, 3)"),
        (forms(r="0.5"), "`r`: Das ist ein Text"),
        (forms(r=[np.nan] * 3), "`r`: Gefragt sind reelle, endliche Zahlen"),
        (forms(U_h=MIX), "In Zeile 1, Spalte 2 steht 2"),
        (forms(U_h=[[1, 0, 0], [0, 1, 0], [5, 0, 1]]), "In Zeile 3, Spalte 1 steht 5"),
        (forms(U_h=np.eye(3)[[1, 2, 0]]), "In Zeile 1, Spalte 2"),
        (forms(U_h=[1, 2, 3]), "`U_h`: Gefragt ist eine Matrix"),
        (forms(U_h=np.ones((2, 3))), "Ihre Antwort hat die Form (2, 3)"),
        (forms(U_h=[[1]]), "`U_h`: Mit einer Einheit"),
        (forms(U_h=[[1, 2], [3]]), "verschieden lang"),
        (forms(U_h=None), "`U_h`: Das ist keine Zahl"),
        (forms(different=([0.5] * 3, MIX)), "`different`: Alle Werte von $r$ sind gleich"),
        (forms(different=([0.1, 0.5, 0.9], np.eye(3))), "`different`: $U_h$ ist diagonal"),
        (
            forms(different=([0.2, 0.2, 0.7], [[1, 1, 0], [1, 1, 0], [0, 0, 1]])),
            "nur Einheiten, deren $r$ gleich ist",
        ),
        (forms(different=([0.1, 0.5], MIX)), "$r$ hat 2 Werte, $U_h$ aber 3 Zeilen"),
        (forms(different=(MIX, [0.1, 0.5, 0.9])), "`different`, r: Gefragt ist je Einheit"),
        (forms(different=[0.1, 0.5, 0.9]), "`different`: Erwartet werden zwei Teile"),
        (forms(different=None), "`different`: Erwartet werden zwei Teile"),
        ({"r": [0.5] * 3}, "Wörterbuch mit `r`, `U_h` und `different`"),
        (3, "Wörterbuch mit `r`, `U_h` und `different`"),
    ],
)
def test_an_example_that_does_not_fit_gets_its_own_hint(answer, hint):
    text = part("b", judge(7, gru(), answer))
    assert text.startswith("**Noch nicht.**")
    assert hint in text


@pytest.mark.parametrize(
    "answer", [..., forms(r=...), forms(different=(..., ...)), forms(U_h=[...])]
)
def test_dots_among_the_examples_are_open(answer):
    assert part("b", judge(7, gru(), answer)).startswith("**Noch offen.**")


# --- Übung 18: von Hand -------------------------------------------------------------------------


def sigma(x: float) -> float:
    return 1 / (1 + np.exp(-x))


i, f, o, k = sigma(0.5), sigma(2.5), sigma(-0.5), np.tanh(-1)
C = 1.8 * f + i * k
H = o * np.tanh(C)


def step(c: object = C, h: object = H, factor: object = f):
    return {"c": c, "h": h, "factor": factor}


@pytest.mark.parametrize(
    "answer",
    [
        step(),
        step(1.189, 0.314, 0.924),
        step("1.189", "0,3135", "0.924"),
        step(Decimal("1.19"), Fraction(314, 1000), np.float32(0.9241)),
        step(torch.tensor([C], requires_grad=True), np.array([[H]]), [f]),
        {"FACTOR": 0.924, "H": 0.314, "C": 1.189},
        (1.189, 0.314, 0.924),
        np.array([1.189, 0.314, 0.924]),
    ],
)
def test_a_step_by_hand_counts_in_any_form(answer):
    assert part("a", judge(18, answer)).startswith("**Richtig.**")


@pytest.mark.parametrize(
    "answer, hint",
    [
        (step(c=i * k), "$c_t$: Der alte Übertrag fehlt"),
        (step(c=1.8 * i + f * k), "$c_t$: Eingangstor und Vergesstor"),
        (step(c=1.8 + i * k), "$c_t$: Das Vergesstor fehlt"),
        (step(c=1.8 * f + k), "$c_t$: Das Eingangstor fehlt"),
        (step(c=1.8 * f + (1 - f) * k), "nicht $1 - f_t$"),
        (step(c=1.8 * f), "$c_t$: Der Kandidat fehlt"),
        (step(c=1.8 * f - i), "$c_t$: Der Kandidat geht durch tanh."),
        (step(c=1.8 * f + i * sigma(-1)), "$c_t$: Der Kandidat geht durch tanh, nicht"),
        (step(c=1.8 * np.tanh(2.5) + np.tanh(0.5) * k), "Die Tore gehen durch $\\sigma$"),
        (step(c=-0.5 * f + i * k), "kommt $c_{t-1}$, nicht $h_{t-1}$"),
        (step(c=1.8 * sigma(2) + sigma(1) * np.tanh(-0.5)), "fehlt $u\\, h_{t-1}$"),
        (step(c=1.8 * sigma(1.5) + sigma(0.5) * np.tanh(-1.5)), "Achsenabschnitt $b$"),
        (step(c=1.8 * sigma(0.2) + sigma(2.8) * np.tanh(1.3)), "In den Summen steht $h_{t-1}$"),
        (step(c=H), "$c_t$: Das ist $h_t$"),
        (step(c=-C), "$c_t$: Das Vorzeichen"),
        (step(c=7), "$c_t$: Rechnen Sie die vier Summen nach"),
        (step(h=o * C), "$h_t$: Vor dem Ausgangstor steht noch tanh"),
        (step(h=np.tanh(C)), "$h_t$: Das Ausgangstor fehlt"),
        (step(h=o * np.tanh(1.8)), "*neue* Übertrag"),
        (step(h=np.tanh(o * C)), "Zuerst tanh, dann das Tor"),
        (step(h=i * np.tanh(C)), "steht das Eingangstor"),
        (step(h=f * np.tanh(C)), "steht das Vergesstor"),
        (step(h=o * sigma(C)), "tanh, nicht $\\sigma$"),
        (step(h=o), "$o_t$ allein"),
        (step(h=0.3), "$h_t$: Gefragt ist $o_t \\tanh(c_t)$"),
        (step(factor=1.8 * f), "Faktor: Das ist $f_t\\, c_{t-1}$"),
        (step(factor=i), "Faktor: Das ist das Eingangstor"),
        (step(factor=o), "Faktor: Das ist das Ausgangstor"),
        (step(factor=f * (1 - f)), "Ableitung von $\\sigma$"),
        (step(factor=1), "Ohne Vergesstor wäre es 1"),
        (step(factor=f * o * (1 - np.tanh(C) ** 2)), "Das führt weiter bis $h_t$"),
        (step(factor=2.5), "die Summe vor $\\sigma$"),
        (step(factor=92.4), "keine Prozente"),
        (step(c=(1, 189)), "Dezimalzahlen haben einen Punkt"),
        (step(c=None), "$c_t$: Das ist keine Zahl"),
        (step(c="viel"), "ist keine Zahl, gefragt ist eine Zahl"),
        (step(c=[1, 2, 3]), "eine einzige Zahl"),
        (step(c=np.nan), "endliche Zahl"),
        ({"c": C}, "Wörterbuch mit `c`, `h` und `factor`"),
    ],
)
def test_a_mistake_in_the_step_by_hand_gets_its_own_hint(answer, hint):
    text = part("a", judge(18, answer))
    assert text.startswith("**Noch nicht.**")
    assert hint in text
    assert not any(f"{number:.3f}" in text for number in (C, H, f))


# --- Übung 18: der Riegel -----------------------------------------------------------------------

LATCH = {"W_i": [-20, 0], "b_i": 10, "W_f": [20, 0], "b_f": -10}
LATCH |= {"W_o": [0, 0], "b_o": 10, "W_c": [0, 10], "b_c": -5}
HELD_BY_U = {"W_i": [-10, 0], "b_i": 5, "W_f": [10, 0], "b_f": -5, "W_o": [0, 0], "b_o": 8}
HELD_BY_U |= {"W_c": [0, 8], "b_c": -4, "U_c": 1.0}


@pytest.mark.parametrize(
    "answer",
    [
        LATCH,
        {name: np.array(value, float) for name, value in LATCH.items()},
        {
            name: torch.tensor(value, dtype=torch.double, requires_grad=True)
            for name, value in LATCH.items()
        },
        {name: [value] if name[0] == "W" else [value] for name, value in LATCH.items()},
        {name.lower(): value for name, value in reversed(LATCH.items())},
        tuple(LATCH.values()),
        LATCH | {"W_o": [3, -3], "b_o": Fraction(11, 2)},
        LATCH | {"W_c": [-1, 6], "b_c": Decimal("-3")},
        LATCH | {"W_i": [-12, 0], "b_i": 6, "W_f": [11, 0], "b_f": -5.5},
        LATCH | {"W_i": [-2000, 0], "b_i": 1000, "W_c": [0, 1e300], "b_c": -1e299},
        LATCH | {f"U_{g}": np.zeros((1, 1)) for g in "ifoc"},
        HELD_BY_U,
    ],
)
def test_any_weights_that_hold_count(answer):
    assert part("b", judge(18, ..., answer)).startswith("**Richtig.**")


@pytest.mark.parametrize(
    "change, hint",
    [
        ({"W_c": [0, 5], "b_c": 0}, "Beim Wert 0 kommt fast 0 auf die Spur"),
        ({"W_c": [0, -10], "b_c": 5}, "Kandidat: Das Vorzeichen ist verkehrt"),
        ({"W_c": [10, 0]}, "Er muss $v_t$ lesen"),
        ({"W_c": [0, 0], "b_c": 0}, "Er muss $v_t$ lesen"),
        ({"W_c": [0, 5], "b_c": 1}, "Das Vorzeichen soll die beiden unterscheiden"),
        ({"W_i": [20, 0], "b_i": -10}, "Eingangstor: Es öffnet bei der Ablenkung"),
        ({"W_f": [-20, 0], "b_f": 10}, "Vergesstor: Es löscht bei der Ablenkung"),
        ({"W_i": [0, 0]}, "Bei der Ablenkung ist es im Mittel 1.00 offen"),
        ({"W_i": [-4, 0], "b_i": 2}, "Bei der Ablenkung ist es im Mittel 0.12 offen"),
        ({"W_i": [0, -20]}, "Eingangstor: Bei der Ablenkung"),
        ({"W_f": [0, 0]}, "nach vielen Schritten ist der Wert verblasst"),
        ({"W_f": [5, 0], "b_f": -3}, "das 0.88-Fache"),
        ({"W_f": [0, 0], "b_f": 10}, "das Alte bleibt liegen"),
        ({"W_i": [0, 0], "b_i": -10}, "der neue Wert kommt kaum auf die Spur"),
        ({"b_o": -10}, "er kommt nicht immer heraus"),
        ({"W_o": [-20, 0]}, "er kommt nicht immer heraus"),
        ({"U_f": -30}, "Mit $U = 0$ hielte Ihr Riegel"),
        ({"U_i": 40}, "Mit $U = 0$ hielte Ihr Riegel"),
        ({"W_i": [-20, 0, 0]}, "`W_i`: Gefragt sind zwei Zahlen, für $m_t$ und $v_t$; Sie haben 3"),
        ({"W_f": 20}, "`W_f`: Gefragt sind zwei Zahlen"),
        ({"b_o": [1, 2, 3]}, "`b_o`: Gefragt ist eine einzige Zahl"),
        ({"b_o": None}, "`b_o`: Das ist keine Zahl"),
        ({"W_c": ["0", "10"]}, "`W_c`: Das ist ein Text"),
        ({"W_c": [0, np.inf]}, "`W_c`: Gefragt sind reelle, endliche Zahlen"),
        ({"b_c": np.nan}, "`b_c`: Gefragt ist eine reelle, endliche Zahl"),
        ({"U_c": "x"}, "`U_c`: "),
    ],
)
def test_a_part_of_the_latch_that_fails_gets_its_own_hint(change, hint):
    text = part("b", judge(18, ..., LATCH | change))
    assert text.startswith("**Noch nicht.**")
    assert hint in text


@pytest.mark.parametrize(
    "answer, hint",
    [
        (by_hand(), "Sie haben 3"),
        ({"W_i": [-20, 0]}, "Wörterbuch mit `W_i`, `b_i`"),
        ([1, 2], "Wörterbuch mit `W_i`"),
        ("Riegel", "Wörterbuch mit `W_i`"),
    ],
)
def test_what_is_not_a_latch_gets_a_hint(answer, hint):
    text = part("b", judge(18, ..., answer))
    assert text.startswith("**Noch nicht.**")
    assert hint in text


def test_a_weak_candidate_is_not_blamed_on_the_gates():
    text = part("b", judge(18, ..., LATCH | {"W_c": [0, 1], "b_c": -0.5}))
    assert text.startswith("**Noch nicht.**") and "im Betrag ist er nur 0.46" in text


@pytest.mark.parametrize("answer", [..., LATCH | {"b_o": ...}, LATCH | {"W_c": [0, ...]}])
def test_dots_in_the_latch_are_open(answer):
    assert part("b", judge(18, {"c": 1.189, "h": 0.314, "factor": 0.924}, answer)).startswith(
        "**Noch offen.**"
    )


# --- Übung 19: vorhersagen, messen, folgern -----------------------------------------------------

EXPECTED = {0: 0.5, 1: 0.6, 3: 0.9}
MEASURED = {  # die ersten fünf Zufallsstarts
    0: [0.496, 0.512, 0.494, 0.512, 0.493],
    1: [0.496, 1.0, 0.495, 0.508, 0.494],
    3: [1.0, 1.0, 1.0, 1.0, 1.0],
}


@pytest.mark.parametrize(
    "answer",
    [
        EXPECTED,
        {"3": "0,9", "1": 0.5, "0": Fraction(1, 2)},
        {3.0: 0, 1.0: 0, 0.0: 1},
        (0.5, 0.5, 0.5),
        torch.tensor([0.5, 0.6, 0.7], requires_grad=True),
        pd.Series(EXPECTED),
    ],
)
def test_every_prediction_counts(answer):
    assert part("a", judge(19, answer)).startswith("**Richtig.**")


@pytest.mark.parametrize(
    "answer, hint",
    [
        (
            {0: 50, 1: 60, 3: 90},
            "$b_f = 0$: Gefragt ist ein Anteil zwischen 0 und 1, nicht Prozent",
        ),
        ({0: 0.5, 1: -1, 3: 1}, "$b_f = 1$: Ein Anteil ist nie negativ"),
        ({0: 0.5, 1: 0.5}, "Wörterbuch mit `0`, `1` und `3`"),
        ({0: "wenig", 1: 0.5, 3: 1}, "ist keine Zahl, gefragt ist eine Zahl"),
        ({0: [0.5, 0.6], 1: 0.5, 3: 1}, "$b_f = 0$: Gefragt ist eine einzige Zahl"),
        ({0: None, 1: 0.5, 3: 1}, "$b_f = 0$: Das ist keine Zahl"),
        ({0: 0.5, 1: 0.5, 3: float("nan")}, "$b_f = 3$: Gefragt ist eine reelle, endliche Zahl"),
        (3, "Wörterbuch mit `0`"),
    ],
)
def test_what_is_not_a_prediction_gets_a_hint(answer, hint):
    text = part("a", judge(19, answer))
    assert text.startswith("**Noch nicht.**")
    assert hint in text


def test_the_verdict_compares_prediction_and_measurement():
    text = part("b", judge(19, EXPECTED, MEASURED))
    assert text.startswith("**Richtig.**")
    assert "0.50, 0.60, 1.00. Vorhergesagt hatten Sie 0.50, 0.60, 0.90." in text
    assert part("b", judge(19, ..., MEASURED)).endswith("0.50, 0.60, 1.00.")


@pytest.mark.parametrize(
    "answer",
    [
        MEASURED,
        {str(bias): tuple(values) for bias, values in reversed(MEASURED.items())},
        {bias: np.array(values) for bias, values in MEASURED.items()},
        {bias: torch.tensor(values, requires_grad=True) for bias, values in MEASURED.items()},
        list(MEASURED.values()),
        np.array(list(MEASURED.values())),
        pd.DataFrame(MEASURED),
        {0: [0.5, 0.51, 0.49, 0.5, 0.5], 1: [1.0] * 5, 3: [1.0] * 5},
        {0: [0.5, 0.5, 0.99, 0.51, 0.5, 0.5], 1: [0.5, 0.9, 0.5] * 2, 3: [0.775, 1.0, 0.9995] * 2},
    ],
)
def test_every_honest_measurement_counts(answer):
    assert part("b", judge(19, EXPECTED, answer)).startswith("**Richtig.**")


WRONG_GATE = {  # gemessen, als der Achsenabschnitt beim Eingangstor stand
    0: [0.496, 1.0, 0.495, 0.508, 0.494, 0.498],
    1: [0.496, 0.512, 0.491, 0.512, 0.493, 1.0],
    3: [0.496, 0.517, 0.487, 0.512, 1.0, 1.0],
}


@pytest.mark.parametrize(
    "answer, hint",
    [
        (WRONG_GATE, "Haben Sie das Vergesstor getroffen?"),
        (MEASURED | {3: [0.5, 0.51, 0.49, 0.5, 0.52]}, "stimmen im Mittel 0.50. Das ist zu wenig"),
        (MEASURED | {0: [0.9, 1.0, 0.8, 0.9, 1.0]}, "Das ist zu viel: Steht der Abstand"),
        (MEASURED | {0: MEASURED[1]}, "genau dieselben Zahlen"),
        ({bias: MEASURED[1] for bias in (0, 1, 3)}, "Kommt `bias` in `run` beim Vergesstor an?"),
        (MEASURED | {0: [0.492] * 5}, "Hat jeder seinen eigenen `seed`?"),
        (MEASURED | {3: [1.0] * 6}, "Die Zahl der Läufe ist verschieden: [5, 5, 6]"),
        (
            {bias: values[:2] for bias, values in MEASURED.items()},
            "Gefragt ist eine Liste von fünf",
        ),
        ({bias: 0.9 for bias in (0, 1, 3)}, "$b_f = 0$: Gefragt ist eine Liste"),
        ({bias: [] for bias in (0, 1, 3)}, "$b_f = 0$: Gefragt ist eine Liste"),
        ({bias: [MEASURED[bias]] for bias in (0, 1, 3)}, "$b_f = 0$: Gefragt ist eine Liste"),
        (
            MEASURED | {3: [100.0] * 5},
            "$b_f = 3$: Gefragt ist ein Anteil zwischen 0 und 1, nicht Prozent",
        ),
        (MEASURED | {0: [-0.1] * 5}, "$b_f = 0$: Ein Anteil ist nie negativ"),
        (MEASURED | {0: ["0.5"] * 5}, "$b_f = 0$: Das ist ein Text"),
        (MEASURED | {0: [None] * 5}, "$b_f = 0$: Das ist keine Zahl"),
        (MEASURED | {0: [np.nan] * 5}, "$b_f = 0$: Gefragt sind reelle, endliche Zahlen"),
        (MEASURED | {0: [0.5, [0.5, 0.5]]}, "verschieden lang"),
        ({1: MEASURED[1], 3: MEASURED[3]}, "Wörterbuch mit `0`, `1` und `3`"),
    ],
)
def test_what_cannot_be_a_measurement_gets_its_own_hint(answer, hint):
    text = part("b", judge(19, EXPECTED, answer))
    assert text.startswith("**Noch nicht.**")
    assert hint in text


MIXED = MEASURED | {0: [0.5, 0.51, 0.5, 0.49, 1.0]}  # ein Lauf löst auch mit 0
EARLY = MEASURED | {1: [1.0, 1.0, 0.5, 0.99, 0.98]}  # vier lösen mit 1


@pytest.mark.parametrize(
    "measured, answer",
    [
        (MEASURED, "AB"),
        (MEASURED, "b, a"),
        (MEASURED, ["A", "B"]),
        (MEASURED, {"b", "a"}),
        (MEASURED, "A und B"),
        (MIXED, "A"),
        (EARLY, "ABC"),
    ],
)
def test_a_conclusion_is_judged_by_the_readers_own_numbers(measured, answer):
    assert part("c", judge(19, EXPECTED, measured, answer)).startswith("**Richtig.**")


@pytest.mark.parametrize(
    "measured, answer, hint",
    [
        (MEASURED, "B", "A folgt. Ihre Messung: 1.00 gegen 0.50"),
        (MEASURED, "A", "B folgt. Ihre Messung: 1.00 gegen 0.51"),
        (MEASURED, "ABC", "C folgt nicht. Ihre Messung: gelöst in 1 von 5 Läufen"),
        (MEASURED, "ABD", "nicht, welche Gewichte es gibt"),
        (MEASURED, "ABE", "keine Kritik"),
        (MEASURED, "ABF", "Mit mehr Stapeln haben Sie nicht gemessen"),
        (MIXED, "AB", "B folgt nicht. Ihre Messung: 1.00 gegen 1.00"),
        (EARLY, "AB", "C folgt. Ihre Messung: gelöst in 4 von 5 Läufen"),
        (MEASURED, "ABX", "von a bis f"),
        (MEASURED, "", "A folgt"),
        (MEASURED, 3, "Gefragt sind Buchstaben"),
        (WRONG_GATE, "AB", "Zuerst muss Teil b stimmen"),
        (3, "AB", "Zuerst muss Teil b stimmen"),
    ],
)
def test_a_conclusion_that_does_not_follow_gets_its_own_hint(measured, answer, hint):
    text = part("c", judge(19, EXPECTED, measured, answer))
    assert text.startswith("**Noch nicht.**")
    assert hint in text


@pytest.mark.parametrize(
    "measured, answer", [(..., "AB"), (MEASURED, ...), (MEASURED | {0: ...}, "AB")]
)
def test_a_conclusion_without_measurement_is_open(measured, answer):
    assert part("c", judge(19, EXPECTED, measured, answer)).startswith("**Noch offen.**")
