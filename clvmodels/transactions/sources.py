"""Makes a log readable for the private engine: a view ``log`` with the columns customer_id, date and amount."""

from __future__ import annotations

import csv
import glob
import gzip
import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from .. import frames
from ..errors import InvalidInput
from .dates import Reading

ACCEPTED = (
    "a pandas DataFrame, a pyarrow Table, RecordBatchReader or Dataset, a polars DataFrame, a DuckDB relation, "
    "anything with an Arrow stream, or a path (wildcards allowed) to .parquet or .csv"
)
CURRENCIES = ("currency", "currency_code")
PARQUET = (".parquet", ".pq")
CSV = (".csv", ".csv.gz", ".tsv", ".tsv.gz")


@dataclass(frozen=True)
class Columns:
    """The caller's names for the columns; None for an amount, an order or a currency that there is none of."""

    customer_id: str
    date: str
    amount: str | None
    order_id: str | None = None
    currency: str | None = None

    def wanted(self) -> dict[str, str]:
        """Our name to the caller's."""
        names = {
            "customer_id": self.customer_id,
            "date": self.date,
            "amount": self.amount,
            "order_id": self.order_id,
            "currency": self.currency,
        }
        return {ours: theirs for ours, theirs in names.items() if theirs is not None}


@dataclass(frozen=True)
class Source:
    """A log that the engine can read: how, what to answer in, and whether all of it is text (CSV)."""

    reading: Reading
    answer: str  # "pandas", "arrow" or "polars"
    all_text: bool
    names: Columns
    columns: int = 0  # how many the log has, where the view holds a hash of them all, whole_line

    @property
    def whole_lines(self) -> bool:
        """Whether the view has a column whole_line; in files it is computed when it is asked for."""
        return self.columns > 0


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
    source = _registered(con, log, names, report=report)
    reading = source.reading
    if date_format is not None:
        _check_format(con, date_format, tz)
        if reading.date != "text":
            raise InvalidInput(
                f"date_format is for dates written as text; column {names.date!r} holds dates already. Leave it out"
            )
    return replace(source, reading=replace(reading, zone=tz or reading.zone, date_format=date_format))


def _registered(con: Any, log: object, names: Columns, *, report: bool) -> Source:
    if isinstance(log, str | Path):
        return _path(con, str(log), names, report=report)
    kind = frames.kind(log)
    if kind == "duckdb":
        relation: Any = log
        found = list(relation.columns)
        names = _with_currency(found, names) if report else names
        _check_names(found, names)
        picked = ", ".join(f"{_quoted(theirs)} AS {ours}" for ours, theirs in names.wanted().items())
        whole = _whole_line(list(map(_quoted, found))) if report else ""
        reader = relation.project(picked + whole).to_arrow_reader()
        own = {ours: ours for ours in names.wanted()}
        return _reader(con, reader, names, own, "pandas", ", whole_line" if report else "", len(found) if report else 0)
    if kind:
        table, names = in_memory(log, kind, names, report=report)
        con.register("log", table)
        return Source(_reading(con, names, _zone(table)), kind, all_text=False, names=names)
    stream = _stream(log, None if report else names)
    found = list(stream.schema.names)
    names = _with_currency(found, names) if report else names
    _check_names(found, names)
    answer = "arrow" if type(log).__module__.split(".")[0] == "pyarrow" else "pandas"
    whole = _whole_line(list(map(_quoted, found))) if report else ""
    return _reader(con, stream, names, names.wanted(), answer, whole, len(found) if report else 0)


def in_memory(log: object, kind: str, names: Columns, *, report: bool) -> tuple[Any, Columns]:
    """The wanted columns of a frame as an Arrow table, and the names with the currency's."""
    picked_table = {"pandas": _from_pandas, "arrow": _from_arrow, "polars": _from_polars}[kind]
    lazy: Any = log
    found = lazy.collect_schema().names() if hasattr(log, "collect_schema") else frames.column_names(log)
    more = _with_currency(found, names) if report else names
    if more != names:
        try:
            return _plain(picked_table(log, more)), more
        except InvalidInput:
            pass  # nobody asked for that column: if the fault lies in another one, it is met again below
    return _plain(picked_table(log, names)), names


def _with_currency(found: list[str], names: Columns) -> Columns:
    """The names with that of a column called currency, if the caller named none and there is one."""
    called = [name for name in found if name.lower() in CURRENCIES]
    if names.currency is not None or len(called) != 1 or called[0] in names.wanted().values():
        return names
    return replace(names, currency=called[0])


def _whole_line(columns: list[str]) -> str:
    return f", hash({', '.join(columns)}) AS whole_line"


