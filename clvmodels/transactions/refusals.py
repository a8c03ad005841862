"""What a log must not hold: found out from counts, told with the first line that is so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ..errors import InvalidInput, NotEnoughData
from . import dates, sql
from .columns import Source
from .engine import row
from .moments import day_of

TOLERATED = 100  # one line in so many may have a date that cannot be read


def refuse_bad_lines(
    con: Any, source: Source, met: dict[str, Any], refunds: str, *, strict: bool, leave_out: bool = False
) -> None:
    """Refuse a log that is empty, or holds dates or amounts that cannot be read; if strict, whatever is left out.

    With ``leave_out`` a few amounts that are none may be left out, as dates may.
    """
    names, reading = source.names, source.reading
    lines = met["lines"]
    if not lines:
        raise NotEnoughData("the log is empty: it has columns but no lines")
    if met["unreadable"]:
        _refuse_dates(con, source, met["unreadable"], lines, strict=strict)
    if met["lines_without_customer"] == lines:
        raise InvalidInput(f"column {names.customer_id!r} is empty in all {lines:,} lines")
    if met["last_day"] is None:
        raise InvalidInput(f"column {names.date!r} is empty in all {lines:,} lines")
    if strict:
        _refuse_left_out(con, source, met)
    if not reading.money:
        return
    bad_amounts = met["lines_used"] - met["amounts"]
    if bad_amounts and (strict or not leave_out or bad_amounts * TOLERATED > lines):
        where = "TRY_CAST(amount AS DECIMAL(18,6)) IS NULL"
        raise InvalidInput(
            f"column {names.amount!r} must hold finite amounts below a million million; {bad_amounts:,} of "
            f"{lines:,} lines are missing, infinite, too large or no number, first {first_line(con, source, where)}. "
            "Fill or remove them, or pass amount=None"
        )
    if refunds == "error" and met["refund_lines"]:
        where = "TRY_CAST(amount AS DECIMAL(18,6)) < 0"
        raise InvalidInput(
            f"refunds='error': {met['refund_lines']:,} of {lines:,} lines have a negative amount, first "
            f"{first_line(con, source, where)}. Pass refunds='net' or refunds='drop'"
        )


def _refuse_dates(con: Any, source: Source, unreadable: int, lines: int, *, strict: bool) -> None:
    reading, column = source.reading, source.names.date
    where = dates.unreadable(reading)
    if reading.date_format is not None:
        if strict or unreadable * TOLERATED > lines:
            raise InvalidInput(
                f"column {column!r} must hold dates written as {reading.date_format!r}; {unreadable:,} of {lines:,} "
                f"lines are written otherwise, first {first_line(con, source, where)}. Pass the date_format that fits, "
                "or mend these lines"
            )
        return
    styles = row(con, dates.styles_sql(reading))
    if styles["ambiguous"]:
        where = f"{where} AND REGEXP_MATCHES(date, '{dates.AMBIGUOUS}')"
        raise InvalidInput(_ambiguous(con, source, styles, lines, first_line(con, source, where)))
    if styles["with_offset"] and reading.zone is None:
        hint = 'Pass tz= to say in which zone days are counted, for example tz="Europe/Berlin" or tz="UTC"'
    elif strict or unreadable * TOLERATED > lines:
        hint = (
            'Pass the format they are in, for example date_format="%d.%m.%Y", or convert them first, for example '
            "with pandas.to_datetime"
        )
    else:
        return
    raise InvalidInput(
        f"column {column!r} must hold dates as 2020-03-04 or 2020-03-04 15:00:00; {unreadable:,} of {lines:,} lines "
        f"are written otherwise, first {first_line(con, source, where)}. {hint}"
    )


def _ambiguous(con: Any, source: Source, styles: dict[str, Any], lines: int, first: str) -> str:
    where = f"REGEXP_MATCHES(date, '{dates.AMBIGUOUS}')"
    example = con.execute(f"SELECT MIN(date) FROM log WHERE {where}").fetchall()[0][0]
    day_first, month_first = dates.formats_for(example)
    told = (
        f"column {source.names.date!r} must hold dates as 2020-03-04; {styles['ambiguous']:,} of {lines:,} lines may "
        f"be read with the day first or with the month first, first {first}. Pass "
    )
    days, months = styles["first_number"] > 12, styles["second_number"] > 12
    if days and months:
        return (
            told + f'date_format="{day_first}" or date_format="{month_first}", but first make the column one: both '
            f"numbers go beyond 12 ({styles['first_number']} and {styles['second_number']}), so it holds both"
        )
    if days or months:
        fits, which, largest = (
            (day_first, "first", styles["first_number"]) if days else (month_first, "second", styles["second_number"])
        )
        return told + f'date_format="{fits}": the {which} number goes up to {largest}, so it is the day'
    return told + f'date_format="{day_first}" (day first) or date_format="{month_first}" (month first)'


def _refuse_left_out(con: Any, source: Source, met: dict[str, Any]) -> None:
    reading = source.reading
    customer = f"({sql.known('customer_id', reading.customer)})"
    found = [
        f"{met[count]:,} of {met['lines']:,} lines have no {what}, first {first_line(con, source, where)}"
        for count, what, where in (
            ("lines_without_customer", "customer", f"{customer} IS NULL"),
            ("lines_without_date", "date", f"{customer} IS NOT NULL AND ({dates.local_date(reading)}) IS NULL"),
        )
        if met[count]
    ]
    if found:
        raise InvalidInput(
            f"strict=True: {'; '.join(found)}. Fill or remove them, or pass strict=False, which leaves them out and "
            "counts them"
        )


def refuse_left_over(con: Any, source: Source, counts: dict[str, Any], events: str, event_grain: str) -> None:
    """If strict: refuse refunds of more than was bought; ``events`` is the text of events_sql."""
    if not counts.get("left_events"):
        return
    query = f"WITH {events} SELECT * FROM judged WHERE left_events > 0 ORDER BY event, customer_id LIMIT 1"
    first = row(con, query)
    moment = sql.EPOCH + timedelta(microseconds=int(first["event"] * sql.GRAINS[event_grain][1] * 3_600_000_000))
    when = moment if event_grain in sql.FINER_THAN_DAY else day_of(moment).isoformat()[:10]
    raise InvalidInput(
        f"strict=True: refunds of {-counts['left_total']:,.2f} on {counts['left_events']:,} "
        f"customer-{event_grain}s are of more than was bought, first {source.names.customer_id}="
        f"{first['customer_id']!r}, {source.names.date}={when} ({first['left_over']:,.2f}). Pass order_id= or "
        "refunds='carry_back' to take them off what they belong to, refunds='drop', or strict=False, which counts them"
    )


def first_line(con: Any, source: Source, where: str) -> str:
    """The first offending line in the log's own order, found by a second, slower pass."""
    names = source.names.wanted()
    zoned = source.reading.date in ("zoned", "instant")  # told in local time
    date = f"{dates.local_date(source.reading)} AS date" if zoned else "date"
    columns = ", ".join(date if name == "date" else name for name in names)
    con.execute("SET preserve_insertion_order = true")
    con.execute("SET threads = 1")
    found = con.execute(f"SELECT {columns} FROM log WHERE {where} LIMIT 1").fetchall()[0]
    con.execute("RESET threads")
    con.execute("SET preserve_insertion_order = false")
    values = (str(v) if hasattr(v, "year") else repr(v) for v in found)
    return ", ".join(f"{name}={value}" for name, value in zip(names.values(), values, strict=True))
