"""The SQL text that turns a log into one row a customer.

It stays in a small portable subset (common table expressions, GROUP BY, CASE, TRY_CAST, DATE_DIFF, ARG_MIN), so that
other engines can be given the same text. It reads a table ``log`` with the columns ``customer_id``, ``date`` and, with
money, ``amount``; with orders, ``order_id``.

There are two passes. The first, over the plain ``lines``, counts them by whether and why not they are used; it is
cheap, because nothing is grouped. It tells what the log holds, so that the second, which groups the lines used into
events and those into customers, carries nothing along that is not there: each aggregate over the events costs about as
much as reading a column.

Events are numbered by whole ticks since 1970-01-01, a tick being a day, an hour or a microsecond. Two differences of
integers are then all that is left of time, and no rule about calendars or weeks is asked of an engine.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction

from ..units import hours_in
from .dates import Reading as Reading
from .dates import local_date as local_date
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
    "year": (
        "DATE_DIFF('day', DATE '1970-01-01', CAST(DATE_TRUNC('year', CAST(local_time AS DATE)) AS DATE))",
        Fraction(24),
    ),
}
FINER_THAN_DAY = ("line", "hour")
REFUNDS = ("net", "carry_back", "drop", "error")

# whether a line is used, and why not
USED, WITHOUT_CUSTOMER, WITHOUT_DATE, AFTER_END, UNREADABLE_DATE, UNUSABLE_AMOUNT = 0, 1, 2, 3, 4, 5


def lines_sql(reading: Reading, observed_after: date | datetime | None = None) -> str:
    """The lines of the log as ``lines``: customer, local time, and what else matters, each cast once.

    With ``observed_after`` only the dated lines after it, by the date of their order where there are orders.
    """
    written = ", date <> '' AS written" if reading.date == "text" else ""
    amount = ", TRY_CAST(amount AS DECIMAL(18,6)) AS amount" if reading.money else ""
    order = f", {known('order_id', reading.order)} AS order_id" if reading.order else ""
    customer = known("customer_id", reading.customer)
    text = f"SELECT {customer} AS customer_id, {local_date(reading)} AS local_time{written}{amount}{order} FROM log"
    if observed_after is None:
        return text
    later = str(_until(observed_after)).replace("local_time", "moment")
    names = "customer_id, local_time" + "".join(
        f", {name}" for name, there in (("written", written), ("amount", amount), ("order_id", order)) if there
    )
    return f"""
SELECT {names} FROM (SELECT *, {_moment(reading, name="moment")} FROM ({text}) AS dated) AS placed
WHERE NOT {later}"""


def counts_sql(reading: Reading, observation_end: date | datetime | None) -> str:
    """Counts of the lines by whether, or why not, they are used."""
    without_date = str(WITHOUT_DATE)
    if reading.date == "text":
        without_date = f"CASE WHEN written THEN {UNREADABLE_DATE} ELSE {WITHOUT_DATE} END"
    unreadable = "COUNT(CASE WHEN written AND local_time IS NULL THEN 1 END)" if reading.date == "text" else "0"
    first, last = (DAY.replace("local_time", f"{side}(local_time)") for side in ("MIN", "MAX"))
    return f"""
SELECT {_reason(observation_end, without_date)} AS reason,
  COUNT(*) AS lines, {unreadable} AS unreadable, {first} AS first_day, {last} AS last_day
  {_LINE_MONEY if reading.money else ""}
