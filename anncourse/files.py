"""Pfade und Dateien: Ein Pfad wird einmal gelesen, eine Datei ganz oder gar nicht geschrieben."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from anncourse.errors import InputError, reason


def resolve(path: str | os.PathLike, what: str = "Der Pfad") -> Path:
    """Der absolute Pfad, ``~`` aufgelöst. Danach hält ihn keine Bibliothek für eine Adresse.

    Raises
    ------
    InputError
        Wenn daraus kein Pfad wird: leer, eine Adresse wie ``s3://…``, ``~`` ohne Konto.
    """
    try:
        text = os.path.expanduser(os.fsdecode(path))
        if not text or text.startswith("~") or "://" in text:
            raise ValueError
        return Path(text).resolve()
    except (TypeError, ValueError, OSError, RuntimeError) as error:
        why = f": {reason(error)}" if isinstance(error, OSError) else ""
        raise InputError(
            f"{what} «{path}» ist kein Ort auf diesem Rechner{why}. Erwartet wird ein Pfad, zum "
            "Beispiel runs/erster."
        ) from error


def write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Schreibt Dateien in einen Ordner; ersetzt wird erst, wenn alle vollständig sind.

    Zwei Schreibende stören sich nicht, ein Abbruch oder ein voller Datenträger hinterlässt die
    früheren Dateien.

    Parameters
    ----------
    folder : Path
        Der Ordner; es gibt ihn.
    contents : mapping of str to bytes
        Name → Inhalt.

    Raises
    ------
    OSError
        Wenn das Betriebssystem das Schreiben verweigert.
    """
    mark = f".{secrets.token_hex(4)}.unfinished"
    try:
        for name, content in contents.items():
            with open(folder / (name + mark), "xb") as file:  # Rechte wie bei jeder anderen Datei
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for name in contents:
            os.replace(folder / (name + mark), folder / name)
    finally:
        for name in contents:
            (folder / (name + mark)).unlink(missing_ok=True)
