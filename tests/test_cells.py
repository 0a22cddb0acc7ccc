"""Die Zellen in NumPy: gleich wie PyTorch, Schritt für Schritt."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from anncourse.cells import STACKED, STEPS, sigmoid, unpack, unroll, zero_state

LAYERS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
SIZES = [(1, 1), (3, 5), (5, 3), (8, 8), (32, 32)]  # (E, H)
INSIDE = {
    "rnn": {"h"},
    "lstm": {"h", "c", "i", "f", "o", "candidate"},
    "gru": {"h", "r", "z", "candidate"},
}


def torch_layer(cell: str, input_size: int, hidden_size: int, seed: int) -> nn.RNNBase:
    torch.manual_seed(seed)
    return LAYERS[cell](input_size, hidden_size, batch_first=True).double()


def numpy_weights(cell: str, layer: nn.RNNBase) -> dict[str, np.ndarray]:
    return unpack(cell, {name: w.detach().numpy() for name, w in layer.named_parameters()})


# --- Gleich wie PyTorch ---------------------------------------------------------------------


@pytest.mark.parametrize("cell", STEPS)
@pytest.mark.parametrize("input_size, hidden_size", SIZES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_equal_to_pytorch_over_500_steps(cell, input_size, hidden_size, seed):
    layer = torch_layer(cell, input_size, hidden_size, seed)
    x = torch.randn(500, input_size, dtype=torch.double)
    with torch.no_grad():
        output, last = layer(x[None])
    states = unroll(STEPS[cell], x.numpy(), numpy_weights(cell, layer))
    assert states["h"].shape == (500, hidden_size)
    assert np.abs(states["h"] - output[0].numpy()).max() < 1e-12
    if cell == "lstm":
        assert np.abs(states["c"][-1] - last[1][0, 0].numpy()).max() < 1e-12


@pytest.mark.parametrize("cell", STEPS)
def test_equal_to_pytorch_from_a_given_state(cell):
    layer = torch_layer(cell, 3, 5, seed=4)
    x, h, c = (torch.randn(n, m, dtype=torch.double) for n, m in ((20, 3), (1, 5), (1, 5)))
    start = (h[None], c[None]) if cell == "lstm" else h[None]
    with torch.no_grad():
        output, _ = layer(x[None], start)
    state = {"h": h[0].numpy(), "c": c[0].numpy()}
    states = unroll(STEPS[cell], x.numpy(), numpy_weights(cell, layer), state)
    assert np.abs(states["h"] - output[0].numpy()).max() < 1e-12


@pytest.mark.parametrize("cell", STEPS)
def test_large_weights_saturate_without_overflow(cell):
    layer = torch_layer(cell, 3, 5, seed=5)
    with torch.no_grad():
        for weight in layer.parameters():
            weight *= 1000
        x = torch.randn(5, 3, dtype=torch.double)
        output, _ = layer(x[None])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        states = unroll(STEPS[cell], x.numpy(), numpy_weights(cell, layer))
    assert np.abs(states["h"] - output[0].numpy()).max() < 1e-6


@pytest.mark.parametrize("cell", STEPS)
def test_float32_weights_of_a_trained_net_will_do(cell):
    layer = torch_layer(cell, 4, 6, seed=6).float()
    x = torch.randn(100, 4)
    with torch.no_grad():
        output, _ = layer(x[None])
    states = unroll(STEPS[cell], x.numpy(), numpy_weights(cell, layer))
    assert np.abs(states["h"] - output[0].numpy()).max() < 1e-5


# --- Die Schleife ---------------------------------------------------------------------------


@pytest.mark.parametrize("cell", STEPS)
def test_unroll_returns_every_quantity_at_every_step(cell):
    layer = torch_layer(cell, 3, 5, seed=0)
    x = np.random.default_rng(0).normal(size=(7, 3))
    states = unroll(STEPS[cell], x, numpy_weights(cell, layer))
    assert set(states) == INSIDE[cell]
    assert {value.shape for value in states.values()} == {(7, 5)}
    for gate in INSIDE[cell] & set("ifozr"):
        assert 0 < states[gate].min() and states[gate].max() < 1


@pytest.mark.parametrize("cell", STEPS)
def test_reading_on_from_the_middle_gives_the_same(cell):
    p = numpy_weights(cell, torch_layer(cell, 3, 5, seed=1))
    x = np.random.default_rng(1).normal(size=(10, 3))
    whole = unroll(STEPS[cell], x, p)
    first = unroll(STEPS[cell], x[:4], p)
    second = unroll(STEPS[cell], x[4:], p, {name: value[-1] for name, value in first.items()})
    for name in whole:
        assert np.array_equal(whole[name], np.concatenate([first[name], second[name]]))


@pytest.mark.parametrize("cell", STEPS)
def test_a_step_changes_neither_state_nor_weights(cell):
    p = numpy_weights(cell, torch_layer(cell, 3, 5, seed=2))
    before = {name: value.copy() for name, value in p.items()}
    state = {"h": np.full(5, 0.5), "c": np.full(5, 2.0)}
    unroll(STEPS[cell], np.ones((3, 3)), p, state)
    assert set(state) == {"h", "c"}
    assert np.all(state["h"] == 0.5) and np.all(state["c"] == 2)
    assert all(np.array_equal(p[name], before[name]) for name in p)


def test_chapter_sizes_100_steps_32_inputs_64_outputs():
    rng = np.random.default_rng(0)
    p = {"W": rng.normal(size=(64, 32)) / 8, "U": rng.normal(size=(64, 64)) / 8, "b": np.zeros(64)}
    h = unroll(STEPS["rnn"], rng.normal(size=(100, 32)), p)["h"]
    assert h.shape == (100, 64)
    assert np.abs(h).max() < 1


def test_zero_state():
    state = zero_state(4)
    assert set(state) == {"h", "c"}
    assert all(value.shape == (4,) and not value.any() for value in state.values())
    assert state["h"] is not state["c"]


# --- Gleichungen an Zahlen, die man im Kopf nachrechnet ---------------------------------------


def scalar_parameters(cell: str, **values: float) -> dict[str, np.ndarray]:
    """Gewichte einer Zelle mit E = H = 1; was nicht genannt ist, ist 0."""
    names = {f"{letter}{gate}" for gate in STACKED[cell] for letter in "WUb"} | {"b_h2"}
    assert set(values) <= names
    shapes = {"W": (1, 1), "U": (1, 1), "b": (1,)}
    return {name: np.full(shapes[name[0]], values.get(name, 0.0)) for name in names}


def test_lstm_with_open_forget_gate_keeps_its_carry():
    p = scalar_parameters("lstm", b_f=50, b_i=-50)
    c = unroll(STEPS["lstm"], np.ones((200, 1)), p, {"h": np.zeros(1), "c": np.array([0.7])})["c"]
    assert np.allclose(c, 0.7)


def test_lstm_output_is_gate_times_tanh_of_the_new_carry():
    p = scalar_parameters("lstm", b_f=50, b_i=50, b_o=50, b_c=50)  # alle 1
    states = unroll(STEPS["lstm"], np.zeros((3, 1)), p)
    assert np.allclose(states["c"][:, 0], [1, 2, 3])
    assert np.allclose(states["h"][:, 0], np.tanh([1, 2, 3]))


@pytest.mark.parametrize("b_z, expected", [(50, 0.3), (-50, np.tanh(2))])
def test_gru_update_gate_chooses_between_old_state_and_candidate(b_z, expected):
    p = scalar_parameters("gru", b_z=b_z, b_h=2)
    states = unroll(STEPS["gru"], np.zeros((1, 1)), p, {"h": np.array([0.3])})
    assert np.allclose(states["h"], expected)


@pytest.mark.parametrize("b_r, expected", [(50, np.tanh(1 + 2 + 3 * 0.3)), (-50, np.tanh(1))])
def test_gru_reset_gate_acts_on_the_second_bias_too(b_r, expected):
    p = scalar_parameters("gru", b_r=b_r, b_h=1, b_h2=2, U_h=3)
    states = unroll(STEPS["gru"], np.zeros((1, 1)), p, {"h": np.array([0.3])})
    assert np.allclose(states["candidate"], expected)


# --- Gewichte zerlegen ----------------------------------------------------------------------


def test_unpack_follows_pytorch_order_of_gates():
    H, E = 2, 3
    for cell, gates in (("lstm", ["i", "f", "c", "o"]), ("gru", ["r", "z", "h"])):
        rows = np.repeat(np.arange(len(gates)), H)
        weights = {
            "weight_ih_l0": np.outer(rows, np.ones(E)),
            "weight_hh_l0": np.outer(rows, np.ones(H)),
            "bias_ih_l0": rows * 1.0,
            "bias_hh_l0": rows * 10.0,
        }
        p = unpack(cell, weights)
        for number, gate in enumerate(gates):
            assert p[f"W_{gate}"].shape == (H, E) and np.all(p[f"W_{gate}"] == number)
            assert p[f"U_{gate}"].shape == (H, H) and np.all(p[f"U_{gate}"] == number)
            if gate != "h":
                assert np.all(p[f"b_{gate}"] == 11 * number)
    assert np.all(p["b_h"] == 2) and np.all(p["b_h2"] == 20)  # nicht addiert


def test_unpack_names_the_simple_rnn_without_gate():
    assert set(numpy_weights("rnn", torch_layer("rnn", 3, 2, seed=0))) == {"W", "U", "b"}


def test_sigmoid():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = sigmoid(np.array([-1e300, -800, 0, 800, 1e300]))
    assert values.tolist() == [0, 0, 0.5, 1, 1]
    x = np.linspace(-10, 10, 101)
    assert np.abs(sigmoid(x) - 1 / (1 + np.exp(-x))).max() < 1e-15
    assert np.allclose(sigmoid(x) + sigmoid(-x), 1, atol=1e-15, rtol=0)
    assert np.isnan(sigmoid(np.nan))
