"""Verfahren ohne Netz: wie weit man kommt, wenn man Wörter oder Wortpaare zählt (9.3.7)."""

import time

import numpy as np

from anncourse.config import Config
from anncourse.data import split
from anncourse.errors import missing_extra
from anncourse.experiments.corpus import reviews as corpus
from anncourse.experiments.difference import pack
from anncourse.session import machine, versions
from anncourse.text import normalise

BASELINES = {  # Name → Verfahren und Quelle; ohne Quelle gilt der Datensatz
    "majority": ("majority", None),
    "bag_of_words": ("bag_of_words", None),
    "tfidf": ("tfidf", None),
    "tfidf_bigrams": ("tfidf_bigrams", None),
    "sample_words": ("bag_of_words", "sample"),  # für die Gegenprobe mit erzeugten Kritiken
    "sample_bigrams": ("tfidf_bigrams", "sample"),
}
SPLIT = {"tokenizer": str.split, "token_pattern": None, "lowercase": False}  # schon normalisiert
STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)  # C: je grösser, desto freier


def runs() -> dict[str, tuple[str, str | None]]:
    """Die Verfahren, je eines auf einem Datensatz."""
    return BASELINES


def planned(name: str, digest: str) -> dict:
    """Was im Ergebnis stehen muss, damit es noch gilt."""
    _, source = runs()[name]
    return {"digest": corpus(source).digest if source else digest}


def compute(name: str) -> dict:
    """Ein Verfahren ohne Netz, auf denselben Kritiken trainiert wie die Netze.

    Die Stärke der Regularisierung wird wie alles andere auf dem Validierungsteil gewählt; die
    Sekunden zählen den gewählten Fit samt Zählen der Wörter.
    """
    (method, source), config = runs()[name], Config()
    reviews = corpus(source)
    train, validation = split(reviews, config.validation_fraction, config.split_seed)
    texts = {
        "train": [normalise(reviews.train_texts[k]) for k in train],
        "val": [normalise(reviews.train_texts[k]) for k in validation],
        "test": [normalise(text) for text in reviews.test_texts],
    }
    labels = {
        "train": reviews.train_labels[train],
        "val": reviews.train_labels[validation],
        "test": reviews.test_labels,
    }
    if method == "majority":
        majority = int(labels["train"].mean() > 0.5)
        measured = {
            f"{part}_accuracy": float(np.mean(labels[part] == majority)) for part in ("val", "test")
        } | {"seconds_total": 0.0}
    else:
        measured = logistic_regression(method, texts, labels)
    head = {"name": name, "data": reviews.name, "digest": reviews.digest}
    return head | measured | {"versions": versions(), "machine": machine()}


def logistic_regression(method: str, texts: dict, labels: dict) -> dict:
    """Wörter oder Wortpaare zählen, dann logistische Regression."""
    try:
        from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise missing_extra("scikit-learn", "experiments") from error

    size = Config().vocabulary_size
    vectorizer = {
        "bag_of_words": CountVectorizer(binary=True, max_features=size, **SPLIT),
        "tfidf": TfidfVectorizer(max_features=size, **SPLIT),
        "tfidf_bigrams": TfidfVectorizer(ngram_range=(1, 2), min_df=2, **SPLIT),
    }[method]
    start = time.perf_counter()
    features = {"train": vectorizer.fit_transform(texts["train"])}
    features |= {part: vectorizer.transform(texts[part]) for part in ("val", "test")}
    counting = time.perf_counter() - start
    tried = []
    for C in STRENGTHS:
        start = time.perf_counter()
        model = LogisticRegression(C=C, max_iter=1000).fit(features["train"], labels["train"])
        seconds = counting + time.perf_counter() - start
        tried.append((model.score(features["val"], labels["val"]), -seconds, C, model))
    accuracy, seconds, C, model = max(tried, key=lambda result: result[:2])
    right = model.predict(features["test"]) == labels["test"]
    return {
        "val_accuracy": float(accuracy),
        "test_accuracy": float(right.mean()),
        "seconds_total": round(-seconds, 3),
        "C": C,
        "tried": {str(C): float(accuracy) for accuracy, _, C, _ in tried},
        "right": pack(right),
        "features": features["train"].shape[1],
    }
