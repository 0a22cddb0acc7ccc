"""Jede Seite, bevor sie im Buch steht: Kopf, Verweise, Zugänglichkeit, Sperre gegen Fremdes."""

import base64
import hashlib
import re
import shutil
from html import escape
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import imagesize
from bs4 import BeautifulSoup
from docutils import nodes

BOOK = Path(__file__).resolve().parents[1]
LANGUAGE = "de-CH"
HASHES = "'HASHES'"  # Platzhalter: Prüfsummen kennt man erst, wenn die Seite geschrieben ist
# Firefox lädt die nächste Seite (rel="next") im Voraus und fragt dafür default-src.
POLICY = (
    "default-src 'self'; object-src 'none'; frame-src 'none'; "
    f"script-src 'self' {HASHES}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'"
)
COLAB = re.compile(r'<p><a [^>]*href="(https://colab\.[^"]+)"[^>]*>[^<]*</a></p>')
NARROW = 560  # so breit bleibt ein Bild mindestens, wenn es zur Seite rollt; schmale wachsen nicht
LENGTH = 155  # so viel einer Beschreibung zeigen Suchmaschinen


def fingerprint() -> str:
    """Prüfsumme über Stile, Vorlagen und Erweiterungen."""
    files = [f for d in ("_ext", "_static", "_templates") for f in (BOOK / d).glob("*.*")]
    return hashlib.sha256(b"".join(f.read_bytes() for f in sorted(files))).hexdigest()


def describe(doctree, title: str) -> str:
    """Die Beschreibung einer Seite: ihr erster Absatz, der nicht nur ein Verweis ist."""
    for paragraph in doctree.findall(nodes.paragraph) if doctree else []:
        alone = len(paragraph.children) == 1 and isinstance(paragraph[0], nodes.reference)
        if not alone and isinstance(paragraph.parent, nodes.section):
            text = " ".join(paragraph.astext().split())
            return text if len(text) <= LENGTH else text[:LENGTH].rpartition(" ")[0] + " …"
    return title


def page_links(app, pagename: str, title: str, colab: str | None) -> list[tuple[str, str]]:
    """Wohin die Zeile unter dem Titel führt."""
    repository = app.config.html_theme_options["repository_url"]
    branch = app.config.html_theme_options["repository_branch"]
    source = app.env.doc2path(pagename, base=False)
    issue = urlencode({"template": "fehler.yml", "title": f"{title}: ", "seite": pagename})
    links = []
    if colab:
        links.append(("In Colab öffnen", colab))
    if source.endswith(".ipynb"):
        links.append(("Notebook herunterladen", Path(source).name))
    return [
        *links,
        ("Quelltext", f"{repository}/blob/{branch}/{source}"),
        ("Fehler melden", f"{repository}/issues/new?{issue}"),
    ]


def prepare_page(app, pagename, templatename, context, doctree) -> None:
    """Sprache, Sperre und Beschreibung im Kopf; die Zeile mit Verweisen unter dem Titel."""
    title = BeautifulSoup(context.get("title", ""), "html.parser").get_text()
    if pagename == app.config.root_doc and app.builder.name == "html":
        context["title"] = "Start"  # sonst steht der Titel des Buchs zweimal im Reiter
    description = escape(describe(doctree, title or app.config.html_title))
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    about = f'<meta name="description" content="{description}">'
    context["language"] = LANGUAGE
    context["metatags"] = f"{policy}\n{about}\n{context.get('metatags', '')}"
    # GitHub zeigt 404.html unter jeder falschen Adresse: Nur ein Weg von der Wurzel führt zurück.
    repository = urlsplit(app.config.html_theme_options["repository_url"]).path
    context["site_root"] = f"/{repository.rstrip('/').rpartition('/')[2]}/"
    if doctree and app.builder.name == "html":
        insert_links(app, pagename, title, context)


def insert_links(app, pagename: str, title: str, context: dict) -> None:
    """Setzt die Verweise an die Stelle der Zeile «In Colab öffnen», sonst unter den Titel."""
    colab = COLAB.search(context["body"])
    links = page_links(app, pagename, title, colab and colab[1])
    text = app.builder.templates.render("page-links.html", {"links": links})
    if colab:
        context["body"] = context["body"].replace(colab[0], text, 1)
    else:
        context["body"] = context["body"].replace("</h1>", f"</h1>{text}", 1)


