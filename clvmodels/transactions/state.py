"""What a summary keeps of its log so that later lines can be added to it, and what it cannot tell.

Purchases, refunds and money of a customer are sums over events, so all that is over needs no lines any more. Three
things remain open at the end of observation. The event that the end divides (a month, say) may still grow, or come to
nothing: its total and whether it holds a refund are kept, and where refunds may undo it the last purchase before it
is kept too. Customers who are not in the summary, but whom the log holds, cannot be told from new ones: where that
matters, they are counted in the facts. And what refunds="carry_back" takes off earlier events is not in any sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from .. import frames
from ..versions import version_of
from .moments import day_number, day_of

EVENTS = ("first_event", "last_event")
AMOUNTS = ("first_amount", "repeat_amount", "last_event_amount")
CLOSED = "last_closed_purchase"
CUSTOMERS, BEFORE_START, OPEN_REFUNDS = "customers", "customers_before_start", "customers_open_refund"
UNDONE_BY = ("net", "carry_back")  # with these an event that was a purchase may come to nothing


def columns(*, money: bool, closed: bool) -> tuple[str, ...]:
    """Names of the columns of state, in their order.

    >>> columns(money=False, closed=False)
    ('first_event', 'last_event')
    """
    amounts = ("last_event_amount", "last_event_has_refund", "first_amount", "repeat_amount") if money else ()
    return (*EVENTS, *amounts, *((CLOSED,) if closed else ()))


def open_event(end: date | datetime, event_grain: str) -> int | None:
    """The tick of the event that the end of observation divides; None where the next line begins a new one.

    >>> open_event(date(2024, 1, 31), "month"), open_event(date(1970, 2, 2), "month")
    (None, 31)
    >>> open_event(datetime(1970, 1, 1, 12), "hour"), open_event(datetime(1970, 1, 1, 12), "day")
    (12, 0)
    """
    if event_grain == "line" or day_of(end) == date.max:
        return None
    last = end if isinstance(end, datetime) else datetime.combine(end, time.max)
    if event_grain == "hour":
        begins, step = last.replace(minute=0, second=0, microsecond=0), timedelta(hours=1)
        following = begins + step
    else:
        begins = datetime.combine(last.date(), time(0))
        following = begins + timedelta(days=1)
    if last + timedelta(microseconds=1) < following:  # the hour or the day itself is divided
        return _tick(begins, event_grain)
    number, before = _tick(following, event_grain), _tick(begins, event_grain)
    return number if number == before else None


def _tick(moment: datetime, event_grain: str) -> int:
    if event_grain == "hour":
        return (moment - datetime(1970, 1, 1)) // timedelta(hours=1)
    day = moment.date()
    starts = {
        "day": day,
        "week": day - timedelta(days=day.weekday()) if event_grain == "week" and day > date(1, 1, 7) else day,
        "month": day.replace(day=1),
        "year": day.replace(month=1, day=1),
    }
    return day_number(starts[event_grain])


def has_closed(end: date | datetime, *, event_grain: str, refunds: str, money: bool) -> bool:
    """Whether the last purchase before the open event is to be kept: where refunds may still undo that event."""
    return money and refunds in UNDONE_BY and open_event(end, event_grain) is not None


def customers_state(end: date | datetime, *, event_grain: str, refunds: str, money: bool) -> tuple[str, str]:
    """More columns of the table ``customers``, and what they are taken from; ``refunds`` is "" where there are none."""
    by_line, rows = event_grain == "line", "judged"
    bought = "CASE WHEN purchases > 0 THEN event END" if money and refunds else "event"
    if not money:
        return ", MAX(event) AS met_event", rows
    refund, amount = "FALSE", "total"
    if refunds == "carry_back" and by_line:
        of_instant = "OVER (PARTITION BY customer_id, event)"
        rows = (
            f"(SELECT *, SUM(total) {of_instant} AS of_instant, MIN(total) {of_instant} AS least FROM judged) AS kept"
        )
        refund, amount = "least < 0", "of_instant"
    elif refunds and refunds != "drop":
        refund = "refund_lines > 0" if by_line else "smallest < 0"
        amount = "COALESCE(total, 0) + COALESCE(refund_total, 0)" if by_line else "total"
    met = bought if refunds == "drop" else "event"
    opened = open_event(end, event_grain)
    before = "" if opened is None else f", MAX(CASE WHEN event < {opened} THEN {bought} END) AS closed_event"
    return (
        f", MAX({met}) AS met_event, ARG_MAX({amount}, {met}) AS met_amount, ARG_MAX({refund}, {met}) AS met_refund"
        f"{before}",
        rows,
    )


def summary_state(end: date | datetime, *, event_grain: str, refunds: str, money: bool) -> str:
    """The columns of state of the summary, from the table ``customers``."""
    found = {
        "first_event": moment("first_event", event_grain),
        "last_event": moment("met_event", event_grain),
        "last_event_amount": exact("met_amount"),
        "last_event_has_refund": "met_refund",
        "first_amount": exact("first_value"),
        "repeat_amount": exact("revenue - first_value"),
        CLOSED: moment("closed_event", event_grain),
    }
    names = columns(money=money, closed=has_closed(end, event_grain=event_grain, refunds=refunds, money=money))
    return "".join(f",\n  {found[name]} AS {name}" for name in names)


def moment(tick: str, event_grain: str) -> str:
    """A tick as a local date, or as a local timestamp where events are finer than days."""
    if event_grain == "line":
        return f"MAKE_TIMESTAMP({tick})"
    return (
        f"MAKE_TIMESTAMP({tick} * 3600000000)"
        if event_grain == "hour"
        else f"DATE '1970-01-01' + CAST({tick} AS INTEGER)"
    )


def until(end: date | datetime) -> str:
    """Whether a line is dated at or before a moment, a date being its whole day.

    >>> until(date(2024, 1, 31))
    "CAST(local_time AS TIMESTAMP) <= TIMESTAMP '2024-01-31 23:59:59.999999'"
    """
    last = end if isinstance(end, datetime) else datetime.combine(end, time.max)
    return f"CAST(local_time AS TIMESTAMP) <= TIMESTAMP '{last.isoformat(sep=' ')}'"


def exact(amount: str) -> str:
    """Money in the one type that state keeps it in."""
    return f"CAST({amount} AS DECIMAL(38,6))"


def count_open_refunds(con: Any, end: date | datetime, *, event_grain: str, refunds: str, money: bool) -> int:
    """Customers of the table ``customers`` who bought nothing so far, and whose open event may still become one."""
    if not has_closed(end, event_grain=event_grain, refunds=refunds, money=money):
        return 0
    query = f"SELECT COUNT(*) FROM customers WHERE purchases = 0 AND met_event = {open_event(end, event_grain)}"
    return int(con.execute(query).fetchall()[0][0])


def facts_of(settings: Mapping[str, str | None], counts: Mapping[str, int] | None = None) -> dict[str, str | None]:
    """What a summary says of itself; with state, how many customers it has, and how many it cannot tell from new ones.

    >>> facts_of({"time_unit": "week"}, {"customers": 7, "customers_before_start": 0})["customers"]
    '7'
    """
    known = {name: str(counts[name]) for name in counts if counts[name] or name == CUSTOMERS} if counts else {}
    return {**settings, "version": version_of("clvmodels"), **known}


def to_pandas(table: Any) -> frames.Frame:
    """A summary with state in pandas: exact decimals stay Arrow's, dates become its timestamps, all without copies."""
    import pandas as pd
    import pyarrow as pa

    def kept(sort: Any) -> Any:
        return pd.ArrowDtype(sort) if pa.types.is_decimal(sort) else None

    names = [field.name for field in table.schema if field.name in (*AMOUNTS, *EVENTS, CLOSED)]
    if not names:
        return table.to_pandas()
    plain = table.drop_columns(names).to_pandas()
    held = table.select(names).to_pandas(date_as_object=False, types_mapper=kept)
    return pd.concat([plain, held], axis=1)[table.schema.names]
