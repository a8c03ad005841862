"""Unit economics in one table: hand-worked, weighted totals, paybacks by group, what cannot be told, refusals."""

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.economics import (
    acquisition_cost,
    highest_bid,
    ltv_to_cac,
    new_customer_value,
    payback_period,
    unit_economics,
)

INF = float("inf")


@pytest.fixture(scope="module")
def costs():
    return acquisition_cost({"ads": 600, "fair": 200, "mail": 40}, {"ads": 30, "fair": 2, "mail": 8})


def curve_of(first, slope, lifetime, unit="month"):
    total = [first, first + 10 * slope, first + 20 * slope, lifetime]
    return pd.DataFrame({"time": [0.0, 10.0, 20.0, INF], "time_unit": unit, "cumulative_discounted_profit": total})


def test_worked_by_hand(costs):
    found = unit_economics(costs, {"ads": 90.0, "fair": 60.0, "mail": 12.0})
    table = found.table
    assert table["group"].tolist() == ["ads", "fair", "mail", "all"]
    assert table["acquisition_cost"].tolist() == [20.0, 100.0, 5.0, 21.0]
    assert table["value"].tolist() == [90.0, 60.0, 12.0, (30 * 90 + 2 * 60 + 8 * 12) / 40]
    assert table["net_value"].tolist() == pytest.approx([70.0, -40.0, 7.0, 51.9])
    np.testing.assert_allclose(table["ltv_to_cac"], [4.5, 0.6, 2.4, 72.9 / 21])
    assert table["reaches_target"].tolist() == [True, False, False, True]
    assert table["highest_bid"].tolist() == [30.0, 20.0, 4.0, 72.9 / 3]
    assert table["note"].tolist() == ["", "costs more than he is worth", "", ""]
    assert "payback" not in table.columns
    # what all groups bring less what they cost is what all bring less what all cost
    each = table.iloc[:-1]
    assert (each["net_value"] * each["customers"]).sum() == pytest.approx(51.9 * 40)


def test_a_target_that_is_just_met_is_met(costs):
    assert unit_economics(costs, {"ads": 60.0, "fair": 60.0, "mail": 14.9}).table["reaches_target"].tolist()[:3] == [
        True,
        False,
        False,
    ]


def test_agrees_with_the_functions_it_is_made_of(costs):
    value = pd.Series({"ads": 90.0, "fair": 60.0, "mail": 12.0})
    table = unit_economics(costs, value, ratio=4).table.set_index("group")
    cost = table["acquisition_cost"][:3]
    pd.testing.assert_series_equal(
        table["ltv_to_cac"][:3], ltv_to_cac(value, cost), check_names=False, check_index_type=False
    )
    assert table["highest_bid"].tolist()[:3] == highest_bid(value, 4).tolist()


def test_paybacks_by_group(costs):
    curves = {"ads": curve_of(10, 2, 90), "fair": curve_of(10, 1, 60), "mail": curve_of(6, 1, 12)}
    found = unit_economics(costs, {"ads": 90.0, "fair": 60.0, "mail": 12.0}, curves)
    assert found.table["payback"].tolist()[:3] == [5.0, INF, 0.0]
    assert np.isnan(found.table["payback"].iloc[3])  # no curve of all was given
    assert found.time_unit == "month"
    one = unit_economics(costs, 90, curve_of(10, 2, 90)).table
    assert one["payback"].tolist()[0] == payback_period(curve_of(10, 2, 90), 20).time
    assert one["payback"].tolist()[3] == 5.5
    assert one["note"].tolist()[1] == "costs more than he is worth"
    # fair: 100 is reached neither in 20 months nor ever; a lifetime of 110 would reach it later
    later = unit_economics(costs, 110, curve_of(10, 2, 110)).table
    assert np.isnan(later["payback"].iloc[1])
    assert later["note"].iloc[1] == "pays back later than the curve reaches"


