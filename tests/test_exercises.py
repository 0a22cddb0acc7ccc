"""Die Übungen: Lösung, Vorlage und typische Fehler werden richtig beurteilt."""

import re
from pathlib import Path

import numpy as np
import pytest
from IPython.display import Markdown

from anncourse import exercises
from anncourse.cells import gru_step, sigmoid

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
    assert judge(number, lambda *_: None).startswith("**Noch offen.**")
    assert judge(number, lambda *_: "falsch").startswith("**Noch nicht.**")


# --- Typische Fehler: jeder bekommt seinen eigenen Hinweis -----------------------------------


def shapes(output=(16, 120, 64), h_n=(2, 16, 64)):
    return {"output": output, "h_n": h_n}


def count(biases=2, gates=(1, 4, 3), width=None, layers=None):
    def parameters(cell, I, H, L):
        G = dict(zip(("rnn", "lstm", "gru"), gates))[cell]
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
        k = np.tanh(p["W_k"] @ x + p["U_k"] @ h + p["b_k"])
        names = {"np": np, "c": c, "i": i, "o": o, "k": k}
        names["new"] = eval(carry, names)
        return {"h": eval(output, names), "c": names["new"]}

    return step


def gru(candidate="np.tanh(Wx + U @ (r * h) + b)", new="(1 - z) * n + z * h"):
    def step(x, state, p):
        h = state["h"]
        r, z = (sigmoid(p[f"W_{g}"] @ x + p[f"U_{g}"] @ h + p[f"b_{g}"]) for g in "rz")
        names = {"np": np, "h": h, "r": r, "z": z, "U": p["U_n"], "b": p["b_n"]}
        names |= {"Wx": p["W_n"] @ x}
        names["n"] = eval(candidate, names)
        return {"h": eval(new, names)}

    return step


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
    (1, shapes(h_n="falsch"), "drei Achsen: Schicht"),
    (1, (16, 120, 64), "Wörterbuch"),
    (2, count(biases=1), "*zwei* Achsenabschnitte"),
    (2, count(gates=(1, 1, 1)), "Je Tor"),
    (2, count(width="I"), "Ab der zweiten Schicht"),
    (2, count(layers=1), "Jede Schicht hat eigene"),
    (2, lambda *_: 7, "Ihre Funktion sagt 7"),
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
    (6, lstm(output="c"), "$h_t$ stimmt nicht"),
    (6, lambda x, state, p: {"h": p["W_f"] @ x, "c": 0}, "greift auf 'W_f' zu"),
    (6, lambda x, state, p: state["h"], "Wörterbuch"),
    (7, lambda x, state, p: gru_step(x, state, p), "greift auf 'b_n2' zu"),
    (7, gru(candidate="np.tanh(Wx + b + r * (U @ h))"), "Form von PyTorch"),
    (7, gru(new="z * n + (1 - z) * h"), "den *alten* Zustand"),
    (7, gru(candidate="np.tanh(Wx + b + U @ h)"), "Rücksetztor fehlt"),
    (7, gru(candidate="np.tanh(r * (Wx + b + U @ h))"), "nicht auf die Eingabe"),
    (7, gru(new="n"), "erst der Kandidat"),
    (7, gru(new="h"), "Der Kandidat lautet"),
    (8, lambda U, k: (np.linalg.eigvals(U).max(), norm(U, k)), "den Betrag der Eigenwerte"),
    (8, lambda U, k: (np.linalg.eigvals(U).real.max(), norm(U, k)), "grösste *Realteil*"),
    (8, lambda U, k: (np.linalg.norm(U, 2), norm(U, k)), "grösste Singulärwert"),
    (8, lambda U, k: (0.0, norm(U, k)), "Der Spektralradius stimmt nicht"),
    (8, lambda U, k: (radius(U), radius(U) ** k), "ist nicht die Norm"),
    (8, lambda U, k: (radius(U), np.linalg.norm(U, 2) ** k), "nur eine obere Schranke"),
    (8, lambda U, k: (radius(U), np.linalg.norm(np.linalg.matrix_power(U, k))), "Frobenius"),
    (8, lambda U, k: (radius(U), np.linalg.norm(U**k, 2)), "jede Zahl einzeln"),
    (8, lambda U, k: (radius(U), 0.0), "Die Norm stimmt nicht"),
    (8, lambda U, k: radius(U), "zwei Zahlen"),
]


@pytest.mark.parametrize("number, answer, hint", MISTAKES)
def test_a_typical_mistake_gets_its_own_hint(number, answer, hint):
    text = judge(number, answer)
    assert text.startswith("**Noch nicht.**")
    assert hint in text


# --- Andere richtige Lösungen ----------------------------------------------------------------


@pytest.mark.parametrize("number, answer", [
    (1, {"output": [16, 120, 64], "h_n": np.array([2, 16, 64])}),
    (2, count()),
    (3, one_by_one),
    (4, lambda outputs, lengths: [rows[n - 1] for rows, n in zip(outputs, lengths)]),
    (5, clip()),
    (6, lstm(carry="i * k + c")),
    (7, gru(new="n + z * (h - n)")),
    (8, lambda U, k: [radius(U), np.linalg.svd(np.linalg.matrix_power(U, k))[1][0]]),
])
def test_another_right_way_is_right_too(number, answer):
    assert judge(number, answer).startswith("**Richtig.**")


def test_the_answer_cannot_change_the_numbers_it_is_judged_by():
    def clip_in_place(gradients, limit):
        total = np.sqrt(sum(np.sum(g**2) for g in gradients))
        for g in gradients:
            g *= min(1, limit / total)
        return gradients

    assert judge(5, clip_in_place).startswith("**Richtig.**")
