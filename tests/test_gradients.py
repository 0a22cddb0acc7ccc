"""Die Gradientennorm gegen den Abstand: gleich wie aus den Formeln gerechnet."""

import numpy as np
import pytest
import torch
from torch import nn

from anncourse.cells import rnn_step, unpack, unroll
from anncourse.errors import InputError
from anncourse.experiments.gradients import gradient_norms, track_gate
from anncourse.initialisation import initialise_recurrent

LAYERS = [nn.RNN, nn.LSTM, nn.GRU]


def layer_and_inputs(kind, batch=3, steps=8, input_size=3, hidden_size=4, seed=0, **options):
    torch.manual_seed(seed)
    layer = kind(input_size, hidden_size, batch_first=True, **options)
    return layer, torch.randn(batch, steps, input_size)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("num_layers", [1, 2])
def test_equal_to_the_full_jacobian(kind, num_layers):
    layer, x = layer_and_inputs(kind, num_layers=num_layers)
    measured = gradient_norms(layer, x)
    double = layer.double()
    norms = []
    for sequence in x.double():
        jacobian = torch.autograd.functional.jacobian(
            lambda s: double(s[None])[0][0, -1],
            sequence,  # noqa: B023
        )  # (H, T, E)
        norms.append(jacobian.square().sum((0, 2)).sqrt().flip(0))
    assert measured.shape == (8,)
    assert np.allclose(measured, torch.stack(norms).mean(0).numpy(), rtol=1e-10, atol=0)


def test_equal_to_the_product_of_the_text():
    """∂h_T/∂x_{T−k} = diag(1 − h_T²) U … diag(1 − h_{T−k}²) W, in NumPy nachgerechnet."""
    layer, x = layer_and_inputs(nn.RNN, batch=1)
    p = unpack("rnn", {name: w.detach().double().numpy() for name, w in layer.named_parameters()})
    h = unroll(rnn_step, x[0].double().numpy(), p)["h"]
    expected, product = [], np.eye(4)
    for t in reversed(range(8)):
        product = product @ np.diag(1 - h[t] ** 2)
        expected.append(np.linalg.norm(product @ p["W"]))
        product = product @ p["U"]
    assert np.allclose(gradient_norms(layer, x), expected, rtol=1e-10, atol=0)


def test_identity_without_input_forgets_nothing():
    layer, _ = layer_and_inputs(nn.RNN)
    initialise_recurrent(layer, "irnn")
    norms = gradient_norms(layer, torch.zeros(2, 50, 3))
    expected = torch.linalg.norm(layer.weight_ih_l0.double()).item()
    assert np.allclose(norms, expected, rtol=1e-12)


@pytest.mark.parametrize("kind", LAYERS)
def test_default_nets_vanish_and_even_tiny_gradients_stay_visible(kind):
    layer, x = layer_and_inputs(kind, batch=1, steps=101, input_size=16, hidden_size=16)
    norms = gradient_norms(layer, x)
    assert norms[0] > 0.1
    assert 0 < norms[100] < 1e-15 * norms[0]
    assert np.isfinite(np.log(norms)).all()


def test_open_forget_gate_carries_further():
    far = {}
    for scheme in ("pytorch", "orthogonal", "forget_bias_3"):
        layer, x = layer_and_inputs(nn.LSTM, batch=1, steps=51, input_size=16, hidden_size=16)
        initialise_recurrent(layer, scheme)
        norms = gradient_norms(layer, x)
        far[scheme] = norms[50] / norms[0]
    assert far["pytorch"] < 0.01 * far["orthogonal"] < 0.01 * far["forget_bias_3"]


def test_measuring_changes_neither_layer_nor_inputs():
    layer, x = layer_and_inputs(nn.LSTM)
    before = {name: weight.clone() for name, weight in layer.named_parameters()}
    state = torch.random.get_rng_state()
    first, second = gradient_norms(layer, x), gradient_norms(layer, x)
    assert np.array_equal(first, second)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not x.requires_grad and x.dtype == torch.float32
    for name, weight in layer.named_parameters():
        assert weight.grad is None and weight.dtype == torch.float32
        assert torch.equal(weight, before[name])


def test_one_step_has_one_lag():
    layer, x = layer_and_inputs(nn.GRU, steps=1)
    assert gradient_norms(layer, x).shape == (1,)


def test_a_trained_layer_will_do():
    layer, x = layer_and_inputs(nn.LSTM)
    expected = gradient_norms(layer, x)
    layer(x)[0].sum().backward()
    layer.eval().requires_grad_(False)
    assert np.allclose(gradient_norms(layer, x), expected, rtol=1e-12, atol=0)


def test_layer_that_reads_time_first():
    with pytest.raises(InputError, match="batch_first=False.*Erwartet werden batch_first=True"):
        gradient_norms(nn.RNN(3, 4), torch.zeros(2, 5, 3))


def test_a_single_sequence_without_batch():
    layer, x = layer_and_inputs(nn.RNN)
    with pytest.raises(InputError, match=r"\(8, 3\).*Erwartet.*\(B, T, I\).*x\[None\]"):
        gradient_norms(layer, x[0])
    assert gradient_norms(layer, x[0][None]).shape == (8,)


@pytest.mark.parametrize("kind, bias", [(nn.LSTM, 3.0), (nn.GRU, 3.0)])
def test_track_gate_follows_its_bias(kind, bias):
    layer, x = layer_and_inputs(kind)
    initialise_recurrent(layer, "forget_bias_3")
    zeros = {name: torch.zeros_like(w) for name, w in layer.named_parameters() if "weight" in name}
    layer.load_state_dict(zeros, strict=False)
    assert track_gate(layer, x) == pytest.approx(1 / (1 + np.exp(-bias)))


def test_an_rnn_has_no_track_gate():
    assert track_gate(*layer_and_inputs(nn.RNN)) is None
