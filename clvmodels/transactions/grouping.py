"""Groups the lines of a log into events and those into customers, in the engine, and counts what was met."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from . import sql, state
from .columns import Source
from .dates import unreadable
from .engine import row
from .moments import from_day_number
from .quality import Quality
from .refusals import first_line, refuse_bad_lines, refuse_left_over


def group(
    con: Any,
    source: Source,
    *,
    event_grain: str,
    refunds: str,
    observation_end: date | datetime | None,
    observed_after: date | datetime | None = None,
    days: bool = False,
    strict: bool = False,
    report: bool = False,
    told: bool = True,
    keep_state: bool = False,
) -> dict[str, Any]:
    """Make the table ``customers`` of the lines within the observation, and return the counts.

    With a report to come the events are kept in the table ``all_events``: that costs next to nothing. What became of
    refunds is counted only if it is to be ``told``, or is refused.

    Raises
    ------
    InvalidInput, NotEnoughData
        If lines cannot be read, or ``strict`` forbids to leave some out.
    """
    reading = source.reading
    met = read_lines(con, source, refunds=refunds, until=observation_end, after=observed_after, strict=strict)
    asked: dict[str, Any] = {
        "event_grain": event_grain,
        "refunds": refunds if met.get("refund_lines") else "",
        "observation_end": observation_end,
        "days": days or report,
        "kept": report,
    }
    if report:
        text = sql.all_events_sql(
            reading,
            event_grain=event_grain,
            observation_end=observation_end,
            refunds=bool(met.get("refund_lines")),
            zeros=bool(met.get("zero_lines")),
        )
        con.execute(f"CREATE TEMP TABLE all_events AS {text}")
    told = told or strict
    more: dict[str, Any] = {}
    if keep_state:
        end = from_day_number(met["last_day"]) if observation_end is None else observation_end
        settings = {"event_grain": event_grain, "refunds": asked["refunds"], "money": reading.money}
        more = {"state": state.customers_state(end, **settings)}
    con.execute(f"CREATE TEMP TABLE customers AS {sql.customers_sql(reading, **asked, told=told, **more)}")
    counts = {**met, **row(con, sql.quality_sql(reading, refunds=asked["refunds"], told=told))}
    if strict and refunds != "drop":
        refuse_left_over(con, source, counts, sql.events_sql(reading, **asked), event_grain)
    counts["first_unreadable"] = first_line(con, source, unreadable(reading)) if met["unreadable"] else None
    return counts


def read_lines(
    con: Any,
    source: Source,
    *,
    refunds: str,
    until: date | datetime | None,
    after: date | datetime | None = None,
    strict: bool = False,
    leave_out: bool = False,
    may_be_empty: bool = False,
) -> dict[str, Any]:
    """Make ``lines``, each read once, and return their counts; refuse those that cannot be read.

    With ``leave_out`` a few lines without an amount are taken out of ``lines``, and counted as unusable.
    """
    # text is costly to read, so it is read once
    made = "TABLE" if source.reading.date == "text" else "VIEW"
    con.execute(f"CREATE TEMP {made} lines AS {sql.lines_sql(source.reading, after)}")
    met = _met(con, sql.counts_sql(source.reading, until))
    if met["lines"] or not may_be_empty:
        refuse_bad_lines(con, source, met, refunds, strict=strict, leave_out=leave_out)
    unusable = met["lines_used"] - met["amounts"] if source.reading.money else 0
    if unusable:
        con.execute("DELETE FROM lines WHERE amount IS NULL" if made == "TABLE" else _without_unusable(source, after))
    return {**met, "lines_used": met["lines_used"] - unusable, "lines_unusable_amount": unusable}


def _without_unusable(source: Source, after: date | datetime | None) -> str:
    text = sql.lines_sql(source.reading, after)
    return f"CREATE OR REPLACE TEMP VIEW lines AS SELECT * FROM ({text}) AS read WHERE amount IS NOT NULL"


def _met(con: Any, query: str) -> dict[str, Any]:
    """Counts of lines by why they are not used, and what is told of those that are."""
    cursor = con.execute(query)
    names = [column[0] for column in cursor.description]
    by_reason = {found[0]: dict(zip(names, found, strict=True)) for found in cursor.fetchall()}
    used = by_reason.get(sql.USED, dict.fromkeys(names))
    met = {f"lines_{why}": by_reason.get(reason, {}).get("lines", 0) for reason, why in _REASONS.items()}
    dated = [found for found in by_reason.values() if found["first_day"] is not None]
    return {
        **{name: used[name] or 0 for name in ("amounts", "zero_lines", "refund_lines", "refund_total") if name in used},
        **met,
        "lines": sum(found["lines"] for found in by_reason.values()),
        "unreadable": sum(found["unreadable"] for found in by_reason.values()),
        "first_day": min((found["first_day"] for found in dated), default=None),
        "last_day": max((found["last_day"] for found in dated), default=None),
        "first_day_used": used["first_day"],
    }


_REASONS = {
    sql.USED: "used",
    sql.WITHOUT_CUSTOMER: "without_customer",
    sql.WITHOUT_DATE: "without_date",
    sql.AFTER_END: "after_end",
    sql.UNREADABLE_DATE: "unreadable_date",
}


def quality_of(counts: dict[str, Any], customers: int, options: dict[str, Any], *, money: bool) -> Quality:
    """The counts by their public names; ``options`` are the settings that the report repeats."""

    def number(name: str) -> int:
        return int(counts[name] or 0)

    event_grain, refunds = options["event_grain"], options["refunds"]
    merged = number("lines_used") - number("events")
    if refunds == "drop" and money:
        merged = number("lines_used") - number("refund_lines") - number("purchases")
    if event_grain == "line":
        merged = 0
    amounts = _money(counts, refunds) if money else {}
    return Quality(
        lines=number("lines"),
        lines_used=number("lines_used"),
        lines_without_customer=number("lines_without_customer"),
        lines_without_date=number("lines_without_date"),
        lines_unreadable_date=number("lines_unreadable_date"),
        lines_after_end=number("lines_after_end"),
        first_unreadable_date=counts["first_unreadable"],
        first_date=from_day_number(counts["first_day"]),
        last_date=from_day_number(counts["last_day"]),
        **options,
        customers=customers,
        customers_before_start=number("buyers") - customers,
        customers_without_purchase=number("customers_met") - number("buyers"),
        purchases=number("purchases"),
        same_event_merges=merged,
        **amounts,
    )


def _money(counts: dict[str, Any], refunds: str) -> dict[str, Any]:
    def number(name: str) -> int:
        return int(counts.get(name) or 0)

    def total(name: str) -> Decimal:
        return counts.get(name) or Decimal(0)

    netted = refunds != "drop"
    carried = {
        "refunds_carried_back": total("carried_total"),
        "purchases_reduced": number("reduced_events"),
        "purchases_emptied": number("emptied_events"),
    }
    left = total("left_total") if netted else Decimal(0)
    return {
        "zero_amount_lines": number("zero_lines"),
        "refund_lines": number("refund_lines"),
        "refund_total": total("refund_total"),
        "refund_events": number("refund_events"),
        "refund_only_events": number("refund_only_events"),
        "refunds_netted": total("refund_total") - left - total("carried_total") if netted else Decimal(0),
        "refunds_left": number("left_events") if netted else 0,
        "refunds_left_total": left,
        "revenue": total("revenue"),
        **(carried if refunds == "carry_back" else {}),
    }
