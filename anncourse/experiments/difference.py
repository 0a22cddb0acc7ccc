"""Ein Unterschied mit beiden Quellen des Zufalls: Zufallsstart und Auswahl der Testkritiken."""

import base64
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anncourse.errors import InputError, missing_extra
from anncourse.experiments.stored import measured


def pack(right: np.ndarray) -> str:
    """N Wahrheitswerte als kurzer Text: ihre Anzahl, dann komprimiert; zurück führt `unpack`."""
    packed = zlib.compress(np.packbits(right).tobytes(), 9)
    return f"{len(right)}:{base64.b85encode(packed).decode()}"


def unpack(text: str) -> np.ndarray:
    """Die Wahrheitswerte aus dem Text von `pack`: Form ``(N,)``, bool."""
    number, packed = text.split(":")
    values = np.frombuffer(zlib.decompress(base64.b85decode(packed)), dtype=np.uint8)
    return np.unpackbits(values, count=int(number)).astype(bool)


@dataclass(frozen=True)
class Difference:
    """Ein Unterschied von Anteilen und sein 95-%-Intervall.

    Attributes
    ----------
    mean : float
        Mittel über die Läufe des einen minus jenes über die Läufe des andern.
    low, high : float
        Das Intervall.
    seeds, sample : float
        Die beiden Standardabweichungen darin: aus den Zufallsstarts, aus den Testkritiken.
    """

    mean: float
    low: float
    high: float
    seeds: float
    sample: float

    @property
    def clear(self) -> bool:
        """Ob das Intervall die Null ausschliesst."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        """In Punkten, zum Beispiel ``+1.3 (+0.8 bis +1.8)``."""
        mean, low, high = (100 * value for value in (self.mean, self.low, self.high))
        return f"{mean:+.1f} ({low:+.1f} bis {high:+.1f})"


def compare(one: str, other: str) -> Difference:
    """Vergleicht gespeicherte Läufe, genannt durch ein Muster wie in `stored.measured`."""
    return difference(*(list(map(unpack, measured(name)["right"])) for name in (one, other)))


def difference(one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> Difference:
    """Vergleicht zwei Sätze von Läufen, die dieselben Kritiken beurteilt haben.

    Beide Quellen des Zufalls zählen: wie die Läufe um ihr Mittel streuen, und wie anders das
    Ergebnis auf anderen Kritiken derselben Art wäre (paarweise, denn was für das eine Netz schwer
    ist, ist es oft auch für das andere). Die Schranke kommt aus der t-Verteilung mit den
    Freiheitsgraden nach Welch und Satterthwaite; die Auswahl der Kritiken gilt als genau bekannt.

    Parameters
    ----------
    one, other : sequence of numpy.ndarray
        Je Lauf, welche Kritiken er richtig beurteilt: Form ``(N,)``, bool. Ein Verfahren ohne
        Zufall hat nur einen Lauf.

    Raises
    ------
    InputError
        Wenn die Läufe verschieden viele Kritiken beurteilen oder keiner da ist.

    References
    ----------
    Welch 1947, Biometrika 34; Satterthwaite 1946, Biometrics Bulletin 2.
    """
    try:
        from scipy.stats import t
    except ImportError as error:
        raise missing_extra("scipy", "experiments") from error
    if not len(one) or not len(other) or len({len(run) for run in (*one, *other)}) != 1:
        raise InputError(
            "Zu vergleichen ist je mindestens ein Lauf, und alle beurteilen dieselben Kritiken."
        )
    a, b = np.array(one, dtype=float), np.array(other, dtype=float)  # (Läufe, N)
    per_review = a.mean(0) - b.mean(0)  # (N,)
    sample = per_review.var(ddof=1) / len(per_review)
    parts = [(x.mean(1).var(ddof=1) / len(x), len(x) - 1) for x in (a, b) if len(x) > 1]
    seeds = sum(variance for variance, _ in parts)
    weight = sum(variance**2 / freedom for variance, freedom in parts)
    total = seeds + sample
    freedom = total**2 / weight if weight else math.inf
    mean, half = per_review.mean(), t.ppf(0.975, freedom) * math.sqrt(total)
    return Difference(
        float(mean), float(mean - half), float(mean + half), math.sqrt(seeds), math.sqrt(sample)
    )
