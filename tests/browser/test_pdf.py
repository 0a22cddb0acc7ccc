"""Der Druck: Inhaltsverzeichnis mit Seitenzahlen, offene Antworten, kein Bedienelement."""

import pytest
from pypdf import PdfReader

PAGE = """<!DOCTYPE html><html lang="de"><title>Probe</title>
<script>window.MathJax = {startup: {promise: Promise.resolve()}}</script>
<article><section id="start"><h1>Probe</h1>
<span id="document-one"></span><section id="one/first"><h2>Erster</h2>
<details><summary>Antwort</summary>Siebzehn</details>
<details class="hide above-input"><summary>Code zeigen</summary>print(18)</details>
<section id="one/part"><h3>Teil</h3><button class="copybtn">Kopieren</button></section></section>
<span id="document-book/api"></span><section id="api"><h2>Das Modul</h2></section>
<span id="document-two"></span><section id="two/second"><h2>Zweiter</h2></section>
</section></article></html>"""


@pytest.fixture
def printed(browser, tmp_path, load_tool):
    (tmp_path / "chapter.html").write_text(PAGE, "utf-8")
    tool = load_tool("pdf")
    count = tool.print_chapter(browser, tmp_path / "chapter.html", tmp_path / "chapter.pdf")
    reader = PdfReader(tmp_path / "chapter.pdf")
    assert count == len(reader.pages)
    return reader


def test_contents_name_the_page_of_each_section(printed):
    contents = printed.pages[1].extract_text().split()
    assert contents[:7] == ["Inhalt", "Erster", "3", "Teil", "3", "Zweiter", "4"]
    for number, title in [(3, "Erster"), (4, "Zweiter")]:
        assert printed.pages[number - 1].extract_text().startswith(title)


def test_answers_are_open_and_buttons_and_hidden_code_are_gone(printed):
    text = printed.pages[2].extract_text()
    assert "Siebzehn" in text
    assert not any(word in text for word in ("Kopieren", "Code zeigen", "print"))


def test_outline_follows_the_headings(printed):
    (_, (first, (part,), second)) = printed.outline
    assert [entry.title for entry in (first, part, second)] == ["Erster", "Teil", "Zweiter"]
    assert printed.trailer["/Root"]["/MarkInfo"]["/Marked"]
