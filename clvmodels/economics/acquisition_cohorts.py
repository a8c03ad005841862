"""When each customer first bought, told from a summary alone, and the cohort that makes of him."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..models import statistics
from ..numerics.arrays import Array
from ..transactions.discrete import PERIODS as WHOLE
from ..transactions.discrete import period_numbers
from ..transactions.moments import day_number, parse_moment
from ..transactions.sql import EPOCH, FINER_THAN_DAY, GRAINS
from ..units import hours_in

_PERIODS = ("day", "week", "month", "quarter", "year")
# the grains whose events lie within one period each; a week may reach into the next month
_COARSER = {"week": ("day",), "month": ("day", "week"), "year": ("day", "week", "month", "quarter")}
_MICROSECONDS = 3_600_000_000  # in an hour
_DAY = 24 * _MICROSECONDS


def cohorts_of(
    summary: Any,
    period: str = "month",
    *,
    observation_end: Any = None,
    time_unit: str | None = None,
    event_grain: str | None = None,
) -> Any:
    """Name each customer's acquisition cohort: the calendar period of his first purchase.

    First purchase = observation_end − T, in the log's zone. T is measured to the end of observation as `rfm_summary`
    measures it: for whole days (and coarser grains) to observation_end itself, for hours and lines to the end of that
    day; a timestamp is taken exactly.

    Parameters
    ----------
    summary
        One row a customer, with T.
    period
        ``"day"``, ``"week"`` (from Monday), ``"month"``, ``"quarter"`` or ``"year"``.
    observation_end, time_unit, event_grain
        Where the summary does not say them (merging or saving a frame can lose its metadata); event_grain is then "day"
        if left out.

    Returns
    -------
    Series
        Of the caller's kind and order, named ``cohort``: text such as 1997-01-05, 1997-W01 (ISO 8601, whose first week
        is that of 4 January), 1997-01, 1997-Q1 or 1997, which sorts by time. A purchase is dated at its event grain's
        start: of weekly events the cohort by month is that of the week's Monday.

    Raises
    ------
    InvalidInput
        If observation_end or time_unit is not known or known to be another, the grain is coarser than the period, or
        there is no usable T.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> clv.economics.cohorts_of(summary).value_counts().sort_index().to_dict()
    {'1997-01': 781, '1997-02': 857, '1997-03': 719}
    """
    if period not in _PERIODS:
        raise InvalidInput(f"period must be one of {', '.join(_PERIODS)}; found {period!r}")
    frame = frames.load(summary)
    T = statistics.read(frame, ["T"])["T"]
    grain = _agreed(frame, "event_grain", event_grain) or "day"
    if grain not in GRAINS:
        raise InvalidInput(f"event_grain must be one of {', '.join(map(repr, GRAINS))}; found {grain!r}")
    if period in _COARSER.get(grain, ()):
        raise InvalidInput(
            f"this summary dates purchases by {grain}, so that cohorts by {period} are not known: use a longer period, "
            "or summarise again with a finer event_grain"
        )
    unit, end = _agreed(frame, "time_unit", time_unit), _agreed(frame, "observation_end", observation_end)
    if unit is None or end is None:
        lacking = "time_unit" if unit is None else "observation_end"
        example = '"week"' if unit is None else '"2024-12-31"'
        raise InvalidInput(
            f"the summary does not say its {lacking}, which tells when customers first bought (merging or saving a "
            f"frame can lose its metadata). Write cohorts_of(summary, {lacking}={example})"
        )
    moment = parse_moment("observation_end", end, frames.read_facts(frame).get("tz"))
    days = first_days(T, moment, unit, grain)
    return frames.series(_labels(days, period), "cohort", frame)


def first_days(T: Array, end: date | datetime, time_unit: str, event_grain: str) -> Any:
    """The day of each first purchase, as days since 1970-01-01.

    >>> first_days(np.array([38.857142857142854]), date(1997, 9, 30), "week", "day").astype("datetime64[D]")
    array(['1997-01-01'], dtype='datetime64[D]')
    """
    if _whole_periods(T, end, time_unit, event_grain):
        return _starts(time_unit, end, T)
    midnight = end if isinstance(end, datetime) else datetime.combine(end, time(0))
    if not isinstance(end, datetime) and event_grain in FINER_THAN_DAY:
        midnight += timedelta(days=1)
    ended = (midnight - EPOCH) // timedelta(microseconds=1)
    # T is a float of whole ticks, so the rest of the division is rounding
    first = ended - np.rint(T * float(hours_in(time_unit)) * _MICROSECONDS).astype(np.int64)
    if event_grain not in FINER_THAN_DAY:
        return (first + _DAY // 2) // _DAY
    return first // _DAY


def _whole_periods(T: Array, end: date | datetime, time_unit: str, event_grain: str) -> bool:
    """Whether T counts calendar periods, as in a discrete summary, whose observation ends with one.

    From the start of a week, month or year to the last day of another no whole number of time units passes, so that no
    other summary looks like it. Those of days are the same either way.
    """
    if time_unit != event_grain or event_grain not in WHOLE[1:] or isinstance(end, datetime):
        return False
    last, following = period_numbers(event_grain, day_number(end) + np.array([0, 1]))
    return bool(last != following and np.all(np.rint(T) == T))


def _starts(period: str, end: date | datetime, T: Array) -> Any:
    """The first day of the period so many before the one that holds the end."""
    last = day_number(end.date() if isinstance(end, datetime) else end)
    numbers = period_numbers(period, np.array([last])) - T.astype(np.int64)
    if period == "week":
        return 7 * numbers - 3
    return numbers.astype(f"datetime64[{period[0].upper()}]").astype("datetime64[D]").astype(np.int64)


def _labels(days: Any, period: str) -> Any:
    """What the period of each day is called; only different ones are written."""
    if period == "week":
        numbers, where = np.unique(period_numbers("week", days), return_inverse=True)
        thursdays = [date.fromordinal(EPOCH.toordinal() + 7 * int(number)) for number in numbers]
        names = [f"{day.isocalendar().year:04d}-W{day.isocalendar().week:02d}" for day in thursdays]
    elif period == "quarter":
        numbers, where = np.unique(period_numbers("month", days) // 3, return_inverse=True)
        names = [f"{1970 + number // 4:04d}-Q{number % 4 + 1}" for number in numbers.tolist()]
    else:
        moments = days.astype("datetime64[D]").astype(f"datetime64[{period[0].upper()}]")
        different, where = np.unique(moments, return_inverse=True)
        names = np.datetime_as_string(different).tolist()
    return np.array(names, dtype=str)[where]


def _agreed(frame: Any, name: str, keyword: Any) -> Any:
    """From the keyword or the summary's facts, which must not differ."""
    known = frames.read_facts(frame).get(name)
    if keyword is not None and known is not None and str(keyword) != known:
        raise InvalidInput(
            f"{name}={str(keyword)!r} differs from that of the summary, {known!r}: leave the keyword out"
        )
    return known if keyword is None else keyword
