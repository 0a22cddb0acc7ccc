"""Anfangswerte der kleinen Netze, die ein Bit behalten sollen."""

from collections.abc import Sequence

import torch
from torch import nn

from anncourse.experiments.many import Nets
from anncourse.initialisation import initialise_recurrent


class MinGRU(nn.Module):
    """Nur die Gewichte einer minGRU: z und n aus der Eingabe, wie bei ``nn.Linear``."""

    def __init__(self, inputs: int, hidden_size: int):
        super().__init__()
        linear = nn.Linear(inputs, 2 * hidden_size)
        self.weight_ih_l0, self.bias_ih_l0 = linear.weight, linear.bias


LAYERS = {"rnn": nn.RNN, "relu": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU, "mingru": MinGRU}
SCHEMES = dict.fromkeys(("small", "kept", "stretched"), "orthogonal") | {"identity": "irnn"}
KEEPING = {"lstm": 1, "gru": 1, "mingru": 0}  # f von i, f, g, o; z von r, z, n; z von z, n


@torch.no_grad()
def layer(cell: str, start: str, width: int, lag: int) -> nn.Module:
    """Eine rekurrente Schicht für zwei Eingaben.

    Parameters
    ----------
    cell : {"rnn", "relu", "lstm", "gru", "mingru"}
        Die Zelle; ``relu`` ist ein RNN mit ReLU.
    start : str
        ``pytorch``, ``keras`` oder ``orthogonal`` wie in `anncourse.initialisation`; ``small``:
        orthogonal, W ein Zehntel; ``kept``: ebenso, und U bleibt es; ``stretched``: orthogonal,
        U das Anderthalbfache; ``identity``: U die Einheitsmatrix, W ein Zehntel. Bei Zellen mit
        Toren nach einem Strich der Achsenabschnitt des Tors, das behält, oder ``chrono``:
        log U(1, k), bei der LSTM b_i = −b_f.
    width : int
        Breite H.
    lag : int
        Der Abstand k, für ``chrono``.

    References
    ----------
    Einheitsmatrix mit ReLU: Le et al. 2015, arXiv:1504.00941. Chrono: Tallec und Ollivier 2018,
    arXiv:1804.11188.
    """
    scheme, _, gate = start.partition("-")
    recurrent = LAYERS[cell](2, width)
    if isinstance(recurrent, nn.RNNBase):
        initialise_recurrent(recurrent, SCHEMES.get(scheme, scheme))
    if scheme in ("small", "kept", "identity"):
        recurrent.get_parameter("weight_ih_l0").mul_(0.1)
    if scheme == "stretched":
        recurrent.get_parameter("weight_hh_l0").mul_(1.5)
    if gate:
        biases = recurrent.get_parameter("bias_ih_l0").split(width)
        keep = biases[KEEPING[cell]]
        if gate == "chrono":
            keep.copy_(torch.empty(width).uniform_(1, lag).log())
            if cell == "lstm":
                biases[0].copy_(-keep)
        else:
            keep.fill_(float(gate))
    return recurrent


def build(cell: str, start: str, width: int, seeds: Sequence[int], lag: int = 0) -> Nets:
    """Ein Netz je Zufallsstart."""
    layers, outputs = [], []
    for seed in seeds:
        torch.manual_seed(seed)
        layers.append(layer(cell, start, width, lag))
        outputs.append(nn.Linear(width, 1))
    return Nets(cell, layers, outputs, stay_orthogonal=start == "kept")
