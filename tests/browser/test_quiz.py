"""Das Quiz auf der Seite: mit Tastatur, ohne Skript, von der Platte, hell, dunkel, schmal."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from anncourse.teaching.quiz import Question, load_questions

from .conftest import BOOK
from .test_pages import AXE, CUT_OFF

PAGES = sorted(BOOK.glob("notebooks/*.html"))[:9]  # das Kapitel; ein angefügter Abschnitt ist frei
NUMBER, SHAPE = "bit-zweiter-schritt", "letzte-zustaende-beider-richtungen"


@pytest.fixture
def page(open_page):
    """Eine neue Seite, die von keiner anderen etwas weiss und ohne Fehler bleibt."""
    page = open_page()
    found = []
    page.on("console", lambda m: found.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    # Wer weiterblättert, bricht ab, was noch lädt; das ist kein Fehler.
    page.on("requestfailed", lambda r: "ABORTED" in r.failure or found.append(r.url))
    yield page
    page.context.close()
    assert found == []


def address(site: str, section: int) -> str:
    return site + str(PAGES[section - 1].relative_to(BOOK))


def place(page, name: str):
    return page.locator(f".quiz-question[data-name='{name}']")


def status(page, name: str):
    return place(page, name).get_by_role("status")


def reply(page, name: str, number: int, missed: bool = False) -> str:
    """Was unter «Antworten» zu einer Antwort steht."""
    line = place(page, name).locator("details li").nth(number)
    text = line.locator(".quiz-missed" if missed else ".quiz-reply").text_content()
    return " ".join(text.split())


def by_kind(section: int) -> dict[str, Question]:
    found = {question.kind: question for question in load_questions(section)}
    assert set(found) == {"single", "multiple", "number", "shape"}
    return found


def tab_to(page, target) -> None:
    """Drückt die Tabulatortaste, bis das Ziel den Fokus hat."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if target.evaluate("node => node === document.activeElement"):
            return
    pytest.fail("mit der Tabulatortaste nicht zu erreichen")


def check(page, name: str) -> None:
    tab_to(page, place(page, name).get_by_role("button", name="Prüfen"))
    page.keyboard.press("Enter")


def back_to_start(page) -> None:
    """Auf «Code zeigen», gleich vor der ersten Frage."""
    page.locator(".cell:has(.quiz) details.hide > summary").focus()


# --- Antworten ------------------------------------------------------------------------------


def test_a_whole_quiz_by_keyboard(page, site):
    page.goto(address(site, 1))
    score = page.get_by_text("von 4 Fragen richtig")
    for kind, question in by_kind(1).items():
        back_to_start(page)
        {"single": choose, "multiple": tick, "number": type_number, "shape": type_shape}[kind](
            page, question
        )
        expect(status(page, question.name)).to_contain_text("Richtig.")
    expect(score).to_have_text("4 von 4 Fragen richtig")


def choose(page, question: Question) -> None:
    """Zuerst nichts, dann jede Antwort der Reihe nach, zuletzt die richtige."""
    radios = place(page, question.name).get_by_role("radio")
    check(page, question.name)
    expect(status(page, question.name)).to_have_text("Wählen Sie zuerst eine Antwort.")
    right = next(n for n, option in enumerate(question.options) if option.right)
    order = [n for n in range(len(question.options)) if n != right] + [right]
    for number in order:
        back_to_start(page)
        current = radios.locator(":scope:checked")
        tab_to(page, current if current.count() else radios.first)
        page.keyboard.press("Space")
        while not radios.nth(number).is_checked():
            page.keyboard.press("ArrowDown")
        expect(status(page, question.name)).to_be_empty()  # das alte Urteil gilt nicht mehr
        check(page, question.name)
        verdict = "Richtig." if number == right else "Noch nicht."
        said = f"{verdict} {reply(page, question.name, number)}"
        expect(status(page, question.name)).to_have_text(said)


