"""Makes a log readable for the private engine: a view ``log`` with the columns customer_id, date and amount."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from .. import frames
from ..errors import InvalidInput
from .columns import Columns, Source, check_names, quoted, reading_of, whole_line, with_currency, zone_of
from .databases import Database, register_database
from .log_files import files_of, register_files
from .systems.system_log import SystemLog, register_system

ACCEPTED = (
    "a pandas DataFrame, a pyarrow Table, RecordBatchReader or Dataset, a polars DataFrame, a DuckDB relation, "
    "anything with an Arrow stream, or a path (wildcards allowed) to .parquet or .csv, a list of such paths, or "
    "a clvmodels.Database or clvmodels.SystemLog"
)


def register(
    con: Any,
    log: object,
    names: Columns,
    tz: str | None = None,
    date_format: str | None = None,
    *,
    report: bool = False,
) -> Source:
    """Make the view ``log`` on the connection; refuse what cannot be read as a log.

    With a report to come, a column that is called currency is read as well, and so is a hash of whole lines where it
    costs nothing before it is asked for (files) or could not be had later (streams).
    """
    source = _registered(con, log, names, tz, report=report)
    reading = source.reading
    if date_format is not None:
        check_format(con, date_format, tz)
        if reading.date != "text":
            raise InvalidInput(
                f"date_format is for dates written as text; column {names.date!r} holds dates already. Leave it out"
            )
    return replace(source, reading=replace(reading, zone=tz or reading.zone, date_format=date_format))


def is_files(log: object) -> bool:
    """Whether a log is named by a path, or a list of paths."""
    if isinstance(log, list | tuple):
        return not log or any(isinstance(path, str | Path) for path in log)
    return isinstance(log, str | Path)


def files_read(log: object) -> list[str] | None:
    """The files that a log stands in, in a fixed order; None if it stands in none."""
    if isinstance(log, SystemLog):
        return files_of(log.path)
    return files_of(log) if is_files(log) else None


def _registered(con: Any, log: object, names: Columns, tz: str | None, *, report: bool) -> Source:
    if is_files(log):
        return register_files(con, log, names, report=report)
    if isinstance(log, Database):
        return register_database(con, log, names, report=report)
    if isinstance(log, SystemLog):
        return register_system(con, log, names, tz, report=report)
    kind = frames.kind(log)
    if kind == "duckdb":
        relation: Any = log
        found = list(relation.columns)
        names = with_currency(found, names) if report else names
        check_names(found, names)
        picked = ", ".join(f"{quoted(theirs)} AS {ours}" for ours, theirs in names.wanted().items())
        whole = whole_line(list(map(quoted, found))) if report else ""
        reader = relation.project(picked + whole).to_arrow_reader()
        own = {ours: ours for ours in names.wanted()}
        return _reader(con, reader, names, own, "pandas", ", whole_line" if report else "", len(found) if report else 0)
    if kind:
        table, names = in_memory(log, kind, names, report=report)
        con.register("log", table)
        return Source(reading_of(con, names, zone_of(table)), kind, all_text=False, names=names)
    stream = stream_of(log, None if report else names)
    found = list(stream.schema.names)
    names = with_currency(found, names) if report else names
    check_names(found, names)
    answer = "arrow" if type(log).__module__.split(".")[0] == "pyarrow" else "pandas"
    whole = whole_line(list(map(quoted, found))) if report else ""
    return _reader(con, stream, names, names.wanted(), answer, whole, len(found) if report else 0)


def in_memory(log: object, kind: str, names: Columns, *, report: bool) -> tuple[Any, Columns]:
    """The wanted columns of a frame as an Arrow table, and the names with the currency's."""
    picked_table = {"pandas": _from_pandas, "arrow": _from_arrow, "polars": _from_polars}[kind]
    lazy: Any = log
    found = lazy.collect_schema().names() if hasattr(log, "collect_schema") else frames.column_names(log)
    more = with_currency(found, names) if report else names
    if more != names:
        try:
            return _plain(picked_table(log, more)), more
        except InvalidInput:
            pass  # nobody asked for that column: if the fault lies in another one, it is met again below
    return _plain(picked_table(log, names)), names


