"""Cohorts against plain pandas."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import clvmodels as clv
from clvmodels.economics import cohort_table, compute_cohorts, kpis, read_purchases

from .plain_orders import logs, number, orders_of, period_of


def plain(orders, cohort, period, by):
    """Sums by cohort and age or period, of those cells in which somebody bought."""
    at, born = (number(period_of(orders[name], period)) for name in ("day", "first"))
    cells = orders.assign(cohort=number(period_of(orders["first"], cohort)), across=at - born if by == "age" else at)
    groups = cells.groupby(["cohort", "across"])
    return pd.DataFrame(
        {
            "customers": groups["customer_id"].nunique(),
            "orders": groups.size(),
            "revenue": groups["cents"].sum() / 100,
            "profit": (groups["cents"].sum() - groups["cost"].sum()) / 100,
            "cohort_size": cells.groupby("cohort")["customer_id"].nunique().reindex(groups.size().index, level=0),
        }
    )


def held_against_pandas(found, orders, cohort, period, by):
    rows = compute_cohorts(found, cohort=cohort, period=period, by=by)
    names = plain(orders, cohort, period, by)
    order = {label: i for i, label in enumerate(rows["cohort"].unique())}
    ordinals = names.index.get_level_values(0).unique().sort_values()
    assert len(order) == len(ordinals)
    across = rows["age"] if by == "age" else number(period_of(rows["start"], period))
    ours = rows.assign(key=ordinals[rows["cohort"].map(order)], across=across).set_index(["key", "across"])
    bought = ours[ours["orders"] > 0]
    assert bought.index.tolist() == names.index.tolist()
    for name in names:
        assert bought[name].tolist() == names[name].tolist(), name
    empty = ours[ours["orders"] == 0]
    assert not empty[["customers", "revenue", "profit"]].to_numpy().any()
    for name in ("orders", "revenue"):
        np.testing.assert_allclose(ours[f"{name}_so_far"], ours[name].groupby(level=0).cumsum(), rtol=1e-12)
        np.testing.assert_array_equal(ours[f"{name}_per_head"], ours[name] / ours["cohort_size"])


@settings(max_examples=5, deadline=None)
@given(logs())
def test_against_plain_pandas(log):
    found, orders = read_purchases(log, cost="cost"), orders_of(log)
    for cohort, period in (("month", "month"), ("quarter", "week")):
        for by in ("age", "calendar"):
            held_against_pandas(found, orders, cohort, period, by)


@pytest.fixture(scope="module")
def both(cdnow):
    log = cdnow.assign(cost=cdnow["quantity"].astype(float))
    return read_purchases(log, cost="cost"), orders_of(log)


@pytest.mark.parametrize("by", ["age", "calendar"])
@pytest.mark.parametrize(("cohort", "period"), [("month", "month"), ("quarter", "month"), ("week", "quarter")])
def test_cdnow_against_plain_pandas(both, cohort, period, by):
    held_against_pandas(*both, cohort, period, by)


@pytest.fixture(scope="module")
def small():
    """Ann and bob in January, cid in March; observed until the middle of May."""
    return pd.DataFrame(
        {
            "customer_id": ["ann", "bob", "ann", "cid", "bob", "ann", "cid"],
            "date": ["2024-01-05", "2024-01-31", "2024-02-01", "2024-03-02", "2024-04-03", "2024-04-04", "2024-05-15"],
            "amount": [10.0, 20.0, 30.0, 5.0, 7.0, 8.0, 9.0],
        }
    )


def test_by_hand(small):
    table = cohort_table(small, "customers")
    assert table.index.tolist() == ["2024-01", "2024-03"]
    assert table["cohort_size"].tolist() == [2, 1]
    np.testing.assert_array_equal(table.loc["2024-01", [0, 1, 2, 3, 4]].astype(float), [2, 1, 0, 2, np.nan])
    np.testing.assert_array_equal(table.loc["2024-03", [0, 1, 2, 3, 4]].astype(float), [1, 0, np.nan, np.nan, np.nan])
    shown = cohort_table(small, "revenue", per_head=True, cumulative=True, unfinished=True)
    np.testing.assert_array_equal(shown.loc["2024-01", [0, 1, 2, 3, 4]].astype(float), [15, 30, 30, 37.5, 37.5])
    calendar = cohort_table(small, "revenue", by="calendar", unfinished=True)
    assert calendar.columns.tolist() == ["cohort_size", "2024-01", "2024-02", "2024-03", "2024-04", "2024-05"]
    np.testing.assert_array_equal(calendar.loc["2024-03"].astype(float), [1, np.nan, np.nan, 5, 0, 9])


def test_unfinished_cells_are_missing(small):
    rows = compute_cohorts(small, cohort="quarter", period="month")
    # cid came in March: two months later is May, which is not over; ann's and bob's age 2 was March
    assert rows["complete"].tolist() == [True, True, False, False, False]
    assert cohort_table(small, "orders", cohort="quarter", period="month").isna().sum().sum() == 3
    assert not cohort_table(small, "orders", cohort="quarter", period="month", unfinished=True).isna().any(axis=None)
    whole = compute_cohorts(small, cohort="quarter", period="month", observation_end="2024-05-31")
    assert whole["complete"].tolist() == [True, True, True, False, False]


def test_calendar_columns_add_up_to_the_periods(cdnow):
    found = read_purchases(cdnow)
    sums = cohort_table(found, "revenue", cohort="week", period="month", by="calendar").sum().iloc[1:]
    np.testing.assert_allclose(sums, kpis(found)["revenue"], rtol=1e-13)
    rows = compute_cohorts(found, cohort="month", by="age")
    assert rows["orders"].sum() == found.orders.sum()
    assert rows.groupby("cohort")["cohort_size"].first().sum() == found.n_customers


def test_observation_start_leaves_older_customers_out(small):
    rows = compute_cohorts(small, observation_start="2024-02-01")
    assert rows["cohort"].unique().tolist() == ["2024-03"]


def test_margin(small):
    rows = compute_cohorts(small, margin=0.25)
    assert rows["profit"].tolist() == (rows["revenue"] / 4).tolist()


def test_refusals(small):
    with pytest.raises(TypeError, match=r"compute_cohorts\(\) got an unexpected keyword argument 'perid'"):
        compute_cohorts(small, perid="month")
    with pytest.raises(clv.InvalidInput, match="cohort must be one of"):
        compute_cohorts(small, cohort="day")
    with pytest.raises(clv.InvalidInput, match="by must be one of age, calendar; found 'date'"):
        compute_cohorts(small, by="date")
    with pytest.raises(clv.InvalidInput, match="quantity must be one of customers, orders, revenue, profit"):
        cohort_table(small, "sales")
    with pytest.raises(clv.InvalidInput, match="cannot be summed up"):
        cohort_table(small, "customers", cumulative=True)
    with pytest.raises(clv.NotAvailable, match="no profit: give a margin"):
        cohort_table(small, "profit")
    with pytest.raises(clv.NotAvailable, match="no revenue: the log was read without amounts"):
        cohort_table(small, "revenue", amount=None)
    long = pd.DataFrame({"customer_id": range(2000), "amount": 1.0})
    long["date"] = pd.Timestamp("1985-01-07") + pd.to_timedelta(7 * long["customer_id"], unit="D")
    with pytest.raises(clv.InvalidInput, match=r"18,349,000 rows of 2,000 cohorts, at most 5,000,000"):
        compute_cohorts(long, cohort="week", observation_end="2180-01-01")
