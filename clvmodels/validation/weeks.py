"""The weeks of a calibration period and a holdout, and sums over customers who come in on different days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import frames
from ..numerics.arrays import Array
from ..transactions.cut import instant_after, zero_of
from ..units import hours_in

HOUR = 3_600_000_000  # all in microseconds
DAY = 24 * HOUR
WEEK = 7 * DAY


class Weeks(NamedTuple):
    """All in microseconds since the beginning of the first day; ``unit`` is the length of the time unit."""

    origin: np.datetime64
    zero: int  # where the times of events count from
    entries: NDArray[np.int64]
    ends: NDArray[np.int64]  # of the weeks, the last one perhaps before it is over
    cut: int  # the first instant after calibration
    unit: float
    unit_name: str


def weeks_of(frame: frames.Frame, facts: Mapping[str, str | None]) -> Weeks:
    """The weeks of a split: its frame and facts."""
    unit_name = facts.get("time_unit") or "week"
    unit = float(hours_in(unit_name) * HOUR)
    zero, epoch = zero_of(facts), datetime(1970, 1, 1)
    # whole microseconds, so that a day is a day: exact up to T of some 285 years
    ages = np.rint(frames.numeric(frame, "T") * unit).astype(np.int64)
    first = zero - timedelta(microseconds=int(ages.max(initial=0)))
    origin = datetime(first.year, first.month, first.day)
    from_origin = (zero - origin) // timedelta(microseconds=1)
    cut, end = (
        (instant_after(facts, name) - origin) // timedelta(microseconds=1)
        for name in ("observation_end", "holdout_end")
    )
    ends = WEEK * np.arange(1, -(-end // WEEK) + 1, dtype=np.int64)
    ends[-1:] = end
    day = np.datetime64((origin - epoch) // timedelta(days=1), "D").astype("datetime64[s]")
    return Weeks(day, from_origin, from_origin - ages, ends, cut, unit, unit_name)


def expected_by_week(expected: Callable[[Any], Any], weeks: Weeks) -> Array:
    """Σ E[X(end − entry)] at the end of each week, with ``expected`` the function E[X(t)] of a new customer.

    Entries are counted on a grid of days, where all lie on one; otherwise of hours, and one between two hours counts in
    part for either, which is exact but for the curvature of E[X(t)] within an hour.
    """
    step = DAY if not np.any(weeks.entries % DAY) else HOUR
    return expected_of(entered(weeks, step), expected, weeks, step)


def entered(weeks: Weeks, step: int) -> Array:
    """How many customers come in at each point of a grid of such steps; one between two counts in part for either."""
    lower, rest = np.divmod(weeks.entries, step)
    share = rest / step
    size = int(lower.max(initial=0)) + 2
    return summed(lower, 1 - share, size) + summed(lower + 1, share, size)


def expected_of(counts: Array, expected: Callable[[Any], Any], weeks: Weeks, step: int) -> Array:
    """As `expected_by_week`, of customers who were counted by `entered`."""
    whole = weeks.ends // step
    curve: Array = expected(np.arange(int(whole.max(initial=0)) + 1) * (step / weeks.unit))
    found = np.array([_folded(counts, curve, end) for end in whole.tolist()])
    last = int(weeks.ends[-1]) if len(weeks.ends) else 0
    if last % step:
        left = np.maximum(last - step * np.arange(len(counts)), 0) / weeks.unit
        found[-1] = counts @ expected(left)
    return found


def summed(place: NDArray[np.int64], values: Array, size: int) -> Array:
    """Σ of the values at each place."""
    return np.bincount(place, values, size).astype(np.float64, copy=False)  # of nothing numpy counts in whole numbers


def _folded(counts: Array, curve: Array, end: int) -> float:
    """Σ over j of counts[j] · curve[end − j]."""
    n = min(end + 1, len(counts))
    return float(counts[:n] @ curve[end - n + 1 : end + 1][::-1])
