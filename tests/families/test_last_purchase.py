"""The time to the last purchase ever: the definition with 30 digits, and simulation.

Shares of simulated customers are refused at |z| > 5, once in 1.7 million where the law is true; 60 are looked at.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special

import clvmodels as clv
from clvmodels.families import bg_bb, pareto_nbd
from clvmodels.models import quantiles

from .worlds import WORLDS, histories_of, parameters_of

KNOWN = [world for world in WORLDS if world.family.time_to_last_purchase_alive]
SHARES = [1e-9, 0.3, 0.4999, 0.5, 0.9, 1 - 1e-9]


def laws(examples):
    return settings(max_examples=examples, derandomize=True, deadline=None, phases=set(Phase) - {Phase.explain})


def of_every(worlds):
    return pytest.mark.parametrize("world", worlds, ids=str)


CASES = [
    # x, T, r, alpha, s, beta
    (0, 0.0, 0.553, 10.578, 0.606, 11.669),
    (2, 38.86, 0.553, 10.578, 0.606, 11.669),
    (132, 200.0, 0.55, 10.58, 0.61, 11.67),
    (3, 40.0, 5.0, 0.1, 0.1, 300.0),
    (1, 2.0, 0.05, 100.0, 20.0, 1.0),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_pareto_nbd_against_the_integral_over_the_next_purchase(case):
    """The first purchase after T + t comes at T + t + w, before he leaves: ∫ of its density times P(alive then)."""
    x, T, *values = case
    found = pareto_nbd.time_to_last_purchase_alive(np.array(SHARES), float(x), 0.0, T, *values)
    with mp.workdps(30):
        r, alpha, s, beta = map(mpf, values)
        m, A, B = r + x, alpha + mpf(T), beta + mpf(T)

        def later(t):
            def integrand(v):  # w = e^v
                w = mp.exp(v)
                return w * m / A * (1 + w / A) ** (-m - 1) * (1 + (t + w) / B) ** -s

            steps = sorted(mp.log(scale) + i for scale in (A, A / m, B + t) for i in (-60, -8, -3, -1, 0, 1, 3, 8, 900))
            return mp.quad(integrand, steps)

        for q, t in zip(SHARES, found, strict=True):
            if t < 1e200:
                reached = 1 - later(mpf(float(t))) / later(mpf(0))
                # the quantile is right to 1e-12 or so in t, and the smaller of q and 1 − q keeps its digits
                small = reached / mpf(q) if q < 0.5 else (1 - reached) / (1 - mpf(q))
                assert abs(small - 1) < 1e-10


def test_bg_bb_against_the_sum_over_the_next_purchase():
    """P(a purchase after t periods) = Σ over the period j > t of the first one of E[p(1−p)^(j−t−1)] E[(1−θ)^j]."""
    x, T, (alpha, beta, gamma, delta) = 3.0, 5.0, (8.0, 2.0, 3.0, 5.0)
    a, b, d = alpha + x, beta + T - x, delta + T

    def later(t):
        j = t + np.arange(1.0, 3000)
        next_one = special.betaln(a + 1, b + j - t - 1) - special.betaln(a, b)
        return np.exp(next_one + special.betaln(gamma, d + j) - special.betaln(gamma, d)).sum()

    reached = np.array([1 - later(t) / later(0) for t in range(60)])
    q = np.array([0.0, 1e-6, 0.05, 0.3, 0.5, 0.75, 0.9, 0.99])
    found = bg_bb.time_to_last_purchase_alive(q, x, T, T, alpha, beta, gamma, delta)
    assert_array_equal(found, np.searchsorted(reached, q))
    # on the dot: the period at which q is reached but for rounding
    assert_array_equal(bg_bb.time_to_last_purchase_alive(reached[1:9], x, T, T, alpha, beta, gamma, delta), range(1, 9))


def last_purchases(world, history, size, generator):
    """Times from T to the last purchase of customers who make one: from how long they stay, backwards."""
    latent = world.family.draw_latent(generator, *(np.full(size, v) for v in history), *world.values)
    latent = {name: values[latent["alive"] > 0] for name, values in latent.items()}
    rate, n = latent["purchase_rate"], len(latent["alive"])
    if world.discrete:
        stays = generator.geometric(np.maximum(latent["dropout_probability"], 1e-15)) - 1.0
        last = stays + 1 - generator.geometric(np.maximum(rate, 1e-15))
    elif "dropout_rate" in latent:
        stays = generator.exponential(1, n) / latent["dropout_rate"]
        last = stays - generator.exponential(1, n) / rate
    else:
        last = generator.gamma(generator.geometric(np.maximum(latent["dropout_probability"], 1e-15)), 1 / rate)
    return last[last > 0]


@of_every([world for world in KNOWN if world.family.name != "nbd"])
def test_simulated_customers_buy_last_as_said(world):
    T = world.watched[0]
    for i, history in enumerate([(0.0, 0.0, T), (2.0, round(T * 0.7), T), (5.0, T, T)]):
        last = last_purchases(world, history, 40_000, np.random.default_rng(90 + i))
        for q in (0.05, 0.3, 0.5, 0.8):
            found = quantiles.time_to_last_purchase(world.family, q, [np.array([v]) for v in history], world.values)[0]
            error = 5 * np.sqrt(q * (1 - q) / len(last))
            if world.discrete:
                assert np.mean(last <= found) > q - error
                assert np.mean(last <= found - 1) < q + error
            else:
                assert abs(np.mean(last <= found) - q) < error


@of_every(KNOWN)
@laws(5)
@given(data=st.data())
def test_it_is_no_sooner_than_the_next_and_no_later_than_leaving(world, data):
    """Beside the next purchase under the same condition; beside the lifetime of those who do not buy again as well."""
    family, parameters, history = world.family, data.draw(parameters_of(world)), data.draw(histories_of(world))
    before = np.zeros(5)
    for q in SHARES:
        last = quantiles.time_to_last_purchase(family, q, history, parameters)
        following = quantiles.time_to_next_purchase(family, q, history, parameters)
        assert np.all(last >= following * (1 - 1e-9))
        assert np.all(last >= before * (1 - 1e-9))
        before = last
    assert not quantiles.time_to_last_purchase(family, 0.0, history, parameters).any()


@laws(12)
@given(data=st.data(), q=st.sampled_from(SHARES), c=st.sampled_from([7.0, 1e-3]))
def test_pareto_nbd_scales_with_time(data, q, c):
    (r, alpha, s, beta), (x, t_x, T) = data.draw(parameters_of(WORLDS[2])), data.draw(histories_of(WORLDS[2]))
    one = pareto_nbd.time_to_last_purchase_alive(q, x, t_x, T, r, alpha, s, beta)
    other = pareto_nbd.time_to_last_purchase_alive(q, x, t_x * c, T * c, r, alpha * c, s, beta * c)
    within = one < 1e290
    assert_allclose(other[within], c * one[within], rtol=1e-9)


def test_a_model_says_when():
    summary = pd.DataFrame({"frequency": [2, 0], "recency": [30.0, 0.0], "T": [39.0, 30.0]})
    for world in KNOWN[:4]:
        model = clv.PurchaseModel.from_parameters(world.family, world.parameters, time_unit="week")
        found = model.time_to_last_purchase(summary, q=[0.1, 0.5])
        assert list(found) == ["probability_of_purchase", "time_to_last_purchase_0.1", "time_to_last_purchase_0.5"]
        assert_allclose(found["probability_of_purchase"], model.probability_of_purchase(summary, np.inf), rtol=1e-12)
        if world.family.name == "nbd":
            assert np.isinf(found["time_to_last_purchase_0.1"]).all()
        elif world.family.name != "pareto_nbd":
            assert_allclose(found["time_to_last_purchase_0.5"], model.residual_lifetime(summary, 0.5).iloc[:, 1])
        new = model.new_customer().time_to_last_purchase(0.5)
        empty = pd.DataFrame({"frequency": [0], "recency": [0.0], "T": [0.0]})
        assert new == pytest.approx(model.time_to_last_purchase(empty, 0.5).iloc[0].to_dict(), rel=1e-12)