def tick(page, question: Question) -> None:
    """Eine falsche statt einer richtigen: beide Rückmeldungen, keine zu den übrigen."""
    boxes = place(page, question.name).get_by_role("checkbox")
    right = [n for n, option in enumerate(question.options) if option.right]
    wrong = next(n for n, option in enumerate(question.options) if not option.right)
    for number in sorted([*right[:-1], wrong]):
        tab_to(page, boxes.nth(number))
        page.keyboard.press("Space")
    check(page, question.name)
    expect(status(page, question.name)).to_contain_text("Noch nicht.")
    said = [
        " ".join(text.split())
        for text in status(page, question.name).locator("li").all_inner_texts()
    ]
    expected = {
        wrong: reply(page, question.name, wrong),
        right[-1]: reply(page, question.name, right[-1], missed=True),
    }
    assert said == [expected[n] for n in sorted(expected)]
    back_to_start(page)
    for number in sorted([wrong, right[-1]]):
        tab_to(page, boxes.nth(number))
        page.keyboard.press("Space")
    check(page, question.name)


def type_text(page, name: str, text: str) -> None:
    """Tippt, ohne hinzusehen, und drückt die Eingabetaste."""
    page.keyboard.press("Control+a")
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def type_number(page, question: Question) -> None:
    tab_to(page, place(page, question.name).get_by_role("textbox", name="Ihre Antwort"))
    for number, mistake in enumerate(question.mistakes, 1):
        type_text(page, question.name, str(mistake.value))
        said = f"Noch nicht. {reply(page, question.name, number)}"
        expect(status(page, question.name)).to_have_text(said)
    type_text(page, question.name, "12345")
    last = reply(page, question.name, len(question.mistakes) + 1)
    expect(status(page, question.name)).to_have_text(f"Noch nicht. {last}")
    type_text(page, question.name, str(question.answer).replace(".", ","))
    expect(status(page, question.name)).to_have_text(f"Richtig. {reply(page, question.name, 0)}")


def type_shape(page, question: Question) -> None:
    tab_to(page, place(page, question.name).get_by_role("textbox", name="Ihre Antwort"))
    for number, mistake in enumerate(question.mistakes, 1):
        type_text(page, question.name, "x".join(map(str, mistake.value)))
        said = f"Noch nicht. {reply(page, question.name, number)}"
        expect(status(page, question.name)).to_have_text(said)
    type_text(page, question.name, " ".join(map(str, question.answer)))


def answered(page, site: str, section: int, name: str, text: str) -> str:
    if page.url != address(site, section):
        page.goto(address(site, section))
    place(page, name).get_by_role("textbox").fill(text)
    place(page, name).get_by_role("textbox").press("Enter")
    return status(page, name).inner_text()


def test_a_number_may_be_written_in_many_ways(page, site):
    """Gefragt ist −0.8152, auf 0.005 genau."""
    right = ["-0,8152", "−0.8152", " -.8152 ", "-8152/10000", "-0.82", "-8.152e-1", "-0.8102"]
    for text in right:
        assert answered(page, site, 1, NUMBER, text).startswith("Richtig."), text
    for text in ("-0.81", "-0.8207", "8152", "-0.8152/2"):
        assert answered(page, site, 1, NUMBER, text).startswith("Noch nicht."), text
    hints = {
        "": "Schreiben Sie zuerst eine Antwort.",
        "-81.52 %": "Schreiben Sie die Zahl ohne Prozentzeichen.",
        "viel": "Das lässt sich nicht lesen. Gefragt ist: Zahl oder Bruch",
        "1/0": "Das lässt sich nicht lesen.",
        "1/2/3": "Das lässt sich nicht lesen.",
        "1,5,2": "Das lässt sich nicht lesen.",
        "Infinity": "Das lässt sich nicht lesen.",
    }
    for text, hint in hints.items():
        assert answered(page, site, 1, NUMBER, text).startswith(hint), text
    for text in ("1 560", "1'560", "1’560", "1560.0"):
        assert answered(page, site, 2, "laengere-texte", text).startswith("Richtig."), text


def test_a_shape_may_be_written_in_many_ways(page, site):
    """Gefragt ist (2, 6, 24)."""
    for text in (
        "(2, 6, 24)", "2 6 24", "2x6x24", "2 × 6 × 24", "[2, 6, 24]", "2,6,24", "(2;6;24)",
        "2 X 6 X 24", "torch.Size([2, 6, 24])", "(2, 6, 24,)",
    ):  # fmt: skip
        assert answered(page, site, 2, SHAPE, text).startswith("Richtig."), text
    for text in ("2 6", "24 6 2", "2624", "(2, 6, 24, 1)"):
        assert answered(page, site, 2, SHAPE, text).startswith("Noch nicht."), text
    for text in ("2 6 viele", "()", "2.5 6 24", "-2 6 24"):
        hint = "Das lässt sich nicht lesen. Gefragt ist: Form, zum Beispiel (2, 3)."
        assert answered(page, site, 2, SHAPE, text) == hint, text


