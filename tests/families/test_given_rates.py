"""Laws of a customer's future given his own rates, for every family that draws them.

Simulations reject a true law at |z| > 5, one in 1.7 million, or at 5.7e-7; about 90 such tests are made here, with
fixed seeds, so the false-alarm rate of the file is below 1e-4.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from clvmodels.families import bg_bb, bg_nbd, gamma_gamma, mbg_nbd, nbd, pareto_nbd
from clvmodels.models import questions

from . import beta_bernoulli
from .worlds import WORLDS

Z = 5.0
MANY = 40_000
KNOWN = [world for world in WORLDS if world.family.draw_rates_alive]
WHICH = ["active", "silent", "one-timer"]
SPEND = (6.25, 3.74, 15.44)


def of_every(worlds):
    return pytest.mark.parametrize("world", worlds, ids=str)


def z_score(sample, mean=0.0):
    return (np.mean(sample) - mean) / (np.std(sample) / math.sqrt(len(sample)))


def history_of(world, which):
    """One customer's statistics: active, silent, or never seen again."""
    T = world.watched[0]
    x, t_x = {"active": (4.0, 0.9 * T), "silent": (3.0, 0.5 * T), "one-timer": (0.0, 0.0)}[which]
    t_x = float(round(t_x)) if world.discrete else t_x
    return [{"frequency": min(x, t_x), "recency": t_x, "T": T}[name] for name in world.family.statistics]


def rates_of(world, history, seed, size=MANY):
    columns = [np.full(size, value) for value in history]
    return world.family.draw_rates_alive(np.random.default_rng(seed), *columns, *world.values)


def test_every_shipped_family_draws_them():
    for module in (bg_nbd, mbg_nbd, pareto_nbd, nbd, bg_bb):
        family = module.FAMILY
        assert family.draw_rates_alive
        assert family.purchases_of_rates
        assert family.expected_rates_alive
        assert family.simulate_of_rates
    assert gamma_gamma.FAMILY.draw_level
    assert gamma_gamma.FAMILY.simulate_of_level


@of_every(KNOWN)
def test_rates_have_the_names_of_draw_latent(world):
    history = [np.full(3, value) for value in history_of(world, "silent")]
    latent = world.family.draw_latent(np.random.default_rng(1), *history, *world.values)
    rates = world.family.draw_rates_alive(np.random.default_rng(1), *history, *world.values)
    assert set(rates) == set(latent) - {"alive"}


@of_every(KNOWN)
def test_rates_broadcast(world):
    """Customers down and parameters across is the same as every pair in a row."""
    family = world.family
    down = [np.array([[a], [b], [c]]) for a, b, c in zip(*(history_of(world, which) for which in WHICH), strict=True)]
    across = [value * np.array([[0.5, 1.0, 1.7, 2.0]]) for value in world.values]
    rates = family.draw_rates_alive(np.random.default_rng(2), *down, *across)
    flat = [np.broadcast_to(column, (3, 4)).ravel() for column in (*down, *across)]
    pairs = family.draw_rates_alive(np.random.default_rng(2), *flat)
    for name, values in rates.items():
        assert values.shape == (3, 4)
        assert_array_equal(values.ravel(), pairs[name])
    expected = family.purchases_of_rates(7.0, 0.01, rates)
    assert expected.shape == (3, 4)
    assert_allclose(expected.ravel(), family.purchases_of_rates(7.0, 0.01, pairs), rtol=1e-12)
    for values in family.draw_rates_alive(
        np.random.default_rng(2), *history_of(world, "active"), *world.values
    ).values():
        assert np.shape(values) == ()


@of_every([world for world in KNOWN if world.family.expected_rates_alive])
@pytest.mark.parametrize("which", WHICH)
def test_rates_have_their_means(world, which):
    history = history_of(world, which)
    rates = rates_of(world, history, 17)
    means = world.family.expected_rates_alive(*history, *world.values)
    assert set(means) == set(rates)
    for name, values in rates.items():
        assert abs(z_score(values, means[name])) < Z


@of_every(KNOWN)
def test_being_alive_broadcasts_as_rates_do(world):
    down = [np.array([[a], [b], [c]]) for a, b, c in zip(*(history_of(world, which) for which in WHICH), strict=True)]
    across = [value * np.array([[0.5, 1.0, 1.7, 2.0]]) for value in world.values]
    flat = [np.broadcast_to(column, (3, 4)).ravel() for column in (*down, *across)]
    found = world.family.log_p_alive(*down, *across)
    assert found.shape == (3, 4)
    assert_allclose(found.ravel(), world.family.log_p_alive(*flat), rtol=1e-12)


