"""Was von aussen hereinkommt, wird am Eingang geprüft: Zahlen, Namen, Schalter.

Eine Regel nimmt einen Wert und gibt ihn als Zahl oder Text von Python zurück; was nicht passt,
endet in einem `InputError`, der sagt, was erwartet wird.
"""

import math
import operator
from collections.abc import Callable
from numbers import Real
from typing import Any

from anncourse.errors import InputError, printable

Rule = Callable[[object], Any]
BOUNDS = {
    "grösser als": operator.gt,
    "mindestens": operator.ge,
    "höchstens": operator.le,
    "kleiner als": operator.lt,
}


def whole(low: int, high: int) -> Rule:
    """Eine ganze Zahl von ``low`` bis ``high``."""

    def check(value: object) -> int:
        number = _plain(value)
        if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
            raise _refused(value, f"eine ganze Zahl von {low} bis {high}")
        return number

    return check


def real(**bounds: float) -> Rule:
    """Eine endliche Zahl, zum Beispiel ``real(above=0, below=1)``.

    Parameters
    ----------
    **bounds
        ``above``, ``least``, ``most``, ``below``: grösser als, mindestens, höchstens, kleiner als.
    """
    words = dict(zip(("above", "least", "most", "below"), BOUNDS))
    limits = [(words[name], limit) for name, limit in bounds.items()]
    expected = "eine Zahl, " + " und ".join(f"{word} {limit:g}" for word, limit in limits)

    def check(value: object) -> float:
        plain = _plain(value)
        if isinstance(plain, bool) or not isinstance(plain, Real):
            raise _refused(value, expected)
        try:
            number = float(plain)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number) or not all(BOUNDS[word](number, x) for word, x in limits):
            raise _refused(value, expected)
        return number

    return check


def choice(allowed: tuple[str, ...]) -> Rule:
    """Einer von mehreren Namen."""

    def check(value: object) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise InputError(f"{_shown(value)} ist unbekannt; möglich sind {', '.join(allowed)}")
        return str(value)

    return check


def flag(value: object) -> bool:
    """Ja oder nein."""
    plain = _plain(value)
    if not isinstance(plain, bool):
        raise _refused(value, "True oder False")
    return plain


def optional(rule: Rule) -> Rule:
    """Auch ``None`` ist erlaubt."""
    return lambda value: None if value is None else rule(value)


def checked(name: str, value: object, rule: Rule) -> Any:
    """Der Wert, wie ihn die Regel zurückgibt; ihr Fehler nennt vorn, worum es geht."""
    try:
        return rule(value)
    except InputError as error:
        raise InputError(f"{name}: {error}.") from error


def _plain(value: object) -> object:
    """Macht aus Zahlen von NumPy und PyTorch solche von Python."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return value.item()
    return value


def _refused(value: object, expected: str) -> InputError:
    kind = "der Text " if isinstance(value, str) else ""  # «8» sähe sonst wie eine Zahl aus
    return InputError(f"{kind}{_shown(value)} passt nicht; erwartet wird {expected}")


def _shown(value: object) -> str:
    try:
        text = str(value)
    except ValueError:  # so viele Ziffern schreibt Python nicht aus
        text = type(value).__name__
    return f"«{printable(text[:40])}»"
