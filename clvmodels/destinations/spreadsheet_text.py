"""Text that a spreadsheet would run as a formula.

The characters are those of OWASP's page on CSV injection (https://owasp.org/www-community/attacks/CSV_Injection): a
cell that begins with = + - @, with one of their full-width forms, or with a tab or the end of a line. What spreadsheets
and importers skip or strip at the beginning of a cell, blanks and double quotes, does not hide them.
"""

from __future__ import annotations

import re
from typing import Any

# written so that it means the same to Python and to RE2, which Arrow has
_SKIPPED = ' \\t\\r\\n\\x0b\\x0c\\x00"\u00a0\u200b\u3000\ufeff'
PATTERN = f"^[{_SKIPPED}]*[=+\\-@\uff1d\uff0b\uff0d\uff20]|^[\\t\\r\\n]"
_WOULD_RUN = re.compile(PATTERN)


def would_run(text: str) -> bool:
    """Whether a spreadsheet may run a text as a formula.

    >>> would_run("=1+1"), would_run(" @SUM(A1)"), would_run("a=b"), would_run("'=1+1")
    (True, True, False, False)
    """
    return _WOULD_RUN.match(text) is not None


def neutral(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet would run.

    The apostrophe is part of the text. A format that only hides the text from being a formula is lost when the
    spreadsheet is saved as CSV, and the next one to open that file would run it.

    >>> neutral("=1+1"), neutral("007")
    ("'=1+1", '007')
    """
    return f"'{text}" if would_run(text) else text


def cells_that_run(table: Any) -> tuple[int, str, int]:
    """How many texts of an Arrow table would run, and the column and row (from 1) of the first; row 0 is the header."""
    import pyarrow as pa
    import pyarrow.compute as pc

    count, first, at = 0, "", -1
    for name in table.schema.names:
        column = table.column(name)
        if pa.types.is_large_string(column.type):
            found = pc.fill_null(pc.match_substring_regex(column, PATTERN), False)
            row = pc.index(found, True).as_py()
            count += pc.sum(found).as_py() or 0
            if row >= 0 and (at < 0 or row + 1 < at):
                first, at = name, row + 1
        if would_run(name):
            count += 1
            if at != 0:
                first, at = name, 0
    return count, first, at
