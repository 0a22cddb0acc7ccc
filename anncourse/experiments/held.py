"""Wie ein RNN das Bit hält, das es zu behalten gelernt hat (Abschnitt 9.3.5).

Alle lernen den Abstand 25. Danach wird gemessen: die Genauigkeit beim zehnfachen Abstand; ob die
beiden Antworten auch ohne Eingaben auseinander bleiben; und mit welchem Faktor ein Schritt eine
kleine Störung im Mittel multipliziert. Ein Faktor unter 1 hält sicher und lässt den Gradienten
verschwinden.
"""

import time
from dataclasses import asdict

import torch

from anncourse.experiments.bit import SEEDS, BitTask, Row
from anncourse.experiments.many import Nets, report
from anncourse.session import machine, versions

LAG, LONGER, STEPS = 25, 250, 100
STARTS = {
    "rnn": ("pytorch", "orthogonal", "small", "kept"),
    "relu": ("identity",),
    "lstm": ("keras-1", "keras-3"),
    "gru": ("keras-3",),
}


def silence(number: int, steps: int) -> torch.Tensor:
    """Die Marke mit +1 und mit −1, danach nur Nullen; Form ``(T, N, 2, 2)``."""
    x = torch.zeros(steps, number, 2, 2)
    x[0, :, :, 0] = 1
    x[0, :, :, 1] = torch.tensor([1.0, -1.0])
    return x


@torch.no_grad()
def factor(nets: Nets, x: torch.Tensor) -> list[float]:
    """‖∂h_T/∂h_{T−k}‖^(1/k) mit k = `STEPS`, geometrisches Mittel über die Folgen, je Netz.

    Die Norm ist der grösste Singulärwert; die Netze sind RNN mit tanh.
    """
    h = nets.states(x)[-STEPS:].double()  # (k, N, B, H)
    U = nets.U.double()[:, None]  # (N, 1, H, H)
    product = torch.eye(U.shape[-1], dtype=torch.double)
    for h_t in h:
        product = (1 - h_t.square())[..., None] * U @ product  # (N, B, H, H)
    norms = torch.linalg.matrix_norm(product, 2).clamp(min=1e-300)
    return (norms.log() / STEPS).mean(1).exp().tolist()


def runs() -> dict[str, Row]:
    """Name → Zeile."""
    rows = [Row(c, s, w) for c in STARTS for s in STARTS[c] for w in (4, 32)]
    return {row.name.replace("bit", "held"): row for row in rows}


def planned(name: str, digest: str) -> dict:
    """Was im Ergebnis stehen muss, damit es noch gilt; von den Kritiken hängt nichts ab."""
    return {"config": asdict(runs()[name])}


def compute(name: str) -> dict:
    """Fünf Zufallsstarts einer Zeile, in einem Prozess mit einem Thread."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    row, start = runs()[name], time.perf_counter()
    nets, found = report(BitTask(row, LAG), SEEDS)
    longer = BitTask(row, LONGER)
    found["longer"] = longer.accuracy(nets, SEEDS).tolist()
    if row.cell == "rnn":
        x, _ = longer.drawing(SEEDS)()
        quiet = silence(len(SEEDS), LONGER)
        with torch.no_grad():
            ends = nets(quiet)[-1]  # (N, 2)
        found["quiet"] = (ends[:, 0] > 0).logical_and(ends[:, 1] < 0).tolist()
        found["factor"] = {"distractors": factor(nets, x), "silence": factor(nets, quiet)}
    seconds = {"seconds_total": round(time.perf_counter() - start, 3)}
    head = {"name": name, "config": asdict(row)} | found | seconds
    return head | {"versions": versions(), "machine": machine()}
