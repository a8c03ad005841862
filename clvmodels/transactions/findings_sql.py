"""The questions that the quality report puts to the tables ``log``, ``all_events`` and ``customers`` of sql.py.

Each gives a few rows: the report costs little beside the grouping of the log into events. Examples come in the order
of dates, then of customers as text, so that they do not depend on the order of rows.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from .moments import day_number
from .sql import AFTER_END, GRAINS, USED, WITHOUT_CUSTOMER, Reading, days_sql, local_date

EXAMPLES = 3
BINS = 64  # of the amounts' logarithm a unit: quartiles to 1.6 %
DATED_BY_DAY = ("line", "hour", "day")  # grains whose events lie within a day


def days(reading: Reading, event_grain: str) -> str:
    """Each day's number, lines, lines with a customer, and their money."""
    if event_grain not in DATED_BY_DAY:
        return days_sql(reading)
    with_customer = f"reason IN ({USED}, {AFTER_END})"
    total = f"SUM(CASE WHEN {with_customer} THEN total END)" if reading.money else "NULL"
    return f"""
SELECT first_day AS day, SUM(lines) AS lines,
  SUM(CASE WHEN {with_customer} THEN lines ELSE 0 END) AS used, {total} AS total
FROM all_events
WHERE first_day IS NOT NULL
GROUP BY 1
ORDER BY 1
"""


def first_purchases(start: date | None) -> str:
    """How many customers of the summary first bought on each day."""
    return f"""
SELECT first_purchase_day, COUNT(*) FROM customers
WHERE purchases > 0{_since(start)}
GROUP BY 1
ORDER BY 1
"""


def days_of_lines(reason: int) -> str:
    """The first days with lines that are not used for this reason, and how many."""
    return f"""
SELECT first_day, SUM(lines) FROM all_events
WHERE reason = {reason} AND first_day IS NOT NULL
GROUP BY 1
ORDER BY 1
LIMIT {EXAMPLES}
"""


def money_without_customer() -> str:
    """The money in lines without a customer."""
    return f"SELECT SUM(total) FROM all_events WHERE reason = {WITHOUT_CUSTOMER}"


def without_date(reading: Reading) -> str:
    """Customers of lines without a date that can be read."""
    return f"""
SELECT customer_id, {"TRY_CAST(amount AS DECIMAL(18,6))" if reading.money else "NULL"} AS amount FROM log
WHERE customer_id IS NOT NULL AND ({local_date(reading)}) IS NULL
ORDER BY CAST(customer_id AS VARCHAR), amount
LIMIT {EXAMPLES}
"""


def events_where(what: str, condition: str) -> str:
    """The first events of some sort: day, customer, and what is told about them."""
    return f"""
SELECT first_day, customer_id, {what} FROM all_events
WHERE reason = {USED} AND {condition}
ORDER BY first_day, CAST(customer_id AS VARCHAR), event
LIMIT {EXAMPLES}
"""


def customers_where(condition: str, day: str) -> str:
    """The first customers of some sort."""
    return f"""
SELECT {day}, customer_id FROM customers
WHERE {condition}
ORDER BY 1, CAST(customer_id AS VARCHAR)
LIMIT {EXAMPLES}
"""


def before(start: date) -> str:
    """The condition of a customer who first bought before a day."""
    return f"purchases > 0 AND first_purchase_day < {day_number(start)}"


def value_of_event(refunds: str) -> str:
    """The total of an event, as the summary takes it."""
    return "total - COALESCE(refund_total, 0)" if refunds == "drop" else "total"


def amounts_histogram(refunds: str) -> str:
    """How many events have a total of about so much; bins of the logarithm, exact counts."""
    value = value_of_event(refunds)
    return f"""
SELECT CAST(FLOOR(LN(CAST({value} AS DOUBLE)) * {BINS}) AS BIGINT) AS bin, COUNT(*) FROM all_events
WHERE reason = {USED} AND {value} > 0
GROUP BY 1
ORDER BY 1
"""


