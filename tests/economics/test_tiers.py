"""Tiers partition customers, whatever their order and ties; their table adds up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import clvmodels as clv

value_tiers, tier_table = clv.economics.value_tiers, clv.economics.tier_table


def test_by_hand_thresholds():
    scored = pd.DataFrame({"clv": [9.99, 10.0, 99.99, 100.0, -3.0]})
    found = value_tiers(scored, thresholds=(10, 100), names=("bronze", "silver", "gold"))
    assert found.tolist() == ["bronze", "silver", "silver", "gold", "bronze"]
    assert value_tiers(scored, thresholds=(2.5, 1000, 1234567.25)).unique().tolist() == ["2.5 to 1,000", "below 2.5"]
    assert value_tiers(pd.DataFrame({"clv": [2e6]}), thresholds=[1234567.25]).tolist() == ["1,234,567.25 and more"]


def test_by_hand_quantiles():
    scored = pd.DataFrame({"clv": np.arange(20.0)})
    found = value_tiers(scored)
    assert found.value_counts().to_dict() == {"lowest 50 %": 10, "50 to 80 %": 6, "80 to 95 %": 3, "top 5 %": 1}
    assert found[19] == "top 5 %"
    assert found[10] == "50 to 80 %"
    assert value_tiers(scored, (0.999,)).tolist()[18:] == ["lowest 99.9 %", "top 0.1 %"]


def test_ties_go_up_together():
    scored = pd.DataFrame({"clv": [1.0] * 9 + [2.0]})
    assert value_tiers(scored, (0.5,)).tolist() == ["top 50 %"] * 10
    assert value_tiers(scored, (0.95,)).tolist() == ["lowest 95 %"] * 9 + ["top 5 %"]


def test_tiers_partition_customers(cdnow_scored):
    generator = np.random.default_rng(8)
    for _ in range(10):
        shares = np.sort(generator.uniform(0.01, 0.99, 4))
        table = tier_table(cdnow_scored, shares)
        assert table["customers"].sum() == len(cdnow_scored)
        assert table["value"].sum() == pytest.approx(cdnow_scored["clv"].sum(), rel=1e-12)
        assert table["share_of_customers"].sum() == pytest.approx(1, abs=1e-12)
        assert table["share_of_value"].sum() == pytest.approx(1, abs=1e-12)
        top = table["share_of_customers"].to_numpy()[0]
        distinct = tier_table(cdnow_scored.assign(clv=np.arange(2357.0)), shares)["share_of_customers"].to_numpy()[0]
        assert 1 - shares[-1] - 1 / 2357 <= distinct <= top  # more than that by ties alone
        assert distinct <= 1 - shares[-1] + 1 / 2357
        # in money, the same tiers
        again = tier_table(cdnow_scored, thresholds=table["value_from"].to_numpy()[:-1][::-1])
        assert again["customers"].tolist() == table["customers"].tolist()


def test_table_is_that_of_the_tiers(cdnow_scored):
    tiers, table = value_tiers(cdnow_scored), tier_table(cdnow_scored).set_index("tier")
    assert table.index.tolist() == ["top 5 %", "80 to 95 %", "50 to 80 %", "lowest 50 %"]
    for name, own in cdnow_scored.groupby(tiers):
        row = table.loc[name]
        assert row["customers"] == len(own)
        assert row["value"] == pytest.approx(own["clv"].sum(), rel=1e-12)
        assert row["value_per_customer"] == pytest.approx(own["clv"].mean(), rel=1e-12)
        assert row["mean_p_alive"] == pytest.approx(own["p_alive"].mean(), rel=1e-12)
        if name != "lowest 50 %":
            assert row["value_from"] == own["clv"].min()
    assert np.isnan(table.loc["lowest 50 %", "value_from"])
    assert "mean_p_alive" not in tier_table(cdnow_scored[["clv"]])
    assert tier_table(cdnow_scored.rename(columns={"clv": "worth"}), value="worth")["customers"].sum() == 2357


def test_order_of_rows_means_nothing(cdnow_scored):
    mixed = cdnow_scored.sample(frac=1.0, random_state=5)
    assert (value_tiers(mixed) == value_tiers(cdnow_scored).loc[mixed.index]).all()
    pd.testing.assert_frame_equal(tier_table(mixed), tier_table(cdnow_scored))


def test_empty_tiers_and_empty_tables():
    table = tier_table(pd.DataFrame({"clv": [1.0, 2.0]}), thresholds=(5, 10, 20))
    assert table["customers"].tolist() == [0, 0, 0, 2]
    assert table["value"].tolist() == [0, 0, 0, 3]
    assert table["value_per_customer"].isna().tolist() == [True, True, True, False]
    nobody = pd.DataFrame({"customer_id": [], "clv": []})
    assert value_tiers(nobody).tolist() == []
    assert tier_table(nobody)["customers"].tolist() == [0] * 4
    assert tier_table(nobody)["share_of_value"].isna().all()


def test_kinds_of_frames(cdnow_scored):
    expected = value_tiers(cdnow_scored)
    assert expected.name == "tier"
    assert value_tiers(pl.from_pandas(cdnow_scored)).to_list() == expected.tolist()
    assert value_tiers(pa.Table.from_pandas(cdnow_scored)).to_pylist() == expected.tolist()
    assert value_tiers(cdnow_scored.set_index("customer_id")).index[0] == "00004"
    pd.testing.assert_frame_equal(tier_table(pl.from_pandas(cdnow_scored)), tier_table(cdnow_scored))


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"quantiles": (0.5,), "thresholds": (10,)}, "leave one of them out"),
        ({"quantiles": (0.5, 0.5)}, "quantiles must rise from one to the next; found 0.5 before 0.5"),
        ({"quantiles": (0, 0.5)}, "quantiles must lie between 0 and 1, .*; found 0"),
        ({"quantiles": (50, 80)}, "quantiles must lie between 0 and 1, .*; found 50"),
        ({"quantiles": 0.5}, "quantiles must be a list of at least one of shares"),
        ({"quantiles": "half"}, "quantiles must be shares, for example"),
        ({"thresholds": ()}, "thresholds must be a list of at least one of amounts of money"),
        ({"thresholds": (100, 10)}, "thresholds must rise from one to the next; found 100 before 10"),
        ({"thresholds": (10, np.nan)}, "thresholds must be finite; found nan"),
        ({"names": ("low", "high")}, "3 bounds make 4 tiers; found 2 names"),
        ({"thresholds": (1,), "names": ("low", "low")}, "names must differ from each other; found 'low' twice"),
        ({"thresholds": (1,), "names": ("low", 2)}, "names must be texts; found 2"),
        ({"thresholds": (1,), "names": "ab"}, "2 tiers; found 1 names"),
        ({"value": "clv_52"}, "no column 'clv_52'"),
    ],
)
@pytest.mark.parametrize("function", [value_tiers, tier_table])
def test_refusals(function, terms, message, cdnow_scored):
    with pytest.raises(clv.InvalidInput, match=message):
        function(cdnow_scored, **terms)
    with pytest.raises(
        clv.InvalidInput, match="clv must be finite, since nothing has a share of what is infinite: 2357"
    ):
        function(cdnow_scored.assign(clv=np.inf))
