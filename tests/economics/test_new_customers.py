"""The value of a customer yet to be acquired: by hand, at the extremes of pooling, and for groups that know nothing."""

import math

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.economics import new_customer_value, value_of_new_customer

PURCHASES = clv.PurchaseModel.from_parameters("nbd", {"r": 1.0, "alpha": 20.0}, "week")
SPEND = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.0, "q": 4.0, "v": 15.0})  # mean 30
QUICK = {"purchases": PURCHASES, "spend": SPEND}
WEEKS = 365.25 / 7
NUMBERS = ["value", "low", "high", "expected_purchases", "expected_spend", "weight"]


@pytest.fixture(scope="module")
def channels(cdnow_summary):
    """A channel for every customer, none of them chosen by what he did."""
    return np.random.default_rng(1).choice(["search", "mail", "tv"], len(cdnow_summary), p=[0.7, 0.28, 0.02])


@pytest.fixture(scope="module")
def found(cdnow_summary, channels):
    return new_customer_value(cdnow_summary, channels, purchases="bg_nbd", margin=0.3)


@pytest.fixture(scope="module")
def quick(cdnow_summary, channels):
    """Two parameters instead of four, for what does not depend on the model."""
    return new_customer_value(cdnow_summary, channels, margin=0.3, **QUICK)


# one customer of a model


def test_a_perpetuity_by_hand():
    """Without dropout: margin · spend · (1 + rate / ln(1 + d)), the rate per year."""
    model = clv.CLVModel(PURCHASES, SPEND, annual_discount_rate=0.10, margin=0.5)
    rate = WEEKS / 20
    assert value_of_new_customer(model, horizon=math.inf) == pytest.approx(0.5 * 30 * (1 + rate / math.log(1.1)))
    repeats = value_of_new_customer(model, horizon=math.inf, first_purchase=False)
    assert repeats == pytest.approx(0.5 * 30 * rate / math.log(1.1))


def test_a_year_is_the_horizon_unless_told():
    model = clv.CLVModel(PURCHASES, SPEND, annual_discount_rate=0.10, margin=0.5)
    year = 0.5 * 30 * (1 + WEEKS / 20 * (1 - 1 / 1.1) / math.log(1.1))
    assert value_of_new_customer(model) == pytest.approx(year)
    assert value_of_new_customer(model, annual_discount_rate=0.0, horizon=40) == pytest.approx(0.5 * 30 * 3)
    assert value_of_new_customer(model, horizon=0) == pytest.approx(15)
    assert value_of_new_customer(model, margin=0.25) == pytest.approx(year / 2)


def test_what_one_customer_refuses():
    with pytest.raises(clv.NotFitted):
        value_of_new_customer(clv.CLVModel("bg_nbd"))
    model = clv.CLVModel(PURCHASES, SPEND)
    for terms, told in (
        ({"annual_discount_rate": -1.0}, "above -1"),
        ({"horizon": -1}, "at least 0"),
        ({"margin": "share"}, "no column 'share'"),
        ({"first_purchase": 1}, "True or False"),
    ):
        with pytest.raises(clv.InvalidInput, match=told):
            value_of_new_customer(model, **terms)
    with pytest.warns(clv.ClvWarning, match="found 30, more profit"):
        value_of_new_customer(model, margin=30)
    with pytest.warns(clv.ClvWarning, match="without end"):
        assert value_of_new_customer(model, annual_discount_rate=0, horizon=math.inf) == math.inf


def test_one_new_customer_of_infinite_worth():
    purchases = clv.PurchaseModel.from_parameters("pareto_nbd", {"r": 0.6, "alpha": 10, "s": 0.6, "beta": 12}, "week")
    model = clv.CLVModel(purchases, clv.SpendModel.from_parameters("gamma_gamma", {"p": 6, "q": 0.7, "v": 15}))
    with pytest.warns(clv.ClvWarning, match="mean spend of all customers is infinite"):
        assert value_of_new_customer(model) == math.inf
    assert value_of_new_customer(model, horizon=0, first_purchase=False) == 0  # no purchase, of whatever worth
    assert value_of_new_customer(model, margin=0) == 0


# groups


def test_the_last_row_is_the_whole(cdnow_summary, found):
    model = clv.CLVModel("bg_nbd", margin=0.3).fit(cdnow_summary)
    whole = found.table.iloc[-1]
    assert whole["group"] == "all"
    assert whole["customers"] == 2357
    assert whole["value"] == pytest.approx(value_of_new_customer(model))
    assert whole["value_unpooled"] == pytest.approx(whole["value"])
    assert whole["expected_purchases"] == pytest.approx(model.purchases.new_customer().expected_purchases(WEEKS))
    alone = new_customer_value(cdnow_summary, purchases="bg_nbd", margin=0.3).table
    assert len(alone) == 1
    pd.testing.assert_series_equal(alone.iloc[0], whole, check_names=False)


