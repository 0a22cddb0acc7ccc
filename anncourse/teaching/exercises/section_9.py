"""Prüfungen zu 9.3.9: eine lineare Rekurrenz, gerechnet in wenigen Schritten."""

import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import numpy as np

from anncourse.experiments.scan import loop
from anncourse.teaching.display import Markdown
from anncourse.teaching.exercises.judging import (
    SEED,
    Hint,
    call,
    expect_number,
    judge,
    named,
    number,
    numbers,
    recognise,
    returned,
    same,
)

SHAPES = ((8,), (7,), (1,), (2,), (3, 2), (1, 3), (13, 2, 2), (100, 3), (3000,))
FEW, MANY = 250, 4000  # so lange Folgen vergleicht die Zahl der Schritte
GROWTH = 2  # höchstens so viel mehr Zeilen bei der sechzehnmal so langen Folge
PRODUCTS = 10  # höchstens so viele Multiplikationen je Schritt; der Scan der Seite braucht 22
LIBRARIES = {"copy", "numpy", "torch"}  # ihre Zeilen zählen nicht


def check_22(combined: object, scan: Callable = ...) -> Markdown:  # type: ignore[assignment]
    """Übung 22: die lineare Rekurrenz als rekursiver Scan.

    Parameters
    ----------
    combined : mapping
        ``factor``, ``new`` und ``halvings``, je eine Zahl.
    scan : callable
        ``scan(factor, new)``, beide (T, …); Ergebnis h_1 … h_T mit h_0 = 0, (T, …).
    """
    start = (
        "Setzen Sie die erste Gleichung von Teil a in die zweite ein und multiplizieren Sie aus."
    )
    return judge(22, start, lambda: _combined(combined), lambda: _scan(scan))


def _combined(answer: object) -> str:
    parts = named(answer, ("factor", "new", "halvings"))
    mistakes = {
        "Die Faktoren werden multipliziert, nicht addiert.": 1.3,
        "Das ist nur der Faktor des ersten Schritts.": 0.5,
        "Das ist nur der Faktor des zweiten Schritts.": 0.8,
    }
    expect_number(parts["factor"], 0.4, 1e-6, mistakes, name="`factor`: ")
    mistakes = {
        "Sie haben die Reihenfolge vertauscht: Was im *ersten* Schritt dazukommt, geht noch durch "
        "den zweiten.": 0.5 * -1 + 2,
        "Was im ersten Schritt dazukommt, geht noch durch den zweiten, mit dessen Faktor.": 1.0,
        "Nur was im *ersten* Schritt dazukommt, geht noch durch den zweiten.": 0.8,
        "Was im ersten Schritt dazukommt, geht nur noch durch den zweiten: Multiplizieren Sie es "
        "allein mit dessen Faktor.": 0.4 * 2 - 1,
        "Das Neue des zweiten Schritts fehlt oder hat das falsche Vorzeichen.": 1.6,
        "Das Neue des zweiten Schritts hat das falsche Vorzeichen.": 2.6,
    }
    expect_number(parts["new"], 0.6, 1e-6, mistakes, name="`new`: ")
    halvings = number(parts["halvings"], "`halvings`: ")
    if halvings != round(halvings):
        raise Hint("`halvings`: Gefragt ist eine ganze Zahl. Halbieren Sie wirklich, Mal für Mal.")
    mistakes = {
        "Bei ungerader Länge fällt der letzte Schritt weg: Es wird abgerundet.": 13,
        "So oft halbiert, bleibt mehr als ein Schritt.": 11,
        "Das ist die Länge nach *einer* Halbierung.": 2500,
        "So viele Schritte braucht die Schleife.": 5000,
    }
    expect_number(halvings, 12, 1e-6, mistakes, name="`halvings`: ")
    return "Zwei Schritte sind wieder einer, und nach wenigen Halbierungen bleibt einer übrig."


# --- Teil b: die richtigen Zahlen -------------------------------------------------------------


