"""Logs and summaries that stand in a database: a DuckDB file, or a PostgreSQL server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InvalidInput
from . import postgres
from .columns import Columns, Source, check_names, quoted, reading_of, whole_line, with_currency, zone_of
from .engine import connection

FILES = (".duckdb", ".ddb", ".db")
_ATTACHED = "clvmodels_source"
_MONEY = ("numeric", "money")


@dataclass(frozen=True, repr=False)
class Database:
    """A log or a summary that stands in a database.

    Attributes
    ----------
    where
        The path of a DuckDB file (.duckdb, .ddb or .db), which is opened read-only, or the address of a PostgreSQL
        server, ``postgresql://user:password@host:port/database``. What the address leaves out is taken from libpq's
        environment variables (PGHOST, PGPASSWORD and so on), service and password files.
    table
        The name of a table or a view, ``"orders"`` or ``"shop.orders"``, in upper and lower case as it stands; a part
        that holds a dot is written in double quotes.
    query
        Instead of a table: one SELECT, in the database's own SQL. It is run once, in a transaction that can only read;
        from a DuckDB file it sees that file and nothing else.

    Raises
    ------
    InvalidInput
        If not exactly one of table and query is given; with neither, the tables that there are are listed.

    Notes
    -----
    The value can stand wherever a log or a summary does. PostgreSQL's rows are copied into the private engine as they
    arrive, which spills to disk, and so are those of queries and views; a table of a DuckDB file is read in place. Of
    PostgreSQL, NUMERIC and MONEY are read exactly, infinite dates as missing, and TIMESTAMPTZ as instants in UTC (pass
    ``tz=`` to count days elsewhere). No password is ever shown: not by ``repr``, and not by messages.

    Examples
    --------
    >>> import tempfile, duckdb
    >>> import clvmodels as clv
    >>> file = tempfile.mkdtemp() + "/shop.duckdb"
    >>> with duckdb.connect(file) as shop:
    ...     _ = shop.execute("CREATE TABLE orders AS SELECT 7 AS customer_id, DATE '2024-01-01' AS date, 5.5 AS amount")
    >>> len(clv.rfm_summary(clv.Database(file, "orders")))
    1
    >>> clv.Database("postgresql://ann:secret@host/shop", query="SELECT * FROM orders")
    Database('postgresql://ann@host/shop', query='SELECT * FROM orders')
    >>> clv.Database("postgresql://ann:secret@host/shop", "orders").shown
    'postgresql://ann@host/shop'
    """

    where: str
    table: str | None = None
    query: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is no database, and what does not say what to read in it."""
        where = str(self.where) if isinstance(self.where, Path) else self.where
        if not isinstance(where, str) or not is_database(where):
            raise InvalidInput(
                f"a database must be a path to a DuckDB file ({', '.join(FILES)}) or postgresql://user@host/database; "
                f"found {_described(where)}"
            )
        object.__setattr__(self, "where", where)
        if postgres.is_address(where):
            postgres.parts_of(where)
        for name in ("table", "query"):
            if not isinstance(getattr(self, name), str | None):
                raise InvalidInput(f"{name} must be text; found {type(getattr(self, name)).__name__}")
        if self.table and self.query:
            raise InvalidInput("pass table=... or query=..., not both")
        if not self.table and not self.query:
            raise InvalidInput(f"pass table=... or query=... to say what to read of {self.shown}: {_listed(self)}")
        if self.table:
            postgres.table_parts(self.table)

    @property
    def shown(self) -> str:
        """Where it is, without password."""
        return postgres.shown(self.where) if postgres.is_address(self.where) else self.where

    def __repr__(self) -> str:
        """Where and what, without password."""
        what = f"table={self.table!r}" if self.table else f"query={self.query!r}"
        return f"Database({self.shown!r}, {what})"

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """All columns as an Arrow stream, so that whatever reads one reads databases."""
        return stream(self).__arrow_c_stream__(requested_schema)


def is_database(where: str) -> bool:
    """Whether a place is a database's, by its form.

    >>> [is_database(where) for where in ("postgres://host/db", "shop.duckdb", "log.csv")]
    [True, True, False]
    """
    return postgres.is_address(where) or ("://" not in where and where.lower().endswith(FILES))


