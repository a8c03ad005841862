"""Acquisition cost by group: hand-worked, every way to say it, those who are left over, refusals."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.economics import acquisition_cost, cohorts_of, spend_by_period


@pytest.fixture(scope="module")
def came():
    channels = ["ads", "ads", "fair", "ads", None, "friends"]
    return pd.DataFrame({"customer_id": [11, 12, 13, 14, 15, 16], "channel": channels})


def costs(table):
    return dict(zip(table["group"], table["acquisition_cost"], strict=True))


def test_in_one_number():
    table = acquisition_cost(900, 30)
    assert table.to_dict("records") == [
        {"group": "all", "customers": 30, "spend": 900.0, "acquisition_cost": 30.0, "note": ""}
    ]
    assert acquisition_cost(900, pd.DataFrame({"customer_id": range(30)}))["acquisition_cost"].tolist() == [30.0]


def test_worked_by_hand(came):
    table = acquisition_cost({"ads": 60, "fair": 50, "radio": 40}, came[:4], by="channel")
    assert table["group"].tolist() == ["ads", "fair", "radio", "all"]
    assert table["customers"].tolist() == [3, 1, 0, 4]
    assert table["spend"].tolist() == [60.0, 50.0, 40.0, 150.0]
    assert table["acquisition_cost"].tolist() == [20.0, 50.0, np.inf, 37.5]
    assert table["note"].tolist() == ["", "", "money was spent, no new customer came", ""]


def test_every_way_to_say_the_groups(came):
    came = came[:4]
    labels = came["channel"]
    money = pd.DataFrame({"channel": ["ads", "fair", "ads"], "spend": [50.0, 50.0, 10.0]})
    expected = acquisition_cost({"ads": 60, "fair": 50}, {"fair": 1, "ads": 3})
    for by in ("channel", labels, labels.to_numpy(), dict(zip(came["customer_id"], labels, strict=True))):
        pd.testing.assert_frame_equal(acquisition_cost({"ads": 60, "fair": 50}, came, by=by), expected)
        pd.testing.assert_frame_equal(acquisition_cost(money, came, by=by), expected)
    pd.testing.assert_frame_equal(acquisition_cost(pl.from_pandas(money), pl.from_pandas(came), by="channel"), expected)
    pd.testing.assert_frame_equal(acquisition_cost(money, pl.from_pandas(came).lazy(), by="channel"), expected)
    counts = labels.value_counts()
    pd.testing.assert_frame_equal(acquisition_cost(pd.Series({"ads": 60.0, "fair": 50.0}), counts), expected)


def test_those_who_are_left_over_are_told(came):
    with pytest.warns(clv.ClvWarning, match="1 groups of spend have no new customers, first 'radio', and 1 groups of"):
        table = acquisition_cost({"ads": 60, "fair": 50, "radio": 40}, came, by="channel")
    assert table["group"].tolist() == ["ads", "fair", "friends", "radio", "(no group)", "all"]
    assert table["customers"].tolist() == [3, 1, 1, 0, 1, 6]
    assert np.isnan(costs(table)["friends"])
    assert np.isnan(costs(table)["(no group)"])
    assert costs(table)["all"] == 25.0
    notes = dict(zip(table["group"], table["note"], strict=True))
    assert notes["friends"] == "no spend is told for this group"
    assert notes["(no group)"].startswith("no group: not divided here")
    assert notes["all"] == "customers without any spend told: 2"
    # told to be nothing is not the same as not told
    assert costs(acquisition_cost({"ads": 60, "fair": 50, "friends": 0}, came, by="channel"))["friends"] == 0.0


def test_money_without_a_group_is_in_the_total_alone(came):
    money = pd.DataFrame({"channel": ["ads", None, "fair", "friends"], "spend": [60.0, 30.0, 50.0, 0.0]})
    table = acquisition_cost(money, came, by="channel")
    assert table["spend"].tolist() == [60.0, 50.0, 0.0, 30.0, 140.0]
    assert table["group"].tolist()[-2:] == ["(no group)", "all"]
    assert np.isnan(costs(table)["(no group)"])
    assert costs(table)["all"] == pytest.approx(140 / 6)


def test_what_is_told_of_one_group_twice_is_added():
    money = pd.Series([60.0, 20.0, 10.0, 5.0], index=["ads", "fair", "ads", None])
    table = acquisition_cost(money, pd.Series([2, 4, 3], index=["ads", "fair", "ads"]))
    assert table["spend"].tolist() == [70.0, 20.0, 5.0, 95.0]
    assert table["customers"].tolist() == [5, 4, 0, 9]
    assert costs(table)["ads"] == 14.0


def test_groups_add_up_to_all():
    rng = np.random.default_rng(5)
    labels = rng.choice(list("abcdefgh"), 500)
    money = dict(zip("abcdefgh", rng.uniform(0, 100, 8), strict=True))
    table = acquisition_cost(money, pd.DataFrame({"customer_id": range(500)}), by=labels)
    each, last = table.iloc[:-1], table.iloc[-1]
    assert each["customers"].sum() == last["customers"] == 500
    assert each["spend"].sum() == pytest.approx(last["spend"])
    assert (each["acquisition_cost"] * each["customers"]).sum() == pytest.approx(last["acquisition_cost"] * 500)


def test_by_acquisition_cohort(cdnow_summary):
    """CDNOW's customers first bought in the first quarter of 1997: 781, 857 and 719 by month."""
    paid = pd.DataFrame({"start": ["1997-01-01"], "end": ["1997-03-31"], "spend": [9000.0]})
    table = acquisition_cost(spend_by_period(paid), cdnow_summary, by=cohorts_of(cdnow_summary))
    assert table["group"].tolist() == ["1997-01", "1997-02", "1997-03", "all"]
    assert table["customers"].tolist() == [781, 857, 719, 2357]
    np.testing.assert_allclose(table["spend"], [3100, 2800, 3100, 9000])
    np.testing.assert_allclose(table["acquisition_cost"], [3100 / 781, 2800 / 857, 3100 / 719, 9000 / 2357])


