"""Scores and calibration of whole distributions: brute sums, scoringrules, exact enumeration, simulated worlds."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import scoringrules
from scipy import stats

from clvmodels.validation.metrics.distributions import (
    coverage,
    crps_mean,
    crps_poisson,
    interval_width,
    log_score,
    pit_histogram,
    pit_uniformity,
    randomised_pit,
)

N = np.arange(400)


def crps_from_definition(pmf: np.ndarray, y: int) -> float:
    return float(np.sum((np.cumsum(pmf) - (y <= np.arange(len(pmf)))) ** 2))


@pytest.mark.parametrize("mean", [1e-12, 1e-3, 0.2, 1.0, 7.5, 60.0, 140.0])
@pytest.mark.parametrize("y", [0, 1, 2, 9, 70, 200])
def test_crps_of_poisson_is_its_definition(mean: float, y: int) -> None:
    want = crps_from_definition(stats.poisson(mean).pmf(N), y)
    assert crps_poisson([y], [mean])[0] == pytest.approx(want, rel=1e-10, abs=1e-13)


def test_scoringrules_agrees() -> None:
    generator = np.random.default_rng(3)
    y, mean = generator.poisson(3, 300), generator.gamma(1, 3, 300)
    np.testing.assert_allclose(crps_poisson(y, mean), scoringrules.crps_poisson(y, mean), rtol=1e-9, atol=1e-12)


def test_crps_of_poisson_at_the_ends() -> None:
    np.testing.assert_allclose(crps_poisson([0, 4], [0.0, 0.0]), [0, 4])
    mpmath.mp.dps = 40
    y, mu = 1_000_200, mpmath.mpf(1_000_000)
    lower = mpmath.gammainc(y + 1, mu, mpmath.inf, regularized=True)
    density = mpmath.exp(y * mpmath.log(mu) - mu - mpmath.loggamma(y + 1))
    bessel = mpmath.exp(-2 * mu) * (mpmath.besseli(0, 2 * mu) + mpmath.besseli(1, 2 * mu))
    want = (y - mu) * (2 * lower - 1) + 2 * mu * density - mu * bessel
    assert crps_poisson([y], [1e6])[0] == pytest.approx(float(want), rel=1e-6)


GRID = [(mean, shape) for mean in (0.3, 0.5, 0.8, 1.2) for shape in (0.2, 0.5, 1.0, 5.0)]


def nbd(mean: float, shape: float) -> np.ndarray:
    return np.asarray(stats.nbinom(shape, shape / (shape + mean)).pmf(N))


@pytest.mark.parametrize("truth", GRID)
def test_the_truth_has_the_best_expected_scores(truth: tuple[float, float]) -> None:
    """Expected scores by summing over all counts; every other law of the grid is worse."""
    pmf = nbd(*truth)

    def log(other: np.ndarray) -> float:
        return float(np.sum(pmf * [log_score([p]) for p in np.maximum(other, 1e-300)]))

    def crps(other: np.ndarray) -> float:
        return float(np.sum(pmf[:80] * [crps_mean([crps_from_definition(other, n)]) for n in range(80)]))

    for other in GRID:
        if other != truth:
            assert log(nbd(*other)) > log(pmf)
            assert crps(nbd(*other)) > crps(pmf)


def test_impossible_outcome() -> None:
    assert log_score([0.5, 0.0]) == math.inf
    assert math.copysign(1, log_score([1.0])) == 1


def test_both_ends_belong_to_the_interval() -> None:
    assert coverage([1, 3, 0, 4], [1, 1, 1, 1], [3, 3, 3, 3]) == 0.5
    assert interval_width([1, 2], [3, 2]) == 1


def steps(pmf_of: stats.rv_frozen, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.where(y > 0, pmf_of.cdf(y - 1), 0.0), pmf_of.pmf(y)


@pytest.mark.parametrize("bins", [1, 2, 7, 10])
def test_histogram_is_flat_in_expectation(bins: int) -> None:
    """Averaged over all outcomes with their probabilities, each bin has exactly its share."""
    law = stats.nbinom(0.5, 0.3)
    below, probability = steps(law, N)
    heights = sum(p * pit_histogram([b], [p], bins)["height"] for b, p in zip(below, probability, strict=True) if p > 0)
    np.testing.assert_allclose(heights, 1, atol=1e-12)


def test_histogram_is_the_mean_over_randomisations() -> None:
    generator = np.random.default_rng(7)
    y = generator.poisson(0.8, 50)
    below, probability = steps(stats.poisson(1.0), y)
    drawn = np.concatenate([randomised_pit(below, probability, seed) for seed in range(4000)])
    counts, _ = np.histogram(drawn, bins=10, range=(0, 1))
    # 200,000 draws: the standard error of a height is below 0.007
    np.testing.assert_allclose(counts / len(drawn) * 10, pit_histogram(below, probability)["height"], atol=0.03)


def test_histogram_holds_every_customer() -> None:
    found = pit_histogram([0.0, 1.0, 0.5, 0.5], [0.0, 0.0, 0.0, 0.5], bins=2)
    np.testing.assert_allclose(found["height"], [0.5, 1.5])
    np.testing.assert_allclose(np.concatenate([found["low"], found["high"][-1:]]), [0, 0.5, 1])


def test_randomised_transform_lies_in_its_step_and_repeats() -> None:
    below, probability = np.array([0.0, 0.7, 0.9]), np.array([0.7, 0.2, 0.1])
    one, again = randomised_pit(below, probability, 4), randomised_pit(below, probability, 4)
    assert np.all(one == again)
    assert np.all((below <= one) & (one <= below + probability))
    assert np.any(one != randomised_pit(below, probability, 5))


def worlds(seed: int, n: int, n_worlds: int, factor: float) -> np.ndarray:
    """p-values of forecasts whose means are ``factor`` times the true ones, of customers as lumpy as CDNOW's."""
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(n_worlds):
        mean = generator.gamma(0.4, 2, n) * np.where(generator.random(n) < 0.6, 0.2, 1) + 0.01
        y = generator.negative_binomial(0.5, 0.5 / (0.5 + mean))
        found.append(pit_uniformity(*steps(stats.nbinom(0.5, 0.5 / (0.5 + factor * mean)), y)))
    return np.array(found)


