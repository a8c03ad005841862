"""The SQL text of the embedded engine, rendered for other engines by sqlglot.

sqlglot knows how functions and types are spelled. What it leaves as it is though it means something else, or does not
exist there, is lowered first, on the parsed text; what the engines' documentation says stands beside each case.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import InvalidInput, NotAvailable

DIALECTS = ("bigquery", "databricks", "postgres", "redshift", "snowflake", "spark")
LIKE_SPARK = ("databricks", "spark")
LIKE_POSTGRES = ("postgres", "redshift")


def render(duckdb_text: str, dialect: str) -> str:
    """The same statement for "bigquery", "databricks", "postgres", "redshift", "snowflake" or "spark".

    Timestamps without a zone stay without, whatever zone the session is in. TRY_CAST is a plain CAST, which fails
    rather than giving NULL, where there is none (PostgreSQL) or only one of text (Snowflake).

    Raises
    ------
    InvalidInput
        If the dialect is none of these.
    NotAvailable
        If sqlglot is missing, or the text asks for what the dialect has not: reading text by a format.

    Examples
    --------
    >>> print(render("SELECT ARG_MIN(a, b) AS first FROM t", "spark"))
    SELECT
      MIN_BY(a, b) AS first
    FROM t
    """
    check_dialect(dialect)
    glot = sqlglot()
    return str(lowered(glot.parse_one(duckdb_text, read="duckdb"), dialect).sql(dialect, pretty=True))


def check_dialect(dialect: object) -> None:
    """Refuse a dialect that nothing is known about."""
    if dialect not in DIALECTS:
        raise InvalidInput(f"dialect must be one of {', '.join(DIALECTS)}; found {dialect!r}")


def sqlglot() -> Any:
    """The package, or an error that says how to get it."""
    try:
        import sqlglot as found
    except ImportError:
        raise NotAvailable("SQL for other engines needs sqlglot: pip install 'clvmodels[spark]'") from None
    return found


def lowered(tree: Any, dialect: str) -> Any:
    """The parsed text with what the dialect lacks said in other words."""
    from sqlglot import exp

    tree = _zones_lowered(tree, dialect)
    lower: dict[Any, Callable[[Any, str], Any]] = {
        exp.Add: _later,
        exp.ArgMin: _arg_min,
        exp.Cast: _decimal,
        exp.TryCast: _decimal,
        exp.DateDiff: _difference,
        exp.DateTrunc: _truncated_date,
        exp.TimestampTrunc: _truncated_timestamp,
        exp.Window: _window,
        exp.IsNan: _is_nan,
        exp.Greatest: _plain_extremum,
        exp.Least: _plain_extremum,
        exp.Anonymous: _refused,
    }
    # innermost first: what is lowered has been made of lowered parts
    for node in reversed(list(tree.walk(bfs=True))):
        change = lower.get(type(node))
        if change is not None:
            tree = _replaced(tree, node, change(node, dialect))
    return tree


def _replaced(tree: Any, node: Any, new: Any) -> Any:
    if new is node:
        return tree
    if node is tree:
        return new
    node.replace(new)
    return tree


def _call(name: str, *arguments: Any) -> Any:
    """A function by its name in the dialect, which sqlglot shall not translate."""
    from sqlglot import exp

    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def _cast(what: Any, to: str) -> Any:
    from sqlglot import exp

    return exp.cast(what.copy(), exp.DataType.build(to, dialect="duckdb"))


def _bare(node: Any) -> Any:
    """The node without parentheses around it."""
    return node.unnest()


# --- time zones ------------------------------------------------------------------------------------------------------


def _zones_lowered(tree: Any, dialect: str) -> Any:
    """AT TIME ZONE turns an instant into local time, and local time into an instant; only PostgreSQL's kin says so.

    DuckDB, PostgreSQL, Redshift: TIMESTAMP WITH TIME ZONE AT TIME ZONE z is local time in z, without a zone; TIMESTAMP
    AT TIME ZONE z is the instant at which clocks in z show it.
    BigQuery: TIMESTAMP is an instant, DATETIME local time; DATETIME(instant, z) and TIMESTAMP(local, z).
    Snowflake: CONVERT_TIMEZONE(z, instant) keeps the zone, which a cast to TIMESTAMP_NTZ then cuts off;
    CONVERT_TIMEZONE(from, to, local) is local time.
    Spark: FROM_UTC_TIMESTAMP moves an instant by the offset of z, so that the microseconds since 1970 are those of the
    local time; a cast to TIMESTAMP_NTZ would read the session's clock, which is another one, so they are added to 1970.
    CONVERT_TIMEZONE(from, to, local) is local time.
    """
    from sqlglot import exp

    if dialect in LIKE_POSTGRES:
        return tree
    for node in list(tree.find_all(exp.AtTimeZone)):  # outermost first
        if node is not tree and node.parent is None:
            continue  # its outer one has been lowered, and it with it
        inner = _bare(node.this)
        if isinstance(inner, exp.AtTimeZone) and not _is_instant(inner.this):
            new = _moved(inner.this, inner.args["zone"], node.args["zone"], dialect)
            inner.pop()
        elif _is_instant(inner):
            new = _local(inner, node.args["zone"], dialect)
        else:
            new = _instant(inner, node.args["zone"], dialect)
        tree = _replaced(tree, node, new)
    return tree


def _is_instant(node: Any) -> bool:
    from sqlglot import exp

    node = _bare(node)
    if isinstance(node, exp.AtTimeZone):
        return not _is_instant(node.this)
    return isinstance(node, exp.Cast) and bool(node.to.this == exp.DType.TIMESTAMPTZ)


def _local(instant: Any, zone: Any, dialect: str) -> Any:
    if dialect == "bigquery":
        return _call("DATETIME", instant, zone)
    if dialect == "snowflake":
        return _cast(_call("CONVERT_TIMEZONE", zone, instant), "TIMESTAMP")
    return _since_1970(_call("FROM_UTC_TIMESTAMP", instant, zone))


def _instant(local: Any, zone: Any, dialect: str) -> Any:
    if dialect == "bigquery":
        return _call("TIMESTAMP", local, zone)
    raise NotAvailable(f"local time cannot be turned into an instant for {dialect}")


def _moved(local: Any, from_zone: Any, to_zone: Any, dialect: str) -> Any:
    if dialect == "bigquery":
        return _call("DATETIME", _call("TIMESTAMP", local, from_zone), to_zone)
    return _call("CONVERT_TIMEZONE", from_zone, to_zone, local)


def _since_1970(instant: Any) -> Any:
    """The local time that UTC's clocks show at an instant, for Spark."""
    from sqlglot import exp

    seconds = exp.Div(
        this=_cast(_call("UNIX_MICROS", instant), "DECIMAL(20,0)"), expression=exp.Literal.number(1000000)
    )
    zero = exp.Literal.number(0)
    return exp.paren(
        exp.Add(
            this=_cast(exp.Literal.string("1970-01-01 00:00:00"), "TIMESTAMP"),
            expression=_call("MAKE_DT_INTERVAL", zero, zero, zero, seconds),
        )
    )


