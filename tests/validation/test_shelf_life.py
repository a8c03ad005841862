"""A forecast's error by its age: parts add up to the holdout, and how long it kept follows from them by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

import clvmodels as clv
from clvmodels.errors import InvalidInput
from clvmodels.validation.shelf_life import compute_shelf_life, compute_time_kept

DATES = ["1997-09-30", "1997-12-31"]


@pytest.fixture(scope="module")
def found(cdnow):
    return clv.backtest(cdnow, cutoffs=DATES, horizon=13, models=["bg_nbd", "nbd"])


def with_parts(found, expected, actual):
    parts = pd.DataFrame(
        {"cutoff": pd.Timestamp("1997-09-30"), "model": "bg_nbd", "expected": expected, "actual": actual}
    )
    return replace(found, parts=parts.assign(begins=np.arange(len(parts)) * 1.0, ends=np.arange(1.0, len(parts) + 1)))


def test_parts_add_up_to_the_holdout(found):
    ratio = found.scores[found.scores["metric"] == "bias_ratio"].set_index(["cutoff", "model"])["value"]
    for (cutoff, model), part in found.parts.groupby(["cutoff", "model"]):
        origin = found.origins.set_index("cutoff").loc[cutoff]
        assert part["actual"].sum() == origin["purchases"]
        assert part["expected"].sum() == pytest.approx(ratio[cutoff, model] * origin["purchases"], rel=1e-9)
        assert part["ends"].tolist() == list(range(1, 14))
        assert part["begins"].tolist() == list(range(13))


def test_parts_are_those_of_the_log(found, cdnow):
    days = cdnow.assign(date=pd.to_datetime(cdnow["date"]))
    known = days[days["date"] <= DATES[1]]["customer_id"].unique()
    later = days[(days["date"] > DATES[1]) & days["customer_id"].isin(known)].drop_duplicates(["customer_id", "date"])
    week = (later["date"] - pd.Timestamp(DATES[1])).dt.days.sub(1) // 7
    part = found.parts[(found.parts["cutoff"] == DATES[1]) & (found.parts["model"] == "nbd")]
    assert part["actual"].tolist() == week.value_counts().sort_index().reindex(range(13)).tolist()


def test_a_short_horizon_has_a_part_a_day(cdnow):
    found = clv.backtest(cdnow, cutoffs=DATES, horizon=5, time_unit="day", models=["nbd"])
    assert found.parts["ends"].tolist() == [1, 2, 3, 4, 5] * 2


def test_errors_by_hand(found):
    tested = with_parts(found, [109.0, 91.0, 300.0], [100, 100, 200])
    table = compute_shelf_life(tested)
    assert table["total_error"].tolist() == pytest.approx([0.09, 0.0, 0.25])
    assert table["part_bias"].tolist() == pytest.approx([0.09, -0.09, 0.5])
    assert table["within"].tolist() == [1, 1, 0]
    # until 3: off by 100, and chance explains 2 √500 = 45, the tolerance 40
    assert compute_time_kept(tested)[["keeps_for", "whole_horizon"]].values.tolist() == [[2.0, False]]
    assert compute_time_kept(tested, tolerance=0.25)["whole_horizon"].tolist() == [True]


def test_chance_is_no_fault(found):
    tested = with_parts(found, [4.0, 4.0], [8, 1])  # 8 of 4 expected: 2 √4 = 4 off
    assert compute_time_kept(tested)["keeps_for"].tolist() == [2.0]
    assert compute_time_kept(with_parts(found, [4.0, 4.0], [9, 0]))["keeps_for"].tolist() == [0.0]


def test_nothing_bought_is_told_as_missing(found):
    table = compute_shelf_life(with_parts(found, [1.0, 1.0], [0, 0]))
    assert table["cutoffs"].tolist() == [0, 0]
    assert table[["total_error", "worst", "part_bias"]].isna().all(axis=None)


@pytest.mark.parametrize("tolerance", [0, -0.1, float("nan"), float("inf"), "0.1", True])
def test_refusals(found, tolerance):
    with pytest.raises(InvalidInput, match="tolerance"):
        compute_shelf_life(found, tolerance)
    with pytest.raises(InvalidInput, match="backtest"):
        compute_time_kept(found.parts)


def test_a_picture_says_that_kept_allows_for_chance(found):
    # off by 20 %, which chance explains of so few purchases: kept, though the mark is above the tolerance
    ax = clv.plots.plot_shelf_life(with_parts(found, [12.0, 12.0], [10, 10]))
    assert "kept for at least 2 weeks" in ax.get_legend().get_texts()[0].get_text()
    assert any("chance" in text.get_text() for text in ax.texts)
    plt.close(ax.figure)
