"""Sums of values that reconcile, as exact decimals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..transactions.engine import connection
from .tables import numbers

MONEY = "DECIMAL(38, 6)"
ONE = "DECIMAL(30, 6)"  # of one value: a hundred million of them still have a sum


def sum_of(table: Any, name: str) -> Decimal:
    """The sum of values, each rounded to 6 digits after the point; missing ones and those beyond 1e24 count as 0."""
    import pyarrow as pa

    with connection() as con:
        con.register("given", pa.table({"value": numbers(table, name)}))
        found = con.execute(f"SELECT COALESCE(SUM(TRY_CAST(value AS {ONE})), 0)::{MONEY} FROM given").fetchone()
    return Decimal(found[0])
