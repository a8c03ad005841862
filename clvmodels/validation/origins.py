"""The days at which a backtest cuts a log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import InvalidInput, warn
from ..transactions.moments import day_of, parse_moment
from ..units import hours_in

_MOST = 100
_SLACK = 0.1  # months and quarters are not all of one length


def horizon_in_days(horizon: Any, time_unit: str) -> int:
    """A holdout's length in whole days.

    Raises
    ------
    InvalidInput
        If it is not a positive number of at least one day.

    Examples
    --------
    >>> horizon_in_days(13, "week"), horizon_in_days(3, "month")
    (91, 91)
    """
    if isinstance(horizon, bool) or not isinstance(horizon, int | float | np.number) or not 0 < horizon < float("inf"):
        raise InvalidInput(f"horizon must be a positive number of {time_unit}s; found {horizon!r}")
    days = round(float(horizon) * float(hours_in(time_unit)) / 24)
    if days < 1:
        raise InvalidInput(f"horizon must be at least one day; found {horizon!r} {time_unit}s")
    return days


def cutoffs(asked: Any, first: date, last: date, days: int, *, overlap: bool) -> list[date]:
    """The last days of the calibration periods, in order.

    A number asks for so many, the last of them ``days`` before the log ends and the others a holdout's length apart;
    where the log is too short for that they lie evenly, the first after a calibration as long as a holdout, or half of
    the time before the last cutoff if that is shorter.

    Raises
    ------
    InvalidInput
        If the log has no room for them, a date is outside it or occurs twice, or holdouts of given dates overlap (by
        more than a tenth of their length) and that is not allowed.

    Warns
    -----
    ClvWarning
        If the log is too short for a number of holdouts that do not overlap.

    Examples
    --------
    >>> [str(day) for day in cutoffs(3, date(1997, 1, 1), date(1998, 6, 30), 91, overlap=False)]
    ['1997-09-30', '1997-12-30', '1998-03-31']
    """
    if days >= (last - first).days:
        raise InvalidInput(
            f"a holdout of {days:,} days leaves nothing to learn from: the log runs from {first} to {last}. Give a "
            "shorter horizon"
        )
    if isinstance(asked, int | np.integer) and not isinstance(asked, bool):
        return _spread(int(asked), first, last, days, overlap)
    moments = [] if isinstance(asked, str) or not isinstance(asked, Iterable) else list(asked)
    if not moments:
        raise InvalidInput(f"cutoffs must be a number, or a list of dates like ['2024-06-30']; found {asked!r}")
    found = [day_of(parse_moment("each cutoff", moment, None)) for moment in moments]
    if len(set(found)) < len(found):
        raise InvalidInput(f"cutoffs must differ; found {', '.join(map(str, found))}")
    found.sort()
    for day in found:
        if day < first or day + timedelta(days=days) > last:
            raise InvalidInput(
                f"cutoff {day} needs {days} days of holdout within the log, which runs from {first} to {last}: give "
                f"cutoffs until {last - timedelta(days=days)}, or a shorter horizon"
            )
    for before, after in pairwise(found):
        gap = (after - before).days
        if not overlap and gap < days * (1 - _SLACK):
            raise InvalidInput(
                f"holdouts overlap: cutoffs {before} and {after} are {gap} days apart, and each holdout takes {days}. "
                "Purchases in both would count twice in the mean and make the spread look small. Give cutoffs further "
                "apart, a shorter horizon, or overlap=True"
            )
    return found


def _spread(number: int, first: date, last: date, days: int, overlap: bool) -> list[date]:
    if not 1 <= number <= _MOST:
        raise InvalidInput(f"cutoffs must be from 1 to {_MOST}, or a list of dates; found {number}")
    latest = last - timedelta(days=days)
    room = (latest - first).days
    if room - (number - 1) * days >= min(days, room / 2):
        return [latest - timedelta(days=i * days) for i in reversed(range(number))]
    earliest = first + timedelta(days=int(min(days, room / 2)))
    span = (latest - earliest).days
    if span < number - 1:
        raise InvalidInput(
            f"the log, from {first} to {last}, has no room for {number} cutoffs {days} days before its end"
        )
    if not overlap:
        fitting = 1 + (room - min(days, room // 2)) // days
        warn(
            f"the log has room for {fitting} holdout{'s' if fitting > 1 else ''} of {days} days after one another, not "
            f"for {number}: they overlap, so their errors are not independent and the spread looks smaller than it is. "
            f"Take fewer cutoffs or a shorter horizon, or say overlap=True"
        )
    return (
        [earliest + timedelta(days=round(i * span / (number - 1))) for i in range(number)] if number > 1 else [latest]
    )
