"""Die Prosa, von einer Maschine gelesen: Rechtschreibung, Zeichen, Fachwörter."""

import re
from functools import cache
from pathlib import Path

import pytest
import spylls
from dictionary import FILES, FOLDER
from pages import (
    CATALOGUES,
    NOTEBOOKS,
    OTHER_TEXTS,
    ROOT,
    SOURCES,
    TEXTS,
    alt_texts,
    code_words,
    menu_texts,
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

# Für jeden Begriff des Glossars ein Wort; das englische steht kursiv daneben oder gar nicht.
SYNONYMS = {
    r"(Mini-?)?[Bb]atch(e[sn]?|-Grösse|grösse)?": "Stapel",
    r"Seeds?|Startwerte?s?": "Zufallsstart",
    r"(Wort-?)?[Ee]mbeddings?|Worteinbettung": "Einbettung",
    r"Zellzustands?|Zellenzustands?|Cell State|Carry|Förderbandspur": "Übertragsspur",
    r"(Forget|Vergessens?|Input|Output|Update|Reset|Eingabe|Ausgabe)-?([Gg]ates?|tore?s?)": "…tor",
    r"Gates?": "Tor",
    r"Kandidatenzustands?|Kandidatenvektors?|Zellkandidat(en)?": "Kandidat",
    r"Hidden States?|versteckter Zustand|Gedächtniszustand": "Zustand",
    r"Hidden Units?|Neuron(en|s)?|versteckte[rn]? Einheit(en)?": "verborgene Einheit",
    r"Layers?": "Schicht",
    r"Loss(es)?|Kostenfunktion|Verlustfunktion": "Verlust",
    r"Bias(es|-Vektor|-Vektoren)?|Verschiebungsvektors?": "Achsenabschnitt",
    r"Sequenz(en)?|Eingabesequenz(en)?": "Folge",
    r"Zeitpunkte[sn]?|Time ?[Ss]teps?": "Zeitschritt",
    r"Accuracy|Trefferquote|Trefferrate|Korrektklassifikationsrate": "Genauigkeit",
    r"Tokens?|Tokenisierung|Tokenisieren": "Wort, Zerlegen in Wörter",
    r"Vokabulars?|Wörterliste|Wortliste": "Wortschatz",
    r"[Kk]odier(en|t|ung)|Encoding": "Codieren",
    r"Backpropagation|Rückpropagation|Rückwärtspropagation|Fehlerrückführung": "Rückwärtsrechnung",
    r"Clipping|Gradientenbeschneidung|Abschneiden des Gradienten": "Gradient begrenzen",
    r"Padding|Polsterung": "Auffüllen",
    r"Packing": "Packen",
    r"(Trainings|Test|Validierungs|Validations)(set|menge|satz|daten ?satz)(s|es)?": "…teil",
    r"(Gewichts)?[Ii]nitialisierung(en)?|Startgewichte?|Initialwerte?": "Anfangswerte",
    r"Checkpoints?": "Speicherpunkt",
    r"Optimizers?|Optimierungsverfahren|Optimierungsalgorithmus": "Optimierer",
    r"Learning Rate|Schrittweite|Lerngeschwindigkeit": "Lernrate",
    r"Baselines?|Vergleichsmodelle?": "Basismodell",
    r"Overfitting|Überfitting": "Überanpassung",
    r"Attention": "Aufmerksamkeit",
    r"Konfidenzintervalle?s?": "Vertrauensintervall",
    r"Wahrheitsmatrix|Fehlermatrix|Verwechslungsmatrix": "Konfusionsmatrix",
    r"Shortcuts?": "Abkürzung",
    r"Ablation(en)?": "Abschalten",
    r"Unrolling|[Aa]usrollen|[Aa]bgerollt\w*|[Aa]usgerollt\w*": "Entrollen",
    r"Steepest|Vanishing|Exploding": "verschwindender, explodierender Gradient",
    r"Bag[ -]of[ -][Ww]ords": "Wörterzählen",
    r"Feature(s)?": "Merkmal",
}


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
    found = {word for word in WORD.findall(text) if not re.search(r"[\d_]", word)}
    parts = {part.rstrip("'’") for word in found for part in word.split("-")}
    return {part for part in parts if len(part) > 1}


def german_and_foreign(path: Path) -> tuple[set[str], set[str]]:
    """Wörter, die deutsch sein müssen, und Wörter, die auch englisch sein dürfen."""
    if path in SOURCES:
        return set(), words(source_texts(path)) - code_words()
    if path in CATALOGUES:
        return words(menu_texts(path)), set()
    text = sentences(path)
    if path in NOTEBOOKS:
        text += alt_texts(path) + printed_sentences(path)
    return words(FOREIGN.sub(" ", text)), words(" ".join(FOREIGN.findall(text))) - code_words()


@cache
def unknown(path: Path, german: Dictionary, english: Dictionary) -> set[str]:
    native, foreign = german_and_foreign(path)
    missing = {word for word in native | foreign if not german.lookup(word)}
    return {word for word in missing if word in native or not english.lookup(word)}


def word_list() -> list[str]:
    return read(WORD_LIST).splitlines()


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(ROOT)))
def test_words_are_spelled_as_in_the_dictionary(path, german, english):
    """Was hier steht, ist falsch geschrieben oder gehört nach tests/woerter.txt."""
    assert sorted(unknown(path, german, english) - set(word_list())) == []


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


@pytest.mark.parametrize("path", [*TEXTS, *OTHER_TEXTS], ids=lambda path: path.stem)
def test_punctuation(path):
    """Anführungszeichen sind «…», nie zwei Leerzeichen, keine Gedankenstriche, keine Ausrufe."""
    lines = [line for line in prose(path).splitlines() if not line.startswith("|")]
    wrong = re.compile(r"[\"„“”]|\S  +\S| [–—] |\w!(?!\[)| [,;.?]\s")
    assert [line for line in lines if wrong.search(line.strip())] == []


# --- Fachwörter -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(ROOT)))
def test_terms_are_those_of_the_glossary(path):
    """Ein Begriff, ein Wort. Kursiv oder zitiert darf das englische daneben stehen."""
    if path in SOURCES:
        text = source_texts(path)
    elif path in CATALOGUES:
        text = menu_texts(path)
    else:
        text = sentences(path)
        if path in NOTEBOOKS:
            text += alt_texts(path) + printed_sentences(path)
    text = FOREIGN.sub(" ", text)
    found = {
        match[0]: term for wrong, term in SYNONYMS.items()
        for match in re.finditer(rf"\b(?:{wrong})\b", text)
    }
    assert found == {}
