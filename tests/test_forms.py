"""Andere Formen eines Netzes: was sie ändern, und was sie lassen."""

import pytest
import torch

from anncourse.config import Config
from anncourse.experiments.forms import FORMS
from anncourse.models import SentimentClassifier, build_model

SMALL = Config(vocabulary_size=50, embedding_dim=6, hidden_size=5)
IDS = torch.tensor([[0, 0, 3, 4, 5], [7, 8, 9, 3, 2]])
PADDED = torch.cat([torch.zeros(2, 4, dtype=torch.long), IDS], dim=1)


def pair(form: str, cell: str = "lstm") -> tuple[SentimentClassifier, SentimentClassifier]:
    torch.manual_seed(0)
    plain = build_model(cell, SMALL).eval()
    torch.manual_seed(0)
    return plain, FORMS[form](build_model(cell, SMALL)).eval()


def changed(form: str, cell: str = "lstm") -> set[str]:
    plain, other = (model.state_dict() for model in pair(form, cell))
    return {name for name in plain if not torch.equal(plain[name], other[name])}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_reads_and_learns(form):
    _, model = pair(form)
    logits = model(IDS)
    assert logits.shape == (2,) and model.cell == "lstm" and model.config == SMALL
    logits.sum().backward()
    assert all(weight.grad is not None for weight in model.parameters())


def test_pytorch_embedding_is_the_only_change():
    torch.manual_seed(0)
    wide = FORMS["pytorch_embedding"](build_model("rnn", Config()))
    assert 0.98 < wide.embedding.weight[1:].std() < 1.02
    assert changed("pytorch_embedding") == {"embedding.weight"}
    assert not wide.embedding.weight[0].any()  # <PAD> bleibt null


def test_pytorch_recurrent_is_the_only_change():
    names = changed("pytorch_recurrent")
    assert names == {
        f"recurrent.{kind}_l0" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    }


def test_half_open_sets_the_forget_gate_alone():
    plain, model = pair("half_open")
    assert changed("half_open") == {"recurrent.bias_ih_l0"}
    i, f, g, o = model.recurrent.bias_ih_l0.split(5)
    assert not f.any() and torch.equal(i, plain.recurrent.bias_ih_l0.split(5)[0])


def states(model: SentimentClassifier) -> torch.Tensor:
    return model.recurrent(model.embedding(IDS))[0]  # (2, 5, D·H)


def test_two_layers():
    _, model = pair("two_layers")
    assert model.recurrent.num_layers == 2
    expected = model.output(states(model)[:, -1]).squeeze(-1)
    assert torch.equal(model(IDS), expected)


def test_bidirectional_takes_the_end_of_each_direction():
    _, model = pair("bidirectional")
    _, (h, _) = model.recurrent(model.embedding(IDS))  # (2, B, H): vorwärts, rückwärts
    assert torch.allclose(model(IDS), model.output(torch.cat([h[0], h[1]], -1)).squeeze(-1))


@pytest.mark.parametrize("form, summary", [("mean", torch.mean), ("maximum", torch.amax)])
def test_over_time_only_words_count(form, summary):
    _, model = pair(form)
    h = states(model)
    expected = torch.stack([summary(h[0, 2:], 0), summary(h[1], 0)])  # zwei Auffüllstellen
    assert torch.allclose(model(IDS), model.output(expected).squeeze(-1), atol=1e-6)


@pytest.mark.parametrize("form", ["mean", "maximum"])
def test_a_review_without_a_word_stays_finite(form):
    _, model = pair(form)
    assert model(torch.zeros(1, 3, dtype=torch.long)).isfinite().all()