def test_what_cannot_be_told_is_told():
    costs = acquisition_cost({"ads": 60, "radio": 10}, {"ads": 3})
    free = acquisition_cost({"ads": 60, "friends": 0}, {"ads": 3, "friends": 2, "walk-in": 1})
    table = unit_economics(costs, 40, curve_of(10, 1, 40)).table.set_index("group")
    assert table.loc["radio", "ltv_to_cac"] == 0.0
    assert table.loc["radio", "payback"] == INF
    assert table.loc["radio", "note"] == "money was spent, no new customer came"
    table = unit_economics(free, 40, curve_of(10, 1, 40)).table.set_index("group")
    assert table.loc["friends", ["ltv_to_cac", "payback"]].tolist() == [INF, 0.0]
    assert np.isnan(table.loc["walk-in", "ltv_to_cac"])
    assert not table.loc["walk-in", "reaches_target"]
    assert table.loc["walk-in", "note"] == "no spend is told for this group"
    partly = unit_economics(free, {"ads": 40.0}).table.set_index("group")
    assert partly.loc["friends", "note"] == "no value is told"
    assert np.isnan(partly.loc["all", "value"])


def test_value_of_all_may_be_told(costs):
    value = pd.DataFrame({"group": ["ads", "fair", "mail", "all"], "value": [90.0, 60.0, 12.0, 70.0]})
    assert unit_economics(costs, value).table["value"].tolist() == [90.0, 60.0, 12.0, 70.0]


def test_words(costs):
    found = unit_economics(costs, {"ads": 90.0, "fair": 60.0, "mail": 12.0})
    told = found.told()
    assert told[0] == "A new customer costs 21 and is worth 72.9 on average: LTV:CAC is 3.47."
    assert told[1] == "1 of 3 groups reach 3:1; not fair, mail."
    assert told[2].startswith("3:1 is a rule of thumb: it leaves out when the money comes back, overheads")
    assert told[3] == "fair: costs more than he is worth."
    assert unit_economics(costs, 90, ratio=2).told()[2].startswith("2:1 leaves out")
    assert repr(found) == "UnitEconomics of 3 groups: 40 customers, LTV:CAC 3.47"
    assert "rule of thumb" in str(found)
    page = unit_economics(acquisition_cost({"<b>": 1}, {"<b>": 1}), 5)._repr_html_()
    assert "&lt;b&gt;" in page
    assert "<td" in page


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: unit_economics(c.drop(columns="spend"), 90), "found a table without spend"),
        (lambda c: unit_economics(c.iloc[:2], 90), "must end with the row 'all'"),
        (lambda c: unit_economics(c, np.nan), "value must be finite"),
        (lambda c: unit_economics(c, {"ads": np.inf}), "value must be finite"),
        (lambda c: unit_economics(c, {"Ads": 90}), "value must name the groups of costs: found 'Ads'"),
        (lambda c: unit_economics(c, 90, ratio=0), "ratio must be above 0"),
        (lambda c: unit_economics(c, 90, {"Ads": curve_of(1, 1, 30)}), "curve must name the groups of costs"),
        (
            lambda c: unit_economics(c, 90, {"ads": curve_of(1, 1, 30), "mail": curve_of(1, 1, 30, "week")}),
            "one unit of time; found month, week",
        ),
        (
            lambda c: unit_economics(c, pd.DataFrame({"group": ["ads", "ads"], "value": [1.0, 2.0]})),
            "one row a group; found 1 repeated",
        ),
    ],
)
def test_refuses(costs, call, message):
    with pytest.raises(clv.InvalidInput, match=message):
        call(costs)


def test_the_values_of_new_customers_as_they_come(cdnow_summary):
    """What new_customer_value gave goes in as it is, and is told by its kind where a number is wanted."""
    by = np.array(["ads", "fair"], dtype=object)[np.arange(len(cdnow_summary)) % 2]
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    new = new_customer_value(cdnow_summary, by, purchases="bg_nbd", spend=spend, margin=0.3, pooling=0)
    costs = acquisition_cost({"ads": 9000, "fair": 6000}, cdnow_summary, by=by)
    pd.testing.assert_frame_equal(unit_economics(costs, new).table, unit_economics(costs, new.table).table)
    for wants_numbers in (lambda: highest_bid(new), lambda: ltv_to_cac(new, 10)):
        with pytest.raises(clv.InvalidInput, match="found a value of type NewCustomerValues"):
            wants_numbers()
