"""The distribution of each customer's own rates: laws for every family, and the definition with 30 digits.

Simulated rates are refused by Kolmogorov-Smirnov at p < 1e-6; about 30 samples are looked at, fixed seeds.
"""

from __future__ import annotations

import mpmath
import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from numpy.testing import assert_allclose
from scipy import stats

import clvmodels as clv
from clvmodels.families import bg_bb, bg_nbd, mbg_nbd, pareto_nbd
from clvmodels.models import quantiles

from .worlds import WORLDS, histories_of, parameters_of

KNOWN = [world for world in WORLDS if world.family.latent_cdf]
FEWEST = 1e-6


def laws(examples):
    return settings(max_examples=examples, derandomize=True, deadline=None, phases=set(Phase) - {Phase.explain})


def of_every(worlds):
    return pytest.mark.parametrize("world", worlds, ids=str)


def test_every_shipped_family_has_it():
    assert [world.family.name for world in KNOWN] == ["bg_nbd", "mbg_nbd", "pareto_nbd", "nbd", "bg_bb"]


@of_every(KNOWN)
def test_draws_have_this_distribution(world):
    family, values = world.family, world.values
    T = world.watched[0]
    histories = [(0.0, 0.0, T), (2.0, round(T * 0.5), T), (5.0, T - 1, T)]
    for i, history in enumerate(histories):
        columns = [np.full(4000, v) for v in history]
        drawn = family.draw_latent(np.random.default_rng(40 + i), *columns, *values)
        for name, cdf in family.latent_cdf.items():
            assert stats.kstest(cdf(drawn[name], *columns, *values), "uniform").pvalue > FEWEST, (name, history)


@of_every(KNOWN)
def test_averaged_over_customers_it_is_that_of_the_population(world):
    family, values = world.family, world.values
    history, _ = world.simulated(44, 20_000, world.watched[0])
    for name, mixing in family.mixing.items():
        first, second = (world.parameters[p] for p in mixing.parameters)
        known = stats.gamma(first, scale=1 / second) if mixing.shape == "gamma" else stats.beta(first, second)
        for q in (0.1, 0.5, 0.9):
            chance = family.latent_cdf[name](known.ppf(q), *history, *values)
            assert abs(chance.mean() - q) < 5 * chance.std() / np.sqrt(len(chance)), (name, q)


@of_every(KNOWN)
@laws(25)
@given(data=st.data())
def test_it_rises_from_0_to_1_and_has_the_mean(world, data):
    family, parameters, history = world.family, data.draw(parameters_of(world)), data.draw(histories_of(world))
    means = family.expected_latent(*history, *parameters)
    assert list(family.latent_cdf) == list(means)
    for name, cdf in family.latent_cdf.items():
        w = np.linspace(-60, 14, 1481)[:, None]  # further up 1 − F is rounding
        probability = family.mixing[name].shape == "beta"
        # trapezoid in w, of 1 − F on the way from 0: E[rate] = ∫ (1 − F(v)) dv, v = mean·e^w or logistic
        v = 1 / (1 + np.exp(-w)) + 0 * means[name] if probability else means[name] * np.exp(w)
        slope = v * (1 - v) if probability else v
        with np.errstate(under="ignore"):
            reached = cdf(v, *history, *parameters)
        assert np.all((reached >= 0) & (reached <= 1 + 1e-12))
        assert np.all(np.diff(reached, axis=0) >= -1e-12)
        assert_allclose(cdf(np.zeros(5), *history, *parameters), 0, atol=1e-15)
        assert_allclose(cdf(np.full(5, 1.0 if probability else 1e290), *history, *parameters), 1, rtol=1e-12)
        mean = np.sum((1 - reached) * slope, axis=0) * (w[1, 0] - w[0, 0])
        assert_allclose(mean, means[name], rtol=2e-3 if probability else 1e-6)


