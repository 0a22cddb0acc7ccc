"""Die Versuche der Seite «Selbst trainieren»: Zufall, Anfangswerte, Folgen, was gespeichert ist."""

import json
import re
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from anncourse.config import CELLS
from anncourse.experiments import page
from anncourse.experiments.many import RATES, solved
from anncourse.experiments.page import LSTM, RNN, PageTask, Random
from anncourse.experiments.stored import measured

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def trainings():
    """book/_ext/trainings.py"""
    spec = spec_from_file_location("trainings", ROOT / "book" / "_ext" / "trainings.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_random_numbers_are_those_of_mulberry32():
    """Von Hand nachgerechnet, mit Pythons ganzen Zahlen statt mit 32 Bit."""

    def mulberry(state):
        while True:
            state = (state + 0x6D2B79F5) % 2**32
            z = (state ^ (state >> 15)) * (state | 1) % 2**32
            z ^= (z + (z ^ (z >> 7)) * (z | 61)) % 2**32
            yield (z ^ (z >> 14)) / 2**32

    for seed in (1, 93, 2**32 - 1):
        expected = mulberry(seed)
        random = Random(seed)
        for count in (1, 5, 100):  # in Stücken gezogen dieselben
            assert random(count).tolist() == [next(expected) for _ in range(count)]


def test_random_numbers_are_spread_evenly():
    drawn = Random(93)(100_000)
    assert 0 <= drawn.min() and drawn.max() < 1
    counted, _ = np.histogram(drawn, 10, (0, 1))
    assert (abs(counted - 10_000) < 400).all()  # vier Standardabweichungen
    assert abs(np.corrcoef(drawn[1:], drawn[:-1])[0, 1]) < 0.013


@pytest.mark.parametrize("cell", CELLS)
def test_start_values(cell):
    task = PageTask(cell, 3, 10, scale_W=0.5, scale_U=3.0, bias=2.0)
    weights, _ = task.start(1)
    plain, _ = replace(task, scale_W=1.0, scale_U=1.0).start(1)
    for name, shape in nn_shapes(cell, 3).items():
        assert weights[name].shape == shape
        assert abs(plain[name][..., :3]).max() <= 3**-0.5 or name == "b"
    assert np.array_equal(weights["W"], plain["W"] / 2)
    assert np.array_equal(weights["U"], plain["U"] * 3)
    gated = cell != "rnn"
    assert (weights["b"][3:6] == 2).all() == gated or not gated
    assert (weights["b_U"][3:6] == 0).all() == gated or not gated
    assert (weights["b"][:3] != 2).all() and (weights["b_U"][:3] != 0).all()


def nn_shapes(cell, H):
    layer = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell](2, H)
    names = {"W": "weight_ih_l0", "U": "weight_hh_l0", "b": "bias_ih_l0", "b_U": "bias_hh_l0"}
    shapes = {ours: tuple(layer.get_parameter(name).shape) for ours, name in names.items()}
    return shapes | {"V": (1, H), "v": (1,)}


def test_sequences_carry_the_bit_under_the_mark():
    x = RNN.sequences(Random(1), 500)
    assert x.shape == (500, RNN.lag + 1, 2)
    assert (x[:, 0, 0] == 1).all() and (x[:, 1:, 0] == 0).all()
    assert set(np.unique(x[..., 1])) == {-1, 1}
    assert abs(x[:, 0, 1].mean()) < 0.15
    silent = replace(RNN, distractors=False).sequences(Random(1), 500)
    assert np.array_equal(silent[:, 0], x[:, 0]) and not silent[:, 1:].any()


def test_each_start_sees_its_own_sequences_after_its_start_values():
    draw = LSTM.drawing([1, 2, 1])
    x, y = draw()
    assert x.shape == (LSTM.lag + 1, 3, page.BATCH_SIZE, 2) and y.shape == (1, 3, page.BATCH_SIZE)
    assert torch.equal(x[:, 0], x[:, 2]) and not torch.equal(x[:, 0], x[:, 1])
    _, random = LSTM.start(2)
    for batch in (x, draw()[0]):
        assert np.array_equal(batch[:, 1].transpose(0, 1), LSTM.sequences(random))
    assert torch.equal(y[0], (x[0, ..., 1] > 0).double())


