"""What changed between two periods: effects add up, favour no factor, and survive zeros."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import clvmodels as clv
from clvmodels.economics import change_between, read_purchases
from clvmodels.economics.decomposition import shapley

from .plain_orders import logs, orders_of

NUMBERS = st.floats(-100, 100, allow_nan=False)


@settings(deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=4))
def test_shapley_is_the_mean_over_all_orders(factors):
    before, after = (np.array(each) for each in zip(*factors, strict=True))
    n = len(before)
    orders = list(permutations(range(n)))
    slow = np.zeros(n)
    for order in orders:
        now = before.copy()
        for i in order:
            value = now.prod()
            now[i] = after[i]
            slow[i] += (now.prod() - value) / len(orders)
    scale = 1e-12 * max(1.0, np.maximum(abs(before), abs(after)).prod())
    effects = shapley(before.tolist(), after.tolist())
    np.testing.assert_allclose(effects, slow, atol=scale)
    assert sum(effects) == pytest.approx(after.prod() - before.prod(), abs=scale * 10)
    np.testing.assert_allclose(shapley(after.tolist(), before.tolist()), -np.array(effects), atol=scale)


@pytest.fixture(scope="module")
def small():
    """January: ann 10 and 20, bob 30. February: ann 12, cid 8 and 4, dan (of 2023) 6."""
    lines = [
        ("dan", "2023-11-30", 1.0), ("ann", "2024-01-02", 10.0), ("ann", "2024-01-31", 20.0),
        ("bob", "2024-01-03", 30.0), ("ann", "2024-02-01", 12.0), ("cid", "2024-02-02", 8.0),
        ("cid", "2024-02-29", 4.0), ("dan", "2024-02-05", 6.0), ("eve", "2024-03-01", 1.0),
    ]  # fmt: skip
    return pd.DataFrame(lines, columns=["customer_id", "date", "amount"])


def test_by_hand(small):
    found = change_between(small, "2024-01", "2024-02")
    table = found.factors.set_index("factor")
    assert table["before"].tolist() == [2, 1.5, 20.0, 60.0]
    assert table["after"].tolist() == pytest.approx([3, 4 / 3, 7.5, 30.0])
    # of three factors x, y, z: dx (2 y0 z0 + y0 z1 + y1 z0 + 2 y1 z1)/6
    expected = (3 - 2) * (2 * 1.5 * 20 + 1.5 * 7.5 + 4 / 3 * 20 + 2 * 4 / 3 * 7.5) / 6
    assert table.loc["customers", "effect"] == pytest.approx(expected)
    assert table["effect"].iloc[:-1].sum() == pytest.approx(-30.0)
    assert table["share_of_change"].iloc[-1] == 1.0
    groups = found.customers.set_index("group")
    assert groups["customers"].to_dict() == {"lost": 1, "kept": 1, "returned": 1, "new": 1, "all": 4}
    assert groups["change"].to_dict() == {"lost": -30.0, "kept": -18.0, "returned": 6.0, "new": 12.0, "all": -30.0}
    assert groups.loc["kept", ["orders_before", "orders_after"]].tolist() == [2, 1]
    assert str(found).startswith("Revenue fell by 30 (-50.0 %), from 60 (2024-01) to 30 (2024-02).")
    assert "<table" in found._repr_html_()


@settings(max_examples=5, deadline=None)
@given(logs())
def test_parts_add_up_in_any_log(log):
    found, orders = read_purchases(log, cost="cost"), orders_of(log)
    before, after = ("2023-01-01", "2023-12-31"), ("2024-01-01", "2024-12-30")
    there = [orders[orders["day"].between(*window)] for window in (before, after)]
    if not sum(map(len, there)):
        return
    with pytest.warns(clv.ClvWarning):
        change = change_between(found, before, after)
    totals = [(each["cents"] - each["cost"]).sum() / 100 for each in there]
    whole = change.factors.iloc[-1]
    assert [whole["before"], whole["after"]] == pytest.approx(totals, abs=1e-9)
    assert change.factors["effect"].iloc[:-1].sum() == pytest.approx(totals[1] - totals[0], abs=1e-9)
    groups = change.customers.iloc[:-1]
    assert groups["change"].sum() == pytest.approx(totals[1] - totals[0], abs=1e-9)
    ids = [set(each["customer_id"]) for each in there]
    sizes = [len(ids[0] - ids[1]), len(ids[0] & ids[1]), len(ids[1] - ids[0])]
    counts = groups["customers"].tolist()
    assert [counts[0], counts[1], counts[2] + counts[3]] == sizes
    assert np.isfinite(change.factors["effect"]).all()


def test_a_period_without_orders(small):
    with pytest.warns(clv.ClvWarning, match="differ in length"):
        found = change_between(small, ("2023-12-01", "2023-12-20"), "2024-01")
    assert found.factors["effect"].tolist() == pytest.approx([60.0, 0.0, 0.0, 60.0])


def test_orders_without_revenue_that_cost_something(small):
    free = small.assign(amount=0.0, goods=2.0)
    found = change_between(free, "2024-01", "2024-02", cost="goods")
    assert found.factors["factor"].tolist() == ["customers", "orders_per_customer", "profit_per_order", "profit"]
    assert found.factors["effect"].iloc[:-1].sum() == pytest.approx(-2.0)
    assert "profit per order" in str(found)


def test_a_margin_changes_nothing_but_the_scale(small):
    revenue, profit = (change_between(small, "2024-01", "2024-02", margin=each) for each in (None, 0.25))
    np.testing.assert_allclose(profit.factors["effect"].iloc[[0, 1, 2, 4]], revenue.factors["effect"] / 4)
    assert profit.factors["effect"].iloc[3] == 0
    assert (revenue.of, profit.of, change_between(small, "2024-01", "2024-02", amount=None).of) == (
        "revenue", "profit", "orders",
    )  # fmt: skip


def test_default_windows_are_the_last_whole_ones(cdnow, small):
    found = change_between(cdnow)
    assert (found.before, found.after) == ("1998-Q1", "1998-Q2")
    assert change_between(cdnow, observation_end="1998-06-29").after == "1998-Q1"
    full = change_between(small)
    assert (full.before, full.after) == ("2024-01", "2024-02")
    two_years = pd.DataFrame({"customer_id": 1, "date": ["2022-01-01", "2023-05-05", "2023-12-31"], "amount": 1.0})
    assert change_between(two_years).before == "2022"


def test_what_is_not_comparable_is_told(small):
    with pytest.warns(clv.ClvWarning, match=r"after \(2024-03\) is not over: observation ends with 2024-03-01"):
        change_between(small, "2024-02", "2024-03")
    with pytest.warns(clv.ClvWarning, match=r"before \(2023-11\) begins before the log, whose first line is of 2023"):
        change_between(small, "2023-11", "2024-01")
    with pytest.warns(clv.ClvWarning, match="31 days, 2024-02-01 to 2024-02-10 has 10"):
        change_between(small, "2024-01", ("2024-02-01", "2024-02-10"))


def test_windows_do_not_cut_events(small):
    with pytest.raises(clv.InvalidInput, match=r"before \(2024-01-01 to 2024-01-20\) must be made of whole months"):
        change_between(small, ("2024-01-01", "2024-01-20"), "2024-02", event_grain="month")
    found = change_between(small, ("2024-01-01", "2024-01-31"), "2024-02", event_grain="month")
    assert found.factors["before"].iloc[1] == 1.0
    with pytest.raises(clv.NotEnoughData, match="no two whole"):
        change_between(small, observation_end="2024-01-20", event_grain="month")


def test_refusals(small):
    with pytest.raises(clv.InvalidInput, match="must end before"):
        change_between(small, "2024-02", "2024-01")
    with pytest.raises(clv.InvalidInput, match="give both windows"):
        change_between(small, "2024-02")
    with pytest.raises(clv.NotEnoughData, match="nobody bought anything in 2023-12-01 to 2023-12-10 and"):
        change_between(small, ("2023-12-01", "2023-12-10"), ("2023-12-11", "2023-12-20"))
    with pytest.raises(clv.NotEnoughData, match="no two whole weeks"):
        change_between(pd.DataFrame({"customer_id": [1], "date": ["2024-01-01"], "amount": 1.0}))
    with pytest.raises(TypeError, match=r"change_between\(\) got an unexpected keyword"):
        change_between(small, "2024-01", "2024-02", by="x")


def test_a_factor_that_did_not_change_has_no_effect(small):
    """The same margin in both periods, whatever the last digit of profit / revenue is."""
    for margin in (0.1, 0.3, 0.7):
        found = change_between(small, "2024-01", "2024-02", margin=margin)
        assert found.factors.set_index("factor").loc["margin", "effect"] == 0.0
        assert "margin +0." in str(found)
        assert found.factors["effect"].iloc[:-1].sum() == pytest.approx(found.factors["effect"].iloc[-1], rel=1e-12)
