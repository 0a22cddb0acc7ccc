"""Eine Kritik Wort für Wort beurteilen: dasselbe wie mit PyTorch, ohne PyTorch."""

import numpy as np
import pytest
import torch

from anncourse.config import CELLS, Config
from anncourse.errors import InputError
from anncourse.models import build_model
from anncourse.prediction import Reading, read
from anncourse.text import Vocabulary
from anncourse.weights import Weights

CONFIG = Config(vocabulary_size=20, embedding_dim=3, hidden_size=4, maxlen=6, init="pytorch")
VOCABULARY = Vocabulary.build([["a", "good", "bad", "film", "don't"]], 20)
TEXT = "A good film?<br />Don't: a bad, bad FILM about xylophones!"
LAST_SIX = ["a", "bad", "bad", "film", "<UNK>", "<UNK>"]
INSIDE = {
    "rnn": {"h"},
    "lstm": {"h", "c", "i", "f", "o", "candidate"},
    "gru": {"h", "r", "z", "candidate"},
}


def net(cell: str, seed: int = 0) -> Weights:
    torch.manual_seed(seed)
    arrays = {name: t.numpy() for name, t in build_model(cell, CONFIG).state_dict().items()}
    return Weights(cell, arrays, VOCABULARY, CONFIG)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_same_probability_as_pytorch_after_every_word(cell, seed):
    weights = net(cell, seed)
    reading = read(weights, TEXT)
    torch.manual_seed(seed)
    model = build_model(cell, CONFIG).eval()
    ids = torch.tensor(VOCABULARY.encode(LAST_SIX)).long()
    with torch.no_grad():
        expected = [torch.sigmoid(model(ids[None, :stop]))[0] for stop in range(1, 7)]
    assert np.abs(reading.probabilities - np.array(expected)).max() < 1e-6
    assert np.ptp(reading.probabilities) > 1e-3  # die Wörter ändern etwas


@pytest.mark.parametrize("cell", CELLS)
def test_what_a_reading_holds(cell):
    reading = read(net(cell), TEXT)
    assert reading.words == LAST_SIX
    assert reading.probabilities.shape == (6,)
    assert set(reading.states) == INSIDE[cell]
    assert {value.shape for value in reading.states.values()} == {(6, 4)}
    assert type(reading.probability) is float
    assert reading.probability == reading.probabilities[-1]
    assert reading.label == ("positiv" if reading.probability > 0.5 else "negativ")


@pytest.mark.parametrize("last, label", [(0.51, "positiv"), (0.49, "negativ"), (0.5, "negativ")])
def test_the_last_word_decides(last, label):
    assert Reading(["a", "b"], np.array([1 - last, last]), {}).label == label


def test_one_word_is_enough():
    reading = read(net("lstm"), "Good")
    assert reading.words == ["good"] and reading.probabilities.shape == (1,)


def test_reading_changes_nothing_and_is_repeatable():
    weights = net("lstm")
    before = {name: array.copy() for name, array in weights.arrays.items()}
    first, second = read(weights, TEXT), read(weights, TEXT)
    assert np.array_equal(first.probabilities, second.probabilities)
    assert all(np.array_equal(weights.arrays[name], before[name]) for name in before)


@pytest.mark.parametrize("text", ["", " \n", "...", "<br /><br />"])
def test_empty_review(text):
    with pytest.raises(InputError, match="kein Wort. Erwartet .* zum Beispiel"):
        read(net("lstm"), text)


@pytest.mark.parametrize("text", ["Ein guter Streifen", "映画", "xyzzy " * 1000])
def test_review_of_unknown_words(text):
    with pytest.raises(InputError, match="nur Unbekanntes .*Erwartet .* zum Beispiel"):
        read(net("lstm"), text)
