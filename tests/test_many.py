"""Viele Netze nebeneinander: dieselbe Rechnung wie in PyTorch, jedes Netz für sich."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from anncourse.experiments.many import SEARCH_SEEDS, Nets, choose, learn, report, right, step
from anncourse.experiments.starts import build, layer

KINDS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def sequences(n=3, b=4, t=6):
    return torch.randn(t, n, b, 2, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("cell", KINDS)
def test_every_net_computes_what_torch_computes(cell):
    torch.manual_seed(0)
    layers = [KINDS[cell](2, 5) for _ in range(3)]
    outputs = [nn.Linear(5, 1) for _ in range(3)]
    nets, x = Nets(cell, layers, outputs), sequences()
    for n in range(3):
        h, _ = layers[n](x[:, n])  # (T, B, H)
        assert torch.allclose(nets.states(x)[:, n], h, atol=1e-6)
        assert torch.allclose(nets(x)[:, n], outputs[n](h).squeeze(-1), atol=1e-6)


def test_relu():
    torch.manual_seed(0)
    one = nn.RNN(2, 5, nonlinearity="relu")
    nets, x = Nets("relu", [one], [nn.Linear(5, 1)]), sequences(n=1)
    assert torch.allclose(nets.states(x)[:, 0], one(x[:, 0])[0], atol=1e-6)


def test_mingru_mixes_its_state_with_a_candidate_that_does_not_see_it():
    nets, x = build("mingru", "pytorch", 3, (0,)), sequences(n=1)
    h = torch.zeros(4, 3)
    for x_t, found in zip(x[:, 0], nets.states(x)[:, 0]):
        z, n = (x_t @ nets.W[0].T + nets.b[0]).chunk(2, -1)
        h = z.sigmoid() * h + (1 - z.sigmoid()) * n
        assert torch.allclose(found, h, atol=1e-6)


@pytest.mark.parametrize("optimiser", ["rmsprop", "sgd"])
def test_a_step_is_that_of_torch(optimiser):
    def fresh():
        return build("lstm", "keras-1", 3, (0, 1))

    x, y = sequences(n=2), torch.ones(1, 2, 4)
    nets = fresh()
    kinds = {"rmsprop": torch.optim.RMSprop, "sgd": torch.optim.SGD}
    more = {"alpha": 0.9, "eps": 1e-7} if optimiser == "rmsprop" else {}
    for n, rate in enumerate((0.1, 0.01)):
        torch.manual_seed(n)
        one, output = layer("lstm", "keras-1", 3, 0), nn.Linear(3, 1)
        weights = [*one.parameters(), *output.parameters()]
        steps = kinds[optimiser](weights, rate, **more)
        loss = nn.functional.binary_cross_entropy_with_logits(
            output(one(x[:, n])[0][-1]).squeeze(-1), torch.ones(4)
        )
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        steps.step()
        nets = fresh()
        learn(nets, lambda: (x, y), torch.tensor([0.1, 0.01]), 1, optimiser=optimiser)
        assert torch.allclose(nets.W[n], one.weight_ih_l0, atol=1e-5)
        assert torch.allclose(nets.V[n], output.weight, atol=1e-5)


def test_the_gradient_of_each_net_is_clipped_by_itself():
    weight = nn.Parameter(torch.zeros(2, 3))
    weight.grad = torch.tensor([[3.0, 4.0, 0.0], [0.3, 0.4, 0.0]])
    step([weight], [torch.zeros(2, 3)], torch.ones(2), "sgd")
    assert torch.allclose(-weight, torch.tensor([[0.6, 0.8, 0.0], [0.3, 0.4, 0.0]]), atol=1e-4)


def test_unclipped_takes_the_whole_gradient():
    weight = nn.Parameter(torch.zeros(1, 2))
    weight.grad = torch.tensor([[300.0, 400.0]])
    step([weight], [torch.zeros(1, 2)], torch.ones(1), "unclipped")
    assert torch.equal(-weight, weight.grad)


def test_who_has_solved_it_learns_no_more():
    nets = build("rnn", "orthogonal", 3, (0, 1))
    x = sequences(n=2)
    easy = (nets(x)[-1:].detach() > 0).float()
    y = torch.cat([easy[:, :1], 1 - easy[:, 1:]], dim=1)  # das erste Netz hat schon recht
    start = nets.W.detach().clone()
    done = learn(nets, lambda: (x, y), torch.tensor([1e-6, 1e-6]), 60, lambda solved: False)
    assert done[0] > 0 and done[1] == 0
    after = nets.W.detach().clone()
    learn(nets, lambda: (x, y), torch.tensor([0.0, 1e-6]), 5, lambda solved: False)
    assert not torch.equal(start, after) and torch.equal(nets.W[0], after[0])


def test_kept_stays_orthogonal():
    nets = build("rnn", "kept", 4, (0, 1))
    x, y = sequences(n=2), torch.ones(1, 2, 4)
    start = nets.U.detach().clone()
    learn(nets, lambda: (x, y), torch.full((2,), 0.03), 20, lambda solved: False)
    assert not torch.allclose(nets.U, start, atol=1e-3)
    for U in nets.U.detach():
        assert torch.allclose(U.T @ U, torch.eye(4), atol=1e-5)


@dataclass
class Toy:
    """Die Antwort steht in der letzten Eingabe; mit der kleinsten Lernrate lernt es niemand."""

    optimiser: str = "rmsprop"
    batches: int = 150
    mastered: float = 0.995

    def build(self, seeds):
        return build("rnn", "orthogonal", 2, seeds)

    def drawing(self, seeds):
        generator = torch.Generator().manual_seed(0)

        def draw():
            x = torch.randn(2, len(seeds), 16, 2, generator=generator)
            return x, (x[-1:, ..., 0] > 0).float()

        return draw

    def accuracy(self, nets, seeds):
        x, y = self.drawing(seeds)()
        return right(nets(x)[-1:], y)


def test_a_rate_is_chosen_by_other_seeds_than_are_reported():
    asked = []

    class Watching(Toy):
        def build(self, seeds):
            asked.append(tuple(seeds))
            return super().build(seeds)

    nets, found = report(Watching(), (0, 1))
    assert asked == [SEARCH_SEEDS * 5, (0, 1)] and nets.W.shape[0] == 2
    assert found["rate"] > 3e-4 and set(found["validation"]) == {
        "0.0003",
        "0.001",
        "0.003",
        "0.01",
        "0.03",
    }
    assert found == report(Watching(), (0, 1))[1]


def test_the_rate_with_which_all_learn_wins():
    rate, validation = choose(Toy())
    assert min(validation[f"{rate:g}"]) > 0.9
