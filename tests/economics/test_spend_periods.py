"""Spend by calendar period: against a sum day by day, labels of cohorts, overlaps, refusals."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.economics import cohorts_of, spend_by_period


def day_by_day(paid, code, by=None):
    """The slow way: a row a day."""
    rows = []
    for line in paid.itertuples():
        days = pd.date_range(line.start, line.end)
        rows += [(getattr(line, by) if by else "", str(day.to_period(code)), line.spend / len(days)) for day in days]
    return pd.DataFrame(rows, columns=["by", "cohort", "spend"]).groupby(["by", "cohort"])["spend"].sum()


@pytest.fixture(scope="module")
def paid():
    rng = np.random.default_rng(2)
    start = pd.Timestamp("2023-11-20") + pd.to_timedelta(np.arange(12) * 90, "D")
    end = start + pd.to_timedelta(rng.integers(0, 89, 12), "D")
    channel = rng.choice(["ads", "fair"], 12)
    return pd.DataFrame({"start": start, "end": end, "spend": rng.uniform(0, 100, 12), "channel": channel})


@pytest.mark.parametrize(("period", "code"), [("month", "M"), ("quarter", "Q"), ("year", "Y")])
def test_against_a_sum_day_by_day(paid, period, code):
    found = spend_by_period(paid, period)
    slow = day_by_day(paid, code)
    assert found["cohort"].str.replace("-Q", "Q").tolist() == slow.index.get_level_values("cohort").tolist()
    np.testing.assert_allclose(found["spend"], slow.to_numpy(), rtol=1e-12)
    assert found["spend"].sum() == pytest.approx(paid["spend"].sum())
    by_channel = spend_by_period(paid, period, by="channel")
    np.testing.assert_allclose(by_channel["spend"], day_by_day(paid, code, "channel").to_numpy(), rtol=1e-12)
    assert by_channel.columns.tolist() == ["channel", "cohort", "spend"]


@pytest.mark.parametrize("period", ["month", "quarter", "year"])
def test_periods_are_called_as_cohorts_are(period):
    days = ["1969-12-31", "2024-02-29", "2024-10-01"]
    paid = pd.DataFrame({"start": days, "end": days, "spend": 1.0})
    summary = pd.DataFrame({"T": [(pd.Timestamp("2025-01-01") - pd.Timestamp(day)).days for day in days]})
    cohorts = cohorts_of(summary.astype(float), period, observation_end="2025-01-01", time_unit="day")
    assert spend_by_period(paid, period)["cohort"].tolist() == sorted(set(cohorts))


def test_shared_days_are_told_and_added():
    paid = pd.DataFrame({"start": ["2024-01-01", "2024-01-20"], "end": ["2024-01-31", "2024-01-25"]})
    paid = paid.assign(spend=[31.0, 6.0], channel=["ads", "fair"])
    with pytest.warns(clv.ClvWarning, match=r"1 of 2 rows of spend share days with another, first row 1 \(2024-01-20"):
        found = spend_by_period(paid)
    assert found["spend"].tolist() == [37.0]
    assert spend_by_period(paid, by="channel")["spend"].tolist() == [31.0, 6.0]  # two channels share days as they like
    # a short one in between does not hide a long one from a third
    days = {"start": ["2024-01-01", "2024-01-02", "2024-03-01"], "end": ["2024-06-30", "2024-01-03", "2024-03-02"]}
    with pytest.warns(clv.ClvWarning, match="2 of 3 rows of spend share days with another of the same channel"):
        spend_by_period(pd.DataFrame({**days, "spend": 1.0, "channel": "ads"}), by="channel")


def test_days_of_any_kind():
    """Text, dates, and timestamps with a zone, which count by their own date."""
    start, end = (pd.Timestamp(day, tz="America/New_York") for day in ("2024-01-31 23:00", "2024-02-01 01:00"))
    paid = pd.DataFrame({"start": [start], "end": [end], "spend": [2.0]})
    expected = [("2024-01", 1.0), ("2024-02", 1.0)]
    assert list(spend_by_period(paid).itertuples(index=False, name=None)) == expected
    days = pl.DataFrame({"start": [start.date()], "end": [end.date()], "spend": [2.0]})
    assert list(spend_by_period(days).itertuples(index=False, name=None)) == expected


def test_money_of_no_channel_keeps_its_row():
    paid = pd.DataFrame(
        {"start": ["2024-01-01"] * 2, "end": ["2024-01-02"] * 2, "spend": [1.0, 2.0], "channel": ["ads", None]}
    )
    assert spend_by_period(paid, by="channel")["spend"].tolist() == [1.0, 2.0]
    assert len(spend_by_period(paid.iloc[:0])) == 0


@pytest.mark.parametrize(
    ("change", "keywords", "message"),
    [
        ({"spend": [-1.0]}, {}, "spend must be finite and at least 0"),
        (
            {"end": ["2023-12-31"]},
            {},
            r"end must not come before start: 1 of 1 rows violate it, first row 0 \(",
        ),
        ({"end": [None]}, {}, "must hold a day in every row: 1 are missing, first row 0"),
        ({"start": ["soon"]}, {}, "column 'start' must hold days"),
        ({}, {"period": "week"}, "period must be one of month, quarter, year; found 'week'"),
        ({}, {"by": "channel"}, "no column 'channel'"),
    ],
)
def test_refuses(change, keywords, message):
    paid = pd.DataFrame({"start": ["2024-01-01"], "end": ["2024-01-31"], "spend": [1.0]}).assign(**change)
    with pytest.raises(clv.InvalidInput, match=message):
        spend_by_period(paid, **keywords)
