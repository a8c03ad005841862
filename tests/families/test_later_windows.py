"""P(at least one purchase) of a new customer in a window that starts later: definition, limits and simulation."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from numpy.testing import assert_allclose

import clvmodels as clv
from clvmodels.families import bg_nbd, mbg_nbd, nbd, pareto_nbd

from .worlds import WORLDS

HAVE = [world for world in WORLDS if world.family.probability_of_purchase_later is not None]
WINDOWS = [(0.5, 4.0), (4.0, 4.0), (20.0, 13.0), (30.0, 1.0), (0.0, 40.0)]
CASES = [(0.243, 4.414, 0.793, 2.426), (0.02, 0.3, 0.05, 0.6), (7.0, 80.0, 12.0, 5.0)]


def bg(s, t, r, alpha, a, b):
    """E over p of E over λ, e^(-λps) − e^(-λ(ps + t)), from the definition of the model; p = w^(1/a)."""

    def integrand(w):
        p = w ** (1 / a)
        there = (alpha / (alpha + p * s)) ** r - (alpha / (alpha + p * s + t)) ** r
        return there * (1 - p) ** (b - 1) / a

    return mp.quad(integrand, [0, mp.mpf("0.1") ** a, mp.mpf("0.9") ** a, 1]) / mp.beta(a, b)


def pareto(s, t, r, alpha, shape, beta):
    """∫ of E[λ e^(-λu)] E[e^(-μ(s + u))] du: the density of the first purchase after s."""
    density = lambda u: r * alpha**r / (alpha + u) ** (r + 1) * (beta / (beta + s + u)) ** shape  # noqa: E731
    return mp.quad(density, [0, min(t, alpha), t])


@pytest.mark.parametrize("parameters", CASES)
@pytest.mark.parametrize(("s", "t"), WINDOWS)
def test_against_30_digits(parameters, s, t):
    with mp.workdps(30):
        exact = [mp.mpf(v) for v in parameters]
        r, alpha, a, b = exact
        wanted = {
            bg_nbd: bg(mp.mpf(s), mp.mpf(t), *exact),
            mbg_nbd: b / (a + b) * bg(mp.mpf(s), mp.mpf(t), r, alpha, a, b + 1),
            pareto_nbd: pareto(mp.mpf(s), mp.mpf(t), *exact),
        }
    for family, value in wanted.items():
        assert_allclose(family.probability_of_purchase_later(t, s, *parameters), float(value), rtol=1e-9)


@pytest.mark.parametrize("world", HAVE, ids=str)
def test_from_the_first_purchase_on_it_is_1_minus_pmf_0(world):
    t = np.array([world.horizon(length) for length in (1.0, 7.0, 52.0)])
    later = world.family.probability_of_purchase_later(t, 0.0, *world.values)
    assert_allclose(later, 1 - world.family.purchase_pmf(0.0, t, *world.values), rtol=1e-9)


@pytest.mark.parametrize("world", HAVE, ids=str)
def test_it_falls_with_the_start_and_windows_hold_together(world):
    starts = np.arange(0.0, 200.0, 10.0)
    p = world.family.probability_of_purchase_later(10.0, starts, *world.values)
    assert np.all(np.diff(p) <= 1e-15)
    both = world.family.probability_of_purchase_later(20.0, starts[:-1], *world.values)
    assert np.all(both <= p[:-1] + p[1:])
    assert np.all(both >= p[:-1])
    assert_allclose(world.family.probability_of_purchase_later(0.0, starts, *world.values), 0.0, atol=0)
    # a purchase in a window, or one that is expected in it: close where it is short
    expected = world.family.expected_purchases_alive(1.0, 30.0, *[np.zeros(1)] * 3, *world.values)
    new = np.exp(world.family.log_p_alive(*[np.zeros(1)] * 3, *world.values))
    assert world.family.probability_of_purchase_later(1.0, 30.0, *world.values) <= (expected * new)[0]


@pytest.mark.parametrize("world", HAVE, ids=str)
def test_simulated_customers_buy_as_often(world):
    """Three z-tests a family, each rejected at |z| > 5: one true one in 1.7 million."""
    n, ends = 100_000, world.horizon(30.0)
    owner, times = world.family.simulate(np.random.default_rng(61), np.full(n, ends), *world.values)
    for start, t in ((0.0, 4.0), (5.0, 10.0), (20.0, 10.0)):
        bought = len(np.unique(owner[(times > start) & (times <= start + t)]))
        p = float(world.family.probability_of_purchase_later(t, start, *world.values))
        assert abs(bought - n * p) < 5 * np.sqrt(n * p * (1 - p))


def test_limits():
    rate = (0.385, 12.072)
    wanted = nbd.probability_of_purchase_later(4.0, 20.0, *rate)
    assert_allclose(wanted, 1 - (12.072 / 16.072) ** 0.385)
    assert_allclose(pareto_nbd.probability_of_purchase_later(4.0, 20.0, *rate, 1e-9, 10.0), wanted, rtol=1e-8)
    for family in (bg_nbd, mbg_nbd):  # nobody leaves
        assert_allclose(family.probability_of_purchase_later(4.0, 20.0, *rate, 1e-9, 5.0), wanted, rtol=1e-7)
    for family in (bg_nbd, mbg_nbd):  # whoever is there buys again at some time
        there = clv.PurchaseModel.from_parameters(
            family.FAMILY.name, dict(zip(("r", "alpha", "a", "b"), CASES[0], strict=True)), "week"
        )
        survives = there.new_customer().p_alive(20.0)
        assert_allclose(family.probability_of_purchase_later(np.inf, 20.0, *CASES[0]), survives, rtol=1e-9)


def test_a_new_customer_is_asked():
    model = clv.PurchaseModel.from_parameters(
        "pareto_nbd", dict(zip(("r", "alpha", "s", "beta"), CASES[0], strict=True)), "week"
    )
    new = model.new_customer()
    later = new.probability_of_purchase([4, 13], start=20)
    assert_allclose(later, pareto_nbd.probability_of_purchase_later(np.array([4.0, 13.0]), 20.0, *CASES[0]), rtol=1e-13)
    assert isinstance(new.probability_of_purchase(4, start=20), float)
    assert new.probability_of_purchase(4, start=0) == new.probability_of_purchase(4)
    assert new.probability_of_purchase(4, start=[0, 20])[0] == pytest.approx(new.probability_of_purchase(4), rel=1e-12)
    with pytest.raises(clv.InvalidInput, match="start must be finite"):
        new.probability_of_purchase(4, start=np.inf)
    with pytest.raises(clv.InvalidInput, match="start"):
        new.probability_of_purchase(4, start=-1)


def test_families_without_it_say_so():
    lacking = next(world for world in WORLDS if world not in HAVE)
    model = clv.PurchaseModel.from_parameters(lacking.family, lacking.parameters, time_unit="week")
    with pytest.raises(clv.NotAvailable, match="probability_of_purchase from a later start on"):
        model.new_customer().probability_of_purchase(4, start=8)
