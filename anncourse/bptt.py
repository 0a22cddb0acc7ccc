"""Die Rückwärtsrechnung durch die Zeit (BPTT) des SimpleRNN, von Hand.

Zweimal dasselbe: `backward` in NumPy, Zeile für Zeile wie in Abschnitt 9.3.5, und `BPTTLayer`, eine
Schicht für PyTorch, die ihre Gradienten so rechnet. Sie braucht weniger Zeit als ``nn.RNN``.
"""

import numpy as np
import torch
from torch import nn
from torch.autograd.function import once_differentiable

from anncourse.cells import Parameters
from anncourse.errors import InputError


def backward(
    x: np.ndarray, h: np.ndarray, p: Parameters, dL_dh: np.ndarray
) -> dict[str, np.ndarray]:
    """Rechnet rückwärts durch eine Folge, von h_T bis h_1; davor steht h_0 = 0.

    Parameters
    ----------
    x, h : numpy.ndarray
        Die Folge ``(T, I)`` und ihre Zustände ``(T, H)``, wie `anncourse.cells.unroll` sie gibt.
    p : mapping
        Die Gewichte von `anncourse.cells.rnn_step`.
    dL_dh : numpy.ndarray
        ∂L_t/∂h_t, je Schritt eine Zeile, Form ``(T, H)``. Zählt nur der letzte Zustand, so sind
        alle Zeilen ausser der letzten null.

    Returns
    -------
    dict
        Der Gradient nach ``W`` (H, I), ``U`` (H, H), ``b`` (H,) und ``x`` (T, I).

    Raises
    ------
    InputError
        Wenn ``x`` eine andere Länge oder ``dL_dh`` eine andere Form hat als ``h``.

    References
    ----------
    Rumelhart, Hinton und Williams 1986; Werbos 1990.
    """
    _check(x, h, dL_dh)
    before = np.vstack([np.zeros_like(h[:1]), h[:-1]])  # h_0 … h_{T−1}
    grad = {name: np.zeros_like(h, shape=p[name].shape) for name in "WUb"}
    grad["x"] = np.zeros_like(h, shape=x.shape)
    g = np.zeros_like(h[0])  # von jenseits des Endes kommt nichts
    for t in reversed(range(len(h))):
        g = g + dL_dh[t]  # g_t
        delta = (1 - h[t] ** 2) * g  # δ_t, Form (H,)
        grad["W"] += np.outer(delta, x[t])
        grad["U"] += np.outer(delta, before[t])
        grad["b"] += delta
        grad["x"][t] = p["W"].T @ delta
        g = p["U"].T @ delta  # was zu h_{t−1} zurückgeht
    return grad


def _check(x: np.ndarray, h: np.ndarray, dL_dh: np.ndarray) -> None:
    if len(x) != len(h) or dL_dh.shape != h.shape:
        raise InputError(
            f"Gegeben sind x {x.shape}, h {h.shape} und dL_dh {dL_dh.shape}. Erwartet werden "
            "(T, I), (T, H) und (T, H); zählt nur h_T, so ist dL_dh davor null."
        )


class SimpleRNNFunction(torch.autograd.Function):
    """Alle Zustände des SimpleRNN zu B Folgen, mit eigener Rückwärtsrechnung.

    Schneller als Autograd: Jede Schleife rechnet in einem Speicher, der schon dasteht, mit zwei
    Aufrufen je Schritt, und jede Summe über t ist ein einziges Produkt.
    """

    @staticmethod
    def forward(ctx, x, W, U, b):  # (B, T, I), (H, I), (H, H), (H,)
        """Die Zustände h_1 … h_T, Form ``(B, T, H)``."""
        h = x.new_zeros(x.shape[1] + 1, x.shape[0], len(U))  # h[0] ist der Anfang
        h[1:] = x.transpose(0, 1) @ W.T + b  # (T, B, H)
        for t in range(1, len(h)):
            h[t].addmm_(h[t - 1], U.T).tanh_()
        ctx.save_for_backward(x, W, U, h)
        return h[1:].transpose(0, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx, dL_dh):  # (B, T, H)
        """Die Gradienten nach x, W, U und b."""
        x, W, U, h = ctx.saved_tensors
        slope = 1 - h[1:] ** 2  # (T, B, H)
        delta = torch.zeros_like(h)  # die letzte Zeile bleibt null
        delta[:-1] = dL_dh.transpose(0, 1)
        for t in reversed(range(len(slope))):
            delta[t].addmm_(delta[t + 1], U).mul_(slope[t])  # δ in Zeilen, darum U rechts
        delta = delta[:-1]
        rows = delta.flatten(0, 1)  # (T·B, H)
        dW = rows.T @ x.transpose(0, 1).flatten(0, 1)
        dU = rows.T @ h[:-1].flatten(0, 1)
        return (delta @ W).transpose(0, 1), dW, dU, rows.sum(0)


class BPTTLayer(nn.RNN):
    """Wie ``nn.RNN``, mit `SimpleRNNFunction`; auch die Gewichte heissen gleich.

    Parameters
    ----------
    *args, **kwargs
        Jene von ``nn.RNN``, mit ``batch_first=True`` und sonst dessen Voreinstellungen.

    Raises
    ------
    InputError
        Wenn eine andere Schicht verlangt ist (mehrere Lagen, zwei Richtungen, ReLU …), beim Aufruf
        auch bei Folgen anderer Form oder einem Anfangszustand.
    """

    bias_ih_l0: torch.Tensor
    bias_hh_l0: torch.Tensor

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        plain = self.mode == "RNN_TANH" and self.num_layers == 1 and not self.bidirectional
        if not (plain and self.batch_first and self.bias):
            raise InputError(
                f"Gegeben ist {self}, {self.mode}. Erwartet wird eine Lage in einer Richtung, mit "
                "tanh, bias=True und batch_first=True."
            )

    def forward(self, x, hx=None):  # (B, T, I)
        """Alle Zustände ``(B, T, H)`` und der letzte ``(1, B, H)``; es gilt h_0 = 0."""
        shape = tuple(getattr(x, "shape", ()))
        if hx is not None:
            raise InputError("Ein Anfangszustand ist gegeben; diese Schicht beginnt mit h_0 = 0.")
        if len(shape) != 3 or shape[1] == 0 or shape[2] != self.input_size:
            raise InputError(
                f"Gegeben sind Folgen der Form {shape}. Erwartet wird (B, T, {self.input_size}) "
                "mit T ab 1; zu einer einzelnen Folge x (T, I) macht das x[None]."
            )
        bias = self.bias_ih_l0 + self.bias_hh_l0
        h = SimpleRNNFunction.apply(x, self.weight_ih_l0, self.weight_hh_l0, bias)  # (B, T, H)
        return h, h[:, -1][None]
