"""Übungen zu 9.3.5: richtige Antworten in vielen Formen, typische Fehler mit ihrem Hinweis."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
from answers import judge, with_gradient

from anncourse import bptt
from anncourse.cells import rnn_step, unroll
from anncourse.teaching.exercises import section_5

# --- Übung 5 ----------------------------------------------------------------------------------


def total(gradients):
    return np.sqrt(sum(np.sum(g**2) for g in gradients))


def clip(each=False, always=False, root=np.sqrt):
    def function(gradients, limit):
        whole = root(sum(np.sum(g**2) for g in gradients))
        norms = [np.linalg.norm(g) if each else whole for g in gradients]
        factors = [limit / n if always else min(1, limit / n) for n in norms]
        return [factor * g for factor, g in zip(factors, gradients)]

    return function


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


def clip_in_place(gradients, max_norm):
    factor = min(1, max_norm / total(gradients))
    for g in gradients:
        g *= factor
    return gradients


def with_torch(gradients, max_norm):
    leaves = [torch.zeros(g.shape, dtype=torch.double) for g in gradients]
    for leaf, g in zip(leaves, gradients):
        leaf.grad = torch.tensor(g)
    torch.nn.utils.clip_grad_norm_(leaves, max_norm)
    return [leaf.grad for leaf in leaves]


# --- Übung 8 ----------------------------------------------------------------------------------


def radius(U):
    return np.abs(np.linalg.eigvals(U)).max()


def norm(U, k):
    return np.linalg.norm(np.linalg.matrix_power(U, k), 2)


def both(U, k):
    return radius(U), norm(U, k)


HAND = {"radius": 0.5, "cube": [[0.125, 1.5], [0, 0.125]], "k": 9}

# --- Übung 16 ---------------------------------------------------------------------------------


def loop(x, h, p, dL_dh, slip=None):
    """Die Schleife aus 9.3.5, auf Wunsch mit einem Fehler."""
    U, before = p["U"], np.vstack([0 * h[:1], h[:-1]])
    grad = {name: np.zeros_like(p[name]) for name in "WUb"}
    g = np.zeros(len(U))
    for t in range(len(h)) if slip == "forwards" else reversed(range(len(h))):
        g = g + (0 if slip == "last loss" and t < len(h) - 1 else dL_dh[t])
        slope = {"no tanh": 1, "no square": 1 - h[t], "old state": 1 - before[t] ** 2}
        delta = slope.get(slip, 1 - h[t] ** 2) * g
        seen = h[t] if slip == "new state" else before[t]
        outer = np.outer(seen, delta) if slip == "transposed" else np.outer(delta, seen)
        new = {"W": np.outer(delta, x[t]), "U": outer, "b": delta}
        grad = {name: new[name] + (slip != "one step") * grad[name] for name in grad}
        back = {"U": U, "no U": np.eye(len(U)), "nothing": 0 * U}.get(slip, U.T)
        g = back @ delta
    sign = {"minus": -1, "mean": 1 / len(h)}.get(slip, 1)
    return {name: sign * grad[name] for name in grad}


def slip(name):
    return lambda *arguments: loop(*arguments, slip=name)


def by_autograd(x, h, p, dL_dh):
    leaves = {name: torch.tensor(p[name], requires_grad=True) for name in "WUb"}
    state, loss = torch.zeros(len(h[0]), dtype=torch.double), 0
    for x_t, d in zip(torch.tensor(x), torch.tensor(dL_dh)):
        state = torch.tanh(leaves["W"] @ x_t + leaves["U"] @ state + leaves["b"])
        loss = loss + d @ state
    loss.backward()
    return {name: leaf.grad for name, leaf in leaves.items()}


def all_deltas(X, H, P, D):
    deltas, g = [], 0
    for state, d in zip(H[::-1], D[::-1]):
        deltas.append((1 - state * state) * (g + d))
        g = deltas[-1] @ P["U"]
    deltas = np.stack(deltas[::-1])
    old = np.concatenate([np.zeros((1, H.shape[1])), H[:-1]])
    return {"b": deltas.sum(0), "U": deltas.T @ old, "W": deltas.T @ X}


def function(change=lambda d: d, forward=lambda h: h, wrong=None):
    """Die Klasse aus der Lösung, auf Wunsch mit anderen Gradienten oder Zuständen."""

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, W, U, b):
            h = [x.new_zeros(len(x), len(U))]
            for t in range(x.shape[1]):
                h.append(torch.tanh(x[:, t] @ W.T + h[-1] @ U.T + b))
            ctx.save_for_backward(x, W, U, torch.stack(h, dim=1))
            return forward(torch.stack(h[1:], dim=1))

        @staticmethod
        def backward(ctx, dL_dh):
            x, W, U, h = ctx.saved_tensors
            d, g = torch.zeros_like(dL_dh), 0
            for t in reversed(range(x.shape[1])):
                d[:, t] = (1 - h[:, t + (wrong != "early")] ** 2) * (g + dL_dh[:, t])
                g = d[:, t] @ {"U": U.T, "nothing": 0 * U}.get(wrong, U)
            seen = h[:, 1:] if wrong == "new" else h[:, :-1]
            found = [d @ W, torch.einsum("bth,bti->hi", d, x), torch.einsum("bth,btk->hk", d, seen)]
            return tuple(change((*found, d.sum(dim=(0, 1)))))

    return Function


# --- Übung 17 ---------------------------------------------------------------------------------

HELD = {"threshold": 1, "fixed_point": 0.710, "slope": 0.619, "after_20": 7e-5}

RIGHT = [
    (5, clip()),
    (5, lambda gs, limit: (g for g in clip()(gs, limit))),
    (5, lambda gs, limit: map(np.array, clip()(gs, limit))),
    (5, with_gradient(clip())),
    (5, clip_in_place),
    (5, with_torch),
    (5, lambda gs, limit: tuple(clip()(gs, limit))),
    (8, both, HAND),
    (8, with_gradient(both), {**HAND, "cube": np.array(HAND["cube"])}),
    (8, lambda U, k: [radius(U), np.linalg.svd(np.linalg.matrix_power(U, k))[1][0]], HAND),
    (8, lambda A, n: np.array(both(A, n)), {**HAND, "cube": torch.tensor(HAND["cube"])}),
    (8, both, {"Radius": "1/2", "Cube": (0.125, 1.5, 0, 0.125), "K": 9.0}),
    (8, both, (Fraction(1, 2), ((Fraction(1, 8), Fraction(3, 2)), (0, Fraction(1, 8))), 9)),
    (16, loop, function()),
    (16, lambda *a: bptt.backward(*a), bptt.SimpleRNNFunction),
    (16, by_autograd, function()),
    (16, all_deltas, function(change=lambda d: list(d))),
    (16, lambda *a: tuple(loop(*a)[name] for name in "WUb"), function()),
    (16, lambda *a: {name: g.tolist() for name, g in loop(*a).items()}, bptt.SimpleRNNFunction),
    (17, HELD),
    (17, {**HELD, "fixed_point": 0.7104117, "slope": 0.6191438, "after_20": 6.85e-5}),
    (17, {name.upper(): str(value) for name, value in HELD.items()}),
    (17, (1, Fraction(71, 100), Decimal("0.619"), torch.tensor(6.8e-5))),
    (17, np.array(list(HELD.values()))),
    (17, {**HELD, "threshold": 1.0, "fixed_point": [0.71], "slope": np.float32(0.619)}),
]


@pytest.mark.parametrize("number, answers", [(number, rest) for number, *rest in RIGHT])
def test_every_right_way_is_right(number, answers):
    text = judge(number, *answers)
    assert text.startswith("**Richtig.**") and "Noch" not in text, text


MISTAKES = [
    (5, clip(each=True), "jedes Feld für sich"),
    (5, lambda gs, limit: [np.clip(g, -limit, limit) for g in gs], "jede Zahl für sich"),
    (5, clip(always=True), "vergrössert ihn"),
    (5, clip(root=lambda square: square), "fehlt die Wurzel"),
    (5, lambda gs, limit: gs, "wirkt nicht"),
    (5, lambda gs, limit: [g / 2 for g in gs], "weicht Ihr Ergebnis"),
    (5, lambda gs, limit: gs[0], "Liste mit gleich vielen Feldern"),
    (5, norms(sum), "Summe der Normen"),
    (5, norms(max), "grössten Norm"),
    (5, scale(lambda limit, norm: 1 / norm), "Norm Ihres Ergebnisses ist 1.000"),
    (5, scale(lambda limit, norm: limit**2 / norm), "Norm Ihres Ergebnisses ist 0.250"),
    (5, scale(lambda limit, norm: limit**0.5 / norm), "Norm Ihres Ergebnisses ist 0.707"),
    (5, scale(lambda limit, norm: 1 / (limit * norm)), "Norm Ihres Ergebnisses ist 2.000"),
    (5, lambda gs, limit: (clip()(gs, limit), total(gs)), "Liste mit gleich vielen Feldern"),
    (5, lambda gs, limit: [g.astype(str) for g in gs], "Text (str), gefragt ist ein Feld von"),
    (5, lambda gs, limit: total(gs), "[(3, 4), (3,), (2, 2)]"),
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
    (8, lambda U, k: (radius(U), norm(U, 5)), "Für k = 3"),
    (8, lambda U, k: {"radius": radius(U), "norm": norm(U, k)}, "Erwartet werden zwei Zahlen"),
    (8, lambda U, k: (norm(U, k), radius(U)), "Die Reihenfolge ist vertauscht"),
    (8, lambda U, k: ("0,87", "0,89"), "Text (str), gefragt ist eine Zahl mit Dezimalpunkt"),
    (8, lambda U, k: (0, 87), "0.87 statt 0,87"),
    (8, lambda U, k: (0, 87, 0, 89), "0.87 statt 0,87"),
    (8, lambda U, k: (round(radius(U), 2), round(norm(U, k), 2)), "auf fünf Stellen genau"),
    (8, lambda U, k: (radius(U), None), "keine Zahl (NoneType)"),
    (8, lambda U, k: ([[1], [2, 3]], 0.9), "verschieden lang"),
    (16, slip("no tanh"), "Ableitung von tanh, der Faktor"),
    (16, slip("no square"), "mit dem Quadrat"),
    (16, slip("old state"), "gehört $h_t$, nicht"),
    (16, slip("U"), "mit $U^\\top$, nicht mit $U$"),
    (16, slip("new state"), "der *vorige* Zustand"),
    (16, slip("one step"), "Sie behalten nur einen"),
    (16, slip("last loss"), "Auch die Schritte vor dem letzten"),
    (16, slip("no U"), "Zwischen zwei Schritten fehlt"),
    (16, slip("nothing"), "Vom späteren Schritt kommt nichts zurück"),
    (16, slip("forwards"), "Sie laufen vorwärts"),
    (16, slip("transposed"), "steht quer"),
    (16, slip("minus"), "Vorzeichen ist verkehrt"),
    (16, slip("mean"), "nicht gemittelt"),
    (16, lambda *a: {**loop(*a), "b": 0 * loop(*a)["b"]}, "überall null"),
    (16, lambda *a: loop(*a)["U"], "Wörterbuch mit `W`, `U` und `b`"),
    (16, lambda *a: {"W": 0, "U": 0, "b": 1}, "hat die Form ()"),
    (16, lambda *a: {**loop(*a), "b": loop(*a)["b"][:, None]}, "hat die Form (2, 1)"),
]


@pytest.mark.parametrize("number, answer, hint", MISTAKES)
def test_a_typical_mistake_gets_its_own_hint(number, answer, hint):
    text = judge(number, answer)
    assert text.startswith("**Noch nicht.**")
    assert hint in text.split("\n\n")[0]


PARTS_B = [
    (8, both, {**HAND, "radius": 2}, "neben der Diagonale"),
    (8, both, {**HAND, "radius": 2.118}, "Singulärwert"),
    (8, both, {**HAND, "radius": 0.25}, "Determinante"),
    (8, both, {**HAND, "radius": -0.5}, "Vorzeichen"),
    (8, both, {**HAND, "radius": 0.6}, "Dreiecksmatrix"),
    (8, both, {**HAND, "cube": [[0.125, 8], [0, 0.125]]}, "jede Zahl einzeln"),
    (8, both, {**HAND, "cube": [[0.25, 2], [0, 0.25]]}, "Das ist $U^2$"),
    (8, both, {**HAND, "cube": [[0.125, 0], [1.5, 0.125]]}, "Zeilen und Spalten"),
    (8, both, {**HAND, "cube": [[1.5, 6], [0, 1.5]]}, "Das ist $3U$"),
    (8, both, {**HAND, "cube": [1, 2, 3]}, "hat die Form (3,)"),
    (8, both, {**HAND, "k": 7}, "Für 7 ist der Eintrag 0.219, also noch nicht unter"),
    (8, both, {**HAND, "k": 0}, "suchen Sie die Regel"),
    (8, both, {**HAND, "k": 4}, "für die Diagonale"),
    (8, both, {**HAND, "k": 10}, "Auch für ein kleineres"),
    (8, both, {"radius": 0.5, "cube": HAND["cube"]}, "`radius`, `cube` und `k`"),
    (16, loop, loop, "Unterklasse von `torch.autograd.Function`"),
    (16, loop, torch.nn.RNN, "Unterklasse"),
    (16, loop, function(forward=lambda h: h[:, -1]), "nur der letzte Zustand"),
    (16, loop, function(forward=lambda h: (h, 1)), "einen Tensor"),
    (16, loop, function(wrong="U"), "nicht mit `delta @ U.T`"),
    (16, loop, function(wrong="new"), "der vorige Zustand, hier `h[:, t]`"),
    (16, loop, function(wrong="early"), "Zu Schritt $t$ gehört `h[:, t + 1]`"),
    (16, loop, function(wrong="nothing"), "Vom späteren Schritt kommt nichts"),
    (16, loop, function(change=lambda d: d[:3]), "vier Gradienten zurück"),
    (16, loop, function(change=lambda d: ("x", *d[1:])), "bricht ab: `RuntimeError"),
    (16, loop, function(change=lambda d: [g / 3 for g in d]), "addiert, nicht gemittelt"),
    (16, loop, function(change=lambda d: (None, *d[1:])), "nach x ist `None`"),
    (16, loop, function(change=lambda d: [-g for g in d]), "Vorzeichen"),
    (16, loop, function(change=lambda d: [g / 21 for g in d]), "ohne zu mitteln"),
]


@pytest.mark.parametrize("number, first, second, hint", PARTS_B)
def test_a_mistake_in_part_b_leaves_part_a_right(number, first, second, hint):
    a, b = judge(number, first, second).split("\n\n")
    assert a.startswith("**Richtig.** Teil a:")
    assert b.startswith("**Noch nicht.** Teil b:") and hint in b, b


@pytest.mark.parametrize(
    "change, hint",
    [
        ({"threshold": 2}, "auch schon mit kleineren"),
        ({"threshold": 0.5}, "verblasst"),
        ({"threshold": 0}, "Da bleibt nichts"),
        ({"threshold": 1.3}, "steiler ist als die Diagonale"),
        ({"fixed_point": 0}, "Gefragt ist der positive"),
        ({"fixed_point": 0.848}, "der erste Schritt"),
        ({"fixed_point": 0.9575}, "für $u = 2$"),
        ({"fixed_point": 0.8}, "Das ist $1/u$"),
        ({"fixed_point": -0.7104}, "Vorzeichen"),
        ({"fixed_point": 0.745}, "Stellen nicht mehr ändern"),
        ({"slope": 0.495}, "Es fehlt der Faktor $u$"),
        ({"slope": 1.25}, "Steigung bei null"),
        ({"slope": 0.362}, "steht das Quadrat"),
        ({"slope": 0.505}, "$h^{*2}$"),
        ({"slope": 61.9}, "keine Prozente"),
        ({"after_20": 12.38}, "nicht addiert"),
        ({"after_20": 86.7}, "ohne $\\tanh$"),
        ({"after_20": 0.00107}, "$h^{*20}$"),
        ({"after_20": 1.107e-4}, "neunzehn"),
        ({"after_20": 0}, "dieselbe Steigung als Faktor"),
        ({"after_20": (7, 5)}, "Dezimalzahlen haben einen Punkt"),
    ],
)
def test_a_wrong_number_by_hand_gets_its_own_hint(change, hint):
    text = judge(17, {**HELD, **change})
    assert text.startswith("**Noch nicht.**") and hint in text, text


@pytest.mark.parametrize(
    "number, answers",
    [
        (5, [lambda gs, limit: [...]]),
        (8, [lambda U, k: (radius(U), ...)]),
        (8, [lambda U, k: (..., ...), {"radius": ..., "cube": ..., "k": ...}]),
        (17, [{**HELD, "slope": ...}]),
    ],
)
def test_dots_anywhere_are_open(number, answers):
    assert judge(number, *answers).startswith("**Noch offen.**")


def test_a_right_answer_does_not_give_away_the_theory():
    assert "verschiedene" not in judge(8, both)


def test_every_slip_differs_from_the_right_gradient():
    """Sonst erkennte die Prüfung einen Fehler, der keiner ist."""
    rng = np.random.default_rng(1)
    x, p = rng.normal(size=(5, 2)), {"W": rng.normal(size=(3, 2)), "b": rng.normal(size=3)}
    p["U"] = rng.normal(size=(3, 3))
    h, dL_dh = unroll(rnn_step, x, p)["h"], rng.normal(size=(5, 3))
    right = bptt.backward(x, h, p, dL_dh)
    for wrong in section_5._slips(x, h, p, dL_dh).values():
        assert any(not np.allclose(wrong[name], right[name]) for name in "WUb")
