"""Likelihood and prior together: gradient, mode, units, weights."""

import numpy as np
import pytest
from scipy import optimize, stats

import clvmodels as clv
from clvmodels.families import purchase_family
from clvmodels.inference.log_posterior import LogPosterior
from clvmodels.inference.patterns import merge
from clvmodels.inference.priors import coordinates_of

FAMILIES = ("bg_nbd", "mbg_nbd", "pareto_nbd", "nbd")
MIXED = {"r": (0.05, 5.0), "alpha": stats.t(4, 0, 1)}


@pytest.fixture(scope="module")
def columns():
    log = clv.PurchaseModel.from_parameters("bg_nbd", {"r": 0.6, "alpha": 6, "a": 1, "b": 3}, "week")
    seen = log.simulate(300, observation=39, seed=3).summary
    return [seen[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T")]


def posterior(name, columns, prior=None, scale=39.0, weights=None):
    family = purchase_family(name)
    scales = [scale if parameter in family.time_parameters else 1.0 for parameter in family.parameters]
    patterns = merge(columns, weights)
    found = LogPosterior(family.log_likelihood, patterns, coordinates_of(family.parameters, scales, prior))
    return found, found.mode(np.array(family.start(*patterns.columns, weights=patterns.weights)))


@pytest.mark.parametrize("prior", [None, MIXED], ids=["default", "mixed"])
@pytest.mark.parametrize("name", FAMILIES)
def test_gradient_and_values(name, prior, columns):
    found, mode = posterior(name, columns, prior)
    point = mode.point + 0.3
    value, gradient = found.with_gradient(point)
    numerical = optimize.approx_fprime(point, lambda z: found.values(z[None])[0], 1e-5)
    assert gradient == pytest.approx(numerical, rel=1e-3, abs=1e-2)
    assert found.values(np.array([point, mode.point])) == pytest.approx([value, mode.value], rel=1e-12)


@pytest.mark.parametrize("prior", [None, MIXED], ids=["default", "mixed"])
@pytest.mark.parametrize("name", FAMILIES)
def test_the_mode_is_where_the_gradient_vanishes(name, prior, columns):
    found, mode = posterior(name, columns, prior)
    _, gradient = found.with_gradient(mode.point)
    errors = np.sqrt(np.diag(np.linalg.inv(mode.hessian)))
    assert np.abs(gradient * errors).max() < 1e-4
    assert mode.decrement < 1e-8
    around = mode.point + np.concatenate([np.diag(errors), -np.diag(errors)])
    assert np.all(found.values(around) < mode.value - 0.1)


def test_it_is_the_sum_over_customers_and_priors(columns):
    """From the definition: ln L of every customer by itself, and SciPy's densities."""
    found, _ = posterior("bg_nbd", columns, {"a": stats.norm(0.5, 1)})
    theta = np.array([0.5, 8.0, 1.2, 2.5])
    rows, _ = purchase_family("bg_nbd").log_likelihood(*columns, *theta)
    u = np.log(theta / [1, 39, 1, 1])
    expected = rows.sum() + stats.norm(0, 2).logpdf(u[[0, 1, 3]]).sum() + stats.norm(0.5, 1).logpdf(u[2])
    assert found.values(found.coordinates.of(theta)[None])[0] == pytest.approx(expected, rel=1e-12)


def test_coordinates_do_not_depend_on_the_unit(columns):
    x, t_x, T = columns
    in_weeks, week = posterior("pareto_nbd", columns)
    in_days, day = posterior("pareto_nbd", [x, 7 * t_x, 7 * T], scale=7 * 39.0)
    assert day.point == pytest.approx(week.point, abs=1e-5)
    assert in_days.natural(week.point) == pytest.approx(in_weeks.natural(week.point) * [1, 7, 1, 7])


def test_weights_are_repeated_rows(columns):
    weights = np.arange(len(columns[0])) % 3 + 1.0
    repeated = [np.repeat(column, weights.astype(int)) for column in columns]
    one, _ = posterior("mbg_nbd", columns, weights=weights)
    other, _ = posterior("mbg_nbd", repeated)
    points = np.random.default_rng(1).normal(size=(5, 4))
    assert one.values(points) == pytest.approx(other.values(points), rel=1e-12)


@pytest.mark.parametrize("name", [*FAMILIES, "bg_bb"])
def test_many_points_in_one_block_are_the_same_as_one_by_one(name, columns):
    x, t_x, T = columns
    periods = [np.minimum(x, np.floor(t_x)), np.floor(np.where(np.floor(t_x) < 1, 0, t_x)), T]
    found, mode = posterior(name, periods if name == "bg_bb" else columns)
    assert len(found.patterns.weights) < 500
    points = mode.point + np.random.default_rng(1).normal(size=(200, len(mode.point)))
    one_by_one = [found.with_gradient(point)[0] for point in points]
    assert found.values(points) == pytest.approx(one_by_one, rel=1e-11)
    assert found.values(points[:0]).shape == (0,)


def test_absurd_points_have_no_weight_and_no_warning(columns):
    found, mode = posterior("pareto_nbd", columns)
    values = found.values(np.array([mode.point + 1e3, mode.point - 1e3, mode.point]))
    assert np.all(values[:2] < mode.value - 1e3)
    assert values[2] == pytest.approx(mode.value)
