"""The purchases of one customer, one by one, from any log that can be summarised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInput, NotEnoughData
from . import sources, sql
from .columns import Columns
from .engine import connection
from .last_day import last_day_of
from .moments import parse_moment, parse_zone

Ticks = NDArray[np.int64]


@dataclass(frozen=True)
class History:
    """When one customer bought and how long he was watched, in ticks since 1970-01-01.

    Attributes
    ----------
    events
        Distinct ticks with a purchase, in order; at least one.
    purchases
        How many purchases each event is: 1, or with the grain "line" the number of lines.
    end
        Where observation ends, in ticks.
    tick
        The length of a tick in hours.
    """

    events: Ticks
    purchases: Ticks
    end: Fraction
    tick: Fraction


def customer_history(
    log: object,
    customer: object,
    names: Columns,
    *,
    event_grain: str,
    observation_end: object,
    tz: str | None = None,
    date_format: str | None = None,
) -> History:
    """Read the purchases of one customer up to the end of observation, by default the last date in the log.

    Raises
    ------
    InvalidInput
        If the log cannot be read, or has no such customer.
    NotEnoughData
        If he bought nothing until the end of observation.
    """
    with connection() as con:
        source = sources.register(con, log, names, parse_zone(tz), date_format)
        reading = source.reading
        end = None if observation_end is None else parse_moment("observation_end", observation_end, reading.zone)
        event, tick = sql.GRAINS[event_grain]
        dated = f"SELECT customer_id, {sql.local_date(reading)} AS local_time FROM log"
        if end is None:
            end = last_day_of(con, reading, names)
        same, value = _same(reading, customer)
        if not con.execute(f"SELECT COUNT(*) FROM log WHERE {same}", [value]).fetchall()[0][0]:
            raise InvalidInput(f"there is no customer {customer!r} in the log{_some(con, reading)}")
        unreadable, first = con.execute(
            f"SELECT COUNT(*), MIN(CAST(date AS VARCHAR)) FROM log WHERE {same} AND date IS NOT NULL "
            f"AND CAST(date AS VARCHAR) <> '' AND ({sql.local_date(reading)}) IS NULL",
            [value],
        ).fetchall()[0]
        if unreadable:
            raise InvalidInput(
                f"column {names.date!r} must hold dates as 2020-03-04 or 2020-03-04 15:00:00; {unreadable:,} lines of "
                f"customer {customer!r} are written otherwise, such as {first!r}. Pass the "
                "date_format they are in, or convert them first"
            )
        rows = con.execute(
            f"SELECT {event} AS event, COUNT(*) AS lines FROM ({dated} WHERE {same}) "
            f"WHERE local_time IS NOT NULL{_in_time(end)} GROUP BY 1 ORDER BY 1",
            [value],
        ).fetchall()
    if not rows:
        raise NotEnoughData(f"customer {customer!r} has no purchase until the end of observation, {end}")
    events, lines = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    purchases = lines if event_grain == "line" else np.ones_like(lines)
    return History(events, purchases, sql.end_tick(end, event_grain), tick)


def _same(reading: sql.Reading, customer: object) -> tuple[str, Any]:
    """A condition on a line of the log, and the value that it compares with."""
    if reading.customer == "float":
        try:
            return "customer_id = CAST(? AS DOUBLE)", float(customer)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            pass
    return "CAST(customer_id AS VARCHAR) = CAST(? AS VARCHAR)", str(customer)


def _some(con: Any, reading: sql.Reading) -> str:
    who = sql.known("customer_id", reading.customer)
    found = con.execute(
        f"SELECT DISTINCT {who} AS customer FROM log WHERE {who} IS NOT NULL ORDER BY 1 LIMIT 3"
    ).fetchall()
    return ", which has for example " + ", ".join(repr(row[0]) for row in found) if found else ""


def _in_time(end: date | datetime) -> str:
    if isinstance(end, datetime):
        return f" AND CAST(local_time AS TIMESTAMP) <= TIMESTAMP '{end.isoformat(sep=' ')}'"
    return f" AND CAST(local_time AS DATE) <= DATE '{end.isoformat()}'"
