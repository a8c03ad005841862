"""The probability of being best against quadrature to 20 digits and the distribution of all differences."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from scipy import stats

from clvmodels.experiments.best import probability_of_best

approx = pytest.approx


def by_distribution(means, covariance):
    """P(every difference to the best is below 0), from scipy's distribution of the differences."""
    means, covariance, k = np.asarray(means), np.asarray(covariance), len(means)
    result = []
    for best in range(k):
        others = [i for i in range(k) if i != best]
        to_differences = np.eye(k)[others] - np.eye(k)[best]
        law = stats.multivariate_normal(
            to_differences @ means, to_differences @ covariance @ to_differences.T, abseps=1e-5, releps=1e-5, seed=1
        )
        result.append(law.cdf(np.zeros(k - 1)))
    return np.array(result)


@pytest.mark.parametrize(
    ("means", "deviations"),
    [
        ([10.0, 11.0, 11.5], [0.5, 0.5, 1.0]),
        ([1.0, 1.0, 1.0, 1.0], [0.2, 0.2, 0.2, 0.2]),
        ([5.0, 5.1, 4.0], [1e-3, 2.0, 0.3]),  # one arm is known a thousand times better than another
        ([100.0, 0.0, 99.0], [1.0, 50.0, 1e-6]),
    ],
)
def test_independent_arms_by_the_integral_to_20_digits(means, deviations):
    found = probability_of_best(means, np.diag(np.square(deviations)))
    with mpmath.workdps(20):
        for i, (m, s) in enumerate(zip(means, deviations, strict=True)):
            others = [(n, t) for j, (n, t) in enumerate(zip(means, deviations, strict=True)) if j != i]

            def integrand(x, m=m, s=s, others=others):
                return mpmath.npdf(x, m, s) * mpmath.fprod(mpmath.ncdf(x, n, t) for n, t in others)

            ends = sorted(
                {m + z * s for z in range(-12, 13, 3)} | {n + z * t for n, t in others for z in range(-12, 13)}
            )
            ends = [x for x in ends if abs(x - m) <= 12 * s]
            assert found[i] == approx(float(mpmath.quad(integrand, ends)), abs=1e-12)
    assert found.sum() == approx(1.0, abs=1e-12)


def test_two_arms_correlated_or_not_are_one_difference():
    covariance = np.array([[0.5, 0.3], [0.3, 0.4]])
    found = probability_of_best([1.0, 1.4], covariance)
    assert found[1] == approx(stats.norm.cdf(0.4 / math.sqrt(0.9 - 0.6)), rel=1e-14)
    assert found.sum() == approx(1.0, abs=1e-15)


@pytest.mark.parametrize("seed", [0, 1])
def test_correlated_arms_by_the_distribution_of_their_differences(seed):
    """Within four standard errors of 2^20 draws: a false-alarm rate of 6e-5 a number."""
    means = np.array([1.0, 1.2, 0.9, 1.1])
    root = np.random.default_rng(3).normal(size=(4, 4)) * 0.3
    covariance = root @ root.T
    found, expected = probability_of_best(means, covariance, seed), by_distribution(means, covariance)
    assert np.all(np.abs(found - expected) < 4 * np.sqrt(expected * (1 - expected) / 2**20) + 3e-5)
    assert found.sum() == approx(1.0, abs=1e-12)
    assert np.abs(expected - by_distribution(means, np.diag(np.diag(covariance)))).max() > 0.01  # it matters


def test_draws_agree_with_quadrature_where_correlation_is_next_to_nothing():
    means, covariance = np.array([1.0, 1.2, 0.9]), np.diag([0.1, 0.2, 0.3])
    nearly = covariance + 1e-12
    assert probability_of_best(means, nearly) == approx(probability_of_best(means, covariance), abs=2.5e-3)
    assert np.array_equal(probability_of_best(means, nearly, 5), probability_of_best(means, nearly, 5))


def test_arms_that_are_known_exactly():
    assert probability_of_best([2.0], [[0.5]]).tolist() == [1.0]
    assert probability_of_best([1.0, 1.0], np.zeros((2, 2))).tolist() == [0.5, 0.5]
    assert probability_of_best([1.0, 2.0], np.zeros((2, 2))).tolist() == [0.0, 1.0]
    assert probability_of_best([3.0, 1.0, 3.0], np.zeros((3, 3))).tolist() == [0.5, 0.0, 0.5]
    found = probability_of_best([0.0, 0.0, -1.0, 0.5], np.diag([0.0, 0.0, 0.0, 1.0]))
    assert found == approx([stats.norm.cdf(-0.5) / 2] * 2 + [0.0, stats.norm.cdf(0.5)], abs=1e-13)


def test_what_is_not_known_has_no_probability():
    assert np.all(np.isnan(probability_of_best([1.0, np.nan], np.eye(2))))
    assert np.all(np.isnan(probability_of_best([1.0, 2.0, 3.0], np.diag([1.0, np.inf, 1.0]))))
