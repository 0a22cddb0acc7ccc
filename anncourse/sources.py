"""Woher die Kritiken kommen: der Datensatz IMDb, ein Ordner oder erzeugte Beispiele."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from anncourse.errors import InputError, OutsideError

HUB_NAME = "stanfordnlp/imdb"
HUB_REVISION = "e6281661ce1c48d982bc483cf8a173c1bbeb5d31"
IMDB_DIGEST = "4b1d24c497aeef571f1cb8ab79636c58e9cac92ea32da273343d0dcbe167b3e7"
ENVIRONMENT_VARIABLE = "ANNCOURSE_DATA"


@dataclass(frozen=True)
class Reviews:
    """Die Kritiken eines Datensatzes, noch als Text.

    Attributes
    ----------
    name : str
        «IMDb», «Beispieldaten» oder der Name des Ordners; nie ein Pfad.
    digest : str
        SHA-256 über Texte und Labels, 64 hexadezimale Zeichen.
    train_texts, test_texts : list of str
        Die Kritiken.
    train_labels, test_labels : numpy.ndarray
        0 = negativ, 1 = positiv; Form ``(N,)``, int8.
    """

    name: str
    digest: str
    train_texts: list[str]
    train_labels: np.ndarray
    test_texts: list[str]
    test_labels: np.ndarray

    def __str__(self) -> str:
        return (
            f"{self.name}: {len(self.train_texts)} Kritiken zum Trainieren, "
            f"{len(self.test_texts)} zum Testen (SHA-256 {self.digest[:12]})"
        )


def load_reviews(source: str | os.PathLike | None = None) -> Reviews:
    """Lädt die Kritiken.

    Parameters
    ----------
    source : str or path, optional
        ``"imdb"`` (vom Hub, in der festgelegten Revision), ein Ordner mit den
        Parquet-Dateien des Hubs oder ``"sample"`` (erzeugt, ohne Netz). Ohne Angabe gilt die
        Umgebungsvariable ``ANNCOURSE_DATA``, ohne diese ``"imdb"``.

    Returns
    -------
    Reviews

    Raises
    ------
    InputError
        Wenn der Ordner fehlt oder seine Dateien nicht passen.
    OutsideError
        Wenn der Hub nicht antwortet.

    References
    ----------
    Maas et al. 2011, *Learning Word Vectors for Sentiment Analysis*, ACL, P11-1015.
    """
    source = source or os.environ.get(ENVIRONMENT_VARIABLE) or "imdb"
    if source == "sample":
        from anncourse.sample import sample_corpus

        parts, name = sample_corpus(), "Beispieldaten (erzeugt)"
    elif source == "imdb":
        parts, name = _from_hub(), "IMDb"
    else:
        folder = Path(source).expanduser()
        parts, name = _from_folder(folder), folder.resolve().name
    train_texts, train_labels, test_texts, test_labels = parts
    digest = _digest(*parts)
    return Reviews(
        name="IMDb" if digest == IMDB_DIGEST else name,
        digest=digest,
        train_texts=list(train_texts),
        train_labels=np.asarray(train_labels, dtype=np.int8),
        test_texts=list(test_texts),
        test_labels=np.asarray(test_labels, dtype=np.int8),
    )


def _from_hub():
    from datasets import load_dataset

    try:
        parts = load_dataset(HUB_NAME, revision=HUB_REVISION)
    except OSError as error:  # dazu gehören ConnectionError, voller Datenträger, fehlende Rechte
        raise OutsideError(
            f"Der Datensatz {HUB_NAME} liess sich nicht laden: {error}. Gebraucht wird beim "
            "ersten Mal eine Verbindung zu huggingface.co. Ohne Netz geht es mit einem Ordner "
            "(--data ORDNER) oder mit erzeugten Beispielen (--data sample); in einem Notebook "
            f"setzen Sie dafür die Umgebungsvariable {ENVIRONMENT_VARIABLE}."
        ) from error
    return tuple(parts[part][column] for part in ("train", "test") for column in ("text", "label"))


def _from_folder(folder: Path):
    if not folder.is_dir():
        raise InputError(
            f"Den Ordner «{folder}» gibt es nicht. Erwartet wird «imdb», «sample» oder ein Ordner "
            "mit den Dateien train-*.parquet und test-*.parquet."
        )
    return (*_read_part(folder, "train"), *_read_part(folder, "test"))


def _read_part(folder: Path, part: str) -> tuple[list[str], np.ndarray]:
    import pyarrow
    import pyarrow.parquet

    files = sorted(folder.rglob(f"{part}-*.parquet"))
    if not files:
        raise InputError(
            f"Im Ordner «{folder}» fehlt der Teil «{part}». Erwartet werden Dateien wie im Hub: "
            f"{part}-00000-of-00001.parquet, auch in einem Unterordner."
        )
    try:
        table = pyarrow.concat_tables([pyarrow.parquet.read_table(file) for file in files])
    except PermissionError as error:
        raise InputError(
            f"Die Dateien «{part}» im Ordner «{folder}» darf dieses Programm nicht lesen. "
            "Geben Sie ihm das Leserecht."
        ) from error
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(
            f"Die Datei «{files[0].name}» im Ordner «{folder}» lässt sich nicht lesen: Sie ist "
            f"beschädigt oder keine Parquet-Datei ({str(error).splitlines()[0]}). "
            "Laden Sie sie neu."
        ) from error
    missing = {"text", "label"} - set(table.column_names)
    if missing:
        raise InputError(
            f"In «{files[0].name}» fehlt die Spalte {', '.join(sorted(missing))}; vorhanden: "
            f"{', '.join(table.column_names)}. Erwartet werden text und label."
        )
    texts, labels = table["text"].to_pylist(), table["label"].to_pylist()
    if not texts:
        raise InputError(f"Der Teil «{part}» im Ordner «{folder}» enthält keine Kritik.")
    if wrong := set(labels) - {0, 1}:
        raise InputError(
            f"In «{files[0].name}» steht das Label {next(iter(wrong))}. Erlaubt sind "
            "0 (negativ) und 1 (positiv)."
        )
    if not all(isinstance(text, str) for text in texts):
        raise InputError(
            f"In «{files[0].name}» enthält die Spalte text auch anderes als Text. "
            "Erwartet wird je Zeile eine Kritik."
        )
    return texts, np.array(labels)


def _digest(*parts) -> str:
    """SHA-256 über die Texte und Labels beider Teile."""
    digest = hashlib.sha256()
    for texts, labels in (parts[:2], parts[2:]):
        for text in texts:
            digest.update(text.encode() + b"\0")
        digest.update(np.asarray(labels, dtype=np.int8).tobytes())
    return digest.hexdigest()
