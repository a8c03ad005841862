"""What a layout's SELECT gives of an export: which lines are the log's, and what is refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from ...errors import InvalidInput
from ..engine import rows
from ..findings import counted
from .currencies import NONE, Rate, make_converted
from .layouts import Layout, layout
from .map_checks import OF_A_MAP
from .raw_files import register_raw
from .recognising import recognised
from .words import teach

COLUMNS = ("customer_id", "date", "amount", "currency", "order_id")


@dataclass(frozen=True)
class Found:
    """What an export holds, in lines: sales and refunds of customers are the log, and all lines add up.

    Attributes
    ----------
    layout, chosen, files
        How it was read, why so ("given", or what the header showed), and from which files.
    sales, refunds
        Lines of the log: those with an amount below 0 are refunds.
    left_out
        Lines that are none of the log, by the reason.
    anonymous
        Lines without a customer.
    currencies
        Lines of the log and their sum, by currency, as they were in the export.
    first_date, last_date
        Of the log's lines.
    converted_to
        The currency that amounts were converted to; None if they stay in the one they were in.
    """

    layout: Layout
    chosen: str
    files: tuple[str, ...]
    sales: int
    refunds: int
    left_out: dict[str, int]
    anonymous: int
    currencies: dict[str, tuple[int, Decimal]]
    first_date: datetime | None
    last_date: datetime | None
    converted_to: str | None = None


def chosen_layout(source: object, files: list[str]) -> tuple[Layout, str]:
    """The layout of a source, and why it was chosen: "given", or what showed it.

    Raises
    ------
    InvalidInput
        If the source is none, or nothing shows which one it is.
    """
    return recognised(files) if source == "auto" else (layout(source), "given")


def make_kept(
    con: Any,
    files: list[str],
    source: object,
    *,
    zone: str | None,
    rates: tuple[Rate, ...] = (),
    to_currency: str | None = None,
    money: bool = True,
) -> Found:
    """Make the view ``kept`` of an export: the log's lines and the anonymous ones, in one currency.

    Without ``money`` amounts do not matter, nor what they are in.

    Raises
    ------
    InvalidInput
        If lines of the log have dates or amounts that cannot be read, or several currencies and no rates.
    """
    known, chosen = chosen_layout(source, files)
    teach(con, zone)
    register_raw(con, files, known)
    # a table: an order's lines are brought together once, however often the log is looked at afterwards
    con.execute(f"""
CREATE OR REPLACE TEMP TABLE exported AS
SELECT NULLIF(TRIM(CAST(customer_id AS VARCHAR)), '') AS customer_id, CAST(date AS TIMESTAMP) AS date,
  CAST(amount AS DECIMAL(18, 6)) AS amount, NULLIF(UPPER(TRIM(CAST(currency AS VARCHAR))), '') AS currency,
  CAST(order_id AS VARCHAR) AS order_id, CAST(left_out AS VARCHAR) AS left_out
FROM (
{known.sql}
) AS given""")
    found = _counted(con, known, chosen, files, money=money)
    con.execute(f"CREATE OR REPLACE TEMP VIEW kept AS SELECT {', '.join(COLUMNS)} FROM exported WHERE left_out IS NULL")
    if not money:
        return found
    if rates and to_currency is not None:
        missing = make_converted(con, rates, to_currency)
        if missing:
            each = ", ".join(
                f"{code} ({counted(lines, 'line')}, the first of {first:%Y-%m-%d})" for code, lines, first in missing
            )
            raise InvalidInput(
                f"rates must hold every currency of the log from its first line on; there is none for {each}. "
                f"Add what one unit is worth in {to_currency}"
                + (
                    f", as that of {NONE!r}, where lines say no currency"
                    if any(each[0] == NONE for each in missing)
                    else ""
                )
            )
        con.execute(f"CREATE OR REPLACE TEMP VIEW kept AS SELECT {', '.join(COLUMNS)} FROM converted")
        return replace(found, converted_to=to_currency)
    _refuse_several(found, to_currency)
    return found


def _counted(con: Any, known: Layout, chosen: str, files: list[str], *, money: bool) -> Found:
    groups = rows(
        con,
        f"""
