"""Parquet and CSV files as the view ``log``."""

from __future__ import annotations

import csv
import glob
import gzip
import hashlib
import os
import re
import zlib
from itertools import groupby
from pathlib import Path
from typing import Any

from ..errors import InvalidInput
from .columns import Columns, Source, check_names, quoted, reading_of, whole_line, with_currency
from .dates import Reading
from .postgres import without_passwords

PARQUET = (".parquet", ".pq")
CSV = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
_LONGEST_HEADER = 10_000_000
_END = 65_536  # bytes at either end of a file that go into its fingerprint


def files_of(paths: object) -> list[str]:
    """The files at a path, or at each of a list of paths, in which wildcards are allowed; in a fixed order.

    Raises
    ------
    InvalidInput
        If a path is remote or leads to no file, or a file comes up twice.
    """
    listed = list(paths) if isinstance(paths, list | tuple) else [paths]
    if not listed:
        raise InvalidInput("the list of paths is empty: name at least one Parquet or CSV file")
    odd = [path for path in listed if not isinstance(path, str | Path)]
    if odd:
        raise InvalidInput(
            f"a list must hold paths of Parquet or CSV files; found {len(odd):,} other values of {len(listed):,}, "
            f"first of type {type(odd[0]).__name__}"
        )
    files = [file for path in listed for file in _found_at(str(path))]
    seen: set[str] = set()
    twice = [file for file in files if file in seen or seen.add(file)]  # type: ignore[func-returns-value]
    if twice:
        raise InvalidInput(
            f"a file may be named once, else its lines count twice; {len(twice):,} come up again, first {twice[0]!r}"
        )
    return files


def _found_at(path: str) -> list[str]:
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", path):
        raise InvalidInput(
            f"{without_passwords(path)!r} is a remote path, which is not read: it would need downloaded code and "
            "credentials. Copy the file here, or read it into a frame first"
        )
    try:
        found = [path] if Path(path).is_file() else glob.glob(path, recursive=True)
        files = sorted(f for f in found if Path(f).is_file())
    except OSError as error:  # a name longer than the system allows
        raise InvalidInput(f"{path[:60]!r} ... is no path of a file: {error.strerror}") from error
    if not files:
        hint = f"; for a directory write path/*{_ending_in(path)}" if Path(path).is_dir() else ""
        raise InvalidInput(f"no file found at {path!r}{hint}")
    return files


def _ending_in(folder: str) -> str:
    """How the names of most files in a folder end, of those that can be read."""
    known = (*CSV, *PARQUET, ".json", ".jsonl", ".ndjson")
    names = [name.lower() for name in os.listdir(folder or ".")]
    return max((".parquet", *known), key=lambda ending: sum(name.endswith(ending) for name in names))


def sort_of(files: list[str]) -> str:
    """Whether files are "parquet" or "csv"; refuse what is neither, or both."""
    for sort, endings in (("parquet", PARQUET), ("csv", CSV)):
        if all(file.lower().endswith(endings) for file in files):
            return sort
    odd = next((file for file in files if not file.lower().endswith((*PARQUET, *CSV))), files[0])
    raise InvalidInput(f"{odd!r} must be Parquet ({', '.join(PARQUET)}) or CSV ({', '.join(CSV)}), all of one sort")


def columns_in(files: list[str]) -> list[str]:
    """The names of the columns of the first of some files."""
    return parquet_schema(files[0]).names if sort_of(files) == "parquet" else list(_header(files[0])[0])


