"""Historical value and value by orders from a log, against pandas."""

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.economics import historical_clv, order_value_clv, order_value_table


def by_hand(log, end):
    """Purchases of days with their totals, as pandas groups them."""
    days = log[pd.to_datetime(log["date"]) <= end].groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    days["date"] = pd.to_datetime(days["date"])
    found = days.groupby("customer_id").agg(
        purchases=("date", "size"), revenue=("amount", "sum"), first=("date", "min"), last=("date", "max")
    )
    month = 365.25 / 12
    found["T"] = (pd.Timestamp(end) - found["first"]).dt.days / month
    found["recency"] = (found["last"] - found["first"]).dt.days / month
    return found


def test_historical_value_is_the_sum_of_all_purchases(cdnow):
    expected = by_hand(cdnow, "1997-09-30")
    found = historical_clv(cdnow, margin=0.3, observation_end="1997-09-30")
    assert list(found.columns) == ["customer_id", "purchases", "revenue", "historical_clv"]
    np.testing.assert_array_equal(found["customer_id"], expected.index)
    np.testing.assert_array_equal(found["purchases"], expected["purchases"])
    np.testing.assert_allclose(found["revenue"], expected["revenue"], rtol=1e-13)
    np.testing.assert_allclose(found["historical_clv"], 0.3 * expected["revenue"], rtol=1e-13)


def test_historical_value_adds_up_exactly():
    """Ten dimes are a dollar, which sums of floats miss."""
    log = pd.DataFrame({"customer_id": 7, "amount": 0.1, "date": pd.date_range("2024-01-01", periods=10)})
    assert np.cumsum(np.full(10, 0.1))[-1] != 1.0
    assert historical_clv(log)["revenue"].tolist() == [1.0]


@pytest.mark.parametrize("kind", ["polars", "arrow", "duckdb"])
def test_historical_value_comes_in_the_kind_of_the_log(cdnow, kind, tmp_path):
    small = cdnow.head(300)
    expected = historical_clv(small)
    if kind == "polars":
        found = historical_clv(pl.from_pandas(small))
        assert isinstance(found, pl.DataFrame)
    elif kind == "arrow":
        found = historical_clv(pl.from_pandas(small).to_arrow())
    else:
        small.to_parquet(tmp_path / "log.parquet")
        found = historical_clv(duckdb.sql(f"SELECT * FROM '{tmp_path / 'log.parquet'}'"))
        assert isinstance(found, pd.DataFrame)
    found = found if isinstance(found, pd.DataFrame) else found.to_pandas()
    np.testing.assert_array_equal(found["historical_clv"], expected["historical_clv"])


def test_margins_of_their_own():
    log = pd.DataFrame(
        {"customer_id": [1, 1, 2], "amount": [10.0, 20.0, 5.0], "date": ["2024-01-01", "2024-02-01", "2024-01-08"]}
    )
    for margin in (
        {2: 0.2, 1: 0.5},
        pd.DataFrame({"customer_id": [2, 1], "margin": [0.2, 0.5]}),
        pl.DataFrame({"customer_id": [2, 1], "margin": [0.2, 0.5]}),
        {2: 0.2, 1: 0.5, 3: 9.9},  # of nobody here
    ):
        assert historical_clv(log, margin=margin)["historical_clv"].tolist() == [15.0, 1.0]


def test_order_values_by_hand():
    month = pd.Timedelta(hours=730.5)
    start = pd.Timestamp("2024-01-01")
    log = pd.DataFrame(
        {
            "customer_id": ["ann", "ann", "bob", "cid"],
            "date": [start, start + 4 * month, start, start + 2 * month],
            "amount": [30.0, 50.0, 10.0, 20.0],
        }
    )
    table = order_value_table(
        log,
        by={"ann": "web", "bob": "web", "cid": "app"},
        margin=0.5,
        observation_end=start + 8 * month,
        event_grain="line",
    ).set_index("group")
    assert list(table.index) == ["app", "web", "all"]
    web = table.loc["web"]  # 90 in 3 purchases of 2 customers with 16 months; lifespans 4 and 0
    assert (web["customers"], web["purchases"], web["revenue"]) == (2, 3, 90)
    assert web["average_order_value"] == 30
    assert web["purchases_per_month"] == pytest.approx(3 / 16)
    assert web["lifespan_months"] == pytest.approx(2)
    assert web["clv"] == pytest.approx(0.5 * 30 * 3 / 16 * 2)
    assert table.loc["app", "clv"] == 0  # one purchase: no time between the first and the last
    everybody = table.loc["all"]
    assert everybody["clv"] == pytest.approx(0.5 * 110 / 4 * 4 / 22 * 4 / 3)


