"""Von den Kritiken zu Stapeln: aufteilen, nummerieren, nach Länge gruppieren."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytorch_lightning as pl
import torch
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, Sampler

from anncourse import text
from anncourse.cache import cached, code_of
from anncourse.checks import checked
from anncourse.config import RULES, SEED, Config
from anncourse.errors import InputError
from anncourse.sources import Reviews
from anncourse.text import PAD, Vocabulary, normalise


def split(reviews: Reviews, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Teilt den Trainingsteil in Training und Validierung; diese bekommt den Anteil ``fraction``.

    Beide Klassen behalten ihren Anteil; gleiche Texte bleiben auf derselben Seite; Texte, die
    auch im Testteil stehen, kommen in die Validierung, solange sie darin Platz haben: So lernt
    kein Netz eine Testkritik.

    Returns
    -------
    train, validation : numpy.ndarray
        Stellen im Trainingsteil, aufsteigend.

    Raises
    ------
    InputError
        Wenn eine der beiden Seiten leer bliebe.
    """
    fraction = checked("Anteil der Validierung", fraction, RULES["validation_fraction"])
    rng = np.random.default_rng(checked("Zufallsstart", seed, SEED))
    in_test = set(reviews.test_texts)
    groups: dict[str, list[int]] = {}  # gleicher Text, gleiche Gruppe
    for position, review in enumerate(reviews.train_texts):
        groups.setdefault(review, []).append(position)
    texts = list(groups)
    texts = [texts[k] for k in rng.permutation(len(texts))]
    texts.sort(key=lambda review: review not in in_test)  # stabil: Texte des Testteils zuerst
    room = {label: round(fraction * np.sum(reviews.train_labels == label)) for label in (0, 1)}
    validation = []
    for review in texts:
        label = reviews.train_labels[groups[review][0]]
        if len(groups[review]) <= room[label]:
            room[label] -= len(groups[review])
            validation += groups[review]
    train = np.setdiff1d(np.arange(len(reviews.train_texts)), validation)
    if not (len(train) and validation):
        raise InputError(
            f"Aus {len(reviews.train_texts)} Kritiken lässt sich der Anteil {fraction} nicht zur "
            "Validierung abtrennen: Eine Seite bliebe leer. Erwartet werden mindestens einige "
            "Kritiken je Klasse; nehmen Sie mehr oder einen anderen Anteil."
        )
    return train, np.sort(validation)


def number_reviews(reviews: Reviews, config: Config) -> dict[str, np.ndarray]:
    """Zerlegt alle Kritiken, bildet den Wortschatz und ersetzt die Wörter durch ihre Nummern.

    Zerlegt und gezählt wird in PyArrow: 12 Millionen Wörter als einzelne Python-Texte bräuchten
    über ein halbes Gigabyte und die doppelte Zeit.

    Returns
    -------
    dict
        ``words``: der Wortschatz, nur aus den Kritiken der Trainingsseite, als UTF-8 mit
        Leerzeichen dazwischen (ein Feld von Texten gäbe jedem Wort den Platz des längsten);
        ``train``, ``validation``: Stellen im Trainingsteil; ``ids``: die Wortnummern aller
        Kritiken hintereinander, erst Trainings-, dann Testteil, int16; ``lengths`` (N,): wie
        viele davon zu jeder Kritik gehören.
    """
    train, validation = split(reviews, config.validation_fraction, config.split_seed)
    texts = map(normalise, chain(reviews.train_texts, reviews.test_texts))
    reviewed = pc.ascii_split_whitespace(pa.array((words or None for words in texts), pa.string()))
    lengths = pc.list_value_length(reviewed).fill_null(0).to_numpy(zero_copy_only=False)
    encoded = pc.list_flatten(reviewed).dictionary_encode()
    words = encoded.dictionary.to_pylist()  # jedes Wort einmal
    numbers = encoded.indices.to_numpy()  # alle Kritiken hintereinander, als Stellen in words
    in_train = np.isin(np.arange(len(lengths)), train)
    counts = np.bincount(numbers[np.repeat(in_train, lengths)], minlength=len(words))
    seen = {word: n for word, n in zip(words, counts.tolist()) if n}
    vocabulary = Vocabulary.from_counts(seen, config.vocabulary_size)
    return {
        "words": np.frombuffer(" ".join(vocabulary.words).encode(), dtype=np.uint8),
        "train": train,
        "validation": validation,
        "ids": vocabulary.encode(words)[numbers],
        "lengths": lengths,
    }


