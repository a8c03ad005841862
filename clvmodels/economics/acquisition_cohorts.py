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
from ..transactions.moments import parse_moment
from ..transactions.sql import EPOCH, FINER_THAN_DAY, GRAINS
from ..units import hours_in
from .periods import labels_of, number_at, number_of, starts_of

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
        Of the caller's kind and order, named ``cohort``: text such as 1997-01-05 (of a week its Monday), 1997-01,
        1997-Q1 or 1997, which sorts by time. A purchase is dated at its event grain's start: of weekly events the
        cohort by month is that of the week's Monday.

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
    if _whole_periods(T, time_unit, event_grain):
        numbers = number_at(end, time_unit) - T.astype(np.int64)
        return starts_of(numbers, time_unit).view(np.int64)
    midnight = end if isinstance(end, datetime) else datetime.combine(end, time(0))
    if not isinstance(end, datetime) and event_grain in FINER_THAN_DAY:
        midnight += timedelta(days=1)
    ended = (midnight - EPOCH) // timedelta(microseconds=1)
    # T is a float of whole ticks, so the rest of the division is rounding
    first = ended - np.rint(T * float(hours_in(time_unit)) * _MICROSECONDS).astype(np.int64)
    if event_grain not in FINER_THAN_DAY:
        return (first + _DAY // 2) // _DAY
    return first // _DAY


def _whole_periods(T: Array, time_unit: str, event_grain: str) -> bool:
    """Whether T counts calendar periods, as in a discrete summary; those of days are the same either way.

    In another summary of that grain and unit the T of all customers are whole numbers only where counting periods gives
    the same answer (weeks that end on a Monday), or where everybody has been there for a multiple of 16 months.
    """
    return time_unit == event_grain and event_grain in WHOLE[1:] and bool(np.all(np.rint(T) == T))


def _labels(days: Any, period: str) -> Any:
    """What the period of each day is called; only different ones are written."""
    numbers, where = np.unique(number_of(days.astype("datetime64[D]"), period), return_inverse=True)
    return np.array(labels_of(numbers, period), dtype=str)[where]


def _agreed(frame: Any, name: str, keyword: Any) -> Any:
    """From the keyword or the summary's facts, which must not differ."""
    known = frames.read_facts(frame).get(name)
    if keyword is not None and known is not None and str(keyword) != known:
        raise InvalidInput(
            f"{name}={str(keyword)!r} differs from that of the summary, {known!r}: leave the keyword out"
        )
    return known if keyword is None else keyword
