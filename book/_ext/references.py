"""Verweise im Text werden Links: auf Gleichung, Abbildung, Abschnitt und Begriff.

In den Notebooks stehen sie als blosser Text, damit Colab nichts Rohes zeigt.
"""

import re
from pathlib import Path

from docutils import nodes

EQUATION = re.compile(r"\\tag\{(9\.3\.\d+)\}")
CAPTION = re.compile(r"^\*?Abbildung (9\.3\.\d+):", re.MULTILINE)
MENTION = re.compile(r"Gleichung\s\((9\.3\.\d+)\)|Abbildung\s(9\.3\.\d+)|Abschnitt\s9\.3\.(\d+)\b")
GLOSSARY = re.compile(r"\bglossar(\.html)?$")
ENDING = re.compile(r"(e[mrns]?|n|s)$")
# Worin ein Verweis keiner sein soll
INERT = (nodes.reference, nodes.literal, nodes.literal_block, nodes.title, nodes.emphasis)


def anchor(kind: str, number: str) -> str:
    """Die Marke einer Gleichung oder Abbildung."""
    return f"{kind}-{number.replace('.', '-')}"


def find_targets(app) -> None:
    """Sammelt aus den Textzwillingen, auf welcher Seite welche Nummer steht."""
    app.course_targets = targets = {}
    for twin in sorted(Path(app.srcdir, "notebooks").glob("*.md")):
        text, page = twin.read_text("utf-8"), f"notebooks/{twin.stem}"
        targets[f"abschnitt-{int(twin.stem[:2])}"] = page
        for kind, form in (("gleichung", EQUATION), ("abbildung", CAPTION)):
            targets |= {anchor(kind, number): page for number in form.findall(text)}


def set_anchors(app, doctree) -> None:
    """Gibt Gleichungen und Bildtexten ihre Marke."""
    for block in doctree.findall(nodes.math_block):
        block["ids"] += [anchor("gleichung", n) for n in EQUATION.findall(block.astext())]
    for caption in doctree.findall(nodes.paragraph):
        if caption.children and isinstance(caption[0], nodes.emphasis):
            caption["ids"] += [anchor("abbildung", n) for n in CAPTION.findall(caption.astext())]


def is_inert(node) -> bool:
    """Ob der Knoten in einem Link, in Code, in einem Titel oder in einem Bildtext steht."""
    return node is not None and (isinstance(node, INERT) or is_inert(node.parent))


def link_mentions(app, doctree, docname: str) -> None:
    """Macht aus «Gleichung (9.3.9)» oder «Abschnitt 9.3.5» einen Link."""
    for text in list(doctree.findall(nodes.Text)):
        parent = text.parent
        if not MENTION.search(text) or is_inert(parent):
            continue
        parts, end = [], 0
        for match in MENTION.finditer(text):
            equation, figure, section = match.groups()
            mark = anchor("gleichung", equation) if equation else ""
            mark = anchor("abbildung", figure) if figure else mark
            page = app.course_targets[mark or f"abschnitt-{section}"]
            if section and page == docname:
                continue
            address = app.builder.get_relative_uri(docname, page) if page != docname else ""
            link = nodes.reference("", match[0], internal=True)
            link["refuri"] = address + (f"#{mark}" if mark else "")
            parts += [nodes.Text(text[end : match.start()]), link]
            end = match.end()
        place = parent.index(text)
        parent[place : place + 1] = [*parts, nodes.Text(text[end:])]


def stems(words: str) -> list[str]:
    """Die Wörter ohne Endung: «direkte Weg» und «Direkter Weg» sind derselbe Begriff."""
    return [ENDING.sub("", word.lower()) for word in words.split()]


def link_terms(app, doctree, docname: str) -> None:
    """Führt einen Link aufs Glossar zum Eintrag, der heisst wie der Link."""
    objects = app.env.get_domain("std").get_objects()
    terms = {tuple(stems(name)): mark for name, _, kind, _, mark, _ in objects if kind == "term"}
    for link in doctree.findall(nodes.reference):
        mark = terms.get(tuple(stems(link.astext())))
        if mark and GLOSSARY.search(link.get("refuri", "")):
            link["refuri"] += f"#{mark}"


def link_sources(app, doctree, docname: str) -> None:
    """Unter gezeigtem Quelltext führt der volle Name zur Beschreibung im Modul."""
    objects = app.env.get_domain("py").objects
    for line in list(doctree.findall(nodes.paragraph)):
        (name, *others) = line.children or [None]
        if others or not isinstance(name, nodes.literal) or name.astext() not in objects:
            continue
        found = objects[name.astext()]
        link = nodes.reference("", "", internal=True)
        link["refuri"] = app.builder.get_relative_uri(docname, found.docname) + f"#{found.node_id}"
        line.replace(name, link)
        link += name


def setup(app):
    """Von Sphinx aufgerufen."""
    app.connect("builder-inited", find_targets)
    app.connect("doctree-read", set_anchors)
    app.connect("doctree-resolved", link_mentions)
    app.connect("doctree-resolved", link_terms)
    app.connect("doctree-resolved", link_sources)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
