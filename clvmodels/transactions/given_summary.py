"""A summary (one row a customer) read by the engine, whatever it comes in; rows that cannot be used get a reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .. import frames
from ..errors import InvalidInput
from . import databases
from .columns import quoted
from .databases import Database
from .id_text import check_type, hash_sql
from .log_files import columns_in, files_of, parquet_schema, selection, sort_of
from .sources import is_files, stream_of
from .summary_rules import MONEY, rules_of
from .systems.exported import COLUMNS
from .systems.system_log import SystemLog

FACTS = ("time_unit", "event_grain", "observation_start", "observation_end", "tz", "refunds", "version")

_NUMBER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*")
NO_ID, TWICE = 1, 2


@dataclass(frozen=True)
class Given:
    """A summary in the table ``customers``: its columns beyond the identifier, and what it says of itself."""

    columns: tuple[str, ...]
    reasons: dict[int, str]  # why a row is not scored, by the number it has in the table
    facts: dict[str, str | None]
    sort: str  # of the identifiers, as `Reading.customer`
    all_text: bool


def columns_of(source: object) -> list[str]:
    """The names of the columns of whatever holds a log or a summary, without reading its rows."""
    if is_files(source):
        return columns_in(files_of(source))
    if isinstance(source, Database):
        return databases.columns_in(source)
    if isinstance(source, SystemLog):
        return list(COLUMNS)
    thing: Any = source
    which = frames.kind(source)
    if which == "duckdb":
        return list(thing.columns)
    if which == "polars":
        return list(thing.collect_schema().names())
    return frames.column_names(source) if which else list(thing.schema.names)


def read_summary(
    con: Any,
    source: object,
    *,
    customer_id: str,
    statistics: Sequence[str],
    time: str,
    margin: str | None,
    kept: str,
) -> Given:
    """Make the table ``customers`` (customer_id, statistics, margin, hash of the id, reason) of a summary.

    ``kept`` is a condition on the hash, for those who want the customers of some parts only. A summary may be without
    monetary_value.

    Raises
    ------
    InvalidInput
        If a column is missing, or is of a type that holds no numbers.
    """
    found = columns_of(source)
    statistics = [name for name in statistics if name != MONEY or name in found]
    columns = tuple(dict.fromkeys([*statistics, *([] if margin is None else [margin])]))
    wanted = {"customer_id": customer_id, **{name: name for name in columns}}
    for theirs in wanted.values():
        if found.count(theirs) != 1:
            listed = ", ".join(map(repr, found[:30])) or "none"
            raise InvalidInput(
                f"the summary must have the column {theirs!r} once, and has it {found.count(theirs)} times; the "
                f"columns found are {listed}"
            )
    facts = register_given(con, source, wanted)
    types = {name: sort for name, sort, *_ in con.execute("DESCRIBE SELECT * FROM given").fetchall()}
    all_text = is_files(source) and sort_of(files_of(source)) == "csv"
    check_type(types["customer_id"], customer_id)
    for name in columns:
        if not (all_text or _NUMBER.fullmatch(types[name]) or "NULL" in types[name]):
            raise InvalidInput(f"column {name!r} must hold numbers; found {types[name]}")
    sort = {"VARCHAR": "text", "FLOAT": "float", "DOUBLE": "float"}.get(types["customer_id"], "other")
    checks = _checks(statistics, time, margin)
    given = Given(columns, {code: words for code, (words, _) in checks.items()}, facts, sort, all_text)
    conditions = " ".join(f"WHEN {condition} THEN {code}" for code, (_, condition) in checks.items())
    _judge(con, given, types, conditions, kept)
    return given


def _judge(con: Any, given: Given, types: dict[str, str], conditions: str, kept: str) -> None:
    """The table ``customers``: every row of ``given`` with numbers for statistics, and why it cannot be scored."""
    ids = {"text": "NULLIF(customer_id, '')", "float": "CASE WHEN ISNAN(customer_id) THEN NULL ELSE customer_id END"}
    customer = ids.get(given.sort, "customer_id")
    if types["customer_id"].startswith("ENUM"):
        customer = "CAST(customer_id AS VARCHAR)"
    cast = "TRY_CAST" if given.all_text else "CAST"
    numbers = ", ".join(f"{cast}({quoted(name)} AS DOUBLE) AS {quoted(name)}" for name in given.columns)
    handed = ", ".join(quoted(name) for name in given.columns)
    con.execute(f"""
