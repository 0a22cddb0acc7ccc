"""Der naheliegende Weg, wie ihn die Vorlesung ging: der Massstab für ``make bench``.

Texte zweimal zerlegen, alles auf 500 Wörter auffüllen, Voreinstellungen von PyTorch. Nur die
Lernrate ist auf dem Validierungsteil die beste aus `RATES`.
"""

import re
from collections import Counter

import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

RATES = (1e-3, 3e-3, 1e-2, 3e-2)


def tokenise(text: str) -> list[str]:
    """Kleinbuchstaben, ohne ``<br />``, ohne Satzzeichen: «great.The» wird «greatthe»."""
    text = re.sub(r"<br\s*/?>", " ", text.lower())
    return re.sub(r"[^\w\s]", "", text).split()


def prepare(train_texts: list[str], test_texts: list[str], size: int = 10_000, maxlen: int = 500):
    """Zwei Durchgänge: einer für den Wortschatz, einer für die Nummern. Tensoren (N, 500)."""
    counts = Counter()
    for text in train_texts:
        counts.update(tokenise(text))
    ids = {word: k + 2 for k, (word, _) in enumerate(counts.most_common(size - 2))}

    def encode(text):
        numbers = [ids.get(word, 1) for word in tokenise(text)][-maxlen:]
        return [0] * (maxlen - len(numbers)) + numbers

    both = train_texts, test_texts
    return tuple(torch.tensor([encode(text) for text in texts]) for texts in both)


class PlainClassifier(pl.LightningModule):
    """Einbettung → rekurrente Schicht → σ, mit Anfangswerten und RMSprop von PyTorch."""

    def __init__(self, layer: type[nn.RNNBase], rate: float = RATES[0]):
        super().__init__()
        self.rate = rate
        self.embedding = nn.Embedding(10_000, 32)
        self.recurrent = layer(32, 32, batch_first=True)
        self.output = nn.Linear(32, 1)
        self.correct = self.number = 0

    def forward(self, ids):
        """Wahrscheinlichkeiten, Form ``(B,)``."""
        _, state = self.recurrent(self.embedding(ids))
        h = state[0] if isinstance(state, tuple) else state
        return torch.sigmoid(self.output(h.squeeze(0))).squeeze(-1)

    def training_step(self, batch, index):
        """Verlust eines Stapels."""
        ids, labels = batch
        return nn.functional.binary_cross_entropy(self(ids), labels)

    def validation_step(self, batch, index):
        """Zählt die richtigen Urteile."""
        ids, labels = batch
        self.correct += ((self(ids) > 0.5) == (labels > 0.5)).sum().item()
        self.number += len(labels)

    def on_validation_epoch_end(self):
        """Genauigkeit der Epoche."""
        self.log("val_accuracy", self.correct / self.number)
        self.correct = self.number = 0

    def configure_optimizers(self):
        """RMSprop mit α = 0.99."""
        return torch.optim.RMSprop(self.parameters(), lr=self.rate)


def loader(ids: torch.Tensor, labels: torch.Tensor, shuffle: bool) -> DataLoader:
    """Stapel zu 128 Folgen fester Länge."""
    return DataLoader(TensorDataset(ids, labels), batch_size=128, shuffle=shuffle)