@of_every(KNOWN)
@pytest.mark.parametrize("which", WHICH)
def test_rates_give_the_expected_purchases_of_somebody_alive(world, which):
    family, history, t = world.family, history_of(world, which), world.watched[1]
    rates = rates_of(world, history, 3)
    undiscounted = family.purchases_of_rates(t, 0.0, rates)
    assert abs(z_score(undiscounted, family.expected_purchases_alive(t, 0.0, *history, *world.values))) < Z
    alive = np.exp(family.log_p_alive(*history, *world.values))
    rows = [np.array([value]) for value in history]
    for length, delta in ((t, 0.05), (t, -0.02), (math.inf, 0.05)):
        expected = questions.discounted(family, length, delta, rows, world.values)[0] / alive
        if math.isfinite(length) or world.family is not beta_bernoulli.FAMILY:  # which adds period by period
            assert abs(z_score(family.purchases_of_rates(length, delta, rates), expected)) < Z


@of_every(KNOWN)
@pytest.mark.parametrize("which", WHICH)
def test_simulated_purchases_have_the_mean_of_the_rates(world, which):
    family, t = world.family, world.watched[1]
    rates = rates_of(world, history_of(world, which), 4)
    owner, times = family.simulate_of_rates(np.random.default_rng(5), t, rates)
    assert np.all(np.diff(owner) >= 0)
    assert np.all((times > 0) & (times <= t))
    for delta in (0.0, 0.05):
        worth = np.bincount(owner, np.exp(-delta * times), minlength=MANY)
        assert abs(z_score(worth - family.purchases_of_rates(t, delta, rates))) < Z
    early = np.bincount(owner[times <= t / 2], minlength=MANY)
    assert abs(z_score(early - family.purchases_of_rates(t / 2, 0.0, rates))) < Z


@of_every(KNOWN)
@pytest.mark.parametrize("which", WHICH)
def test_simulated_counts_follow_the_pmf(world, which):
    """χ² over n = 0, 1, ..., 9 and more, given that he is alive; rejected at 5.7e-7."""
    family, history, t = world.family, history_of(world, which), world.watched[1]
    owner, _ = family.simulate_of_rates(np.random.default_rng(6), t, rates_of(world, history, 7))
    counts = np.bincount(np.minimum(np.bincount(owner, minlength=MANY), 10), minlength=11)
    alive = float(np.exp(family.log_p_alive(*history, *world.values)))
    p = np.array([float(family.conditional_purchase_pmf(float(n), t, *history, *world.values)) for n in range(10)])
    p[0] -= 1 - alive
    p = np.append(p / alive, 1 - p.sum() / alive)
    kept = p * MANY > 5
    assert counts[~kept].sum() < 60
    chi2 = np.sum((counts[kept] - MANY * p[kept]) ** 2 / (MANY * p[kept]))
    assert chi2 < stats.chi2.isf(5.7e-7, kept.sum() - 1)


@of_every([world for world in KNOWN if not world.discrete])
def test_times_are_those_of_the_rates(world):
    """One pair of rates: the share of purchases by u is E[purchases by u]/E[purchases by t]."""
    family, t = world.family, 40.0
    known = {"purchase_rate": 0.2, "dropout_probability": 0.25, "dropout_rate": 0.05}
    names = rates_of(world, history_of(world, "active"), 8, 2)
    rates = {name: np.full(5_000, known[name]) for name in names}
    owner, times = family.simulate_of_rates(np.random.default_rng(9), t, rates)
    whole = family.purchases_of_rates(t, 0.0, rates)
    for u in np.linspace(2.0, 38.0, 10):
        share = family.purchases_of_rates(u, 0.0, rates) / whole
        gap = np.bincount(owner, (times <= u) - share[owner], minlength=len(whole))
        assert abs(z_score(gap)) < Z


@of_every(KNOWN)
def test_nobody_buys_in_no_time(world):
    rates = rates_of(world, history_of(world, "active"), 10, 50)
    owner, times = world.family.simulate_of_rates(np.random.default_rng(11), 0.0, rates)
    assert len(owner) == len(times) == 0
    assert np.all(world.family.purchases_of_rates(0.0, 0.05, rates) == 0)


