"""Die Suche: was sie als Nächstes rechnet, was sie wählt, und dass sie den Testteil nicht sieht."""

import json
from dataclasses import asdict, replace

import pytest

from anncourse.config import CELLS, Config, recipe
from anncourse.errors import InputError
from anncourse.experiments import search
from anncourse.experiments.search import (
    BEST,
    CHANGES,
    RATES,
    SEARCH_FOLDER,
    SEEDS,
    Found,
    Trial,
    best,
    missing,
    ranking,
    stages,
)
from anncourse.experiments.stored import store

FILES = sorted(SEARCH_FOLDER.glob("*.json"))


# --- Was im Paket liegt ---------------------------------------------------------------------


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_stored_trial_knows_a_test_figure(file):
    keys = set()

    def walk(value):
        if isinstance(value, dict):
            keys.update(value)
            list(map(walk, value.values()))
        elif isinstance(value, list):
            list(map(walk, value))

    walk(json.loads(file.read_text("utf-8")))
    assert "val_accuracy" in keys
    assert not [key for key in keys if "test" in key.lower() or key == "right"]


@pytest.mark.parametrize("init", RATES)
@pytest.mark.parametrize("cell", CELLS)
def test_the_stored_search_is_complete_and_its_best_rate_lies_inside(cell, init):
    assert missing(cell, init, Found()) == []
    table = ranking(cell, init)
    assert len(table) <= 12 and (table["runs"] == len(SEEDS)).sum() == BEST
    assert min(RATES[init]) < best(cell, init).learning_rate < max(RATES[init])


def test_no_other_trial_is_stored():
    planned = {
        t.name for c in CELLS for i in RATES for stage in stages(c, i, Found()) for t in stage
    }
    assert planned == {file.stem for file in FILES}


@pytest.mark.parametrize("cell", CELLS)
def test_the_recipe_is_what_the_search_found(cell):
    assert recipe(cell) == best(cell)
    assert (recipe(cell).embedding_dim, recipe(cell).hidden_size) == (32, 32)


def test_reported_seeds_are_fresh():
    from anncourse.experiments import imdb

    assert not set(SEEDS) & {run.seed for run in imdb.runs().values()}


# --- Wie sie vorgeht ------------------------------------------------------------------------


def pretend(folder, trials, accuracy):
    """Legt Versuche ab, als wären sie gerechnet."""
    for trial in trials:
        result = {"name": trial.name, "config": asdict(trial.config), "digest": "d"}
        store(folder, result | {"val_accuracy": accuracy(trial)})


def quality(trial: Trial) -> float:
    """Am besten sind die Lernrate 0.01 und 24 Epochen; der Zufallsstart 102 hat Glück."""
    off = abs(RATES["pytorch"].index(trial.config.learning_rate) - RATES["pytorch"].index(0.01))
    return 0.8 - 0.05 * off + 0.001 * trial.config.epochs + 0.0001 * (trial.seed == 102)


def test_stage_by_stage_until_nothing_is_missing(tmp_path):
    found, seen = Found(tmp_path, "d"), []
    while todo := missing("lstm", "keras", found):
        seen.append(todo)
        pretend(tmp_path, todo, quality)
    assert [len(todo) for todo in seen] == [
        len(RATES["keras"]),
        len(CHANGES["keras"]),
        BEST * (len(SEEDS) - 1),
    ]
    assert all(trial.config.learning_rate == 0.01 for trial in seen[1])
    assert {trial.config.epochs for trial in seen[2]} == {16, 24}
    table = ranking("lstm", "keras", tmp_path)
    assert table["config"].iloc[0].epochs == 24 and table["runs"].tolist()[:4] == [3, 3, 3, 1]


def test_after_an_interruption_only_what_is_missing(tmp_path):
    trials = missing("rnn", "keras", Found(tmp_path))
    pretend(tmp_path, trials[:3], quality)
    (tmp_path / f"{trials[0].name}.json").write_text("abgeschnitten")
    assert missing("rnn", "keras", Found(tmp_path)) == [trials[0], *trials[3:]]


def test_other_data_or_settings_do_not_count(tmp_path):
    trials = missing("gru", "keras", Found(tmp_path))
    pretend(tmp_path, trials, quality)
    assert missing("gru", "keras", Found(tmp_path, "andere")) == trials
    changed = replace(trials[0], config=replace(trials[0].config, batch_size=7))
    pretend(tmp_path, [changed], quality)  # derselbe Name, andere Hyperparameter
    assert missing("gru", "keras", Found(tmp_path, "d")) == trials[:1]


def test_from_other_initial_values_rate_and_epochs_are_searched_anew(tmp_path):
    found, seen = Found(tmp_path), []
    while todo := missing("lstm", "keras", found):
        pretend(tmp_path, todo, quality)
    recipe = best("lstm", folder=tmp_path)  # 24 Epochen
    while todo := missing("lstm", "pytorch", found):
        seen.append(todo)
        pretend(tmp_path, todo, quality)
    assert [t.config for t in seen[0]] == [
        replace(recipe, init="pytorch", learning_rate=rate) for rate in RATES["pytorch"]
    ]
    assert [(t.config.learning_rate, t.config.epochs) for t in seen[1]] == [(0.01, 8), (0.01, 16)]
    assert len(seen[2]) == BEST * (len(SEEDS) - 1) and len(seen) == 3
    assert best("lstm", "pytorch", tmp_path) == replace(recipe, init="pytorch", learning_rate=0.01)


def test_an_unfinished_search_has_no_ranking(tmp_path):
    with pytest.raises(InputError, match="make search"):
        ranking("rnn", "keras", tmp_path)


def test_a_trial_measures_no_test_review(tiny_reviews, monkeypatch):
    monkeypatch.setattr(search, "reviews", lambda: tiny_reviews)
    monkeypatch.setattr("anncourse.training.evaluate", lambda *_: pytest.fail("Testteil"))
    config = Config(epochs=1, embedding_dim=4, hidden_size=4, vocabulary_size=50)
    result = search.compute(Trial("rnn", config))
    assert "test_accuracy" not in result and 0 <= result["val_accuracy"] <= 1
    assert result["seed"] == SEEDS[0] and result["config"] == asdict(config)