def outlying_table(refunds: str, event_grain: str, lower: Decimal, upper: Decimal) -> str:
    """Events whose total lies outside of the limits, and whether the same customer was given half of it back later.

    Refunds that were netted into their own event are none of these: only what was not taken off counts.
    """
    value = value_of_event(refunds)
    netted = refunds != "drop" and event_grain != "line"
    return f"""
CREATE TEMP TABLE outlying AS
WITH far AS (
  SELECT customer_id, event, first_day, {value} AS value FROM all_events
  WHERE reason = {USED} AND {value} > 0 AND ({value} > {upper} OR {value} < {lower})
),
refunds AS (
  SELECT far.customer_id, far.event, MIN({"all_events.total" if netted else "all_events.refund_total"}) AS refund
  FROM far JOIN all_events ON far.customer_id = all_events.customer_id AND all_events.event >= far.event
  WHERE all_events.reason = {USED} AND all_events.refund_total < 0 AND far.value > {upper}
    {"AND all_events.total < 0" if netted else ""}
  GROUP BY far.customer_id, far.event
)
SELECT far.*, -refunds.refund >= far.value / 2 AS taken_back
FROM far LEFT JOIN refunds ON far.customer_id = refunds.customer_id AND far.event = refunds.event
"""


def outlying_counts(upper: Decimal) -> str:
    """How many lie above and below, with how much money, and how many are taken back by a refund."""
    return f"""
SELECT COUNT(CASE WHEN value > {upper} THEN 1 END), SUM(CASE WHEN value > {upper} THEN value END),
  COUNT(CASE WHEN value <= {upper} THEN 1 END), SUM(CASE WHEN value <= {upper} THEN value END),
  COUNT(CASE WHEN taken_back THEN 1 END)
FROM outlying
"""


def outlying_examples() -> str:
    """The largest, in the order of their dates; those taken back first of all."""
    return f"""
SELECT * FROM (
  SELECT first_day, customer_id, value, COALESCE(taken_back, FALSE) AS taken_back FROM outlying
  ORDER BY COALESCE(taken_back, FALSE) DESC, value DESC, first_day, CAST(customer_id AS VARCHAR)
  LIMIT {EXAMPLES}
)
ORDER BY first_day, CAST(customer_id AS VARCHAR), value
"""


def currencies(reading: Reading) -> str:
    """Lines and money in each currency, the most frequent first; spelling and blanks do not matter."""
    money = "SUM(TRY_CAST(amount AS DECIMAL(18,6)))" if reading.money else "NULL"
    return f"""
SELECT NULLIF(UPPER(TRIM(CAST(currency AS VARCHAR))), '') AS named, COUNT(*) AS lines, {money} FROM log
GROUP BY 1
ORDER BY 2 DESC, 1
"""


def some_event_has_several_lines(event_grain: str) -> str:
    """Whether lines can repeat each other at all: lines of one customer and time share an event."""
    assert event_grain in GRAINS
    return "SELECT COUNT(*) FROM (SELECT 1 FROM all_events WHERE lines > 1 LIMIT 1)"


def marks(columns: list[str]) -> str:
    """A 32-bit hash of the columns read, for every line: equal lines have equal ones."""
    return f"SELECT {_mark('log', columns)} AS mark FROM log"


def suspected(table: str, columns: list[str], what: str) -> str:
    """The lines whose mark another line has as well: a table ``suspects`` holds these marks."""
    return f"SELECT {what} FROM {table} SEMI JOIN suspects ON {_mark(table, columns)} = suspects.mark"


def repeated(lines: str, columns: list[str]) -> str:
    """Groups of lines that are equal in these columns."""
    listed = ", ".join(columns)
    return f"""
CREATE TEMP TABLE repeated AS
SELECT {listed}, COUNT(*) AS copies FROM ({lines})
GROUP BY {listed}
HAVING COUNT(*) > 1
"""


def repeated_counts(reading: Reading) -> str:
    """Lines that repeat another one, those of them with a customer, and their money."""
    known = "customer_id IS NOT NULL AND CAST(customer_id AS VARCHAR) NOT IN ('', 'nan')"
    money = f"SUM(CASE WHEN {known} THEN TRY_CAST(amount AS DECIMAL(18,6)) * (copies - 1) END)"
    return f"""
SELECT SUM(copies - 1), SUM(CASE WHEN {known} THEN copies - 1 ELSE 0 END), {money if reading.money else "NULL"}
FROM repeated
"""


def repeated_examples(reading: Reading) -> str:
    """The first of them."""
    amount = "TRY_CAST(amount AS DECIMAL(18,6))" if reading.money else "NULL"
    return f"""
SELECT {local_date(reading)} AS local_time, customer_id, {amount} AS amount, copies FROM repeated
ORDER BY local_time, CAST(customer_id AS VARCHAR), amount, copies
LIMIT {EXAMPLES}
"""


def _since(start: date | None) -> str:
    return "" if start is None else f" AND first_purchase_day >= {day_number(start)}"


def _mark(table: str, columns: list[str]) -> str:
    return f"CAST(hash({', '.join(f'{table}.{name}' for name in columns)}) >> 32 AS UINTEGER)"
