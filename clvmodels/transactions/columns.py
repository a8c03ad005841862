"""The columns of a log: the caller's names for them, and how they are to be read."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from ..errors import InvalidInput
from .dates import Reading

CURRENCIES = ("currency", "currency_code")


@dataclass(frozen=True)
class Columns:
    """The caller's names for the columns; None for an amount, an order or a currency that there is none of."""

    customer_id: str
    date: str
    amount: str | None
    order_id: str | None = None
    currency: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is no name."""
        for ours in ("customer_id", "date", "amount", "order_id", "currency"):
            theirs = getattr(self, ours)
            if not (isinstance(theirs, str) or (theirs is None and ours not in ("customer_id", "date"))):
                found = type(theirs).__name__ if len(repr(theirs)) > 40 else repr(theirs)
                raise InvalidInput(f"{ours} must be the name of a column of the log; found {found}")

    def wanted(self) -> dict[str, str]:
        """Our name to the caller's."""
        names = {
            "customer_id": self.customer_id,
            "date": self.date,
            "amount": self.amount,
            "order_id": self.order_id,
            "currency": self.currency,
        }
        return {ours: theirs for ours, theirs in names.items() if theirs is not None}


@dataclass(frozen=True)
class Source:
    """A log that the engine can read: how, what to answer in, and whether all of it is text (CSV)."""

    reading: Reading
    answer: str  # "pandas", "arrow" or "polars"
    all_text: bool
    names: Columns
    columns: int = 0  # how many the log has, where the view holds a hash of them all, whole_line

    @property
    def whole_lines(self) -> bool:
        """Whether the view has a column whole_line; in files it is computed when it is asked for."""
        return self.columns > 0


def check_names(found: list[str], names: Columns) -> None:
    """Refuse a log that lacks a column, and name those that it has."""
    for ours, theirs in names.wanted().items():
        if theirs not in found:
            listed = ", ".join(map(repr, found[:30])) or "none"
            raise InvalidInput(
                f"the log has no column {theirs!r}; the columns found are {listed}. {_exported_by(found)}"
                f"Pass {ours}=... with the right name"
                + (", or amount=None if the log holds no money" if ours == "amount" else "")
            )


def _exported_by(found: list[str]) -> str:
    """Where the columns are those of a system's export, how to read that, in a sentence."""
    from .systems.recognising import with_columns  # only who lacks a column needs to know

    known = with_columns(found)
    if known is None:
        return ""
    return (
        f"They are the columns of {known.title}: read the files with source={known.name!r} (read_log, or SystemLog in "
        "place of the log). Else: "
    )


def quoted(name: str) -> str:
    """A column's name as the engine's identifier, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as the engine's literal, whatever is in it."""
    return "'" + text.replace("'", "''") + "'"


def with_currency(found: list[str], names: Columns) -> Columns:
    """The names with that of a column called currency, if the caller named none and there is one."""
    called = [name for name in found if name.lower() in CURRENCIES]
    if names.currency is not None or len(called) != 1 or called[0] in names.wanted().values():
        return names
    return replace(names, currency=called[0])


def whole_line(columns: list[str]) -> str:
    """One more selected column, a hash of all columns of a line."""
    return f", hash({', '.join(columns)}) AS whole_line"


def reading_of(con: Any, names: Columns, zone: str | None, *, amount_as_text: bool = False) -> Reading:
    """How the columns of the view ``log`` are to be read, by their types; refuse those that cannot be.

    ``amount_as_text`` says that the amounts are numbers, though written as text.
    """
    types = {row[0]: row[1] for row in con.execute("DESCRIBE SELECT * FROM log").fetchall()}
    return reading_of_types(types, names, zone, amount_as_text=amount_as_text)


def reading_of_types(
    types: dict[str, str], names: Columns, zone: str | None, *, amount_as_text: bool = False
) -> Reading:
    """How columns of these types, as the engine names them, are to be read."""
    for ours in ("customer_id", "order_id"):
        if "[" in types.get(ours, "") or types.get(ours, "").startswith(("STRUCT", "MAP", "UNION")):
            raise InvalidInput(f"column {names.wanted()[ours]!r} must hold one value a line; found {types[ours]}")
    kinds = {"VARCHAR": "text", "FLOAT": "float", "DOUBLE": "float"}
    customer = kinds.get(types["customer_id"], "other")
    order = kinds.get(types["order_id"], "other") if "order_id" in types else None
    sort = types["date"]
    date = {"VARCHAR": "text", "DATE": "date", '"NULL"': "date", "NULL": "date"}.get(sort)
    if sort.startswith("TIMESTAMP"):
        # Parquet's nanoseconds reach the engine without their zone, as UTC
        without = "timestamp" if zone is None else "instant"
        date = "zoned" if "TZ" in sort or sort.endswith("WITH TIME ZONE") else without
    if date is None:
        raise InvalidInput(
            f"column {names.date!r} must hold dates, timestamps or text like 2020-03-04; found {sort}. "
            "Convert it first, for example with pandas.to_datetime"
        )
    amount = types.get("amount", "")
    numbers = r'(U?(TINY|SMALL|BIG|HUGE)?INT|INTEGER|UINTEGER|FLOAT|DOUBLE|DECIMAL|"?NULL"?)'
    if amount and not amount_as_text and not re.match(numbers, amount):
        raise InvalidInput(f"column {names.amount!r} must hold numbers; found {amount}")
    own_zone = _known_zone(zone) if date in ("zoned", "instant") else None
    return Reading(customer, date, own_zone, "amount" in types, order=order)


def zone_of(table: Any, column: str = "date") -> str | None:
    """The time zone of an Arrow column of timestamps, if it has one."""
    import pyarrow as pa

    sort = table.schema.field(column).type
    return sort.tz if pa.types.is_timestamp(sort) else None


def _known_zone(zone: str | None) -> str:
    zone = zone or "UTC"
    if not re.fullmatch(r"[+-]\d\d:\d\d|[A-Za-z][A-Za-z0-9_+/:-]*", zone):
        raise InvalidInput(f"the dates are in an unknown time zone, {zone!r}; convert them to UTC first")
    return zone
