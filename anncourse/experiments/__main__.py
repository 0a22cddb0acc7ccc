"""Alle Läufe, aus denen die Tabellen des Buchs entstehen: ``make results``.

Je Lauf entsteht eine kleine JSON-Datei in ``anncourse/measured``. Was dort mit denselben
Hyperparametern und Daten schon liegt, wird nicht wiederholt: Ein Abbruch kostet höchstens die
Läufe, die gerade rechnen. Mehrere Prozesse mit je einem Thread rechnen nebeneinander; so kleine
Netze nützen einen zweiten Thread kaum.
"""

import argparse
import os
import signal
import sys
from dataclasses import asdict
from fnmatch import fnmatch
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from anncourse.data import ReviewsDataModule
from anncourse.errors import AnncourseError, InputError, OutsideError, printable, reason
from anncourse.experiments import baselines, imdb, lag
from anncourse.experiments.stored import MEASURED_FOLDER, read, store
from anncourse.files import resolve
from anncourse.sources import load_reviews

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


def start_workers():
    """Prozesse, die Ctrl-C überhören: Es gilt dem ersten, und er beendet sie."""
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # sie erben es, schon vor dem Import
    try:
        return get_context("spawn").Pool(os.cpu_count())
    finally:
        signal.signal(signal.SIGINT, handler)


def main(argv: list[str] | None = None) -> int:
    """Rechnet, was noch fehlt."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("patterns", nargs="*", default=["*"], help="nur diese Läufe: lstm-keras-*")
    parser.add_argument("--output", default=MEASURED_FOLDER, help="Ordner für JSON")
    parser.add_argument("--list", action="store_true", help="zeigt nur die Namen der Läufe")
    arguments = parser.parse_args(argv)
    known = [name for experiment in EXPERIMENTS for name in experiment.runs()]
    names = [n for n in known if any(fnmatch(n, p) for p in arguments.patterns)]
    if arguments.list:
        print(*names, sep="\n")
        return 0
    try:
        if not names:
            raise InputError("Kein Lauf heisst so. Die Namen zeigt --list.")
        folder = resolve(arguments.output, "Der Ordner für die Ergebnisse")
        folder.mkdir(parents=True, exist_ok=True)
        reviews = load_reviews()
        missing = [name for name in names if not is_done(folder, name, reviews.digest)]
        done = f"{len(names) - len(missing)} von {len(names)} Läufen liegen schon da."
        print(f"{printable(str(reviews))}; {done}")
        if missing:
            ReviewsDataModule(reviews)  # einmal nummerieren, bevor jeder Prozess es täte
        with start_workers() as pool:
            results = pool.imap_unordered(compute, missing)
            for result in tqdm(results, total=len(missing), desc="Läufe", disable=not missing):
                store(folder, result)
    except KeyboardInterrupt:
        print(
            "\nAbgebrochen. Fertige Läufe bleiben; derselbe Befehl rechnet die übrigen.",
            file=sys.stderr,
        )
        return 130
    except AnncourseError as error:
        print(f"\nFehler: {printable(str(error))}", file=sys.stderr)
        return error.exit_status
    except OSError as error:
        print(f"\nFehler: «{printable(str(arguments.output))}»: {reason(error)}.", file=sys.stderr)
        return OutsideError.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
