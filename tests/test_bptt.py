"""Die Rückwärtsrechnung von Hand: gleich wie Autograd, für jede Zahl."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from anncourse.bptt import BPTTLayer, SimpleRNNFunction, backward
from anncourse.cells import rnn_step, unpack, unroll
from anncourse.errors import InputError

SIZES = [  # (B, T, I, H)
    (1, 1, 1, 1),
    (2, 1, 3, 4),
    (1, 2, 5, 3),
    (3, 7, 2, 6),
    (8, 30, 40, 17),
    (5, 200, 1, 40),
    (4, 200, 32, 32),
]


def layers(input_size, hidden_size, seed=0, scale=1.0):
    """Beide Schichten mit denselben Gewichten, in doppelter Genauigkeit."""
    torch.manual_seed(seed)
    reference = nn.RNN(input_size, hidden_size, batch_first=True).double()
    with torch.no_grad():
        for weight in reference.parameters():
            weight *= scale
    ours = BPTTLayer(input_size, hidden_size, batch_first=True).double()
    ours.load_state_dict(reference.state_dict())
    return reference, ours


def gradients(layer, x, loss):
    """Ausgaben und Gradienten einer Schicht, beim Namen; ``loss`` nimmt output und h_n."""
    x = x.clone().requires_grad_()
    output, last = layer(x)
    layer.zero_grad()
    loss(output, last).backward()
    grads = {name: weight.grad for name, weight in layer.named_parameters()}
    return {"output": output.detach(), "h_n": last.detach(), "x": x.grad} | grads


def assert_equal(found, expected, tolerance=1e-12):
    """Abweichung höchstens ``tolerance``, gemessen am grössten Betrag (mindestens 1)."""
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        value, other = np.asarray(value), np.asarray(found[name])
        assert other.shape == value.shape, name
        assert np.abs(other - value).max() <= tolerance * max(1, np.abs(value).max()), name


def every_step(seed=1):
    """Ein Verlust mit eigenem Gewicht für jede Zahl von ``output``, und h_n zählt auch."""

    def loss(output, last):
        generator = torch.Generator().manual_seed(seed)
        weights = torch.randn(output.shape, generator=generator).to(output)
        return (weights * output).sum() + last.square().sum() / 2

    return loss


def only_last(output, last):
    return (last - 0.5).square().sum()


def only_last_of_output(output, last):
    return output[:, -1].square().sum()


LOSSES = [every_step(), only_last, only_last_of_output]


# --- Die Schleife in NumPy --------------------------------------------------------------------


def numpy_case(steps, input_size, hidden_size, seed, last_only=False):
    """Eine Folge: was `backward` nimmt, und was Autograd dazu sagt."""
    reference, _ = layers(input_size, hidden_size, seed)
    x = torch.randn(steps, input_size, dtype=torch.double)
    dL_dh = torch.randn(steps, hidden_size, dtype=torch.double)
    if last_only:
        dL_dh[:-1] = 0
    expected = gradients(reference, x[None], lambda output, _: (output[0] * dL_dh).sum())
    expected = {
        "W": expected["weight_ih_l0"],
        "U": expected["weight_hh_l0"],
        "b": expected["bias_ih_l0"],
        "x": expected["x"][0],
    }
    p = unpack("rnn", {name: w.detach().numpy() for name, w in reference.named_parameters()})
    h = unroll(rnn_step, x.numpy(), p)["h"]
    return (x.numpy(), h, p, dL_dh.numpy()), expected


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("last_only", [False, True])
def test_loop_equals_autograd(size, seed, last_only):
    given, expected = numpy_case(*size[1:], seed, last_only)
    assert_equal(backward(*given), expected)


def test_loop_equals_autograd_on_random_sizes():
    rng = np.random.default_rng(16)
    for seed in range(40):
        steps, *sizes = int(rng.integers(1, 201)), *map(int, rng.integers(1, 41, 2))
        given, expected = numpy_case(steps, *sizes, seed, last_only=bool(seed % 2))
        assert_equal(backward(*given), expected)


def test_the_three_numbers_of_the_text():
    """u = 0.5, w = 1, b = 0; L = ½ (h_3 − 1)²."""
    x = np.array([[np.log(3) / 2], [np.log(2) - 0.25], [np.log(3) - 0.3]])
    p = {"W": np.ones((1, 1)), "U": np.full((1, 1), 0.5), "b": np.zeros(1)}
    h = unroll(rnn_step, x, p)["h"]
    grad = backward(x, h, p, np.array([[0], [0], [h[2, 0] - 1]]))
    delta = np.array([-0.00864, -0.02304, -0.072])
    expected = {"x": delta[:, None], "b": [delta.sum()], "U": [[-0.05472]]}
    assert_equal(grad, expected | {"W": [[(delta * x[:, 0]).sum()]]})


def test_loop_changes_none_of_its_inputs():
    given, _ = numpy_case(6, 3, 4, seed=0)
    (x, h, p, dL_dh), before = copy.deepcopy(given), given
    first, second = backward(x, h, p, dL_dh), backward(x, h, p, dL_dh)
    assert_equal(first, second, tolerance=0)
    assert_equal(p, before[2], tolerance=0)
    assert all(np.array_equal(a, before[n]) for n, a in ((0, x), (1, h), (3, dL_dh)))


def test_loop_takes_whole_numbers():
    x, p = np.array([[1], [0], [2]]), {"W": np.eye(1, dtype=int), "U": np.eye(1, dtype=int)}
    p["b"] = np.zeros(1, dtype=int)
    h = unroll(rnn_step, x, p)["h"]
    real = {name: value.astype(float) for name, value in p.items()}
    expected = backward(x.astype(float), h, real, np.ones_like(h))
    assert_equal(backward(x, h, p, np.ones(h.shape, dtype=int)), expected, tolerance=0)


def test_loop_in_single_precision():
    (x, h, p, dL_dh), expected = numpy_case(200, 32, 32, seed=3)
    p = {name: value.astype(np.float32) for name, value in p.items()}
    x, h, dL_dh = (a.astype(np.float32) for a in (x, h, dL_dh))
    grad = backward(x, h, p, dL_dh)
    assert {value.dtype for value in grad.values()} == {np.dtype(np.float32)}
    assert_equal(grad, expected, tolerance=1e-5)


@pytest.mark.parametrize("wrong", ["x", "dL_dh", "last"])
def test_loop_refuses_other_shapes(wrong):
    (x, h, p, dL_dh), _ = numpy_case(5, 3, 5, seed=0)  # T = H: ein Vektor passte sonst
    x = x[:-1] if wrong == "x" else x
    dL_dh = {"dL_dh": dL_dh[:-1], "last": dL_dh[-1]}.get(wrong, dL_dh)
    with pytest.raises(InputError, match=r"Gegeben.*x \(\d, 3\).*Erwartet.*\(T, H\)"):
        backward(x, h, p, dL_dh)


# --- Die Schicht ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("loss", LOSSES)
def test_layer_equals_nn_rnn(size, loss):
    batch, steps, *sizes = size
    reference, ours = layers(*sizes, seed=steps)
    x = torch.randn(batch, steps, sizes[0], dtype=torch.double)
    expected = gradients(reference, x, loss)
    assert set(expected) == {"output", "h_n", "x", *dict(reference.named_parameters())}
    assert_equal(gradients(ours, x, loss), expected)


@pytest.mark.parametrize("loss", LOSSES)
def test_saturated_layer_equals_nn_rnn(loss):
    reference, ours = layers(3, 6, scale=5)
    x = torch.randn(3, 12, 3, dtype=torch.double)
    assert_equal(gradients(ours, x, loss), gradients(reference, x, loss))


def test_layer_equals_nn_rnn_on_random_sizes():
    rng = np.random.default_rng(16)
    for seed in range(40):
        batch, steps = int(rng.integers(1, 9)), int(rng.integers(1, 201))
        sizes = [int(n) for n in rng.integers(1, 41, 2)]
        reference, ours = layers(*sizes, seed=seed)
        x = torch.randn(batch, steps, sizes[0], dtype=torch.double)
        loss = LOSSES[seed % len(LOSSES)]
        assert_equal(gradients(ours, x, loss), gradients(reference, x, loss))


@pytest.mark.parametrize("loss", LOSSES)
def test_layer_in_single_precision(loss):
    reference, ours = (layer.float() for layer in layers(32, 32))
    x = torch.randn(8, 200, 32)
    assert_equal(gradients(ours, x, loss), gradients(reference, x, loss), tolerance=1e-5)


def test_layer_reads_views():
    reference, ours = layers(3, 4)
    whole = torch.randn(5, 20, 6, dtype=torch.double)
    views = whole.transpose(0, 1)[::2, :, ::2], whole[:, :1, :3].expand(5, 7, 3)
    for x in views:
        assert not x.is_contiguous()
        for loss in LOSSES:
            x = x.detach().requires_grad_()
            grads = [
                torch.autograd.grad(loss(*layer(x)), [x, *layer.parameters()])
                for layer in (reference, ours)
            ]
            expected, found = (dict(zip("xWUbc", grad)) for grad in grads)
            assert_equal(found, expected)


def test_layer_under_a_second_layer_and_twice():
    """Der Gradient von oben ist nicht mehr eine blosse Summe; zwei Verluste addieren sich."""
    reference, ours = (
        nn.ModuleList([layer, second]) for layer, second in zip(layers(3, 4), layers(4, 2, seed=1))
    )
    x = torch.randn(3, 9, 3, dtype=torch.double)
    for pair in (reference, ours):
        output, last = pair[1](torch.relu(pair[0](x)[0]))
        output.square().mean().backward(retain_graph=True)
        last.sum().backward()
    grads = [{name: w.grad for name, w in pair.named_parameters()} for pair in (reference, ours)]
    assert_equal(grads[1], grads[0])


def test_layer_without_gradient():
    reference, ours = layers(3, 4)
    x = torch.randn(2, 5, 3, dtype=torch.double)
    with torch.no_grad():
        (output, last), expected = ours(x), reference(x)
    assert not output.requires_grad
    assert_equal({"output": output, "h_n": last}, dict(zip(["output", "h_n"], expected)))
    ours(x)[1].sum().backward()  # x braucht keinen Gradienten
    assert ours.weight_ih_l0.grad is not None


@pytest.mark.parametrize("size", [(1, 1, 1, 1), (2, 1, 3, 4), (1, 5, 2, 3), (3, 6, 4, 2)])
def test_gradcheck(size):
    batch, steps, input_size, hidden_size = size
    torch.manual_seed(0)
    shapes = [
        (batch, steps, input_size),
        (hidden_size, input_size),
        (hidden_size, hidden_size),
        (hidden_size,),
    ]
    inputs = [torch.randn(s, dtype=torch.double, requires_grad=True) for s in shapes]
    assert torch.autograd.gradcheck(SimpleRNNFunction.apply, inputs)


@pytest.mark.parametrize("power", [1, 2])
def test_second_derivative_is_refused_not_wrong(power):
    _, ours = layers(3, 4)
    x = torch.randn(1, 1, 3, dtype=torch.double, requires_grad=True)
    loss = ours(x)[0].pow(power).sum()
    (grad,) = torch.autograd.grad(loss, x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable|does not require grad"):
        grad.sum().backward()


def test_layer_takes_and_gives_the_weights_of_nn_rnn():
    reference, ours = layers(3, 4)
    reference.load_state_dict(ours.state_dict())
    assert isinstance(ours, nn.RNN) and list(ours.state_dict()) == list(reference.state_dict())


@pytest.mark.parametrize(
    "options",
    [
        {"num_layers": 2},
        {"bidirectional": True},
        {"nonlinearity": "relu"},
        {"bias": False},
        {"batch_first": False},
    ],
)
def test_layer_is_the_simple_one(options):
    with pytest.raises(InputError, match="Gegeben ist BPTTLayer.*RNN_.*Erwartet wird eine Lage"):
        BPTTLayer(3, 4, **{"batch_first": True} | options)


@pytest.mark.parametrize(
    "x",
    [
        torch.zeros(5, 3),
        torch.zeros(2, 0, 3),
        torch.zeros(2, 5, 4),
        torch.zeros(2, 5, 3, 1),
        nn.utils.rnn.pack_sequence([torch.zeros(5, 3)]),
    ],
    ids=["ohne Stapel", "T = 0", "I = 4", "4-stufig", "gepackt"],
)
def test_layer_refuses_other_sequences(x):
    with pytest.raises(InputError, match=r"Gegeben sind Folgen.*Erwartet wird \(B, T, 3\)"):
        BPTTLayer(3, 4, batch_first=True)(x)


def test_layer_refuses_a_start_state():
    with pytest.raises(InputError, match="h_0 = 0"):
        BPTTLayer(3, 4, batch_first=True)(torch.zeros(2, 5, 3), torch.zeros(1, 2, 4))
