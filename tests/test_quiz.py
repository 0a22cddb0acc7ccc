"""Das Quiz: Die Fragen sind vollständig, ihr HTML sagt alles, das Notebook zeigt es so."""

import re
from copy import deepcopy
from itertools import combinations
from xml.etree import ElementTree

import nbformat
import pytest
import yaml
from pages import CHAPTER
from torch import nn

from anncourse.config import Config
from anncourse.errors import InputError
from anncourse.experiments.difference import compare
from anncourse.experiments.many import solved
from anncourse.experiments.search import best
from anncourse.experiments.stored import measured
from anncourse.models import count_parameters
from anncourse.teaching import quiz
from anncourse.teaching.quiz import Question, load_questions

NOTEBOOKS = [path.with_suffix(".ipynb") for path in CHAPTER]
SECTIONS = range(1, 10)
QUESTIONS = [question for section in SECTIONS for question in load_questions(section)]
GOALS = re.compile(r"können Sie\*\*\n\n((?:[- ] .+\n)+)")


def each_question(test):
    return pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.name)(test)


def replies(question: Question) -> list[str]:
    """Alles, was jemand nach einer Antwort lesen kann."""
    chosen = [text for option in question.options for text in (option.reply, option.missed)]
    typed = [question.reply, question.otherwise, *(m.reply for m in question.mistakes)]
    return [text for text in (*chosen, *typed) if text]


def texts(question: Question) -> list[str]:
    return [question.question, *(option.text for option in question.options), *replies(question)]


# --- Die Fragen -----------------------------------------------------------------------------


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_has_four_questions(section):
    assert len(load_questions(section)) == 4
    assert len(NOTEBOOKS) == len(SECTIONS)


