"""Key figures by period against plain pandas."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import clvmodels as clv
from clvmodels.economics import kpis, read_purchases
from clvmodels.economics.periods import PERIODS

from .plain_orders import logs, number, orders_of, period_of


def held_against_pandas(table, orders, period):
    own = period_of(orders["day"], period)
    orders = orders.assign(at=number(own), born=number(period_of(orders["first"], period)))
    low = orders["at"].min()
    assert table["start"].dt.to_period(own.dt.freq).array.asi8.tolist() == list(range(low, low + len(table)))
    size = range(low, low + len(table))
    is_new = orders["born"] == orders["at"]
    each = orders.groupby(["at", "customer_id"]).size()

    def by(values, at):
        return values.groupby(at).sum().reindex(size, fill_value=0).to_numpy()

    customers, born = (
        by(each * 0 + 1, each.index.get_level_values(0)),
        by(is_new & ~orders["customer_id"].duplicated(), orders["at"]),
    )
    assert table["customers"].tolist() == customers.tolist()
    assert table["orders"].tolist() == by(orders["cents"] * 0 + 1, orders["at"]).tolist()
    assert table["new_customers"].tolist() == born.tolist()
    assert table["returning_customers"].tolist() == (customers - born).tolist()
    assert table["customers_so_far"].tolist() == born.cumsum().tolist()
    assert table["revenue"].tolist() == (by(orders["cents"], orders["at"]) / 100).tolist()
    assert table["new_customer_revenue"].tolist() == (by(orders["cents"] * is_new, orders["at"]) / 100).tolist()
    assert table["profit"].tolist() == (by(orders["cents"] - orders["cost"], orders["at"]) / 100).tolist()
    there = table[customers > 0]
    several = by(each >= 2, each.index.get_level_values(0))
    assert there["repeat_rate"].tolist() == (several / np.maximum(customers, 1))[customers > 0].tolist()
    assert there["returning_share"].tolist() == ((customers - born) / np.maximum(customers, 1))[customers > 0].tolist()
    product = there["customers"] * there["orders_per_customer"] * there["average_order_value"]
    np.testing.assert_allclose(product, there["revenue"], rtol=1e-12)
    ratios = ["repeat_rate", "orders_per_customer", "average_order_value", "returning_share"]
    assert table.loc[customers == 0, ratios].isna().all(axis=None)


@settings(max_examples=5, deadline=None)
@given(logs())
def test_against_plain_pandas(log):
    found = read_purchases(log, cost="cost")
    for period in PERIODS:
        held_against_pandas(kpis(found, period), orders_of(log), period)


def test_cdnow_against_plain_pandas(cdnow):
    log = cdnow.assign(cost=cdnow["quantity"].astype(float))
    found, orders = read_purchases(log, cost="cost"), orders_of(log)
    for period in PERIODS:
        held_against_pandas(kpis(found, period), orders, period)


def test_revenue_is_that_of_the_quality_report(cdnow):
    quality = clv.summarize(cdnow).quality
    found = read_purchases(cdnow)
    for period in PERIODS:
        table = kpis(found, period)
        cents = sum(Decimal(str(round(one, 2))) for one in table["revenue"])
        assert cents == quality.revenue
        assert table["orders"].sum() == quality.purchases
        assert table["new_customers"].sum() == quality.customers


def test_by_hand():
    log = pd.DataFrame(
        {
            "customer_id": ["ann", "ann", "bob", "ann", "cid"],
            "date": ["2024-01-01", "2024-01-20", "2024-01-31", "2024-03-01", "2024-03-10"],
            "amount": [10.0, 20.0, 30.0, 5.0, 15.0],
        }
    )
    table = kpis(log, margin=0.5)
    assert table["period"].tolist() == ["2024-01", "2024-02", "2024-03"]
    assert table["complete"].tolist() == [True, True, False]
    assert table["customers"].tolist() == [2, 0, 2]
    assert table["new_customers"].tolist() == [2, 0, 1]
    assert table["repeat_rate"].tolist()[::2] == [0.5, 0.0]
    assert table["returning_share"].tolist()[::2] == [0.0, 0.5]
    assert table["revenue"].tolist() == [60.0, 0.0, 20.0]
    assert table["profit"].tolist() == [30.0, 0.0, 10.0]
    assert table["active_share"].tolist() == [1.0, 0.0, 2 / 3]


def test_what_the_log_does_not_cover_is_not_complete():
    log = pd.DataFrame({"customer_id": 1, "date": ["2024-01-02", "2024-03-31"], "amount": 1.0})
    assert kpis(log)["complete"].tolist() == [False, True, True]
    assert kpis(log, observation_end="2024-04-01")["complete"].tolist() == [False, True, True, False]
    early = log.assign(customer_id=[None, 1])  # a line without a customer shows that the log had begun
    assert kpis(early)["complete"].tolist() == [True]


def test_months_are_those_of_the_zone():
    log = pd.DataFrame({"customer_id": 1, "date": pd.to_datetime(["2024-01-31T23:30Z"]), "amount": 1.0})
    assert kpis(log)["period"].tolist() == ["2024-01"]
    assert kpis(log, tz="Europe/Berlin")["period"].tolist() == ["2024-02"]


def test_lines_are_orders_if_asked_for():
    log = pd.DataFrame({"customer_id": 1, "date": ["2024-01-01"] * 3, "amount": [1.0, 2.0, 3.0]})
    assert kpis(log)["repeat_rate"].tolist() == [0.0]
    table = kpis(log, event_grain="line")
    assert (table["orders"].tolist(), table["repeat_rate"].tolist(), table["revenue"].tolist()) == ([3], [1.0], [6.0])


def test_without_money(cdnow):
    table = kpis(cdnow, amount=None)
    assert "revenue" not in table
    assert "profit" not in table
    with pytest.raises(clv.NotAvailable, match="no profit to tell of"):
        kpis(cdnow, amount=None, margin=0.3)
    with pytest.raises(clv.NotAvailable, match="no profit to tell of"):
        kpis(cdnow, amount=None, cost="quantity")


def test_refusals(cdnow):
    with pytest.raises(TypeError, match=r"kpis\(\) got an unexpected keyword argument 'peroid'"):
        kpis(cdnow, peroid="month")
    with pytest.raises(clv.InvalidInput, match="period must be one of"):
        kpis(cdnow, "day")
    with pytest.raises(clv.InvalidInput, match="twice"):
        kpis(cdnow, margin=0.3, cost="quantity")
    for margin in ("30 %", [0.3], float("nan"), True):
        with pytest.raises(clv.InvalidInput, match="margin must be"):
            kpis(cdnow, margin=margin)
    with pytest.warns(clv.ClvWarning, match="0.30 for 30 %: found 30, more profit than"):
        kpis(cdnow, margin=30)
    found = read_purchases(cdnow)
    with pytest.raises(clv.InvalidInput, match="read already: give tz to read_purchases"):
        kpis(found, tz="UTC")
    with pytest.raises(clv.NotEnoughData, match="no purchase"):
        kpis(pd.DataFrame({"customer_id": [1], "date": ["2024-01-01"], "amount": [-1.0]}))
