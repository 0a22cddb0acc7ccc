"""Alle Läufe, aus denen die Tabellen des Buchs entstehen: ``make results``.

Je Lauf entsteht eine kleine JSON-Datei in ``anncourse/measured``. Was dort mit denselben
Hyperparametern und Daten schon liegt, wird nicht wiederholt: Ein Abbruch kostet höchstens die
Läufe, die gerade rechnen. Mehrere Prozesse mit je einem Thread rechnen nebeneinander; so kleine
Netze nützen einen zweiten Thread kaum.
"""

import argparse
import json
import os
import signal
import sys
import time
from dataclasses import asdict, replace
from fnmatch import fnmatch
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from anncourse.config import Config
from anncourse.data import ReviewsDataModule
from anncourse.errors import AnncourseError, OutsideError, reason
from anncourse.lag import LagConfig
from anncourse.lag import measure as measure_lag
from anncourse.results import MEASURED_FOLDER
from anncourse.session import machine, versions
from anncourse.sources import load_reviews
from anncourse.text import tokenise
from anncourse.training import fit

SEEDS = range(5)
CELLS = ("rnn", "lstm", "gru")
WIDE = 76  # 76·(32 + 76) + 2·76 = 8360 Parameter, so viele wie die LSTM(32, 32) mit 8448
WITHOUT = {  # eine Zutat des Trainings fehlt
    "excerpt": {"excerpt": None},
    "dropout": {"embedding_dropout": 0.0},
    "averaging": {"averaging": 0.0},
    "decay": {"final_rate": 1.0},
    "clipping": {"gradient_norm": 0.0},
}
BASELINES = ("majority", "bag_of_words", "tfidf", "tfidf_bigrams")
LAGS = (10, 25, 50, 100, 200)
LAST_LAG = {  # beim genannten Abstand kommt kein Lauf über das Raten; weiter wird nicht gerechnet
    "rnn-pytorch": 25,
    "lstm-pytorch": 25,
    "gru-pytorch": 25,
    "gru-keras": 25,
    "rnn-keras": 100,
}
LAG_SCHEMES = {
    "rnn": ("pytorch", "keras", "irnn"),
    "lstm": ("pytorch", "keras", "forget_bias_3"),
    "gru": ("pytorch", "keras", "forget_bias_3"),
}
TRUNCATIONS, SHORT_LAGS = (10, 20, None), (5, 10, 15, 20, 25)


def runs() -> dict[str, tuple[str, Config, int]]:
    """Name → Zelle, Hyperparameter, Zufallsstart; in dieser Reihenfolge wird gerechnet."""
    c = Config()
    named = {
        f"{cell}-{init}-{seed}": (cell, replace(c, init=init), seed)
        for init in ("keras", "pytorch")
        for seed in SEEDS
        for cell in CELLS
    }
    named |= {f"rnn-wide-{seed}": ("rnn", replace(c, hidden_size=WIDE), seed) for seed in SEEDS}
    named |= {  # ganze Kritiken: Beim Auffüllen zählt die Länge
        f"{cell}-{'similar' if similar else 'fixed'}-{side}": (
            cell,
            replace(c, excerpt=None, similar_length=similar, padding_side=side),
            0,
        )
        for similar in (True, False)
        for side in ("left", "right")
        for cell in ("rnn", "lstm")
    }
    return named | {
        f"{cell}-without-{what}-{seed}": (cell, replace(c, **change), seed)
        for seed in range(3)
        for what, change in WITHOUT.items()
        for cell in ("rnn", "lstm")
    }


def lag_runs() -> dict[str, LagConfig]:
    """Name → Versuch mit der Aufgabe aus `anncourse.lag`; ohne Kritiken."""
    named = {
        f"lag-{cell}-{init}-{lag:03}": LagConfig(cell, init, lag)
        for cell, inits in LAG_SCHEMES.items()
        for init in inits
        for lag in LAGS
        if lag <= LAST_LAG.get(f"{cell}-{init}", LAGS[-1])
    }
    named |= {
        f"truncated-{steps or 'never'}-{lag:03}": LagConfig("rnn", "keras", lag, truncation=steps)
        for steps in TRUNCATIONS
        for lag in SHORT_LAGS
    }
    return named


@cache
def load(config: Config) -> ReviewsDataModule:
    """Die Daten; ein Prozess liest sie je Satz Hyperparameter nur einmal."""
    return ReviewsDataModule(load_reviews(), config)


def train(name: str) -> dict:
    """Ein Lauf, in einem eigenen Prozess mit einem Thread."""
    torch.set_num_threads(1)
    cell, config, seed = runs()[name]
    _, result = fit(cell, load(config), config, seed)
    return {"name": name} | result.summary()


def baseline(name: str) -> dict:
    """Ein Verfahren ohne Netz, auf denselben 20 000 Kritiken trainiert.

    Die Stärke der Regularisierung wird wie alles andere auf dem Validierungsteil gewählt; die
    Sekunden zählen den gewählten Fit samt Zerlegen der Texte.
    """
    from anncourse.data import split

    reviews, config = load_reviews(), Config()
    train, validation = split(reviews, config.validation_fraction, config.split_seed)
    texts = {
        "train": [reviews.train_texts[k] for k in train],
        "val": [reviews.train_texts[k] for k in validation],
        "test": reviews.test_texts,
    }
    labels = {
        "train": reviews.train_labels[train],
        "val": reviews.train_labels[validation],
        "test": reviews.test_labels,
    }
    if name == "majority":
        majority = int(labels["train"].mean() > 0.5)
        measured = {
            f"{part}_accuracy": float(np.mean(labels[part] == majority)) for part in ("val", "test")
        } | {"seconds_total": 0.0}
    else:
        measured = logistic_regression(name, texts, labels)
    head = {"name": name, "data": reviews.name, "digest": reviews.digest}
    return head | measured | {"versions": versions(), "machine": machine()}


