"""Wie weit der Gradient zurückreicht, vor und nach dem Training (Abschnitt 9.3.5).

Vor dem Training: fünf Zufallsstarts je Zelle und Anfangswerte, an zufälligen Kritiken, an Rauschen
und an den Folgen der Aufgabe aus `lag`. Nach dem Training auf IMDb: drei Zufallsstarts je Zelle mit
ihrem Rezept; dazu, was das Vergesstor noch tut: Es wird auf sein Mittel, auf 1 und auf 0 gesetzt.
"""

import time
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import nn

from anncourse.cells import STEPS, unpack, unroll
from anncourse.config import CELLS, Config, recipe
from anncourse.data import EncodedReviews, ReviewsDataModule
from anncourse.experiments.corpus import balanced, reviews
from anncourse.experiments.gradients import gradient_norms, track_gate
from anncourse.experiments.lag import sequences
from anncourse.models import SentimentClassifier, build_model
from anncourse.session import isolated, machine, versions
from anncourse.training import evaluate, prepare, train

SEEDS, TRAINED = range(5), range(3)
LENGTH, PER_CLASS = 200, 32
INITS = ("pytorch", "keras", "orthogonal", "forget_bias_3", "irnn")
KEEPS = {"lstm": "f", "gru": "z"}  # das Tor, das behält
SETTINGS = {"one": 50.0, "zero": -50.0}  # Achsenabschnitt; σ(±50) ist 1 und 0


def sample(part: EncodedReviews, seed: int) -> torch.Tensor:
    """Die letzten 200 Wörter zufälliger Kritiken, beide Klassen gleich oft, Form ``(64, 200)``."""
    long_enough = part.lengths() >= LENGTH
    chosen = balanced(part, long_enough, PER_CLASS, np.random.default_rng(seed))
    return torch.stack([part.ids[n][-LENGTH:] for n in chosen]).long()


def curves(model: SentimentClassifier, part: EncodedReviews, seed: int) -> dict[str, list[float]]:
    """Relative Normen an Kritiken und an Rauschen, eine je Abstand."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(2 * PER_CLASS, LENGTH, model.config.embedding_dim, generator=generator)
    inputs = {"reviews": model.embedding(sample(part, seed)), "noise": noise}
    return {name: relative(model.recurrent, x) for name, x in inputs.items()}


def relative(layer: nn.RNNBase, x: torch.Tensor) -> list[float]:
    """‖∂h_T/∂x_{T−k}‖, geteilt durch den Wert bei k = 0, auf drei Stellen."""
    norms = gradient_norms(layer, x)
    return [float(f"{value:.3g}") for value in norms / norms[0]]


def bit_curve(cell: str, init: str, seed: int) -> list[float]:
    """Dasselbe für eine Schicht, die Marke und Wert liest."""
    torch.manual_seed(seed)
    config = Config(init=init, embedding_dim=2)
    x, _ = sequences(2 * PER_CLASS, LENGTH - 1, torch.Generator().manual_seed(seed))
    return relative(build_model(cell, config).recurrent, x)


def fixed_gate(model: SentimentClassifier, bias: torch.Tensor | float) -> SentimentClassifier:
    """Dasselbe Netz, dessen Vergesstor (GRU: Aktualisierungstor) auf σ(bias) steht."""
    model = deepcopy(model)
    with torch.no_grad():
        for name, weight in model.recurrent.named_parameters():
            gate = weight.split(model.config.hidden_size)[1]  # f von i, f, g, o; z von r, z, n
            gate.zero_()
            if name.startswith("bias_ih"):
                gate += bias
    return model


def mean_gate(model: SentimentClassifier, ids: torch.Tensor) -> torch.Tensor:
    """Der Achsenabschnitt, mit dem jenes Tor jeder Einheit auf seinem Mittel steht, ``(H,)``."""
    layer = model.recurrent
    p = unpack(model.cell, {n: w.detach().double().numpy() for n, w in layer.named_parameters()})
    x = model.embedding(ids).detach().double().numpy()
    gate = KEEPS[model.cell]
    mean = np.mean([unroll(STEPS[model.cell], s, p)[gate].mean(0) for s in x], axis=0)
    return torch.from_numpy(np.log(mean / (1 - mean))).float()


def before(cell: str, init: str) -> dict:
    """Vor dem Training, ein Eintrag je Zufallsstart."""
    part, found = ReviewsDataModule(reviews()).validation, []
    for seed in SEEDS:
        torch.manual_seed(seed)
        model = build_model(cell, Config(init=init))
        entry: dict[str, Any] = {"seed": seed} | curves(model, part, seed)
        entry["bit"] = bit_curve(cell, init, seed)
        entry["gate"] = track_gate(model.recurrent, model.embedding(sample(part, seed)))
        found.append(entry)
    return {"before": found}


def after(cell: str) -> dict:
    """Nach dem Training mit dem Rezept, ein Eintrag je Zufallsstart."""
    found = []
    for seed in TRAINED:
        with isolated():
            data, module = prepare(cell, reviews(), recipe(cell), seed)
            train(module, data)
        model, part = module.model.eval(), data.validation
        ids = sample(part, seed)
        entry: dict[str, Any] = (
            {"seed": seed} | curves(model, part, seed) | {"accuracy": evaluate(model, part)}
        )
        if cell in KEEPS:
            entry["gate"] = track_gate(model.recurrent, model.embedding(ids))
            biases: dict[str, torch.Tensor | float] = {"mean": mean_gate(model, ids), **SETTINGS}
            entry["set"] = {
                name: evaluate(fixed_gate(model, bias), part) for name, bias in biases.items()
            }
        found.append(entry)
    return {"after": found}


def runs() -> dict[str, tuple[str, str]]:
    """Name → Zelle und Anfangswerte; «trained» nach dem Training."""
    named = {
        f"gradient-{cell}-{init}": (cell, init)
        for cell in CELLS
        for init in INITS
        if cell != "rnn" or init not in ("orthogonal", "forget_bias_3")
    }
    return named | {f"gradient-{cell}-trained": (cell, "trained") for cell in CELLS}


def planned(name: str, digest: str) -> dict:
    """Was im Ergebnis stehen muss, damit es noch gilt."""
    cell, init = runs()[name]
    return {"digest": digest, "cell": cell, "init": init}


def compute(name: str) -> dict:
    """Alle Zufallsstarts einer Zelle, in einem Prozess mit einem Thread."""
    torch.set_num_threads(1)
    (cell, init), start = runs()[name], time.perf_counter()
    found = after(cell) if init == "trained" else before(cell, init)
    head = {"name": name, "data": reviews().name, "digest": reviews().digest}
    head |= {"cell": cell, "init": init} | found
    seconds = {"seconds_total": round(time.perf_counter() - start, 3)}
    return head | seconds | {"versions": versions(), "machine": machine()}
