"""A log in whole periods: in which of them a customer bought, for families in discrete time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, warn
from . import sources
from .moments import day_number, from_day_number, parse_moment
from .summarize import refuse_unknown, summarize

PERIODS = ("day", "week", "month", "year")
_UNSEEN = 0.1  # of the last period, before its end is asked for


def discrete_summary(
    log: object, period: str = "year", n_periods: int | None = None, *, observation_end: object = None, **reading: Any
) -> frames.Frame:
    """Count each customer's periods with a purchase: x of the T periods after that of the first one, the last in t_x.

    Parameters
    ----------
    log
        As for `summarize`.
    period
        "day", "week" (from Monday), "month" or "year" of the calendar; purchases within one are one.
    n_periods
        How many periods after the first one of the log (or of observation_start) are observed; by default all of them.
    observation_end
        The last day observed, instead of n_periods. Only whole periods count: if it is not the last day of one, the
        period before is the last. By default the last date in the log, whose period is taken as whole; a warning is
        given if more than a tenth of it is still to come.
    **reading
        How the log is to be read, as for `summarize`: customer_id, date, amount, observation_start, refunds.

    Returns
    -------
    frame
        customer_id; frequency, the number of periods with a purchase after the customer's first; recency, the last of
        them, counted from the customer's first period as 0 (0 if there is none); T, how many periods were observed
        after the first; and with amounts monetary_value, the mean total of the periods counted in frequency, missing
        where there are none. In the kind of frame that came in, with the facts of the summary: its time_unit is the
        period. All whole numbers but the last.

    Raises
    ------
    InvalidInput
        If the period is not known, n_periods is no whole number of at least 1 or reaches beyond the log, both it and
        observation_end are given, or the log cannot be used.
    NotEnoughData
        If no purchase remains.

    Warns
    -----
    ClvWarning
        If the last period is taken as whole and more than a tenth of it is still to come.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Shang, J. (2010), Customer-Base Analysis in a Discrete-Time Noncontractual
    Setting. Marketing Science 29(6), 1086-1108.

    Examples
    --------
    >>> import pandas
    >>> log = pandas.DataFrame({"customer_id": ["ann", "ann", "ann", "bob"], "amount": [20.0, 7.0, 3.0, 5.0],
    ...                         "date": ["2020-05-01", "2022-01-15", "2022-12-24", "2021-06-08"]})
    >>> print(discrete_summary(log, period="year", observation_end="2023-12-31").to_string(index=False))
    customer_id  frequency  recency   T  monetary_value
            ann          1      2.0 3.0            10.0
            bob          0      0.0 2.0             NaN
    """
    if period not in PERIODS:
        raise InvalidInput(f"period must be one of {', '.join(PERIODS)}; found {period!r}")
    refuse_unknown("discrete_summary", reading)
    for name in ("time_unit", "event_grain"):
        if name in reading:
            raise InvalidInput(f"period says how time is counted; leave {name} out")
    log, to_pandas = sources.held(log) if n_periods is not None else (log, False)  # it will be looked at twice
    reading = {**reading, "time_unit": "day", "event_grain": period}
    last: int | None = None
    if n_periods is not None:
        if observation_end is not None:
            raise InvalidInput("give n_periods or observation_end, not both")
        last = _last_of(log, period, n_periods, reading)
    elif observation_end is not None:
        last = _last_whole(period, observation_end)
    summary, quality, facts = summarize(
        log, **reading, observation_end=None if last is None else period_end(period, last)
    )
    if last is None:
        last = _number(period, quality.last_date)
        _warn_of_a_part(period, last, quality.last_date)
    observed = quality.observation_end
    seen_until = day_number(observed.date() if isinstance(observed, datetime) else observed)
    # recency and T are days between the beginnings of periods, and from there to the last day: whole numbers
    first_day = seen_until - frames.numeric(summary, "T").astype(np.int64)
    first = period_numbers(period, first_day)
    latest = period_numbers(period, first_day + frames.numeric(summary, "recency").astype(np.int64))
    columns = {name: summary[name] for name in frames.column_names(summary)}
    columns["recency"] = (latest - first).astype(np.float64)
    columns["T"] = (last - first).astype(np.float64)
    facts = {
        **facts,
        "time_unit": period,
        "event_grain": period,
        "observation_end": period_end(period, last).isoformat(),
    }
    table = frames.table(columns, summary)
    return frames.attach_facts(table.to_pandas() if to_pandas else table, facts)


def period_numbers(period: str, days: Any) -> Any:
    """Numbers of the periods that hold these days since 1970-01-01."""
    if period == "day":
        return days
    if period == "week":
        return (days + 3) // 7  # 1970-01-01 was a Thursday
    return days.astype("datetime64[D]").astype(f"datetime64[{period[0].upper()}]").astype(np.int64)


def _number(period: str, day: date) -> int:
    return int(period_numbers(period, np.array([day_number(day)]))[0])


def period_end(period: str, number: int) -> date:
    """The last day of a period."""
    if period == "day":
        return from_day_number(number)
    if period == "week":
        return from_day_number(7 * number + 3)
    month = (number if period == "month" else 12 * number + 11) + 1
    return date(1970 + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def _last_whole(period: str, observation_end: object) -> int:
    """The last period that is over at the end of that day."""
    moment = parse_moment("observation_end", observation_end, None)
    if isinstance(moment, datetime):
        if moment.time() != time(0):
            raise InvalidInput(f"observation_end must be a date like 2020-12-31; found the time {observation_end!r}")
        moment = moment.date()
    if moment.year > 9998:
        raise InvalidInput(f"observation_end must lie before the year 9999; found {observation_end!r}")
    return _number(period, moment + timedelta(days=1)) - 1


def _last_of(log: object, period: str, n_periods: object, reading: dict[str, Any]) -> int:
    """The last of so many periods after the first of the log; looks at the log once for its dates."""
    if not isinstance(n_periods, (int, np.integer)) or isinstance(n_periods, bool) or n_periods < 1:
        raise InvalidInput(f"n_periods must be a whole number of at least 1; found {n_periods!r}")
    quality = summarize(log, **reading).quality
    start = max(quality.first_date, quality.observation_start or quality.first_date)
    last = _number(period, start) + int(n_periods)
    reached = _number(period, quality.last_date)
    if last > reached:
        raise InvalidInput(
            f"n_periods={n_periods} {period}s after that of {start} end on {period_end(period, last)}, but "
            f"the log ends on {quality.last_date}: at most {reached - last + int(n_periods)} are there"
        )
    if last == reached:
        _warn_of_a_part(period, last, quality.last_date)
    return last


def _warn_of_a_part(period: str, last: int, last_date: date) -> None:
    begins, ends = period_end(period, last - 1), period_end(period, last)
    if (ends - last_date).days > _UNSEEN * (ends - begins).days:
        warn(
            f"the log ends on {last_date}, and its last {period} is taken as whole, until {ends}. If more purchases "
            f'can still come, pass observation_end="{last_date}", which leaves that {period} out'
        )
