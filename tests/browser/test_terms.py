"""Glossarbegriffe erklären sich bei Zeiger, Fokus und Antippen."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import BOOK

PAGE = "notebooks/06_lstm_gru.html"


@pytest.fixture
def page(open_page):
    page = open_page()
    yield page
    page.context.close()


def term(page, name="Hyperparameter"):
    return page.locator("article a.term", has_text=name).first


def note(page):
    return page.locator("article .term-note:visible")


def test_pointer_shows_the_definition_and_may_rest_on_it(page, site):
    page.goto(site + PAGE)
    expect(note(page)).to_have_count(0)
    term(page).hover()
    expect(note(page)).to_contain_text("vor dem Training festgelegt")
    note(page).hover()
    page.wait_for_timeout(500)
    expect(note(page)).to_be_visible()
    page.mouse.move(2, 2)
    expect(note(page)).to_have_count(0)


def test_focus_shows_it_and_escape_closes(page, site):
    page.goto(site + PAGE)
    first = page.locator("article a.term").first
    for _ in range(60):
        page.keyboard.press("Tab")
        if first.evaluate("link => link === document.activeElement"):
            break
    expect(note(page)).to_have_count(1)
    described = first.get_attribute("aria-describedby")
    assert page.locator(f"[id='{described}']").get_attribute("role") == "tooltip"
    page.keyboard.press("Escape")
    expect(note(page)).to_have_count(0)
    expect(first).to_be_focused()
    assert first.get_attribute("aria-describedby") is None


def test_a_tap_opens_it_and_a_second_leads_to_the_glossary(browser, site):
    context = browser.new_context(
        has_touch=True, is_mobile=True, viewport={"width": 375, "height": 700}
    )
    page = context.new_page()
    page.goto(site + PAGE)
    term(page).tap()
    expect(note(page)).to_be_visible()
    assert page.url == site + PAGE
    box = note(page).bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 375
    page.locator("article h1:visible").first.tap()
    expect(note(page)).to_have_count(0)
    term(page).tap()
    term(page).tap()
    page.wait_for_url(re.compile(r"glossar\.html#term-Hyperparameter"))
    context.close()


def test_formulas_of_a_definition_are_drawn(page, site):
    page.goto(site + PAGE)
    page.evaluate("window.MathJax.startup.promise")
    link = page.locator("article a.term", has_text="logistischen Funktion").first
    link.hover()
    expect(note(page).locator("mjx-container").first).to_be_visible()


def test_without_javascript_the_link_leads_to_the_glossary(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site + PAGE)
    page.locator("article a[href$='#term-Hyperparameter']").first.click()
    page.wait_for_url(re.compile(r"glossar\.html#term-Hyperparameter"))
    context.close()


@pytest.mark.parametrize("path", sorted(BOOK.glob("notebooks/*.html")), ids=lambda path: path.stem)
def test_each_term_is_linked_once_and_explained(path):
    text = path.read_text("utf-8")
    linked = re.findall(r'href="\.\./book/glossar\.html#(term-[^"]+)"', text)
    explained = re.findall(r'<div data-term="([^"]+)">', text)
    assert linked and set(explained) == set(linked)
    assert len(explained) == len(set(explained))
    if path.stem != "09_exercises":  # dort stehen auch Links von Hand
        assert len(linked) == len(set(linked))


def test_a_section_does_not_explain_what_it_introduces():
    text = (BOOK / PAGE).read_text("utf-8")
    for own in ("term-Vergesstor", "term-LSTM", "term-Ubertragsspur"):
        assert own not in text
