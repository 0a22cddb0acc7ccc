"""Woher die Kritiken kommen: der Datensatz IMDb, ein Ordner oder erzeugte Beispiele."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from anncourse.errors import InputError, OutsideError, printable
from anncourse.files import resolve

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
    train_texts, test_texts : list of str
        Von `load_reviews` nach Klasse und dann nach dem Text geordnet: In welcher Reihenfolge
        eine Quelle sie liefert, ändert so weder die Prüfsumme noch die Aufteilung.
    train_labels, test_labels : numpy.ndarray
        0 = negativ, 1 = positiv; Form ``(N,)``, int8.

    Raises
    ------
    InputError
        Wenn Texte und Labels nicht zusammenpassen oder keine sind.
    """

    name: str
    train_texts: list[str]
    train_labels: np.ndarray
    test_texts: list[str]
    test_labels: np.ndarray

    def __post_init__(self):
        for part in ("train", "test"):
            texts, labels = getattr(self, f"{part}_texts"), getattr(self, f"{part}_labels")
            if len(texts) != len(labels) or not len(texts):
                raise InputError(
                    f"Der Teil «{part}» hat {len(texts)} Texte und {len(labels)} Labels. Erwartet "
                    "werden gleich viele, mindestens je eines."
                )
            _check_rows(texts, labels, f"Im Teil «{part}»")
            object.__setattr__(self, f"{part}_texts", list(texts))
            object.__setattr__(self, f"{part}_labels", np.array(labels, dtype=np.int8))

    @cached_property
    def digest(self) -> str:
        """SHA-256 über Texte und Labels beider Teile, 64 hexadezimale Zeichen."""
        digest = hashlib.sha256()
        parts = (self.train_texts, self.train_labels), (self.test_texts, self.test_labels)
        for texts, labels in parts:
            for text in texts:
                digest.update(text.encode() + b"\0")
            digest.update(labels.tobytes())
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
        ``"imdb"`` (vom Hub), ein Ordner mit dessen Parquet-Dateien oder ``"sample"`` (erzeugt,
        ohne Internet). Ohne Angabe gilt ``ANNCOURSE_DATA``, ohne diese Variable ``"imdb"``.

    Raises
    ------
    InputError
        Wenn der Ordner fehlt oder seine Dateien nicht passen.
    OutsideError
        Wenn der Hub nicht antwortet oder etwas anderes liefert als IMDb.

    References
    ----------
    Maas et al. 2011, *Learning Word Vectors for Sentiment Analysis*, ACL, P11-1015.
    """
    source = source or os.environ.get(ENVIRONMENT_VARIABLE) or "imdb"
    if source == "sample":
        from anncourse.sample import sample_corpus

        return _ordered("Beispieldaten (erzeugt)", *sample_corpus())
    if source == "imdb":
        reviews = _ordered("IMDb", *_from_hub())
        if reviews.digest != IMDB_DIGEST:
            raise OutsideError(
                f"Was als {HUB_NAME} geladen wurde, ist nicht der Datensatz IMDb (SHA-256 "
                f"{reviews.digest[:12]} statt {IMDB_DIGEST[:12]}). Liegt hier ein Ordner dieses "
                "Namens, so wechseln Sie den Ordner; sonst leeren Sie den Zwischenspeicher von "
                "Hugging Face (meist ~/.cache/huggingface)."
            )
        return reviews
    folder = resolve(source, "Der Ordner der Daten")
    if not os.path.isdir(folder):  # auch dann falsch, wenn der Name zu lang ist
        raise InputError(
            f"Den Ordner «{folder}» gibt es nicht. Erwartet wird «imdb», «sample» oder ein Ordner "
            "mit den Dateien train-*.parquet und test-*.parquet."
        )
    reviews = _ordered(folder.name, *_read_part(folder, "train"), *_read_part(folder, "test"))
    return replace(reviews, name="IMDb") if reviews.digest == IMDB_DIGEST else reviews


def _ordered(name: str, train_texts, train_labels, test_texts, test_labels) -> Reviews:
    """Ordnet nach Klasse, dann nach Text: Hub und Ordner ergeben denselben Datensatz."""
    columns: list = []
    for texts, labels in ((train_texts, train_labels), (test_texts, test_labels)):
        pairs = sorted(zip(labels, texts))
        columns += [text for _, text in pairs], [label for label, _ in pairs]
    return Reviews(name, *columns)


def _from_hub() -> tuple:
    from datasets import load_dataset

    try:
        parts = load_dataset(HUB_NAME, revision=HUB_REVISION)
        # [:] liest alles auf einmal
        return tuple(parts[part][column][:] for part in ("train", "test") for column in COLUMNS)
    except Exception as error:  # Internet, Datenträger, Rechte: datasets wirft dafür vieles
        raise OutsideError(
            f"Der Datensatz {HUB_NAME} liess sich nicht laden ({error}). Gebraucht wird beim "
            "ersten Mal eine Verbindung zu huggingface.co. Ohne Internet geht es mit einem "
            "Ordner (--data ORDNER) oder mit erzeugten Beispielen (--data sample); in einem "
            f"Notebook setzen Sie dafür die Umgebungsvariable {ENVIRONMENT_VARIABLE}."
        ) from error


def _read_part(folder: Path, part: str) -> tuple[list[str], list[int]]:
    files = sorted(folder.rglob(f"{part}-*.parquet"))
    if not files:
        raise InputError(
            f"Im Ordner «{folder}» fehlt der Teil «{part}». Erwartet werden Dateien wie im Hub: "
            f"{part}-00000-of-00001.parquet, auch in einem Unterordner."
        )
    texts: list[str] = []
    labels: list[int] = []
    seen: dict[str, Path] = {}
    for file in files:
        more_texts, more_labels, digest = _read_file(file)
        twin = seen.setdefault(digest, file)
        if twin is not file:
            raise InputError(
                f"«{file.relative_to(folder)}» hat denselben Inhalt wie "
                f"«{twin.relative_to(folder)}»: Jede Kritik zählte doppelt. Entfernen Sie eine der "
                "beiden Dateien."
            )
        texts += more_texts
        labels += more_labels
    if not texts:
        raise InputError(
            f"Der Teil «{part}» im Ordner «{folder}» enthält keine Kritik. Erwartet wird "
            "mindestens eine Zeile."
        )
    return texts, labels


def _read_file(file: Path) -> tuple[list[str], list[int], str]:
    """Liest und prüft eine Parquet-Datei; zuletzt kommt ihre Prüfsumme."""
    import pyarrow
    import pyarrow.parquet

    try:
        with open(file, "rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        with pyarrow.parquet.ParquetFile(file) as parquet:
            table = parquet.read()
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
    _check_rows(columns["text"], columns["label"], f"In «{file.name}»")
    return columns["text"], columns["label"], digest


def _check_rows(texts: Sequence[object], labels: Sequence[object], where: str) -> None:
    """Jede Zeile hat eine Kritik und ein Label."""
    wrong_labels = [label for label in labels if label not in (0, 1)]
    if wrong_labels:
        kind = ", ein Text" if isinstance(wrong_labels[0], str) else ""
        raise InputError(
            f"{where} steht das Label {wrong_labels[0]!r}{kind}. Erlaubt sind die Zahlen 0 "
            "(negativ) und 1 (positiv)."
        )
    wrong_texts = [text for text in texts if not _is_review(text)]
    if wrong_texts:
        raise InputError(
            f"{where} steht in der Spalte text keine Kritik, sondern "
            f"{printable(repr(wrong_texts[0])[:60])}. Erwartet wird je Zeile ein Text mit "
            "mindestens einem Wort."
        )


def _is_review(text: object) -> bool:
    """Ein Text in Unicode mit mindestens einem Buchstaben oder einer Ziffer."""
    if not isinstance(text, str) or not any(map(str.isalnum, text)):
        return False
    return text == text.encode(errors="ignore").decode()  # ohne halbe Zeichen
