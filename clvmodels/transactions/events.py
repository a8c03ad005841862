"""The purchases of known customers one by one, as arrays: those a summary was made of, and those that came after."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import frames
from ..errors import InvalidInput, UnitMismatch
from ..units import hours_in
from . import sources, sql
from .columns import Source
from .cut import (
    names_in,
    parse_cut,
    refuse_empty_holdout,
    refuse_keywords,
    refuse_no_later_line,
    register_customers,
)
from .engine import connection
from .grouping import read_lines
from .moments import from_day_number, parse_moment, parse_zone
from .summarize import one_of, refuse_unknown


class PurchaseEvents(NamedTuple):
    """Purchases in order, by customer and then by time; the arrays have one entry an event.

    Attributes
    ----------
    customer
        Row of the customer in the frame, from 0, int64.
    time
        In the frame's time unit, from the end of calibration: at most 0 before, above 0 after. The first event of row
        i is at −T_i, to the bit.
    purchases
        How many purchases the event is: 1, or with event_grain="line" the number of lines at that instant. int32.
    value
        Total of the event; None if the log holds no money.

    Examples
    --------
    >>> events = PurchaseEvents(np.array([0, 0]), np.array([-2.0, 1.0]), np.array([1, 1], dtype=np.int32), None)
    >>> events.customer[events.time > 0]
    array([0])
    """

    customer: NDArray[np.int64]
    time: NDArray[np.float64]
    purchases: NDArray[np.int32]
    value: NDArray[np.float64] | None


def purchase_events(
    log: object, frame: frames.Frame, *, calibration_end: object, holdout_end: object = None, **reading: Any
) -> PurchaseEvents:
    """Read the purchases of a frame's customers before and after the end of calibration.

    What counts as a purchase is judged as `split_at` judges it, the lines of the holdout as a log of their own: for row
    i the purchases up to 0 are frequency + 1, those above 0 purchases_holdout; their values add up to spend_holdout.

    Parameters
    ----------
    log
        The log that the frame was made of.
    frame
        What `calibration_holdout` or `split_at` returned (with the column customer_id); only its customers are read.
    calibration_end, holdout_end, **reading
        As given to `calibration_holdout`. What the frame's facts say need not be repeated: its time_unit, event_grain,
        refunds and tz, and holdout_end.

    Returns
    -------
    PurchaseEvents
        NumPy arrays; events are dated at the start of their grain, those of the second half of an event that
        calibration_end cuts at the first microsecond after it.

    Raises
    ------
    InvalidInput, NotEnoughData
        Whatever `split_at` refuses; a setting other than the frame's; a frame that is not of this log.

    Examples
    --------
    >>> import pandas
    >>> from clvmodels.transactions import split_at
    >>> log = pandas.DataFrame({"customer_id": ["ann", "ann", "bob"], "amount": [20.0, 7.0, 5.0],
    ...                         "date": ["2024-01-01", "2024-02-15", "2024-01-08"]})
    >>> frame = split_at(log, calibration_end="2024-01-31", time_unit="day").frame
    >>> events = purchase_events(log, frame, calibration_end="2024-01-31")
    >>> [array.tolist() for array in events]
    [[0, 0, 1], [-30.0, 15.0, -23.0], [1, 1, 1], [20.0, 7.0, 5.0]]
    """
    refuse_keywords("purchase_events", reading)
    log, _ = sources.held(log)
    frame = frames.load(frame)
    facts = frames.read_facts(frame)
    settings = _settings(facts, reading)
    with connection() as con:
        source = _registered(con, log, reading, settings)
        cut, end = parse_cut(calibration_end, holdout_end, source.reading.zone)
        _refuse_another("calibration_end", cut, facts.get("observation_end"))
        if end is not None:
            _refuse_another("holdout_end", end, facts.get("holdout_end"))
        elif facts.get("holdout_end"):
            end = parse_moment("holdout_end", facts["holdout_end"], None)
        register_customers(con, frame)
        met = _add(con, source, settings, until=cut, after=None, cut=cut)
        last_date = from_day_number(met["last_day"])
        end = last_date if end is None else end
        refuse_empty_holdout(cut, end, last_date)
        refuse_no_later_line(con, source.reading, cut)
        _add(con, source, settings, until=end, after=cut, cut=cut)
        events = _fetched(con, money=source.reading.money)
    _refuse_another_log(frame, events)
    return events


def observed_events(
    log: object, frame: frames.Frame, *, observation_end: object = None, **reading: Any
) -> PurchaseEvents:
    """Read the purchases that a summary was made of, as `purchase_events` does without a holdout.

    ``log``, ``frame`` and ``reading`` as there, the frame being what `rfm_summary` returned; ``observation_end`` is
    needed where the frame does not say it. Times are at most 0. Raises InvalidInput likewise.

    Returns
    -------
    PurchaseEvents
        Those up to observation_end.

    Examples
    --------
    >>> import pandas
    >>> from clvmodels.transactions import rfm_summary
    >>> log = pandas.DataFrame({"customer_id": [7, 7], "date": ["2024-01-01", "2024-01-15"]})
    >>> summary = rfm_summary(log, amount=None, time_unit="day", observation_end="2024-01-31")
    >>> observed_events(log, summary, amount=None).time
    array([-30., -16.])
    """
    refuse_unknown("observed_events", reading)
    log, _ = sources.held(log)
    frame = frames.load(frame)
    facts = frames.read_facts(frame)
    settings = _settings(facts, reading)
    given = facts.get("observation_end") if observation_end is None else observation_end
    with connection() as con:
        source = _registered(con, log, reading, settings)
        end = parse_moment("observation_end", given, source.reading.zone)
        _refuse_another("observation_end", end, facts.get("observation_end"))
        register_customers(con, frame)
        _add(con, source, settings, until=end, after=None, cut=end)
        events = _fetched(con, money=source.reading.money)
    _refuse_another_log(frame, events)
    return events


class _Settings(NamedTuple):
    time_unit: str
    event_grain: str
    refunds: str
    tz: str | None
    strict: bool


def _settings(facts: Mapping[str, str | None], reading: Mapping[str, Any]) -> _Settings:
    """From the keywords or the frame's facts; where both are there they must agree."""
    found: dict[str, Any] = {}
    for name, usual in (("time_unit", "week"), ("event_grain", "day"), ("refunds", "net"), ("tz", None)):
        given, known = reading.get(name), facts.get(name)
        if given is not None and known is not None and given != known:
            error = UnitMismatch if name == "time_unit" else InvalidInput
            raise error(f"{name}={given!r} was given, the frame says it was made with {name}={known!r}: leave it out")
        found[name] = next((value for value in (given, known) if value is not None), usual)
    hours_in(found["time_unit"])
    one_of("event_grain", found["event_grain"], tuple(sql.GRAINS))
    one_of("refunds", found["refunds"], sql.REFUNDS)
    return _Settings(**found, strict=bool(reading.get("strict")))


