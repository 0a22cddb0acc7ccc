"""Wie stark hängt der letzte Zustand von einer Eingabe ab, die k Schritte zurückliegt?"""

from copy import deepcopy

import numpy as np
import torch
from torch import nn


def gradient_norms(layer: nn.RNNBase, inputs: torch.Tensor) -> np.ndarray:
    """Misst ‖∂h_T/∂x_{T−k}‖ für jeden Abstand k.

    Parameters
    ----------
    layer : nn.RNN, nn.LSTM or nn.GRU
        Rekurrente Schicht mit ``batch_first=True``.
    inputs : torch.Tensor
        B Folgen, Form ``(B, T, E)``.

    Returns
    -------
    numpy.ndarray
        Frobenius-Norm der Jacobi-Matrix (H, E), gemittelt über die B Folgen; Form ``(T,)``,
        an der Stelle k steht der Abstand k.

    References
    ----------
    Bengio, Simard und Frasconi 1994; Pascanu, Mikolov und Bengio 2013.
    """
    layer = deepcopy(layer).double()               # doppelt genau: auch 1e-30 bleibt sichtbar
    x = inputs.detach().double().requires_grad_()  # (B, T, E)
    h, _ = layer(x)                                # (B, T, H)
    squares = torch.zeros(x.shape[:2], dtype=torch.double)  # (B, T)
    for unit in range(layer.hidden_size):          # eine Zeile der Jacobi-Matrix nach der andern
        (row,) = torch.autograd.grad(h[:, -1, unit].sum(), x, retain_graph=True)  # (B, T, E)
        squares += row.square().sum(-1)
    return squares.sqrt().mean(0).flip(0).numpy()  # (T,), Abstand 0 zuerst
