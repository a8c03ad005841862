"""Profile likelihoods beside likelihoods solved by hand, beside brute force, and where the curve never falls."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

import clvmodels as clv
from clvmodels.families import purchase_family
from clvmodels.inference.patterns import Patterns
from clvmodels.inference.profile import profile

approx = pytest.approx
CUT = 3.841458820694124 / 2

WORLDS = {
    "bg_nbd": (0.6, 6.0, 0.8, 2.5),
    "mbg_nbd": (0.6, 6.0, 0.8, 2.5),
    "pareto_nbd": (0.6, 8.0, 0.8, 14.0),
    "nbd": (0.6, 8.0),
}


def world(name, n, seed):
    generator = np.random.default_rng(seed)
    T = generator.integers(140, 281, n) / 7
    owner, times = purchase_family(name).simulate(generator, T, *WORLDS[name])
    t_x = np.zeros(n)
    np.maximum.at(t_x, owner, times)
    return pd.DataFrame({"frequency": np.bincount(owner, minlength=n), "recency": t_x, "T": T})


def fit(name, frame, weights=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)
        return clv.PurchaseModel(name, time_unit="week").fit(frame, weights)


def exponential(t, rate):
    return np.log(rate) - rate * t, (1 - rate * t)[None, :]


def gaussian(z, mean, sd):
    off = (z - mean) / sd
    return -np.log(sd) - off**2 / 2, np.stack([off * mean / sd, off**2 - 1])


def test_one_parameter_alone():
    """Nothing to maximise over: ln L itself, n (ln(rate t̄) + 1 − rate t̄) below its maximum."""
    t = np.random.default_rng(251).exponential(5.0, 40)
    curve = profile(exponential, Patterns((t,), np.ones(40)), np.zeros(1), np.zeros(1), 0, 0.95, [-2.0, -1.0])

    def below(u):
        ratio = math.exp(u) * t.mean()
        return 40 * (math.log(ratio) + 1 - ratio)

    assert curve.log_likelihood - curve.highest == approx([below(-2.0), below(-1.0)], rel=1e-9)
    peak = -math.log(t.mean())
    expected = [optimize.brentq(lambda u: below(u) + CUT, peak + s * 2, peak, xtol=1e-13) for s in (-1, 1)]
    assert curve.interval == approx(expected, abs=2e-7)


def test_mean_of_a_gaussian_is_the_t_interval():
    """Maximised over the sd, the profile of the mean is −n/2 ln(1 + t²/(n−1)): Student's t in disguise."""
    z = np.random.default_rng(252).normal(40.0, 3.0, 12)
    n = len(z)
    curve = profile(gaussian, Patterns((z,), np.ones(n)), np.zeros(2), np.zeros(2), 0, 0.9, None)
    mean = np.exp(curve.log_parameters[:, 0])
    variance = np.mean((z[:, None] - mean) ** 2, axis=0)
    assert np.exp(2 * curve.log_parameters[:, 1]) == approx(variance, rel=1e-5)
    assert curve.log_likelihood - curve.highest == approx(-n / 2 * np.log(variance / z.var()), abs=1e-9)
    reach = math.sqrt(z.var() * math.expm1(stats.chi2.ppf(0.9, 1) / n))
    assert np.exp(curve.interval) == approx([z.mean() - reach, z.mean() + reach], rel=1e-6)


@pytest.mark.parametrize("name", WORLDS)
def test_beside_brute_force(name):
    """Each of three values of each parameter: the others found by another search, from elsewhere."""
    frame = world(name, 500, 262)
    model = fit(name, frame)
    assert model.fit_report.converged
    columns = [frame[c].to_numpy(dtype=float) for c in ("frequency", "recency", "T")]
    names = model.family.parameters
    for j, parameter in enumerate(names):
        values = model.parameters[parameter] * np.array([0.75, 1.0, 1.3])
        found = model.profile_likelihood(frame, parameter, values)
        for value, row in zip(values, found.table.itertuples(), strict=True):
            free = [i for i in range(len(names)) if i != j]
            at = np.log([getattr(row, n) for n in names])

            def negative(others, at=at, free=free):
                theta = at.copy()
                theta[free] = others
                value, gradient = model.family.log_likelihood(*columns, *np.exp(theta))
                return -value.sum(), -gradient.sum(axis=1)[free]

            best = optimize.minimize(negative, at[free] + 0.3, jac=True, method="L-BFGS-B", options={"ftol": 1e-15})
            assert row.log_likelihood == approx(-best.fun, abs=1e-6)
            assert getattr(row, parameter) == value
        assert found.table["relative"].iloc[1] == approx(0, abs=1e-6)
        assert found.table["log_likelihood"].iloc[1] == approx(model.fit_report.log_likelihood, rel=1e-12)


@pytest.mark.parametrize("name", ["bg_nbd", "pareto_nbd"])
def test_at_its_ends_the_curve_has_fallen_by_the_cut(name):
    frame = world(name, 1500, 254)
    model = fit(name, frame)
    for parameter in model.parameters:
        for level in (0.5, 0.95):
            found = model.profile_likelihood(frame, parameter, level=level)
            low, high = found.interval
            assert 0 < low < model.parameters[parameter] < high < math.inf
            assert found.level == level
            assert found.note == ""
            ends = model.profile_likelihood(frame, parameter, values=[high, low]).table["relative"]
            assert list(ends) == approx([-stats.chi2.ppf(level, 1) / 2] * 2, abs=1e-5)
            table = found.table
            assert len(table) == 21
            assert list(table.columns)[:3] == [parameter, "log_likelihood", "relative"]
            assert set(table.columns) == {*model.parameters, "log_likelihood", "relative"}
            assert np.all(np.diff(table[parameter]) > 0)
            assert np.all(np.diff(table["relative"].iloc[:11]) > 0)
            assert np.all(np.diff(table["relative"].iloc[10:]) < 0)
            assert table["relative"].iloc[10] == approx(0, abs=1e-8)
            assert table[parameter].iloc[0] < low
            assert table[parameter].iloc[-1] > high


