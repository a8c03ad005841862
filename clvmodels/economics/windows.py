"""What each customer bought in one or two stretches of days, and whether these can be held against each other."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInput, NotEnoughData, warn
from ..numerics.arrays import Array
from ..transactions import Quality
from ..transactions.cut import last_instant
from .period_books import Book
from .periods import PERIODS, Window, number_at, whole, window_at, window_of


class Bought(NamedTuple):
    """One entry a customer: orders, money and profit (None where there is none), and whether an order was the first."""

    orders: Array
    revenue: Array | None
    profit: Array | None
    new: NDArray[np.bool_]


def bought_in(book: Book, window: Window) -> Bought:
    """What every customer of the book bought in a window."""
    found = book.purchases
    rows = np.flatnonzero(window.holds(found.at))
    customer, n = found.customer[rows], found.n_customers
    new = np.zeros(n, dtype=bool)
    new[customer[book.is_first[rows]]] = True
    return Bought(
        book.orders(customer, n, rows),
        book.revenue(customer, n, rows) if book.money else None,
        book.profit(customer, n, rows) if book.earns else None,
        new,
    )


def two_windows(book: Book, before: object, after: object) -> tuple[Window, Window]:
    """Both windows as asked for, by default the last two that can be compared; the first one must end earlier.

    Warns where observation_end, or the first line of the log, cuts one of them short, and where they differ in length.
    """
    if before is None and after is None:
        return _last_two(book)
    if before is None or after is None:
        raise InvalidInput("give both windows, before and after, or none of them")
    first, second = window_of("before", before), window_of("after", after)
    if first.last >= second.first:
        raise InvalidInput(
            f"before ({first.name}) must end before after ({second.name}) begins: found {first.last} and {second.first}"
        )
    quality = book.purchases.quality
    for name, window in (("before", first), ("after", second)):
        _check(name, window, quality)
    months = [_whole_months(window) for window in (first, second)]
    if first.days != second.days and (not months[0] or months[0] != months[1]):
        warn(
            f"the two windows differ in length: {first.name} has {first.days:,} days, {second.name} has "
            f"{second.days:,}. Give windows of one length to compare them"
        )
    return first, second


def one_window(book: Book, during: object) -> Window:
    """A window as asked for, by default the later one of the last two that can be compared."""
    if during is None:
        return _last_two(book)[1]
    window = window_of("during", during)
    _check("during", window, book.purchases.quality)
    return window


def _check(name: str, window: Window, quality: Quality) -> None:
    """Refuse a window that cuts months which are single events; warn of one that the log does not cover."""
    if quality.event_grain == "month" and not _whole_months(window):
        raise InvalidInput(
            f"{name} ({window.name}) must be made of whole months, as event_grain='month' dates all that is bought in "
            "one at its start: give whole months, or a finer event_grain"
        )
    short = ""
    if last_instant(quality.observation_end) < last_instant(window.last):
        short = f"is not over: observation ends with {quality.observation_end}"
    elif window.first < quality.first_date:
        short = f"begins before the log, whose first line is of {quality.first_date}"
    if short:
        warn(f"{name} ({window.name}) {short}. Take a period that the log covers, or do not compare it with whole ones")


def _whole_months(window: Window) -> int:
    """How many months a window is made of; 0 where it cuts one."""
    after = window.last + timedelta(days=1)
    whole = window.first.day == 1 == after.day
    return (after.year - window.first.year) * 12 + after.month - window.first.month if whole else 0


def _last_two(book: Book) -> tuple[Window, Window]:
    """The last two whole years, quarters, months or weeks, the longest of which there are two."""
    quality = book.purchases.quality
    coarsest_first = [period for period in reversed(PERIODS) if (quality.event_grain, period) != ("month", "week")]
    for period in coarsest_first:
        # the first whole one begins on the log's first day or later
        low = number_at(quality.first_date - timedelta(days=1), period) + 1
        last = number_at(quality.observation_end, period)
        last -= not whole([last], period, quality.observation_end)[0]
        if last > low:
            return window_at(last - 1, period), window_at(last, period)
    raise NotEnoughData(
        f"the log holds no two whole weeks to compare, from {quality.first_date} to {quality.observation_end}: give "
        "before= and after="
    )
