"""Die Läufe auf IMDb hinter den Tabellen aus 9.3.4 und 9.3.7: jede Zelle an ihrem Besten."""

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from anncourse.config import CELLS, Config, recipe
from anncourse.data import EncodedReviews
from anncourse.experiments.corpus import reviews
from anncourse.experiments.difference import pack
from anncourse.experiments.forms import FORMS
from anncourse.experiments.search import best
from anncourse.experiments.stored import measured
from anncourse.session import isolated
from anncourse.training import Run, conclude, evaluate, predict_logits, prepare, train

SEEDS = range(5)  # jeder Zelle an ihrem Besten
FEW = range(3)  # aller übrigen
WIDE = 76  # 76·(32 + 76) + 2·76 = 8360 Parameter, so viele wie die LSTM(32, 32) mit 8448
LAST_WORDS = (50, 100, 200)  # statt höchstens 500


@dataclass(frozen=True)
class Planned:
    """Ein Lauf: Zelle, Hyperparameter, Form des Netzes (eine aus `FORMS`), Zufallsstart."""

    cell: str
    config: Config
    seed: int
    form: str | None = None


Group = tuple[str, Config, str | None, range]  # Zelle, Hyperparameter, Form, Zufallsstarts


def at_their_best() -> dict[str, Group]:
    """Jede Zelle mit ihrem Rezept, von beiden Anfangswerten aus; dazu ein breiteres RNN."""
    groups: dict[str, Group] = {
        f"{cell}-{init}": (cell, best(cell, init), None, SEEDS)
        for init in ("keras", "pytorch")
        for cell in CELLS
    }
    return groups | {"rnn-wide": ("rnn", replace(recipe("rnn"), hidden_size=WIDE), None, FEW)}


def taken_apart() -> dict[str, Group]:
    """Einbettung und U einzeln von PyTorch, mit beiden Rezepten; U und b_f der Tore einzeln."""
    groups: dict[str, Group] = {
        f"{cell}-{form}-{init}": (cell, replace(best(cell, init), init="keras"), form, FEW)
        for init in ("keras", "pytorch")
        for form in ("pytorch_embedding", "pytorch_recurrent")
        for cell in ("rnn", "lstm")
    }
    groups |= {
        f"{cell}-orthogonal": (cell, replace(recipe(cell), init="orthogonal"), None, FEW)
        for cell in ("lstm", "gru")
    }
    return groups | {"lstm-half_open": ("lstm", recipe("lstm"), "half_open", FEW)}


def read_otherwise() -> dict[str, Group]:
    """Ganze Kritiken, auch anders aufgefüllt; nur die letzten Wörter; andere Formen der LSTM."""
    whole = {cell: replace(recipe(cell), excerpt=None) for cell in CELLS}
    groups: dict[str, Group] = {f"{cell}-whole": (cell, whole[cell], None, FEW) for cell in CELLS}
    groups |= {
        f"lstm-{form}": ("lstm", recipe("lstm"), form, FEW)
        for form in ("two_layers", "bidirectional", "mean", "maximum")
    }
    groups |= {
        f"lstm-last-{words:03}": ("lstm", replace(recipe("lstm"), maxlen=words), None, FEW)
        for words in LAST_WORDS
    }
    padded = {
        "similar-right": replace(whole["rnn"], padding_side="right"),
        "fixed-left": replace(whole["rnn"], similar_length=False),
        "fixed-right": replace(whole["rnn"], similar_length=False, padding_side="right"),
    }
    return groups | {f"rnn-{name}": ("rnn", config, None, FEW) for name, config in padded.items()}


def runs() -> dict[str, Planned]:
    """Name → Lauf; in dieser Reihenfolge wird gerechnet."""
    groups = at_their_best() | taken_apart() | read_otherwise()
    return {
        f"{name}-{seed}": Planned(cell, config, seed, form)
        for name, (cell, config, form, seeds) in groups.items()
        for seed in seeds
    }


def compute(name: str) -> dict:
    """Ein Lauf, in einem eigenen Prozess mit einem Thread.

    Returns
    -------
    dict
        Wie `RunResult.summary`, dazu ``form`` und ``right``, welche Testkritiken das Netz richtig
        beurteilt (siehe `difference.unpack`). Gilt das Rezept der Zelle, auch ``history``, Verlust
        und Genauigkeit je Epoche; ``train_accuracy``, wie gut das behaltene Netz die Trainingsseite
        liest; ``last_words``, die Genauigkeit auf dem Validierungsteil, wenn es nur die letzten k
        Wörter liest.
    """
    torch.set_num_threads(1)
    run = runs()[name]
    start = time.perf_counter()
    with isolated():
        data, module = prepare(run.cell, reviews(), run.config, run.seed)
        if run.form:
            module.model = FORMS[run.form](module.model)
        done = conclude(module, data, train(module, data), start)
        test = right(done, data.test)
    seconds = round(time.perf_counter() - start, 3)
    result = replace(done.result, test_accuracy=float(test.mean()), seconds_total=seconds)
    more: dict[str, Any] = {"form": run.form, "right": pack(test)}
    if run.form is None and run.config == recipe(run.cell):
        endings = {str(k): ending(data.validation, k) for k in LAST_WORDS}
        more |= {
            "history": result.table().round(5).to_dict("list"),
            "train_accuracy": evaluate(done.model, data.train),
            "last_words": {k: evaluate(done.model, part) for k, part in endings.items()},
        }
    return {"name": name} | result.summary() | more


def right(run: Run, part: EncodedReviews) -> np.ndarray:
    """Welche Kritiken das Netz richtig beurteilt, Form ``(N,)``."""
    return ((predict_logits(run.model, part) > 0) == (part.labels > 0.5)).numpy()


def ending(part: EncodedReviews, words: int) -> EncodedReviews:
    """Von jeder Kritik die letzten Wörter."""
    return replace(part, ids=[ids[-words:] for ids in part.ids])


def planned(name: str, digest: str) -> dict:
    """Was im Ergebnis stehen muss, damit es noch gilt."""
    run = runs()[name]
    return {"digest": digest, "config": asdict(run.config), "form": run.form}


def better(cell: str, form: str) -> str:
    """Das Muster der Läufe dieser Form, deren Rezept auf dem Validierungsteil besser ist."""
    both = [f"{cell}-{form}-{init}-?" for init in ("keras", "pytorch")]
    return max(both, key=lambda name: measured(name)["val_accuracy"].mean())
