"""Begriffe und Symbole: Was das Kapitel definiert, steht im Glossar und in der Symboltabelle."""

import os
import re

import pytest
from pages import CHAPTER, NOTEBOOKS, PAGES, ROOT, formulas, printed_formulas, prose, read

from anncourse.teaching.exercises.sheets import load_exercises

GLOSSARY = ROOT / "book" / "glossar.md"
SYMBOLS = ROOT / "book" / "symbole.md"

# --- Glossar --------------------------------------------------------------------------------

ENTRY = re.compile(r"^(\S.*)\n  (.+)$", re.MULTILINE)
BOLD = re.compile(r"\*\*([^*]+?)\*\*(?:\s+\(\*([^*]+)\*)?")
ENDING = re.compile(r"(e?nd)?e?[rnms]?[stn]?|us")
LABELS = {"Nach diesem Abschnitt können Sie", "Sie brauchen", "Zum Weiterdenken"}


def glossary() -> dict[str, str]:
    block = re.search(r"```\{glossary\}\n(.*?)```", read(GLOSSARY), re.DOTALL)
    return dict(ENTRY.findall(block[1]))


def folded(text: str) -> list[str]:
    """Die Wörter eines Ausdrucks, klein und ohne Umlaute: «Beiträge» beginnt wie «Beitrag»."""
    return re.findall(r"[\w-]+", text.lower().translate(str.maketrans("äöü", "aou")))


def related(one: str, other: str) -> bool:
    """Ob zwei Wörter bis auf die Endung gleich sind."""
    stem = os.path.commonprefix([one, other])
    endings = [word[len(stem) :] for word in (one, other)]
    return one == other or len(stem) > 2 and all(map(ENDING.fullmatch, endings))


def contains(text: list[str], term: str) -> bool:
    return all(any(related(word, part) for word in text) for part in folded(term))


def is_entry(term: str, english: str) -> bool:
    return any(
        contains(folded(term), entry)
        or contains(folded(entry), term)
        or english
        and contains(folded(definition.split("*")[1]), english)
        for entry, definition in glossary().items()
    )


@pytest.mark.parametrize("path", CHAPTER, ids=lambda path: path.stem)
def test_every_term_in_bold_is_in_the_glossary(path):
    """Fett steht ein Begriff, wo er definiert wird; ein Vorspann endet mit Punkt, Doppelpunkt."""
    terms = [
        (" ".join(term.split()), english)
        for term, english in BOLD.findall(prose(path))
        if term[-1] not in ".:" and " ".join(term.split()) not in LABELS
    ]
    assert [term for term, english in terms if not is_entry(term, english)] == []


# Was ein früheres Kapitel erklärt hat oder auch im Alltag so heisst.
KNOWN = {
    *(
        "Aktivierungsfunktion",
        "Automatische Ableitung",
        "Beitrag",
        "Folge",
        "Genauigkeit",
        "Gradient",
    ),
    *("Kettenregel", "Klassifikation", "Merkmal", "Rückwärtsrechnung", "Schicht", "Stimmung"),
}
# Was keinen Begriff gebraucht: Kopf eines Abschnitts, Überschriften, Links auf Glossar, Abschnitte
SKIPPED = re.compile(
    r"\*\*Frage:\*\*[\s\S]*?\*\*Zeit:\*\*[^\n]*(?:\n[^\n]+)*|^#[^\n]*$"
    r"|\[[^\]]+\]\((?:\.\./book/glossar\.md|\d\d_\w+\.ipynb)\)",
    re.MULTILINE,
)


@pytest.fixture(scope="module")
def passages() -> list[str]:
    """Die Sätze des Kapitels, in denen ein Begriff vorkommen kann."""
    text = " ".join(SKIPPED.sub("…", prose(path)) for path in NOTEBOOKS)
    return re.split(r"(?<=[.:;?|]) ", re.sub(r"\s+", " ", text))


def uses(passage: str, term: str) -> bool:
    if term.isupper():  # LSTM, GRU
        return re.search(rf"\b{term}\b", passage) is not None
    return contains(folded(passage), term)


def defines(passage: str, term: str) -> bool:
    """Ob der Begriff hier fett steht, auch in einer andern Form: «stapeln», «geschichtet»."""
    return any(
        contains(folded(bold), term) or contains(folded(term), bold)
        for bold, _ in BOLD.findall(passage)
    )


@pytest.mark.parametrize("term", [term for term in glossary() if term not in KNOWN])
def test_a_term_appears_after_its_explanation(term, passages):
    where = [number for number, passage in enumerate(passages) if defines(passage, term)]
    assert where, "nirgends fett"
    assert [passage for passage in passages[: where[0]] if uses(passage, term)] == []


@pytest.fixture(scope="module")
def chapter() -> list[list[str]]:
    """Die Sätze aller Notebooks."""
    text = " ".join(re.sub(r"\s+", " ", prose(path)) for path in NOTEBOOKS)
    return [folded(sentence) for sentence in re.split(r"(?<=[.:;?|]) ", text)]


