"""The embedded engine's SQL text as Spark reads it, whatever the session's time zone and ANSI mode.

Spark has two kinds of timestamp: TIMESTAMP is an instant, whose year, day and hour depend on
``spark.sql.session.timeZone``, and TIMESTAMP_NTZ is local time. What the text calls TIMESTAMP is local time throughout.
A plain translation still passes through the session's zone in three places, each wrong by an hour where that zone has
a daylight saving gap: AT TIME ZONE, DATE_DIFF by hours and microseconds, and text with an offset. Here all of them are
arithmetic on local times.
"""

from __future__ import annotations

import re
from typing import Any

from ..errors import InvalidInput, NotAvailable

EPOCH = "TIMESTAMP_NTZ '1970-01-01 00:00:00'"
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

    >>> print(spark_text("SELECT TRY_CAST(amount AS DECIMAL(18,6)) AS amount, CAST(date AS TIMESTAMP) FROM log"))
    SELECT TRY_CAST(amount AS DECIMAL(18, 6)) AS amount, CAST(date AS TIMESTAMP_NTZ) FROM log
    """
    try:
        from sqlglot import parse_one
    except ImportError as error:
        raise NotAvailable(
            "clvmodels.spark needs sqlglot, which writes its SQL for Spark: pip install 'clvmodels[spark]'"
        ) from error
    return str(parse_one(text, read="duckdb").transform(_translated).sql(dialect="spark"))


def _translated(node: Any) -> Any:
    from sqlglot import exp, parse_one

    if isinstance(node, exp.AtTimeZone):
        written = _local(_in_utc(node.this), node.args["zone"].name)
    elif isinstance(node, exp.DateDiff) and (unit := node.text("unit").upper()) in ("HOUR", "MICROSECOND"):
        moment = node.this.this if isinstance(node.this, exp.TimestampTrunc) else node.this
        written = _ticks(_text(moment), unit)
    elif isinstance(node, exp.Anonymous) and node.name.upper() == "TRY_STRPTIME":
        column, pattern = node.expressions
        written = _parsed(_text(column), pattern.name)
    else:
        return node
    return parse_one(f"({written})", read="spark")


def _text(node: Any) -> str:
    return str(node.transform(_translated).sql(dialect="spark"))


def _in_utc(instant: Any) -> str:
    """Local time in UTC of an instant: a column of TIMESTAMP, text with an offset, or text in a format with one."""
    from sqlglot import exp

    if isinstance(instant, exp.TryCast):
        date = _text(instant.this)
        return _less_offset(f"TRY_CAST(REGEXP_REPLACE({date}, '{_OFFSET}', '') AS TIMESTAMP_NTZ)", date)
    if isinstance(instant, exp.Cast):
        return f"TIMESTAMPADD(MICROSECOND, UNIX_MICROS({_text(instant.this)}), {EPOCH})"
    return _text(instant)  # _parsed is in UTC already where there is an offset


def _local(utc: str, zone: str) -> str:
    return utc if zone == "UTC" else f"CONVERT_TIMEZONE('UTC', '{zone}', {utc})"


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
