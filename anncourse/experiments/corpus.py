"""Die Kritiken, die ein Prozess nur einmal liest, und Stichproben daraus."""

from functools import cache

import numpy as np

from anncourse.data import EncodedReviews
from anncourse.sources import Reviews, load_reviews


@cache
def reviews(data: str | None = None) -> Reviews:
    """Die Kritiken aus `load_reviews`."""
    return load_reviews(data)


def balanced(
    part: EncodedReviews, where: np.ndarray, per_class: int, rng: np.random.Generator
) -> list[int]:
    """Stellen zufälliger Kritiken, beide Klassen gleich oft, die negativen zuerst.

    Parameters
    ----------
    part : EncodedReviews
        Woraus gezogen wird.
    where : numpy.ndarray
        Welche in Frage kommen, bool, Form ``(N,)``.
    per_class : int
        So viele je Klasse; weniger, wenn es nicht so viele gibt.
    rng : numpy.random.Generator
        Quelle des Zufalls.
    """
    labels = part.labels.numpy()
    both = [rng.permutation(np.flatnonzero(where & (labels == label))) for label in (0, 1)]
    return [int(k) for side in both for k in side[:per_class]]
