"""Begriffe des Glossars erklären sich, wo sie stehen: Der Link trägt die Definition mit sich.

Je Abschnitt wird das erste Vorkommen jedes Begriffs verknüpft, den ein anderer Abschnitt einführt.
Am Ende der Seite steht die Definition, die ``terms.js`` bei Zeiger und Fokus zeigt.
"""

import re

from docutils import nodes
from references import ENDING, GLOSSARY, is_inert

PAGE = "book/glossar"
WORD = re.compile(r"\w[\w-]*")
# Was im Text auch etwas anderes heissen kann, oder was ein Verb sein kann
AMBIGUOUS = {
    *("Abkürzung", "Beitrag", "Folge", "Genauigkeit", "Merkmal", "Parameter", "Schleife"),
    *("Stimmung", "Umweg", "Zelle", "Zwillinge"),
    *("Abschalten", "Auffüllen", "Codieren", "Entrollen", "Packen"),
}
OUTSIDE = (nodes.table, nodes.strong, nodes.Admonition, nodes.math)


def stem(word: str) -> str:
    """Ein Wort ohne Endung und Umlaute: «Zustände» und «Zustand» sind derselbe Begriff."""
    return ENDING.sub("", word.lower().translate(str.maketrans("äöü", "aou")))


def collect(app, env) -> None:
    """Liest aus dem Glossar zu jedem Begriff Sprungziel und Definition."""
    env.course_terms = {}
    for item in env.get_doctree(PAGE).findall(nodes.definition_list_item):
        term, definition = item[0], item[-1]
        for link in list(definition.findall(nodes.reference)):
            link.replace_self(link.children)  # in der Erklärung führt nichts weiter
        env.course_terms[term.astext()] = (term["ids"][0], definition)


def introduced(doctree) -> set[tuple[str, ...]]:
    """Was die Seite selbst einführt: Dort steht der Begriff fett."""
    bold = doctree.findall(nodes.strong)
    return {tuple(map(stem, WORD.findall(node.astext()))) for node in bold}


def is_prose(text: nodes.Text) -> bool:
    """Ob der Text in einem Absatz steht, nicht in Tabelle, Titel, Ausgabe oder Link."""
    node, inside = text.parent, False
    while node is not None:
        if isinstance(node, OUTSIDE) or {"cell", "toctree-wrapper"} & set(node.get("classes", ())):
            return False
        inside = inside or isinstance(node, nodes.paragraph)
        node = node.parent
    return inside and not is_inert(text.parent)


def find(text: str, wanted: dict[tuple[str, ...], str]) -> tuple[int, int, tuple[str, ...]] | None:
    """Das erste Vorkommen eines gesuchten Begriffs: Anfang, Ende, Begriff; Längere zuerst."""
    words = list(WORD.finditer(text))
    for first, word in enumerate(words):
        for length in (4, 3, 2, 1):
            part = words[first : first + length]
            if len(part) < length:
                continue
            key = tuple(stem(one[0]) for one in part)
            # Ein Wort allein muss ein Hauptwort sein; zwischen mehreren steht kein Satzzeichen.
            plain = " ".join(one[0] for one in part) == text[word.start() : part[-1].end()]
            if key in wanted and plain and (length > 1 or word[0] != word[0].lower()):
                return word.start(), part[-1].end(), key
    return None


def link_mentions(app, doctree, docname: str) -> None:
    """Verknüpft in einem Abschnitt das erste Vorkommen jedes Begriffs."""
    if app.builder.name != "html" or not docname.startswith("notebooks/"):
        return
    given = {link.astext() for link in doctree.findall(nodes.reference)}
    terms = {tuple(map(stem, WORD.findall(name))): name for name in app.env.course_terms}
    wanted = {
        key: name
        for key, name in terms.items()
        if name not in AMBIGUOUS | given and key not in introduced(doctree)
    }
    address = app.builder.get_relative_uri(docname, PAGE)
    for text in list(doctree.findall(nodes.Text)):
        if not is_prose(text):
            continue
        parts, rest = [], text.astext()
        while found := find(rest, wanted):
            start, end, key = found
            mark, _ = app.env.course_terms[wanted.pop(key)]
            link = nodes.reference("", rest[start:end], internal=True, refuri=f"{address}#{mark}")
            parts += [nodes.Text(rest[:start]), link]
            rest = rest[end:]
        if parts:
            place = text.parent.index(text)
            text.parent[place : place + 1] = [*parts, nodes.Text(rest)]


def explain(app, pagename, templatename, context, doctree) -> None:
    """Hängt der Seite die Definitionen ihrer Begriffe an, jede einmal."""
    if app.builder.name != "html" or doctree is None or pagename == PAGE:
        return
    marks = {mark: definition for mark, definition in app.env.course_terms.values()}
    used = {}
    for link in doctree.findall(nodes.reference):
        page, _, mark = link.get("refuri", "").partition("#")
        if GLOSSARY.search(page) and mark in marks:
            parts = (app.builder.render_partial(part)["fragment"] for part in marks[mark])
            used[mark] = "".join(parts)
    if not used:
        return
    notes = "".join(f'<div data-term="{mark}">{text}</div>' for mark, text in used.items())
    context["body"] += f'<div class="term-notes" hidden>{notes}</div>'
    app.add_js_file("terms.js", loading_method="defer")
    app.add_css_file("terms.css")


def setup(app):
    """Von Sphinx aufgerufen."""
    app.connect("env-updated", collect)
    app.connect("doctree-resolved", link_mentions, priority=600)  # nach references.py
    app.connect("html-page-context", explain)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
