"""Jedes Lernziel wird geübt: von einer Übung oder einer Frage des Quiz."""

from importlib.util import module_from_spec, spec_from_file_location

import pytest
from pages import CHAPTER, ROOT, read
from test_book import anchors

spec = spec_from_file_location("goals_extension", ROOT / "book" / "_ext" / "goals.py")
goals = module_from_spec(spec)
spec.loader.exec_module(goals)

ROWS = goals.rows()
OWN = [row for row in ROWS if row.section <= len(CHAPTER)]


def test_every_goal_of_the_chapter_stands_in_the_table():
    heads = [read(path).split("können Sie**")[1].split("**Sie brauchen**")[0] for path in CHAPTER]
    assert len(OWN) == sum(head.count("\n- ") for head in heads) > 30
    assert OWN[0].goal == "zeigen, was man behalten muss und was dem Wörterzählen entgeht"
    assert {row.section for row in OWN} == set(range(1, 10))


@pytest.mark.parametrize("row", OWN, ids=lambda row: f"9.3.{row.section} {row.goal[:30]}")
def test_every_goal_is_trained(row):
    assert row.exercises or row.questions


def test_the_table_leads_to_exercises_and_quiz():
    lines = goals.table(ROWS).splitlines()
    assert len(lines) == len(ROWS) + 2
    assert "| 9.3.1 | mit einer einzigen Einheit ein Bit halten | [9](../notebooks/09_" in lines[4]
    for row in OWN:
        assert {goals.anchor(e) for e in row.exercises} <= anchors(CHAPTER[8])
        assert not row.questions or "quiz" in anchors(CHAPTER[row.section - 1])


def test_the_page_for_lecturers_shows_it():
    assert "```{goals}\n```" in read(ROOT / "book" / "lehre.md")


def test_a_section_without_quiz_or_exercises_has_empty_rows(tmp_path):
    (tmp_path / "notebooks").mkdir()
    text = (
        "# 9.3.99 Eigenes\n\n**Nach diesem Abschnitt können Sie**\n\n- etwas\n  Neues,\n- mehr.\n\n"
    )
    (tmp_path / "notebooks" / "99_own.md").write_text(text, "utf-8")
    assert goals.rows(tmp_path) == [
        (99, "99_own", "etwas Neues", [], []),
        (99, "99_own", "mehr", [], []),
    ]
