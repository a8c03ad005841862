"""Purchases one by one: those of the summary, with the money of the quality report."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import clvmodels as clv
from clvmodels.economics import read_purchases
from clvmodels.economics.purchases import exact_sums

from .plain_orders import logs, orders_of


def both(log):
    found, orders = read_purchases(log, cost="cost"), orders_of(log)
    return found, orders.sort_values(["customer_id", "day"])


@settings(max_examples=5, deadline=None)
@given(logs())
def test_purchases_are_those_of_plain_pandas(log):
    found, orders = both(log)
    ids = found.summary["customer_id"].to_numpy()
    assert ids[found.customer].tolist() == orders["customer_id"].tolist()
    assert found.at.astype("datetime64[D]").tolist() == orders["day"].dt.date.tolist()
    assert found.millionths.tolist() == (orders["cents"] * 10_000).tolist()
    assert found.cost_millionths.tolist() == (orders["cost"] * 10_000).tolist()
    assert (found.orders == 1).all()


@pytest.mark.parametrize("grain", ["day", "line", "hour", "week", "month"])
@pytest.mark.parametrize("refunds", ["net", "carry_back", "drop"])
def test_they_make_the_summary(grain, refunds):
    generator = np.random.default_rng(5)
    log = pd.DataFrame(
        {
            "customer_id": generator.integers(1, 40, 400),
            "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(generator.integers(0, 300 * 24, 400), unit="h"),
            "amount": generator.integers(-800, 4000, 400) / 100,
        }
    )
    reading = {"event_grain": grain, "refunds": refunds, "observation_end": "2024-09-30"}
    summary, quality, facts = clv.summarize(log, **reading)
    found = read_purchases(log, **reading)
    pd.testing.assert_frame_equal(found.summary, summary)
    assert found.summary.attrs == summary.attrs
    assert found.facts.items() <= facts.items()
    assert np.array_equal(np.bincount(found.customer, found.orders), summary["frequency"] + 1)
    assert Decimal(int(found.millionths.sum())) / 10**6 == quality.revenue == found.quality.revenue
    first = np.flatnonzero(np.diff(found.customer, prepend=-1))
    if grain not in ("line", "hour"):
        weeks = (np.datetime64("2024-09-30") - found.at.take(first)).astype(float) / 7
        assert np.array_equal(weeks, summary["T"])
    if grain != "line":  # of several lines at one instant only one is the first
        rest = np.bincount(found.customer, found.value) - found.value[first]
        np.testing.assert_allclose(rest, summary["monetary_value"].fillna(0) * summary["frequency"], atol=1e-9)


def test_kinds_of_frames_and_order():
    pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    log = pd.DataFrame({"customer_id": [3, 1, 3], "date": ["2024-01-02", "2024-01-01", "2024-01-09"], "amount": 1.0})
    for made in (log, pl.from_pandas(log), pa.Table.from_pandas(log)):
        found = read_purchases(made)
        assert type(found.summary) is type(clv.rfm_summary(made))
        assert found.customer.tolist() == [0, 1, 1]
        assert list(found.summary["customer_id"].to_numpy()) == [1, 3]


def test_customers_before_the_start_are_left_out():
    log = pd.DataFrame(
        {"customer_id": [1, 1, 2], "date": ["2024-01-02", "2024-03-01", "2024-02-05"], "amount": [1.0, 2.0, 3.0]}
    )
    found = read_purchases(log, observation_start="2024-02-01")
    assert found.value.tolist() == [3.0]
    assert found.quality.customers_before_start == 1


def test_costs_follow_the_lines_of_an_order():
    log = pd.DataFrame(
        {
            "customer_id": [1, 1, 1],
            "date": ["2024-01-02", "2024-01-05", "2024-02-01"],
            "order": ["a", "a", "b"],
            "amount": [10.0, -4.0, 7.0],
            "goods": [6.0, -2.5, 3.0],
        }
    )
    found = read_purchases(log, order_id="order", cost="goods")
    assert found.value.tolist() == [6.0, 7.0]
    assert found.cost.tolist() == [3.5, 3.0]
    streamed = read_purchases(__import__("pyarrow").Table.from_pandas(log).to_reader(), order_id="order", cost="goods")
    assert streamed.cost.tolist() == [3.5, 3.0]


@pytest.mark.parametrize("grain", ["day", "line"])
def test_costs_are_carried_back_with_the_refunds(grain):
    log = pd.DataFrame(
        [
            ("ann", "2024-01-01", 100.0, 60.0),
            ("ann", "2024-01-05", -50.0, -30.0),  # half of it came back
            ("ann", "2024-02-01", 80.0, 40.0),
            ("eve", "2024-01-04", -7.0, -2.0),  # of what was bought before the log begins
            ("eve", "2024-01-09", 30.0, 9.0),
            ("zoe", "2024-01-02", 100.0, 60.0),
            ("zoe", "2024-01-20", 80.0, 40.0),
            ("zoe", "2024-02-03", -150.0, -90.0),  # all of the second, 70 of the first
            ("zoe", "2024-02-10", 40.0, 20.0),
        ],
        columns=["customer_id", "date", "amount", "goods"],
    )
    found = read_purchases(log, cost="goods", refunds="carry_back", event_grain=grain)
    assert found.value.tolist() == [50.0, 80.0, 30.0, 30.0, 40.0]
    assert found.cost.tolist() == [30.0, 40.0, 9.0, 10.0, 20.0]
    kept = read_purchases(log, cost="goods", event_grain=grain)  # a refund on a day without a purchase is none of it
    assert kept.value.tolist() == [100.0, 80.0, 30.0, 100.0, 80.0, 40.0]
    assert kept.cost.tolist() == [60.0, 40.0, 9.0, 60.0, 40.0, 20.0]


def test_sums_are_exact():
    generator = np.random.default_rng(1)
    money = generator.integers(-(10**11), 2 * 10**12, 20_000)
    place = generator.integers(0, 7, 20_000)
    sums = exact_sums(place, money, 8)
    exact = [sum(int(one) for one in money[place == i]) for i in range(8)]
    assert sums.tolist() == [one / 10**6 for one in exact]
    assert exact[7] == 0
    large = np.array([2**62, 2**62 - 1, 2**60 + 1])  # beyond 2**53 the sum is rounded, once more at the division
    assert exact_sums(np.zeros(3, dtype=int), large, 1)[0] == pytest.approx(sum(large.tolist()) / 10**6, rel=4e-16)
    assert np.cumsum(np.full(10, 0.1))[-1] != 1.0
    assert exact_sums(np.zeros(10, dtype=int), np.full(10, 100_000), 1).tolist() == [1.0]


def test_refusals(cdnow):
    with pytest.raises(TypeError, match=r"read_purchases\(\) got an unexpected keyword argument 'event_gain'"):
        read_purchases(cdnow, event_gain="day")
    with pytest.raises(clv.InvalidInput, match='cost does not go with refunds="drop"'):
        read_purchases(cdnow, cost="quantity", refunds="drop")
    with pytest.raises(clv.InvalidInput, match="no column 'goods'"):
        read_purchases(cdnow, cost="goods")
    with pytest.raises(clv.InvalidInput, match=r"more than 9\.2e12 in one purchase"):
        read_purchases(pd.DataFrame({"customer_id": 1, "date": "2024-01-01", "amount": [9.9e11] * 12}))
    missing = cdnow.assign(goods=np.where(np.arange(len(cdnow)) == 7, np.nan, 1.0))
    with pytest.raises(clv.InvalidInput, match="goods"):
        read_purchases(missing, cost="goods")
