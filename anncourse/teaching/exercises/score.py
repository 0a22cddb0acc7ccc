"""Hinweise in drei Stufen und die Punkte, so lange der Kern läuft."""

from collections import Counter
from collections.abc import Sequence

from anncourse.teaching.display import Markdown, say
from anncourse.teaching.exercises.sheets import find, load_exercises

_given: Counter[int] = Counter()  # so viele Hinweise sind zu einer Übung gegeben
_right: dict[int, tuple[bool, ...]] = {}  # welche Teile einer Übung zuletzt stimmten


def record(number: int, right: Sequence[bool]) -> None:
    """Hält fest, welche Teile einer Übung stimmen; das letzte Urteil gilt."""
    _right[number] = tuple(right)


def hint(number: int) -> Markdown:
    """Der nächste Hinweis zu einer Übung: eine Frage, der entscheidende Schritt, fast die Lösung.

    Nach dem dritten kommt wieder der erste.

    Parameters
    ----------
    number : int
        Die Nummer der Übung.

    Raises
    ------
    ValueError
        Wenn es die Übung nicht gibt.
    """
    hints = find(number).hints
    stage = _given[number] % len(hints)
    _given[number] += 1
    return say(f"**Hinweis {stage + 1} von {len(hints)}.** {hints[stage]}")


def report() -> Markdown:
    """Alle Übungen mit Punkten: was gelöst ist, was halb und was noch offen.

    Nach einem Neustart des Kerns zählt neu, was noch einmal geprüft wird.
    """
    lines = ["| Übung | zu | Stufe | Minuten | Punkte |", "|---|---|---|---|---|"]
    reached = total = 0
    for e in load_exercises():
        right = _right.get(e.number, ())
        points = sum(p for p, good in zip(e.points, right) if good)
        reached, total = reached + points, total + sum(e.points)
        lines.append(
            f"| {e.number}. {e.title} | 9.3.{e.section} | {e.level} | {e.minutes} | "
            f"{points} von {sum(e.points)}{' ✓' if right and all(right) else ''} |"
        )
    return say("\n".join([*lines, "", f"**{reached} von {total} Punkten.**"]))
