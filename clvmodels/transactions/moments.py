"""Dates and timestamps as callers write them, turned into dates or naive datetimes in the log's zone."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..errors import InvalidInput

EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Days since 1970-01-01.

    >>> day_number(date(1970, 1, 2))
    1
    """
    return day.toordinal() - EPOCH.toordinal()


def from_day_number(number: int) -> date:
    """The date so many days after 1970-01-01.

    >>> from_day_number(1)
    datetime.date(1970, 1, 2)
    """
    return date.fromordinal(number + EPOCH.toordinal())


def day_of(moment: date | datetime) -> date:
    """The day of a date or timestamp."""
    return moment.date() if isinstance(moment, datetime) else moment


def parse_start(value: object, zone: str | None = None) -> date | None:
    """observation_start as a date; a time of day other than midnight is refused.

    >>> parse_start("2020-03-04")
    datetime.date(2020, 3, 4)
    """
    if value is None:
        return None
    moment = parse_moment("observation_start", value, zone)
    if isinstance(moment, datetime) and moment.time() != time(0):
        raise InvalidInput(f"observation_start must be a date like 2020-03-04; found the time {value!r}")
    return day_of(moment)


def parse_moment(name: str, value: object, zone: str | None) -> date | datetime:
    """A date stays one; a timestamp becomes a naive one, in the log's zone if it has one of its own.

    >>> parse_moment("observation_end", "2020-03-04T15:00", None)
    datetime.datetime(2020, 3, 4, 15, 0)
    """
    moment: Any = value
    if type(moment).__module__ == "numpy" and hasattr(moment, "dtype") and moment.dtype.kind == "M":
        moment = moment.item() if moment.dtype == "datetime64[D]" else moment.astype("datetime64[us]").item()
    if isinstance(moment, str):
        moment = _from_text(moment)
    if not isinstance(moment, date) or moment != moment:  # a missing timestamp differs from itself
        raise InvalidInput(f"{name} must be a date or datetime, or ISO text like 2020-03-04; found {value!r}")
    if not isinstance(moment, datetime):
        return date(moment.year, moment.month, moment.day)
    if type(moment) is not datetime:  # pandas' own has nanoseconds, which nothing here counts
        moment = datetime(*moment.timetuple()[:6], moment.microsecond, moment.tzinfo, fold=moment.fold)
    exact: datetime = moment
    if exact.tzinfo is None:
        return exact
    if zone is None:
        raise InvalidInput(f"{name} has a time zone ({value}), and the dates of the log have none: pass it without")
    return exact.astimezone(_timezone(zone)).replace(tzinfo=None)


def parse_zone(tz: object) -> str | None:
    """A time zone by name or as a fixed offset; None stays None.

    >>> parse_zone("+02:00")
    '+02:00'
    """
    if tz is None:
        return None
    if isinstance(tz, str) and re.fullmatch(r"[+-]\d\d:\d\d|[A-Za-z][A-Za-z0-9_+/-]*", tz):
        try:
            _timezone(tz)
            return tz
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    raise InvalidInput(
        'tz must be the name of a time zone such as "Europe/Berlin" or "UTC", or an offset such as "+02:00"; '
        f"found {tz!r}"
    )


def _from_text(text: str) -> date | datetime | None:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return date.fromisoformat(text)
        # 20200304 is ISO too, but a log must not write it either
        return datetime.fromisoformat(text) if re.match(r"\d{4}-\d\d-\d\d[ T]", text) else None
    except ValueError:
        return None


def _timezone(zone: str) -> tzinfo:
    offset = re.fullmatch(r"([+-])(\d\d):(\d\d)", zone)
    if not offset:
        return ZoneInfo(zone)
    size = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
    return timezone(-size if offset[1] == "-" else size)