def copy_notebooks(app) -> None:
    """Legt die Notebooks zum Herunterladen neben ihre Seiten."""
    for name in sorted(app.env.found_docs):
        source = Path(app.env.doc2path(name))
        if source.suffix == ".ipynb":
            shutil.copyfile(source, (Path(app.outdir) / name).with_suffix(".ipynb"))


def mend_roles(soup) -> None:
    """Fehlende, veraltete und englische Namen für Bildschirmleser."""
    for sidebar in soup.select("#pst-primary-sidebar"):
        sidebar["role"], sidebar["aria-label"] = "complementary", "Seitenleiste"
    for part in soup.select(".citation-list, [role=doc-biblioentry]"):
        del part["role"]
    for number, caption in enumerate(soup.select("p.caption[role=heading]")):
        # Als Überschrift stünde es vor dem Titel der Seite; es benennt die Liste darunter.
        del caption["role"], caption["aria-level"]
        caption["id"] = f"teil-{number}"
        caption.find_next_sibling("ul")["aria-labelledby"] = caption["id"]
    for contents in soup.select("nav[aria-label=Page]"):
        contents["aria-label"] = "Inhalt der Seite"
    for summary in soup.select("details.hide > summary"):
        del summary["aria-label"]  # englisch; der sichtbare Text genügt
    for icon in soup.select("i[class*=fa-], span[class*=fa-]"):
        icon["aria-hidden"] = "true"


def mend_tables(soup) -> None:
    """Köpfe mit Richtung. pandas setzt den Namen des Index allein in eine zweite Kopfzeile."""
    for table in soup.select("article table"):
        rows = table.select("thead tr")
        if len(rows) == 2 and not any(c.get_text(strip=True) for c in rows[1].select("th")[1:]):
            name = rows[1].find("th")
            rows[0].find("th").replace_with(name.extract())
            rows[1].decompose()
        for head in table.select("th"):
            if head.get_text(strip=True):
                head["scope"] = "col" if head.find_parent("thead") else "row"
            else:
                head.name = "td"


def mend_pictures(soup, page: Path) -> None:
    """Bilder laden, wenn sie in Sicht kommen; ihr Platz ist vorher frei."""
    for picture in soup.select("article img"):
        width, height = imagesize.get(page.parent / picture["src"])
        if width > 0 and height > 0 and not picture.get("style"):
            picture["width"], picture["height"] = round(width), round(height)
            if width < NARROW:
                picture["class"] = [*picture.get("class", []), "narrow"]
        picture["loading"], picture["decoding"] = "lazy", "async"


def drop_ballast(soup) -> None:
    """Was das Thema lädt oder zeigt und hier niemand braucht."""
    for part in soup.select(
        'script[src*="fontawesome.js"], .bd-search .search-button__kbd-shortcut'
    ):
        part.decompose()
    for double in soup.select("meta[name=viewport]")[1:]:
        double.decompose()


def finish_pages(app, exception) -> None:
    """Bessert jede Seite nach und setzt zuletzt die Prüfsummen ihrer Skripte ein."""
    if exception or app.builder.format != "html":
        return
    if app.builder.name == "html":  # nicht für das PDF
        copy_notebooks(app)
    for page in Path(app.outdir).rglob("*.html"):
        text = page.read_text("utf-8")
        if HASHES not in text:
            continue
        soup = BeautifulSoup(text, "html.parser")
        mend_roles(soup)
        mend_tables(soup)
        mend_pictures(soup, page)
        drop_ballast(soup)
        scripts = [script.string or "" for script in soup.select("script:not([src])")]
        digests = {hashlib.sha256(script.encode()).digest() for script in scripts}
        allowed = sorted(f"'sha256-{base64.b64encode(d).decode()}'" for d in digests)
        page.write_text(str(soup).replace(HASHES, " ".join(allowed)), "utf-8")


def setup(app):
    """Von Sphinx aufgerufen."""
    # Ändert sich nur ein Stil oder eine Vorlage, baut Sphinx sonst keine Seite neu.
    app.add_config_value("course_fingerprint", fingerprint(), "html")
    app.connect("html-page-context", prepare_page, priority=900)
    app.connect("build-finished", finish_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
