"""Was die Tests des Buchs lesen: seine Seiten, ihre Prosa, ihre Formeln, ihre Alternativtexte."""

import ast
import io
import re
import tokenize
from functools import cache
from pathlib import Path

import nbformat
import yaml
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[1]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
LISTED = [chapter["file"] for part in TOC["parts"] for chapter in part["chapters"]]
NAMES = [Path(file).stem for file in LISTED if file.startswith("notebooks/")]
NOTEBOOKS = [ROOT / "notebooks" / f"{name}.md" for name in NAMES]
# Das Kapitel, 9.3.1 bis 9.3.9, und was jemand daran anfügt: Umfang, Begriffe, Symbole und Quellen
# sind dort frei.
CHAPTER, ADDED = NOTEBOOKS[:9], NOTEBOOKS[9:]
PAGES = sorted((ROOT / "book").glob("*.md"))
TEXTS = [*NOTEBOOKS, *PAGES]
OTHER_TEXTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "anncourse").rglob("*.md"))]
SOURCES = [
    path
    for folder in ("anncourse", "benchmarks", "book/_ext")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
CATALOGUES = sorted((ROOT / "book" / "locale").rglob("*.po"))

FENCE = re.compile(r"^(`{3,}|:{3,})[^\n]*\n.*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
METADATA = re.compile(r"^```\{code-cell\}[^\n]*\n---\n(.*?)^---\n", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(`+).+?\1", re.DOTALL)
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$]+?)\$", re.DOTALL)
TARGET = re.compile(r"\]\([^)]*\)|<?https?://[^\s>)]+>?")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
OWN_WORDS = re.compile(r"<!-- Wörter: (.*?) -->", re.DOTALL)


def read(path: Path) -> str:
    assert path.exists(), f"{path.relative_to(ROOT)} fehlt"
    return path.read_text("utf-8")


@cache
def prose(path: Path) -> str:
    """Der Text einer Seite ohne Kopf, Codezellen, HTML, Kommentare und Code im Satz."""
    text = FRONT_MATTER.sub("", read(path))
    text = FENCE.sub(_glossary_only, text)
    text = re.sub(r"</?[a-z][^<>]*>", "", text)
    return COMMENT.sub("", CODE.sub("…", text))


def _glossary_only(block: re.Match) -> str:
    return block[0].replace("```", "") if block[0].startswith("```{glossary}") else ""


def formulas(path: Path) -> list[str]:
    return [display or inline for display, inline in FORMULA.findall(prose(path))]


def sentences(path: Path) -> str:
    """Die Prosa einer Seite ohne Formeln und Adressen."""
    return TARGET.sub("]", FORMULA.sub("…", re.sub(r"\{[\w:]+\}", "", prose(path))))


def alt_texts(path: Path) -> str:
    """Die Alternativtexte eines Notebooks."""
    cells = [yaml.safe_load(block) for block in METADATA.findall(read(path))]
    return "\n".join(cell.get("mystnb", {}).get("image", {}).get("alt", "") for cell in cells)


def own_words(path: Path) -> set[str]:
    """Wörter, die eine Seite selbst für richtig erklärt: ``<!-- Wörter: Föhn Bise -->``."""
    return set(" ".join(OWN_WORDS.findall(read(path))).split())


def printed_sentences(path: Path) -> str:
    """Die Sätze, die Zellen eines Notebooks ausgeben, ohne Formeln."""
    return FORMULA.sub("…", _printed(path))


def printed_formulas(path: Path) -> list[str]:
    return [display or inline for display, inline in FORMULA.findall(_printed(path))]


@cache
def _printed(path: Path) -> str:
    """Was die Zellen eines Notebooks als Markdown ausgeben, ohne gezeigten Quelltext."""
    notebook = nbformat.read(path.with_suffix(".ipynb"), as_version=4)
    outputs = [
        output.get("data", {}).get("text/markdown", "")
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]
    return CODE.sub("…", FENCE.sub("", "\n".join(outputs)))


def menu_texts(path: Path) -> str:
    """Was ein Katalog übersetzt, ohne Tags und Platzhalter."""
    with path.open("rb") as file:
        messages = [message.string for message in read_po(file) if message.id]
    return re.sub(r"<[^>]*>|%\(\w+\)s|%s", " ", "\n".join(messages))


def source_texts(path: Path) -> str:
    """Docstrings, Kommentare und Sätze im Code, ohne Parameterzeilen, Formeln und Namen darin."""
    tree = ast.parse(_code(path))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    parts = [ast.get_docstring(n) or "" for n in ast.walk(tree) if isinstance(n, documented)]
    german = {ROOT / "anncourse", ROOT / "notebooks"} & {*path.parents}
    if german and path.name != "sample.py":  # dort englisch
        parts += [text for text in _strings(tree) if " " in text and "\\" not in text]
    parts += [token.string for token in _tokens(path) if token.type == tokenize.COMMENT]
    text = re.sub(r"^\s*[\w, *]+ : .*$", "", "\n".join(parts), flags=re.MULTILINE)
    text = re.sub(r"<[a-z][^<>]*>|\w+/[\w-]+", " ", TARGET.sub("", text))
    return FORMULA.sub("…", CODE.sub("…", text))


@cache
def code_words() -> set[str]:
    """Namen aus dem Code und Zeichenketten aus einem Wort: Sie sind englisch."""
    words = set()
    for path in (*SOURCES, *NOTEBOOKS):
        words |= {text for text in _strings(ast.parse(_code(path))) if " " not in text}
        words |= {token.string for token in _tokens(path) if token.type == tokenize.NAME}
    return words


@cache
def _code(path: Path) -> str:
    """Der Quelltext eines Moduls oder aller Codezellen eines Notebooks."""
    if path not in NOTEBOOKS:
        return read(path)
    cells = nbformat.read(path.with_suffix(".ipynb"), as_version=4).cells
    return "\n".join(c.source for c in cells if c.cell_type == "code" and "%pip" not in c.source)


def _tokens(path: Path) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(_code(path)).readline))


def _strings(tree: ast.Module) -> list[str]:
    """Alle Zeichenketten ausser Listen von Wörtern, die erst `split` trennt."""
    nodes = list(ast.walk(tree))
    lists = [n.value for n in nodes if isinstance(n, ast.Attribute) and n.attr == "split"]
    constants = [n for n in nodes if isinstance(n, ast.Constant) and n not in lists]
    return [node.value for node in constants if isinstance(node.value, str)]
