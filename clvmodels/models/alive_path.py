"""P(alive) of one customer, day by day, as it looked on each day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInput, NotEnoughData
from ..families.contract import PurchaseFamily
from ..frames import kind
from ..transactions import sql
from ..transactions.columns import Columns
from ..transactions.discrete import PERIODS, period_end, period_numbers
from ..transactions.history import History, Ticks, customer_history
from ..units import hours_in
from . import questions

if TYPE_CHECKING:
    import pandas as pd

_KNOWN = ("frequency", "recency", "T")
_POINTS_OF_LINES = 500


def alive_path(
    family: PurchaseFamily,
    parameters: Sequence[float],
    time_unit: str,
    log: Any,
    customer: Any,
    names: Columns,
    event_grain: str,
    observation_end: Any,
    points: int | None,
    tz: str | None,
    date_format: str | None,
) -> pd.DataFrame:
    """The frame that `PurchaseModel.alive_path` returns."""
    import pandas as pd

    if not set(family.statistics) <= set(_KNOWN):
        raise questions.cannot(family, "alive_path")
    if event_grain not in sql.GRAINS:
        raise InvalidInput(f"event_grain must be one of {', '.join(map(repr, sql.GRAINS))}; found {event_grain!r}")
    if points is not None and not (isinstance(points, (int, np.integer)) and points >= 2):
        raise InvalidInput(f"points must be a whole number of at least 2; found {points!r}")
    if customer is None and (isinstance(log, (str, Path)) or not hasattr(log, "__iter__") or kind(log)):
        raise InvalidInput("pass customer=, whose path it is; or, without one, the dates of his purchases as a list")
    if customer is None and not len(list(log)):
        raise NotEnoughData("there is no date: expected those of at least one purchase")
    if customer is None:
        log, customer, names = pd.DataFrame({"customer": 0, "date": list(log)}), 0, Columns("customer", "date", None)
    if family.time == "discrete":
        event_grain = time_unit  # a period is what holds a purchase or not
        if event_grain not in PERIODS:
            raise questions.cannot(family, f"alive_path in {time_unit}s")
    history = customer_history(
        log,
        customer,
        names,
        event_grain=event_grain,
        observation_end=observation_end,
        tz=tz,
        date_format=date_format,
    )
    if family.time == "discrete":
        return _by_period(family, parameters, time_unit, history, whole=observation_end is None)
    if points is None and event_grain == "line":
        points = _POINTS_OF_LINES
    at = _steps(history.events, history.end, event_grain, points)

    scale = history.tick / hours_in(time_unit)
    first, seen = history.events[0], np.searchsorted(history.events, at, side="right")
    known = {
        "frequency": (np.cumsum(history.purchases)[seen - 1] - 1).astype(np.float64),
        "recency": _units(history.events[seen - 1] - first, scale),
        "T": _units(at - first, scale),
    }
    # the end of observation need not be a whole tick: a day of a week, or 15:00 of a day
    ends = at == int(history.end)
    known["T"][ends] = float((history.end - int(first)) * scale)
    alive = questions.p_alive(family, 0.0, [known[name] for name in family.statistics], parameters)
    return pd.DataFrame({"date": _dates(at, history.end, history.tick), **known, "p_alive": alive})


def _by_period(
    family: PurchaseFamily, parameters: Sequence[float], period: str, history: History, *, whole: bool
) -> pd.DataFrame:
    """One row per period, dated at its last day; the last one counts as whole if nobody said where observation ends."""
    import pandas as pd

    bought = period_numbers(period, history.events)
    end = np.array([int(history.end) + (0 if whole else 1)])
    last = int(period_numbers(period, end)[0]) - (0 if whole else 1)
    at = np.arange(int(bought[0]), last + 1)
    if not len(at):
        raise NotEnoughData(f"no whole {period} of this customer lies before the end of observation")
    seen = np.searchsorted(bought, at, side="right")
    known = {
        "frequency": (seen - 1).astype(np.float64),
        "recency": (bought[seen - 1] - bought[0]).astype(np.float64),
        "T": (at - bought[0]).astype(np.float64),
    }
    alive = questions.p_alive(family, 0.0, [known[name] for name in family.statistics], parameters)
    dates = np.array([period_end(period, int(number)) for number in at], dtype="datetime64[us]")
    return pd.DataFrame({"date": pd.Series(dates), **known, "p_alive": alive})


def _steps(events: Ticks, end: Fraction, event_grain: str, points: int | None) -> Ticks:
    """Ticks from the first purchase to the end: every one of the grain, or some evenly spaced; and all purchases."""
    first, last = int(events[0]), int(end)
    if points is not None:
        steps = np.rint(np.linspace(first, last, points)).astype(np.int64)
    elif event_grain in ("month", "year"):
        unit = f"datetime64[{event_grain[0].upper()}]"
        grains = np.arange(np.datetime64(first, "D").astype(unit), np.datetime64(last, "D").astype(unit) + 1)
        steps = grains.astype("datetime64[D]").astype(np.int64)
    else:
        steps = np.arange(first, last + 1, 7 if event_grain == "week" else 1)
    return np.unique(np.concatenate([steps, events, [last]]))


def _units(ticks: Ticks, scale: Fraction) -> Any:
    """Divided once, as in a summary."""
    return ticks * scale.numerator / float(scale.denominator)


def _dates(at: Ticks, end: Fraction, tick: Fraction) -> Any:
    import pandas as pd

    microseconds = int(tick * 3_600_000_000)
    dates = np.datetime64(sql.EPOCH, "us") + (at * microseconds).astype("timedelta64[us]")
    dates[at == int(end)] = np.datetime64(sql.EPOCH + timedelta(microseconds=int(end * microseconds)), "us")
    return pd.Series(dates)
