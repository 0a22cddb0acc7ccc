"""Dasselbe Netz mit anderen Anfangswerten in einem Teil."""

from collections.abc import Callable

import torch

from anncourse.models import SentimentClassifier


@torch.no_grad()
def pytorch_embedding(model: SentimentClassifier) -> SentimentClassifier:
    """Die Einbettung von PyTorch, N(0, 1); alles andere bleibt."""
    model.embedding.reset_parameters()
    return model


@torch.no_grad()
def pytorch_recurrent(model: SentimentClassifier) -> SentimentClassifier:
    """Die rekurrente Schicht von PyTorch, U(±1/√H); alles andere bleibt."""
    model.recurrent.reset_parameters()
    return model


@torch.no_grad()
def half_open(model: SentimentClassifier) -> SentimentClassifier:
    """Der Achsenabschnitt des Vergesstors der LSTM ist 0 statt 1, bei denselben U."""
    bias = model.recurrent.get_parameter("bias_ih_l0")  # i, f, g, o
    bias.chunk(4)[1].zero_()
    return model


FORMS: dict[str, Callable[[SentimentClassifier], SentimentClassifier]] = {
    "pytorch_embedding": pytorch_embedding,
    "pytorch_recurrent": pytorch_recurrent,
    "half_open": half_open,
}
