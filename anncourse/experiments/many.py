"""Viele kleine Netze nebeneinander: wie `nn.RNN`, `nn.LSTM` und `nn.GRU`, mit einer Achse mehr.

Ein Netz mit vier Einheiten lastet keinen Rechner aus. Hier lernen N Netze derselben Bauart in einem
Aufruf, jedes mit eigenen Gewichten, eigenen Folgen und eigener Lernrate.
"""

from collections.abc import Callable, Sequence
from math import inf
from typing import Protocol

import torch
from torch import nn
from torch.nn.utils import parametrizations

from anncourse.config import Config

Draw = Callable[[], tuple[torch.Tensor, torch.Tensor]]  # () → Folgen (T, N, B, I), Ziele (T', N, B)


def rnn(a: torch.Tensor, U: torch.Tensor, bias: torch.Tensor, activation=torch.tanh) -> list:
    """h_t = tanh(a_t + U h_{t−1}); a: (T, N, B, H), U transponiert: (N, H, H)."""
    h, states = torch.zeros_like(a[0]), []
    for a_t in a + bias:
        h = activation(torch.baddbmm(a_t, h, U))  # (N, B, H)
        states.append(h)
    return states


def relu(a: torch.Tensor, U: torch.Tensor, bias: torch.Tensor) -> list:
    """Dasselbe mit ReLU statt tanh."""
    return rnn(a, U, bias, torch.relu)


def lstm(a: torch.Tensor, U: torch.Tensor, bias: torch.Tensor) -> list:
    """Die LSTM, Gleichungen (9.3.17) bis (9.3.19); a: (T, N, B, 4·H)."""
    h = c = torch.zeros_like(a[0, ..., : U.shape[1]])
    states = []
    for a_t in a + bias:
        i, f, k, o = torch.baddbmm(a_t, h, U).chunk(4, -1)  # je (N, B, H)
        c = f.sigmoid() * c + i.sigmoid() * k.tanh()
        h = o.sigmoid() * c.tanh()
        states.append(h)
    return states


def gru(a: torch.Tensor, U: torch.Tensor, bias: torch.Tensor) -> list:
    """Die GRU in der Form von PyTorch, Gleichung (9.3.23); a: (T, N, B, 3·H)."""
    H = U.shape[1]
    h, states = torch.zeros_like(a[0, ..., :H]), []
    for a_t in a:
        u = torch.baddbmm(bias, h, U)
        r, z = (a_t[..., : 2 * H] + u[..., : 2 * H]).sigmoid().chunk(2, -1)
        n = torch.tanh(a_t[..., 2 * H :] + r * u[..., 2 * H :])
        h = n + z * (h - n)
        states.append(h)
    return states


def mingru(a: torch.Tensor) -> list:
    """Die minGRU: z_t und h̃_t sehen h_{t−1} nicht; a: (T, N, B, 2·H).

    References
    ----------
    Feng et al. 2024, arXiv:2410.01201; z heisst wie bei der GRU, was bleibt.
    """
    z, n = a.chunk(2, -1)
    z = z.sigmoid()
    h, states = torch.zeros_like(z[0]), []
    for z_t, new in zip(z, (1 - z) * n):
        h = torch.addcmul(new, z_t, h)
        states.append(h)
    return states


CELLS: dict[str, Callable[..., list]] = {
    "rnn": rnn,
    "relu": relu,
    "lstm": lstm,
    "gru": gru,
    "mingru": mingru,
}

MASTERED = 0.995