# --- Gedächtnis -----------------------------------------------------------------------------


def answer_all(page) -> list[str]:
    """Eine Antwort auf jede Frage, richtig oder nicht; zurück kommt, was dazu gesagt wird."""
    for question in page.locator(".quiz-question").all():
        if question.get_by_role("textbox").count():
            question.get_by_role("textbox").fill("20 20")
        else:
            question.locator("input").first.check()
        question.get_by_role("button").click()
    said = page.locator(".quiz-status").all_inner_texts()
    assert len(said) == 4 and all(said)
    return said


# Vorgelesen wird nur, was sich in einem «status» ändert, der schon auf der Seite steht.
LISTEN = """
    window.spoken = [];
    new MutationObserver((changes) => {
        for (const { target } of changes) {
            if (target.role === "status" && target.isConnected) spoken.push(target.textContent);
        }
    }).observe(document, { childList: true, subtree: true });
"""


def test_what_was_answered_is_there_after_a_reload_and_not_read_aloud(page, site):
    page.add_init_script(LISTEN)
    page.goto(address(site, 1))
    said, score = answer_all(page), page.locator(".quiz-score p").inner_text()
    assert score != "0 von 4 Fragen richtig"
    assert len(page.evaluate("spoken")) >= 4
    page.reload()
    assert page.evaluate("spoken") == []
    assert page.locator(".quiz-status").all_inner_texts() == said
    assert page.locator(".quiz-score p").inner_text() == score
    assert page.locator(".quiz input:checked").count() == 2
    assert page.locator(".quiz-text input").first.input_value() == "20 20"
    page.goto(address(site, 2))
    assert page.locator(".quiz-status").all_inner_texts() == [""] * 4


def test_what_was_not_checked_is_kept_without_a_verdict(page, site):
    page.goto(address(site, 1))
    question = by_kind(1)["single"]
    place(page, question.name).get_by_role("radio").nth(2).check()
    page.reload()
    expect(place(page, question.name).get_by_role("radio").nth(2)).to_be_checked()
    expect(status(page, question.name)).to_be_empty()


def test_a_changed_answer_is_no_longer_right(page, site):
    page.goto(address(site, 1))
    assert answered(page, site, 1, NUMBER, "-0.82").startswith("Richtig.")
    assert page.locator(".quiz-score p").inner_text() == "1 von 4 Fragen richtig"
    place(page, NUMBER).get_by_role("textbox").fill("-0.8")
    expect(status(page, NUMBER)).to_be_empty()
    assert page.locator(".quiz-score p").inner_text() == "0 von 4 Fragen richtig"


STORED = "Object.keys(localStorage).filter(key => key.startsWith('anncourse-quiz-'))"


def test_from_the_start_forgets_everything(page, site):
    page.goto(address(site, 1))
    answer_all(page)
    assert len(page.evaluate(STORED)) == 4
    page.get_by_role("button", name="Von vorn").press("Enter")
    assert page.evaluate(STORED) == []
    expect(page.locator(".quiz input").first).to_be_focused()
    for _ in ("sofort", "nach dem Laden"):
        assert page.locator(".quiz-status").all_inner_texts() == [""] * 4
        assert page.locator(".quiz input:checked").count() == 0
        assert [field.input_value() for field in page.locator(".quiz-text input").all()] == [""] * 2
        assert page.locator(".quiz-score p").inner_text() == "0 von 4 Fragen richtig"
        page.reload()


@pytest.mark.parametrize("junk", ["kaputt{", "null", "7", '{"choice": 5, "checked": true}'])
def test_what_it_cannot_read_it_forgets(page, site, junk):
    page.add_init_script(
        f"localStorage.setItem('anncourse-quiz-{NUMBER}', {junk!r});"
        f"localStorage.setItem('anncourse-quiz-{by_kind(1)['single'].name}', {junk!r});"
    )
    page.goto(address(site, 1))
    assert page.locator(".quiz-status").all_inner_texts() == [""] * 4
    assert len(answer_all(page)) == 4


