"""What a map may say: every key checked, with what is allowed and what was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from ...errors import InvalidInput

OF_A_MAP = "the map "  # what the page of a map that names none begins with
_TABLES = ["columns", "also_called", "formats", "keep", "leave_out"]
_KEYS = ["title", "page", "files", "not_kept", "one_line_an_order", "may_be_missing", *_TABLES]
_COLUMNS = ["customer_id", "date", "amount", "currency", "order_id", "refund"]
_NEEDED = _COLUMNS[:3]
_FORMATS = ["date", "zone", "decimal", "thousands", "customer_id"]
_FILES = ["csv", "json", "parquet"]
_CELL = ["column", "separator", "several", "prefix", "value"]
_CONDITION = ["empty", "above", "below"]
_WORDS = re.compile(r"%[YymdHIMSfpbBaA]")
_DAY = ("%Y %y", "%m %b %B", "%d")
_MOST = 500  # columns that a map may name
_LARGEST = 10**12
_LONGEST = 300  # characters of a name or a value
_OWN_REASONS = ("several customers", "no date", "no amount", "repeated")


@dataclass(frozen=True)
class Cell:
    """Where a value stands: columns, the first that is filled; or the value itself."""

    columns: tuple[str, ...] = ()
    separator: str | None = None
    first: bool = False
    prefix: str = ""
    value: str | None = None


@dataclass(frozen=True)
class Condition:
    """What a column must hold: one of some words, nothing or something, a number within bounds."""

    columns: tuple[str, ...]
    words: tuple[str, ...] = ()
    empty: bool | None = None
    above: Decimal | None = None
    below: Decimal | None = None


Conditions = tuple[Condition, ...]


@dataclass(frozen=True)
class Map:
    """A map whose keys are checked."""

    name: str
    title: str
    page: str
    files: tuple[str, ...]
    not_kept: str
    one_line_an_order: bool
    may_be_missing: frozenset[str]
    cells: dict[str, tuple[Cell, ...]]
    email: bool
    dates: tuple[str, ...]
    utc: bool
    decimal: str
    thousands: str
    keep: tuple[Conditions, ...]
    leave_out: tuple[tuple[str, tuple[Conditions, ...]], ...]


def checked(said: dict[str, Any], path: str) -> Map:
    """A map of what a TOML file says.

    Raises
    ------
    InvalidInput
        If a key is unknown, missing, or of the wrong sort.
    """
    file = _File(path)
    file.keys(said, _KEYS, "")
    columns = file.table(said, "columns")
    file.keys(columns, _COLUMNS, "columns")
    lacking = [name for name in _NEEDED if name not in columns]
    if lacking:
        file.refuse("columns", f"must name a column for each of {', '.join(_NEEDED)}", f"none for {lacking[0]}")
    also = {
        file.text("also_called", name): file.texts(f"also_called.{name}", others)
        for name, others in file.table(said, "also_called").items()
    }
    formats = file.table(said, "formats")
    file.keys(formats, _FORMATS, "formats")
    decimal = file.one_of("formats.decimal", formats.get("decimal", "."), [".", ","])
    thousands = file.one_of("formats.thousands", formats.get("thousands", ""), ["", ",", ".", " ", "'"])
    if decimal == thousands:
        file.refuse("formats", "decimal and thousands must be two signs", f"{decimal!r} for both")
    one_line = said.get("one_line_an_order", False)
    if not isinstance(one_line, bool):
        file.refuse("one_line_an_order", "must be true or false", one_line)
    if one_line and "order_id" not in columns:
        file.refuse("one_line_an_order", "needs columns.order_id, by which lines of one order are known", "none")
    name = Path(path).stem
    files = file.texts("files", said.get("files", _FILES))
    made = Map(
        name=file.text("the map's file name", name),
        title=file.text("title", said.get("title", name)),
        page=file.text("page", said.get("page", f"{OF_A_MAP}{Path(path).name}")),
        files=tuple(file.one_of("files", sort, _FILES) for sort in files),
        not_kept=file.reason("not_kept", said.get("not_kept", "not kept")),
        one_line_an_order=one_line,
        may_be_missing=frozenset(file.texts("may_be_missing", said.get("may_be_missing", []), empty=True)),
        cells={name: file.cells(name, where, also) for name, where in columns.items()},
        email=file.one_of("formats.customer_id", formats.get("customer_id", "text"), ["text", "email"]) == "email",
        dates=file.dates(formats.get("date", "iso")),
        utc=file.one_of("formats.zone", formats.get("zone", "written"), ["written", "utc"]) == "utc",
        decimal=decimal,
        thousands=thousands,
        keep=file.alternatives("keep", said.get("keep", []), also),
        leave_out=tuple(
            (file.reason("leave_out", reason), file.alternatives(f"leave_out.{reason}", told, also))
            for reason, told in file.table(said, "leave_out").items()
        ),
    )
    file.names(made)
    return made


def named(known: Map) -> list[tuple[str, ...]]:
    """The columns that a map reads, each with its other names, once."""
    cells = [cell.columns for where in known.cells.values() for cell in where]
    conditions = [each.columns for tables in _conditions(known) for table in tables for each in table]
    return list(dict.fromkeys(columns for columns in (*cells, *conditions) if columns))


def groups(known: Map) -> list[tuple[str, ...]]:
    """The columns that a map reads, those together of which one is enough."""
    cells = [tuple(column for cell in where for column in cell.columns) for where in known.cells.values()]
    alternatives = _conditions(known)
    conditions: list[tuple[str, ...]] = []
    for tables in alternatives:
        if len(tables) > 1:
            conditions.append(tuple(column for table in tables for each in table for column in each.columns))
        else:
            conditions.extend(each.columns for table in tables for each in table)
    return [tuple(dict.fromkeys(group)) for group in (*cells, *conditions) if group]


def _conditions(known: Map) -> list[tuple[Conditions, ...]]:
    return [*(told for _, told in known.leave_out), known.keep]


@dataclass(frozen=True)
class _File:
    """The file that is checked: what stands in its messages."""

    path: str

    def refuse(self, key: str, must: str, found: Any) -> NoReturn:
        shown = found if isinstance(found, str) else f"{type(found).__name__} {found!r}"
        raise InvalidInput(f"the map {self.path!r}: {key} {must}; found {str(shown)[:80]}")

    def keys(self, table: dict[str, Any], allowed: list[str], within: str) -> None:
        odd = [key for key in table if key not in allowed]
        if odd:
            near = difflib.get_close_matches(odd[0], allowed, 1)
            meant = f" (did you mean {near[0]!r}?)" if near else ""
            if not within and odd[0] in _COLUMNS:
                meant = "; it belongs under a line [columns]"
            place = f"the table {within}" if within else "the map"
            raise InvalidInput(
                f"the map {self.path!r}: {place} may hold {', '.join(allowed)}; found {len(odd):,} others, "
                f"first {odd[0][:80]!r}{meant}"
            )

    def table(self, said: dict[str, Any], key: str) -> dict[str, Any]:
        found = said.get(key, {})
        if not isinstance(found, dict):
            self.refuse(key, f"must be a table, a line [{key}] and keys under it", found)
        return found

    def text(self, key: str, found: Any) -> str:
        if not isinstance(found, str) or not found.strip():
            self.refuse(key, "must be text in quotes", found)
        if len(found) > _LONGEST or not found.isprintable():
            self.refuse(key, f"must be one line of at most {_LONGEST} characters that can be printed", repr(found))
        return found

    def texts(self, key: str, found: Any, *, empty: bool = False) -> tuple[str, ...]:
        listed = found if isinstance(found, list) else [found]
        if len(listed) > _MOST or not (listed or empty):
            self.refuse(key, f"must be one to {_MOST} texts in quotes", f"{len(listed):,}")
        return tuple(self.text(key, each) for each in listed)

    def one_of(self, key: str, found: Any, allowed: list[str]) -> str:
        if not isinstance(found, str) or found not in allowed:
            self.refuse(key, f"must be one of {', '.join(map(repr, allowed))}", repr(found))
        return found

    def reason(self, key: str, found: Any) -> str:
        reason = self.text(key, found)
        if len(reason) > 40 or reason in _OWN_REASONS:
            self.refuse(key, f"must be two or three words, none of {', '.join(_OWN_REASONS)}", repr(reason))
        return reason

    def cells(self, name: str, said: Any, also: dict[str, tuple[str, ...]]) -> tuple[Cell, ...]:
        key = f"columns.{name}"
        listed = said if isinstance(said, list) else [said]
        if not listed or len(listed) > _MOST:
            self.refuse(key, f"must be a column's name or a list of at most {_MOST}", f"{len(listed):,}")
        return tuple(self.cell(key, each, also) for each in listed)

    def cell(self, key: str, said: Any, also: dict[str, tuple[str, ...]]) -> Cell:
        if not isinstance(said, dict):
            return Cell(_named(self.text(key, said), also))
        self.keys(said, _CELL, key)
        if "value" in said:
            if key not in ("columns.amount", "columns.currency") or len(said) > 1:
                self.refuse(key, "must be a column; a value of its own stands alone, for amount or currency", said)
            value = said["value"]
            if key == "columns.currency":
                return Cell(value=self.text(f"{key}.value", value))
            return Cell(value=f"{self.number(f'{key}.value', value):f}")
        if any(sort in said for sort in ("separator", "several", "prefix")) and key != "columns.customer_id":
            self.refuse(key, "must be a column; separator, several and prefix are for customer_id", said)
        if "column" not in said:
            self.refuse(key, "must say column = a name, or value = a text", said)
        separator = said.get("separator")
        if separator is not None and (not isinstance(separator, str) or len(separator) != 1 or separator.isspace()):
            self.refuse(f"{key}.separator", "must be one sign, such as ';'", repr(separator))
        several = self.one_of(f"{key}.several", said.get("several", "leave out"), ["leave out", "first"])
        prefix = said.get("prefix", "")
        if prefix != "":
            self.text(f"{key}.prefix", prefix)
        return Cell(_named(self.text(f"{key}.column", said["column"]), also), separator, several == "first", prefix)

    def dates(self, said: Any) -> tuple[str, ...]:
        formats = self.texts("formats.date", said)
        example = datetime(2001, 2, 3, 4, 5, 6, 7000)
        for written in formats:
            if written == "iso":
                continue
            words = _WORDS.findall(written)
            lacks = not all(any(word in words for word in part.split()) for part in _DAY)
            if lacks or "%" in _WORDS.sub("", written):
                self.refuse(
                    "formats.date",
                    "must be 'iso' or made of %Y or %y, %m, %b or %B, %d, and with a clock of %H or %I and %p, %M, "
                    "%S, %f; an offset is read by 'iso' alone",
                    repr(written),
                )
            for other in formats:
                if other != "iso" and _reads(other, example.strftime(written)) not in (None, _reads(written, example)):
                    self.refuse(
                        "formats.date",
                        "must not read one text as two days: give the formats that this export writes only",
                        f"{written!r} and {other!r}",
                    )
        return formats

    def alternatives(self, key: str, said: Any, also: dict[str, tuple[str, ...]]) -> tuple[Conditions, ...]:
        tables = said if isinstance(said, list) else [said]
        if len(tables) > _MOST or not all(isinstance(table, dict) and table for table in tables):
            self.refuse(key, "must be a table of columns and what they hold, or several of them", said)
        return tuple(
            tuple(
                self.condition(f"{key}.{column}", self.text(key, column), told, also) for column, told in table.items()
            )
            for table in tables
        )

    def condition(self, key: str, column: str, said: Any, also: dict[str, tuple[str, ...]]) -> Condition:
        columns = _named(column, also)
        if not isinstance(said, dict):
            if isinstance(said, list) and not 0 < len(said) <= _MOST:
                self.refuse(key, f"must hold one to {_MOST} values", f"{len(said):,}")
            return Condition(columns, tuple(word for each in _listed(said) for word in self.words(key, each)))
        self.keys(said, _CONDITION, key)
        empty = said.get("empty")
        if not said or (empty is not None and not isinstance(empty, bool)) or (empty is not None and len(said) > 1):
            self.refuse(key, "must say empty = true or false, or above or below a number", said)
        bounds = {side: self.number(f"{key}.{side}", said[side]) for side in ("above", "below") if side in said}
        return Condition(columns, (), empty, bounds.get("above"), bounds.get("below"))

    def number(self, key: str, found: Any) -> Decimal:
        if isinstance(found, bool) or not isinstance(found, int | float) or not abs(found) < _LARGEST:
            self.refuse(key, f"must be a number within {_LARGEST:,}", repr(found))
        return Decimal(str(found))

    def words(self, key: str, said: Any) -> tuple[str, ...]:
        if isinstance(said, bool):
            return ("true", "yes", "1") if said else ("false", "no", "0")
        if isinstance(said, int | float):
            return (str(said),)
        return (self.text(key, said).strip().lower(),)

    def names(self, made: Map) -> None:
        """Refuse too many columns, and those that the engine holds for one."""
        every = list(dict.fromkeys(column for group in groups(made) for column in group))
        if len(every) > _MOST:
            self.refuse("columns", f"must be at most {_MOST}, all tables together", f"{len(every):,}")
        seen: dict[str, str] = {}
        for column in every:
            twin = seen.setdefault(column.lower(), column)
            if twin != column:
                self.refuse("columns", "must differ by more than capital letters", f"{twin!r} and {column!r}")
        unread = sorted(made.may_be_missing - set(every))
        if unread:
            self.refuse("may_be_missing", "must name columns that the map reads", repr(unread[0]))


def _named(column: str, also: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((column, *also.get(column, ()))))


def _listed(said: Any) -> Iterable[Any]:
    return said if isinstance(said, list) else [said]


def _reads(written: str, text: str | datetime) -> datetime | None:
    """The day that a format reads in a text."""
    try:
        text = text.strftime(written) if isinstance(text, datetime) else text
        found = datetime.strptime(text, written)
    except ValueError:
        return None
    return found.replace(hour=0, minute=0, second=0, microsecond=0)
