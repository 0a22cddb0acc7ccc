"""Welche Läufe es gibt und welche schon daliegen."""

from pathlib import Path
from types import ModuleType

from anncourse.errors import InputError
from anncourse.experiments import (
    baselines,
    bit,
    films,
    held,
    imdb,
    lag,
    latch,
    lengths,
    order,
    padding,
    page,
    vanishing,
)
from anncourse.experiments.stored import read

# Ein Experiment kennt seine Läufe, runs(), rechnet einen davon, compute(name), und weiss, was im
# Ergebnis stehen muss, damit es noch gilt, planned(name, digest).
EXPERIMENTS = (
    baselines,
    lengths,
    imdb,
    films,
    order,
    padding,
    bit,
    held,
    latch,
    lag,
    vanishing,
    page,
)


def experiment_of(name: str) -> ModuleType:
    """Das Experiment, zu dem ein Lauf gehört."""
    return next(e for e in EXPERIMENTS if name in e.runs())


def compute(name: str) -> dict:
    """Rechnet einen Lauf."""
    return experiment_of(name).compute(name)


def is_done(folder: Path, name: str, digest: str) -> bool:
    """Liegt das Ergebnis schon da, mit denselben Daten und Hyperparametern?"""
    try:
        result = read(folder / f"{name}.json")
    except InputError:
        return False
    planned = experiment_of(name).planned(name, digest)
    return all(result.get(key) == value for key, value in planned.items())