def test_order_values_of_cdnow_against_pandas(cdnow):
    expected = by_hand(cdnow, "1997-09-30")
    cohort = expected["first"].dt.strftime("%Y-%m")
    table = order_value_table(cdnow, by=cohort.to_dict(), margin=0.3, observation_end="1997-09-30").set_index("group")
    groups = [(name, expected[cohort == name]) for name in sorted(cohort.unique())]
    for name, rows in [*groups, ("all", expected)]:
        order = rows["revenue"].sum() / rows["purchases"].sum()
        rate = rows["purchases"].sum() / rows["T"].clip(lower=1).sum()
        worth = order_value_clv(order, rate, rows["recency"].mean(), margin=0.3)
        assert table.loc[name, "customers"] == len(rows)
        assert table.loc[name, "clv"] == pytest.approx(worth, rel=1e-12)
    assert table["customers"].iloc[:-1].sum() == table["customers"].iloc[-1] == 2357
    assert table["revenue"].iloc[:-1].sum() == pytest.approx(table["revenue"].iloc[-1], rel=1e-12)


def test_lifespans_that_are_given():
    log = pd.DataFrame({"customer_id": [1, 2, 3], "amount": 10.0, "date": ["2024-01-01", "2024-01-01", "2024-03-01"]})
    groups = {1: "a", 2: "a", 3: "b"}
    table = order_value_table(log, by=groups, lifespan_months={"a": 12, "b": 36})
    assert table["lifespan_months"].tolist() == [12, 36, 20]  # of all: by customers
    assert order_value_table(log, by=groups, lifespan_months=6)["lifespan_months"].tolist() == [6, 6, 6]
    twice = order_value_table(log, by=groups, lifespan_months=12)["clv"]
    np.testing.assert_allclose(twice, 2 * order_value_table(log, by=groups, lifespan_months=6)["clv"])


def test_who_has_no_group_is_in_a_row():
    log = pd.DataFrame({"customer_id": [1, 2], "amount": 10.0, "date": "2024-01-01"})
    assert order_value_table(log, by={1: "a"})["group"].tolist() == ["a", "(no group)", "all"]
    assert order_value_table(log)["group"].tolist() == ["all"]


LOG = pd.DataFrame({"customer_id": [1, 2], "amount": 10.0, "date": "2024-01-01"})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: historical_clv(LOG, amount=None), "values are money, and the log holds none"),
        (lambda: order_value_table(LOG, amount=None), "values are money, and the log holds none"),
        (
            lambda: historical_clv(LOG, margin={1: 0.3}),
            "every customer must have a margin: 1 of 2 .*customer_id=2",
        ),
        (lambda: historical_clv(LOG, margin={1: 0.3, 2: None}), "margin must be a finite share of spend.*: 1 of 2"),
        (lambda: historical_clv(LOG, margin="30 %"), "margin must be a number, a dict customer_id -> margin"),
        (lambda: historical_clv(LOG, margin=[0.3, 0.3]), "margin must be a number, a dict customer_id -> margin"),
        (lambda: historical_clv(LOG, margin=pd.Series([0.3, 0.3])), "a log has no row a customer; found Series"),
        (lambda: order_value_table(LOG, margin={1: 0.3}), "margin must be one number"),
        (lambda: order_value_table(LOG, lifespan_months={"a": 1}), "names groups, and there are none"),
        (
            lambda: order_value_table(LOG, by={1: "a", 2: "b"}, lifespan_months={"a": 1}),
            "1 of 2 are missing, first 'b'",
        ),
        (lambda: order_value_table(LOG, lifespan_months=-1), "lifespan_months must be finite and at least 0"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(clv.InvalidInput, match=message):
        call()


@pytest.mark.parametrize("function", [historical_clv, order_value_table])
def test_a_misspelt_keyword_is_refused_in_the_functions_name(function):
    with pytest.raises(TypeError, match=rf"{function.__name__}\(\) got an unexpected keyword argument 'amont'"):
        function(LOG, amont="x")
