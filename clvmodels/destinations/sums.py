"""Sums of values that reconcile, as exact decimals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..transactions.engine import connection
from .tables import numbers

MONEY = "DECIMAL(38, 6)"
ONE = "DECIMAL(30, 6)"  # of one value: a hundred million of them still have a sum


def counts_of_all(table: Any, value: str | None) -> dict[str, Any]:
    """What becomes of the rows of a table that is written whole, by the names of `Exported`."""
    total = sum_of(table, value) if value else None
    return {
        "columns": tuple(table.schema.names),
        "rows_given": table.num_rows,
        "rows_written": table.num_rows,
        "value": value,
        "value_given": total,
        "value_written": total,
        "value_left_out": None if total is None else total - total,
    }


def sum_of(table: Any, name: str) -> Decimal:
    """The sum of values, each rounded to 6 digits after the point; missing ones and those beyond 1e24 count as 0."""
    import pyarrow as pa

    with connection() as con:
        con.register("given", pa.table({"value": numbers(table, name)}))
        found = con.execute(f"SELECT COALESCE(SUM(TRY_CAST(value AS {ONE})), 0)::{MONEY} FROM given").fetchone()
    return Decimal(found[0])