def stream_of(log: Any, names: Columns | None = None) -> Any:
    """Whatever can be read as a stream of Arrow record batches, as a pyarrow RecordBatchReader; all columns if None."""
    import pyarrow as pa

    of_pyarrow = type(log).__module__.split(".")[0] == "pyarrow"
    if names is not None and of_pyarrow and hasattr(log, "scanner"):  # a dataset: only the columns wanted are read
        check_names(list(log.schema.names), names)
        return log.scanner(columns=list(dict.fromkeys(names.wanted().values()))).to_reader()
    if of_pyarrow and hasattr(log, "scanner"):
        return log.scanner().to_reader()
    if of_pyarrow and hasattr(log, "to_reader"):
        return log.to_reader()
    if hasattr(log, "__arrow_c_stream__"):
        try:
            return pa.RecordBatchReader.from_stream(log)
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise InvalidInput(
                f"a log must be a table; the Arrow stream of {type(log).__qualname__} holds no columns"
            ) from error
    raise InvalidInput(f"a log must be {ACCEPTED}; found {type(log).__module__}.{type(log).__qualname__}")


def opened(source: object) -> Any:
    """What can be asked for its columns and read afterwards, as it is; of anything else its Arrow stream."""
    kept = (
        is_files(source)
        or frames.kind(source)
        or hasattr(source, "scanner")
        or isinstance(source, Database | SystemLog)
    )
    return source if kept else stream_of(source)


def held(log: object) -> tuple[Any, bool]:
    """A log that can be read twice, and whether what it then gives is to be turned into pandas: streams are held."""
    if is_files(log) or frames.kind(log) or hasattr(log, "scanner") or isinstance(log, SystemLog):
        return log, False
    return stream_of(log).read_all(), type(log).__module__.split(".")[0] != "pyarrow"


def readable_twice(log: object) -> Any:
    """A log that can be read twice: databases as they are, streams held."""
    return log if isinstance(log, Database) else held(log)[0]


def check_format(con: Any, date_format: object, tz: str | None) -> None:
    """Refuse a format of dates that the engine cannot read, or an offset in one without a zone to count days in."""
    import duckdb

    if not isinstance(date_format, str) or not re.search(r"%-?[Yy]", date_format):
        raise InvalidInput(f'date_format must say where the year is, as in "%d/%m/%Y"; found {date_format!r}')
    if "%Z" in date_format:
        raise InvalidInput(f"date_format cannot hold %Z, a zone's name, only %z, an offset; found {date_format!r}")
    if "%z" in date_format and tz is None:
        raise InvalidInput(
            f"date_format {date_format!r} reads an offset: pass tz= to say in which zone days are counted, for example "
            'tz="UTC"'
        )
    literal = date_format.replace("'", "''")
    try:
        con.execute(f"SELECT TRY_STRPTIME('', '{literal}') IS NULL").fetchall()
    except duckdb.Error as error:
        raise InvalidInput(
            f'date_format must be written with %d, %m, %Y, %H, %M, %S and the like, as in "%d/%m/%Y"; '
            f"found {date_format!r}"
        ) from error


def _from_pandas(log: Any, names: Columns) -> Any:
    import pyarrow as pa

    check_names([*map(str, log.columns), *(n for n in log.index.names if n is not None)], names)
    columns = {}
    for ours, theirs in names.wanted().items():
        label = next((name for name in log.columns if str(name) == theirs), None)  # a name may be a number
        column = log.index.get_level_values(theirs).to_series() if label is None else log[label]
        if column.ndim != 1:
            raise InvalidInput(f"column {theirs!r} must be there once; the log has several columns of that name")
        if column.dtype == object:
            _check_objects(column, theirs)
        try:
            columns[ours] = pa.Array.from_pandas(column)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise InvalidInput(
                f"column {theirs!r} holds values that cannot be read ({column.dtype}, such as {column.iloc[0]!r}); "
                "convert them to numbers, text or dates first"
            ) from error
    return pa.table(columns)


