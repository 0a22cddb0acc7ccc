"""Eine einzige Einheit, h_t = tanh(u h_{t−1} + x_t): Was sie hält, vergisst, was sie anstiess.

Ruhig steht die Einheit an einem Fixpunkt h* = tanh(u h*). Eine Störung wird dort in jedem Schritt
mit der Steigung u (1 − h*²) multipliziert, und der Gradient auf dem Rückweg ebenso.

References
----------
Bengio, Simard und Frasconi 1994, für eine Einheit von Hand.
"""

from typing import Any

import numpy as np


def fixed_point(u: float) -> float:
    """Der Fixpunkt h* = tanh(u h*) mit h* ≥ 0; bis u = 1 gibt es nur die Null."""
    from scipy.optimize import brentq

    if u <= 1:
        return 0.0
    lowest = np.sqrt(1 - 1 / u)  # dort liegt tanh(u h) noch über h, bei 1 darunter
    return brentq(lambda h: np.tanh(u * h) - h, lowest, 1.0, xtol=1e-15)


def slope(u: float, h: float | np.ndarray) -> Any:
    """Die Ableitung ∂h_t/∂h_{t−1} = u (1 − h_t²)."""
    return u * (1 - np.square(h))


def states(u: float, start: float | np.ndarray, steps: int, inputs: float | np.ndarray = 0.0):
    """Die Zustände h_1 … h_T von ``start`` aus.

    Parameters
    ----------
    u : float
        Das rekurrente Gewicht.
    start : float or numpy.ndarray
        h_0, Form ``(…)``.
    steps : int
        So viele Schritte, T.
    inputs : float or numpy.ndarray
        x_1 … x_T, Form ``(T, …)``, zum Beispiel Rauschen.

    Returns
    -------
    numpy.ndarray
        Form ``(T, …)``.
    """
    h, found = np.asarray(start, float), []
    for x in np.broadcast_to(inputs, (steps, *np.shape(h))):
        h = np.tanh(u * h + x)
        found.append(h)
    return np.stack(found)


def products(slopes: np.ndarray) -> np.ndarray:
    """∂h_T/∂h_{T−k} für k = 1 … T: das Produkt der letzten k Steigungen."""
    return np.cumprod(slopes[::-1], axis=0)


def kept(u: float, noise: float, steps: int, number: int = 10_000, seed: int = 93) -> np.ndarray:
    """Wie oft das Vorzeichen von h_0 nach jedem Schritt noch stimmt, wenn die Einheit rauscht.

    Parameters
    ----------
    u : float
        Das rekurrente Gewicht.
    noise : float
        Standardabweichung der Eingaben.
    steps, number, seed : int
        Schritte, Einheiten, Zufallsstart.

    Returns
    -------
    numpy.ndarray
        Anteile, Form ``(steps,)``.
    """
    rng = np.random.default_rng(seed)
    sign = rng.choice([-1.0, 1.0], number)
    h = states(u, sign, steps, noise * rng.standard_normal((steps, number)))
    return (np.sign(h) == sign).mean(1)


# Marke, Wert und ob gefragt wird; gesucht ist der zuletzt markierte Wert
SEQUENCE = np.array(
    [[1, 1, 0], [0, -1, 0], [0, 1, 0], [0, -1, 0], [1, -1, 0], [0, 1, 0], [0, 1, 0], [0, 1, 1]]
)
WANTED = np.array([1, 1, 1, 1, -1, -1, -1, -1])


def by_hand(gates: str = "ifo") -> dict[str, np.ndarray]:
    """Eine LSTM mit einer Einheit, Gewichte von Hand; ein Tor, das fehlt, steht offen.

    Parameters
    ----------
    gates : str
        Welche Tore wirken: ``""``, ``"i"``, ``"if"`` oder ``"ifo"``.

    Returns
    -------
    dict
        Gewichte für `anncourse.cells.lstm_step`; die Eingabe ist eine Zeile von ``SEQUENCE``.
    """
    W = {"i": [20, 0, 0], "f": [-20, 0, 0]}  # Marke, Wert, Frage
    W |= {"o": [0, 0, 20], "c": [0, 5, 0]}
    b = {"i": -10, "f": 10, "o": -10, "c": 0}
    for gate in set("ifo") - set(gates):
        W[gate], b[gate] = [0, 0, 0], 10  # steht offen
    p = {f"W_{g}": np.array([W[g]], float) for g in W}
    p |= {f"U_{g}": np.zeros((1, 1)) for g in W}  # h wird nicht gelesen
    return p | {f"b_{g}": np.array([b[g]], float) for g in b}
