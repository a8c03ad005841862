"""Expected money per future calendar period: the calendar in the model's time, and what each window brings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..families.contract import PurchaseFamily
from ..numerics.arrays import Array
from ..numerics.discounting import discounted_window
from ..transactions.moments import parse_moment
from ..units import hours_in
from . import questions

PERIODS = ("day", "week", "month", "quarter", "year")
COLUMNS = ("expected_purchases", "expected_revenue", "expected_profit", "discounted_profit")

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
# Large enough that what families prepare once a call is done rarely, small enough that columns do not fill the memory.
_BLOCK = 2**18


class Window(NamedTuple):
    """A calendar period or the rest of one: first and last day, and (T + begin, T + begin + length] in model time."""

    first: date
    last: date
    begin: float
    length: float


def observed_until(frame: Any, keyword: object) -> date | datetime:
    """The end of observation from the keyword or from the summary's facts; both must agree, one must be there."""
    facts = frames.read_facts(frame)
    known, zone = facts.get("observation_end"), facts.get("tz")
    if keyword is None and known is None:
        raise InvalidInput(
            "the end of observation is not known, and calendar periods begin there: expected it in the summary's "
            "metadata or as a keyword, found neither (merging or saving a frame can lose its metadata). Write "
            'cash_flows(summary, observation_end="2024-12-31") with the last day that the summary covers'
        )
    told = None if known is None else parse_moment("the summary's observation_end", known, zone)
    given = None if keyword is None else parse_moment("observation_end", keyword, zone)
    # a date is never equal to a timestamp: it is observed to its end
    if told is not None and given is not None and (type(told) is not type(given) or told != given):
        raise InvalidInput(
            f"observation_end={str(keyword)!r} differs from that of the summary, {known!r}: leave the keyword out, or "
            "summarise again with that observation_end"
        )
    end = given if told is None else told
    assert end is not None
    return end


def calendar(end: date | datetime, periods: Any, period: str, family: PurchaseFamily, time_unit: str) -> list[Window]:
    """Cut the time after ``end`` into calendar periods; the first one is what is left of the one that has begun.

    A date is observed to its end, so a period that begins on day m begins (m − end − 1 day) after T, whether events are
    dated by day (T then counts dates) or finer; from a timestamp it is the difference itself. Boundaries are exact
    fractions of the time unit, rounded once.
    """
    if period not in PERIODS:
        raise InvalidInput(f"period must be one of {', '.join(PERIODS)}; found {period!r}")
    if isinstance(periods, bool) or not isinstance(periods, (int, np.integer)) or periods < 1:
        raise InvalidInput(f"periods must be a whole number of at least 1; found {periods!r}")
    try:
        begun = end if isinstance(end, datetime) else datetime.combine(end + timedelta(days=1), time(0))
        days = [begun.date()]
        for _ in range(int(periods)):
            days.append(_next(days[-1], period))
    except (OverflowError, ValueError):
        raise InvalidInput(f"{periods} {period}s after {end} reach beyond the calendar: use fewer periods") from None
    if family.time == "discrete":
        bounds = _whole_periods(end, begun, int(periods), period, family, time_unit)
    else:
        bounds = [_units(max(datetime.combine(day, time(0)), begun) - begun, time_unit) for day in days]
    return [
        Window(first, following - timedelta(days=1), float(low), float(high - low))
        for first, following, low, high in zip(days[:-1], days[1:], bounds[:-1], bounds[1:], strict=True)
    ]


def _next(day: date, period: str) -> date:
    """The first day of the next calendar period."""
    if period == "day":
        return day + timedelta(days=1)
    if period == "week":
        return day + timedelta(days=7 - day.weekday())
    size = _MONTHS[period]
    months = 12 * day.year + (day.month - 1) // size * size + size
    return date(months // 12, months % 12 + 1, 1)


def _units(length: timedelta, time_unit: str) -> Fraction:
    return Fraction(length // timedelta(microseconds=1), 3_600_000_000) / hours_in(time_unit)


def _whole_periods(
    end: date | datetime, begun: datetime, periods: int, period: str, family: PurchaseFamily, time_unit: str
) -> list[Fraction]:
    """A model of whole periods counts them, whatever their number of days."""
    if period != time_unit:
        raise InvalidInput(
            f"{family.title} counts whole {time_unit}s and cannot divide them by calendar {period}s: expected "
            f"period={time_unit!r}, found {period!r}"
        )
    before = begun.date() - timedelta(days=1)
    if begun.time() != time(0) or _next(before, period) != begun.date():
        raise InvalidInput(
            f"{family.title} counts whole {time_unit}s: expected observation to end with a calendar {period}, found "
            f"{end}. Summarise up to the end of one"
        )
    return [Fraction(k) for k in range(periods + 1)]


def money(purchases: Array, spend: Array, share: Any = 1.0) -> Array:
    """Share × spend × purchases, where nothing is nothing, even of what is infinite."""
    with np.errstate(invalid="ignore"):
        value = share * spend * purchases
    return np.where((purchases > 0) & (np.asarray(share) != 0), value, 0.0)


def flows(
    family: PurchaseFamily,
    parameters: Sequence[float],
    windows: Sequence[Window],
    delta: float,
    history: Sequence[Array],
    spend: Array,
    share: Any,
) -> Iterator[tuple[slice, int, tuple[Array, Array, Array, Array]]]:
    """For one block of customers and one window after another: rows, number of the window, and the four COLUMNS."""
    for start in range(0, len(spend), _BLOCK):
        rows = slice(start, start + _BLOCK)
        columns = [column[rows] for column in history]
        each, part = spend[rows], share[rows] if np.ndim(share) else share
        alive = np.exp(family.log_p_alive(*columns, *parameters))
        for j, window in enumerate(windows):
            count = questions.expected_purchases(family, window.length, window.begin, columns, parameters, alive)
            worth = count if delta == 0 else _discounted(family, window, delta, columns, parameters, alive, count)
            yield rows, j, (count, money(count, each), money(count, each, part), money(worth, each, part))


def _discounted(
    family: PurchaseFamily,
    window: Window,
    delta: float,
    columns: Sequence[Array],
    parameters: Sequence[float],
    alive: Array,
    count: Array,
) -> Array:
    """∫ over the window of e^(-delta·u) dE: an integral of its own, since differences of discounted values cancel."""
    if family.time == "discrete":
        return np.asarray(np.exp(-delta * (window.begin + window.length)) * count)
    if window.begin == 0:
        return questions.discounted(family, window.length, delta, columns, parameters, alive)

    def expected(t: float) -> Array:
        return np.asarray(family.expected_purchases_alive(t, window.begin, *columns, *parameters))

    return np.asarray(alive * discounted_window(expected, window.begin, window.length, delta))


def summed(found: Iterator[tuple[slice, int, tuple[Array, ...]]], n_windows: int) -> dict[str, Array]:
    """Over all customers: one row per window."""
    total = np.zeros((len(COLUMNS), n_windows))
    for _, j, values in found:
        total[:, j] += [column.sum() for column in values]
    return dict(zip(COLUMNS, total, strict=True))


def each(found: Iterator[tuple[slice, int, tuple[Array, ...]]], n_rows: int, n_windows: int) -> dict[str, Array]:
    """One row per customer and window, the windows of a customer together."""
    result = {name: np.empty((n_rows, n_windows)) for name in COLUMNS}
    for rows, j, values in found:
        for name, column in zip(COLUMNS, values, strict=True):
            result[name][rows, j] = column
    return {name: values.ravel() for name, values in result.items()}