def test_every_row_adds_up_and_lies_in_its_interval(found):
    table = found.table
    assert table["group"].tolist() == ["mail", "search", "tv", "all"]
    assert table["customers"].iloc[:-1].sum() == table["customers"].iloc[-1]
    assert (table["low"] < table["value"]).all()
    assert (table["value"] < table["high"]).all()
    assert table["weight"].between(0, 1).all()
    for group in table["group"]:
        row = table[table["group"] == group].iloc[0]
        assert value_of_new_customer(found.model(group)) == pytest.approx(row["value"], rel=1e-9)
        assert row["first_purchase"] == row["expected_spend"]
    assert list(found.parameters.index) == table["group"].tolist()


def test_more_customers_weigh_more(found):
    weight = found.table.set_index("group")["weight"]
    assert weight["tv"] < weight["mail"] < weight["search"]


def test_a_large_group_keeps_its_own_fit_and_nobody_runs_away(found):
    table = found.table.set_index("group")
    own, pooled = table.loc["search", "value_unpooled"], table.loc["search", "value"]
    assert pooled == pytest.approx(own, rel=0.02)
    # 47 customers by television, drawn at random: with the whole's standard error of 3 % theirs is about 20 %
    assert 0.6 < table.loc["tv", "value"] / table.loc["all", "value"] < 1.6


def test_order_and_names_of_groups_are_nothing(cdnow_summary, channels, quick):
    order = np.random.default_rng(2).permutation(len(channels))
    shuffled = new_customer_value(cdnow_summary.iloc[order], channels[order], margin=0.3, **QUICK).table
    pd.testing.assert_frame_equal(shuffled, quick.table, rtol=1e-9)
    renamed = np.array([{"tv": "a", "search": "b", "mail": "c"}[one] for one in channels])
    other = new_customer_value(cdnow_summary, renamed, margin=0.3, **QUICK).table.set_index("group")
    pd.testing.assert_frame_equal(
        other.loc[["c", "b", "a", "all"], NUMBERS].reset_index(drop=True), quick.table[NUMBERS], rtol=1e-6
    )


def test_groups_however_they_are_said(cdnow_summary, channels, quick):
    ids = cdnow_summary["customer_id"]
    for groups in (
        dict(zip(ids, channels, strict=True)),
        pd.DataFrame({"customer_id": ids, "channel": channels}).sample(frac=1, random_state=1),
        pd.Series(channels, index=cdnow_summary.index),
    ):
        table = new_customer_value(cdnow_summary, groups, margin=0.3, **QUICK).table
        pd.testing.assert_frame_equal(table, quick.table)
    column = new_customer_value(cdnow_summary.assign(channel=channels), "channel", margin=0.3, **QUICK)
    pd.testing.assert_frame_equal(column.table, quick.table)


def test_no_pooling_and_complete_pooling_are_the_ends(cdnow_summary, channels):
    def pooled(pooling):
        terms = {"purchases": "bg_nbd", "pooling": pooling}
        return new_customer_value(cdnow_summary, channels, **terms).table.set_index("group")

    none = pooled(0)
    np.testing.assert_allclose(none["value"], none["value"].iloc[-1], rtol=1e-12)
    assert (none["weight"].iloc[:-1] == 0).all()
    np.testing.assert_allclose(none[["low", "high"]], np.tile(none[["low", "high"]].iloc[-1], (4, 1)))
    free = pooled(3.0)
    np.testing.assert_allclose(free.loc["search", "value"], free.loc["search", "value_unpooled"], rtol=1e-3)
    assert free.loc["tv", "high"] - free.loc["tv", "low"] > none.loc["tv", "high"] - none.loc["tv", "low"]


def test_groups_of_unequal_age_are_compared_over_the_same_time():
    """The same customers, half of them seen for a year and half for the first eight weeks only."""
    known = clv.PurchaseModel.from_parameters("bg_nbd", {"r": 0.5, "alpha": 5, "a": 1, "b": 3}, "week")
    model = clv.CLVModel(known, SPEND)
    old, young = (model.simulate(2000, observation=seen, seed=seed).summary for seen, seed in ((52, 1), (8, 2)))
    summary = pd.concat([old, young], ignore_index=True).drop(columns="customer_id")
    table = new_customer_value(
        summary,
        np.repeat(["old", "young"], 2000),
        purchases="bg_nbd",
        spend=SPEND,
        time_unit="week",
        horizon=52,
        annual_discount_rate=0.0,
    ).table.set_index("group")
    true = known.new_customer().expected_purchases(52)
    # their standard errors are 3 and 9 %
    assert table.loc["old", "expected_purchases"] == pytest.approx(true, rel=0.12)
    assert table.loc["young", "expected_purchases"] == pytest.approx(true, rel=0.3)
    assert summary.groupby(np.repeat(["old", "young"], 2000))["frequency"].mean().to_numpy()[1] < true / 2
    assert "watched for at most 8 of 52" in table.loc["young", "note"]
    assert table.loc["old", "note"] == ""
    width = (table["high"] - table["low"]) / table["value"]
    assert width["young"] > width["old"]


