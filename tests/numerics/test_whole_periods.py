"""What happens in whole periods, against 40-digit sums over the periods, and quantiles where a probability is q."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from numpy.testing import assert_array_equal

from clvmodels.numerics import whole_periods

DIGITS = 40
Z = 5.0  # of the tests with simulation, fixed seeds: one true law in 1.7 million is rejected
DONATIONS = (1.204, 0.750, 0.657, 2.783)
ENDS = [
    DONATIONS,
    (1e-3, 1e-3, 1e-3, 1e-3),
    (1e4, 1e4, 1e4, 1e4),
    (1e-3, 1e4, 1e-3, 1e4),
    (1e4, 1e-3, 1e-3, 1e4),
    (1e4, 3e3, 1e-3, 1e4),
    (5.0, 95.0, 2.25, 300.0),
    (0.02, 3.0, 1e4, 1e-3),
]


def periods_of_purchase(n, t, a, b, gamma, d):
    """P(purchase n + 1 in period j), j = n + 1 .. t, from Beta functions and the exact ratio of two neighbours."""
    a, b, gamma, d = map(mpf, (a, b, gamma, d))
    log_beta = lambda u, v: mpmath.loggamma(u) + mpmath.loggamma(v) - mpmath.loggamma(u + v)  # noqa: E731
    log_first = log_beta(a + n + 1, b) - log_beta(a, b) + log_beta(gamma, d + n + 1) - log_beta(gamma, d)
    term = mpmath.exp(log_first)
    for j in range(n + 1, t + 1):
        yield term
        term *= mpf(j) / (j - n) * (b + j - 1 - n) / (a + b + j) * (d + j) / (gamma + d + j)


@pytest.mark.parametrize("n", [0, 1, 7, 400])
@pytest.mark.parametrize("values", ENDS)
def test_more_than_n(n, values):
    """Short sums, the longest that is added up, the shortest that is not, and long ones, all in one block."""
    ahead = np.array([0.0, 1, 2, 63, 127, 128, 129, 130, 192, 500, 4000])
    with mpmath.workdps(DIGITS):
        sums, total = [mpf(0)], mpf(0)
        for term in periods_of_purchase(n, n + 4000, *values):
            total += term
            sums.append(total)
        true = [float(sums[int(k)]) for k in ahead]
    found = whole_periods.more_than(float(n), n + ahead + 0.5, *values)
    np.testing.assert_allclose(found, true, rtol=1e-10, atol=1e-290)


def test_fewer_periods_than_purchases():
    assert_array_equal(whole_periods.more_than(np.array([3.0, 3.0, 0.0]), np.array([3.0, 0.0, 0.9]), *DONATIONS), 0.0)


@pytest.mark.parametrize("n", [0, 3, 1000, 10**6, 10**12])
@pytest.mark.parametrize("values", [DONATIONS, (5.0, 95.0, 0.05, 300.0), (400.0, 300.0, 0.3, 2.0)])
def test_more_than_n_ever(n, values):
    """E[(p(1 − θ)/(θ + p(1 − θ)))^(n + 1)], over draws of both."""
    a, b, gamma, d = values
    generator = np.random.default_rng(91)
    p, theta = generator.beta(a, b, 400_000), generator.beta(gamma, d, 400_000)
    with np.errstate(divide="ignore"):
        kept = np.exp(-(n + 1) * np.log1p(theta / (p * (1 - theta))))
    found = float(whole_periods.more_than(float(n), np.inf, *values))
    # what is averaged lies in [0, 1], so its variance is at most that of a yes or no
    assert abs(found - kept.mean()) < Z * math.sqrt(found * (1 - found) / len(kept)) + Z / len(kept)
    later = [float(whole_periods.more_than(float(n), t, *values)) for t in (1e3, 1e6, 1e20, 1e200)]
    assert np.all(np.diff(later) >= -1e-11 * found)
    assert later[-1] == pytest.approx(found, rel=1e-8)


@pytest.mark.parametrize("values", [(0.3, 20.0, 0.4, 30.0), ENDS[1], ENDS[3], (1.2, 900.0, 0.6, 500.0)])
@pytest.mark.parametrize("k", [1, 2, 5, 127, 128, 129, 300])
def test_the_period_at_which_a_share_is_reached(k, values):
    """With q a little below, at, and a little above P(purchase within k periods)/P(ever)."""
    with mpmath.workdps(DIGITS):
        come = mpmath.fsum(periods_of_purchase(0, k, *values))
        step = mpmath.fsum([*periods_of_purchase(0, k + 1, *values)][-1:])
    ever = float(whole_periods.more_than(0.0, np.inf, *values))
    share = float(come) / ever
    width = float(step) / ever
    assert width > 1e-7, "a double q does not tell the steps apart"
    assert share < 0.99
    q = np.array([share - 0.01 * width, share, share + 0.01 * width])
    assert_array_equal(whole_periods.time_of_purchase(q, *values), [k, k, k + 1])


@pytest.mark.parametrize(("gamma", "d"), [(0.657, 2.783), (1.0, 1.0), (1e-3, 1e4), (40.0, 300.0), (1.0, 3.0)])
@pytest.mark.parametrize("k", [1, 2, 7, 30, 99])
def test_the_period_at_which_a_share_has_left(gamma, d, k):
    with mpmath.workdps(DIGITS):
        kept = [mpmath.beta(gamma, mpf(d) + j) / mpmath.beta(gamma, d) for j in (k, k + 1)]
        share, width = float(1 - kept[0]), float(kept[0] - kept[1])
    assert share < 1 - 1e-5
    q = np.array([share - 0.01 * width, share, share + 0.01 * width])
    assert_array_equal(whole_periods.lifetime(q, gamma, d), [k, k, k + 1])


def test_shares_at_the_ends():
    q = np.array([0.0, 1e-300, 1 - 1e-16])
    assert_array_equal(whole_periods.lifetime(q, 0.01, 2.0), [0.0, 1.0, np.inf])
    assert_array_equal(whole_periods.time_of_purchase(q, 0.005, 2.0, 0.01, 2.0), [0.0, 1.0, np.inf])
    late = whole_periods.time_of_purchase(np.array([0.9, 0.99]), 0.05, 5.0, 0.05, 5.0)
    assert np.all(np.isfinite(late))
    for q, t in zip((0.9, 0.99), late, strict=True):  # beyond what is looked at one by one: what comes later, a power
        there = whole_periods.more_than(0.0, t, 0.05, 5.0, 0.05, 5.0)
        assert there / whole_periods.more_than(0.0, np.inf, 0.05, 5.0, 0.05, 5.0) == pytest.approx(q, rel=1e-8)


def test_rows_do_not_depend_on_their_neighbours():
    generator = np.random.default_rng(92)
    values = [10 ** generator.uniform(-2, 3, 700) for _ in range(4)]
    q, n = generator.random(700), np.floor(10 ** generator.uniform(0, 3, 700))
    t = np.where(generator.random(700) < 0.2, np.inf, np.floor(n * generator.uniform(1, 5, 700)))
    together = whole_periods.more_than(n, t, *values), whole_periods.time_of_purchase(q, *values)
    for i in range(0, 700, 23):
        each = [v[i] for v in values]
        alone = float(whole_periods.more_than(n[i], t[i], *each))
        assert together[0][i] == pytest.approx(alone, rel=1e-10, abs=1e-290)
        assert together[1][i] == pytest.approx(float(whole_periods.time_of_purchase(q[i], *each)), rel=1e-10)
