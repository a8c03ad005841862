"""The summary as one statement for somebody else's database."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from ..errors import InvalidInput
from ..units import hours_in
from ..versions import version_of
from . import sql
from .columns import Columns
from .dialects import DIALECTS, lowered, sqlglot
from .moments import parse_moment, parse_zone
from .observation import observed
from .summarize import one_of

DATE_TYPES = {"date": "date", "timestamp": "timestamp", "timestamp with time zone": "zoned"}


def summary_sql(
    dialect: str,
    table: str,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = "amount",
    time_unit: str = "week",
    event_grain: str = "day",
    observation_start: object = None,
    observation_end: object,
    refunds: str = "net",
    order_id: str | None = None,
    tz: str | None = None,
    date_type: str = "date",
) -> str:
    r"""Write the statement that makes the summary of `rfm_summary` in a database, of a log that lies there.

    With events of a customer at t_0 < t_1 < ... < t_x, worth m_0, ..., m_x: frequency x, recency t_x − t_0, T from t_0
    to the end of observation, monetary_value (m_1 + ... + m_x)/x; one row a customer, in no order.

    Lines without a customer (NULL or empty text), a date or an amount are left out, as `rfm_summary` does or, for
    amounts, refuses to. An amount that does not fit 12 digits before and 6 after the point is the database's error.

    Parameters
    ----------
    dialect
        "bigquery", "databricks", "duckdb", "postgres", "redshift", "snowflake" or "spark".
    table
        Name of the table, "log" or "shop.orders" or "project.shop.orders". A part that holds a point stands in double
        quotes. Names of tables and columns are quoted, so write them as the catalogue shows them: in Snowflake what was
        made without quotes is in capitals, "SHOP.ORDERS".
    customer_id, date, amount
        Names of the columns; ``amount=None`` if the table holds no money.
    time_unit, event_grain, observation_start
        As in `rfm_summary`.
    observation_end
        As in `rfm_summary`, but needed.
    refunds
        As in `rfm_summary`, but for "error": a statement cannot look first.
    order_id
        As in `rfm_summary`: name of a column.
    tz
        The zone in which days and hours are counted, for dates with a time zone; UTC by default.
    date_type
        The type of the column: "date", "timestamp" (without a zone: BigQuery's DATETIME, Spark's and Snowflake's
        TIMESTAMP_NTZ) or "timestamp with time zone" (BigQuery's and Spark's TIMESTAMP, Snowflake's TIMESTAMP_TZ and
        TIMESTAMP_LTZ).

    Returns
    -------
    str
        A SELECT with the columns customer_id, frequency, recency, T and, with amounts, monetary_value, and in every row
        time_unit and observation_end as text, since a table keeps no metadata. Redshift calls T "t" unless
        ``enable_case_sensitive_identifier`` is on.

    Raises
    ------
    InvalidInput
        If a setting cannot be used.
    NotAvailable
        If sqlglot is missing (the extra ``spark``).

    Examples
    --------
    >>> text = summary_sql("bigquery", "shop.orders", customer_id="client id", date="day", observation_end="2024-12-31")
    >>> print(text[text.index("WITH") : text.index("), lines")])
    WITH log AS (
      SELECT
        CASE WHEN CAST(`client id` AS STRING) <> '' THEN `client id` END AS customer_id,
        `day` AS date,
        `amount` AS amount
      FROM `shop`.`orders`
      WHERE
        NOT `amount` IS NULL
    <BLANKLINE>
    """
    one_of("dialect", dialect, (*DIALECTS, "duckdb"))
    one_of("event_grain", event_grain, tuple(sql.GRAINS))
    one_of("refunds", refunds, sql.REFUNDS)
    one_of("date_type", date_type, tuple(DATE_TYPES))
    hours_in(time_unit)
    if refunds == "error":
        raise InvalidInput("refunds='error' cannot be a statement: pass refunds='net', 'carry_back' or 'drop'")
    names = Columns(customer_id, date, amount, order_id)
    for ours, theirs in names.wanted().items():
        _refuse_no_name(ours, theirs)
    sort, zone = DATE_TYPES[date_type], parse_zone(tz)
    zone = (zone or "UTC") if sort == "zoned" else None  # other dates are in it already
    end = parse_moment("observation_end", observation_end, zone)
    start, _ = observed(observation_start, end, zone)
    sqlglot()
    reading = sql.Reading("other", sort, zone, amount is not None, order=None if order_id is None else "other")
    query = _query(
        reading,
        _log(_table(table), names),
        time_unit=time_unit,
        event_grain=event_grain,
        refunds=refunds if amount is not None else "",
        start=start,
        end=end,
    )
    query = query if dialect == "duckdb" else lowered(query, dialect)
    settings = {
        "time_unit": time_unit,
        "event_grain": event_grain,
        "refunds": None if amount is None else refunds,
        "observation_start": start,
        "observation_end": end,
        "tz": zone,
    }
    told = ", ".join(f"{name}={value}" for name, value in settings.items() if value is not None)
    made = f"-- One row a customer, for {dialect}, by clvmodels {version_of('clvmodels')}: {told}"
    return f"{made}\n{query.sql(dialect, pretty=True)}\n"


def _query(
    reading: sql.Reading,
    log: Any,
    *,
    time_unit: str,
    event_grain: str,
    refunds: str,
    start: dt.date | None,
    end: dt.date | dt.datetime,
) -> Any:
    """The parts of the embedded engine's text, each parsed, as one parsed statement."""
    from sqlglot import exp

    parse = sqlglot().parse_one
    # the types of their columns are numbers already: what is no amount is an error, as rfm_summary makes it one
    lines = parse(sql.lines_sql(reading).replace("TRY_CAST", "CAST"), read="duckdb")
    customers = parse(
        sql.customers_sql(
            reading,
            event_grain=event_grain,
            refunds=refunds,
            observation_end=end,
            days=start is not None and event_grain != "day",
            told=False,
        ),
        read="duckdb",
    )
    steps = [("log", log), ("lines", lines), *((step.alias, step.this) for step in customers.ctes)]
    customers.set("with_", None)
    needed = [column for column in customers.expressions if column.alias not in ("events", "first_day")]
    customers.set("expressions", needed)
    query = parse(
        sql.summary_sql(
            reading,
            time_unit=time_unit,
            event_grain=event_grain,
            observation_start=start,
            observation_end=end,
            whole_number_ids=False,
        ),
        read="duckdb",
    )
    query.set("order", None)
    for name, what in (("time_unit", time_unit), ("observation_end", end.isoformat())):
        query.append("expressions", exp.alias_(exp.Literal.string(what), name))
    for column in query.expressions:
        column.args["alias"].set("quoted", True)  # T is a capital everywhere
    for name, step in (*steps, ("customers", customers)):
        query = query.with_(name, as_=step, copy=False)
    for product in list(query.find_all(exp.Mul)):
        if product.expression == exp.Literal.number(1):
            product.replace(product.this)
    return query


def _log(table: Any, names: Columns) -> Any:
    """Their table under our names; an identifier that is empty text is missing, whatever its type is."""
    from sqlglot import exp

    wanted: dict[str, Any] = {
        ours: exp.column(exp.to_identifier(theirs, quoted=True)) for ours, theirs in names.wanted().items()
    }
    for ours in ("customer_id", "order_id"):
        if ours in wanted:
            there = exp.cast(wanted[ours].copy(), "TEXT").neq("")
            wanted[ours] = exp.Case().when(there, wanted[ours])
    query = exp.select(*(exp.alias_(what, ours) for ours, what in wanted.items())).from_(table)
    if "amount" in wanted:
        query = query.where(wanted["amount"].copy().is_(exp.null()).not_())
    return query


def _table(name: object) -> Any:
    from sqlglot import exp

    part = r'(?:"(?:[^"]|"")+"|[^".]+)'
    if not isinstance(name, str):
        raise InvalidInput(f"table must be the name of a table, as text; found {type(name).__name__}")
    if not re.fullmatch(rf"{part}(\.{part}){{0,2}}", name):
        raise InvalidInput(
            'table must be the name of a table, such as "log" or "shop.orders", of at most three parts, a part that '
            f"holds a point or a quotation mark in double quotes; found {name!r}"
        )
    parts = [found[1:-1].replace('""', '"') if found.startswith('"') else found for found in re.findall(part, name)]
    for found in parts:
        _refuse_no_name("table", found)
    identifiers = [exp.to_identifier(found, quoted=True) for found in reversed(parts)]
    return exp.Table(**dict(zip(("this", "db", "catalog"), identifiers, strict=False)))


def _refuse_no_name(ours: str, name: str) -> None:
    if not name.strip() or not name.isprintable():
        raise InvalidInput(f"{ours} must be a name of printable characters; found {name!r}")
