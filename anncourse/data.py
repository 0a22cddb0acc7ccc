"""Von den Kritiken zu Stapeln: aufteilen, nummerieren, nach Länge gruppieren."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytorch_lightning as pl
import torch
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, Sampler

from anncourse.cache import cached
from anncourse.config import Config
from anncourse.errors import InputError
from anncourse.sources import Reviews
from anncourse.text import PAD, Vocabulary, normalise

CODE = ("text.py", "data.py")  # ändert sich eine davon, gilt der Zwischenspeicher nicht mehr


def split(reviews: Reviews, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Teilt den Trainingsteil in Training und Validierung.

    Beide Klassen behalten ihren Anteil; gleiche Texte bleiben auf derselben Seite; Texte, die
    auch im Testteil stehen, kommen in die Validierung, solange sie darin Platz haben: So lernt
    kein Netz eine Testkritik.

    Parameters
    ----------
    reviews : Reviews
        Der Datensatz.
    fraction : float
        Anteil der Validierung, zwischen 0 und 1.
    seed : int
        Zufallsstart.

    Returns
    -------
    train, validation : numpy.ndarray
        Stellen im Trainingsteil, aufsteigend.

    Raises
    ------
    InputError
        Wenn eine der beiden Seiten leer bliebe.
    """
    if not 0 < fraction < 1:
        raise InputError(
            f"Der Anteil der Validierung ist {fraction}. Erwartet wird eine Zahl zwischen 0 und "
            "1, zum Beispiel 0.2."
        )
    rng = np.random.default_rng(seed)
    in_test = set(reviews.test_texts)
    groups: dict[str, list[int]] = {}  # gleicher Text, gleiche Gruppe
    for position, text in enumerate(reviews.train_texts):
        groups.setdefault(text, []).append(position)
    texts = list(groups)
    texts = [texts[k] for k in rng.permutation(len(texts))]
    texts.sort(key=lambda text: text not in in_test)  # stabil: Texte des Testteils zuerst
    room = {label: round(fraction * np.sum(reviews.train_labels == label)) for label in (0, 1)}
    validation = []
    for text in texts:
        label = reviews.train_labels[groups[text][0]]
        if len(groups[text]) <= room[label]:
            room[label] -= len(groups[text])
            validation += groups[text]
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

    Parameters
    ----------
    reviews : Reviews
        Der Datensatz.
    config : Config
        Grösse des Wortschatzes und Aufteilung.

    Returns
    -------
    dict
        ``words`` (V,): der Wortschatz, nur aus den Kritiken der Trainingsseite;
        ``train``, ``validation``: Stellen im Trainingsteil; ``ids``: die Wortnummern aller
        Kritiken hintereinander, erst Trainings-, dann Testteil, int16; ``lengths`` (N,): wie
        viele davon zu jeder Kritik gehören.
    """
    train, validation = split(reviews, config.validation_fraction, config.split_seed)
    texts = map(normalise, chain(reviews.train_texts, reviews.test_texts))
    reviewed = pc.ascii_split_whitespace(pa.array((text or None for text in texts), pa.string()))
    lengths = pc.list_value_length(reviewed).fill_null(0).to_numpy(zero_copy_only=False)
    encoded = pc.list_flatten(reviewed).dictionary_encode()
    words = encoded.dictionary.to_pylist()  # jedes Wort einmal
    numbers = encoded.indices.to_numpy()  # alle Kritiken hintereinander, als Stellen in words
    in_train = np.isin(np.arange(len(lengths)), train)
    counts = np.bincount(numbers[np.repeat(in_train, lengths)], minlength=len(words))
    seen = {word: n for word, n in zip(words, counts.tolist()) if n}
    vocabulary = Vocabulary.from_counts(seen, config.vocabulary_size)
    return {
        "words": np.array(vocabulary.words),
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
    padding_side : {"left", "right"}
        Auf welcher Seite aufgefüllt wird.
    fixed_length : int or None
        Auf welche Länge; ohne Angabe bis zur längsten Kritik des Stapels.
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
    def encode(
        cls,
        reviews: Iterable[list[str]],
        labels: np.ndarray,
        vocabulary: Vocabulary,
        maxlen: int,
    ) -> "EncodedReviews":
        """Nummeriert zerlegte Kritiken; von langen bleiben die letzten ``maxlen`` Wörter."""
        ids = [torch.from_numpy(vocabulary.encode(words[-maxlen:])) for words in reviews]
        return cls(ids, torch.tensor(labels, dtype=torch.float32))

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

    def lengths(self) -> np.ndarray:
        """Anzahl Wörter, die von jeder Kritik in den Stapel kommen, Form ``(N,)``."""
        lengths = np.array([len(ids) for ids in self.ids])
        return lengths if self.excerpt is None else np.minimum(lengths, self.excerpt)


class LengthBatchSampler(Sampler[list[int]]):
    """Stapel aus Kritiken ähnlicher Länge: fast kein Auffüllen, fast keine leere Arbeit.

    In jeder Epoche: mischen, in Gruppen von etwa 50 Stapeln teilen, jede Gruppe nach Länge
    ordnen, in gleich grosse Stapel teilen, die Stapel mischen. Jede Kritik kommt genau einmal vor.

    Rechnen mehrere Prozesse gemeinsam, so teilen sie jeden *Stapel* unter sich auf: Ein Schritt
    verarbeitet dieselben Kritiken wie in einem einzigen Prozess.

    Parameters
    ----------
    lengths : numpy.ndarray
        Länge jeder Kritik, Form ``(N,)``.
    batch_size : int
        Höchstens so viele Kritiken je Stapel, über alle Prozesse zusammen.
    seed : int
        Zufallsstart; jede Epoche mischt neu.
    rank, ranks : int
        Nummer dieses Prozesses, von 0 an, und Anzahl Prozesse.
    """

    GROUP = 50

    def __init__(
        self, lengths: np.ndarray, batch_size: int, seed: int, rank: int = 0, ranks: int = 1
    ):
        self.lengths = lengths
        self.batch_size = batch_size
        self.seed = seed
        self.rank, self.ranks = rank, ranks
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
            yield batches[k][self.rank :: self.ranks].tolist()


class ReviewsDataModule(pl.LightningDataModule):
    """Alles, was das Training an Daten braucht.

    Das Zerlegen und Nummerieren dauert Sekunden; sein Ergebnis liegt danach im Zwischenspeicher
    (`anncourse.cache`).

    Parameters
    ----------
    reviews : Reviews
        Der Datensatz, aus `anncourse.sources.load_reviews`.
    config : Config, optional
        Hyperparameter.
    seed : int
        Zufallsstart der Stapel. Die Aufteilung hängt nur von ``config.split_seed`` ab.

    Attributes
    ----------
    vocabulary : Vocabulary
        Nur aus den Trainingskritiken gebildet, ohne die der Validierung.
    train : EncodedReviews
        Die Trainingsseite.
    validation : EncodedReviews
        Der Validierungsteil.
    test : EncodedReviews
        Der Testteil.
    """

    def __init__(self, reviews: Reviews, config: Config = Config(), seed: int = 0):
        super().__init__()
        self.reviews, self.config, self.seed = reviews, config, seed
        code = [Path(__file__).with_name(name).read_text("utf-8") for name in CODE]
        key = {
            "digest": reviews.digest,
            "vocabulary_size": config.vocabulary_size,
            "validation_fraction": config.validation_fraction,
            "split_seed": config.split_seed,
            "code": code,
        }
        numbered = cached(key, lambda: number_reviews(reviews, config))
        self.vocabulary = Vocabulary(tuple(numbered["words"].tolist()))
        ids = np.split(numbered["ids"], np.cumsum(numbered["lengths"])[:-1])
        n, labels = len(reviews.train_texts), reviews.train_labels
        self.train = self._part(ids, labels, numbered["train"], config.excerpt)
        self.validation = self._part(ids, labels, numbered["validation"])
        self.test = self._part(ids[n:], reviews.test_labels, np.arange(len(reviews.test_texts)))

    def _part(
        self, ids: list, labels: np.ndarray, positions: np.ndarray, excerpt: int | None = None
    ) -> EncodedReviews:
        c = self.config
        return EncodedReviews(
            [torch.from_numpy(ids[k][-c.maxlen :]) for k in positions],
            torch.tensor(labels[positions], dtype=torch.float32),
            c.padding_side,
            None if c.similar_length else c.maxlen,
            excerpt,
        )

    def _loader(self, part: EncodedReviews) -> DataLoader:
        c, trainer = self.config, self.trainer
        lengths = part.lengths() if c.similar_length else np.zeros(len(part))  # alle gleich lang
        ranks = (trainer.global_rank, trainer.world_size) if trainer else ()
        sampler = LengthBatchSampler(lengths, c.batch_size, self.seed, *ranks)
        return DataLoader(part, sampler=sampler, batch_size=None)  # der Sampler macht die Stapel

    def train_dataloader(self) -> DataLoader:
        """Stapel des Trainingsteils, jede Epoche neu gemischt."""
        return self._loader(self.train)

    def val_dataloader(self) -> DataLoader:
        """Stapel des Validierungsteils."""
        return self._loader(self.validation)

    def test_dataloader(self) -> DataLoader:
        """Stapel des Testteils."""
        return self._loader(self.test)
