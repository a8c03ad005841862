"""Files of scored tables and contacts as Arrow tables: what stands in them, unchanged."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from .. import frames
from ..errors import InvalidInput

_PART = re.compile(r"part-[0-9]+-of-([0-9]+)\.parquet")


def is_file_of_table(path: Path) -> bool:
    """Whether `table_in` reads it: a CSV file, a Parquet file or a folder."""
    return is_text(path) or path.suffix.lower() == ".parquet" or path.is_dir()


def is_text(path: Path) -> bool:
    """Whether it is called as a CSV file is.

    >>> is_text(Path("scored.csv.gz")), is_text(Path("scored.parquet"))
    (True, False)
    """
    return path.name.lower().removesuffix(".gz").endswith((".csv", ".tsv"))


def table_in(path: Path) -> Any:
    """The table of a file, or of a folder of Parquet files such as `score` writes.

    Every column of a CSV file is text: leading zeros of a postal code and the plus of a telephone number survive.

    Raises
    ------
    InvalidInput
        If it is not there, cannot be read, or is a folder without all of its parts.
    """
    if path.is_dir():
        return _in_parquet(_parts(path))
    if not path.is_file():
        raise InvalidInput(f"there is no file {str(path)!r}")
    return _in_csv(path) if is_text(path) else _in_parquet([path])


def _parts(folder: Path) -> list[Path]:
    """The Parquet files of a folder in order; those of `score` say how many they are."""
    parts = sorted(file for file in folder.glob("*.parquet") if not file.name.startswith(("_", ".")))
    if not parts:
        raise InvalidInput(f"expected a folder of Parquet files, such as score writes; found none in {str(folder)!r}")
    promised = {int(named[1]) if named else None for named in (_PART.fullmatch(part.name) for part in parts)}
    if promised - {None} and promised != {len(parts)}:
        of = " and ".join(str(number) for number in sorted(promised - {None}, key=int))  # type: ignore[arg-type]
        raise InvalidInput(
            f"{str(folder)!r} holds {len(parts):,} parts of {of}: let score finish it, which goes on where it stopped"
        )
    return parts


def _in_parquet(files: list[Path]) -> Any:
    import pyarrow as pa
    from pyarrow import parquet

    tables = []
    for file in files:
        try:
            tables.append(parquet.ParquetFile(file).read())
        except (pa.ArrowException, OSError):
            raise InvalidInput(
                f"{str(file)!r} could not be read as Parquet: is it complete and of that format?"
            ) from None
    try:
        together = pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException:
        raise InvalidInput(f"the files of {str(files[0].parent)!r} do not have the same columns") from None
    unnamed = [name for name in together.schema.names if re.fullmatch("__index_level_[0-9]+__", name)]
    return together.drop_columns(unnamed)  # row numbers of a pandas frame


def _in_csv(path: Path) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    try:
        how = csv.ParseOptions(delimiter=frames.header(path)[1], newlines_in_values=True)
        with csv.open_csv(path, parse_options=how) as opened:
            names = opened.schema.names
        as_text = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False)
        return csv.read_csv(path, parse_options=how, convert_options=as_text)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        # nothing of the error's text but this: it repeats the row, with whatever personal data stands there
        found = re.search(r"(?:Row #([0-9]+): )?Expected ([0-9]+) columns, got ([0-9]+)", str(error))
        row = f"row {found[1]}" if found and found[1] else "a row"
        where = f" ({row} has {found[3]} cells, expected {found[2]})" if found else ""
        raise InvalidInput(
            f"{str(path)!r} could not be read as CSV{where}: is it complete and of that format, in UTF-8?"
        ) from None
