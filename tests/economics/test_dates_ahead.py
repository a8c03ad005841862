"""The day that holds a moment after T, by the calendar."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.economics.dates_ahead import dates_ahead, end_of_observation

SUNDAY = date(2024, 3, 31)  # the last day of a week, a month and a quarter


def told(end, times, unit="day", time="continuous"):
    return dates_ahead(end, np.array(times, dtype=np.float64), unit, time).astype(str).tolist()


def test_a_date_is_observed_to_its_end():
    """Any moment of the next day belongs to it, its end too: T counts dates."""
    found = told(SUNDAY, [-1.0, -0.5, 0.0, 0.001, 1.0, 1.001])
    assert found == ["2024-03-30", "2024-03-31", "2024-03-31", "2024-04-01", "2024-04-01", "2024-04-02"]


def test_a_timestamp_is_taken_exactly():
    noon = datetime(2024, 3, 31, 12)
    assert told(noon, [-0.6, 0.0, 0.4, 0.5, 1.4]) == [
        "2024-03-30", "2024-03-31", "2024-03-31", "2024-04-01", "2024-04-01",
    ]  # fmt: skip


def test_days_do_not_get_lost_in_weeks():
    """What division by 7 leaves of a whole number of days is no part of the next day."""
    days = np.arange(-1000, 1000)
    found = dates_ahead(SUNDAY, (days + 500) / 7 - 500 / 7, "week", "continuous")
    assert (found == np.datetime64(SUNDAY) + days).all()


@pytest.mark.parametrize(
    ("unit", "wanted"),
    [
        ("day", ["2024-03-30", "2024-03-31", "2024-04-02"]),
        ("week", ["2024-03-24", "2024-03-31", "2024-04-14"]),
        ("month", ["2024-02-29", "2024-03-31", "2024-05-31"]),
        ("year", ["2022-12-31", "2023-12-31", "2025-12-31"]),  # the year that is over
        ("hour", ["NaT", "NaT", "NaT"]),  # no period that the calendar of a discrete summary knows
    ],
)
def test_whole_periods_end_with_the_calendars(unit, wanted):
    assert told(SUNDAY, [-1.0, 0.0, 2.0], unit, "discrete") == wanted


def test_what_has_no_date():
    assert told(None, [1.0, np.inf]) == ["NaT", "NaT"]
    assert told(SUNDAY, [np.inf, 1e300, 1e7, 2e5]) == ["NaT", "NaT", "NaT", "2571-10-30"]
    assert told(SUNDAY, [np.inf, 1e9, 8000], "year", "discrete") == ["NaT", "NaT", "NaT"]
    assert told(SUNDAY, []) == []


def test_the_end_comes_from_the_keyword_or_the_summary():
    bare = pd.DataFrame({"T": [1.0]})
    assert end_of_observation(bare, None) is None
    assert end_of_observation(bare, "2024-03-31") == SUNDAY
    log = pd.DataFrame({"customer_id": [1], "date": ["2024-03-01"], "amount": [1.0]})
    summary = clv.rfm_summary(log, time_unit="week", observation_end="2024-03-31")
    assert end_of_observation(summary, None) == SUNDAY
    with pytest.raises(clv.InvalidInput, match="differs from that of the summary"):
        end_of_observation(summary, "2024-04-30")
