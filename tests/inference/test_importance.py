"""Importance sampling on densities whose moments are known, and on a posterior that quadrature can do."""

import numpy as np
import pytest
from scipy import optimize, special, stats

import clvmodels as clv
from clvmodels.families import purchase_family
from clvmodels.inference import importance, ridge, surrogate
from clvmodels.inference.log_posterior import LogPosterior, Mode
from clvmodels.inference.maximum_likelihood import differences
from clvmodels.inference.patterns import merge
from clvmodels.inference.priors import coordinates_of


class Known:
    """A density by its logarithm, with its mode."""

    def __init__(self, log_density, gradient):
        self.log_density, self.gradient = log_density, gradient

    def values(self, points):
        return np.array([self.log_density(point) for point in points])

    def with_gradient(self, point):
        return float(self.log_density(point)), np.asarray(self.gradient(point), dtype=float)

    def natural(self, points):
        return points

    def mode(self, k):
        found = optimize.minimize(lambda z: -self.log_density(z), np.full(k, 0.1), jac=lambda z: -self.gradient(z))
        return Mode(found.x, -found.fun, differences(lambda z: -self.gradient(z), found.x), 0.0)


COVARIANCE = np.array([[2.0, 1.1, 0.3], [1.1, 1.0, 0.2], [0.3, 0.2, 0.1]])
PRECISION = np.linalg.inv(COVARIANCE)
NORMAL = Known(lambda z: -(z - 1) @ PRECISION @ (z - 1) / 2, lambda z: -PRECISION @ (z - 1))
# x ~ N(0, 2²), y | x ~ N(x²/3, .5²): bent, with E y = 4/3 and Var y = .25 + Var(x²)/9 = .25 + 32/9
BENT = Known(
    lambda z: -(z[0] ** 2) / 8 - 2 * (z[1] - z[0] ** 2 / 3) ** 2,
    lambda z: np.array(
        [-z[0] / 4 + 4 * (z[1] - z[0] ** 2 / 3) * 2 * z[0] / 3, -4 * (z[1] - z[0] ** 2 / 3)],
    ),
)
HEAVY = Known(lambda z: -1.25 * np.log1p(z @ z), lambda z: -2.5 * z / (1 + z @ z))  # Student, half a degree of freedom
# five sigma of a mean of 2,000 draws: a false alarm once in a million
FAR = 5 / np.sqrt(2000)


