"""The calendar dates on which times after T fall, where the end of observation is known."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import frames
from ..models.cash_flows import observed_until
from ..numerics.arrays import Array
from ..transactions.discrete import PERIODS, period_numbers
from ..transactions.moments import day_number
from ..units import hours_in

Dates = NDArray[np.datetime64]

_MISSING = np.datetime64("NaT", "D")
_LAST = np.datetime64("9999-12-31", "D")  # of the calendar
_FAR = 1e7  # days or periods, each beyond the calendar
_LAG = 1e-7  # days: what arithmetic in weeks leaves of a whole day


def end_of_observation(frame: Any, keyword: object) -> date | datetime | None:
    """The end of observation from the keyword or the summary's facts, None if neither says it."""
    if keyword is None and frames.read_facts(frame).get("observation_end") is None:
        return None
    return observed_until(frame, keyword)


def dates_ahead(end: date | datetime | None, times: Array, time_unit: str, time: str) -> Dates:
    """The day that holds each moment T + u; a missing date without an end, where u is inf, and beyond the calendar.

    A date is observed to its end, so a moment that comes no later than the end of a day belongs to it: what is true at
    T + u is true in a summary whose ``observation_end`` is that day. A model in discrete ``time`` counts whole calendar
    periods; the date is the last day of the period.
    """
    if end is None or (time == "discrete" and time_unit not in PERIODS):
        return np.full(len(times), _MISSING)
    length = 1.0 if time == "discrete" else float(hours_in(time_unit)) / 24
    near = np.abs(times) < _FAR / length
    steps = np.where(near, times, 0.0) * length
    if time == "discrete":
        days = _period_ends(time_unit, day_number(end), steps.astype(np.int64))
    elif isinstance(end, datetime):
        begun = (end - datetime.combine(end.date(), datetime.min.time())) / timedelta(days=1)
        days = day_number(end) + np.floor(begun + steps + _LAG).astype(np.int64)
    else:
        days = day_number(end) + np.ceil(steps - _LAG).astype(np.int64)
    found = days.astype("datetime64[D]")
    return np.where(near & (found <= _LAST), found, _MISSING)


def _period_ends(period: str, day: int, steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Days since 1970 of the last days of the periods so many after the one that ends on, or before, a day."""
    number = period_numbers(period, np.array([day + 1])) - 1 + steps
    if period == "day":
        return np.asarray(number)
    if period == "week":
        return np.asarray(7 * number + 3)
    following = (number + 1).astype(f"datetime64[{period[0].upper()}]").astype("datetime64[D]")
    return np.asarray(following.astype(np.int64) - 1)
