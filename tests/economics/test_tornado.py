"""Levers down and up, one at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest

import clvmodels as clv


def test_ends_are_those_of_what_if(cdnow_model, cdnow_summary):
    table = clv.economics.compute_tornado(cdnow_model, cdnow_summary, 0.2, costs=4.0, horizon=39)
    assert set(table["lever"]) == {"dropout", "purchase_rate", "spend", "margin", "acquisition_cost"}
    assert np.all(np.diff(table["swing"]) <= 1e-9)
    for row in table.itertuples():
        for end, factor in (("low", 0.8), ("high", 1.2)):
            found = clv.what_if(cdnow_model, cdnow_summary, costs=4.0, horizon=39, **{row.lever: factor}).table
            assert getattr(row, f"{end}_factor") == pytest.approx(factor)
            assert getattr(row, f"{end}_value") == pytest.approx(found["value"].iloc[1], rel=1e-12)
            assert getattr(row, f"{end}_change") == pytest.approx(found["change"].iloc[1], rel=1e-9)
        assert row.swing == pytest.approx(abs(row.high_value - row.low_value), rel=1e-12)
        rises = row.lever not in ("dropout", "acquisition_cost")
        assert (row.low_change < 0 < row.high_change) == rises
        assert (row.low_change > 0 > row.high_change) != rises


def test_revenue_moves_without_a_warning(cdnow_model, cdnow_summary):
    """With margin 1 a tenth more of it is above 1, and meant as revenue."""
    model = clv.CLVModel(cdnow_model.purchases, cdnow_model.spend)
    table = clv.economics.compute_tornado(model, cdnow_summary).set_index("lever")
    assert table.loc["margin", "high_change"] == pytest.approx(0.1 * table.loc["margin", "now"], rel=1e-10)


def test_levers_that_are_not_there(cdnow_model, cdnow_summary):
    nbd = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    table = clv.economics.compute_tornado(clv.CLVModel(nbd, cdnow_model.spend), cdnow_summary)
    assert sorted(table["lever"]) == ["margin", "purchase_rate", "spend"]
    empty = clv.economics.compute_tornado(cdnow_model, cdnow_summary.iloc[:0])
    assert np.all(empty["swing"] == 0)


@pytest.mark.parametrize("change", [0, 1, -0.1, 10, math.nan, "much", None])
def test_refuses_changes(cdnow_model, cdnow_summary, change):
    with pytest.raises(clv.InvalidInput, match="change must be a share above 0 and below 1"):
        clv.economics.compute_tornado(cdnow_model, cdnow_summary, change)
