"""Die Startseite: der vorbereitete Satz, schon gelesen, und der Weg mit seinen Minuten.

``{reading}`` setzt die gespeicherte Spur ein, so wie ``start.js`` sie später zeichnet;
``{path}`` die Abschnitte; ``{minutes}`` zählt die Minuten der genannten zusammen. Der Satz steht
hier, alle Zahlen kommen aus den Gewichten und aus den Köpfen der Notebooks.
"""

import re
from html import escape
from pathlib import Path
from typing import NamedTuple

import numpy as np
from docutils import nodes
from sphinx.util.docutils import SphinxDirective, SphinxRole

from anncourse.prediction import read
from anncourse.teaching.palette import CELL_COLOURS
from anncourse.weights import SHIPPED_FOLDER, load_weights

ROOT = Path(__file__).resolve().parents[2]
SENTENCE = "A wonderful film at first, but then a dull, awful mess."
COLUMN, MARGIN, HEIGHT, AXIS = 26, 8, 150, 92  # Pixel, wie in charts.js
UP, DOWN, PALE = (179, 88, 6), (84, 39, 136), 0.55  # Farben der Wirkung, wie in charts.js
QUESTION = re.compile(r"\*\*Frage:\*\*\s+(.+?)\n\n", re.DOTALL)
CLAIM = re.compile(r"\*\*Zeit:\*\*\s+etwa\s+(\d+)\s+Minuten")

FRAME = """<div id="live-start" class="live">
<div class="live-words" lang="en" tabindex="0" role="region"
 aria-label="Wirkung jedes Worts">{words}</div>
<div class="live-scroll live-card" tabindex="0" role="region"
 aria-label="Kurve, waagrecht verschiebbar">{curve}</div>
<p class="start-verdict">{verdict}</p>
<div class="start-field"><label for="start-text">Schreiben Sie weiter, auf Englisch</label>
<textarea id="start-text" rows="2" lang="en" spellcheck="false" autocomplete="off">{text}</textarea>
<p class="live-message"></p></div>
</div>"""


class Trace(NamedTuple):
    """Was die LSTM nach jedem Wort meint."""

    words: list[str]
    probabilities: np.ndarray  # Form (T,)
    effects: np.ndarray  # Änderung des Logits in jedem Schritt, Form (T,)


def trace(text: str = SENTENCE) -> Trace:
    """Lässt die beigelegte LSTM den Satz lesen."""
    weights = load_weights()
    reading = read(weights, text)
    p = reading.probabilities.astype(float)
    logits = np.log(p / (1 - p))
    start = float(weights.arrays["output.bias"][0])
    return Trace(reading.words, p, np.diff(logits, prepend=start))


def label(p: float) -> str:
    """Das Urteil zu einer Wahrscheinlichkeit."""
    return "positiv" if p > 0.5 else "negativ"


def verdict(found: Trace) -> str:
    """Das Urteil als Satz, und wo es zuletzt kippte."""
    p = found.probabilities
    text = f"Nach dem letzten Wort urteilt die LSTM <b>{label(p[-1])}</b> ({p[-1]:.2f})."
    turns = np.flatnonzero((p[1:] > 0.5) != (p[:-1] > 0.5))
    if turns.size:
        t = turns[-1]
        text += (
            f' Gekippt ist das Urteil bei «<span lang="en">{escape(found.words[t + 1])}</span>»: '
            f"von {p[t]:.2f} auf {p[t + 1]:.2f}."
        )
    return text


def colour(effect: float) -> str:
    """Orange hebt, violett senkt; volle Farbe ab Betrag 1."""
    part = PALE * min(1, abs(effect))
    full = DOWN if effect < 0 else UP
    return "rgb({}, {}, {})".format(*(round(255 + part * (c - 255)) for c in full))


def coloured(found: Trace) -> str:
    """Die Wörter mit ihrer Wirkung."""
    return "".join(
        f'<span class="live-word" style="background: {colour(effect)};">{escape(word)} '
        f"<small>{f'{effect:+.2f}'.replace('-', '−')}</small></span> "
        for word, effect in zip(found.words, found.effects, strict=True)
    )


def height(p: float) -> float:
    """Wie hoch ein Punkt der Kurve liegt."""
    return MARGIN + (1 - p) * (HEIGHT - 2 * MARGIN)


