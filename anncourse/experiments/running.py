"""Läufe rechnen: welche es gibt, welche schon daliegen, mehrere nebeneinander."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from multiprocessing import active_children, get_context
from pathlib import Path

from anncourse.errors import InputError, OutsideError
from anncourse.experiments import baselines, imdb, lag
from anncourse.experiments.stored import read

# Ein Experiment kennt seine Läufe, runs(), und rechnet einen davon, compute(name).
EXPERIMENTS = (baselines, imdb, lag)


def compute(name: str) -> dict:
    """Rechnet einen Lauf."""
    return next(e for e in EXPERIMENTS if name in e.runs()).compute(name)


def is_done(folder: Path, name: str, digest: str) -> bool:
    """Liegt das Ergebnis schon da, mit denselben Daten und Hyperparametern?

    Die Versuche mit langem Abstand hängen nicht von den Kritiken ab.
    """
    try:
        result = read(folder / f"{name}.json")
    except InputError:
        return False
    if name in lag.runs():
        return result.get("config") == asdict(lag.runs()[name])
    same_config = name in baselines.runs() or result.get("config") == asdict(imdb.runs()[name][1])
    return result.get("digest") == digest and same_config


def compute_all(names: list[str]) -> Iterator[dict]:
    """Rechnet Läufe nebeneinander und gibt jedes Ergebnis, sobald es da ist.

    Ctrl-C überhören die Prozesse: Es gilt dem ersten, und er beendet sie.
    """
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # sie erben es, schon vor dem Import
    pool = ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"))
    try:
        futures = [pool.submit(compute, name) for name in names]
        signal.signal(signal.SIGINT, handler)
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        raise OutsideError(
            "Ein Prozess ist mitten im Rechnen verschwunden, vielleicht fehlte der Speicher. "
            "Fertige Läufe bleiben; derselbe Befehl rechnet die übrigen."
        ) from error
    finally:
        signal.signal(signal.SIGINT, handler)
        for process in active_children():
            process.kill()
        pool.shutdown(cancel_futures=True)
