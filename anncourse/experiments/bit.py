"""Welche Zelle lernt, ein Bit über k Schritte zu behalten? Die Läufe hinter 9.3.5 und 9.3.6.

Je Zeile (Zelle, Anfangswerte, Breite, Aufgabe) steigt der Abstand, solange vier von fünf Läufen ihn
lösen. Zu jedem Abstand sucht die Zeile ihre Lernrate: fünf Raten, je drei Zufallsstarts. Es gilt
die erste, mit der alle drei lösen, sonst jene mit der höchsten Genauigkeit auf neuen Folgen.
Berichtet wird über fünf andere Zufallsstarts.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import torch
from torch import nn

from anncourse.experiments.lag import sequences
from anncourse.experiments.many import Draw, Nets, learn, right
from anncourse.initialisation import initialise_recurrent
from anncourse.session import machine, versions

LAGS = (10, 25, 50, 100, 200)
SEEDS, SEARCH_SEEDS = range(5), (100, 101, 102)
RATES = {"rmsprop": (3e-4, 1e-3, 3e-3, 1e-2, 3e-2), "sgd": (1e-2, 3e-2, 1e-1, 3e-1, 1.0)}
BATCHES, BATCH_SIZE, TEST_SIZE = 3000, 32, 2000
SOLVED, ENOUGH = 0.98, 4  # Anteil richtiger Antworten; so viele der fünf Läufe
LOOKS = (0, 10, 30, 100, 300, 1000)  # vor diesen Stapeln werden die Singulärwerte von U gezählt
WIDTHS = (1, 4, 8, 32)


@dataclass(frozen=True)
class Row:
    """Eine Zeile der Tabelle.

    Attributes
    ----------
    cell : {"rnn", "relu", "lstm", "gru", "mingru"}
        Die Zelle.
    start : str
        Anfangswerte: ein Schema, bei Zellen mit Toren dahinter der Achsenabschnitt des Tors, das
        behält; ``small``: orthogonal, W ein Zehntel; ``kept``: ebenso, und U bleibt orthogonal;
        ``identity``: U die Einheitsmatrix, W ein Zehntel.
    width : int
        Breite H.
    distractors : bool
        Ob zwischen Marke und Frage ablenkende Werte stehen.
    optimiser : {"rmsprop", "sgd"}
        Womit gelernt wird.
    """

    cell: str
    start: str
    width: int
    distractors: bool = True
    optimiser: str = "rmsprop"

    @property
    def name(self) -> str:
        """Wie die Datei heisst, zum Beispiel ``bit-lstm-keras-3-04``."""
        task = "" if self.distractors else "-silence"
        optimiser = "" if self.optimiser == "rmsprop" else f"-{self.optimiser}"
        return f"bit-{self.cell}-{self.start}-{self.width:02}{task}{optimiser}"


def rows() -> list[Row]:
    """Welche Zeilen gerechnet werden: nicht alle, sondern jene, an denen eine Frage hängt."""
    full = {
        "rnn": ("pytorch", "orthogonal", "small", "kept"),
        "relu": ("identity",),
        "lstm": ("pytorch", "keras-1", "keras-3", "keras-chrono"),
        "gru": ("pytorch", "keras-0", "keras-3", "keras-chrono"),
        "mingru": ("pytorch-3",),
    }
    some = {"lstm": ("keras-0", "orthogonal-1"), "gru": ("orthogonal-0",), "mingru": ("pytorch",)}
    silent = {"rnn": ("orthogonal", "small"), "lstm": ("keras-1", "keras-3"), "gru": ("keras-3",)}

    def every(starts: dict, widths: Sequence[int], distractors: bool = True) -> list[Row]:
        return [Row(c, s, w, distractors) for c in starts for s in starts[c] for w in widths]

    plain = replace(Row("lstm", "keras-3", 4), optimiser="sgd")
    return [*every(full, WIDTHS), *every(some, (4, 32)), *every(silent, (4, 32), False), plain]


# --- Anfangswerte ---------------------------------------------------------------------------


class MinGRU(nn.Module):
    """Nur die Gewichte einer minGRU: z und n aus der Eingabe, wie bei ``nn.Linear``."""

    def __init__(self, inputs: int, hidden_size: int):
        super().__init__()
        linear = nn.Linear(inputs, 2 * hidden_size)
        self.weight_ih_l0, self.bias_ih_l0 = linear.weight, linear.bias


LAYERS = {"rnn": nn.RNN, "relu": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU, "mingru": MinGRU}
SCHEMES = {"small": "orthogonal", "kept": "orthogonal", "identity": "irnn"}


@torch.no_grad()
def layer(row: Row, lag: int) -> nn.Module:
    """Eine rekurrente Schicht mit den Anfangswerten der Zeile."""
    scheme, _, gate = row.start.partition("-")
    recurrent, H = LAYERS[row.cell](2, row.width), row.width
    if row.cell != "mingru":
        initialise_recurrent(recurrent, SCHEMES.get(scheme, scheme))
    if scheme in ("small", "kept", "identity"):
        recurrent.weight_ih_l0 *= 0.1
    if gate:
        bias = recurrent.get_parameter("bias_ih_l0").split(H)
        keep = bias[0 if row.cell == "mingru" else 1]  # z; f von i, f, g, o; z von r, z, n
        if gate == "chrono":
            keep.copy_(torch.empty(H).uniform_(1, lag).log())
            if row.cell == "lstm":
                bias[0].copy_(-keep)
        else:
            keep.fill_(float(gate))
    return recurrent


def build(row: Row, lag: int, seeds: Sequence[int]) -> Nets:
    """Ein Netz je Zufallsstart."""
    layers, outputs = [], []
    for seed in seeds:
        torch.manual_seed(seed)
        layers.append(layer(row, lag))
        outputs.append(nn.Linear(row.width, 1))
    return Nets(row.cell, layers, outputs, stay_orthogonal=row.start == "kept")


# --- Lernen ---------------------------------------------------------------------------------


def drawing(row: Row, lag: int, seeds: Sequence[int], size: int = BATCH_SIZE) -> Draw:
    """Zieht bei jedem Aufruf neue Folgen, für jeden Zufallsstart andere."""
    generators = {seed: torch.Generator().manual_seed(seed) for seed in seeds}

    def draw() -> tuple[torch.Tensor, torch.Tensor]:
        drawn = {s: sequences(size, lag, g, row.distractors) for s, g in generators.items()}
        x = torch.stack([drawn[seed][0] for seed in seeds])  # (N, B, T, 2)
        y = torch.stack([drawn[seed][1] for seed in seeds])  # (N, B)
        return x.permute(2, 0, 1, 3).contiguous(), y[None]

    return draw


@torch.no_grad()
def accuracy(nets: Nets, row: Row, lag: int, seeds: Sequence[int]) -> torch.Tensor:
    """Anteil richtiger Antworten auf `TEST_SIZE` neuen Folgen, Form ``(N,)``."""
    draw = drawing(row, lag, [10_000 + seed for seed in seeds], TEST_SIZE // 4)
    parts = []
    for _ in range(4):  # in vier Teilen, damit der Speicher reicht
        x, y = draw()
        parts.append(right(nets(x)[-1:], y))
    return torch.stack(parts).mean(0)


def choose(row: Row, lag: int) -> tuple[float, dict[str, list[float]]]:
    """Die Lernrate für diesen Abstand, dazu die Genauigkeiten der versuchten Netze."""
    rates, seeds = RATES[row.optimiser], list(SEARCH_SEEDS) * len(RATES[row.optimiser])
    nets, tried = build(row, lag, seeds), len(SEARCH_SEEDS)

    def one_rate(solved: torch.Tensor) -> bool:
        return bool(solved.view(-1, tried).all(1).any())

    each = torch.tensor(rates).repeat_interleave(tried)
    done = learn(nets, drawing(row, lag, seeds), each, limit(lag), one_rate, row.optimiser == "sgd")
    found = accuracy(nets, row, lag, seeds).view(-1, tried)  # (Raten, Zufallsstarts)
    solved = (done.view(-1, tried) > 0).all(1)
    score = found.mean(1) + solved.float()
    validation = {f"{rate:g}": found[n].tolist() for n, rate in enumerate(rates)}
    return rates[int(score.argmax())], validation


def limit(lag: int) -> int:
    """Höchstens so viele Stapel; beim grössten Abstand halb so viele, denn sie kosten doppelt."""
    return BATCHES if lag < LAGS[-1] else BATCHES // 2


def neutral(nets: Nets) -> list[int]:
    """Wie viele Singulärwerte von U auf 10 % bei 1 liegen, je Netz."""
    values = torch.linalg.svdvals(nets.U.detach())  # (N, H)
    return ((values - 1).abs() <= 0.1).sum(1).tolist()


def measure(row: Row, lag: int) -> dict:
    """Eine Zeile bei einem Abstand: gewählte Lernrate, Genauigkeit und Stapel je Lauf."""
    rate, validation = choose(row, lag)
    nets, counted = build(row, lag, SEEDS), {}

    def watch(batch: int) -> None:
        if row.cell in ("rnn", "relu") and batch in LOOKS:
            counted[str(batch)] = neutral(nets)

    rates = torch.full((len(SEEDS),), rate)
    draw, plain = drawing(row, lag, SEEDS), row.optimiser == "sgd"
    done = learn(nets, draw, rates, limit(lag), momentless=plain, watch=watch)
    if counted:
        counted["end"] = neutral(nets)
    return {
        "rate": rate,
        "validation": validation,
        "accuracies": accuracy(nets, row, lag, SEEDS).tolist(),
        "batches": done.tolist(),
        "neutral": counted,
    }


# --- Läufe ----------------------------------------------------------------------------------


def runs() -> dict[str, Row]:
    """Name → Zeile."""
    return {row.name: row for row in rows()}


def planned(name: str, digest: str) -> dict:
    """Was im Ergebnis stehen muss, damit es noch gilt; von den Kritiken hängt nichts ab."""
    return {"config": asdict(runs()[name])}


def solved(found: dict) -> int:
    """Wie viele der Läufe die Aufgabe lösen."""
    return sum(value >= SOLVED for value in found["accuracies"])


def compute(name: str) -> dict:
    """Eine Zeile, Abstand um Abstand, in einem Prozess mit einem Thread."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # Verschwundenes ist null; sonst rechnet der Prozessor langsam
    row, start, lags = runs()[name], time.perf_counter(), {}
    for lag in LAGS:
        lags[str(lag)] = measure(row, lag)
        if solved(lags[str(lag)]) < ENOUGH:
            break
    seconds = round(time.perf_counter() - start, 3)
    head = {"name": name, "config": asdict(row), "lags": lags, "seconds_total": seconds}
    return head | {"versions": versions(), "machine": machine()}
