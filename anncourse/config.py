"""Die Hyperparameter des Kapitels, die sich selbst prüfen, und das Rezept jeder Zelle."""

from dataclasses import dataclass

from anncourse.checks import checked, choice, flag, optional, real, whole

CELLS = ("rnn", "lstm", "gru")
SCHEMES = ("pytorch", "keras", "orthogonal", "forget_bias_3", "irnn")  # Anfangswerte
SEED = whole(0, 2**32 - 1)
RULES = {
    "vocabulary_size": whole(2, 2**15),
    "maxlen": whole(1, 100_000),
    "validation_fraction": real(above=0, below=1),
    "split_seed": SEED,
    "embedding_dim": whole(1, 4096),
    "hidden_size": whole(1, 4096),
    "init": choice(SCHEMES),
    "embedding_dropout": real(least=0, below=1),
    "excerpt": optional(whole(1, 100_000)),
    "batch_size": whole(1, 100_000),
    "epochs": whole(1, 1000),
    "similar_length": flag,
    "padding_side": choice(("left", "right")),
    "learning_rate": real(above=0, most=1000),
    "final_rate": real(least=0, most=1),
    "rho": real(least=0, below=1),
    "epsilon": real(least=1e-30, most=1),  # bei einfacher Genauigkeit nicht null
    "gradient_norm": real(least=0),
    "averaging": real(least=0, below=1),
}


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
        Beim Training liest das Netz von längeren Kritiken einen zufälligen Ausschnitt von so
        vielen Wörtern, in jeder Epoche einen anderen; ohne Angabe alles. Validierung und Test
        lesen immer alles.
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

    vocabulary_size: int = 10_000
    maxlen: int = 500
    validation_fraction: float = 0.2
    split_seed: int = 0
    embedding_dim: int = 32
    hidden_size: int = 32
    init: str = "keras"
    embedding_dropout: float = 0.4
    excerpt: int | None = 200
    batch_size: int = 128
    epochs: int = 8
    similar_length: bool = True
    padding_side: str = "left"
    learning_rate: float = 1e-3
    final_rate: float = 0.05
    rho: float = 0.9
    epsilon: float = 1e-7
    gradient_norm: float = 1.0
    averaging: float = 0.995

    def __post_init__(self):
        for name, rule in RULES.items():
            object.__setattr__(self, name, checked(name, getattr(self, name), rule))


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
