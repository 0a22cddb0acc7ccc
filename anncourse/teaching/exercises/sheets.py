"""Die Aufgabenblätter: was in ``section_k.md`` steht, eine Datei je Abschnitt.

Jede Übung steht dort einmal: Text, Vorlage, drei Hinweise, Lösung, Punkte, Lernziele. Daraus
entstehen die Zellen von 9.3.9, die Hinweise und Punkte im Notebook und die Tabelle der Lernziele.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

KINDS = ("Papier", "Code", "Fehlersuche", "Experiment")
LEVELS = ("leicht", "mittel", "schwer")
START = re.compile(r"^## (\d+) ([^\n]+)\n+```yaml\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
PART = re.compile(r"^### (Vorlage|Hinweise|Lösung)\n", re.MULTILINE)
CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ITEM = re.compile(r"^\d\. ", re.MULTILINE)


@dataclass(frozen=True)
class Exercise:
    """Eine Übung.

    Attributes
    ----------
    number, section : int
        Ihre Nummer, für immer dieselbe, und der Abschnitt: 1 für 9.3.1.
    title : str
        Ihr Titel.
    kind, level : str
        Art (`KINDS`) und Stufe (`LEVELS`).
    minutes : int
        So lange braucht etwa, wer den Abschnitt gelesen hat.
    points : tuple of int
        Punkte je Teil.
    goals : tuple of int
        Welche Lernziele des Abschnitts sie übt, gezählt von 1.
    answer : str
        Was die Prüfung bekommt, zum Beispiel ``"step, factor"``.
    text, template, solution : str
        Aufgabe (Markdown), Vorlage (Python) und Lösung (Markdown).
    hints : tuple of str
        Eine Frage, der entscheidende Schritt, fast die Lösung.
    """

    number: int
    title: str
    section: int
    kind: str
    level: str
    minutes: int
    points: tuple[int, ...]
    goals: tuple[int, ...]
    answer: str
    text: str
    template: str
    hints: tuple[str, ...]
    solution: str

    @property
    def code(self) -> str:
        """Der Code der Lösung, alle Blöcke hintereinander."""
        return "\n".join(CODE.findall(self.solution))


def read_sheet(text: str, section: int) -> list[Exercise]:
    """Die Übungen eines Aufgabenblatts.

    Raises
    ------
    ValueError
        Wenn einer Übung ein Teil fehlt; die Meldung nennt Blatt, Übung und Teil.
    """
    parts = START.split(text)[1:]  # Nummer, Titel, Angaben, Rest, Nummer, …
    exercises = []
    for number, title, head, body in zip(*[iter(parts)] * 4):
        found = PART.split(body)
        pieces = {"Aufgabe": found[0].strip()} | dict(zip(found[1::2], found[2::2]))
        place = f"Blatt zu 9.3.{section}, Übung {number}"
        for name in ("Vorlage", "Hinweise", "Lösung"):
            if not pieces.get(name, "").strip():
                raise ValueError(f"{place}: Es fehlt der Teil «### {name}».")
        hints = tuple(hint.strip() for hint in ITEM.split(pieces["Hinweise"])[1:])
        if len(hints) != 3:
            raise ValueError(f"{place}: Es sind {len(hints)} Hinweise statt 3.")
        data = yaml.safe_load(head)
        missing = {"kind", "level", "minutes", "points", "goals", "answer"} - set(data)
        if missing:
            raise ValueError(f"{place}: Es fehlt die Angabe {', '.join(sorted(missing))}.")
        data |= {"points": tuple(data["points"]), "goals": tuple(data["goals"])}
        template = CODE.findall(pieces["Vorlage"])[0].rstrip()
        exercises.append(
            Exercise(
                number=int(number),
                title=title.strip(),
                section=section,
                text=pieces["Aufgabe"],
                template=template,
                hints=hints,
                solution=pieces["Lösung"].strip(),
                **data,
            )
        )
    return exercises


@cache
def load_exercises() -> tuple[Exercise, ...]:
    """Alle Übungen, nach Abschnitten geordnet."""
    sheets = {}
    for path in files("anncourse.teaching.exercises").iterdir():
        name = re.fullmatch(r"section_(\d+)\.md", path.name)
        if name:
            sheets[int(name[1])] = path.read_text("utf-8")
    return tuple(e for section in sorted(sheets) for e in read_sheet(sheets[section], section))


def find(number: int) -> Exercise:
    """Die Übung mit dieser Nummer.

    Raises
    ------
    ValueError
        Wenn es sie nicht gibt.
    """
    for exercise in load_exercises():
        if exercise.number == number:
            return exercise
    last = max(exercise.number for exercise in load_exercises())
    raise ValueError(f"Es gibt keine Übung {number!r}; sie heissen 1 bis {last}.")