def test_right_forecasts_are_rarely_refused() -> None:
    """600 worlds of 500: 30 refusals expected at 5 %; outside 16 to 47 with probability 0.003 (binomial)."""
    refused = int(np.sum(worlds(11, 500, 600, 1.0) < 0.05))
    assert 16 <= refused <= 47


def test_wrong_forecasts_are_refused() -> None:
    assert np.mean(worlds(12, 2357, 60, 0.75) < 0.05) > 0.9
    assert np.mean(worlds(13, 2357, 60, 1.4) < 0.05) > 0.9


@pytest.mark.study
@pytest.mark.parametrize(("n", "most"), [(50, 0.085), (200, 0.065), (2357, 0.062)])
def test_false_alarm_rate_of_uniformity(n: int, most: float) -> None:
    """4,000 worlds: the standard error of a rate of 5 % is 0.35 points."""
    rate = float(np.mean(worlds(21, n, 4000, 1.0) < 0.05))
    assert 0.038 < rate < most


def test_uniformity_needs_neither_chance_nor_order() -> None:
    generator = np.random.default_rng(9)
    y = generator.poisson(1, 300)
    below, probability = steps(stats.poisson(1.05), y)
    turned = generator.permutation(300)
    one = pit_uniformity(below, probability)
    assert pit_uniformity(below[turned], probability[turned]) == pytest.approx(one, rel=1e-9)


def test_uniformity_where_there_is_little_to_see() -> None:
    assert math.isnan(pit_uniformity([0.0, 0.5], [0.5, 0.5]))
    # certain forecasts that come true, and that do not
    assert pit_uniformity([0.0] * 4, [1.0] * 4) == 1.0
    assert pit_uniformity([1.0] * 4, [0.0] * 4) == 0.0
    # everyone has the same coin: the test of a share of one half, t = 0.2/√(1.2/5) with 4 degrees of freedom
    heads = [0.5, 0.0, 0.5, 0.0, 0.5]
    assert pit_uniformity(heads, [0.5] * 5) == pytest.approx(2 * stats.t(4).sf(0.2 / math.sqrt(0.24)))
