"""Womit die Tests der Übungen arbeiten: eine Antwort beurteilen, eine Lösung ausführen."""

import numpy as np
import torch

from anncourse.teaching import exercises
from anncourse.teaching.display import Markdown


def judge(number: int, *answers: object) -> str:
    """Das Urteil über eine Antwort, als Text."""
    verdict = getattr(exercises, f"check_{number}")(*answers)
    assert isinstance(verdict, Markdown)
    return verdict.data


def verdict(code: str, answer: str, number: int) -> str:
    """Das Urteil, wenn die Leserin diesen Code in ihre Zelle schreibt."""
    space = {"np": np}
    exec(code, space)
    return judge(number, *eval(f"({answer},)", space))


def with_gradient(function):
    """Dieselbe Funktion, deren Felder Tensoren mit Gradient sind."""

    def tensors(value):
        if isinstance(value, dict):
            return {key: tensors(part) for key, part in value.items()}
        if isinstance(value, (list, tuple)):
            return [tensors(part) for part in value]
        return torch.tensor(np.asarray(value, float), requires_grad=True)

    return lambda *arguments: tensors(function(*arguments))


def raises(*_):
    raise RuntimeError("kaputt")


def for_ever(*_):
    while True:
        pass
