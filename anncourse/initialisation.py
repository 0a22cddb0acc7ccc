"""Anfangswerte der Gewichte: Sie entscheiden, ob das Netz lernt (Abschnitt 9.3.4)."""

from typing import Any

import torch
from torch import nn

from anncourse.checks import checked, choice
from anncourse.config import SCHEMES


@torch.no_grad()
def initialise(model: Any, scheme: str) -> None:
    """Setzt ``embedding``, ``recurrent`` und ``output`` eines Netzes auf Anfangswerte.

    Parameters
    ----------
    scheme : {"pytorch", "keras", "orthogonal", "forget_bias_3", "irnn"}
        ``pytorch``
            Voreinstellung: alles U(±1/√H), Einbettung N(0, 1).
        ``keras``
            Wie Keras: Einbettung U(±0.05), W nach Glorot, U orthogonal, die Tore gemeinsam
            gezogen (``UᵀU = 1`` für alle zusammen), Achsenabschnitte 0, jener des Vergesstors 1.
        ``orthogonal``
            Wie ``keras``, orthogonal ist aber U jedes Tors für sich. Beim RNN ist das dasselbe.
        ``forget_bias_3``
            Wie ``orthogonal``, der Achsenabschnitt des Vergesstors aber 3: f ≈ 0.95. Bei der
            GRU jener des Aktualisierungstors z, das dort bestimmt, wie viel bleibt.
        ``irnn``
            Wie ``keras``, U aber die Einheitsmatrix.

    Raises
    ------
    InputError
        Bei einem unbekannten Schema.

    References
    ----------
    Orthogonale Matrizen: Saxe et al. 2014, arXiv:1312.6120. Vergesstor: Gers et al. 2000 und
    Jozefowicz et al. 2015. Einheitsmatrix: Le et al. 2015, arXiv:1504.00941 (dort mit ReLU).
    """
    if checked("Anfangswerte", scheme, choice(SCHEMES)) == "pytorch":
        return
    nn.init.uniform_(model.embedding.weight, -0.05, 0.05)
    if model.embedding.padding_idx is not None:
        model.embedding.weight[model.embedding.padding_idx] = 0
    nn.init.xavier_uniform_(model.output.weight)
    nn.init.zeros_(model.output.bias)
    initialise_recurrent(model.recurrent, scheme)


@torch.no_grad()
def initialise_recurrent(layer: nn.RNNBase, scheme: str) -> None:
    """Dasselbe für eine rekurrente Schicht allein; ``pytorch`` lässt sie, wie sie ist."""
    if checked("Anfangswerte", scheme, choice(SCHEMES)) == "pytorch":
        return
    H = layer.hidden_size
    for name, weight in layer.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(weight)  # alle Tore zusammen, wie Keras
        elif name.startswith("weight_hh"):
            gates = [weight] if scheme == "keras" else weight.split(H)  # (G·H, H) oder je (H, H)
            for U in gates:
                nn.init.eye_(U) if scheme == "irnn" else nn.init.orthogonal_(U)
        else:
            nn.init.zeros_(weight)
            if name.startswith("bias_ih") and not isinstance(layer, nn.RNN):
                usual = 1.0 if isinstance(layer, nn.LSTM) else 0.0
                # f von i, f, g, o (LSTM), z von r, z, n (GRU)
                weight[H : 2 * H] = 3.0 if scheme == "forget_bias_3" else usual
