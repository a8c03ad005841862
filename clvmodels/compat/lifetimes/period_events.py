"""A log as lifetimes reads it: lines of one customer in one calendar period are one purchase, dated at its start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...errors import InvalidInput
from ...frames import attach_facts
from ...numerics.arrays import Array, Positions
from ...units import HOURS
from .differences import tell

# what pandas called them until 2.2, and what it calls the ends of them
_ALIASES = {"H": "h", "T": "min", "S": "s", "A": "Y", "ME": "M", "QE": "Q", "YE": "Y", "d": "D", "w": "W"}
_SHORT = {"h": "h", "min": "m", "s": "s", "ms": "ms", "us": "us", "ns": "ns"}  # counted from the epoch, as NumPy does
_MISSING, _LATEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max
_GRAINS = {"W": "week", "W-SUN": "week", "D": "day", "h": "hour", "M": "month"}
_LENGTHS = {"W": 168.0, "D": 24.0, "h": 1.0, "min": 1 / 60, "s": 1 / 3600, "M": 730.5, "Q": 2191.5, "Y": 8766.0}


@dataclass(frozen=True)
class Lines:
    """The lines of a log.

    Attributes
    ----------
    texts
        The dates as they were given.
    dates
        The same as timestamps of the wall clock.
    owner
        A number for each line's customer, in their order; below 0 where there is none.
    ids
        What the numbers stand for.
    periods
        The period of each line, counted as pandas counts them.
    amounts
        What each line came to, if the log says so; NaN where it does not.
    """

    texts: pd.Series[Any]
    dates: pd.Series[Any]
    owner: Positions
    ids: pd.Index
    periods: Positions
    amounts: Array | None

    def named(self, owners: Positions, name: Any) -> pd.Index:
        """The ids of some customers, as an index."""
        return self.ids.take(owners).infer_objects().rename(name)


@dataclass(frozen=True)
class Events:
    """The purchases among some lines: customers in order, and the periods of each rising.

    Attributes
    ----------
    owners
        The numbers of the customers who bought, in order.
    starts
        Where the purchases of each begin.
    periods
        The period of each purchase.
    lines
        Where the lines of each purchase begin, once all lines are in this order.
    money
        What each purchase came to, if the log says so.
    """

    owners: Positions
    starts: Positions
    periods: Positions
    lines: Positions
    money: Array | None

    @property
    def counts(self) -> Positions:
        """How many purchases each customer made."""
        return np.diff(self.starts, append=len(self.periods))

    @property
    def first(self) -> Positions:
        """The period in which each customer first bought."""
        return self.periods[self.starts]


def period_of(freq: str) -> str:
    """The calendar period that a frequency names, as pandas calls it: "h" for "H" too.

    >>> period_of("H"), period_of("D")
    ('h', 'D')
    """
    name = _ALIASES.get(freq, freq) if isinstance(freq, str) else "B"
    if name in ("M", "Q", "Y"):
        tell("calendar_months")
    if name == "B" or pd.PeriodDtype(name).freq.n != 1:
        raise InvalidInput(
            f"freq must be one calendar period, such as 'D', 'W', 'M' or 'h'; found {freq!r}. "
            "To measure time in several of them at once, pass freq_multiplier="
        )
    return name


def as_dates(column: pd.Series[Any], datetime_format: str | None) -> pd.Series[Any]:
    """A column of dates as timestamps of the wall clock."""
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
    if datetime_format is not None and pd.api.types.is_integer_dtype(column.dtype):
        column = column.astype(str)  # 19970930, which pandas is about to take for nanoseconds
    dates: pd.Series[Any] = pd.to_datetime(column, format=datetime_format)
    return dates.dt.tz_localize(None) if getattr(dates.dt, "tz", None) is not None else dates


def as_moment(moment: Any, datetime_format: str | None) -> pd.Timestamp:
    """One date as a timestamp of the wall clock."""
    found = moment.to_timestamp() if isinstance(moment, pd.Period) else pd.to_datetime(moment, format=datetime_format)
    if not isinstance(found, pd.Timestamp):
        raise InvalidInput(f"expected a date; found {moment!r}: is there any line with a date in the log?")
    return found.tz_localize(None) if found.tzinfo is not None else found


def numbers_of(dates: pd.Series[Any], period: str) -> Positions:
    """Which period each date lies in; what a missing date gives has no meaning."""
    name = period if period in _SHORT else "D"
    steps = dates.to_numpy().astype(f"datetime64[{_SHORT.get(period, 'D')}]").view(np.int64)
    known = steps[steps != _MISSING] if dates.hasnans else steps
    if name == period or not len(known):
        return steps
    # one calendar lookup a day, and not one a line
    least, most = int(known.min()), int(known.max())
    days = np.arange(least, most + 1).astype("datetime64[D]").astype("datetime64[s]")
    numbers = pd.DatetimeIndex(days).to_period(period).asi8
    return numbers[np.where(steps == _MISSING, 0, steps - least) if dates.hasnans else steps - least]


def as_periods(numbers: Positions, period: str) -> pd.PeriodIndex:
    """The periods that numbers stand for."""
    return pd.PeriodIndex.from_ordinals(numbers, freq=period)  # type: ignore[attr-defined, no-any-return]


def lines_of(
    transactions: pd.DataFrame,
    customer_id_col: Any,
    datetime_col: Any,
    monetary_value_col: Any,
    datetime_format: str | None,
    period: str,
) -> Lines:
    """The lines of a log, read once."""
    texts = transactions[datetime_col]
    dates = as_dates(texts, datetime_format)
    owner, ids = _coded(transactions[customer_id_col])
    amounts = None
    if monetary_value_col:
        amounts = transactions[monetary_value_col].to_numpy(dtype=np.float64, na_value=np.nan)
    periods = numbers_of(dates, period)
    if dates.hasnans:
        owner = np.where(dates.isna(), -1, owner)  # of nobody, as it is of no time
    return Lines(texts, dates, owner, ids, periods, amounts)


def read_otherwise(lines: Lines, *, end: bool, first: bool) -> bool:
    """Whether dates that are text have another order as text, and so another last or first one of a customer.

    ``end`` and ``first`` say which of the two matters.
    """
    column = lines.texts
    if not (pd.api.types.is_string_dtype(column.dtype) or column.dtype == object) or not (end or first):
        return False
    code, texts = pd.factorize(column)
    if not len(texts) or not all(isinstance(text, str) for text in texts):
        return False
    rank = np.empty(len(texts), dtype=np.int64)
    rank[np.argsort(np.asarray(texts, dtype=object), kind="stable")] = np.arange(len(texts))
    numbers = np.zeros(len(texts), dtype=np.int64)
    dated = code >= 0
    numbers[code[dated]] = lines.periods[dated]
    by_rank = numbers[np.argsort(rank)]
    if np.all(by_rank[1:] >= by_rank[:-1]):
        return False
    if end and by_rank[-1] != by_rank.max():
        return True
    known = (lines.owner >= 0) & dated
    customers = int(lines.owner.max(initial=0)) + 1
    least, earliest = np.full((2, customers), _LATEST)
    np.minimum.at(least, lines.owner[known], rank[code[known]])
    np.minimum.at(earliest, lines.owner[known], lines.periods[known])
    bought = earliest < _LATEST
    return first and bool(np.any(by_rank[least[bought]] != earliest[bought]))


def events_of(lines: Lines, kept: NDArray[np.bool_] | np.bool_, last: int) -> Events:
    """The purchases among some of the lines, up to a period; lines without customer or date are none."""
    kept = kept & (lines.owner >= 0) & (lines.periods <= last)
    everything = bool(kept.all())
    owner, at = (lines.owner, lines.periods) if everything else (lines.owner[kept], lines.periods[kept])
    order = _in_order(owner, at)
    if order is not None:
        owner, at = owner[order], at[order]
    new_customer = np.diff(owner, prepend=-1) != 0
    begins = np.flatnonzero(new_customer | (np.diff(at, prepend=0) != 0))
    starts = np.flatnonzero(new_customer[begins])
    money = None
    if lines.amounts is not None:
        amounts = np.nan_to_num(lines.amounts if everything else lines.amounts[kept], posinf=np.inf, neginf=-np.inf)
        money = _totals(amounts if order is None else amounts[order], begins)
    return Events(owner[begins[starts]], starts, at[begins], begins, money)


def _coded(customers: pd.Series[Any]) -> tuple[Positions, pd.Index]:
    """A number for each customer, in their order, and the ids that the numbers stand for."""
    if isinstance(customers.dtype, np.dtype) and customers.dtype.kind == "i" and len(customers):
        values = customers.to_numpy(dtype=np.int64)
        least, most = int(values.min()), int(values.max())
        if most - least < 4 * len(values):  # numbers already, with few gaps
            return values - least, pd.Index(np.arange(least, most + 1, dtype=customers.dtype))
    owner, ids = pd.factorize(customers, sort=True)
    return owner.astype(np.int64, copy=False), pd.Index(ids)


def _in_order(owner: Positions, at: Positions) -> Positions | None:
    """How lines are put in the order of customers and periods; None if they are in it."""
    if not len(at):
        return None
    least = int(at.min())
    span, customers = int(at.max()) - least + 1, int(owner.max()) + 1
    if span * customers >= 2**63:
        return np.lexsort((at, owner))
    key = owner * np.int64(span) + (at - least)
    if bool(np.all(key[1:] >= key[:-1])):
        return None
    if span * customers * len(at) >= 2**63:
        return np.argsort(key, kind="stable")
    # the number of the line as last digits: sorting numbers takes half the time of sorting positions by them
    return np.asarray(np.sort(key * len(at) + np.arange(len(at))) % len(at))


def _totals(amounts: Array, lines: Positions) -> Array:
    if not len(lines):
        return np.zeros(0)
    totals = np.add.reduceat(amounts, lines)
    if amounts.min() < 0:  # what is left of a refund is nothing, and not what rounding leaves of it
        totals[np.abs(totals) < 1e-13 * np.add.reduceat(np.abs(amounts), lines)] = 0.0
    return totals


def with_facts(frame: pd.DataFrame, period: str, multiplier: float) -> pd.DataFrame:
    """The frame, which now knows the time unit in which it was measured, if that has a name."""
    name = period.split("-")[0]
    length = _LENGTHS.get(name, 0.0) * multiplier
    units = [unit for unit, hours in HOURS.items() if abs(length / float(hours) - 1) < 1e-9]
    if not units:
        return frame
    grain = {"event_grain": _GRAINS[period]} if period in _GRAINS else {}
    told: pd.DataFrame = attach_facts(frame, {"time_unit": units[0], **grain, **longest_of(frame)})
    return told


def longest_of(summary: pd.DataFrame) -> dict[str, str]:
    """The longest T of a summary as a fact of it, if it has any: it tells a unit that is changed later.

    >>> longest_of(pd.DataFrame({"T": [38.86, 12.0]}))
    {'longest_T': '38.86'}
    """
    T = next((summary[name] for name in ("T", "T_cal") if name in summary), None)
    return {} if T is None or not len(T) else {"longest_T": repr(float(T.max()))}
