"""Eine Aufgabe, in der nur das Behalten zählt: ein Bit über k Schritte (Abschnitt 9.3.5).

Gespeichert sind Läufe, deren Rückwärtsrechnung nach einer festen Zahl von Schritten abbricht.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import mean

import torch
from torch import nn

from anncourse.checks import checked, choice, optional, whole
from anncourse.config import CELLS, RULES, Config
from anncourse.experiments.many import RATES, SEARCH_SEEDS, SOLVED
from anncourse.initialisation import initialise_recurrent
from anncourse.models import CLASSIFIERS
from anncourse.session import machine, versions

SEEDS = range(5)
TRUNCATIONS, LAGS, BATCHES = (10, 20, None), (5, 10, 15, 20, 25, 50), 1000
LAG_RULES = {
    "cell": choice(CELLS),
    "lag": whole(0, 10_000),
    "truncation": optional(whole(1, 10_000)),
    "batches": whole(1, 1_000_000),
    "test_size": whole(1, 1_000_000),
}


@dataclass(frozen=True)
class LagConfig:
    """Was an einem Versuch feststeht; RMSprop und Begrenzung wie in `anncourse.config.Config`.

    Attributes
    ----------
    cell : {"rnn", "lstm", "gru"}
        Die rekurrente Schicht.
    init : str
        Name eines Schemas aus `anncourse.initialisation`.
    lag : int
        Der Abstand k zwischen dem markierten Wert und dem Ende der Folge.
    truncation : int or None
        Nach so vielen Schritten bricht die Rückwärtsrechnung ab; ``None``: nie.
    hidden_size : int
        Breite des Zustands H.
    batches : int
        Höchstens so viele Stapel; wer vorher alles richtig sagt, hört auf.
    batch_size : int
        Folgen je Stapel, jede neu gezogen.
    test_size : int
        Neue Folgen, an denen zuletzt gemessen wird.
    learning_rate, rho, epsilon, gradient_norm : float
        RMSprop und die Obergrenze der Gradientennorm.
    """

    cell: str
    init: str
    lag: int
    truncation: int | None = None
    hidden_size: int = 32
    batches: int = 500
    batch_size: int = 32
    test_size: int = 2000
    learning_rate: float = Config.learning_rate
    rho: float = Config.rho
    epsilon: float = Config.epsilon
    gradient_norm: float = Config.gradient_norm

    def __post_init__(self):
        for name, value in asdict(self).items():
            rule = LAG_RULES.get(name) or RULES[name]
            object.__setattr__(self, name, checked(name, value, rule))


class BitReader(nn.Module):
    """Rekurrente Schicht und eine Ausgabe, die den letzten Zustand beurteilt."""

    def __init__(self, config: LagConfig):
        super().__init__()
        self.recurrent = CLASSIFIERS[config.cell].recurrent_layer(
            2, config.hidden_size, batch_first=True
        )
        initialise_recurrent(self.recurrent, config.init)
        self.output = nn.Linear(config.hidden_size, 1)

    def forward(self, x: torch.Tensor, truncation: int | None = None) -> torch.Tensor:
        """Logits, Form ``(B,)``, zu Folgen der Form ``(B, T, 2)``.

        Mit ``truncation`` erreicht der Gradient nur die letzten so vielen Schritte.
        """
        cut = max(0, x.shape[1] - truncation) if truncation else 0
        state = None
        if cut:
            with torch.no_grad():  # vorwärts ja, rückwärts nein
                _, state = self.recurrent(x[:, :cut])
        h, _ = self.recurrent(x[:, cut:], state)  # (B, T − cut, H)
        return self.output(h[:, -1]).squeeze(-1)  # (B,)


def sequences(
    number: int, lag: int, generator: torch.Generator, distractors: bool = True
) -> tuple[torch.Tensor, torch.Tensor]:
    """Zieht Folgen aus Marke und Wert; gefragt ist der markierte Wert.

    Parameters
    ----------
    number : int
        Wie viele, B.
    lag : int
        Die Marke steht ``lag`` Schritte vor dem Ende, also am Anfang.
    generator : torch.Generator
        Quelle des Zufalls.
    distractors : bool
        Nach der Marke folgen ablenkende Werte; sonst Nullen.

    Returns
    -------
    x : torch.Tensor
        Form ``(B, lag + 1, 2)``: Marke (0 oder 1) und Wert (±1).
    y : torch.Tensor
        Form ``(B,)``: 1, wenn der markierte Wert positiv ist, sonst 0.
    """
    positive = torch.randint(0, 2, (number, lag + 1), generator=generator).float()
    mark = torch.zeros(number, lag + 1)
    mark[:, 0] = 1
    value = 2 * positive - 1
    if not distractors:
        value[:, 1:] = 0
    return torch.stack([mark, value], dim=-1), positive[:, 0]


def train(config: LagConfig, seed: int) -> tuple[BitReader, int]:
    """Trainiert, bis fast alle Folgen stimmen oder die Stapel aufgebraucht sind.

    Returns
    -------
    model : BitReader
        Das Netz.
    batches : int
        So viele Stapel hat es gelesen.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model, c, running = BitReader(config), config, 0.5
    optimiser = torch.optim.RMSprop(model.parameters(), c.learning_rate, c.rho, c.epsilon)
    batches = 0
    while batches < c.batches and running <= 0.995:
        batches += 1
        x, y = sequences(c.batch_size, c.lag, generator)
        logits = model(x, c.truncation)
        optimiser.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(logits, y).backward()
        nn.utils.clip_grad_norm_(model.parameters(), c.gradient_norm)
        optimiser.step()
        right = ((logits > 0) == (y > 0.5)).float().mean().item()
        running = 0.9 * running + 0.1 * right  # über etwa die letzten zehn Stapel
    return model, batches


