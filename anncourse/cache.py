"""Ein Zwischenspeicher: Was einmal berechnet ist, steht beim nächsten Mal bereit.

Er liegt im Ordner, den das Betriebssystem dafür vorsieht, oder dort, wohin die Umgebungsvariable
``ANNCOURSE_CACHE`` zeigt. Löschen darf man ihn jederzeit.
"""

import ast
import errno
import hashlib
import inspect
import io
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import numpy as np
from platformdirs import user_cache_path

from anncourse.errors import InputError, printable, reason
from anncourse.files import resolve, write_files

ENVIRONMENT_VARIABLE = "ANNCOURSE_CACHE"
KEPT = 8  # so viele Ergebnisse bleiben liegen: jene, die zuletzt gebraucht wurden
DAY = 24 * 60 * 60  # Sekunden
NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
Arrays = dict[str, np.ndarray]


def cached(key: Mapping[str, object], build: Callable[[], Arrays]) -> Arrays:
    """Liest Felder aus dem Zwischenspeicher oder berechnet sie und legt sie dort ab.

    ``key`` ist alles, wovon das Ergebnis abhängt, als JSON darstellbar. Eine Datei wird erst
    sichtbar, wenn sie vollständig ist: Zwei Läufe zugleich stören sich nicht. Eine beschädigte
    wird neu erstellt, ein voller Datenträger nur gemeldet.
    """
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    name = f"{digest[:32]}.npz"
    try:
        folder = cache_folder()
    except InputError as error:
        _note(f"{error} Gerechnet wird ohne Zwischenspeicher.")
        return build()
    arrays = _read(folder / name)
    if arrays is None:
        arrays = build()
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]  # die Felder heissen nicht allow_pickle
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_files(folder, {name: buffer.getvalue()})
        except OSError as error:
            _note(
                f"Der Zwischenspeicher «{folder}» nimmt nichts auf: {reason(error)}. Am Ergebnis "
                "ändert das nichts. Einen anderen Ordner wählt die Umgebungsvariable "
                f"{ENVIRONMENT_VARIABLE}."
            )
        _tidy(folder)
    return arrays


def cache_folder() -> Path:
    """Der Ordner des Zwischenspeichers."""
    chosen = os.environ.get(ENVIRONMENT_VARIABLE)
    if chosen:
        return resolve(chosen, f"Der Ordner in {ENVIRONMENT_VARIABLE}")
    return resolve(user_cache_path("anncourse", appauthor=False))


def code_of(*things: ModuleType | Callable) -> list[str]:
    """Was Module und Funktionen rechnen: ihr Quelltext ohne Kommentare und Docstrings."""
    trees = [ast.parse(inspect.getsource(thing)) for thing in things]
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            if ast.get_docstring(node):
                node.body[0] = ast.Pass()
    return [ast.unparse(tree) for tree in trees]


def _read(path: Path) -> Arrays | None:
    """Die Felder einer Datei; ``None``, wenn es sie nicht gibt oder sie sich nicht lesen lässt."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except PermissionError:
        _note(f"Den Zwischenspeicher «{path}» darf dieses Konto nicht lesen; gerechnet wird neu.")
        return None
    except Exception as error:  # jede Art Schaden: NumPy, zip und zlib werfen je eigene Fehler
        if getattr(error, "errno", None) not in NOT_THERE:
            _note(f"Der Zwischenspeicher «{path.name}» ist beschädigt und wird neu erstellt.")
        return None
    with suppress(OSError):
        path.touch()  # zuletzt gebraucht
    return arrays


def _tidy(folder: Path) -> None:
    """Entfernt, was lange niemand brauchte und was ein abgebrochener Lauf liegen liess."""
    with suppress(OSError):
        files = {path: path.stat().st_mtime for path in folder.iterdir()}
        by_age = sorted((p for p in files if p.suffix == ".npz"), key=lambda p: files[p])
        left = [p for p in files if p.suffix == ".unfinished" and files[p] < time.time() - DAY]
        for path in by_age[:-KEPT] + left:
            with suppress(OSError):
                path.unlink()


def _note(text: str) -> None:
    if sys.stderr is not None:
        print(printable(text), file=sys.stderr)
