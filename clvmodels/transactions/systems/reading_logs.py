"""Exports of other systems as a log in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ...errors import warn
from ..engine import connection
from ..log_files import files_of
from .export_report import ExportReport, report_of
from .exported import make_kept
from .system_log import SystemLog, choice_told

_Paths = str | Path | list[str | Path] | tuple[str | Path, ...]


class ReadExport(NamedTuple):
    """An export as a log, and what was read of it.

    Attributes
    ----------
    log
        customer_id, date, amount, currency and order_id: a pandas frame.
    report
        The counts of what became of every line.

    Examples
    --------
    >>> ReadExport._fields
    ('log', 'report')
    """

    log: pd.DataFrame
    report: ExportReport

    def __repr__(self) -> str:
        return f"ReadExport: log, of {len(self.log):,} lines, and report:\n{self.report}"

    def _repr_html_(self) -> str:
        """Return the report and the beginning of the log for a notebook."""
        first = self.log.head()
        beginning = f"<div>log, the first {len(first):,} of {len(self.log):,} lines:</div>{first.to_html()}"
        return f"<div>{self.report._repr_html_()}{beginning}</div>"


def read_log(
    path: _Paths, source: str = "auto", *, tz: str | None = None, rates: Any = None, to_currency: str | None = None
) -> pd.DataFrame:
    """Read an export of another system as a log: the ``log`` of `read_export`, with the same parameters.

    Returns
    -------
    DataFrame
        customer_id, date, amount, currency and order_id.

    Raises
    ------
    InvalidInput
        As `read_export`.

    Warns
    -----
    ClvWarning
        If the system was recognised and not named, or lines have no customer.

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
    log, report = read_export(path, source, tz=tz, rates=rates, to_currency=to_currency)
    told = []
    if report.chosen != "given":
        told.append(f"{choice_told(report.title, report.system, report.chosen)}, or another one")
    if report.anonymous:
        told.append(
            f"{report.anonymous:,} of {report.lines:,} lines have no customer and are no part of the log: read_export "
            "tells what was read; an export with e-mails or customer numbers holds more of them"
        )
    if told:
        warn("; ".join(told))
    return log


def read_export(
    path: _Paths, source: str = "auto", *, tz: str | None = None, rates: Any = None, to_currency: str | None = None
) -> ReadExport:
    """Read an export of another system as a log, and say what was read.

    Parameters
    ----------
    path
        Where the files are: a path (wildcards allowed), or a list of them; each file may be there once.
    source, tz, rates, to_currency
        As for `SystemLog`, which reads the same without holding it in memory.

    Returns
    -------
    ReadExport
        The named tuple (log, report). The log is a pandas frame ordered by date, order and amount, the largest first:
        customer_id, date, amount (a refund is a line of its own, below 0, dated as its order), currency and order_id.
        Amounts are what customers paid, with tax and shipping, in the exports of Shopify, WooCommerce and Stripe; of
        GA4 they are the value that the site sent, with or without either; of deals, and by a map, what its column says.

    Raises
    ------
    InvalidInput
        If the files are no such export, hold dates or amounts that cannot be read, or several currencies and no rates.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> header = "Name,Email,Financial Status,Created at,Currency,Total"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "orders_export.csv"
    ...     size = file.write_text(header + "\\n#1001,Ann@Example.org,paid,2024-03-01 10:00:00 -0500,USD,30.00")
    ...     print(read_export(file, "shopify", rates={"USD": "0.92"}, to_currency="EUR").report)
    read as Shopify orders (as given)
    layout: https://help.shopify.com/en/manual/fulfillment/managing-orders/exporting-orders
    1 row, 1 line = 1 in the log (1 sale, 0 refunds)
    1 customer, dated 2024-03-01 to 2024-03-01
    USD: 1 line, 30.00
    converted to EUR at the rates given: 1 line, 27.60
    """
    log = SystemLog(tuple(path) if isinstance(path, list) else path, source, tz, rates, to_currency)
    with connection() as con:
        read = make_kept(con, files_of(log.path), log.source, zone=log.tz, rates=log.rates, to_currency=log.to_currency)
        report = report_of(con, read)
        found = con.sql(
            "SELECT customer_id, date, CAST(kept.amount AS DOUBLE) AS amount, currency, order_id FROM kept "
            "WHERE customer_id IS NOT NULL ORDER BY date, order_id, kept.amount DESC, customer_id"
        ).to_arrow_table()
    frame: pd.DataFrame = found.to_pandas()
    return ReadExport(frame, report)