FROM lines
GROUP BY reason
"""


def _reason(observation_end: date | datetime | None, without_date: str) -> str:
    """Whether a line is used, and why not."""
    late = "" if _until(observation_end) is None else f"WHEN NOT {_until(observation_end)} THEN {AFTER_END}"
    return f"""CASE WHEN customer_id IS NULL THEN {WITHOUT_CUSTOMER} WHEN local_time IS NULL THEN {without_date}
    {late} ELSE {USED} END"""


def line_reason_sql(reading: Reading, observation_end: date | datetime | None) -> str:
    """Whether a line is used, and why not: of one that has customer_id, local_time, written and, with money, amount."""
    reason = _reason(observation_end, f"CASE WHEN written THEN {UNREADABLE_DATE} ELSE {WITHOUT_DATE} END")
    if not reading.money:
        return reason
    return f"CASE WHEN ({reason}) = {USED} AND amount IS NULL THEN {UNUSABLE_AMOUNT} ELSE {reason} END"


_LINE_MONEY = """,
  COUNT(amount) AS amounts, COUNT(CASE WHEN amount = 0 THEN 1 END) AS zero_lines,
  COUNT(CASE WHEN amount < 0 THEN 1 END) AS refund_lines, SUM(CASE WHEN amount < 0 THEN amount END) AS refund_total"""


def customers_sql(
    reading: Reading,
    *,
    event_grain: str,
    refunds: str,
    observation_end: date | datetime | None,
    days: bool = False,
    kept: bool = False,
    told: bool = True,
    state: tuple[str, str] = ("", "judged"),
) -> str:
    """One row a customer: purchases, money and, where there are refunds and it is to be ``told``, what became of them.

    ``refunds`` is "" where the log holds none; ``days`` keeps the day of the first purchase where events are coarser;
    ``kept`` says that all_events_sql has made the table ``all_events``; ``state`` are more columns, and the judged
    events that they are taken from.
    """
    if not reading.money:
        refunds = ""
    by_line = event_grain == "line"
    bought = "CASE WHEN purchases > 0 THEN {} END".format if refunds else "{}".format
    count = "CAST(SUM({0}) AS BIGINT)" if by_line else "COUNT(CASE WHEN {0} > 0 THEN 1 END)"  # counting is cheaper
    purchases = count.format("purchases") if refunds or by_line else "COUNT(*)"
    first_day = f",\n  MIN({bought('first_day')}) AS first_purchase_day, MIN(first_day) AS first_day" if days else ""
    money = f""",
  SUM({bought("value")}) AS revenue, ARG_MIN(first_value, {bought("event")}) AS first_value"""
    counted = "".join(f", {count.format(name)} AS {name}" for name in REFUND_COUNTS)
    became = f"{counted}, SUM(left_over) AS left_total" if refunds and told else ""
    became += _CARRIED_TOLD if refunds == "carry_back" and told else ""
    events = events_sql(
        reading,
        event_grain=event_grain,
        refunds=refunds,
        observation_end=observation_end,
        days=days,
        kept=kept,
        told=told,
    )
    return f"""
WITH {events}
SELECT customer_id, {purchases} AS purchases,
  MIN({bought("event")}) AS first_event, MAX({bought("event")}) AS last_event{first_day},
  COUNT(*) AS events{money if reading.money else ""}{became}{state[0]}
FROM {state[1]}
GROUP BY customer_id
"""


REFUND_COUNTS = ("refund_events", "refund_only_events", "left_events")

_CARRIED_TOLD = """,
  SUM(CASE WHEN value < total THEN value - total END) AS carried_total,
  COUNT(CASE WHEN value < total THEN 1 END) AS reduced_events,
  COUNT(CASE WHEN value < total AND value = 0 THEN 1 END) AS emptied_events"""


def events_sql(
    reading: Reading,
    *,
    event_grain: str,
    refunds: str,
    observation_end: date | datetime | None,
    days: bool = False,
    kept: bool = False,
    told: bool = True,
) -> str:
    """The common table expressions that end in ``judged``: one row an event of a customer, and what it counts for."""
    judged = _judged(event_grain, refunds, reading.money, told)
    own_lines = event_grain == "line" and refunds == "carry_back"  # a line is an event that keeps to itself
    if kept and not own_lines:
        return f"events AS ({_kept_events(event_grain, refunds, reading.money)}),\n{judged}"
    event, _ = GRAINS[event_grain]
    until = _until(observation_end)
    amount = ", amount" if reading.money else ""
    grouped = _lines_as_events(event, days) if own_lines else _events(event, event_grain, refunds, days, reading.money)
    return f"""
