"""Was ein Lauf ergab: Tabelle, Kurven, Intervall, eine kleine JSON-Datei."""

import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import pandas as pd

RESULT_FILE, METRICS_FILE = "result.json", "metrics.csv"
METRICS = ["train_loss", "val_loss", "train_accuracy", "val_accuracy"]


@dataclass(frozen=True)
class RunResult:
    """Ein Trainingslauf.

    Attributes
    ----------
    cell, data, digest : str
        Die Zelle; der Name der Daten und ihre SHA-256.
    seed, epochs : int
        Zufallsstart; verlangte Epochen.
    parameters : int
        Anzahl trainierbarer Zahlen.
    best_epoch : int
        Die beste Epoche nach Validierungsgenauigkeit, von 1 an gezählt.
    val_accuracy, test_accuracy : float
        Anteile richtiger Urteile mit den Gewichten der besten Epoche, zwischen 0 und 1; ``None``,
        wo nicht gemessen wurde.
    seconds_per_epoch, seconds_total : float
        Median über die Epochen, nur Trainingsstapel; der ganze Lauf.
    interrupted : bool
        Ob Ctrl-C den Lauf gekürzt hat.
    config, versions, machine : dict
        Hyperparameter, Versionen und Rechner, mit denen gemessen wurde.
    metrics : str
        Der Inhalt von ``metrics.csv``.
    """

    cell: str
    data: str
    digest: str
    seed: int
    epochs: int
    parameters: int
    best_epoch: int
    val_accuracy: float
    test_accuracy: float | None
    seconds_per_epoch: float
    seconds_total: float
    interrupted: bool
    config: dict
    versions: dict
    machine: dict
    metrics: str = field(repr=False, default="")

    def summary(self) -> dict:
        """Alles ausser dem Verlauf, für eine Zeile JSON."""
        return {name: value for name, value in asdict(self).items() if name != "metrics"}

    def files(self) -> dict[str, bytes]:
        """Die Inhalte von ``metrics.csv`` und ``result.json``."""
        text = json.dumps(self.summary(), indent=1, ensure_ascii=False)
        return {METRICS_FILE: self.metrics.encode(), RESULT_FILE: f"{text}\n".encode()}

    def table(self) -> pd.DataFrame:
        """Eine Zeile je Epoche (von 1 an): Verlust und Genauigkeit beider Teile."""
        return metrics_table(io.StringIO(self.metrics))


def metrics_text(history: Sequence[dict[str, float]]) -> str:
    """Der Inhalt von ``metrics.csv``: eine Zeile je Epoche, dort von 0 an gezählt."""
    return pd.DataFrame(history).reindex(columns=["epoch", *METRICS]).to_csv(index=False)


def metrics_table(file) -> pd.DataFrame:
    """Der Verlauf eines Trainings, auch aus einer Datei, die Lightnings CSVLogger schrieb.

    Lightning schreibt je Epoche eine Zeile für die Validierung und eine für das Training; was
    in der einen fehlt, steht in der anderen.

    Returns
    -------
    pandas.DataFrame
        Index ``Epoche`` ab 1; Spalten wie in `METRICS`.
    """
    rows = pd.read_csv(file)
    table = rows.groupby("epoch").first().reindex(columns=METRICS)
    table.index = (table.index + 1).rename("Epoche")
    return table


def interval(accuracy: float, number: int, z: float = 1.96) -> tuple[float, float]:
    """95-%-Intervall einer Genauigkeit auf ``number`` Kritiken, zwischen 0 und 1 (Wilson 1927).

    Es misst nur den Zufall der Teststichprobe, nicht den des Trainings.
    """
    scale = 1 + z**2 / number
    centre = (accuracy + z**2 / (2 * number)) / scale
    half = z / scale * math.sqrt(accuracy * (1 - accuracy) / number + z**2 / (4 * number**2))
    return centre - half, centre + half
