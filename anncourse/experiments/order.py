"""Eine Aufgabe, in der die Reihenfolge der Wörter zählt: die erzeugten Kritiken (9.3.7)."""

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch

from anncourse.config import Config, recipe
from anncourse.experiments.corpus import reviews
from anncourse.session import machine, versions
from anncourse.training import fit

SEEDS = range(5)
NETS: dict[str, tuple[str, dict[str, Any]]] = {  # Name → Zelle und was vom Rezept abweicht
    "rnn": ("rnn", {}),
    "lstm": ("lstm", {}),
    "gru": ("gru", {}),
    "gru-opened": ("gru", {"init": "forget_bias_3"}),
}


@dataclass(frozen=True)
class Order:
    """Ein Versuch: eine Zelle mit Hyperparametern, alle Zufallsstarts."""

    cell: str
    config: Config


def runs() -> dict[str, Order]:
    """Name → Versuch."""
    return {
        f"order-{net}": Order(cell, replace(recipe(cell), **change))
        for net, (cell, change) in NETS.items()
    }


def planned(name: str, digest: str) -> dict:
    """Was im Ergebnis stehen muss, damit es noch gilt; die Kritiken sind die erzeugten."""
    return {"digest": reviews("sample").digest, "config": asdict(runs()[name].config)}


def compute(name: str) -> dict:
    """Ein Versuch mit allen Zufallsstarts, in einem Prozess mit einem Thread."""
    torch.set_num_threads(1)
    order, sample = runs()[name], reviews("sample")
    start = time.perf_counter()
    results = [fit(order.cell, sample, order.config, seed).result for seed in SEEDS]
    return {
        "name": name,
        "data": sample.name,
        "digest": sample.digest,
        "config": asdict(order.config),
        "val_accuracies": [result.val_accuracy for result in results],
        "test_accuracies": [result.test_accuracy for result in results],
        "seconds_total": round(time.perf_counter() - start, 3),
        "versions": versions(),
        "machine": machine(),
    }