def test_groups_that_know_nothing_are_the_whole(cdnow_summary):
    summary, groups = cdnow_summary.copy(), np.array(["most"] * len(cdnow_summary), dtype=object)
    fresh = slice(0, 15)
    names = ["frequency", "recency", "T", "monetary_value"]
    summary.iloc[fresh, summary.columns.get_indexer(names)] = [0, 0.0, 0.0, np.nan]
    groups[fresh], groups[20], groups[30:33] = "fresh", "one", None
    silent = np.flatnonzero(summary["frequency"].to_numpy() == 0)[200:205]
    groups[silent] = "silent"
    found = new_customer_value(summary, groups, purchases="bg_nbd")
    table = found.table.set_index("group")
    assert table.index.tolist() == ["fresh", "most", "one", "silent", "(no group)", "all"]
    assert table.loc["fresh", "value"] == pytest.approx(table.loc["all", "value"])
    assert table.loc["fresh", "weight"] == 0
    assert "not observed" in table.loc["fresh", "note"]
    assert "nobody came back yet" in table.loc["silent", "note"]
    assert table.loc["silent", "value"] < table.loc["all", "value"]
    assert math.isnan(table.loc["silent", "value_unpooled"])
    assert "no fit of its own" in table.loc["one", "note"]
    assert table.loc["one", "value"] == pytest.approx(table.loc["all", "value"], rel=0.5)
    assert "3 of 2,357 customers have no group" in found.notes[0]
    assert found.notes[0] in str(found)
    finite = table[["value", "low", "high", "expected_purchases", "expected_spend"]].to_numpy()
    assert np.isfinite(finite).all()


def test_one_group_of_everybody_is_the_whole(cdnow_summary):
    table = new_customer_value(cdnow_summary, np.zeros(len(cdnow_summary)), purchases="bg_nbd").table
    np.testing.assert_allclose(table["value"].iloc[0], table["value"].iloc[1], rtol=1e-5)


def test_fitted_models_are_the_whole_and_stay_as_they_are(cdnow_summary, channels):
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    given = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, "week")
    found = new_customer_value(cdnow_summary, channels, purchases=given, spend=spend)
    assert found.whole.purchases.parameters == given.parameters
    whole = found.table.iloc[-1]
    assert math.isnan(whole["low"])
    assert "no interval" in whole["note"]
    assert found.table["low"].iloc[:-1].notna().all()
    nobody = new_customer_value(cdnow_summary.iloc[:0], purchases=given, spend=spend).table
    assert nobody["customers"].tolist() == [0]
    assert nobody["value"].tolist() == [pytest.approx(whole["value"])]


# the first purchase and the margin


def test_the_first_purchase_can_be_left_out_or_have_its_own_amount(cdnow, channels):
    summary = clv.rfm_summary(cdnow, time_unit="week", observation_end="1997-09-30", keep_state=True)

    def values(first):
        return new_customer_value(summary, channels, margin=0.3, first_purchase=first, **QUICK).table

    included, without, own = values(True), values(False), values("first_amount")
    np.testing.assert_allclose(included["value"] - without["value"], 0.3 * included["expected_spend"])
    assert (without["first_purchase"] == 0).all()
    np.testing.assert_allclose(own["value"] - without["value"], 0.3 * own["first_purchase"])
    amounts = summary["first_amount"].astype(float)
    assert own["first_purchase"].iloc[-1] == pytest.approx(amounts.mean())
    by_group = amounts.groupby(channels).mean()
    for group in ("mail", "search"):  # between the group's own mean and that of all
        row = own[own["group"] == group].iloc[0]
        low, high = sorted([by_group[group], amounts.mean()])
        assert low <= row["first_purchase"] <= high
    with pytest.raises(clv.InvalidInput, match="there is no column 'first'"):
        values("first")
    with pytest.raises(clv.InvalidInput, match="True or False"):
        values(1)


def test_a_column_of_margins_is_averaged_over_the_group(cdnow_summary, channels, quick):
    summary = cdnow_summary.assign(share=np.where(channels == "tv", 0.15, 0.3))
    table = new_customer_value(summary, channels, margin="share", **QUICK).table
    np.testing.assert_allclose(table["value"].iloc[:2], quick.table["value"].iloc[:2])
    np.testing.assert_allclose(2 * table["value"].iloc[2], quick.table["value"].iloc[2])
    assert table["margin"].iloc[-1] == pytest.approx(summary["share"].mean())


