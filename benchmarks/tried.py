"""Was das Training noch schneller machen könnte, jedes für sich gemessen.

Schreibt ``anncourse/measured/bench/tried.json``: Sekunden einer Epoche, LSTM und RNN, mit und ohne
die Änderung. ``make bench`` ruft dieses Programm nach ``bench.py`` auf.
"""

import json
import sys
import time
from contextlib import nullcontext
from dataclasses import replace

import torch
from torch import nn

from anncourse.config import Config
from anncourse.data import LengthBatchSampler, ReviewsDataModule
from anncourse.experiments.stored import TRIED_FILE
from anncourse.models import build_model
from anncourse.sources import load_reviews

ROUNDS = 2
CELLS = ("rnn", "lstm")


class HandWritten(torch.autograd.Function):
    """SimpleRNN mit der Rückwärtsrechnung aus 9.3.5 von Hand: die Summe über t als ein Produkt."""

    @staticmethod
    def forward(ctx, x, W, U, b):  # x: (T, B, I)
        """Der letzte Zustand, Form ``(B, H)``."""
        a = x @ W.T + b  # (T, B, H)
        h = a.new_zeros(len(a) + 1, *a.shape[1:])  # h[0] ist der Anfang
        for t in range(len(a)):
            torch.addmm(a[t], h[t], U.T, out=h[t + 1]).tanh_()
        ctx.save_for_backward(x, W, U, h)
        return h[-1]

    @staticmethod
    def backward(ctx, d):  # d: (B, H)
        """Gradienten nach x, W, U und b."""
        x, W, U, h = ctx.saved_tensors
        da = torch.empty_like(h[1:])
        for t in reversed(range(len(da))):
            torch.mul(d, 1 - h[t + 1] ** 2, out=da[t])
            d = da[t] @ U
        flat = da.flatten(0, 1)  # (T·B, H)
        dW, dU = flat.T @ x.flatten(0, 1), flat.T @ h[:-1].flatten(0, 1)
        return da @ W, dW, dU, flat.sum(0)


class HandWrittenRNN(nn.RNN):
    """Wie ``nn.RNN``, mit `HandWritten`."""

    def forward(self, x):  # (B, T, I)
        """Nur der letzte Zustand."""
        bias = self.bias_ih_l0 + self.bias_hh_l0
        h = HandWritten.apply(x.transpose(0, 1), self.weight_ih_l0, self.weight_hh_l0, bias)
        return None, h[None]


def epoch(cell, data, batch_size=128, group=50, change=None, context=nullcontext, threads=None):
    """Sekunden einer Epoche: vorwärts, rückwärts, Schritt des Optimierers."""
    every = torch.get_num_threads()
    torch.set_num_threads(threads or every)
    torch.manual_seed(0)
    model = build_model(cell, data.config)
    if change:
        model = change(model)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3, alpha=0.9, eps=1e-7)
    sampler = LengthBatchSampler(data.train.lengths(), batch_size, seed=0)
    sampler.GROUP = group
    loss = nn.BCEWithLogitsLoss()
    start = time.perf_counter()
    for batch in sampler:
        ids, labels = data.train[batch]
        with context():
            value = loss(model(ids), labels)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    torch.set_num_threads(every)
    return time.perf_counter() - start


def dropout_per_word(model):
    """Eine Maske je Wort statt eine je Kritik."""
    model.dropout = nn.Dropout(model.dropout.p)
    return model


def hand_written(model):
    """Die rekurrente Schicht mit eigener Rückwärtsrechnung."""
    layer = HandWrittenRNN(32, 32, batch_first=True)
    layer.load_state_dict(model.recurrent.state_dict())
    model.recurrent = layer
    return model


def variants(data, whole) -> dict[str, dict]:
    """Bezeichnung → Argumente von `epoch`."""
    return {
        "wie im Buch": {"data": data},
        "ganze Kritiken statt Ausschnitte": {"data": whole},
        "Dropout mit einer Maske je Wort": {"data": data, "change": dropout_per_word},
        "Stapel zu 64": {"data": data, "batch_size": 64},
        "Stapel zu 256": {"data": data, "batch_size": 256},
        "Gruppen zu 10 Stapeln": {"data": data, "group": 10},
        "alles nach Länge geordnet": {"data": data, "group": 10_000},
        "ein Thread": {"data": data, "threads": 1},
        "ohne oneDNN": {
            "data": data,
            "context": lambda: torch.backends.mkldnn.flags(enabled=False),
        },
        "bfloat16": {"data": data, "context": lambda: torch.autocast("cpu", dtype=torch.bfloat16)},
        "Rückwärtsrechnung von Hand": {"data": data, "change": hand_written},
    }


def main() -> None:
    """Misst reihum und schreibt die kürzeste Zeit."""
    reviews = load_reviews()
    data = ReviewsDataModule(reviews, Config())
    whole = ReviewsDataModule(reviews, replace(Config(), excerpt=None))
    seconds = {}
    for _ in range(ROUNDS):
        for name, arguments in variants(data, whole).items():
            for cell in CELLS:
                if cell == "lstm" and arguments.get("change") is hand_written:
                    continue
                took = epoch(cell, **arguments)
                best = seconds.setdefault(name, {})
                best[cell] = min(took, best.get(cell, took))
                print(f"{name}, {cell}: {took:.2f} s", file=sys.stderr, flush=True)
    TRIED_FILE.write_text(json.dumps(seconds, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
