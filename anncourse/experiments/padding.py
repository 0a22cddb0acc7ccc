"""Warum das RNN rechts aufgefüllte Kritiken nicht lernt: wohin sein Zustand geht (9.3.5).

Nach dem letzten Wort liest es nur noch Nullen, h ← tanh(U h + b). Gemessen wird vor dem Training
und nach einigen Stapeln, an Kritiken des Validierungsteils mit höchstens 300 Wörtern: wie weit die
Zustände verschiedener Kritiken auseinanderliegen, nach dem letzten Wort und nach 500 Schritten.
"""

import time
from dataclasses import asdict, replace

import numpy as np
import torch
from torch import nn

from anncourse.config import Config, recipe
from anncourse.data import EncodedReviews
from anncourse.experiments.corpus import balanced, reviews
from anncourse.models import SentimentClassifier
from anncourse.session import isolated, machine, versions
from anncourse.training import prepare

SEEDS = range(5)
BATCHES = (0, 1, 10, 50, 100, 157)  # 157 sind eine Epoche
LONGEST, PER_CLASS = 300, 128


def settings() -> Config:
    """Das Rezept des RNN; ganze Kritiken, rechts auf 500 aufgefüllt."""
    return replace(recipe("rnn"), excerpt=None, similar_length=False, padding_side="right")


def runs() -> tuple[str, ...]:
    """Ein Lauf je Zufallsstart."""
    return tuple(f"padding-{seed}" for seed in SEEDS)


def planned(name: str, digest: str) -> dict:
    """Was im Ergebnis stehen muss, damit es noch gilt."""
    return {"digest": digest, "config": asdict(settings())}


@torch.no_grad()
def look(model: SentimentClassifier, part: EncodedReviews, positions: list[int]) -> dict:
    """Singulärwerte von U, Abstand der Zustände nach dem letzten Wort und am Ende, Genauigkeit."""
    ids, labels = part[positions]
    h, _ = model.recurrent(model.embedding(ids))  # (B, 500, H)
    last_word = torch.from_numpy(part.lengths()[positions]) - 1
    states = {"word": h[torch.arange(len(h)), last_word], "end": h[:, -1]}
    singular = torch.linalg.svdvals(model.recurrent.get_parameter("weight_hh_l0"))
    spread = {name: (s - s.mean(0)).norm(dim=1).mean().item() for name, s in states.items()}
    # 1: Die Zustände stehen still. Kleiner: Sie drehen sich in jedem leeren Schritt weiter.
    still = nn.functional.cosine_similarity(h[:, -1], h[:, -2]).mean().item()
    return {
        "smallest": singular[-1].item(),
        "largest": singular[0].item(),
        "spread_word": spread["word"],
        "spread_end": spread["end"],
        "still": still,
        "accuracy": ((model.output(h[:, -1]).squeeze(-1) > 0) == (labels > 0.5))
        .double()
        .mean()
        .item(),
    }


def compute(name: str) -> dict:
    """Eine Epoche, mit den Blicken dazwischen."""
    torch.set_num_threads(1)
    seed, config, start = int(name.split("-")[1]), settings(), time.perf_counter()
    with isolated():
        data, module = prepare("rnn", reviews(), config, seed)
        model, part = module.model, data.validation
        short = part.lengths() <= LONGEST
        positions = balanced(part, short, PER_CLASS, np.random.default_rng(seed))
        optimiser = torch.optim.RMSprop(
            model.parameters(), config.learning_rate, config.rho, config.epsilon
        )
        seen = {0: look(model.eval(), part, positions)}
        for number, (ids, labels) in enumerate(data.train_dataloader(), start=1):
            loss = nn.functional.binary_cross_entropy_with_logits(model.train()(ids), labels)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), config.gradient_norm)
            optimiser.step()
            if number in BATCHES:
                seen[number] = look(model.eval(), part, positions)
    head = {"name": name, "data": reviews().name, "digest": reviews().digest, "seed": seed}
    seconds = {"seconds_total": round(time.perf_counter() - start, 3)}
    looks = {"seen": {str(number): values for number, values in seen.items()}}
    more = {"config": asdict(config)} | looks | seconds
    return head | more | {"versions": versions(), "machine": machine()}
