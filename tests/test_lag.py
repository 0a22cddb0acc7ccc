"""Ein Bit über k Schritte: die Folgen, das Lernen, der Abbruch, die gespeicherten Läufe."""

import json
from dataclasses import replace

import pytest
import torch

from anncourse.errors import InputError
from anncourse.experiments.lag import (
    SEEDS,
    BitReader,
    LagConfig,
    accuracy,
    measure,
    runs,
    sequences,
    settings,
    train,
)
from anncourse.experiments.many import RATES
from anncourse.experiments.stored import MEASURED_FOLDER

STORED = sorted(MEASURED_FOLDER.glob("truncated-*.json"))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_marked_value_is_the_answer():
    x, y = sequences(500, 7, generator())
    assert x.shape == (500, 8, 2) and y.shape == (500,)
    assert (x[:, 0, 0] == 1).all() and (x[:, 1:, 0] == 0).all()
    assert set(x[..., 1].unique().tolist()) == {-1, 1}
    assert torch.equal(x[:, 0, 1] > 0, y == 1)


def test_the_other_values_tell_nothing():
    x, y = sequences(4000, 5, generator())
    assert abs(y.mean() - 0.5) < 0.03
    agree = (x[:, 1:, 1] == 2 * y[:, None] - 1).float().mean(0)
    assert (abs(agree - 0.5) < 0.03).all()


def test_same_seed_same_sequences():
    assert torch.equal(sequences(4, 9, generator(1))[0], sequences(4, 9, generator(1))[0])
    assert not torch.equal(sequences(4, 9, generator(1))[0], sequences(4, 9, generator(2))[0])


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_short_lag_is_learnt(cell):
    config = LagConfig(cell, "keras", lag=3)
    model, batches = train(config, seed=0)
    assert batches < config.batches
    assert accuracy(model, 3, 1000) > 0.97


def test_without_training_it_is_a_guess():
    torch.manual_seed(0)
    assert accuracy(BitReader(LagConfig("lstm", "pytorch", 40)), 40, 2000) == pytest.approx(
        0.5, abs=0.05
    )


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("truncation", [1, 4, 11])
def test_gradient_is_exactly_zero_beyond_the_truncation(cell, truncation):
    model = BitReader(LagConfig(cell, "keras", lag=10))
    x, _ = sequences(5, 10, generator())
    model(x.requires_grad_(), truncation).sum().backward()
    reached = x.grad.abs().amax((0, 2)).flip(0) > 0  # (11,), Abstand 0 zuerst
    assert reached.tolist() == [k < truncation for k in range(11)]


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_truncation_changes_only_the_way_back(cell):
    model = BitReader(LagConfig(cell, "keras", lag=10))
    x, _ = sequences(5, 10, generator())
    assert torch.allclose(model(x, 4), model(x), atol=1e-6)


def test_the_rate_is_chosen_by_other_seeds_than_are_reported():
    config = replace(LagConfig("rnn", "keras", lag=30), batches=3, test_size=50)
    first, second = measure(config), measure(config)
    assert first == second and len(first["accuracies"]) == len(SEEDS)
    assert first["batches"] == [3] * len(SEEDS)
    assert set(first["validation"]) == {"0.0003", "0.001", "0.003", "0.01", "0.03"}
    best = max(first["validation"].values(), key=sum)
    assert first["validation"][f"{first['rate']:g}"] == best


def test_the_search_ends_with_the_first_rate_that_solves():
    found = measure(LagConfig("rnn", "keras", lag=1))
    assert f"{found['rate']:g}" == list(found["validation"])[-1]
    assert min(found["accuracies"]) >= 0.98


@pytest.mark.parametrize(
    "field, value",
    [
        ("cell", "transformer"),
        ("init", "kears"),
        ("lag", -1),
        ("truncation", 0),
        ("hidden_size", 0),
        ("batches", 0),
        ("batch_size", True),
        ("test_size", 2.5),
        ("learning_rate", float("inf")),
        ("rho", 1.0),
        ("epsilon", 0.0),
        ("gradient_norm", -1.0),
    ],
)
def test_a_wrong_setting_is_named(field, value):
    with pytest.raises(InputError, match=f"^{field}: "):
        replace(LagConfig("rnn", "keras", 5), **{field: value})


def test_stored_runs_are_those_of_today():
    assert {file.stem for file in STORED} == set(runs())
    for file in STORED:
        result = json.loads(file.read_text("utf-8"))
        assert result["config"] == settings(file.stem) and "learning_rate" not in result["config"]
        assert result["rate"] in RATES["rmsprop"]
        assert len(result["accuracies"]) == len(result["batches"]) == len(SEEDS)


def test_a_stored_run_comes_out_again():
    stored = json.loads((MEASURED_FOLDER / "truncated-never-005.json").read_text("utf-8"))
    config = replace(runs()["truncated-never-005"], learning_rate=stored["rate"])
    model, batches = train(config, seed=0)
    assert batches == pytest.approx(stored["batches"][0], abs=3)  # anderer Rechner, andere Rundung
    assert accuracy(model, 5, 2000, 0) == pytest.approx(stored["accuracies"][0], abs=0.01)
