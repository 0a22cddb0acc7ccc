"""Von den Kritiken zu Stapeln: aufteilen, nummerieren, nach Länge gruppieren."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pytorch_lightning as pl
import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, Sampler

from anncourse.config import Config
from anncourse.errors import InputError
from anncourse.sources import Reviews
from anncourse.text import PAD, Vocabulary, tokenise


def split(
    reviews: Reviews, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
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


@dataclass(frozen=True)
class EncodedReviews(Dataset):
    """Nummerierte Kritiken verschiedener Länge.

    Attributes
    ----------
    ids : list of torch.Tensor
        Wortnummern je Kritik, int16, höchstens ``maxlen`` lang.
    labels : torch.Tensor
        0 oder 1, Form ``(N,)``, float32.
    """

    ids: list[torch.Tensor]
    labels: torch.Tensor

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
        """Ein Stapel: links aufgefüllt bis zur längsten Kritik *des Stapels*."""
        ids = pad_sequence(
            [self.ids[k] for k in positions],
            batch_first=True,
            padding_value=PAD,
            padding_side="left",
        )
        return ids.long(), self.labels[positions]  # (B, T), (B,)

    def lengths(self) -> np.ndarray:
        """Anzahl Wörter je Kritik, Form ``(N,)``."""
        return np.array([len(ids) for ids in self.ids])


class LengthBatchSampler(Sampler[list[int]]):
    """Stapel aus Kritiken ähnlicher Länge: fast kein Auffüllen, fast keine leere Arbeit.

    In jeder Epoche: mischen, in Gruppen von 50 Stapeln schneiden, jede Gruppe nach Länge
    ordnen, in Stapel schneiden, die Stapel mischen. Jede Kritik kommt genau einmal vor.

    Parameters
    ----------
    lengths : numpy.ndarray
        Länge jeder Kritik, Form ``(N,)``.
    batch_size : int
        Kritiken je Stapel; der letzte darf kleiner sein.
    seed : int
        Zufallsstart; jede Epoche mischt neu.
    """

    GROUP = 50

    def __init__(self, lengths: np.ndarray, batch_size: int, seed: int):
        self.lengths = lengths
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Wählt die Mischung der Epoche; Lightning ruft dies auf."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        rng = np.random.default_rng([self.seed, self.epoch])
        order = rng.permutation(len(self.lengths))
        size = self.GROUP * self.batch_size
        groups = [order[start : start + size] for start in range(0, len(order), size)]
        order = np.concatenate([g[np.argsort(self.lengths[g], kind="stable")] for g in groups])
        batches = [
            order[start : start + self.batch_size].tolist()
            for start in range(0, len(order), self.batch_size)
        ]
        return iter([batches[k] for k in rng.permutation(len(batches))])


class ReviewsDataModule(pl.LightningDataModule):
    """Alles, was das Training an Daten braucht.

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
    train, validation, test : EncodedReviews
        Die drei Teile.
    """

    def __init__(self, reviews: Reviews, config: Config = Config(), seed: int = 0):
        super().__init__()
        self.reviews, self.config, self.seed = reviews, config, seed
        train, validation = split(reviews, config.validation_fraction, config.split_seed)
        words = [tokenise(text) for text in reviews.train_texts]
        self.vocabulary = Vocabulary.build((words[k] for k in train), config.vocabulary_size)
        labels, maxlen = reviews.train_labels, config.maxlen
        self.train, self.validation = (
            EncodedReviews.encode([words[k] for k in part], labels[part], self.vocabulary, maxlen)
            for part in (train, validation)
        )
        words = [tokenise(text) for text in reviews.test_texts]
        self.test = EncodedReviews.encode(words, reviews.test_labels, self.vocabulary, maxlen)

    def _loader(self, part: EncodedReviews) -> DataLoader:
        sampler = LengthBatchSampler(part.lengths(), self.config.batch_size, self.seed)
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
