"""Übung 22: Der Scan rechnet wie die Schleife, aber in wenigen Schritten."""

import sys
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest
import torch
from answers import for_ever, judge, with_gradient

from anncourse.experiments.scan import loop
from anncourse.experiments.scan import scan as doubling
from anncourse.teaching.exercises import judging

RIGHT = {"factor": 0.4, "new": 0.6, "halvings": 12}


def part(letter: str, text: str) -> str:
    """Das Urteil über einen Teil."""
    (found,) = [line for line in text.split("\n\n") if f" Teil {letter}: " in line]
    return found


# --- Teil a -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "combined",
    [
        RIGHT,
        (0.4, 0.6, 12),
        {"Halvings": "12", "NEW": "3/5", "factor": "0,4"},
        [Fraction(2, 5), Decimal("0.6"), 12.0],
        np.array([0.4, 0.6, 12]),
        torch.tensor([0.4, 0.6, 12], dtype=torch.double, requires_grad=True),
        {"factor": np.float64(0.8 * 0.5), "new": [0.8 * 2 - 1], "halvings": np.int64(12)},
    ],
)
def test_every_form_of_the_pair(combined):
    assert part("a", judge(22, combined)).startswith("**Richtig.**")


@pytest.mark.parametrize(
    "change, hint",
    [
        ({"factor": 1.3}, "multipliziert, nicht addiert"),
        ({"factor": 0.5}, "nur der Faktor des ersten"),
        ({"factor": 0.8}, "nur der Faktor des zweiten"),
        ({"factor": -0.4}, "Vorzeichen"),
        ({"new": 1.5}, "die Reihenfolge vertauscht"),
        ({"new": 1}, "mit dessen Faktor"),
        ({"new": 0.8}, "Nur was im *ersten* Schritt"),
        ({"new": -0.2}, "allein mit dessen Faktor"),
        ({"new": 1.6}, "Das Neue des zweiten Schritts"),
        ({"new": 2.6}, "das falsche Vorzeichen"),
        ({"new": (0, 6)}, "Dezimalzahlen haben einen Punkt"),
        ({"halvings": 13}, "Es wird abgerundet"),
        ({"halvings": 12.29}, "eine ganze Zahl"),
        ({"halvings": 11}, "mehr als ein Schritt"),
        ({"halvings": 2500}, "nach *einer* Halbierung"),
        ({"halvings": 5000}, "braucht die Schleife"),
        ({"halvings": 10}, "Rechnen Sie nach"),
        ({"halvings": None}, "keine Zahl (NoneType)"),
        ({"halvings": float("nan")}, "endliche Zahl"),
    ],
)
def test_a_mistake_about_the_pair(change, hint):
    text = part("a", judge(22, RIGHT | change))
    assert text.startswith("**Noch nicht.**")
    assert hint in text


# --- Teil b: richtig --------------------------------------------------------------------------


def pairs(factor, new, combine=None, fill=None, deeper=True):
    """Die Lösung; in ``combine`` oder ``fill`` lässt sich ein Fehler einbauen."""
    if len(new) == 1:
        return new
    z, n, y, m = factor[:-1:2], new[:-1:2], factor[1::2], new[1::2]
    first, second = combine(z, n, y, m) if combine else (z * y, y * n + m)
    h = new.copy()
    h[1::2] = pairs(first, second, combine, fill) if deeper else second
    h[2::2] = fill(factor, new, h) if fill else new[2::2] + factor[2::2] * h[1:-1:2]
    return h


def padded(factor, new):
    """Auf eine gerade Länge gebracht und mit ``reshape`` gepaart."""
    if len(new) == 1:
        return new
    odd = len(new) % 2
    if odd:
        factor = np.concatenate([factor, np.ones_like(factor[:1])])
        new = np.concatenate([new, np.zeros_like(new[:1])])
    z = factor.reshape(-1, 2, *factor.shape[1:])
    n = new.reshape(z.shape)
    even = padded(z[:, 0] * z[:, 1], z[:, 1] * n[:, 0] + n[:, 1])
    before = np.concatenate([np.zeros_like(even[:1]), even[:-1]])
    h = np.stack([z[:, 0] * before + n[:, 0], even], axis=1).reshape(new.shape)
    return h[:-1] if odd else h


def sweeps(factor, new):
    """Ohne Rekursion: in einem Feld erst aufwärts, dann abwärts."""
    z, n, reach = factor.copy(), new.copy(), 1
    while 2 * reach <= len(n):
        late, early = slice(2 * reach - 1, None, 2 * reach), slice(reach - 1, None, 2 * reach)
        count = len(n[late])
        n[late] += z[late] * n[early][:count]
        z[late] *= z[early][:count]
        reach *= 2
    while reach >= 1:
        late, early = slice(3 * reach - 1, None, 2 * reach), slice(2 * reach - 1, None, 2 * reach)
        n[late] += z[late] * n[early][: len(n[late])]
        reach //= 2
    return n


