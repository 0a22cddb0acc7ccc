"""Ein Unterschied und sein Intervall: beide Quellen des Zufalls, und wie oft es recht hat."""

import numpy as np
import pytest

from anncourse.errors import InputError
from anncourse.experiments.difference import compare, difference, pack, unpack
from anncourse.experiments.stored import measured

N = 400


@pytest.mark.parametrize("number", [1, 7, 8, 25_000])
def test_packing_loses_nothing(number):
    right = np.random.default_rng(93).random(number) < 0.9
    assert np.array_equal(unpack(pack(right)), right)
    assert len(pack(right)) < 25 + number / 8


def simulate(rng, gap: float, seeds: float, runs: int):
    """Läufe zweier Netze: gemeinsame Schwierigkeit der Kritiken, eigener Zufall jedes Laufs."""
    hard = rng.normal(0, 0.3, N)

    def group(mean):
        levels = mean + rng.normal(0, seeds, runs)
        return [hard + level + rng.normal(0, 0.3, N) for level in levels]

    return group(gap), group(0)


@pytest.mark.parametrize("seeds, runs", [(0.05, 5), (0.0, 5), (0.05, 3)])
def test_the_interval_contains_the_truth_about_95_times_in_100(seeds, runs):
    rng, hits, wide = np.random.default_rng(93), 0, []
    for _ in range(500):
        found = difference(*simulate(rng, 0.1, seeds, runs))
        hits += found.low <= 0.1 <= found.high
        wide.append(found.high - found.low)
    assert 0.93 < hits / 500 <= 1
    assert np.mean(wide) < 0.35  # und nicht, weil es alles enthält


def test_paired_reviews_narrow_the_interval():
    rng = np.random.default_rng(93)
    right = rng.random(2000) < 0.9
    other = right ^ (rng.random(2000) < 0.02)
    shuffled = rng.permutation(other)
    assert difference([right], [other]).sample < 0.5 * difference([right], [shuffled]).sample


def test_each_source_of_chance_by_itself():
    right = np.array([True] * 90 + [False] * 10)
    alone = difference([right], [~right])
    assert alone.mean == pytest.approx(0.8) and alone.seeds == 0 and alone.sample > 0
    levels = difference([np.full(50, 0.8), np.full(50, 0.9)], [np.full(50, 0.7)])
    assert levels.sample == pytest.approx(0, abs=1e-12)
    assert levels.seeds == pytest.approx(0.05)  # √(0.1² / 2 / 2)


def test_swapping_turns_the_sign():
    a, b = simulate(np.random.default_rng(1), 0.2, 0.05, 4)
    one, other = difference(a, b), difference(b, a)
    assert (one.mean, one.low, one.high) == pytest.approx((-other.mean, -other.high, -other.low))
    assert one.clear == other.clear


def test_clear_only_where_zero_is_excluded():
    rng = np.random.default_rng(93)
    a, b = simulate(rng, 1.0, 0.05, 5)
    assert difference(a, b).clear and difference(b, a).clear
    assert not difference(a, a).clear
    assert str(difference([np.ones(10)], [np.zeros(10)])) == "+100.0 (+100.0 bis +100.0)"


@pytest.mark.parametrize("one, other", [([], [np.ones(3)]), ([np.ones(3)], [np.ones(4)])])
def test_what_cannot_be_compared(one, other):
    with pytest.raises(InputError, match="dieselben Kritiken"):
        difference(one, other)


def test_stored_runs_agree_with_their_accuracies():
    runs = measured("lstm-keras-?")
    for text, accuracy in zip(runs["right"], runs["test_accuracy"]):
        assert unpack(text).mean() == pytest.approx(accuracy, abs=1e-12)
    means = [measured(f"{cell}-keras-?")["test_accuracy"].mean() for cell in ("lstm", "rnn")]
    assert compare("lstm-keras-?", "rnn-keras-?").mean == pytest.approx(means[0] - means[1])