def test_value_is_linear_in_the_margin(cdnow_summary, channels, quick):
    columns = ["value", "low", "high", "value_unpooled"]
    twice = new_customer_value(cdnow_summary, channels, margin=0.6, **QUICK).table
    np.testing.assert_allclose(twice[columns], 2 * quick.table[columns])
    loss = new_customer_value(cdnow_summary, channels, margin=-0.3, **QUICK).table
    np.testing.assert_allclose(loss[["low", "high"]], -quick.table[["high", "low"]])


# what is refused, and how it looks


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ({"by": ["a", "b"]}, "by must have one value per row of the summary: expected 2357, found 2"),
        ({"by": 5}, "by must be a column's name or one value per row; found '5'"),
        ({"by": "channel"}, "there is no column 'channel'"),
        ({"pooling": -0.1}, "from 0 .* found -0.1"),
        ({"pooling": math.inf}, "to 3 .* found inf"),
        ({"pooling": "much"}, "pooling must be a number"),
        ({"interval": 1.0}, "interval must lie between 0 and 1"),
        ({"horizon": -1}, "horizon must be a number of at least 0"),
        ({"annual_discount_rate": -1.0}, "above -1"),
        ({"annual_discount_rate": 0.0, "horizon": math.inf}, "infinitely much"),
        ({"margin": math.nan}, "margin must be finite"),
    ],
)
def test_what_is_refused(cdnow_summary, terms, told):
    with pytest.raises(clv.InvalidInput, match=told):
        new_customer_value(cdnow_summary, **(QUICK | terms))


def test_a_margin_above_one_is_told(cdnow_summary):
    with pytest.warns(clv.ClvWarning, match="found 30, more profit"):
        new_customer_value(cdnow_summary, margin=30, **QUICK)


def test_it_reads_well_and_escapes(found):
    text = str(found)
    assert "in his first year, his first purchase included" in text
    assert "profit at a margin of 0.3, discounted at 10 % a year" in text
    assert repr(found) == "NewCustomerValues: 3 groups of 2,357 customers, a year from the first purchase on"
    with pytest.raises(clv.InvalidInput, match="there is no group 'radio'; there are 'mail', 'search', 'tv', 'all'"):
        found.model("radio")
    html = found._repr_html_()
    assert html.count("<tr>") == 5
    hostile = type(found)(**{**vars(found), "table": found.table.replace({"group": {"tv": "<script>"}})})
    assert "<script>" not in hostile._repr_html_()


@pytest.mark.study
@pytest.mark.parametrize("spread", [0.0, 0.2, 0.4])
def test_intervals_hold_about_as_often_as_they_say(spread):
    """90 % intervals of ten unequal groups in forty worlds; they take how much groups differ as known."""
    sizes, held = (20, 30, 40, 60, 80, 120, 160, 240, 320, 400), []
    typical = np.array([0.243, 4.4, 0.8, 2.4])
    for seed in range(40):
        rng, parts, true = np.random.default_rng(seed), [], []
        for n in sizes:
            theta = dict(zip(("r", "alpha", "a", "b"), typical * np.exp(spread * rng.standard_normal(4)), strict=True))
            model = clv.CLVModel(clv.PurchaseModel.from_parameters("bg_nbd", theta, "week"), SPEND)
            seen = rng.integers(26, 53, n).astype(float)
            parts.append(model.simulate(n, observation=seen, seed=int(rng.integers(2**31))).summary)
            true.append(value_of_new_customer(model))
        summary = pd.concat(parts, ignore_index=True).drop(columns="customer_id")
        groups = np.repeat(np.arange(len(sizes)), sizes)
        table = new_customer_value(summary, groups, purchases="bg_nbd", spend=SPEND, time_unit="week").table
        low, high = table["low"].to_numpy()[:-1], table["high"].to_numpy()[:-1]
        held.append(np.mean((low <= true) & (true <= high)))
    assert 0.86 < np.mean(held) < 0.995


def test_of_many_notes_the_first_are_said(found):
    """The table keeps all of them; a page of groups that are too small is not read."""
    rows = pd.concat([found.table.iloc[:1]] * 30 + [found.table.iloc[-1:]], ignore_index=True)
    rows.loc[:29, "note"] = "nobody came back yet"
    told = type(found)(**{**vars(found), "table": rows}).told()
    assert sum("nobody came back yet" in sentence for sentence in told) == 4
    assert told[-1] == "26 groups more have a note: see the column note of the table."
