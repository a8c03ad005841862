"""Later lines are added to a summary without reading the earlier ones again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from .. import frames
from ..errors import InvalidInput, NotEnoughData, warn
from ..units import hours_in
from . import sources, sql, state
from .columns import Columns, Source
from .cut import is_later
from .engine import connection
from .grouping import read_lines
from .id_types import ids_like
from .known_state import Known, read_known, refuse_other_zone, register_known
from .moments import from_day_number, parse_moment
from .rebuild import Rebuilt, rebuild
from .summarize import answer, one_of

NAMES = ("customer_id", "date", "amount", "date_format")
LATE = ("refuse", "rebuild")
LEFT_OUT = ("lines_after_end", "lines_without_customer", "lines_without_date", "lines_unreadable_date")
WHY = {
    "late": "dated on or before {end}, where the summary ends",
    "unknown": "who are not in the summary, and may be some of the {count:,} who first bought before "
    "observation_start {start}",
    "open": "who are not in the summary, in the {grain} that {end} divides: they may be some of the {count:,} whose "
    "refunds in that {grain} outweigh what they bought so far",
    "carried": "whose refunds are more than they bought since, and are to be taken off earlier purchases, which a "
    "summary does not hold (refunds='carry_back')",
}


def update_summary(
    summary: object,
    new_log: object,
    *,
    observation_end: object = None,
    late: str = "refuse",
    full_log: object = None,
    **names: Any,
) -> frames.Frame:
    """Add later lines to a summary: equal to the bit to a summary of the old and the new log together.

    Purchases, money and refunds of a customer are sums over events, and recency is the difference of two of them; so
    the sums of the new lines are added to those of the old, which the columns of ``keep_state=True`` hold.

    Parameters
    ----------
    summary
        What ``summarize(..., keep_state=True)`` or an earlier update gave, all its rows: a pandas DataFrame, an Arrow
        table, or a path to Parquet. Other columns than those of a summary are left behind.
    new_log
        As the log of `summarize`: every line dated after the summary's observation_end.
    observation_end
        A date, whose whole day is observed, or a timestamp; not before the summary's. By default the last date in the
        new log.
    late
        What to do about lines of the new log dated on or before the summary's observation_end, and about customers
        whose new lines cannot be added exactly (see Notes): "refuse" them, or "rebuild" these customers, and no
        others, from ``full_log``.
    full_log
        The whole log, new lines included, read under the same names; with ``late="rebuild"`` only.
    **names
        How the new log is to be read, as for `summarize`: customer_id, date, amount, date_format. Time unit, event
        grain, time zone, refunds and observation_start are the summary's.

    Returns
    -------
    frame
        ``rfm_summary(old_and_new, ..., keep_state=True)`` value for value, with its facts, in the summary's kind
        (pandas for paths).

    Raises
    ------
    InvalidInput
        If the summary has no state or no facts, is of another version, has lost or doubled rows; if the new log cannot
        be read, has no lines although no observation_end is given, has identifiers of another type, or holds what
        cannot be added and is not to be rebuilt.
    NotEnoughData
        If refunds leave no purchase of anybody.

    Warns
    -----
    ClvWarning
        If the last date in the new log, taken for the end of observation, is later than today.

    Notes
    -----
    What the summary cannot decide is never guessed at. Those are: late lines; customers who look new, where the log
    holds some who are not in the summary because they first bought before observation_start; the same within the event
    that the old observation_end divides (a month, a week), where refunds outweigh what somebody bought in it so far;
    and, with ``refunds="carry_back"``, refunds of more than was bought since, which earlier purchases would have to
    bear. The facts count the customers who are not in the summary and matter so.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> before = clv.rfm_summary(log[log["date"] <= "1998-05-31"], keep_state=True, observation_end="1998-05-31")
    >>> updated = clv.update_summary(before, log[log["date"] > "1998-05-31"])
    >>> updated.equals(clv.rfm_summary(log, keep_state=True))
    True
    """
    return updated(summary, new_log, observation_end=observation_end, late=late, full_log=full_log, **names).summary


class Updated(NamedTuple):
    """A summary brought forward, what became of the new lines, and how many customers were rebuilt."""

    summary: frames.Frame
    counts: dict[str, int]
    rebuilt: int


def updated(
    summary: object,
    new_log: object,
    *,
    observation_end: object = None,
    late: str = "refuse",
    full_log: object = None,
    **names: Any,
) -> Updated:
    """`update_summary`, with what is to be told of it."""
    one_of("late", late, LATE)
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise TypeError(f"update_summary() got an unexpected keyword argument {unknown[0]!r}")
    if (full_log is None) is (late == "rebuild"):
        raise InvalidInput('late="rebuild" and full_log go together: pass both, the whole log as full_log, or none')
    known = read_known(summary)
    date_format = names.pop("date_format", None)
    columns = _columns(known, names)
    with connection() as con:
        register_known(con, known)
        source = sources.register(con, new_log, columns, known.settings["tz"], date_format)
        refuse_other_zone(known, source, "the new log")
        end = (
            None if observation_end is None else parse_moment("observation_end", observation_end, known.settings["tz"])
        )
        end, met = _read(con, source, known, end)
        given = _sort_out(con, source, known, end, met)
        apart = given.apart
        again: Rebuilt | None = None
        if apart and late == "refuse":
            _refuse(con, known, columns)
        if apart:
            again = rebuild(con, full_log, columns, date_format, known, end)
            con.register("rebuilt", again.table)
        found = con.sql(_updated(known, end, given, rebuilt=again is not None)).to_arrow_table()
        counts = {
            state.CUSTOMERS: found.num_rows,
            state.BEFORE_START: again.before_start if again else known.counts[state.BEFORE_START],
            state.OPEN_REFUNDS: again.open_refunds if again else _open_refunds(con, known, end, given),
        }
        if not found.num_rows:
            raise NotEnoughData(
                f"no purchase is left on or before {end}: all refunds came to as much as was bought, or more"
            )
    settings = {**known.settings, "observation_end": end.isoformat()}
    return Updated(
        summary=frames.attach_facts(answer(found, known.answer), state.facts_of(settings, counts)),
        counts={name: met[name] for name in ("lines", "lines_used", *LEFT_OUT)},
        rebuilt=apart,
    )


@dataclass(frozen=True)
class _Given:
    """How the new lines were sorted out: what the event is that was open, and whether some customers stand apart."""

    opened: int | None  # the tick of the event that the old end divides
    refunds: str  # "" where neither the new lines nor the open event hold any
    apart: int  # customers who cannot be updated


def _columns(known: Known, names: dict[str, Any]) -> Columns:
    amount = names.pop("amount", "amount" if known.money else None)
    if (amount is not None) is not known.money:
        has = "amounts" if known.money else "no amounts"
        raise InvalidInput(f"the summary has {has}: amount must be {'a column' if known.money else 'None'} here too")
    return Columns(names.get("customer_id", "customer_id"), names.get("date", "date"), amount)


def _read(con: Any, source: Source, known: Known, observation_end: object) -> tuple[date | datetime, dict[str, Any]]:
    """Make ``lines`` of the new log; where observation now ends, and the counts of lines."""
    zone = known.settings["tz"]
    end = None if observation_end is None else parse_moment("observation_end", observation_end, zone)
    if end is not None and is_later(known.end, end):
        raise InvalidInput(
            f"observation_end ({end}) must not be earlier than the summary's, {known.end}: what came between is in it. "
            "Summarise the log anew"
        )
    if end is None and not con.execute("SELECT 1 FROM log LIMIT 1").fetchall():
        raise InvalidInput(
            f"the new log has columns but no lines. If nothing was bought since {known.end}, pass observation_end to "
            "say until when"
        )
    met = read_lines(con, source, refunds=known.refunds, until=end, may_be_empty=True)
    if end is not None:
        return end, met
    last = from_day_number(met["last_day"])
    if last > (today := datetime.now().date()):
        warn(
            f"the last date in the new log, {last}, is later than today, {today}, and is taken for the end of "
            "observation: every T is too long. Correct such dates, or pass observation_end"
        )
    return (last if is_later(last, known.end) else known.end), met


def _sort_out(con: Any, source: Source, known: Known, end: date | datetime, met: dict[str, Any]) -> _Given:
    """Make ``new_lines``, their sums ``fresh``, and ``apart``, the customers who cannot be updated, and why."""
    text = ids_like(con, source, "lines", "the new log")
    amount = ", amount" if known.money else ""
    con.execute(
        f"CREATE TEMP TABLE new_lines AS SELECT {text} AS customer_id, local_time{amount}, "
        f"{state.until(known.end)} AS late FROM lines "
        f"WHERE customer_id IS NOT NULL AND local_time IS NOT NULL AND {state.until(end)}"
    )
    opened = state.open_event(known.end, known.grain)
    held = 0
    lines = f"SELECT customer_id, local_time{amount} FROM new_lines WHERE NOT late"
    if opened is not None:
        lines += _open_lines(known, opened)
        if known.money:
            where = f"last_event = {opened} AND last_event_has_refund"
            held = con.execute(f"SELECT COUNT(*) FROM (SELECT 1 FROM known WHERE {where} LIMIT 1)").fetchall()[0][0]
    con.execute(f"ALTER {'TABLE' if source.reading.date == 'text' else 'VIEW'} lines RENAME TO lines_as_read")
    con.execute(f"CREATE TEMP VIEW lines AS {lines}")
    refunds = known.refunds if met.get("refund_lines") or held else ""
    rules: dict[str, Any] = {"event_grain": known.grain, "refunds": refunds}
    columns, rows = state.customers_state(end, **rules, money=known.money)
    if refunds == "carry_back":
        columns += ", MIN(height) AS lowest_sum"
    text = sql.customers_sql(source.reading, **rules, observation_end=None, told=False, state=(columns, rows))
    con.execute(f"CREATE TEMP TABLE fresh AS {text}")
    con.execute(f"CREATE TEMP TABLE apart AS {_apart(known, opened, refunds)}")
    return _Given(opened, refunds, con.execute("SELECT COUNT(DISTINCT customer_id) FROM apart").fetchall()[0][0])


def _open_lines(known: Known, opened: int) -> str:
    """Lines that stand for what the open event holds so far: they make an event of the same total and sort."""
    when = f"CAST({state.moment(str(opened), known.grain)} AS TIMESTAMP)"
    of = f"FROM known WHERE last_event = {opened}"
    if not known.money:
        return f" UNION ALL SELECT customer_id, {when} {of}"
    if known.refunds == "carry_back":  # what is below 0 has been taken off earlier events already
        of += " AND last_event_amount >= 0"
    return (
        f" UNION ALL SELECT customer_id, {when}, last_event_amount + CASE WHEN last_event_has_refund THEN 1 ELSE 0 END "
        f"{of} UNION ALL SELECT customer_id, {when}, -1 {of} AND last_event_has_refund"
    )


def _apart(known: Known, opened: int | None, refunds: str) -> str:
    new = "SELECT DISTINCT customer_id, '{}' AS why FROM new_lines WHERE {}"
    stranger = "NOT late AND customer_id NOT IN (SELECT customer_id FROM known)"
    event = sql.GRAINS[known.grain][0]
    found = [new.format("late", "late")]
    if known.counts[state.BEFORE_START]:
        found.append(new.format("unknown", stranger))
    if known.counts[state.OPEN_REFUNDS] and opened is not None:
        found.append(new.format("open", f"{stranger} AND {event} = {opened}"))
    if refunds == "carry_back":
        found.append(
            "SELECT customer_id, 'carried' AS why FROM known JOIN fresh USING (customer_id) "
            f"WHERE fresh.lowest_sum < 0 AND {_base(known, opened)['purchases']} > 0"
        )
        if opened is not None:
            found.append(
                "SELECT DISTINCT customer_id, 'carried' AS why FROM new_lines JOIN known USING (customer_id) "
                f"WHERE NOT late AND {event} = {opened} AND last_event = {opened} AND last_event_amount < 0"
            )
    return " UNION ".join(found)


def _base(known: Known, opened: int | None) -> dict[str, str]:
    """What the old log left, without the event that is still open: that one comes again with the new lines."""
    old = {"purchases": "known.purchases", "first_event": "known.first_event", "bought_open": "FALSE"}
    if known.money:
        old |= {"first_amount": "known.first_amount", "revenue": "known.first_amount + known.repeat_amount"}
    if opened is None:
        return old
    bought = f"(known.last_event = {opened})"
    if known.money:
        bought = f"({bought} AND NOT (known.last_event_has_refund AND known.last_event_amount <= 0))"
        old["revenue"] += f" - CASE WHEN {bought} THEN known.last_event_amount ELSE 0 END"
        old["first_amount"] = f"CASE WHEN known.purchases > 1 OR NOT {bought} THEN known.first_amount END"
    old["first_event"] = f"CASE WHEN known.purchases > 1 OR NOT {bought} THEN known.first_event END"
    return old | {"purchases": f"known.purchases - CASE WHEN {bought} THEN 1 ELSE 0 END", "bought_open": bought}


def _updated(known: Known, end: date | datetime, given: _Given, *, rebuilt: bool) -> str:
    """The text of the whole summary: the old sums and the new ones, added customer by customer."""
    tick = sql.GRAINS[known.grain][1]
    scale = tick / hours_in(str(known.settings["time_unit"]))
    until = sql.end_tick(end, known.grain)
    rules: dict[str, Any] = {"event_grain": known.grain, "refunds": known.refunds, "money": known.money}
    keeps = state.has_closed(end, **rules)
    base = _base(known, given.opened)
    last = state.CLOSED if known.closed else f"known.first_event + {_ticks('known.recency', scale)}"
    columns = {
        "purchases": f"COALESCE({base['purchases']}, 0) + COALESCE(fresh.purchases, 0)",
        "first_event": f"COALESCE({base['first_event']}, fresh.first_event)",
        "last_purchase": "fresh.last_event",
        # where there is no new purchase, and the open event was none either, nothing has changed
        "kept_recency": f"CASE WHEN fresh.last_event IS NULL AND NOT {base['bought_open']} THEN known.recency END",
        "met_event": "COALESCE(fresh.met_event, known.last_event)",
    }
    if known.closed or keeps:
        columns["last_purchase"] = f"COALESCE(fresh.last_event, {last})"
    if known.money:
        columns |= {
            "met_amount": "COALESCE(fresh.met_amount, known.last_event_amount)",
            "met_refund": "COALESCE(fresh.met_refund, known.last_event_has_refund)",
            "first_value": f"COALESCE({base['first_amount']}, fresh.first_value)",
            "revenue": f"COALESCE({base['revenue']}, 0) + COALESCE(fresh.revenue, 0)",
        }
    if keeps:
        columns["closed_event"] = f"COALESCE(fresh.closed_event, {last})"
    listed = ", ".join(f"{text} AS {name}" for name, text in columns.items())
    apart = " WHERE customer_id NOT IN (SELECT customer_id FROM apart)" if rebuilt else ""
    mean = """,
  CASE WHEN purchases > 1
    THEN CAST((revenue - first_value) * 1000000 AS DOUBLE) / CAST((purchases - 1) * 1000000 AS DOUBLE)
  END AS monetary_value"""
    text = f"""
