"""Reads a forecast that was saved: its customers, where it began and how far it reaches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, UnitMismatch
from ..models import statistics
from ..transactions.moments import parse_moment
from ..units import hours_in


@dataclass(frozen=True)
class Made:
    """A forecast: one row a customer, and what it is about.

    Attributes
    ----------
    frame
        As it was read.
    observation_end, end
        Where it begins and ends: dates, whose whole day counts, or timestamps; ``end`` is None if it is for ever.
    time_unit
        Of its horizon.
    notes
        What was rounded.
    """

    frame: Any
    observation_end: date | datetime
    end: date | datetime | None
    time_unit: str
    notes: tuple[str, ...]


def read_forecast(scored: Any, observation_end: Any, horizon: Any, time_unit: Any, event_grain: str) -> Made:
    """Read and check a forecast; the keywords say what it does not say itself, and must not contradict it."""
    frame = frames.load(scored)
    there = frames.column_names(frame)
    missing = [name for name in ("customer_id", "expected_purchases") if name not in there]
    if missing:
        raise InvalidInput(
            "a forecast has the columns customer_id and expected_purchases, as forecast, score and CLVModel.predict "
            f"give them for one horizon; found {', '.join(there) or 'none'}"
        )
    if not frames.n_rows(frame):
        raise InvalidInput("the forecast has no row, so there is nothing to check")
    statistics.refuse_duplicates(frame)
    expected = frames.numeric(frame, "expected_purchases")
    statistics.refuse(frame, ~(expected >= 0), expected, "expected_purchases", "must be a number of at least 0")
    unit = str(_said(frame, "time_unit", time_unit))
    try:
        length = float(_said(frame, "horizon", horizon))
    except (TypeError, ValueError):
        raise InvalidInput(f"horizon must be one number; found {_said(frame, 'horizon', horizon)!r}") from None
    if not length > 0:
        raise InvalidInput(f"the horizon of a forecast to check must be above 0; found {length!r}")
    facts = frames.read_facts(frame)
    begin = parse_moment("observation_end", _said(frame, "observation_end", observation_end), facts.get("tz"))
    end, note = end_of(begin, length, unit, event_grain)
    return Made(frame, begin, end, unit, (note,) if note else ())


def end_of(
    begin: date | datetime, horizon: float, time_unit: str, event_grain: str
) -> tuple[date | datetime | None, str]:
    """Where a horizon ends, None for ever, and a note if that was rounded to a whole day.

    >>> end_of(date(1997, 9, 30), 39.0, "week", "day")
    (datetime.date(1998, 6, 30), '')
    """
    hours = horizon * float(hours_in(time_unit))
    if math.isinf(hours):
        return None, ""
    try:
        if isinstance(begin, datetime):
            return begin + timedelta(hours=hours), ""
        days = hours / 24
        whole = round(days)
        if whole == days:
            return begin + timedelta(days=whole), ""
        if event_grain in ("line", "hour"):
            return datetime.combine(begin + timedelta(days=1), time(0)) + timedelta(hours=hours), ""
        end = begin + timedelta(days=max(whole, 1))
    except OverflowError:
        raise InvalidInput(f"the horizon of {horizon:g} {time_unit}s reaches beyond the calendar") from None
    return end, f"the horizon of {days:,.2f} days is compared with {max(whole, 1):,} whole days"


def _said(frame: Any, name: str, keyword: Any) -> Any:
    """One value for the whole forecast: from its column, its metadata, or the keyword."""
    own = _one_of_column(frame, name) if name in frames.column_names(frame) else frames.read_facts(frame).get(name)
    if own is None and keyword is None:
        raise InvalidInput(
            f"the forecast does not say its {name}, neither as a column nor in its metadata (CSV and merges lose the "
            f"latter): pass {name}="
        )
    if own is not None and keyword is not None and not _same(own, keyword):
        error = UnitMismatch if name == "time_unit" else InvalidInput
        raise error(f"{name}={keyword!r} was passed, the forecast says {own!r}: leave {name} out")
    return keyword if own is None else own


def _same(own: Any, keyword: Any) -> bool:
    if isinstance(own, (int, float)) or isinstance(keyword, (int, float)):
        try:
            return float(own) == float(keyword)
        except (TypeError, ValueError):
            return False
    return str(own) == str(keyword)


def _one_of_column(frame: Any, name: str) -> Any:
    import pandas as pd

    column = frame.column(name) if frames.kind(frame) == "arrow" else frame[name]
    values = pd.Series(column.to_pandas() if frames.kind(frame) == "arrow" else np.asarray(column))
    if values.isna().any():
        raise InvalidInput(f"{name} must be the same in every row; it is missing in {int(values.isna().sum()):,} rows")
    found = values.drop_duplicates()
    if len(found) > 1:
        raise InvalidInput(
            f"{name} must be the same in every row of a forecast; found {len(found):,} values, first "
            f"{found.iloc[0]!s} and {found.iloc[1]!s}. Check each forecast by itself"
        )
    value = found.iloc[0]
    return value.item() if isinstance(value, np.generic) and not isinstance(value, np.datetime64) else value
