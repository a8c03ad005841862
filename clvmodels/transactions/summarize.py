"""From a transaction log to one row a customer, in one pass."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from .. import frames
from ..errors import ClvError, InvalidInput, NotEnoughData
from ..units import hours_in
from ..versions import version_of
from . import sources, sql
from .moments import day_of, from_day_number, parse_moment, parse_start
from .quality import Quality


class Summarized(NamedTuple):
    """A summary (one row a customer), what was found in the log, and the facts the summary carries."""

    summary: frames.Frame
    quality: Quality
    facts: dict[str, str | None]


def summarize(
    log: object,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = "amount",
    time_unit: str = "week",
    event_grain: str = "day",
    observation_start: object = None,
    observation_end: object = None,
    refunds: str = "net",
) -> Summarized:
    r"""Turn a transaction log into one row a customer, and tell what was found on the way.

    Parameters
    ----------
    log
        A pandas DataFrame, a pyarrow Table or RecordBatchReader, a polars DataFrame, a DuckDB relation, or a path
        (wildcards allowed) to Parquet or CSV files; one row a transaction or an order line.
    customer_id, date, amount
        Names of the columns. ``amount=None`` if the log holds no money. Identifiers come back as they are, but for
        floats that are all whole (pandas makes them of integers when some are missing): those become integers. Dates
        are dates, timestamps (those with a time zone are read in that zone) or text like ``2020-03-04`` or
        ``2020-03-04 15:00``.
    time_unit
        The unit of recency and T: "hour", "day", "week", "month" (365.25/12 days) or "year" (365.25 days).
    event_grain
        Lines of one customer within one "day" (or "hour", "week" from Monday, "month") are one purchase, dated at the
        grain's start; "line" merges nothing.
    observation_start
        A date: only customers whose first purchase in the whole log is on or after it are kept.
    observation_end
        A date, whose whole day is observed, or a timestamp, taken exactly. Later lines are left out and counted. By
        default the last date in the log.
    refunds
        What to do with negative amounts: "net" takes them off the same event, which is no purchase if it then comes to
        0 or less; "drop" leaves them out; "error" refuses them.

    Returns
    -------
    Summarized
        ``summary`` with the columns customer_id, frequency (repeat purchases), recency (first to last purchase), T
        (first purchase to observation end) and, with amounts, monetary_value (mean of the repeat purchases, missing if
        there is none), ordered by customer_id, in the kind of frame that came in (pandas for paths and DuckDB
        relations); ``quality``, a `Quality`; and ``facts``, which the summary carries along.

    Raises
    ------
    InvalidInput
        If the log, or a setting, cannot be used as it is: the message says what was found, how many and which first.
    NotEnoughData
        If no purchase remains.

    Notes
    -----
    Money is summed as exact decimals with 6 places (finer amounts are rounded to them), so that results do not depend
    on the order of rows. Recency and T are differences of whole numbers, divided once.

    Examples
    --------
    >>> import pandas
    >>> log = pandas.DataFrame({
    ...     "customer_id": ["ann", "ann", "ann", "bob"],
    ...     "date": ["2024-01-01", "2024-01-15", "2024-01-15", "2024-01-08"],
    ...     "amount": [20.0, 7.0, 3.0, 5.0],
    ... })
    >>> summary, quality, facts = summarize(log, observation_end="2024-01-29")
    >>> print(summary.to_string(index=False))
    customer_id  frequency  recency   T  monetary_value
            ann          1      2.0 4.0            10.0
            bob          0      0.0 3.0             NaN
    >>> print(quality)
    4 lines read, dated 2024-01-01 to 2024-01-15; observed until 2024-01-29
    2 customers in the summary; the log holds 3 purchases
    merged: 1 line into another line of the same customer and day; together they are one purchase
    revenue: 35.00 over all purchases
    0 lines with an amount of 0
    no refunds (amounts below 0)
    """
    hours_in(time_unit)
    _one_of("event_grain", event_grain, tuple(sql.GRAINS))
    _one_of("refunds", refunds, sql.REFUNDS)
    names = sources.Columns(customer_id, date, amount)
    start = parse_start(observation_start)
    with _connection() as con:
        source = sources.register(con, log, names)
        zone = source.reading.zone
        end = None if observation_end is None else parse_moment("observation_end", observation_end, zone)
        if start and end and start > day_of(end):
            raise InvalidInput(f"observation_start ({start}) must not be later than observation_end ({end})")
        text = sql.customers_sql(source.reading, event_grain=event_grain, refunds=refunds, observation_end=end)
        con.execute(f"CREATE TEMP TABLE customers AS {text}")
        counts = _row(con, sql.quality_sql(source.reading))
        _refuse_bad_lines(con, source, counts, refunds)
        if end is None:
            end = from_day_number(counts["last_day"])
        found = con.sql(
            sql.summary_sql(
                source.reading,
                time_unit=time_unit,
                event_grain=event_grain,
                observation_start=start,
                observation_end=end,
                whole_number_ids=_whole_numbers(con, source),
            )
        ).to_arrow_table()
    quality = _quality(counts, found.num_rows, start, end, event_grain, refunds, money=amount is not None)
    _refuse_nothing(quality)
    facts: dict[str, str | None] = {
        "time_unit": time_unit,
        "event_grain": event_grain,
        "observation_end": end.isoformat(),
        "tz": zone,
        "refunds": refunds,
        "version": version_of("clvmodels"),
    }
    return Summarized(frames.attach_facts(_answer(found, source.answer), facts), quality, facts)


def rfm_summary(
    log: object,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = "amount",
    time_unit: str = "week",
    event_grain: str = "day",
    observation_start: object = None,
    observation_end: object = None,
    refunds: str = "net",
) -> frames.Frame:
    """Turn a transaction log into one row a customer: the ``summary`` of `summarize`, with the same parameters.

    Examples
    --------
    >>> import pandas
    >>> log = pandas.DataFrame({"who": [7, 7], "when": ["2024-01-01", "2024-01-15"]})
    >>> rfm_summary(log, customer_id="who", date="when", amount=None, time_unit="day").to_dict("records")
    [{'customer_id': 7, 'frequency': 1, 'recency': 14.0, 'T': 14.0}]
    """
    return summarize(
        log,
        customer_id=customer_id,
        date=date,
        amount=amount,
        time_unit=time_unit,
        event_grain=event_grain,
        observation_start=observation_start,
        observation_end=observation_end,
        refunds=refunds,
    ).summary


@contextmanager
def _connection() -> Iterator[Any]:
    """A private engine that downloads nothing, sees none of the caller's variables and leaves nothing behind."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="clvmodels-", ignore_cleanup_errors=True) as folder:
        con = duckdb.connect(
            ":memory:",
            config={
                "python_enable_replacements": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "preserve_insertion_order": "false",
                "temp_directory": folder,
            },
        )
        try:
            yield con
        except duckdb.OutOfMemoryException as error:
            raise ClvError(
                "the log is too large for the memory and the temporary disk space of this machine"
            ) from error
        except duckdb.Error as error:
            raise InvalidInput(_plain_reason(error)) from error
        finally:
            con.close()


