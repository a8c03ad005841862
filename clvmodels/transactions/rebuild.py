"""Some customers of a summary made anew from the whole log, where later lines alone cannot decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ..errors import InvalidInput
from . import sources, sql, state
from .columns import Columns
from .engine import connection
from .grouping import read_lines
from .id_types import ids_like
from .known_state import Known, refuse_other_zone
from .moments import day_number


@dataclass(frozen=True)
class Rebuilt:
    """Rows of the summary, with state, and how many customers the summary cannot tell from new ones."""

    table: Any
    before_start: int
    open_refunds: int


def rebuild(
    con: Any, full_log: object, columns: Columns, date_format: str | None, known: Known, end: date | datetime
) -> Rebuilt:
    """The customers of the table ``apart`` of a connection, from their lines in the whole log.

    Raises
    ------
    InvalidInput
        If the whole log cannot be read, or does not hold the lines of the new one.
    """
    chosen = con.sql("SELECT DISTINCT customer_id FROM apart").to_arrow_table()
    expected = con.execute(
        "SELECT COUNT(*) - COUNT(CASE WHEN late THEN 1 END), COUNT(CASE WHEN late THEN 1 END) FROM new_lines "
        "WHERE customer_id IN (SELECT customer_id FROM apart)"
    ).fetchall()[0]
    rules: dict[str, Any] = {"event_grain": known.grain, "refunds": known.refunds}
    with connection() as full:
        full.register("known", chosen)
        source = sources.register(full, full_log, columns, known.settings["tz"], date_format)
        refuse_other_zone(known, source, "full_log")
        met = read_lines(full, source, refunds=known.refunds, until=end)
        ids = ids_like(full, source, "lines", "full_log")
        amount = ", amount" if known.money else ""
        full.execute(f"ALTER {'TABLE' if source.reading.date == 'text' else 'VIEW'} lines RENAME TO lines_as_read")
        full.execute(
            f"CREATE TEMP VIEW whole AS SELECT {ids} AS customer_id, local_time{amount} FROM lines_as_read "
            f"WHERE customer_id IS NOT NULL AND local_time IS NOT NULL AND {state.until(end)}"
        )
        full.execute(
            "CREATE TEMP TABLE lines AS SELECT * FROM whole "
            f"WHERE customer_id IN (SELECT customer_id FROM known{_counted(known, end)})"
        )
        _refuse_incomplete(full, known, expected)
        rules["refunds"] = known.refunds if met.get("refund_lines") else ""
        text = sql.customers_sql(
            source.reading,
            **rules,
            observation_end=None,
            days=known.start is not None,
            told=False,
            state=state.customers_state(end, **rules, money=known.money),
        )
        full.execute(f"CREATE TEMP TABLE customers AS {text}")
        settings: dict[str, Any] = {"event_grain": known.grain, "refunds": known.refunds, "money": known.money}
        summary = sql.summary_sql(
            source.reading,
            time_unit=str(known.settings["time_unit"]),
            event_grain=known.grain,
            observation_start=known.start,
            observation_end=end,
            whole_number_ids=False,
            state=state.summary_state(end, **settings),
        )
        wanted = "SELECT * FROM (" + summary + ") AS summary WHERE customer_id IN (SELECT customer_id FROM known)"
        table = full.sql(wanted).to_arrow_table()
        return Rebuilt(table, _before_start(full, known), state.count_open_refunds(full, end, **settings))


def _counted(known: Known, end: date | datetime) -> str:
    """More customers who are looked at, only to be counted: those who are not in a summary, and not told from new."""
    more = ""
    if known.start is not None:
        more += f" UNION SELECT customer_id FROM whole WHERE local_time < DATE '{known.start.isoformat()}'"
    if state.has_closed(end, event_grain=known.grain, refunds=known.refunds, money=known.money):
        event, opened = sql.GRAINS[known.grain][0], state.open_event(end, known.grain)
        more += f" UNION SELECT customer_id FROM whole WHERE {event} = {opened}"
    return more


def _before_start(con: Any, known: Known) -> int:
    if known.start is None:
        return 0
    day = "first_event" if known.grain == "day" else "first_purchase_day"
    query = f"SELECT COUNT(*) FROM customers WHERE purchases > 0 AND {day} < {day_number(known.start)}"
    return int(con.execute(query).fetchall()[0][0])


def _refuse_incomplete(con: Any, known: Known, expected: tuple[int, int]) -> None:
    late = state.until(known.end)
    later, earlier = con.execute(
        f"SELECT COUNT(CASE WHEN NOT {late} THEN 1 END), COUNT(CASE WHEN {late} THEN 1 END) FROM lines "
        "WHERE customer_id IN (SELECT customer_id FROM known)"
    ).fetchall()[0]
    if later != expected[0] or earlier < expected[1]:
        raise InvalidInput(
            f"full_log must be the whole log, the lines of the new one included: of the customers to rebuild it holds "
            f"{later:,} lines after {known.end} where the new log holds {expected[0]:,}, and {earlier:,} until then "
            f"where the new log alone holds {expected[1]:,}"
        )