def _stream(log: Any, names: Columns | None) -> Any:
    """Whatever can be read as a stream of Arrow record batches, as a pyarrow RecordBatchReader; all columns if None."""
    import pyarrow as pa

    of_pyarrow = type(log).__module__.split(".")[0] == "pyarrow"
    if names is not None and of_pyarrow and hasattr(log, "scanner"):  # a dataset: only the columns wanted are read
        _check_names(list(log.schema.names), names)
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


def held(log: object) -> tuple[Any, bool]:
    """A log that can be read twice, and whether what it then gives is to be turned into pandas: streams are held."""
    if isinstance(log, str | Path) or frames.kind(log) or hasattr(log, "scanner"):
        return log, False
    return _stream(log, None).read_all(), type(log).__module__.split(".")[0] != "pyarrow"


def _check_format(con: Any, date_format: object, tz: str | None) -> None:
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

    _check_names([*map(str, log.columns), *(n for n in log.index.names if n is not None)], names)
    columns = {}
    for ours, theirs in names.wanted().items():
        column = log[theirs] if theirs in log.columns else log.index.get_level_values(theirs).to_series()
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

    _check_names(list(log.schema.names), names)
    return pa.table({ours: log.column(theirs) for ours, theirs in names.wanted().items()})


def _from_polars(log: Any, names: Columns) -> Any:
    found = log.collect_schema().names()
    _check_names(found, names)
    wanted = names.wanted()
    picked = log.select(list(dict.fromkeys(wanted.values())))
    picked = picked.collect() if hasattr(picked, "collect") else picked
    table = picked.to_arrow()
    return _from_arrow(table, names)


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

    zone = _zone(reader, picked["date"])
    untyped = {"date": "CAST(NULL AS DATE)", "amount": "CAST(NULL AS DOUBLE)"}
    columns = ", ".join(
        f"{untyped.get(ours, 'CAST(NULL AS VARCHAR)')} AS {ours}"
        if pa.types.is_null(reader.schema.field(theirs).type)
        else f"{_quoted(theirs)} AS {ours}"
        for ours, theirs in picked.items()
    )
    con.register("stream", reader)
    con.execute("SET preserve_insertion_order = true")  # so that the first bad line is the log's first
    con.execute(f"CREATE TEMP TABLE log AS SELECT {columns}{more} FROM stream")
    con.execute("SET preserve_insertion_order = false")
    con.unregister("stream")
    return Source(_reading(con, names, zone), answer, all_text=False, names=names, columns=n_columns)


def _path(con: Any, path: str, names: Columns, *, report: bool) -> Source:
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", path):
        raise InvalidInput(
            f"{path!r} is a remote path, which is not read: it would need downloaded code and credentials. "
            "Copy the file here, or read it into a frame first"
        )
    files = [path] if Path(path).is_file() else sorted(f for f in glob.glob(path, recursive=True) if Path(f).is_file())
    if not files:
        hint = "; for a directory write path/*.parquet" if Path(path).is_dir() else ""
        raise InvalidInput(f"no file found at {path!r}{hint}")
    if all(file.lower().endswith(PARQUET) for file in files):
        names, columns = _parquet(con, files, names, report=report)
        zone = _parquet_zone(files[0], names.date)
        return Source(_reading(con, names, zone), "pandas", all_text=False, names=names, columns=columns)
    if all(file.lower().endswith(CSV) for file in files):
        headers = list(map(_header, files))
        if report and len({_with_currency(list(header), names) for header, _ in headers}) == 1:
            names = _with_currency(list(headers[0][0]), names)
        # a report looks at the lines several times, and text is costly to read
        made = "TABLE" if report else "VIEW"
        con.execute("SET preserve_insertion_order = true")  # so that the first bad line is the log's first
        con.execute(f"CREATE TEMP {made} log AS {_csv(files, headers, names, report=report)}")
        con.execute("SET preserve_insertion_order = false")
        reading = Reading("text", "text", None, names.amount is not None, order="text" if names.order_id else None)
        columns = len(headers[0][0]) if report else 0
        return Source(reading, "pandas", all_text=True, names=names, columns=columns)
    raise InvalidInput(f"{path!r} must be Parquet ({', '.join(PARQUET)}) or CSV ({', '.join(CSV)}), all of one sort")


def _parquet(con: Any, files: list[str], names: Columns, *, report: bool) -> tuple[Columns, int]:
    scan = f"read_parquet([{', '.join(map(_file, files))}], union_by_name=true, hive_partitioning=false)"
    found = [row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()]
    names = _with_currency(found, names) if report else names
    _check_names(found, names)
    picked = ", ".join(f"{_quoted(theirs)} AS {ours}" for ours, theirs in names.wanted().items())
    whole = _whole_line(list(map(_quoted, found))) if report else ""
    con.execute(f"CREATE TEMP VIEW log AS SELECT {picked}{whole} FROM {scan}")
    return names, len(found) if report else 0