def test_it_works_where_the_browser_remembers_nothing(open_page, site):
    page = open_page()
    refused = "{ get() { throw new DOMException('nein', 'SecurityError'); } }"
    page.add_init_script(f"Object.defineProperty(window, 'localStorage', {refused})")
    page.goto(address(site, 1))
    answer_all(page)
    assert page.locator(".quiz-score p").inner_text() != "0 von 4 Fragen richtig"
    page.get_by_role("button", name="Von vorn").click()
    assert page.locator(".quiz-status").all_inner_texts() == [""] * 4
    page.context.close()


# --- Für alle -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_without_javascript_everything_is_there_to_read(open_page, site, path):
    page = open_page(java_script_enabled=False)
    page.goto(site + str(path.relative_to(BOOK)))
    questions = load_questions(int(path.stem[:2]))
    assert page.locator(".quiz :is(form, button, input)").count() == 0
    for question in questions:
        shown = place(page, question.name)
        expect(shown.locator("> p")).to_be_visible()
        assert shown.locator("> ol > li:visible").count() == len(question.options)
        shown.locator("summary").click()
        count = len(question.options) or len(question.mistakes) + 2
        assert shown.locator("details li:visible").count() == count
        verdicts = shown.locator("details li strong").all_inner_texts()
        assert sum("richtig." in text for text in verdicts) >= 1
        assert all(re.search("(richtig|falsch)[.]$", text) for text in verdicts)
    page.context.close()


def test_it_opens_from_a_file(page):
    page.goto(PAGES[0].as_uri())
    assert page.locator(".quiz form").count() == 4
    assert len(answer_all(page)) == 4


def test_other_pages_load_no_quiz():
    loaded = {page for page in BOOK.rglob("*.html") if "/quiz.js" in page.read_text("utf-8")}
    assert set(PAGES) <= loaded and len(PAGES) == 9
    assert {page.parent.name for page in loaded} == {"notebooks"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("answers", ["vorher", "nachher"])
def test_axe_finds_nothing(open_page, site, scheme, answers):
    page = open_page(color_scheme=scheme)
    for section in (1, 6):
        page.goto(address(site, section))
        page.locator(f"html[data-theme={scheme}]").wait_for(state="attached")
        if answers == "nachher":
            answer_all(page)
        for fold in page.locator(".quiz summary").all():
            fold.click()
        found = Axe().run(page, {"include": [[".quiz"]]}, AXE).response["violations"]
        assert [(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in found] == []
    page.context.close()


def test_the_dark_quiz_is_dark(page, site):
    """Das Thema stellt HTML aus einer Zelle sonst auf hellen Grund."""
    page.emulate_media(color_scheme="dark")
    page.goto(address(site, 1))
    page.locator("html[data-theme=dark]").wait_for(state="attached")
    colour = "node => getComputedStyle(node).backgroundColor"
    assert page.locator(".text_html:has(.quiz)").evaluate(colour) == "rgba(0, 0, 0, 0)"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_nothing_sticks_out_at_320_pixels(page, site, path):
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(site + str(path.relative_to(BOOK)))
    answer_all(page)
    for fold in page.locator(".quiz summary").all():
        fold.click()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert [text for text in page.evaluate(CUT_OFF) if "quiz" in text.lower()] == []
    inner = "output => output.scrollWidth - output.clientWidth"
    assert page.locator(".cell_output:has(.quiz)").evaluate(inner) <= 1


def test_everything_to_press_is_large_enough(page, site):
    page.goto(address(site, 1))
    targets = page.locator(".quiz :is(label:has(input), button, summary, input)").all()
    assert len(targets) > 20
    for target in targets:
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 24, target.evaluate("node => node.outerHTML")


def test_on_paper_there_is_nothing_to_press(page, site):
    page.goto(address(site, 1))
    answer_all(page)
    page.emulate_media(media="print")
    assert page.locator(".quiz button:visible").count() == 0
    assert page.locator(".quiz legend:visible").count() == 4
