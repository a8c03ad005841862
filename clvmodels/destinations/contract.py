"""What a target is, and what it is asked to write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

IDENTIFIERS = ("email", "phone", "first_name", "last_name", "city", "state", "country", "zip")


@dataclass(frozen=True, eq=False)
class Order:
    """A table to write, and how.

    Attributes
    ----------
    table
        The scored table, an Arrow one of flat columns.
    facts
        What the table says of itself.
    contacts
        The identifiers of the customers, an Arrow table with the column of ``customer_id``; None where the scored table
        holds them.
    customer_id
        The column that names the customers, in both.
    columns
        The column of each identifier that is there, by the identifier's name.
    value
        The column of values; None where there is none.
    phone_country, hashed, currency
        As `export` takes them.
    path
        Where the file goes in the end.
    """

    table: Any
    facts: Mapping[str, str | None]
    contacts: Any
    customer_id: str
    columns: Mapping[str, str]
    value: str | None
    phone_country: str | None
    hashed: bool
    currency: str | None
    path: Path


@dataclass(frozen=True)
class Target:
    """A layout that some system imports.

    Attributes
    ----------
    title, page
        What it is called, and where its layout is documented ("" where nobody does).
    ending
        Of its files.
    people
        Whether it names people to another system, by identifiers.
    write
        Writes an order to a path, and gives what became of its rows, by the names of `Exported`.
    """

    title: str
    page: str
    ending: str
    people: bool
    write: Callable[[Order, Path], Mapping[str, Any]]