def drawn(target, k, draws=4000, seed=1):
    return importance.sample(target, target.mode(k), draws // 4, 4, np.random.default_rng(seed))


def test_a_normal_density():
    found = drawn(NORMAL, 3)
    flat = found.draws.reshape(-1, 3)
    assert found.draws.shape == (4, 1000, 3)
    assert found.k_hat < 0.3
    assert np.all(found.ess > 3000)
    assert np.all(np.abs(flat.mean(axis=0) - 1) < FAR * np.sqrt(np.diag(COVARIANCE)))
    assert np.cov(flat.T) == pytest.approx(COVARIANCE, rel=0.15)
    assert found.distinct == len(np.unique(flat, axis=0))
    assert 2500 < found.distinct < 4000


def test_a_bent_density():
    """The ridge is followed where a normal one at the mode would miss most of it."""
    found = drawn(BENT, 2)
    flat = found.draws.reshape(-1, 2)
    assert found.k_hat < 0.7
    assert np.all(found.ess > 2000)
    assert flat[:, 0].std() == pytest.approx(2, rel=0.08)
    assert flat[:, 1].mean() == pytest.approx(4 / 3, abs=FAR * np.sqrt(0.25 + 32 / 9))
    assert (flat[:, 1] - flat[:, 0] ** 2 / 3).std() == pytest.approx(0.5, rel=0.08)


def test_one_parameter():
    only = Known(lambda z: float(-(z[0] ** 2) / 2 - z[0] ** 4 / 10), lambda z: -z - z**3 * 0.4)
    found = drawn(only, 1)
    grid = np.linspace(-6, 6, 4001)
    density = np.exp(-(grid**2) / 2 - grid**4 / 10)
    assert found.draws.std() == pytest.approx(np.sqrt(np.sum(grid**2 * density) / density.sum()), rel=0.05)
    assert found.ess[0] > 3000


def test_tails_that_are_too_heavy_are_told():
    assert drawn(HEAVY, 2).k_hat > 0.7


def test_the_density_proposed_from_is_the_one_told():
    """∫ f = mean of f/q over the proposals, for f = N(1, COVARIANCE): q is normalised up to one constant."""
    path = ridge.follow(NORMAL, NORMAL.mode(3))
    generator = np.random.default_rng(4)
    points, log_density = ridge.propose(path, importance.stratified(generator, 20_000, 4))
    weights = np.exp(NORMAL.values(points) - log_density)
    narrow = np.exp(stats.multivariate_normal(np.full(3, 1.2), COVARIANCE / 2).logpdf(points) - log_density)
    wide = np.exp(stats.multivariate_normal(np.ones(3), COVARIANCE).logpdf(points) - log_density)
    assert narrow.mean() / wide.mean() == pytest.approx(1, abs=0.03)
    assert np.std(weights / weights.mean()) < 0.4


def test_the_same_seed_gives_the_same_draws():
    one, same, other = (drawn(BENT, 2, seed=seed).draws for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_few_draws_rest_on_enough_proposals():
    found = drawn(NORMAL, 3, draws=4)
    assert found.draws.shape == (4, 1, 3)
    assert found.proposals >= 1000


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_resampling_keeps_to_the_weights(size):
    weights = np.random.default_rng(2).dirichlet(np.full(50, 0.3))
    rows = importance.resampled(weights, size, np.random.default_rng(3))
    assert len(rows) == size
    assert np.all(np.abs(np.bincount(rows, minlength=50) - weights * size) < 1)


def test_stratified_numbers():
    found = importance.stratified(np.random.default_rng(1), 100, 3)
    assert np.array_equal(np.sort(np.floor(found * 100), axis=0), np.tile(np.arange(100.0)[:, None], 3))


def small(name="nbd", n=40, seed=1):
    world = clv.PurchaseModel.from_parameters("nbd", {"r": 0.6, "alpha": 8}, "week")
    seen = world.simulate(n, observation=39, seed=seed).summary
    patterns = merge([seen[column].to_numpy(dtype=float) for column in ("frequency", "recency", "T")])
    family = purchase_family(name)
    scales = [39.0 if parameter in family.time_parameters else 1.0 for parameter in family.parameters]
    found = LogPosterior(family.log_likelihood, patterns, coordinates_of(family.parameters, scales))
    return found, found.mode(np.array(family.start(*patterns.columns, weights=patterns.weights)))


def test_a_posterior_against_quadrature():
    """NBD on 40 customers: moments of ln θ and of θ from a grid of 90,000 points, five sigma."""
    target, mode = small()
    sd = np.sqrt(np.diag(np.linalg.inv(mode.hessian)))
    axes = [np.linspace(-9, 18, 400) * s + m for s, m in zip(sd, mode.point, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    r, alpha = target.natural(grid).T
    log_density = stats.norm(0, 2).logpdf(np.log(r)) + stats.norm(0, 2).logpdf(np.log(alpha / 39))
    for x, _, T, weight in zip(*target.patterns.columns, target.patterns.weights, strict=True):
        log_density += weight * (special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha))
        log_density -= weight * (r + x) * np.log(alpha + T)
    weights = np.exp(log_density - log_density.max())
    weights /= weights.sum()
    edge = (grid == [axis[0] for axis in axes]) | (grid == [axis[-1] for axis in axes])
    assert weights[edge.any(axis=1)].sum() < 1e-5
    found = importance.sample(target, mode, 2000, 4, np.random.default_rng(5))
    flat = found.draws.reshape(-1, 2)
    for theta, draws in ((grid, flat), (target.natural(grid), target.natural(flat))):
        mean = weights @ theta
        spread = np.sqrt(weights @ (theta - mean) ** 2)
        assert np.all(np.abs(draws.mean(axis=0) - mean) < 5 * spread / np.sqrt(found.ess.min()))
        for share in (0.05, 0.95):
            for j in range(2):
                order = np.argsort(theta[:, j])
                exact = theta[order, j][np.searchsorted(np.cumsum(weights[order]), share)]
                assert np.mean(draws[:, j] <= exact) == pytest.approx(share, abs=0.02)
    assert found.k_hat < 0.7


def test_a_polynomial_has_the_gradient_of_its_values():
    target, mode = small("pareto_nbd", 400)
    found = surrogate.Polynomial(target, mode, ridge.axes_of(mode), 5.5)
    found.fit(np.random.default_rng(1).normal(size=(60, 4)))
    for y in ([0.3, -0.5, 1.0, 0.2], [9.0, -5.0, 4.0, 8.0]):  # within the radius, and beyond
        point = mode.point + found.axes @ np.array(y)
        value, gradient = found.with_gradient(point)
        numerical = optimize.approx_fprime(point, lambda z: found.values(z[None])[0], 1e-6)
        assert gradient == pytest.approx(numerical, rel=1e-3, abs=1e-2)
        assert value == found.values(point[None])[0]


def test_a_polynomial_of_degree_four_is_found_exactly():
    target = Known(
        lambda z: -(z @ z) / 2 - (z[0] ** 4 + z[0] * z[1] ** 2) / 50,
        lambda z: -z - np.array([4 * z[0] ** 3 + z[1] ** 2, 2 * z[0] * z[1]]) / 50,
    )
    found = surrogate.Polynomial(target, Mode(np.zeros(2), 0.0, np.eye(2), 0.0), np.eye(2), 5.5)
    found.fit(np.random.default_rng(1).normal(size=(20, 2)))
    assert found.error(np.random.default_rng(2).uniform(-3, 3, size=(50, 2))) < 1e-9


def test_with_many_patterns_both_ways_agree():
    """All of CDNOW, 8,685 patterns: means and quantiles to five sigma, and ln posterior at draws not checked yet."""
    log = clv.load_cdnow()
    seen = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    patterns = merge([seen[column].to_numpy(dtype=float) for column in ("frequency", "recency", "T")])
    family = purchase_family("bg_nbd")
    coordinates = coordinates_of(family.parameters, (1.0, 39.0, 1.0, 1.0))
    target = LogPosterior(family.log_likelihood, patterns, coordinates, family.log_likelihood_value)
    mode = target.mode(np.array(family.start(*patterns.columns, weights=patterns.weights)))
    quick, told = surrogate.draw(target, mode, 1000, 4, np.random.default_rng(1))
    exact, told_exact = surrogate.draw(target, mode, 1000, 4, np.random.default_rng(2), many=10**9)
    assert "polynomial of degree 4" in told
    assert "8685 patterns" in told
    assert told_exact == "weights by ln posterior itself at 4000 points"
    one, other = quick.draws.reshape(-1, 4), exact.draws.reshape(-1, 4)
    spread = other.std(axis=0)
    assert np.all(np.abs(one.mean(axis=0) - other.mean(axis=0)) < 5 * spread * np.sqrt(2 / 3500))
    assert one.std(axis=0) == pytest.approx(spread, rel=0.08)
    polynomial = surrogate.Polynomial(target, mode, ridge.axes_of(mode), 5.5)
    polynomial.fit(1.3 * np.random.default_rng(3).normal(size=(49, 4)))
    assert polynomial.error(other[:100]) < surrogate.CLOSE


def test_where_a_polynomial_will_not_do_it_is_not_taken():
    """Forty customers leave a posterior far from normal."""
    target, mode = small("pareto_nbd", 40)
    _, told = surrogate.draw(target, mode, 250, 4, np.random.default_rng(1), many=0)
    assert told.startswith("weights by ln posterior itself")
