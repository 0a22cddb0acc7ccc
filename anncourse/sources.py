"""Woher die Kritiken kommen: der Datensatz IMDb, ein Ordner oder erzeugte Beispiele."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from anncourse.errors import InputError, OutsideError

HUB_NAME = "stanfordnlp/imdb"
HUB_REVISION = "e6281661ce1c48d982bc483cf8a173c1bbeb5d31"
IMDB_DIGEST = "e5f85d9c4c16039657d86ba4b30c125295801795a0f2797a8a42d578ac438290"
ENVIRONMENT_VARIABLE = "ANNCOURSE_DATA"
COLUMNS = ("text", "label")


@dataclass(frozen=True)
class Reviews:
    """Die Kritiken eines Datensatzes, noch als Text.

    Attributes
    ----------
    name : str
        «IMDb», «Beispieldaten» oder der Name des Ordners; nie ein Pfad.
    train_texts : list of str
        Die Kritiken des Trainingsteils, nach Klasse und dann nach dem Text geordnet: In welcher
        Reihenfolge eine Quelle sie liefert, ändert so weder die Prüfsumme noch die Aufteilung.
    train_labels : numpy.ndarray
        0 = negativ, 1 = positiv; Form ``(N,)``, int8.
    test_texts : list of str
        Die Kritiken des Testteils, ebenso geordnet.
    test_labels : numpy.ndarray
        Ihre Labels.
    """

    name: str
    train_texts: list[str]
    train_labels: np.ndarray
    test_texts: list[str]
    test_labels: np.ndarray

    @cached_property
    def digest(self) -> str:
        """SHA-256 über Texte und Labels beider Teile, 64 hexadezimale Zeichen."""
        digest = hashlib.sha256()
        for texts, labels in (
            (self.train_texts, self.train_labels),
            (self.test_texts, self.test_labels),
        ):
            for text in texts:
                digest.update(text.encode() + b"\0")
            digest.update(np.asarray(labels, dtype=np.int8).tobytes())
        return digest.hexdigest()

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
        Parquet-Dateien des Hubs oder ``"sample"`` (erzeugt, ohne Internet). Ohne Angabe gilt
        die Umgebungsvariable ``ANNCOURSE_DATA``, ohne diese ``"imdb"``.

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
        folder = Path(os.path.expanduser(source))
        parts, name = _from_folder(folder), folder.resolve().name
    reviews = Reviews(name, *_in_order(*parts[:2]), *_in_order(*parts[2:]))
    return replace(reviews, name="IMDb") if reviews.digest == IMDB_DIGEST else reviews


def _in_order(texts: Sequence[str], labels: Sequence[int]) -> tuple[list[str], np.ndarray]:
    """Ordnet nach Klasse, dann nach Text: Hub und Ordner ergeben denselben Datensatz."""
    pairs = sorted(zip(labels, texts))
    return [text for _, text in pairs], np.array([label for label, _ in pairs], dtype=np.int8)


def _from_hub() -> tuple:
    from datasets import load_dataset

    try:
        parts = load_dataset(HUB_NAME, revision=HUB_REVISION)
    except Exception as error:  # Internet, Datenträger, Rechte: datasets wirft dafür vieles
        raise OutsideError(
            f"Der Datensatz {HUB_NAME} liess sich nicht laden ({error}). Gebraucht wird beim "
            "ersten Mal eine Verbindung zu huggingface.co. Ohne Internet geht es mit einem "
            "Ordner (--data ORDNER) oder mit erzeugten Beispielen (--data sample); in einem "
            f"Notebook setzen Sie dafür die Umgebungsvariable {ENVIRONMENT_VARIABLE}."
        ) from error
    columns = [(part, column) for part in ("train", "test") for column in COLUMNS]
    return tuple(parts[part][column][:] for part, column in columns)  # [:] liest alles auf einmal


def _from_folder(folder: Path) -> tuple:
    if not os.path.isdir(folder):  # auch dann falsch, wenn der Name zu lang ist
        raise InputError(
            f"Den Ordner «{folder}» gibt es nicht. Erwartet wird «imdb», «sample» oder ein Ordner "
            "mit den Dateien train-*.parquet und test-*.parquet."
        )
    return (*_read_part(folder, "train"), *_read_part(folder, "test"))


def _read_part(folder: Path, part: str) -> tuple[list[str], list[int]]:
    files = sorted(folder.rglob(f"{part}-*.parquet"))
    if not files:
        raise InputError(
            f"Im Ordner «{folder}» fehlt der Teil «{part}». Erwartet werden Dateien wie im Hub: "
            f"{part}-00000-of-00001.parquet, auch in einem Unterordner."
        )
    texts, labels = [], []
    for file in files:
        more_texts, more_labels = _read_file(file)
        texts += more_texts
        labels += more_labels
    if not texts:
        raise InputError(
            f"Der Teil «{part}» im Ordner «{folder}» enthält keine Kritik. Erwartet wird "
            "mindestens eine Zeile."
        )
    return texts, labels


def _read_file(file: Path) -> tuple[list[str], list[int]]:
    """Liest und prüft eine Parquet-Datei."""
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(file)
        present = [name for name in COLUMNS if name in table.column_names]
        columns = {name: table[name].to_pylist() for name in present}
    except PermissionError as error:
        raise InputError(
            f"Die Datei «{file}» darf dieses Programm nicht lesen. Geben Sie ihm das Leserecht."
        ) from error
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"Die Datei «{file}» lässt sich nicht lesen: Sie ist beschädigt oder keine "
            f"Parquet-Datei ({str(error).partition(chr(10))[0]}). Laden Sie sie neu."
        ) from error
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise InputError(
            f"In «{file.name}» fehlt die Spalte {' und '.join(missing)}; vorhanden: "
            f"{', '.join(table.column_names) or 'keine'}. Erwartet werden text und label."
        )
    texts, labels = columns["text"], columns["label"]
    wrong_labels = [label for label in labels if label not in (0, 1)]
    if wrong_labels:
        raise InputError(
            f"In «{file.name}» steht das Label {wrong_labels[0]}. Erlaubt sind 0 (negativ) und "
            "1 (positiv)."
        )
    wrong_texts = [text for text in texts if not _is_review(text)]
    if wrong_texts:
        raise InputError(
            f"In «{file.name}» steht in der Spalte text keine Kritik, sondern "
            f"{repr(wrong_texts[0])[:60]}. Erwartet wird je Zeile ein Text mit mindestens "
            "einem Wort."
        )
    return texts, labels


def _is_review(text: object) -> bool:
    """Ein Text mit mindestens einem Buchstaben oder einer Ziffer."""
    return isinstance(text, str) and any(map(str.isalnum, text))
