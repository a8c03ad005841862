"""Exports of other systems as a log in memory."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..engine import connection
from .system_log import COLUMNS, SystemLog, make_exported


def read_log(path: str | Path | list[str | Path], source: str = "auto", *, tz: str | None = None) -> pd.DataFrame:
    """Read an export of another system as a log.

    Returns
    -------
    DataFrame
        customer_id, date, amount, currency and order_id.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> header = "Name,Email,Financial Status,Created at,Currency,Total"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "orders_export.csv"
    ...     size = file.write_text(header + "\\n#1001,Ann@Example.org,paid,2024-03-01 10:00:00 -0500,USD,30.00")
    ...     print(read_log(file, source="shopify").to_string(index=False))
        customer_id                date  amount currency order_id
    ann@example.org 2024-03-01 10:00:00    30.0      USD    #1001
    """
    log = SystemLog(tuple(path) if isinstance(path, list) else path, source, tz)
    with connection() as con:
        make_exported(con, log)
        found = con.sql(
            "SELECT customer_id, date, CAST(amount AS DOUBLE) AS amount, currency, order_id FROM exported "
            "WHERE left_out IS NULL AND customer_id IS NOT NULL"
        ).to_arrow_table()
    frame: pd.DataFrame = found.to_pandas()[list(COLUMNS)]
    return frame
