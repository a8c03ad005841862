"""Migration between segments: counted by hand, nobody lost, and tables that do not belong together."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose

import clvmodels as clv
from clvmodels.economics import Migration, migration
from clvmodels.economics.segment_migration import LEFT, NOT_YET, UNLABELLED


@pytest.fixture
def before():
    return pd.DataFrame(
        {
            "customer_id": [1, 2, 3, 4, 5],
            "tier": ["high", "high", "low", "low", None],
            "clv": [40.0, 30.0, 10.0, 5.0, 1.0],
        }
    )


@pytest.fixture
def after():
    return pd.DataFrame(
        {
            "customer_id": [6, 3, 2, 1, 7, 5],
            "tier": ["high", "high", "low", "high", "low", "low"],
            "clv": [35.0, 45.0, 12.0, 50.0, 3.0, 2.0],
        }
    )


def test_by_hand(before, after):
    found = migration(before, after, "tier", value="clv")
    assert found.counts.loc["high"].to_dict() == {"high": 1, "low": 1, UNLABELLED: 0, LEFT: 0}
    assert found.counts.loc["low"].to_dict() == {"high": 1, "low": 0, UNLABELLED: 0, LEFT: 1}
    assert found.counts.loc[UNLABELLED].to_dict() == {"high": 0, "low": 1, UNLABELLED: 0, LEFT: 0}
    assert found.counts.loc[NOT_YET].to_dict() == {"high": 1, "low": 1, UNLABELLED: 0, LEFT: 0}
    assert found.shares.loc["high"].tolist() == [0.5, 0.5, 0, 0]
    assert found.value_change.loc["high"].tolist() == [10, -18, 0, 0]
    assert found.value_change.loc["low"].tolist() == [35, 0, 0, -5]
    assert found.value_change.loc[NOT_YET].tolist() == [35, 3, 0, 0]
    assert found.in_short == (
        "Of 5 customers 1 stayed in their segment, 3 moved to another and 1 left the table; 2 came new.\n"
        "Their value went from 86 to 147."
    )
    assert repr(found) == "Migration of 5 customers before, 6 after"


@pytest.mark.parametrize("seed", range(5))
def test_nobody_and_nothing_is_lost(seed):
    generator = np.random.default_rng(seed)

    def table(n):
        ids = generator.permutation(3000)[:n]
        tier = generator.choice(np.array(["a", "b", "c", None], dtype=object), n)
        return pd.DataFrame({"customer_id": ids, "tier": tier, "clv": generator.gamma(1, 30, n)})

    before, after = table(1500), table(2200)
    found = migration(before, after, "tier", value="clv")
    filled = [each.assign(tier=each["tier"].fillna(UNLABELLED)) for each in (before, after)]
    rows, columns = found.counts.sum(axis=1), found.counts.sum(axis=0)
    assert rows.drop(NOT_YET).to_dict() == filled[0]["tier"].value_counts().to_dict()
    assert columns.drop(LEFT).to_dict() == filled[1]["tier"].value_counts().to_dict()
    assert_allclose(found.shares.sum(axis=1), 1)
    assert found.counts.loc[NOT_YET, LEFT] == 0
    by_hand = filled[0].merge(filled[1], on="customer_id", how="outer")
    by_hand["tier_x"] = by_hand["tier_x"].fillna(NOT_YET)
    by_hand["tier_y"] = by_hand["tier_y"].fillna(LEFT)
    wanted = by_hand.groupby(["tier_x", "tier_y"])[["clv_x", "clv_y"]].sum()
    own = found.table.set_index(["from", "to"])
    assert_allclose(own.loc[wanted.index, "value_before"], wanted["clv_x"])
    assert_allclose(own.loc[wanted.index, "value_after"], wanted["clv_y"])
    change = after["clv"].sum() - before["clv"].sum()
    assert_allclose(own["value_change"].sum(), change, rtol=1e-10)
    assert_allclose(found.value_change.to_numpy().sum(), change, rtol=1e-10)


def test_there_and_back_is_the_transpose(before, after):
    there, back = migration(before, after, "tier").counts, migration(after, before, "tier").counts
    assert there.to_numpy().T.tolist() == back.to_numpy().tolist()


def test_the_same_table_twice_stays(before):
    found = migration(before, before, "tier", value="clv")
    assert np.trace(found.counts.loc[["high", "low", UNLABELLED], ["high", "low", UNLABELLED]]) == 5
    assert (found.table["value_change"] == 0).all()
    assert found.shares.loc[NOT_YET].isna().all()


def test_order(before, after):
    assert list(migration(before, after, "tier").counts.index) == ["high", "low", UNLABELLED, NOT_YET]
    assert list(migration(before, after, "tier", order=["low", "mid"]).counts.columns) == [
        "low", "mid", "high", UNLABELLED, LEFT,
    ]  # fmt: skip
    kinds = pd.CategoricalDtype(["low", "mid", "high"])
    ordered = migration(before.astype({"tier": kinds}), after.astype({"tier": kinds}), "tier")
    assert list(ordered.counts.index) == ["low", "mid", "high", UNLABELLED, NOT_YET]
    assert ordered.counts.loc["high", "low"] == 1
    assert ordered.counts.loc["mid"].sum() == 0
    numbered = migration(before.assign(tier=[10, 2, 2, 9, 10]), after.assign(tier=2), "tier")
    assert list(numbered.counts.index) == [2, 9, 10, NOT_YET]


def test_kinds_of_frames(before, after):
    wanted = migration(before, after, "tier", value="clv").table
    mixed = migration(pl.from_pandas(before), after.set_index("customer_id"), "tier", value="clv")
    pd.testing.assert_frame_equal(mixed.table, wanted)
    text = [each.assign(customer_id=each["customer_id"].astype(str)) for each in (before, after)]
    pd.testing.assert_frame_equal(migration(*text, "tier", value="clv").table, wanted)
    unlike = migration(before, after.astype({"customer_id": "Int64"}), "tier", value="clv")
    pd.testing.assert_frame_equal(unlike.table, wanted)


def test_empty_tables(before):
    empty = before.iloc[:0]
    found = migration(empty, before, "tier", value="clv")
    assert found.counts.loc[NOT_YET].sum() == 5
    assert migration(before, empty, "tier").counts[LEFT].sum() == 5
    nobody = migration(empty, empty, "tier")
    assert nobody.counts.shape == (1, 1)
    assert nobody.counts.loc[NOT_YET, LEFT] == 0
    assert "Of 0 customers" in str(nobody)


def test_looks(before, after):
    found = migration(before.replace("high", "<b>"), after.replace("high", "<b>"), "tier")
    page = found._repr_html_()
    assert "&lt;b&gt;" in page
    assert "<b><" not in page.replace("<b>Migration", "")
    assert "1 (50 %)" in page
    assert isinstance(found, Migration)
    with pytest.raises(clv.NotAvailable, match="no value was named"):
        found.value_change  # noqa: B018


def with_facts(frame, **facts):
    frame = frame.copy()
    frame.attrs = {"clvmodels": json.dumps(facts)}
    return frame


def test_tables_the_wrong_way_round(before, after):
    old, new = with_facts(before, observation_end="1997-09-30"), with_facts(after, observation_end="1998-06-30")
    assert migration(old, new, "tier").counts.to_numpy().sum() == 7
    with pytest.raises(clv.InvalidInput, match="must not be older than the one before"):
        migration(new, old, "tier")


def test_values_on_other_terms_are_told(before, after):
    year, month = with_facts(before, horizon="52.0", margin="0.3"), with_facts(after, horizon="4.0", margin="0.3")
    with pytest.warns(clv.ClvWarning, match=r"different terms \(horizon 52.0 before, 4.0 after\)"):
        migration(year, month, "tier", value="clv")
    migration(year, month, "tier")  # no value, nothing to compare


def test_terms_written_otherwise_are_the_same(before, after):
    same = with_facts(before, horizon="52"), with_facts(after, horizon="52.0")
    migration(*same, "tier", value="clv")  # a warning would be an error


def test_dates_and_timestamps_of_a_zone_compare(before, after):
    early, late = (
        with_facts(table, observation_end=end)
        for table, end in ((before, "2024-01-31"), (after, "2024-03-31T12:00:00+01:00"))
    )
    migration(early, late, "tier")
    with pytest.raises(clv.InvalidInput, match="must not be older than the one before"):
        migration(late, early, "tier")


def test_numbers_written_as_text_are_the_same_customers(before, after):
    found = migration(before.assign(customer_id=before["customer_id"].astype(str)), after, "tier")
    pd.testing.assert_frame_equal(found.table, migration(before, after, "tier").table)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one.drop(columns="customer_id"), "before must have a column customer_id"),
        (lambda one: pd.concat([one, one.iloc[:2]]), "2 of 7 rows repeat one, first row 5 .customer_id=1"),
        (lambda one: one.assign(customer_id=[1, 2, None, 4, 5]), "1 of 5 rows have no customer_id, first row 2"),
        (lambda one: one.assign(customer_id=list("abcde")), "customer_id must be of one type in both"),
        (lambda one: one.rename(columns={"tier": "level"}), "no column 'tier'"),
        (lambda one: one.assign(clv=[1.0, np.nan, 1, 1, np.inf]), "2 of 5 customers violate it, first customer_id=2"),
        (lambda one: one.assign(tier=LEFT), "no segment may be called 'left the table'"),
        (lambda one: one.assign(tier=UNLABELLED), "no segment may be called 'no segment'"),
    ],
)
def test_refusals(before, after, change, message):
    with pytest.raises(clv.InvalidInput, match=message):
        migration(change(before), after, "tier", value="clv")


def test_two_tables_without_a_customer_in_common_are_refused():
    before = pd.DataFrame({"customer_id": ["004", "005"], "segment": ["a", "b"]})
    after = before.assign(customer_id=["4", "5"])
    with pytest.raises(clv.InvalidInput, match=r"none of the 2 customers of before.*customer_id='004'"):
        clv.economics.migration(before, after)
    assert clv.economics.migration(before, after.iloc[:0]).table["customers"].sum() == 2
