"""Prüfungen zu 9.3.3: vom Text zur Zeile, auffüllen, redlich aufteilen."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set
from itertools import product

import numpy as np

from anncourse.teaching.display import Markdown
from anncourse.teaching.exercises.judging import (
    SEED,
    Hint,
    call,
    expect,
    judge,
    named,
    numbers,
    plain,
    show,
)

TRAINING = ["not a good film", "a film", "a good film with a good end"]
TEXTS = ["not a good film", "a good film with a bad end", "not bad"]


def check_4(answer: Callable) -> Markdown:
    """Übung 4: der letzte Zustand vor rechts aufgefüllten Stellen.

    Parameters
    ----------
    answer : callable
        ``answer(outputs, lengths)`` mit (B, T, H) und (B,); Ergebnis (B, H).
    """
    start = (
        "Die Folge Nummer 0 hat `lengths[0]` echte Schritte. Welche Stelle ist der letzte davon?"
    )
    return judge(4, start, lambda: _last_real(answer))


def _last_real(answer: Callable) -> str:
    rng = np.random.default_rng(SEED)
    outputs, rows = rng.normal(size=(4, 6, 3)), np.arange(4)
    lengths, full = np.array([2, 5, 1, 4]), np.array([6, 6, 3, 6])
    expect(
        call(answer, outputs, lengths),
        outputs[rows, lengths - 1],
        {
            "Das ist der Zustand *nach* dem Auffüllen.": outputs[:, -1],
            "Um eins verschoben: Die Zählung beginnt bei 0, der letzte echte Schritt steht an der "
            "Stelle `lengths - 1`.": outputs[rows, lengths],
            "Für jede Folge ein anderer Schritt: Der Schnitt `outputs[:, lengths - 1]` nimmt alle "
            "Schritte für alle Folgen. Sie brauchen auch die Nummer der Folge.": outputs[
                :, lengths - 1
            ],
            "Das ist das Mittel über alle Schritte, nicht der letzte.": outputs.mean(axis=1),
        },
        "Die Form stimmt, die Zahlen nicht: Nehmen Sie eine einzelne Folge. Wie viele echte "
        "Schritte hat sie, und an welcher Stelle steht der letzte?",
    )
    otherwise = "Folgen, die den ganzen Platz füllen, liest Ihre Funktion noch falsch."
    expect(call(answer, outputs, full), outputs[rows, full - 1], {}, otherwise)
    other, lengths = rng.normal(size=(7, 9, 2)), np.array([9, 1, 4, 8, 2, 7, 3])
    expect(
        call(answer, other, lengths),
        other[np.arange(7), lengths - 1],
        {},
        "Für vier Folgen stimmt es, für sieben nicht.",
        "Sieben Folgen, neun Schritte: ",
    )
    return "So arbeitet auch das Packen: Es überspringt die aufgefüllten Stellen."


# --- Übung 12 ---------------------------------------------------------------------------------


def check_12(rows: object, encode: Callable = ...) -> Markdown:  # type: ignore[assignment]
    """Übung 12: drei Sätze von Hand codiert, dann eine Funktion dafür.

    Parameters
    ----------
    rows : sequence
        Drei Zeilen zu fünf Nummern.
    encode : callable
        ``encode(training, texts, size, maxlen)``; Ergebnis eine Zeile je Satz in ``texts``.
    """
    start = "Zählen Sie, wie oft jedes Wort vorkommt. Das häufigste bekommt die Nummer 2."
    return judge(12, start, lambda: _by_hand(rows), lambda: _encode(encode))


def _falling(counts: Counter) -> list[str]:
    return sorted(counts, key=lambda word: (-counts[word], word))


def _rows(
    training: Sequence[str],
    texts: Sequence[str],
    size: int,
    maxlen: int,
    *,
    order: Callable[[Counter], list[str]] = _falling,
    all_texts: bool = False,
    special: int = 2,
    first: int = 2,
    unknown: int | None = 1,
    beginning: bool = False,
    right: bool = False,
    fill: int = 0,
) -> list[list[int]]:
    """Codiert Sätze wie im Kapitel; jede weitere Angabe ist ein Fehler, den jemand machen könnte.

    Parameters
    ----------
    order
        In welcher Reihenfolge die Wörter ihre Nummern bekommen.
    all_texts
        Zählt den Wortschatz auch an ``texts``.
    special, first
        So viele Einträge von ``size`` sind keine Wörter; die Nummer des ersten Worts.
    unknown
        Die Nummer fehlender Wörter; mit None fallen sie weg.
    beginning, right, fill
        Behält den Anfang; füllt rechts auf; womit.
    """
    counted = [*training, *texts] if all_texts else training
    words = order(Counter(" ".join(counted).split()))[: size - special]
    ids = {word: number for number, word in enumerate(words, first)}
    rows = []
    for text in texts:
        found = [ids.get(word, unknown) for word in text.split()]
        row = [number for number in found if number is not None]
        row = row[:maxlen] if beginning else row[-maxlen:]
        empty = [fill] * (maxlen - len(row))
        rows.append(row + empty if right else empty + row)
    return rows


START = (
    "Die Nummern 0 und 1 gehören `<PAD>` und `<UNK>`; das häufigste Wort bekommt die 2, und für "
    "Wörter bleiben `size - 2` Plätze."
)
UNKNOWN = "Nicht jedes Wort steht im Wortschatz. Welche Nummer bekommt ein unbekanntes?"
MISTAKES: list[tuple[str, dict]] = [
    ("Die Nullen stehen rechts. Füllen Sie links auf.", {"right": True}),
    ("Von langen Sätzen bleiben die *letzten* Wörter, nicht die ersten.", {"beginning": True}),
    (
        "Zwei Dinge sind verkehrt: Die Nullen gehören nach links, und von langen Sätzen bleiben "
        "die letzten Wörter.",
        {"beginning": True, "right": True},
    ),
    ("Unbekannte Wörter fallen nicht weg: Sie bekommen die Nummer 1.", {"unknown": None}),
    ("Unbekannte Wörter bekommen die Nummer 1; mit 0 wird nur aufgefüllt.", {"unknown": 0}),
    ("Aufgefüllt wird mit 0; die 1 steht für unbekannte Wörter.", {"fill": 1}),
    (
        "Gezählt wird nur an den Trainingssätzen. Ein Wort, das dort fehlt, ist unbekannt.",
        {"all_texts": True},
    ),
    (
        "Die Wörter sind nach dem Alphabet nummeriert. Zuerst zählt die Häufigkeit.",
        {"order": sorted},
    ),
    (
        "Die Wörter sind nach ihrem ersten Auftreten nummeriert. Zuerst zählt die Häufigkeit.",
        {"order": list},
    ),
    (
        "Die seltensten Wörter kommen bei Ihnen zuerst. Verlangt sind die häufigsten.",
        {"order": lambda counts: sorted(counts, key=lambda word: (counts[word], word))},
    ),
    (
        "Gleich häufige Wörter stehen in der Reihenfolge ihres Auftretens. Bei ihnen entscheidet "
        "das Alphabet.",
        {"order": lambda counts: [word for word, _ in counts.most_common()]},
    ),
    (
        "Gleich häufige Wörter stehen rückwärts im Alphabet: `reverse=True` kehrt beides um.",
        {"order": lambda counts: sorted(sorted(counts, reverse=True), key=lambda w: -counts[w])},
    ),
    ("`size` zählt `<PAD>` und `<UNK>` mit: Für Wörter bleiben `size - 2` Plätze.", {"special": 0}),
    ("`size` zählt `<PAD>` und `<UNK>` mit: Für Wörter bleiben `size - 2` Plätze.", {"special": 1}),
]
MISTAKES += [
    (START, {"first": first, "special": special, "unknown": unknown})
    for first, special, unknown in product((0, 1), (0, 1, 2), (0, 1, None))
]


def _expect_rows(value: object, case: tuple, name: str, otherwise: str) -> None:
    """Lässt die richtigen Zeilen gelten; ``case`` sind die Angaben von `_rows`."""
    training, texts, size, maxlen = case
    if not isinstance(value, list) or len(value) != len(texts):
        raise Hint(f"{name}Erwartet wird eine Liste von {len(texts)} Zeilen, eine je Satz.")
    for text, row in zip(texts, value):
        if not isinstance(row, list):
            raise Hint(f"{name}Eine Zeile ist eine Liste von {maxlen} Nummern, nicht {show(row)}.")
        if len(row) != maxlen:
            do = "Kürzen Sie sie." if len(row) > maxlen else "Füllen Sie sie auf."
            raise Hint(f"{name}Die Zeile zu «{text}» hat {len(row)} Stellen statt {maxlen}. {do}")
    array, right = numbers(value, "eine Nummer für jede Stelle", name), _rows(*case)
    if np.array_equal(array, right):
        return
    for hint, mistake in MISTAKES:
        if np.array_equal(array, _rows(*case, **mistake)):
            raise Hint(name + hint)
    k = next(k for k in range(len(texts)) if not np.array_equal(array[k], right[k]))
    raise Hint(f"{name}Die Zeile zu «{texts[k]}» stimmt nicht. {otherwise}")


def _by_hand(rows: object) -> str:
    _expect_rows(
        plain(rows),
        (TRAINING, TEXTS, 6, 5),
        "",
        "Schreiben Sie die sechs Einträge des Wortschatzes mit ihren Nummern auf.",
    )
    return "Vier Wörter sind bekannt, alle andern werden zur 1."


def _encode(encode: Callable) -> str:
    rng = np.random.default_rng(SEED)
    known = "the a film plot cast is not good bad slow fun end".split()
    chance = np.arange(len(known), 0, -1) / sum(range(len(known) + 1))

    def sentences(words: list[str], lengths: Sequence[int], p: np.ndarray | None) -> list[str]:
        return [" ".join(rng.choice(words, size=n, p=p)) for n in lengths]

    for size, maxlen in ((7, 5), (10, 8), (50, 3)):
        training = sentences(known, (7, 4, 9, 6, 8), chance)
        texts = sentences([*known, "very", "odd", "music"], (3, 9, 5, 1, 7, 12), None)
        value = call(encode, training, texts, size, maxlen, slips={"KeyError": UNKNOWN})
        case = (training, texts, size, maxlen)
        name = f"`size = {size}`, `maxlen = {maxlen}`: "
        _expect_rows(value, case, name, "Beginnen Sie mit dem Wortschatz: Stimmt er?")
    return "So rechnen auch `Vocabulary.build`, `encode` und `pad`."


# --- Übung 13 ---------------------------------------------------------------------------------


def check_13(answer: Callable) -> Markdown:
    """Übung 13: eine Aufteilung ohne Leck.

    Parameters
    ----------
    answer : callable
        ``answer(texts, labels, rng)``; Ergebnis ``training`` und ``validation`` (Stellen in
        ``texts``) und ``vocabulary`` (eine Menge von Wörtern).
    """
    start = "Welche Labels stehen in der Validierung, wenn `labels` sortiert ist?"
    return judge(13, start, lambda: _prepare(answer))


def _prepare(answer: Callable) -> str:
    rng = np.random.default_rng(SEED)
    for number, positive, ordered in ((1000, 0.5, True), (1400, 0.3, True), (1200, 0.5, False)):
        texts, labels = _reviews(rng, number, positive, ordered)
        found = _split(answer, texts, labels, SEED)
        _expect_no_leak(texts, labels, *found)
    again, other = (_split(answer, texts, labels, seed) for seed in (SEED, SEED + 1))
    if again != found:
        raise Hint(
            "Derselbe Zufallsstart ergab zwei verschiedene Aufteilungen. Ziehen Sie alle "
            "Zufallszahlen aus `rng`."
        )
    if other[0] == found[0]:
        raise Hint(
            "Zwei Zufallsstarts ergaben dieselbe Aufteilung. Mischen Sie mit `rng.permutation`."
        )
    return "Kein Text steht auf beiden Seiten, und der Wortschatz kennt nur die Trainingsseite."


def _reviews(
    rng: np.random.Generator, number: int, positive: float, ordered: bool
) -> tuple[list[str], list[int]]:
    """Texte aus häufigen Wörtern und einem eigenen; etwa jeder zwölfte wiederholt einen anderen."""
    common, letters = "the a film plot cast is not good bad slow fun end".split(), list("abcdefgh")
    texts = [
        " ".join([*rng.choice(common, size=4), "".join(rng.choice(letters, size=9))])
        for _ in range(number)
    ]
    labels = (np.arange(number) >= round(number * (1 - positive))).astype(int)
    for label in (0, 1):
        places = np.flatnonzero(labels == label)
        for copy, original in rng.choice(places, size=(len(places) // 12, 2)):
            texts[copy] = texts[original]
    order = np.arange(number) if ordered else rng.permutation(number)
    return [texts[i] for i in order], labels[order].tolist()


def _split(
    answer: Callable, texts: list[str], labels: list[int], seed: int
) -> tuple[list[int], list[int], set[str]]:
    """Was die Funktion zurückgibt, als zwei Listen von Stellen und eine Menge von Wörtern."""
    value = call(answer, texts, labels, np.random.default_rng(seed))
    found = named(value, ("training", "validation", "vocabulary"))
    training, validation = (
        _places(found[side], f"`{side}`: ", len(texts)) for side in ("training", "validation")
    )
    return training, validation, _words(found["vocabulary"])


def _places(value: object, name: str, number: int) -> list[int]:
    """Stellen in den Texten, aufsteigend und jede einmal."""
    array = numbers(
        sorted(value) if isinstance(value, Set) else value, "eine Liste von Stellen", name
    )
    if array.ndim != 1 or not array.size:
        raise Hint(f"{name}Erwartet wird eine Liste von Stellen, und sie ist nicht leer.")
    if array.dtype == bool:
        raise Hint(f"{name}Das sind Wahrheitswerte. `np.flatnonzero` macht daraus Stellen.")
    if np.iscomplexobj(array) or not np.isin(array, np.arange(number)).all():
        raise Hint(f"{name}Stellen sind ganze Zahlen von 0 bis `len(texts) - 1`.")
    places = sorted(map(int, array))
    if len(set(places)) < len(places):
        raise Hint(f"{name}Eine Stelle kommt mehrmals vor.")
    return places


def _words(value: object) -> set[str]:
    """Der Wortschatz als Menge, ohne ``<PAD>`` und ``<UNK>``."""
    words = getattr(value, "words", value)
    if not isinstance(words, Iterable) or isinstance(words, str):
        raise Hint("`vocabulary`: Erwartet wird eine Menge von Wörtern.")
    words = list(words)
    if not all(isinstance(word, str) for word in words):
        raise Hint("`vocabulary`: Erwartet wird eine Menge von Wörtern, jedes ein Text.")
    return set(words) - {"<PAD>", "<UNK>"}


def _expect_no_leak(
    texts: list[str],
    labels: list[int],
    training: list[int],
    validation: list[int],
    vocabulary: set[str],
) -> None:
    """Prüft die Aufteilung von ``texts``; jedes Leck hat seinen Hinweis."""
    name = f"{len(texts)} Texte: "
    both = set(training) & set(validation)
    if both:
        raise Hint(f"{name}{len(both)} Stellen stehen auf beiden Seiten.")
    seen, unseen = ({texts[i] for i in side} for side in (training, validation))
    lost = set(texts) - seen - unseen
    if lost:
        raise Hint(
            f"{name}{len(lost)} verschiedene Texte fehlen auf beiden Seiten. Gefragt sind Stellen "
            "in `texts`; lassen Sie höchstens Wiederholungen weg."
        )
    share = len(validation) / (len(training) + len(validation))
    if not 0.15 <= share <= 0.25:
        swapped = " Die Seiten sind vertauscht." if 0.75 <= share <= 0.85 else ""
        raise Hint(f"{name}In der Validierung stehen {100 * share:.0f} % statt 20 %.{swapped}")
    positive, expected = np.mean([labels[i] for i in validation]), np.mean(labels)
    if abs(positive - expected) > 0.15:
        raise Hint(
            f"{name}In der Validierung sind {100 * positive:.0f} % positiv, im Ganzen "
            f"{100 * expected:.0f} %. Teilen Sie nicht der Reihe nach auf."
        )
    if seen & unseen:
        raise Hint(
            f"{name}{len(seen & unseen)} Texte stehen auf beiden Seiten, jeder an verschiedenen "
            "Stellen. Gleiche Texte gehören zusammen."
        )
    known, new = ({word for text in side for word in text.split()} for side in (seen, unseen))
    leaked = vocabulary & (new - known)
    if leaked:
        raise Hint(
            f"{name}{len(leaked)} Wörter des Wortschatzes kommen nur in der Validierung vor, zum "
            f"Beispiel «{min(leaked)}». Gezählt wird allein auf der Trainingsseite."
        )
    if known - vocabulary:
        raise Hint(
            f"{name}Im Wortschatz fehlt zum Beispiel «{min(known - vocabulary)}» von der "
            f"Trainingsseite, im Ganzen {len(known - vocabulary)}."
        )
    if vocabulary - known:
        raise Hint(
            f"{name}Im Wortschatz steht etwas, das kein Wort der Texte ist, zum Beispiel "
            f"«{min(vocabulary - known)}»."
        )