@of_every(KNOWN)
@laws(15)
@given(data=st.data(), level=st.sampled_from([0.5, 0.9, 0.999]))
def test_intervals_hold_what_they_say(world, data, level):
    family, parameters, history = world.family, data.draw(parameters_of(world)), data.draw(histories_of(world))
    found = quantiles.latent_intervals(family, level, history, parameters)
    for name, cdf in family.latent_cdf.items():
        for end, q in (("low", (1 - level) / 2), ("high", (1 + level) / 2)):
            value = found[f"{name}_{end}"]
            reached = cdf(value, *history, *parameters)
            # no double may lie where q is reached: then the ones beside it tell
            beside = [cdf(value * (1 + e), *history, *parameters) for e in (-1e-9, 1e-9)]
            inside = (beside[0] <= q + 1e-9) & (beside[1] >= q - 1e-9)
            assert np.all(inside | (value < 1e-295) | (value == 1) | (np.abs(reached - q) < 1e-9))
        assert np.all(found[f"{name}_low"] <= found[f"{name}_high"])
        if family.mixing[name].shape == "beta":
            assert np.all(found[f"{name}_high"] <= 1)


# --- the definition ------------------------------------------------------------------------------------------------

CASES = [(0, 0.0, 40.0), (3, 10.0, 39.0), (26, 30.857, 31.0), (80, 30.0, 39.0), (5, 39.0, 39.0)]


def share(density, value, low, high, middle):
    """∫ of the density up to the value over the whole."""
    points = sorted({low, *(p for p in middle if low < p < high), high})
    below = sorted({low, *(p for p in middle if low < p < value), value})
    return mp.quad(density, below) / mp.quad(density, points)


