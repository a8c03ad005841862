"""Lines that are equal in all columns of a log, also in those that a summary never reads."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import frames
from . import findings_sql as ask
from .columns import Source
from .sources import in_memory


def count_repeated(con: Any, log: object, source: Source, event_grain: str) -> int | None:
    """Make the table ``repeated`` of groups of equal lines; the number of columns compared, or None if none can be.

    Only lines that are equal in the columns read can be equal in all, and only lines with the same mark, a short hash,
    in those: sorting the marks (4 bytes a line) takes half the time of grouping the lines, and leaves a few to compare.
    """
    import pyarrow as pa

    if not con.execute(ask.some_event_has_several_lines(event_grain)).fetchall()[0][0]:
        return None
    columns = [name for name in source.names.wanted() if name != "currency"]
    marks = np.sort(con.sql(ask.marks(columns)).to_arrow_table().column(0).to_numpy())
    suspects = np.unique(marks[1:][marks[1:] == marks[:-1]])
    if not len(suspects):
        return None
    con.register("suspects", pa.table({"mark": suspects}))
    if source.whole_lines:
        whole = [*columns, "whole_line"]
        con.execute(ask.repeated(ask.suspected("log", columns, ", ".join(whole)), whole))
        return source.columns
    held: Any = log.collect() if hasattr(log, "collect") else log  # a lazy frame may come in another order next time
    numbered = in_memory(held, frames.kind(held), source.names, report=False)
    con.register("numbered", numbered[0].append_column("line", [np.arange(numbered[0].num_rows)]))
    query = ask.suspected("numbered", columns, ", ".join([*columns, "line"]))
    lines = con.sql(f"{query} ORDER BY line").to_arrow_table()
    others = _others(held, lines.column("line").to_numpy())
    for i, column in enumerate(others):
        lines = lines.append_column(f"other{i}", column)
    con.register("held", lines)
    listed, hashed = ", ".join(columns), ", ".join(f"other{i}" for i in range(len(others)))
    con.execute(ask.repeated(f"SELECT {listed}, hash({hashed}) AS whole_line FROM held", [*columns, "whole_line"]))
    return len(others)


def _others(held: Any, rows: Any) -> list[Any]:
    """All columns of a frame at some rows, as Arrow arrays."""
    import pyarrow as pa

    if frames.kind(held) != "pandas":
        table = held.take(pa.array(rows)) if frames.kind(held) == "arrow" else held[rows].to_arrow()
        return [_readable(column) for column in table.columns]
    picked = held.iloc[rows]
    if any(name is not None for name in held.index.names):  # a named index is a column like any other
        picked = picked.reset_index(allow_duplicates=True)
    found = []
    for i in range(picked.shape[1]):
        column = picked.iloc[:, i]
        try:
            found.append(_readable(pa.array(column, from_pandas=True)))
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            found.append(pa.array([repr(value) for value in column]))
    return found


def _readable(column: Any) -> Any:
    """What the engine may not know (periods, intervals, unions), as text."""
    import pyarrow as pa

    if isinstance(column.type, pa.BaseExtensionType) or pa.types.is_union(column.type):
        return pa.array([str(value) for value in column.to_pylist()])
    return column
