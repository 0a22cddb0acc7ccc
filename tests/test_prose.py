"""Die Prosa, von einer Maschine gelesen: Rechtschreibung, Zeichen, Fachwörter."""

import re
from functools import cache
from pathlib import Path

import pytest
import spylls
from dictionary import FILES, FOLDER
from pages import (
    ADDED,
    CATALOGUES,
    NOTEBOOKS,
    OTHER_TEXTS,
    ROOT,
    SOURCES,
    TEXTS,
    alt_texts,
    code_words,
    menu_texts,
    own_words,
    printed_sentences,
    prose,
    read,
    sentences,
    source_texts,
)
from spylls.hunspell import Dictionary

WORD_LIST = ROOT / "tests" / "woerter.txt"
ALL = [*TEXTS, *OTHER_TEXTS, *SOURCES, *CATALOGUES]
WORD = re.compile(r"[^\W_][\w'’-]*")
FOREIGN = re.compile(r"«[^»]*»|(?<!\*)\*(?!\*)[^*]+\*(?!\*)")  # zitiert, kursiv: auch englisch
QUOTE = re.compile(r"[\"„“”]")
SPACING = re.compile(r"\S {2,}\S| [–—] |\w!(?!\[)| [,;.?](\s|$)|[a-zäöü]{2}[.,;:?!][A-ZÄÖÜ]\w")

# Für jeden Begriff des Glossars ein Wort: links, was nicht dafür steht. Englisch nur kursiv.
SYNONYMS = {
    r"(Mini-?)?[Bb]atch(es)?|(Mini)?[Bb]atchgrösse": "Stapel",
    r"Seeds?|Startwerte?s?": "Zufallsstart",
    r"(Wort-?)?[Ee]mbeddings?": "Einbettung",
    r"Zell(en)?zustands?|Cell State|Carry|Übertragspur(en)?": "Übertragsspur",
    r"Gates?|(Forget|Input|Output|Update|Reset)-(Gate|Tor)s?|(Eingabe|Ausgabe)tore?s?": "Tor",
    r"Hidden State|[Vv]ersteckte[rn]? Zustand": "Zustand",
    r"Hidden Units?|Neuron(en|s)?|[Vv]ersteckte[rn]? Einheit(en)?": "verborgene Einheit",
    r"Layers?": "Schicht",
    r"Loss|Kostenfunktion|Verlustfunktion": "Verlust",
    r"Bias(-Vektor(en|s)?)?": "Achsenabschnitt",
    r"(Eingabe)?[Ss]equenz(en)?": "Folge",
    r"Time ?[Ss]teps?": "Zeitschritt",
    r"Accuracy|Trefferquote": "Genauigkeit",
    r"Tokens?|Tokenisier(en|ung)": "Wort, Zerlegen in Wörter",
    r"Vokabulars?|Wortliste": "Wortschatz",
    r"[Kk]odier(en|t|ung)|Encoding": "Codieren",
    r"Back-?[Pp]ropagation|Rückpropagation|Rückwärtspropagation": "Rückwärtsrechnung",
    r"(Gradienten-?)?[Cc]lipping": "Gradient begrenzen",
    r"Padding": "Auffüllen",
    r"(Trainings|Test|Validierungs)(-?[Ss]et|menge|satz)(s|es)?": "Trainingsteil, Testteil, …",
    r"Initialisierung(en)?|Startgewichte": "Anfangswerte",
    r"Checkpoints?": "Speicherpunkt",
    r"Optimizers?|Optimierungsverfahren": "Optimierer",
    r"Schrittweite": "Lernrate",
    r"Baselines?": "Basismodell",
    r"Overfitting": "Überanpassung",
    r"Attention": "Aufmerksamkeit",
    r"Konfidenzintervalle?s?": "Vertrauensintervall",
    r"(Wahrheits|Fehler)matrix": "Konfusionsmatrix",
    r"Ablation(en)?": "Abschalten",
    r"[Aa]usrollen|[Aa]usgerollte?[nrs]?|[Aa]bgerollte?[nrs]?": "Entrollen",
    r"Bag[ -]of[ -][Ww]ords": "Wörterzählen",
    r"Features?": "Merkmal",
}


def page_text(path: Path) -> str:
    """Was eine Seite zu lesen gibt; bei Notebooks auch, was ihre Zellen ausgeben."""
    if path in SOURCES:
        return ""
    if path in CATALOGUES:
        return menu_texts(path)
    if path in NOTEBOOKS:
        return "\n".join((sentences(path), alt_texts(path), printed_sentences(path)))
    return sentences(path)


# --- Rechtschreibung ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def german():
    if not all((FOLDER / name).exists() for name in FILES):
        pytest.skip(
            "Rechtschreibung nicht geprüft: Das Wörterbuch fehlt. "
            "«python tests/dictionary.py» holt es, «make test» tut das von selbst."
        )
    return Dictionary.from_files(str(FOLDER / "de_CH"))


