"""Was ein Lauf ergab: Tabelle, Kurven, Intervall, eine kleine JSON-Datei."""

import io
import json
import math
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pandas as pd

RESULT_FILE, METRICS_FILE = "result.json", "metrics.csv"
MEASURED_FOLDER = Path(__file__).parent / "measured"
BENCH_FILE = MEASURED_FOLDER / "bench" / "bench.json"
TRIED_FILE = BENCH_FILE.with_name("tried.json")


@dataclass(frozen=True)
class RunResult:
    """Ein Trainingslauf.

    Attributes
    ----------
    cell : str
        Welches Netz.
    data : str
        Name der Daten.
    digest : str
        SHA-256 der Daten.
    seed : int
        Zufallsstart.
    epochs : int
        Verlangte Epochen.
    parameters : int
        Anzahl trainierbarer Zahlen.
    best_epoch : int
        Die beste Epoche nach Validierungsgenauigkeit, von 1 an gezählt.
    val_accuracy : float
        Anteil auf dem Validierungsteil, mit den Gewichten der besten Epoche.
    test_accuracy : float
        Anteil auf dem Testteil, mit denselben Gewichten.
    seconds_per_epoch : float
        Median über die Epochen, nur Trainingsstapel.
    seconds_total : float
        Der ganze Lauf.
    interrupted : bool
        Ob Ctrl-C den Lauf gekürzt hat.
    config : dict
        Hyperparameter.
    versions : dict
        Versionen, mit denen gemessen wurde.
    machine : dict
        Rechner, auf dem gemessen wurde.
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
        z
        / (1 + z**2 / number)
        * math.sqrt(accuracy * (1 - accuracy) / number + z**2 / (4 * number**2))
    )
    return centre - half, centre + half


def measured(pattern: str = "*") -> pd.DataFrame:
    """Die gespeicherten Läufe, aus denen die Tabellen des Buchs entstehen.

    Sie kommen mit dem Paket; ``make results`` rechnet sie neu.

    Parameters
    ----------
    pattern : str
        Muster für die Namen, zum Beispiel ``"lstm-keras-*"``.

    Returns
    -------
    pandas.DataFrame
        Eine Zeile je Lauf, Index ``name``; Spalten wie in `RunResult.summary`, die
        Hyperparameter als eigene Spalten.
    """
    files = sorted(MEASURED_FOLDER.glob(f"{pattern}.json"))
    rows = [json.loads(file.read_text("utf-8")) for file in files]
    return pd.DataFrame([row | row.pop("config", {}) for row in rows]).set_index("name")


def mean_and_spread(values: pd.Series) -> str:
    """Mittelwert ± Standardabweichung von Anteilen, in Prozent."""
    return f"{100 * values.mean():.1f} ± {100 * values.std():.1f}"


def bench_table(bench: dict) -> pd.DataFrame:
    """Naheliegender Weg gegen unseren, in Sekunden und als Verhältnis.

    Parameters
    ----------
    bench : dict
        Der Inhalt von ``BENCH_FILE``, geschrieben von ``make bench``.

    Returns
    -------
    pandas.DataFrame
        Spalten ``naheliegend``, ``hier`` (Sekunden; NaN: nie erreicht) und ``Verhältnis``.
    """
    times = {
        f"eine Epoche, {cell.upper()}": (t["plain"], t["ours"])
        for cell, t in bench["epochs"].items()
    }
    preparation = bench["preparation"]
    times["50 000 Kritiken vorbereiten"] = preparation["plain"], preparation["cold"]
    times["dasselbe beim zweiten Mal, samt Lesen"] = (
        preparation["plain"] + preparation["reading"],
        preparation["warm"],
    )
    for target, reached in bench["targets"]["ours"].items():
        label = f"LSTM bis {100 * float(target):.0f} % Validierung"
        times[label] = bench["targets"]["plain"][target], reached
    table = pd.DataFrame(times, index=["naheliegend", "hier"], dtype=float).T
    return table.assign(Verhältnis=table["hier"] / table["naheliegend"])