def register_database(con: Any, database: Database, names: Columns, *, report: bool) -> Source:
    """Make the view or table ``log`` on the private engine's connection, with our names for the columns wanted."""
    known: dict[str, Any] = {}

    def picked(found: list[str]) -> Mapping[str, str]:
        theirs = with_currency(found, names) if report else names
        check_names(found, theirs)
        known.update(names=theirs, columns=len(found) if report else 0)
        return theirs.wanted()

    numbers, zone = _made(con, database, "log", picked, whole=report)
    for ours in ("customer_id", "order_id"):
        if ours in numbers:
            _as_numbers(con, "log", ours)
    reading = reading_of(con, known["names"], zone, amount_as_text="amount" in numbers)
    return Source(reading, "pandas", all_text=False, names=known["names"], columns=known["columns"])


def columns_in(database: Database) -> list[str]:
    """The names of the columns; no row is read."""
    if postgres.is_address(database.where):
        with _asking(database) as cursor:
            return list(_types(cursor, _text(database)))
    with connection() as con, _in_file(con, database) as (_, _, found):
        return found


def register_columns(con: Any, database: Database, name: str, wanted: Mapping[str, str]) -> None:
    """Make ``name`` of the columns wanted, ours to theirs; exact numbers as decimals, not finite ones as doubles."""
    numbers, _ = _made(con, database, name, lambda found: wanted, whole=False)
    for column in numbers:
        _as_numbers(con, name, column)


def stream(database: Database) -> Any:
    """All columns as a pyarrow RecordBatchReader; exact numbers as decimals, those that are not finite as doubles."""
    import pyarrow as pa

    def batches() -> Iterator[Any]:
        with connection() as con:
            numbers, _ = _made(con, database, "theirs", lambda found: {name: name for name in found}, whole=False)
            for name in numbers:
                _as_numbers(con, "theirs", name)
            reader = con.sql("SELECT * FROM theirs").to_arrow_reader(100_000)
            yield reader.schema
            yield from reader

    found = batches()
    return pa.RecordBatchReader.from_batches(next(found), found)


def _made(
    con: Any, database: Database, name: str, picked: Callable[[list[str]], Mapping[str, str]], *, whole: bool
) -> tuple[list[str], str | None]:
    """Make ``name`` of the columns that ``picked`` chooses among those found: ours to theirs.

    Returns those of ours that are exact numbers written as text, and the zone of the date.
    """
    if postgres.is_address(database.where):
        return _copied(con, database, name, picked, whole=whole)
    _attached(con, database, name, picked, whole=whole)
    return [], None


# DuckDB files


def _attached(
    con: Any, database: Database, name: str, picked: Callable[[list[str]], Mapping[str, str]], *, whole: bool
) -> None:
    with _in_file(con, database) as (text, in_place, found):
        columns = ", ".join(f"{quoted(theirs)} AS {quoted(ours)}" for ours, theirs in picked(found).items())
        more = whole_line(list(map(quoted, found))) if whole else ""
        made = "VIEW" if in_place else "TABLE"
        con.execute(f"SET preserve_insertion_order = {not in_place}")  # so that the first bad line is the first
        con.execute(f"CREATE TEMP {made} {quoted(name)} AS SELECT {columns}{more} FROM ({text}\n) AS found")
    con.execute("SET preserve_insertion_order = false")


@contextmanager
def _in_file(con: Any, database: Database) -> Iterator[tuple[str, bool, list[str]]]:
    """Within the attached file: the SELECT, whether it may be read in place, and the columns.

    A table may. A query and a view are to be copied at once, for they name tables without saying whose: later they
    would find ours.
    """
    import duckdb

    attach(con, database.where)
    try:
        con.execute(f"USE {_ATTACHED}")
        _refuse_other_than_select(con, database)
        in_place = database.table is not None and _is_table(con, database)
        text = _text(database, f"{_ATTACHED}.")
        found = [row[0] for row in con.execute(f"DESCRIBE SELECT * FROM ({text}\n) AS found").fetchall()]
        _refuse_twice(found)
        yield text, in_place, found
        con.execute("USE memory")
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise InvalidInput(_refused(database, _first_line(error), _tables_of_file(con))) from error