def curve(found: Trace) -> str:
    """Die Wahrscheinlichkeit nach jedem Wort, wie ``anncourse.curve`` sie zeichnet."""
    width, ink = len(found.words) * COLUMN, CELL_COLOURS["lstm"]
    places = [((t + 0.5) * COLUMN, height(p)) for t, p in enumerate(found.probabilities)]
    grid = "".join(
        f'<line x1="0" x2="{width}" y1="{height(p):g}" y2="{height(p):g}" '
        f'class="{"live-border" if p == 0.5 else "live-grid"}"></line>'
        for p in (0, 0.25, 0.5, 0.75, 1)
    )
    points = " ".join(f"{x:g},{y:.1f}" for x, y in places)
    dots = "".join(
        f'<circle cx="{x:g}" cy="{y:.1f}" r="4" fill="{ink}"></circle>' for x, y in places
    )
    ticks = "".join(
        f'<text x="30" y="{height(p) + 4:g}" text-anchor="end">{p:.1f}</text>' for p in (0, 0.5, 1)
    )
    names = "".join(
        f'<text transform="translate({x + 4:g} 10) rotate(-60)" text-anchor="end" class="">'
        f"{escape(word)}</text>"
        for (x, _), word in zip(places, found.words, strict=True)
    )
    spoken = ", ".join(
        f"{w} {p:.2f}" for w, p in zip(found.words, found.probabilities, strict=True)
    )
    return (
        '<p class="live-caption"><b>Wahrscheinlichkeit «positiv»</b> nach jedem Wort</p>'
        f'<div class="live-panel"><svg width="36" height="{HEIGHT}" class="live-labels" '
        f'aria-hidden="true">{ticks}</svg>'
        f'<svg width="{width}" height="{HEIGHT}" role="img" aria-label="Kurve: {escape(spoken)}">'
        f'{grid}<polyline points="{points}" fill="none" stroke="{ink}" stroke-dasharray="7 3" '
        f'stroke-width="2.5"></polyline>{dots}</svg></div>'
        f'<div class="live-panel"><div class="live-labels"></div><svg width="{width}" '
        f'height="{AXIS}" aria-hidden="true">{names}</svg></div>'
    )


class ReadingCell(SphinxDirective):
    """``{reading}``: der vorbereitete Satz, gelesen von der beigelegten LSTM."""

    def run(self):
        """Rechnet beim Bauen; zum Lesen braucht die Seite kein Skript."""
        for source in (SHIPPED_FOLDER / "lstm").iterdir():
            self.env.note_dependency(str(source))
        found = trace()
        page = FRAME.format(
            verdict=verdict(found), words=coloured(found), curve=curve(found), text=SENTENCE
        )
        return [nodes.raw("", page, format="html")]


class Section(NamedTuple):
    """Was der Kopf eines Abschnitts sagt."""

    number: int
    page: str
    title: str
    question: str
    minutes: int


def sections(root: Path = ROOT) -> list[Section]:
    """Alle Abschnitte, der Reihe nach."""
    found = []
    for twin in sorted((root / "notebooks").glob("[0-9]*.md")):
        text = twin.read_text("utf-8")
        title = re.search(r"^# (.+)$", text, re.MULTILINE)[1]
        question = " ".join(QUESTION.search(text)[1].split())
        minutes = int(CLAIM.search(text)[1])
        found.append(Section(int(twin.stem[:2]), twin.stem, title, question, minutes))
    return found


def duration(minutes: int) -> str:
    """Eine Dauer in Worten: «45 Minuten», «2 Stunden», «5 Stunden 30 Minuten»."""
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} Stunde{'n' * (hours > 1)}"] * (hours > 0) + [f"{rest} Minuten"] * (rest > 0)
    return " ".join(parts)


def watch_sections(env) -> None:
    """Ändert sich ein Kopf, wird die Seite neu gebaut."""
    for twin in (ROOT / "notebooks").glob("[0-9]*.md"):
        env.note_dependency(str(twin))


class Route(SphinxDirective):
    """``{path}``: die Abschnitte als Weg, jeder mit Frage und Minuten."""

    def run(self):
        """Eine Liste; die Länge des Balkens ist die Zeit."""
        watch_sections(self.env)
        route = nodes.enumerated_list(
            classes=["start-path"], enumtype="arabic", prefix="", suffix="."
        )
        for section in sections():
            bar = (
                f'<p class="start-minutes"><span style="--minutes: {section.minutes}"></span> '
                f"{section.minutes} Minuten</p>"
            )
            route += nodes.list_item(
                "",
                *self.parse_text_to_nodes(f"[{section.title}](../notebooks/{section.page}.ipynb)"),
                *self.parse_text_to_nodes(section.question),
                nodes.raw("", bar, format="html"),
            )
        return [route]


class Minutes(SphinxRole):
    """``{minutes}`1 5 6```: wie lange diese Abschnitte zusammen dauern; ``alle``: alle."""

    def run(self):
        """Ein unbekannter Abschnitt ist ein Fehler beim Bauen."""
        watch_sections(self.env)
        each = {section.number: section.minutes for section in sections()}
        wanted = each if self.text == "alle" else map(int, self.text.split())
        return [nodes.Text(duration(sum(each[number] for number in wanted)))], []


def add_style(app, pagename, templatename, context, doctree) -> None:
    """Die Startseite hat ihre eigenen Regeln, auch im PDF."""
    if pagename == app.config.root_doc:
        app.add_css_file("../live/start.css")


def setup(app):
    """Von Sphinx aufgerufen."""
    app.add_directive("reading", ReadingCell)
    app.add_directive("path", Route)
    app.add_role("minutes", Minutes())
    app.connect("html-page-context", add_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
