"""Alle Läufe, aus denen die Tabellen des Buchs entstehen: ``make results``.

Je Lauf entsteht eine kleine JSON-Datei in ``anncourse/measured``. Was dort mit denselben
Hyperparametern und Daten schon liegt, wird nicht wiederholt: Ein Abbruch kostet höchstens die
Läufe, die gerade rechnen. Mehrere Prozesse mit je einem Thread rechnen nebeneinander; so kleine
Netze nützen einen zweiten Thread kaum.
"""

import argparse
import sys
from fnmatch import fnmatch
from pathlib import Path

from tqdm import tqdm

from anncourse.data import ReviewsDataModule
from anncourse.errors import InputError, printable
from anncourse.experiments.parallel import compute_all, guarded
from anncourse.experiments.running import EXPERIMENTS, compute, is_done
from anncourse.experiments.stored import MEASURED_FOLDER, store
from anncourse.files import resolve
from anncourse.sources import load_reviews


def main(argv: list[str] | None = None) -> int:
    """Der Befehl hinter ``make results``."""
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
    return guarded(lambda: run(names, arguments.output), arguments.output)


def run(names: list[str], output: str | Path) -> None:
    """Rechnet von diesen Läufen, was im Ordner noch fehlt."""
    if not names:
        raise InputError("Kein Lauf heisst so. Die Namen zeigt --list.")
    folder = resolve(output, "Der Ordner für die Ergebnisse")
    folder.mkdir(parents=True, exist_ok=True)
    reviews = load_reviews()
    missing = [name for name in names if not is_done(folder, name, reviews.digest)]
    done = f"{len(names) - len(missing)} von {len(names)} Läufen liegen schon da."
    print(f"{printable(str(reviews))}; {done}")
    if missing:
        ReviewsDataModule(reviews)  # einmal nummerieren, bevor jeder Prozess es täte
        for result in tqdm(compute_all(compute, missing), total=len(missing), desc="Läufe"):
            store(folder, result)


if __name__ == "__main__":
    sys.exit(main())
