"""Übungen zu 9.3.2: richtige Antworten in vielen Formen, typische Fehler mit ihrem Hinweis."""

import numpy as np
import pytest
import torch
from answers import judge, with_gradient
from torch import nn


def one_by_one(X, S, W, U, b):
    return [np.tanh(W @ x + U @ s + b) for x, s in zip(X, S)]


def rnn_cell(X, S, W, U, b):
    cell = nn.RNNCell(4, 3, dtype=torch.double)
    weights = {"weight_ih": W, "weight_hh": U, "bias_ih": b, "bias_hh": np.zeros(3)}
    cell.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
    return cell(torch.tensor(X), torch.tensor(S))


def one_matrix(X, S, W, U, b):
    return np.tanh(np.hstack([X, S]) @ np.hstack([W, U]).T + b)


def halves(output):
    H = output.shape[-1] // 2
    return torch.cat([output[:, -1, :H], output[:, 0, H:]], dim=-1)


RIGHT = [
    (3, one_by_one),
    (3, one_matrix),
    (3, rnn_cell),
    (3, lambda *batch: iter(one_by_one(*batch))),
    (3, with_gradient(one_by_one)),
    (3, lambda X, S, W, U, b: np.tanh((W @ X.T + U @ S.T + b[:, None]).T)),
    (3, lambda a, c, d, e, f: np.tanh(np.einsum("bi,hi->bh", a, d) + np.inner(c, e) + f)),
    (11, halves),
    (11, lambda output: halves(output).numpy()),
    (11, lambda output: halves(output).requires_grad_()),
    (11, lambda y: torch.stack([torch.cat([a[-1, :3], a[0, 3:]]) for a in y])),
    (11, lambda y: np.concatenate([y[:, y.shape[1] - 1, :3], y[:, 0, -3:]], axis=1)),
    (11, lambda y: [[*f[:3].tolist(), *b[3:].tolist()] for f, b in zip(y[:, -1], y[:, 0])]),
    (11, lambda y: torch.where(torch.arange(6) < 3, y[:, -1], y[:, 0])),
]


@pytest.mark.parametrize("number, answer", RIGHT)
def test_every_right_way_is_right(number, answer):
    assert judge(number, answer).startswith("**Richtig.**")


def part(output, time, half):
    H = output.shape[-1] // 2
    return output[:, time, :H] if half == 0 else output[:, time, H:]


MISTAKES = [
    (3, lambda X, S, W, U, b: (W @ X.T + U @ S.T + b[:, None]).T, "Aktivierung tanh"),
    (3, lambda X, S, W, U, b: np.tanh(W @ X.T + U @ S.T + b[:, None]), "auf der Seite"),
    (3, lambda X, S, W, U, b: np.tanh(X @ W.T + S @ U.T), "Achsenabschnitt b"),
    (3, lambda X, S, W, U, b: np.tanh(X @ W.T + S @ U + b), "U muss transponiert"),
    (3, lambda X, S, W, U, b: np.tanh(X @ W.T + b), "vorige Zustand S"),
    (3, lambda X, S, W, U, b: np.tanh(S @ U.T + b), "fehlt die Eingabe"),
    (
        3,
        lambda X, S, W, U, b: np.tanh(W @ X + U @ S + b),
        "In einem Matrixprodukt passen die Achsen nicht",
    ),
    (3, lambda X, S, W, U, b: np.zeros(3), "hat die Form (3,)"),
    (3, lambda X, S, W, U, b: 1 / (1 + np.exp(-(X @ W.T + S @ U.T + b))), "Zahlen nicht"),
    (3, lambda *_: [[1, 2], [3]], "verschieden lang"),
    (3, lambda *batch: {"h": one_by_one(*batch)}, "Das ist ein Wörterbuch (dict)"),
    (3, lambda *batch: np.round(one_by_one(*batch), 3), "Runden Sie nicht"),
    (3, lambda *batch: np.negative(one_by_one(*batch)), "Die Form stimmt, die Zahlen nicht"),
    (11, lambda output: output[:, -1], "erst *ein* Wort"),
    (11, lambda output: output[:, 0], "Vorwärtsrichtung erst ein Wort"),
    (11, lambda o: torch.cat([part(o, 0, 1), part(o, -1, 0)], dim=1), "vertauscht"),
    (11, lambda o: torch.cat([part(o, -1, 1), part(o, 0, 0)], dim=1), "verkehrten Hälften"),
    (11, lambda o: torch.cat([part(o, 0, 0), part(o, -1, 1)], dim=1), "falsche Hälfte"),
    (11, lambda output: output.mean(1), "Mittel über alle"),
    (11, lambda o: torch.cat([part(o, -1, 0), part(o, 0, 1)], dim=0), "untereinander gelegt"),
    (11, lambda o: part(o, -1, 0), "nur die Vorwärts"),
    (11, lambda o: part(o, 0, 1), "nur die Rückwärts"),
    (11, lambda o: part(o, -1, 0) + part(o, 0, 1), "addieren die Richtungen"),
    (11, lambda output: tensor(output), "kennt einen Namen nicht: `name 'tensor'"),  # noqa: F821
    (11, lambda output: output, "hat die Form (5, 7, 6)"),
    (11, lambda output: output[-1], "hat die Form (7, 6)"),
    (11, lambda output: output.max(1)[0], "Die Form stimmt, die Zahlen nicht"),
]


@pytest.mark.parametrize("number, answer, hint", MISTAKES)
def test_a_typical_mistake_gets_its_own_hint(number, answer, hint):
    text = judge(number, answer)
    assert text.startswith("**Noch nicht.**")
    assert hint in text


def test_a_right_answer_does_not_give_away_the_theory():
    assert "ersetzt die Schleife" not in judge(3, one_by_one)
