"""The last day of a log."""

from __future__ import annotations

from datetime import date
from typing import Any

from ..errors import InvalidInput, NotEnoughData
from . import sources, sql
from .columns import Columns
from .dates import unreadable as is_unreadable
from .engine import connection
from .moments import from_day_number, parse_zone


def last_day(log: object, names: Columns, *, tz: str | None = None, date_format: str | None = None) -> date:
    """The day of the last line with a customer and a date, in the log's zone.

    Raises
    ------
    InvalidInput
        If the log cannot be read.
    NotEnoughData
        If no line has both.
    """
    with connection() as con:
        source = sources.register(con, log, names, parse_zone(tz), date_format)
        return last_day_of(con, source.reading, names)


def last_day_of(con: Any, reading: sql.Reading, names: Columns) -> date:
    """The same of a log that is registered already."""
    who = sql.known("customer_id", reading.customer)
    dated = f"SELECT customer_id, {sql.local_date(reading)} AS local_time FROM log"
    last = con.execute(f"SELECT MAX({sql.DAY}) FROM ({dated}) WHERE {who} IS NOT NULL").fetchall()[0][0]
    if last is not None:
        return from_day_number(last)
    odd = con.execute(f"SELECT MIN(date) FROM log WHERE {is_unreadable(reading)}").fetchall()[0][0]
    if odd is not None:
        raise InvalidInput(
            f"column {names.date!r} must hold dates as 2020-03-04 or 2020-03-04 15:00:00; found {odd!r}. "
            'Pass the date_format they are in, for example date_format="%d/%m/%Y"'
        )
    raise NotEnoughData("the log has no line with a customer and a date")
