"""Tables for people: what a cell shows, what it is sorted by, and text that no spreadsheet runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

MISSING = "—"
# What a spreadsheet takes for the beginning of a formula, full-width forms included.
_FORMULA = "=+-@＝＋－＠"


class Cell(NamedTuple):
    """A cell: its text, the number it is sorted by (None: by its text), and what it is to a reader.

    ``kind`` is "number", "missing" (sorted last), "date" (on one line), "note" (a
    sentence), "text", or "outside" for text that came with the data.
    """

    text: str
    value: float | None = None
    kind: str = "text"
    good: bool | None = None


class Table(NamedTuple):
    """A table with a caption; the first cell of each row is its heading. ``meanings`` explain the others, if any."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    meanings: Sequence[str] = ()
    sortable: bool = True


def number(value: float | None, form: str = ",.4g", unit: str = "", good: bool | None = None) -> Cell:
    """A number as a format writes it; a dash where there is none.

    >>> number(1234.5, ",.0f").text, number(float("nan")).text, number(0.1, ".0%").value
    ('1,234', '—', 0.1)
    """
    if value is None or math.isnan(value):
        return Cell(MISSING, None, "missing")
    return Cell(format(value, form).replace("inf", "∞") + unit, float(value), "number", good)


def text(value: object, good: bool | None = None) -> Cell:
    """Text of our own."""
    return Cell(str(value), None, "text", good)


def outside(value: object) -> Cell:
    """Text that came with the data.

    >>> outside("=1+1").text, outside("Smith").text
    ("'=1+1", 'Smith')
    """
    return Cell(guarded(str(value)), None, "outside")


def guarded(found: str) -> str:
    """Text that a spreadsheet takes for text: an apostrophe stands before what would begin a formula.

    Blanks and invisible characters before it do not help a formula to hide, since pages and clipboards drop them.

    >>> [guarded(text) for text in ("=HYPERLINK(1)", " +1", "a=b", "00042", "")]
    ["'=HYPERLINK(1)", "' +1", 'a=b', '00042', '']
    """
    first = next((letter for letter in found if letter.isprintable() and not letter.isspace()), "")
    return f"'{found}" if first and first in _FORMULA else found


def rows(columns: Iterable[Sequence[Cell]]) -> list[tuple[Cell, ...]]:
    """Rows from columns."""
    return list(zip(*columns, strict=True))
