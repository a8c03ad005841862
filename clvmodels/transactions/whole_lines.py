"""Lines that are equal in all columns of a log, also in those that a summary never reads."""

from __future__ import annotations

from typing import Any

from .. import frames
from . import findings_sql as ask
from .sources import Source, in_memory


def count_repeated(con: Any, log: object, source: Source, event_grain: str) -> int | None:
    """Make the table ``repeated`` of groups of equal lines; the number of columns compared, or None if it is empty.

    Only lines that are equal in the columns read can be equal in all, so the others are read for these alone.
    """
    if not con.execute(ask.some_event_has_several_lines(event_grain)).fetchall()[0][0]:
        return None
    columns = [name for name in source.names.wanted() if name != "currency"]
    con.execute(ask.alike(", ".join(columns)))
    if not con.execute("SELECT COUNT(*) FROM alike").fetchall()[0][0]:
        return None
    listed = ", ".join(columns)
    if source.whole_lines:
        con.execute(ask.repeated(ask.lines_alike("log", columns, f"{listed}, whole_line"), columns, whole=True))
        return source.columns
    held: Any = log.collect() if hasattr(log, "collect") else log  # a lazy frame may come in another order next time
    numbered = in_memory(held, frames.kind(held), source.names, report=False)
    assert numbered is not None
    import numpy as np

    con.register("numbered", numbered[0].append_column("line", [np.arange(numbered[0].num_rows)]))
    lines = con.sql(ask.lines_alike("numbered", columns, f"{listed}, line") + " ORDER BY line").to_arrow_table()
    others = _others(held, lines.column("line").to_numpy())
    for i, column in enumerate(others):
        lines = lines.append_column(f"other{i}", column)
    con.register("held", lines)
    whole = ", ".join(f"other{i}" for i in range(len(others)))
    text = f"SELECT {listed}, hash({whole}) AS whole_line FROM held" if others else f"SELECT {listed} FROM held"
    con.execute(ask.repeated(text, columns, whole=bool(others)))
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
