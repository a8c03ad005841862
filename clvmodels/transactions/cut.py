"""Where a log is cut in two: the two moments, what cannot be cut, and the customers known by then."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, NotEnoughData, warn
from ..units import hours_in
from . import sql
from .columns import Columns
from .dates import Reading
from .moments import day_of, parse_moment
from .summarize import refuse_unknown


def refuse_keywords(function: str, reading: Mapping[str, Any]) -> None:
    """Raise for keywords that do not say how a log is to be read, in the name of the function called."""
    refuse_unknown(function, reading)
    if "observation_end" in reading:
        raise InvalidInput("calibration_end says where the summary ends; leave observation_end out")


def names_in(reading: Mapping[str, Any]) -> Columns:
    """The caller's names of the columns, where not given the usual ones."""
    named = {name: reading.get(name, name) for name in ("customer_id", "date", "amount")}
    return Columns(**named, order_id=reading.get("order_id"))


def parse_cut(
    calibration_end: object, holdout_end: object, zone: str | None
) -> tuple[date | datetime, date | datetime | None]:
    """Both moments in the log's zone; the second may be open."""
    cut = parse_moment("calibration_end", calibration_end, zone)
    end = None if holdout_end is None else parse_moment("holdout_end", holdout_end, zone)
    if end is not None and not is_later(end, cut):
        raise InvalidInput(f"holdout_end ({end}) must be later than calibration_end ({cut})")
    return cut, end


def refuse_empty_holdout(cut: date | datetime, end: date | datetime, last_date: date) -> None:
    """Refuse a calibration_end with nothing after it."""
    if last_date < day_of(cut) or not is_later(end, cut):
        raise InvalidInput(
            f"the holdout is empty: calibration_end is {cut} and the log ends on {last_date}. "
            "Give an earlier calibration_end"
        )


def refuse_no_later_line(con: Any, reading: Reading, cut: date | datetime) -> None:
    """Refuse a log without a line after calibration_end."""
    later = sql.lines_sql(reading, cut)
    if not con.execute(f"SELECT 1 FROM ({later}) AS later LIMIT 1").fetchall():
        raise NotEnoughData(f"the holdout is empty: no line of the log is dated after {cut}")


def is_later(end: date | datetime, cut: date | datetime) -> bool:
    """Whether anything can come after ``cut`` and until ``end``; a date is its whole day.

    >>> is_later(date(2024, 1, 31), datetime(2024, 1, 31, 12)), is_later(date(2024, 1, 31), date(2024, 1, 31))
    (True, False)
    """
    return last_instant(end) > last_instant(cut)


def last_instant(moment: date | datetime) -> datetime:
    """The last microsecond of a date, or the timestamp itself.

    >>> last_instant(date(2024, 1, 31)).isoformat()
    '2024-01-31T23:59:59.999999'
    """
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time.max)


def warn_of_a_cut_event(cut: date | datetime, event_grain: str) -> None:
    """Events of the grain that ``cut`` divides would count on both sides of it."""
    next_instant = last_instant(cut) + timedelta(microseconds=1)
    starts = {
        "line": True,
        "hour": next_instant.time() == time(next_instant.hour),
        "day": next_instant.time() == time(0),
        "week": next_instant.time() == time(0) and next_instant.weekday() == 0,
        "month": next_instant.time() == time(0) and next_instant.day == 1,
        "year": next_instant.time() == time(0) and (next_instant.month, next_instant.day) == (1, 1),
    }
    if not starts[event_grain]:
        warn(
            f"calibration_end ({cut}) lies within a {event_grain}: what a customer bought in that {event_grain} before "
            f"and after it counts as two purchases. Give the end of a {event_grain}, or a finer event_grain"
        )


def length_between(cut: date | datetime, end: date | datetime, event_grain: str, time_unit: str) -> float:
    """From one to the other in the time unit, exact but for one rounding.

    >>> length_between(date(1997, 9, 30), date(1998, 6, 30), "day", "week")
    39.0
    """
    ticks = sql.end_tick(end, event_grain) - sql.end_tick(cut, event_grain)
    return float(ticks * sql.GRAINS[event_grain][1] / hours_in(time_unit))


def zero_of(facts: Mapping[str, str | None]) -> datetime:
    """The instant from which the times of events count: where T ends, by the facts of a summary.

    With the grain "day" or a coarser one events are dated at midnight, and T ends at the midnight that begins the last
    day; else at the one that ends it.

    >>> zero_of({"observation_end": "1997-09-30", "event_grain": "day"}).isoformat()
    '1997-09-30T00:00:00'
    """
    grain = facts.get("event_grain") or "day"
    ticks = sql.end_tick(parse_moment("observation_end", facts.get("observation_end"), None), grain)
    return sql.EPOCH + timedelta(microseconds=int(ticks * sql.GRAINS[grain][1] * 3_600_000_000))


def instant_after(facts: Mapping[str, str | None], name: str) -> datetime:
    """Where the period ends that a fact names: the midnight after a date, or the timestamp itself.

    >>> instant_after({"holdout_end": "1998-06-30"}, "holdout_end").isoformat()
    '1998-07-01T00:00:00'
    """
    moment = parse_moment(name, facts.get(name), None)
    return moment if isinstance(moment, datetime) else last_instant(moment) + timedelta(microseconds=1)


def register_customers(con: Any, frame: frames.Frame) -> str:
    """Make the frame's customers a relation with their positions; the log's own ids, as the summary shows them."""
    import pyarrow as pa

    ids: Any = frames.identifiers(frame)
    column = ids.to_arrow() if hasattr(ids, "to_arrow") else pa.Array.from_pandas(ids) if hasattr(ids, "iloc") else ids
    con.register("known_ids", pa.table({"customer_id": column, "position": np.arange(frames.n_rows(frame))}))
    return "known_ids"
