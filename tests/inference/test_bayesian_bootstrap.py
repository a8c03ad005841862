"""The Bayesian bootstrap: a mean, whose distribution is known, maxima that are maxima, robust errors on CDNOW.

Seeds are fixed; "4 Monte-Carlo errors" is a false-alarm rate of 6e-5 per comparison.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import clvmodels as clv
from clvmodels.inference import bayesian_bootstrap
from clvmodels.inference.log_posterior import LogPosterior
from clvmodels.inference.maximum_likelihood import differences
from clvmodels.inference.patterns import Patterns, merge
from clvmodels.inference.priors import coordinates_of

approx = pytest.approx


def of_the_mean(numbers):
    """Weighted least squares: the maximum is the weighted mean."""

    def weighted(weights):
        return lambda at: (
            -float(weights @ (numbers - at[0]) ** 2) / 2,
            np.array([weights @ (numbers - at[0])]),
        )

    return weighted


def bootstrapped_mean(numbers, weights, draws, seed):
    mean, total = np.average(numbers, weights=weights), weights.sum()
    return bayesian_bootstrap.sample(
        of_the_mean(numbers), weights, np.array([mean]), np.array([[total]]), draws, np.random.default_rng(seed)
    )


def test_a_weighted_mean_has_the_moments_of_dirichlet_weights():
    """Mean x̄ and variance s²/(n+1), s² the mean square deviation: Rubin (1981), section 2."""
    numbers, n, draws = np.random.default_rng(1).gamma(2.0, 3.0, 12), 12, 4000
    found = bootstrapped_mean(numbers, np.ones(n), draws, 2)
    assert found.lost == 0
    variance = numbers.var() / (n + 1)
    assert found.draws.mean() == approx(numbers.mean(), abs=4 * math.sqrt(variance / draws))
    kurtosis = stats.kurtosis(found.draws[:, 0], fisher=False)
    assert found.draws.var() == approx(variance, rel=4 * math.sqrt((kurtosis - 1) / draws))


def test_a_pattern_of_w_customers_is_w_customers():
    numbers, copies, draws = np.array([1.0, 5.0, 30.0]), np.array([9, 4, 2]), 3000
    merged = bootstrapped_mean(numbers, copies.astype(float), draws, 3).draws[:, 0]
    apart = bootstrapped_mean(np.repeat(numbers, copies), np.ones(15), draws, 4).draws[:, 0]
    assert stats.ks_2samp(merged, apart).pvalue > 1e-6  # the false-alarm rate
    assert stats.ks_2samp(merged, apart + 0.4 * apart.std()).pvalue < 1e-6  # and what it sees


@pytest.fixture(scope="module")
def cdnow():
    return clv.rfm_summary(
        clv.load_cdnow(sample=True),
        customer_id="customer_id",
        date="date",
        amount="amount",
        time_unit="week",
        observation_end="1997-09-30",
    )


def posterior_of(model, summary, prior=None):
    """The mode, and ln posterior as a function of the patterns' weights."""
    family = model.family
    patterns = merge([summary[name].to_numpy(dtype=float) for name in family.statistics])
    scales = [38.857 if name in family.time_parameters else 1.0 for name in family.parameters]
    coordinates = coordinates_of(family.parameters, scales, prior)

    def weighted(weights):
        return LogPosterior(family.log_likelihood, Patterns(patterns.columns, weights), coordinates).with_gradient

    whole = LogPosterior(family.log_likelihood, patterns, coordinates)
    return weighted, patterns.weights, whole.mode(np.array(list(model.parameters.values())))


@pytest.mark.parametrize(
    "name",
    [
        "bg_nbd",
        pytest.param("mbg_nbd", marks=pytest.mark.study),
        pytest.param("pareto_nbd", marks=pytest.mark.study),
        "nbd",
    ],
)
def test_on_cdnow_the_spread_is_that_of_robust_standard_errors(cdnow, name):
    """With priors too wide to matter; 400 draws know a standard deviation to 3.5 %, and the sandwich is a limit.

    Pareto/NBD is further from it: along its ridge, s and beta rise and fall together, the likelihood is skewed.
    """
    model = clv.PurchaseModel(name).fit(cdnow)
    wide = {parameter: stats.norm(0, 30) for parameter in model.family.parameters}
    weighted, weights, mode = posterior_of(model, cdnow, wide)
    found = bayesian_bootstrap.sample(weighted, weights, mode.point, mode.hessian, 400, np.random.default_rng(5))
    assert found.lost == 0
    spread = dict(zip(model.parameters, found.draws.std(axis=0), strict=True))
    for parameter, value in model.parameters.items():
        robust = model._fitted.standard_errors(robust=True)[parameter] / value
        assert spread[parameter] == approx(robust, rel=0.3 if name == "pareto_nbd" else 0.2)
    # what customers do differs from the model: the classical error of alpha is too small
    classical = model.standard_errors["alpha"] / model.parameters["alpha"]
    assert spread["alpha"] > 1.1 * classical


@pytest.mark.parametrize("name", ["bg_nbd", "pareto_nbd"])
def test_every_draw_is_a_maximum(cdnow, name):
    model = clv.PurchaseModel(name).fit(cdnow)
    weighted, weights, mode = posterior_of(model, cdnow)
    functions = []

    def kept(drawn):
        functions.append(weighted(drawn))
        assert drawn.sum() == approx(2357)
        return functions[-1]

    found = bayesian_bootstrap.sample(kept, weights, mode.point, mode.hessian, 10, np.random.default_rng(6))
    for function, draw in zip(functions, found.draws, strict=True):
        hessian = differences(lambda at, f=function: -f(at)[1], draw)
        assert np.linalg.eigvalsh(hessian).min() > 0
        _, gradient = function(draw)
        assert gradient @ np.linalg.solve(hessian, gradient) < 1e-6  # a thousandth of a standard error
        assert np.abs(draw - mode.point).max() > 1e-3


def test_a_maximum_far_from_the_start_and_a_bad_hessian():
    """Rosenbrock's valley: the Hessian is made anew on the way."""

    def valley(q):
        off = q[1] - q[0] ** 2
        return -float(100 * off**2 + (1 - q[0]) ** 2), np.array([400 * off * q[0] + 2 * (1 - q[0]), -200 * off])

    found, arrived = bayesian_bootstrap.maximum(valley, np.array([-1.2, 1.0]), np.eye(2))
    assert arrived
    assert found == approx([1, 1], abs=1e-3)


def test_a_function_without_a_maximum_is_lost():
    def rising(_):
        return lambda at: (float(at[0]), np.ones(1))

    found = bayesian_bootstrap.sample(rising, np.ones(5), np.zeros(1), np.eye(1), 3, np.random.default_rng(7))
    assert found.lost == 3


def test_the_same_generator_gives_the_same_draws_and_progress_is_told():
    told = []
    args = of_the_mean(np.arange(6.0)), np.ones(6), np.array([2.5]), np.array([[6.0]]), 50
    one = bayesian_bootstrap.sample(*args, np.random.default_rng(8), told.append)
    other = bayesian_bootstrap.sample(*args, np.random.default_rng(8))
    assert np.array_equal(one.draws, other.draws)
    assert told == ["draws 1 to 20 of 50", "draws 21 to 40 of 50", "draws 41 to 50 of 50"]