def parquet_schema(file: str) -> Any:
    """The Arrow schema of a Parquet file."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.read_schema(file)
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(
            f"{file!r} could not be read as Parquet: it is damaged, incomplete, or not a Parquet file"
        ) from error


def selection(files: list[str], wanted: dict[str, str]) -> str:
    """The text that selects some columns of files under names of ours; those of CSV files are all text."""
    if sort_of(files) == "csv":
        return _csv(files, list(map(_header, files)), wanted, report=False)
    picked = ", ".join(f"{quoted(theirs)} AS {quoted(ours)}" for ours, theirs in wanted.items())
    return f"SELECT {picked} FROM {_parquet_scan(files)}"


def files_fingerprint(paths: object) -> list[dict[str, Any]]:
    """What tells files from others without reading them whole: name, size, time of modification, ends.

    Parameters
    ----------
    paths
        A path, or a list of them; wildcards allowed.

    Returns
    -------
    list of dict
        For each file, in order: name (as found), size (bytes), modified (nanoseconds since 1970) and ends, the SHA-256
        of its first and last 64 KiB.

    Raises
    ------
    InvalidInput
        If a file is not there or cannot be read.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "log.csv"
    ...     size = file.write_text("customer_id,date")
    ...     [sorted(found) for found in files_fingerprint(file)]
    [['ends', 'modified', 'name', 'size']]
    """
    return [_fingerprint(file) for file in files_of(paths)]


def _fingerprint(file: str) -> dict[str, Any]:
    try:
        with open(file, "rb") as opened:
            about = os.fstat(opened.fileno())
            ends = hashlib.sha256(opened.read(_END))
            opened.seek(max(0, about.st_size - _END))
            ends.update(opened.read(_END))
    except OSError as error:
        raise InvalidInput(f"the file {file!r} could not be opened: is it still there, and may it be read?") from error
    return {"name": file, "size": about.st_size, "modified": about.st_mtime_ns, "ends": ends.hexdigest()}


def register_files(con: Any, paths: object, names: Columns, *, report: bool) -> Source:
    """Make the view ``log`` of the files at a path or a list of them; refuse what is neither sort."""
    files = files_of(paths)
    if sort_of(files) == "parquet":
        names, columns = _parquet(con, files, names, report=report)
        zones = {_parquet_zone(file, names.date) for file in files}
        if None in zones and len(zones) > 1:
            raise InvalidInput(
                f"column {names.date!r} has a time zone in some of the {len(files):,} files and none in others: "
                "read them apart, or give all of them a zone"
            )
        zone = _parquet_zone(files[0], names.date)
        return Source(reading_of(con, names, zone), "pandas", all_text=False, names=names, columns=columns)
    headers = list(map(_header, files))
    if report and len({with_currency(list(header), names) for header, _ in headers}) == 1:
        names = with_currency(list(headers[0][0]), names)
    for header, _ in headers:
        check_names(list(header), names)
    # a report looks at the lines several times, and text is costly to read
    made = "TABLE" if report else "VIEW"
    con.execute("SET preserve_insertion_order = true")  # so that the first bad line is the log's first
    con.execute(f"CREATE TEMP {made} log AS {_csv(files, headers, names.wanted(), report=report)}")
    con.execute("SET preserve_insertion_order = false")
    reading = Reading("text", "text", None, names.amount is not None, order="text" if names.order_id else None)
    columns = len(headers[0][0]) if report else 0
    return Source(reading, "pandas", all_text=True, names=names, columns=columns)


def _parquet(con: Any, files: list[str], names: Columns, *, report: bool) -> tuple[Columns, int]:
    scan = _parquet_scan(files)
    found = [row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()]
    names = with_currency(found, names) if report else names
    check_names(found, names)
    picked = ", ".join(f"{quoted(theirs)} AS {ours}" for ours, theirs in names.wanted().items())
    whole = whole_line(list(map(quoted, found))) if report else ""
    con.execute(f"CREATE TEMP VIEW log AS SELECT {picked}{whole} FROM {scan}")
    return names, len(found) if report else 0


def file_literals(files: list[str]) -> str:
    """Files as a list of literals."""
    return f"[{', '.join(map(_file, files))}]"


def _parquet_scan(files: list[str]) -> str:
    return f"read_parquet({file_literals(files)}, union_by_name=true, hive_partitioning=false)"


def _parquet_zone(file: str, column: str) -> str | None:
    import pyarrow as pa

    try:
        sort = parquet_schema(file).field(column).type
    except (InvalidInput, KeyError):
        return None
    return sort.tz if pa.types.is_timestamp(sort) else None


def _csv(files: list[str], headers: list[tuple[tuple[str, ...], str]], wanted: dict[str, str], *, report: bool) -> str:
    """Everything is read as text, with the dialect fixed by the header.

    An engine that guesses skips lines it does not understand, and takes 007 for a number.
    """
    scans = []
    for (header, delimiter), pairs in groupby(zip(files, headers, strict=True), key=lambda pair: pair[1]):
        group = [file for file, _ in pairs]
        for name in wanted.values():
            if header.count(name) > 1:
                raise InvalidInput(f"column {name!r} must be there once; the header has it {header.count(name)} times")
        picked = ", ".join(f"c{header.index(theirs)} AS {quoted(ours)}" for ours, theirs in wanted.items())
        if report:  # in the order of their names, so that files whose columns stand in another order compare
            picked += whole_line([f"c{i}" for i in sorted(range(len(header)), key=header.__getitem__)])
        columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(header)))
        scans.append(
            f"SELECT {picked} FROM read_csv({file_literals(group)}, auto_detect=false, header=true, "
            f"delim='{delimiter}', quote='\"', escape='\"', columns={{{columns}}})"
        )
    return " UNION ALL ".join(scans)


def _header(file: str) -> tuple[tuple[str, ...], str]:
    opened = gzip.open if file.lower().endswith(".gz") else open
    try:
        with opened(file, "rt", encoding="utf-8-sig", newline="") as lines:
            line = lines.readline(_LONGEST_HEADER)
    except UnicodeDecodeError as error:
        wide = " (it is UTF-16)" if error.object[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        raise InvalidInput(
            f"{file!r} could not be read as UTF-8 text{wide}: save it as UTF-8, which spreadsheets call CSV UTF-8"
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        zipped = ": it is no gzip file, or cut off" if opened is gzip.open else ""
        raise InvalidInput(f"{file!r} could not be read as UTF-8 text{zipped}") from error
    delimiter = max(",;\t|", key=line.count)
    try:
        return tuple(next(csv.reader([line], delimiter=delimiter), [])), delimiter
    except csv.Error as error:
        raise InvalidInput(
            f"{file!r}: its first line is no header, the names of columns with commas, semicolons or tabs between them"
        ) from error


def _file(path: str) -> str:
    """A path as a literal, with the engine's own wildcards taken literally."""
    literal = re.sub(r"([\[*?])", r"[\1]", path)
    return "'" + literal.replace("'", "''") + "'"
