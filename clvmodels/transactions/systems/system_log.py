"""A log that stands in an export of another system: a value that can stand wherever a log does."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...errors import InvalidInput, warn
from ..columns import Columns, Source, check_names, reading_of, whole_line
from ..log_files import files_of
from ..moments import parse_zone
from .currencies import rates_of
from .export_report import ExportReport, report_of
from .exported import COLUMNS, chosen_layout, make_kept


@dataclass(frozen=True)
class SystemLog:
    """A log in the layout in which another system exports it.

    It can stand wherever a log does, in `rfm_summary` and `score` as in `forecast` and `validate`, and is read anew
    each time, in bounded memory. Its columns are customer_id, date, amount, currency and order_id; lines without a
    customer are counted as those of any log.

    Attributes
    ----------
    path
        Where the files are: a path (wildcards allowed), or several of them.
    source
        ``"shopify"`` or another layout's name, the path of a map ending in ``.toml``, or ``"auto"``: by the header.
    tz
        The time zone in which days are counted; by default the clock is the one that the system writes.
    rates, to_currency
        Of several currencies in one log: what one unit of each is worth in ``to_currency``, as a mapping, a frame or
        the path of a CSV file with the columns currency, rate and, if rates change, date (from which on a rate holds).
        The currency "none" is that of lines that say none. They are read at once and kept as exact decimals.
    reports
        An empty list that takes the report of `read_export` when the files are first read, whatever reads them. It is
        no part of the value: logs that differ by nothing else are equal.

    Raises
    ------
    InvalidInput
        If the time zone, or a rate, is none, or reports no list.

    Notes
    -----
    A map is a TOML file of a user's own. Only ``[columns]`` with customer_id, date and amount must be there; a key that
    is none is refused with those that there are:

    .. code-block:: toml

        [columns]
        customer_id = ["E-mail", "Customer no."]    # the first that is filled
        date = "Invoice date"
        amount = "Gross total"
        currency = "Currency"                       # or { value = "EUR" }
        order_id = "Invoice no."

        [formats]
        date = "%d.%m.%Y"
        decimal = ","
        thousands = "."

        [keep]
        "Status" = ["paid", "part paid"]

    Examples
    --------
    >>> log = SystemLog("orders_export.csv", source="shopify", rates={"USD": "0.92"}, to_currency="EUR")
    >>> log.rates
    (Rate(currency='USD', since=None, worth=Decimal('0.920000000000')),)
    >>> log == SystemLog("orders_export.csv", source="shopify", rates={"USD": 0.92}, to_currency="EUR")
    True
    """

    path: Any
    source: str = "auto"
    tz: str | None = None
    rates: Any = None
    to_currency: str | None = None
    reports: list[ExportReport] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Keep what was given as values that compare."""
        path = tuple(map(_path, self.path)) if isinstance(self.path, list | tuple) else _path(self.path)
        rates, to_currency = rates_of(self.rates, self.to_currency)
        if not isinstance(self.reports, list | None):
            raise InvalidInput(f"reports must be a list; found {type(self.reports).__name__}")
        object.__setattr__(self, "path", path)
        object.__setattr__(self, "source", str(self.source) if isinstance(self.source, Path) else self.source)
        object.__setattr__(self, "tz", parse_zone(self.tz))
        object.__setattr__(self, "rates", rates)
        object.__setattr__(self, "to_currency", to_currency)


def named(log: SystemLog) -> tuple[SystemLog, str, str]:
    """The same log with its files and its layout by name; that layout's title, and why: "given", or what showed it."""
    files = files_of(log.path)
    known, why = chosen_layout(log.source, files)
    source = known.name if log.source == "auto" else log.source
    return replace(log, path=tuple(files), source=source), known.title, why


def identity_of(log: SystemLog) -> dict[str, Any]:
    """What, beside the files, another reading must have in common with this one: as JSON keeps it."""
    layout, _ = chosen_layout(log.source, files_of(log.path))
    asked = repr((layout.needs, layout.may_have, layout.sql))
    rates = [[rate.currency, rate.since and str(rate.since), f"{rate.worth.normalize():f}"] for rate in log.rates]
    return {
        "source": layout.name,
        "layout": hashlib.sha256(asked.encode()).hexdigest(),
        "source_tz": log.tz,
        "rates": rates,
        "to_currency": log.to_currency,
    }


def register_system(con: Any, log: SystemLog, names: Columns, tz: str | None, *, report: bool) -> Source:
    """Make the view ``log``: what is left of an export, with our names for the columns wanted."""
    if tz is not None and log.tz not in (None, tz):
        raise InvalidInput(f"tz={tz!r} differs from the log's own, {log.tz!r}: leave one of them out")
    if report and names.currency is None:
        names = Columns(names.customer_id, names.date, names.amount, names.order_id, "currency")
    _refuse_other_names(log, names)
    check_names(list(COLUMNS), names)
    found = make_kept(
        con,
        files_of(log.path),
        log.source,
        zone=log.tz or tz,
        rates=log.rates,
        to_currency=log.to_currency,
        money=names.amount is not None,
    )
    if log.reports is not None and not log.reports:
        log.reports.append(report_of(con, found))
    if log.source == "auto":
        warn(choice_told(found.layout.title, found.layout.name, found.chosen))
    picked = ", ".join(f"{theirs} AS {ours}" for ours, theirs in names.wanted().items())
    whole = whole_line(list(COLUMNS)) if report else ""
    con.execute(f"CREATE TEMP VIEW log AS SELECT {picked}{whole} FROM kept")
    reading = replace(reading_of(con, names, None), zone=log.tz)
    return Source(reading, "pandas", all_text=False, names=names, columns=len(COLUMNS) if report else 0)


def _refuse_other_names(log: SystemLog, names: Columns) -> None:
    """The columns of a log that is made of an export are always the same ones."""
    for ours, theirs in names.wanted().items():
        if theirs not in COLUMNS and ours != "order_id":  # where other columns may stand, such as one of arms
            raise InvalidInput(
                f"the log that is made of an export (source={log.source!r}) has the columns {', '.join(COLUMNS)}, and "
                f"no {theirs!r}: leave {ours}=... out"
            )


def choice_told(title: str, name: str, why: str) -> str:
    """What to say of a system that was recognised, not named.

    >>> choice_told("Shopify orders", "shopify", "by its header")
    "the log was read as Shopify orders (by its header): pass source='shopify' to say so"
    """
    return f"the log was read as {title} ({why}): pass source={name!r} to say so"


def _path(path: object) -> str:
    if not isinstance(path, str | Path):
        raise InvalidInput(
            f"an export must be a path of its files, or a list of them; found {type(path).__name__}. Files are read as "
            "the system wrote them: what went through a frame has lost how its dates and numbers were written"
        )
    return str(path)
