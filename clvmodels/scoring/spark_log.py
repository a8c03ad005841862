"""Reads a log in Spark: the embedded engine's SQL, checks and words, over Spark's data frames."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ..errors import InvalidInput, NotAvailable, NotEnoughData
from ..transactions import sql, state
from ..transactions.columns import Columns, Source, check_names, reading_of_types
from ..transactions.dates import Reading
from ..transactions.engine import connection, row
from ..transactions.grouping import read_lines
from ..transactions.id_types import whole_numbers
from ..transactions.moments import from_day_number, parse_zone
from ..transactions.observation import last_date, observed, settings_of
from ..transactions.refusals import refuse_left_over
from ..transactions.sources import check_format
from ..transactions.summarize import one_of
from ..units import hours_in
from .spark_text import spark_text


class Answer(NamedTuple):
    """What a query gave, as a cursor tells it."""

    description: list[tuple[str]]
    rows: list[tuple[Any, ...]]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows."""
        return self.rows


class SparkTables:
    """The tables of one reading, by name, and what of a connection reading a log needs.

    Nothing is registered in the session: each query is given the data frames that it names.
    """

    def __init__(self, **tables: Any) -> None:
        self.tables = tables

    def query(self, text: str) -> Any:
        """A Spark data frame of the query, which is in the embedded engine's SQL."""
        named = {name: frame for name, frame in self.tables.items() if re.search(rf"\b{name}\b", text)}
        given = ", ".join(f"{name} AS (SELECT * FROM {{{name}}})" for name in named)
        plain = spark_text(text).replace("{", "{{").replace("}", "}}")
        session = next(iter(self.tables.values())).sparkSession
        return session.sql(f"WITH {given} SELECT * FROM ({plain})", **named)

    def execute(self, text: str) -> Answer:
        """Make a table, or run a query and fetch what it gives; settings of the embedded engine mean nothing here."""
        made = re.match(r"\s*CREATE TEMP (?:TABLE|VIEW) (\w+) AS (.*)", text, re.DOTALL)
        if made:
            self.tables[made[1]] = self.query(made[2])
            return Answer([], [])
        if re.match(r"\s*(RE)?SET ", text):
            return Answer([], [])
        found = self.query(text)
        return Answer([(name,) for name in found.columns], [tuple(found) for found in found.collect()])


def frame_of(source: Any, what: str = "log") -> Any:
    """A Spark data frame, as it is or by the name of a table."""
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise NotAvailable(
            "clvmodels.spark needs PySpark 4.0 or newer, which a cluster brings along: run this where Spark is, or "
            "pip install pyspark"
        ) from error
    if isinstance(source, str):
        session = SparkSession.getActiveSession()
        if session is None:
            raise InvalidInput(
                f"the table {source!r} needs a Spark session, and none is active: make one first, or pass a data frame"
            )
        if not _is_table(session, source):
            raise InvalidInput(
                f"there is no table {source!r} in the Spark session's catalogue. Of files pass a data frame, for "
                "example spark.read.parquet(path)"
            )
        return session.table(source)
    if type(source).__module__.split(".")[0] == "pyspark" and hasattr(source, "mapInArrow"):
        if source.isStreaming:
            raise InvalidInput(f"a {what} must be all there; found a stream: write it to a table, and pass that")
        return source
    raise InvalidInput(
        f"a {what} must be a Spark DataFrame or the name of a table; found "
        f"{type(source).__module__}.{type(source).__qualname__}"
    )


def _is_table(session: Any, name: str) -> bool:
    from pyspark.errors import ParseException

    try:
        return bool(session.catalog.tableExists(name))
    except ParseException:  # a path, say
        return False


class SparkSummary(NamedTuple):
    """A summary as a Spark data frame, and its facts."""

    frame: Any
    facts: dict[str, str | None]


