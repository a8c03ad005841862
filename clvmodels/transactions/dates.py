"""How the dates of a log are read: the SQL expressions, and what to say of text that is no date."""

from __future__ import annotations

import re
from dataclasses import dataclass

DAY_AND_TIME = r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?"
OFFSET = r"(Z|[+-]\d{2}(:?\d{2})?)"
# a bare date is the usual case and is told by its dashes; only what is longer pays for a regular expression
_IS_DAY = "LENGTH(date) = 10 AND SUBSTR(date, 5, 1) = '-' AND SUBSTR(date, 8, 1) = '-'"
_IS_MOMENT = f"LENGTH(date) > 10 AND REGEXP_MATCHES(date, '^{DAY_AND_TIME}$')"
AMBIGUOUS = r"^\s*\d{1,2}([./-])\d{1,2}[./-](\d{4}|\d{2})(\D.*)?$"  # 3/4/2020: the third of April, or March the fourth


@dataclass(frozen=True)
class Reading:
    """How the columns of the log are to be read: the kinds of their types, and the zone in which days are counted."""

    customer: str  # "text", "float" or "other"
    date: str  # "text", "date", "timestamp", "zoned" or "instant" (in UTC, without saying so)
    zone: str | None
    money: bool
    date_format: str | None = None
    order: str | None = None  # as customer; None where orders do not matter


def local_date(reading: Reading) -> str:
    """The date in the log's own zone, cast once; NULL where text is no date."""
    zone = reading.zone or "UTC"
    if reading.date == "text" and reading.date_format is not None:
        return _formatted(reading.date_format, zone)
    if reading.date == "text":
        offset = "" if reading.zone is None else f" WHEN {_has_offset()} THEN {in_zone(_instant(), zone)}"
        return (
            f"CASE WHEN {_IS_DAY} THEN CAST(TRY_CAST(date AS DATE) AS TIMESTAMP) "
            f"WHEN {_IS_MOMENT} THEN TRY_CAST(date AS TIMESTAMP){offset} END"
        )
    if reading.date == "zoned":
        return in_zone("CAST(date AS TIMESTAMP WITH TIME ZONE)", zone)
    if reading.date == "instant":
        return in_zone("(CAST(date AS TIMESTAMP) AT TIME ZONE 'UTC')", zone)
    return "CAST(date AS DATE)" if reading.date == "date" else "CAST(date AS TIMESTAMP)"


def unreadable(reading: Reading) -> str:
    """Whether a line's date is text that is no date."""
    return f"date <> '' AND ({local_date(reading)}) IS NULL"


def styles_sql(reading: Reading) -> str:
    """One row about the dates that cannot be read: in how many ways, and what the ambiguous ones leave open."""
    numbers = r"REGEXP_EXTRACT(date, '^\s*(\d{1,2})[./-](\d{1,2})[./-]', %d)"
    return f"""
SELECT COUNT(CASE WHEN ambiguous THEN 1 END) AS ambiguous,
  MAX(CASE WHEN ambiguous THEN CAST({numbers % 1} AS INTEGER) END) AS first_number,
  MAX(CASE WHEN ambiguous THEN CAST({numbers % 2} AS INTEGER) END) AS second_number,
  COUNT(CASE WHEN {_has_offset()} THEN 1 END) AS with_offset
FROM (SELECT date, REGEXP_MATCHES(date, '{AMBIGUOUS}') AS ambiguous FROM log WHERE {unreadable(reading)}) AS unread
"""


def formats_for(example: str) -> tuple[str, str]:
    """The two formats in which an ambiguous date may be written: day first, month first.

    >>> formats_for("3.4.2020 10:30")
    ('%d.%m.%Y %H:%M', '%m.%d.%Y %H:%M')
    >>> formats_for("03/04/20")
    ('%d/%m/%y', '%m/%d/%y')
    """
    day, between, after, year, rest = re.match(r"\s*(\d+)(\D)\d+(\D)(\d+)(.*)", example, re.DOTALL).groups()  # type: ignore[union-attr]
    del day
    clock = re.match(r"(\D*)\d{1,2}:\d{2}(:\d{2})?(\.\d+)?(\s*[AaPp][Mm])?", rest)
    time = ""
    if clock:
        seconds, fraction = ("%S" if clock[2] else ""), (".%f" if clock[3] else "")
        half = " %p" if clock[4] and clock[4][0].isspace() else "%p" if clock[4] else ""
        time = f"{clock[1]}{'%I' if clock[4] else '%H'}:%M{':' if seconds else ''}{seconds}{fraction}{half}"
    years = "%Y" if len(year) == 4 else "%y"
    return f"%d{between}%m{after}{years}{time}", f"%m{between}%d{after}{years}{time}"


def _formatted(date_format: str, zone: str) -> str:
    literal = date_format.replace("'", "''")
    parsed = f"TRY_STRPTIME(date, '{literal}')"
    local = in_zone(parsed, zone) if "%z" in date_format else parsed
    # %Y takes the 20 of 03/04/20 for the year 20
    return f"CASE WHEN {local} >= TIMESTAMP '1000-01-01 00:00:00' THEN {local} END"


def _instant() -> str:
    return "TRY_CAST(date AS TIMESTAMP WITH TIME ZONE)"


def in_zone(instant: str, zone: str) -> str:
    """Local time; a fixed offset, which Arrow writes as +02:00, is added to UTC: engines name them differently."""
    if zone[0] not in "+-":
        return f"{instant} AT TIME ZONE '{zone}'"
    hours, minutes = zone[1:].split(":")
    return f"({instant} AT TIME ZONE 'UTC') + INTERVAL '{zone[0]}{60 * int(hours) + int(minutes)}' MINUTE"


def _has_offset() -> str:
    return f"REGEXP_MATCHES(date, '^{DAY_AND_TIME}{OFFSET}$')"
