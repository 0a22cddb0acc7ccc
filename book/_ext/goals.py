"""Die Tabelle der Lernziele: welche Übung und welche Frage des Quiz jedes von ihnen übt.

Sie entsteht beim Bauen aus den Köpfen der Abschnitte, den Aufgabenblättern und den Fragen:
``{goals}`` auf einer Seite setzt sie dorthin.
"""

import re
from pathlib import Path
from typing import NamedTuple

from myst_parser.mdit_to_docutils.base import default_slugify
from sphinx.util.docutils import SphinxDirective

from anncourse.teaching.exercises.sheets import load_exercises
from anncourse.teaching.quiz import load_questions

ROOT = Path(__file__).resolve().parents[2]
HEAD = re.compile(r"können Sie\*\*\n\n(.*?)\n\n", re.DOTALL)
QUIZ = re.compile(r"^quiz\.show\((\d+)\)", re.MULTILINE)


class Row(NamedTuple):
    """Ein Lernziel."""

    section: int
    page: str
    goal: str
    exercises: list  # anncourse.teaching.exercises.sheets.Exercise
    questions: list[int]  # ihre Nummern im Quiz des Abschnitts


def rows(root: Path = ROOT) -> list[Row]:
    """Alle Lernziele aller Abschnitte, der Reihe nach."""
    found = []
    for twin in sorted((root / "notebooks").glob("[0-9]*.md")):
        text, section = twin.read_text("utf-8"), int(twin.stem[:2])
        goals = [
            " ".join(goal.split()) for goal in re.split(r"^- ", HEAD.search(text)[1], flags=re.M)
        ]
        questions = load_questions(section) if QUIZ.search(text) else []
        for number, goal in enumerate(goals[1:], 1):
            trained = [e for e in load_exercises() if e.section == section and number in e.goals]
            asked = [k for k, question in enumerate(questions, 1) if number in question.goals]
            found.append(Row(section, twin.stem, goal.rstrip(",."), trained, asked))
    return found


def anchor(exercise) -> str:
    """Das Sprungziel einer Übung, wie MyST es aus ihrer Überschrift bildet."""
    return default_slugify(f"Übung {exercise.number}: {exercise.title}")


def table(found: list[Row]) -> str:
    """Die Lernziele als Tabelle in Markdown."""
    lines = ["| Abschnitt | Lernziel | Übungen | Quiz |", "|---|---|---|---|"]
    for row in found:
        trained = ", ".join(
            f"[{e.number}](../notebooks/09_exercises.ipynb#{anchor(e)})" for e in row.exercises
        )
        asked = ", ".join(f"[{k}](../notebooks/{row.page}.ipynb#quiz)" for k in row.questions)
        lines.append(f"| 9.3.{row.section} | {row.goal} | {trained} | {asked} |")
    return "\n".join(lines)


class Goals(SphinxDirective):
    """``{goals}``: setzt die Tabelle der Lernziele auf die Seite."""

    def run(self):
        """Liest die Quellen neu; ändern sie sich, wird die Seite neu gebaut."""
        for folder in ("notebooks", "anncourse/teaching/exercises", "anncourse/teaching/questions"):
            for source in (ROOT / folder).iterdir():
                if source.suffix in {".md", ".yml"}:
                    self.env.note_dependency(str(source))
        return self.parse_text_to_nodes(table(rows()))


def setup(app):
    """Von Sphinx aufgerufen."""
    app.add_directive("goals", Goals)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