def _parquet_zone(file: str, column: str) -> str | None:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        sort = parquet.read_schema(file).field(column).type
    except (pa.ArrowException, OSError, KeyError):
        return None
    return sort.tz if pa.types.is_timestamp(sort) else None


def _csv(files: list[str], headers: list[tuple[tuple[str, ...], str]], names: Columns, *, report: bool) -> str:
    """Everything is read as text, with the dialect fixed by the header.

    An engine that guesses skips lines it does not understand, and takes 007 for a number.
    """
    scans = []
    for (header, delimiter), pairs in groupby(zip(files, headers, strict=True), key=lambda pair: pair[1]):
        group = [file for file, _ in pairs]
        _check_names(list(header), names)
        for name in names.wanted().values():
            if header.count(name) > 1:
                raise InvalidInput(f"column {name!r} must be there once; the header has it {header.count(name)} times")
        picked = ", ".join(f"c{header.index(theirs)} AS {ours}" for ours, theirs in names.wanted().items())
        if report:  # in the order of their names, so that files whose columns stand in another order compare
            picked += _whole_line([f"c{i}" for i in sorted(range(len(header)), key=header.__getitem__)])
        columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(header)))
        scans.append(
            f"SELECT {picked} FROM read_csv([{', '.join(map(_file, group))}], auto_detect=false, header=true, "
            f"delim='{delimiter}', quote='\"', escape='\"', columns={{{columns}}})"
        )
    return " UNION ALL ".join(scans)


def _header(file: str) -> tuple[tuple[str, ...], str]:
    opened = gzip.open if file.lower().endswith(".gz") else open
    try:
        with opened(file, "rt", encoding="utf-8-sig", newline="") as lines:
            line = lines.readline(1_000_000)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file!r} could not be read as UTF-8 text") from error
    delimiter = max(",;\t|", key=line.count)
    return tuple(next(csv.reader([line], delimiter=delimiter), [])), delimiter


def _reading(con: Any, names: Columns, zone: str | None) -> Reading:
    types = {row[0]: row[1] for row in con.execute("DESCRIBE SELECT * FROM log").fetchall()}
    for ours in ("customer_id", "order_id"):
        if "[" in types.get(ours, "") or types.get(ours, "").startswith(("STRUCT", "MAP", "UNION")):
            raise InvalidInput(f"column {names.wanted()[ours]!r} must hold one value a line; found {types[ours]}")
    kinds = {"VARCHAR": "text", "FLOAT": "float", "DOUBLE": "float"}
    customer = kinds.get(types["customer_id"], "other")
    order = kinds.get(types["order_id"], "other") if "order_id" in types else None
    sort = types["date"]
    date = {"VARCHAR": "text", "DATE": "date", '"NULL"': "date", "NULL": "date"}.get(sort)
    if sort.startswith("TIMESTAMP"):
        # Parquet's nanoseconds reach the engine without their zone, as UTC
        without = "timestamp" if zone is None else "instant"
        date = "zoned" if "TZ" in sort or sort.endswith("WITH TIME ZONE") else without
    if date is None:
        raise InvalidInput(
            f"column {names.date!r} must hold dates, timestamps or text like 2020-03-04; found {sort}. "
            "Convert it first, for example with pandas.to_datetime"
        )
    amount = types.get("amount", "")
    if amount and not re.match(r'(U?(TINY|SMALL|BIG|HUGE)?INT|INTEGER|UINTEGER|FLOAT|DOUBLE|DECIMAL|"?NULL"?)', amount):
        raise InvalidInput(f"column {names.amount!r} must hold numbers; found {amount}")
    own_zone = _known_zone(zone) if date in ("zoned", "instant") else None
    return Reading(customer, date, own_zone, "amount" in types, order=order)


def _zone(table: Any, column: str = "date") -> str | None:
    import pyarrow as pa

    sort = table.schema.field(column).type
    return sort.tz if pa.types.is_timestamp(sort) else None


def _known_zone(zone: str | None) -> str:
    zone = zone or "UTC"
    if not re.fullmatch(r"[+-]\d\d:\d\d|[A-Za-z][A-Za-z0-9_+/:-]*", zone):
        raise InvalidInput(f"the dates are in an unknown time zone, {zone!r}; convert them to UTC first")
    return zone


def _check_names(found: list[str], names: Columns) -> None:
    for ours, theirs in names.wanted().items():
        if theirs not in found:
            listed = ", ".join(map(repr, found[:30])) or "none"
            raise InvalidInput(
                f"the log has no column {theirs!r}; the columns found are {listed}. Pass {ours}=... with the right name"
                + (", or amount=None if the log holds no money" if ours == "amount" else "")
            )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _file(path: str) -> str:
    """A path as a literal, with the engine's own wildcards taken literally."""
    literal = re.sub(r"([\[*?])", r"[\1]", path)
    return "'" + literal.replace("'", "''") + "'"
