"""Die Übungen: Lösung, Vorlage und typische Fehler werden richtig beurteilt."""

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from anncourse.cells import gru_step, sigmoid
from anncourse.teaching import exercises
from anncourse.teaching.display import Markdown

PAGE = Path(__file__).resolve().parents[1] / "notebooks" / "09_exercises.md"
NUMBERS = range(1, 9)


def parts(number: int) -> tuple[str, str, str]:
    """Vorlage, Prüfung und Lösung einer Übung, wie sie im Notebook stehen."""
    text = PAGE.read_text("utf-8").split(f"### Übung {number}:")[1]
    text = re.split(r"^##+ ", text, flags=re.MULTILINE)[0]
    cells = re.findall(r"^```\{code-cell\} ipython3\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    solutions = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(cells) == 2 and len(solutions) == 1
    return cells[0], cells[1].split("\n\n", 1)[1], solutions[0]


def verdict(code: str, check: str) -> str:
    space = {"np": np, "sigmoid": sigmoid, "exercises": exercises}
    exec(code, space)
    answer = eval(check, space)
    assert isinstance(answer, Markdown)
    return answer.data


@pytest.mark.parametrize("number", NUMBERS)
def test_the_solution_in_the_notebook_is_right(number):
    _, check, solution = parts(number)
    assert f"check_{number}(" in check
    assert verdict(solution, check).startswith("**Richtig.**")


@pytest.mark.parametrize("number", NUMBERS)
def test_the_starter_differs_and_is_open(number):
    starter, check, solution = parts(number)
    assert starter.strip() != solution.strip()
    assert verdict(starter, check).startswith("**Noch offen.**")


def judge(number: int, answer: object) -> str:
    return getattr(exercises, f"check_{number}")(answer).data


def raises(*_):
    raise RuntimeError("kaputt")


@pytest.mark.parametrize("number", range(2, 9))
def test_a_function_that_fails_gets_a_hint(number):
    assert "bricht ab: `RuntimeError: kaputt`" in judge(number, raises)
    assert "ohne Klammern" in judge(number, 3)
    assert judge(number, lambda *_: ...).startswith("**Noch offen.**")
    assert "**Noch nicht.** Ihre Funktion gibt nichts zurück." in judge(number, lambda *_: None)
    assert judge(number, lambda *_: "falsch").startswith("**Noch nicht.**")


# --- Typische Fehler: jeder bekommt seinen eigenen Hinweis -----------------------------------


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


def one_by_one(X, S, W, U, b):
    return [np.tanh(W @ x + U @ s + b) for x, s in zip(X, S)]


def clip(each=False, always=False, root=np.sqrt):
    def function(gradients, limit):
        total = root(sum(np.sum(g**2) for g in gradients))
        norms = [np.linalg.norm(g) if each else total for g in gradients]
        factors = [limit / n if always else min(1, limit / n) for n in norms]
        return [factor * g for factor, g in zip(factors, gradients)]

    return function


def lstm(carry="c + i * k", output="o * np.tanh(new)"):
    def step(x, state, p):
        h, c = state["h"], state["c"]
        i, o = (sigmoid(p[f"W_{g}"] @ x + p[f"U_{g}"] @ h + p[f"b_{g}"]) for g in "io")
        k = np.tanh(p["W_c"] @ x + p["U_c"] @ h + p["b_c"])
        names = {"np": np, "c": c, "i": i, "o": o, "k": k}
        names["new"] = eval(carry, names)
        return {"h": eval(output, names), "c": names["new"]}

    return step


def gru(candidate="np.tanh(Wx + U @ (r * h) + b)", new="(1 - z) * n + z * h"):
    def step(x, state, p):
        h = state["h"]
        r, z = (sigmoid(p[f"W_{g}"] @ x + p[f"U_{g}"] @ h + p[f"b_{g}"]) for g in "rz")
        names = {"np": np, "h": h, "r": r, "z": z, "U": p["U_h"], "b": p["b_h"]}
        names |= {"Wx": p["W_h"] @ x}
        names["n"] = eval(candidate, names)
        return {"h": eval(new, names)}

    return step


def with_gradient(function):
    """Dieselbe Funktion, deren Felder Tensoren mit Gradient sind."""

    def tensors(value):
        if isinstance(value, dict):
            return {key: tensors(part) for key, part in value.items()}
        if isinstance(value, (list, tuple)):
            return [tensors(part) for part in value]
        return torch.tensor(np.asarray(value, float), requires_grad=True)

    return lambda *arguments: tensors(function(*arguments))


def rnn_cell(X, S, W, U, b):
    cell = nn.RNNCell(4, 3, dtype=torch.double)
    weights = {"weight_ih": W, "weight_hh": U, "bias_ih": b, "bias_hh": np.zeros(3)}
    cell.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
    return cell(torch.tensor(X), torch.tensor(S))


def last(outputs, lengths):
    return outputs[np.arange(4), lengths - 1]


def total(gradients):
    return np.sqrt(sum(np.sum(g**2) for g in gradients))


def scale(factor):
    """Kürzt mit einem Faktor aus Schranke und Norm; er gilt nur oberhalb der Schranke."""

    def function(gradients, limit):
        norm = total(gradients)
        return [g * factor(limit, norm) for g in gradients] if norm > limit else gradients

    return function


def norms(reduce):
    """Kürzt nach der Summe oder der grössten der einzelnen Normen."""

    def function(gradients, limit):
        norm = reduce(np.linalg.norm(g) for g in gradients)
        return [g * min(1, limit / norm) for g in gradients]

    return function


def radius(U):
    return np.abs(np.linalg.eigvals(U)).max()


def norm(U, k):
    return np.linalg.norm(np.linalg.matrix_power(U, k), 2)


MISTAKES = [
    (1, shapes(output=(120, 16, 64)), "steht der Stapel vorn"),
    (1, shapes(output=(16, 120, 50)), "nicht die der Eingabe"),
    (1, shapes(output=(16, 120, 128)), "nur die oberste Schicht"),
    (1, shapes(output=(16, 64)), "jeden Zeitschritt"),
    (1, shapes(output=(1, 2, 3)), "drei Achsen: Stapel"),
    (1, shapes(h_n=(16, 2, 64)), "steht die Schicht vorn"),
    (1, shapes(h_n=(1, 16, 64)), "*jeder* Schicht"),
    (1, shapes(h_n=(16, 64)), "Achse für die Schichten"),
    (1, shapes(h_n=(2, 16, 120, 64)), "nur den letzten Zeitschritt"),
    (1, shapes(h_n=(1, 2, 3)), "drei Achsen: Schicht"),
    (1, (16, 120, 64), "Wörterbuch"),
    (2, count(biases=1), "*zwei* Achsenabschnitte"),
    (2, count(gates=(1, 1, 1)), "Je Tor"),
    (2, count(width="I"), "Ab der zweiten Schicht"),
    (2, count(layers=1), "Jede Schicht hat eigene"),
    (2, lambda *_: 7, "PyTorch hat 80 Parameter, Ihre Funktion sagt 7"),
    (3, lambda X, S, W, U, b: (W @ X.T + U @ S.T + b[:, None]).T, "Aktivierung tanh"),
    (3, lambda X, S, W, U, b: np.tanh(W @ X.T + U @ S.T + b[:, None]), "auf der Seite"),
    (3, lambda X, S, W, U, b: np.tanh(X @ W.T + S @ U.T), "Achsenabschnitt b"),
    (3, lambda X, S, W, U, b: np.tanh(X @ W.T + S @ U + b), "U muss transponiert"),
    (3, lambda X, S, W, U, b: np.tanh(X @ W.T + b), "vorige Zustand S"),
    (3, lambda X, S, W, U, b: np.tanh(W @ X + U @ S + b), "bricht ab: `ValueError"),
    (3, lambda X, S, W, U, b: np.zeros(3), "hat die Form (3,)"),
    (4, lambda outputs, lengths: outputs[:, -1], "*nach* dem Auffüllen"),
    (4, lambda outputs, lengths: outputs[np.arange(4), lengths], "Um eins verschoben"),
    (4, lambda outputs, lengths: outputs[:, lengths - 1], "die Nummer der Folge"),
    (4, lambda outputs, lengths: outputs.mean(axis=1), "Mittel über alle Schritte"),
    (4, lambda outputs, lengths: outputs[0], "hat die Form (6, 3)"),
    (4, lambda outputs, lengths: outputs[np.arange(4), (lengths - 1) % 5], "den ganzen Platz"),
    (5, clip(each=True), "jedes Feld für sich"),
    (5, lambda gs, limit: [np.clip(g, -limit, limit) for g in gs], "jede Zahl für sich"),
    (5, clip(always=True), "vergrössert ihn"),
    (5, clip(root=lambda square: square), "fehlt die Wurzel"),
    (5, lambda gs, limit: gs, "wirkt nicht"),
    (5, lambda gs, limit: [g / 2 for g in gs], "weicht Ihr Ergebnis"),
    (5, lambda gs, limit: gs[0], "Liste mit gleich vielen Feldern"),
    (6, lstm(carry="i * k"), "alte Übertrag fehlt"),
    (6, lstm(carry="i * c + k"), "nicht auf den alten Übertrag"),
    (6, lstm(carry="(1 - i) * c + i * k"), "Kopplung"),
    (6, lstm(carry="c + k"), "Eingangstor $i_t$ fehlt"),
    (6, lstm(carry="c - k"), "plus $i_t"),
    (6, lstm(output="o * np.tanh(c)"), "*neue* Übertrag"),
    (6, lstm(output="o * new"), "noch tanh"),
    (6, lstm(output="np.tanh(new)"), "Ausgangstor fehlt"),
    (6, lstm(output="c"), "Erwartet wird $o_t"),
    (6, lambda x, state, p: {"h": p["W_f"] @ x, "c": 0}, "Schlüssel `W_f`"),
    (6, lambda x, state, p: state["h"], "Wörterbuch"),
    (7, lambda x, state, p: gru_step(x, state, p), "Schlüssel `b_h2`"),
    (7, gru(candidate="np.tanh(Wx + b + r * (U @ h))"), "Form von PyTorch"),
    (7, gru(new="z * n + (1 - z) * h"), "den *alten* Zustand"),
    (7, gru(candidate="np.tanh(Wx + b + U @ h)"), "Rücksetztor fehlt"),
    (7, gru(candidate="np.tanh(r * (Wx + b + U @ h))"), "nicht auf die Eingabe"),
    (7, gru(new="n"), "erst der Kandidat"),
    (7, gru(new="h"), "Der Kandidat lautet"),
    (8, lambda U, k: (np.linalg.eigvals(U).max(), norm(U, k)), "den Betrag der Eigenwerte"),
    (8, lambda U, k: (np.linalg.eigvals(U).real.max(), norm(U, k)), "grösste *Realteil*"),
    (8, lambda U, k: (np.linalg.norm(U, 2), norm(U, k)), "grösste Singulärwert"),
    (8, lambda U, k: (0.0, norm(U, k)), "U ist 0.872542, Ihre Funktion sagt 0.0"),
    (8, lambda U, k: (radius(U), radius(U) ** k), "ist nicht die Norm"),
    (8, lambda U, k: (radius(U), np.linalg.norm(U, 2) ** k), "nur eine obere Schranke"),
    (8, lambda U, k: (radius(U), np.linalg.norm(np.linalg.matrix_power(U, k))), "Frobenius"),
    (8, lambda U, k: (radius(U), np.linalg.norm(U**k, 2)), "jede Zahl einzeln"),
    (8, lambda U, k: (radius(U), 0.0), "Für k = 5 ist der grösste Singulärwert"),
    (8, lambda U, k: radius(U), "zwei Zahlen"),
]


@pytest.mark.parametrize("number, answer, hint", MISTAKES)
def test_a_typical_mistake_gets_its_own_hint(number, answer, hint):
    text = judge(number, answer)
    assert text.startswith("**Noch nicht.**")
    assert hint in text


# --- Wer eine Angabe nicht benützt, hat nicht recht ------------------------------------------


@pytest.mark.parametrize(
    "number, answer, hint",
    [
        (2, count(deeper=lambda G, H, L: G * 2 * H * (2 * H + 2) if L > 1 else 0), "rnn(9, 5, 2"),
        (2, count(deeper=lambda G, H, L: (L - 1) * 4 * H * (2 * H + 2)), "rnn(9, 5, 2 Schichten)"),
        (5, scale(lambda limit, norm: 1 / norm), "Norm Ihres Ergebnisses ist 1.000"),
        (5, scale(lambda limit, norm: limit**2 / norm), "Norm Ihres Ergebnisses ist 0.250"),
        (5, scale(lambda limit, norm: limit**0.5 / norm), "Norm Ihres Ergebnisses ist 0.707"),
        (5, scale(lambda limit, norm: 1 / (limit * norm)), "Norm Ihres Ergebnisses ist 2.000"),
        (8, lambda U, k: (radius(U), norm(U, 5)), "Für k = 3"),
    ],
)
def test_an_answer_that_ignores_something_is_wrong(number, answer, hint):
    text = judge(number, answer)
    assert text.startswith("**Noch nicht.**")
    assert hint in text


# --- Was keine Zahlen sind, was die falsche Form hat, was fehlt ------------------------------


class Strange:
    def keys(self):
        raise RuntimeError("kaputt")


@pytest.mark.parametrize(
    "number, answer, hint",
    [
        (1, np.array([(16, 120, 64), (2, 16, 64)]), "Wörterbuch mit `output`"),
        (1, torch.tensor([(16, 120, 64), (2, 16, 64)]), "Wörterbuch mit `output`"),
        (1, Strange(), "nicht lesen: `RuntimeError('kaputt')`"),
        (1, shapes(output="(16, 120, 64)"), "Text (str), gefragt ist ein Tupel von Zahlen"),
        (1, shapes(output={16, 120, 64}), "keine Zahl (set), gefragt ist ein Tupel"),
        (1, shapes(h_n=None), "`h_n`: Das ist keine Zahl (NoneType)"),
        (1, shapes(output=np.zeros((16, 120, 64))), "die Form als Tupel"),
        (1, shapes(output=(16, 64, 120)), "(16, 64, 120) stimmt nicht."),
        (
            2,
            lambda *case: str(count()(*case)),
            "(9, 5, 1 Schicht): Das ist ein Text (str), gefragt",
        ),
        (2, lambda *case: [count()(*case)], "eine Zahl, Ihr Ergebnis hat die Form (1,)"),
        (2, lambda cell, I, H, L: {"RNN": 1}[cell], "Schlüssel `rnn`"),
        (3, lambda *_: [[1, 2], [3]], "verschieden lang"),
        (3, lambda *batch: {"h": one_by_one(*batch)}, "Das ist ein Wörterbuch (dict)"),
        (3, lambda *batch: np.round(one_by_one(*batch), 3), "Runden Sie nicht"),
        (3, lambda *batch: np.negative(one_by_one(*batch)), "Die Form stimmt, die Zahlen nicht"),
        (4, lambda outputs, lengths: [o[:n] for o, n in zip(outputs, lengths)], "verschieden lang"),
        (
            4,
            lambda outputs, lengths: [o[n - 1 :] for o, n in zip(outputs, lengths)],
            "verschieden lang",
        ),
        (4, lambda outputs, lengths: outputs[np.arange(4), lengths - 2], "die Zahlen nicht"),
        (4, lambda outputs, lengths: outputs[np.arange(4), -lengths], "die Zahlen nicht"),
        (4, lambda outputs, lengths: outputs[:, 0], "die Zahlen nicht"),
        (4, lambda outputs, lengths: outputs[:, lengths.max() - 1], "die Zahlen nicht"),
        (4, lambda outputs, lengths: {}[lengths[0]], "Schlüssel `2`"),
        (5, lambda gs, limit: (clip()(gs, limit), total(gs)), "Liste mit gleich vielen Feldern"),
        (5, lambda gs, limit: [g.astype(str) for g in gs], "Text (str), gefragt ist ein Feld von"),
        (5, lambda gs, limit: total(gs), "[(3, 4), (3,), (2, 2)]"),
        (5, norms(sum), "Summe der Normen"),
        (5, norms(max), "grössten Norm"),
        (6, lambda x, state, p: {"h": 0, "c": [1, [2, 3]]}, "$c_t$: Die Teile"),
        (6, lambda x, state, p: {"h": 0, "c": None}, "$c_t$: Das ist keine Zahl (NoneType)"),
        (7, gru(new="n + z * h"), "der Faktor $1 - z_t$"),
        (7, gru(new="(1 - z) * n"), "fehlt der alte Zustand"),
        (7, gru(new="(1 - z) * n + z * r * h"), "der alte Zustand ohne $r_t$"),
        (8, lambda U, k: {"radius": radius(U), "norm": norm(U, k)}, "Erwartet werden zwei Zahlen"),
        (8, lambda U, k: (norm(U, k), radius(U)), "Die Reihenfolge ist vertauscht"),
        (8, lambda U, k: ("0,87", "0,89"), "Text (str), gefragt ist eine Zahl mit Dezimalpunkt"),
        (8, lambda U, k: (0, 87), "0.87 statt 0,87"),
        (8, lambda U, k: (0, 87, 0, 89), "0.87 statt 0,87"),
        (8, lambda U, k: (round(radius(U), 2), round(norm(U, k), 2)), "auf fünf Stellen genau"),
        (8, lambda U, k: (radius(U), round(norm(U, k), 4)), "auf fünf Stellen genau"),
        (8, lambda U, k: (radius(U), None), "keine Zahl (NoneType)"),
        (8, lambda U, k: ([[1], [2, 3]], 0.9), "verschieden lang"),
    ],
)
def test_a_check_says_what_is_expected_and_never_fails(number, answer, hint):
    text = judge(number, answer)
    assert text.startswith("**Noch nicht.**")
    assert hint in text


@pytest.mark.parametrize(
    "number, answer",
    [
        (1, shapes(output=(16, ..., 64))),
        (5, lambda gs, limit: [...]),
        (6, lambda x, state, p: {"h": state["h"], "c": ...}),
        (8, lambda U, k: (radius(U), ...)),
        (8, lambda U, k: (..., ...)),
    ],
)
def test_dots_anywhere_are_open(number, answer):
    assert judge(number, answer).startswith("**Noch offen.**")


# --- Andere richtige Lösungen ----------------------------------------------------------------


@pytest.mark.parametrize(
    "number, answer",
    [
        (1, {"output": [16, 120, 64], "h_n": np.array([2, 16, 64])}),
        (1, shapes(output=torch.Size((16, 120, 64)), h_n=torch.tensor([2, 16, 64]))),
        (2, count()),
        (2, with_gradient(count())),
        (2, lambda *case: Fraction(count()(*case))),
        (3, one_by_one),
        (3, lambda *batch: iter(one_by_one(*batch))),
        (3, rnn_cell),
        (4, with_gradient(last)),
        (4, lambda outputs, lengths: [rows[n - 1] for rows, n in zip(outputs, lengths)]),
        (5, clip()),
        (5, lambda gs, limit: (g for g in clip()(gs, limit))),
        (5, lambda gs, limit: map(np.array, clip()(gs, limit))),
        (5, with_gradient(clip())),
        (6, lstm(carry="i * k + c")),
        (6, with_gradient(lstm())),
        (7, gru(new="n + z * (h - n)")),
        (7, with_gradient(gru())),
        (8, with_gradient(lambda U, k: (radius(U), norm(U, k)))),
        (8, lambda U, k: [radius(U), np.linalg.svd(np.linalg.matrix_power(U, k))[1][0]]),
    ],
)
def test_another_right_way_is_right_too(number, answer):
    assert judge(number, answer).startswith("**Richtig.**")


@pytest.mark.parametrize(
    "number, answer, theory",
    [
        (3, one_by_one, "ersetzt die Schleife"),
        (6, lstm(), "Einheitsmatrix"),
        (7, gru(), "diagonal"),
        (8, lambda U, k: (radius(U), norm(U, k)), "verschiedene"),
    ],
)
def test_a_right_answer_does_not_give_away_the_theory(number, answer, theory):
    text = judge(number, answer)
    assert text.startswith("**Richtig.**")
    assert theory not in text


def test_the_answer_cannot_change_the_numbers_it_is_judged_by():
    def clip_in_place(gradients, limit):
        total = np.sqrt(sum(np.sum(g**2) for g in gradients))
        for g in gradients:
            g *= min(1, limit / total)
        return gradients

    assert judge(5, clip_in_place).startswith("**Richtig.**")