def test_no_name_is_given_twice():
    names = [question.name for question in QUESTIONS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("section", SECTIONS)
def test_every_question_has_a_goal_of_its_section(section):
    text = NOTEBOOKS[section - 1].with_suffix(".md").read_text("utf-8")
    count = len(re.findall(r"^- ", GOALS.search(text)[1], re.MULTILINE))
    assert count > 2
    for question in load_questions(section):
        assert set(question.goals) <= set(range(1, count + 1)), question.name


@each_question
def test_every_answer_has_its_own_reply(question):
    assert len(replies(question)) == len(set(replies(question)))
    assert len({option.text for option in question.options}) == len(question.options)
    wrong = [option for option in question.options if not option.right]
    assert len(wrong) >= 2 or len(question.mistakes) >= 2


@each_question
def test_a_wrong_answer_is_not_right(question):
    """Eine Zahl, die als richtig gälte oder als ein anderer Fehler, bekäme nie ihre Rückmeldung."""
    values = [question.answer, *(mistake.value for mistake in question.mistakes)]
    for one, other in combinations(values, 2):
        if question.kind == "number":
            assert abs(one - other) > question.tolerance
        else:
            assert one != other


# --- Was eine Datei falsch machen kann ------------------------------------------------------

SINGLE = {
    "name": "bit",
    "goals": [1],
    "points": 1,
    "minutes": 1.5,
    "kind": "single",
    "question": "Welches $u$ hält ein *Bit*?",
    "options": [
        {"text": "`2`", "right": True, "reply": "Ja."},
        {"text": "`0.5`", "reply": "Es schrumpft."},
    ],
}
HEAD = {name: SINGLE[name] for name in ("name", "goals", "points", "minutes", "question")}
MULTIPLE = HEAD | {
    "kind": "multiple",
    "options": [
        {"text": "A", "right": True, "reply": "Ja, A.", "missed": "A fehlt."},
        {"text": "B", "reply": "B nicht."},
    ],
}
TYPED = {"reply": "Genau.", "otherwise": "Rechnen Sie nach."}
NUMBER = HEAD | TYPED | {"kind": "number", "answer": 64, "tolerance": 0.5}
NUMBER["mistakes"] = [{"value": -0.25, "reply": "Vorzeichen."}]
SHAPE = HEAD | TYPED | {"kind": "shape", "answer": [2, 16, 64]}
SHAPE["mistakes"] = [{"value": [64], "reply": "Nur der letzte."}]


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Lädt Fragen aus einer eigenen Datei."""
    monkeypatch.setattr(quiz, "FOLDER", tmp_path)

    def load(content: object) -> list[Question]:
        text = content if isinstance(content, str) else yaml.safe_dump(content)
        (tmp_path / "section_1.yml").write_text(text, "utf-8")
        return load_questions(1)

    return load


def test_every_kind_is_loaded(load):
    single, multiple, number, shape = load([SINGLE, MULTIPLE, NUMBER, SHAPE])
    assert (single.name, single.goals, single.points, single.minutes) == ("bit", (1,), 1, 1.5)
    assert single.options[0] == quiz.Option("`2`", "Ja.", right=True)
    assert multiple.options[0].missed == "A fehlt."
    assert (number.answer, number.tolerance, number.otherwise) == (64, 0.5, "Rechnen Sie nach.")
    assert number.mistakes == (quiz.Mistake(-0.25, "Vorzeichen."),)
    assert shape.answer == (2, 16, 64) and shape.mistakes[0].value == (64,)


MISSING = object()
FAULTS = {
    "name": (SINGLE, ["name"], MISSING, "«name» fehlt"),
    "kind": (SINGLE, ["kind"], MISSING, "«kind» fehlt"),
    "points": (SINGLE, ["points"], MISSING, "«points» fehlt"),
    "options": (SINGLE, ["options"], MISSING, "«options» fehlt"),
    "otherwise": (SHAPE, ["otherwise"], MISSING, "«otherwise» fehlt"),
    "tolerance": (NUMBER, ["tolerance"], MISSING, "«tolerance» fehlt"),
    "reply": (SINGLE, ["options", 1, "reply"], MISSING, "options: Eintrag 2: «reply» fehlt"),
    "mistake": (NUMBER, ["mistakes", 0, "value"], MISSING, "mistakes: Eintrag 1: «value» fehlt"),
    "unknown": (SINGLE, ["anser"], 3, "«anser» ist hier unbekannt"),
    "tolerance of a shape": (SHAPE, ["tolerance"], 1, "«tolerance» ist hier unbekannt"),
    "umlaut": (SINGLE, ["name"], "grösse", "name: erwartet werden Kleinbuchstaben"),
    "kind of another world": (
        SINGLE,
        ["kind"],
        "essay",
        "kind: «essay» ist unbekannt; möglich sind single, multiple, number, shape",
    ),
    "empty": (SINGLE, ["question"], " ", "question: erwartet wird Text in einem Absatz"),
    "two paragraphs": (SINGLE, ["question"], "Eins.\n\nZwei.", "question: erwartet wird Text"),
    "yes": (SINGLE, ["options", 0, "text"], True, "options: Eintrag 1: text: erwartet wird Text"),
    "list": (SINGLE, ["options"], "A", "options: erwartet wird eine Liste"),
    "record": (SINGLE, ["options", 0], "A", "options: Eintrag 1: erwartet werden text, reply"),
    "number": (NUMBER, ["answer"], "viele", "answer: der Text «viele» passt nicht"),
    "shape": (SHAPE, ["answer"], [2, -1], "answer: Eintrag 2: «-1» passt nicht"),
    "none right": (SINGLE, ["options", 0, "right"], False, "richtig ist genau eine Antwort"),
    "two right": (SINGLE, ["options", 1, "right"], True, "richtig ist genau eine Antwort"),
    "no missed": (
        MULTIPLE,
        ["options", 0, "missed"],
        MISSING,
        "options: Eintrag 1: «missed» gehört",
    ),
    "missed": (
        MULTIPLE,
        ["options", 1, "missed"],
        "B fehlt.",
        "options: Eintrag 2: «missed» gehört",
    ),
    "missed if single": (
        SINGLE,
        ["options", 0, "missed"],
        "Oh.",
        "options: Eintrag 1: «missed» geh",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_file_and_question(fault, load):
    whole, place, value, message = FAULTS[fault]
    broken = deepcopy(whole)
    part = broken
    for step in place[:-1]:
        part = part[step]
    if value is MISSING:
        del part[place[-1]]
    else:
        part[place[-1]] = value
    with pytest.raises(InputError) as caught:
        load([SINGLE, broken])
    assert str(caught.value).startswith(f"section_1.yml, Frage 2: {message}")
    assert str(caught.value).endswith(".")


def test_a_file_that_is_no_list_or_no_yaml_is_named(load):
    why = "Hier stimmen Einrückung, Klammern oder Anführungszeichen nicht."
    for content, message in (
        ({"name": "bit"}, "section_1.yml, erwartet wird eine Liste."),
        ("- name: bit\n- name: [", f"section_1.yml, Zeile 2: {why}"),
    ):
        with pytest.raises(InputError) as caught:
            load(content)
        assert str(caught.value) == message


@pytest.mark.parametrize("section", [0, 99, "1/../../x", None])
def test_a_section_without_questions_is_named(section):
    with pytest.raises(InputError) as caught:
        quiz.show(section)
    assert str(caught.value).startswith(
        f"Zu Abschnitt «{section}» gibt es keine Fragen; möglich sind 1, 2, 3, 4, 5, 6, 7, 8, 9"
    )


# --- Gemessene Zahlen in den Erwiderungen -------------------------------------------------------


def test_measured_numbers_are_those_of_the_stored_runs():
    better = compare("lstm-keras-?", "rnn-keras-?")
    behind = compare("rnn-pytorch-?", "rnn-keras-?")
    pytorch, keras = best("rnn", "pytorch"), best("rnn", "keras")
    layers = [count_parameters(kind(32, 32)) for kind in (nn.LSTM, nn.RNN)]
    embedding = Config.vocabulary_size * Config.embedding_dim
    assert better.clear and pytorch.learning_rate == 10 * keras.learning_rate
    for section, phrase in [
        (7, f"ein Unterschied von {100 * better.mean:.1f} Punkten belegt"),
        (4, f"noch rund {-100 * behind.mean:.0f} Punkte zurück"),
        (4, f"hier sind es rund {-100 * behind.mean:.0f} Punkte"),
        (4, f"Auch mit {pytorch.epochs} Epochen"),
        (4, "beste zehnmal so gross"),
        (7, f"{layers[0]} statt {layers[1]}. Neben den {embedding // 1000} 000 der Einbettung"),
    ]:
        text = (quiz.FOLDER / f"section_{section}.yml").read_text("utf-8")
        assert phrase in " ".join(text.split()), phrase


@pytest.mark.parametrize(
    "section, phrase, run, lag, runs",
    [
        (5, "lernen 32 Einheiten den Abstand 200", "rnn-pytorch-32", 200, {4, 5}),
        (6, "löste keiner der fünf Läufe auch nur den Abstand 25", "lstm-pytorch-04", 25, {0}),
        (6, "und dann ist der Abstand 100 gelöst", "lstm-keras-3-04", 100, {4, 5}),
    ],
)
def test_what_a_net_learns_to_keep_is_stored(section, phrase, run, lag, runs):
    text = (quiz.FOLDER / f"section_{section}.yml").read_text("utf-8")
    assert phrase in " ".join(text.split())
    (lags,) = measured(f"bit-{run}")["lags"]
    assert solved(lags[str(lag)]) in runs


def test_the_rnn_loses_much_with_the_last_fifty_words_alone():
    runs = measured("rnn-keras-?")
    last = runs["last_words"].map(lambda found: found["50"])
    assert (runs["val_accuracy"] - last).min() > 0.05
    text = (quiz.FOLDER / "section_9.yml").read_text("utf-8")
    assert "Liest es nur die letzten 50, so urteilt es viel schlechter." in " ".join(text.split())


# --- Was man sieht --------------------------------------------------------------------------


def parse(html: str) -> ElementTree.Element:
    """Das HTML ist auch XML: Jedes Element ist geschlossen, jedes Zeichen geschützt."""
    return ElementTree.fromstring(html)


def words(element: ElementTree.Element) -> str:
    """Der Text eines Elements ohne Formeln."""
    parts = [element.text or ""]
    for child in element:
        parts.append("…" if child.tag.endswith("math") else words(child))
        parts.append(child.tail or "")
    return " ".join("".join(parts).split())


def plain(text: str) -> str:
    """Der Text einer Frage, wie er gesetzt zu lesen ist, ohne Formeln."""
    parts = re.split(r"(`[^`]+`)", re.sub(r"\$[^$]+\$", "…", text))
    shown = [part[1:-1] if part[0] == "`" else part.replace("*", "") for part in parts if part]
    return " ".join("".join(shown).split())


@pytest.mark.parametrize("section", SECTIONS)
def test_the_html_says_everything_once(section):
    questions, page = load_questions(section), parse(quiz.show(section)._repr_html_())
    assert len(page) == len(questions)
    for number, (question, place) in enumerate(zip(questions, page), 1):
        assert words(place).startswith(f"Frage {number}. {plain(question.question)}")
        assert [words(item) for item in place.iterfind("ol/li")] == [
            plain(option.text) for option in question.options
        ]
        shown = [words(span) for span in place.iterfind("details/ul/li/span")]
        if question.options:
            assert shown == [plain(text) for text in replies(question)]
        else:
            assert shown == [plain(question.reply)] + [
                plain(text) for text in (*(m.reply for m in question.mistakes), question.otherwise)
            ]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_formula_is_mathml_and_none_is_left_over(section):
    html = quiz.show(section)._repr_html_()
    count = sum(len(re.findall(r"\$[^$]+\$", t)) for q in load_questions(section) for t in texts(q))
    assert html.count("<math ") == count
    assert not re.search(r"[$\\]", html)  # auch kein Befehl, den latex2mathml nicht kennt
    assert 'class="math' not in html  # sonst setzte MathJax es noch einmal


@pytest.fixture
def shown(load):
    load([SINGLE, MULTIPLE, NUMBER, SHAPE])
    return parse(quiz.show(1)._repr_html_())


def test_each_answer_carries_its_verdict(shown):
    lines = [[words(item) for item in place.iterfind("details/ul/li")] for place in shown]
    assert lines == [
        ["a: richtig. Ja.", "b: falsch. Es schrumpft."],
        ["a: richtig. Ja, A. Ausgelassen: A fehlt.", "b: falsch. B nicht."],
        ["64: richtig. Genau.", "−0.25: falsch. Vorzeichen.", "sonst: falsch. Rechnen Sie nach."],
        [
            "(2, 16, 64): richtig. Genau.",
            "(64,): falsch. Nur der letzte.",
            "sonst: falsch. Rechnen Sie nach.",
        ],
    ]
    assert [summary.text for summary in shown.iter("summary")] == ["Antworten"] * 4
    hints = ["Mehrere Antworten können richtig sein." in words(place) for place in shown]
    assert hints == [False, True, False, False]


def test_the_script_of_the_page_finds_what_it_needs(shown):
    kinds = [(place.get("data-kind"), place.get("data-tolerance")) for place in shown]
    assert kinds == [("single", "0"), ("multiple", "0"), ("number", "0.5"), ("shape", "0")]
    lines = [[(i.get("data-verdict"), i.get("data-value")) for i in p.iter("li")] for p in shown]
    assert lines[2] == [("richtig", "64"), ("falsch", "-0.25"), ("falsch", "")]
    assert lines[3] == [("richtig", "2 16 64"), ("falsch", "64"), ("falsch", "")]


def test_markdown_is_set_and_html_is_not_let_through(load):
    load([SINGLE | {"question": "`a_b` *und* $h_t$ <b>x</b> & y"}])
    html = quiz.show(1)._repr_html_()
    assert "<code>a_b</code> <em>und</em> <math " in html
    assert "&lt;b&gt;x&lt;/b&gt; &amp; y" in html


def formatted(section: int) -> dict[str, str]:
    formatter = pytest.importorskip("IPython.core.formatters").DisplayFormatter()
    return formatter.format(quiz.show(section))[0]


def test_a_notebook_gets_html_and_a_sentence_only():
    data = formatted(1)
    assert set(data) == {"text/html", "text/plain"}
    assert data["text/plain"] == (
        "Quiz zu Abschnitt 9.3.1, 4 Fragen: zu sehen, sobald die Zelle in einem Notebook läuft."
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_ends_with_its_quiz_as_it_is_now(path):
    section = int(path.stem[:2])
    before, cell, _ = nbformat.read(path, as_version=4).cells[-3:]
    assert before.source.endswith("</details>\n\n## Quiz")
    assert cell.source == f"from anncourse.teaching import quiz\n\nquiz.show({section})"
    assert [output.data for output in cell.outputs] == [formatted(section)]