WITH customers AS (
  SELECT customer_id, {listed} FROM known FULL OUTER JOIN fresh USING (customer_id){apart}
)
SELECT customer_id,
  purchases - 1 AS frequency,
  COALESCE(kept_recency, {sql.quotient("last_purchase - first_event", scale)}) AS recency,
  {sql.quotient(f"{until.numerator} - first_event * {until.denominator}", scale / until.denominator)} AS T
  {mean if known.money else ""}{state.summary_state(end, **rules)}
FROM customers
WHERE purchases > 0"""
    again = " UNION ALL SELECT * FROM rebuilt" if rebuilt else ""
    return f"SELECT * FROM ({text}{again}) AS summary ORDER BY 1"


def _ticks(recency: str, scale: Any) -> str:
    """Whole ticks back from a length of time: days and hours are few enough that rounding finds them."""
    return f"CAST(ROUND({recency} * {scale.denominator} / {scale.numerator}) AS BIGINT)"


def _open_refunds(con: Any, known: Known, end: date | datetime, given: _Given) -> int:
    rules: dict[str, Any] = {"event_grain": known.grain, "refunds": known.refunds, "money": known.money}
    if not state.has_closed(end, **rules):
        return 0
    opened = state.open_event(end, known.grain)
    base = _base(known, given.opened)["purchases"]
    query = f"""SELECT COUNT(*) FROM known RIGHT JOIN fresh USING (customer_id)