def in_torch(factor, new):
    factor, new = torch.as_tensor(factor), torch.as_tensor(new)
    if len(new) == 1:
        return new
    even = in_torch(
        factor[1::2] * factor[:-1:2], torch.addcmul(new[1::2], factor[1::2], new[:-1:2])
    )
    h = torch.empty_like(new)
    h[0], h[1::2] = new[0], even
    h[2::2] = new[2::2] + factor[2::2] * even[: (len(new) - 1) // 2]
    return h


def overwriting(factor, new):
    """Verändert, was sie bekommt, aber in der richtigen Reihenfolge."""
    if len(new) > 1:
        new[1::2] += factor[1::2] * new[:-1:2]
        factor[1::2] *= factor[:-1:2]
        new[1::2] = overwriting(factor[1::2], new[1::2])
        new[2::2] += factor[2::2] * new[1:-1:2]
    return new


@pytest.mark.parametrize(
    "scan",
    [
        pairs,
        padded,
        sweeps,
        in_torch,
        overwriting,
        with_gradient(pairs),
        lambda factor, new: pairs(factor, new).tolist(),
        lambda factor, new: iter(pairs(factor, new)),
        lambda z, n: tuple(padded(z, n)),
    ],
)
def test_every_scan_in_few_steps_is_right(scan):
    assert judge(22, RIGHT, scan).count("**Richtig.**") == 2


def test_tracing_stops_and_a_tracer_of_others_comes_back():
    def tracer(*_):
        return None

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        judge(22, RIGHT, pairs)
        assert sys.gettrace() is tracer
        from anncourse.teaching.exercises.section_9 import _lines

        _lines(pairs, 50)
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)


# --- Teil b: falsche Zahlen -------------------------------------------------------------------


def changed(**change):
    return lambda factor, new: pairs(factor, new, **change)


def reach(z_first=False, factors=True, rounds=99):
    """Der Scan mit wachsender Reichweite, mit einem Fehler."""

    def answer(factor, new):
        reach, left = 1, rounds
        while reach < len(new) and left:
            z = factor.copy()
            z[reach:] *= factor[:-reach] if factors else 1
            new[reach:] += (z if z_first else factor)[reach:] * new[:-reach]
            factor, reach, left = z, 2 * reach, left - 1
        return new

    return answer


def divided(factor, new):
    product = np.cumprod(factor, axis=0)
    return product * np.cumsum(new / product, axis=0)


def crashes_on_odd(factor, new):
    if len(new) == 1:
        return new
    z, n = factor[::2] * factor[1::2], factor[1::2] * new[::2] + new[1::2]
    h = new.copy()
    h[1::2] = crashes_on_odd(z, n)
    h[2::2] += factor[2::2] * h[1:-1:2]
    return h


def never_stops(factor, new):
    even = never_stops(factor[1::2] * factor[:-1:2], factor[1::2] * new[:-1:2] + new[1::2])
    return np.repeat(even, 2, axis=0)


def one_each(factor, new):
    """Ruft sich für jeden Schritt einmal auf."""
    if len(new) == 1:
        return new
    before = one_each(factor[:-1], new[:-1])
    return np.concatenate([before, factor[-1:] * before[-1:] + new[-1:]])


@pytest.mark.parametrize(
    "scan, hint",
    [
        (changed(combine=lambda z, n, y, m: (y, y * n + m)), "das Produkt *beider* Faktoren"),
        (changed(combine=lambda z, n, y, m: (z + y, y * n + m)), "multipliziert, nicht addiert"),
        (changed(combine=lambda z, n, y, m: (z * y, z * m + n)), "Vertauscht"),
        (changed(combine=lambda z, n, y, m: (z * y, z * y * n + m)), "Überschreiben Sie ihn"),
        (changed(combine=lambda z, n, y, m: (z * y, n + m)), "vor dem früheren Neuen"),
        (changed(deeper=False), "nur einmal zusammen"),
        (changed(fill=lambda z, n, h: n[2::2]), "noch nicht aufgefüllt"),
        (changed(fill=lambda z, n, h: n[2::2] + h[1:-1:2]), "Beim Auffüllen fehlt der Faktor"),
        (changed(fill=lambda z, n, h: n[2::2] + z[1:-1:2] * h[1:-1:2]), "Faktor des Nachbarn"),
        (changed(fill=lambda z, n, h: n[2::2] + z[2::2] * n[1:-1:2]), "den *Zustand* davor"),
        (
            changed(fill=lambda z, n, h: n[2::2] + z[2::2] * np.roll(h, -1, axis=0)[2::2]),
            "danach statt davor",
        ),
        (reach(factors=False), "reichen weiter zurück"),
        (reach(z_first=True), "zuerst, was dazukommt"),
        (reach(rounds=1), "erst die erste Runde"),
        (divided, "Teilen Sie durch das Produkt"),
        (lambda z, n: np.concatenate([0 * n[:1], loop(z, n)[:-1]]), "Um eins verschoben"),
        (lambda z, n: loop(z, n) + np.cumprod(z, axis=0), "$h_0$ ist null"),
        (lambda z, n: np.cumsum(n, axis=0), "Summe von allem"),
        (lambda z, n: loop(np.concatenate([0 * z[:1], z[:-1]]), n), "nicht der davor"),
        (lambda z, n: loop(z, z * n), "nur $h_{t-1}$"),
        (lambda z, n: loop(z, (1 - z) * n), "ein Faktor $1 - z_t$"),
        (lambda z, n: loop(z[::-1], n[::-1])[::-1], "von hinten nach vorn"),
        (crashes_on_odd, "Form (7,): Ihre Funktion bricht ab: `ValueError"),
        (never_stops, "Bei T = 1 muss sie aufhören"),
        (lambda z, n: np.negative(loop(z, n)), "Prüfen Sie von Hand mit T = 2"),
        (lambda z, n: loop(z, n).astype(np.float32), "float64"),
        (lambda z, n: np.round(loop(z, n), 6), "Runden Sie nicht"),
        (lambda z, n: loop(z, n)[1::2], "Erwartet wird ein Feld derselben Form"),
        (lambda z, n: loop(z, n)[-1], "derselben Form, Ihr Ergebnis hat ()"),
        (lambda z, n: pairs(z, n) if n.ndim == 1 else n, "Form (3, 2): "),
        (doubling, "zwei Dinge zurück"),
        (lambda z, n: (z, n), "zwei Dinge zurück"),
        (lambda z, n: {"h": pairs(z, n)}, "Wörterbuch"),
        (lambda z, n: "h", "ein Text (str)"),
        (lambda z, n: [[1], [2, 3]] * 4, "verschieden lang"),
        (lambda z, n: [], "hat (0,)"),
        (lambda z, n: np.full_like(n, np.inf), "`inf`"),
        (lambda z, n: z.missing, "bricht ab: `AttributeError"),
        (lambda z: z, "bricht ab: `TypeError"),
        (np.ones(3), "ohne Klammern"),
    ],
)
def test_a_mistake_gets_its_own_hint(scan, hint):
    text = part("b", judge(22, RIGHT, scan))
    assert text.startswith("**Noch nicht.**")
    assert hint in text


