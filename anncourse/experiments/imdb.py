"""Die Läufe auf IMDb hinter den Tabellen aus 9.3.4 und 9.3.7: Zelle, Anfangswerte, Zutaten."""

from dataclasses import replace
from functools import cache

import torch

from anncourse.config import CELLS, Config
from anncourse.sources import Reviews, load_reviews
from anncourse.training import fit

SEEDS = range(5)
WIDE = 76  # 76·(32 + 76) + 2·76 = 8360 Parameter, so viele wie die LSTM(32, 32) mit 8448
WITHOUT: dict[str, dict] = {  # eine Zutat des Trainings fehlt
    "excerpt": {"excerpt": None},
    "dropout": {"embedding_dropout": 0.0},
    "averaging": {"averaging": 0.0},
    "decay": {"final_rate": 1.0},
    "clipping": {"gradient_norm": 0.0},
}


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


@cache
def reviews() -> Reviews:
    """Die Kritiken; ein Prozess liest sie nur einmal."""
    return load_reviews()


def compute(name: str) -> dict:
    """Ein Lauf, in einem eigenen Prozess mit einem Thread."""
    torch.set_num_threads(1)
    cell, config, seed = runs()[name]
    return {"name": name} | fit(cell, reviews(), config, seed).result.summary()
