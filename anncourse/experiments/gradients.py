"""Wie stark hängt der letzte Zustand von einer Eingabe ab, die k Schritte zurückliegt?"""

from copy import deepcopy

import numpy as np
import torch
from torch import nn

from anncourse.cells import STEPS, unpack, unroll
from anncourse.errors import InputError


def gradient_norms(layer: nn.RNNBase, inputs: torch.Tensor) -> np.ndarray:
    """Misst ‖∂h_T/∂x_{T−k}‖ für jeden Abstand k.

    Parameters
    ----------
    layer : nn.RNN, nn.LSTM or nn.GRU
        Rekurrente Schicht mit ``batch_first=True``.
    inputs : torch.Tensor
        B Folgen, Form ``(B, T, I)``.

    Returns
    -------
    numpy.ndarray
        Frobenius-Norm der Jacobi-Matrix (H, I), gemittelt über die B Folgen; Form ``(T,)``,
        an der Stelle k steht der Abstand k.

    Raises
    ------
    InputError
        Wenn die Schicht die Folgen anders liest oder ``inputs`` eine andere Form hat.

    References
    ----------
    Bengio, Simard und Frasconi 1994; Pascanu, Mikolov und Bengio 2013.
    """
    _check(layer, inputs)
    layer = deepcopy(layer).double()  # auch 1e-30 bleibt sichtbar
    x = inputs.detach().double().requires_grad_()  # (B, T, I)
    h, _ = layer(x)  # (B, T, H)
    squares = torch.zeros(x.shape[:2], dtype=torch.double)  # (B, T)
    for one in h[:, -1].sum(0):  # Zeile für Zeile der Jacobi-Matrix
        (row,) = torch.autograd.grad(one, x, retain_graph=True)  # (B, T, I)
        squares += row.square().sum(-1)
    return squares.sqrt().mean(0).flip(0).numpy()  # (T,), k = 0 zuerst


def _check(layer: nn.RNNBase, inputs: torch.Tensor) -> None:
    if not layer.batch_first or inputs.ndim != 3:
        raise InputError(
            f"Gegeben ist eine Schicht mit batch_first={layer.batch_first} und Folgen der Form "
            f"{tuple(inputs.shape)}. Erwartet werden batch_first=True und die Form (B, T, I); zu "
            "einer einzelnen Folge x (T, I) macht das x[None]."
        )


def track_gate(layer: nn.RNNBase, inputs: torch.Tensor) -> float | None:
    """Das Tor des direkten Wegs: f_t bei der LSTM, z_t bei der GRU.

    Parameters
    ----------
    layer, inputs
        Wie in `gradient_norms`.

    Returns
    -------
    float or None
        Geometrisches Mittel über Folgen, Schritte und Einheiten; ein RNN hat kein solches Tor.
    """
    gate = {nn.LSTM: "f", nn.GRU: "z"}.get(type(layer))
    if gate is None:
        return None
    cell = type(layer).__name__.lower()
    weights = {name: value.detach().double().numpy() for name, value in layer.named_parameters()}
    p = unpack(cell, weights)
    values = [unroll(STEPS[cell], x, p)[gate] for x in inputs.detach().double().numpy()]
    return float(np.exp(np.log(values).mean()))