@pytest.fixture(scope="module")
def english():
    return Dictionary.from_files(str(Path(spylls.__file__).parent / "hunspell/data/en/en_US"))


def words(text: str) -> set[str]:
    """Wörter und die Teile von Wörtern mit Bindestrich, ohne Namen wie h_t, h0 oder book.html."""
    text = re.sub(r"[\w*-]+\.[a-z]\w+", " ", text)
    found = {word for word in WORD.findall(text) if not re.search(r"[\d_²]", word)}
    parts = {part.rstrip("'’") for word in found for part in word.split("-")}
    return {part for part in parts if len(part) > 1}


def german_and_foreign(path: Path) -> tuple[set[str], set[str]]:
    """Wörter, die deutsch sein müssen, und Wörter, die auch englisch sein dürfen."""
    text = page_text(path)
    foreign = " ".join(FOREIGN.findall(text))
    if path in (*SOURCES, *NOTEBOOKS):
        foreign += " " + source_texts(path)
    return words(FOREIGN.sub(" ", text)), words(foreign) - code_words()


@cache
def unknown(path: Path, german: Dictionary, english: Dictionary) -> set[str]:
    native, foreign = german_and_foreign(path)
    missing = {word for word in native | foreign if not german.lookup(word)}
    return {word for word in missing if word in native or not english.lookup(word)}


def word_list() -> list[str]:
    return read(WORD_LIST).splitlines()


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(ROOT)))
def test_words_are_spelled_as_in_the_dictionary(path, german, english):
    """Was hier steht, ist falsch geschrieben oder gehört nach tests/woerter.txt; in einem
    angefügten Abschnitt an seinen Anfang: ``<!-- Wörter: Föhn Bise -->``."""
    own = own_words(path) if path in ADDED else set()
    assert sorted(unknown(path, german, english) - set(word_list()) - own) == []


def test_the_word_list_is_sorted_and_needed(german, english):
    assert word_list() == sorted(set(word_list()))
    needed = set().union(*(unknown(path, german, english) for path in ALL))
    assert sorted(set(word_list()) - needed) == []


@pytest.mark.parametrize("wrong", ["Übertragsspuhr", "Vergesstohr", "daß", "Warscheinlichkeit"])
def test_a_misspelt_word_is_found(wrong, german):
    assert not german.lookup(wrong) and wrong not in word_list()


# --- Zeichen --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(ROOT)))
def test_swiss_spelling(path):
    assert "\N{LATIN SMALL LETTER SHARP S}" not in read(path)


def faults(text: str) -> list[str]:
    """Zeilen mit falschen Anführungszeichen, doppelten Leerzeichen, Gedankenstrich oder Ausruf."""
    lines = [line.strip() for line in text.splitlines()]
    return [
        line
        for line in lines
        if QUOTE.search(line) or not line.startswith("|") and SPACING.search(line)
    ]


@pytest.mark.parametrize("path", [*TEXTS, *OTHER_TEXTS], ids=lambda path: path.stem)
def test_punctuation(path):
    assert faults(prose(path)) == []
    if path in NOTEBOOKS:
        assert faults(alt_texts(path)) == faults(printed_sentences(path)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        'Das "Tor" ist zu.',
        "Das „Tor“ ist zu.",
        "Das Tor  ist zu.",
        "Das Tor – wer sonst – ist zu.",
        "Das Tor ist zu!",
        "Das Tor ist zu , leider.",
        "Das Tor ist zu.Und nun?",
        '| "Tor" |',
    ],
)
def test_a_wrong_sign_is_found(wrong):
    assert faults(wrong) == [wrong]


# --- Fachwörter -----------------------------------------------------------------------------


def synonyms(text: str) -> dict[str, str]:
    """Wörter, für die das Glossar ein anderes hat, und dieses andere."""
    return {
        match[0]: term
        for wrong, term in SYNONYMS.items()
        for match in re.finditer(rf"\b(?:{wrong})\b", FOREIGN.sub(" ", text))
    }


@pytest.mark.parametrize(
    "path",
    [path for path in ALL if path not in ADDED],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_terms_are_those_of_the_glossary(path):
    """Ein Begriff, ein Wort. Kursiv oder zitiert darf das englische daneben stehen."""
    code = source_texts(path) if path in (*SOURCES, *NOTEBOOKS) else ""
    assert synonyms(page_text(path) + code) == {}


def test_a_synonym_is_found_unless_in_italics():
    text = "Ein Minibatch heisst Stapel (*batch*), sein Seed Zufallsstart."
    assert synonyms(text) == {"Minibatch": "Stapel", "Seed": "Zufallsstart"}