def _refuse_another(name: str, given: date | datetime, known: str | None) -> None:
    if known is not None and given.isoformat() != known:
        raise InvalidInput(
            f"{name} is {given}, the frame says it was made with {known}: give that, or cut the log anew"
        )


def _registered(con: Any, log: object, reading: Mapping[str, Any], settings: _Settings) -> Source:
    source = sources.register(con, log, names_in(reading), parse_zone(settings.tz), reading.get("date_format"))
    money = "DOUBLE" if source.reading.money else "BOOLEAN"
    con.execute(
        f"CREATE TEMP TABLE bought (customer INTEGER, later BOOLEAN, time DOUBLE, purchases INTEGER, value {money})"
    )
    return source


def _add(
    con: Any,
    source: Source,
    settings: _Settings,
    *,
    until: date | datetime,
    after: date | datetime | None,
    cut: date | datetime,
) -> dict[str, Any]:
    """Judge the lines after one moment and until another, and keep the purchases of the known customers."""
    reading, grain = source.reading, settings.event_grain
    met = read_lines(con, source, refunds=settings.refunds, until=until, after=after, strict=settings.strict)
    refunds = settings.refunds if met.get("refund_lines") else ""
    events = sql.events_sql(reading, event_grain=grain, refunds=refunds, observation_end=until)
    end, tick = sql.end_tick(cut, grain), sql.GRAINS[grain][1]
    unit = hours_in(settings.time_unit)
    # the negative of T, from the same whole numbers by the same division
    time = sql.quotient(f"event * {end.denominator} - {end.numerator}", tick / unit / end.denominator)
    if after is not None:
        time = f"GREATEST({time}, CAST('{float(Fraction(1, 3_600_000_000) / unit)!r}' AS DOUBLE))"
    types = {row[0]: row[1] for row in con.execute("DESCRIBE lines").fetchall()}
    con.execute(f"""
INSERT INTO bought
WITH {events}
SELECT known.position, {after is not None}, {time}, purchases, {"value" if reading.money else "NULL"}
FROM judged JOIN known_ids AS known ON judged.customer_id = CAST(known.customer_id AS {types["customer_id"]})
WHERE purchases > 0""")
    con.execute(f"DROP {'TABLE' if reading.date == 'text' else 'VIEW'} lines")
    return met


def _fetched(con: Any, *, money: bool) -> PurchaseEvents:
    value = ", value" if money else ""
    ordered = f"SELECT customer, time, purchases{value} FROM bought ORDER BY customer, later, time{value}"
    found = con.sql(ordered).to_arrow_table()
    con.execute("DROP TABLE bought")

    def column(name: str) -> Any:
        return found[name].to_numpy()

    return PurchaseEvents(
        column("customer").astype(np.int64), column("time"), column("purchases"), column("value") if money else None
    )


def _refuse_another_log(frame: frames.Frame, events: PurchaseEvents) -> None:
    """Each customer must have bought as often as the frame says, before and after."""
    names = frames.column_names(frame)
    for column, there, first in (("frequency", events.time <= 0, 1), ("purchases_holdout", events.time > 0, 0)):
        if column not in names:
            continue
        counted = np.bincount(events.customer[there], events.purchases[there], frames.n_rows(frame)) - first
        said = frames.numeric(frame, column)
        wrong = np.flatnonzero(counted != said)
        if len(wrong):
            i = int(wrong[0])
            raise InvalidInput(
                f"the frame is not of this log, read in this way: {column} differs for {len(wrong):,} of {len(said):,} "
                f"customers, first {frames.identifier_at(frame, i)} ({said[i]:g} in the frame, {counted[i]:g} in the "
                "log). Pass the log and the keywords that it was made with"
            )
