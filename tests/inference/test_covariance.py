"""Robust standard errors beside the sandwich as it is defined, and what they say of right and of wrong models."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import clvmodels as clv
from clvmodels.families import PURCHASE_FAMILIES, purchase_family
from clvmodels.inference.covariance import classical, curvature_of, gradients_squared, sandwich
from clvmodels.inference.patterns import Patterns

approx = pytest.approx

WORLDS = {
    "bg_nbd": (0.6, 6.0, 0.8, 2.5),
    "mbg_nbd": (0.6, 6.0, 0.8, 2.5),
    "pareto_nbd": (0.6, 8.0, 0.8, 14.0),
    "nbd": (0.6, 8.0),
    "bg_bb": (1.2, 0.75, 0.66, 2.8),
}


def world(name, n, seed, parameters=None):
    generator = np.random.default_rng(seed)
    T = generator.integers(140, 281, n) / 7
    T = np.floor(T) if purchase_family(name).time == "discrete" else T
    owner, times = purchase_family(name).simulate(generator, T, *(parameters or WORLDS[name]))
    t_x = np.zeros(n)
    np.maximum.at(t_x, owner, times)
    return pd.DataFrame({"frequency": np.bincount(owner, minlength=n), "recency": t_x, "T": T})


def fit(name, frame, *args, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)
        return clv.PurchaseModel(name, time_unit="week").fit(frame, *args, **more)


def written_out(log_likelihood, columns, weights, at, added=0.0):
    """H⁻¹ (Σ w g gᵀ) H⁻¹ customer by customer, from values of the likelihood alone."""
    h, eye = 1e-3, np.eye(len(at))

    def values(theta):
        return log_likelihood(*columns, *np.exp(theta))[0]

    def slope(theta, e):
        return (
            8 * (values(theta + h * e) - values(theta - h * e)) - values(theta + 2 * h * e) + values(theta - 2 * h * e)
        ) / (12 * h)

    gradients = np.array([slope(at, e) for e in eye])
    hessian = -np.array(
        [[weights @ (slope(at + h * d, e) - slope(at - h * d, e)) / (2 * h) for d in eye] for e in eye]
    ) + added * np.eye(len(at))
    inverse = np.linalg.inv(hessian)
    meat = sum(w * np.outer(g, g) for w, g in zip(weights, gradients.T, strict=True))
    return inverse @ meat @ inverse, gradients @ weights


@pytest.mark.parametrize("name", PURCHASE_FAMILIES)
def test_beside_the_sandwich_written_out(name):
    frame = world(name, 300, 231)
    weights = np.random.default_rng(232).integers(1, 4, 300).astype(float)
    model = fit(name, frame, weights)
    columns = [frame[c].to_numpy(dtype=float) for c in ("frequency", "recency", "T")]
    at = np.log(list(model.parameters.values()))
    expected, _ = written_out(model.family.log_likelihood, columns, weights, at)
    assert model._fitted.robust_covariance == approx(expected, rel=1e-4, abs=1e-6 * np.abs(expected).max())
    errors = np.sqrt(np.diag(expected)) * np.exp(at)
    assert list(model.robust_standard_errors.values()) == approx(list(errors), rel=1e-4)
    for (low, high), value, error in zip(
        model.confidence_intervals(0.9, robust=True).values(), np.exp(at), errors, strict=True
    ):
        z = 1.6448536269514722 * error / value
        assert (low, high) == approx((value * math.exp(-z), value * math.exp(z)), rel=1e-4)


def test_with_a_penalty_everybody_bears_a_share():
    frame = world("nbd", 300, 233)
    model = fit("nbd", frame, l2_penalty=30.0)
    columns = [frame[c].to_numpy(dtype=float) for c in ("frequency", "recency", "T")]
    at = np.log(list(model.parameters.values()))
    plain, total = written_out(model.family.log_likelihood, columns, np.ones(300), at, added=60.0)
    inverse = model._fitted.covariance  # of the penalised curvature
    expected = plain - inverse @ np.outer(total, total) @ inverse / 300
    assert model._fitted.robust_covariance == approx(expected, rel=1e-4)
    assert total @ total > 1  # the shares are not nothing


def test_of_spend():
    generator = np.random.default_rng(234)
    x = generator.integers(1, 8, 300)
    amounts = clv.SpendModel().family.simulate(generator, x, 5.0, 4.0, 20.0)
    frame = pd.DataFrame({"frequency": x, "monetary_value": np.add.reduceat(amounts, np.cumsum(x) - x) / x})
    model = clv.SpendModel().fit(frame)
    columns = [frame[c].to_numpy(dtype=float) for c in frame]
    at = np.log(list(model.parameters.values()))
    expected, _ = written_out(model.family.log_likelihood, columns, np.ones(300), at)
    assert model._fitted.robust_covariance == approx(expected, rel=1e-4)
    assert set(model.robust_standard_errors) == {"p", "q", "v"}
    assert model.confidence_intervals(robust=True) != model.confidence_intervals()


@pytest.mark.parametrize("name", PURCHASE_FAMILIES)
def test_rows_may_be_weights_exactly(name):
    """A weight of 3 is three rows: in the parameters, the covariance and the sandwich, to the last bit."""
    frame = world(name, 600, 235)
    copies = np.random.default_rng(236).integers(1, 4, 600)
    many = frame.loc[np.repeat(np.arange(600), copies)].reset_index(drop=True)
    one, other = fit(name, frame, copies), fit(name, many)
    assert one.parameters == other.parameters
    assert np.array_equal(one._fitted.covariance, other._fitted.covariance)
    assert np.array_equal(one._fitted.robust_covariance, other._fitted.robust_covariance)


@pytest.mark.parametrize("name", PURCHASE_FAMILIES)
def test_a_right_model_needs_no_robustness(name):
    """30,000 customers simulated from the model: the two agree to 10 %.

    Their ratio has a standard error of about 1.5 % here (kurtosis of the gradients), so 10 % is beyond 6 of them.
    """
    model = fit(name, world(name, 30_000, 237))
    ratio = np.array(list(model.robust_standard_errors.values())) / np.array(list(model.standard_errors.values()))
    assert ratio == approx(1.0, abs=0.1)


def test_a_wrong_model_is_found_out():
    """Spread of the NBD's estimates over 200 worlds of lognormal purchase rates against the mean of each kind of error.

    The standard deviation of 200 values is known to 5 % (1 sd); robust errors must be within 20 % of it, a false-alarm
    rate of 1e-4, and classical ones are a quarter too small.
    """
    found, classical_errors, robust_errors = [], [], []
    for seed in range(200):
        generator = np.random.default_rng(24_000 + seed)
        T = generator.integers(140, 281, 400) / 7
        x = generator.poisson(np.exp(generator.normal(-3, 1.5, 400)) * T)
        model = fit("nbd", pd.DataFrame({"frequency": x, "recency": T * (x > 0), "T": T}))
        found.append(np.log(list(model.parameters.values())))
        classical_errors.append(np.sqrt(np.diag(model._fitted.covariance)))
        robust_errors.append(np.sqrt(np.diag(model._fitted.robust_covariance)))
    spread = np.std(found, axis=0)
    assert np.mean(robust_errors, axis=0) == approx(spread, rel=0.2)
    assert np.all(np.mean(classical_errors, axis=0) < 0.85 * spread)


def test_what_has_no_error_has_no_robust_one():
    frame = world("bg_nbd", 200, 238).query("frequency > 0").iloc[:1]
    model = fit("bg_nbd", frame)
    plain, robust = model.standard_errors, model.robust_standard_errors
    assert any(math.isnan(v) for v in plain.values())
    assert [math.isnan(v) for v in robust.values()] == [math.isnan(v) for v in plain.values()]


def test_flat_directions_are_left_out_of_both():
    """Parameters 1 and 2 share a flat direction; parameter 0 keeps its errors, of all three gradients."""
    root = np.array([[3.0, 0.0], [0.4, 1.0], [0.4, 1.0]])
    hessian = root @ root.T
    curvature = curvature_of(hessian, (False, False, False))
    products = np.diag([2.0, 3.0, 4.0])
    inverse = np.linalg.pinv(hessian)
    assert curvature.loose.tolist() == [False, True, True]
    assert classical(curvature)[0, 0] == approx(inverse[0, 0])
    robust = sandwich(curvature, products)
    assert robust[0, 0] == approx((inverse @ products @ inverse)[0, 0])
    assert np.isnan(robust[1:, :]).all()


def test_sums_over_blocks():
    """20,000 rows are three blocks."""
    generator = np.random.default_rng(239)
    z, w = generator.normal(40, 3, 20_000), generator.integers(1, 5, 20_000).astype(float)

    def gaussian(z, mean, sd):
        off = (z - mean) / sd
        return -np.log(sd) - off**2 / 2, np.stack([off * mean / sd, off**2 - 1])

    at = np.log([40.1, 2.9])
    gradient = gaussian(z, *np.exp(at))[1]
    expected = (gradient * w) @ gradient.T
    assert gradients_squared(gaussian, Patterns((z,), w), at) == approx(expected, rel=1e-12)


def test_given_parameters_have_none():
    model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    for ask in (lambda: model.robust_standard_errors, lambda: model.confidence_intervals(robust=True)):
        with pytest.raises(clv.NotAvailable, match="were given, not estimated"):
            ask()


def test_normal_quantiles_are_used_for_both():
    model = fit("nbd", world("nbd", 300, 240))
    low, high = model.confidence_intervals(0.95, robust=True)["r"]
    z = float(stats.norm.ppf(0.975))
    value, error = model.parameters["r"], model.robust_standard_errors["r"]
    assert math.log(high / low) == approx(2 * z * error / value, rel=1e-12)
