"""Customer equity: the sum of what customers are worth, by group, with intervals."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose

import clvmodels as clv

SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}


@pytest.fixture(scope="module")
def nbd():
    purchases = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    return clv.CLVModel(purchases, clv.SpendModel.from_parameters("gamma_gamma", SPEND), margin=0.3)


@pytest.fixture(scope="module")
def bg():
    parameters = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    purchases = clv.PurchaseModel.from_parameters("bg_nbd", parameters, time_unit="week")
    return clv.CLVModel(purchases, clv.SpendModel.from_parameters("gamma_gamma", SPEND), margin=0.3)


def test_of_nbd_it_is_a_perpetuity(nbd, cdnow_summary):
    found = clv.customer_equity(nbd, cdnow_summary)
    delta = math.log(1.1) / (365.25 / 7)
    rate = (0.385 + cdnow_summary["frequency"]) / (12.072 + cdnow_summary["T"])
    spend = nbd.spend.expected_spend(cdnow_summary)
    assert_allclose(found.total, (0.3 * spend * rate / delta).sum(), rtol=1e-12)
    assert found.horizon == math.inf
    assert "whole residual lifetime" in str(found)


def test_it_is_the_sum_of_what_predict_gives(cdnow_model, cdnow_summary, cdnow_scored):
    found = clv.customer_equity(cdnow_model, cdnow_summary, horizon=365.25 / 7)
    assert_allclose(found.total, cdnow_scored["clv"].sum(), rtol=1e-12)
    assert found.customers == 2357
    assert found.table["group"].tolist() == ["all"]
    assert found.margin == 0.3
    assert found.annual_discount_rate == 0.1
    assert found.observation_end == "1997-09-30"


def test_groups_add_up_whatever_the_order_of_rows(bg, cdnow_summary):
    by = clv.economics.cohorts_of(cdnow_summary)
    found = clv.customer_equity(bg, cdnow_summary, by=by).table
    for column in ("customers", "equity", "share_of_customers", "share_of_equity"):
        assert_allclose(found[column].iloc[:-1].sum(), found[column].iloc[-1], rtol=1e-12)
    assert_allclose(found["equity_per_customer"] * found["customers"], found["equity"])
    other = np.random.default_rng(1).permutation(2357)
    shuffled = clv.customer_equity(bg, cdnow_summary.iloc[other], by=by.iloc[other]).table
    pd.testing.assert_frame_equal(found, shuffled, rtol=1e-12)
    plain = cdnow_summary.assign(v=bg.predict(cdnow_summary, horizon=52)["clv"], g=by).groupby("g")["v"].sum()
    year = clv.customer_equity(bg, cdnow_summary, by=by, horizon=52).table
    assert_allclose(year["equity"].iloc[:-1], plain)
    assert year["group"].tolist() == [*plain.index, "all"]


def test_linear_in_margin(bg, cdnow_summary):
    one, other = (clv.customer_equity(bg, cdnow_summary, margin=margin).total for margin in (0.1, 0.4))
    assert_allclose(4 * one, other, rtol=1e-12)
    own = cdnow_summary.assign(share=np.where(np.arange(2357) < 1000, 0.1, 0.4))
    found = clv.customer_equity(bg, own, margin="share", by=np.where(np.arange(2357) < 1000, "a", "b"))
    parts = clv.economics.equity_by(bg.predict(own, margin=1.0, horizon=52), np.where(np.arange(2357) < 1000, "a", "b"))
    year = clv.customer_equity(bg, own, margin="share", horizon=52, by=np.where(np.arange(2357) < 1000, "a", "b"))
    assert_allclose(year.table["equity"].iloc[:2], parts["equity"].iloc[:2] * [0.1, 0.4], rtol=1e-12)
    assert found.margin == "share"
    assert "column 'share'" in str(found)


def test_every_way_to_say_groups(bg, cdnow_summary):
    few = cdnow_summary.head(40)
    ids = few["customer_id"].tolist()
    names = ["web", "shop"] * 20
    lookup = dict(zip(ids, names, strict=True))
    frame = pd.DataFrame({"customer_id": ids[::-1], "channel": names[::-1]})
    expected = clv.customer_equity(bg, few, by=pd.Series(names, index=few.index)).table
    ways = [names, np.array(names), lookup, frame, pl.DataFrame(frame), pl.Series(names)]
    for by in ways:
        pd.testing.assert_frame_equal(clv.customer_equity(bg, few, by=by).table, expected)
    pd.testing.assert_frame_equal(clv.customer_equity(bg, few.assign(c=names), by="c").table, expected)
    in_polars = pl.DataFrame(few.assign(c=names))
    pd.testing.assert_frame_equal(clv.customer_equity(bg, in_polars, by="c").table, expected)
    assert expected["group"].tolist() == ["shop", "web", "all"]
    ordered = pd.Categorical(names, categories=["web", "shop"], ordered=True)
    assert clv.customer_equity(bg, few, by=pd.Series(ordered, index=few.index)).table["group"].tolist() == [
        "web", "shop", "all",
    ]  # fmt: skip


def test_customers_without_a_group_are_told(bg, cdnow_summary):
    few = cdnow_summary.head(4)
    found = clv.customer_equity(bg, few, by=["a", None, "a", np.nan])
    assert found.table["group"].tolist() == ["a", "(no group)", "all"]
    assert found.table["customers"].tolist() == [2, 2, 4]
    assert found.notes == ("2 of 4 customers have no group, first customer_id='00018': shown as \"(no group)\"",)
    assert found.notes[0] in str(found)
    absent = {"00004": "a", "00018": "b", "no one": "c", "nobody": "c"}
    found = clv.customer_equity(bg, few, by=absent)
    assert found.table["customers"].tolist() == [1, 1, 2, 4]
    assert "groups without a customer in the table, which have no row: 'c'" in found.notes[1]
    with pytest.warns(clv.ClvWarning, match="groups without a customer"):
        clv.economics.equity_by(bg.predict(few), absent)


def test_intervals_are_those_of_the_predictive_distribution(bg, cdnow_summary):
    few = cdnow_summary.head(300)
    by = np.where(np.arange(300) % 3 == 0, "third", "rest")
    found = clv.customer_equity(bg, few, by=by, horizon=52, interval=0.8, draws=200, seed=5)
    future = bg.predict_distribution(few, 52, draws=200, seed=5, quantiles=(0.1, 0.9))
    whole = future.total.set_index("quantity").loc["clv"]
    each = future.total_by(by).query("quantity == 'clv'")
    assert_allclose(found.table["equity_low"], [*each["q10"], whole["q10"]], rtol=1e-9)
    assert_allclose(found.table["equity_high"], [*each["q90"], whole["q90"]], rtol=1e-9)
    # quantiles do not add: those of the sum lie closer together
    rows = found.table
    assert rows["equity_low"].iloc[:2].sum() < rows["equity_low"].iloc[2]
    assert rows["equity_high"].iloc[:2].sum() > rows["equity_high"].iloc[2]
    assert found.interval_source == "parameters as given"
    assert "With a probability of 80 %" in str(found)
    alone = clv.customer_equity(bg, few, horizon=52, interval=0.8, draws=200, seed=5).table
    assert_allclose(alone["equity_low"].iloc[-1], whole["q10"], rtol=1e-9)


def test_what_is_infinite_names_the_parameter(bg, cdnow_summary):
    with pytest.warns(clv.ClvWarning, match=r"a = 0\.793 is not above 1"):
        found = clv.customer_equity(bg, cdnow_summary, annual_discount_rate=0)
    assert found.total == math.inf
    assert found.table["share_of_equity"].isna().all()
    assert "–" in found._repr_html_()


def test_no_customers_no_equity(bg, cdnow_summary):
    found = clv.customer_equity(bg, cdnow_summary.head(0), horizon=52, interval=0.9, draws=10)
    assert found.total == 0
    assert found.table[["customers", "equity", "equity_low", "equity_high"]].values.tolist() == [[0, 0, 0, 0]]
    assert str(found).startswith("On 30 Sep 1997 0 customers were worth 0 ")
    by = clv.customer_equity(bg, cdnow_summary.head(0), by="customer_id")
    assert by.table["group"].tolist() == ["all"]
    assert clv.customer_equity(bg, cdnow_summary.head(9), horizon=0).total == 0


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"interval": 0.9}, r"needs a finite horizon.*horizon=522, interval=0\.9"),
        ({"interval": 0.9, "horizon": math.inf}, "finite horizon"),
        ({"interval": 90, "horizon": 52}, "interval must lie between 0 and 1"),
        ({"horizon": -1}, "horizon must be a number of at least 0"),
        ({"horizon": [52, 104]}, "horizon must be one number"),
        ({"annual_discount_rate": -1}, "above -1"),
        ({"annual_discount_rate": -0.1}, "no finite value over an infinite horizon"),
        ({"margin": math.nan}, "margin must be finite"),
        ({"by": "channel"}, "no column 'channel'"),
        ({"by": ["a", "b"]}, "one value per row: expected 2357, found 2"),
        ({"by": {"nobody": "a"}}, "none of the 2,357 customers has a group"),
        ({"by": ["all"] * 2357}, "a group is called 'all'"),
        ({"by": pd.DataFrame({"customer_id": ["00004", "00004"], "g": [1, 2]})}, "repeat a customer_id, first '00004'"),
        ({"by": pd.DataFrame({"customer_id": ["00004"], "g": [1], "h": [2]})}, "must have two columns"),
        ({"by": pd.Series("a", index=range(1, 2358))}, "whose index differs"),
        ({"horizon": 52, "interval": 0.9, "draws": 10_000, "by": "customer_id"}, "too many totals"),
    ],
)
def test_refusals(bg, cdnow_summary, terms, message):
    with pytest.raises(clv.InvalidInput, match=message):
        clv.customer_equity(bg, cdnow_summary, **terms)


def test_margins_above_1_warn(bg, cdnow_summary):
    with pytest.warns(clv.ClvWarning, match="0.30 for 30 %: found 30, more profit than"):
        clv.customer_equity(bg, cdnow_summary, margin=30)
    own = cdnow_summary.head(5).assign(share=[0.3, 1.5, 0.2, 2.0, 1.0])
    with pytest.warns(clv.ClvWarning, match="2 of 5 are above 1, first 1.5"):
        clv.customer_equity(bg, own, margin="share")


def test_split_of_a_table_by_hand():
    scored = pd.DataFrame({"customer_id": [1, 2, 3], "clv": [6.0, 3.0, -1.0], "s": ["x", "x", "y"]})
    found = clv.economics.equity_by(scored, "s")
    assert found["equity"].tolist() == [9.0, -1.0, 8.0]
    assert found["share_of_equity"].tolist() == [1.125, -0.125, 1.0]
    assert clv.economics.equity_by(scored.assign(clv=[0.3, -0.2, -0.1]), "s")["share_of_equity"].isna().all()
    with pytest.raises(clv.InvalidInput, match="clv must be there for every customer: 1 of 3"):
        clv.economics.equity_by(scored.assign(clv=[1.0, np.nan, 2.0]))
    with pytest.raises(clv.InvalidInput, match="expected a table with a column"):
        clv.economics.equity_by([1.0, 2.0])
    with pytest.warns(clv.ClvWarning, match="clv is infinite for 1 of 3 customers, first customer_id=2"):
        endless = clv.economics.equity_by(scored.assign(clv=[1.0, math.inf, 2.0]), "s")
    assert endless["equity"].tolist() == [math.inf, 2.0, math.inf]


def test_names_of_groups_are_escaped(bg, cdnow_summary):
    found = clv.customer_equity(bg, cdnow_summary.head(2), by=["<b>", "&"])
    assert "&lt;b&gt;" in found._repr_html_()
    assert "<b>&" not in found._repr_html_()


def test_a_horizon_in_a_managers_words(cdnow_model, cdnow_summary):
    year = clv.customer_equity(cdnow_model, cdnow_summary, horizon=365.25 / 7).told()
    assert year[0].endswith("each, in the year ahead.")
    assert not any("holdout" in sentence for sentence in year)
    assert "further ahead than any holdout tests" in clv.customer_equity(cdnow_model, cdnow_summary).told()[-1]
    sure = clv.customer_equity(cdnow_model, cdnow_summary, horizon=4, interval=0.9, draws=100)
    assert sure.interval_source == "covariance"
    assert "covariance" not in str(sure)
