"""Die Hyperparameter des Kapitels: ein Satz für alle Netze."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """Hyperparameter, gemeinsam für SimpleRNN, LSTM und GRU.

    Die Werte sind auf dem Validierungsteil gewählt, nie auf dem Testteil.

    Attributes
    ----------
    vocabulary_size : int
        Anzahl Zeilen der Einbettung, mit ``<PAD>`` = 0 und ``<UNK>`` = 1.
    maxlen : int
        Von längeren Kritiken bleiben die *letzten* ``maxlen`` Wörter.
    validation_fraction : float
        Anteil des Trainingsteils, der zur Validierung dient.
    split_seed : int
        Zufallsstart der Aufteilung. Er ist von ``--seed`` unabhängig: Alle Läufe teilen
        sich dieselbe Aufteilung und denselben Wortschatz.
    embedding_dim : int
        Breite der Einbettung E.
    hidden_size : int
        Breite des Zustands H.
    init : str
        Name eines Schemas aus `anncourse.initialisation`.
    embedding_dropout : float
        Anteil der Komponenten der eingebetteten Wörter, die beim Training auf 0 gesetzt
        werden: dieselben bei allen Wörtern einer Kritik (Gal und Ghahramani 2016).
    excerpt : int or None
        Beim Training liest das Netz von längeren Kritiken einen zufälligen Ausschnitt von so
        vielen Wörtern, in jeder Epoche einen anderen; ohne Angabe alles. Validierung und Test
        lesen immer alles.
    batch_size : int
        Höchstens so viele Kritiken je Stapel.
    epochs : int
        Durchgänge durch die Trainingsseite.
    similar_length : bool
        Stapel aus Kritiken ähnlicher Länge, aufgefüllt bis zur längsten des Stapels. Sonst
        zufällige Stapel, alle auf ``maxlen`` aufgefüllt.
    padding_side : {"left", "right"}
        Auf welcher Seite aufgefüllt wird.
    learning_rate : float
        Lernrate am Anfang.
    final_rate : float
        Die Lernrate fällt linear auf ``final_rate * learning_rate``.
    rho : float
        Konstante ρ von RMSprop, wie in Keras (PyTorch: α = 0.99).
    epsilon : float
        Konstante ε von RMSprop, wie in Keras (PyTorch: 1e-8).
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