def logistic_regression(name: str, texts: dict, labels: dict) -> dict:
    """Wörter oder Wortpaare zählen, dann logistische Regression."""
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    options = {"tokenizer": tokenise, "token_pattern": None, "lowercase": False}
    size = Config().vocabulary_size
    vectorizer = {
        "bag_of_words": CountVectorizer(binary=True, max_features=size, **options),
        "tfidf": TfidfVectorizer(max_features=size, **options),
        "tfidf_bigrams": TfidfVectorizer(ngram_range=(1, 2), min_df=2, **options),
    }[name]
    start = time.perf_counter()
    features = {"train": vectorizer.fit_transform(texts["train"])}
    features |= {part: vectorizer.transform(texts[part]) for part in ("val", "test")}
    counting = time.perf_counter() - start
    tried = []
    for C in (0.01, 0.1, 1.0, 10.0):
        start = time.perf_counter()
        model = LogisticRegression(C=C, max_iter=1000).fit(features["train"], labels["train"])
        seconds = counting + time.perf_counter() - start
        tried.append((model.score(features["val"], labels["val"]), -seconds, C, model))
    accuracy, seconds, C, model = max(tried, key=lambda result: result[:2])
    return {
        "val_accuracy": float(accuracy),
        "test_accuracy": float(model.score(features["test"], labels["test"])),
        "seconds_total": round(-seconds, 3),
        "C": C,
        "features": features["train"].shape[1],
    }


def remember(name: str) -> dict:
    """Ein Versuch mit langem Abstand: alle Zufallsstarts, in einem Prozess mit einem Thread."""
    torch.set_num_threads(1)
    config = lag_runs()[name]
    start = time.perf_counter()
    measured = measure_lag(config)
    seconds = {"seconds_total": round(time.perf_counter() - start, 3)}
    head = {"name": name, "config": asdict(config)}
    return head | measured | seconds | {"versions": versions(), "machine": machine()}


def compute(name: str) -> dict:
    """Ein Lauf, ein Verfahren ohne Netz oder ein Versuch mit langem Abstand."""
    if name in BASELINES:
        return baseline(name)
    return remember(name) if name in lag_runs() else train(name)


def is_done(folder: Path, name: str, digest: str) -> bool:
    """Liegt das Ergebnis schon da, mit denselben Daten und Hyperparametern?

    Die Versuche mit langem Abstand hängen nicht von den Kritiken ab.
    """
    try:
        result = json.loads((folder / f"{name}.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    if name in lag_runs():
        return result.get("config") == asdict(lag_runs()[name])
    same_config = name in BASELINES or result.get("config") == asdict(runs()[name][1])
    return result.get("digest") == digest and same_config


def store(folder: Path, result: dict) -> None:
    """Schreibt ein Ergebnis; sichtbar wird die Datei erst, wenn sie vollständig ist."""
    path = folder / f"{result['name']}.json"
    unfinished = path.with_suffix(".unfinished")
    try:
        unfinished.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
        os.replace(unfinished, path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise OutsideError(
            f"Der Ordner «{folder}» nimmt nichts auf: {reason(error)}. Schaffen Sie Platz; "
            "derselbe Befehl rechnet dann die übrigen Läufe."
        ) from error


def start_workers():
    """Prozesse, die Ctrl-C überhören: Es gilt dem ersten, und er beendet sie."""
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # sie erben es, schon vor dem Import
    try:
        return get_context("spawn").Pool(os.cpu_count())
    finally:
        signal.signal(signal.SIGINT, handler)


def main(argv: list[str] | None = None) -> int:
    """Rechnet, was noch fehlt."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("patterns", nargs="*", default=["*"], help="nur diese Läufe: lstm-keras-*")
    parser.add_argument("--output", type=Path, default=MEASURED_FOLDER, help="Ordner für JSON")
    arguments = parser.parse_args(argv)
    folder = arguments.output
    try:
        folder.mkdir(parents=True, exist_ok=True)
        reviews = load_reviews()
        known = (*BASELINES, *runs(), *lag_runs())
        names = [n for n in known if any(fnmatch(n, p) for p in arguments.patterns)]
        missing = [name for name in names if not is_done(folder, name, reviews.digest)]
        print(f"{reviews}; {len(names) - len(missing)} von {len(names)} Läufen liegen schon da.")
        if missing:
            ReviewsDataModule(reviews)  # einmal nummerieren, bevor jeder Prozess es täte
        with start_workers() as pool:
            results = pool.imap_unordered(compute, missing)
            for result in tqdm(results, total=len(missing), desc="Läufe", disable=not missing):
                store(folder, result)
    except KeyboardInterrupt:
        print(
            "\nAbgebrochen. Fertige Läufe bleiben; derselbe Befehl rechnet die übrigen.",
            file=sys.stderr,
        )
        return 130
    except AnncourseError as error:
        print(f"\nFehler: {error}", file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
