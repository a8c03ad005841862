"""The SQL text that turns a log into one row a customer.

It stays in a small portable subset (common table expressions, GROUP BY, CASE, TRY_CAST, DATE_DIFF, ARG_MIN), so that
other engines can be given the same text. It reads a table ``log`` with the columns ``customer_id``, ``date`` and, with
money, ``amount``.

Events are numbered by whole ticks since 1970-01-01, a tick being a day, an hour or a microsecond. Two differences of
integers are then all that is left of time, and no rule about calendars or weeks is asked of an engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from ..units import hours_in
from .moments import day_number

EPOCH = datetime(1970, 1, 1)
DAY = "DATE_DIFF('day', DATE '1970-01-01', CAST(local_time AS DATE))"
MICROSECOND = "DATE_DIFF('microsecond', TIMESTAMP '1970-01-01 00:00:00', CAST(local_time AS TIMESTAMP))"

# the number of an event's tick, and the tick's length in hours
GRAINS: dict[str, tuple[str, Fraction]] = {
    "line": (MICROSECOND, Fraction(1, 3_600_000_000)),
    "hour": (
        "DATE_DIFF('hour', TIMESTAMP '1970-01-01 00:00:00', DATE_TRUNC('hour', CAST(local_time AS TIMESTAMP)))",
        Fraction(1),
    ),
    "day": (DAY, Fraction(24)),
    # 1970-01-01 was a Thursday: 3 days after Monday. The inner MOD keeps days before 1970 right.
    "week": (f"{DAY} - MOD(MOD({DAY} + 3, 7) + 7, 7)", Fraction(24)),
    "month": (
        "DATE_DIFF('day', DATE '1970-01-01', CAST(DATE_TRUNC('month', CAST(local_time AS DATE)) AS DATE))",
        Fraction(24),
    ),
}
FINER_THAN_DAY = ("line", "hour")
REFUNDS = ("net", "drop", "error")


@dataclass(frozen=True)
class Reading:
    """How the columns of the log are to be read: the kinds of their types, and the zone of zoned timestamps."""

    customer: str  # "text", "float" or "other"
    date: str  # "text", "date", "timestamp", "zoned" or "instant" (in UTC, without saying so)
    zone: str | None
    money: bool


# why a line is not used; such lines keep no customer, so that they gather in a few groups
USED, WITHOUT_CUSTOMER, WITHOUT_DATE, AFTER_END = 0, 1, 2, 3


def customers_sql(reading: Reading, *, event_grain: str, refunds: str, observation_end: date | datetime | None) -> str:
    """One row a customer, and one for each reason why lines are not used: purchases, money, and what was met."""
    event, _ = GRAINS[event_grain]
    text = reading.date == "text"
    # each aggregate over the events costs about as much as reading a column, so none is kept that says nothing new
    by_day = event_grain == "day"
    days = "event AS first_day, event AS last_day" if by_day else "MIN(day) AS first_day, MAX(day) AS last_day"
    lowest = ", MIN(CASE WHEN amount >= 0 THEN amount END) AS lowest" if event_grain == "line" else ""
    refunds_told = _REFUNDS_OF_LINES if event_grain == "line" else _REFUNDS_OF_EVENTS
    purchases, value, first_value = _purchase(event_grain, refunds if reading.money else "")
    return f"""
WITH lines AS (
  SELECT {_customer(reading)} AS customer_id, {local_date(reading)} AS local_time
    {", TRY_CAST(amount AS DECIMAL(18,6)) AS amount" if reading.money else ""}
    {f", {_unreadable(reading)} AS unreadable" if text else ""}
  FROM log
),
sorted AS (
  SELECT *,
    CASE WHEN customer_id IS NULL THEN {WITHOUT_CUSTOMER} WHEN local_time IS NULL THEN {WITHOUT_DATE}
      {_when_late(observation_end)} ELSE {USED} END AS reason
  FROM lines
),
dated AS (
  SELECT CASE WHEN reason = {USED} THEN customer_id END AS customer_id, {event} AS event, reason
    {"" if by_day else f", {DAY} AS day"}{", unreadable" if text else ""}{", amount" if reading.money else ""}
  FROM sorted
),
events AS (
  SELECT customer_id, event, reason, COUNT(*) AS lines, {days}
    {", SUM(unreadable) AS unreadable" if text else ""}{_EVENT_MONEY + lowest if reading.money else ""}
  FROM dated
  GROUP BY customer_id, event, reason
),
judged AS (
  SELECT *, CASE WHEN reason = {USED} THEN {purchases} ELSE 0 END AS purchases,
    {value} AS value, {first_value} AS first_value
  FROM events
)
SELECT customer_id, reason,
  CAST(SUM(purchases) AS BIGINT) AS purchases,
  MIN(CASE WHEN purchases > 0 THEN event END) AS first_event,
  MAX(CASE WHEN purchases > 0 THEN event END) AS last_event,
  MIN(CASE WHEN purchases > 0 THEN first_day END) AS first_purchase_day,
  MIN(first_day) AS first_day, MAX(last_day) AS last_day,
  SUM(lines) AS lines, COUNT(*) AS events, {"SUM(unreadable)" if text else "0"} AS unreadable
  {_CUSTOMER_MONEY + refunds_told if reading.money else ""}
