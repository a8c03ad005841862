"""Diagnostics of draws against their formulas and against cases whose answer is known."""

import numpy as np
import pytest

from clvmodels.inference.diagnostics import bulk_and_tail_ess, k_hat_and_smoothed, r_hat, weighted_ess


@pytest.mark.parametrize("k", [0.3, 0.7, 1.2])
def test_k_hat_is_the_tail_index(k):
    """Weights u^−k have the tail index k; the estimate from 424 tail values is off by .15 in one of 1,000 cases."""
    weights = np.random.default_rng(1).random(20_000) ** -k
    found, smoothed = k_hat_and_smoothed(np.log(weights) + 500.0)
    assert found == pytest.approx(k, abs=0.15)
    assert smoothed.sum() == pytest.approx(1)
    assert np.all(np.argsort(smoothed[:50]) == np.argsort(weights[:50]))  # great weights stay great


def test_bounded_weights_have_a_negative_k_hat():
    assert k_hat_and_smoothed(np.log(np.random.default_rng(1).random(4000)))[0] < 0


def test_weights_that_cannot_be_computed():
    log_weights = np.log(np.random.default_rng(1).random(2000))
    log_weights[:10] = -np.inf
    found, smoothed = k_hat_and_smoothed(log_weights)
    assert found < 0.5
    assert np.all(smoothed[:10] == 0)
    assert k_hat_and_smoothed(np.full(2000, -np.inf))[0] == np.inf


def test_weighted_ess_is_the_formula():
    generator = np.random.default_rng(2)
    draws, weights = generator.normal(size=(300, 2)), generator.random(300)
    share = weights / weights.sum()
    for j in range(2):
        mean = sum(w * d for w, d in zip(share, draws[:, j], strict=True))
        above = sum(w * (d - mean) ** 2 for w, d in zip(share, draws[:, j], strict=True))
        below = sum(w**2 * (d - mean) ** 2 for w, d in zip(share, draws[:, j], strict=True))
        assert weighted_ess(weights, draws)[j] == pytest.approx(above / below)
    assert weighted_ess(np.ones(300), draws) == pytest.approx([300, 300])
    assert np.all(np.isfinite(weighted_ess(weights, draws * 1e300)))


def test_weighted_ess_is_variance_over_squared_error():
    """Means of 400 repeated importance samples scatter as the formula says, to 15 % (a fifth of the χ² tolerance)."""
    generator = np.random.default_rng(3)
    means, told = [], []
    for _ in range(400):
        draws = generator.normal(scale=1.5, size=(500, 1))
        weights = np.exp(-(draws[:, 0] ** 2) / 2 + draws[:, 0] ** 2 / 4.5)
        means.append(np.sum(weights * draws[:, 0]) / weights.sum())
        told.append(weighted_ess(weights, draws)[0])
    assert 1 / np.var(means) == pytest.approx(np.mean(told), rel=0.25)


def test_chains_that_agree_and_chains_that_do_not():
    draws = np.random.default_rng(4).normal(size=(4, 500, 2))
    assert r_hat(draws) == pytest.approx([1, 1], abs=0.01)
    draws[0, :, 1] += 2
    assert r_hat(draws)[0] < 1.01
    assert r_hat(draws)[1] > 1.2


def test_ess_of_an_autoregression():
    """n (1 − ρ)/(1 + ρ) for the middle of an AR(1) chain."""
    generator, rho = np.random.default_rng(5), 0.8
    steps = generator.normal(size=(4, 4000))
    chain = np.zeros((4, 4000, 1))
    chain[:, 0, 0] = steps[:, 0] / np.sqrt(1 - rho**2)
    for t in range(1, 4000):
        chain[:, t, 0] = rho * chain[:, t - 1, 0] + steps[:, t]
    bulk, tail = bulk_and_tail_ess(chain)
    assert bulk[0] == pytest.approx(16_000 * (1 - rho) / (1 + rho), rel=0.25)
    assert 0 < tail[0] < 16_000
