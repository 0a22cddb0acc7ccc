"""Die Beispieldaten: ausgewogen, wiederholbar, ohne Doppel, und die Reihenfolge zählt."""

import math
import random
from collections import Counter

import pytest

from anncourse import sample
from anncourse.text import tokenise


@pytest.fixture(scope="module")
def corpus():
    return sample.sample_corpus()


@pytest.fixture(scope="module")
def pairs():
    rng = random.Random(0)
    return [sample._pair(rng) for _ in range(2000)]


def same_words(pair):
    negative, positive = pair
    return Counter(tokenise(negative)) == Counter(tokenise(positive))


def test_sizes_and_balance(corpus):
    train_texts, train_labels, test_texts, test_labels = corpus
    assert len(train_texts) == len(train_labels) == sample.TRAIN_SIZE
    assert len(test_texts) == len(test_labels) == sample.TEST_SIZE
    assert Counter(train_labels) == dict.fromkeys((0, 1), sample.TRAIN_SIZE // 2)
    assert Counter(test_labels) == dict.fromkeys((0, 1), sample.TEST_SIZE // 2)


def test_no_text_twice(corpus):
    train_texts, _, test_texts, _ = corpus
    assert len({*train_texts, *test_texts}) == len(train_texts) + len(test_texts)


def test_shuffled(corpus):
    _, labels, _, _ = corpus
    changes = sum(a != b for a, b in zip(labels, labels[1:]))
    assert 0.45 < changes / len(labels) < 0.55


def test_same_seed_same_reviews():
    assert sample.generate(50, seed=1) == sample.generate(50, seed=1)
    assert not set(sample.generate(50, seed=1)[0]) & set(sample.generate(50, seed=2)[0])


def test_does_not_touch_global_random_state():
    state = random.getstate()
    sample.generate(10, seed=1)
    assert random.getstate() == state


@pytest.mark.parametrize("number", [0, 1, 7])
def test_small_numbers(number):
    texts, labels = sample.generate(number, seed=3)
    assert len(texts) == len(labels) == number
    assert abs(labels.count(0) - labels.count(1)) <= 1


def test_every_pattern_is_filled(corpus):
    train_texts, _, _, _ = corpus
    assert not any(set("{}_") & set(text) or text != text.strip() for text in train_texts)
    assert not any("  " in text for text in train_texts)


def test_tokeniser_has_something_to_do(corpus):
    train_texts, _, _, _ = corpus
    everything = " ".join(train_texts)
    for piece in ("<br />", "NOT", "wasn't", "don't", ";", "!"):
        assert piece in everything
    words = {word for text in train_texts[:2000] for word in tokenise(text)}
    assert {"wasn't", "don't", "not"} <= words
    assert not words & {"br", "NOT", "wasn", "t"}


def test_lengths_vary(corpus):
    train_texts, _, _, _ = corpus
    lengths = sorted(len(tokenise(text)) for text in train_texts)
    assert 15 <= lengths[0] and lengths[-1] <= 110
    assert lengths[len(lengths) // 10] < 50 < 70 < lengths[-len(lengths) // 10]


def test_verdict_is_mostly_far_from_the_end(corpus):
    train_texts, _, _, _ = corpus
    verdict_words = {*sample.GOOD, *sample.BAD}
    distances = []
    for text in train_texts:
        backwards = tokenise(text)[::-1]
        distances.append(next(k for k, word in enumerate(backwards) if word in verdict_words))
    assert min(distances) > 0
    assert sum(distance >= 30 for distance in distances) > 0.6 * len(distances)


def test_neutral_sentences_hold_no_verdict():
    verdict_words = {*sample.GOOD, *sample.BAD}
    drawn = [word for words in sample.WORDS.values() for word in words]
    for text in [*sample.NEUTRAL, *drawn]:
        assert not verdict_words & set(tokenise(text))


def test_twins_consist_of_the_same_words_in_another_order(pairs):
    twins = [pair for pair in pairs if same_words(pair)]
    assert abs(len(twins) / len(pairs) - sample.TWIN_SHARE) < 0.05
    assert all(tokenise(negative) != tokenise(positive) for negative, positive in twins)


def test_the_other_pairs_differ_in_the_verdict_words_only(pairs):
    for negative, positive in pairs:
        if not same_words((negative, positive)):
            changed = {a: b for a, b in zip(tokenise(negative), tokenise(positive)) if a != b}
            assert set(changed) <= set(sample.BAD) and set(changed.values()) <= set(sample.GOOD)


def test_counting_words_is_not_enough(corpus):
    """Naiver Bayes über die Wörter: besser als Raten, aber nicht über der Grenze von 70 %."""
    train_texts, train_labels, test_texts, test_labels = corpus
    counts = Counter(), Counter()
    for text, label in zip(train_texts, train_labels):
        counts[label].update(set(tokenise(text)))
    weight = {
        word: math.log((counts[1][word] + 1) / (counts[0][word] + 1))
        for word in counts[0] | counts[1]
    }
    correct = sum(
        (sum(weight.get(word, 0) for word in set(tokenise(text))) > 0) == label
        for text, label in zip(test_texts, test_labels)
    )
    assert 0.6 < correct / len(test_texts) < 0.73
