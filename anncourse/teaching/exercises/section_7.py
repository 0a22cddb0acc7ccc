"""Prüfungen zu 9.3.7: redlich vergleichen, und ob ein Unterschied vom Zufall kommen kann."""

from collections.abc import Callable
from math import sqrt

import numpy as np

from anncourse.cells import sigmoid
from anncourse.teaching.display import Markdown
from anncourse.teaching.exercises.judging import (
    SEED,
    Hint,
    call,
    expect,
    judge,
    letters,
    named,
    number,
    yes_no,
)

FINE = {  # Aussagen, die keinen Fehler nennen
    "a": "Was soll sich ändern, wenn man Zellen vergleicht, und was ändert sich damit von selbst?",
    "c": "Wie wurde die Zahl der Epochen bestimmt, und galt das für alle drei Netze?",
    "e": "Was wäre gewonnen, wenn jedes Netz über andere Kritiken urteilte?",
    "g": "Käme bei einem zweiten Training des linearen Modells etwas anderes heraus?",
}
FAULTS = {
    "b": "Hatte jedes Netz gleich viele Versuche?",
    "d": "Was der Testteil auswählt, misst er nicht mehr redlich. Wo wählt er?",
    "f": "Eine der Zahlen könnte ganz am Zufallsstart liegen. Welche?",
    "h": "Nicht alle Zahlen der Tabelle darf man nebeneinander stellen. Welche passt nicht zu den "
    "andern?",
    "i": "Prüfen Sie auch den Schluss des Berichts: Wie genau misst man mit 2000 Kritiken?",
}


def check_20(answer: object) -> Markdown:
    """Übung 20: fünf Fehler in einem Vergleich finden.

    Parameters
    ----------
    answer : str or collection of str
        Die Buchstaben der Aussagen, die einen Fehler nennen.
    """
    start = "Welche Zeile der Tabelle ist nicht für alle Netze gleich?"
    return judge(20, start, lambda: _faults(answer))


def _faults(answer: object) -> str:
    chosen = letters(answer, "abcdefghi")
    if not chosen:
        raise Hint("Schreiben Sie die Buchstaben von fünf Aussagen als Text.")
    found = sum(letter in chosen for letter in FAULTS)
    for letter, question in FINE.items():
        if letter in chosen:
            raise Hint(f"{letter} nennt keinen Fehler. {question}")
    for letter, question in FAULTS.items():
        if letter not in chosen:
            raise Hint(f"Sie haben {found} von 5 Fehlern und nichts Falsches dabei. {question}")
    return "Jeder dieser fünf Fehler kann einen Unterschied vortäuschen oder vergrössern."


# --- Ist der Unterschied belegt? --------------------------------------------------------------


BOOLEAN = {
    "boolean subtract": "Wahrheitswerte kann NumPy nicht subtrahieren. Mitteln Sie zuerst, oder "
    "zählen Sie `one & ~other` und `other & ~one` getrennt."
}


def check_23(compare: Callable, mcnemar: Callable = ...) -> Markdown:  # type: ignore[assignment]
    """Übung 23: ein Unterschied mit beiden Quellen des Zufalls; zwei bestimmte Netze.

    Parameters
    ----------
    compare : callable
        ``compare(right_a, right_b)`` mit (R_a, N) und (R_b, N), bool; Ergebnis ``gap``, ``half``
        und ``clear``.
    mcnemar : callable
        ``mcnemar(one, other)`` mit zweimal (N,), bool; Ergebnis ``gap``, ``limit`` und ``clear``.
    """
    start = "`right_a.mean(axis=0)` ist zu jeder Kritik der Anteil der Läufe, die recht haben."
    return judge(23, start, lambda: _both_sources(compare), lambda: _one_net_each(mcnemar))


def _runs(rng: np.random.Generator, hard: np.ndarray, levels: list[float]) -> np.ndarray:
    """Läufe, die dieselben Kritiken beurteilen; je höher ihr Wert, desto öfter zu Recht."""
    return rng.random((len(levels), len(hard))) < sigmoid(hard + np.array(levels)[:, None])