def attach(con: Any, path: str, alias: str = _ATTACHED) -> None:
    """Attach a DuckDB file, read-only, and close every other way out of the engine."""
    import duckdb

    if not Path(path).is_file():
        raise InvalidInput(f"no file found at {path!r}")
    literal = path.replace("'", "''")
    try:
        con.execute(f"ATTACH '{literal}' AS {quoted(alias)} (TYPE duckdb, READ_ONLY)")
    except duckdb.Error as error:
        raise InvalidInput(cannot_open(path, error)) from error
    con.execute("SET enable_external_access = false")


def cannot_open(path: str, error: Exception) -> str:
    """Why a DuckDB file cannot be opened."""
    told = str(error)
    if "lock" in told.lower() or "conflict" in told.lower():
        return (
            f"{path!r} is in use: somebody has it open for writing, or this program has it open already. Close it "
            f"there first ({_first_line(error)})"
        )
    if "version" in told.lower():
        return f"{path!r} was written by another version of DuckDB than the one installed: {_first_line(error)}"
    return f"{path!r} could not be opened as a DuckDB file: it is damaged, or none ({_first_line(error)})"


def _is_table(con: Any, database: Database) -> bool:
    *schema, name = postgres.table_parts(str(database.table))
    where = "database_name = ? AND table_name = ? AND schema_name = ?"
    query = f"SELECT COUNT(*) FROM duckdb_tables() WHERE {where}"
    return bool(con.execute(query, [_ATTACHED, name, *(schema or ["main"])]).fetchall()[0][0])


def _tables_of_file(con: Any) -> list[str]:
    query = f"""
SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = '{_ATTACHED}'
UNION ALL SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = '{_ATTACHED}' AND NOT internal
ORDER BY 1, 2"""
    return [postgres.written(schema, name, "main") for schema, name in con.execute(query).fetchall()]


def _refuse_other_than_select(con: Any, database: Database) -> None:
    if database.query is None:
        return
    kinds = [statement.type.name for statement in con.extract_statements(_plain(database.query))]
    if kinds != ["SELECT"]:
        raise InvalidInput(f"query must be one SELECT; found {', '.join(kinds) or 'nothing'}")


# PostgreSQL


@contextmanager
def _asking(database: Database) -> Iterator[Any]:
    """A cursor in a transaction that can only read; what the server refuses is told in our words."""
    import pyarrow as pa

    with postgres.connected(database.where) as con, con.cursor() as cursor:
        errors = (*_driver_errors(), OSError, pa.ArrowException)
        try:
            cursor.execute("SET TRANSACTION READ ONLY")
            yield cursor
        except errors as error:
            why = postgres.reason(error, database.where)
            con.rollback()
            raise InvalidInput(_refused(database, why, postgres.tables(cursor))) from None


def _driver_errors() -> tuple[type[Exception], ...]:
    import adbc_driver_manager

    return (adbc_driver_manager.Error,)


def _copied(
    con: Any, database: Database, name: str, picked: Callable[[list[str]], Mapping[str, str]], *, whole: bool
) -> tuple[list[str], str | None]:
    import duckdb

    text = _text(database)
    with _asking(database) as cursor:
        types = _types(cursor, text)
        chosen = picked(list(types))
        columns = [f"{_as_sent(theirs, types[theirs])} AS {quoted(ours)}" for ours, theirs in chosen.items()]
        if whole:
            columns.append("hashtextextended(CAST(found AS text), 0) AS whole_line")
        cursor.execute(f"SELECT {', '.join(columns)} FROM ({text}\n) AS found")
        failed: list[Exception] = []
        reader = _telling(cursor.fetch_record_batch(), failed)
        con.register("stream", reader)
        con.execute("SET preserve_insertion_order = true")  # so that the first bad line is the first
        try:
            con.execute(f"CREATE TEMP TABLE {quoted(name)} AS SELECT * FROM stream")
        except duckdb.Error:
            if failed:
                raise failed[0] from None
            raise
        con.execute("SET preserve_insertion_order = false")
        con.unregister("stream")
    zone = zone_of(reader) if "date" in chosen else None
    return [ours for ours, theirs in chosen.items() if types[theirs][0] in _MONEY], zone


