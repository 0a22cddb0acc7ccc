"""Was ein Lauf ergab: Tabelle, Kurven, Intervall, eine kleine JSON-Datei."""

import io
import json
import math
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pandas as pd

RESULT_FILE, METRICS_FILE = "result.json", "metrics.csv"


@dataclass(frozen=True)
class RunResult:
    """Ein Trainingslauf.

    Attributes
    ----------
    cell, data, digest, seed : str or int
        Welches Netz, welche Daten (Name und SHA-256), welcher Zufallsstart.
    epochs, best_epoch : int
        Verlangte Epochen; die beste nach Validierungsgenauigkeit, von 1 an gezählt.
    parameters : int
        Anzahl trainierbarer Zahlen.
    val_accuracy, test_accuracy : float
        Anteile zwischen 0 und 1, beide mit den Gewichten der besten Epoche.
    seconds_per_epoch, seconds_total : float
        Median über die Epochen (nur Trainingsstapel); der ganze Lauf.
    interrupted : bool
        Ob Ctrl-C den Lauf gekürzt hat.
    config, versions, machine : dict
        Hyperparameter, Versionen, Rechner.
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

    def save(self, folder: str | os.PathLike) -> None:
        """Schreibt ``metrics.csv``, dann ``result.json``."""
        Path(folder, METRICS_FILE).write_text(self.metrics)
        text = json.dumps(self.summary(), indent=1, ensure_ascii=False)
        Path(folder, RESULT_FILE).write_text(text + "\n", encoding="utf-8")

    def table(self) -> pd.DataFrame:
        """Eine Zeile je Epoche (von 1 an): Verlust und Genauigkeit beider Teile."""
        return metrics_table(io.StringIO(self.metrics))


def metrics_table(file) -> pd.DataFrame:
    """Fasst die CSV-Datei von Lightning zu einer Zeile je Epoche zusammen.

    Lightning schreibt je Epoche eine Zeile für die Validierung und eine für das Training; was
    in der einen fehlt, steht in der anderen.

    Parameters
    ----------
    file : path or file object
        ``metrics.csv``.

    Returns
    -------
    pandas.DataFrame
        Index ``Epoche`` ab 1; Spalten ``train_loss``, ``val_loss``, ``train_accuracy``,
        ``val_accuracy``.
    """
    columns = ["train_loss", "val_loss", "train_accuracy", "val_accuracy"]
    table = pd.read_csv(file).groupby("epoch").first().reindex(columns=columns)
    table.index = (table.index + 1).rename("Epoche")
    return table


def interval(accuracy: float, number: int, z: float = 1.96) -> tuple[float, float]:
    """95-%-Intervall einer Genauigkeit auf ``number`` Kritiken (Wilson 1927).

    Es misst nur den Zufall der Teststichprobe, nicht den des Trainings.

    Returns
    -------
    low, high : float
        Zwischen 0 und 1.
    """
    centre = (accuracy + z**2 / (2 * number)) / (1 + z**2 / number)
    half = (
        z / (1 + z**2 / number)
        * math.sqrt(accuracy * (1 - accuracy) / number + z**2 / (4 * number**2))
    )
    return centre - half, centre + half
