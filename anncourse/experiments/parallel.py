"""Mehrere Läufe nebeneinander, jeder in einem eigenen Prozess."""

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

from anncourse.errors import AnncourseError, OutsideError, printable, reason


def guarded(work: Callable[[], None], folder: str | Path) -> int:
    """Führt aus, was Läufe in einen Ordner legt, und macht aus jedem Ende einen Status.

    Returns
    -------
    int
        0, wenn alles gelang; 130 nach Ctrl-C; sonst der Status des Fehlers, gemeldet auf Deutsch.
    """
    try:
        work()
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
        print(f"\nFehler: «{printable(str(folder))}»: {reason(error)}.", file=sys.stderr)
        return OutsideError.exit_status
    return 0


def compute_all(compute: Callable[[Any], dict], runs: Iterable) -> Iterator[dict]:
    """Rechnet Läufe nebeneinander und gibt jedes Ergebnis, sobald es da ist.

    Ctrl-C überhören die Prozesse: Es gilt dem ersten, und er beendet sie.
    """
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # sie erben es, schon vor dem Import
    pool = ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"))
    try:
        futures = [pool.submit(compute, run) for run in runs]
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