WHERE COALESCE({base}, 0) + fresh.purchases = 0 AND fresh.met_event = {opened}"""
    new = int(con.execute(query).fetchall()[0][0])
    return new + (known.counts[state.OPEN_REFUNDS] if opened == given.opened else 0)


def _refuse(con: Any, known: Known, columns: Columns) -> None:
    told = []
    for why, wording in WHY.items():
        where = f"customer_id IN (SELECT customer_id FROM apart WHERE why = '{why}')" + (" AND late" * (why == "late"))
        lines, customers = con.execute(
            f"SELECT COUNT(*), COUNT(DISTINCT customer_id) FROM new_lines WHERE {where}"
        ).fetchall()[0]
        if not customers:
            continue
        first = con.execute(
            f"SELECT customer_id, local_time FROM new_lines WHERE {where} ORDER BY local_time, customer_id LIMIT 1"
        ).fetchall()[0]
        count = known.counts[state.BEFORE_START if why == "unknown" else state.OPEN_REFUNDS]
        what = wording.format(end=known.end, grain=known.grain, start=known.start, count=count)
        told.append(
            f"{lines:,} {'line' if lines == 1 else 'lines'}, of {customers:,} "
            f"{'customer' if customers == 1 else 'customers'}, {what} (first {columns.customer_id}={first[0]!r}, "
            f"{columns.date}={first[1]})"
        )
    raise InvalidInput(
        f"the summary cannot tell what these lines of the new log make of it: {'; '.join(told)}. Pass late='rebuild' "
        "and full_log, the whole log with the new lines, to have these customers rebuilt from it, or summarise anew"
    )