def _check_objects(column: Any, name: str) -> None:
    from pandas.api.types import infer_dtype

    zoned = [value.tzinfo is not None for value in column if isinstance(value, datetime) and value == value]
    if any(zoned) and not all(zoned):
        raise InvalidInput(
            f"column {name!r} holds {sum(zoned):,} timestamps with a time zone and {len(zoned) - sum(zoned):,} "
            "without: give all of them a zone, or none"
        )
    if infer_dtype(column, skipna=True) not in ("mixed", "mixed-integer"):
        return
    known = column[column.notna()]
    types = Counter(type(value).__name__ for value in known)
    if len(types) < 2:
        return
    usual = types.most_common(1)[0][0]
    position, odd = next(
        (i, v) for i, v in enumerate(column) if type(v).__name__ in types and type(v).__name__ != usual
    )
    counts = ", ".join(f"{count:,} {kind}" for kind, count in types.most_common())
    raise InvalidInput(
        f"column {name!r} must hold values of one type; found {counts}, the first {type(odd).__name__} being {odd!r} "
        f"in row {position}. Convert them to one type first (as identifiers, 1 and '1' would be two customers)"
    )


def _from_arrow(log: Any, names: Columns) -> Any:
    import pyarrow as pa

    check_names(list(log.schema.names), names)
    return pa.table({ours: log.column(theirs) for ours, theirs in names.wanted().items()})


def _from_polars(log: Any, names: Columns) -> Any:
    import pyarrow as pa

    found = log.collect_schema().names()
    check_names(found, names)
    wanted = names.wanted()
    picked = log.select(list(dict.fromkeys(wanted.values())))
    picked = picked.collect() if hasattr(picked, "collect") else picked
    for theirs in dict.fromkeys(wanted.values()):
        if str(picked.schema[theirs]) == "Object":  # Arrow would be given addresses in memory
            raise InvalidInput(f"column {theirs!r} holds Python objects; convert them to text, numbers or dates first")
    try:
        return _from_arrow(picked.to_arrow(), names)
    except pa.ArrowException as error:
        types = ", ".join(f"{theirs!r} {picked.schema[theirs]}" for theirs in dict.fromkeys(wanted.values()))
        raise InvalidInput(
            f"a column holds a type that Arrow does not know ({types}); cast it to a usual one first"
        ) from error


def _plain(table: Any) -> Any:
    """Dictionaries (categoricals) as their values, else they sort and come back by code; columns of nothing typed."""
    import pyarrow as pa

    for i, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(field.type.value_type))
        elif pa.types.is_null(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(_untyped(field.name)))
    return table


def _untyped(ours: str) -> Any:
    """The type of a column in which all is missing, so that no engine has to guess."""
    import pyarrow as pa

    return {"date": pa.date32(), "amount": pa.float64()}.get(ours, pa.string())


def _reader(
    con: Any, reader: Any, names: Columns, picked: dict[str, str], answer: str, more: str, n_columns: int
) -> Source:
    """A stream can be read once only, so it is copied into the private engine, which can spill to disk."""
    import pyarrow as pa

    zone = zone_of(reader, picked["date"])
    untyped = {"date": "CAST(NULL AS DATE)", "amount": "CAST(NULL AS DOUBLE)"}
    columns = ", ".join(
        f"{untyped.get(ours, 'CAST(NULL AS VARCHAR)')} AS {ours}"
        if pa.types.is_null(reader.schema.field(theirs).type)
        else f"{quoted(theirs)} AS {ours}"
        for ours, theirs in picked.items()
    )
    con.register("stream", reader)
    con.execute("SET preserve_insertion_order = true")  # so that the first bad line is the log's first
    con.execute(f"CREATE TEMP TABLE log AS SELECT {columns}{more} FROM stream")
    con.execute("SET preserve_insertion_order = false")
    con.unregister("stream")
    return Source(reading_of(con, names, zone), answer, all_text=False, names=names, columns=n_columns)