@pytest.mark.parametrize("tiny", [0.0, 1e-320, 1e-17, 1e-12, 1e-8])
def test_somebody_who_hardly_leaves_is_continuous(tiny):
    rate = np.array([0.3])
    for family, name in (
        (bg_nbd.FAMILY, "dropout_probability"),
        (pareto_nbd.FAMILY, "dropout_rate"),
        (bg_bb.FAMILY, "dropout_probability"),
    ):
        for delta in (0.0, 1e-14, 0.01):
            found = family.purchases_of_rates(20.0, delta, {"purchase_rate": rate, name: np.array([tiny])})
            at_0 = 20.0 if not delta else -math.expm1(-delta * 20) / delta
            if family is bg_bb.FAMILY:
                at_0 = np.sum(np.exp(-delta * np.arange(1, 21)))
            assert_allclose(found, 0.3 * at_0, rtol=3e-7)
        rates = {"purchase_rate": np.full(2_000, 0.3), name: np.full(2_000, tiny)}
        counts = np.bincount(family.simulate_of_rates(np.random.default_rng(12), 20.0, rates)[0], minlength=2_000)
        assert abs(z_score(counts, 6.0)) < Z


def test_extreme_rates_neither_overflow_nor_loop():
    """Rates of 1e300 a week, and customers who leave at once or, but for their time, never."""
    rates = {
        "purchase_rate": np.array([1e300, 1e-300, 0.0, 5.0]),
        "dropout_probability": np.array([0.5, 0.5, 0.5, 1.0]),
    }
    owner, times = bg_nbd.FAMILY.simulate_of_rates(np.random.default_rng(13), 10.0, rates)
    assert set(owner) <= {0, 3}
    assert np.sum(owner == 3) == 1
    assert np.all((times > 0) & (times <= 10))
    assert np.all(np.isfinite(bg_nbd.FAMILY.purchases_of_rates(10.0, 0.1, rates)))
    assert bg_nbd.FAMILY.purchases_of_rates(10.0, 0.1, rates)[0] == pytest.approx(2.0)
    leaving = {"purchase_rate": np.array([2.0, 2.0]), "dropout_rate": np.array([1e300, 0.0])}
    owner, times = pareto_nbd.FAMILY.simulate_of_rates(np.random.default_rng(14), 10.0, leaving)
    assert set(owner) == {1}


def test_leaving_after_one_of_many_purchases():
    """BG/NBD, λt = 400 and p = .9: the K-th of N times, K geometric, against a walk from purchase to purchase."""
    size, rate, leaves, t = 20_000, 4.0, 0.9, 100.0
    rates = {"purchase_rate": np.full(size, rate), "dropout_probability": np.full(size, leaves)}
    owner, times = bg_nbd.FAMILY.simulate_of_rates(np.random.default_rng(15), t, rates)
    last = np.zeros(size)
    np.maximum.at(last, owner, times)
    generator = np.random.default_rng(16)
    walked = generator.gamma(generator.geometric(leaves, size), 1 / rate)
    assert stats.ks_2samp(last, walked).pvalue > 1e-6


# --- money -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("x", "m"), [(0.0, np.nan), (2.0, 22.35), (29.0, 80.0)])
@pytest.mark.parametrize("n", [1.0, 3.0])
def test_sums_of_amounts_follow_their_density(x, m, n):
    """Kolmogorov-Smirnov on 20,000 sums, the distribution function by quadrature of the density; rejected at 1e-6."""
    family, size = gamma_gamma.FAMILY, 20_000
    level = family.draw_level(np.random.default_rng(21), np.full(size, x), np.full(size, m), *SPEND)
    sums = family.simulate_of_level(np.random.default_rng(22), level, np.full(size, n), *SPEND)
    edges = np.geomspace(1e-3, 1e6, 20_001)
    density = edges * np.exp(family.log_density_of_sum(edges, n, x, m, *SPEND))
    reached = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(np.log(edges)))])
    assert reached[-1] == pytest.approx(1.0, abs=1e-6)
    assert stats.kstest(sums, lambda s: np.interp(np.log(s), np.log(edges), reached)).pvalue > 1e-6
    expected = float(family.expected_spend(x, m, *SPEND))
    assert abs(z_score(level, expected)) < Z
    assert abs(z_score(sums, n * expected)) < Z


def test_levels_broadcast_and_stay_finite():
    family = gamma_gamma.FAMILY
    x, m = np.array([[0.0], [2.0]]), np.array([[np.nan], [20.0]])
    p, q, v = (value * np.array([[0.5, 1.0, 2.0]]) for value in SPEND)
    level = family.draw_level(np.random.default_rng(23), x, m, p, q, v)
    flat = [np.broadcast_to(column, (2, 3)).ravel() for column in (x, m, p, q, v)]
    assert_array_equal(level.ravel(), family.draw_level(np.random.default_rng(23), *flat))
    assert family.simulate_of_level(np.random.default_rng(24), level, 2.0, p, q, v).shape == (2, 3)
    assert np.all(np.isfinite(family.draw_level(np.random.default_rng(25), np.zeros(1000), 0.0, 1.0, 1e-3, 10.0)))