used AS (
  SELECT customer_id, {_moment(reading)}{amount}
  FROM lines
  WHERE customer_id IS NOT NULL AND local_time IS NOT NULL{"" if until is None else f" AND {until}"}
),
events AS ({grouped}),
{judged}
"""


def _moment(reading: Reading, apart: str = "", name: str = "local_time") -> str:
    """The time that counts for a line: that of the first line of its order, where there are orders."""
    if not reading.order:
        return f"local_time AS {name}"
    first = f"MIN(local_time) OVER (PARTITION BY customer_id, order_id{apart})"
    return f"CASE WHEN order_id IS NULL THEN local_time ELSE {first} END AS {name}"


def all_events_sql(
    reading: Reading, *, event_grain: str, observation_end: date | datetime | None, refunds: bool, zeros: bool
) -> str:
    """One row an event, and events of lines that are not used by why not: what a report looks at again.

    ``refunds`` and ``zeros`` say whether the log holds any; what it does not hold is not counted.
    """
    event, _ = GRAINS[event_grain]
    columns = [
        ("COUNT(*)", "lines"),
        (event if event_grain == "day" else f"MIN({DAY})", "first_day"),
    ]
    if reading.money:
        none, nothing = "CAST(0 AS BIGINT)", "CAST(NULL AS DECIMAL(38,6))"
        columns += [
            ("SUM(amount)", "total"),
            ("COUNT(CASE WHEN amount = 0 THEN 1 END)" if zeros else none, "zero_lines"),
            ("COUNT(CASE WHEN amount < 0 THEN 1 END)" if refunds else none, "refund_lines"),
            ("SUM(CASE WHEN amount < 0 THEN amount END)" if refunds else nothing, "refund_total"),
        ]
        if refunds:
            columns += [("MIN(amount)", "smallest"), ("MAX(amount)", "largest"), (f"MIN({_BOUGHT_DAY})", "bought_day")]
        if event_grain == "line":
            columns += [("MIN(CASE WHEN amount >= 0 THEN amount END)", "lowest")]
    amount = ", amount" if reading.money else ""
    return f"""
WITH sorted AS (
  SELECT *, {_reason(observation_end, str(WITHOUT_DATE))} AS reason
  FROM lines
),
dated AS (
  SELECT CASE WHEN reason = {USED} THEN customer_id END AS customer_id, {_moment(reading, ", reason")}, reason{amount}
  FROM sorted
)
SELECT customer_id, {event} AS event, reason{"".join(f", {what} AS {name}" for what, name in columns)}
FROM dated
GROUP BY customer_id, {event}, reason
"""


def _kept_events(event_grain: str, refunds: str, money: bool) -> str:
    day = "bought_day AS first_day" if money and refunds == "drop" else "first_day"
    names = ["customer_id", "event", day, "lines"]
    if money:
        bought = "CASE WHEN lines > refund_lines THEN total - COALESCE(refund_total, 0) END AS total"
        names += [bought if refunds == "drop" or event_grain == "line" else "total"]
        names += ["smallest", "largest", "refund_lines", "refund_total"] if refunds else []
        names += ["lowest"] if event_grain == "line" else []
    return f"SELECT {', '.join(names)} FROM all_events WHERE reason = {USED}"


def days_sql(reading: Reading) -> str:
    """Lines, lines with a customer and their money on every day of the log, straight from its lines."""
    total = "SUM(CASE WHEN customer_id IS NOT NULL THEN amount END)" if reading.money else "NULL"
    return f"""
SELECT {DAY} AS day, COUNT(*) AS lines, COUNT(customer_id) AS used, {total} AS total
FROM lines
WHERE local_time IS NOT NULL
GROUP BY 1
ORDER BY 1
"""


_BOUGHT_DAY = f"CASE WHEN amount >= 0 THEN {DAY} END"


def _events(event: str, event_grain: str, refunds: str, days: bool, money: bool) -> str:
    by_line = event_grain == "line"
    bought = "CASE WHEN amount >= 0 THEN amount END"
    columns = [
        ("COUNT(*)", "lines", by_line),
        (f"MIN({_BOUGHT_DAY if refunds == 'drop' else DAY})", "first_day", days),
        (f"SUM({bought if refunds == 'drop' or by_line else 'amount'})", "total", money),
        (f"MIN({bought})", "lowest", money and by_line),
        ("COUNT(CASE WHEN amount < 0 THEN 1 END)", "refund_lines", refunds and by_line),
        ("SUM(CASE WHEN amount < 0 THEN amount END)", "refund_total", refunds and by_line),
        ("MIN(amount)", "smallest", refunds and not by_line),
        ("MAX(amount)", "largest", refunds and not by_line),
    ]
    kept = "".join(f", {expression} AS {name}" for expression, name, needed in columns if needed)
    return f"""
  SELECT customer_id, {event} AS event{kept}
  FROM used
  GROUP BY customer_id, {event}
