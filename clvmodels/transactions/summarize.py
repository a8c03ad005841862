"""From a transaction log to one row a customer, in one pass."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from inspect import signature
from typing import Any, NamedTuple

from .. import frames
from ..errors import InvalidInput, NotEnoughData
from ..units import hours_in
from . import sources, sql, state
from .columns import Columns, Source
from .engine import connection
from .examine import examine
from .grouping import group, quality_of
from .id_types import whole_numbers
from .moments import from_day_number, parse_zone
from .observation import last_date, observed, settings_of
from .quality import Quality


class Summarized(NamedTuple):
    """A summary (one row a customer), what was found in the log, and the facts the summary carries.

    Attributes
    ----------
    summary
        What `rfm_summary` returns.
    quality
        A `Quality`: counts and findings of the log.
    facts
        time_unit, event_grain, observation_start, observation_end, tz, refunds and version, as text or None; the
        summary carries them in its metadata.

    Examples
    --------
    >>> import pandas
    >>> log = pandas.DataFrame({"customer_id": [7, 7], "date": ["2024-01-01", "2024-01-15"]})
    >>> found = summarize(log, amount=None)
    >>> len(found.summary), found.quality.purchases, found.facts["observation_end"]
    (1, 2, '2024-01-15')
    """

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
    order_id: str | None = None,
    currency: str | None = None,
    tz: str | None = None,
    date_format: str | None = None,
    strict: bool = False,
    keep_state: bool = False,
) -> Summarized:
    r"""Turn a transaction log into one row a customer, and tell what was found on the way.

    With events of a customer at t_0 < t_1 < ... < t_x, worth m_0, ..., m_x: frequency x (the first is not counted),
    recency t_x − t_0, T from t_0 to the end of observation, monetary_value (m_1 + ... + m_x)/x. None is below 0, and
    recency not above T.

    Parameters
    ----------
    log
        A pandas DataFrame, a pyarrow Table, RecordBatchReader or Dataset, a polars DataFrame or LazyFrame, a DuckDB
        relation, anything with an Arrow stream (``__arrow_c_stream__``), a path (wildcards allowed) to Parquet or
        CSV files, or a `SystemLog`; one row a transaction or an order line.
    customer_id, date, amount
        Names of the columns. ``amount=None`` if the log holds no money. Identifiers come back as they are, but for
        floats that are all whole (pandas makes them of integers when some are missing): those become integers. Dates
        are dates, timestamps, or text like ``2020-03-04`` or ``2020-03-04 15:00``.
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
        0 or less; "carry_back" then takes what is left from the customer's latest earlier events, newest first, which
        are no purchases if nothing of them remains; "drop" leaves negative amounts out; "error" refuses them.
    order_id
        Name of a column: every line of an order is dated at the earliest line of the order that is within the
        observation, so that a refund meets what it refunds. An order belongs to one customer: an identifier that two
        customers share is two orders. Lines without an order keep their date.
    currency
        Name of the column that holds the currency, if there is one: the report tells whether there are several. A
        column called currency or currency_code is found without being named.
    tz
        The time zone in which days (and hours, by the local clock) are counted: a name such as "Europe/Berlin" or an
        offset such as "+02:00". Dates with a zone or an offset are converted to it, others are taken to be in it. By
        default zoned timestamps are read in their own zone (of a DuckDB relation that of its connection), and text
        with an offset is refused.
    date_format
        How dates that are text are written, as in "%d/%m/%Y" or "%d.%m.%Y %H:%M"; an offset (%z) needs ``tz``.
    strict
        Refuse a log rather than leave out lines without customer or date, or with a date that cannot be read (else
        up to 1 line in 100 may have such), or refunds that cannot be taken off anything.
    keep_state
        Add what `update_summary` needs to take later lines in without reading these again: first_event (first
        purchase) and last_event (last event of any kind; both local dates, or timestamps with the grains "line" and
        "hour") and, with amounts, last_event_amount (its total so far), last_event_has_refund, first_amount (what the
        first purchase is worth) and repeat_amount (all others together), as exact decimals. Where observation_end lies
        within an event of the grain and refunds may undo it, also last_closed_purchase, the last purchase before that
        event. Not with ``order_id``.

    Returns
    -------
    Summarized
        ``summary`` with the columns customer_id, frequency (repeat purchases), recency (first to last purchase), T
        (first purchase to observation end) and, with amounts, monetary_value (mean of the repeat purchases, missing if
        there is none), ordered by customer_id, in the kind of frame that came in (pyarrow for its readers and
        datasets; pandas for paths, DuckDB relations and other streams); ``quality``, a `Quality`; and ``facts``, which
        the summary carries along.

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
    <BLANKLINE>
    looked for and not found: dates in the future, dates that cannot be read, lines without a date,
      lines without a customer, exact duplicates
    could not be judged: several currencies (no such column), customers older than the log (needs 20
      weeks), outlying amounts (needs 50 purchases), sudden changes of level (needs 5 lines a week),
      gaps (too few lines)
    """
    return _summarized(
        log,
        Columns(customer_id, date, amount, order_id, currency),
        time_unit=time_unit,
        event_grain=event_grain,
        observation_start=observation_start,
        observation_end=observation_end,
        refunds=refunds,
        tz=tz,
        date_format=date_format,
        strict=strict,
        keep_state=keep_state,
        report=True,
    )


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
    order_id: str | None = None,
    tz: str | None = None,
    date_format: str | None = None,
    strict: bool = False,
    keep_state: bool = False,
) -> frames.Frame:
    """Turn a transaction log into one row a customer: the ``summary`` of `summarize`, with the same parameters.

    The report costs about as much again as the summary, and is not made here: no ``currency`` then.

    Returns
    -------
    frame
        customer_id, frequency, recency, T and, with amounts, monetary_value: see `summarize`.

    Raises
    ------
    InvalidInput, NotEnoughData
        If the log, or a setting, cannot be used as it is, or no purchase remains.

    Examples
    --------
    >>> import pandas
    >>> log = pandas.DataFrame({"who": [7, 7], "when": ["2024-01-01", "2024-01-15"]})
    >>> rfm_summary(log, customer_id="who", date="when", amount=None, time_unit="day").to_dict("records")
    [{'customer_id': 7, 'frequency': 1, 'recency': 14.0, 'T': 14.0}]
    """
    return _summarized(
        log,
        Columns(customer_id, date, amount, order_id),
        time_unit=time_unit,
        event_grain=event_grain,
        observation_start=observation_start,
        observation_end=observation_end,
        refunds=refunds,
        tz=tz,
        date_format=date_format,
        strict=strict,
        keep_state=keep_state,
        report=False,
    ).summary


def _summarized(
    log: object,
    names: Columns,
    *,
    time_unit: str,
    event_grain: str,
    observation_start: object,
    observation_end: object,
    refunds: str,
    tz: str | None,
    date_format: str | None,
    strict: bool,
    keep_state: bool,
    report: bool,
) -> Summarized:
    if keep_state and names.order_id is not None:
        raise InvalidInput(
            "keep_state=True does not go with order_id: later lines of an order that is in the summary would change "
            "purchases that it no longer holds. Leave one of them out"
        )
    with connection() as con:
        met = grouped_by_customer(
            con,
            log,
            names,
            time_unit=time_unit,
            event_grain=event_grain,
            observation_start=observation_start,
            observation_end=observation_end,
            refunds=refunds,
            tz=tz,
            date_format=date_format,
            strict=strict,
            report=report,
            keep_state=keep_state,
        )
        source, options = met.source, met.options
        end, rules = options["observation_end"], {"event_grain": event_grain, "refunds": refunds}
        found = con.sql(
            sql.summary_sql(
                source.reading,
                time_unit=time_unit,
                event_grain=event_grain,
                observation_start=options["observation_start"],
                observation_end=end,
                whole_number_ids=whole_numbers(con, source.reading.customer, all_text=source.all_text),
                state=state.summary_state(end, **rules, money=source.reading.money) if keep_state else "",
            )
        ).to_arrow_table()
        open_refunds = state.count_open_refunds(con, end, **rules, money=source.reading.money) if keep_state else 0
        quality = quality_of(met.counts, found.num_rows, options, money=source.reading.money)
        refuse_nothing(quality)
        if report:
            quality = examine(con, log, source, quality, today=datetime.now().date())
    counts = {
        state.CUSTOMERS: found.num_rows,
        state.BEFORE_START: quality.customers_before_start,
        state.OPEN_REFUNDS: open_refunds,
    }
    facts = state.facts_of(met.settings, counts if keep_state else None)
    return Summarized(frames.attach_facts(answer(found, source.answer), facts), quality, facts)


class Met(NamedTuple):
    """A log whose customers stand in the engine's table ``customers``: what it is, what was met, how it was read."""

    source: Source
    counts: dict[str, Any]
    options: dict[str, Any]
    settings: dict[str, str | None]


