"""Übungen zu 9.3.3: richtige Antworten in vielen Formen, typische Fehler mit ihrem Hinweis."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
import torch
from answers import judge, with_gradient
from sklearn.model_selection import GroupShuffleSplit

from anncourse import text
from anncourse.teaching.exercises import section_3
from anncourse.teaching.exercises.sheets import find

# --- Übung 4 ----------------------------------------------------------------------------------


def last(outputs, lengths):
    return outputs[np.arange(len(lengths)), lengths - 1]


def gathered(outputs, lengths):
    outputs, lengths = torch.tensor(outputs), torch.tensor(lengths)
    places = (lengths - 1)[:, None, None].expand(-1, 1, outputs.shape[2])
    return outputs.gather(1, places).squeeze(1)


@pytest.mark.parametrize(
    "answer",
    [
        last,
        with_gradient(last),
        gathered,
        lambda outputs, lengths: [rows[n - 1] for rows, n in zip(outputs, lengths)],
        lambda outputs, lengths: (rows[:n][-1] for rows, n in zip(outputs, lengths)),
        lambda outputs, lengths: np.take_along_axis(outputs, lengths[:, None, None] - 1, 1)[:, 0],
    ],
)
def test_the_last_real_state(answer):
    assert judge(4, answer).startswith("**Richtig.**")


@pytest.mark.parametrize(
    "answer, hint",
    [
        (lambda outputs, lengths: outputs[:, -1], "*nach* dem Auffüllen"),
        (lambda outputs, lengths: outputs[np.arange(4), lengths], "Um eins verschoben"),
        (lambda outputs, lengths: outputs[:, lengths - 1], "die Nummer der Folge"),
        (lambda outputs, lengths: outputs.mean(axis=1), "Mittel über alle Schritte"),
        (lambda outputs, lengths: outputs[0], "hat die Form (6, 3)"),
        (lambda outputs, lengths: outputs[np.arange(4), (lengths - 1) % 5], "den ganzen Platz"),
        (lambda outputs, lengths: [o[:n] for o, n in zip(outputs, lengths)], "verschieden lang"),
        (lambda outputs, lengths: [o[n - 1 :] for o, n in zip(outputs, lengths)], "verschieden"),
        (lambda outputs, lengths: outputs[np.arange(4), lengths - 2], "die Zahlen nicht"),
        (lambda outputs, lengths: outputs[np.arange(4), -lengths], "die Zahlen nicht"),
        (lambda outputs, lengths: outputs[:, 0], "die Zahlen nicht"),
        (lambda outputs, lengths: outputs[:, lengths.max() - 1], "die Zahlen nicht"),
        (lambda outputs, lengths: {}[lengths[0]], "Schlüssel `2`"),
        (lambda outputs, lengths: {"h": last(outputs, lengths)}, "Wörterbuch (dict)"),
        (lambda o, n: o[range(4), n - 1] if len(n) < 5 else o[:7, 0], "für sieben nicht"),
        (lambda o, n: o[[0, 1, 2, 3], n - 1], "bricht ab: `IndexError"),
    ],
)
def test_a_mistake_with_the_last_real_state(answer, hint):
    verdict = judge(4, answer)
    assert verdict.startswith("**Noch nicht.**")
    assert hint in verdict


def test_a_word_outside_the_vocabulary_is_no_key():
    def encode(training, texts, size, maxlen):
        ids = {word: k for k, word in enumerate(" ".join(training).split(), 2)}
        return [[ids[word] for word in text.split()] for text in texts]

    assert "Nicht jedes Wort steht im Wortschatz." in judge(12, ..., encode)


# --- Übung 12 ---------------------------------------------------------------------------------

ROWS = [[0, 1, 2, 4, 3], [3, 1, 2, 1, 5], [0, 0, 0, 1, 1]]


def with_the_module(training, texts, size, maxlen):
    vocabulary = text.Vocabulary.build(map(text.tokenise, training), size)
    return text.pad([vocabulary.encode(text.tokenise(one)) for one in texts], maxlen)


def encode(training, texts, size, maxlen):
    counts = Counter(word for one in training for word in one.split())
    words = ["<PAD>", "<UNK>", *sorted(counts, key=lambda word: (-counts[word], word))][:size]
    rows = []
    for one in texts:
        row = [words.index(word) if word in words else 1 for word in one.split()]
        while len(row) < maxlen:
            row.insert(0, 0)
        rows.append(row[len(row) - maxlen :])
    return rows


def by_counting(training, texts, size, maxlen):
    """Ohne Counter: zweimal sortiert, zuerst nach dem Alphabet."""
    words = " ".join(training).split()
    ordered = sorted(sorted(set(words)), key=words.count, reverse=True)
    numbers = {word: 2 + k for k, word in enumerate(ordered) if k < size - 2}
    for one in texts:
        row = [numbers[word] if word in numbers else 1 for word in one.split()]
        yield tuple(([0] * maxlen + row)[-maxlen:])


@pytest.mark.parametrize(
    "rows, function",
    [
        (ROWS, encode),
        (np.array(ROWS), with_the_module),
        (torch.tensor(ROWS), with_gradient(encode)),
        (tuple(map(tuple, ROWS)), by_counting),
        ([np.array(row) for row in ROWS], lambda *case: list(map(np.array, encode(*case)))),
        (np.array(ROWS, float), lambda *case: np.array(encode(*case), object)),
        ([[Fraction(n) for n in row] for row in ROWS], lambda *case: torch.tensor(encode(*case))),
        (encode(section_3.TRAINING, section_3.TEXTS, 6, 5), encode),
    ],
)
def test_three_sentences(rows, function):
    assert judge(12, rows, function).count("**Richtig.**") == 2


def variant(**mistake):
    return lambda *case: section_3._rows(*case, **mistake)


def seldom_first(counts):
    return sorted(counts, key=lambda word: (counts[word], word))


def ties_by_appearance(counts):
    return [word for word, _ in counts.most_common()]


def ties_backwards(counts):
    return sorted(counts, key=lambda word: (counts[word], word), reverse=True)


@pytest.mark.parametrize(
    "mistake, hint",
    [
        ({"right": True}, "Die Nullen stehen rechts"),
        ({"beginning": True}, "die *letzten* Wörter"),
        ({"right": True, "beginning": True}, "Zwei Dinge sind verkehrt"),
        ({"unknown": None}, "Unbekannte Wörter fallen nicht weg"),
        ({"unknown": 0}, "mit 0 wird nur aufgefüllt"),
        ({"fill": 1}, "Aufgefüllt wird mit 0"),
        ({"all_texts": True}, "nur an den Trainingssätzen"),
        ({"order": sorted}, "nach dem Alphabet nummeriert"),
        ({"order": list}, "nach ihrem ersten Auftreten"),
        ({"order": seldom_first}, "Die seltensten Wörter"),
        ({"order": ties_by_appearance}, "in der Reihenfolge ihres Auftretens"),
        ({"order": ties_backwards}, "rückwärts im Alphabet"),
        ({"special": 0}, "`size - 2` Plätze"),
        ({"special": 1}, "`size - 2` Plätze"),
        ({"first": 0, "special": 0}, "das häufigste Wort bekommt die 2"),
        ({"first": 0, "unknown": None}, "das häufigste Wort bekommt die 2"),
        ({"first": 1, "unknown": 0, "special": 1}, "das häufigste Wort bekommt die 2"),
        ({"first": 1}, "das häufigste Wort bekommt die 2"),
    ],
)
def test_a_mistake_with_three_sentences(mistake, hint):
    example = section_3.TRAINING, section_3.TEXTS, 6, 5
    by_hand, function = judge(12, variant(**mistake)(*example), variant(**mistake)).split("\n\n")
    for verdict in (by_hand, function):
        assert verdict.startswith("**Noch nicht.**")
        assert hint in verdict


@pytest.mark.parametrize(
    "answer, hint",
    [
        (lambda *case: [row[1:] for row in encode(*case)], "hat 4 Stellen statt 5. Füllen Sie sie"),
        (lambda *case: [[0, *row] for row in encode(*case)], "hat 6 Stellen statt 5. Kürzen Sie"),
        (lambda *case: [row[::-1] for row in encode(*case)], "stimmt nicht. Beginnen Sie mit dem"),
        (lambda *case: encode(*case)[1:], "Erwartet wird eine Liste von 6 Zeilen"),
        (lambda *case: encode(*case)[0], "Erwartet wird eine Liste von 6 Zeilen"),
        (lambda *case: sum(encode(*case), []), "Erwartet wird eine Liste von 6 Zeilen"),
        (lambda *case: [1, 2, 3, 4, 5, 6], "eine Liste von 5 Nummern, nicht 1"),
        (lambda *case: [" ".join(map(str, row)) for row in encode(*case)], "von 5 Nummern, nicht"),
        (lambda *case: [list(map(str, row)) for row in encode(*case)], "Das ist ein Text (str)"),
        (lambda *case: [[None] * case[3]] * 6, "keine Zahl (NoneType)"),
        (lambda *case: [], "Erwartet wird eine Liste von 6 Zeilen"),
        (lambda *case: {}, "Erwartet wird eine Liste von 6 Zeilen"),
        (lambda *case: [[float("nan")] * case[3]] * 6, "stimmt nicht"),
        (lambda *case: encode(*case[:2], 7, 5), "`size = 10`, `maxlen = 8`"),
        (lambda *case: encode(*case[:2], 7, case[3]), "`size = 10`, `maxlen = 8`: "),
        (lambda *case: encode(*case[:2], min(case[2], 10), case[3]), "`size = 50`, `maxlen = 3`: "),
        (lambda training, texts: texts, "bricht ab: `TypeError"),
        (lambda *case: with_the_module(case[0][0], *case[1:]), "stimmt nicht"),
        (ROWS, "die Funktion selbst"),
    ],
)
def test_an_encoding_of_another_shape(answer, hint):
    verdict = judge(12, ROWS, answer)
    assert verdict.startswith("**Richtig.** Teil a")
    assert "**Noch nicht.** Teil b" in verdict
    assert hint in verdict


def test_by_hand_and_function_are_judged_apart():
    assert "**Noch offen.** Teil b" in judge(12, ROWS, lambda *_: ...)
    assert "**Noch offen.** Teil b" in judge(12, ROWS)
    half = judge(12, [ROWS[0], [..., 1, 2, 1, 5], ROWS[2]], encode)
    assert half.startswith("**Noch offen.** Teil a") and "**Richtig.** Teil b" in half
    wrong = judge(12, [ROWS[0], [4, 1, 2, 1, 5], ROWS[2]], encode)
    assert "Die Zeile zu «a good film with a bad end» stimmt nicht. Schreiben Sie" in wrong


# --- Übung 13 ---------------------------------------------------------------------------------


def result(texts, training, validation, words_from=None):
    words_from = training if words_from is None else words_from
    words = {word for i in words_from for word in texts[i].split()}
    return {"training": training, "validation": validation, "vocabulary": words}


def cut(order, part=0.2):
    return order[round(part * len(order)) :], order[: round(part * len(order))]


def places_of(texts):
    places = {}
    for i, one in enumerate(texts):
        places.setdefault(one, []).append(i)
    return list(places.values())


def together(texts, labels, rng):
    """Gleiche Texte zusammen, nicht geschichtet."""
    groups = places_of(texts)
    sides = cut([groups[k] for k in rng.permutation(len(groups))])
    return result(texts, *(sum(side, []) for side in sides))


def first_copies(texts, labels, rng):
    """Von jedem Text nur die erste Stelle, Klasse für Klasse."""
    first = np.array([group[0] for group in places_of(texts)])
    y = np.array(labels)[first]
    sides = [cut(rng.permutation(first[y == label])) for label in (0, 1)]
    return result(texts, *(np.concatenate(parts) for parts in zip(*sides)))


def by_hash(texts, labels, rng):
    """Jeder Text bekommt eine Zufallszahl und kommt damit auf eine Seite."""
    draw = {one: rng.random() for one in sorted(set(texts))}
    training = {i for i, one in enumerate(texts) if draw[one] >= 0.2}
    return result(texts, training, set(range(len(texts))) - training)


def with_sklearn(texts, labels, rng):
    splitter = GroupShuffleSplit(1, test_size=0.2, random_state=int(rng.integers(2**31)))
    return result(texts, *next(splitter.split(texts, labels, groups=texts)))


def with_other_types(texts, labels, rng):
    found = together(texts, labels, rng)
    counts = Counter(word for i in found["training"] for word in texts[i].split())
    return torch.tensor(found["training"]), tuple(found["validation"]), counts


def with_a_vocabulary(texts, labels, rng):
    found = first_copies(texts, labels, rng)
    words = text.Vocabulary.build((text.tokenise(texts[i]) for i in found["training"]), 10_000)
    return found | {"vocabulary": words}


def change(**parts):
    """Eine gute Antwort, in der ein Teil ersetzt ist."""

    def prepare(texts, labels, rng):
        found = together(texts, labels, rng)
        return found | {name: new(found, texts) for name, new in parts.items()}

    return prepare


@pytest.mark.parametrize(
    "answer",
    [
        together,
        first_copies,
        by_hash,
        with_sklearn,
        with_other_types,
        with_a_vocabulary,
        lambda *case: {key.upper(): list(part) for key, part in together(*case).items()},
        lambda *case: {key: iter(part) for key, part in together(*case).items()},
        change(vocabulary=lambda f, texts: ["<PAD>", "<UNK>", *f["vocabulary"]]),
    ],
)
def test_a_split_without_a_leak(answer):
    assert judge(13, answer).startswith("**Richtig.**")


def template(texts, labels, rng):
    space = {}
    exec(find(13).template, space)
    return space["prepare"](texts, labels, rng)


def only_mixed(texts, labels, rng):
    return result(texts, *cut(rng.permutation(len(texts))))


def only_stratified(texts, labels, rng):
    sides = [cut(rng.permutation(np.flatnonzero(np.equal(labels, c)))) for c in (0, 1)]
    return result(texts, *(np.concatenate(parts) for parts in zip(*sides)))


def only_distinct(texts, labels, rng):
    return result(texts, *cut([group[0] for group in places_of(texts)][::-1]))


def places_among_the_distinct(texts, labels, rng):
    texts = list(dict.fromkeys(texts))
    return result(texts, *cut(rng.permutation(len(texts))))


def without_the_repeated(texts, labels, rng):
    single = [group[0] for group in places_of(texts) if len(group) == 1]
    return result(texts, *cut(rng.permutation(single)))


def share(part):
    def prepare(texts, labels, rng):
        groups = places_of(texts)
        sides = cut([groups[k] for k in rng.permutation(len(groups))], part)
        return result(texts, *(sum(side, []) for side in sides))

    return prepare


@pytest.mark.parametrize(
    "answer, hint",
    [
        (template, "In der Validierung sind 100 % positiv, im Ganzen 50 %"),
        (only_distinct, "Teilen Sie nicht der Reihe nach auf"),
        (only_mixed, "Texte stehen auf beiden Seiten"),
        (only_stratified, "Gleiche Texte gehören zusammen"),
        (places_among_the_distinct, "verschiedene Texte fehlen auf beiden Seiten"),
        (without_the_repeated, "verschiedene Texte fehlen auf beiden Seiten"),
        (share(0.5), "stehen 49 % statt 20 %."),
        (share(0.8), "Die Seiten sind vertauscht"),
        (share(0.02), "% statt 20 %"),
        (
            change(vocabulary=lambda f, texts: {w for one in texts for w in one.split()}),
            "kommen nur in der Validierung vor",
        ),
        (
            change(
                vocabulary=lambda f, texts: {w for i in f["validation"] for w in texts[i].split()}
            ),
            "kommen nur in der Validierung vor",
        ),
        (
            change(vocabulary=lambda f, texts: set(sorted(f["vocabulary"])[:9])),
            "Im Wortschatz fehlt",
        ),
        (change(vocabulary=lambda f, texts: set()), "Im Wortschatz fehlt"),
        (change(vocabulary=lambda f, texts: f["vocabulary"] | {"Zebra"}), "zum Beispiel «Zebra»"),
        (change(vocabulary=lambda f, texts: set("".join(texts))), "Im Wortschatz fehlt"),
        (change(vocabulary=lambda f, texts: " ".join(f["vocabulary"])), "eine Menge von Wörtern."),
        (change(vocabulary=lambda f, texts: 9), "eine Menge von Wörtern."),
        (change(vocabulary=lambda f, texts: [one.split() for one in texts]), "jedes ein Text"),
        (change(training=lambda f, texts: [texts[i] for i in f["training"]]), "ein Text (str)"),
        (change(training=lambda f, texts: np.arange(len(texts)) > 80), "`np.flatnonzero`"),
        (change(training=lambda f, texts: [i + 0.5 for i in f["training"]]), "ganze Zahlen von 0"),
        (
            change(training=lambda f, texts: [i + 1 for i in f["training"]]),
            "`training`: Stellen sind",
        ),
        (change(training=lambda f, texts: [-i - 1 for i in f["training"]]), "ganze Zahlen von 0"),
        (change(training=lambda f, texts: f["training"] * 2), "Eine Stelle kommt mehrmals vor"),
        (change(training=lambda f, texts: range(len(texts))), "Stellen stehen auf beiden Seiten"),
        (change(validation=lambda f, texts: []), "`validation`: Erwartet wird eine Liste"),
        (change(validation=lambda f, texts: [[1, 2], [3, 4]]), "`validation`: Erwartet wird eine"),
        (change(validation=lambda f, texts: [[1, 2], [3]]), "`validation`: Die Teile"),
        (change(validation=lambda f, texts: None), "keine Zahl (NoneType)"),
        (
            lambda texts, labels, rng: together(texts, labels, np.random.default_rng(0)),
            "Zwei Zufallsstarts ergaben dieselbe",
        ),
        (
            lambda texts, labels, rng: together(texts, labels, np.random.default_rng()),
            "Derselbe Zufallsstart ergab zwei verschiedene",
        ),
        (
            lambda *case: tuple(together(*case).values())[:2],
            "Wörterbuch mit `training`, `validation` und",
        ),
        (lambda texts, labels: texts, "bricht ab: `TypeError"),
    ],
)
def test_a_split_with_a_leak(answer, hint):
    verdict = judge(13, answer)
    assert verdict.startswith("**Noch nicht.**")
    assert hint in verdict


@pytest.mark.parametrize("seed", range(5))
def test_mixing_alone_keeps_the_classes_close_enough(seed):
    def prepare(texts, labels, rng):
        return together(texts, labels, np.random.default_rng([seed, int(rng.integers(2**31))]))

    assert judge(13, prepare).startswith("**Richtig.**")
