"""A spreadsheet for people: formats, a sheet that says what the numbers mean, and nothing that runs.

Text is written as text, never as a formula, a link or a number; what would run once the sheet is saved as CSV gets an
apostrophe (`spreadsheet_text.neutral`). The same table gives the same bytes.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...errors import InvalidInput, NotAvailable, warn
from ..about import facts_of, meaning
from ..contract import Order, Target
from ..spreadsheet_text import neutral, would_run
from ..sums import counts_of_all
from ..tables import text, with_numbers

MOST_ROWS = 1_048_575  # of a sheet, below the header (specifications and limits of Excel)
_MOST_COLUMNS = 16_384
_LONGEST = 32_767  # characters of a cell
_EXACT = 2**53  # whole numbers beyond are not all numbers of a sheet
_FIRST_DAY = datetime.date(1900, 3, 1)  # before it days of a sheet are a day off
_ROWS = 8_192  # turned into Python values at a time
_SHOWN = 1_000  # rows that the width of a column is measured on

_PERCENT, _MONEY, _COUNT, _WHOLE, _DAY, _MOMENT = "0.0%", "#,##0.00", "0.00", "0", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
_FORMATS = {
    **{"p_alive": _PERCENT, "interval": _PERCENT, "expected_purchases": _COUNT, "horizon": _COUNT},
    **{"clv": _MONEY, "expected_spend": _MONEY, "monetary_value": _MONEY, "recency": _COUNT, "T": _COUNT},
}
_SETTINGS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


class _Sheet:
    """One sheet, and what was done to text on its way into cells."""

    def __init__(self, sheet: Any) -> None:
        self.sheet, self.neutralised, self.cut = sheet, 0, 0

    def put_text(self, row: int, column: int, value: str, look: Any = None) -> None:
        """Write text that stays text."""
        if would_run(value):
            value, self.neutralised = neutral(value), self.neutralised + 1
        if len(value) > _LONGEST:
            value, self.cut = value[: _LONGEST - 1] + "…", self.cut + 1
        self.sheet.write_string(row, column, value, look)

    def put_number(self, row: int, column: int, value: float, look: Any = None) -> None:
        """Write a number; what no cell can hold as one, as text."""
        if math.isinf(value):
            self.put_text(row, column, "infinite" if value > 0 else "minus infinite")
        elif isinstance(value, int) and abs(value) > _EXACT:
            self.put_text(row, column, str(value))
        else:
            self.sheet.write_number(row, column, value, look)

    def put_day(self, row: int, column: int, value: Any, look: Any = None) -> None:
        """Write a date or a timestamp; one that a sheet would move, as text."""
        day = value.date() if isinstance(value, datetime.datetime) else value
        if day < _FIRST_DAY or getattr(value, "tzinfo", None) is not None:
            self.put_text(row, column, value.isoformat(sep=" ") if hasattr(value, "hour") else value.isoformat())
        else:
            self.sheet.write_datetime(row, column, value, look)


def write(order: Order, path: Path) -> Mapping[str, Any]:
    """Sheet "Customers", the table; sheet "About", what it is about."""
    xlsxwriter = _xlsxwriter()
    _refuse_too_large(order.table)
    table = with_numbers(order.table, [name for name in order.table.schema.names if name != order.customer_id])
    table = table.set_column(
        table.schema.get_field_index(order.customer_id), order.customer_id, text(table[order.customer_id])
    )
    counts = counts_of_all(table, order.value)
    with xlsxwriter.Workbook(path, _SETTINGS) as book:
        book.set_properties({"title": "Customers and their value", "created": datetime.datetime(2000, 1, 1)})
        customers = _Sheet(book.add_worksheet("Customers"))
        _write_customers(book, customers, order, table)
        about = _Sheet(book.add_worksheet("About"))
        _write_about(book, about, order, table.schema.names, counts["value_written"], customers.neutralised)
    if customers.cut:
        warn(
            f"texts too long for a cell of a spreadsheet: {customers.cut:,}, of which the first {_LONGEST - 1:,} "
            "characters are written; target='csv' writes them whole"
        )
    return counts | {"would_run": customers.neutralised, "cut": customers.cut}


def _xlsxwriter() -> Any:
    try:
        import xlsxwriter
    except ImportError as error:
        raise NotAvailable(
            "target='xlsx' needs XlsxWriter: pip install 'clvmodels[excel]', or write target='csv'"
        ) from error
    return xlsxwriter


def _refuse_too_large(table: Any) -> None:
    if table.num_rows > MOST_ROWS:
        raise InvalidInput(
            f"a sheet holds at most {MOST_ROWS:,} rows below its header; found {table.num_rows:,}: write target='csv', "
            "or the rows that people look at, such as scored.nlargest(100_000, 'clv')"
        )
    if table.num_columns > _MOST_COLUMNS:
        raise InvalidInput(f"a sheet holds at most {_MOST_COLUMNS:,} columns; found {table.num_columns:,}")


def _write_customers(book: Any, customers: _Sheet, order: Order, table: Any) -> None:
    sheet, names = customers.sheet, table.schema.names
    bold = book.add_format({"bold": True})
    looks = {code: book.add_format({"num_format": code}) for code in dict.fromkeys(_code(f) for f in table.schema)}
    for j, field in enumerate(table.schema):
        sheet.set_column(j, j, _width(field.name, table.column(j).slice(0, _SHOWN), _code(field)))
    sheet.freeze_panes(1, 1 if names[0] == order.customer_id else 0)
    sheet.autofilter(0, 0, table.num_rows, len(names) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{MOST_ROWS + 1}"})
    for j, name in enumerate(names):
        customers.put_text(0, j, name, bold)
    puts = [(j, _put(customers, field), looks[_code(field)]) for j, field in enumerate(table.schema)]
    row = 1
    for batch in table.to_batches(max_chunksize=_ROWS):
        columns = [column.to_pylist() for column in batch.columns]
        for i in range(batch.num_rows):
            for j, put, look in puts:
                value = columns[j][i]
                if value is not None:
                    put(row, j, value, look)
            row += 1


def _put(sheet: _Sheet, field: Any) -> Callable[..., None]:
    """What writes the values of a column."""
    import pyarrow as pa

    kind = field.type
    if pa.types.is_boolean(kind):
        return lambda row, column, value, look: sheet.put_text(row, column, "yes" if value else "no")
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        return sheet.put_number
    if pa.types.is_decimal(kind):
        return lambda row, column, value, look: sheet.put_number(row, column, float(value), look)
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return sheet.put_day
    return lambda row, column, value, look: sheet.put_text(row, column, str(value))


def _code(field: Any) -> str:
    """The format of a column's numbers."""
    import pyarrow as pa

    if pa.types.is_date(field.type):
        return _DAY
    if pa.types.is_timestamp(field.type):
        return _MOMENT
    name = field.name.removesuffix("_low").removesuffix("_high")
    if name in _FORMATS:
        return _FORMATS[name]
    return _WHOLE if pa.types.is_integer(field.type) else "General"