def _both_sources(compare: Callable) -> str:
    rng = np.random.default_rng(SEED)
    cases = [
        ("Fünf gegen vier Läufe", [2.3, 2.6, 2.4, 2.5, 2.7], [1.5, 1.9, 1.6, 1.7]),
        ("Drei Läufe gegen drei", [2.2, 2.5, 2.0], [1.9, 2.1, 1.8]),
        ("Vier Läufe gegen fünf bessere", [1.2, 1.4, 1.3, 1.5], [2.4, 2.6, 2.8, 2.5, 2.6]),
        ("Vier Läufe gegen einen einzigen", [2.3, 2.0, 2.1, 2.2], [1.6]),
        ("Ein einziger Lauf gegen einen", [2.3], [2.1]),
    ]
    for name, one, other in cases:
        hard = rng.normal(0, 2, 600)
        _compared(compare, _runs(rng, hard, one), _runs(rng, hard, other), f"{name}, ")
    return "Paarweise gerechnet, mit beiden Quellen des Zufalls."


def _variance(runs: np.ndarray, ddof: int = 1) -> float:
    """Varianz der Genauigkeit über die Läufe; null, wenn es nur einen gibt."""
    return float(runs.mean(1).var(ddof=ddof)) if len(runs) > 1 else 0.0


def _compared(compare: Callable, a: np.ndarray, b: np.ndarray, name: str) -> None:
    values = named(call(compare, a, b, slips=BOOLEAN), ("gap", "half", "clear"))
    N, per_review = a.shape[1], a.mean(0) - b.mean(0)
    gap = float(per_review.mean())
    place = f"{name}`gap`: "
    expect(
        number(values["gap"], place),
        gap,
        {
            _turned(gap): -gap,
            "Gefragt ist ein Anteil, nicht Prozentpunkte.": 100 * gap,
            "Das ist eine Anzahl. Teilen Sie durch die Anzahl Kritiken.": N * gap,
            "Sie vergleichen je nur einen Lauf.": a[0].mean() - b[0].mean(),
            "Sie vergleichen je den besten Lauf.": a.mean(1).max() - b.mean(1).max(),
            "Das ist nur die Genauigkeit der Läufe a.": a.mean(),
        },
        "Gefragt ist die mittlere Genauigkeit der Läufe a minus jene der Läufe b.",
        place,
    )

    def width(*variances: float) -> float:
        return 1.96 * sqrt(sum(variances))

    sample, one, other = per_review.var() / N, _variance(a) / len(a), _variance(b) / len(b)
    half = width(sample, one, other)
    unpaired = (a.mean(0).var() + b.mean(0).var()) / N
    single = a[: len(b)].astype(float) - b[: len(a)]  # Lauf gegen Lauf
    place = f"{name}`half`: "
    if values["half"] != values["half"]:  # nan
        raise Hint(
            f"{place}Ihr Ergebnis ist `nan`. Bei einem einzigen Lauf ist der Summand der "
            "Zufallsstarts null; mit `ddof=1` teilt `var` dort durch null."
        )
    found = number(values["half"], place)
    if np.isclose(found, width(per_review.var(ddof=1) / N, one, other), rtol=1e-5, atol=0):
        found = half  # `ddof=1` auch bei den Kritiken ist ebenso recht
    expect(
        found,
        half,
        {
            "Es fehlt der Faktor 1.96.": half / 1.96,
            "Gefragt ist die halbe Breite, nicht die ganze.": 2 * half,
            "Gefragt ist ein Anteil, nicht Prozentpunkte.": 100 * half,
            "Die Wurzel fehlt noch.": half**2 / 1.96,
            "Es fehlen die Zufallsstarts.": width(sample),
            "Es fehlt die Auswahl der Kritiken.": width(one, other),
            "Bei den Zufallsstarts fehlen die Läufe b.": width(sample, one),
            "Bei den Zufallsstarts fehlen die Läufe a.": width(sample, other),
            "Addiert werden die Varianzen, erst dann wird die Wurzel gezogen.": width(sample)
            + width(one, other),
            "Auch die Summanden von a und b werden vor der Wurzel addiert.": width(sample)
            + width(one)
            + width(other),
            "Das ist nicht paarweise: Bilden Sie zuerst die Differenz Kritik für Kritik, dann "
            "deren Varianz.": width(unpaired, one, other),
            "Gefragt ist die Varianz von $d$, nicht $q (1 - q)$ jeder Zelle.": width(
                a.mean() * (1 - a.mean()) / N, b.mean() * (1 - b.mean()) / N, one, other
            ),
            "Bei den Zufallsstarts fehlt `ddof=1`.": width(
                sample, _variance(a, 0) / len(a), _variance(b, 0) / len(b)
            ),
            "Bei den Kritiken fehlt die Division durch $N$.": width(N * sample, one, other),
            "Bei den Zufallsstarts fehlt die Division durch die Anzahl Läufe.": width(
                sample, _variance(a), _variance(b)
            ),
            "Es fehlen die Divisionen durch $N$, $R_a$ und $R_b$.": width(
                N * sample, _variance(a), _variance(b)
            ),
            "Mitteln Sie zuerst über die Läufe; $d$ hat die Form $(N)$.": width(
                single.var() / N, one, other
            ),
        },
        "Vergleichen Sie Summand für Summand mit der Formel; der Faktor ist 1.96.",
        place,
    )
    if yes_no(values["clear"], f"{name}`clear`: ") != (abs(gap) > half):
        raise Hint(f"{name}`clear`: {_clear(gap, half)}")


