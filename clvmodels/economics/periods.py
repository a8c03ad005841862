"""Periods of the calendar, day to year, as whole numbers; stretches of days that two of them name."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInput
from ..transactions.cut import last_instant
from ..transactions.moments import parse_moment
from ..units import HOURS, HOURS_PER_YEAR

Numbers = NDArray[np.int64]

PERIODS = ("week", "month", "quarter", "year")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAYS = {"day": (1, 0), "week": (7, 4)}  # how many, and the first day of number 0: 1970-01-05 is a Monday
_HOURS = {**{name: HOURS[name] for name in ("hour", "day", "week", "month")}, "quarter": HOURS_PER_YEAR / 4}
_HOURS["year"] = HOURS_PER_YEAR
_LABELS = (
    (re.compile(r"(\d{4})"), "year"),
    (re.compile(r"(\d{4})-?Q([1-4])"), "quarter"),
    (re.compile(r"(\d{4})-(\d\d)"), "month"),
)


def checked_period(name: str, period: object, event_grain: str | None = None) -> str:
    """One of week, month, quarter, year; not shorter than the events are long.

    >>> checked_period("period", "month", "day")
    'month'
    """
    if not isinstance(period, str) or period not in PERIODS:
        raise InvalidInput(f"{name} must be one of {', '.join(PERIODS)}; found {period!r}")
    if event_grain in PERIODS and PERIODS.index(event_grain) > PERIODS.index(period):
        raise InvalidInput(
            f"{name}={period!r} is shorter than the events, which are dated at the start of their {event_grain}: "
            "give a finer event_grain, or a longer period"
        )
    return period


def hours_of(period: str) -> Fraction:
    """Length of a period in hours: a time unit, or a quarter of a year.

    Raises InvalidInput if it is neither.

    >>> hours_of("quarter") == 3 * hours_of("month")
    True
    """
    if not isinstance(period, str) or period not in _HOURS:
        raise InvalidInput(f"period must be one of {', '.join(_HOURS)}; found {str(period)[:60]!r}")
    return _HOURS[period]


def number_of(at: NDArray[Any], period: str) -> Numbers:
    """The number of the period in which each moment lies, 0 being the one of 1970-01-01 (weeks: from 1970-01-05).

    >>> number_of(np.array(["1970-01-04", "1971-04-01"], dtype="datetime64[D]"), "quarter").tolist()
    [0, 5]
    """
    if period in _DAYS:
        length, zero = _DAYS[period]
        return (at.astype("datetime64[D]").view(np.int64) - zero) // length
    return at.astype("datetime64[M]").view(np.int64) // _MONTHS[period]


def number_at(moment: date | datetime, period: str) -> int:
    """The number of the period of one moment.

    >>> number_at(date(1971, 4, 1), "quarter")
    5
    """
    return int(number_of(np.array([moment], dtype="datetime64[us]"), period)[0])


def starts_of(numbers: Any, period: str) -> NDArray[Any]:
    """The first day of each period.

    >>> starts_of([0, 5], "quarter").astype(str).tolist()
    ['1970-01-01', '1971-04-01']
    """
    numbers = np.asarray(numbers, dtype=np.int64)
    if period in _DAYS:
        length, zero = _DAYS[period]
        return np.asarray((numbers * length + zero).view("datetime64[D]"))
    return np.asarray((numbers * _MONTHS[period]).view("datetime64[M]").astype("datetime64[D]"))


def labels_of(numbers: Any, period: str) -> list[str]:
    """Names of the periods: "1997", "1997-Q1", "1997-01", and of weeks their Monday.

    >>> labels_of([108], "quarter"), labels_of([0], "week")
    (['1997-Q1'], ['1970-01-05'])
    """
    days = starts_of(numbers, period).astype(str).tolist()
    if period == "quarter":
        return [f"{day[:4]}-Q{(int(day[5:7]) + 2) // 3}" for day in days]
    return [day[: {"day": 10, "week": 10, "month": 7, "year": 4}[period]] for day in days]


def period_of_label(label: str) -> str:
    """What sort of period a label of `labels_of` names.

    >>> [period_of_label(label) for label in ("1997", "1997-Q1", "1997-01", "1997-01-06")]
    ['year', 'quarter', 'month', 'week']
    """
    return next((period for pattern, period in _LABELS if pattern.fullmatch(label)), "week")


def whole(numbers: Any, period: str, end: date | datetime) -> NDArray[np.bool_]:
    """Whether each period is over by the end of observation, a date being its whole day.

    >>> whole([0, 1], "year", date(1970, 12, 31)).tolist()
    [True, False]
    """
    over = np.datetime64(last_instant(end), "us") + np.timedelta64(1, "us")
    return np.asarray(starts_of(np.asarray(numbers) + 1, period).astype("datetime64[us]") <= over)


class Window(NamedTuple):
    """A stretch of whole days: its name, first and last day, and the calendar period that it is, if it is one."""

    name: str
    first: date
    last: date
    period: str | None

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def holds(self, at: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether each moment lies in it."""
        after = np.datetime64(self.last + timedelta(days=1))
        return np.asarray((at >= np.datetime64(self.first)) & (at < after))


def window_of(name: str, given: object) -> Window:
    """A window from "1997", "1997-Q1" (or "1997Q1"), "1997-01", or a pair of its first and last day.

    >>> window_of("before", "1997-Q2")[1:3]
    (datetime.date(1997, 4, 1), datetime.date(1997, 6, 30))
    >>> window_of("before", ("1997-04-01", "1997-04-30")).name
    '1997-04-01 to 1997-04-30'
    """
    if isinstance(given, Window):
        return given
    if hasattr(given, "freqstr"):  # a pandas.Period, which writes itself "1997Q1"
        given = str(given)
    if isinstance(given, str):
        for pattern, period in _LABELS:
            found = pattern.fullmatch(given)
            if found:
                return _named(name, given, period, int(found[1]), int(found[2]) if found.lastindex == 2 else 1)
    if isinstance(given, tuple | list) and len(given) == 2:
        first, last = (parse_moment(name, day, None) for day in given)
        if isinstance(first, datetime) or isinstance(last, datetime):
            raise InvalidInput(f"{name} must be made of two dates without a time of day; found {given!r}")
        if first > last:
            raise InvalidInput(f"{name} must begin before it ends; found {first} to {last}")
        return Window(f"{first} to {last}", first, last, None)
    raise InvalidInput(
        f'{name} must be a period such as "1997", "1997-Q1" or "1997-01", or a pair of its first and last day; found '
        f"{given!r}"
    )


def window_at(number: int, period: str) -> Window:
    """The window that a calendar period is.

    >>> window_at(108, "quarter").name
    '1997-Q1'
    """
    first, after = starts_of([number, number + 1], period).astype(object).tolist()
    return Window(labels_of([number], period)[0], first, after - timedelta(days=1), period)


def _named(name: str, given: str, period: str, year: int, part: int) -> Window:
    months = _MONTHS[period]
    if not (1 <= part <= 12 // months and 1 <= year < 9999):
        raise InvalidInput(f"{name} must be a period of the calendar; found {given!r}")
    return window_at(((year - 1970) * 12 + (part - 1) * months) // months, period)
