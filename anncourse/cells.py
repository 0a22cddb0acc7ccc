"""Die drei Zellen als Gleichungen in NumPy und die Schleife, die sie entrollt.

Ein Zustand ist ein Wörterbuch von Vektoren der Länge H: ``{"h": …}``, bei der LSTM auch
``"c"``. Ein Schritt gibt den neuen Zustand zurück, samt den Toren, damit man sie ansehen
kann. Die Gewichte heissen wie im Text: ``W_i`` (H, I), ``U_i`` (H, H), ``b_i`` (H,).
"""

from collections.abc import Callable, Mapping

import numpy as np

State = dict[str, np.ndarray]
Parameters = Mapping[str, np.ndarray]
Step = Callable[[np.ndarray, State, Parameters], State]


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Logistische Funktion σ(x) = 1 / (1 + e⁻ˣ), ohne Überlauf für grosse \\|x\\|."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def rnn_step(x: np.ndarray, state: State, p: Parameters) -> State:
    """Ein Schritt des SimpleRNN: h_t = tanh(W x_t + U h_{t−1} + b).

    Aus ``x`` (I,) und dem vorigen Zustand mit ``"h"`` (H,) wird der nächste.

    Parameters
    ----------
    p : mapping
        ``W`` (H, I), ``U`` (H, H), ``b`` (H,).

    References
    ----------
    Elman 1990, *Finding Structure in Time*.
    """
    return {"h": np.tanh(p["W"] @ x + p["U"] @ state["h"] + p["b"])}


def lstm_step(x: np.ndarray, state: State, p: Parameters) -> State:
    """Ein Schritt der LSTM: drei Tore, ein Kandidat, eine Übertragsspur.

    Aus ``x`` (I,) und dem vorigen Zustand mit ``"h"`` und ``"c"``, je (H,), wird der nächste, zum
    Ansehen mit ``i``, ``f``, ``o`` und ``candidate`` (im Text c̃).

    Parameters
    ----------
    p : mapping
        ``W_g`` (H, I), ``U_g`` (H, H), ``b_g`` (H,) für g in i, f, o und c (Kandidat).

    References
    ----------
    Hochreiter und Schmidhuber 1997; das Vergesstor: Gers, Schmidhuber und Cummins 2000.
    """
    h = state["h"]
    i = sigmoid(p["W_i"] @ x + p["U_i"] @ h + p["b_i"])  # Eingangstor
    f = sigmoid(p["W_f"] @ x + p["U_f"] @ h + p["b_f"])  # Vergesstor
    o = sigmoid(p["W_o"] @ x + p["U_o"] @ h + p["b_o"])  # Ausgangstor
    candidate = np.tanh(p["W_c"] @ x + p["U_c"] @ h + p["b_c"])
    c = f * state["c"] + i * candidate  # neuer Übertrag
    seen = {"i": i, "f": f, "o": o, "candidate": candidate}
    return {"h": o * np.tanh(c), "c": c} | seen


def gru_step(x: np.ndarray, state: State, p: Parameters) -> State:
    """Ein Schritt der GRU in der Form von PyTorch (Keras: ``reset_after=True``).

    Aus ``x`` (I,) und dem vorigen Zustand mit ``"h"`` (H,) wird der nächste, zum Ansehen mit
    ``r``, ``z`` und ``candidate`` (im Text h̃).

    Parameters
    ----------
    p : mapping
        ``W_g``, ``U_g``, ``b_g`` für g in r, z, h und der zweite Achsenabschnitt
        ``b_h2`` (im Text b′_h), den das Rücksetztor multipliziert.

    References
    ----------
    Cho et al. 2014; dort wirkt r vor der Multiplikation mit U_h.
    """
    h = state["h"]
    r = sigmoid(p["W_r"] @ x + p["U_r"] @ h + p["b_r"])  # Rücksetztor
    z = sigmoid(p["W_z"] @ x + p["U_z"] @ h + p["b_z"])  # Aktualisierung
    old = p["U_h"] @ h + p["b_h2"]
    candidate = np.tanh(p["W_h"] @ x + p["b_h"] + r * old)
    seen = {"r": r, "z": z, "candidate": candidate}
    return {"h": (1 - z) * candidate + z * h} | seen


STEPS: dict[str, Step] = {"rnn": rnn_step, "lstm": lstm_step, "gru": gru_step}
STACKED = {"rnn": ("",), "lstm": ("_i", "_f", "_c", "_o"), "gru": ("_r", "_z", "_h")}


def zero_state(hidden_size: int) -> State:
    """Der Zustand vor dem ersten Schritt: h_0 = c_0 = 0, je Form ``(H,)``."""
    return {"h": np.zeros(hidden_size), "c": np.zeros(hidden_size)}


def unroll(step: Step, inputs: np.ndarray, p: Parameters, state: State | None = None) -> State:
    """Die Schleife des RNN: wendet `rnn_step`, `lstm_step` oder `gru_step` auf eine Folge an.

    Parameters
    ----------
    inputs : numpy.ndarray
        Die Folge x_1 … x_T, Form ``(T, I)``.
    state : dict, optional
        Anfangszustand; ohne Angabe null.

    Returns
    -------
    dict
        Jede Grösse der Zelle über alle Schritte, je Form ``(T, H)``. Der letzte Zustand ist
        ``["h"][-1]``.
    """
    if state is None:
        state = zero_state(next(len(U) for name, U in p.items() if name.startswith("U")))
    states = []
    for x in inputs:  # x_t: (I,)
        state = step(x, state, p)
        states.append(state)
    return {name: np.stack([s[name] for s in states]) for name in states[0]}  # (T, H)


def unpack(cell: str, weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Zerlegt die gestapelten Gewichte von ``nn.RNN``, ``nn.LSTM`` oder ``nn.GRU``.

    PyTorch stapelt die Tore untereinander: i, f, g, o bei der LSTM (g ist unser c̃), r, z, n
    bei der GRU. Und es führt zwei Achsenabschnitte; wo beide nur addiert werden, steht
    hier ihre Summe. Die Namen im Ergebnis sind jene des Texts.

    Parameters
    ----------
    weights : mapping
        ``weight_ih_l0`` (G·H, I), ``weight_hh_l0`` (G·H, H), ``bias_ih_l0`` und
        ``bias_hh_l0`` (G·H,), mit G = 1, 4 oder 3.
    """
    names = STACKED[cell]
    W, U, b_ih, b_hh = (
        np.split(np.asarray(weights[f"{name}_l0"]), len(names))
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    p: dict[str, np.ndarray] = {}
    for k, gate in enumerate(names):
        p |= {f"W{gate}": W[k], f"U{gate}": U[k], f"b{gate}": b_ih[k] + b_hh[k]}
    if cell == "gru":  # b'_h wird mit dem Rücksetztor multipliziert, b_h nicht
        p |= {"b_h": b_ih[2], "b_h2": b_hh[2]}
    return p
