"""Die Hyperparameter des Kapitels, die sich selbst prüfen, und das Rezept jeder Zelle."""

from dataclasses import dataclass, field, fields
from typing import Any

from anncourse.checks import Rule, checked, choice, flag, optional, real, whole

CELLS = ("rnn", "lstm", "gru")
SCHEMES = ("pytorch", "keras", "orthogonal", "forget_bias_3", "irnn")  # Anfangswerte
SEED = whole(0, 2**32 - 1)


def _ruled(default: object, rule: Rule) -> Any:
    """Ein Feld mit seiner Voreinstellung und der Regel, der jeder Wert genügen muss."""
    return field(default=default, metadata={"rule": rule})


@dataclass(frozen=True)
class Config:
    """Hyperparameter eines Netzes; was einer Zelle am besten bekommt, sagt `recipe`.

    Zahlen von NumPy werden zu jenen von Python; was nicht in `RULES` passt, endet in einem
    `InputError`.

    Attributes
    ----------
    vocabulary_size : int
        Anzahl Zeilen der Einbettung, mit ``<PAD>`` = 0 und ``<UNK>`` = 1.
    maxlen : int
        Von längeren Kritiken bleiben die *letzten* ``maxlen`` Wörter.
    validation_fraction : float
        Anteil des Trainingsteils, der zur Validierung dient.
    split_seed : int
        Zufallsstart der Aufteilung. Er ist von jenem des Trainings unabhängig: Alle Läufe teilen
        sich dieselbe Aufteilung und denselben Wortschatz.
    embedding_dim, hidden_size : int
        Breite E der Einbettung und H des Zustands.
    init : str
        Anfangswerte: eines der `SCHEMES` aus `anncourse.initialisation`.
    embedding_dropout : float
        Anteil der Komponenten der eingebetteten Wörter, die beim Training auf 0 gesetzt
        werden: dieselben bei allen Wörtern einer Kritik (Gal und Ghahramani 2016).
    excerpt : int or None
        Von längeren Kritiken liest das Netz beim Training in jeder Epoche einen anderen,
        zufälligen Ausschnitt von so vielen Wörtern; ohne Angabe, wie bei Validierung und Test,
        alles.
    batch_size : int
        Höchstens so viele Kritiken je Stapel beim Training.
    epochs : int
        Durchgänge durch die Trainingsseite.
    similar_length : bool
        Stapel aus Kritiken ähnlicher Länge, aufgefüllt bis zur längsten des Stapels. Sonst
        zufällige Stapel, alle auf ``maxlen`` aufgefüllt.
    padding_side : {"left", "right"}
        Auf welcher Seite aufgefüllt wird.
    learning_rate, final_rate : float
        Die Lernrate am Anfang; sie fällt linear auf ``final_rate * learning_rate``.
    rho, epsilon : float
        Konstanten ρ und ε von RMSprop, wie in Keras (PyTorch: 0.99 und 1e-8).
    gradient_norm : float
        Schranke, auf die die Norm des Gradienten begrenzt wird; 0: keine.
    averaging : float
        Anteil des alten Werts im gleitenden Mittel der Gewichte, je Schritt.
    """

    vocabulary_size: int = _ruled(10_000, whole(2, 2**15))
    maxlen: int = _ruled(500, whole(1, 100_000))
    validation_fraction: float = _ruled(0.2, real(above=0, below=1))
    split_seed: int = _ruled(0, SEED)
    embedding_dim: int = _ruled(32, whole(1, 4096))
    hidden_size: int = _ruled(32, whole(1, 4096))
    init: str = _ruled("keras", choice(SCHEMES))
    embedding_dropout: float = _ruled(0.4, real(least=0, below=1))
    excerpt: int | None = _ruled(200, optional(whole(1, 100_000)))
    batch_size: int = _ruled(128, whole(1, 100_000))
    epochs: int = _ruled(8, whole(1, 1000))
    similar_length: bool = _ruled(True, flag)
    padding_side: str = _ruled("left", choice(("left", "right")))
    learning_rate: float = _ruled(1e-3, real(above=0, most=1000))
    final_rate: float = _ruled(0.05, real(least=0, most=1))
    rho: float = _ruled(0.9, real(least=0, below=1))
    epsilon: float = _ruled(1e-7, real(least=1e-30, most=1))  # bei einfacher Genauigkeit nicht null
    gradient_norm: float = _ruled(1.0, real(least=0))
    averaging: float = _ruled(0.995, real(least=0, below=1))

    def __post_init__(self):
        for name, rule in RULES.items():
            object.__setattr__(self, name, checked(name, getattr(self, name), rule))


RULES: dict[str, Rule] = {f.name: f.metadata["rule"] for f in fields(Config)}
RECIPES = {  # gefunden von `make search`, allein auf dem Validierungsteil
    "rnn": Config(learning_rate=1e-3, epochs=16, embedding_dropout=0.6),
    "lstm": Config(learning_rate=1e-2, epochs=8, embedding_dropout=0.6),
    "gru": Config(learning_rate=1e-2, epochs=8, embedding_dropout=0.4),
}


def recipe(cell: str) -> Config:
    """Die Hyperparameter, mit denen eine Zelle von Keras' Anfangswerten aus am besten lernt.

    Raises
    ------
    InputError
        Wenn es keine solche Zelle gibt.
    """
    return RECIPES[checked("Zelle", cell, choice(CELLS))]
