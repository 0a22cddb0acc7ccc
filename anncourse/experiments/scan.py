"""Eine lineare Rekurrenz als Schleife und als paralleler Scan (Abschnitt 9.3.9).

Sehen Tor z_t und Kandidat h̃_t den Zustand h_{t−1} nicht, so ist h_t = z_t h_{t−1} + (1 − z_t) h̃_t
in h linear. Jeder Schritt ist dann ein Paar aus Faktor und Neuem, und zwei Schritte sind wieder
eines: zuerst (z, n), dann (z', n') ist (z' z, z' n + n'). Wer immer zwei benachbarte Abschnitte
zusammenfasst, ist nach ⌈log₂ T⌉ Runden fertig; in jeder Runde geschieht alles gleichzeitig.

References
----------
Hillis und Steele 1986, *Data Parallel Algorithms*; für rekurrente Netze Martin und Cundy 2018,
arXiv:1709.04057; Feng et al. 2024, arXiv:2410.01201.
"""

import numpy as np


def loop(factor: np.ndarray, new: np.ndarray) -> np.ndarray:
    """h_t = factor_t h_{t−1} + new_t mit h_0 = 0, Schritt für Schritt; alle Formen ``(T, …)``."""
    h, states = np.zeros_like(new[0]), []
    for factor_t, new_t in zip(factor, new):
        h = factor_t * h + new_t
        states.append(h)
    return np.stack(states)


def scan(factor: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, int]:
    """Dasselbe in ⌈log₂ T⌉ Runden.

    Returns
    -------
    states : numpy.ndarray
        h_1 … h_T, Form ``(T, …)``.
    rounds : int
        Die Zahl der Runden.
    """
    factor, new, reach, rounds = factor.copy(), new.copy(), 1, 0
    while reach < len(new):  # ein Paar fasst jetzt `reach` Schritte zusammen
        new[reach:] += factor[reach:] * new[:-reach]
        factor[reach:] *= factor[:-reach].copy()
        reach, rounds = 2 * reach, rounds + 1
    return new, rounds