@pytest.mark.parametrize("history", CASES, ids=str)
def test_pareto_nbd_is_that_of_the_definition(history):
    """Leaves at u with density μ e^(-μu), or never before T: of λ and μ given u, over all u that leave him to t_x."""
    x, t_x, T = history
    values = WORLDS[2].values
    for value in (0.002, 0.05, 0.8):
        with mp.workdps(25):
            r, alpha, s, beta = map(mpf, values)
            m = r + x

            def of(shape, rate, value=value):
                return mpmath.gammainc(shape, 0, rate * value, regularized=True)

            def weight(u, alpha=alpha, beta=beta, m=m, s=s):
                return s * (alpha + u) ** -m * (beta + u) ** (-s - 1)

            steps = [t_x + (T - t_x) * mpf(i) / 8 for i in range(9)] if t_x < T else [T, T]
            stays = (alpha + T) ** -m * (beta + T) ** -s
            whole = stays + mp.quad(weight, steps)
            rate = stays * of(m, alpha + T) + mp.quad(lambda u: weight(u) * of(m, alpha + u), steps)  # noqa: B023
            leaves = stays * of(s, beta + T) + mp.quad(lambda u: weight(u) * of(s + 1, beta + u), steps)  # noqa: B023
        for cdf, expected in ((pareto_nbd.purchase_rate_cdf, rate), (pareto_nbd.dropout_rate_cdf, leaves)):
            assert_allclose(cdf(value, *_one(history)[0], *values), float(expected / whole), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("history", CASES, ids=str)
@pytest.mark.parametrize("family", [bg_nbd, mbg_nbd], ids=lambda f: f.FAMILY.name)
def test_geometric_dropout_is_that_of_the_definition(family, history):
    """Prior × likelihood λ^x p-part: (1−p)^k e^(-λT) + [x > 0 or MBG] p (1−p)^(k−1) e^(-λt_x), of λ and of p alone."""
    x, t_x, T = history
    values = next(world.values for world in WORLDS if world.family is family.FAMILY)
    with mp.workdps(25):
        r, alpha, a, b = map(mpf, values)
        k = x if family is bg_nbd else x + 1  # times that he may have left
        m = r + x

        def weight(power, left):  # ∫ of p^(a−1+left) (1−p)^(b−1+power) dp
            return mpmath.beta(a + left, b + power)

        alive, dead = weight(k, 0), weight(k - 1, 1) if k else mpf(0)
        rate_end = family.purchase_rate_cdf(0.1, *_one(history)[0], *values)

        def of_lambda(w):
            y = mp.exp(w)
            return y**m * mp.exp(-alpha * y) * (alive * mp.exp(-y * T) + dead * mp.exp(-y * t_x))

        top = mp.log((m + 1) / alpha)
        expected = share(of_lambda, mp.log(mpf(0.1)), -60 / m - 5, top + 5, [mp.mpf(i) / 2 for i in range(-12, 8)])
        assert_allclose(rate_end, float(expected), rtol=1e-10, atol=1e-14)

        def of_p(p):
            gone = p**a * (1 - p) ** (b + k - 2) * (alpha + t_x) ** -m if k else 0
            return p ** (a - 1) * (1 - p) ** (b + k - 1) * (alpha + T) ** -m + gone

        expected = share(of_p, mpf(0.2), mpf(0), mpf(1), [mpf(0.01), mpf(0.1), mpf(0.5)])
        assert_allclose(family.dropout_probability_cdf(0.2, *_one(history)[0], *values), float(expected), rtol=1e-6)


@pytest.mark.parametrize("history", [(0, 0, 6), (2, 3, 6), (5, 6, 6), (10, 20, 60)], ids=str)
def test_bg_bb_is_that_of_the_definition(history):
    """Prior × (1−θ)^T p^x (1−p)^(T−x) + Σ over i of θ (1−θ)^(t_x+i) p^x (1−p)^(t_x−x+i)."""
    x, t_x, T = history
    values = WORLDS[5].values
    with mp.workdps(25):
        alpha, beta, gamma, delta = map(mpf, values)
        terms = [(T, 0, 0)] + [(t_x + i, 1, 0) for i in range(T - t_x)]
        weights = [
            mpmath.beta(alpha + x, beta + stayed - x) * mpmath.beta(gamma + left, delta + stayed)
            for stayed, left, _ in terms
        ]
        for value in (0.05, 0.3, 0.8):
            p = [mpmath.betainc(alpha + x, beta + n - x, 0, value, regularized=True) for n, _, _ in terms]
            theta = [mpmath.betainc(gamma + left, delta + n, 0, value, regularized=True) for n, left, _ in terms]
            for cdf, each in ((bg_bb.purchase_rate_cdf, p), (bg_bb.dropout_probability_cdf, theta)):
                expected = sum(w * e for w, e in zip(weights, each, strict=True)) / sum(weights)
                assert_allclose(cdf(value, *_one(history)[0], *values), float(expected), rtol=1e-11)


def _one(history):
    return ([np.array([float(v)]) for v in history],)


# --- the model's frame ---------------------------------------------------------------------------------------------


def test_a_frame_of_three_columns_a_rate():
    world = WORLDS[2]
    model = clv.PurchaseModel.from_parameters(world.family, world.parameters, time_unit="week")
    summary = pd.DataFrame(
        {"frequency": [0, 2, 2, 30], "recency": [0.0, 30.0, 30.0, 38.0], "T": [39.0] * 4}, index=list("abcd")
    )
    found = model.latent_intervals(summary, level=0.8)
    rates = ("purchase_rate", "dropout_rate")
    assert list(found) == [f"{rate}_{what}" for rate in rates for what in ("mean", "low", "high")]
    assert list(found.index) == list("abcd")
    assert_allclose(found.loc["b"], found.loc["c"], rtol=0)
    for rate in rates:
        assert_allclose(found[f"{rate}_mean"], model.latent_means(summary)[rate], rtol=1e-12)
        assert (found[f"{rate}_low"] < found[f"{rate}_high"]).all()
    wider = model.latent_intervals(summary, level=0.95)
    assert (wider["purchase_rate_low"] < found["purchase_rate_low"]).all()
    new = model.new_customer().latent_intervals(0.8)
    known = stats.gamma(world.parameters["s"], scale=1 / world.parameters["beta"])
    assert new["dropout_rate_low"] == pytest.approx(known.ppf(0.1), rel=1e-10)
    assert new["dropout_rate_high"] == pytest.approx(known.ppf(0.9), rel=1e-10)
    with pytest.raises(clv.InvalidInput, match="level must lie between 0 and 1"):
        model.latent_intervals(summary, level=1)
    without = next(world for world in WORLDS if world.family.latent_cdf is None)
    other = clv.PurchaseModel.from_parameters(without.family, without.parameters, time_unit="week")
    with pytest.raises(clv.NotAvailable, match="cannot give latent_intervals"):
        other.latent_intervals(summary.assign(geometric_gap=1.0))
