"""Die Kritiken, die ein Prozess nur einmal liest."""

from functools import cache

from anncourse.sources import Reviews, load_reviews


@cache
def reviews(data: str | None = None) -> Reviews:
    """Die Kritiken aus `load_reviews`."""
    return load_reviews(data)
