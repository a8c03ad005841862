"""Scores split no ties, forget no one and know no order of rows; the named segments follow from them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import clvmodels as clv

rfm_scores, rfm_segments, rfm_bounds = clv.economics.rfm_scores, clv.economics.rfm_segments, clv.economics.rfm_bounds


def summary_of(since, frequency, money=None):
    frequency = np.asarray(frequency)
    recency = np.where(frequency > 0, 10.0, 0.0)
    frame = pd.DataFrame({"customer_id": np.arange(len(frequency)), "frequency": frequency, "recency": recency})
    frame["T"] = recency + np.asarray(since, dtype=float)
    return frame if money is None else frame.assign(monetary_value=money)


def test_by_hand():
    """Ten customers, fifths of two each; the last purchase lately is the best."""
    since = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    frequency = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    money = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0.5]
    scores = rfm_scores(summary_of(since, frequency, money))
    assert list(scores.columns) == ["customer_id", "since_last_purchase", "r", "f", "m", "rfm"]
    assert scores["since_last_purchase"].tolist() == since
    assert scores["r"].tolist() == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert scores["f"].tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert scores["m"].tolist() == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert scores["rfm"].tolist() == ["515", "515", "424", "424", "333", "333", "242", "242", "151", "151"]
    assert scores["f"].dtype == np.int64


def test_a_large_tie_takes_its_own_score_and_leaves_the_others_to_the_rest():
    """Six of ten bought once; the four others are told apart by the four scores above."""
    found = rfm_scores(summary_of(range(10), [0, 0, 0, 0, 0, 0, 1, 2, 3, 4]))
    assert found["f"].tolist() == [1] * 6 + [2, 3, 4, 5]
    assert "m" not in found
    assert found["rfm"].str.len().tolist() == [2] * 10
    # a tie at the top has the top score, and those below it keep theirs
    assert rfm_scores(summary_of(range(10), [0, 1, 2, 3, 4, 5, 5, 5, 5, 5]))["f"].tolist() == [1, 1, 2, 3, 4] + [5] * 5


def scores_one_by_one(values, top):
    """The definition, in lists: a score fills up to its share, takes all ties, and leaves a value for each above."""
    left, result = sorted(values), {}
    for score in range(1, top + 1):
        share, taken = math.ceil(len(left) / (top - score + 1)), 0
        while left and (taken == 0 or (taken < share and len(set(left)) > top - score)):
            value = left[0]
            taken += left.count(value)
            left = [v for v in left if v != value]
            result[value] = score
    return [result[value] for value in values]


@pytest.mark.filterwarnings("ignore:.*distinct values:clvmodels.ClvWarning")
def test_as_one_by_one():
    generator = np.random.default_rng(1)
    for top in (2, 3, 5, 7):
        for size in (1, 2, 7, 50, 150):
            x = generator.negative_binomial(0.5, 0.1, size)
            x = np.minimum(x, generator.integers(1, 30))  # large ties at either end
            since = generator.integers(0, 40, size) / 7
            scores = rfm_scores(summary_of(since, x), top)
            assert scores["f"].tolist() == scores_one_by_one(x.tolist(), top)
            assert scores["r"].tolist() == scores_one_by_one((-since).tolist(), top)
            assert scores["f"].max() == min(top, len(set(x)))


def test_cdnow(cdnow_summary):
    scores = rfm_scores(cdnow_summary)
    assert (scores["f"] == 1).sum() == 1411  # bought once: 1,411 of 2,357
    assert ((scores["f"] == 1) == (cdnow_summary["frequency"] == 0)).all()
    assert ((scores["m"] == 1) == cdnow_summary["monetary_value"].isna()).all()
    since = cdnow_summary["T"] - cdnow_summary["recency"]
    assert np.allclose(scores["since_last_purchase"], since, atol=1e-9)
    sizes = scores["r"].value_counts()
    assert sizes.between(0.15 * 2357, 0.25 * 2357).all()
    for name, best_first in (("r", -since.round(6)), ("f", cdnow_summary["frequency"])):
        ends = best_first.groupby(scores[name]).agg(["min", "max"])
        assert (ends["min"].to_numpy()[1:] > ends["max"].to_numpy()[:-1]).all(), name
    counts = rfm_segments(cdnow_summary).value_counts()
    assert counts.sum() == 2357
    assert counts["Champions"] == ((scores["r"] == 5) & (scores["f"] >= 4)).sum() == 220


def test_order_of_rows_means_nothing(cdnow_summary):
    scores = rfm_scores(cdnow_summary).set_index("customer_id")
    mixed = cdnow_summary.sample(frac=1.0, random_state=3)
    again = rfm_scores(mixed)
    assert (again.index == mixed.index).all()
    pd.testing.assert_frame_equal(again.set_index("customer_id"), scores.loc[again["customer_id"]])
    assert (rfm_segments(mixed).loc[cdnow_summary.index] == rfm_segments(cdnow_summary)).all()


def test_ties_are_not_split_by_rounding():
    """The same last day, though T − recency differs in its last digit."""
    first = np.arange(0, 200)
    T, recency = (273 - first) / 7, (214 - first) / 7
    since = T - recency
    assert len(set(since)) > 1
    frame = pd.DataFrame({"frequency": 1 + np.arange(200) % 5, "recency": recency, "T": T})
    with pytest.warns(clv.ClvWarning, match="since_last_purchase has 1 distinct values among 200 customers"):
        scores = rfm_scores(frame)
    assert set(scores["r"]) == {1}


def test_who_has_not_bought_again_counts_below_every_amount():
    summary = summary_of(range(10), [0] + [1] * 4 + [2] * 5, [None, 0, *range(1, 9)])
    with pytest.warns(clv.ClvWarning, match="frequency has 3 distinct values among 10 customers, too few for 5 scores"):
        scores = rfm_scores(summary)
    assert scores["m"].tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    # a stray amount of somebody who never came back is not read
    odd = summary.assign(monetary_value=[99.0, 0, *range(1, 9)])
    with pytest.warns(clv.ClvWarning, match="frequency"):
        assert rfm_scores(odd)["m"].tolist() == scores["m"].tolist()


def test_more_than_nine_scores_are_told_apart():
    found = rfm_scores(summary_of(range(24), range(24), range(24)), 12)
    assert found["rfm"].iloc[[0, -1]].tolist() == ["12-1-1", "1-12-12"]


def test_kinds_of_frames(cdnow_summary):
    plain = cdnow_summary[["customer_id", "frequency", "recency", "T", "monetary_value"]]
    expected, named = rfm_scores(plain), rfm_segments(plain)
    for other in (pl.from_pandas(plain), pa.Table.from_pandas(plain)):
        scores, segments = rfm_scores(other), rfm_segments(other)
        assert type(scores) is type(other)
        assert scores["rfm"].to_pylist() if isinstance(scores, pa.Table) else scores["rfm"].to_list()
        back = scores.to_pandas()
        pd.testing.assert_frame_equal(back, expected, check_dtype=False)
        assert list(segments.to_pylist() if isinstance(other, pa.Table) else segments) == named.tolist()
    indexed = plain.set_index("customer_id")
    assert rfm_segments(indexed).index.equals(indexed.index)
    assert rfm_segments(indexed).name == "segment"


def test_little_data(cdnow_summary):
    nobody = rfm_scores(cdnow_summary.head(0))
    assert list(nobody.columns) == ["customer_id", "since_last_purchase", "r", "f", "m", "rfm"]
    assert len(nobody) == len(rfm_segments(cdnow_summary.head(0))) == 0
    with pytest.warns(clv.ClvWarning, match="Ask for fewer groups"):
        assert rfm_scores(cdnow_summary.head(1))["rfm"].tolist() == ["111"]
    # by the bounds of all, one customer has the score that he had among all
    assert rfm_scores(cdnow_summary.head(1), rfm_bounds(cdnow_summary))["rfm"].tolist() == ["533"]


def test_bounds_give_the_same_scores_again(cdnow_summary, tmp_path):
    bounds = rfm_bounds(cdnow_summary)
    assert bounds.groupby("quantity")["customers"].sum().tolist() == [2357] * 3
    pd.testing.assert_frame_equal(rfm_scores(cdnow_summary, bounds), rfm_scores(cdnow_summary))
    bounds.sample(frac=1.0, random_state=1).to_csv(tmp_path / "bounds.csv", index=False)
    pd.testing.assert_frame_equal(rfm_scores(cdnow_summary, tmp_path / "bounds.csv"), rfm_scores(cdnow_summary))


def test_bounds_by_hand():
    summary = summary_of([0, 2, 4, 6], [0, 1, 2, 3], [None, 5, 6, 7])
    bounds = rfm_bounds(summary, 2).set_index(["quantity", "score"])
    assert bounds.loc[("since_last_purchase", 2), ["lowest", "highest"]].tolist() == [0, 2]
    assert bounds.loc[("frequency", 1), ["lowest", "highest"]].tolist() == [0, 1]
    assert np.isnan(bounds.loc[("monetary_value", 1), "lowest"])
    assert bounds.loc[("monetary_value", 1), "highest"] == 5
    others = summary_of([2, 2.5, 4, 99], [1, 2, 9, 0], [5.9, 6, 100, None])
    scores = rfm_scores(others, bounds.reset_index())
    assert scores["r"].tolist() == [2, 1, 1, 1]
    assert scores["f"].tolist() == [1, 2, 2, 1]
    assert scores["m"].tolist() == [1, 2, 2, 1]


def test_segments_of_scores_and_of_other_rules(cdnow_summary):
    scores = rfm_scores(cdnow_summary)
    assert (rfm_segments(scores) == rfm_segments(cdnow_summary)).all()
    thirds = pd.DataFrame({"segment": ["dear", "cheap"], "m_low": [3, 1], "m_high": [3, 2]})
    found = rfm_segments(cdnow_summary, thirds)
    assert ((found == "dear") == (rfm_scores(cdnow_summary, 3)["m"] == 3)).all()


def test_refusals(cdnow_summary):
    for groups in (1, 101, 2.5, True, "5 groups.csv"):
        with pytest.raises(clv.InvalidInput, match=r"from 2 to 100, 5 by default|no file"):
            rfm_scores(cdnow_summary, groups)
    with pytest.raises(clv.InvalidInput, match="no column 'T'"):
        rfm_scores(cdnow_summary.drop(columns="T"))
    with pytest.raises(clv.InvalidInput, match="recency must not exceed T: 1 of 2357"):
        rfm_scores(cdnow_summary.assign(recency=cdnow_summary["recency"].where(cdnow_summary.index != 0, 99.0)))
    with pytest.raises(clv.NotEnoughData, match="found none"):
        rfm_bounds(cdnow_summary.head(0))
    with pytest.raises(
        clv.InvalidInput, match=r"expected a summary .* or scores with the columns r, f; the columns found"
    ):
        rfm_segments(pd.DataFrame({"r": [1]}))
    by_money = pd.DataFrame({"segment": ["all"], "m_low": [1], "m_high": [5]})
    with pytest.raises(clv.InvalidInput, match="the rules speak of m, and the summary has no monetary_value"):
        rfm_segments(cdnow_summary.drop(columns="monetary_value"), by_money)
    for wrong in (6, 0, 2.5, None):
        with pytest.raises(
            clv.InvalidInput, match=r"r must be a whole score from 1 to 5, as the rules have them: 1 of 2"
        ):
            rfm_segments(pd.DataFrame({"r": [1, wrong], "f": [1, 1]}))


def test_refuses_bounds(cdnow_summary):
    bounds = rfm_bounds(cdnow_summary)
    with pytest.raises(clv.InvalidInput, match=r"as many scores for each quantity; found \[4, 5\]"):
        rfm_scores(cdnow_summary, bounds.query("quantity != 'frequency' or score < 5"))
    with pytest.raises(
        clv.InvalidInput, match=r"one row for each score of frequency, from 1 on; found the scores 1, 3, 4, 5\."
    ):
        rfm_scores(cdnow_summary, bounds.query("quantity != 'frequency' or score != 2"))
    with pytest.raises(clv.InvalidInput, match=r"one row for each score of monetary_value.*found the scores none"):
        rfm_scores(cdnow_summary, bounds.query("quantity != 'monetary_value'"))
    with pytest.raises(clv.InvalidInput, match="the bounds of frequency must go in the order of its scores; score 5"):
        rfm_scores(cdnow_summary, bounds.assign(lowest=bounds["lowest"].where(bounds["lowest"] != 5, 0.0)))
    with pytest.raises(clv.InvalidInput, match="no column 'quantity'"):
        rfm_scores(cdnow_summary, bounds.drop(columns="quantity"))