def _scan(answer: Callable) -> str:
    rng = np.random.default_rng(SEED)
    for shape in SHAPES:
        factor, new = rng.uniform(-1, 1, size=shape), rng.normal(size=shape)
        _expect_loop(answer, factor, new)
    factor[[0, 5, 1000]] = 0
    _expect_loop(answer, factor, new)
    few, many = _lines(answer, FEW), _lines(answer, MANY)
    if many > GROWTH * few:
        raise Hint(
            f"Die Zahlen stimmen, aber es sind zu viele Schritte: Bei T = {FEW} laufen {few} "
            f"Zeilen Ihrer Funktion, bei T = {MANY} schon {many}. So wächst eine Schleife über t "
            "oder ein Aufruf je Schritt. Verlangt ist ein Aufruf je Halbierung."
        )
    products = _products(answer)
    if products > PRODUCTS * MANY:
        raise Hint(
            f"Die Zahlen stimmen, und es sind wenige Schritte. Aber bei T = {MANY} entstehen "
            f"{products / MANY:.0f} T Produkte: Jede Runde rechnet mit der ganzen Folge. Verlangt "
            "ist, dass die Folge mit jeder Runde halb so lang wird."
        )
    return f"Bei T = {MANY} laufen {many} Zeilen Ihrer Funktion; die Schleife hätte Tausende."


def _expect_loop(answer: Callable, factor: np.ndarray, new: np.ndarray) -> None:
    place = f"Form {new.shape}: "
    expected = loop(factor, new)
    try:
        with np.errstate(all="ignore"):
            value = call(answer, factor, new)
    except Hint as hint:
        raise Hint(place + _why(hint)) from None
    if isinstance(value, list) and len(value) == 2 != len(new):
        raise Hint(f"{place}Sie geben zwei Dinge zurück. Gefragt sind allein die Zustände.")
    array = numbers(value, f"ein Feld der Form {new.shape}", place)
    if same(array, expected, 1e-10, rtol=0):
        return
    otherwise = "Die Form stimmt, die Zahlen nicht. Prüfen Sie von Hand mit T = 2, dann mit T = 3."
    if array.shape != new.shape:
        otherwise = f"Erwartet wird ein Feld derselben Form, Ihr Ergebnis hat {array.shape}."
    elif not np.isfinite(array).all():
        otherwise = (
            "Ihr Ergebnis enthält `nan` oder `inf`. Teilen Sie durch das Produkt aller Faktoren? "
            "Es ist null, sobald einer null ist, und bei langen Folgen wird es auch sonst zu klein "
            "für eine Gleitkommazahl. Es geht ohne Division."
        )
    elif same(array, expected, 1e-4):
        otherwise = "Verlangt sind 1e-10. Runden Sie nicht, und rechnen Sie mit 64 Bit (float64)."
    raise Hint(place + recognise(array, _mistakes(factor, new), otherwise))


def _why(hint: Hint) -> str:
    if isinstance(hint.__cause__, RecursionError):
        return (
            "Ihre Funktion ruft sich immer wieder auf. Bei T = 1 muss sie aufhören, und sonst muss "
            "die Folge bei jedem Aufruf halb so lang werden."
        )
    return str(hint)


