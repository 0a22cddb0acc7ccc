"""Bit und Riegel: die Zeilen, die Anfangswerte, was gespeichert ist."""

import json
from dataclasses import asdict, replace

import pytest
import torch

from anncourse.experiments import bit, held, latch
from anncourse.experiments.bit import BitTask, Row, measure, neutral
from anncourse.experiments.latch import LatchTask
from anncourse.experiments.many import SOLVED, right, solved
from anncourse.experiments.one_unit import fixed_point, slope
from anncourse.experiments.starts import build, layer
from anncourse.experiments.stored import MEASURED_FOLDER


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


# --- Anfangswerte ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell, place", [("lstm", slice(3, 6)), ("gru", slice(3, 6)), ("mingru", slice(0, 3))]
)
def test_the_bias_of_the_gate_that_keeps(cell, place):
    scheme = "pytorch" if cell == "mingru" else "keras"
    torch.manual_seed(0)
    plain = layer(cell, scheme, 3, 50).bias_ih_l0
    torch.manual_seed(0)
    opened = layer(cell, f"{scheme}-3", 3, 50).bias_ih_l0
    assert (opened[place] == 3).all()
    rest = [n for n in range(len(plain)) if not place.start <= n < place.stop]
    assert torch.equal(opened[rest], plain[rest])


def test_chrono_spreads_the_gates_over_the_lag():
    torch.manual_seed(0)
    i, f, *_ = layer("lstm", "keras-chrono", 1000, 50).bias_ih_l0.detach().split(1000)
    assert torch.equal(i, -f) and f.min() >= 0
    memory = 1 / (1 - f.sigmoid())  # im Mittel so viele Schritte, gleichverteilt bis k
    assert memory.mean() == pytest.approx(26.5, abs=2) and memory.max() < 52


def test_small_input_weights():
    torch.manual_seed(0)
    usual = layer("rnn", "orthogonal", 4, 0)
    torch.manual_seed(0)
    small = layer("rnn", "small", 4, 0)
    assert torch.allclose(small.weight_ih_l0, usual.weight_ih_l0 / 10)
    assert torch.equal(small.weight_hh_l0, usual.weight_hh_l0)


def test_stretched_recurrent_weights():
    torch.manual_seed(0)
    values = torch.linalg.svdvals(layer("rnn", "stretched", 4, 0).weight_hh_l0)
    assert torch.allclose(values, torch.tensor(1.5), atol=1e-5)


# --- Die Aufgaben ---------------------------------------------------------------------------


def test_a_batch_of_the_bit_task():
    x, y = BitTask(Row("rnn", "small", 4), 7).drawing((0, 1))()
    assert x.shape == (8, 2, 32, 2) and y.shape == (1, 2, 32)
    assert torch.equal(x[0, ..., 1] > 0, y[0] == 1) and (x[1:, ..., 1].abs() == 1).all()
    silent = BitTask(Row("rnn", "small", 4, distractors=False), 7)
    assert (silent.drawing((0, 1))()[0][1:] == 0).all()
    assert not torch.equal(x[:, 0], x[:, 1])  # jeder Zufallsstart zieht eigene Folgen


def test_the_latch_asks_for_the_last_marked_value():
    x, y = latch.sequences(50, 30, 0.2, generator())
    assert (x[:, 0, 0] == 1).all() and 0.1 < x[:, 1:, 0].mean() < 0.3
    for marks, values, answers in zip(x[..., 0], x[..., 1], y):
        last = None
        for m, v, answer in zip(marks, values, answers):
            last = v if m == 1 else last
            assert answer == (last > 0)


def test_neutral_counts_singular_values_near_one():
    nets = build("rnn", "orthogonal", 4, (0, 1))
    assert neutral(nets) == [4, 4]
    with torch.no_grad():
        nets.U[1] *= 0.85
    assert neutral(nets) == [4, 0]


def test_a_row_of_a_short_lag(monkeypatch):
    row = Row("lstm", "keras-3", 4)
    found = measure(row, 3)
    assert solved(found) == 5 and all(0 < b < bit.BATCHES for b in found["batches"])
    assert len(found["accuracies"]) == 5 and found["neutral"] == {}
    assert set(measure(Row("rnn", "small", 4), 2)["neutral"]) >= {"0", "10", "end"}


def test_gates_of_a_latch_set_by_hand():
    """Zu bei der Marke, offen dazwischen: So liest `gates` es aus den Gewichten."""
    task = LatchTask("lstm", "keras-1", 1)
    nets = task.build((0,))
    with torch.no_grad():
        for weight in (nets.W, nets.U, nets.b, nets.b_U):
            weight.zero_()
        i, f, k, o = range(4)
        nets.W[0, i, 0], nets.b[0, i] = 20, -10
        nets.W[0, f, 0], nets.b[0, f] = -20, 10
        nets.W[0, k, 1], nets.b[0, o] = 5, 10
        nets.V.fill_(1), nets.v.zero_()
    found = latch.gates("lstm", latch.parts(task, nets, 0))
    assert found["f"]["mark"] < 0.01 < 0.99 < found["f"]["else"]
    assert found["i"]["else"] < 0.01 < 0.99 < found["i"]["mark"]
    assert task.accuracy(nets, (0,)).item() == 1


