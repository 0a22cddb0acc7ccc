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

from anncourse.bptt import BPTTLayer
from anncourse.config import Config
from anncourse.data import LengthBatchSampler, ReviewsDataModule
from anncourse.experiments.stored import TRIED_FILE
from anncourse.models import build_model
from anncourse.sources import load_reviews

ROUNDS = 2
CELLS = ("rnn", "lstm")


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
    layer = BPTTLayer(32, 32, batch_first=True)
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
