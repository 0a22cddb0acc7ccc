"""Vom Text zur Zahl: Wörter, Wortschatz, Auffüllen. Braucht nur NumPy."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from itertools import chain

import numpy as np

from anncourse.checks import checked
from anncourse.config import RULES
from anncourse.errors import InputError, printable

PAD, UNK = 0, 1
SPECIAL_WORDS = ["<PAD>", "<UNK>"]

# Was als Apostroph gemeint ist: ’ ‘ ´ ` ʼ ′ und was ihnen gleicht (Unicode nennt es verwechselbar),
# dazu die Zeichen 0x91 und 0x92 aus Windows-1252.
APOSTROPHES = (
    "\u0060\u00b4\u2018\u2019\u201b\u2032\u2035\uff07\uff40\u0091\u0092\u275b\u275c"
    "\u02b9\u02bb\u02bc\u02bd\u02be\u02c8\u02ca\u02cb\u02f4\u0384\u055a\u055d\u05f3"
    "\u07f4\u07f5\u1fbd\u1fbf\u1ffe\ua78c"
)
ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]*);")
LINE_BREAK = re.compile(r"<[\s/]*br(?:[\s/][^<>]*)?>", re.ASCII)


class _Characters(dict):
    """Für `str.translate`: Buchstaben, Ziffern und Apostrophe bleiben, der Rest trennt."""

    def __missing__(self, code: int) -> str:
        self[code] = character if (character := chr(code)).isalnum() else " "
        return self[code]


CHARACTERS = _Characters(dict.fromkeys(map(ord, "'" + APOSTROPHES), "'"))


def normalise(text: str) -> str:
    """Eine Kritik, von der nur die kleingeschriebenen Wörter bleiben, durch Leerzeichen getrennt.

    Ein Wort ist eine Folge von Buchstaben und Ziffern; ein Apostroph darf darin stehen
    (``don't``, auch ``don´t``), nicht am Rand. Alles andere trennt, auch ``<br />``: So entsteht
    aus ``great.The`` nie ``greatthe``. Ein é ist ein Buchstabe, ob es als é, als e mit eigenem
    Akzentzeichen oder als ``&eacute;`` im Text steht.

    Examples
    --------
    >>> normalise("'Great'.<br />It DIDN´T bore me.")
    "great   it didn't bore me"
    """
    text = ENTITY.sub(lambda entity: unescape(entity[0]) or " ", text)
    text = LINE_BREAK.sub(" ", unicodedata.normalize("NFC", text).lower())
    text = f" {text.translate(CHARACTERS)} "
    return text.replace("''", "  ").replace(" '", " ").replace("' ", " ").strip()


def tokenise(text: str) -> list[str]:
    """Zerlegt eine Kritik in kleingeschriebene Wörter, siehe `normalise`."""
    return normalise(text).split()


@dataclass(frozen=True)
class Vocabulary:
    """Die häufigsten Wörter; ihre Stelle in der Liste ist ihre Nummer.

    Attributes
    ----------
    words : tuple of str
        Erst ``<PAD>`` und ``<UNK>``, dann die Wörter nach fallender Häufigkeit.
    """

    words: tuple[str, ...]

    @classmethod
    def build(cls, reviews: Iterable[Sequence[str]], size: int) -> "Vocabulary":
        """Zählt die Wörter zerlegter Kritiken und behält die häufigsten, siehe `from_counts`."""
        return cls.from_counts(Counter(chain.from_iterable(reviews)), size)

    @classmethod
    def from_counts(cls, counts: Mapping[str, int], size: int) -> "Vocabulary":
        """Behält die häufigsten Wörter, ``size`` samt ``<PAD>`` und ``<UNK>``.

        Bei gleicher Häufigkeit entscheidet das Alphabet: Das Ergebnis hängt nicht von der
        Reihenfolge der Kritiken ab.

        Raises
        ------
        InputError
            Wenn die Grösse nicht zwischen 2 und 32 768 liegt.
        """
        size = checked("Grösse des Wortschatzes", size, RULES["vocabulary_size"])
        by_frequency = sorted(counts, key=lambda word: (-counts[word], word))
        return cls((*SPECIAL_WORDS, *by_frequency[: size - len(SPECIAL_WORDS)]))

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def ids(self) -> dict[str, int]:
        """Die Nummer jedes Worts."""
        return {word: number for number, word in enumerate(self.words)}

    def encode(self, words: Sequence[str]) -> np.ndarray:
        """Ersetzt jedes Wort durch seine Nummer, unbekannte durch ``UNK``: (N,), int16."""
        ids = self.ids
        return np.array([ids.get(word, UNK) for word in words], dtype=np.int16)

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Die Wörter zu den Nummern: die Umkehrung von `encode`, soweit bekannt."""
        return [self.words[number] for number in ids]

    def encode_review(self, text: str, maxlen: int) -> np.ndarray:
        """Zerlegt und nummeriert eine Kritik; behält die letzten ``maxlen`` Wörter.

        Raises
        ------
        InputError
            Wenn darunter kein einziges Wort des Wortschatzes ist.
        """
        words = tokenise(text)[-maxlen:]
        ids = self.encode(words)
        if not np.any(ids > UNK):
            unknown = printable(" ".join(words[:5])[:60])
            found = f"nur Unbekanntes ({unknown})" if words else "kein Wort"
            raise InputError(
                f"Die Kritik enthält {found}. Erwartet wird ein englischer Text mit mindestens "
                "einem Wort des Wortschatzes, zum Beispiel: a wonderful film"
            )
        return ids


def pad(sequences: Sequence[np.ndarray], maxlen: int) -> np.ndarray:
    """Bringt N Folgen auf die Länge L: kürzt am Anfang, füllt links mit ``PAD`` auf.

    Returns
    -------
    numpy.ndarray
        Von jeder Folge die *letzten* L = ``maxlen`` Wortnummern, Form ``(N, L)``, int64.
    """
    padded = np.full((len(sequences), maxlen), PAD, dtype=np.int64)
    for row, sequence in zip(padded, sequences):
        last = sequence[-maxlen:]
        row[maxlen - len(last) :] = last
    return padded
