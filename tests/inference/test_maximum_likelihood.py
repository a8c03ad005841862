"""The search for the maximum, on likelihoods whose maximum is known, and standard errors beside other arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from mpmath import mp, mpf
from numpy.testing import assert_allclose

import clvmodels as clv
from clvmodels.families import bg_nbd
from clvmodels.inference.maximum_likelihood import WALL, maximize
from clvmodels.inference.patterns import Patterns, merge

approx = pytest.approx


def exponential(t, rate):
    """Ln(rate e^(-rate·t)): the maximum is 1/mean."""
    return np.log(rate) - rate * t, (1 - rate * t)[None, :]


def gaussian(z, mean, sd):
    """Of positive z; the maximum is mean and root mean square deviation."""
    off = (z - mean) / sd
    return -np.log(sd) - off**2 / 2, np.stack([off * mean / sd, off**2 - 1])


def test_exponential_is_solved():
    t = np.random.default_rng(101).exponential(5.0, 400)
    found = maximize(exponential, Patterns((t,), np.ones(400)), np.zeros(1), np.zeros(1))
    assert np.exp(found.log_parameters[0]) == approx(1 / t.mean(), rel=1e-8)  # 1e-7 of a standard error
    assert found.log_likelihood == approx(-400 * (math.log(t.mean()) + 1), rel=1e-13)
    assert found.hessian[0, 0] == approx(400, rel=1e-7)  # information of a log-rate: one a customer
    assert found.walled == (False,)
    assert found.decrement < 1e-14
    assert abs(found.gradient[0]) < 1e-5


@pytest.mark.parametrize("start", [(-5.0, 3.0), (0.0, 0.0), (3.0, -2.0), (9.0, 9.0)])
def test_gaussian_is_solved_from_anywhere(start):
    z = np.random.default_rng(102).normal(40.0, 3.0, 500)
    found = maximize(gaussian, Patterns((z,), np.ones(500)), np.array(start), np.zeros(2))
    assert np.exp(found.log_parameters) == approx([z.mean(), z.std()], rel=1e-10)
    expected = [500 * (z.mean() / z.std()) ** 2, 1000]
    assert np.diag(found.hessian) == approx(expected, rel=1e-6)
    assert found.hessian == approx(found.hessian.T)


def test_weights_count_customers():
    z = np.random.default_rng(103).normal(40.0, 3.0, 50)
    copies = np.random.default_rng(104).integers(1, 9, 50)
    one = maximize(gaussian, Patterns((z,), copies.astype(float)), np.zeros(2), np.zeros(2))
    many = maximize(gaussian, Patterns((np.repeat(z, copies),), np.ones(copies.sum())), np.zeros(2), np.zeros(2))
    assert one.log_parameters == approx(many.log_parameters, rel=1e-8)
    assert one.hessian == approx(many.hessian, rel=1e-6, abs=1e-3)
    assert one.log_likelihood == approx(many.log_likelihood, rel=1e-12)


@pytest.mark.parametrize("customers", [20_000, 150_000])
def test_large_data_through_samples_end_at_the_same_place(customers):
    """So many that the search begins on one sample, or on two."""
    z = np.round(np.random.default_rng(105).normal(40.0, 3.0, customers), 4)
    found = maximize(gaussian, merge([z]), np.zeros(2), np.zeros(2))
    assert np.exp(found.log_parameters) == approx([z.mean(), z.std()], rel=1e-9)
    assert found.decrement < 1e-9
    assert found.passes < 11  # of which 4 for the Hessian of everybody, made once
    again = maximize(gaussian, merge([z[::-1].copy()]), np.zeros(2), np.zeros(2))
    assert np.array_equal(found.log_parameters, again.log_parameters)


@pytest.mark.parametrize("direction", [+1, -1])
def test_a_likelihood_that_rises_for_ever_meets_the_wall(direction):
    def rising(t, rate):
        ratio = np.log(rate) * direction
        return -np.exp(-ratio) + 0 * t, (np.exp(-ratio) * direction + 0 * t)[None, :]

    centre = np.array([2.0])
    found = maximize(rising, Patterns((np.ones(20),), np.ones(20)), np.zeros(1), centre)
    assert np.isfinite(found.log_parameters).all()
    assert 8 < direction * (found.log_parameters[0] - centre[0]) < WALL + 1
    assert math.isfinite(found.log_likelihood)


def test_what_runs_off_may_have_passed_by_an_optimum():
    """Customers who never leave: from MBG/NBD's own start nobody does, which is 3.7 worse than the maximum."""
    observation = np.random.default_rng(20).uniform(10, 51, 1000)
    stay = clv.PurchaseModel.from_parameters("nbd", {"r": 0.5, "alpha": 5.0}, time_unit="week")
    summary = stay.simulate(1000, observation=observation, seed=20).summary
    nobody_leaves = clv.PurchaseModel("nbd").fit(summary).fit_report.log_likelihood
    report = clv.PurchaseModel("mbg_nbd").fit(summary).fit_report
    assert report.converged
    assert report.log_likelihood > nobody_leaves + 3.7