def summary_of(
    log: Any,
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
) -> SparkSummary:
    """Count the lines and refuse what cannot be read, at once; the summary itself is computed when it is asked for."""
    hours_in(time_unit)
    one_of("event_grain", event_grain, tuple(sql.GRAINS))
    one_of("refunds", refunds, sql.REFUNDS)
    con, source = _registered(log, names, parse_zone(tz), date_format)
    reading = source.reading
    start, end = observed(observation_start, observation_end, reading.zone)
    met = read_lines(con, source, refunds=refunds, until=end, strict=strict)
    asked: dict[str, Any] = {
        "event_grain": event_grain,
        "refunds": refunds if met.get("refund_lines") else "",
        "observation_end": end,
        "days": start is not None,
    }
    if not met["lines_used"]:
        span = f"the log runs from {from_day_number(met['first_day'])} to {from_day_number(met['last_day'])}"
        raise NotEnoughData(f"no line with a customer and a date on or before observation_end {end}: {span}")
    con.execute(f"CREATE TEMP TABLE customers AS {sql.customers_sql(reading, **asked, told=strict)}")
    if strict and refunds != "drop":
        counts = {**met, **row(con, sql.quality_sql(reading, refunds=asked["refunds"]))}
        refuse_left_over(con, source, counts, sql.events_sql(reading, **asked), event_grain)
    last = last_date(met["last_day"]) if end is None else end
    text = sql.summary_sql(
        reading,
        time_unit=time_unit,
        event_grain=event_grain,
        observation_start=start,
        observation_end=last,
        whole_number_ids=whole_numbers(con, reading.customer, all_text=False),
    )
    settings = settings_of(
        time_unit=time_unit,
        event_grain=event_grain,
        observation_start=start,
        observation_end=last,
        tz=reading.zone,
        refunds=refunds,
    )
    return SparkSummary(con.query(_unordered(text)), state.facts_of(settings))


def _registered(log: Any, names: Columns, zone: str | None, date_format: str | None) -> tuple[SparkTables, Source]:
    frame = frame_of(log)
    check_names(list(frame.columns), names)
    wanted = names.wanted()
    for theirs in dict.fromkeys(wanted.values()):
        if list(map(str.lower, frame.columns)).count(theirs.lower()) > 1:
            raise InvalidInput(f"column {theirs!r} must be there once; Spark does not tell upper from lower case")
    picked = frame.select(*(frame[ticked(theirs)].alias(ours) for ours, theirs in wanted.items()))
    types = {field.name: _engine_type(field.dataType.simpleString()) for field in picked.schema.fields}
    written = types.get("amount") == "VARCHAR"  # as Spark reads CSV; what is no number is refused with its count
    reading = reading_of_types({**types, "amount": "DOUBLE"} if written else types, names, zone)
    if reading.date == "zoned" and zone is None:
        raise InvalidInput(
            f"column {names.date!r} holds TIMESTAMP, an instant whose day depends on the session's time zone: pass tz= "
            'to say in which zone days are counted, for example tz="Europe/Berlin" or tz="UTC"'
        )
    if date_format is not None:
        if reading.date != "text":
            raise InvalidInput(
                f"date_format is for dates written as text; column {names.date!r} holds dates already. Leave it out"
            )
        with connection() as con:
            check_format(con, date_format, zone)
    read = Reading(reading.customer, reading.date, zone, reading.money, date_format, reading.order)
    return SparkTables(log=picked), Source(read, "spark", all_text=False, names=names)


def _engine_type(spark_type: str) -> str:
    """What the embedded engine calls one of Spark's types."""
    names = {
        "string": "VARCHAR",
        "date": "DATE",
        "timestamp": "TIMESTAMP WITH TIME ZONE",
        "timestamp_ntz": "TIMESTAMP",
        "double": "DOUBLE",
        "float": "FLOAT",
        "void": "NULL",
        "long": "BIGINT",
        "short": "SMALLINT",
        "byte": "TINYINT",
    }
    plain = re.match(r"[a-z_]+", spark_type)
    first = plain[0] if plain else spark_type
    return (
        "VARCHAR"
        if first in ("varchar", "char")
        else f"{spark_type}[]"
        if first == "array"
        else names.get(first, spark_type.upper())
    )


def ticked(name: str) -> str:
    """A column's name as Spark's identifier, whatever is in it."""
    return "`" + name.replace("`", "``") + "`"


def _unordered(text: str) -> str:
    """Without the order, which a summary in Spark has none of and which would cost a shuffle."""
    whole, _, _ = text.rpartition("ORDER BY")
    return whole
