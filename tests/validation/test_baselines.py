"""Baselines: each is what it says, and none of them sees what comes after."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.transactions import split_at
from clvmodels.transactions.events import PurchaseEvents, purchase_events
from clvmodels.validation.baselines import BASELINES, known_at

CUT = "1997-09-30"


def known_of(log, cut, **reading):
    split = split_at(log, calibration_end=cut, **reading)
    return known_at(split.frame, purchase_events(log, split.frame, calibration_end=cut, **reading), split.facts), split


@pytest.fixture(scope="module")
def cdnow():
    return clv.load_cdnow(sample=True)


ROWS = [  # days before the cut, 2024-04-09: 99, 59, 9 (ann); 89, 19 (bob); 69 (eve); 4 (new)
    ("ann", "2024-01-01", 1.0),
    ("ann", "2024-02-10", 10.0),
    ("ann", "2024-03-31", 30.0),
    ("bob", "2024-01-11", 4.0),
    ("bob", "2024-03-21", 8.0),
    ("eve", "2024-01-31", 5.0),
    ("new", "2024-04-05", 6.0),
    ("eve", "2024-04-20", 5.0),
]


@pytest.fixture(scope="module")
def small():
    return known_of(
        pd.DataFrame(ROWS, columns=["customer_id", "date", "amount"]), "2024-04-09", holdout_end="2024-04-29",
        time_unit="day",
    )[0]  # fmt: skip


def test_what_is_known(small):
    assert small.T.tolist() == [99, 89, 69, 4]
    assert small.cohort.tolist() == [648, 648, 648, 651]
    assert small.repeats.tolist() == [0, 1, 1, 0, 1, 0, 0]
    assert small.time.tolist() == [-99, -59, -9, -89, -19, -69, -4]  # nothing of the holdout
    assert small.first_value == 4.0


def test_past_rate_by_hand(small):
    found = BASELINES["past_rate"].forecast(small, 20.0)
    assert found.expected == pytest.approx([2 / 99 * 20, 1 / 89 * 20, 0, 0], rel=1e-14)
    assert found.probability_of_purchase is None
    # ann's repeats cost 20 on average, bob's 8, all of them 16
    assert found.expected_spend_total == pytest.approx([20 * 2 / 99 * 20, 8 / 89 * 20, 0, 0], rel=1e-14)
    assert found.note == ""


def test_a_short_history_is_no_rate():
    """Two purchases on two days running, and then the cut: the usual gap is taken for the time watched."""
    rows = [("a", "2024-01-01"), ("a", "2024-01-11"), ("a", "2024-01-21"), ("b", "2024-01-30"), ("b", "2024-01-31"),
            ("c", "2024-01-31"), ("a", "2024-02-20")]  # fmt: skip
    log = pd.DataFrame(rows, columns=["customer_id", "date"])
    known, _ = known_of(log, "2024-01-31", time_unit="day", amount=None)
    found = BASELINES["past_rate"].forecast(known, 20.0)
    assert found.expected == pytest.approx([2 / 30 * 20, 1 / 10 * 20, 0])
    assert found.note.startswith("1 of 3 customers were watched for less than the usual time between two purchases, 10")
    assert found.expected_spend_total is None


@pytest.mark.parametrize("time_unit", ["day", "week", "month", "year"])
def test_last_window_is_the_same_in_every_unit(cdnow, time_unit):
    # 272 days of calibration and their first day, 273 of holdout: in months one sum is rounded below the other
    known, split = known_of(cdnow, CUT, time_unit=time_unit)
    found = BASELINES["last_window"].forecast(known, float(split.frame["duration_holdout"].iloc[0]))
    assert found.expected.sum() == 2457
    assert not found.note


def test_last_window_by_hand(small):
    forecast = BASELINES["last_window"].forecast
    assert forecast(small, 20.0).expected.tolist() == [1, 1, 0, 0]
    assert forecast(small, 19.0).expected.tolist() == [1, 0, 0, 0]  # (-19, 0]: bob bought 19 days before the cut
    assert forecast(small, 60.0).expected.tolist() == [2, 1, 0, 0]
    assert forecast(small, 100.0).expected.tolist() == [2, 1, 0, 0]  # with its first and last day it is 100 days long
    longer = forecast(small, 198.0)
    assert longer.expected.tolist() == [4, 2, 0, 0]
    assert longer.note == (
        "Calibration is 99 days long and the holdout 198: purchases in all of calibration were multiplied by 2."
    )


def test_hiatus_by_hand(small):
    """20 days before the cut ann had been silent for 39 days, bob for 69, eve for 49; ann and bob then bought."""
    found = BASELINES["hiatus"].forecast(small, 20.0)
    # c = 39 and c = 69 tell two of three right, and one of them eve; the smaller stays
    assert found.note.startswith(
        "Active is who bought in the last 39 days: that told best, 66.7% of 3 customers right, who bought in the last "
        "20 days of calibration. Of the active 100.0% did, of the others 50.0%."
    )
    assert found.expected == pytest.approx([2 / 99 * 20, 1 / 89 * 20, 0, 0], rel=1e-14)
    assert found.probability_of_purchase.tolist() == [1.0, 1.0, 0.5, 1.0]


def test_the_limit_is_the_best_one(cdnow):
    """c against every other limit, one by one."""
    known, split = known_of(cdnow, CUT)
    note = BASELINES["hiatus"].forecast(known, 13.0).note
    summary = clv.rfm_summary(cdnow, observation_end="1997-07-01")  # 13 weeks before
    inner = clv.calibration_holdout(cdnow, calibration_end="1997-07-01", holdout_end=CUT)
    silent, bought = (summary["T"] - summary["recency"]).to_numpy(), inner["purchases_holdout"].to_numpy() > 0
    right = {c: np.mean((silent <= c + 1e-9) == bought) for c in np.unique(silent)}
    best = max(right, key=lambda c: (round(right[c], 12), -c))
    assert f"in the last {best:.3g} weeks: that told best, {right[best]:.1%} of {len(summary):,} customers" in note
    assert len(split.frame) >= len(summary)


def test_cohort_mean_by_hand(small):
    """January bought 2 times in the last 20 days, 3 customers watched for all of it; April nothing in 4 days."""
    found = BASELINES["cohort_mean"].forecast(small, 20.0)
    assert found.expected == pytest.approx([2 / 3, 2 / 3, 2 / 3, 0], rel=1e-14)
    assert found.expected_spend_total == pytest.approx([20 * 2 / 3, 8 * 2 / 3, 16 * 2 / 3, 0], rel=1e-14)


def test_cohorts_are_those_of_the_calendar(cdnow):
    for reading in ({}, {"time_unit": "month"}, {"event_grain": "line", "time_unit": "hour"}, {"event_grain": "week"}):
        known, split = known_of(cdnow, "1997-09-28", **reading)
        first = pd.to_datetime(cdnow.groupby("customer_id")["date"].min().loc[split.frame["customer_id"]])
        if reading.get("event_grain") == "week":  # dated at its Monday
            first = first - pd.to_timedelta(first.dt.day_of_week, unit="D")
        assert known.cohort.tolist() == ((first.dt.year - 1970) * 12 + first.dt.month - 1).tolist()


# --- what they may not know ----------------------------------------------------------------------------------------


def test_the_future_changes_nothing(cdnow):
    """The same calibration with another holdout planted after it gives the same forecasts, to the bit."""
    generator = np.random.default_rng(8)
    before = cdnow[cdnow["date"] <= CUT]
    who = generator.choice(before["customer_id"].unique(), 4_000)
    days = pd.to_timedelta(generator.integers(1, 270, 4_000), unit="D")
    planted = pd.DataFrame({"customer_id": who, "date": pd.Timestamp(CUT) + days, "quantity": 1, "amount": 1e6})
    planted["date"] = planted["date"].astype(before["date"].dtype)
    other = pd.concat([before, planted], ignore_index=True)
    (one, split), (two, other_split) = known_of(cdnow, CUT), known_of(other, CUT)
    assert split.frame["purchases_holdout"].sum() != other_split.frame["purchases_holdout"].sum()
    for name, baseline in BASELINES.items():
        for found, expected in zip(baseline.forecast(one, 26.0), baseline.forecast(two, 26.0), strict=True):
            np.testing.assert_array_equal(found, expected, err_msg=name)


def test_they_run_on_little():
    """One customer on the last day; lines of one instant; nobody at all."""
    log = pd.DataFrame(
        {"customer_id": 1, "date": ["2024-01-31", "2024-01-31", "2024-02-05"], "amount": [1.0, 3.0, 2.0]}
    )
    facts = {"time_unit": "day", "event_grain": "day", "observation_end": "2024-01-31"}
    frame = split_at(log, calibration_end="2024-01-31", time_unit="day").frame
    none = known_at(
        frame.iloc[:0], PurchaseEvents(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int32), np.zeros(0)), facts
    )
    one = known_of(log, "2024-01-31", time_unit="day")[0]
    lines = known_of(log, "2024-01-31T00:00", time_unit="day", event_grain="line")[0]
    assert (lines.T.tolist(), lines.frequency.tolist()) == ([0.0], [1.0])
    for baseline in BASELINES.values():
        for known in (one, lines, none):
            found = baseline.forecast(known, 5.0)
            assert found.expected.tolist() == [0.0] * len(known.T)
            assert np.all(np.isfinite(found.expected_spend_total))


def test_what_is_said():
    for name, baseline in BASELINES.items():
        assert name == baseline.name
        assert baseline.assumes.endswith(".")
