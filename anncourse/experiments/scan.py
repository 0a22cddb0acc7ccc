"""Eine lineare Rekurrenz als Schleife und als paralleler Scan (Abschnitt 9.3.9).

Sehen die Tore h_{t−1} nicht, so ist h_t = a_t h_{t−1} + b_t in h linear, und zwei Schritte lassen
sich zu einem zusammenfassen: erst (a, b), dann (a', b') ist (a' a, a' b + b'). Wer immer zwei
benachbarte Abschnitte zusammenfasst, ist nach ⌈log₂ T⌉ Runden fertig; in jeder Runde geschieht
alles gleichzeitig.

References
----------
Blelloch 1990, *Prefix Sums and Their Applications*; hier in der Form von Hillis und Steele 1986.
Als rekurrentes Netz: Feng et al. 2024, arXiv:2410.01201.
"""

import numpy as np


def loop(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """h_t = a_t h_{t−1} + b_t mit h_0 = 0, Schritt für Schritt; alle Formen ``(T, …)``."""
    h, states = np.zeros_like(b[0]), []
    for a_t, b_t in zip(a, b):
        h = a_t * h + b_t
        states.append(h)
    return np.stack(states)


def scan(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, int]:
    """Dasselbe in ⌈log₂ T⌉ Runden.

    Returns
    -------
    states : numpy.ndarray
        h_1 … h_T, Form ``(T, …)``.
    rounds : int
        Die Zahl der Runden.
    """
    a, b, reach, rounds = a.copy(), b.copy(), 1, 0
    while reach < len(a):  # (a_t, b_t) fasst jetzt `reach` Schritte zusammen
        b[reach:] += a[reach:] * b[:-reach]  # rechts entsteht zuerst, also noch mit den alten b
        a[reach:] *= a[:-reach].copy()
        reach, rounds = 2 * reach, rounds + 1
    return b, rounds
