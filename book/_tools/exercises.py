"""Schreibt die Übungen in den Textzwilling von 9.3.9; ``make sync`` ruft es auf.

Ersetzt wird alles von der ersten Überschrift «Übungen zu …» bis zur nächsten, die nicht so beginnt.
Was dort steht, kommt aus den Aufgabenblättern in ``anncourse/teaching/exercises``.
"""

import re
from itertools import groupby
from pathlib import Path

from anncourse.teaching.exercises.sheets import Exercise, load_exercises

TWIN = Path(__file__).resolve().parents[2] / "notebooks" / "09_exercises.md"
REGION = re.compile(r"^## Übungen zu .*?(?=^## (?!Übungen zu ))", re.MULTILINE | re.DOTALL)


def fold(title: str, text: str) -> str:
    """Ein Text, der erst auf einen Klick erscheint."""
    return f"<details>\n<summary>{title}</summary>\n\n{text}\n\n</details>"


def hints(exercise: Exercise) -> str:
    """Die Hinweise, jeder im vorigen: Wer einen öffnet, sieht den nächsten noch nicht."""
    inner = ""
    for stage, text in reversed(list(enumerate(exercise.hints, 1))):
        inner = fold(f"Hinweis {stage} von {len(exercise.hints)}", f"{text}\n\n{inner}".strip())
    return inner


def cells(exercise: Exercise) -> str:
    """Aufgabe, Vorlage, Prüfung, Hinweise und Lösung als Zellen in MyST."""
    e = exercise
    parts = " + ".join(map(str, e.points))
    points = f"{parts} {'Punkt' if e.points == (1,) else 'Punkte'}"
    return "\n\n".join(
        [
            f"### Übung {e.number}: {e.title}",
            f"*{e.kind}, {e.level}, etwa {e.minutes} Minuten, {points}*",
            e.text,
            f"```{{code-cell}} ipython3\n{e.template}\n```",
            "```{code-cell} ipython3\n:tags: [nbval-check-output]\n\n"
            f"exercises.check_{e.number}({e.answer})\n```",
            hints(e),
            fold("Lösung", e.solution),
        ]
    )


def all_cells() -> str:
    """Alle Übungen, nach Abschnitten."""
    sections = groupby(load_exercises(), key=lambda e: e.section)
    return "\n\n".join(
        "\n\n".join([f"## Übungen zu 9.3.{number}", *map(cells, some)]) for number, some in sections
    )


def main() -> None:
    """Ersetzt die Übungen im Textzwilling."""
    text = TWIN.read_text("utf-8")
    TWIN.write_text(REGION.sub(lambda _: all_cells() + "\n\n", text, count=1), "utf-8")


if __name__ == "__main__":
    main()
