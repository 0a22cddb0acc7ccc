"""Der Vergleich mit dem naheliegenden Weg läuft, auch auf ein paar Dutzend Kritiken."""

import json
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


def test_layer_is_timed_on_all_threads_and_on_one(bench, monkeypatch):
    every, seen = torch.get_num_threads(), []

    def seconds(work):
        work()
        seen.append(torch.get_num_threads())
        return 1 / len(seen)

    monkeypatch.setattr(bench, "seconds", seconds)
    times = bench.bench_layer(rounds=2)
    assert seen == 4 * [every] + 4 * [1] and torch.get_num_threads() == every
    ways = ["torch", "ours", "torch_one_thread", "ours_one_thread"]  # abwechselnd, je das Minimum
    assert times == dict(zip(ways, [1 / 3, 1 / 4, 1 / 7, 1 / 8]))


def test_one_part_is_measured_again(bench, monkeypatch, tmp_path, capsys):
    stored = json.loads(bench.BENCH_FILE.read_text("utf-8"))
    stored |= {"machine": bench.machine(), "versions": bench.versions()}
    monkeypatch.setattr(bench, "BENCH_FILE", tmp_path / "bench.json")
    monkeypatch.setitem(bench.ALONE, "layer", lambda: {"torch": 2.0, "ours": 1.0})
    bench.write(stored)
    bench.again("layer")
    found = json.loads(bench.BENCH_FILE.read_text("utf-8"))
    row = found.pop("layer")
    stored.pop("layer", None)
    assert found == stored and row.pop("date") and row == {"torch": 2.0, "ours": 1.0}
    assert json.loads(capsys.readouterr().out)["ours"] == 1.0


@pytest.mark.parametrize(
    "other", [{"machine": {"system": "Plan 9"}}, {"versions": {"torch": "0.1"}}], ids=str
)
def test_no_part_is_mixed_into_another_machine(bench, monkeypatch, tmp_path, other):
    monkeypatch.setattr(bench, "BENCH_FILE", tmp_path / "bench.json")
    monkeypatch.setitem(bench.ALONE, "layer", lambda: {})
    bench.write({"machine": bench.machine(), "versions": bench.versions()} | other)
    before = bench.BENCH_FILE.read_text("utf-8")
    with pytest.raises(SystemExit, match="make bench"):
        bench.again("layer")
    assert bench.BENCH_FILE.read_text("utf-8") == before
