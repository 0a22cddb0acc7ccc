"""Ein Zwischenspeicher: Was einmal berechnet ist, steht beim nächsten Mal bereit.

Er liegt im Ordner, den das Betriebssystem dafür vorsieht, oder dort, wohin die Umgebungsvariable
``ANNCOURSE_CACHE`` zeigt. Löschen darf man ihn jederzeit.
"""

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from platformdirs import user_cache_path

from anncourse.errors import reason

ENVIRONMENT_VARIABLE = "ANNCOURSE_CACHE"
Arrays = dict[str, np.ndarray]


def cached(key: Mapping[str, object], build: Callable[[], Arrays]) -> Arrays:
    """Liest Felder aus dem Zwischenspeicher oder berechnet sie und legt sie dort ab.

    Eine Datei wird erst sichtbar, wenn sie vollständig ist: Zwei Läufe zugleich stören sich
    nicht. Eine beschädigte wird neu erstellt, ein voller Datenträger nur gemeldet.

    Parameters
    ----------
    key : mapping
        Alles, wovon das Ergebnis abhängt; als JSON darstellbar.
    build : callable
        Berechnet die Felder.

    Returns
    -------
    dict
        Name → NumPy-Feld.
    """
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    path = cache_folder() / f"{digest[:32]}.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        pass
    except (OSError, ValueError, EOFError, BadZipFile):
        _note(f"Der Zwischenspeicher «{path.name}» ist beschädigt und wird neu erstellt.")
    arrays = build()
    try:
        _write(path, arrays)
    except OSError as error:
        _note(
            f"Der Zwischenspeicher «{path.parent}» nimmt nichts auf: {reason(error)}. Am Ergebnis "
            f"ändert das nichts. Einen anderen Ordner wählt die Umgebungsvariable "
            f"{ENVIRONMENT_VARIABLE}."
        )
    return arrays


def cache_folder() -> Path:
    """Der Ordner des Zwischenspeichers."""
    chosen = os.environ.get(ENVIRONMENT_VARIABLE)
    return Path(chosen) if chosen else user_cache_path("anncourse", appauthor=False)


def _write(path: Path, arrays: Arrays) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = tempfile.NamedTemporaryFile(dir=path.parent, suffix=".unfinished", delete=False)
    try:
        with file:
            np.savez(file, **arrays)
        os.replace(file.name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(file.name)
        raise


def _note(text: str) -> None:
    print(text, file=sys.stderr)