@torch.no_grad()
def accuracy(model: BitReader, lag: int, number: int, seed: int = 93) -> float:
    """Anteil richtiger Antworten auf neuen Folgen; Raten ergibt 0.5."""
    x, y = sequences(number, lag, torch.Generator().manual_seed(10_000 + seed))
    return ((model(x) > 0) == (y > 0.5)).float().mean().item()


def seeds_of(config: LagConfig, seeds: Sequence[int]) -> tuple[list[float], list[int]]:
    """Genauigkeit und Zahl der Stapel für jeden Zufallsstart."""
    accuracies, batches = [], []
    for seed in seeds:
        model, number = train(config, seed)
        accuracies.append(accuracy(model, config.lag, config.test_size, seed))
        batches.append(number)
    return accuracies, batches


def measure(config: LagConfig) -> dict:
    """Sucht die Lernrate und misst dann andere Zufallsstarts mit ihr.

    Gewählt ist die kleinste Lernrate, mit der alle Netze der Suche lösen, sonst jene mit der
    höchsten Genauigkeit.
    """
    validation: dict[float, list[float]] = {}
    for rate in RATES["rmsprop"]:
        validation[rate], _ = seeds_of(replace(config, learning_rate=rate), SEARCH_SEEDS)
        if min(validation[rate]) >= SOLVED:
            break
    else:
        rate = max(validation, key=lambda rate: mean(validation[rate]))
    accuracies, batches = seeds_of(replace(config, learning_rate=rate), SEEDS)
    found = {"rate": rate, "validation": {f"{rate:g}": v for rate, v in validation.items()}}
    return found | {"accuracies": accuracies, "batches": batches}


def runs() -> dict[str, LagConfig]:
    """Name → Versuch; in dieser Reihenfolge wird gerechnet."""
    return {
        f"truncated-{steps or 'never'}-{lag:03}": LagConfig(
            "rnn", "keras", lag, truncation=steps, batches=BATCHES
        )
        for steps in TRUNCATIONS
        for lag in LAGS
    }


def settings(name: str) -> dict:
    """Was an einem Lauf feststeht; seine Lernrate sucht er selbst."""
    config = asdict(runs()[name])
    del config["learning_rate"]
    return config


def planned(name: str, digest: str) -> dict:
    """Was im Ergebnis stehen muss, damit es noch gilt; von den Kritiken hängt nichts ab."""
    return {"config": settings(name)}


def compute(name: str) -> dict:
    """Ein Versuch mit allen Zufallsstarts, in einem Prozess mit einem Thread."""
    torch.set_num_threads(1)
    start = time.perf_counter()
    measured = measure(runs()[name])
    seconds = {"seconds_total": round(time.perf_counter() - start, 3)}
    head = {"name": name, "config": settings(name)}
    return head | measured | seconds | {"versions": versions(), "machine": machine()}
