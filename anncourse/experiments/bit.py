"""Welche Zelle lernt, ein Bit über k Schritte zu behalten? Die Läufe hinter 9.3.5 und 9.3.6.

Je Zeile (Zelle, Anfangswerte, Breite, Aufgabe) steigt der Abstand, solange vier von fünf Läufen ihn
lösen. Zu jedem Abstand sucht die Zeile ihre Lernrate (`many.choose`): fünf Raten, je drei
Zufallsstarts. Berichtet wird über fünf andere.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product

import pandas as pd
import torch

from anncourse.experiments.lag import sequences
from anncourse.experiments.many import MASTERED, Draw, Nets, drawing, report, right, solved
from anncourse.experiments.starts import build
from anncourse.experiments.stored import measured
from anncourse.session import machine, versions

LAGS = (10, 25, 50, 100, 200)
SEEDS = range(5)
BATCHES, BATCH_SIZE, TEST_SIZE = 3000, 32, 2000
ENOUGH = 4  # so viele der fünf Läufe
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
        Anfangswerte, wie in `starts.layer`.
    width : int
        Breite H.
    distractors : bool
        Ob zwischen Marke und Frage ablenkende Werte stehen.
    optimiser : {"rmsprop", "sgd", "unclipped"}
        Womit gelernt wird, wie in `many.learn`.
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
    """Welche Zeilen gerechnet werden: nicht alle, sondern jene, an denen eine Frage hängt.

    Je Anfangswerte die Breiten, an denen man sie mit anderen vergleicht. Stille und gewöhnlicher
    Gradientenabstieg sind nur mit einer Breite gerechnet.
    """
    widths = {
        "rnn-pytorch": (1, 4, 32),
        "rnn-orthogonal": (1, 4, 32),
        "rnn-small": WIDTHS,
        "rnn-kept": (1, 4, 32),
        "relu-identity": (4, 32),
        "lstm-pytorch": (4, 32),
        "lstm-keras-0": (4, 32),
        "lstm-keras-1": (1, 4, 32),
        "lstm-orthogonal-1": (4,),
        "lstm-keras-3": WIDTHS,
        "lstm-keras-chrono": (4, 32),
        "gru-pytorch": (4,),
        "gru-keras-0": (4,),
        "gru-keras-3": WIDTHS,
        "gru-keras-chrono": (4,),
        "mingru-pytorch-3": (4, 32),
    }
    found = []
    for name, several in widths.items():
        cell, start = name.split("-", 1)
        found += [Row(cell, start, width) for width in several]
        if name in ("rnn-small", "lstm-keras-1", "lstm-keras-3", "gru-keras-3"):
            found.append(Row(cell, start, 4, distractors=False))
    found.append(Row("lstm", "keras-3", 4, optimiser="sgd"))
    for start, optimiser in product(("orthogonal", "stretched"), ("sgd", "unclipped")):
        found.append(Row("rnn", start, 32, optimiser=optimiser))
    return found


@dataclass(frozen=True)
class BitTask:
    """Eine Zeile bei einem Abstand."""

    row: Row
    lag: int
    mastered: float = MASTERED

    @property
    def optimiser(self) -> str:
        """Womit gelernt wird."""
        return self.row.optimiser

    @property
    def batches(self) -> int:
        """Höchstens so viele Stapel; beim grössten Abstand halb so viele (Zeit)."""
        return BATCHES if self.lag < LAGS[-1] else BATCHES // 2

    def build(self, seeds: Sequence[int]) -> Nets:
        """Ein Netz je Zufallsstart."""
        return build(self.row.cell, self.row.start, self.row.width, seeds, self.lag)

    def drawing(self, seeds: Sequence[int], size: int = BATCH_SIZE) -> Draw:
        """Folgen ``(B, k + 1, 2)``, gefragt ist nur am Schluss."""

        def make(generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
            x, y = sequences(size, self.lag, generator, self.row.distractors)
            return x, y[:, None]

        return drawing(make, seeds)

    @torch.no_grad()
    def accuracy(self, nets: Nets, seeds: Sequence[int]) -> torch.Tensor:
        """Anteil richtiger Antworten auf `TEST_SIZE` neuen Folgen, Form ``(N,)``."""
        draw = self.drawing([10_000 + seed for seed in seeds], TEST_SIZE // 4)
        parts = []
        for _ in range(4):  # in vier Teilen, damit der Speicher reicht
            x, y = draw()
            parts.append(right(nets(x)[-1:], y))
        return torch.stack(parts).mean(0)


def neutral(nets: Nets) -> list[int]:
    """Wie viele Singulärwerte von U auf 10 % bei 1 liegen, je Netz."""
    U = nets.U.detach()
    values = torch.linalg.svdvals(U.where(U.isfinite(), 0))  # (N, H); unbegrenzt kann U zerspringen
    return ((values - 1).abs() <= 0.1).sum(1).tolist()


def measure(row: Row, lag: int) -> dict:
    """Eine Zeile bei einem Abstand: was `many.report` fand, beim RNN auch `neutral`."""
    counted = {}

    def watch(batch: int, nets: Nets) -> None:
        if row.cell in ("rnn", "relu") and batch in LOOKS:
            counted[str(batch)] = neutral(nets)

    nets, found = report(BitTask(row, lag), SEEDS, watch)
    if counted:
        counted["end"] = neutral(nets)
    return found | {"neutral": counted}


def runs() -> dict[str, Row]:
    """Name → Zeile."""
    return {row.name: row for row in rows()}


def planned(name: str, digest: str) -> dict:
    """Was im Ergebnis stehen muss, damit es noch gilt; von den Kritiken hängt nichts ab."""
    return {"config": asdict(runs()[name])}


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


def reach(lags: dict[str, dict]) -> str:
    """Der grösste Abstand, den vier von fünf Läufen lösen; in Klammern, wie viele den nächsten."""
    found = {lag: solved(runs) for lag, runs in lags.items()}
    best = max((int(lag) for lag, count in found.items() if count >= ENOUGH), default=0)
    count = list(found.values())[-1]
    end = "" if count >= ENOUGH else f" ({count})"
    return f"{best or '–'}{end}"


def table(labels: Mapping[str, str], ending: str = "") -> pd.DataFrame:
    """Wie weit jede Zeile reicht, je Breite eine Spalte.

    Parameters
    ----------
    labels : mapping
        Beschriftung → Zelle und Anfangswerte, zum Beispiel ``"lstm-keras-3"``.
    ending : str
        ``-silence`` für die Aufgabe ohne ablenkende Werte.
    """
    stored = measured(f"bit-*{ending}")["lags"]
    rows = {
        label: {
            f"H = {width}": reach(stored[name])
            for width in WIDTHS
            if (name := f"bit-{row}-{width:02}{ending}") in stored
        }
        for label, row in labels.items()
    }
    found = pd.DataFrame(rows).T.fillna("").rename_axis("grösster gelöster Abstand k")
    return found.reindex(columns=[f"H = {w}" for w in WIDTHS if f"H = {w}" in found.columns])
