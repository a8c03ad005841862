"""Margins: from costs against sums in pandas, per customer in any shape, warnings above 1, refusals."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.economics import margin_of, margins_from_cost


@pytest.fixture(scope="module")
def log():
    lines = [
        ("ann", "2024-01-01", 20.0, 10.0),
        ("ann", "2024-02-01", 5.0, 4.0),
        ("bob", "2024-01-03", 30.0, 27.0),
        ("eve", "2024-01-05", 0.0, 0.0),
    ]
    return pd.DataFrame(lines, columns=["customer_id", "date", "amount", "goods"])


@pytest.fixture(scope="module")
def summary(log):
    return clv.rfm_summary(log, time_unit="day")


def test_worked_by_hand(log):
    found = margins_from_cost(log, "goods")
    assert found.table["customer_id"].tolist() == ["ann", "bob", "eve"]
    assert found.table["revenue"].tolist() == [25.0, 30.0, 0.0]
    assert found.table["cost"].tolist() == [14.0, 27.0, 0.0]
    overall = 14 / 55
    assert found.overall == pytest.approx(overall)
    # eve has brought nothing in, and gets the margin of all
    np.testing.assert_allclose(found.table["margin"], [11 / 25, 3 / 30, overall])


def test_prior_revenue_pulls_towards_the_whole(log):
    overall = 14 / 55
    found = margins_from_cost(log, "goods", prior_revenue=25).table["margin"]
    # ann's own revenue is 25 too: her margin and that of all count alike
    assert found[0] == pytest.approx((11 / 25 + overall) / 2)
    assert found[1] == pytest.approx((3 + 25 * overall) / 55)
    far = margins_from_cost(log, "goods", prior_revenue=1e12).table["margin"]
    np.testing.assert_allclose(far, overall, rtol=1e-9)


def test_weighted_by_revenue_margins_add_up(cdnow):
    rng = np.random.default_rng(3)
    log = cdnow.assign(goods=(cdnow["amount"] * rng.uniform(0.4, 0.9, len(cdnow))).round(2))
    found = margins_from_cost(log, "goods", time_unit="week", observation_end="1997-09-30")
    seen = log[pd.to_datetime(log["date"]) <= "1997-09-30"]
    sums = seen.groupby("customer_id")[["amount", "goods"]].sum()
    own = found.table.set_index("customer_id")
    np.testing.assert_allclose(own["revenue"], sums["amount"].reindex(own.index), atol=1e-9)
    np.testing.assert_allclose(own["cost"], sums["goods"].reindex(own.index), atol=1e-9)
    assert found.overall == pytest.approx(1 - seen["goods"].sum() / seen["amount"].sum())
    assert (own["margin"] * own["revenue"]).sum() == pytest.approx(found.revenue - found.cost)


def test_a_refund_whose_goods_came_back_leaves_no_cost(log):
    back = pd.DataFrame({"customer_id": ["bob"], "date": ["2024-01-03"], "amount": [-10.0], "goods": [-9.0]})
    found = margins_from_cost(pd.concat([log, back]), "goods").table.set_index("customer_id")
    assert found.loc["bob", ["revenue", "cost"]].tolist() == [20.0, 18.0]


def test_shown(log):
    found = margins_from_cost(log, "goods")
    assert repr(found) == "Margins of 3 customers: revenue 55, cost 41, margin 25.45 %"
    assert "eight in ten" in found._repr_html_()


def test_scores_with_margins_of_its_own(log, summary):
    margins = margins_from_cost(log, "goods")
    purchases = clv.PurchaseModel.from_parameters("nbd", {"r": 1.0, "alpha": 59.0}, time_unit="day")
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    model = clv.CLVModel(purchases, spend)
    own = model.predict(summary.assign(margin=margin_of(summary, margins)), margin="margin")
    np.testing.assert_allclose(own["clv"], model.predict(summary)["clv"] * margins.table["margin"].to_numpy())


def test_every_way_to_say_a_margin(summary):
    shares = [0.5, 0.2, 0.1]
    ids = ["eve", "ann", "bob"]
    by_id = dict(zip(["ann", "bob", "eve"], shares, strict=True))
    table = pd.DataFrame({"customer_id": ids, "margin": [by_id[name] for name in ids]})
    indexed = summary.set_index(pd.Index([7, 8, 9]))
    for given in (by_id, table, pl.from_pandas(table), np.array(shares), pd.Series(shares, index=[7, 8, 9])):
        found = margin_of(indexed, given)
        assert found.tolist() == shares
        assert found.index.tolist() == [7, 8, 9]
        assert found.name == "margin"
    assert margin_of(summary.assign(own=shares), "own").tolist() == shares
    assert margin_of(pl.from_pandas(summary), by_id).to_list() == shares
    assert margin_of(summary.iloc[:0], 0.3).tolist() == []


def test_default_for_those_without_one(summary):
    assert margin_of(summary, {"ann": 0.5, "zoe": 0.9}, default=0.3).tolist() == [0.5, 0.3, 0.3]
    assert margin_of(summary, {}, default=0.3).tolist() == [0.3] * 3
    assert margin_of(summary.assign(own=[0.5, np.nan, 0.1]), "own", default=0.3).tolist() == [0.5, 0.3, 0.1]
    with pytest.raises(clv.InvalidInput, match="2 of 3 have none, first customer_id='bob'"):
        margin_of(summary, {"ann": 0.5})


def test_numbers_written_as_text_are_the_same_customers():
    """As where the summary comes from a table and the margins from a CSV file: no default may hide that."""
    summary = pd.DataFrame({"customer_id": [7, 8], "frequency": [1, 0]})
    told = pd.DataFrame({"customer_id": ["8", "7"], "margin": [0.5, 0.25]})
    assert margin_of(summary, told, default=0.9).tolist() == [0.25, 0.5]
    with pytest.raises(clv.InvalidInput, match="none of the 2 customers has a margin"):
        margin_of(summary, {"007": 0.5}, default=0.9)


def test_above_one_warns(log, summary):
    with pytest.warns(clv.ClvWarning, match="0.30 for 30 %: 3 of 3 are above 1, first 30"):
        assert margin_of(summary, 30).tolist() == [30.0] * 3
    with pytest.warns(clv.ClvWarning, match="1 of 3 are above 1, first 1.2"):
        margin_of(summary, [0.2, 1.2, 0.3])
    with pytest.warns(clv.ClvWarning, match="'goods' below 0 though nothing came back"):
        margins_from_cost(log.assign(goods=[-10.0, 0.0, 1.0, 0.0]), "goods")
    assert margin_of(summary, [1.0, -0.2, 0.0]).tolist() == [1.0, -0.2, 0.0]


@pytest.mark.parametrize(
    ("margin", "message"),
    [
        (float("nan"), "margin must be finite; found nan"),
        ("thirty", "there is no column 'thirty'"),
        ([0.3, 0.2], "one value per row"),
        ([0.3, np.nan, 0.2], "1 of 3 customers violate it, first customer_id='bob'"),
        ({"ann": 0.3, "bob": np.inf, "eve": 0.2}, "first customer_id='bob'"),
        (pd.DataFrame({"customer_id": ["ann", "ann"], "margin": [0.3, 0.2]}), "repeat a customer_id"),
        (pd.DataFrame({"who": ["ann"], "margin": [0.3]}), "must have a column customer_id"),
        (pd.Series([0.3, 0.2, 0.1], index=[3, 4, 5]), "index differs"),
    ],
)
def test_refuses(summary, margin, message):
    with pytest.raises(clv.InvalidInput, match=message):
        margin_of(summary, margin)


def test_refuses_what_is_no_share_of_anything(log):
    with pytest.raises(clv.InvalidInput, match="prior_revenue must be finite and at least 0; found -1"):
        margins_from_cost(log, "goods", prior_revenue=-1)
    with pytest.raises(clv.InvalidInput, match="found amount=None"):
        margins_from_cost(log, "goods", amount=None)
    with pytest.raises(clv.NotEnoughData, match="come to 0"):
        margins_from_cost(log.assign(amount=0.0), "goods")
    with pytest.raises(clv.InvalidInput, match="missing, infinite"):
        margins_from_cost(log.assign(goods=[1.0, None, 2.0, 3.0]), "goods")
    with pytest.raises(TypeError, match="margins_from_cost"):
        margins_from_cost(log, "goods", refund="net")
    with pytest.raises(clv.InvalidInput, match="need a table with customer_id"):
        margin_of(log[["amount"]], {"ann": 0.3})


def test_identifiers_of_another_type_are_found_and_foreign_ones_refused():
    summary = pd.DataFrame({"customer_id": ["7", "8"]})
    assert margin_of(summary, {7: 0.5, 8: 0.25}).tolist() == [0.5, 0.25]
    table = pd.DataFrame({"customer_id": [7.0, 8.0], "margin": [0.5, 0.25]})
    assert margin_of(summary, table).tolist() == [0.5, 0.25]
    with pytest.raises(clv.InvalidInput, match=r"none of the 2 customers has a margin.*customer_id='7'.*'007'"):
        margin_of(summary, {"007": 0.5}, default=0.3)
