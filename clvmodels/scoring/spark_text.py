"""The embedded engine's SQL text as Spark reads it, dates that are text included.

Spark's own readers of text differ: an offset needs seconds before it and a colon in it, and formats are those of Java,
which read through the session's time zone. So what is written is taken apart by regular expressions, and put together
as local time, which no zone and no ANSI mode changes. All else is `transactions.dialects`.
"""

from __future__ import annotations

import re
from typing import Any

from ..errors import InvalidInput, NotAvailable
from ..transactions.dialects import lowered, sqlglot

_OFFSET = r"(Z|[+-]\\d{2}(:?\\d{2})?)$"

# what a directive of strptime matches, and which part of the date it is; numbers may lack their leading zero
_DIRECTIVES = {
    "%d": (r"(\\d{1,2})", "day"),
    "%m": (r"(\\d{1,2})", "month"),
    "%Y": (r"(\\d{4})", "year"),
    "%y": (r"(\\d{2})", "short_year"),
    "%H": (r"(\\d{1,2})", "hour"),
    "%I": (r"(\\d{1,2})", "half_hour"),
    "%p": (r"([AaPp][Mm])", "half"),
    "%M": (r"(\\d{1,2})", "minute"),
    "%S": (r"(\\d{1,2})", "second"),
    "%f": (r"(\\d{1,6})", "fraction"),
    "%z": (r"(Z|[+-]\\d{2}(?::?\\d{2})?)", "offset"),
}


def spark_text(text: str) -> str:
    """The text in Spark's dialect.

    >>> print(spark_text("SELECT CAST(date AS TIMESTAMP) AS local_time FROM log"))
    SELECT
      CAST(date AS TIMESTAMP_NTZ) AS local_time
    FROM log
    """
    tree = sqlglot().parse_one(text, read="duckdb").transform(_text_dates)
    return str(lowered(tree, "spark").sql("spark", pretty=True))


def _text_dates(node: Any) -> Any:
    """Text with an offset, and text in a format, as arithmetic on what regular expressions find in it."""
    from sqlglot import exp, parse_one

    if isinstance(node, exp.AtTimeZone):
        instant, zone = node.this, node.args["zone"].name
        if isinstance(instant, exp.TryCast):
            date = instant.this.sql("spark")
            utc = _less_offset(f"TRY_CAST(REGEXP_REPLACE({date}, '{_OFFSET}', '') AS TIMESTAMP_NTZ)", date)
        elif _is_format(instant):
            utc = _of_format(instant)
        else:
            return node
        written = utc if zone == "UTC" else f"CONVERT_TIMEZONE('UTC', '{zone}', {utc})"
    elif _is_format(node):
        written = _of_format(node)
    else:
        return node
    return parse_one(f"({written})", read="spark")


def _is_format(node: Any) -> bool:
    return bool(node.name.upper() == "TRY_STRPTIME")


def _of_format(node: Any) -> str:
    column, pattern = node.expressions
    return _parsed(column.sql("spark"), pattern.name)


def _less_offset(moment: str, date: str) -> str:
    """A local time written with an offset, in UTC; NULL stays NULL, and nothing here can raise."""
    found = f"REGEXP_EXTRACT({date}, '{_OFFSET}', 1)"
    digits = f"RPAD(REPLACE(REPLACE({found}, 'Z', '+0000'), ':', ''), 5, '0')"
    minutes = f"TRY_CAST(SUBSTR({digits}, 2, 2) AS INT) * 60 + TRY_CAST(SUBSTR({digits}, 4, 2) AS INT)"
    ahead = f"CASE WHEN {digits} LIKE '-%' THEN {minutes} ELSE -({minutes}) END"
    return f"TIMESTAMPADD(MINUTE, {ahead}, {moment})"


def _ticks(moment: str, unit: str) -> str:
    """Whole hours or microseconds since the epoch of a local time."""
    hours = f"CAST(DATEDIFF(DAY, DATE '1970-01-01', CAST({moment} AS DATE)) AS BIGINT) * 24 + HOUR({moment})"
    if unit == "HOUR":
        return hours
    seconds = f"CAST(EXTRACT(SECOND FROM {moment}) * 1000000 AS BIGINT)"
    return f"(({hours}) * 60 + MINUTE({moment})) * 60000000 + {seconds}"


def _parsed(date: str, date_format: str) -> str:
    """Local time (with %z: that in UTC) of text in a format of strptime; NULL where the text is written otherwise."""
    regex, parts = _pattern(date_format)

    def part(name: str, missing: str = "00") -> str:
        return f"REGEXP_EXTRACT({date}, '{regex}', {parts.index(name) + 1})" if name in parts else f"'{missing}'"

    year = part("year")
    if "short_year" in parts:  # as strptime has it: 69 to 99 are of the last century
        short = part("short_year")
        year = f"CONCAT(CASE WHEN {short} >= '69' THEN '19' ELSE '20' END, {short})"
    hour = part("hour")
    if "half_hour" in parts:
        number = f"TRY_CAST({part('half_hour')} AS INT)"
        after_noon = f"CASE WHEN LOWER({part('half', 'am')}) = 'pm' THEN 12 ELSE 0 END"
        in_half = f"CASE WHEN {number} BETWEEN 1 AND 12 THEN {number} % 12 + {after_noon} ELSE 99 END"
        hour = f"CAST({in_half} AS STRING)"
    day = [year, *(f"LPAD({part(name, '01')}, 2, '0')" for name in ("month", "day"))]
    clock = [f"LPAD({what}, 2, '0')" for what in (hour, part("minute"), part("second"))]
    moment = f"CONCAT({day[0]}, '-', {day[1]}, '-', {day[2]}, ' ', {clock[0]}, ':', {clock[1]}, ':', {clock[2]}"
    moment += f", '.', {part('fraction')})" if "fraction" in parts else ")"
    known = f"CASE WHEN {date} RLIKE '{regex}' THEN TRY_CAST({moment} AS TIMESTAMP_NTZ) END"
    return _less_offset(known, part("offset")) if "offset" in parts else known


def _pattern(date_format: str) -> tuple[str, list[str]]:
    regex = ""
    parts: list[str] = []
    for piece in re.findall(r"%-?.|[^%]|%$", date_format):
        directive = piece.replace("-", "") if piece.startswith("%") else piece
        if directive in _DIRECTIVES:
            matched, name = _DIRECTIVES[directive]
            regex, parts = regex + matched, [*parts, name]
        elif piece.startswith("%"):
            raise NotAvailable(
                f"on Spark date_format may hold {', '.join(_DIRECTIVES)}; found {piece!r} in {date_format!r}. Make the "
                "column one of dates first, for example with to_date"
            )
        else:
            regex += piece if piece.isalnum() or piece in " -/:,_" else "[" + piece + "]"
    if re.search(r"[\\'\[\]^]", re.sub(r"%-?.", "", date_format)) or len(set(parts)) != len(parts):
        raise InvalidInput(
            f"on Spark date_format must name each part of a date once, with plain signs between; found {date_format!r}"
        )
    return rf"^\\s*{regex}\\s*$", parts
