"""Begleitmodul zu Kapitel 9.3 «Rekurrente neuronale Netze verstehen».

Wenige Zeilen trainieren ein Netz::

    from anncourse import fit, load_reviews

    run = fit("gru", load_reviews("sample"))
    print(run.result.test_accuracy)
    print(run.model)

Der Import von ``anncourse`` selbst tut nichts: Er lädt keine Daten, setzt keinen Zufallsstart und
holt keine schwere Bibliothek; ein Name von unten lädt erst sein Modul, wenn jemand ihn braucht.

Drei Flügel, jeder stützt sich nur auf die vor ihm: hier die Bibliothek, in der Reihenfolge der
Daten ``sources``, ``text``, ``data``, ``cells``, ``models``, ``training``, ``prediction``,
``results``; in ``experiments``, was das Buch misst; in ``teaching``, was ein Notebook zeigt.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anncourse.cells import gru_step, lstm_step, rnn_step, unroll
    from anncourse.config import Config
    from anncourse.sources import load_reviews
    from anncourse.text import Vocabulary
    from anncourse.training import fit

__version__ = "0.6.0"
__all__ = [
    "Config",
    "Vocabulary",
    "fit",
    "gru_step",
    "load_reviews",
    "lstm_step",
    "rnn_step",
    "unroll",
]
_MODULES = {"Config": "config", "Vocabulary": "text", "fit": "training", "load_reviews": "sources"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'cells')}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
