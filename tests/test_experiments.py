"""Die Versuche auf IMDb und auf den erzeugten Kritiken, klein nachgerechnet."""

from dataclasses import replace

import numpy as np
import pytest

from anncourse.config import CELLS, Config, recipe
from anncourse.data import EncodedReviews
from anncourse.experiments import baselines, films, imdb, lengths, order
from anncourse.experiments.difference import difference, pack, unpack
from anncourse.experiments.imdb import Planned, ending
from anncourse.experiments.stored import measured, store

SMALL = Config(vocabulary_size=60, embedding_dim=4, hidden_size=4, epochs=1)


# --- Ein Lauf -------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [None, "half_open", "bidirectional"])
def test_a_run_stores_what_the_tables_need(form, tiny_reviews, monkeypatch):
    monkeypatch.setattr(imdb, "reviews", lambda: tiny_reviews)
    monkeypatch.setattr(imdb, "runs", lambda: {"x": Planned("lstm", SMALL, 3, form)})
    monkeypatch.setattr(imdb, "recipe", lambda cell: SMALL)
    result = imdb.compute("x")
    right = unpack(result["right"])
    assert len(right) == 40 and right.mean() == result["test_accuracy"]
    assert result["form"] == form and result["seed"] == 3
    assert ("history" in result) == ("train_accuracy" in result) == (form is None)
    if form is None:  # das Rezept selbst
        assert len(result["history"]["val_loss"]) == 1
        assert set(result["last_words"]) == {"50", "100", "200"}
    planned = imdb.planned("x", tiny_reviews.digest)
    assert all(result[key] == value for key, value in planned.items())


def test_a_run_is_that_of_fit(tiny_reviews, monkeypatch):
    from anncourse import fit

    monkeypatch.setattr(imdb, "reviews", lambda: tiny_reviews)
    monkeypatch.setattr(imdb, "runs", lambda: {"x": Planned("gru", SMALL, 1)})
    result, expected = imdb.compute("x"), fit("gru", tiny_reviews, SMALL, 1).result
    for name in ("val_accuracy", "test_accuracy", "best_epoch", "parameters", "config"):
        assert result[name] == getattr(expected, name)


def test_the_ending_of_a_review(tiny_reviews):
    import torch

    part = EncodedReviews([torch.arange(9), torch.arange(3)], torch.zeros(2))
    assert [ids.tolist() for ids in ending(part, 4).ids] == [[5, 6, 7, 8], [0, 1, 2]]


def test_what_is_compared_differs_in_one_thing():
    runs = imdb.runs()
    for cell in CELLS:
        assert {run.config for name, run in runs.items() if name.startswith(f"{cell}-keras-")} == {
            recipe(cell)
        }
    for name, run in runs.items():
        changed = {k for k, v in vars(run.config).items() if v != getattr(recipe(run.cell), k)}
        if name.startswith(("rnn-similar-", "rnn-fixed-")):  # zwei mal zwei, auf ganzen Kritiken
            assert {"excerpt"} < changed <= {"excerpt", "padding_side", "similar_length"}, name
        elif "pytorch" not in name:
            assert len(changed) + (run.form is not None) <= 1, name


# --- Filme ----------------------------------------------------------------------------------


def test_films_that_tell_the_class_help_within_a_part_alone(tiny_reviews, monkeypatch):
    """Zwei Teile mit eigenen «Filmen»: Ihr Name verrät die Klasse nur dort, wo er vorkam."""
    rng = np.random.default_rng(93)

    def part(letter):
        film, label = rng.integers(0, 20, 600), rng.integers(0, 2, 600)
        known = np.where(rng.random(600) < 0.8, film % 2, label)  # meist verrät der Film die Klasse
        words = np.where(rng.random(600) < 0.6, known, 1 - known)
        texts = [f"{letter}{f} {'good' if w else 'bad'} the" for f, w in zip(film, words)]
        return np.array(texts, dtype=object), known

    monkeypatch.setattr(films, "reviews", lambda: tiny_reviews)
    both = part("a"), part("b")
    monkeypatch.setattr(films, "parts", lambda: both)
    monkeypatch.setattr(films, "TRAIN", 400)
    monkeypatch.setattr(films, "NEW", 200)
    result = films.compute("films-01000-0")
    assert len(result["within"]) == len(result["across"]) == 2  # beide Richtungen
    assert min(result["within"]) > max(result["across"]) + 0.05
    assert result == films.compute("films-01000-0") | {"seconds_total": result["seconds_total"]}


def test_texts_that_occur_twice_are_left_out(tiny_reviews, monkeypatch):
    doubled = replace(
        tiny_reviews, train_texts=[tiny_reviews.test_texts[0], *tiny_reviews.train_texts[1:]]
    )
    monkeypatch.setattr(films, "reviews", lambda: doubled)
    films.parts.cache_clear()
    (train, _), (test, labels) = films.parts()
    films.parts.cache_clear()
    texts = [*doubled.train_texts, *doubled.test_texts]
    single = sum(texts.count(text) == 1 for text in texts)
    assert len(train) + len(test) == single < len(texts) and len(test) == len(labels)


# --- Länge ----------------------------------------------------------------------------------


def test_growth_is_the_lead_in_the_last_quarter_minus_that_in_the_first(tmp_path, monkeypatch):
    rng = np.random.default_rng(93)
    quarter = rng.integers(0, 4, 2000)
    one = [rng.random(2000) < 0.90 + 0.02 * quarter for _ in range(3)]  # der Vorsprung wächst
    other = [rng.random(2000) < 0.80 for _ in range(3)]
    monkeypatch.setattr("anncourse.experiments.stored.MEASURED_FOLDER", tmp_path)
    members = [pack(quarter == q) for q in range(4)]
    store(tmp_path, {"name": "quarters", "words": list("abcd"), "members": members})
    for label, runs in (("one", one), ("other", other)):
        for seed, right in enumerate(runs):
            store(tmp_path, {"name": f"{label}-{seed}", "right": pack(right)})
    quarters, growth = lengths.by_quarter("one-?", "other-?")
    assert list(quarters) == list("abcd")
    assert growth.mean == pytest.approx(quarters["d"].mean - quarters["a"].mean)
    first = difference([r[quarter == 0] for r in one], [r[quarter == 0] for r in other])
    assert quarters["a"] == first
    assert growth.clear and growth.sample > quarters["d"].sample
    _, none = lengths.by_quarter("other-?", "other-?")
    assert not none.clear


def test_stored_quarters_part_the_test_reviews():
    members = np.array([unpack(text) for text in measured("quarters").iloc[0]["members"]])
    assert members.shape == (4, 25_000) and (members.sum(0) == 1).all()
    assert (abs(members.mean(1) - 0.25) < 0.01).all()


# --- Basismodelle und Gegenprobe ------------------------------------------------------------


@pytest.mark.parametrize("name", ["bag_of_words", "tfidf", "tfidf_bigrams"])
def test_the_best_strength_of_a_linear_model_lies_inside(name):
    run = measured(name).iloc[0]
    assert baselines.STRENGTHS[0] < run["C"] < baselines.STRENGTHS[-1]
    assert run["tried"][str(run["C"])] == run["val_accuracy"] == max(run["tried"].values())
    assert unpack(run["right"]).mean() == run["test_accuracy"]


def test_the_counter_example_has_five_runs_of_every_net():
    for name in order.runs():
        assert len(measured(name).iloc[0]["test_accuracies"]) == 5
    assert measured("order-gru-opened").iloc[0]["init"] == "forget_bias_3"
