"""The cohort of each customer, told from the summary alone, is that of his first purchase in the log."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

import clvmodels as clv

cohorts_of = clv.economics.cohorts_of

NAMES = {
    "day": lambda first: first.dt.strftime("%Y-%m-%d"),
    "week": lambda first: first.dt.strftime("%G-W%V"),
    "month": lambda first: first.dt.strftime("%Y-%m"),
    "quarter": lambda first: first.dt.year.astype(str) + "-Q" + first.dt.quarter.astype(str),
    "year": lambda first: first.dt.strftime("%Y"),
}
STARTS = {
    "line": lambda moment: moment,
    "hour": lambda moment: moment.dt.floor("h"),
    "day": lambda moment: moment.dt.normalize(),
    "week": lambda moment: moment.dt.normalize() - pd.to_timedelta(moment.dt.day_of_week, unit="D"),
    "month": lambda moment: moment.dt.to_period("M").dt.start_time,
    "year": lambda moment: moment.dt.to_period("Y").dt.start_time,
}
COARSE = {"week": ["week", "month", "quarter", "year"], "month": ["month", "quarter", "year"], "year": ["year"]}


def random_log(seed):
    """Dates around the ends of days, months and years, 1960 to 2031."""
    random = np.random.default_rng(seed)
    years = pd.to_datetime([f"{year}-01-01" for year in (1960, 1970, 1999, 2000, 2024, 2031)])
    around = years[random.integers(0, 6, 400)] + pd.to_timedelta(random.integers(-3, 70, 400), unit="D")
    clock = random.choice([0, 1, 59_999_999, 3_600_000_000, 86_399_999_999], 400)
    moments = around + pd.to_timedelta(clock, unit="us")
    return pd.DataFrame({"customer_id": random.integers(0, 120, 400), "date": moments})


def expected(log, grain, period):
    first = STARTS[grain](log.groupby("customer_id")["date"].min())
    return NAMES[period](first).tolist()


@pytest.mark.parametrize("period", list(NAMES))
def test_cdnow(cdnow, cdnow_summary, period):
    log = cdnow.assign(date=pd.to_datetime(cdnow["date"].astype(str)))
    found = cohorts_of(cdnow_summary, period)
    assert found.tolist() == expected(log, "day", period)
    assert found.name == "cohort"


@pytest.mark.parametrize("grain", list(STARTS))
@pytest.mark.parametrize("end", ["2031-03-31", "2031-03-20 17:45:01"])
def test_every_grain_and_unit(grain, end):
    log = random_log(7)
    for unit in ("hour", "week", "month", "year"):
        summary = clv.rfm_summary(log, time_unit=unit, event_grain=grain, observation_end=end, amount=None)
        for period in COARSE.get(grain, NAMES):
            assert cohorts_of(summary, period).tolist() == expected(log, grain, period), (unit, period)


@pytest.mark.parametrize("period", ["week", "month", "year"])
def test_of_whole_periods(period):
    log = random_log(8)
    summary = clv.discrete_summary(log, period, observation_end="2031-12-31", amount=None)
    assert cohorts_of(summary, period).tolist() == expected(log, period, period)


def test_in_the_zone_of_the_log():
    log = pd.DataFrame(
        {"customer_id": [1, 2], "date": pd.to_datetime(["2024-01-31 23:30", "2024-01-31 22:30"], utc=True)}
    )
    for grain in ("day", "line"):
        terms = {"observation_end": "2024-03-31", "event_grain": grain, "amount": None}
        berlin = clv.rfm_summary(log, tz="Europe/Berlin", **terms)
        assert cohorts_of(berlin).tolist() == ["2024-02", "2024-01"]
        assert cohorts_of(clv.rfm_summary(log, tz="UTC", **terms)).tolist() == ["2024-01", "2024-01"]


def test_without_metadata(cdnow_summary):
    known = cohorts_of(cdnow_summary)
    in_polars = pl.DataFrame(cdnow_summary)
    found = cohorts_of(in_polars, observation_end="1997-09-30", time_unit="week")
    assert isinstance(found, pl.Series)
    assert found.to_list() == known.tolist()
    with pytest.raises(clv.InvalidInput, match=r'time_unit.*cohorts_of\(summary, time_unit="week"\)'):
        cohorts_of(in_polars, observation_end="1997-09-30")
    with pytest.raises(clv.InvalidInput, match="does not say its observation_end"):
        cohorts_of(in_polars, time_unit="week")
    with pytest.raises(clv.InvalidInput, match="time_unit='day' differs from that of the summary, 'week'"):
        cohorts_of(cdnow_summary, time_unit="day")


def test_refusals(cdnow_summary):
    with pytest.raises(clv.InvalidInput, match="period must be one of"):
        cohorts_of(cdnow_summary, "decade")
    by_month = clv.rfm_summary(random_log(1), event_grain="month", observation_end="2031-12-31", amount=None)
    with pytest.raises(clv.InvalidInput, match="dates purchases by month, so that cohorts by week are not known"):
        cohorts_of(by_month, "week")
    with pytest.raises(clv.InvalidInput, match="no column 'T'"):
        cohorts_of(pd.DataFrame({"customer_id": [1]}), observation_end="2024-01-01", time_unit="day")
    with pytest.raises(clv.InvalidInput, match="T must not be negative"):
        cohorts_of(pd.DataFrame({"T": [-1.0]}), observation_end="2024-01-01", time_unit="day")
    with pytest.raises(clv.InvalidInput, match="event_grain must be one of"):
        cohorts_of(pd.DataFrame({"T": [1.0]}), observation_end="2024-01-01", time_unit="day", event_grain="minute")


def test_no_customers(cdnow_summary):
    assert cohorts_of(cdnow_summary.head(0)).tolist() == []
