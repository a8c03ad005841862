"""Predictive distributions against sums over every count, other packages' scores, and simulation.

Tests with simulation use fixed seeds and z-tests that reject at |z| > 5, one true law in 1.7 million; about 60 such
tests are made here.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scoringrules
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import clvmodels as clv
from clvmodels.families import PURCHASE_FAMILIES, purchase_family
from clvmodels.models import quantiles, questions
from clvmodels.validation import predictive, walk

from ..families.worlds import WORLDS, histories_of, parameters_of

Z = 5.0
BY_NAME = {world.family.name: world for world in WORLDS}
PARETO, NBD = BY_NAME["pareto_nbd"], BY_NAME["nbd"]
FIELDS = ("probability", "below", "crps", "median", "probability_of_purchase")


def laws(examples):
    return settings(max_examples=examples, derandomize=True, deadline=None, phases=set(Phase) - {Phase.explain})


def of_every(worlds):
    return pytest.mark.parametrize("world", worlds, ids=str)


def z_score(sample, mean=0.0):
    return (np.mean(sample) - mean) / (np.std(sample) / math.sqrt(len(sample)))


def columns_of(found):
    """Every array of a distribution, by name."""
    columns = {name: getattr(found, name) for name in FIELDS}
    for level, (low, high) in found.intervals.items():
        columns |= {f"low_{level}": low, f"high_{level}": high, f"mass_{level}": found.masses[level]}
    return columns


def by_brute_force(pmf, y, levels=predictive.LEVELS):
    """The same from a matrix of P(n), a row each for n = 0, 1, 2, ... up to where nothing is left."""
    reached = np.cumsum(pmf, axis=0)
    assert np.all(reached[-1] > 1 - 1e-10)
    n, rows = np.arange(len(pmf))[:, None], np.arange(len(y))
    before = np.concatenate([np.zeros((1, len(y))), reached])
    bought = y.astype(int)

    def quantile(q):
        return np.argmax(reached >= q - 1e-10 * min(q, 1 - q), axis=0)

    columns = {
        "probability": pmf[bought, rows],
        "below": before[bought, rows],
        "crps": np.sum((reached - (n >= y)) ** 2, axis=0),
        "median": quantile(0.5),
        "probability_of_purchase": 1 - pmf[0],
    }
    for level in levels:
        low, high = quantile((1 - level) / 2), quantile((1 + level) / 2)
        columns |= {f"low_{level}": low, f"high_{level}": high}
        columns[f"mass_{level}"] = reached[high, rows] - before[low, rows]
    return columns


def assert_same(found, expected, tolerance=1e-12):
    assert set(columns_of(found)) == set(expected)
    for name, values in columns_of(found).items():
        assert_allclose(values, expected[name], rtol=0, atol=1e-9 if name == "crps" else tolerance, err_msg=name)


def every_count(family, most, t, history, parameters):
    """P(n) of n = 0, 1, ... below ``most``, a row each, from one call."""
    n, t, *history = (
        np.asarray(v) + np.zeros((most, len(history[0]))) for v in (np.arange(most)[:, None], t, *history)
    )
    columns = [n.ravel(), t.ravel(), [h.ravel() for h in history], parameters]
    return questions.purchase_pmf(family, *columns).reshape(n.shape)


# --- against sums over every count -----------------------------------------------------------------------------------


@of_every(WORLDS)
@laws(12)
@given(data=st.data(), share=st.floats(0.0, 1.0), levels=st.sampled_from([predictive.LEVELS, (0.01, 0.9999)]))
def test_everything_follows_from_the_pmf(world, data, share, levels):
    family, parameters = world.family, data.draw(parameters_of(world))
    history = data.draw(histories_of(world, most=30))
    y = np.array(data.draw(st.lists(st.integers(0, 40), min_size=5, max_size=5)), dtype=np.float64)
    # in continuous time at most twice alpha: then nobody makes more than a few hundred purchases
    t = float(round(20 * share)) if world.discrete else 2 * share * parameters[1]
    pmf = every_count(family, 50 if world.discrete else 600, t, history, parameters)
    found = predictive.of_model(family, parameters, history, t, y, levels)
    assert_same(found, by_brute_force(pmf, y, levels), 1e-12 if family.purchase_counts_alive else 1e-11)
    assert_allclose(
        found.probability_of_purchase,
        questions.probability_of_purchase(family, t, history, parameters),
        rtol=1e-9,
        atol=1e-13,
    )
    for level, (low, high) in found.intervals.items():
        for q, n in ((0.5, found.median), ((1 - level) / 2, low), ((1 + level) / 2, high)):
            assert_array_equal(n, quantiles.purchase_quantile(family, q, t, history, parameters))
        assert np.all(found.masses[level] >= level - 1e-9)


@of_every([world for world in WORLDS if world.family.more_purchases_alive])
@laws(8)
@given(data=st.data())
def test_a_family_may_leave_the_fast_ways_out(world, data):
    family, parameters = world.family, data.draw(parameters_of(world))
    history = data.draw(histories_of(world, most=10))
    y = np.arange(5.0) * data.draw(st.integers(0, 6))
    t = 3.0 if world.discrete else 0.5 / np.max(questions.expected_purchases(family, 1.0, 0.0, history, parameters))
    expected = columns_of(predictive.of_model(family, parameters, history, t, y))
    slow = replace(family, purchase_counts_alive=None, statistics_ahead=None)
    assert_same(predictive.of_model(slow, parameters, history, t, y), expected, 1e-11)
    slower = replace(slow, more_purchases_alive=None)
    assert_same(predictive.of_model(slower, parameters, history, t, y), expected, 1e-11)


@of_every([world for world in WORLDS if not world.discrete and world.family.purchase_counts_alive])
@laws(15)
@given(data=st.data(), length=st.floats(-2.0, 1.0).map(lambda v: 10**v))
def test_no_tail_is_too_long(world, data, length):
    """CRPS(0) − CRPS(y) + y = 2 Σ over n < y of P(X > n), which is 2 E[X] for a y that is never reached."""
    family, parameters = world.family, data.draw(parameters_of(world))
    history = data.draw(histories_of(world, most=10))
    t = length * parameters[1]  # alpha: a new customer's λt is Gamma(r, 1/length)
    most = 1e4
    expected = questions.expected_purchases(family, t, 0.0, history, parameters)
    none, far = (predictive.of_model(family, parameters, history, t, np.full(5, y)).crps for y in (0.0, most))
    assert_allclose((none - far + most) / 2, expected, rtol=1e-9, atol=1e-9)


@pytest.fixture(scope="module")
def split():
    log = clv.load_cdnow(sample=True)
    return clv.calibration_holdout(log, time_unit="week", calibration_end="1997-09-30", holdout_end="1998-06-30")


CDNOW = {
    "bg_nbd": (0.2425945, 4.4136019, 0.7929199, 2.4258881),
    "pareto_nbd": (0.55328, 10.5777, 0.60624, 11.6687),
    "mbg_nbd": (0.525, 6.183, 0.891, 1.614),
    "nbd": (0.385, 12.072),
}


@pytest.mark.parametrize("name", CDNOW)
def test_cdnow_through_the_public_methods(split, name):
    family = purchase_family(name)
    model = clv.PurchaseModel.from_parameters(name, dict(zip(family.parameters, CDNOW[name], strict=True)), "week")
    history = [split[column].to_numpy(dtype=np.float64) for column in family.statistics]
    y = split["purchases_holdout"].to_numpy(dtype=np.float64)
    assert y.sum() == 1882
    found = predictive.of_model(family, CDNOW[name], history, 39.0, y)
    pmf = model.purchase_pmf(split, list(range(240)), horizon=39).to_numpy().T
    expected = by_brute_force(pmf, y)
    expected["median"] = model.purchase_quantile(split, 0.5, horizon=39)
    for level in predictive.LEVELS:
        expected[f"low_{level}"] = model.purchase_quantile(split, (1 - level) / 2, horizon=39)
        expected[f"high_{level}"] = model.purchase_quantile(split, (1 + level) / 2, horizon=39)
    assert_same(found, expected)
    assert np.isfinite(np.log(found.probability)).all()
    again = predictive.of_model(family, CDNOW[name], history, split["duration_holdout"].to_numpy(), y)
    for column, values in columns_of(again).items():
        assert_array_equal(values, columns_of(found)[column])


# --- against another package -----------------------------------------------------------------------------------------


def test_nobody_ever_leaves_and_nothing_was_seen_is_a_negative_binomial():
    r, alpha = 0.385, 12.072
    T, y = np.array([0.0, 10.0, 27.0, 38.857, 300.0] * 4), np.repeat([0.0, 1.0, 4.0, 60.0], 5)
    found = predictive.of_model(NBD.family, (r, alpha), (0 * T, 0 * T, T), 39.0, y)
    share = (alpha + T) / (alpha + T + 39)
    assert_allclose(found.crps, scoringrules.crps_negbinom(y, r, share), atol=1e-9)
    assert_allclose(found.probability, stats.nbinom.pmf(y, r, share), rtol=1e-11)
    assert_allclose(found.below, stats.nbinom.cdf(y - 1, r, share), rtol=0, atol=1e-12)
    assert_array_equal(found.intervals[0.95][1], stats.nbinom.ppf(0.975, r, share))


@laws(40)
@given(mean=st.floats(1e-3, 50) | st.floats(1e-3, 3e4), y=st.integers(0, 60) | st.integers(0, 60_000))
def test_poisson(mean, y):
    found = predictive.of_counts([mean], [y], floor=1e-9)
    if mean < 60 and y < 100:  # scoringrules overflows soon after
        assert_allclose(found.crps, scoringrules.crps_poisson(float(y), mean), rtol=1e-9, atol=1e-9)
    n = np.arange(max(y, mean) + 40 * math.sqrt(mean) + 100)
    assert_allclose(found.crps, np.sum((stats.poisson.cdf(n, mean) - (n >= y)) ** 2), rtol=1e-8, atol=1e-9)
    assert_allclose(found.below, stats.poisson.cdf(y - 1, mean), rtol=1e-9, atol=1e-12)
    assert_allclose(found.probability, stats.poisson.pmf(y, mean), rtol=1e-8, atol=1e-300)
    assert_allclose(found.probability_of_purchase, -math.expm1(-mean), rtol=1e-12)
    assert_array_equal(found.median, stats.poisson.ppf(0.5, mean))
    for level, (low, high) in found.intervals.items():
        assert_array_equal(low, stats.poisson.ppf((1 - level) / 2, mean))
        assert_array_equal(high, stats.poisson.ppf((1 + level) / 2, mean))
        mass = stats.poisson.cdf(high, mean) - stats.poisson.cdf(low - 1, mean)
        assert_allclose(found.masses[level], mass, rtol=1e-9)


def test_poisson_against_the_sum():
    mean, y = np.array([0.01, 0.7, 3.0, 12.5, 40.0]), np.array([2.0, 0.0, 3.0, 30.0, 12.0])
    pmf = stats.poisson.pmf(np.arange(400)[:, None], mean)
    assert_same(predictive.of_counts(mean, y, floor=1e-6), by_brute_force(pmf, y))


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95, 0.001])
def test_a_quantile_that_is_reached_on_the_dot(level):
    """At the mean for which P(X ≤ n) is the quantile itself, n is the quantile."""
    for q in ((1 - level) / 2, 0.5, (1 + level) / 2):
        mean = stats.gamma.isf(q, np.arange(1.0, 41.0))  # P(Poisson(mean) ≤ n) = P(Gamma(n + 1) > mean)
        found = predictive.of_counts(mean, 0 * mean, (level,), floor=1e-12)
        n = found.median if q == 0.5 else found.intervals[level][int(q > 0.5)]
        assert_array_equal(n, np.arange(40.0))


def test_the_floor_of_a_baseline():
    """A mean of 0 is half a purchase among all customers, or what the caller says; other means stay."""
    mean, y = np.array([0.0, 0.0, 0.5, 2.0]), np.array([0.0, 3.0, 1.0, 2.0])
    found = predictive.of_counts(mean, y)
    assert_allclose(found.probability, stats.poisson.pmf(y, [0.125, 0.125, 0.5, 2.0]), rtol=1e-12)
    assert np.isfinite(np.log(found.probability)).all()
    other = predictive.of_counts(mean, y, floor=1e-3)
    assert_allclose(other.probability_of_purchase[:2], -math.expm1(-1e-3), rtol=1e-12)
    assert_array_equal(other.crps[2:], found.crps[2:])


# --- what must not matter --------------------------------------------------------------------------------------------


@of_every(WORLDS)
def test_order_and_repetition_of_rows_do_not_matter(world):
    history, y = world.simulated(81, 400, world.watched[0], world.watched[1])
    t = world.watched[1]
    found = columns_of(predictive.of_model(world.family, world.values, history, t, y))
    rows = np.random.default_rng(82).integers(0, 400, 900)
    again = columns_of(predictive.of_model(world.family, world.values, [h[rows] for h in history], t, y[rows]))
    for name, values in again.items():
        assert values.shape == (900,)
        assert_allclose(values, found[name][rows], rtol=1e-11, atol=1e-14, err_msg=name)


@of_every([world for world in WORLDS if not world.discrete])
def test_horizon_and_parameters_may_differ_between_customers(world):
    history, y = world.simulated(83, 60, world.watched[0], world.watched[1])
    t = np.linspace(0.0, 60.0, 60)
    each = [v * np.linspace(0.7, 1.5, 60) for v in world.values]
    found = columns_of(predictive.of_model(world.family, each, history, t, y))
    for i in range(0, 60, 7):
        own = [h[i : i + 1] for h in history], t[i], y[i : i + 1]
        alone = columns_of(predictive.of_model(world.family, [v[i] for v in each], *own))
        for name, values in found.items():
            assert_allclose(values[i], alone[name][0], rtol=1e-9, atol=1e-11, err_msg=name)


def test_blocks_do_not_matter(monkeypatch):
    history, y = PARETO.simulated(84, 3000, 30.0, 40.0)
    expected = columns_of(predictive.of_model(PARETO.family, PARETO.values, history, 40.0, y))
    for futures, first, most in ((7, 16, 256), (2048, 2, 2), (50, 64, 64)):
        monkeypatch.setattr(walk, "_FUTURES", futures)
        monkeypatch.setattr(walk, "_FIRST", first)
        monkeypatch.setattr(walk, "_MOST", most)
        found = columns_of(predictive.of_model(PARETO.family, PARETO.values, history, 40.0, y))
        for name, values in found.items():
            assert_allclose(values, expected[name], rtol=0, atol=1e-9 if name == "crps" else 1e-12, err_msg=name)


# --- little data, and the ends of the domain -------------------------------------------------------------------------


@of_every(WORLDS)
def test_nobody(world):
    none = [np.zeros(0) for _ in world.family.statistics]
    found = predictive.of_model(world.family, world.values, none, 4.0, np.zeros(0))
    for values in [*columns_of(found).values(), *columns_of(predictive.of_counts([], [])).values()]:
        assert values.shape == (0,)
        assert values.dtype == np.float64


@of_every(WORLDS)
def test_no_holdout(world):
    """With a horizon of 0 nobody buys, with certainty."""
    history, _ = world.simulated(85, 30, world.watched[0])
    y = np.arange(30.0) % 3
    found = predictive.of_model(world.family, world.values, history, 0.0, y)
    assert_allclose(found.probability, y == 0, atol=1e-15)
    assert_allclose(found.below, y > 0, atol=1e-15)
    assert_allclose(found.crps, y, atol=1e-15)
    assert not found.probability_of_purchase.any()
    for level, (low, high) in found.intervals.items():
        assert not found.median.any()
        assert not low.any()
        assert not high.any()
        assert_allclose(found.masses[level], 1)


@of_every(WORLDS)
def test_nothing_was_seen(world):
    """T = 0 is a new customer."""
    nothing = [np.zeros(4) for _ in world.family.statistics]
    y, t = np.array([0.0, 1.0, 3.0, 20.0]), world.horizon(world.watched[1])
    found = predictive.of_model(world.family, world.values, nothing, t, y)
    expected = [world.family.purchase_pmf(n, t, *world.values) for n in y]
    assert_allclose(found.probability, expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", CDNOW)
def test_what_is_far_beyond_all_expectation(name):
    family = purchase_family(name)
    y = np.array([0.0, 60.0, 300.0, 301.0, 600.0, 20_000.0])
    history = [np.full(6, 1.0), np.full(6, 20.0), np.full(6, 38.0)]
    found = predictive.of_model(family, CDNOW[name], history, 39.0, y)
    expected = family.conditional_purchase_pmf(y, 39.0, *history, *CDNOW[name])
    assert_allclose(found.probability, expected, rtol=1e-9, atol=1e-300)
    assert np.isfinite(np.log(found.probability[:5])).all()
    assert_allclose(found.below[1:], 1, rtol=1e-12)
    mean = questions.expected_purchases(family, 39.0, 0.0, [h[:1] for h in history], CDNOW[name])
    assert_allclose(found.crps[2:], found.crps[0] + y[2:] - 2 * mean, rtol=1e-12)


def test_somebody_who_is_surely_gone():
    """P(alive) underflows: all mass is at 0, and one purchase is impossible."""
    history = [np.full(2, 400.0), np.full(2, 1.0), np.full(2, 300.0)]
    found = predictive.of_model(BY_NAME["bg_nbd"].family, CDNOW["bg_nbd"], history, 39.0, np.array([0.0, 2.0]))
    assert_array_equal(found.probability, [1.0, 0.0])
    assert_array_equal(found.below, [0.0, 1.0])
    assert_array_equal(found.crps, [0.0, 2.0])
    assert_array_equal(found.intervals[0.95][1], [0.0, 0.0])


@pytest.mark.parametrize("name", CDNOW)
def test_one_busy_customer_costs_only_himself(name):
    """Of a thousand customers one bought 300 times: the others are not asked about 300 counts."""
    asked = []
    family = purchase_family(name)

    def counting(n, t, *columns):
        asked.append(len(n) * len(columns[0]))
        return family.purchase_counts_alive(n, t, *columns)

    history = [np.zeros(1001), np.zeros(1001), np.linspace(1.0, 39.0, 1001)]
    y = np.where(np.arange(1001) == 500, 300.0, 1.0)
    watched = replace(family, purchase_counts_alive=counting)
    before = predictive.of_model(watched, CDNOW[name], history, 39.0, np.ones(1001))
    usual = sum(asked)
    asked.clear()
    found = predictive.of_model(watched, CDNOW[name], history, 39.0, y)
    assert sum(asked) < usual + 200
    assert_array_equal(np.flatnonzero(before.crps != found.crps), [500])


# --- simulation ------------------------------------------------------------------------------------------------------


@of_every(WORLDS)
def test_customers_of_the_model_do_as_it_says(world):
    """Mid-distribution values average 1/2 (variance at most 1/12), intervals hold their mass, scores their mean."""
    ahead = world.watched[1]
    history, y = world.simulated(86, 20_000, world.watched[0], ahead)
    found = predictive.of_model(world.family, world.values, history, ahead, y)
    assert abs(z_score(found.below + found.probability / 2, 0.5)) < Z
    assert abs(z_score((y > 0) - found.probability_of_purchase)) < Z
    for level, (low, high) in found.intervals.items():
        assert abs(z_score(((low <= y) & (y <= high)) - found.masses[level])) < Z
    # another customer with the same history has, on average, the same score: E[CRPS] = Σ F(1 − F)
    doubled = predictive.of_model(world.family, world.values, history, ahead, np.zeros(len(y)))
    mean = questions.expected_purchases(world.family, ahead, 0.0, history, world.values)
    assert abs(z_score(found.crps - (mean - doubled.crps))) < Z


# --- what is refused -------------------------------------------------------------------------------------------------


def test_a_family_without_probabilities_says_so():
    family = replace(PARETO.family, conditional_purchase_pmf=None)
    assert predictive.of_model(family, PARETO.values, [np.zeros(2)] * 3, 1.0, np.zeros(2)) is None
    assert "pareto_nbd does not provide the probabilities" in predictive.lacks(family)
    assert all(predictive.lacks(purchase_family(name)) is None for name in PURCHASE_FAMILIES)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"actual": [1.0, 2.5, -1.0]}, r"whole numbers of at least 0: 2 of 3 are not, first row 1 \(2.5\)"),
        ({"actual": [1.0, 2.0, math.inf]}, r"1 of 3 are not, first row 2 \(inf\)"),
        ({"actual": [1.0, 2.0, math.nan]}, r"1 of 3 are not, first row 2 \(nan\)"),
        ({"horizon": math.inf}, r"horizon must be finite and at least 0: 1 of 1 are not, first row 0 \(inf\)"),
        ({"horizon": [1.0, -2.0, 1.0]}, r"1 of 3 are not, first row 1 \(-2\)"),
        ({"levels": (0.5, 1.0)}, "above 0 and below 1, for example 0.8; found 1.0"),
    ],
    ids=str,
)
def test_what_cannot_be_used(changed, message):
    known = {"horizon": 39.0, "actual": np.zeros(3)} | changed
    with pytest.raises(clv.InvalidInput, match=message):
        predictive.of_model(PARETO.family, PARETO.values, [np.zeros(3)] * 3, **known)


def test_means_that_cannot_be_used():
    with pytest.raises(clv.InvalidInput, match=r"2 of 3 are not, first row 1 \(-1\)"):
        predictive.of_counts([1.0, -1.0, math.nan], [0, 0, 0])
    with pytest.raises(clv.InvalidInput, match="floor must be above 0 and finite"):
        predictive.of_counts([1.0], [0], floor=0.0)


def test_a_frame_of_results_is_made_of_plain_numbers():
    found = predictive.of_counts(pd.Series([0.5, 1.5]), pd.Series([0, 1]))
    assert all(isinstance(v, np.ndarray) and v.dtype == np.float64 for v in columns_of(found).values())


def test_log_probabilities_are_those_of_the_probabilities_and_do_not_underflow():
    family, history = purchase_family("bg_nbd"), ([0.0, 2.0], [0.0, 30.4], [38.9, 38.9])
    model = predictive.of_model(family, (0.243, 4.414, 0.793, 2.426), history, 39.0, [0, 3])
    assert_allclose(np.exp(model.log_probability), model.probability, rtol=1e-14)
    poisson = predictive.of_counts([1e-5, 3.0], [100, 2], floor=1e-9)
    # ln(mu^y e^-mu/y!) = 100 ln(1e-5) - 1e-5 - ln(100!), of which a double holds no exponential
    assert poisson.log_probability[0] == pytest.approx(100 * np.log(1e-5) - 1e-5 - math.lgamma(101.0), rel=1e-14)
    assert poisson.probability[0] == 0
    assert_allclose(np.exp(poisson.log_probability[1]), poisson.probability[1], rtol=1e-14)
