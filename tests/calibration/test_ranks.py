"""Ranks where the posterior is known, of gamma rates and Poisson counts: the right one passes, wrong ones do not."""

from __future__ import annotations

import numpy as np
import pytest
from calibration.ranks import rank, uniformity

WORLDS, COUNTS, DRAWS = 2_000, 5, 99
SHAPE, RATE = 2.0, 1.0


def ranks(wrong=lambda shape, rate: (shape, rate), seed=1):
    """Ranks of the Poisson mean and of the log-likelihood, among draws of what ``wrong`` makes of the posterior."""
    generator = np.random.default_rng(seed)
    of_mean, of_likelihood = [], []
    for _ in range(WORLDS):
        mean = generator.gamma(SHAPE, 1 / RATE)
        total = generator.poisson(mean, COUNTS).sum()
        shape, rate = wrong(SHAPE + total, RATE + COUNTS)
        draws = generator.gamma(shape, 1 / rate, DRAWS)
        of_mean.append(rank(mean, draws, generator))
        likelihood = total * np.log(np.append(draws, mean)) - COUNTS * np.append(draws, mean)
        of_likelihood.append(rank(likelihood[-1], likelihood[:-1], generator))
    return np.array(of_mean), np.array(of_likelihood)


@pytest.mark.parametrize("seed", range(5))
def test_of_the_exact_posterior_are_uniform(seed):
    """Ten tests at 1e-3 and as many at 4 standard errors: fixed seeds; a right one fails once in 94 choices of them."""
    for found in map(uniformity, ranks(seed=seed)):
        assert found.p_value > 1e-3
        assert abs(found.mean - 0.5) < 4 * found.error


@pytest.mark.parametrize(
    "wrong",
    [
        lambda shape, rate: (1.5 * shape, 1.5 * rate),  # too narrow
        lambda shape, rate: (shape / 1.5, rate / 1.5),  # too wide
        lambda shape, rate: (1.1 * shape, rate),  # too high
        lambda shape, rate: (shape - 1, rate),  # another prior
    ],
)
def test_of_a_wrong_posterior_are_not(wrong):
    assert uniformity(ranks(wrong)[0]).p_value < 1e-6


def test_of_the_prior_look_well_but_not_those_of_the_likelihood():
    of_mean, of_likelihood = map(uniformity, ranks(lambda shape, rate: (SHAPE, RATE)))
    assert of_mean.p_value > 1e-3
    assert of_likelihood.p_value < 1e-6


def test_ties_are_spread_evenly():
    """A truth equal to e of L draws has e + 1 places of equal chance: uniform on (b, b + e + 1)/(L + 1)."""
    generator = np.random.default_rng(2)
    draws = np.array([1.0, 2.0, 2.0, 2.0, 3.0])
    found = np.array([rank(2.0, draws, generator) for _ in range(4_000)])
    assert found.min() >= 1 / 6
    assert found.max() <= 5 / 6
    assert uniformity((found - 1 / 6) / (4 / 6)).p_value > 1e-3
    assert 0 <= rank(0.5, draws, generator) <= 1 / 6
    assert 5 / 6 <= rank(9.0, draws, generator) <= 1


def test_uniformity_says_what_is_wrong():
    assert uniformity((np.arange(2_000) + 0.5) / 2_000).p_value == pytest.approx(1.0)
    low = uniformity(np.linspace(0, 0.5, 100))
    assert low.p_value < 1e-6
    assert low.mean == pytest.approx(0.25)
    assert low.error == pytest.approx(1 / np.sqrt(1_200))
    assert sum(uniformity([0.0, 1.0]).counts) == 2
