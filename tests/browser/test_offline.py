"""Das zip zum Mitnehmen: entpackt, von der Platte geöffnet, ohne Netz."""

import zipfile

import pytest
from playwright.sync_api import expect

from .conftest import BOOK, pages


@pytest.fixture(scope="module")
def unpacked(load_tool, tmp_path_factory):
    """Die Adresse des entpackten Ordners, mit Schrägstrich am Ende."""
    tool, folder = load_tool("site"), tmp_path_factory.mktemp("zip")
    tool.write_zip(BOOK, folder / "book.zip")
    with zipfile.ZipFile(folder / "book.zip") as archive:
        archive.extractall(folder)
    return (folder / tool.NAME).as_uri() + "/"


@pytest.fixture
def page(open_page):
    """Eine Seite ohne Netz; was sie meldet oder verlangt, steht am Ende fest."""
    page = open_page(offline=True)
    errors, requests = [], []
    page.on("console", lambda m: m.type in ("error", "warning") and errors.append(m.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    yield page
    page.context.close()
    assert errors == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize("name", [p for p in pages() if p != "404.html"])
def test_every_page_opens(page, unpacked, name):
    page.goto(unpacked + name)
    page.evaluate("async () => { await window.MathJax?.startup?.promise; }")
    assert page.locator("mjx-container").count() == page.locator("article .math").count()
    expect(page.locator("h1:visible").first).to_be_visible()
    for link in page.locator("article a[href]").all():
        address = link.get_attribute("href").partition("#")[0]
        if address and ":" not in address:
            target = page.evaluate("href => new URL(href, location).href", address)
            assert target.startswith(unpacked)


def test_first_page_leads_to_the_start(page, unpacked):
    page.goto(unpacked + "index.html")
    page.wait_for_url(unpacked + "book/index.html")


def test_quiz_answers(page, unpacked):
    page.goto(unpacked + "notebooks/01_rnn_numpy.html")
    page.locator(".quiz input[type=radio], .quiz input[type=checkbox]").first.check()
    page.locator(".quiz").get_by_role("button", name="Prüfen").first.click()
    expect(page.locator(".quiz [role=status]:visible").first).not_to_be_empty()


def test_nets_read_and_learn(page, unpacked):
    page.goto(unpacked + "book/ausprobieren.html")
    page.get_by_role("button", name="Verneinung").click()
    expect(page.locator(".live-current")).to_contain_text("LSTM")
    page.goto(unpacked + "book/index.html")
    page.locator("#live-start textarea").fill("A dull film")
    expect(page.locator(".start-verdict")).to_contain_text("negativ")
    page.goto(unpacked + "book/trainieren.html")
    page.get_by_role("button", name="Ein Stapel").click()
    expect(page.locator(".live-status")).to_contain_text("Stapel 1:")
    page.goto(unpacked + "book/schritte.html")
    page.get_by_role("button", name="Weiter").click()
    expect(page.locator("#live-cellsteps")).to_contain_text("Schritt 2 von 4")
