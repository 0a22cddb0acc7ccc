"""Übungen zu 9.3.1: richtige Antworten in vielen Formen, typische Fehler mit ihrem Hinweis."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
from answers import judge
from torch import nn

from anncourse.experiments.one_unit import fixed_point
from anncourse.teaching.exercises.sheets import find

# --- Übung 9 ----------------------------------------------------------------------------------

X = (1, -0.5, -0.5, 0)
FIXED = fixed_point(1.5)


def path(step, inputs=X, h=0.0):
    states = []
    for x in inputs:
        h = step(h, x)
        states.append(h)
    return states


STATES = path(lambda h, x: np.tanh(1.5 * h + 0.8 * x))


def unit(states=STATES, kept=True, fixed_points=(0, FIXED, -FIXED)):
    return {"states": states, "kept": kept, "fixed_points": fixed_points}


def rounded(values, places=2):
    return [round(float(value), places) for value in values]


def one_column():
    layer = nn.RNNCell(1, 1, bias=False, dtype=torch.double)
    nn.init.constant_(layer.weight_hh, 1.5)
    nn.init.constant_(layer.weight_ih, 0.8)
    return torch.cat(
        path(lambda h, x: layer(torch.tensor([[x]]).double(), h), h=torch.zeros(1, 1).double())
    )


@pytest.mark.parametrize(
    "answer",
    [
        unit(),
        unit(rounded(STATES), "ja", [0, 0.86, -0.86]),
        unit(["0,66", "0.53", " 0.38", "0,52"], "True", ["-0,86", "0", "0,86"]),
        unit(np.array(STATES), np.bool_(True), np.array([FIXED, -FIXED, 0])),
        unit(one_column(), torch.tensor(True), {0, 0.859, -0.859}),
        unit([Decimal("0.664"), Fraction(53, 100), 0.38, np.float32(0.52)], 1, (-0.86, 0.0, 0.86)),
        unit((x for x in STATES), [True], (x for x in (-0.86, 0.86, 1e-12))),
        {"Kept": "Ja", "FIXED_POINTS": [0.86, 0, -0.86], "States": STATES},
        [STATES, True, [-0.86, 0, 0.86]],
        unit([STATES], True, [[0.8586, 0, -0.8586]]),
    ],
)
def test_the_unit_by_hand(answer):
    assert judge(9, answer).count("**Richtig.**") == 2


@pytest.mark.parametrize(
    "answer, hint",
    [
        (unit(path(lambda h, x: np.tanh(0.8 * x))), "fehlt der vorige Zustand"),
        (unit(path(lambda h, x: np.tanh(0.8 * h + 1.5 * x))), "vertauscht"),
        (unit(path(lambda h, x: 1.5 * h + 0.8 * x)), "Es fehlt $\\tanh$"),
        (unit(path(lambda h, x: np.tanh(1.5 * h + x))), "Eingabe wird mit $w$"),
        (unit(path(lambda h, x: np.tanh(h + 0.8 * x))), "Zustand wird mit $u$"),
        (unit(path(lambda h, x: np.tanh(1.5 * h + 0.8 * abs(x)))), "Ablenkungen sind negativ"),
        (unit(np.negative(STATES)), "Das Bit ist $+1$"),
        (unit(path(lambda h, x: np.tanh(2 * h + 0.8 * x))), "mit $u = 2$"),
        (unit([0.7616, 0.9093, 0.9487, 0.956]), "aus dem Kapitel"),
        (unit(path(lambda h, x: np.tanh(1.5 * h + 0.8 * x), h=1)), "$h_0 = 0$, nicht 1"),
        (unit([0, *STATES]), "$h_0$ gehört nicht dazu"),
        (unit([0, *STATES[:3]]), "$h_0$ bis $h_3$"),
        (unit(path(lambda h, x: 1.5 * h + np.tanh(0.8 * x))), "nicht nur auf $w"),
        (unit(path(lambda h, x: np.tanh(1.5 * h) + 0.8 * x)), "nicht nur auf $u"),
        (unit(np.tanh(path(lambda h, x: 1.5 * h + 0.8 * x))), "die Zahl *nach*"),
        (unit(path(lambda h, x: np.tan(1.5 * h + 0.8 * x))), "Tangens"),
        (unit(path(lambda h, x: 1 / (1 + np.exp(-1.5 * h - 0.8 * x)))), "nicht mit $\\sigma$"),
        (unit(rounded(STATES, 1)), "Runden Sie weniger"),
        (unit([0.66, 0.53, 0.3, 0.3]), "Bis $h_2$ stimmt es. Rechnen Sie $h_3"),
        (unit([0.6, 0.53, 0.38, 0.52]), "Zustände: Rechnen Sie $h_1"),
        (unit([9e99, 0, 0, 0]), "Rechnen Sie $h_1"),
        (unit(STATES[:3]), "nicht 3"),
        (unit(0.66), "nicht 1"),
        (unit([*STATES[:3], "viel"]), "ist keine Zahl, gefragt ist eine Zahl mit Dezimalpunkt"),
        (unit([*STATES[:3], None]), "keine Zahl (NoneType)"),
        (unit([*STATES[:3], np.nan]), "reelle, endliche"),
        (unit(kept=False), "Vergleichen Sie das Vorzeichen"),
        (unit(kept="nein"), "Vergleichen Sie das Vorzeichen"),
        (unit(kept=0.52), "`True` oder `False`"),
        (unit(fixed_points=[0]), "Zwei fehlen noch. Beginnen Sie bei $h = 1$"),
        (unit(fixed_points=0.86), "Zwei fehlen noch. Einer hat das andere"),
        (unit(fixed_points=[FIXED, -FIXED]), "Einer fehlt noch: der, bei dem"),
        (unit(fixed_points=[FIXED, 0]), "Was ist $\\tanh(-a)$"),
        (unit(fixed_points=[0, 0.9575, -0.9575]), "gehört zu $u = 2$"),
        (unit(fixed_points=[0, np.tanh(1.5), -np.tanh(1.5)]), "erst *ein* Schritt"),
        (unit(fixed_points=[0, 1, -1]), "erreicht sie nie: 1 ist"),
        (unit(fixed_points=[0, 0.876, -0.876]), "Setzen Sie $h = 0.876$ ein"),
        (unit(fixed_points=[0, 0.9, -0.9]), "erst *ein* Schritt"),
        (unit(fixed_points=[0, 0.85, -0.85]), "Fixpunkte: "),  # abgeschnitten statt gerundet
        (unit(fixed_points=[]), "Ihre Liste ist leer"),
        (unit(fixed_points=["±0.86", 0]), "Dezimalpunkt"),
        (unit(fixed_points=[0.86, 0, np.inf]), "reelle, endliche"),
        ({"states": STATES, "kept": True}, "Wörterbuch mit `states`, `kept` und"),
        (STATES, "Wörterbuch mit `states`"),
        (0.52, "Wörterbuch mit `states`"),
        (None, "Wörterbuch mit `states`"),
    ],
)
def test_a_mistake_in_the_unit_by_hand(answer, hint):
    text = judge(9, answer)
    assert "**Noch nicht.**" in text
    assert hint in text


@pytest.mark.parametrize("state", [[0.6, 0.5, 0.4, 0.5], STATES[:2], np.zeros(4), path(np.hypot)])
@pytest.mark.parametrize("fixed", [[0, 0.87, -0.87], [0.5], [0, 0.9], [0.84]])
def test_no_verdict_shows_a_right_number(state, fixed):
    text = judge(9, unit(state, True, fixed))
    assert text.count("**Noch nicht.**") == 2
    for number in (*STATES, FIXED):
        assert not any(f"{number:.{places}f}" in text for places in (2, 3, 4))


def test_one_part_may_be_open():
    text = judge(9, unit(fixed_points=[...]))
    assert text.startswith("**Richtig.** Teil a") and "**Noch offen.** Teil b" in text
    text = judge(9, unit(states=[0.66, 0.53, 0.38, ...]))
    assert text.startswith("**Noch offen.** Teil a") and "**Richtig.** Teil b" in text


# --- Übung 10 ---------------------------------------------------------------------------------


def orthogonal(rng, n):
    Q, R = np.linalg.qr(rng.normal(size=(n, n)))
    return Q * np.sign(np.diag(R))


def like_pytorch(rng, H, I):
    bound = 1 / np.sqrt(H)
    return [rng.uniform(-bound, bound, shape) for shape in ((H, I), (H, H), H)]


def like_keras(rng, H, I, scale=1.0):
    bound = scale * np.sqrt(6 / (H + I))
    return rng.uniform(-bound, bound, (H, I)), orthogonal(rng, H), np.zeros(H)


def xavier_in_torch(rng, H, I):
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    W, U = torch.empty(H, I, requires_grad=True), torch.empty(H, H, requires_grad=True)
    nn.init.xavier_normal_(W, generator=generator)
    nn.init.xavier_normal_(U, generator=generator)
    return W, U, torch.zeros(H)


def normal(W=1.0, U=1.0, b=lambda rng, H: np.zeros(H)):
    """Normalverteilt, durch die Wurzel geteilt, mal je einen Faktor."""

    def start_values(rng, H, I):
        return (
            W * rng.normal(size=(H, I)) / np.sqrt(I),
            U * rng.normal(size=(H, H)) / np.sqrt(H),
            b(rng, H),
        )

    return start_values


def uniform(low=0.0, power=0.0):
    """Gleichverteilt von ``low`` bis ``low + 1``, geteilt durch eine Potenz der Summanden."""

    def start_values(rng, H, I):
        return (
            (low + rng.random((H, I))) / I**power,
            (low + rng.random((H, H))) / H**power,
            np.zeros(H),
        )

    return start_values


@pytest.mark.parametrize(
    "answer",
    [
        normal(),
        normal(b=lambda rng, H: rng.random(H)),
        normal(W=0.1),
        normal(W=1.4, U=1.4),  # He
        normal(U=0.5),
        lambda *sizes: dict(zip("wub", normal()(*sizes))),
        like_pytorch,
        like_keras,
        lambda *sizes: like_keras(*sizes, scale=0.1),
        xavier_in_torch,
        uniform(-0.5, 0.5),
        lambda *sizes: [array.tolist() for array in uniform(-0.5, 0.5)(*sizes)],
        lambda rng, H, I: (rng.normal(size=(H, I)) / 10, np.eye(H), np.zeros(H)),
        lambda rng, H, I: (0.1 * rng.normal(size=(H, I)), 0.1 * rng.normal(size=(H, H)), [0] * H),
    ],
)
def test_a_good_start(answer):
    assert judge(10, answer).startswith("**Richtig.**")


def fixed_seed(rng, H, I):
    return normal()(np.random.default_rng(0), H, I)


def global_numbers(rng, H, I):
    return np.random.randn(H, I) / np.sqrt(I), np.random.randn(H, H) / np.sqrt(H), np.zeros(H)


def swapped_roots(rng, H, I):
    return rng.normal(size=(H, I)) / np.sqrt(H), rng.normal(size=(H, H)) / np.sqrt(I), np.zeros(H)


def after(change, answer=None):
    """Eine gute Antwort, danach verändert."""
    return lambda *sizes: change(*(answer or normal())(*sizes))


@pytest.mark.parametrize(
    "answer, hint",
    [
        (uniform(), "sind 100 % der Ausgaben im Betrag grösser"),
        (uniform(), "In $U$ ist keine Zahl negativ; die Gewichte"),
        (uniform(-0.5), "Mit 64 Summanden ist jedes Gewicht in $U$ noch zu gross"),
        (uniform(-1), "64 Summanden"),
        (uniform(0, 0.5), "In $U$ ist keine Zahl negativ"),
        (uniform(0, 1), "Einheiten tun fast alle dasselbe"),
        (normal(U=8), "Mit 64 Summanden ist jedes Gewicht in $U$"),
        (normal(W=6), "Mit 32 Summanden ist jedes Gewicht in $W$"),
        (lambda rng, H, I: (normal()(rng, H, I)[0], rng.random((H, H)), np.zeros(H)), "In $U$ ist"),
        (lambda rng, H, I: (rng.random((H, I)), normal()(rng, H, I)[1], np.zeros(H)), "In $W$ ist"),
        (normal(b=lambda rng, H: 10 + rng.random(H)), "$b$ ist zu gross"),
        (swapped_roots, "Bei $H = 256$, $I = 8$ sind"),
        (lambda rng, H, I: [a / 64**0.5 * 32**0.5 for a in uniform(-0.5)(rng, H, I)], "$H = 256$"),
        (after(lambda W, U, b: (W, 1e308 * U, b)), "sind 99 % der Ausgaben"),
        (after(lambda W, U, b: (W, np.zeros_like(U), b)), "das Netz vergisst"),
        (
            after(lambda W, U, b: (W, U / np.sqrt(len(U)), b)),
            "zwei Schritte später noch 0.7 % übrig",
        ),
        (after(lambda W, U, b: (W, 0.01 * U, b)), "$U$ ist zu klein"),
        (after(lambda W, U, b: (W, np.abs(U) / np.sqrt(len(U)), b)), "in $U$ ist keine Zahl"),
        (after(lambda W, U, b: (0.001 * W, 0.001 * U, b)), "ändern sich die Ausgaben kaum"),
        (after(lambda W, U, b: (0 * W, U, b)), "ändern sich die Ausgaben kaum"),
        (after(lambda W, U, b: (0 * W, 0 * U, b)), "$W$ ist zu klein"),
        (after(lambda W, U, b: (0 * W + W[:1], 0 * U + U[:1], b)), "100 % der Schwankung"),
        (lambda rng, H, I: (np.ones((H, I)) / I, np.ones((H, H)) / H, np.zeros(H)), "dasselbe"),
        (fixed_seed, "Aus zwei Zufallsstarts wurden dieselben"),
        (global_numbers, "zweimal verschiedene Gewichte"),
        (
            lambda rng, H, I: normal()(rng, 64, 32),
            "`W` hat für $H = 256$, $I = 8$ die Form (64, 32)",
        ),
        (after(lambda W, U, b: (W.T, U, b)), "`W` hat für $H = 64$, $I = 32$ die Form (32, 64)"),
        (after(lambda W, U, b: (U, W, b)), "`W` hat für $H = 64$, $I = 32$ die Form (64, 64)"),
        (
            after(lambda W, U, b: (W, U, b[:, None])),
            "`b` hat für $H = 64$, $I = 32$ die Form (64, 1)",
        ),
        (after(lambda W, U, b: (W, U, 0)), "`b` hat für $H = 64$, $I = 32$ die Form ()"),
        (after(lambda W, U, b: (W, U)), "Wörterbuch mit `W`, `U` und `b`"),
        (after(lambda W, U, b: W), "Wörterbuch mit `W`"),
        (after(lambda W, U, b: (W, U, b * np.nan)), "nicht reell und endlich"),
        (after(lambda W, U, b: (W * 1j, U, b)), "nicht reell und endlich"),
        (after(lambda W, U, b: (W.astype(str), U, b)), "`W`: Das ist ein Text (str)"),
        (after(lambda W, U, b: ([[1], [2, 3]], U, b)), "`W`: Die Teile"),
        (lambda rng, hidden_size: hidden_size, "bricht ab: `TypeError"),
        (lambda rng, H, I: rng.standard_normal((H, I)) @ rng.random((I + 1, H)), "ValueError"),
    ],
)
def test_a_bad_start(answer, hint):
    text = judge(10, answer)
    assert text.startswith("**Noch nicht.**")
    assert hint in text


def test_the_template_runs_and_is_not_right():
    space = {}
    exec(find(10).template, space)
    assert "100 % der Ausgaben" in judge(10, space["start_values"])