# --- time ------------------------------------------------------------------------------------------------------------


def _difference(node: Any, dialect: str) -> Any:
    """Whole days, hours or microseconds from one moment to another; hours are asked for between full ones only.

    Spark's DATEDIFF(unit, from, to) and DATE_TRUNC take the session's zone for timestamps without one: DATEDIFF(to,
    from) counts days, and the difference of two timestamps without zone is an exact interval.
    BigQuery's DATETIME_DIFF counts boundaries between two DATETIMEs.
    PostgreSQL has no function: dates are subtracted, and EXTRACT(EPOCH) of an interval is an exact number since 14
    (before, a double, whose rounding to whole microseconds is right from 1830 to 2110).
    Days are a 32-bit integer in PostgreSQL and Spark, which a product of two of them leaves.
    """
    from sqlglot import exp

    unit, later, earlier = node.args["unit"].name.upper(), node.this, node.expression
    if dialect in LIKE_SPARK:
        if unit == "DAY":
            return _cast(_call("DATEDIFF", later, earlier), "BIGINT")
        later = later.this if isinstance(later, exp.TimestampTrunc) else later  # FLOOR does it
        return _interval_number(exp.paren(exp.Sub(this=later.copy(), expression=earlier.copy())), unit)
    if dialect == "bigquery" and unit != "DAY":
        return _call("DATETIME_DIFF", later, earlier, exp.var(unit))
    if dialect == "postgres" and unit == "DAY":
        return _cast(exp.Sub(this=later.copy(), expression=earlier.copy()), "BIGINT")
    if dialect == "postgres":
        seconds = exp.Extract(this=exp.var("EPOCH"), expression=exp.Sub(this=later.copy(), expression=earlier.copy()))
        if unit == "HOUR":
            return _cast(exp.Div(this=seconds, expression=exp.Literal.number(3600), typed=True), "BIGINT")
        return _cast(exp.Mul(this=seconds, expression=exp.Literal.number(1000000)), "BIGINT")
    return node


