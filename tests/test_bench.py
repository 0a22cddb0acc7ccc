"""Der Vergleich mit dem naheliegenden Weg läuft, auch auf ein paar Dutzend Kritiken."""

from pathlib import Path

import pytest
import torch

from anncourse.config import Config
from anncourse.data import ReviewsDataModule

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import bench

    return bench


def test_plain_way_pads_left_to_500_and_glues_words(bench):
    texts = ["Great.The film<br />was good", "the " * 600]
    train, test = bench.plain.prepare(texts, texts[:1])
    assert train.shape == (2, 500) and test.shape == (1, 500)
    assert train[0, :-4].sum() == 0 and (train[0, -4:] > 1).all()  # greatthe film was good
    assert (train[1] == 2).all()  # das häufigste Wort
    assert torch.equal(test[0], train[0])


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_both_ways_train_and_are_timed(bench, tiny_reviews, cell):
    data = ReviewsDataModule(tiny_reviews, Config(batch_size=16))
    loaders = [
        bench.plain.loader(torch.zeros(len(part), 40, dtype=torch.long), part.labels, True)
        for part in (data.train, data.validation)
    ]
    ways = bench.ours(cell, data, 2, validate=True), bench.plainly(cell, loaders, 2, validate=True)
    for clock in ways:
        assert len(clock.seconds) == len(clock.reached) == 2
        assert all(0 < seconds for seconds in clock.seconds)
        assert all(0 < accuracy <= 1 for _, accuracy in clock.reached)
        assert clock.reached[0][0] < clock.reached[1][0]


def test_numpy_loop_is_timed(bench):
    times = bench.bench_numpy(steps=10, size=4)
    assert times.keys() == {"numpy", "torch"} and all(seconds > 0 for seconds in times.values())
