"""Vom Text zur Zahl: Tokeniser, Wortschatz, Auffüllen."""

import re
from html import unescape
from itertools import permutations

import numpy as np
import pytest

from anncourse.errors import InputError
from anncourse.text import APOSTROPHES, PAD, UNK, Vocabulary, pad, tokenise

LARGEST_SIZE = 2**15  # so viele Nummern haben in int16 Platz, ohne die negativen
REVIEWS = [["good", "film"], ["bad", "film"], ["good", "film", "again"]]


# --- Tokeniser ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, words",
    [
        ("A Great FILM", ["a", "great", "film"]),
        ("great.The end", ["great", "the", "end"]),
        ("great,the;end:now!or?never", ["great", "the", "end", "now", "or", "never"]),
        ("well-made, self–aware—twice", ["well", "made", "self", "aware", "twice"]),
        ("one<br /><br />two<br />three", ["one", "two", "three"]),
        ("one<BR />two<br>three<br/>four</br>five", ["one", "two", "three", "four", "five"]),
        ('one<br clear="all">two< br / >three<br\n>four', ["one", "two", "three", "four"]),
        ("one<broken>two <brbr>", ["one", "broken", "two", "brbr"]),
        ("don't DON'T", ["don't", "don't"]),
        *((f"don{apostrophe}t", ["don't"]) for apostrophe in "'’‘´`ʼ′＇\x92"),
        (
            "don&#39;t &#x27;quoted&#X27; don&rsquo;t don&apos;t",
            ["don't", "quoted"] + 2 * ["don't"],
        ),
        ("R&amp;B caf&eacute; &Eacute;T&Eacute; &quot;yes&quot;", ["r", "b", "café", "été", "yes"]),
        ("one&lt;br&gt;two &nbsp;three&#133;four", ["one", "two", "three", "four"]),
        ("Q&A; AT&T &unheard; &#1; &#; &#9999999;", ["q", "a", "at", "t", "unheard"]),
        ("``great'' ´good´ `n´", ["great", "good", "n"]),
        ("rock'n'roll", ["rock'n'roll"]),
        ("'quoted' “quoted” the boys' club", ["quoted", "quoted", "the", "boys", "club"]),
        ("it''s '' '", ["it", "s"]),
        ("8/10 in 1999", ["8", "10", "in", "1999"]),
        ("_not_ snake_case", ["not", "snake", "case"]),
        ("Café NAÏVE Zürich", ["café", "naïve", "zürich"]),
        ("cafe\u0301 nai\u0308ve", ["café", "naïve"]),  # Akzente als eigene Zeichen
        ("七人の侍 и фильм", ["七人の侍", "и", "фильм"]),
        ("soft\u00adhyphen zero\u200bwidth", ["soft", "hyphen", "zero", "width"]),
        ("no\u00a0break", ["no", "break"]),
        ("tab\tnew\nline\r\nend", ["tab", "new", "line", "end"]),
        ("a\0b", ["a", "b"]),
        ("🙂👍🏽 good 🙂", ["good"]),
        ("", []),
        ("... !!! <br />", []),
    ],
)
def test_tokenise(text, words):
    assert tokenise(text) == words


def test_words_need_no_further_splitting():
    text = "Great.<br />The well-made film DIDN'T bore me; it's a café-bar (1999)."
    words = tokenise(text)
    assert tokenise(" ".join(words)) == words


def test_a_very_long_text_is_no_problem():
    assert len(tokenise("good.film " * 100_000)) == 200_000
    assert tokenise("a" * 1_000_000) == ["a" * 1_000_000]


def glued_words(text: str) -> set[str]:
    """Wörter, die so nicht im Text stehen: aus zwei Stücken zusammengeklebt."""
    plain = unescape(text).lower().translate(dict.fromkeys(map(ord, APOSTROPHES), "'"))
    return {word for word in tokenise(text) if word not in plain}


def letters(text: str) -> str:
    text = unescape(text).lower().replace("<br />", " ")
    return re.sub(rf"[\W_{APOSTROPHES}]", "", text)


def test_sample_loses_no_letter_and_glues_no_word(sample_reviews):
    for text in sample_reviews.train_texts[:3000]:
        assert not glued_words(text)
        assert letters(" ".join(tokenise(text))) == letters(text)
        assert "br" not in tokenise(text)


def test_real_data_loses_no_letter_and_glues_no_word(real_reviews):
    for text in real_reviews.train_texts + real_reviews.test_texts:
        assert not glued_words(text)
        assert letters(" ".join(tokenise(text))) == letters(text)


# --- Wortschatz -----------------------------------------------------------------------------


def test_vocabulary_starts_with_pad_and_unk_then_the_most_frequent():
    vocabulary = Vocabulary.build(REVIEWS, 10)
    assert vocabulary.words == ("<PAD>", "<UNK>", "film", "good", "again", "bad")
    assert len(vocabulary) == 6  # so viele gibt es, auch wenn 10 erlaubt wären
    assert (PAD, UNK) == (0, 1)
    assert vocabulary.ids["<PAD>"] == PAD and vocabulary.ids["<UNK>"] == UNK


