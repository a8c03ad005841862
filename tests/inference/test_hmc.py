"""Hamiltonian Monte Carlo: the integrator's mathematics, invariance of the density, and densities that are known.

A known density is given by its way to independent standard normals; draws are right if the shares below 5, 25, 50, 75
and 95 % of each of these are what they must be, within 4 Monte-Carlo errors. The seeds are fixed; a right sampler
would fail with about one seed in 1,000 per density (10 to 20 correlated comparisons at 6e-5 each).
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from arviz_stats.base import array_stats
from scipy import stats

import clvmodels as clv
from clvmodels.inference import hmc
from clvmodels.inference.log_posterior import LogPosterior
from clvmodels.inference.maximum_likelihood import differences
from clvmodels.inference.patterns import merge
from clvmodels.inference.priors import coordinates_of

approx = pytest.approx
SHARES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])

CORRELATED = np.array([[1.0, 0.99 * 30, 0.0], [0.99 * 30, 900.0, 0.01], [0.0, 0.01, 1e-4]])
ROOT = np.linalg.cholesky(CORRELATED)
PRECISION = np.linalg.inv(CORRELATED)


def normal(q):
    return float(-q @ PRECISION @ q / 2), -PRECISION @ q


def banana(q):
    """q0 ~ N(0, 1), q1 | q0 ~ N(q0², 1)."""
    off = q[1] - q[0] ** 2
    return float(-(q[0] ** 2) / 2 - off * off / 2), np.array([-q[0] + 2 * q[0] * off, -off])


def funnel(q):
    """q0 ~ N(0, 1), q1 | q0 ~ N(0, e^(2·q0·.6))."""
    z = q[1] * math.exp(-0.6 * q[0])
    return -(q[0] ** 2) / 2 - 0.6 * q[0] - z * z / 2, np.array([-q[0] - 0.6 + 0.6 * z * z, -z * math.exp(-0.6 * q[0])])


def heavy(q):
    """Independent Student t with 4 degrees of freedom."""
    return float(-2.5 * np.log1p(q**2 / 4).sum()), -5 * q / (4 + q**2)


def half(q):
    """A standard normal above −3, which is not defined elsewhere."""
    return (-float(q @ q) / 2, -q) if q[0] > -3 else (math.nan, np.full(1, math.nan))


def below_half(draws):
    cut = stats.norm.cdf(-3)
    return stats.norm.ppf((stats.norm.cdf(draws) - cut) / (1 - cut))


KNOWN = {
    "normal": (normal, np.zeros(3), lambda d: d @ np.linalg.inv(ROOT).T),
    "banana": (banana, np.zeros(2), lambda d: np.stack([d[..., 0], d[..., 1] - d[..., 0] ** 2], axis=-1)),
    "funnel": (
        funnel,
        np.array([-0.6, 0.0]),
        lambda d: np.stack([d[..., 0], d[..., 1] * np.exp(-0.6 * d[..., 0])], axis=-1),
    ),
    "heavy": (heavy, np.zeros(2), lambda d: stats.norm.ppf(stats.t.cdf(d, 4))),
}


def hessian_at(density, mode):
    return differences(lambda at: -density(at)[1], mode)


def worst_share(normals):
    """The largest |share − what it must be| in Monte-Carlo errors; normals of shape (chains, draws, k)."""
    found = []
    for j in range(normals.shape[2]):
        for share in SHARES:
            below = (normals[:, :, j] < stats.norm.ppf(share)).astype(float)
            effective = array_stats.ess(below, chain_axis=0, draw_axis=1, method="mean")
            found.append(abs(below.mean() - share) / math.sqrt(share * (1 - share) / effective))
    return max(found)


@pytest.mark.parametrize("name", KNOWN)
def test_known_densities(name):
    density, mode, to_normals = KNOWN[name]
    found = hmc.sample(density, mode, hessian_at(density, mode), 1500, 4, np.random.default_rng(2011))
    assert found.draws.shape == (4, 1500, len(mode))
    assert worst_share(to_normals(found.draws)) < 4
    assert 0.75 < found.acceptance < 0.99
    assert found.passes < 4 * 1725 * 12
    for j in range(len(mode)):
        assert array_stats.rhat(found.draws[:, :, j], chain_axis=0, draw_axis=1) < 1.01


def test_a_misleading_hessian_is_put_right_by_the_warm_up():
    """One that is wrong by factors of 100 and 1/100 in two directions costs few gradients after the warm-up."""
    wrong = np.diag([100.0, 1.0, 0.01])
    found = hmc.sample(lambda q: (-float(q @ q) / 2, -q), np.zeros(3), wrong, 1500, 4, np.random.default_rng(1))
    assert worst_share(found.draws) < 4
    settled = hmc.sample(lambda q: (-float(q @ q) / 2, -q), np.zeros(3), np.eye(3), 1500, 4, np.random.default_rng(1))
    warm_up = 4 * 225 * 256
    assert found.passes < warm_up
    assert found.passes < 12 * settled.passes


@pytest.mark.parametrize("density", [banana, funnel, heavy])
def test_trajectories_are_reversible(density):
    generator = np.random.default_rng(5)
    for _ in range(20):
        start, momentum = hmc.state_at(density, generator.normal(size=2)), generator.normal(size=2)
        there, final = hmc.leapfrog(density, start, momentum, 0.1, 17)
        assert np.abs(there.position - start.position).max() > 0.1
        back, again = hmc.leapfrog(density, there, -final, 0.1, 17)
        assert back.position == approx(start.position, abs=1e-10)
        assert again == approx(-momentum, abs=1e-10)


def test_trajectories_keep_volumes():
    """The determinant of the map (position, momentum) -> (position, momentum) is 1."""
    point, h = np.array([0.7, 0.9, -0.4, 1.1]), 1e-5

    def moved(z):
        state, momentum = hmc.leapfrog(banana, hmc.state_at(banana, z[:2]), z[2:], 0.2, 9)
        return np.concatenate([state.position, momentum])

    jacobian = np.array([(moved(point + h * e) - moved(point - h * e)) / (2 * h) for e in np.eye(4)])
    assert np.abs(jacobian - np.eye(4)).max() > 0.5
    assert np.linalg.det(jacobian) == approx(1, abs=1e-6)


def test_the_energy_error_falls_with_the_square_of_the_step():
    start, momentum = hmc.state_at(banana, np.array([0.7, 0.9])), np.array([-0.4, 1.1])

    def error(steps):
        state, final = hmc.leapfrog(banana, start, momentum, 1.5 / steps, steps)
        return state.value - start.value + (momentum @ momentum - final @ final) / 2

    assert error(100) / error(200) == approx(4, rel=0.02)
    assert abs(error(200)) < 1e-3


@pytest.mark.parametrize("step", [0.4, 0.6])
def test_one_transition_leaves_the_density_as_it_is(step):
    """20,000 exact draws of the banana, moved by coarse steps: exact draws again, at a false-alarm rate of 3e-6."""
    generator, n = np.random.default_rng(17), 20_000
    normals = generator.normal(size=(n, 2))
    starts = np.column_stack([normals[:, 0], normals[:, 0] ** 2 + normals[:, 1]])
    moved, probabilities = np.empty((n, 2)), np.empty(n)
    for i, start in enumerate(starts):
        state, probabilities[i], _ = hmc.transition(banana, hmc.state_at(banana, start), step, generator)
        moved[i] = state.position
    assert 0.3 < probabilities.mean() < 0.9  # coarse enough that it matters whether rejection is right
    assert np.mean(np.any(moved != starts, axis=1)) == approx(probabilities.mean(), abs=0.02)
    after = KNOWN["banana"][2](moved)
    for column in (*after.T, (after**2).sum(axis=1)):
        cdf = stats.chi2(2).cdf if column.min() >= 0 else stats.norm.cdf
        assert stats.kstest(column, cdf).pvalue > 1e-6


def test_where_the_density_is_undefined_nobody_goes():
    found = hmc.sample(half, np.zeros(1), np.eye(1), 1000, 4, np.random.default_rng(4))
    assert found.draws.min() > -3
    assert worst_share(below_half(found.draws)) < 4
    assert found.divergent > 0  # trajectories that ended there are told


def test_the_same_generator_gives_the_same_draws_and_chains_differ():
    one, other = (hmc.sample(banana, np.zeros(2), np.eye(2), 50, 3, np.random.default_rng(8)) for _ in range(2))
    assert np.array_equal(one.draws, other.draws)
    assert len(np.unique(one.draws[:, -1, 0])) == 3


def test_progress_is_told_chain_by_chain():
    told = []
    hmc.sample(banana, np.zeros(2), np.eye(2), 5, 2, np.random.default_rng(8), told.append)
    assert told == [f"chain {i} of 2: {what}" for what in ("warm-up", "draws") for i in (1, 2)]


def test_a_posterior_of_few_customers_by_quadrature():
    """NBD, 60 customers: means, standard deviations and correlation on a grid of the definition, within 4 MC errors.

    A right sampler would fail with about one seed in 3,000.
    """
    known = clv.PurchaseModel.from_parameters("nbd", {"r": 0.4, "alpha": 12.0}, time_unit="week")
    summary = known.simulate(60, observation=39, seed=3).summary
    family = known.family
    patterns = merge([summary[name].to_numpy(dtype=float) for name in family.statistics])
    posterior = LogPosterior(family.log_likelihood, patterns, coordinates_of(family.parameters, (1.0, 39.0)))
    mode = posterior.mode(np.array([0.4, 12.0]))
    spread = np.sqrt(np.diag(np.linalg.inv(mode.hessian)))
    axes = [mode.point[j] + spread[j] * np.linspace(-8, 9, 50) for j in range(2)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    density = np.exp(posterior.values(points) - mode.value)
    density /= density.sum()
    mean = density @ points
    off = points - mean
    covariance = (off * density[:, None]).T @ off
    found = hmc.sample(posterior.with_gradient, mode.point, mode.hessian, 750, 4, np.random.default_rng(6))
    flat = found.draws.reshape(-1, 2)
    effective = min(array_stats.ess(found.draws[:, :, j], chain_axis=0, draw_axis=1, method="mean") for j in range(2))
    assert effective > 1000
    error = 1 / math.sqrt(effective)
    sd = np.sqrt(np.diag(covariance))
    assert np.all(np.abs(flat.mean(axis=0) - mean) < 4 * sd * error)
    kurtosis = (density @ off**4) / sd**4
    assert np.all(np.abs(flat.var(axis=0) / sd**2 - 1) < 4 * np.sqrt((kurtosis - 1) / effective) * 1.5)
    correlation = covariance[0, 1] / sd.prod()
    assert np.corrcoef(flat.T)[0, 1] == approx(correlation, abs=4 * error)
