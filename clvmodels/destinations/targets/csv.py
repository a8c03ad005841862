"""CSV for machines: identifiers and text come back byte by byte as they were."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import warn
from ..contract import Order, Target
from ..spreadsheet_text import cells_that_run
from ..sums import counts_of_all


def write_lines(table: Any, path: Path) -> None:
    """An Arrow table as CSV: UTF-8, commas, lines end in \\n, text in quotes, what is missing as nothing."""
    from pyarrow import csv

    header = ",".join('"' + name.replace('"', '""') + '"' if _special(name) else name for name in table.schema.names)
    with open(path, "wb") as file:
        file.write(f"{header}\n".encode())
        if table.num_rows:
            csv.write_csv(table, file, csv.WriteOptions(include_header=False))


def _special(name: str) -> bool:
    return name == "" or name != name.strip() or any(character in name for character in '",\r\n')


def write(order: Order, path: Path) -> Mapping[str, Any]:
    """The whole table; a warning counts what would run if a spreadsheet opened the file."""
    table = order.table
    write_lines(table, path)
    count, column, row = cells_that_run(table)
    if count:
        where = f"the name of column {column!r}" if row == 0 else f"column {column!r}, row {row:,}"
        warn(
            f"cells of {order.path} that begin as formulas do: {count:,}, first {where}. A spreadsheet that opens the "
            "file would run or change them; they are written unchanged, for the systems that read them. For people "
            "write target='xlsx'"
        )
    return counts_of_all(table, order.value) | {"would_run": count}


TARGET = Target("CSV, for machines", "", ".csv", people=False, write=write)
