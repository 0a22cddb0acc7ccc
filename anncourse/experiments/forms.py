"""Andere Formen desselben Netzes: eine Zutat der Anfangswerte anders, oder anders gelesen."""

from collections.abc import Callable

import torch
from torch import nn

from anncourse.initialisation import initialise_recurrent
from anncourse.models import SentimentClassifier
from anncourse.text import PAD


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


class Reader(SentimentClassifier):
    """Dasselbe Netz; aus der Folge der Zustände macht `summarise` den einen, der urteilt.

    Parameters
    ----------
    model : SentimentClassifier
        Das Netz, dessen Zelle und Hyperparameter gelten.
    summarise : callable
        (h, gelesen) → Form ``(B, H)``; h hat die Form ``(B, T, D·H)``, ``gelesen`` sagt, wo ein
        Wort steht und kein ``PAD``, Form ``(B, T, 1)``.
    **options
        Für die rekurrente Schicht: ``num_layers``, ``bidirectional``.
    """

    def __init__(self, model: SentimentClassifier, summarise: Callable, **options):
        self.cell, self.recurrent_layer = model.cell, type(model.recurrent)
        super().__init__(model.config)
        c, self.summarise = model.config, summarise
        self.recurrent = self.recurrent_layer(
            c.embedding_dim, c.hidden_size, batch_first=True, **options
        )
        initialise_recurrent(self.recurrent, c.init)
        directions = 2 if self.recurrent.bidirectional else 1
        self.output = nn.Linear(directions * c.hidden_size, 1)
        nn.init.xavier_uniform_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:  # ids: (B, T)
        """Liest B Kritiken zu T Wörtern und gibt B Logits zurück."""
        x = self.embedding(ids)  # (B, T, E)
        x = self.dropout(x.transpose(1, 2)).transpose(1, 2)
        h, _ = self.recurrent(x)  # (B, T, D·H)
        return self.output(self.summarise(h, (ids != PAD)[..., None])).squeeze(-1)  # (B,)


def last(h: torch.Tensor, read: torch.Tensor) -> torch.Tensor:
    """Der letzte Zustand."""
    return h[:, -1]


def both_ends(h: torch.Tensor, read: torch.Tensor) -> torch.Tensor:
    """Der letzte Zustand vorwärts und jener, mit dem das Rückwärtslesen am Anfang endet."""
    H = h.shape[-1] // 2
    return torch.cat([h[:, -1, :H], h[:, 0, H:]], dim=-1)


def mean_over_time(h: torch.Tensor, read: torch.Tensor) -> torch.Tensor:
    """Das Mittel der Zustände über alle Wörter."""
    return (h * read).sum(1) / read.sum(1).clamp(min=1)


def maximum_over_time(h: torch.Tensor, read: torch.Tensor) -> torch.Tensor:
    """Je Einheit ihr grösster Wert über alle Wörter."""
    return h.masked_fill(~read, -1).amax(1)  # tanh ist nie kleiner als −1


FORMS: dict[str, Callable[[SentimentClassifier], SentimentClassifier]] = {
    "pytorch_embedding": pytorch_embedding,
    "pytorch_recurrent": pytorch_recurrent,
    "half_open": half_open,
    "two_layers": lambda model: Reader(model, last, num_layers=2),
    "bidirectional": lambda model: Reader(model, both_ends, bidirectional=True),
    "mean": lambda model: Reader(model, mean_over_time),
    "maximum": lambda model: Reader(model, maximum_over_time),
}
