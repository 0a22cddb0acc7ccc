"""Lesen wie eine Leserin: suchen, springen, umschalten, drucken, ohne Server öffnen."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import BOOK

PAGE = "notebooks/06_lstm_gru.html"


@pytest.fixture
def page(open_page):
    """Eine neue Seite für jede Prüfung."""
    page = open_page()
    yield page
    page.context.close()


def test_the_address_of_the_book_leads_to_its_start(page, site):
    page.goto(site)
    page.wait_for_url(site + "book/index.html")


def hits(page, site: str, word: str) -> set[str]:
    """Auf welche Seiten die Suche nach einem Wort führt."""
    page.goto(f"{site}search.html?q={word}")
    expect(page.locator("#search-results .search-summary")).to_contain_text("Die Suche ergab")
    links = page.locator("#search-results ul.search > li > a")
    return {a.get_attribute("href").partition("?")[0].partition("#")[0] for a in links.all()}


@pytest.mark.parametrize("one, many", [("Tor", "Tore"), ("Gradient", "Gradienten")])
def test_search_finds_the_stem_of_a_word(page, site, one, many):
    found = hits(page, site, one)
    assert PAGE in found
    assert hits(page, site, many) == found


def test_search_says_when_it_finds_nothing(page, site):
    page.goto(f"{site}search.html?q=Kochrezept")
    expect(page.locator("#search-results")).to_contain_text("keine Treffer")


def test_search_opens_by_key_on_every_page(page, site):
    page.goto(site + PAGE)
    page.wait_for_load_state("load")
    page.keyboard.press("Control+k")
    expect(page.locator("#pst-search-dialog input")).to_be_focused()
    page.keyboard.type("Vergesstor")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=Vergesstor")
    expect(page.locator("#search-results .search-summary")).to_contain_text("Die Suche ergab")


def test_the_first_key_skips_to_the_text(page, site):
    page.goto(site + PAGE)
    page.keyboard.press("Tab")
    expect(page.locator("a:focus")).to_have_text("Zum Inhalt springen")
    expect(page.locator("a:focus")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_the_colours_change_by_key_and_stay(page, site):
    page.goto(site + PAGE)
    mode = "document.documentElement.dataset.mode"
    before = page.evaluate(mode)
    page.locator(".theme-switch-button").first.press("Enter")
    chosen = page.evaluate(mode)
    assert chosen != before
    page.reload()
    assert page.evaluate(mode) == chosen


def test_the_contents_open_on_a_telephone(page, site):
    page.set_viewport_size({"width": 375, "height": 700})
    page.goto(site + PAGE)
    link = page.get_by_role("link", name="9.3.7 LSTM und GRU lesen Kritiken").first
    expect(link).not_to_be_in_viewport()
    page.locator(".primary-toggle").press("Enter")
    expect(link).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(link).not_to_be_in_viewport()


def test_the_overview_closes_once_it_has_led_somewhere(page, site):
    page.set_viewport_size({"width": 375, "height": 700})
    page.goto(site + PAGE)
    page.locator(".secondary-toggle").press("Enter")
    overview = page.locator("dialog#pst-secondary-sidebar-modal")
    overview.get_by_role("link", name="Schritt 3: die Ablenkung aussperren").press("Enter")
    expect(overview).not_to_be_visible()
    expect(
        page.get_by_role("heading", name="Schritt 3: die Ablenkung aussperren")
    ).to_be_in_viewport()


@pytest.mark.parametrize(
    "text, target",
    [
        ("Gleichung (9.3.19)", "notebooks/06_lstm_gru.html#gleichung-9-3-19"),
        ("Abschnitt 9.3.8", "notebooks/08_inside_the_cell.html"),
        ("Adding-Aufgabe", "book/glossar.html#term-Adding-Aufgabe"),
        ("anncourse.cells.lstm_step", "book/api.html#anncourse.cells.lstm_step"),
    ],
)
def test_a_mention_leads_to_what_it_names(page, site, text, target):
    page.goto(site + PAGE)
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    page.locator("article").get_by_role("link", name=text, exact=True).first.click()
    page.wait_for_url(site + target)
    if "#" in target:
        expect(page.locator(f"[id='{target.partition('#')[2]}']")).to_be_in_viewport()


def test_every_equation_and_figure_has_its_anchor(page, site):
    anchors = []
    for notebook in sorted(BOOK.glob("notebooks/*.html")):
        anchors += re.findall(r'id="((?:gleichung|abbildung)-[\d-]+)"', notebook.read_text("utf-8"))
    for kind in ("gleichung", "abbildung"):
        found = [anchor for anchor in anchors if anchor.startswith(kind)]
        assert found == [f"{kind}-9-3-{n}" for n in range(1, len(found) + 1)]
        assert len(found) > 20


def test_a_figure_rolls_on_a_telephone_instead_of_shrinking(page, site):
    page.set_viewport_size({"width": 375, "height": 700})
    page.goto(site + PAGE)
    page.wait_for_load_state("load")
    box = page.locator(".cell_output:has(img)").first
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    expect(box.or_(box.locator("[tabindex]")).first).to_have_attribute(
        "aria-label", "Abbildung, seitwärts rollbar"
    )


def test_code_is_copied_with_a_german_word(page, site):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(site + PAGE)
    button = page.locator("button.copybtn").first
    expect(button).to_have_attribute("data-tooltip", "Kopieren")
    code = page.locator("div.highlight pre").first.inner_text().strip()
    button.press("Enter")
    expect(button).to_have_attribute("data-tooltip", "Kopiert!")
    assert page.evaluate("navigator.clipboard.readText()").strip() == code


def test_a_wrong_address_leads_home(page, site):
    answer = page.goto(site + "notebooks/gibt/es/nicht.html")
    assert answer.status == 404
    expect(page.locator("h1")).to_have_text("Seite nicht gefunden")
    page.get_by_role("link", name="Zur Startseite").click()
    expect(page.locator("h1:visible")).to_have_text(re.compile("Rekurrente neuronale Netze"))


def test_print_has_the_text_alone(page, site):
    page.set_viewport_size({"width": 700, "height": 1000})  # A4 ohne Ränder
    page.goto(site + PAGE)
    page.evaluate("window.MathJax.startup.promise")
    page.emulate_media(media="print", color_scheme="dark")
    for selector in (".bd-sidebar-primary", ".page-links", ".bd-header-article", "button.copybtn"):
        expect(page.locator(selector).first).not_to_be_visible()
    assert page.locator("h1:visible").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_book_opens_from_a_folder(page):
    errors = []
    page.on("console", lambda m: m.type == "error" and errors.append(m.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((BOOK / PAGE).as_uri())
    page.evaluate("window.MathJax.startup.promise")
    assert page.locator("mjx-container").count() == page.locator("article .math").count() > 50
    assert page.evaluate("document.fonts.check('1em MJXTEX')")
    assert not errors
