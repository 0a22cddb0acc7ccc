"""Andere Anfangswerte in einem Teil: was sich ändert, und was bleibt."""

import pytest
import torch

from anncourse.config import Config
from anncourse.experiments.forms import FORMS
from anncourse.models import SentimentClassifier, build_model

SMALL = Config(vocabulary_size=50, embedding_dim=6, hidden_size=5)
IDS = torch.tensor([[0, 0, 3, 4, 5], [7, 8, 9, 3, 2]])


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
