"""Parquet and CSV files as the view ``log``."""

from __future__ import annotations

import csv
import glob
import gzip
import re
from itertools import groupby
from pathlib import Path
from typing import Any

from ..errors import InvalidInput
from .columns import Columns, Source, check_names, quoted, reading_of, whole_line, with_currency
from .dates import Reading

PARQUET = (".parquet", ".pq")
CSV = (".csv", ".csv.gz", ".tsv", ".tsv.gz")


def register_files(con: Any, path: str, names: Columns, *, report: bool) -> Source:
    """Make the view ``log`` of the files at a path, in which wildcards are allowed; refuse what is neither sort."""
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
        zones = {_parquet_zone(file, names.date) for file in files}
        if None in zones and len(zones) > 1:
            raise InvalidInput(
                f"column {names.date!r} has a time zone in some of the {len(files):,} files and none in others: "
                "read them apart, or give all of them a zone"
            )
        zone = _parquet_zone(files[0], names.date)
        return Source(reading_of(con, names, zone), "pandas", all_text=False, names=names, columns=columns)
    if all(file.lower().endswith(CSV) for file in files):
        headers = list(map(_header, files))
        if report and len({with_currency(list(header), names) for header, _ in headers}) == 1:
            names = with_currency(list(headers[0][0]), names)
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
    names = with_currency(found, names) if report else names
    check_names(found, names)
    picked = ", ".join(f"{quoted(theirs)} AS {ours}" for ours, theirs in names.wanted().items())
    whole = whole_line(list(map(quoted, found))) if report else ""
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
        check_names(list(header), names)
        for name in names.wanted().values():
            if header.count(name) > 1:
                raise InvalidInput(f"column {name!r} must be there once; the header has it {header.count(name)} times")
        picked = ", ".join(f"c{header.index(theirs)} AS {ours}" for ours, theirs in names.wanted().items())
        if report:  # in the order of their names, so that files whose columns stand in another order compare
            picked += whole_line([f"c{i}" for i in sorted(range(len(header)), key=header.__getitem__)])
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


def _file(path: str) -> str:
    """A path as a literal, with the engine's own wildcards taken literally."""
    literal = re.sub(r"([\[*?])", r"[\1]", path)
    return "'" + literal.replace("'", "''") + "'"