def _turned(gap: float) -> str:
    """Der Hinweis, wenn nur das Vorzeichen nicht stimmt."""
    if gap < 0:
        return "Hier ist das zweite besser: Das Vorzeichen soll das sagen. Nehmen Sie den Betrag?"
    return "Das Vorzeichen stimmt nicht: Gefragt ist das erste minus das zweite."


def _clear(gap: float, half: float) -> str:
    """Der Hinweis, wenn die Folgerung nicht zu den Zahlen passt."""
    if gap > half:
        return "Das Intervall schliesst die Null aus, der Unterschied ist also belegt."
    if gap < -half:
        return "Das Intervall liegt ganz unter null. Schliesst es die Null damit aus?"
    return "Das Intervall enthält die Null, der Unterschied ist also nicht belegt."


def _one_net_each(mcnemar: Callable) -> str:
    rng = np.random.default_rng(SEED)
    cases = [("Das erste Netz viel besser", 2.6, 1.6), ("Zwei ähnliche Netze", 2.0, 1.9)]
    cases += [("Das zweite Netz viel besser", 1.2, 2.8)]
    for name, one, other in cases:
        hard = rng.normal(0, 2, 500)
        (first,), (second,) = _runs(rng, hard, [one]), _runs(rng, hard, [other])
        _two_nets(mcnemar, first, second, f"{name}, ")
    _two_nets(mcnemar, first, first, "Zweimal dasselbe Netz, ")
    return "Gezählt sind nur die Kritiken, bei denen genau ein Netz recht hat."


def _two_nets(mcnemar: Callable, first: np.ndarray, second: np.ndarray, name: str) -> None:
    N, split = len(first), int((first ^ second).sum())
    gap, limit = int(first.sum()) - int(second.sum()), 1.96 * sqrt(split)
    values = named(call(mcnemar, first, second, slips=BOOLEAN), ("gap", "limit", "clear"))
    place = f"{name}`gap`: "
    expect(
        number(values["gap"], place),
        gap,
        {
            _turned(gap): -gap,
            "Gefragt ist eine Anzahl, kein Anteil.": gap / N,
            "Das ist die Anzahl Kritiken, bei denen genau eines recht hat. Gefragt ist eine "
            "Differenz.": split,
            "Das ist nur, was das erste Netz allein richtig hat.": int((first & ~second).sum()),
            "Das ist nur, was das zweite Netz allein richtig hat.": int((~first & second).sum()),
        },
        "Bei wie vielen Kritiken hat nur das erste Netz recht, bei wie vielen nur das zweite?",
        place,
    )
    place = f"{name}`limit`: "
    expect(
        number(values["limit"], place),
        limit,
        {
            "Es fehlt der Faktor 1.96.": sqrt(split),
            "Die Wurzel fehlt noch.": 1.96 * split,
            "Das ist erst die Anzahl Kritiken, bei denen genau eines recht hat.": split,
            "Gezählt werden nur die Kritiken, bei denen genau ein Netz recht hat, nicht alle.": 1.96
            * sqrt(N),
            "Sie zählen die Kritiken, bei denen beide recht haben oder beide irren.": 1.96
            * sqrt(N - split),
            "Unter der Wurzel steht die Summe der beiden Anzahlen, nicht ihre Differenz.": 1.96
            * sqrt(abs(gap)),
            "Gefragt ist eine Anzahl, kein Anteil.": limit / N,
        },
        "Bei 400 Kritiken, bei denen genau ein Netz recht hat, wären es $1.96 \\cdot 20$.",
        place,
    )
    if yes_no(values["clear"], f"{name}`clear`: ") != (abs(gap) > limit):
        raise Hint(
            f"{name}`clear`: Belegt ist eine Differenz, wenn ihr Betrag grösser ist als die "
            "Schranke."
        )
