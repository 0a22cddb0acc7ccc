"""Die besten Hyperparameter je Zelle und Anfangswerte, nur auf dem Validierungsteil: make search.

Je Zelle werden erst die Lernraten versucht; mit der besten dann weniger und mehr Epochen, weniger
und mehr Dropout, einzeln und zusammen; die drei besten Versuche mit zwei weiteren Zufallsstarts. Es
gilt der beste Mittelwert. Von PyTorchs Anfangswerten aus werden danach Lernrate und Epochen neu
gesucht; Dropout bleibt. Den Testteil sieht kein Versuch. Jeder liegt als kleine JSON-Datei in
``anncourse/measured/search``; nach einem Abbruch rechnet derselbe Befehl nur, was noch fehlt.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from math import isnan, nan
from pathlib import Path

import pandas as pd
import torch
from tqdm import tqdm

from anncourse.config import CELLS, Config
from anncourse.data import ReviewsDataModule
from anncourse.errors import InputError
from anncourse.experiments.corpus import reviews
from anncourse.experiments.parallel import compute_all, guarded
from anncourse.experiments.stored import MEASURED_FOLDER, read, store
from anncourse.training import fit

SEARCH_FOLDER = MEASURED_FOLDER / "search"
RATES = {  # von jenen Anfangswerten aus
    "keras": (5e-4, 1e-3, 2e-3, 1e-2, 2e-2),
    "pytorch": (5e-4, 1e-3, 2e-3, 1e-2, 2e-2, 5e-2),
}
CHANGES = {  # bei der besten Lernrate
    "keras": (
        {"epochs": 4},
        {"epochs": 16},
        {"embedding_dropout": 0.2},
        {"embedding_dropout": 0.6},
        {"embedding_dropout": 0.8},
        {"epochs": 16, "embedding_dropout": 0.6},
        {"epochs": 24, "embedding_dropout": 0.6},
    ),
    "pytorch": ({"epochs": 8}, {"epochs": 16}, {"epochs": 24}),
}
BEST = 3  # so viele Versuche bekommen alle Zufallsstarts
SEEDS = (100, 101, 102)  # andere als jene der Läufe, über die das Buch berichtet


@dataclass(frozen=True)
class Trial:
    """Ein Versuch: eine Zelle, Hyperparameter, ein Zufallsstart."""

    cell: str
    config: Config
    seed: int = SEEDS[0]

    @property
    def name(self) -> str:
        """Wie die Datei heisst, zum Beispiel ``gru-keras-0.01-8-0.4-100``."""
        c = self.config
        head = f"{self.cell}-{c.init}-{c.learning_rate:g}-{c.epochs}"
        return f"{head}-{c.embedding_dropout:g}-{self.seed}"


def compute(trial: Trial) -> dict:
    """Ein Versuch, in einem eigenen Prozess mit einem Thread; kein Wort über den Testteil."""
    torch.set_num_threads(1)
    result = fit(trial.cell, reviews(), trial.config, trial.seed, test=False).result.summary()
    return {"name": trial.name} | {k: v for k, v in result.items() if k != "test_accuracy"}


class Found:
    """Was ein Ordner über Versuche weiss.

    Parameters
    ----------
    folder : Path
        Ordner mit den Dateien.
    digest : str, optional
        Nur Versuche mit diesen Daten gelten; ohne Angabe alle.
    """

    def __init__(self, folder: Path = SEARCH_FOLDER, digest: str | None = None):
        self.folder, self.digest = folder, digest

    def accuracy(self, trial: Trial) -> float:
        """Genauigkeit auf dem Validierungsteil; NaN, wenn der Versuch noch fehlt."""
        try:
            result = read(self.folder / f"{trial.name}.json")
        except InputError:
            return nan
        same = result.get("config") == asdict(trial.config)
        same = same and self.digest in (None, result.get("digest"))
        return result["val_accuracy"] if same else nan


def stages(cell: str, init: str, found: Found) -> Iterator[list[Trial]]:
    """Die Versuche einer Zelle, Stufe um Stufe; die nächste hängt von den vorigen ab."""
    start = Config() if init == "keras" else best(cell, folder=found.folder)
    trials = [Trial(cell, replace(start, init=init, learning_rate=rate)) for rate in RATES[init]]
    yield trials
    rate = max(trials, key=found.accuracy).config
    changed = [Trial(cell, replace(rate, **change)) for change in CHANGES[init]]
    trials += [trial for trial in changed if trial not in trials]
    yield trials
    for trial in sorted(trials, key=found.accuracy, reverse=True)[:BEST]:
        trials += [replace(trial, seed=seed) for seed in SEEDS[1:]]
    yield trials


def missing(cell: str, init: str, found: Found) -> list[Trial]:
    """Was als Nächstes zu rechnen ist; leer, wenn die Suche fertig ist."""
    for trials in stages(cell, init, found):
        todo = [trial for trial in trials if isnan(found.accuracy(trial))]
        if todo:
            return todo
    return []


def ranking(cell: str, init: str = "keras", folder: Path = SEARCH_FOLDER) -> pd.DataFrame:
    """Alle Versuche einer Zelle, die besten zuerst.

    Returns
    -------
    pandas.DataFrame
        Eine Zeile je Satz Hyperparameter: ``config``, ``runs`` (Zahl der Läufe), ``mean`` und
        ``spread`` der Validierungsgenauigkeit (NaN bei einem Lauf). Sätze mit allen Läufen
        stehen vor jenen mit einem; auf Zehntelprozente gleich gute mit weniger Epochen vor jenen
        mit mehr.

    Raises
    ------
    InputError
        Wenn die Suche noch nicht fertig ist.
    """
    found = Found(folder)
    if missing(cell, init, found):
        raise InputError(f"Die Suche zu {cell} mit {init} ist nicht fertig: make search")
    *_, trials = stages(cell, init, found)
    rows = pd.DataFrame([{"config": t.config, "val": found.accuracy(t)} for t in trials])
    table = rows.groupby("config", sort=False)["val"].agg(runs="count", mean="mean", spread="std")
    table = table.reset_index()
    table["tenths"], table["epochs"] = table["mean"].round(3), [c.epochs for c in table["config"]]
    order = ["runs", "tenths", "epochs", "mean"]
    table = table.sort_values(order, ascending=[False, False, True, False], ignore_index=True)
    return table.drop(columns=["tenths", "epochs"])


def best(cell: str, init: str = "keras", folder: Path = SEARCH_FOLDER) -> Config:
    """Die besten Hyperparameter einer Zelle von diesen Anfangswerten aus."""
    return ranking(cell, init, folder)["config"].iloc[0]


def search() -> None:
    """Rechnet, was noch fehlt."""
    found = Found(SEARCH_FOLDER, reviews().digest)
    ReviewsDataModule(reviews())  # einmal nummerieren, bevor jeder Prozess es täte
    SEARCH_FOLDER.mkdir(parents=True, exist_ok=True)
    for init in RATES:
        while todo := [t for cell in reversed(CELLS) for t in missing(cell, init, found)]:
            for result in tqdm(compute_all(compute, todo), init, len(todo)):
                store(SEARCH_FOLDER, result)


def main(argv: list[str] | None = None) -> int:
    """Der Befehl hinter ``make search``."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args(argv)
    return guarded(search, SEARCH_FOLDER)


if __name__ == "__main__":
    sys.exit(main())
