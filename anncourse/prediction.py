"""Eine Kritik beurteilen, Wort für Wort, mit den Gleichungen aus `anncourse.cells`.

NumPy rechnet allein: Der Start ist kurz, und jede Grösse der Zelle liegt offen da.
"""

from dataclasses import dataclass

import numpy as np

from anncourse.cells import STEPS, sigmoid, unpack, unroll
from anncourse.errors import InputError
from anncourse.weights import Weights


@dataclass(frozen=True)
class Reading:
    """Was in der Zelle geschah, während sie eine Kritik las.

    Attributes
    ----------
    words : list of str
        Die T gelesenen Wörter; unbekannte als ``<UNK>``.
    probabilities : numpy.ndarray
        Wahrscheinlichkeit «positiv» nach jedem Wort, Form ``(T,)``.
    states : dict
        Zustand, Übertrag und Tore, je Form ``(T, H)``.
    """

    words: list[str]
    probabilities: np.ndarray
    states: dict[str, np.ndarray]

    @property
    def probability(self) -> float:
        """Wahrscheinlichkeit «positiv» nach dem letzten Wort."""
        return float(self.probabilities[-1])

    @property
    def label(self) -> str:
        """«positiv» oder «negativ»."""
        return "positiv" if self.probability > 0.5 else "negativ"


def read(weights: Weights, text: str) -> Reading:
    """Liest eine Kritik Wort für Wort.

    Raises
    ------
    InputError
        Wenn der Text kein bekanntes Wort enthält oder das Netz keine Zahl ergibt.
    """
    ids = weights.vocabulary.encode_review(text, weights.config.maxlen)  # (T,)
    arrays = weights.arrays
    with np.errstate(over="ignore", invalid="ignore"):  # was nicht endlich ist, fällt unten auf
        inputs = arrays["embedding.weight"][ids]  # (T, E)
        states = unroll(STEPS[weights.cell], inputs, unpack(weights.cell, weights.layer()))
        logits = states["h"] @ arrays["output.weight"][0] + arrays["output.bias"]  # (T,)
        probabilities = sigmoid(logits)
    if not np.isfinite(probabilities).all():
        raise InputError(
            "Das Netz ergibt keine Wahrscheinlichkeit: Seine Gewichte sind zu gross. Trainieren "
            "Sie es neu, mit einer kleineren learning_rate."
        )
    return Reading(weights.vocabulary.decode(ids), probabilities, states)