"""


def _lines_as_events(event: str, days: bool) -> str:
    first_day = f", {DAY} AS first_day" if days else ""
    return f"""
  SELECT customer_id, {event} AS event{first_day}, amount AS total, amount AS smallest, amount AS largest
  FROM used
"""


def _judged(event_grain: str, refunds: str, money: bool, told: bool) -> str:
    """How many purchases an event holds, their total, the value of the first, and what became of its refunds."""
    if refunds == "carry_back":
        return _carried_back(event_grain, told)
    if event_grain == "line":
        # lines of one instant are still apart; the lowest counts as first, so that row order does not matter
        value = ", total AS value, lowest AS first_value" if money else ""
        became = """,
    refund_lines AS refund_events, refund_lines AS refund_only_events,
    refund_lines AS left_events, refund_total AS left_over"""
        purchases = "lines - refund_lines" if refunds else "lines"
        return f"judged AS (SELECT *, {purchases} AS purchases{value}{became if refunds and told else ''} FROM events)"
    value = ", total AS value, total AS first_value" if money else ""
    if not refunds:
        return f"judged AS (SELECT *, 1 AS purchases{value} FROM events)"
    lost = "total IS NULL" if refunds == "drop" else "smallest < 0 AND total <= 0"
    became = f""",
    {_REFUND_EVENTS},
    CASE WHEN total < 0 THEN 1 ELSE 0 END AS left_events, CASE WHEN total < 0 THEN total END AS left_over"""
    return f"""
judged AS (
  SELECT *, CASE WHEN {lost} THEN 0 ELSE 1 END AS purchases{value}{became if told else ""}
  FROM events
)"""


_REFUND_EVENTS = """CASE WHEN smallest < 0 THEN 1 ELSE 0 END AS refund_events,
    CASE WHEN smallest < 0 AND largest <= 0 THEN 1 ELSE 0 END AS refund_only_events"""


def _carried_back(event_grain: str, told: bool) -> str:
    r"""What refunds leave of earlier events, last in first out, without a stack.

    Let $S_j$ be the sum of a customer's event totals up to event j. A purchase i > 0 lies on the stack from
    $S_{i-1}$ to $S_i$ (from wherever the stack then stood), and refunds eat into it as far as the stack ever falls
    afterwards: $\max(0, \min_{j \ge i} S_j - S_{i-1})$ of it is left. Where refunds outrun all that was bought, the
    stack is empty and the rest is lost, which shifts the heights before and after by the same amount, and where it
    happens between i and j the difference is below 0 anyway. What is lost at event k is by how much $S_k$ falls below
    the lowest sum before it, 0 included.
    """
    # refunds of an instant come after its purchases, and of these the largest was last; the lowest left counts as first
    by_line = event_grain == "line"
    order = "event, CASE WHEN total < 0 THEN 1 ELSE 0 END, total" if by_line else "event"
    by_customer = f"OVER (PARTITION BY customer_id ORDER BY {order} ROWS BETWEEN"
    bought = "value > 0 OR (total = 0 AND smallest = 0)"
    first = f"MIN(CASE WHEN {bought} THEN value END) OVER (PARTITION BY customer_id, event)" if by_line else "value"
    before = f""",
    LEAST(0, COALESCE(MIN(height) {by_customer} UNBOUNDED PRECEDING AND 1 PRECEDING), 0)) AS lowest_before"""
    became = f""",
    {_REFUND_EVENTS},
    CASE WHEN height < lowest_before THEN 1 ELSE 0 END AS left_events,
    CASE WHEN height < lowest_before THEN height - lowest_before END AS left_over"""
    before, became = (before, became) if told else ("", "")
    return f"""
