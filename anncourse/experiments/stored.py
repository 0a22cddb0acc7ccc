"""Gespeicherte Ergebnisse: eine kleine JSON-Datei je Lauf, dazu die Tabellen daraus."""

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from anncourse.errors import InputError, OutsideError, reason
from anncourse.files import write_files

MEASURED_FOLDER = Path(__file__).parents[1] / "measured"
BENCH_FILE = MEASURED_FOLDER / "bench" / "bench.json"
TRIED_FILE = BENCH_FILE.with_name("tried.json")


def read(file: Path) -> dict:
    """Der Inhalt einer Datei mit einem Ergebnis.

    Raises
    ------
    InputError
        Wenn sie fehlt oder beschädigt ist.
    """
    try:
        result = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        result = error
    if not isinstance(result, dict) or result.get("name", file.stem) != file.stem:
        raise InputError(
            f"Das Ergebnis «{file}» lässt sich nicht lesen. Löschen Sie die Datei; make results "
            "rechnet sie neu."
        )
    return result


def store(folder: Path, result: dict) -> None:
    """Schreibt ein Ergebnis; sichtbar wird die Datei erst, wenn sie vollständig ist."""
    text = json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        write_files(folder, {f"{result['name']}.json": text.encode()})
    except OSError as error:
        raise OutsideError(
            f"Der Ordner «{folder}» nimmt nichts auf: {reason(error)}. Schaffen Sie Platz; "
            "derselbe Befehl rechnet dann die übrigen Läufe."
        ) from error


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

    Raises
    ------
    InputError
        Wenn es keinen solchen Lauf gibt oder eine Datei beschädigt ist.
    """
    rows = [read(file) for file in sorted(MEASURED_FOLDER.glob(f"{pattern}.json"))]
    if not rows:
        raise InputError(
            f"Zu «{pattern}» liegt kein Lauf in «{MEASURED_FOLDER}». Die Namen zeigt: "
            "python -m anncourse.experiments --list"
        )
    return pd.DataFrame([row | row.pop("config", {}) for row in rows]).set_index("name")


def mean_and_spread(values: pd.Series) -> str:
    """Mittelwert ± Standardabweichung von Anteilen, in Prozent."""
    return f"{100 * values.mean():.1f} ± {100 * values.std():.1f}"


def runs_table(groups: Mapping[str, str]) -> pd.DataFrame:
    """Genauigkeiten gespeicherter Läufe, Mittelwert ± Standardabweichung in Prozent.

    Parameters
    ----------
    groups : mapping
        Beschriftung → Muster für die Namen der Läufe, wie in `measured`.

    Returns
    -------
    pandas.DataFrame
        Eine Zeile je Gruppe: ``Validierung``, ``Test``, ``Läufe``.
    """
    found = {label: measured(pattern) for label, pattern in groups.items()}
    rows = {
        label: {
            "Validierung": mean_and_spread(runs["val_accuracy"]),
            "Test": mean_and_spread(runs["test_accuracy"]),
            "Läufe": len(runs),
        }
        for label, runs in found.items()
    }
    data = ", ".join(sorted({name for runs in found.values() for name in runs["data"]}))
    return pd.DataFrame(rows).T.rename_axis(f"{data}, in %")


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
