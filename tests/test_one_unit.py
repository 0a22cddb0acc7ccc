"""Eine Einheit und die lineare Rekurrenz: von Hand, mit Autograd, als Schleife und als Scan."""

from math import ceil, log2

import numpy as np
import pytest
import torch

from anncourse.cells import lstm_step, unroll
from anncourse.experiments.one_unit import (
    SEQUENCE,
    WANTED,
    by_hand,
    fixed_point,
    kept,
    products,
    slope,
    states,
)
from anncourse.experiments.scan import loop, scan


@pytest.mark.parametrize("u", [0.5, 1.0, 1.001, 1.2, 2.0, 3.0, 4.0])
def test_the_fixed_point_stays_where_it_is(u):
    h = fixed_point(u)
    assert np.tanh(u * h) == pytest.approx(h, abs=1e-14)
    assert (h > 0) == (u > 1) and slope(u, h) <= 1


def test_the_numbers_of_the_text():
    assert fixed_point(2) == pytest.approx(0.9575, abs=5e-5)
    assert slope(2, fixed_point(2)) == pytest.approx(0.166, abs=5e-4)
    assert slope(2, fixed_point(2)) ** 10 == pytest.approx(1.6e-8, rel=0.05)


@pytest.mark.parametrize("u", [0.5, 1.0, 2.0, 4.0])
def test_the_product_of_slopes_is_what_autograd_finds(u):
    start = torch.tensor(0.3, dtype=torch.double, requires_grad=True)
    h = start
    for _ in range(30):
        h = torch.tanh(u * h)
    h.backward()
    found = products(slope(u, states(u, 0.3, 30)))
    assert found.shape == (30,) and found[-1] == pytest.approx(start.grad.item(), rel=1e-12)


def test_the_track_of_an_lstm_multiplies_its_forget_gates():
    """Sehen die Tore h nicht, so ist ∂c_T/∂c_0 das Produkt der f_t, auf die letzte Stelle."""
    rng = np.random.default_rng(0)
    p = {f"{w}_{g}": rng.normal(size=(1, 2) if w == "W" else 1) for g in "ifoc" for w in "Wb"}
    p |= {f"U_{g}": np.zeros((1, 1)) for g in "ifoc"}
    x = rng.normal(size=(20, 2))
    found = unroll(lstm_step, x, p)
    c = start = torch.zeros(1, dtype=torch.double, requires_grad=True)
    for x_t in torch.from_numpy(x):
        a = {g: torch.from_numpy(p[f"W_{g}"]) @ x_t + torch.from_numpy(p[f"b_{g}"]) for g in "ifc"}
        c = a["f"].sigmoid() * c + a["i"].sigmoid() * a["c"].tanh()
    c.sum().backward()
    assert c.item() == pytest.approx(found["c"][-1, 0], rel=1e-12)
    assert start.grad.item() == pytest.approx(products(found["f"][:, 0])[-1], rel=1e-12)


@pytest.mark.parametrize(
    "gates, track",
    [
        ("", [1, 0, 1, 0, -1, 0, 1, 2]),  # die Spur zählt jeden Wert
        ("i", [1, 1, 1, 1, 0, 0, 0, 0]),  # das Eingangstor: das zweite Bit löscht das erste
        ("if", WANTED),  # das Vergesstor macht Platz
        ("ifo", WANTED),
    ],
)
def test_each_gate_by_hand_mends_one_fault(gates, track):
    found = unroll(lstm_step, SEQUENCE, by_hand(gates))
    assert found["c"][:, 0] == pytest.approx(np.asarray(track), abs=2e-3)
    asked = SEQUENCE[:, 2] if "o" in gates else 1
    assert found["h"][:, 0] == pytest.approx(asked * np.tanh(found["c"][:, 0]), abs=1e-3)


def test_one_unit_keeps_its_bit_or_hears_the_next_but_not_both():
    """w = 0.4 hält das erste Bit, w = 2.5 folgt jedem Wert; die Grenze liegt bei 0.533."""
    quiet, loud = (states(2, 0.0, 8, w * SEQUENCE[:, 1]) for w in (0.4, 2.5))
    assert (quiet > 0).all() and (np.sign(loud) == SEQUENCE[:, 1]).all()
    edge = 2 * np.sqrt(0.5) - np.arctanh(np.sqrt(0.5))
    assert edge == pytest.approx(0.533, abs=5e-4)
    for w, stays in ((edge - 1e-3, True), (edge + 1e-3, False)):
        assert (states(2, fixed_point(2), 500, np.full(500, -w))[-1] > 0) == stays


def test_in_noise_half_a_weight_forgets_and_two_holds():
    assert kept(0.5, 0.1, 50)[-1] == pytest.approx(0.5, abs=0.02)
    assert kept(2.0, 0.1, 50)[-1] == 1


@pytest.mark.parametrize("length", [1, 2, 3, 100, 128, 129])
def test_scan_equals_loop(length):
    rng = np.random.default_rng(length)
    a, b = rng.uniform(0, 1, (length, 4)), rng.normal(size=(length, 4))
    before = a.copy(), b.copy()
    found, rounds = scan(a, b)
    assert np.abs(found - loop(a, b)).max() < 1e-12
    assert rounds == ceil(log2(length))
    assert np.array_equal(a, before[0]) and np.array_equal(b, before[1])
