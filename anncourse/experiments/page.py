"""Die drei vorbereiteten Versuche der Seite «Selbst trainieren», hier mit PyTorch gerechnet.

Gleiche Einstellungen und gleicher Zufallsstart geben im Browser (``book/_extra/live/learning.js``)
dieselben Anfangswerte, dieselben Folgen und darum dieselben Läufe, bis die Rundung sie trennt:
Beide rechnen doppelt genau und ziehen mit demselben kleinen Generator.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from torch import nn

from anncourse.experiments.many import MASTERED, RATES, Draw, Nets, report, right, trained
from anncourse.experiments.starts import LAYERS
from anncourse.session import machine, versions

SEEDS = range(1, 11)
SEARCH_SEEDS = range(100, 110)
BATCHES, BATCH_SIZE, TEST_SIZE = 1500, 32, 2000
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
TEST_SEED = 10_000  # zu einem Zufallsstart addiert: neue Folgen


class Random:
    """Zufallszahlen zwischen 0 und 1: mulberry32 von Tommy Ettinger, wie im Browser.

    Parameters
    ----------
    seed : int
        Zufallsstart, 32 Bit.
    """

    def __init__(self, seed: int):
        self.state = seed

    def __call__(self, count: int) -> np.ndarray:
        """Die nächsten ``count`` Zahlen."""
        steps = np.arange(1, count + 1, dtype=np.uint64)
        state = (self.state + steps * 0x6D2B79F5).astype(np.uint32)
        self.state = int(state[-1])
        z = (state ^ (state >> 15)) * (state | 1)
        z ^= z + (z ^ (z >> 7)) * (z | 61)
        return (z ^ (z >> 14)) / 2.0**32


@dataclass(frozen=True)
class PageTask:
    """Was auf der Seite einstellbar ist, ausser Lernrate und Zufallsstart.

    Attributes
    ----------
    cell : {"rnn", "lstm", "gru"}
        Die Zelle.
    width : int
        Breite H.
    lag : int
        Der Abstand k.
    distractors : bool
        Ob zwischen Marke und Frage ablenkende Werte stehen.
    scale_W, scale_U : float
        PyTorchs Anfangswerte U(±1/√H) von W und U, mal so viel.
    bias : float
        Achsenabschnitt des Vergesstors, bei der GRU des Aktualisierungstors.
    optimiser : {"rmsprop", "sgd", "unclipped"}
        Womit gelernt wird, wie in `many.learn`.
    """

    cell: str
    width: int
    lag: int
    distractors: bool = True
    scale_W: float = 1.0
    scale_U: float = 1.0
    bias: float = 0.0
    optimiser: str = "rmsprop"

    @property
    def batches(self) -> int:
        """Höchstens so viele Stapel."""
        return BATCHES

    @property
    def mastered(self) -> float:
        """Mit mehr richtigen Antworten im gleitenden Mittel hört ein Lauf auf."""
        return MASTERED

    def settings(self, rate: float) -> dict:
        """Dasselbe, wie die Seite es nennt, mit Lernrate und dem ersten Zufallsstart."""
        found = asdict(self) | {"rate": rate, "seed": SEEDS[0]}
        found["clipped"] = self.optimiser != "unclipped"
        found["optimiser"] = "rmsprop" if self.optimiser == "rmsprop" else "sgd"
        return found

    def start(self, seed: int) -> tuple[dict[str, np.ndarray], Random]:
        """Die Anfangswerte, wie sie die Seite zieht, und der Zufall, mit dem es weitergeht."""
        random, H = Random(seed), self.width
        rows = GATES[self.cell] * H

        def uniform(*shape: int, scale: float = 1.0) -> np.ndarray:
            return (2 * random(int(np.prod(shape))).reshape(shape) - 1) / np.sqrt(H) * scale

        weights = {
            "W": uniform(rows, 2, scale=self.scale_W),
            "U": uniform(rows, H, scale=self.scale_U),
            "b": uniform(rows),
            "b_U": uniform(rows),
            "V": uniform(1, H),
            "v": uniform(1),
        }
        if self.cell != "rnn":  # f von i, f, g, o; z von r, z, n
            weights["b"][H : 2 * H] = self.bias
            weights["b_U"][H : 2 * H] = 0
        return weights, random

    def build(self, seeds: Sequence[int]) -> Nets:
        """Ein Netz je Zufallsstart, doppelt genau."""
        layer, output = LAYERS[self.cell](2, self.width), nn.Linear(self.width, 1)
        nets = Nets(self.cell, [layer] * len(seeds), [output] * len(seeds)).double()
        starts = [self.start(seed)[0] for seed in seeds]
        with torch.no_grad():
            for name, weight in nets.named_parameters():
                weight.copy_(torch.from_numpy(np.stack([start[name] for start in starts])))
        return nets

    def drawing(self, seeds: Sequence[int]) -> Draw:
        """Folgen ``(k + 1, N, B, 2)``; der Zufall geht nach den Anfangswerten weiter."""
        generators = {seed: self.start(seed)[1] for seed in seeds}

        def draw() -> tuple[torch.Tensor, torch.Tensor]:
            drawn = {seed: self.sequences(random) for seed, random in generators.items()}
            return _batch([drawn[seed] for seed in seeds])

        return draw

    def sequences(self, random: Random, number: int = BATCH_SIZE) -> np.ndarray:
        """``number`` Folgen, Form ``(B, k + 1, 2)``: Marke (0 oder 1) und Wert (±1)."""
        value = np.where(random(number * (self.lag + 1)) < 0.5, -1.0, 1.0)
        x = np.zeros((number, self.lag + 1, 2))
        x[..., 1] = value.reshape(number, -1)
        x[:, 0, 0] = 1
        if not self.distractors:
            x[:, 1:, 1] = 0
        return x

    @torch.no_grad()
    def accuracy(self, nets: Nets, seeds: Sequence[int]) -> torch.Tensor:
        """Anteil richtiger Antworten auf `TEST_SIZE` neuen Folgen, Form ``(N,)``."""
        tests = {seed: self.sequences(Random(TEST_SEED + seed), TEST_SIZE) for seed in seeds}
        x, y = _batch([tests[seed] for seed in seeds])
        return right(nets(x)[-1:], y)


def _batch(drawn: list[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
    """N mal B Folgen als ``(T, N, B, 2)`` und das markierte Bit ``(1, N, B)``."""
    x = torch.from_numpy(np.stack(drawn)).permute(2, 0, 1, 3).contiguous()
    return x, (x[:1, ..., 1] > 0).double()


RNN = PageTask("rnn", width=4, lag=50)
LSTM = PageTask("lstm", width=4, lag=50)
STRETCHED = PageTask("rnn", width=8, lag=20, scale_U=4.0, optimiser="sgd")
SHOWN_RATE = 0.1  # mit ihr zeigt die Seite, was Begrenzen ausmacht


def runs() -> dict[str, PageTask]:
    """Name → Versuch."""
    return {
        "page-rnn": RNN,
        "page-lstm-0": LSTM,
        "page-lstm-3": replace(LSTM, bias=3.0),
        "page-unclipped": replace(STRETCHED, optimiser="unclipped"),
        "page-clipped": STRETCHED,
    }


def planned(name: str, digest: str) -> dict:
    """Was im Ergebnis stehen muss, damit es noch gilt; von den Kritiken hängt nichts ab."""
    return {"config": asdict(runs()[name])}


def sweep(task: PageTask) -> dict:
    """Jede Lernrate der Suche, mit den Zufallsstarts, über die berichtet wird."""
    rates = {f"{r:g}": trained(task, SEEDS, r)[1] for r in RATES[task.optimiser]}
    return {"rates": rates}


def compute(name: str) -> dict:
    """Ein Versuch mit zehn Zufallsstarts, in einem Prozess mit einem Thread.

    Wo es ums Begrenzen geht, mit jeder Lernrate; sonst mit jener, die auf anderen Zufallsstarts
    gefunden ist.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    task, start = runs()[name], time.perf_counter()
    searched = task.optimiser == "rmsprop"
    found = report(task, SEEDS, search=SEARCH_SEEDS)[1] if searched else sweep(task)
    seconds = {"seconds_total": round(time.perf_counter() - start, 3)}
    head = {"name": name, "config": asdict(task)} | found | seconds
    return head | {"versions": versions(), "machine": machine()}