@dataclass(frozen=True)
class EncodedReviews(Dataset):
    """Nummerierte Kritiken verschiedener Länge.

    Attributes
    ----------
    ids : list of torch.Tensor
        Wortnummern je Kritik, int16, höchstens ``maxlen`` lang.
    labels : torch.Tensor
        0 oder 1, Form ``(N,)``, float32.
    fixed_length : int or None
        Auf welche Länge aufgefüllt wird; ohne Angabe bis zur längsten Kritik des Stapels.
    excerpt : int or None
        Von längeren Kritiken kommt jedes Mal ein anderer, zufälliger Ausschnitt von so vielen
        Wörtern; ohne Angabe alles.
    """

    ids: list[torch.Tensor]
    labels: torch.Tensor
    padding_side: str = "left"
    fixed_length: int | None = None
    excerpt: int | None = None

    @classmethod
    def build(
        cls, ids: Iterable[np.ndarray], labels: np.ndarray, config: Config, training: bool = False
    ) -> "EncodedReviews":
        """Ein Teil, wie ihn die Hyperparameter verlangen; Ausschnitte nur zum Trainieren."""
        return cls(
            [torch.from_numpy(review[-config.maxlen :]) for review in ids],
            torch.tensor(labels, dtype=torch.float32),
            config.padding_side,
            None if config.similar_length else config.maxlen,
            config.excerpt if training else None,
        )

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, positions: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """Ein Stapel, aufgefüllt auf gleiche Länge."""
        ids = pad_sequence(
            [self._excerpt(self.ids[k]) for k in positions],
            batch_first=True,
            padding_value=PAD,
            padding_side=self.padding_side,
        )
        if self.fixed_length is not None:
            missing = self.fixed_length - ids.shape[1]
            ids = pad(ids, (missing, 0) if self.padding_side == "left" else (0, missing), value=PAD)
        return ids.long(), self.labels[positions]  # (B, T), (B,)

    def _excerpt(self, ids: torch.Tensor) -> torch.Tensor:
        if self.excerpt is None or len(ids) <= self.excerpt:
            return ids
        start = torch.randint(len(ids) - self.excerpt + 1, ()).item()
        return ids[start : start + self.excerpt]

    def batches(self, size: int = 256) -> list[list[int]]:
        """Stellen in Stapeln nach Länge: So wird gemessen, beim Training wie danach."""
        by_length = self.lengths().argsort(kind="stable").tolist()
        return [by_length[start : start + size] for start in range(0, len(self), size)]

    def lengths(self) -> np.ndarray:
        """Anzahl Wörter, die von jeder Kritik in den Stapel kommen, Form ``(N,)``."""
        lengths = np.array([len(ids) for ids in self.ids])
        return lengths if self.excerpt is None else np.minimum(lengths, self.excerpt)


class LengthBatchSampler(Sampler[list[int]]):
    """Stapel aus Kritiken ähnlicher Länge: fast kein Auffüllen, fast keine leere Arbeit.

    In jeder Epoche: die N Kritiken der Längen ``lengths``, ``(N,)``, mischen, in Gruppen von etwa
    50 Stapeln teilen, jede Gruppe nach Länge ordnen, in gleich grosse Stapel von höchstens
    ``batch_size`` teilen, die Stapel mischen. Jede Kritik kommt genau einmal vor.
    """

    GROUP = 50

    def __init__(self, lengths: np.ndarray, batch_size: int, seed: int):
        self.lengths, self.batch_size, self.seed = lengths, batch_size, seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Wählt die Mischung der Epoche; Lightning ruft dies auf."""
        self.epoch = epoch

    def _split(self, positions: np.ndarray, size: int) -> list[np.ndarray]:
        """Teilt in möglichst wenige, möglichst gleich grosse Stücke bis zur Grösse ``size``."""
        return np.array_split(positions, max(1, -(-len(positions) // size)))

    def _batches(self, order: np.ndarray) -> list[np.ndarray]:
        batches = []
        for group in self._split(order, self.GROUP * self.batch_size):
            by_length = group[np.argsort(self.lengths[group], kind="stable")]
            batches += self._split(by_length, self.batch_size)
        return batches

    def __len__(self) -> int:
        return len(self._batches(np.arange(len(self.lengths))))

    def __iter__(self) -> Iterator[list[int]]:
        rng = np.random.default_rng([self.seed, self.epoch])
        batches = self._batches(rng.permutation(len(self.lengths)))
        for k in rng.permutation(len(batches)):
            yield batches[k].tolist()


class ReviewsDataModule(pl.LightningDataModule):
    """Alles, was das Training an Daten braucht.

    Der Wortschatz ``vocabulary`` stammt allein aus ``train``, nicht aus ``validation`` und
    ``test``. Das Zerlegen und Nummerieren dauert Sekunden; sein Ergebnis liegt danach im
    Zwischenspeicher (`anncourse.cache`). ``seed`` ist der Zufallsstart der Stapel; die Aufteilung
    hängt nur von ``config.split_seed`` ab.
    """

    def __init__(self, reviews: Reviews, config: Config = Config(), seed: int = 0):
        super().__init__()
        self.reviews, self.config, self.seed = reviews, config, seed
        key = {
            "digest": reviews.digest,
            "vocabulary_size": config.vocabulary_size,
            "validation_fraction": config.validation_fraction,
            "split_seed": config.split_seed,
            "code": code_of(text, split, number_reviews),
            "unicode": unicodedata.unidata_version,
        }
        numbered = cached(key, lambda: number_reviews(reviews, config))
        self.vocabulary = Vocabulary(tuple(numbered["words"].tobytes().decode().split(" ")))
        ids = np.split(numbered["ids"], np.cumsum(numbered["lengths"])[:-1])
        n, labels = len(reviews.train_texts), reviews.train_labels
        train, validation = numbered["train"], numbered["validation"]
        build = EncodedReviews.build
        self.train = build([ids[k] for k in train], labels[train], config, training=True)
        self.validation = build([ids[k] for k in validation], labels[validation], config)
        self.test = build(ids[n:], reviews.test_labels, config)

    def train_dataloader(self) -> DataLoader:
        """Stapel der Trainingsseite, jede Epoche neu gemischt."""
        c = self.config
        lengths = self.train.lengths() if c.similar_length else np.zeros(len(self.train))
        return self._loader(self.train, LengthBatchSampler(lengths, c.batch_size, self.seed))

    def val_dataloader(self) -> DataLoader:
        """Stapel des Validierungsteils."""
        return self._loader(self.validation, self.validation.batches())

    def _loader(self, part: EncodedReviews, batches: Iterable[list[int]]) -> DataLoader:
        return DataLoader(part, sampler=batches, batch_size=None)  # die Stapel sind schon gemacht
