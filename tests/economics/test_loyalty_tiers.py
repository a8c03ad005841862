"""Thresholds of loyalty tiers: counted by hand, tiers that partition customers, and the way back from shares."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose

import clvmodels as clv
from clvmodels.economics import loyalty_thresholds, thresholds_for_shares


@pytest.fixture
def scored():
    return pd.DataFrame(
        {
            "customer_id": ["ann", "bob", "cy", "di", "eve"],
            "frequency": [9, 3, 3, 1, 0],
            "monetary_value": [50.0, 40.0, 20.0, 30.0, np.nan],
            "clv": [60.0, 10.0, 15.0, 10.0, 5.0],
        }
    )


def test_by_hand(scored):
    found = loyalty_thresholds(scored, {"gold": 5, "silver": 2}, measure="frequency")
    assert found["tier"].tolist() == ["no tier", "silver", "gold"]
    assert found["threshold"].tolist() == [-np.inf, 2, 5]
    assert found["next_threshold"].tolist() == [2, 5, np.inf]
    assert found["customers"].tolist() == [5, 3, 1]
    assert_allclose(found["share_of_customers"], [1, 0.6, 0.2])
    assert found["value"].tolist() == [100, 85, 60]
    assert_allclose(found["share_of_value"], [1, 0.85, 0.6])
    assert found["customers_in_tier"].tolist() == [2, 2, 1]
    assert found["value_in_tier"].tolist() == [15, 25, 60]


def test_a_threshold_is_reached_by_who_has_just_that_much(scored):
    assert loyalty_thresholds(scored, [10, 10.0000001])["customers"].tolist() == [5, 4, 2]


def test_who_has_no_measure_reaches_nothing_but_counts(scored):
    found = loyalty_thresholds(scored, [0], measure="monetary_value")
    assert found["customers"].tolist() == [5, 4]
    assert found["value_in_tier"].tolist() == [5, 95]


def test_tiers_partition_customers_and_value(cdnow_scored):
    thresholds = np.quantile(cdnow_scored["clv"], [0.5, 0.8, 0.95])
    found = loyalty_thresholds(cdnow_scored, thresholds)
    assert found["customers_in_tier"].sum() == len(cdnow_scored)
    assert_allclose(found["value_in_tier"].sum(), cdnow_scored["clv"].sum(), rtol=1e-12)
    low, high = thresholds[1], thresholds[2]
    between = cdnow_scored["clv"][(cdnow_scored["clv"] >= low) & (cdnow_scored["clv"] < high)]
    assert found["customers_in_tier"].iloc[2] == len(between)
    assert_allclose(found["value_in_tier"].iloc[2], between.sum(), rtol=1e-12)


def test_shares_by_hand(scored):
    found = thresholds_for_shares(scored, [0.2, 0.21, 0.6, 1.0], measure="frequency")
    assert found["threshold"].tolist() == [9, 3, 3, 0]
    assert found["customers"].tolist() == [1, 3, 3, 5]  # of equal customers both reach it
    assert_allclose(found["share_of_customers"], [0.2, 0.6, 0.6, 1])
    assert_allclose(found["share_of_value"], [0.6, 0.85, 0.85, 1])
    assert thresholds_for_shares(scored, 0.4)["threshold"].tolist() == [15]


def test_a_share_that_too_few_have_a_measure_for_has_no_threshold(scored):
    found = thresholds_for_shares(scored, [0.8, 0.9], measure="monetary_value")
    assert found["threshold"].iloc[0] == 20
    assert np.isnan(found["threshold"].iloc[1])
    assert found["customers"].tolist() == [4, 0]


@pytest.mark.parametrize("share", [0.01, 0.1, 1 / 3, 0.999, 1])
def test_there_and_back(cdnow_scored, share):
    """The threshold is reached by the share or more, and no higher one is."""
    row = thresholds_for_shares(cdnow_scored, share).iloc[0]
    n = int(np.sum(cdnow_scored["clv"] >= row["threshold"]))
    assert row["customers"] == n >= share * len(cdnow_scored) * (1 - 1e-12)
    assert np.sum(cdnow_scored["clv"] > row["threshold"]) < share * len(cdnow_scored)
    assert loyalty_thresholds(cdnow_scored, row["threshold"])["customers"].iloc[1] == n


def test_values_may_be_given_one_a_row(scored):
    spent = scored["monetary_value"].fillna(0) * scored["frequency"]
    found = loyalty_thresholds(scored, [100], value=spent)
    assert found["value"].tolist() == [660, 570]
    from_polars = loyalty_thresholds(pl.from_pandas(scored), [100], value=spent.to_numpy())
    pd.testing.assert_frame_equal(from_polars, found)


def test_nobody(scored):
    found = loyalty_thresholds(scored.iloc[:0], [10])
    assert found["customers"].tolist() == [0, 0]
    assert found["share_of_value"].isna().all()
    assert thresholds_for_shares(scored.iloc[:0], 0.5)["threshold"].isna().all()


@pytest.mark.parametrize("thresholds", [[], [10, 10], [np.nan], [np.inf], {"no tier": 3}, "high", None, [[1, 2]], {}])
def test_thresholds_that_cannot_be_used(scored, thresholds):
    with pytest.raises(clv.InvalidInput, match="must"):
        loyalty_thresholds(scored, thresholds)


@pytest.mark.parametrize("shares", [0, -0.1, 1.1, [0.5, np.nan], "half", [[0.5]]])
def test_shares_that_cannot_be_used(scored, shares):
    with pytest.raises(clv.InvalidInput, match="shares must be"):
        thresholds_for_shares(scored, shares)


@pytest.mark.parametrize("wrong", [np.inf, np.nan])
def test_values_that_cannot_be_added_up(scored, wrong):
    scored.loc[2, "clv"] = wrong
    for ask in (lambda: loyalty_thresholds(scored, [10]), lambda: thresholds_for_shares(scored, 0.5)):
        with pytest.raises(clv.InvalidInput, match="1 of 5 customers violate it, first customer_id='cy'"):
            ask()


def test_other_refusals(scored):
    with pytest.raises(clv.InvalidInput, match="no column 'spent'"):
        loyalty_thresholds(scored, [10], measure="spent")
    with pytest.raises(clv.InvalidInput, match="one row per customer"):
        loyalty_thresholds(pd.concat([scored, scored], ignore_index=True), [10])