def _plain_reason(error: Exception) -> str:
    line = re.search(r"CSV Error on Line: (\d+)", str(error))
    if line:
        return (
            f"the CSV file is not well formed, first at line {line.group(1)}: every line must have as many fields as "
            "the header, quotes must be closed, and the text must be UTF-8"
        )
    if "arquet" in str(error) or "magic bytes" in str(error):
        return "the Parquet file could not be read: it is damaged, incomplete, or not a Parquet file"
    return "the log could not be read: a file is damaged, or a column holds values of an unexpected type"


def _row(con: Any, query: str) -> dict[str, Any]:
    cursor = con.execute(query)
    names = [column[0] for column in cursor.description]
    return dict(zip(names, cursor.fetchall()[0], strict=True))


def _refuse_bad_lines(con: Any, source: sources.Source, counts: dict[str, Any], refunds: str) -> None:
    names = source.names
    lines = counts["lines"] or 0
    if not lines:
        raise NotEnoughData("the log is empty: it has columns but no lines")
    if counts["unreadable"]:
        where = f"date <> '' AND ({sql.local_date(source.reading)}) IS NULL"
        raise InvalidInput(
            f"column {names.date!r} must hold dates as 2020-03-04 or 2020-03-04 15:00:00; {counts['unreadable']:,} of "
            f"{lines:,} lines are written otherwise, first {_first(con, source, where)}. "
            "Convert it first, for example with pandas.to_datetime and the format it is in"
        )
    if counts["lines_without_customer"] == lines:
        raise InvalidInput(f"column {names.customer_id!r} is empty in all {lines:,} lines")
    if counts["last_day"] is None:
        raise InvalidInput(f"column {names.date!r} is empty in all {lines:,} lines")
    if counts.get("bad_amounts"):
        where = "TRY_CAST(amount AS DECIMAL(18,6)) IS NULL"
        raise InvalidInput(
            f"column {names.amount!r} must hold finite amounts below a million million; {counts['bad_amounts']:,} of "
            f"{lines:,} lines are missing, infinite, too large or no number, first {_first(con, source, where)}. "
            "Fill or remove them, or pass amount=None"
        )
    if refunds == "error" and counts.get("refund_lines"):
        where = "TRY_CAST(amount AS DECIMAL(18,6)) < 0"
        raise InvalidInput(
            f"refunds='error': {counts['refund_lines']:,} of {lines:,} lines have a negative amount, first "
            f"{_first(con, source, where)}. Pass refunds='net' or refunds='drop'"
        )


