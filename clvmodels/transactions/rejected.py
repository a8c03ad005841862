"""The lines and customers that a batch job leaves out, each with its reason in plain words."""

from __future__ import annotations

from datetime import date, datetime

from .columns import Source
from .dates import local_date
from .id_text import text_sql
from .sql import (
    UNREADABLE_DATE,
    UNUSABLE_AMOUNT,
    USED,
    WITHOUT_CUSTOMER,
    WITHOUT_DATE,
    from_start_sql,
    known,
    line_reason_sql,
)

LINES = {
    WITHOUT_CUSTOMER: "no customer",
    WITHOUT_DATE: "no date",
    UNREADABLE_DATE: "the date cannot be read",
    UNUSABLE_AMOUNT: "the amount is missing, infinite, too large or no number",
}
COLUMNS = ("what", "customer_id", "date", "amount", "reason")

# why a customer is not scored; 0 stands for one who is
NOTHING_BOUGHT, BEFORE_START = 1, 2
CUSTOMERS = {NOTHING_BOUGHT: "nothing was bought, only returned", BEFORE_START: "first bought before observation_start"}


def lines_sql(source: Source, observation_end: date | datetime | None) -> str:
    """The rejected lines of the view ``log``, with what stands in them as text."""
    reading = source.reading
    customer = known("customer_id", reading.customer)
    shown = "CAST(local_time AS VARCHAR)" if reading.date in ("zoned", "instant") else "CAST(raw_date AS VARCHAR)"
    amounts = ", amount AS raw_amount, TRY_CAST(amount AS DECIMAL(18,6)) AS amount" if reading.money else ""
    raw_amount = "CAST(raw_amount AS VARCHAR)" if reading.money else "CAST(NULL AS VARCHAR)"
    reasons = " ".join(f"WHEN {code} THEN '{words}'" for code, words in LINES.items())
    return f"""
SELECT 'line' AS what, {text_sql("customer_id", reading.customer)} AS customer_id, {shown} AS date,
  {raw_amount} AS amount, CASE reason {reasons} END AS reason
FROM (
  SELECT *, {line_reason_sql(reading, observation_end)} AS reason
  FROM (
    SELECT {customer} AS customer_id, date AS raw_date, {local_date(reading)} AS local_time,
      {"date <> ''" if reading.date == "text" else "FALSE"} AS written{amounts}
    FROM log
  ) AS read
) AS judged
WHERE reason IN ({", ".join(map(str, LINES))})"""


def customer_reason(event_grain: str, observation_start: date | None) -> str:
    """Why a row of ``customers`` is not scored, as a number; 0 if it is."""
    start = from_start_sql(event_grain, observation_start)
    before = f"WHEN NOT (TRUE{start}) THEN {BEFORE_START} " if start else ""
    return f"CASE WHEN purchases = 0 THEN {NOTHING_BOUGHT} {before}ELSE {USED} END"


def customers_sql(table: str, sort: str, reasons: dict[int, str]) -> str:
    """The rejected customers of a table with the columns customer_id and reason."""
    words = " ".join(f"WHEN {code} THEN '{text}'" for code, text in reasons.items())
    nothing = "CAST(NULL AS VARCHAR)"
    return f"""
SELECT 'customer' AS what, {text_sql("customer_id", sort)} AS customer_id, {nothing} AS date, {nothing} AS amount,
  CASE reason {words} END AS reason
FROM {table}
WHERE reason <> {USED}"""
