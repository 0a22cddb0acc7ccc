"""Ein Bit behalten, bis das nächste kommt: Marken an zufälligen Stellen (Abschnitt 9.3.6).

Gefragt ist nach jedem Schritt der zuletzt markierte Wert. Gelernt wird an 60 Schritten mit vielen
Marken, gemessen an 400 Schritten mit wenigen. Bei Zellen mit einer Einheit sind auch die
Gewichte gespeichert und die Tore: an den Marken und dazwischen.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch

from anncourse.cells import STEPS, sigmoid, unpack, unroll
from anncourse.experiments.many import Draw, Nets, drawing, report, right
from anncourse.experiments.starts import build
from anncourse.session import machine, versions

SEEDS = range(10)
TRAINING = (60, 0.1)  # Schritte, Anteil der Marken
TEST = (400, 0.01)
BATCH_SIZE, TEST_SIZE, LOOKED_AT = 32, 200, 10
GATES = {"lstm": "ifo", "gru": "rz", "mingru": "z"}


def sequences(
    number: int, steps: int, share: float, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Folgen mit Marken an zufälligen Stellen, die erste immer am Anfang.

    Returns
    -------
    x : torch.Tensor
        Form ``(B, T, 2)``: Marke (0 oder 1) und Wert (±1).
    y : torch.Tensor
        Form ``(B, T)``: 1, wenn der zuletzt markierte Wert positiv ist, sonst 0.
    """
    positive = torch.randint(0, 2, (number, steps), generator=generator)
    mark = torch.rand(number, steps, generator=generator) < share
    mark[:, 0] = True
    last = torch.where(mark, torch.arange(steps), 0).cummax(1).values  # Stelle der letzten Marke
    x = torch.stack([mark.float(), 2.0 * positive - 1], dim=-1)
    return x, positive.gather(1, last).float()


@dataclass(frozen=True)
class LatchTask:
    """Zelle, Anfangswerte (wie in `starts.layer`) und Breite."""

    cell: str
    start: str
    width: int
    optimiser: str = "rmsprop"
    batches: int = 2000
    mastered: float = 1.0  # alle Stapel: Wer kurze Folgen kann, kann lange noch nicht

    def build(self, seeds: Sequence[int]) -> Nets:
        """Ein Netz je Zufallsstart."""
        return build(self.cell, self.start, self.width, seeds)

    def drawing(
        self,
        seeds: Sequence[int],
        size: int = BATCH_SIZE,
        steps: int = TRAINING[0],
        share: float = TRAINING[1],
    ) -> Draw:
        """Folgen ``(B, T, 2)``, gefragt ist nach jedem Schritt."""
        return drawing(lambda generator: sequences(size, steps, share, generator), seeds)

    @torch.no_grad()
    def accuracy(self, nets: Nets, seeds: Sequence[int]) -> torch.Tensor:
        """Anteil richtiger Antworten in allen Schritten langer Folgen, Form ``(N,)``."""
        x, y = self.drawing([10_000 + seed for seed in seeds], TEST_SIZE, *TEST)()
        return right(nets(x), y)


@torch.no_grad()
def parts(task: LatchTask, nets: Nets, net: int) -> dict[str, np.ndarray]:
    """Die Gewichte eines Netzes wie für `anncourse.cells.unroll`; bei der minGRU die des Tors."""
    if task.cell == "mingru":
        return {"W_z": nets.W[net].double().numpy()[:1], "b_z": nets.b[net].double().numpy()[:1]}
    names = {"weight_ih_l0": nets.W, "weight_hh_l0": nets.U}
    names |= {"bias_ih_l0": nets.b, "bias_hh_l0": nets.b_U}
    return unpack(task.cell, {k: v[net].double().numpy() for k, v in names.items()})


def gates(cell: str, p: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Mittel jedes Tors einer Einheit an den Marken und dazwischen.

    Returns
    -------
    dict
        Tor → ``mark`` und ``else``.
    """
    x, _ = sequences(LOOKED_AT, *TEST, torch.Generator().manual_seed(93))
    marked = x[..., 0].numpy() == 1  # (B, T)
    inputs, found = x.double().numpy(), {}
    if cell == "mingru":  # ihr Tor sieht nur die Eingabe
        states = [{"z": sigmoid(sequence @ p["W_z"].T + p["b_z"])} for sequence in inputs]
    else:
        states = [unroll(STEPS[cell], sequence, p) for sequence in inputs]
    for gate in GATES[cell]:
        values = np.stack([s[gate][:, 0] for s in states])  # (B, T)
        at = {"mark": values[marked].mean(), "else": values[~marked].mean()}
        found[gate] = {place: round(float(value), 4) for place, value in at.items()}
    return found


def runs() -> dict[str, LatchTask]:
    """Name → Aufgabe."""
    widths = {
        "rnn-orthogonal": (1, 4, 32),
        "rnn-small": (1, 4, 32),
        "lstm-keras-1": (1, 4),
        "lstm-keras-3": (1, 4, 32),
        "gru-keras-0": (1, 4),
        "gru-keras-3": (1, 4, 32),
        "mingru-pytorch": (1, 4),
        "mingru-pytorch-3": (1, 4, 32),
    }
    tasks = []
    for name, several in widths.items():
        cell, start = name.split("-", 1)
        tasks += [LatchTask(cell, start, width) for width in several]
    return {f"latch-{t.cell}-{t.start}-{t.width:02}": t for t in tasks}


def planned(name: str, digest: str) -> dict:
    """Was im Ergebnis stehen muss, damit es noch gilt; von den Kritiken hängt nichts ab."""
    return {"config": asdict(runs()[name])}


def compute(name: str) -> dict:
    """Eine Zelle, in einem Prozess mit einem Thread."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    task, start = runs()[name], time.perf_counter()
    nets, found = report(task, SEEDS)
    if task.width == 1 and task.cell in GATES:
        units = [parts(task, nets, net) for net in SEEDS]
        found["gates"] = [gates(task.cell, p) for p in units]
        found["weights"] = [{name: p[name].round(4).tolist() for name in p} for p in units]
    seconds = {"seconds_total": round(time.perf_counter() - start, 3)}
    head = {"name": name, "config": asdict(task)} | found | seconds
    return head | {"versions": versions(), "machine": machine()}