def test_near_the_maximum_it_agrees_with_standard_errors():
    """With 20,000 customers both intervals are the same to 2 % of their width."""
    frame = world("nbd", 20_000, 255)
    model = fit("nbd", frame)
    for parameter, plain in model.confidence_intervals().items():
        found = model.profile_likelihood(frame, parameter).interval
        assert found == approx(plain, abs=0.02 * (plain[1] - plain[0]))


def test_where_nobody_leaves_the_interval_is_open():
    """Customers of an NBD: dropout may be as rare as one likes, and then beta is anything."""
    few = world("nbd", 200, 256)
    model = fit("pareto_nbd", few)
    s = model.profile_likelihood(few, "s")
    beta = model.profile_likelihood(few, "beta", values=[1.0])
    assert s.interval[0] == 0
    assert "the interval is open downwards (0): at level 0.95 the data do not rule out any s that way" in s.note
    assert beta.interval[1] == math.inf
    assert "open upwards (inf)" in beta.note
    assert np.isfinite(s.table.to_numpy()).all()
    assert np.isfinite(beta.table.to_numpy()).all()
    # and it finds what the fit has not: r larger, and some who leave at once
    frame = world("nbd", 400, 256)
    model = fit("pareto_nbd", frame)
    r = model.profile_likelihood(frame, "r")
    assert "a maximum 0.645 higher than the one that a fit finds" in r.note
    assert r.table["relative"].max() <= 0
    assert r.table["log_likelihood"].max() > model.fit_report.log_likelihood + 0.6
    ends = model.profile_likelihood(frame, "r", values=r.interval).table["log_likelihood"]
    assert list(ends) == approx([model.fit_report.log_likelihood + 0.645 - CUT] * 2, abs=1e-3)
    assert 0 < r.interval[0] < r.interval[1] < math.inf
    nbd = fit("nbd", frame).profile_likelihood(frame, "r")  # the same model, all but
    assert nbd.note == ""


def test_rows_may_be_weights():
    frame = world("bg_nbd", 300, 257)
    copies = np.random.default_rng(258).integers(0, 3, 300)
    many = frame.loc[np.repeat(np.arange(300), copies)]
    model = fit("bg_nbd", many)
    one = model.profile_likelihood(frame, "a", weights=copies)
    other = model.profile_likelihood(many, "a")
    assert one.interval == approx(other.interval, rel=1e-6)
    assert one.table.to_numpy() == approx(other.table.to_numpy(), rel=1e-5, abs=1e-7)


def test_it_starts_from_given_parameters_too():
    frame = world("nbd", 300, 259)
    given = clv.PurchaseModel.from_parameters("nbd", {"r": 5.0, "alpha": 1.0}, time_unit="week")
    found = given.profile_likelihood(frame, "r").interval
    assert found == approx(fit("nbd", frame).profile_likelihood(frame, "r").interval, rel=1e-6)


def test_of_spend():
    generator = np.random.default_rng(260)
    x = generator.integers(1, 8, 400)
    amounts = clv.SpendModel().family.simulate(generator, x, 5.0, 4.0, 20.0)
    frame = pd.DataFrame({"frequency": x, "monetary_value": np.add.reduceat(amounts, np.cumsum(x) - x) / x})
    model = clv.SpendModel().fit(frame)
    cents = frame.assign(monetary_value=frame["monetary_value"] * 100)
    for name in ("p", "q", "v"):
        low, high = model.profile_likelihood(frame, name).interval
        assert low < model.parameters[name] < high
        scale = 100 if name == "v" else 1
        in_cents = clv.SpendModel().fit(cents).profile_likelihood(cents, name).interval
        assert in_cents == approx((low * scale, high * scale), rel=1e-6)


def test_refusals():
    frame = world("nbd", 100, 261)
    model = fit("nbd", frame)
    with pytest.raises(clv.InvalidInput, match="NBD has the parameters r, alpha; found 'beta'"):
        model.profile_likelihood(frame, "beta")
    for values in ([], [1.0, -2.0], [math.nan], [math.inf], ["1"], [[1.0]]):
        with pytest.raises(clv.InvalidInput, match="values"):
            model.profile_likelihood(frame, "r", values=values)
    for level in (0, 1, 95, "a"):
        with pytest.raises(clv.InvalidInput, match="level must lie between 0 and 1"):
            model.profile_likelihood(frame, "r", level=level)
    with pytest.raises(clv.NotEnoughData, match="nobody came back"):
        model.profile_likelihood(frame.assign(frequency=0, recency=0.0), "r")
    with pytest.raises(clv.NotFitted):
        clv.PurchaseModel("nbd").profile_likelihood(frame, "r")
    with pytest.raises(clv.NotFitted):
        clv.SpendModel().profile_likelihood(frame, "p")