def test_every_experiment_of_the_page_is_stored():
    stored = measured("page-*")
    assert set(stored.index) == set(page.runs())
    for name, task in page.runs().items():
        run = stored.loc[name]
        swept = task.optimiser != "rmsprop"
        for found in run["rates"].values() if swept else [run]:
            assert len(found["accuracies"]) == len(found["batches"]) == len(page.SEEDS)
            assert max(found["batches"]) <= task.batches
        if swept:
            assert [float(rate) for rate in run["rates"]] == list(RATES[task.optimiser])
            assert page.SHOWN_RATE in RATES[task.optimiser]


def test_settings_are_named_as_the_page_names_them():
    unclipped = page.runs()["page-unclipped"].settings(0.1)
    clipped = page.runs()["page-clipped"].settings(0.1)
    assert unclipped["optimiser"] == clipped["optimiser"] == "sgd"
    assert clipped["clipped"] and not unclipped["clipped"]
    assert LSTM.settings(0.1)["optimiser"] == "rmsprop" and LSTM.settings(0.1)["clipped"]


def test_what_the_resolutions_say_is_stored():
    """Die Sätze unter den Tabellen von book/trainieren.md."""
    stored = measured("page-*")
    assert 1 <= solved(stored.loc["page-rnn"]) <= 4  # «die meisten raten», «einzelne Läufe»
    assert (solved(stored.loc["page-lstm-0"]), solved(stored.loc["page-lstm-3"])) == (0, 10)
    unclipped, clipped = (
        [solved(found) for found in stored.loc[name, "rates"].values()]
        for name in ("page-unclipped", "page-clipped")
    )
    assert unclipped[0] == clipped[0]
    assert all(cut > plain for cut, plain in zip(clipped[1:], unclipped[1:]))
    shown = f"{page.SHOWN_RATE:g}"
    first = [
        stored.loc[f"page-{n}", "rates"][shown]["batches"][0] for n in ("unclipped", "clipped")
    ]
    assert first[0] == 0 < first[1]  # der Lauf, den die Seite zeigt


def test_script_holds_every_experiment_and_the_page_names_no_other(trainings):
    content = json.loads(trainings.script().partition(" = ")[2].removesuffix(";\n"))
    text = (ROOT / "book" / "trainieren.md").read_text("utf-8")
    named = " ".join(re.findall(r'data-runs="([^"]+)"', text)).split()
    tabled = " ".join(re.findall(r"```\{stored\} (.+)", text)).split()
    assert named == tabled == list(content["runs"]) == list(page.runs())
    for name, run in content["runs"].items():
        assert run["settings"] == page.runs()[name].settings(run["settings"]["rate"])
    assert (
        content["runs"]["page-lstm-3"]["settings"]["rate"]
        == measured("page-lstm-3")["rate"].iloc[0]
    )


def test_tables_tell_how_each_run_ended(trainings):
    lines = trainings.table(["page-lstm-0", "page-lstm-3"]).splitlines()
    assert len(lines) == 2 + len(page.SEEDS)
    run = measured("page-lstm-3").iloc[0]
    assert lines[2].startswith("| 1 | nicht gelöst, ")
    assert f"| nach {run['batches'][0]} Stapeln, 100 % |" in lines[2]
    assert trainings.outcome(0, 0.98) == "nach 1500 Stapeln, 98 %"  # gelöst, ohne aufzuhören
    rates = trainings.table(["page-unclipped", "page-clipped"]).splitlines()
    assert [line.split("|")[1].strip() for line in rates[2:]] == ["0.01", "0.03", "0.1", "0.3", "1"]
    assert all(
        re.fullmatch(r"\| [\d.]+ \| \d+ von 10 \| \d+ von 10 \|", line) for line in rates[2:]
    )
