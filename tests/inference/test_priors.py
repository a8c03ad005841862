"""Priors in coordinates on the whole line: proper densities, right slopes, and what is refused."""

import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

import clvmodels as clv
from clvmodels.inference.priors import coordinates_of

PRIORS = {
    "default": None,
    "bounds": (0.02, 40.0),
    "normal": stats.norm(0.5, 1.5),
    "student": stats.t(20, 0, 1),
    "finite interval": stats.truncnorm(-2, 1, loc=0.5, scale=2),
    "uniform": stats.uniform(-3, 5),
}


def of(prior, scale=7.0):
    return coordinates_of(("alpha",), (scale,), {} if prior is None else {"alpha": prior})


@pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)
def test_each_is_a_density_of_its_coordinate(prior):
    found = of(prior)

    def density(z):
        return math.exp(found.log_prior(np.array([[z]]))[0])

    assert integrate.quad(density, -35, 35, points=[-3, 0, 3], limit=400)[0] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)
def test_the_quantiles_of_theta_are_those_asked_for(prior):
    """The share below the prior's 30 % point of ln(θ/7), integrated in z, is 30 %."""
    found = of(prior)
    if isinstance(prior, tuple):
        u = np.log(prior[0] / 7) + 0.3 * np.log(prior[1] / prior[0])
    else:
        u = (stats.norm(0, 2) if prior is None else prior).ppf(0.3)
    z = found.of([7 * math.exp(u)])[0]
    assert found.natural(np.array([z]))[0] == pytest.approx(7 * math.exp(u))
    below = integrate.quad(lambda at: math.exp(found.log_prior(np.array([[at]]))[0]), -35, z, points=[-3], limit=400)[0]
    assert below == pytest.approx(0.3, abs=1e-6)


@pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)
@pytest.mark.parametrize("z", [-2.3, 0.1, 1.7])
def test_gradients(prior, z):
    found = of(prior)
    point = np.array([z])
    numerical = optimize.approx_fprime(point, lambda at: found.log_prior(at[None])[0], 1e-6)
    assert found.log_prior_gradient(point) == pytest.approx(numerical, abs=2e-5)
    way = optimize.approx_fprime(point, lambda at: found.log_parameters(at)[0], 1e-6)
    assert found.slopes(point) == pytest.approx(way, abs=2e-5)


def test_far_out_all_is_finite():
    found = coordinates_of(("a", "b", "c"), (1.0, 2.0, 3.0), {"a": (0.1, 10.0), "b": stats.uniform(0, 1)})
    far = np.array([[-1e4, -1e4, -1e4], [1e4, 1e4, 1e4]])
    assert np.isfinite(found.log_parameters(far)).all()
    assert np.isfinite(found.log_prior(far)).all()
    assert found.natural(far)[:, 0] == pytest.approx([0.1, 10.0])


def test_each_is_told_in_one_sentence():
    prior = {"r": stats.norm(0, 1), "a": (0.1, 10)}
    told = coordinates_of(("r", "alpha", "a"), (1.0, 39.0, 1.0), prior, {"alpha": "the largest T"}).told
    assert told == (
        "r: norm(0, 1) of ln(r)",
        "alpha: normal(0, 2) of ln(alpha / 39), the default; 39 is the largest T",
        "a: ln(a) flat between a = 0.1 and 10",
    )


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        ("flat", "prior must be None .* infinite mass"),
        (stats.norm(0, 1), "prior must be a dict like .*rv_"),
        ({"gamma": (0.1, 1)}, "1 of 1, first 'gamma': its parameters are r, alpha"),
        ({"r": "flat"}, "prior of r is 'flat': .* infinite mass.*leave r out"),
        ({"r": None}, "prior of r is None: .* infinite mass"),
        ({"r": (0, 10)}, r"bounds of r must be above 0 and finite.*\(0, 10\).*infinite mass"),
        ({"r": (0.1, math.inf)}, r"bounds of r must be above 0 and finite.*\(0.1, inf\)"),
        ({"r": (math.nan, 1.0)}, "bounds of r must be above 0 and finite"),
        ({"r": (10, 0.1)}, r"ascending order and apart; found \(10, 0.1\)"),
        ({"r": (0.1, 1, 2)}, "two numbers"),
        ({"r": ("0.1", 1)}, "two numbers"),
        ({"r": 3.0}, "must be a frozen continuous distribution"),
        ({"r": stats.norm}, "must be a frozen continuous distribution"),
        ({"r": stats.poisson(3)}, "must be a frozen continuous distribution"),
        ({"r": stats.gamma(2)}, r"gamma\(2\) on \(0, inf\), which looks like a prior of r itself"),
        ({"r": stats.expon()}, "looks like a prior of r itself"),
        ({"r": stats.norm(0, 1e4)}, "all but flat"),
        ({"r": stats.norm(0, math.inf)}, "all but flat|quartiles"),
        ({"r": stats.norm(0, -1)}, "quartiles"),
    ],
)
def test_bad_priors(prior, message):
    with pytest.raises(clv.InvalidInput, match=message):
        coordinates_of(("r", "alpha"), (1.0, 39.0), prior)
