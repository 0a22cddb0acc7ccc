"""Die Testkritiken in vier Gruppen nach ihrer Länge: Wächst ein Vorsprung mit ihr? (9.3.7)"""

import numpy as np

from anncourse.config import Config
from anncourse.data import ReviewsDataModule
from anncourse.experiments.corpus import reviews
from anncourse.experiments.difference import Difference, difference, pack, unpack
from anncourse.experiments.stored import measured
from anncourse.session import machine, versions


def runs() -> tuple[str, ...]:
    """Ein einziger Lauf, der nur zählt."""
    return ("quarters",)


def planned(name: str, digest: str) -> dict:
    """Was im Ergebnis stehen muss, damit es noch gilt."""
    return {"digest": digest}


def compute(name: str) -> dict:
    """Welche Testkritiken zu welchem Viertel gehören, geordnet nach der Zahl gelesener Wörter."""
    lengths = ReviewsDataModule(reviews(), Config()).test.lengths()
    edges = np.quantile(lengths, (0.25, 0.5, 0.75))
    quarter = np.searchsorted(edges, lengths)  # 0: die kürzesten, 3: die längsten
    return {
        "name": name,
        "data": reviews().name,
        "digest": reviews().digest,
        "words": [
            f"{lengths[quarter == q].min()} bis {lengths[quarter == q].max()}" for q in range(4)
        ],
        "members": [pack(quarter == q) for q in range(4)],
        "seconds_total": 0.0,
        "versions": versions(),
        "machine": machine(),
    }


def by_quarter(one: str, other: str) -> tuple[dict[str, Difference], Difference]:
    """Der Vorsprung gespeicherter Läufe in jedem Viertel, und wie viel er im letzten grösser ist.

    Parameters
    ----------
    one, other : str
        Muster für die Namen, wie in `stored.measured`.

    Returns
    -------
    quarters : dict
        Wortzahlen → Unterschied.
    growth : Difference
        Vorsprung im letzten Viertel minus Vorsprung im ersten.
    """
    stored = measured("quarters").iloc[0]
    members = [unpack(text) for text in stored["members"]]  # vier Felder (N,)
    a, b = ([unpack(text) for text in measured(name)["right"]] for name in (one, other))
    quarters = {
        words: difference([run[member] for run in a], [run[member] for run in b])
        for words, member in zip(stored["words"], members)
    }
    # Mittel über das letzte Viertel minus Mittel über das erste, als ein gewichtetes Mittel
    weight = members[3] / members[3].mean() - members[0] / members[0].mean()
    return quarters, difference([run * weight for run in a], [run * weight for run in b])
