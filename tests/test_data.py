"""Von den Kritiken zu Stapeln: Aufteilung, Wortschatz, Stapel ähnlicher Länge."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from anncourse.config import Config
from anncourse.data import EncodedReviews, LengthBatchSampler, ReviewsDataModule, split
from anncourse.errors import InputError
from anncourse.sources import Reviews
from anncourse.text import PAD, UNK, Vocabulary, pad, tokenise

CONFIG = Config(vocabulary_size=200, maxlen=40, batch_size=8)


def reviews_of(train_texts, train_labels, test_texts=("egal",), test_labels=(1,)) -> Reviews:
    train_labels, test_labels = (np.array(a, dtype=np.int8) for a in (train_labels, test_labels))
    return Reviews("Test", [*train_texts], train_labels, [*test_texts], test_labels)


def numbered(number: int) -> Reviews:
    return reviews_of([f"review {k}" for k in range(number)], [k % 2 for k in range(number)])


@pytest.fixture(scope="module")
def tiny(tiny_reviews) -> ReviewsDataModule:
    return ReviewsDataModule(tiny_reviews, CONFIG)


@pytest.fixture(scope="module")
def real(real_reviews) -> ReviewsDataModule:
    return ReviewsDataModule(real_reviews)


# --- Aufteilen ------------------------------------------------------------------------------


def test_split_20000_reviews_into_16000_and_4000_balanced(sample_reviews):
    train, validation = split(sample_reviews, 0.2, seed=0)
    assert (len(train), len(validation)) == (16_000, 4_000)
    assert sorted([*train, *validation]) == list(range(20_000))
    assert sample_reviews.train_labels[train].sum() == 8_000
    assert sample_reviews.train_labels[validation].sum() == 2_000


def test_split_keeps_the_share_of_unequal_classes():
    reviews = reviews_of([f"review {k}" for k in range(100)], [1] * 20 + [0] * 80)
    train, validation = split(reviews, 0.25, seed=3)
    assert (len(train), len(validation)) == (75, 25)
    assert reviews.train_labels[validation].sum() == 5


def test_split_depends_on_its_seed_alone():
    first, again, other = (split(numbered(100), 0.2, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again))
    assert not np.array_equal(first[1], other[1])


def test_split_is_random_not_a_slice():
    _, validation = split(numbered(1000), 0.2, seed=0)
    assert 400 < validation.mean() < 600
    assert np.all(np.diff(validation) > 0)  # aufsteigend, aber nicht am Stück
    assert np.diff(validation).max() > 5


@pytest.mark.parametrize("seed", range(5))
def test_equal_texts_stay_on_one_side(seed):
    texts = [f"review {k // 3}" for k in range(120)]  # jeder Text dreimal
    reviews = reviews_of(texts, [k // 3 % 2 for k in range(120)])
    train, validation = split(reviews, 0.25, seed)
    assert len(train) + len(validation) == 120
    assert not {texts[k] for k in train} & {texts[k] for k in validation}
    assert 20 <= len(validation) <= 30


@pytest.mark.parametrize("seed", range(5))
def test_texts_of_the_test_part_go_to_validation(seed):
    shared = ["review 3", "review 50", "review 99"]
    test = {"test_texts": [*shared, "another"], "test_labels": [0, 1, 0, 1]}
    reviews = replace(numbered(100), **test)
    _, validation = split(reviews, 0.2, seed)
    assert {3, 50, 99} <= set(validation)
    assert len(validation) == 20


def test_more_shared_texts_than_room():
    reviews = numbered(100)
    test = {"test_texts": reviews.train_texts, "test_labels": reviews.train_labels}
    reviews = replace(reviews, **test)
    train, validation = split(reviews, 0.2, seed=0)
    assert (len(train), len(validation)) == (80, 20)


def test_a_text_more_frequent_than_the_room_stays_in_training():
    reviews = reviews_of(["again"] * 50 + [f"review {k}" for k in range(50)], [0] * 50 + [1] * 50)
    train, validation = split(reviews, 0.2, seed=0)
    assert set(range(50)) <= set(train) and len(validation) == 10


def test_split_does_not_touch_global_random_state():
    np.random.seed(5)
    state = np.random.get_state()[1].copy()
    split(numbered(10), 0.2, seed=0)
    assert np.array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, 20, float("nan")])
def test_impossible_fraction(fraction):
    expected = rf"Anteil der Validierung: «{fraction}» .* grösser als 0 und kleiner als 1"
    with pytest.raises(InputError, match=expected):
        split(numbered(100), fraction, seed=0)


@pytest.mark.parametrize("number, fraction", [(1, 0.2), (2, 0.2), (100, 0.001), (2, 0.9)])
def test_a_side_that_would_stay_empty(number, fraction):
    with pytest.raises(InputError, match=f"Aus {number} Kritiken .* leer.*Erwartet.*nehmen Sie"):
        split(numbered(number), fraction, seed=0)


def test_split_of_the_real_data(real_reviews):
    train, validation = split(real_reviews, 0.2, seed=0)
    texts, labels = real_reviews.train_texts, real_reviews.train_labels
    assert (len(train), len(validation)) == (20_000, 5_000)
    assert (labels[train].sum(), labels[validation].sum()) == (10_000, 2_500)
    assert not {texts[k] for k in train} & {texts[k] for k in validation}
    assert not {texts[k] for k in train} & set(real_reviews.test_texts)
    assert len({texts[k] for k in validation} & set(real_reviews.test_texts)) == 123


# --- Nummerieren ----------------------------------------------------------------------------


def encoded(*lengths: int) -> EncodedReviews:
    """Kritiken der gegebenen Längen; jede zählt von 2 an."""
    ids = [torch.arange(2, 2 + length, dtype=torch.int16) for length in lengths]
    return EncodedReviews(ids, torch.arange(len(lengths), dtype=torch.float32))


def test_a_part_keeps_the_last_words():
    vocabulary = Vocabulary.build([["a", "b", "c"]], 10)
    ids = map(vocabulary.encode, [["a", "x", "b", "c"], ["c"]])
    part = EncodedReviews.build(ids, np.array([1, 0]), replace(CONFIG, maxlen=3))
    assert [ids.tolist() for ids in part.ids] == [[UNK, 3, 4], [4]]
    assert part.ids[0].dtype == torch.int16
    assert part.labels.dtype == torch.float32 and part.labels.tolist() == [1, 0]
    assert len(part) == 2 and part.lengths().tolist() == [3, 1]


@pytest.mark.parametrize("similar, length", [(True, None), (False, 17)])
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("training", [False, True])
def test_a_part_follows_its_config(similar, length, side, training):
    config = Config(maxlen=17, excerpt=5, similar_length=similar, padding_side=side)
    part = EncodedReviews.build([np.arange(20, dtype=np.int16)], np.array([1]), config, training)
    assert (part.padding_side, part.fixed_length) == (side, length)
    assert part.excerpt == (5 if training else None)
    assert part.lengths().tolist() == [5 if training else 17]


@pytest.mark.parametrize("size", [1, 3, 4, 100])
def test_batches_go_by_length_and_hold_every_review_once(size):
    part = encoded(7, 2, 9, 2, 5, 1, 8)
    batches = part.batches(size)
    order = [position for batch in batches for position in batch]
    assert order == [5, 1, 3, 4, 0, 6, 2]  # gleich lange, wie sie kamen
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert 0 < len(batches[-1]) <= size


def test_a_batch_is_padded_on_the_left_to_its_own_longest_review():
    ids, labels = encoded(2, 9, 1, 3)[[3, 0, 2]]
    assert ids.dtype == torch.int64
    assert ids.tolist() == [[2, 3, 4], [PAD, 2, 3], [PAD, PAD, 2]]
    assert labels.tolist() == [3, 0, 2]


def test_numbers_of_a_batch_equal_pad():
    part = encoded(5, 2, 4)
    assert np.array_equal(part[[0, 1, 2]][0].numpy(), pad([ids.numpy() for ids in part.ids], 5))


@pytest.mark.parametrize("side", ["left", "right"])
def test_fixed_length_as_in_row_a7(tiny_reviews, side):
    config = replace(CONFIG, similar_length=False, padding_side=side)
    data = ReviewsDataModule(tiny_reviews, config)
    ids, _ = data.train[[0, 1, 2]]
    assert ids.shape == (3, config.maxlen)
    for row, review in zip(ids, data.train.ids):
        kept = row[-len(review) :] if side == "left" else row[: len(review)]
        assert torch.equal(kept, review.long()) and row.count_nonzero() == len(review)
    for ids, _ in data.train_dataloader():
        assert ids.shape[1] == config.maxlen


def test_an_excerpt_is_a_random_window_of_a_long_review():
    part = replace(encoded(3, 20), excerpt=5)
    assert part.lengths().tolist() == [3, 5]
    torch.manual_seed(0)
    windows = [part[[1]][0][0].tolist() for _ in range(200)]
    assert all(window == list(range(window[0], window[0] + 5)) for window in windows)
    assert {window[0] for window in windows} == set(range(2, 18))  # jeder Anfang kommt vor
    assert part[[0]][0].tolist() == [[2, 3, 4]]


def test_only_training_reads_excerpts(tiny_reviews):
    data = ReviewsDataModule(tiny_reviews, replace(CONFIG, excerpt=7))
    assert max(ids.shape[1] for ids, _ in data.train_dataloader()) == 7
    assert max(ids.shape[1] for ids, _ in data.val_dataloader()) > 7
    assert max(data.validation.lengths()) > 7 and max(data.test.lengths()) > 7


# --- Stapel ähnlicher Länge -------------------------------------------------------------------


def flat(batches) -> list[int]:
    return [position for batch in batches for position in batch]


@pytest.mark.parametrize("number", [1, 7, 8, 9, 400, 401, 1234])
def test_every_review_exactly_once_per_epoch(number):
    lengths = np.random.default_rng(number).integers(1, 500, number)
    sampler = LengthBatchSampler(lengths, batch_size=8, seed=0)
    for epoch in range(3):
        sampler.set_epoch(epoch)
        batches = list(sampler)
        assert sorted(flat(batches)) == list(range(number))
        assert len(batches) == len(sampler) >= -(-number // 8)
        sizes = [len(batch) for batch in batches]
        assert max(sizes) <= 8 and max(sizes) - min(sizes) <= 2  # fast gleich gross


def test_reshuffled_each_epoch():
    sampler = LengthBatchSampler(np.arange(1, 1001) % 300 + 1, batch_size=8, seed=0)
    epochs = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        epochs.append({frozenset(batch) for batch in sampler})
    assert len(epochs[0] & epochs[1]) < 3 and len(epochs[1] & epochs[2]) < 3


def test_same_seed_same_batches():
    lengths = np.random.default_rng(0).integers(1, 500, 1000)
    first, again, other = (list(LengthBatchSampler(lengths, 16, seed)) for seed in (1, 1, 2))
    assert first == again != other
    sampler = LengthBatchSampler(lengths, 16, 1)
    sampler.set_epoch(5)
    later = list(sampler)
    assert later == list(sampler) != first  # erst eine neue Epoche mischt neu


def test_a_batch_holds_reviews_of_similar_length():
    lengths = np.random.default_rng(0).integers(1, 501, 20_000)
    batches = list(LengthBatchSampler(lengths, batch_size=128, seed=0))
    steps = sum(lengths[batch].max() * len(batch) for batch in batches)
    assert lengths.sum() / steps > 0.97  # höchstens 3 % Füllung
    means = np.array([lengths[batch].mean() for batch in batches])
    assert abs(np.corrcoef(np.arange(len(means)), means)[0, 1]) < 0.3  # nicht kurze zuerst


def test_reviews_of_equal_length_are_mixed_too():
    sampler = LengthBatchSampler(np.full(1000, 7), batch_size=8, seed=0)
    order = flat(sampler)
    assert order != sorted(order)
    assert sum(b - a == 1 for a, b in zip(order, order[1:])) < 50


def test_lightning_sets_the_epoch(tmp_path):
    """Ohne dies sähe jede Epoche dieselben Stapel."""

    class Recorder(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.seen = {0: [], 1: [], 2: []}
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def training_step(self, batch, index):
            self.seen[self.current_epoch].append(tuple(batch[1].int().tolist()))
            return self.weight.sum()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    part = encoded(*np.random.default_rng(0).integers(1, 50, 100))
    tiny = ReviewsDataModule(numbered(10), CONFIG)
    recorder = Recorder()
    trainer = pl.Trainer(
        max_epochs=3,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    sampler = LengthBatchSampler(part.lengths(), CONFIG.batch_size, seed=0)
    trainer.fit(recorder, tiny._loader(part, sampler))
    for epoch in range(3):
        assert sorted(flat(recorder.seen[epoch])) == list(range(100))
    assert recorder.seen[0] != recorder.seen[1] != recorder.seen[2] != recorder.seen[0]
    assert not any(tmp_path.iterdir())


# --- Alles zusammen -------------------------------------------------------------------------


def test_parts_are_those_of_the_split(tiny, tiny_reviews):
    train, validation = split(tiny_reviews, CONFIG.validation_fraction, CONFIG.split_seed)
    assert (len(tiny.train), len(tiny.validation), len(tiny.test)) == (64, 16, 40)
    for part, positions in ((tiny.train, train), (tiny.validation, validation)):
        assert part.labels.tolist() == tiny_reviews.train_labels[positions].tolist()
        words = [tokenise(tiny_reviews.train_texts[k])[-CONFIG.maxlen :] for k in positions]
        assert part.lengths().tolist() == [len(w) for w in words]
        assert part.ids[0].tolist() == tiny.vocabulary.encode(words[0]).tolist()
    assert tiny.test.labels.tolist() == tiny_reviews.test_labels.tolist()
    assert max(part.lengths().max() for part in (tiny.train, tiny.validation, tiny.test)) == 40


def test_vocabulary_comes_from_the_training_part_alone(tiny_reviews):
    train, validation = split(tiny_reviews, CONFIG.validation_fraction, CONFIG.split_seed)
    train_texts, test_texts = list(tiny_reviews.train_texts), list(tiny_reviews.test_texts)
    train_texts[train[0]] += " plugh" * 50
    train_texts[validation[0]] += " xyzzy" * 50
    test_texts[0] += " frobnitz" * 50
    reviews = replace(tiny_reviews, train_texts=train_texts, test_texts=test_texts)
    data = ReviewsDataModule(reviews, CONFIG)
    assert "plugh" in data.vocabulary.words
    assert not {"xyzzy", "frobnitz"} & set(data.vocabulary.words)
    assert data.train.ids[0][-1] == data.vocabulary.ids["plugh"]
    assert data.validation.ids[0][-1] == UNK and data.test.ids[0][-1] == UNK


def test_the_seed_of_a_run_changes_the_batches_not_the_split(tiny_reviews, tiny):
    other = ReviewsDataModule(tiny_reviews, CONFIG, seed=1)
    assert other.vocabulary == tiny.vocabulary
    assert all(torch.equal(a, b) for a, b in zip(other.train.ids, tiny.train.ids))
    batches = [[labels.tolist() for _, labels in d.train_dataloader()] for d in (tiny, other)]
    assert batches[0] != batches[1]


def test_a_smaller_corpus_than_the_vocabulary(tiny_reviews):
    data = ReviewsDataModule(tiny_reviews)  # 10 000 Wörter erlaubt, einige hundert vorhanden
    assert 100 < len(data.vocabulary) < 1000
    assert max(int(ids.max()) for ids in data.test.ids) < len(data.vocabulary)


@pytest.mark.parametrize("part", ["train", "val"])
def test_loaders_deliver_every_review(tiny, part):
    batches = list(getattr(tiny, f"{part}_dataloader")())
    encoded_part, size = {
        "train": (tiny.train, CONFIG.batch_size),
        "val": (tiny.validation, 256),  # gemessen wird immer in den gleichen Stapeln
    }[part]
    labels = torch.cat([labels for _, labels in batches])
    assert Counter(labels.tolist()) == Counter(encoded_part.labels.tolist())
    for ids, labels in batches:
        assert ids.dtype == torch.int64 and labels.dtype == torch.float32
        assert ids.shape[0] == labels.shape[0] <= size
        assert (ids[:, -1] != PAD).all()  # links aufgefüllt
        assert (ids != PAD).sum(1).max() == ids.shape[1]  # bis zur längsten, nicht weiter
        assert ids.max() < len(tiny.vocabulary)


def test_too_few_reviews_to_train():
    with pytest.raises(InputError, match="Aus 2 Kritiken"):
        ReviewsDataModule(numbered(2), CONFIG)


def test_real_data_gives_tensors_of_25000_times_500(real, real_reviews):
    """Zeile A7: beide Teile als Tensoren (25000, 500)."""
    config = Config()
    assert len(real.vocabulary) == config.vocabulary_size == 10_000
    for texts in (real_reviews.train_texts, real_reviews.test_texts):
        ids = [real.vocabulary.encode(tokenise(text)) for text in texts]
        tensor = torch.from_numpy(pad(ids, config.maxlen))
        assert tensor.shape == (25_000, 500) and tensor.dtype == torch.int64
        assert tensor.min() == PAD and tensor.max() == 9_999
        assert (tensor[:, -1] != PAD).all()
        cut = np.array([len(k) > 500 for k in ids])
        assert 0.07 < cut.mean() < 0.09
        assert (tensor[cut] != PAD).all()
        assert tensor[0].tolist()[-len(ids[0]) :] == ids[0].tolist()[-500:]


def test_real_data_is_hardly_padded_in_batches(real):
    assert (len(real.train), len(real.validation), len(real.test)) == (20_000, 5_000, 25_000)
    words = real.train.lengths().sum()
    steps = sum(ids.numel() for ids, _ in real.train_dataloader())
    assert words / steps > 0.95
    assert words / (20_000 * 500) < 0.5  # fest auf 500 aufgefüllt wäre mehr als die Hälfte leer
