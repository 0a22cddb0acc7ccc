"""Druckt das Kapitel als PDF: die Seite des Erbauers singlehtml, gedruckt von Chromium.

Aufruf: ``make pdf``. Chromium druckt zweimal: Erst der erste Druck sagt, auf welcher Seite ein
Abschnitt beginnt, und das Inhaltsverzeichnis steht vorn.
"""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from pypdf import PdfReader

HERE = Path(__file__).parent
BUILD = HERE.parents[1] / "_build"
TARGET = BUILD / "pdf" / "rekurrente-neuronale-netze.pdf"
MISSING = (
    "Chromium fehlt. Installieren Sie es (Debian, Ubuntu: apt-get install chromium; überall: "
    "python -m playwright install chromium), oder nennen Sie seinen Pfad in der "
    "Umgebungsvariablen CHROMIUM."
)
FOOTER = """<div style="font: 8px sans-serif; text-align: center; width: 100%">
<span class="pageNumber"></span> / <span class="totalPages"></span></div>"""

# MathJax ist fertig, alle Bilder sind da, alle Antworten sind offen; der verborgene Code der
# Zellen bleibt es. Die Beschreibung des Moduls schlägt man online nach. Geblättert wird auf Papier
# ohne «Weiter» und «Zurück»; allein auf einer Seite stünden sie sonst auch.
PREPARE = """async () => {
  for (const line of document.querySelectorAll("section > p")) {
    if (/^(Weiter|Zurück): /.test(line.textContent)) line.remove();
  }
  document.querySelectorAll("details.hide").forEach(box => box.remove());
  document.querySelectorAll('[id="document-book/api"] + section').forEach(part => part.remove());
  document.querySelectorAll("details").forEach(box => { box.open = true; });
  document.querySelectorAll("img").forEach(image => { image.loading = "eager"; });
  await Promise.all([...document.images].map(image => image.decode()));
  await MathJax.startup.promise;
}"""

# Das Inhaltsverzeichnis folgt auf den Text der Startseite. Die Überschriften der Abschnitte sind
# hier zweiter Ordnung, weil das ganze Kapitel eine Seite ist.
CONTENTS = """() => {
  const list = document.createElement("ul");
  for (const heading of document.querySelectorAll("[id^=document-] ~ section > :is(h2, h3), "
      + "[id^=document-] ~ section > section > h3")) {
    const link = document.createElement("a");
    link.href = "#" + heading.parentElement.id;
    for (const node of heading.childNodes) {
      if (!node.classList?.contains("headerlink")) link.append(node.cloneNode(true));
    }
    const number = document.createElement("span");
    link.append(number);
    const item = document.createElement("li");
    if (heading.localName === "h2") item.className = "section";
    item.append(link);
    list.append(item);
  }
  const contents = document.createElement("nav");
  contents.id = "contents";
  contents.innerHTML = "<p>Inhalt</p>";
  contents.append(list);
  document.querySelector("[id^=document-]").before(contents);
}"""

NUMBER = """pages => {
  for (const link of document.querySelectorAll("#contents a")) {
    link.lastChild.textContent = pages[decodeURIComponent(link.hash.slice(1))];
  }
}"""


def find_chromium(playwright: Playwright) -> str:
    """Der Pfad von Chromium: aus CHROMIUM, von playwright oder vom Betriebssystem.

    Raises
    ------
    FileNotFoundError
        Wenn keiner davon eine Datei nennt.
    """
    places = [os.environ.get("CHROMIUM"), playwright.chromium.executable_path]
    places += [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    for place in places:
        if place and Path(place).is_file():
            return place
    raise FileNotFoundError(MISSING)


def first_pages(path: Path) -> dict[str, int]:
    """Zu jedem Sprungziel eines PDF die Nummer seiner Seite."""
    reader = PdfReader(path)
    return {
        name.lstrip("/"): reader.get_destination_page_number(place) + 1
        for name, place in reader.named_destinations.items()
    }


def write_pdf(page: Page, target: Path) -> None:
    """Druckt auf A4, mit Gliederung, Seitenzahlen und Marken für Bildschirmleser."""
    page.pdf(
        path=target,
        format="A4",
        outline=True,
        tagged=True,
        print_background=True,
        display_header_footer=True,
        header_template="<span></span>",
        footer_template=FOOTER,
        margin={"top": "16mm", "bottom": "18mm", "left": "18mm", "right": "18mm"},
    )


def print_chapter(browser: Browser, source: Path, target: Path) -> int:
    """Druckt die Seite ``source``, mit Inhaltsverzeichnis.

    Returns
    -------
    int
        Anzahl Seiten.
    """
    page = browser.new_page(color_scheme="light")
    page.set_default_timeout(300_000)  # Millisekunden; ein beschäftigter Rechner lädt langsam
    page.goto(source.as_uri())
    page.add_style_tag(path=HERE / "pdf.css")
    page.evaluate(PREPARE)
    page.evaluate(CONTENTS)
    write_pdf(page, target)
    page.evaluate(NUMBER, first_pages(target))
    write_pdf(page, target)
    return len(PdfReader(target).pages)


def main() -> None:
    """Druckt das gebaute Kapitel."""
    TARGET.parent.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        try:
            place = find_chromium(playwright)
        except FileNotFoundError as problem:
            sys.exit(str(problem))
        # Als root, zum Beispiel in einem Container, startet Chromium nur ohne Sandkasten.
        browser = playwright.chromium.launch(executable_path=place, chromium_sandbox=False)
        count = print_chapter(browser, BUILD / "singlehtml" / "chapter.html", TARGET)
        browser.close()
    print(f"{TARGET.relative_to(BUILD.parent)}: {count} Seiten")


if __name__ == "__main__":
    main()
