"""Die Fragen am Ende jedes Abschnitts: aus ``questions/`` geladen und als HTML gezeigt."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase

import yaml
from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from anncourse.checks import Rule, choice, flag, real, whole
from anncourse.errors import InputError

FOLDER = Path(__file__).parent / "questions"

# --- Fragen ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Option:
    """Eine Antwort zum Ankreuzen.

    Attributes
    ----------
    text : str
        Die Antwort.
    reply : str
        Was liest, wer sie wählt.
    right : bool
        Ob sie stimmt.
    missed : str
        Was liest, wer sie auslässt; nur wo mehrere Antworten stimmen können.
    """

    text: str
    reply: str
    right: bool = False
    missed: str = ""


@dataclass(frozen=True)
class Mistake:
    """Eine falsche Zahl oder Form, an der man einen Denkfehler erkennt.

    Attributes
    ----------
    value : float or tuple of int
        Die falsche Antwort.
    reply : str
        Was liest, wer sie gibt.
    """

    value: float | tuple[int, ...]
    reply: str


@dataclass(frozen=True)
class Question:
    """Eine Frage mit einer Rückmeldung zu jeder Antwort. Alle Texte sind Markdown, ein Absatz.

    Attributes
    ----------
    name : str
        Eindeutiger Name.
    goals : tuple of int
        Die Lernziele am Anfang des Abschnitts, die sie prüft, gezählt ab 1.
    points : int
        Punkte in einer Prüfung.
    minutes : float
        Zeit dafür.
    kind : {"single", "multiple", "number", "shape"}
        Eine Antwort ankreuzen, alle richtigen ankreuzen, eine Zahl, die Form eines Tensors.
    question : str
        Die Frage selbst.
    options : tuple of Option
        Antworten zum Ankreuzen.
    answer : float or tuple of int
        Die richtige Zahl oder Form.
    tolerance : float
        Um so viel darf eine Zahl abweichen.
    reply, otherwise : str
        Was liest, wer die richtige Zahl oder Form gibt; und wer eine gibt, die nicht in
        ``mistakes`` steht.
    mistakes : tuple of Mistake
        Falsche Zahlen oder Formen mit eigener Rückmeldung.
    """

    name: str
    goals: tuple[int, ...]
    points: int
    minutes: float
    kind: str
    question: str
    options: tuple[Option, ...] = ()
    answer: float | tuple[int, ...] = ()
    tolerance: float = 0
    reply: str = ""
    mistakes: tuple[Mistake, ...] = ()
    otherwise: str = ""


def load_questions(section: int) -> list[Question]:
    """Die Fragen zu einem Abschnitt.

    Parameters
    ----------
    section : int
        Nummer des Abschnitts, für 9.3.1 also 1.

    Raises
    ------
    InputError
        Wenn es zum Abschnitt keine Fragen gibt oder eine nicht vollständig ist.
    """
    path = FOLDER / f"section_{section}.yml"
    if not path.is_file():
        present = sorted(int(file.stem.split("_")[1]) for file in FOLDER.glob("section_*.yml"))
        known = ", ".join(map(str, present))
        raise InputError(f"Zu Abschnitt «{section}» gibt es keine Fragen; möglich sind {known}.")
    try:
        return list(_list_of(_question, "Frage ")(yaml.safe_load(path.read_bytes())))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", Zeile {mark.line + 1}" if mark else ""
        raise InputError(
            f"{path.name}{line}: Hier stimmen Einrückung, Klammern oder Anführungszeichen nicht."
        ) from error
    except InputError as error:
        raise InputError(f"{path.name}, {error}.") from error


def _at(place: str, value: object, rule: Rule):
    """Der Wert, wie ihn die Regel zurückgibt; ihr Fehler nennt vorn die Stelle."""
    try:
        return rule(value)
    except InputError as error:
        raise InputError(f"{place}: {error}") from error


def _list_of(rule: Rule, place: str = "Eintrag ") -> Rule:
    def check(value: object) -> tuple:
        if not isinstance(value, list) or not value:
            raise InputError("erwartet wird eine Liste")
        return tuple(_at(f"{place}{n}", part, rule) for n, part in enumerate(value, 1))

    return check


def _record(kind: type, required: Mapping[str, Rule], optional: Mapping[str, Rule]) -> Rule:
    """Ein Eintrag mit Namen vor den Werten; jeder Name ist bekannt, keiner fehlt."""
    rules = {**required, **optional}

    def check(value: object) -> object:
        if not isinstance(value, dict):
            raise InputError(f"erwartet werden {', '.join(required)}")
        for problem, names in (
            ("fehlt", [name for name in required if name not in value]),
            ("ist hier unbekannt", [name for name in value if name not in rules]),
        ):
            if names:
                raise InputError(f"«{names[0]}» {problem}")
        return kind(**{name: _at(name, part, rules[name]) for name, part in value.items()})

    return check


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or "\n\n" in value.strip():
        raise InputError("erwartet wird Text in einem Absatz")
    return value.strip()


def _name(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch("[a-z0-9_-]+", value):
        raise InputError("erwartet werden Kleinbuchstaben, Ziffern, «-» und «_»")
    return value


def _number(value: object) -> float:
    checked = real(least=-1e12, most=1e12)(value)
    return value if isinstance(value, int) else checked  # 64 bleibt 64


def _typed(value: Rule) -> dict[str, Rule]:
    """Was eine Frage braucht, deren Antwort man eintippt."""
    mistake = _record(Mistake, {"value": value, "reply": _text}, {})
    return {"answer": value, "reply": _text, "mistakes": _list_of(mistake), "otherwise": _text}


OPTIONS = _list_of(
    _record(Option, {"text": _text, "reply": _text}, {"right": flag, "missed": _text})
)
KINDS: dict[str, dict[str, Rule]] = {
    "single": {"options": OPTIONS},
    "multiple": {"options": OPTIONS},
    "number": {"tolerance": real(least=0, most=1e12)} | _typed(_number),
    "shape": _typed(_list_of(whole(0, 10**9))),
}
HEAD = {
    "name": _name,
    "goals": _list_of(whole(1, 20)),
    "points": whole(1, 100),
    "minutes": real(above=0, most=100),
    "kind": choice(tuple(KINDS)),
    "question": _text,
}


def _question(entry: object) -> Question:
    """Eine Frage; ihre Art entscheidet, was sie braucht."""
    if not isinstance(entry, dict) or "kind" not in entry:
        raise InputError("«kind» fehlt")
    kind = _at("kind", entry["kind"], HEAD["kind"])
    question = _record(Question, HEAD | KINDS[kind], {})(entry)
    count = sum(option.right for option in question.options)
    if question.options and (count == 0 or kind == "single" and count > 1):
        wanted = "genau" if kind == "single" else "mindestens"
        raise InputError(f"richtig ist {wanted} eine Antwort, hier sind es {count}")
    for number, option in enumerate(question.options, 1):
        if bool(option.missed) != (kind == "multiple" and option.right):
            raise InputError(
                f"options: Eintrag {number}: «missed» gehört zu jeder richtigen Antwort, wo "
                "mehrere richtig sein können, und nur dorthin"
            )
    return question


# --- HTML -----------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Quiz:
    """Die Fragen eines Abschnitts, wie ein Notebook sie zeigt."""

    section: int
    questions: list[Question]

    def __repr__(self) -> str:
        """Was statt der Fragen steht, wo Jupyter kein HTML zeigt."""
        return (
            f"Quiz zu Abschnitt 9.3.{self.section}, {len(self.questions)} Fragen: zu sehen, sobald "
            "die Zelle in einem Notebook läuft."
        )

    def _repr_html_(self) -> str:
        parts = [_question_html(n, question) for n, question in enumerate(self.questions, 1)]
        return '<div class="quiz">\n' + "\n".join(parts) + "\n</div>"


def show(section: int) -> Quiz:
    """Das Quiz zu einem Abschnitt; auf der Seite des Buchs macht ``quiz.js`` es bedienbar."""
    return Quiz(section, load_questions(section))


def _formula(renderer, tokens, index: int, options, environment) -> str:
    """MathML: Das zeigen Jupyter, Colab und jeder Browser von selbst."""
    return convert(tokens[index].content)


SEVERAL = "Mehrere Antworten können richtig sein."
# Stile, die auch Jupyter gelten lässt: Es zählte sonst 1, 2, 3.
LETTERS = '<ol style="list-style-type: lower-alpha">'
APART = 'style="margin: 1em 0"'
MARKDOWN = MarkdownIt("commonmark", {"html": False}).use(dollarmath_plugin)
MARKDOWN.add_render_rule("math_inline", _formula)


def _question_html(number: int, question: Question) -> str:
    """Die Frage und, zugeklappt, was zu jeder Antwort zu sagen ist."""
    options = "".join(f"<li>{_html(option.text)}</li>\n" for option in question.options)
    listed = f"{LETTERS}\n{options}</ol>\n" if options else ""
    several = f" <em>{SEVERAL}</em>" if question.kind == "multiple" else ""
    replies = "\n".join(_choice_replies(question) if options else _typed_replies(question))
    return (
        f'<div class="quiz-question" {APART} data-name="{question.name}" '
        f'data-kind="{question.kind}" data-tolerance="{question.tolerance}">\n'
        f"<p><strong>Frage {number}.</strong> {_html(question.question)}{several}</p>\n{listed}"
        f"<details>\n<summary>Antworten</summary>\n<ul>\n{replies}\n</ul>\n</details>\n</div>"
    )


def _html(text: str) -> str:
    return MARKDOWN.renderInline(text)


def _reply(label: str, right: bool, reply: str, more: str = "", value: str = "") -> str:
    """Eine Zeile der Antworten; ``quiz.js`` liest daraus, was stimmt und was zu sagen ist."""
    verdict = "richtig" if right else "falsch"
    marks = f' data-verdict="{verdict}" data-value="{value}"'
    text = f'<span class="quiz-reply">{_html(reply)}</span>{more}'
    return f"<li{marks}><strong>{label}: {verdict}.</strong> {text}</li>"


def _choice_replies(question: Question) -> Iterator[str]:
    for letter, option in zip(ascii_lowercase, question.options):
        missed = f' Ausgelassen: <span class="quiz-missed">{_html(option.missed)}</span>'
        yield _reply(letter, option.right, option.reply, missed if option.missed else "")


def _typed_replies(question: Question) -> Iterator[str]:
    yield _reply(_shown(question.answer), True, question.reply, value=_plain(question.answer))
    for mistake in question.mistakes:
        yield _reply(_shown(mistake.value), False, mistake.reply, value=_plain(mistake.value))
    yield _reply("sonst", False, question.otherwise)


def _plain(value: float | tuple[int, ...]) -> str:
    """Eine Zahl wie 0.5, eine Form wie 2 16 64."""
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _shown(value: float | tuple[int, ...]) -> str:
    return str(value).replace("-", "\N{MINUS SIGN}")
