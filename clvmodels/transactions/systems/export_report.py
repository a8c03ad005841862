"""What was read of another system's export, in counts that add up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import Any

from ..findings import counted
from .currencies import NONE
from .exported import Found


@dataclass(frozen=True)
class ExportReport:
    """What was read of an export.

    An export's rows become lines of sales and refunds, one each an order; every such line is in the log, left out with
    a reason, or anonymous: ``sales + refunds + sum(left_out.values()) + anonymous`` are all of them.

    Attributes
    ----------
    system, title, page
        The layout's name, what to call it, and the vendor's page that it follows.
    chosen
        Why this layout: "given", or what showed it.
    files
        The files, in order.
    rows_read
        Rows (CSV, Parquet) or records (JSON) in them.
    sales, refunds
        Lines of the log; those with an amount below 0 are refunds.
    left_out
        How many lines are none of the log, by the reason.
    anonymous
        How many have no customer: they are none of the log either.
    customers
        In the log.
    currencies
        Lines and their sum, by currency, as exported; "none" where the export says none.
    converted_to
        The currency that the log's amounts are in, if rates were given.
    first_date, last_date
        Of the log's lines.
    converted_sum
        What the log's lines come to in that currency.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import clvmodels as clv
    >>> header = "Name,Email,Financial Status,Created at,Currency,Total,Cancelled at"
    >>> lines = ["#1,ann@shop.org,paid,2024-03-01 10:00:00 -0500,USD,30.00,",
    ...          "#2,bob@shop.org,voided,2024-03-02 10:00:00 -0500,USD,9.50,2024-03-02 11:00:00 -0500"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "orders_export.csv"
    ...     size = file.write_text("\\n".join([header, *lines]))
    ...     log, report = clv.read_export(file, source="shopify")
    >>> report.lines, report.sales, report.left_out, report.customers
    (2, 1, {'cancelled': 1}, 1)
    """

    system: str
    title: str
    page: str
    chosen: str
    files: tuple[str, ...]
    rows_read: int
    sales: int
    refunds: int
    left_out: dict[str, int]
    anonymous: int
    customers: int
    currencies: dict[str, tuple[int, Decimal]]
    converted_to: str | None
    first_date: datetime
    last_date: datetime
    converted_sum: Decimal | None = None

    @property
    def lines(self) -> int:
        """All lines that the export's rows became."""
        return self.sales + self.refunds + sum(self.left_out.values()) + self.anonymous

    def __str__(self) -> str:
        """What was read, why so, and what became of every line."""
        return "\n".join(lines_of(self))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the report for a notebook; whatever comes from the files is escaped."""
        head, *rest = map(escape, lines_of(self))
        return f"<div style='margin:0.6em 0'><b>{head}</b><br>{'<br>'.join(rest)}</div>"


def lines_of(report: ExportReport, worded: Callable[[str], str] = str) -> list[str]:
    """The lines of the report; ``worded`` puts them into other words, as the command line does."""
    several = "" if len(report.files) == 1 else f" in {len(report.files):,} files"
    how = "as given" if report.chosen == "given" else report.chosen
    kept = report.sales + report.refunds
    log = f"{kept:,} in the log ({counted(report.sales, 'sale')}, {counted(report.refunds, 'refund')})"
    out = [f"{count:,} left out ({reason})" for reason, count in report.left_out.items()]
    out += [f"{report.anonymous:,} without a customer"] if report.anonymous else []
    told = [
        f"read as {report.title} ({how})",
        f"layout: {report.page}",
        f"{counted(report.rows_read, 'row')}{several}, {counted(report.lines, 'line')} = {' + '.join([log, *out])}",
        f"{counted(report.customers, 'customer')}, dated {report.first_date:%Y-%m-%d} to {report.last_date:%Y-%m-%d}",
    ]
    for code, (lines, total) in report.currencies.items():
        of = "no currency said" if code == NONE else code
        told.append(f"{of}: {counted(lines, 'line')}, {total:,.2f}")
    if report.converted_to:
        come_to = "" if report.converted_sum is None else f": {counted(kept, 'line')}, {report.converted_sum:,.2f}"
        told.append(f"converted to {report.converted_to} at the rates given{come_to}")
    return [worded(line) for line in told]


def report_of(con: Any, found: Found) -> ExportReport:
    """The report of an export whose view ``kept`` stands on the connection."""
    customers, total = con.execute(
        "SELECT COUNT(DISTINCT customer_id), SUM(amount) FILTER (customer_id IS NOT NULL) FROM kept"
    ).fetchall()[0]
    assert found.first_date is not None
    assert found.last_date is not None
    return ExportReport(
        system=found.layout.name,
        title=found.layout.title,
        page=found.layout.page,
        chosen=found.chosen,
        files=found.files,
        rows_read=con.execute("SELECT COUNT(*) FROM raw").fetchall()[0][0],
        sales=found.sales,
        refunds=found.refunds,
        left_out=found.left_out,
        anonymous=found.anonymous,
        customers=customers,
        currencies=found.currencies,
        converted_to=found.converted_to,
        first_date=found.first_date,
        last_date=found.last_date,
        converted_sum=total if found.converted_to else None,
    )