def _types(cursor: Any, text: str) -> dict[str, tuple[str, Any]]:
    """Each column's type, the server's name for it and Arrow's; nothing of the query is run."""
    cursor.execute(f"SELECT * FROM ({text}\n) AS found LIMIT 0")
    schema = cursor.fetch_record_batch().read_all().schema
    _refuse_twice(schema.names)
    asked = ", ".join(f"CAST(pg_typeof(found.{quoted(name)}) AS text)" for name in schema.names)
    cursor.execute(
        f"SELECT {asked} FROM (VALUES (1)) AS one LEFT JOIN (SELECT * FROM ({text}\n) AS all_rows LIMIT 0) AS found "
        "ON true"
    )
    theirs = cursor.fetchall()[0]
    return {field.name: (kind, field.type) for field, kind in zip(schema, theirs, strict=True)}


def _as_sent(name: str, types: tuple[str, Any]) -> str:
    """A column as the server shall send it: the driver has no exact numbers, and turns infinite dates into odd ones."""
    import pyarrow as pa

    theirs, arrow = types
    column = f"found.{quoted(name)}"
    if theirs == "money":  # arrives in cents, without saying so
        return f"CAST(CAST({column} AS numeric) AS text)"
    if pa.types.is_date(arrow) or pa.types.is_timestamp(arrow):
        return f"CASE WHEN isfinite({column}) THEN {column} END"
    plain = (pa.types.is_integer, pa.types.is_floating, pa.types.is_string, pa.types.is_boolean)
    return column if theirs == "uuid" or any(test(arrow) for test in plain) else f"CAST({column} AS text)"


def _telling(reader: Any, failed: list[Exception]) -> Any:
    """The same stream, of which the error that ends it is kept: the engine would only pass its text on."""
    import pyarrow as pa

    def batches() -> Iterator[Any]:
        try:
            yield from reader
        except Exception as error:
            failed.append(error)
            raise

    return pa.RecordBatchReader.from_batches(reader.schema, batches())


def _as_numbers(con: Any, table: str, column: str) -> None:
    """Exact numbers that came as text: as decimals of the places that they have, else, if not finite, as doubles."""
    name = quoted(column)
    places = con.execute(
        f"SELECT COALESCE(MAX(LENGTH({name}) - POSITION('.' IN {name})), 0) FROM {table} WHERE CONTAINS({name}, '.')"
    ).fetchall()[0][0]
    kind = f"DECIMAL(38,{min(places, 37)})"
    fits = f"{name} IS NULL OR TRY_CAST({name} AS {kind}) IS NOT NULL"
    exact = places < 38 and con.execute(f"SELECT COALESCE(BOOL_AND({fits}), true) FROM {table}").fetchall()[0][0]
    con.execute(f"ALTER TABLE {table} ALTER {name} TYPE {kind if exact else 'DOUBLE'}")


# what is said


def _text(database: Database, catalog: str = "") -> str:
    if database.query is not None:
        return _plain(database.query)
    return f"SELECT * FROM {catalog}{_qualified(database, catalog)}"


def _qualified(database: Database, catalog: str) -> str:
    parts = postgres.table_parts(str(database.table))
    return ".".join(map(quoted, ["main", *parts] if catalog and len(parts) == 1 else parts))


def _plain(query: str) -> str:
    return re.sub(r"[\s;]+\Z", "", query)


def _refuse_twice(found: list[str]) -> None:
    twice = [name for name in dict.fromkeys(found) if found.count(name) > 1]
    if twice:
        raise InvalidInput(f"the query must name each column once; {twice[0]!r} is there {found.count(twice[0])} times")


def _refused(database: Database, why: str, tables: list[str]) -> str:
    what = f"table {database.table!r}" if database.table else "the query"
    return f"{what} could not be read of {database.shown}: {why}. {_there(tables)}"


def _there(tables: list[str]) -> str:
    more = f" and {len(tables) - 30:,} more" if len(tables) > 30 else ""
    return f"The tables there are: {', '.join(tables[:30])}{more}" if tables else "There are no tables in it"


def _listed(database: Database) -> str:
    if not postgres.is_address(database.where):
        with connection() as con:
            attach(con, database.where)
            return _there(_tables_of_file(con))
    with postgres.connected(database.where) as server, server.cursor() as cursor:
        return _there(postgres.tables(cursor))


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0].strip().rstrip(".")


def _described(where: object) -> str:
    if isinstance(where, str):
        return repr(where.split("://")[0] + "://...") if "://" in where else repr(where)
    return type(where).__name__