FROM judged
GROUP BY customer_id, reason
"""


_EVENT_MONEY = """,
    COUNT(amount) AS amounts, SUM(amount) AS total,
    COUNT(CASE WHEN amount = 0 THEN 1 END) AS zero_lines,
    COUNT(CASE WHEN amount < 0 THEN 1 END) AS refund_lines,
    SUM(CASE WHEN amount < 0 THEN amount END) AS refund_total"""

_CUSTOMER_MONEY = """,
  SUM(CASE WHEN purchases > 0 THEN value END) AS revenue,
  ARG_MIN(first_value, CASE WHEN purchases > 0 THEN event END) AS first_value,
  SUM(lines - amounts) AS bad_amounts,
  SUM(zero_lines) AS zero_lines, SUM(refund_lines) AS refund_lines, SUM(refund_total) AS refund_total"""

_REFUNDS_OF_EVENTS = """,
  COUNT(refund_total) AS refund_events,
  COUNT(CASE WHEN total = refund_total THEN 1 END) AS refund_only_events,
  COUNT(CASE WHEN purchases = 0 AND total < 0 THEN 1 END) AS left_events,
  SUM(CASE WHEN purchases = 0 AND total < 0 THEN total END) AS left_total"""

# a line of its own has nothing to be taken off
_REFUNDS_OF_LINES = """,
  SUM(refund_lines) AS refund_events, SUM(refund_lines) AS refund_only_events,
  SUM(refund_lines) AS left_events, SUM(refund_total) AS left_total"""


def quality_sql(reading: Reading) -> str:
    """One row of counts from the table ``customers``; everything about money is about the lines used."""
    money: tuple[str, ...] = (
        "bad_amounts",
        "zero_lines",
        "refund_lines",
        "refund_total",
        "refund_events",
        "refund_only_events",
    )
    money = (*money, "left_events", "left_total", "revenue") if reading.money else ()
    sums = "".join(f",\n  SUM(CASE WHEN reason = {USED} THEN {name} END) AS {name}" for name in money)
    return f"""
SELECT SUM(lines) AS lines, SUM(unreadable) AS unreadable,
  MIN(first_day) AS first_day, MAX(last_day) AS last_day,
  SUM(CASE WHEN reason = {USED} THEN lines END) AS lines_used,
  SUM(CASE WHEN reason = {WITHOUT_CUSTOMER} THEN lines END) AS lines_without_customer,
  SUM(CASE WHEN reason = {WITHOUT_DATE} THEN lines END) AS lines_without_date,
  SUM(CASE WHEN reason = {AFTER_END} THEN lines END) AS lines_after_end,
  COUNT(CASE WHEN purchases > 0 THEN 1 END) AS buyers,
  COUNT(CASE WHEN reason = {USED} AND purchases = 0 THEN 1 END) AS customers_without_purchase,
  SUM(purchases) AS purchases, SUM(CASE WHEN reason = {USED} THEN events END) AS events{sums}
FROM customers
"""


def summary_sql(
    reading: Reading,
    *,
    time_unit: str,
    event_grain: str,
    observation_start: date | None,
    observation_end: date | datetime,
    whole_number_ids: bool,
) -> str:
    """The summary from the table ``customers`` that customers_sql makes: one division a number, no rounding before."""
    tick = GRAINS[event_grain][1]
    scale = tick / hours_in(time_unit)  # units per tick
    end = end_tick(observation_end, event_grain)
    to_end = scale / end.denominator
    customer = "CAST(customer_id AS BIGINT)" if whole_number_ids else "customer_id"
    from_start = "" if observation_start is None else f" AND first_purchase_day >= {day_number(observation_start)}"
    # in millionths, so that the total is a whole number and the division the only rounding
    mean = """,
  CASE WHEN purchases > 1
    THEN CAST((revenue - first_value) * 1000000 AS DOUBLE) / CAST((purchases - 1) * 1000000 AS DOUBLE)
  END AS monetary_value"""
    return f"""
