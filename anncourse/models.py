"""Die drei Netze des Kapitels. Sie unterscheiden sich nur in der rekurrenten Schicht."""

import torch
from torch import nn

from anncourse.checks import checked, choice
from anncourse.config import CELLS, Config
from anncourse.initialisation import initialise
from anncourse.text import PAD
from anncourse.weights import Weights


class SentimentClassifier(nn.Module):
    """Gemeinsame Basis: Einbettung → rekurrente Schicht → eine Zahl.

    Die Zahl ist das Logit s; die Wahrscheinlichkeit «positiv» ist σ(s).

    References
    ----------
    Dropout mit einer Maske je Folge: Gal und Ghahramani 2016, arXiv:1512.05287.
    """

    cell: str
    recurrent_layer: type[nn.RNN] | type[nn.LSTM] | type[nn.GRU]

    def __init__(self, config: Config = Config()):
        super().__init__()
        self.config = config
        V, E, H = config.vocabulary_size, config.embedding_dim, config.hidden_size
        self.embedding = nn.Embedding(V, E, padding_idx=PAD)
        self.dropout = nn.Dropout1d(config.embedding_dropout)
        self.recurrent = self.recurrent_layer(E, H, batch_first=True)
        self.output = nn.Linear(H, 1)
        initialise(self, config.init)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:  # ids: (B, T)
        """Liest B Kritiken zu T Wörtern (int64, mit 0 aufgefüllt) und gibt B Logits zurück."""
        x = self.embedding(ids)  # (B, T, E)
        x = self.dropout(x.transpose(1, 2)).transpose(1, 2)  # eine Maske für alle T Wörter
        _, state = self.recurrent(x)  # LSTM: (h, c), sonst h
        h = state[0] if isinstance(state, tuple) else state  # (1, B, H)
        return self.output(h[-1]).squeeze(-1)  # (B,)


class SimpleRNNClassifier(SentimentClassifier):
    """Mit ``nn.RNN``: h_t = tanh(W x_t + U h_{t−1} + b) (Elman 1990)."""

    cell, recurrent_layer = "rnn", nn.RNN


class LSTMClassifier(SentimentClassifier):
    """Mit ``nn.LSTM``: Übertragsspur und drei Tore (Hochreiter und Schmidhuber 1997)."""

    cell, recurrent_layer = "lstm", nn.LSTM


class GRUClassifier(SentimentClassifier):
    """Mit ``nn.GRU``: zwei Tore, keine eigene Spur (Cho et al. 2014)."""

    cell, recurrent_layer = "gru", nn.GRU


CLASSIFIERS = {c.cell: c for c in (SimpleRNNClassifier, LSTMClassifier, GRUClassifier)}


def build_model(cell: str, config: Config = Config()) -> SentimentClassifier:
    """Das Netz zu einem kurzen Namen.

    Raises
    ------
    InputError
        Wenn es keine solche Zelle gibt.
    """
    return CLASSIFIERS[checked("Zelle", cell, choice(CELLS))](config)


def model_from_weights(weights: Weights) -> SentimentClassifier:
    """Das Netz zu gelesenen Gewichten, im Auswertungsmodus."""
    model = build_model(weights.cell, weights.config)
    model.load_state_dict({name: torch.from_numpy(a) for name, a in weights.arrays.items()})
    return model.eval()


def count_parameters(model: nn.Module) -> int:
    """Anzahl trainierbarer Zahlen."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