def _interval_number(apart: Any, unit: str) -> Any:
    """An interval of days to seconds as a whole number of hours or microseconds, for Spark."""
    from sqlglot import exp

    seconds = _cast(exp.cast(apart, exp.DataType.build("INTERVAL SECOND", dialect="spark")), "DECIMAL(18,6)")
    if unit == "HOUR":
        return _cast(_call("FLOOR", exp.Div(this=seconds, expression=exp.Literal.number(3600), typed=True)), "BIGINT")
    return _cast(exp.Mul(this=seconds, expression=exp.Literal.number(1000000)), "BIGINT")


def _truncated_date(node: Any, dialect: str) -> Any:
    """PostgreSQL would make an instant of the date, in the session's zone."""
    from sqlglot import exp

    if dialect == "postgres" and isinstance(node.this, exp.Cast):
        return _call("DATE_TRUNC", node.args["unit"], _cast(node.this.this, "TIMESTAMP"))
    return node


def _truncated_timestamp(node: Any, dialect: str) -> Any:
    """BigQuery has a function of its own for timestamps without zone."""
    from sqlglot import exp

    if dialect == "bigquery":
        return _call("DATETIME_TRUNC", node.this, exp.var(node.args["unit"].name))
    return node


# --- the rest --------------------------------------------------------------------------------------------------------


def _arg_min(node: Any, dialect: str) -> Any:
    """PostgreSQL and Redshift have none: the rows of each group are numbered in that order, and the first is taken.

    MIN_BY elsewhere passes over a NULL in the order, as here. Ties give one of the values, here the largest.
    """
    from sqlglot import exp

    if dialect not in LIKE_POSTGRES:
        return node
    what, order, query = node.this, node.expression, node.find_ancestor(exp.Select)
    groups = query.args["group"].expressions if query.args.get("group") else []
    place = exp.Window(
        this=exp.RowNumber(),
        partition_by=[group.copy() for group in groups],
        order=exp.Order(expressions=[exp.Ordered(this=order.copy())]),  # NULL comes last in both
    )
    source = query.args["from_"].this
    numbered = exp.select("*", exp.alias_(place, "place")).from_(source.copy()).subquery(source.alias_or_name)
    source.replace(numbered)
    first = exp.and_(exp.column("place").eq(1), order.copy().is_(exp.null()).not_())
    return exp.Max(this=exp.Case().when(first, what.copy()))


def _decimal(node: Any, dialect: str) -> Any:
    """BigQuery's NUMERIC has nine places, and a cast takes no other number of them."""
    from sqlglot import exp

    if dialect != "bigquery" or node.to.this != exp.DType.DECIMAL or not node.to.expressions:
        return node
    places: Any = node.to.expressions[1].this
    node.set("to", exp.DataType.build("DECIMAL"))
    return _call("ROUND", node, places)


def _later(node: Any, dialect: str) -> Any:
    """Minutes are added as a number where text with a sign is no interval."""
    from sqlglot import exp

    interval: Any = node.expression
    if not isinstance(interval, exp.Interval) or dialect not in ("bigquery", "redshift", "snowflake"):
        return node
    minutes, unit = exp.Literal.number(int(interval.name)), exp.var(interval.args["unit"].name)
    if dialect == "bigquery":
        return _call("DATETIME_ADD", _bare(node.this), exp.Interval(this=minutes, unit=unit))
    return _call("DATEADD", unit, minutes, _bare(node.this))


def _window(node: Any, dialect: str) -> Any:
    """BigQuery puts NULL first and lets no window with a frame say otherwise; none is ordered by what may be NULL."""
    if dialect == "bigquery" and node.args.get("order"):
        for ordered in node.args["order"].expressions:
            ordered.set("nulls_first", True)
    return node


def _is_nan(node: Any, dialect: str) -> Any:
    from sqlglot import exp

    if dialect in (*LIKE_POSTGRES, "snowflake"):
        return exp.EQ(this=node.this.copy(), expression=_cast(exp.Literal.string("NaN"), "DOUBLE"))
    return node


def _plain_extremum(node: Any, dialect: str) -> Any:
    """GREATEST and LEAST differ in what they make of NULL, so the texts put none into them."""
    node.set("ignore_nulls", False)
    return node


def _refused(node: Any, dialect: str) -> Any:
    if node.name.upper() == "TRY_STRPTIME":
        raise NotAvailable(f"dates that are text of another form than 2020-03-04 cannot be read by {dialect}")
    return node
