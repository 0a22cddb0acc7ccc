"""Jede Seite: keine Fehler, keine fremden Anfragen, zugänglich, leicht, schmal und breit lesbar."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from .conftest import BOOK, REPOSITORY, pages

OWN_LIMIT = 400_000  # Byte je Seite: ihr HTML und ihre Bilder
SHARED_LIMIT = 450_000  # Byte für alle Seiten zusammen: Thema, Symbole, Suche, MathJax
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Ein Tabellenkopf aus einer Formel gilt axe als leer: Es liest deren MathML nicht.
AXE = {
    "runOnly": {"type": "tag", "values": RULES},
    "rules": {"empty-table-header": {"enabled": False}},
    "resultTypes": ["violations"],
}
COLOURS = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
    "resultTypes": ["violations"],
}
ENGLISH = re.compile(
    r"\b(search|toggle|next|previous|prev|open|show|hide|copy|copied|page|light|dark|link to|back|"
    r"click|close|navigation|home|contents?|skip|settings|expand|collapse|download|issue)\b",
    re.I,
)
NAMES_OF_BUTTONS = """() => [...document.querySelectorAll(
    "button, summary, .admonition-title, [aria-label], " +
    "[title]:not([title*='doi:'], [title*='arXiv:']), svg title, " +
    "[placeholder], [data-tooltip], [data-bs-title], .prev-next-subtitle, .skip-link, " +
    "nav.page-links a")].flatMap(e =>
    ["aria-label", "title", "placeholder", "data-tooltip", "data-bs-title",
     "data-bs-original-title"]
    .map(name => e.getAttribute(name)).concat(
        e.matches("button, summary, .admonition-title, .prev-next-subtitle, .skip-link, title") ?
        [e.textContent] : []).filter(Boolean))"""
# Was aus der Seite ragt, steht in etwas, das rollt und das die Tastatur erreicht.
CUT_OFF = """() => [...document.querySelectorAll("main *")].filter(e => {
    if (e.closest("mjx-assistive-mml, .visually-hidden, .bd-sidebar-secondary")) return false;
    const box = e.getBoundingClientRect();
    if (box.width === 0 || box.right <= innerWidth + 1) return false;
    for (let p = e; p; p = p.parentElement)
        if (/auto|scroll/.test(getComputedStyle(p).overflowX) && p.tabIndex >= 0) return false;
    return true;
}).map(e => `${e.tagName}.${e.className}: ${e.textContent.slice(0, 60)}`)"""
ROLLS = """() => [...document.querySelectorAll("main :is(.highlight pre, div.math, .cell_output)")]
    .filter(e => !e.closest("details") && e.checkVisibility() && e.scrollWidth > e.clientWidth + 1)
    .map(e => e.textContent.slice(0, 80))"""
FILTERS = """() => [...document.querySelectorAll(".cell_output img, .live-card")].map(e =>
    getComputedStyle(e).filter)"""
FOCUS = """() => {
    const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
    return {
        name: `${e.tagName}.${e.className}`, body: e === document.body,
        ring: style.outlineStyle === "auto" || (style.outlineStyle !== "none" &&
            parseFloat(style.outlineWidth) >= 2),
        seen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    };
}"""
HEADINGS = """() => [...document.querySelectorAll("h1, h2, h3, h4, h5, h6, [role=heading]")]
    .filter(e => e.checkVisibility()).map(e => Number(e.ariaLevel ?? e.tagName[1]))"""


@dataclass
class Visit:
    """Eine geöffnete Seite und was beim Laden geschah."""

    name: str
    page: object
    errors: list = field(default_factory=list)
    requests: list = field(default_factory=list)

    def is_notebook(self) -> bool:
        return self.name.startswith("notebooks/")

    def has_theme(self) -> bool:
        return self.name != "404.html"

    def dark(self, on: bool) -> None:
        self.page.emulate_media(color_scheme="dark" if on else "light")
        if self.has_theme():
            theme = self.page.locator(f"html[data-theme={'dark' if on else 'light'}]")
            theme.wait_for(state="attached")


@pytest.fixture(scope="module", params=pages())
def visit(request, site, open_page):
    """Öffnet eine Seite ein einziges Mal; alle Prüfungen unten sehen dieselbe."""
    page = open_page()
    visit = Visit(request.param, page)
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    page.on("console", lambda m: m.type in ("error", "warning") and visit.errors.append(m.text))
    page.on("request", lambda request: visit.requests.append(request))
    page.goto(site + visit.name)
    page.wait_for_load_state("networkidle")
    # Bilder laden sonst erst in Sicht; zugeklappte Antworten sollen alle Prüfungen sehen.
    page.evaluate("""async () => {
        await window.MathJax?.startup?.promise;
        const pictures = [...document.images];
        pictures.forEach(picture => { picture.loading = "eager"; });
        await Promise.all(pictures.map(picture => picture.decode()));
    }""")
    yield visit
    page.context.close()


@pytest.mark.parametrize("name", pages())
def test_policy_lets_firefox_load_the_next_page_and_nothing_foreign(name):
    (policy,) = re.findall(r'content="(default-src[^"]+)"', (BOOK / name).read_text("utf-8"))
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == "'self'"
    assert rules["object-src"] == rules["frame-src"] == "'none'"
    assert not re.search(r"https?:|\*|unsafe-eval", policy)


def test_it_opens_without_error_and_asks_nobody_else(visit, site):
    assert not visit.errors
    assert [r.url for r in visit.requests if not r.url.startswith((site, "data:"))] == []


def test_it_is_light(visit, site):
    own = shared = 0
    for asked in visit.requests:
        if asked.url.startswith("data:"):
            continue
        size = asked.sizes()["responseBodySize"]
        place = asked.url.removeprefix(site)
        if place.startswith(("_static/", "mathjax/", "searchindex.js")):
            shared += size
        else:
            own += size
    print(f"{visit.name}: {own // 1000} kB eigene, {shared // 1000} kB gemeinsame")
    assert 0 < own < OWN_LIMIT
    assert shared < SHARED_LIMIT


def test_it_speaks_german(visit):
    page = visit.page
    assert page.locator("html").get_attribute("lang") == "de-CH"
    title, about = page.title(), page.locator("meta[name=description]").get_attribute("content")
    assert title.endswith("Rekurrente neuronale Netze verstehen")
    assert title.count("Rekurrente neuronale Netze verstehen") == 1
    assert 10 < len(about) < 165
    assert [text for text in page.evaluate(NAMES_OF_BUTTONS) if ENGLISH.search(text)] == []


def test_its_formulas_are_drawn_and_can_be_read_aloud(visit):
    page = visit.page
    formulas = page.locator("article .math").count()
    assert page.locator("article mjx-container").count() == formulas
    assert page.locator("mjx-merror").count() == 0
    assert page.locator("article mjx-assistive-mml > math").count() == formulas


def test_its_headings_are_in_order(visit):
    levels = visit.page.evaluate(HEADINGS)
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:]))


def test_its_tables_have_heads(visit):
    for table in visit.page.locator("article table").all():
        assert table.locator("th[scope=col]").count() > 0
        assert table.locator("th:not([scope])").count() == 0


def test_its_links_lead_to_colab_notebook_source_and_issues(visit, site):
    if not visit.name.startswith(("notebooks/", "book/")):
        return
    page = visit.page
    links = {a.inner_text(): a.get_attribute("href") for a in page.locator(".page-links a").all()}
    assert links["Fehler melden"].startswith(f"{REPOSITORY}/issues/new?template=fehler.yml&title=")
    source = re.escape(visit.name.removesuffix(".html"))
    assert re.fullmatch(rf"{REPOSITORY}/blob/[\w.-]+/{source}\.(ipynb|md)", links["Quelltext"])
    colab = REPOSITORY.replace("github.com", "colab.research.google.com/github")
    if visit.is_notebook():
        assert re.fullmatch(rf"{colab}/blob/[\w.-]+/{source}\.ipynb", links["In Colab öffnen"])
        notebook = page.request.get(site + "notebooks/" + links["Notebook herunterladen"])
        assert notebook.json()["nbformat"] == 4
        assert page.locator("article a[href*='colab.']").count() == 1


def test_what_is_folded_opens_by_keyboard(visit):
    # Die Einstellungen von «Selbst trainieren» stehen offen.
    for fold in visit.page.locator("article details:not(.live-settings):visible").all():
        assert not fold.evaluate("fold => fold.open")
        fold.locator("> summary").press("Enter")
        assert fold.evaluate("fold => fold.open")


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_axe_finds_nothing(visit, mode):
    visit.dark(mode == "dark")
    # Dunkel ändern sich nur die Farben; alle anderen Regeln prüft der helle Durchgang.
    rules = AXE if mode == "light" else COLOURS
    # Gezeichnete Formeln sind vor Bildschirmlesern verborgen und erben die Farbe des Textes.
    found = Axe().run(visit.page, {"exclude": [["mjx-math"]]}, rules).response["violations"]
    visit.dark(False)
    assert [(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in found] == []


@pytest.mark.parametrize("width", [640, 320])  # 640: der breite Bildschirm bei 200 % Zoom
def test_nothing_sticks_out_of_a_narrow_page(visit, width):
    page = visit.page
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    wide, outside = page.evaluate("document.documentElement.scrollWidth"), page.evaluate(CUT_OFF)
    page.set_viewport_size({"width": 1280, "height": 900})
    assert wide <= width
    assert outside == []


def test_no_code_formula_or_output_scrolls_sideways_on_a_wide_screen(visit):
    if not visit.name.startswith("notebooks/"):
        pytest.skip("nur die Abschnitte")
    visit.page.set_viewport_size({"width": 1280, "height": 900})
    assert visit.page.evaluate(ROLLS) == []


@pytest.mark.parametrize("mode, media, inverted", [
    ("light", "screen", False), ("dark", "screen", True), ("dark", "print", False),
])  # fmt: skip
def test_no_picture_glares_on_the_dark_page(visit, mode, media, inverted):
    """Auf dem Bildschirm wird hell zu dunkel, mit denselben Farbtönen; gedruckt bleibt es hell."""
    visit.dark(mode == "dark")
    visit.page.emulate_media(media=media)
    filters = visit.page.evaluate(FILTERS)
    visit.page.emulate_media(media="screen")
    visit.dark(False)
    if not filters:
        pytest.skip("kein Bild")
    assert all(("invert" in one and "hue-rotate" in one) == inverted for one in filters)


def test_the_keyboard_is_always_seen(visit):
    page = visit.page
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    stops = []
    for _ in range(45):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(FOCUS))
        if stops[-1]["body"]:
            break
    reached = [stop for stop in stops if not stop["body"]]
    assert reached
    assert [stop["name"] for stop in reached if not (stop["ring"] and stop["seen"])] == []


def test_pictures_for_whoever_wants_to_look(visit):
    """Legt die Seite als Bild in den Ordner ANNCOURSE_PICTURES, wenn er genannt ist."""
    folder = os.environ.get("ANNCOURSE_PICTURES")
    for width in (1280, 375) if folder else ():
        visit.page.set_viewport_size({"width": width, "height": 900})
        for mode in ("light", "dark"):
            visit.dark(mode == "dark")
            name = visit.name.removesuffix(".html").replace("/", "-")
            visit.page.screenshot(
                path=Path(folder) / f"{name}-{width}-{mode}.jpg", full_page=True, quality=60
            )


def test_every_page_of_the_contents_is_a_page():
    assert {f"notebooks/{p.stem}.html" for p in BOOK.glob("notebooks/*.ipynb")} <= set(pages())
    assert {"404.html", "search.html", "book/index.html"} <= set(pages())