def grouped_by_customer(
    con: Any,
    log: object,
    names: Columns,
    *,
    time_unit: str,
    event_grain: str,
    observation_start: object,
    observation_end: object,
    refunds: str,
    tz: str | None,
    date_format: str | None,
    strict: bool,
    report: bool,
    keep_state: bool = False,
) -> Met:
    """Make the table ``customers`` of a log, with the settings of `summarize`, each checked."""
    hours_in(time_unit)
    one_of("event_grain", event_grain, tuple(sql.GRAINS))
    one_of("refunds", refunds, sql.REFUNDS)
    source = sources.register(con, log, names, parse_zone(tz), date_format, report=report)
    zone = source.reading.zone
    start, end = observed(observation_start, observation_end, zone)
    counts = group(
        con,
        source,
        event_grain=event_grain,
        refunds=refunds,
        observation_end=end,
        days=start is not None,
        strict=strict,
        report=report,
        told=report,
        keep_state=keep_state,
    )
    if end is None:
        last = counts["last_day"]
        end = from_day_number(last) if report else last_date(last)  # a report says itself what lies in the future
    settings = settings_of(
        time_unit=time_unit,
        event_grain=event_grain,
        observation_start=start,
        observation_end=end,
        tz=zone,
        refunds=refunds,
    )
    options = {"observation_start": start, "observation_end": end, "event_grain": event_grain, "refunds": refunds}
    return Met(source, counts, options, settings)


def refuse_unknown(function: str, reading: Mapping[str, Any]) -> None:
    """Raise as Python does for keywords that `summarize` does not take, in the name of the function called."""
    unknown = [name for name in reading if name not in signature(summarize).parameters or name == "log"]
    if unknown:
        raise TypeError(f"{function}() got an unexpected keyword argument {unknown[0]!r}")


def refuse_nothing(quality: Quality) -> None:
    """Raise if no customer remains, and say why."""
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


def answer(found: Any, kind: str) -> frames.Frame:
    """An Arrow table in the kind of frame that is asked for."""
    if kind == "arrow":
        return found
    if kind == "polars":
        import polars as pl

        return pl.from_arrow(found)
    return state.to_pandas(found)


def one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Refuse a setting that is none of those there are."""
    if value not in allowed:
        raise InvalidInput(f"{name} must be one of {', '.join(allowed)}; found {value!r}")