running AS (
  SELECT *, SUM(total) {by_customer} UNBOUNDED PRECEDING AND CURRENT ROW) AS height
  FROM events
),
bounds AS (
  SELECT *, MIN(height) {by_customer} CURRENT ROW AND UNBOUNDED FOLLOWING) AS lowest_later{before}
  FROM running
),
valued AS (
  SELECT *, CASE WHEN total > 0 THEN GREATEST(0, lowest_later - height + total) ELSE 0 END AS value
  FROM bounds
),
judged AS (
  SELECT *, CASE WHEN {bought} THEN 1 ELSE 0 END AS purchases, {first} AS first_value{became}
  FROM valued
)"""


def quality_sql(reading: Reading, *, refunds: str, told: bool = True) -> str:
    """One row of counts from the table ``customers``; what the log holds nothing of is not counted."""
    sums = ("purchases", "events")
    if reading.money:
        became = (*REFUND_COUNTS, "left_total") if refunds and told else ()
        carried = ("carried_total", "reduced_events", "emptied_events") if refunds == "carry_back" and told else ()
        sums = (*sums, "revenue", *became, *carried)
    return f"""
SELECT COUNT(CASE WHEN purchases > 0 THEN 1 END) AS buyers, COUNT(*) AS customers_met,
  {", ".join(f"SUM({name}) AS {name}" for name in sums)}
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
    state: str = "",
) -> str:
    """The summary from the table ``customers`` that customers_sql makes: one division a number, no rounding before.

    ``state`` are more columns.
    """
    customer = "CAST(customer_id AS BIGINT)" if whole_number_ids else "customer_id"
    statistics = statistics_sql(reading, time_unit=time_unit, event_grain=event_grain, observation_end=observation_end)
    return f"""
SELECT {customer} AS customer_id,{statistics}{state}
FROM customers
WHERE purchases > 0{from_start_sql(event_grain, observation_start)}
ORDER BY 1
"""


def from_start_sql(event_grain: str, observation_start: date | None) -> str:
    """The condition that a customer's first purchase is on or after the start of observation; none without one."""
    first_day = "first_event" if event_grain == "day" else "first_purchase_day"
    return "" if observation_start is None else f" AND {first_day} >= {day_number(observation_start)}"


def statistics_sql(reading: Reading, *, time_unit: str, event_grain: str, observation_end: date | datetime) -> str:
    """The columns frequency, recency, T and, with money, monetary_value of a row of ``customers``."""
    tick = GRAINS[event_grain][1]
    scale = tick / hours_in(time_unit)  # units per tick
    end = end_tick(observation_end, event_grain)
    to_end = scale / end.denominator
    # in millionths, so that the total is a whole number and the division the only rounding
    mean = """,
  CASE WHEN purchases > 1
    THEN CAST((revenue - first_value) * 1000000 AS DOUBLE) / CAST((purchases - 1) * 1000000 AS DOUBLE)
  END AS monetary_value"""
    return f"""
  purchases - 1 AS frequency,
  {quotient("last_event - first_event", scale)} AS recency,
  {quotient(f"{end.numerator} - first_event * {end.denominator}", to_end)} AS T{mean if reading.money else ""}"""


def end_tick(observation_end: date | datetime, event_grain: str) -> Fraction:
    """Where observation ends, in ticks since the epoch: a date is its whole day, a timestamp is taken exactly."""
    tick = GRAINS[event_grain][1]
    if isinstance(observation_end, datetime):
        return Fraction((observation_end - EPOCH) // timedelta(microseconds=1), 3_600_000_000) / tick
    whole_day = 1 if event_grain in FINER_THAN_DAY else 0
    return (day_number(observation_end) + whole_day) * Fraction(24) / tick


def quotient(ticks: str, scale: Fraction) -> str:
    """Whole ticks times a fraction, with one division, the only rounding."""
    return f"CAST(({ticks}) * {scale.numerator} AS DOUBLE) / CAST({scale.denominator} AS DOUBLE)"


def known(name: str, sort: str | None) -> str:
    """An identifier, missing where it is empty text or no number."""
    return {"text": f"NULLIF({name}, '')", "float": f"CASE WHEN ISNAN({name}) THEN NULL ELSE {name} END"}.get(
        sort or "", name
    )


def _until(observation_end: date | datetime | None) -> str | None:
    """Whether a line is within the observation; None where all are."""
    if observation_end is None or observation_end == date.max:
        return None
    if isinstance(observation_end, datetime):
        return f"CAST(local_time AS TIMESTAMP) <= TIMESTAMP '{observation_end.isoformat(sep=' ')}'"
    return f"local_time < DATE '{(observation_end + timedelta(days=1)).isoformat()}'"
