"""Prüfungen zu 9.3.2: rekurrente Schichten, ihre Formen und Richtungen."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from anncourse.teaching.display import Markdown
from anncourse.teaching.exercises.judging import SEED, call, expect, judge

AXES = (
    "In einem Matrixprodukt passen die Achsen nicht: `X` hat eine Zeile je *Folge*, `W` eine Zeile "
    "je *Einheit*. Was muss transponiert werden?"
)


def check_3(answer: Callable) -> Markdown:
    """Übung 3: ein Schritt des SimpleRNN für einen ganzen Stapel.

    Parameters
    ----------
    answer : callable
        ``answer(X, S, W, U, b)`` mit X (B, I), S (B, H); Ergebnis (B, H).
    """
    start = "Im Stapel ist jede *Zeile* von X eine Eingabe. Welche Form hat `X @ W.T`?"
    return judge(3, start, lambda: _batch_step(answer))


def _batch_step(answer: Callable) -> str:
    rng = np.random.default_rng(SEED)
    X, S = rng.normal(size=(7, 4)), rng.normal(size=(7, 3))
    W, U, b = rng.normal(size=(3, 4)), rng.normal(size=(3, 3)), rng.normal(size=3)
    inner = X @ W.T + S @ U.T + b
    expect(
        call(answer, X, S, W, U, b, slips={"matmul": AXES}),
        np.tanh(inner),
        {
            "Die Zahlen stimmen, aber Ihr Ergebnis steht auf der Seite: "
            "(H, B) statt (B, H).": np.tanh(inner).T,
            "Es fehlt die Aktivierung tanh.": inner,
            "Es fehlt der Achsenabschnitt b.": np.tanh(inner - b),
            "Auch U muss transponiert werden: Jede Zeile von S ist ein Zustand.": np.tanh(
                X @ W.T + S @ U + b
            ),
            "Der vorige Zustand S fehlt.": np.tanh(X @ W.T + b),
            "Es fehlt die Eingabe X.": np.tanh(S @ U.T + b),
        },
        "Die Form stimmt, die Zahlen nicht: In jeder Zeile wird tanh(W x + U s + b) erwartet.",
    )
    return "Mit Matrixprodukten braucht der Stapel keine Schleife; die über die Zeit bleibt."


def check_11(answer: Callable) -> Markdown:
    """Übung 11: was eine bidirektionale Schicht vom ganzen Text weiss.

    Parameters
    ----------
    answer : callable
        ``answer(output)`` mit (B, T, 2H); Ergebnis (B, 2H).
    """
    start = "Wie viele Wörter hat die Rückwärtsrichtung gelesen, wenn sie `output[:, -1]` abgibt?"
    return judge(11, start, lambda: _both_ends(answer))


def _both_ends(answer: Callable) -> str:
    B, T, H = 5, 7, 3
    generator = torch.Generator().manual_seed(SEED)
    layer = nn.RNN(4, H, batch_first=True, bidirectional=True)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) / 2)
        output, _ = layer(torch.randn(B, T, 4, generator=generator))
    forward, backward = output[:, -1, :H], output[:, 0, H:]
    value = call(answer, output)
    expect(
        value,
        torch.cat([forward, backward], dim=-1),
        {
            "Das ist `output[:, -1]`: Die hintere Hälfte stammt von der Rückwärtsrichtung, und die "
            "hat dort erst *ein* Wort gelesen.": output[:, -1],
            "Das ist `output[:, 0]`: Jetzt hat die Vorwärtsrichtung erst ein Wort gelesen.": output[
                :, 0
            ],
            "Die Hälften sind vertauscht: Vorn steht die Vorwärtsrichtung.": torch.cat(
                [backward, forward], dim=-1
            ),
            "Von beiden Enden haben Sie die falsche Hälfte: Dort hat jede Richtung erst ein Wort "
            "gelesen.": torch.cat([output[:, 0, :H], output[:, -1, H:]], dim=-1),
            "Das ist das Mittel über alle Schritte. Gefragt ist der letzte Zustand jeder "
            "Richtung.": output.mean(dim=1),
            "Das sind die verkehrten Hälften: Vorn in `output` steht die Vorwärtsrichtung, hinten "
            "die Rückwärtsrichtung.": torch.cat([output[:, -1, H:], output[:, 0, :H]], dim=-1),
            "Sie haben die Richtungen untereinander gelegt statt nebeneinander: Verbunden wird die "
            "Achse der Einheiten.": torch.cat([forward, backward], dim=0),
            "Das ist nur die Vorwärtsrichtung.": forward,
            "Das ist nur die Rückwärtsrichtung.": backward,
            "Sie addieren die Richtungen. Verlangt sind beide, nebeneinander.": forward + backward,
        },
        "Die Form stimmt, die Zahlen nicht. Vorn steht der Zustand vorwärts nach dem letzten Wort, "
        "dahinter der Zustand rückwärts nach dem ersten.",
    )
    return "Jede Richtung hat alle Wörter gelesen: vorwärts am Ende, rückwärts am Anfang."
