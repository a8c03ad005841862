"""Probabilities of many counts at once are those that the family gives one by one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from numpy.testing import assert_allclose

from clvmodels.families import bg_nbd, pareto_nbd

from .worlds import LENGTHS, WORLDS, histories_of, parameters_of

KNOWN = [world for world in WORLDS if world.family.purchase_counts_alive]


def laws(examples):
    return settings(max_examples=examples, derandomize=True, deadline=None, phases=set(Phase) - {Phase.explain})


def of_every(worlds):
    return pytest.mark.parametrize("world", worlds, ids=str)


@of_every(KNOWN)
@laws(40)
@given(
    data=st.data(), t=st.just(0.0) | LENGTHS, first=st.just(0) | st.integers(1, 200), many=st.sampled_from([1, 2, 40])
)
def test_many_counts_at_once_are_what_they_are_one_by_one(world, data, t, first, many):
    family, parameters, history = world.family, data.draw(parameters_of(world)), data.draw(histories_of(world))
    n = first + np.arange(float(many))
    exactly, more = family.purchase_counts_alive(n, t, *history, *parameters)
    assert exactly.shape == more.shape == (many, len(history[0]))
    alive = np.exp(family.log_p_alive(*history, *parameters))
    for k in {0, many // 2, many - 1}:
        count = np.full(len(alive), n[k])
        gone = np.where(count == 0, 1 - alive, 0.0)
        one = family.conditional_purchase_pmf(count, t, *history, *parameters)
        assert_allclose(alive * exactly[k] + gone, one, rtol=1e-9, atol=1e-12)
        assert_allclose(more[k], family.more_purchases_alive(count, t, *history, *parameters), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("b", [1e-9, 1.47e-6, 1.0, 1e6])
@pytest.mark.parametrize("a", [1e-9, 1.0, 1.2e6])
def test_who_leaves_almost_surely_still_has_probabilities_that_sum_to_one(a, b):
    # fits of a handful of customers end there: a far above b, where the chance to stay is a rounding error of 1
    n, history, values = np.arange(4.0), [np.array([0.0]), np.array([0.0]), np.array([21.4])], (8.03, 232.18, a, b)
    exactly, more = bg_nbd.FAMILY.purchase_counts_alive(n, 4.57, *history, *values)
    one_by_one = [bg_nbd.FAMILY.conditional_purchase_pmf(np.array([k]), 4.57, *history, *values) for k in n]
    assert_allclose(exactly, one_by_one, rtol=1e-11)
    assert_allclose(exactly.sum() + more[-1], 1, rtol=1e-13)


@of_every(KNOWN)
@laws(15)
@given(data=st.data(), t=LENGTHS)
def test_every_parameter_may_differ_between_customers(world, data, t):
    family, n = world.family, np.arange(12.0)
    drawn = [data.draw(parameters_of(world)) for _ in range(5)]
    history = data.draw(histories_of(world))
    each = [np.array(column) for column in zip(*drawn, strict=True)]
    t = t * np.linspace(0.1, 1, 5)
    together = family.purchase_counts_alive(n, t, *history, *each)
    for i in range(5):
        alone = family.purchase_counts_alive(n, t[i], *(h[i : i + 1] for h in history), *drawn[i])
        for one, all_of_them in zip(alone, together, strict=True):
            assert_allclose(all_of_them[:, i], one[:, 0], rtol=1e-9, atol=1e-13)


@of_every([world for world in WORLDS if world.family.statistics_ahead])
@laws(15)
@given(data=st.data(), t=LENGTHS)
def test_the_future_of_the_living_depends_on_no_other_statistic(world, data, t):
    family, parameters = world.family, data.draw(parameters_of(world))
    one, other = data.draw(histories_of(world)), data.draw(histories_of(world))
    assert set(family.statistics_ahead) < set(family.statistics)
    mixed = [
        a if name in family.statistics_ahead else b for name, a, b in zip(family.statistics, one, other, strict=True)
    ]
    for ask in (
        lambda history: family.survival_alive(t, *history, *parameters),
        lambda history: family.expected_purchases_alive(t, 0.0, *history, *parameters),
        lambda history: family.more_purchases_alive(2.0, t, *history, *parameters),
        lambda history: np.concatenate(family.purchase_counts_alive(np.arange(3.0), t, *history, *parameters)),
    ):
        assert_allclose(ask(mixed), ask(one), rtol=1e-12)


@of_every(KNOWN)
def test_nobody_is_asked_about(world):
    none = [np.zeros(0) for _ in world.family.statistics]
    exactly, more = world.family.purchase_counts_alive(np.arange(4.0), 3.0, *none, *world.values)
    assert exactly.shape == more.shape == (4, 0)


HARD = [
    # x, T, r, alpha, s, beta, t, first n
    (0, 0.0, 0.553, 10.578, 0.606, 11.669, 39.0, 0),
    (26, 31.0, 0.553, 10.578, 0.606, 11.669, 52.0, 20),
    (3, 0.0, 0.05, 0.1, 20.0, 300.0, 1000.0, 100),
    (132, 200.0, 0.55, 10.58, 0.61, 11.67, 10.0, 0),
    (1500, 1.0, 0.75, 0.65, 16.7, 2.3, 747.0, 3000),
    (500, 37.0, 10.465, 0.00798565, 3.0516, 2.82, 39.0, 480),
    (2, 40.0, 0.5, 0.1, 0.5, 300.0, 1e-3, 0),
]


@pytest.mark.parametrize("case", HARD, ids=str)
def test_pareto_nbd_against_the_integral_over_the_time_of_leaving(case):
    """P(n | alive) = ∫ over (0, ∞) of the lifetime's density times the NBD until min(u, t), with 30 digits."""
    x, T, r, alpha, s, beta, t, first = case
    n = first + np.arange(16.0)
    exactly, more = pareto_nbd.purchase_counts_alive(n, t, np.array([float(x)]), 0.0, T, r, alpha, s, beta)
    with mp.workdps(30):
        m, A, B, end = mpf(r) + x, mpf(alpha) + mpf(T), mpf(beta) + mpf(T), mpf(t)

        def events(k, u):
            return mp.exp(
                mp.loggamma(m + k)
                - mp.loggamma(m)
                - mp.loggamma(k + 1)
                + m * mp.log(A / (A + u))
                + k * mp.log(u / (A + u))
            )

        for i in (0, 7, 15):
            k = int(n[i])

            def left(u, k=k):
                return events(k, u) * s / B * (1 + u / B) ** -(s + 1)

            peak = A * max(k, 1) / m
            width = peak / mp.sqrt(min(m, max(k, 1)))
            cuts = {mpf(0), end} | {c for c in (peak + j * width for j in range(-12, 30, 2)) if 0 < c < end}
            cuts |= {end * mpf(10) ** -j for j in range(1, 8)}
            total = mp.fsum(mp.quad(left, pair, maxdegree=8) for pair in pairwise(sorted(cuts)))
            expected = events(k, end) * (1 + end / B) ** -s + total
            assert_allclose(exactly[i, 0], float(expected), rtol=1e-9, atol=1e-13)
    assert_allclose(more[:-1, 0] - more[1:, 0], exactly[1:, 0], atol=1e-15)
