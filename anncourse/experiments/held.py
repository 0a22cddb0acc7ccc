"""Wie ein RNN das Bit hält, das es zu behalten gelernt hat (Abschnitt 9.3.5).

Alle lernen den Abstand 25. Danach wird beim zehnfachen gemessen: wie oft das Netz recht hat, auch
noch drei Schritte später; wie oft eine neue lineare Ausgabe recht hat, die man an seinen letzten
Zustand anpasst (ein Netz, das in jedem Schritt das Vorzeichen wechselt, hält das Bit und antwortet
doch falsch); und mit welchem Faktor ein Schritt eine kleine Störung im Mittel multipliziert. Ein
Faktor unter 1 hält sicher und lässt den Gradienten verschwinden.
"""

import time
from dataclasses import asdict

import pandas as pd
import torch

from anncourse.experiments.bit import SEEDS, BitTask, Row
from anncourse.experiments.many import SOLVED, Nets, report
from anncourse.experiments.stored import measured
from anncourse.session import machine, versions

LAG, LONGER, STEPS = 25, range(250, 254), 100
TEST_SIZE = 1000
STARTS = {
    "rnn": ("pytorch", "orthogonal", "small", "kept"),
    "relu": ("identity",),
    "lstm": ("keras-1", "keras-3"),
    "gru": ("keras-3",),
}


@torch.no_grad()
def readable(nets: Nets, x: torch.Tensor, y: torch.Tensor) -> list[float]:
    """Anteil richtiger Antworten einer linearen Ausgabe, an der halben Stichprobe angepasst.

    Parameters
    ----------
    nets : Nets
        N Netze.
    x, y : torch.Tensor
        Folgen ``(T, N, B, 2)`` und Ziele ``(1, N, B)``.
    """
    h, sign = nets.states(x)[-1].double(), 2 * y[0, ..., None].double() - 1  # (N, B, H), (N, B, 1)
    h = torch.cat([h, torch.ones_like(sign)], -1)  # mit Achsenabschnitt
    half = h.shape[1] // 2
    w = torch.linalg.pinv(h[:, :half], rtol=1e-6) @ sign[:, :half]
    found = (h[:, half:] @ w).sign() == sign[:, half:]
    return found.double().mean((1, 2)).tolist()


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


def solved_nets() -> pd.DataFrame:
    """Die gespeicherten RNN, die den Abstand 25 lösen, eine Zeile je Netz.

    Returns
    -------
    pandas.DataFrame
        ``start``, ``factor``, ``readable`` und ``alternating``: ob die Antwort beim zehnfachen
        Abstand in jedem Schritt ins Gegenteil fällt.
    """
    rows = []
    for _, run in measured("held-rnn-*").iterrows():
        for n, right in enumerate(run["accuracies"]):
            answers = [round(shares[n], 1) for shares in run["longer"].values()]
            row = {name: run[name][n] for name in ("factor", "readable")}
            row |= {"start": run["start"], "alternating": answers in ([0, 1, 0, 1], [1, 0, 1, 0])}
            rows += [row] if right >= SOLVED else []
    return pd.DataFrame(rows)


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
    longer = {lag: BitTask(row, lag).accuracy(nets, SEEDS).tolist() for lag in LONGER}
    x, y = BitTask(row, LONGER[0]).drawing(SEEDS, TEST_SIZE)()
    found |= {"longer": {str(lag): shares for lag, shares in longer.items()}}
    found["readable"] = readable(nets, x, y)
    if row.cell == "rnn":
        found["factor"] = factor(nets, x[:, :, :32])
    seconds = {"seconds_total": round(time.perf_counter() - start, 3)}
    head = {"name": name, "config": asdict(row)} | found | seconds
    return head | {"versions": versions(), "machine": machine()}
