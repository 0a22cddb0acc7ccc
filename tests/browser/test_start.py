"""Die Startseite im Browser: ohne Skript lesbar, mit Skript dieselbe Darstellung, live."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from anncourse.prediction import read
from anncourse.weights import load_weights

BOOK = Path(__file__).resolve().parents[2] / "_build" / "html"
START = "book/index.html"
NUMBER = re.compile(r"[-−+]?\d+(?:\.\d+)?")
# Was Auge und Bildschirmleser bekommen: Bau, Klassen, Text, Farben, Ort der Punkte.
SHOWN = """() => {
  const describe = (node) => node.nodeType === Node.TEXT_NODE ? node.data.trim() : [node.localName,
    ...[...node.attributes].map(({ name, value }) => `${name}=${value.trim()}`).sort(),
    ...[...node.childNodes].map(describe).filter((part) => part)].join(" ");
  return [".live-words", ".live-scroll", ".start-verdict"].map(
    (part) => describe(document.querySelector(`#live-start ${part}`)));
}"""


@pytest.fixture
def start(page, site):
    """Die Startseite; was die Konsole rot meldet, fällt am Ende auf."""
    found = []
    page.on("console", lambda m: found.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    # Wer weiterblättert, bricht ab, was noch lädt; das ist kein Fehler.
    page.on("requestfailed", lambda r: "ABORTED" in r.failure or found.append(r.url))
    page.goto(site + START)
    yield page
    assert found == []


def weights_of(page) -> list[str]:
    return re.findall(r"live/(lstm|rnn|gru)\.js", page.content())


def type_sentence(page, text):
    """Erst etwas anderes, damit die Seite sicher neu zeichnet."""
    field = page.locator("#start-text")
    field.fill("film")
    expect(page.locator("#live-start .live-word")).to_have_count(1)
    field.fill(text)
    expect(page.locator("#live-start .live-message")).to_be_empty()


def test_without_javascript_the_reading_stands_there(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site + START)
    place = page.locator("#live-start")
    assert place.locator(".live-word").first.is_visible()
    assert place.locator("polyline").is_visible()
    expect(place.locator(".start-verdict")).to_contain_text("negativ")
    assert page.locator("#start-text").is_hidden()  # tippen könnte man vergeblich
    context.close()


def test_weights_come_with_the_first_letter(start):
    field = start.locator("#start-text")
    field.focus()
    start.keyboard.press("End")
    assert weights_of(start) == []
    start.keyboard.type("!")
    expect(start.locator("#live-start .live-message")).to_be_empty()
    start.wait_for_function("anncourse.nets.lstm")
    assert weights_of(start) == ["lstm"]


def test_live_the_prepared_sentence_looks_like_the_stored_trace(start):
    stored = start.evaluate(SHOWN)
    type_sentence(start, start.locator("#start-text").input_value())
    expect(start.locator("#live-start .live-word")).to_have_count(11)
    for before, after in zip(stored, start.evaluate(SHOWN), strict=True):
        assert NUMBER.sub("#", before) == NUMBER.sub("#", after)
        pairs = zip(NUMBER.findall(before), NUMBER.findall(after), strict=True)
        for ours, theirs in pairs:  # die Gewichte der Seite sind gerundet
            ours, theirs = (float(n.replace("−", "-")) for n in (ours, theirs))
            assert ours == pytest.approx(theirs, abs=0.03 if abs(ours) < 5 else 1.5)


@pytest.mark.parametrize(
    "text", ["A dull film, but I didn’t regret it.", "I loved it <b>&amp;</b>!"]
)
def test_typing_gives_the_verdict_of_numpy(start, text):
    type_sentence(start, text)
    expected = read(load_weights(), text)
    words = start.locator("#live-start .live-word")
    expect(words).to_have_count(len(expected.words))
    sentence = start.locator(".start-verdict").inner_text()
    assert expected.label in sentence
    shown = float(re.search(r"\((\d\.\d\d)\)", sentence)[1])
    assert shown == pytest.approx(expected.probability, abs=0.015)


def test_text_without_a_known_word_gets_a_sentence(start):
    start.locator("#start-text").fill("zzqx")
    expect(start.locator("#live-start .live-message")).to_contain_text("Schreiben Sie auf Englisch")
    assert start.locator(".start-verdict").is_hidden()
    start.locator("#start-text").fill("good")
    expect(start.locator(".start-verdict")).to_contain_text("positiv")


def test_it_works_from_a_file(page):
    page.goto((BOOK / START).as_uri())
    type_sentence(page, "I loved every minute")
    expect(page.locator(".start-verdict")).to_contain_text("positiv")


def test_reading_stands_on_the_first_screen(page, site):
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(site + START)
    for part in (".live-words", ".live-scroll", ".start-verdict", "#start-text"):
        box = page.locator(f"#live-start {part}").bounding_box()
        assert box["y"] + box["height"] <= 800, part


def test_each_station_leads_to_its_section(start):
    stations = start.locator(".start-path > li")
    for number in range(1, stations.count() + 1):
        link = stations.nth(number - 1).get_by_role("link", name=f"9.3.{number} ")
        assert (BOOK / "book" / link.get_attribute("href")).resolve().is_file()
    longest = stations.filter(has_text="45 Minuten").first.locator(".start-minutes span")
    shortest = stations.filter(has_text="30 Minuten").first.locator(".start-minutes span")
    ratio = longest.bounding_box()["width"] / shortest.bounding_box()["width"]
    assert ratio == pytest.approx(1.5, abs=0.02)


def test_the_ways_in_add_up_the_minutes_of_the_path(start):
    shown = start.locator(".start-path .start-minutes").all_inner_texts()
    minutes = [int(text.split()[0]) for text in shown]
    entrances = start.locator("#wo-beginnen li")
    for entrance, expected in (
        ("Sie studieren", sum(minutes)),
        ("Sie haben wenig Zeit", sum(minutes[k - 1] for k in (1, 5, 6))),
    ):
        text = entrances.filter(has_text=entrance).inner_text()
        parts = dict(re.findall(r"(\d+)\s(Stunde|Minute)", text)[k][::-1] for k in (0, -1))
        assert 60 * int(parts.get("Stunde", 0)) + int(parts.get("Minute", 0)) == expected


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_after_typing(page, site, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(site + START)
    type_sentence(page, "an unskippable and touching film")
    result = Axe().run(page)
    assert result.violations_count == 0, result.generate_report()


def test_nothing_scrolls_sideways_at_320_pixels(page, site):
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(site + START)
    type_sentence(page, "wonderful " * 40)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert page.evaluate("document.querySelector('.bd-article').scrollWidth") <= 320