def _mistakes(factor: np.ndarray, new: np.ndarray) -> dict[str, np.ndarray]:
    """Hinweis → was bei diesem Fehler herauskommt."""
    states, zero = loop(factor, new), np.zeros_like(new[:1])
    pairs = partial(_by_pairs, factor, new)
    z, n, kept, reach = factor.copy(), new.copy(), new.copy(), 1  # Scan mit wachsender Reichweite
    while reach < len(new):
        kept[reach:] += factor[reach:] * kept[:-reach]
        z[reach:] *= z[:-reach].copy()
        n[reach:] += z[reach:] * n[:-reach]
        reach *= 2
    first = new.copy()
    first[1:] += factor[1:] * new[:-1]
    return {
        "Der Faktor eines Paars ist das Produkt *beider* Faktoren.": pairs(
            lambda z, n, y, m: (y, y * n + m)
        ),
        "Die Faktoren eines Paars werden multipliziert, nicht addiert.": pairs(
            lambda z, n, y, m: (z + y, y * n + m)
        ),
        "Vertauscht: Was im früheren Schritt dazukommt, geht durch den Faktor des späteren.": pairs(
            lambda z, n, y, m: (z * y, z * m + n)
        ),
        "Das Neue des Paars braucht den Faktor des späteren Schritts allein, nicht schon das "
        "Produkt. Überschreiben Sie ihn zu früh?": pairs(lambda z, n, y, m: (z * y, z * y * n + m)),
        "Beim Zusammenfassen fehlt der Faktor vor dem früheren Neuen.": pairs(
            lambda z, n, y, m: (z * y, n + m)
        ),
        "Sie fassen nur einmal zusammen. Auch die Folge der Paare muss noch gelöst werden, von "
        "derselben Funktion.": pairs(deeper=False),
        "Die Stellen dazwischen ($h_3$, $h_5$, …) sind noch nicht aufgefüllt.": pairs(
            fill=lambda z, n, h: n[2::2]
        ),
        "Beim Auffüllen fehlt der Faktor.": pairs(fill=lambda z, n, h: h[1:-1:2] + n[2::2]),
        "Beim Auffüllen nehmen Sie den Faktor des Nachbarn.": pairs(
            fill=lambda z, n, h: z[1:-1:2] * h[1:-1:2] + n[2::2]
        ),
        "Beim Auffüllen braucht es den *Zustand* davor, nicht, was dort dazukam.": pairs(
            fill=lambda z, n, h: z[2::2] * n[1:-1:2] + n[2::2]
        ),
        "Beim Auffüllen nehmen Sie den Zustand danach statt davor.": pairs(
            fill=lambda z, n, h: z[2::2] * np.roll(h, -1, axis=0)[2::2] + n[2::2]
        ),
        "Auch die Faktoren reichen weiter zurück: Fassen Sie sie in jeder Runde zusammen.": kept,
        "Rechnen Sie zuerst, was dazukommt, dann die Faktoren: Sonst steht dort schon das "
        "Produkt.": n,
        "Das ist erst die erste Runde.": first,
        "Um eins verschoben: Vorn steht $h_1$, nicht $h_0$.": np.concatenate([zero, states[:-1]]),
        "$h_0$ ist null, bei Ihnen ist es eins.": states + np.cumprod(factor, axis=0),
        "Das ist die Summe von allem, was dazukam; die Faktoren fehlen.": np.cumsum(new, axis=0),
        "Zu $h_t$ gehört der Faktor Nummer t, nicht der davor.": loop(
            np.concatenate([zero, factor[:-1]]), new
        ),
        "Der Faktor multipliziert nur $h_{t-1}$, nicht auch das Neue.": loop(factor, factor * new),
        "`new` ist schon, was dazukommt; ein Faktor $1 - z_t$ gehört nicht davor.": loop(
            factor, (1 - factor) * new
        ),
        "Sie rechnen von hinten nach vorn.": loop(factor[::-1], new[::-1])[::-1],
    }


def _by_pairs(
    factor: np.ndarray,
    new: np.ndarray,
    pair: Callable = lambda z, n, y, m: (z * y, y * n + m),
    fill: Callable = lambda z, n, h: z[2::2] * h[1:-1:2] + n[2::2],
    deeper: bool = True,
) -> np.ndarray:
    """Der Scan über Paare; in ``pair`` oder ``fill`` steckt ein Fehler."""
    if len(new) == 1:
        return new
    z, n = pair(factor[:-1:2], new[:-1:2], factor[1::2], new[1::2])
    states = new.copy()
    states[1::2] = _by_pairs(z, n, pair, fill) if deeper else n
    states[2::2] = fill(factor, new, states)
    return states


# --- Teil b: in wenigen Schritten -------------------------------------------------------------


def _numbers(T: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(SEED)
    return rng.uniform(size=T), rng.normal(size=T)


def _lines(answer: Callable, T: int) -> int:
    """Wie viele Zeilen und Aufrufe der Leserin laufen; jene von NumPy und PyTorch zählen nicht."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if frame.f_globals.get("__name__", "").split(".")[0] in LIBRARIES:
            return None
        count += event in ("call", "line")
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        returned(answer, *_numbers(T))
    except Hint as hint:
        raise Hint(f"Bei T = {T}: {_why(hint)}") from None
    finally:
        sys.settrace(before)
    return count


class Counted(np.ndarray):
    """Ein Feld, das zählt, wie viele Zahlen multipliziert werden."""

    products = 0

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        """Rechnet wie NumPy und zählt."""
        plain = [x.view(np.ndarray) if isinstance(x, Counted) else x for x in inputs]
        if out is not None:
            options["out"] = tuple(x.view(np.ndarray) for x in out)
        result = getattr(ufunc, method)(*plain, **options)
        if ufunc is np.multiply:
            Counted.products += np.size(result)
        return result.view(Counted) if out is None and isinstance(result, np.ndarray) else result


def _products(answer: Callable) -> int:
    Counted.products = 0
    try:
        returned(answer, *(array.view(Counted) for array in _numbers(MANY)))
    except Hint:
        return 0  # mit gewöhnlichen Feldern lief es, also gilt es
    return Counted.products
