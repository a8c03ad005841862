"""Means over simulated customers of the same T, against the closed forms of the NBD."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from clvmodels.families import purchase_family, spend_family
from clvmodels.validation import same_age
from clvmodels.validation.same_age import Deviation

NBD = purchase_family("nbd")
R, ALPHA = 0.385, 12.072


@pytest.fixture(scope="module")
def simulated():
    return same_age.purchases(NBD, (R, ALPHA), np.linspace(5, 90, 2000), 1)


def test_enough_customers_are_simulated_for_each_age(simulated):
    x = simulated.values["frequency"]
    assert x.shape == (17, 2000)
    assert simulated.gradients.shape == (2, 17, 2000)
    assert (
        same_age.purchases(NBD, (R, ALPHA), np.linspace(5, 90, 150), 1).values["frequency"].size >= same_age.SIMULATED
    )


def test_mean_and_errors_are_those_of_the_negative_binomial(simulated):
    """x has mean r T/alpha and variance m + m²/r; 34,000 draws tell the mean to 1.5 %, the spread to about 3 %."""
    m = R * simulated.ages / ALPHA
    found = same_age.deviation(1.0, 500, simulated.values["frequency"], simulated.gradients, None)
    variance = float(np.mean(m + m**2 / R))
    assert found.expected == pytest.approx(m.mean(), rel=0.05)
    assert found.spread == pytest.approx(math.sqrt(variance), rel=0.1)
    assert found.standard_error == pytest.approx(found.spread * math.sqrt(1 / 500 + 1 / simulated.ages.size / 17))
    # dE[x]/d ln alpha = -m, dE[x]/d ln r = m: with errors of alpha alone the mean has the error m·e
    covariance = np.diag([0.0, 0.3**2])
    more = same_age.deviation(1.0, 1e12, simulated.values["frequency"], simulated.gradients, covariance, exact=1.0)
    assert more.standard_error == pytest.approx(0.3 * m.mean(), rel=0.1)


def test_surprise_is_the_probability_of_the_count(simulated):
    x, T = np.array([0.0, 1.0, 7.0]), np.array([3.0, 20.0, 80.0])
    value = NBD.log_likelihood(x, 0 * x, T, R, ALPHA)[0] if len(NBD.statistics) == 3 else NBD.log_likelihood(
        x, T, R, ALPHA)[0]  # fmt: skip
    expected = stats.nbinom.logpmf(x, R, ALPHA / (ALPHA + T))
    np.testing.assert_allclose(same_age.surprise(NBD, x, T, value), expected, rtol=1e-10)


def test_the_pace_of_the_nbd(simulated):
    """ln alpha moved by δ shifts the score of ln alpha by about J δ: `moved` gives δ back."""
    flat = simulated.gradients.reshape(2, -1)
    information = flat @ flat.T / flat.shape[1]
    delta = 0.05
    score = same_age.score_of(information @ np.array([0.0, delta]), 1000, simulated.gradients, None)
    moved, error = score.moved(np.array([0.0, 1.0]))
    assert moved == pytest.approx(delta)
    assert error == pytest.approx(1 / math.sqrt(1000 * information[1, 1]))
    assert score.size == pytest.approx(delta * math.sqrt(information[1, 1]))
    assert score.p_value == pytest.approx(stats.chi2.sf(1000 * delta**2 * information[1, 1], 2))


def test_lopsided_means_have_lopsided_p_values():
    plain, right = (Deviation(3.3, 0.0, 1.0, 1.0, skewness) for skewness in (0.0, 0.3))
    assert plain.p_value == pytest.approx(2 * stats.norm.sf(3.3))
    assert right.p_value == pytest.approx(2 * stats.pearson3.sf(3.3, 0.3))
    low = Deviation(-3.3, 0.0, 1.0, 1.0, 0.3)
    assert low.p_value == pytest.approx(2 * stats.pearson3.cdf(-3.3, 0.3))
    mirrored = Deviation(-3.3, 0.0, 1.0, 1.0, -0.3)
    assert mirrored.p_value == pytest.approx(right.p_value)
    assert Deviation(1.0, 0.0, 0.0, 0.0).z == math.inf
    assert Deviation(1.0, 0.0, 0.0, 0.0).p_value == 0


def test_amounts_have_the_population_mean():
    """Given x the mean spend is p v/(q − 1) for every x; its logarithm has the mean of the gamma laws."""
    family = spend_family("gamma_gamma")
    x = np.repeat([1.0, 2.0, 10.0], 500)
    found = same_age.amounts(family, (6.25, 3.74, 15.44), x, 3)
    assert found.values["monetary_value"].mean() == pytest.approx(6.25 * 15.44 / 2.74, rel=0.02)
    from scipy.special import digamma

    expected = np.mean(digamma(6.25 * x) - np.log(x)) - digamma(3.74) + math.log(15.44)
    assert found.values["log_spend"].mean() == pytest.approx(expected, abs=0.02)


def test_ages_are_drawn_evenly_with_weights():
    values, weights = np.array([5.0, 1.0, 3.0]), np.array([1.0, 2.0, 4.0])
    assert same_age.evenly(values, weights).tolist() == [1, 1, 3, 3, 3, 3, 5]
    many = same_age.evenly(np.arange(10.0), np.full(10, 1000.0), most=100)
    assert many.tolist() == np.repeat(np.arange(10.0), 10).tolist()