@pytest.mark.parametrize("term", list(glossary()))
def test_every_term_of_the_glossary_is_used(term, chapter):
    assert any(contains(sentence, term) for sentence in chapter)


@pytest.mark.parametrize("term", list(glossary()))
def test_an_entry_names_the_english_word_first(term):
    assert re.match(
        r"\*[A-Za-z][^*]+\*\. [A-Z0-9`$]", glossary()[term].translate(str.maketrans("ÄÖÜ", "AOU"))
    )


def test_glossary_is_sorted():
    terms = list(glossary())
    assert len(terms) > 50
    assert len(terms) == len(set(terms)) == len(re.findall(r"^  \*", read(GLOSSARY), re.MULTILINE))
    assert terms == sorted(terms, key=lambda t: t.lower().translate(str.maketrans("äöü", "aou")))


# --- Symbole --------------------------------------------------------------------------------

# Was aus der Schule bekannt ist oder nur die Formel setzt.
COMMON = set(
    r"""
    \frac \tfrac \sqrt \sum \partial \ln \log \cdot \cdots \ldots \pm \approx \le \ge \in \infty \to
    \left \right \bigl \bigr \lVert \rVert \quad \qquad \underbrace \max e
""".split()
)
WORDY = re.compile(r"\\(?:text|tag)\{[^}]*\}(?:_\w)?|\\(?:begin|end)\{\w+\}")
ATOM = re.compile(
    r"\\operatorname\{(\w+)\}"
    r"|((?:\\(?:bar|tilde) ?)?(?:\\mathbb\{1\}|\\[a-zA-Z]+|[A-Za-z]'?))(?:_(\{[^{}]*\}|\\?\w))?"
)
TIME = re.compile(r"(t|T|\d+)([-+](k|\d+))*")


def symbols(formula: str) -> set[str]:
    """Die Grössen einer Formel: jeder Zeitindex wird zu t, und W_f, W_i, … sind alle W."""
    found = set()
    for operator, base, index in ATOM.findall(WORDY.sub(" ", formula)):
        index = index.strip("{}")
        if operator:
            found.add(operator)
        elif base in COMMON:
            found |= set(re.findall(r"\b[tTkj]\b", index))
        elif TIME.fullmatch(index):
            found |= {f"{base}_t", *re.findall(r"[tTk]", index)}
        elif base in ("W", "U", "b") and index in tuple("ifocrzh"):
            found.add(base)
        elif index:
            found |= {f"{base}_{index}", *re.findall(r"\b[tj]\b", index)}
        else:
            found.add(base)
    return found


def rows(heading: str) -> list[list[str]]:
    """Die Zeilen der Tabelle unter einer Überschrift der Symboltabelle."""
    section = read(SYMBOLS).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def first_column(heading: str) -> set[str]:
    cells = [formula for row in rows(heading) for formula in re.findall(r"\$([^$]+)\$", row[0])]
    return set().union(*(symbols(cell) for cell in cells))


def used(path) -> set[str]:
    """Die Symbole einer Seite; was nur in einer Übung vorkommt, erklärt sie selbst."""
    printed = printed_formulas(path) if path in NOTEBOOKS else []
    written = formulas(path)
    for exercise in load_exercises() if path == CHAPTER[8] else ():
        for text in (exercise.text, *exercise.hints, exercise.solution):
            written = [formula for formula in written if f"${formula}$" not in text]
    return set().union(*(symbols(formula) for formula in [*written, *printed]))


@pytest.mark.parametrize(
    "path", [*CHAPTER, *(path for path in PAGES if path != SYMBOLS)], ids=lambda path: path.stem
)
def test_every_symbol_is_in_the_table(path):
    """Ohne Index steht ein Symbol für irgendeinen Schritt: f für irgendein f_t."""
    known = first_column("Grössen") | first_column("Rechenzeichen")
    assert {symbol for symbol in used(path) if not known & {symbol, f"{symbol}_t"}} == set()


def test_every_symbol_of_the_table_is_used():
    assert first_column("Grössen") - set().union(*(used(path) for path in NOTEBOOKS)) == set()


def test_the_names_elsewhere_belong_to_symbols_of_the_table():
    names = rows("Dieselbe Grösse, andere Namen")
    assert {len(row) for row in names} == {5}
    assert first_column("Dieselbe Grösse, andere Namen") <= first_column("Grössen")
    assert {row[0]: row[2] for row in names}[r"$\tilde c_t$"] == "$g_t$"


@pytest.mark.parametrize(
    "formula, expected",
    [
        (r"h_{T-k+1} \odot \bar f^{\,k}", {"h_t", "T", "k", r"\odot", r"\bar f"}),
        (r"\sigma(W_f x_t) + b'_h", {r"\sigma", "W", "x_t", "t", "b'_h"}),
        (r"\frac{e}{q}", {"q"}),
    ],
)
def test_symbols_are_read_from_a_formula(formula, expected):
    assert symbols(formula) == expected
