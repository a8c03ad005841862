"""Retention counted from a log, and the formulas as forecasts, against slow counting."""

import math

import numpy as np
import pytest

from clvmodels.economics.simple_forecasts import FORMULAS, Calibration, geometric_sum, orders_of, retention_of
from clvmodels.transactions.events import PurchaseEvents


def drawn_events(seed, n=60, length=10.0):
    """Purchases of n customers at whole days, by customer and time."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 70, n)
    customer, time = [], []
    for i in range(n):
        later = rng.choice(np.arange(first[i] + 1, 71), rng.integers(0, 70 - first[i] + 1) // 8, replace=False)
        days = np.sort([first[i], *later])
        customer += [i] * len(days)
        time += list((days - 70) / 7)
    value = rng.integers(1, 100, len(time)).astype(float)
    events = PurchaseEvents(np.array(customer), np.array(time), np.ones(len(time), dtype=np.int32), value)
    return events, (70 - first) / 7


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("period", [1.0, 2.0, 3.5, 4.9])
def test_retention_is_what_sets_of_customers_say(seed, period):
    events, T = drawn_events(seed)
    periods = math.floor(T.max() / period)
    bought = []  # who bought in each period, the last one first
    for back in range(periods):
        there = (-events.time >= back * period) & (-events.time < (back + 1) * period)
        bought.append((set(events.customer[there].tolist()), events.value[there].sum()))
    found = retention_of(events, T, period)
    pairs = [(bought[back][0], bought[back - 1][0]) for back in range(1, periods)]
    stayed, there = sum(len(a & b) for a, b in pairs), sum(len(a) for a, _ in pairs)
    assert found.periods == periods
    assert found.rate == pytest.approx(stayed / max(there, 1), rel=1e-14)
    assert found.revenue == pytest.approx(sum(v for _, v in bought) / sum(len(c) for c, _ in bought), rel=1e-14)
    assert set(np.flatnonzero(found.active).tolist()) == bought[0][0]


def test_retention_where_there_is_nothing_to_count():
    events = PurchaseEvents(np.array([0]), np.array([-0.5]), np.ones(1, dtype=np.int32), np.array([5.0]))
    found = retention_of(events, np.array([0.5]), 1.0)
    assert (found.rate, found.revenue, found.active.tolist(), found.periods) == (0.0, 0.0, [False], 0)


@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.999999, 1.0])
@pytest.mark.parametrize("terms", [0, 0.25, 1, 3.5, 40])
def test_geometric_sum_term_by_term(ratio, terms):
    whole = int(terms)
    slow = sum(ratio**t for t in range(whole)) + (terms - whole) * ratio**whole
    assert geometric_sum(ratio, terms) == pytest.approx(slow, rel=1e-9, abs=1e-15)


def known_of(events, T, period=1.0, horizon=2.5, rate=0.0, lifespan=None, **changes):
    n = len(T)
    first = np.ones(len(events.time), dtype=bool)
    first[1:] = events.customer[1:] != events.customer[:-1]
    last = np.append(first[1:], True)
    return Calibration(
        revenue=np.bincount(events.customer, events.value, n),
        purchases=np.bincount(events.customer, minlength=n).astype(float),
        recency=events.time[last] - events.time[first],
        T=T,
        group=np.zeros(n, dtype=np.intp),
        retention=retention_of(events, T, period),
        period=period,
        month=4.0,
        horizon=horizon,
        discount_rate=rate,
        lifespan_months=lifespan,
        period_name="week",
        time_unit="week",
    )._replace(**changes)


def said(name, known):
    return FORMULAS[name].function(known)


def test_each_formula_by_hand():
    # ann: 10 at −4, 20 at −1.5, 30 at −0.5 weeks; bob: 40 at −2
    events = PurchaseEvents(
        np.array([0, 0, 0, 1]), np.array([-4, -1.5, -0.5, -2]), np.ones(4, dtype=np.int32), np.array([10.0, 20, 30, 40])
    )
    known = known_of(events, np.array([4.0, 2.0]), rate=0.1)
    # periods, the last first: {ann 30}, {ann 20}, {bob 40}, none: of 2 who could stay ann did, 90 in 3 active weeks
    assert known.retention[:2] == (0.5, 30.0)
    assert said("historical", known).revenue.tolist() == [60, 40]
    assert said("historical_rate", known).revenue.tolist() == [60 / 4 * 2.5, 40 / 2 * 2.5]
    assert said("average", known).revenue.tolist() == [100 / 2 * 2.5 / 4] * 2
    # 25 a purchase, 4 purchases in 1.5 months, lifespans of 3.5 and 0 weeks: .4375 months, the horizon .625
    np.testing.assert_allclose(said("order_value", known).revenue, 25 * 4 / 1.5 * 0.4375, rtol=1e-14)
    np.testing.assert_allclose(
        said("order_value", known._replace(lifespan_months=9.0)).revenue, 25 * 4 / 1.5 * 0.625, rtol=1e-14
    )
    np.testing.assert_allclose(
        said("order_value", known._replace(lifespan_months=9.0)).lifetime, 25 * 4 / 1.5 * 9, rtol=1e-14
    )
    assert said("retention_next", known).revenue.tolist() == [30 * (0.5 + 0.25 + 0.5 * 0.125), 0]
    assert said("retention_now", known).revenue.tolist() == [30 * (1 + 0.5 + 0.5 * 0.25), 0]
    assert said("churn_lifetime", known).revenue.tolist() == [30 * 2.0, 0]
    assert said("churn_lifetime", known._replace(horizon=1.0)).revenue.tolist() == [30.0, 0]
    np.testing.assert_allclose(said("retention_next", known).lifetime, [30 * 0.5 / 0.6, 0], rtol=1e-14)
    np.testing.assert_allclose(said("retention_now", known).lifetime, [30 * 1.1 / 0.6, 0], rtol=1e-14)
    assert said("churn_lifetime", known).lifetime.tolist() == [60, 0]
    assert said("historical", known).lifetime is said("average", known).lifetime is None


def test_where_nobody_left_lifetimes_are_perpetuities():
    events = PurchaseEvents(
        np.array([0, 0, 0]), np.array([-2.5, -1.5, -0.5]), np.ones(3, dtype=np.int32), np.full(3, 10.0)
    )
    known = known_of(events, np.array([3.0]), rate=0.25)
    assert known.retention.rate == 1.0
    assert said("retention_next", known).revenue.tolist() == said("churn_lifetime", known).revenue.tolist() == [25.0]
    assert said("retention_next", known).lifetime.tolist() == [40.0]
    assert said("retention_now", known).lifetime.tolist() == [50.0]
    assert said("churn_lifetime", known).lifetime.tolist() == [math.inf]
    endless = known._replace(discount_rate=0.0, retention=known.retention._replace(active=np.array([False])))
    assert said("retention_next", endless).lifetime.tolist() == [0.0]  # of nobody who is there


@pytest.mark.parametrize("name", list(FORMULAS))
def test_revenue_scales_with_money_and_time_units(name):
    events, T = drawn_events(3)
    known = known_of(events, T)
    dear = known_of(events._replace(value=10 * events.value), T)
    np.testing.assert_allclose(said(name, dear).revenue, 10 * said(name, known).revenue, rtol=1e-12)
    days = known_of(events._replace(time=np.rint(7 * events.time)), 7 * T, period=7.0, horizon=17.5, month=28.0)
    np.testing.assert_allclose(said(name, days).revenue, said(name, known).revenue, rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in FORMULAS if name != "historical"])
def test_nothing_comes_in_no_time(name):
    events, T = drawn_events(4)
    assert not said(name, known_of(events, T, horizon=0.0)).revenue.any()


@pytest.mark.parametrize("name", [name for name in FORMULAS if name != "historical"])
def test_long_horizons_reach_the_lifetime(name):
    """Undiscounted: what has a lifetime comes to it; the rates never end."""
    events, T = drawn_events(5)
    found = said(name, known_of(events, T, horizon=5000.0))
    if found.lifetime is None:
        assert found.revenue.sum() > 100 * said("historical", known_of(events, T)).revenue.sum()
    else:
        np.testing.assert_allclose(found.revenue, found.lifetime, rtol=1e-9)


def test_orders_by_group():
    group = np.array([0, 1, 0])
    found = orders_of(group, *(np.array(v) for v in ([1.0, 2, 3], [1.0, 1, 3], [0.0, 5, 4], [2.0, 5, 6])))
    np.testing.assert_allclose(found, [[1, 2], [0.5, 0.2], [2, 5]])
