"""BG/BB where doubles run out: long silences, long observations, and windows far ahead, against 40 digits."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from clvmodels.families import bg_bb

DIGITS = 40


def weights(x, t_x, T, alpha, beta, gamma, delta):
    """Weights of having left after t_x, ..., T − 1 periods, and of being alive: each ratio to the one before exact."""
    log_beta = lambda a, b: mpmath.loggamma(a) + mpmath.loggamma(b) - mpmath.loggamma(a + b)  # noqa: E731
    alpha, beta, gamma, delta = map(mpf, (alpha, beta, gamma, delta))
    log_first = log_beta(alpha + x, beta + t_x - x) + log_beta(gamma + 1, delta + t_x)
    weight = mpmath.exp(log_first - log_beta(alpha, beta) - log_beta(gamma, delta))
    found = []
    for j in range(t_x, T):
        found.append(weight)
        weight *= (beta + j - x) / (alpha + beta + j) * (delta + j) / (gamma + delta + 1 + j)
    return found, weight * (gamma + delta + T) / gamma


@pytest.mark.parametrize(
    ("history", "parameters"),
    [
        ((1500, 1500, 2700), (1.204, 0.750, 0.657, 2.783)),  # P(alive) is 1e-800
        ((1500, 1500, 1501), (1.204, 0.750, 0.657, 2.783)),
        ((300, 300, 2000), (80.0, 0.01, 0.001, 1e4)),
        ((0, 0, 2000), (1e-3, 1e4, 1e-3, 1e4)),
        ((4000, 5000, 5000), (1e4, 1e-3, 1e-3, 1e4)),
    ],
)
def test_long_silences(history, parameters):
    with mpmath.workdps(DIGITS):
        gone, alive = weights(*history, *parameters)
        seen = mpmath.fsum([*gone, alive])
        log_seen, log_alive = mpmath.log(seen), mpmath.log(alive / seen)
    value, gradient = bg_bb.log_likelihood(*history, *parameters)
    assert float(value) == pytest.approx(float(log_seen), rel=1e-11, abs=1e-11)
    assert np.isfinite(gradient).all()
    assert float(bg_bb.log_p_alive(*history, *parameters)) == pytest.approx(float(log_alive), rel=1e-10)
    # the draws: |z| > 5, 6e-7 each
    n = 4000
    latent = bg_bb.draw_latent(np.random.default_rng(82), *(np.full(n, float(h)) for h in history), *parameters)
    p = float(mpmath.exp(log_alive))
    assert abs(latent["alive"].mean() - p) <= 5 * np.sqrt(p * (1 - p) / n) + 1e-12
    assert all(np.isfinite(values).all() for values in latent.values())


@pytest.mark.parametrize(
    ("history", "parameters"),
    [
        ((3, 4, 6), (1.204, 0.750, 0.657, 2.783)),
        ((0, 0, 0), (1.204, 0.750, 0.657, 2.783)),
        ((6, 6, 6), (1.204, 0.750, 0.657, 2.783)),
        ((1500, 1500, 2700), (1.204, 0.750, 0.657, 2.783)),
        ((300, 300, 2000), (80.0, 0.01, 0.001, 1e4)),
        ((0, 0, 2000), (1e-3, 1e4, 1e-3, 1e4)),
    ],
)
def test_posterior_means(history, parameters):
    """Mixtures over the period in which he left: of p ~ Beta(·), θ ~ Beta(·) given each, with 40 digits."""
    (x, t_x, T), (alpha, beta, gamma, delta) = history, parameters
    with mpmath.workdps(DIGITS):
        gone, alive = weights(*history, *parameters)
        seen = mpmath.fsum([*gone, alive])
        a, c = mpf(alpha) + beta, mpf(gamma) + delta
        left = list(enumerate(gone, start=t_x))
        buys = mpmath.fsum([*(w * (alpha + x) / (a + j) for j, w in left), alive * (alpha + x) / (a + T)])
        leaves = mpmath.fsum([*(w * (gamma + 1) / (c + 1 + j) for j, w in left), alive * gamma / (c + T)])
        true = [float(buys / seen), float(leaves / seen)]
    found = bg_bb.expected_latent(*history, *parameters)
    assert [float(v) for v in found.values()] == pytest.approx(true, rel=1e-11)


@pytest.mark.parametrize("gamma", [1e-3, 0.7, 1 - 1e-9, 1.0, 1.3, 900.0])
@pytest.mark.parametrize("start", [0.0, 1e4, 1e6])
@pytest.mark.parametrize("n", [1, 3, 40])
def test_windows_far_ahead(gamma, start, n):
    """Σ over the window of B(gamma, d + j)/B(gamma, d), j after j: no digit is lost to the distance."""
    x, T, alpha, beta, delta = 3, 60, 5.0, 95.0, 300.0
    with mpmath.workdps(DIGITS):
        g, d = mpf(gamma), mpf(delta) + T
        first = mpmath.loggamma(d + start + 1) - mpmath.loggamma(g + d + start + 1) + mpmath.loggamma(g + d)
        term, total = mpmath.exp(first - mpmath.loggamma(d)), mpf(0)
        for j in range(1, n + 1):
            total += term
            term *= (d + start + j) / (g + d + start + j)
        true = float(total * (mpf(alpha) + x) / (mpf(alpha) + beta + T))
    found = bg_bb.expected_purchases_alive(float(n), start, float(x), 40.0, float(T), alpha, beta, gamma, delta)
    assert float(found) == pytest.approx(true, rel=1e-10, abs=1e-300)


def test_every_gap_of_a_block_is_summed_as_alone():
    """Rows are sorted by the length of their silence, and come back in their own order."""
    generator = np.random.default_rng(83)
    T = generator.integers(0, 200, 500).astype(float)
    t_x = np.floor(T * generator.random(500))
    x = np.minimum(np.ceil(t_x * generator.random(500)), t_x)
    x, t_x = np.where(x == 0, 0.0, x), np.where(x == 0, 0.0, t_x)
    value, gradient = bg_bb.log_likelihood(x, t_x, T, 2.0, 40.0, 1.5, 60.0)
    alive = bg_bb.log_p_alive(x, t_x, T, 2.0, 40.0, 1.5, 60.0)
    for i in range(0, 500, 7):
        one, slope = bg_bb.log_likelihood(x[i], t_x[i], T[i], 2.0, 40.0, 1.5, 60.0)
        assert value[i] == pytest.approx(float(one), rel=1e-13)
        assert gradient[:, i] == pytest.approx(slope, rel=1e-12, abs=1e-13)
        assert alive[i] == pytest.approx(float(bg_bb.log_p_alive(x[i], t_x[i], T[i], 2.0, 40.0, 1.5, 60.0)), rel=1e-12)
