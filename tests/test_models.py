"""Die drei Netze und ihre Anfangswerte."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torchinfo import summary

from anncourse.config import CELLS, SCHEMES, Config
from anncourse.errors import InputError
from anncourse.initialisation import initialise, initialise_recurrent
from anncourse.models import (
    GRUClassifier,
    LSTMClassifier,
    SentimentClassifier,
    SimpleRNNClassifier,
    build_model,
    count_parameters,
)

PARAMETERS = {"rnn": 322_145, "lstm": 328_481, "gru": 326_369}
LAYERS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
SMALL = Config(vocabulary_size=50, embedding_dim=4, hidden_size=6)


def seeded(cell: str, config: Config = SMALL, seed: int = 0) -> SentimentClassifier:
    torch.manual_seed(seed)
    return build_model(cell, config)


# --- Netze ----------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
def test_number_of_parameters(cell):
    model = build_model(cell)
    assert count_parameters(model) == PARAMETERS[cell]
    info = summary(model, (1, 100), dtypes=[torch.long], verbose=0)
    assert info.trainable_params == info.total_params == PARAMETERS[cell]


def test_frozen_parameters_do_not_count():
    model = build_model("rnn")
    model.embedding.requires_grad_(False)
    assert count_parameters(model) == 322_145 - 320_000


def test_the_nets_differ_in_their_recurrent_layer_alone():
    others = []
    for cell, kind in zip(CELLS, (SimpleRNNClassifier, LSTMClassifier, GRUClassifier)):
        model = build_model(cell)
        assert type(model) is kind and type(model.recurrent) is LAYERS[cell]
        assert kind.__mro__[1] is SentimentClassifier
        assert kind.forward is SentimentClassifier.forward
        others.append(
            {n: t.shape for n, t in model.state_dict().items() if not n.startswith("recurrent")}
        )
    assert others[0] == others[1] == others[2]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("batch, steps", [(1, 1), (1, 100), (7, 20)])
def test_one_logit_per_review(cell, batch, steps):
    logits = seeded(cell)(torch.randint(0, 50, (batch, steps)))
    assert logits.shape == (batch,) and logits.dtype == torch.float32


def test_logits_are_not_squeezed_into_probabilities():
    model = seeded("rnn")
    with torch.no_grad():
        model.output.bias.fill_(100.0)
    assert model(torch.ones(1, 3, dtype=torch.long)) > 50


@pytest.mark.parametrize("cell", CELLS)
def test_forward_is_embedding_then_last_state_then_linear(cell):
    model = seeded(cell, Config(vocabulary_size=50, embedding_dim=4, hidden_size=6, init="pytorch"))
    model.eval()
    ids = torch.randint(0, 50, (3, 9))
    outputs, _ = model.recurrent(model.embedding(ids))
    assert torch.allclose(model(ids), model.output(outputs[:, -1])[:, 0], atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_reviews_of_a_batch_do_not_see_each_other(cell):
    model = seeded(cell).eval()
    ids = torch.randint(1, 50, (4, 9))
    alone = torch.cat([model(row[None]) for row in ids])
    assert torch.allclose(model(ids), alone, atol=1e-6)


def test_order_of_words_matters():
    model = seeded("lstm", Config(vocabulary_size=50, init="pytorch")).eval()
    ids = torch.tensor([[2, 3, 4, 5], [5, 4, 3, 2]])
    first, second = model(ids)
    assert abs(first - second) > 1e-4


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_padding_is_a_zero_vector_that_never_learns(cell, scheme):
    model = seeded(cell, Config(vocabulary_size=50, init=scheme))
    assert not model.embedding.weight[0].any()
    model(torch.tensor([[0, 0, 3, 4]])).sum().backward()
    assert not model.embedding.weight.grad[0].any()
    assert model.embedding.weight.grad[3].any()


def test_dropout_acts_in_training_alone():
    model = seeded("lstm")
    assert model.dropout.p == SMALL.embedding_dropout > 0
    ids = torch.randint(1, 50, (4, 30))
    model.train()
    assert not torch.equal(model(ids), model(ids))
    model.eval()
    assert torch.equal(model(ids), model(ids))


def test_dropout_drops_the_same_components_of_every_word():
    model = seeded("rnn").train()
    seen = []
    model.recurrent.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    model(torch.full((64, 5), 3))
    (x,) = seen  # (B, T, E)
    assert torch.equal(x, x[:, :1].expand_as(x))  # in jedem Schritt dieselbe Maske
    dropped = (x[:, 0] == 0).float().mean().item()
    assert abs(dropped - SMALL.embedding_dropout) < 0.05
    assert not torch.equal(x[0] == 0, x[1] == 0)  # je Kritik eine andere


def test_same_seed_same_weights():
    first, again, other = (seeded("gru", seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["embedding.weight"], other["embedding.weight"])


@pytest.mark.parametrize("cell", ["", "LSTM", "transformer"])
def test_unknown_cell(cell):
    with pytest.raises(InputError, match=f"Zelle: «{cell}» ist unbekannt; möglich .* lstm, gru"):
        build_model(cell)


def test_a_word_beyond_the_vocabulary_is_an_error():
    with pytest.raises(IndexError):
        seeded("rnn")(torch.tensor([[50]]))


# --- Anfangswerte ---------------------------------------------------------------------------


def gates(layer: nn.RNNBase, name: str) -> list[torch.Tensor]:
    return list(getattr(layer, name).detach().split(layer.hidden_size))


def test_pytorch_scheme_leaves_the_defaults():
    model = seeded("lstm", Config(init="pytorch"))
    bound = 1 / math.sqrt(32)
    for weight in model.recurrent.parameters():
        assert 0.9 * bound < weight.abs().max() <= bound
    assert 0.98 < model.embedding.weight[1:].std() < 1.02  # N(0, 1)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("scheme", ["keras", "orthogonal"])
def test_keras_and_orthogonal_scheme(cell, scheme):
    model = seeded(cell, Config(init=scheme))
    assert 0.049 < model.embedding.weight.abs().max() <= 0.05
    assert 0.028 < model.embedding.weight[1:].std() < 0.030  # U(±0.05): 0.05 / √3
    rows = model.recurrent.weight_ih_l0.shape[0]
    glorot = math.sqrt(6 / (32 + rows))
    assert 0.95 * glorot < model.recurrent.weight_ih_l0.abs().max() <= glorot
    U = model.recurrent.weight_hh_l0.detach()
    for Q in [U] if scheme == "keras" else U.split(32):  # Keras zieht alle Tore gemeinsam
        assert torch.allclose(Q.T @ Q, torch.eye(32), atol=1e-5)
    assert not model.output.bias.any() and model.output.weight.abs().max() <= math.sqrt(6 / 33)
    assert not model.recurrent.bias_hh_l0.any()
    if cell != "lstm":
        assert not model.recurrent.bias_ih_l0.any()
    else:
        assert model.recurrent.bias_ih_l0.split(32)[1].eq(1).all()


def test_keras_stretches_each_gate_less_than_orthogonal():
    largest = {}
    for scheme in ("keras", "orthogonal"):
        model = seeded("lstm", Config(init=scheme))
        largest[scheme] = [
            torch.linalg.matrix_norm(U, 2) for U in gates(model.recurrent, "weight_hh_l0")
        ]
    assert max(largest["keras"]) < 0.95 and min(largest["orthogonal"]) > 0.999
    rnn = [seeded("rnn", Config(init=scheme)).state_dict() for scheme in ("keras", "orthogonal")]
    assert all(torch.equal(a, b) for a, b in zip(rnn[0].values(), rnn[1].values()))


@pytest.mark.parametrize("scheme, value", [("keras", 1), ("irnn", 1), ("forget_bias_3", 3)])
@pytest.mark.parametrize(
    "options", [{}, {"num_layers": 3}, {"bidirectional": True}, {"num_layers": 2, "proj_size": 2}]
)
def test_forget_bias_of_every_layer_and_direction(scheme, value, options):
    layer = nn.LSTM(3, 4, **options)
    initialise_recurrent(layer, scheme)
    names = [name for name, _ in layer.named_parameters() if name.startswith("bias_ih")]
    assert len(names) == layer.num_layers * (1 + layer.bidirectional)
    for name in names:
        i, f, g, o = gates(layer, name)
        assert torch.all(f == value) and not any(gate.any() for gate in (i, g, o))
        assert not getattr(layer, name.replace("ih", "hh")).any()  # nicht doppelt


def test_open_update_gate_of_a_gru():
    layer = nn.GRU(3, 4)
    initialise_recurrent(layer, "forget_bias_3")
    r, z, n = gates(layer, "bias_ih_l0")
    assert torch.all(z == 3) and not r.any() and not n.any() and not layer.bias_hh_l0.any()


@pytest.mark.parametrize("kind", LAYERS.values())
def test_irnn_is_the_identity(kind):
    layer = kind(3, 5)
    initialise_recurrent(layer, "irnn")
    assert all(torch.equal(U, torch.eye(5)) for U in gates(layer, "weight_hh_l0"))


@pytest.mark.parametrize("kind", LAYERS.values())
def test_a_layer_without_bias(kind):
    layer = kind(3, 5, bias=False)
    initialise_recurrent(layer, "keras")
    U = layer.weight_hh_l0.detach()
    assert torch.allclose(U.T @ U, torch.eye(5), atol=1e-5)


def test_an_embedding_without_padding_is_kept_whole():
    model = seeded("rnn")
    model.embedding = nn.Embedding(50, 4)
    initialise(model, "keras")
    assert model.embedding.weight.any(dim=1).all()


def test_initialised_weights_still_learn():
    model = seeded("lstm")
    assert all(weight.requires_grad and weight.is_leaf for weight in model.parameters())
    model(torch.randint(1, 50, (2, 5))).sum().backward()
    assert all(weight.grad is not None for weight in model.parameters())


@pytest.mark.parametrize("scheme", ["", "Keras", "kears", None])
def test_unknown_scheme(scheme):
    with pytest.raises(InputError, match=f"Anfangswerte: «{scheme}» ist unbekannt; .* keras"):
        initialise(seeded("rnn"), scheme)
    with pytest.raises(InputError, match=f"Anfangswerte: «{scheme}» ist unbekannt; .* keras"):
        initialise_recurrent(nn.RNN(3, 4), scheme)


def test_a_net_of_one_unit():
    model = seeded("lstm", Config(vocabulary_size=2, embedding_dim=1, hidden_size=1))
    assert np.isfinite(model(torch.ones(1, 5, dtype=torch.long)).item())
