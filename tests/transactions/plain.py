"""The summary of a log in plain Python: exact fractions, no engine, written for the tests only."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

HOURS = {"hour": 1, "day": 24, "week": 168, "month": Fraction(1461, 2), "year": 8766}


def summary(lines, *, time_unit="week", event_grain="day", observation_start=None, observation_end=None, refunds="net"):
    """Rows (customer_id, frequency, recency, T, monetary_value) from (customer_id, datetime, Decimal, order) lines.

    A line may leave its order out.
    """
    end = observation_end or max(moment for _, moment, *_ in lines).date()
    if isinstance(end, datetime):
        limit = end_of_time = end
    else:
        limit = datetime.combine(end, datetime.max.time())
        end_of_time = datetime.combine(end, datetime.min.time())
        if event_grain in ("line", "hour"):
            end_of_time += timedelta(days=1)
    events = defaultdict(list)
    first_line = {}
    for i, (customer, moment, amount) in enumerate(dated_by_order(lines, limit)):
        if refunds == "drop" and amount < 0:
            continue
        start = grain_start(moment, event_grain)
        key = (customer, start, i) if event_grain == "line" else (customer, start)
        events[key].append(amount)
        first_line[key] = min(moment, first_line.get(key, moment))
    met = defaultdict(list)
    for key, amounts in events.items():
        total = sum(amounts, Decimal(0))
        free = total == 0 and min(amounts) == 0 == max(amounts)
        met[key[0]].append((key[1], total, first_line[key], free))
    keep = carried_back if refunds == "carry_back" else above_nothing
    purchases = {customer: kept for customer, found in met.items() if (kept := keep(found))}
    rows = []
    for customer, bought in sorted(purchases.items()):
        bought.sort()
        if observation_start and min(moment for _, _, moment in bought).date() < observation_start:
            continue
        first, last = bought[0][0], bought[-1][0]
        x = len(bought) - 1
        mean = float(Fraction(sum((total for _, total, _ in bought[1:]), Decimal(0))) / x) if x else None
        rows.append((customer, x, units(last - first, time_unit), units(end_of_time - first, time_unit), mean))
    return rows


def dated_by_order(lines, limit):
    """The lines that are used, dated at the first line of their customer's order."""
    used = [
        (customer, moment, amount, order[0] if order else None)
        for customer, moment, amount, *order in lines
        if customer is not None and moment is not None and moment <= limit
    ]
    first = {}
    for customer, moment, _, order in used:
        first[customer, order] = min(moment, first.get((customer, order), moment))
    return [
        (customer, moment if order is None else first[customer, order], amount)
        for customer, moment, amount, order in used
    ]


def above_nothing(found):
    return [(start, total, first) for start, total, first, free in found if total > 0 or free]


def carried_back(found):
    """A stack: a refund takes from what was bought last, and what outruns all of it is lost."""
    stack = []
    free_ones = []
    for start, total, first, free in sorted(found, key=lambda event: (event[0], event[1] < 0, event[1])):
        if free:
            free_ones.append((start, total, first))
        elif total > 0:
            stack.append((start, total, first))
        while stack and total < 0:
            begun, worth, day = stack.pop()
            taken = min(worth, -total)
            total += taken
            if worth > taken:
                stack.append((begun, worth - taken, day))
    return stack + free_ones


def grain_start(moment, event_grain):
    day = datetime.combine(moment.date(), datetime.min.time())
    return {
        "line": moment,
        "hour": day + timedelta(hours=moment.hour),
        "day": day,
        "week": day - timedelta(days=moment.weekday()),
        "month": day.replace(day=1),
    }[event_grain]


def units(length, time_unit):
    return float(Fraction(length // timedelta(microseconds=1)) / (3_600_000_000 * HOURS[time_unit]))


def as_date(text):
    return date.fromisoformat(text)