class Nets(nn.Module):
    """N Netze aus rekurrenter Schicht und einer Ausgabe.

    Parameters
    ----------
    cell : {"rnn", "relu", "lstm", "gru", "mingru"}
        Die Zelle.
    layers : sequence of nn.Module
        N rekurrente Schichten; ihre Gewichte sind die Anfangswerte.
    outputs : sequence of nn.Linear
        Ihre Ausgaben, ``nn.Linear(H, 1)``.
    stay_orthogonal : bool
        U bleibt orthogonal, was immer das Training tut
        (`torch.nn.utils.parametrizations.orthogonal`).
    """

    def __init__(
        self,
        cell: str,
        layers: Sequence[nn.Module],
        outputs: Sequence[nn.Linear],
        stay_orthogonal: bool = False,
    ):
        super().__init__()
        self.cell = cell

        def stacked(modules: Sequence[nn.Module], name: str) -> nn.Parameter:
            weights = [module.get_parameter(name).detach() for module in modules]
            return nn.Parameter(torch.stack(weights))

        self.W, self.b = stacked(layers, "weight_ih_l0"), stacked(layers, "bias_ih_l0")
        if cell != "mingru":
            self.U, self.b_U = stacked(layers, "weight_hh_l0"), stacked(layers, "bias_hh_l0")
        if stay_orthogonal:
            parametrizations.orthogonal(self, "U")
        self.V, self.v = stacked(outputs, "weight"), stacked(outputs, "bias")

    def states(self, x: torch.Tensor) -> torch.Tensor:
        """Alle Zustände, Form ``(T, N, B, H)``, zu Folgen der Form ``(T, N, B, I)``."""
        a = x @ self.W.transpose(1, 2) + self.b[:, None]  # (T, N, B, G·H)
        if self.cell == "mingru":
            return torch.stack(mingru(a))
        return torch.stack(CELLS[self.cell](a, self.U.transpose(1, 2), self.b_U[:, None]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits nach jedem Schritt, Form ``(T, N, B)``."""
        h = self.states(x)
        return (h @ self.V.transpose(1, 2) + self.v[:, None]).squeeze(-1)


def drawing(
    make: Callable[[torch.Generator], tuple[torch.Tensor, torch.Tensor]], seeds: Sequence[int]
) -> Draw:
    """Zieht bei jedem Aufruf neue Folgen, für jeden Zufallsstart andere.

    Parameters
    ----------
    make : callable
        Zieht für ein Netz Folgen ``(B, T, I)`` und Ziele ``(B, T')``.
    seeds : sequence of int
        Ein Zufallsstart je Netz; gleiche sehen dieselben Folgen.
    """
    generators = {seed: torch.Generator().manual_seed(seed) for seed in seeds}

    def draw() -> tuple[torch.Tensor, torch.Tensor]:
        drawn = {seed: make(generator) for seed, generator in generators.items()}
        x = torch.stack([drawn[seed][0] for seed in seeds])  # (N, B, T, I)
        y = torch.stack([drawn[seed][1] for seed in seeds])  # (N, B, T')
        return x.permute(2, 0, 1, 3).contiguous(), y.permute(2, 0, 1).contiguous()

    return draw


def right(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Anteil richtiger Antworten jedes Netzes, Form ``(N,)``."""
    return ((logits > 0) == (targets > 0.5)).float().mean((0, 2))


def learn(
    nets: Nets,
    draw: Draw,
    rates: torch.Tensor,
    batches: int,
    enough: Callable[[torch.Tensor], bool] = lambda solved: bool(solved.all()),
    optimiser: str = "rmsprop",
    mastered: float = MASTERED,
    watch: Callable[[int], None] = lambda batch: None,
) -> torch.Tensor:
    """Trainiert alle Netze zugleich; wer die Aufgabe löst, lernt nicht weiter.

    Parameters
    ----------
    nets : Nets
        Die Netze; sie werden verändert.
    draw : callable
        Zieht einen Stapel: Folgen ``(T, N, B, I)`` und Ziele ``(T', N, B)`` für die letzten T'
        Schritte.
    rates : torch.Tensor
        Lernrate jedes Netzes, Form ``(N,)``.
    batches : int
        Höchstens so viele Stapel.
    enough : callable
        Ob man aufhören darf, wenn jene gelöst haben; Form ``(N,)``.
    optimiser : {"rmsprop", "sgd", "unclipped"}
        RMSprop, gewöhnlicher Gradientenabstieg, oder dieser ohne Begrenzen.
    mastered : float
        Mit mehr richtigen Antworten im gleitenden Mittel lernt ein Netz nicht weiter; 1: nie.
    watch : callable
        Wird vor jedem Stapel mit seiner Nummer gerufen.

    Returns
    -------
    torch.Tensor
        Nach so vielen Stapeln hatte jedes Netz gelöst; 0: nie.
    """
    running = torch.full_like(rates, 0.5)
    done = torch.zeros(len(rates), dtype=torch.long)
    weights = list(nets.parameters())
    squares = [torch.zeros_like(weight) for weight in weights]
    for batch in range(1, batches + 1):
        watch(batch - 1)
        x, y = draw()
        logits = nets(x)[-len(y) :]
        losses = nn.functional.binary_cross_entropy_with_logits(logits, y, reduction="none")
        nets.zero_grad()
        losses.mean((0, 2)).sum().backward()
        step(weights, squares, torch.where(done > 0, 0, rates), optimiser)
        running = 0.9 * running + 0.1 * right(logits.detach(), y)  # etwa die letzten zehn Stapel
        done[(done == 0) & (running > mastered)] = batch
        if enough(done > 0):
            break
    return done


@torch.no_grad()
def step(
    weights: list[nn.Parameter],
    squares: list[torch.Tensor],
    rates: torch.Tensor,
    optimiser: str = "rmsprop",
) -> None:
    """Ein Schritt; begrenzt wird der Gradient jedes Netzes für sich."""
    gradients = [weight.grad for weight in weights if weight.grad is not None]  # je (N, …)
    norms = torch.stack([g.flatten(1).norm(dim=1) for g in gradients]).norm(dim=0)  # (N,)
    limit = inf if optimiser == "unclipped" else Config.gradient_norm
    shorten = (limit / (norms + 1e-6)).clamp(max=1)
    for weight, square, gradient in zip(weights, squares, gradients):
        shape = (-1, *[1] * (weight.dim() - 1))
        g = gradient * shorten.view(shape)
        if optimiser == "rmsprop":
            square.mul_(Config.rho).addcmul_(g, g, value=1 - Config.rho)
            g = g / (square.sqrt() + Config.epsilon)
        weight.sub_(rates.view(shape) * g)


# --- Lernrate suchen, dann berichten --------------------------------------------------------

RATES = {"rmsprop": (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)}
RATES |= dict.fromkeys(("sgd", "unclipped"), (1e-2, 3e-2, 1e-1, 3e-1, 1.0))
SEARCH_SEEDS = (100, 101, 102)  # andere als jene, über die berichtet wird
SOLVED = 0.98  # wer so viele neue Folgen richtig beantwortet, hat die Aufgabe gelöst


class Task(Protocol):
    """Was eine Aufgabe wissen muss."""

    @property
    def optimiser(self) -> str:
        """Womit gelernt wird, ein Schlüssel von `RATES`."""
        ...

    @property
    def batches(self) -> int:
        """Höchstens so viele Stapel."""
        ...

    @property
    def mastered(self) -> float:
        """Mit mehr richtigen Antworten lernt ein Netz nicht weiter; 1: nie."""
        ...

    def build(self, seeds: Sequence[int]) -> Nets:
        """Ein Netz je Zufallsstart."""
        ...

    def drawing(self, seeds: Sequence[int]) -> Draw:
        """Zieht Stapel zum Lernen."""
        ...

    def accuracy(self, nets: Nets, seeds: Sequence[int]) -> torch.Tensor:
        """Genauigkeit auf neuen Folgen, Form ``(N,)``."""
        ...


def choose(
    task: Task, search: Sequence[int] = SEARCH_SEEDS
) -> tuple[float, dict[str, list[float]]]:
    """Sucht die Lernrate: die erste, mit der alle lösen, sonst jene mit der höchsten Genauigkeit.

    Parameters
    ----------
    task : Task
        Die Aufgabe.
    search : sequence of int
        Die Zufallsstarts der Suche.

    Returns
    -------
    rate : float
        Die gewählte Lernrate.
    validation : dict
        Lernrate → Genauigkeit je Zufallsstart der Suche.
    """
    rates, tried = RATES[task.optimiser], len(search)
    seeds = list(search) * len(rates)
    each = torch.tensor(rates).repeat_interleave(tried)
    nets, optimiser = task.build(seeds), task.optimiser

    def one_rate(solved: torch.Tensor) -> bool:
        return bool(solved.view(-1, tried).all(1).any())

    done = learn(nets, task.drawing(seeds), each, task.batches, one_rate, optimiser, task.mastered)
    found = task.accuracy(nets, seeds).view(-1, tried)  # (Raten, Zufallsstarts)
    score = found.mean(1) + (done.view(-1, tried) > 0).all(1).float()
    validation = {f"{rate:g}": found[n].tolist() for n, rate in enumerate(rates)}
    return rates[int(score.argmax())], validation


def trained(
    task: Task,
    seeds: Sequence[int],
    rate: float,
    watch: Callable[[int, Nets], None] = lambda batch, nets: None,
) -> tuple[Nets, dict]:
    """Trainiert mit gegebener Lernrate.

    Returns
    -------
    nets : Nets
        Die trainierten Netze.
    found : dict
        ``rate``, ``accuracies`` und ``batches`` je Lauf.
    """
    nets, each = task.build(seeds), torch.full((len(seeds),), rate)
    done = learn(
        nets,
        task.drawing(seeds),
        each,
        task.batches,
        optimiser=task.optimiser,
        mastered=task.mastered,
        watch=lambda batch: watch(batch, nets),
    )
    accuracies = task.accuracy(nets, seeds).tolist()
    return nets, {"rate": rate, "accuracies": accuracies, "batches": done.tolist()}


def report(
    task: Task,
    seeds: Sequence[int],
    watch: Callable[[int, Nets], None] = lambda batch, nets: None,
    search: Sequence[int] = SEARCH_SEEDS,
) -> tuple[Nets, dict]:
    """Sucht die Lernrate und trainiert dann andere Zufallsstarts mit ihr.

    Returns
    -------
    nets : Nets
        Die trainierten Netze.
    found : dict
        Wie `trained`, dazu ``validation``.
    """
    rate, validation = choose(task, search)
    nets, found = trained(task, seeds, rate, watch)
    return nets, {"rate": rate, "validation": validation} | found


def solved(found: dict) -> int:
    """Wie viele der Läufe die Aufgabe lösen."""
    return sum(value >= SOLVED for value in found["accuracies"])