# --- Teil b: richtige Zahlen, aber in zu vielen Schritten -------------------------------------


def comprehension(factor, new):
    h = 0
    return [h := z * h + n for z, n in zip(factor, new)]


def accumulated(factor, new):
    steps = accumulate(zip(factor, new), lambda before, step: (0, step[0] * before[1] + step[1]))
    return [h for _, h in steps]


def generated(factor, new):
    h = 0
    for z, n in zip(factor, new):
        h = z * h + n
        yield h


def vectorised(factor, new):
    """Mit `np.frompyfunc` sieht es aus, als gäbe es keine Schleife."""
    h = np.zeros(new.shape[1:])

    def step(t):
        nonlocal h
        h = factor[t] * h + new[t]
        return h

    return list(np.frompyfunc(step, 1, 1)(np.arange(len(new))))


def halves(factor, new):
    """Teilt in zwei Hälften: wenige Ebenen, aber ein Aufruf je Schritt."""
    if len(new) == 1:
        return new
    middle = len(new) // 2
    first = halves(factor[:middle], new[:middle])
    second = halves(factor[middle:], new[middle:])
    return np.concatenate([first, second + np.cumprod(factor[middle:], axis=0) * first[-1]])


def blocks(factor, new):
    """Blöcke der Länge √T: zwei Schleifen mit je √T Schritten."""
    T, width = len(new), int(np.ceil(np.sqrt(len(new))))
    missing = width * width - T
    z = np.concatenate([factor, np.zeros((missing, *factor.shape[1:]))])
    n = np.concatenate([new, np.zeros((missing, *new.shape[1:]))])
    z, n = (a.reshape(width, width, *new.shape[1:]).copy() for a in (z, n))
    for t in range(1, width):
        n[:, t] += z[:, t] * n[:, t - 1]
        z[:, t] *= z[:, t - 1]
    for k in range(1, width):
        n[k] += z[k] * n[k - 1, -1]
    return n.reshape(-1, *new.shape[1:])[:T]


@pytest.mark.parametrize(
    "scan, hint",
    [
        (loop, "zu viele Schritte"),
        (comprehension, "zu viele Schritte"),
        (accumulated, "zu viele Schritte"),
        (generated, "zu viele Schritte"),
        (vectorised, "zu viele Schritte"),
        (halves, "zu viele Schritte"),
        (blocks, "zu viele Schritte"),
        (lambda factor, new: doubling(factor, new)[0], "22 T Produkte"),
        (one_each, "ruft sich immer wieder auf"),
    ],
)
def test_a_loop_in_disguise_has_the_right_numbers_and_too_much_work(scan, hint):
    text = part("b", judge(22, RIGHT, scan))
    assert text.startswith("**Noch nicht.**")
    assert hint in text


def test_an_endless_scan_ends_and_leaves_no_tracer(monkeypatch):
    monkeypatch.setattr(judging, "SECONDS", 0.2)
    before = sys.gettrace()

    def long_only(factor, new):
        return pairs(factor, new) if new.size != 250 else for_ever()

    assert "Hört eine Schleife nie" in part("b", judge(22, RIGHT, long_only))
    assert sys.gettrace() is before
