"""Periods of the calendar against pandas' own."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.economics import periods

from .plain_orders import FREQUENCIES

DAYS = pd.Series(pd.date_range("1967-12-25", "2032-01-10", freq="D"))


@pytest.mark.parametrize("period", periods.PERIODS)
def test_numbers_starts_and_labels(period):
    at = DAYS.to_numpy().astype("datetime64[D]")
    number = periods.number_of(at, period)
    theirs = DAYS.dt.to_period(FREQUENCIES[period])
    assert np.array_equal(periods.starts_of(number, period), theirs.dt.start_time.to_numpy().astype("datetime64[D]"))
    assert set(np.diff(number)) == {0, 1}
    assert np.array_equal(periods.number_of(at.astype("datetime64[us]") + np.timedelta64(86_399_999_999, "us"), period),
                          number)  # fmt: skip
    if period != "week":
        shown = [str(one).replace("Q", "-Q") if period == "quarter" else str(one) for one in theirs]
        assert periods.labels_of(number, period) == shown


@pytest.mark.parametrize("period", ["month", "quarter", "year"])
def test_labels_name_their_windows(period):
    for number in (-30, 0, 107, 108, 221):
        window = periods.window_at(number, period)
        assert periods.window_of("before", window.name) == window
        assert np.datetime64(window.first) == periods.starts_of([number], period)[0]
        assert window.days == int(np.diff(periods.starts_of([number, number + 1], period))[0].astype(int))


def test_whole_to_the_last_day():
    assert periods.whole([0], "month", date(1970, 1, 31)).tolist() == [True]
    assert periods.whole([0], "month", date(1970, 1, 30)).tolist() == [False]
    assert periods.whole([0], "month", datetime(1970, 1, 31, 23)).tolist() == [False]


def test_windows_hold_their_ends():
    window = periods.window_of("during", ("2024-01-01", "2024-01-31"))
    at = np.array(["2023-12-31T23:59", "2024-01-01T00:00", "2024-01-31T23:59", "2024-02-01T00:00"], "datetime64[us]")
    assert window.holds(at).tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    "given", ["97", "1997-13", "1997-Q5", "1997-00", ("1997-01-01",), ("1997-02-01", "1997-01-01"), 1997, None,
              ("1997-01-01T10:00", "1997-01-02")],
)  # fmt: skip
def test_windows_refuse(given):
    with pytest.raises(clv.InvalidInput, match="before must"):
        periods.window_of("before", given)


def test_periods_refuse():
    with pytest.raises(clv.InvalidInput, match="period must be one of week, month, quarter, year; found 'day'"):
        periods.checked_period("period", "day")
    with pytest.raises(clv.InvalidInput, match="shorter than the events"):
        periods.checked_period("period", "week", "month")
    assert periods.checked_period("period", "month", "line") == "month"


def test_a_quarter_as_pandas_writes_it():
    for given in ("1997Q2", "1997-Q2", pd.Period("1997Q2"), pd.Period("1997-05", "Q")):
        assert periods.window_of("before", given).name == "1997-Q2"
    assert periods.window_of("before", pd.Period("1997-05", "M")).name == "1997-05"