SELECT left_out, customer_id IS NULL AS anonymous, COALESCE(currency, '{NONE}') AS currency,
  COUNT(*) AS lines, COUNT(CASE WHEN amount < 0 THEN 1 END) AS refunds, SUM(amount) AS sum,
  MIN(date) AS first_date, MAX(date) AS last_date,
  COUNT(CASE WHEN date IS NULL THEN 1 END) AS undated, MIN(CASE WHEN date IS NULL THEN order_id END) AS undated_order,
  COUNT(CASE WHEN amount IS NULL THEN 1 END) AS unpriced,
  MIN(CASE WHEN amount IS NULL THEN order_id END) AS unpriced_order
FROM exported
GROUP BY left_out, customer_id IS NULL, currency""",
    )
    left_out: Counter[str] = Counter()
    for group in groups:
        if group["left_out"] is not None:
            left_out[group["left_out"]] += group["lines"]
    log = [group for group in groups if group["left_out"] is None and not group["anonymous"]]
    refunds = sum(group["refunds"] for group in log)
    found = Found(
        layout=known,
        chosen=chosen,
        files=tuple(files),
        sales=sum(group["lines"] for group in log) - refunds,
        refunds=refunds,
        left_out=dict(sorted(left_out.items(), key=lambda one: (-one[1], one[0]))),
        anonymous=sum(group["lines"] for group in groups if group["left_out"] is None and group["anonymous"]),
        currencies={
            group["currency"]: (group["lines"], group["sum"] or Decimal(0))
            for group in sorted(log, key=lambda group: (-group["lines"], group["currency"]))
        },
        first_date=min((group["first_date"] for group in log if group["first_date"]), default=None),
        last_date=max((group["last_date"] for group in log if group["last_date"]), default=None),
    )
    _refuse_unreadable(found, log, money=money)
    return found


def _refuse_unreadable(found: Found, log: list[dict[str, Any]], *, money: bool) -> None:
    lines = found.sales + found.refunds
    for count, order, what in (
        ("undated", "undated_order", "date"),
        *([("unpriced", "unpriced_order", "amount")] if money else []),
    ):
        bad = sum(group[count] for group in log)
        if bad:
            first = min((group[order] for group in log if group[order] is not None), default=None)
            told = "" if first is None else f", first order {first!r}"
            how = (
                f'Say in the [formats] of {found.layout.page} how it is written, such as date = "%d.%m.%Y", or decimal '
                '= "," and thousands = "."'
                if found.layout.page.startswith(OF_A_MAP)
                else f"Is the file as {found.layout.page} describes it, and unchanged since it was exported? "
                "Spreadsheets rewrite dates and numbers when they save"
            )
            raise InvalidInput(
                f"{found.layout.title}: {bad:,} of {lines:,} lines have no {what} that can be read{told}. {how}"
            )
    if not lines:
        away = [f"{count:,} {reason}" for reason, count in found.left_out.items()]
        away += [f"{found.anonymous:,} without a customer"] if found.anonymous else []
        raise InvalidInput(
            f"{found.layout.title}: no line of {found.files[0]!r} is left for a log"
            + (f": {', '.join(away)}" if away else ", it holds no orders")
        )


def _refuse_several(found: Found, to_currency: str | None) -> None:
    """Refuse amounts of several currencies, which nobody may add up, and those of another one than is asked for."""
    codes = list(found.currencies)
    each = ", ".join(f"{code} ({counted(lines, 'line')})" for code, (lines, _) in found.currencies.items())
    if len(codes) > 1:
        raise InvalidInput(
            f"the amounts of a log must be in one currency; found {len(codes)}: {each}. Pass to_currency= and rates=, "
            f'what one unit of each is worth in it, as in rates={{"{codes[-1]}": "0.92"}}, to_currency="{codes[0]}"; '
            "or export each currency by itself"
        )
    if to_currency is not None and codes[0] != to_currency:
        raise InvalidInput(
            f"to_currency is {to_currency!r} and the log is in {each}: pass rates= too, what one unit of it is worth"
        )
