"""The time that a log is observed for: what was asked, what the log says, and what its summary carries along."""

from __future__ import annotations

from datetime import date, datetime

from ..errors import InvalidInput, warn
from .moments import day_of, from_day_number, parse_moment, parse_start


def observed(
    observation_start: object, observation_end: object, zone: str | None
) -> tuple[date | None, date | datetime | None]:
    """Start and end as asked for, in the log's zone; None where nothing was said.

    >>> observed(None, "2024-12-31", None)
    (None, datetime.date(2024, 12, 31))
    """
    start = parse_start(observation_start, zone)
    end = None if observation_end is None else parse_moment("observation_end", observation_end, zone)
    if start and end and start > day_of(end):
        raise InvalidInput(f"observation_start ({start}) must not be later than observation_end ({end})")
    return start, end


def last_date(day: int) -> date:
    """The last day of a log as the end of observation; warns of one that is still to come.

    >>> last_date(19723)
    datetime.date(2024, 1, 1)
    """
    end = from_day_number(day)
    if end > (today := datetime.now().date()):
        warn(
            f"the last date in the log, {end}, is later than today, {today}, and is taken for the end of "
            "observation: every T is too long. Correct such dates, or pass observation_end"
        )
    return end


def settings_of(
    *,
    time_unit: str,
    event_grain: str,
    observation_start: date | None,
    observation_end: date | datetime,
    tz: str | None,
    refunds: str,
) -> dict[str, str | None]:
    """How a log was read, as the facts of its summary say it."""
    return {
        "time_unit": time_unit,
        "event_grain": event_grain,
        # what somebody chose, never what the data say
        "observation_start": observation_start.isoformat() if observation_start else None,
        "observation_end": observation_end.isoformat(),
        "tz": tz,
        "refunds": refunds,
    }
