"""What became of the rows of a table that was exported, so that every row is accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from ..inference import looks
from ..validation.words import counted


@dataclass(frozen=True)
class Exported:
    """What `export` wrote and what it left out; made by `export`.

    ``rows_given == rows_written + sum(left_out.values()) + merged``, and, where there is a value,
    ``value_given == value_written + value_left_out``, both exactly.

    Attributes
    ----------
    target, title, page
        The name of the target, what it is called, and the page that documents its layout ("" where there is none).
    path
        The file.
    columns
        The names in its header, in order.
    rows_given, rows_written
        Rows of the table, and of the file (its header not counted).
    left_out
        Rows that are not in the file, by reason.
    merged
        Rows that became part of another one, because they hold the same e-mail address, else the same telephone, else
        the same name and postal address. Their values are added.
    value
        The column of values; None where the table has none.
    value_given, value_written, value_left_out
        Sums of the values in exact decimals (6 digits after the point); those that are missing,
        infinite or beyond 1e24 count as 0.
    identifiers
        How many written rows have each identifier.
    unusable
        How many cells held something that is no such identifier, by its name; the rows may have others.
    already_hashed
        Cells that were SHA-256 hashes when they were given, and were passed on as they are.
    contacts_repeated, contacts_not_scored
        Rows of the contacts that are not used: further ones of a customer (the first one counts), and those of
        customers who are not in the table.
    would_run
        Texts that a spreadsheet would run as formulas: as they are in files for machines, neutralised by a leading
        apostrophe in files for people.
    cut
        Texts longer than a cell of a spreadsheet can hold, of which the beginning was written.

    Examples
    --------
    >>> import pathlib, pandas, tempfile
    >>> import clvmodels as clv
    >>> scored = pandas.DataFrame({"customer_id": ["007", "008"], "clv": [12.5, 3.25]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = clv.export(scored, pathlib.Path(folder, "scored.csv"))
    >>> found.rows_written, found.value_written
    (2, Decimal('15.750000'))
    """

    target: str
    title: str
    page: str
    path: Path
    columns: tuple[str, ...]
    rows_given: int
    rows_written: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    merged: int = 0
    value: str | None = None
    value_given: Decimal | None = None
    value_written: Decimal | None = None
    value_left_out: Decimal | None = None
    identifiers: Mapping[str, int] = field(default_factory=dict)
    unusable: Mapping[str, int] = field(default_factory=dict)
    already_hashed: int = 0
    contacts_repeated: int = 0
    contacts_not_scored: int = 0
    would_run: int = 0
    cut: int = 0

    def __repr__(self) -> str:
        return f"Exported: {self.rows_written:,} of {self.rows_given:,} rows to {self.path} ({self.target})"

    def _repr_html_(self) -> str:
        """Return the counts for a notebook; whatever comes from outside is escaped."""
        title, *lines = str(self).split("\n")
        counts = looks.table(["", ""], [line.strip().rsplit(maxsplit=1) for line in lines])
        return looks.card(title, looks.line(f"{counted(self.rows_written, 'row')} in {self.path}", small=True), counts)

    def __str__(self) -> str:
        lines = [self.title, *_line("rows given", self.rows_given)]
        lines += [line for reason, count in self.left_out.items() for line in _line(f"- {reason}", count)]
        lines += _line("- merged with another", self.merged) if self.identifiers else []
        lines += _line("rows written", self.rows_written)
        if self.value_given is not None and self.value_written is not None and self.value_left_out is not None:
            lines += [f"  {f'sum of {self.value}':<28}{self.value_given:>20,.2f}"]
            if self.left_out or self.value_left_out:
                lines += [f"  {'- left out':<28}{self.value_left_out:>20,.2f}"]
                lines += [f"  {'written or merged':<28}{self.value_written:>20,.2f}"]
        lines += [line for name, count in self.identifiers.items() for line in _line(f"with {name}", count)]
        lines += [line for name, count in self.unusable.items() for line in _line(f"no usable {name}", count)]
        for what, count in (
            ("hashed when given", self.already_hashed),
            ("further contact rows", self.contacts_repeated),
            ("contacts not in the table", self.contacts_not_scored),
            ("texts like formulas", self.would_run),
            ("texts cut to fit a cell", self.cut),
        ):
            lines += _line(what, count) if count else []
        return "\n".join(lines)


def _line(what: str, count: int) -> list[str]:
    return [f"  {what:<28}{count:>17,}"]