def _width(name: str, shown: Any, code: str) -> int:
    """The width of a column, in characters."""
    import pyarrow as pa

    least = len(name) + 3  # the button of the filter
    if pa.types.is_large_string(shown.type):
        longest = max((len(value) for value in shown.to_pylist() if value is not None), default=0)
        return min(max(least, longest + 1), 60)
    return max(least, len(code) if code in (_DAY, _MOMENT) else 12)


def _write_about(book: Any, about: _Sheet, order: Order, names: list[str], total: Any, neutralised: int) -> None:
    bold = book.add_format({"bold": True})
    # beside the words, not at the far end of their column
    whole, money = (book.add_format({"num_format": form, "align": "left"}) for form in ("#,##0", _MONEY))
    about.sheet.set_column(0, 0, 28)
    about.sheet.set_column(1, 1, 100)
    about.put_text(0, 0, "Customers and their value", bold)
    row = 2
    for what, said in facts_of(order, total):
        about.put_text(row, 0, what)
        if isinstance(said, str):
            about.put_text(row, 1, said)
        else:
            about.put_number(row, 1, said, whole if isinstance(said, int) else money)
        row += 1
    if neutralised:
        about.put_text(row, 0, "Texts like formulas")
        about.put_text(row, 1, f"{neutralised:,}, each with an apostrophe before it that the original has not")
        row += 1
    row += 1
    about.put_text(row, 0, "Column", bold)
    about.put_text(row, 1, "What it says", bold)
    for name in names:
        row += 1
        about.put_text(row, 0, name)
        about.put_text(row, 1, meaning(name))


TARGET = Target("Spreadsheet, for people", "", ".xlsx", people=False, write=write)
