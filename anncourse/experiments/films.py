"""Warum die Validierung über dem Test liegt: Die beiden Teile teilen keine Filme (9.3.4).

Ein lineares Modell lernt aus 20 000 zufälligen Kritiken des einen Teils und urteilt über neue aus
demselben und aus dem andern. Beide Richtungen zusammen: Wäre bloss ein Teil schwerer, höbe sich das
auf. Kritiken, die mehrmals vorkommen, bleiben weg.
"""

import time
from collections import Counter
from functools import cache

import numpy as np

from anncourse.errors import missing_extra
from anncourse.experiments.baselines import SPLIT
from anncourse.experiments.corpus import reviews
from anncourse.experiments.stored import MEASURED_FOLDER, read
from anncourse.session import machine, versions
from anncourse.text import normalise

WORDS, REPETITIONS = (1_000, 10_000), range(5)
TRAIN, NEW = 20_000, 4_500


def runs() -> tuple[str, ...]:
    """Name: Zahl der Wörter und Zufallsstart."""
    return tuple(f"films-{words:05}-{seed}" for words in WORDS for seed in REPETITIONS)


@cache
def parts() -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Texte und Labels des Trainings- und des Testteils, ohne jene, die mehrmals vorkommen."""
    r = reviews()
    times = Counter(r.train_texts + r.test_texts)
    both = (r.train_texts, r.train_labels), (r.test_texts, r.test_labels)
    single = [np.array([times[text] == 1 for text in texts]) for texts, _ in both]
    return tuple(
        (np.array([normalise(t) for t in texts], dtype=object)[keep], labels[keep])
        for (texts, labels), keep in zip(both, single)
    )


def planned(name: str, digest: str) -> dict:
    """Was im Ergebnis stehen muss, damit es noch gilt."""
    return {"digest": digest, "C": strength()}


def strength() -> float:
    """Die Stärke C, die das Basismodell auf dem Validierungsteil gewählt hat."""
    return read(MEASURED_FOLDER / "tfidf.json")["C"]


def compute(name: str) -> dict:
    """Eine Wiederholung, beide Richtungen."""
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise missing_extra("scikit-learn", "experiments") from error

    _, words, seed = name.split("-")
    start, rng = time.perf_counter(), np.random.default_rng(int(seed))
    C = strength()
    within, across = [], []
    for (texts, labels), (other_texts, other_labels) in (parts(), parts()[::-1]):
        own, other = rng.permutation(len(texts)), rng.permutation(len(other_texts))[:NEW]
        train, new = own[:TRAIN], own[TRAIN : TRAIN + NEW]
        vectorizer = TfidfVectorizer(max_features=int(words), **SPLIT)
        model = LogisticRegression(C=C, max_iter=1000)
        model.fit(vectorizer.fit_transform(texts[train]), labels[train])
        within.append(model.score(vectorizer.transform(texts[new]), labels[new]))
        across.append(model.score(vectorizer.transform(other_texts[other]), other_labels[other]))
    head = {"name": name, "data": reviews().name, "digest": reviews().digest, "words": int(words)}
    seconds = {"seconds_total": round(time.perf_counter() - start, 3)}
    both = {"within": within, "across": across, "C": C}
    return head | both | seconds | {"versions": versions(), "machine": machine()}
