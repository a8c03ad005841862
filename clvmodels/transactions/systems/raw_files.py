"""The files of an export as the view ``raw``, with the columns that its layout knows."""

from __future__ import annotations

import codecs
import gzip
import zlib
from typing import Any

from ...errors import InvalidInput
from ..columns import literal, quoted
from ..engine import connection
from ..log_files import CSV, PARQUET, columns_in, file_literals, files_of, parquet_schema, selection
from .layouts import Layout

JSON = tuple(ending + zipped for ending in (".json", ".jsonl", ".ndjson") for zipped in ("", ".gz"))
_SORTS = {"csv": CSV, "json": JSON, "parquet": PARQUET}
_LOOKED_AT = 1000  # the first records of a JSON file, whose keys are its columns


def register_raw(con: Any, paths: object, layout: Layout) -> list[str]:
    """Make the view ``raw`` and return the files: a column that may be missing, and is, holds NULL.

    Raises
    ------
    InvalidInput
        If files are missing, are of a sort that the system does not export, or lack columns that the layout needs.
    """
    files = files_of(paths)
    sort = sort_of_export(files)
    if sort not in layout.files:
        raise InvalidInput(f"{layout.title} are read from {' or '.join(layout.files)} files; found {files[0]!r}")
    there: dict[str, dict[str, str]] = {}
    for file in files:
        found = raw_columns(file)
        if sort == "json" and not found and is_empty_page(file):
            continue
        there[file] = names_in(found, layout, sort)
        lacking = layout.lacks(there[file])
        if lacking:
            raise InvalidInput(
                f"{file!r} is no export of {layout.title} as {layout.page} describes it: it lacks "
                f"{', '.join(lacking)}; the columns found are {', '.join(map(repr, found[:30])) or 'none'}"
            )
    con.execute("SET TimeZone = 'UTC'")  # moments of Parquet become text, which must not depend on the machine
    con.execute(f"CREATE OR REPLACE TEMP VIEW raw AS {_scan(files, sort, layout, there)}")
    return files


def sort_of_export(files: list[str]) -> str:
    """Whether files are "csv", "json" or "parquet"; refuse what is none, or several."""
    for sort, endings in _SORTS.items():
        if all(file.lower().endswith(endings) for file in files):
            return sort
    known = tuple(ending for endings in _SORTS.values() for ending in endings)
    odd = next((file for file in files if not file.lower().endswith(known)), files[0])
    raise InvalidInput(
        f"{odd!r} must be CSV ({', '.join(CSV)}), JSON ({', '.join(JSON)}) or Parquet ({', '.join(PARQUET)}), "
        "all of one sort"
    )


def raw_columns(file: str) -> list[str]:
    """The names of the columns of an export; of JSON, the keys of its first records."""
    if sort_of_export([file]) != "json":
        return columns_in([file])
    _refuse_other_text(file)
    with connection() as con:
        keys = con.execute(
            f"SELECT UNNEST(JSON_KEYS(json)) FROM (SELECT json FROM read_json_objects({file_literals([file])}, "
            f"format='auto') LIMIT {_LOOKED_AT})"
        ).fetchall()
    return list(dict.fromkeys(key for (key,) in keys))


def is_empty_page(file: str) -> bool:
    """Whether a JSON file is an array without records, as the page behind the last one is."""
    return _beginning(file).strip() == b"[]"


def _refuse_other_text(file: str) -> None:
    """Refuse JSON that does not begin as UTF-8 does, of which the engine sees no record."""
    start = _beginning(file)
    for mark, name in (
        (codecs.BOM_UTF8, "a byte order mark"),
        (codecs.BOM_UTF16_LE, "UTF-16"),
        (codecs.BOM_UTF16_BE, "UTF-16"),
    ):
        if start.startswith(mark):
            raise InvalidInput(f"{file!r} begins with {name}: JSON is UTF-8 without one, save it so")


def _beginning(file: str) -> bytes:
    opened = gzip.open if file.lower().endswith(".gz") else open
    try:
        with opened(file, "rb") as content:
            return content.read(64)
    except (OSError, EOFError, zlib.error) as error:
        zipped = ": it is no gzip file, or cut off" if opened is gzip.open else ""
        raise InvalidInput(f"{file!r} could not be read{zipped}") from error


def _scan(files: list[str], sort: str, layout: Layout, there: dict[str, dict[str, str]]) -> str:
    wanted = {**layout.needs, **layout.may_have}
    if sort == "json":
        columns = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in wanted.items())
        return f"SELECT * FROM read_json({file_literals(files)}, columns={{{columns}}}, format='auto')"
    # files that lack what they may lack, or write a name otherwise, are read apart from those that do not
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for file in files:
        groups.setdefault(tuple(there[file].items()), []).append(file)
    return " UNION ALL ".join(_tables(group, sort, dict(names), wanted) for names, group in groups.items())


def names_in(found: list[str], layout: Layout, sort: str) -> dict[str, str]:
    """The columns of a layout that are among a file's, each with its name there.

    Capital letters, and blanks around a name, matter where names differ by nothing else, and in JSON.
    """
    exact = set(found)
    roughly = {} if sort == "json" else {name.strip().lower(): name for name in reversed(found)}
    at = {name: name if name in exact else roughly.get(name.lower()) for name in (*layout.needs, *layout.may_have)}
    return {name: theirs for name, theirs in at.items() if theirs is not None}


def _tables(files: list[str], sort: str, there: dict[str, str], wanted: dict[str, str]) -> str:
    """CSV is all text; what Parquet holds is cast by name, the fields of structures too."""
    picked = []
    for name, kind in wanted.items():
        if sort == "csv" and name in there:
            picked.append(quoted(name))
        else:
            of = _plain_list(files[0], there[name], name) if name in there else "NULL"
            picked.append(f"CAST({of} AS {kind}) AS {quoted(name)}")
    return f"SELECT {', '.join(picked)} FROM ({selection(files, there)})"


def _plain_list(file: str, theirs: str, column: str) -> str:
    """A column of Parquet; a repeated field as BigQuery holds one that it loaded itself, as a record, is a list again.

    There a list is a record "list" of records "element", unless list inference was asked for:
    https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet
    """
    import pyarrow as pa

    sort = parquet_schema(file).field(theirs).type
    if pa.types.is_struct(sort) and [field.name for field in sort] == ["list"]:
        return f'LIST_TRANSFORM({quoted(column)}."list", lambda e: e."element")'
    return quoted(column)