def _first(con: Any, source: sources.Source, where: str) -> str:
    """The first offending line in the log's own order, found by a second, slower pass."""
    con.execute("SET preserve_insertion_order = true")
    con.execute("SET threads = 1")
    found = con.execute(f"SELECT * FROM log WHERE {where} LIMIT 1").fetchall()[0]
    names = source.names.wanted().values()
    values = (str(v) if hasattr(v, "year") else repr(v) for v in found)
    return ", ".join(f"{name}={value}" for name, value in zip(names, values, strict=True))


def _whole_numbers(con: Any, source: sources.Source) -> bool:
    """Whether the ids are whole numbers in another dress: in a CSV file, or as floats because some are missing."""
    if source.reading.customer == "float":
        other = "customer_id <> FLOOR(customer_id) OR ABS(customer_id) > 9007199254740992"
    elif source.all_text:
        other = r"""NOT REGEXP_MATCHES(customer_id, '^(0|-?[1-9][0-9]*)$') OR TRY_CAST(customer_id AS BIGINT) IS NULL"""
    else:
        return False
    query = f"SELECT COUNT(*) FROM customers WHERE customer_id IS NOT NULL AND ({other})"
    return bool(con.execute(query).fetchall()[0][0] == 0)


def _quality(
    counts: dict[str, Any],
    customers: int,
    start: date | None,
    end: date | datetime,
    event_grain: str,
    refunds: str,
    *,
    money: bool,
) -> Quality:
    def number(name: str) -> int:
        return int(counts[name] or 0)

    merged = number("lines_used") - number("events")
    if refunds == "drop" and money:
        merged = number("lines_used") - number("refund_lines") - number("purchases")
    if event_grain == "line":
        merged = 0
    amounts = _money(counts, netted=refunds != "drop") if money else {}
    return Quality(
        lines=number("lines"),
        lines_used=number("lines_used"),
        lines_without_customer=number("lines_without_customer"),
        lines_without_date=number("lines_without_date"),
        lines_after_end=number("lines_after_end"),
        first_date=from_day_number(counts["first_day"]),
        last_date=from_day_number(counts["last_day"]),
        observation_start=start,
        observation_end=end,
        event_grain=event_grain,
        refunds=refunds,
        customers=customers,
        customers_before_start=number("buyers") - customers,
        customers_without_purchase=number("customers_without_purchase"),
        purchases=number("purchases"),
        same_event_merges=merged,
        **amounts,
    )


def _money(counts: dict[str, Any], *, netted: bool) -> dict[str, Any]:
    refund_total, left = (counts[name] or Decimal(0) for name in ("refund_total", "left_total"))
    return {
        "zero_amount_lines": int(counts["zero_lines"] or 0),
        "refund_lines": int(counts["refund_lines"] or 0),
        "refund_total": refund_total,
        "refund_events": int(counts["refund_events"] or 0),
        "refund_only_events": int(counts["refund_only_events"] or 0),
        "refunds_netted": refund_total - left if netted else Decimal(0),
        "refunds_left": int(counts["left_events"] or 0) if netted else 0,
        "refunds_left_total": left if netted else Decimal(0),
        "revenue": counts["revenue"] or Decimal(0),
    }


def _refuse_nothing(quality: Quality) -> None:
    if quality.customers:
        return
    span = f"the log runs from {quality.first_date} to {quality.last_date}"
    if not quality.lines_used:
        raise NotEnoughData(
            f"no line with a customer and a date on or before observation_end {quality.observation_end}: {span}"
        )
    if quality.customers_before_start:
        raise NotEnoughData(
            f"all {quality.customers_before_start:,} customers first bought before observation_start "
            f"{quality.observation_start}: {span}"
        )
    raise NotEnoughData(
        f"no purchase in the log: all {quality.refund_lines:,} refunds came to as much as was bought, or more"
    )


def _answer(found: Any, kind: str) -> frames.Frame:
    if kind == "arrow":
        return found
    if kind == "polars":
        import polars as pl

        return pl.from_arrow(found)
    return found.to_pandas()


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InvalidInput(f"{name} must be one of {', '.join(allowed)}; found {value!r}")