def test_the_gate_of_a_mingru_sees_only_the_input():
    task = LatchTask("mingru", "pytorch", 1)
    nets = task.build((0,))
    with torch.no_grad():
        nets.W.zero_(), nets.b.zero_()
        nets.W[0, 0, 0], nets.b[0, 0] = -20, 10  # z: zu bei der Marke, sonst offen
    found = latch.gates("mingru", latch.parts(task, nets, 0))
    assert found["z"]["mark"] < 0.01 < 0.99 < found["z"]["else"]


# --- Was gespeichert ist --------------------------------------------------------------------


@pytest.mark.parametrize(
    "experiment, pattern", [(bit, "bit-*"), (held, "held-*"), (latch, "latch-*")]
)
def test_stored_runs_are_those_of_today(experiment, pattern):
    stored = sorted(MEASURED_FOLDER.glob(f"{pattern}.json"))
    assert {file.stem for file in stored} == set(experiment.runs())
    for file in stored:
        result = json.loads(file.read_text("utf-8"))
        assert result["config"] == asdict(experiment.runs()[file.stem])


def test_the_ladder_ends_where_fewer_than_four_of_five_solve():
    for file in MEASURED_FOLDER.glob("bit-*.json"):
        *before, last = json.loads(file.read_text("utf-8"))["lags"].values()
        assert all(solved(found) >= bit.ENOUGH for found in before)
        assert solved(last) < bit.ENOUGH or len(before) + 1 == len(bit.LAGS)


def test_a_stored_run_comes_out_again():
    name = "bit-rnn-orthogonal-04"
    stored = json.loads((MEASURED_FOLDER / f"{name}.json").read_text("utf-8"))["lags"]["10"]
    again = measure(bit.runs()[name], 10)
    assert again["rate"] == stored["rate"] and solved(again) == solved(stored)
    assert min(again["accuracies"]) >= SOLVED


def test_names_tell_the_row():
    row = Row("lstm", "keras-3", 4)
    assert row.name == "bit-lstm-keras-3-04"
    assert replace(row, distractors=False).name == "bit-lstm-keras-3-04-silence"
    assert replace(row, optimiser="sgd").name == "bit-lstm-keras-3-04-sgd"


def test_the_reach_of_a_row():
    def found(*accuracies):
        return {"accuracies": accuracies}

    all_five, three = found(*[1.0] * 5), found(1.0, 1.0, 0.98, 0.97, 0.5)
    assert bit.reach({"10": all_five, "25": three}) == "10 (3)"
    assert bit.reach({"10": three}) == "– (3)"
    assert bit.reach({"100": all_five, "200": found(1.0, 1.0, 1.0, 1.0, 0.6)}) == "200"


# --- Wie das Bit gehalten wird --------------------------------------------------------------


def after_a_push(number, steps=250):
    """Ein Wert von ±3 am Anfang, danach nur Nullen: (T, N, 8, 2) und die Ziele."""
    y = torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0]).expand(1, number, 8)
    x = torch.zeros(steps, number, 8, 2)
    x[0, ..., 1] = 3 * (2 * y[0] - 1)
    return x, y


def one_unit(u):
    nets = build("rnn", "pytorch", 1, (0, 1))
    with torch.no_grad():
        for weight in nets.parameters():
            weight.zero_()
        nets.U.fill_(u), nets.V.fill_(1)
        nets.W[:, 0, 1] = 1  # der Wert stösst an, dann ist Ruhe
    return nets


def test_the_factor_of_a_unit_at_rest_is_its_slope():
    """Eine Einheit mit u = 2, an ihrem Fixpunkt: Ein Schritt multipliziert mit 0.166."""
    found = held.factor(one_unit(2), after_a_push(2)[0])
    assert found == pytest.approx([slope(2, fixed_point(2))] * 2, rel=1e-4)


def test_the_factor_of_an_orthogonal_net_that_stays_near_zero_is_one():
    nets = build("rnn", "orthogonal", 4, (0,))
    with torch.no_grad():
        nets.W.zero_(), nets.b.zero_(), nets.b_U.zero_()
    assert held.factor(nets, after_a_push(1)[0]) == pytest.approx([1], rel=1e-5)


@pytest.mark.parametrize("u, answers", [(2, 1), (-2, 0)])
def test_a_bit_whose_sign_alternates_is_held_all_the_same(u, answers):
    nets, (x, y) = one_unit(u), after_a_push(2)
    with torch.no_grad():
        assert right(nets(x)[-1:], y).tolist() == [answers] * 2
    assert held.readable(nets, x, y) == [1, 1]


def test_what_has_faded_is_not_readable():
    nets, (x, y) = one_unit(0.5), after_a_push(2, 2000)
    assert max(held.readable(nets, x, y)) <= 0.75  # vier Folgen zum Prüfen


def test_the_table_shows_the_widths_in_order():
    table = bit.table({"GRU, PyTorch": "gru-pytorch", "LSTM": "lstm-keras-3"})
    assert list(table.columns) == ["H = 1", "H = 4", "H = 8", "H = 32"]
    assert table.loc["GRU, PyTorch", "H = 1"] == "" and table.loc["LSTM", "H = 1"].startswith("25")
