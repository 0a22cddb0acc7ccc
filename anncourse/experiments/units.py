"""Was eine Einheit beiträgt: sie beim Lesen abschalten (Abschnitt 9.3.8)."""

from collections.abc import Sequence
from dataclasses import replace

from anncourse.weights import LAYER, Weights


def without_units(weights: Weights, units: Sequence[int]) -> Weights:
    """Dasselbe Netz, in dem verborgene Einheiten während des ganzen Lesens null sind.

    Null werden nicht ihre Werte, sondern die Gewichte, die sie lesen: ihre Spalten in den
    rekurrenten Matrizen und ihr Gewicht in der Ausgabeschicht. Auf das Urteil und die übrigen
    Einheiten wirkt das gleich.

    Parameters
    ----------
    weights : Weights
        Das Netz; es bleibt, wie es war.
    units : sequence of int
        Nummern der Einheiten, 0 bis H−1.

    Returns
    -------
    Weights
    """
    arrays = {name: array.copy() for name, array in weights.arrays.items()}
    for name in (f"{LAYER}weight_hh_l0", "output.weight"):
        arrays[name][:, units] = 0
    return replace(weights, arrays=arrays)