def test_nobody_and_nothing():
    empty = acquisition_cost(0, 0)
    assert empty["note"].tolist() == ["no money was spent, no new customer came"]
    assert np.isnan(empty["acquisition_cost"].iloc[0])
    wasted = acquisition_cost(10, 0)
    assert wasted["acquisition_cost"].tolist() == [np.inf]
    assert wasted["note"].tolist() == ["money was spent, no new customer came"]
    assert acquisition_cost({}, {})["group"].tolist() == ["all"]


@pytest.mark.parametrize(
    ("spend", "customers", "by", "message"),
    [
        (-5, 3, None, "spend must be finite and at least 0; found -5"),
        ({"a": 1, "b": -2}, {"a": 1, "b": 1}, None, r"1 of 2 violate it, first at position 1 \(-2\)"),
        ({"a": np.nan}, {"a": 1}, None, "spend must be finite and at least 0"),
        (5, -3, None, "customers must be finite and at least 0"),
        ({"a": 5}, {"a": 2.5}, None, "customers must be whole numbers"),
        (5, {"a": 2}, None, "found spend in one number and customers by group"),
        ({"a": 5}, 2, None, "found customers in one number and spend by group"),
        ({"a": 5}, {"a": 2}, "channel", "by= groups a frame with one row a customer"),
        ({"all": 5}, {"a": 2}, None, "a group is called 'all'"),
        ({"a": 5}, pd.DataFrame({"customer_id": [1, 1], "g": ["a", "a"]}), "g", "repeat a customer_id"),
        ({"a": 5}, pd.DataFrame({"customer_id": [1, 2]}), "g", "there is no column 'g'"),
        ({"a": 5}, pd.DataFrame({"customer_id": [1, 2]}), ["a"], "one value per row: expected 2, found 1"),
        (pd.DataFrame({"spend": [1.0]}), pd.DataFrame({"g": ["a"]}), "g", "columns 'spend' and one of groups, 'g'"),
        (pd.DataFrame({"g": ["a"], "spend": [-1.0]}), pd.DataFrame({"g": ["a"]}), "g", "spend must be finite"),
    ],
)
def test_refuses(spend, customers, by, message):
    with pytest.raises(clv.InvalidInput, match=message):
        acquisition_cost(spend, customers, by=by)


@pytest.mark.parametrize("name", ["spend", "customers"])
def test_lists_of_numbers_for_a_group_are_refused(name):
    given = {"spend": {"ads": 60}, "customers": {"ads": 30}} | {name: {"ads": [30]}}
    with pytest.raises(clv.InvalidInput, match=f"{name} must be one number a group"):
        acquisition_cost(**given)