SELECT {customer} AS customer_id,
  purchases - 1 AS frequency,
  {_quotient("last_event - first_event", scale)} AS recency,
  {_quotient(f"{end.numerator} - first_event * {end.denominator}", to_end)} AS T{mean if reading.money else ""}
FROM customers
WHERE purchases > 0{from_start}
ORDER BY 1
"""


def end_tick(observation_end: date | datetime, event_grain: str) -> Fraction:
    """Where observation ends, in ticks since the epoch: a date is its whole day, a timestamp is taken exactly."""
    tick = GRAINS[event_grain][1]
    if isinstance(observation_end, datetime):
        return Fraction((observation_end - EPOCH) // timedelta(microseconds=1), 3_600_000_000) / tick
    whole_day = 1 if event_grain in FINER_THAN_DAY else 0
    return (day_number(observation_end) + whole_day) * Fraction(24) / tick


def _quotient(ticks: str, scale: Fraction) -> str:
    return f"CAST(({ticks}) * {scale.numerator} AS DOUBLE) / CAST({scale.denominator} AS DOUBLE)"


def _purchase(event_grain: str, refunds: str) -> tuple[str, str, str]:
    """How many purchases an event holds, their total, and the value of the first; no refunds, no money."""
    if not refunds:
        return "lines" if event_grain == "line" else "1", "NULL", "NULL"
    without_refunds = "total - COALESCE(refund_total, 0)"
    if event_grain == "line":
        # lines of one instant are still apart; the lowest counts as first, so that row order does not matter
        return "lines - refund_lines", without_refunds, "lowest"
    if refunds == "drop":
        return "CASE WHEN lines > refund_lines THEN 1 ELSE 0 END", without_refunds, without_refunds
    return "CASE WHEN refund_lines > 0 AND total <= 0 THEN 0 ELSE 1 END", "total", "total"


def _customer(reading: Reading) -> str:
    if reading.customer == "text":
        return "NULLIF(customer_id, '')"
    if reading.customer == "float":
        return "CASE WHEN ISNAN(customer_id) THEN NULL ELSE customer_id END"
    return "customer_id"


def local_date(reading: Reading) -> str:
    """The date in the log's own zone, cast once."""
    if reading.date == "text":
        return f"CASE WHEN {_iso()} THEN TRY_CAST(date AS TIMESTAMP) END"
    if reading.date == "zoned":
        return _in_zone("CAST(date AS TIMESTAMP WITH TIME ZONE)", reading.zone or "UTC")
    if reading.date == "instant":
        return _in_zone("(CAST(date AS TIMESTAMP) AT TIME ZONE 'UTC')", reading.zone or "UTC")
    return "CAST(date AS DATE)" if reading.date == "date" else "CAST(date AS TIMESTAMP)"


def _in_zone(instant: str, zone: str) -> str:
    """Local time; a fixed offset, which Arrow writes as +02:00, is added to UTC: engines name them differently."""
    if zone[0] not in "+-":
        return f"{instant} AT TIME ZONE '{zone}'"
    hours, minutes = zone[1:].split(":")
    return f"({instant} AT TIME ZONE 'UTC') + INTERVAL '{zone[0]}{60 * int(hours) + int(minutes)}' MINUTE"


def _iso() -> str:
    # a bare date is the usual case and is told by its dashes; only what is longer pays for a regular expression
    return (
        "CASE WHEN LENGTH(date) = 10 THEN SUBSTR(date, 5, 1) = '-' AND SUBSTR(date, 8, 1) = '-' "
        r"ELSE REGEXP_MATCHES(date, '^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$') END"
    )


def _unreadable(reading: Reading) -> str:
    if reading.date != "text":
        return "0"
    return f"CASE WHEN date <> '' AND {local_date(reading)} IS NULL THEN 1 ELSE 0 END"


def _when_late(observation_end: date | datetime | None) -> str:
    if observation_end is None or observation_end == date.max:
        return ""
    if isinstance(observation_end, datetime):
        first_late = f"CAST(local_time AS TIMESTAMP) > TIMESTAMP '{observation_end.isoformat(sep=' ')}'"
    else:
        first_late = f"local_time >= DATE '{(observation_end + timedelta(days=1)).isoformat()}'"
    return f"WHEN {first_late} THEN {AFTER_END}"