@pytest.mark.parametrize("size", [2, 3, 4, np.int64(4)])
def test_size_counts_pad_and_unk(size):
    vocabulary = Vocabulary.build(REVIEWS, size)
    assert len(vocabulary) == size
    assert vocabulary.words == ("<PAD>", "<UNK>", "film", "good")[:size]


def test_order_of_reviews_does_not_matter():
    built = {Vocabulary.build(order, 5) for order in permutations(REVIEWS)}
    assert len(built) == 1  # «again» vor «bad»: bei gleicher Häufigkeit nach dem Alphabet


def test_reviews_may_come_from_a_generator():
    assert Vocabulary.build((words for words in REVIEWS), 10) == Vocabulary.build(REVIEWS, 10)


def test_without_reviews_only_pad_and_unk():
    assert Vocabulary.build([], 100).words == ("<PAD>", "<UNK>")


@pytest.mark.parametrize("size", [-1, 0, 1, LARGEST_SIZE + 1, 4.0, "4", True, None])
def test_impossible_size(size):
    message = rf"Wortschatzes: (der Text )?«{size}» passt nicht; .*ganze Zahl von 2 bis 32768"
    with pytest.raises(InputError, match=message):
        Vocabulary.build(REVIEWS, size)
    with pytest.raises(InputError, match=message):
        Vocabulary.from_counts({"film": 1}, size)


def test_counts_give_the_same_vocabulary_as_the_reviews():
    counts = {"bad": 1, "again": 1, "good": 2, "film": 3}
    assert Vocabulary.from_counts(counts, 5) == Vocabulary.build(REVIEWS, 5)


def test_the_largest_vocabulary_still_fits_its_numbers():
    words = [f"w{k}" for k in range(LARGEST_SIZE)]
    vocabulary = Vocabulary.build([words], LARGEST_SIZE)
    last = vocabulary.words[-1]
    assert vocabulary.encode([last]).tolist() == [LARGEST_SIZE - 1]


def test_encode_and_decode():
    vocabulary = Vocabulary.build(REVIEWS, 10)
    ids = vocabulary.encode(["good", "unheard", "film"])
    assert ids.dtype == np.int16 and ids.tolist() == [3, UNK, 2]
    assert vocabulary.decode(ids) == ["good", "<UNK>", "film"]
    assert vocabulary.encode([]).shape == (0,)
    assert vocabulary.decode([]) == []


def test_every_word_comes_back():
    vocabulary = Vocabulary.build(REVIEWS, 10)
    assert vocabulary.encode(vocabulary.words).tolist() == list(range(len(vocabulary)))
    assert tuple(vocabulary.decode(range(len(vocabulary)))) == vocabulary.words


def test_a_number_beyond_the_vocabulary_is_an_error():
    with pytest.raises(IndexError):
        Vocabulary.build(REVIEWS, 10).decode([6])


# --- Eine Kritik ----------------------------------------------------------------------------


def test_encode_review_keeps_the_last_words():
    vocabulary = Vocabulary.build(REVIEWS, 10)
    assert vocabulary.encode_review("Good. BAD film!", 500).tolist() == [3, 5, 2]
    assert vocabulary.encode_review("Good. BAD film!", 2).tolist() == [5, 2]


@pytest.mark.parametrize("text", ["", "   ", "?!", "<br />", "🙂"])
def test_a_review_without_a_word(text):
    with pytest.raises(InputError, match="enthält kein Wort.*Erwartet.*zum Beispiel"):
        Vocabulary.build(REVIEWS, 10).encode_review(text, 500)


@pytest.mark.parametrize("text", ["Schöner Streifen", "<UNK>", "<PAD> <PAD>"])
def test_a_review_of_unknown_words(text):
    with pytest.raises(InputError, match=r"nur Unbekanntes \(.+\).*Erwartet.*zum Beispiel"):
        Vocabulary.build(REVIEWS, 10).encode_review(text, 500)


def test_known_words_that_are_cut_off_do_not_count():
    with pytest.raises(InputError, match=r"nur Unbekanntes \(xx yy\)"):
        Vocabulary.build(REVIEWS, 10).encode_review("good film xx yy", 2)


def test_the_message_obeys_no_control_character():
    with pytest.raises(InputError) as caught:
        Vocabulary.build(REVIEWS, 10).encode_review("\x1b[2Kxx \x9b \u202e yy\a", 500)
    assert str(caught.value).isprintable()


def test_the_message_stays_short():
    with pytest.raises(InputError) as caught:
        Vocabulary.build(REVIEWS, 10).encode_review("x" * 100_000, 500)
    assert len(str(caught.value)) < 300


# --- Auffüllen ------------------------------------------------------------------------------


def test_pad_fills_on_the_left_and_cuts_on_the_left():
    sequences = [np.array([7]), np.array([4, 5, 6]), np.array([2, 3, 4, 5, 6]), np.array([], int)]
    padded = pad(sequences, 3)
    assert padded.dtype == np.int64
    assert padded.tolist() == [[PAD, PAD, 7], [4, 5, 6], [4, 5, 6], [PAD, PAD, PAD]]


def test_pad_of_nothing():
    assert pad([], 5).shape == (0, 5)


def test_pad_leaves_its_input_alone():
    sequence = np.array([2, 3, 4], dtype=np.int16)
    pad([sequence], 2)
    assert sequence.tolist() == [2, 3, 4]