def test_the_wall_is_no_part_of_the_likelihood():
    def rising(t, rate):
        return np.log(rate) + 0 * t, np.ones((1, len(t)))

    found = maximize(rising, Patterns((np.ones(20),), np.ones(20)), np.zeros(1), np.zeros(1))
    assert found.walled == (True,)
    assert found.log_likelihood == approx(20 * found.log_parameters[0])
    assert found.gradient == approx(20)


# --- standard errors -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def few():
    """150 customers, enough for a fit of two families."""
    generator = np.random.default_rng(106)
    T = generator.integers(140, 281, 150) / 7
    owner, times = bg_nbd.simulate(generator, T, 1.2, 8.0, 0.8, 2.5)
    t_x = np.zeros(150)
    np.maximum.at(t_x, owner, times)
    return pd.DataFrame({"frequency": np.bincount(owner, minlength=150), "recency": t_x, "T": T})


def bg_nbd_likelihood(rows, r, alpha, a, b):
    """Equation 6 of Fader, Hardie & Lee (2005), as printed."""
    total = mpf(0)
    for x, t_x, T in rows:
        alive = mp.beta(a, b + x) / mp.beta(a, b) / (alpha + T) ** (r + x)
        dead = mp.beta(a + 1, b + x - 1) / mp.beta(a, b) / (alpha + t_x) ** (r + x) if x > 0 else 0
        total += mp.log(mp.gamma(r + x) / mp.gamma(r) * alpha**r * (alive + dead))
    return total


def nbd_likelihood(rows, r, alpha):
    return sum(mp.log(mp.gamma(r + x) / mp.gamma(r) * alpha**r / (alpha + T) ** (r + x)) for x, _, T in rows)


def gamma_gamma_likelihood(rows, p, q, v):
    """Equation 1a of note 025."""
    total = mpf(0)
    for x, m in rows:
        density = 1 / (m * mp.beta(p * x, q)) * (v / (v + m * x)) ** q * (m * x / (v + m * x)) ** (p * x)
        total += mp.log(density)
    return total


def independent_errors(likelihood, rows, parameters):
    """Of the parameters themselves: second differences of the likelihood with 40 digits."""
    with mp.workdps(40):
        rows = [[mpf(float(v)) for v in row] for row in rows]
        at = [mpf(v) for v in parameters]
        k, h = len(at), mpf(10) ** -9

        def value(*moves):
            return likelihood(rows, *(p + sum(h * p * m[i] for m in moves) for i, p in enumerate(at)))

        unit = [[mpf(i == j) for j in range(k)] for i in range(k)]
        hessian = mp.matrix(k, k)
        for i in range(k):
            for j in range(i, k):
                minus_i, minus_j = [-v for v in unit[i]], [-v for v in unit[j]]
                second = (
                    value(unit[i], unit[j])
                    - value(unit[i], minus_j)
                    - value(minus_i, unit[j])
                    + value(minus_i, minus_j)
                )
                hessian[i, j] = hessian[j, i] = -second / (4 * h * h * at[i] * at[j])
        inverse = hessian**-1
        return [float(mp.sqrt(inverse[i, i])) for i in range(k)]


@pytest.mark.parametrize(("name", "likelihood"), [("bg_nbd", bg_nbd_likelihood), ("nbd", nbd_likelihood)])
def test_standard_errors_beside_another_hessian(few, name, likelihood):
    model = clv.PurchaseModel(name, time_unit="week").fit(few)
    rows = few.to_numpy()
    expected = independent_errors(likelihood, rows, model.parameters.values())
    assert list(model.standard_errors.values()) == approx(expected, rel=1e-5)
    with mp.workdps(30):
        value = likelihood([[mpf(float(v)) for v in row] for row in rows], *map(mpf, model.parameters.values()))
    assert model.fit_report.log_likelihood == approx(float(value), rel=1e-13)


def test_standard_errors_of_spend_beside_another_hessian():
    generator = np.random.default_rng(107)
    x = generator.integers(1, 8, 60)
    amounts = clv.SpendModel().family.simulate(generator, x, 5.0, 4.0, 20.0)
    m = np.add.reduceat(amounts, np.cumsum(x) - x) / x
    model = clv.SpendModel().fit(pd.DataFrame({"frequency": x, "monetary_value": m}))
    expected = independent_errors(gamma_gamma_likelihood, list(zip(x, m, strict=True)), model.parameters.values())
    assert list(model.standard_errors.values()) == approx(expected, rel=1e-5)


def test_confidence_intervals_are_made_on_the_log_scale(few):
    model = clv.PurchaseModel("nbd", time_unit="week").fit(few)
    for level, z in ((0.95, 1.959963984540054), (0.5, 0.674489750196082)):
        for name, (low, high) in model.confidence_intervals(level).items():
            value, error = model.parameters[name], model.standard_errors[name]
            assert_allclose([low, high], value * np.exp([-z * error / value, z * error / value]), rtol=1e-12)
            assert 0 < low < value < high
