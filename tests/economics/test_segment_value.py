"""What segments are worth adds up, and nobody is forgotten."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

import clvmodels as clv

compute_segment_value = clv.economics.compute_segment_value


def test_by_hand():
    scored = pd.DataFrame(
        {
            "customer_id": [1, 2, 3, 4],
            "p_alive": [1, 0.5, 0.25, 0.0],
            "clv": [30.0, 10.0, 60.0, 0.0],
            "shop": list("abba"),
        }
    )
    table = compute_segment_value(scored, "shop")
    assert table["segment"].tolist() == ["b", "a"]
    assert table["customers"].tolist() == [2, 2]
    assert table["value"].tolist() == [70, 30]
    assert table["share_of_value"].tolist() == [0.7, 0.3]
    assert table["value_per_customer"].tolist() == [35, 15]
    assert table["mean_p_alive"].tolist() == [0.375, 0.5]
    pd.testing.assert_frame_equal(compute_segment_value(scored, {4: "a", 3: "b", 2: "b", 1: "a"}), table)
    pd.testing.assert_frame_equal(compute_segment_value(pl.from_pandas(scored), "shop"), table)


def test_adds_up(cdnow_scored, cdnow_summary):
    for by in (
        None, clv.economics.rfm_segments(cdnow_summary), clv.economics.value_tiers(cdnow_scored),
        clv.economics.rfm_scores(cdnow_summary)["rfm"],
    ):  # fmt: skip
        table = compute_segment_value(cdnow_scored, by)
        assert table["customers"].sum() == 2357
        assert table["value"].sum() == pytest.approx(cdnow_scored["clv"].sum(), rel=1e-12)
        assert table["share_of_value"].sum() == pytest.approx(1, rel=1e-12)
        assert (table["mean_p_alive"] * table["customers"]).sum() == pytest.approx(cdnow_scored["p_alive"].sum())
        assert table["value"].is_monotonic_decreasing
    default = compute_segment_value(cdnow_scored)
    pd.testing.assert_frame_equal(
        default, compute_segment_value(cdnow_scored, clv.economics.value_segments(cdnow_scored))
    )


def test_who_has_no_segment_is_told(cdnow_scored):
    some = clv.economics.value_segments(cdnow_scored).where(cdnow_scored.index > 9)
    with pytest.warns(clv.ClvWarning, match="10 of 2,357 customers have no group, first customer_id='00004'"):
        table = compute_segment_value(cdnow_scored, some)
    assert table.set_index("segment").loc["(no group)", "customers"] == 10
    assert table["customers"].sum() == 2357


def test_nothing_to_share():
    zero = compute_segment_value(pd.DataFrame({"clv": [0.0, 0.0]}), ["a", "b"])
    assert zero["share_of_value"].isna().all()
    assert "mean_p_alive" not in zero
    nobody = compute_segment_value(pd.DataFrame({"p_alive": [], "clv": []}))
    assert len(nobody) == 0
    assert nobody.columns[0] == "segment"


def test_refusals(cdnow_scored):
    with pytest.raises(clv.InvalidInput, match="clv must be finite"):
        compute_segment_value(cdnow_scored.assign(clv=np.inf))
    with pytest.raises(clv.InvalidInput, match="by must have one value per row: expected 2357, found 3"):
        compute_segment_value(cdnow_scored, ["a", "b", "c"])
    with pytest.raises(clv.InvalidInput, match="no column 'shop'"):
        compute_segment_value(cdnow_scored, "shop")