CREATE TABLE customers AS
SELECT customer_id, {handed}, {hash_sql("customer_id", given.sort)} AS hash,
  CAST(CASE {conditions} ELSE 0 END AS TINYINT) AS reason
FROM (SELECT {customer} AS customer_id, {numbers} FROM given) AS read
WHERE {kept}""")
    con.execute("""
CREATE TABLE twice AS
SELECT customer_id FROM customers WHERE customer_id IS NOT NULL GROUP BY customer_id HAVING COUNT(*) > 1""")
    if con.execute("SELECT COUNT(*) FROM twice").fetchall()[0][0]:
        con.execute(f"UPDATE customers SET reason = {TWICE} WHERE customer_id IN (SELECT customer_id FROM twice)")


def _checks(statistics: Sequence[str], time: str, margin: str | None) -> dict[int, tuple[str, str]]:
    """What must not be, in plain words and as a condition, by number; the first that is so counts."""
    found = [("no customer", "customer_id IS NULL"), ("the customer is there more than once", "FALSE")]
    found += [(rule.reason, rule.wrong) for rule in rules_of(statistics, time=time, margin=margin)]
    if "frequency" in statistics:  # it is handed out as a whole number
        found.append(("frequency is too large", f"{quoted('frequency')} > 9007199254740992"))
    return dict(enumerate(found, start=NO_ID))


def register_given(con: Any, source: object, wanted: dict[str, str]) -> dict[str, str | None]:
    """Make the view or table ``given`` of the wanted columns, and return what the summary says of itself."""
    thing: Any = source
    if is_files(source):
        files = files_of(source)
        con.execute(f"CREATE TEMP VIEW given AS {selection(files, wanted)}")
        return _facts_of_files(files)
    if isinstance(source, Database):
        databases.register_columns(con, source, "given", wanted)
        return _all_facts({})
    which = frames.kind(source)
    if which and which != "duckdb":
        con.register("given", _as_arrow(source, which, wanted))
        return _all_facts(frames.read_facts(source))
    picked = ", ".join(f"{quoted(theirs)} AS {quoted(ours)}" for ours, theirs in wanted.items())
    if which == "duckdb":
        reader = thing.project(picked).to_arrow_reader()
        picked = ", ".join(quoted(ours) for ours in wanted)
    else:
        reader = stream_of(source)
    facts = frames.read_facts(reader.schema.empty_table())
    con.register("stream", reader)
    con.execute(f"CREATE TABLE given AS SELECT {picked} FROM stream")
    con.unregister("stream")
    return _all_facts(facts)


def _as_arrow(source: object, which: str, wanted: dict[str, str]) -> Any:
    import pyarrow as pa

    thing: Any = source
    if which == "polars":
        thing = thing.select(list(dict.fromkeys(wanted.values())))
        thing = (thing.collect() if hasattr(thing, "collect") else thing).to_arrow()
    columns = {}
    for ours, theirs in wanted.items():
        column = thing.column(theirs) if which != "pandas" else _pandas_column(source, theirs)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        columns[ours] = column.cast(pa.float64()) if pa.types.is_null(column.type) else column
    return pa.table(columns)


def _pandas_column(source: object, name: str) -> Any:
    import pyarrow as pa

    column = frames.column_of(source, name)
    try:
        return pa.Array.from_pandas(column)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(
            f"column {name!r} holds values that cannot be read ({column.dtype}, such as {column.iloc[0]!r}); convert "
            "them to numbers or text first"
        ) from error


def _facts_of_files(files: list[str]) -> dict[str, str | None]:
    if sort_of(files) == "csv":
        return _all_facts({})
    facts = [_all_facts(frames.read_facts(parquet_schema(file).empty_table())) for file in files]
    for file, other in zip(files, facts, strict=True):
        odd = next((name for name in FACTS if name != "version" and other[name] != facts[0][name]), None)
        if odd:
            raise InvalidInput(
                f"files of one summary must say the same of it; {odd} is {facts[0][odd]!r} in {files[0]!r} and "
                f"{other[odd]!r} in {file!r}"
            )
    return facts[0]


def _all_facts(said: dict[str, str | None]) -> dict[str, str | None]:
    return {name: said.get(name) for name in FACTS}
