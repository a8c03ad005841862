"""A log that stands in an export of another system: a value that can stand wherever a log does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import InvalidInput
from ..columns import Columns, Source, check_names, reading_of
from ..moments import parse_zone
from .layouts import Layout, layout
from .raw_files import register_raw
from .words import teach

COLUMNS = ("customer_id", "date", "amount", "currency", "order_id")


@dataclass(frozen=True)
class SystemLog:
    """A log in the layout in which another system exports it.

    Attributes
    ----------
    path
        Where the files are: a path (wildcards allowed), or a tuple of them.
    source
        "shopify" or another layout's name, the path of a map ending in .toml, or "auto".
    tz
        The time zone in which days are counted; by default as the system writes its times.

    Examples
    --------
    >>> SystemLog("orders_export.csv", source="shopify").source
    'shopify'
    """

    path: str | Path | tuple[str | Path, ...]
    source: str = "auto"
    tz: str | None = None


def make_exported(con: Any, log: SystemLog) -> Layout:
    """Make the table ``exported`` of a log: what the layout's SELECT gives, lines left out with their reason."""
    known = layout(log.source)
    teach(con, parse_zone(log.tz))
    con.execute("SET preserve_insertion_order = true")
    register_raw(con, list(log.path) if isinstance(log.path, tuple) else log.path, known)
    con.execute(f"CREATE TEMP TABLE exported AS {known.sql}")
    con.execute("SET preserve_insertion_order = false")
    return known


def register_system(con: Any, log: SystemLog, names: Columns, *, report: bool) -> Source:
    """Make the view ``log``: what is left of an export, with our names for the columns wanted."""
    make_exported(con, log)
    if report and names.currency is None:
        names = Columns(names.customer_id, names.date, names.amount, names.order_id, "currency")
    check_names(list(COLUMNS), names)
    picked = ", ".join(f"{theirs} AS {ours}" for ours, theirs in names.wanted().items())
    con.execute(
        f"CREATE TEMP VIEW log AS SELECT {picked} FROM exported WHERE left_out IS NULL AND customer_id IS NOT NULL"
    )
    if con.execute("SELECT COUNT(*) FROM log").fetchall()[0][0] == 0:
        raise InvalidInput("no line of the export is left")
    return Source(reading_of(con, names, None), "pandas", all_text=False, names=names)
