"""Looks for what the owner of a log should know, while the log and its events are still in the engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import calendar_patterns
from . import findings_sql as ask
from .columns import Source
from .findings import LOOK, NOTE, PLAIN, SOUGHT, Finding, counted, dated, in_order, of_counts, percent, rounded
from .moments import day_number, day_of
from .moments import from_day_number as day
from .quality import Quality
from .sql import AFTER_END, WITHOUT_CUSTOMER
from .whole_lines import count_repeated

LEAST_AMOUNTS = 50
FENCE = 3.0  # interquartile ranges of the logarithm
LEAST_FENCE = float(np.log(10))
CLOSED_DAYS_MATTER = 50  # lines a day, in the middle: above, a day without any is not chance


class Days(NamedTuple):
    """The calendar of a log: day numbers, lines, lines with a customer, and their money (not finite without any)."""

    day: NDArray[np.int64]
    lines: NDArray[np.int64]
    used: NDArray[np.int64]
    total: NDArray[np.float64]


def examine(con: Any, log: object, source: Source, quality: Quality, *, today: date) -> Quality:
    """The quality with its findings: what was found, what was looked for and not found, what could not be judged."""
    days = _days(con, source, quality)
    found: list[Finding] = _counts(con, source, quality)
    unjudged: dict[str, str] = {}
    looks: dict[str, Finding | str | None] = {
        "several_currencies": _currencies(con, source, quality),
        "future_dates": _future(days, quality, today),
        "exact_duplicates": _duplicates(con, log, source, quality),
        "outlying_amounts": _outlying(con, source, quality),
        "older_customers": _older(con, days, quality, today),
        "gaps": _gaps(days, quality, today),
        "level_changes": _level(con, days, quality, today),
    }
    for name, result in looks.items():
        if isinstance(result, str):
            unjudged[name] = result
        elif result is not None:
            found.append(result)
    named = {finding.name for finding in found}
    return replace(
        quality,
        findings=in_order(found),
        not_found=tuple(title for name, title in SOUGHT.items() if name not in {*named, *unjudged, *PLAIN}),
        not_judged=tuple(f"{title} ({unjudged[name]})" for name, title in SOUGHT.items() if name in unjudged),
    )


def _rows(con: Any, query: str) -> list[tuple[Any, ...]]:
    return list(con.execute(query).fetchall())


def _days(con: Any, source: Source, quality: Quality) -> Days:
    rows = _rows(con, ask.days(source.reading, quality.event_grain))
    number, lines, used = (np.array([int(row[i]) for row in rows], dtype=np.int64) for i in range(3))
    return Days(number, lines, used, np.array([np.nan if row[3] is None else float(row[3]) for row in rows]))


def _counts(con: Any, source: Source, quality: Quality) -> list[Finding]:
    """The findings that are counts already; examples are fetched for those there are."""
    examples: dict[str, tuple[str, ...]] = {}
    totals: dict[str, Decimal | None] = {}
    money = source.reading.money

    def events(name: str, count: int | None, what: str, condition: str, wording: str) -> None:
        if count:
            rows = _rows(con, ask.events_where(what, condition))
            examples[name] = tuple(
                dated(row[0], row[1], f"{row[2]:,.2f}" if wording == "money" else counted(int(row[2]), "line"))
                for row in rows
            )

    if quality.lines_without_customer:
        examples["lines_without_customer"] = _days_of_lines(con, WITHOUT_CUSTOMER)
        if money:
            totals["lines_without_customer"] = _rows(con, ask.money_without_customer())[0][0]
    if quality.lines_without_date:
        rows = _rows(con, ask.without_date(source.reading))
        examples["lines_without_date"] = tuple(
            dated(None, row[0], "" if row[1] is None else f"{row[1]:,.2f}") for row in rows
        )
    if quality.lines_after_end:
        examples["lines_after_end"] = _days_of_lines(con, AFTER_END)
    if quality.first_unreadable_date:
        examples["lines_unreadable_date"] = (quality.first_unreadable_date,)
    if quality.customers_before_start and quality.observation_start:
        rows = _rows(con, ask.customers_where(ask.before(quality.observation_start), "first_purchase_day"))
        examples["customers_before_start"] = tuple(dated(*row) for row in rows)
    if quality.customers_without_purchase:
        rows = _rows(con, ask.customers_where("purchases = 0", "first_day"))
        examples["customers_without_purchase"] = tuple(dated(*row) for row in rows)
    events("same_event_merges", quality.same_event_merges, "lines", "lines > 1", "lines")
    if money:
        events("zero_amounts", quality.zero_amount_lines, "zero_lines", "zero_lines > 0", "lines")
        left = "refund_lines > 0 AND total < 0" if quality.event_grain != "line" else "refund_lines > 0"
        what = "total" if quality.event_grain != "line" else "refund_total"
        events("refunds_left", quality.refunds_left, what, left, "money")
        events("refunds_netted", quality.refund_events, "refund_total", "refund_total < total", "money")
        events("refunds_dropped", quality.refund_lines, "refund_total", "refund_lines > 0", "money")
    return of_counts(quality, examples, totals)


def _days_of_lines(con: Any, reason: int) -> tuple[str, ...]:
    rows = _rows(con, ask.days_of_lines(reason))
    return tuple(dated(row[0], what=counted(int(row[1]), "line")) for row in rows)


def _currencies(con: Any, source: Source, quality: Quality) -> Finding | str | None:
    if source.names.currency is None:
        return "no such column"
    rows = [(str(row[0]), int(row[1]), row[2]) for row in _rows(con, ask.currencies(source.reading)) if row[0]]
    if len(rows) < 2:
        return None
    other = sum(lines for _, lines, _ in rows[1:])
    examples = tuple(
        f"{name[:20]}: {counted(lines, 'line')}" + ("" if total is None else f", {total:,.2f}")
        for name, lines, total in rows[: ask.EXAMPLES]
    )
    return Finding(
        "several_currencies",
        f"Lines in another currency than {rows[0][0][:20]}",
        other,
        "lines",
        other / quality.lines,
        None,
        examples,
        f"Column {source.names.currency!r} names {len(rows):,} currencies, and amounts were summed as they stand: "
        "spend, revenue and value are in no currency at all.",
        "Convert the amounts to one currency first, or keep one currency and fit each apart.",
        LOOK,
    )


def _future(days: Days, quality: Quality, today: date) -> Finding | None:
    late = days.day > day_number(today)
    lines = int(days.lines[late].sum())
    if not lines:
        return None
    end_is_late = day_of(quality.observation_end) > today
    longer = (
        f"Observation ends at {quality.observation_end}, so that every T is too long and everybody seems to have "
        "stopped buying."
        if end_is_late
        else "They lie after observation_end, and were left out."
    )
    first = [dated(int(n), what=counted(int(c), "line")) for n, c in zip(days.day[late], days.lines[late], strict=True)]
    return Finding(
        "future_dates",
        f"Lines dated after today ({today})",
        lines,
        "lines",
        lines / quality.lines,
        None,
        tuple(first[: ask.EXAMPLES]),
        f"Typing errors, orders in advance, or month and day confused. {longer}",
        "Correct the dates" + (f", and pass observation_end='{_last_good(days, today)}'." if end_is_late else "."),
        LOOK if end_is_late else NOTE,
    )


def _last_good(days: Days, today: date) -> date:
    past = days.day[days.day <= day_number(today)]
    return day(int(past[-1])) if len(past) else today


def _duplicates(con: Any, log: object, source: Source, quality: Quality) -> Finding | None:
    columns = count_repeated(con, log, source, quality.event_grain)
    if columns is None:
        return None
    lines, with_customer, total = _rows(con, ask.repeated_counts(source.reading))[0]
    if not lines:
        return None
    rows = _rows(con, ask.repeated_examples(source.reading))
    examples = tuple(
        dated(moment, customer, ("" if amount is None else f"{amount:,.2f}, ") + f"{copies} times")
        for moment, customer, amount, copies in rows
    )
    share = int(lines) / quality.lines
    merged = (
        "Each counts as a purchase of its own"
        if quality.event_grain == "line"
        else "Frequency does not change, since they fall into one purchase, but its amount counts several times"
    )
    return Finding(
        "exact_duplicates",
        "Lines that repeat another one exactly",
        int(lines),
        "lines",
        share,
        total,
        examples,
        f"Equal in all {columns} columns; {'all' if with_customer == lines else f'{int(with_customer):,}'} of them "
        f"have a customer. {merged}: too much if they were loaded twice, right if the same thing was sold twice.",
        "If they were loaded twice, drop the copies first: log.drop_duplicates() in pandas, SELECT DISTINCT in SQL.",
        LOOK if share >= 0.005 or quality.event_grain == "line" else NOTE,
    )


def _outlying(con: Any, source: Source, quality: Quality) -> Finding | str | None:
    if not source.reading.money:
        return "no amounts"
    refunds = quality.refunds
    histogram = np.array(_rows(con, ask.amounts_histogram(refunds)), dtype=float).reshape(-1, 2)
    share = np.cumsum(histogram[:, 1]) / max(histogram[:, 1].sum(), 1)
    if histogram[:, 1].sum() < LEAST_AMOUNTS:
        return f"needs {LEAST_AMOUNTS} purchases"
    low, middle, high = ((histogram[np.searchsorted(share, at), 0] + 0.5) / ask.BINS for at in (0.25, 0.5, 0.75))
    reach = max(FENCE * (high - low), LEAST_FENCE)
    upper, lower = (Decimal(f"{np.exp(limit):.3g}") for limit in (high + reach, low - reach))
    con.execute(ask.outlying_table(refunds, quality.event_grain, lower, upper))
    above, money_above, below, money_below, back = _rows(con, ask.outlying_counts(upper))[0]
    if not above + below:
        return None
    revenue = quality.revenue or Decimal(0)
    told = [
        f"{above:,} above {upper:,f} ({percent(float(money_above / revenue))} of revenue)" if above else "",
        f"{below:,} below {lower:,f}" if below else "",
    ]
    examples = tuple(
        dated(n, customer, f"{value:,.2f}" + (", then taken back by a refund" if taken_back else ""))
        for n, customer, value, taken_back in _rows(con, ask.outlying_examples())
    )
    cancelled = ""
    advice = "Look at the largest: cap or remove what is no ordinary purchase, and fit once with and once without them."
    if back:
        cancelled = (
            f" Of those above, {back:,} {'was' if back == 1 else 'were'} taken back, half or more, by a refund of the "
            "same customer on the same day or later: cancelled orders that still count."
        )
        if refunds == "drop":
            advice = f"Pass refunds='net', which takes cancelled orders back. {advice}"
        elif quality.event_grain == "line":
            advice = f"Pass event_grain='day', so that cancelled orders are netted. {advice}"
        else:
            advice = f"Remove cancelled orders together with their refunds. {advice}"
    weight = float(money_above / revenue) if above and revenue else 0.0
    return Finding(
        "outlying_amounts",
        "Purchases of an outlying amount",
        above + below,
        "purchases",
        (above + below) / quality.purchases,
        (money_above or Decimal(0)) + (money_below or Decimal(0)),
        examples,
        f"The middle one is {rounded(float(np.exp(middle)))}; {' and '.join(filter(None, told))}, further from "
        f"the middle half than {FENCE:.0f} times its width on the log scale, and 10 times in money.{cancelled} They "
        "bend the spend model, which has one shape for everybody, and the value of their customers rests on them.",
        advice,
        LOOK if weight >= 0.005 or back else NOTE,
    )


def _span(days: Days, quality: Quality, today: date) -> tuple[int, int]:
    """First and last day of lines used, without a stray early line and without days after today or the end."""
    until = min(day_number(day_of(quality.observation_end)), day_number(today))
    inside = (days.day <= until) & (days.used > 0)
    if quality.observation_start is not None:
        inside &= days.day >= day_number(quality.observation_start)
    if not inside.any():
        return 0, -1
    number, used = days.day[inside], days.used[inside]
    return int(number[np.searchsorted(np.cumsum(used), 0.001 * used.sum())]), int(number[-1])


def _weekly(number: NDArray[np.int64], values: NDArray[Any], first: int, weeks: int) -> NDArray[np.float64]:
    inside = (number >= first) & (number < first + 7 * weeks)
    return np.bincount((number[inside] - first) // 7, values[inside], weeks).astype(float)


def _older(con: Any, days: Days, quality: Quality, today: date) -> Finding | str | None:
    first, last = _span(days, quality, today)
    weeks = (last - first + 1) // 7
    rows = np.array(_rows(con, ask.first_purchases(quality.observation_start)), dtype=np.int64).reshape(-1, 2)
    found = calendar_patterns.older_customers(_weekly(rows[:, 0], rows[:, 1], first, max(weeks, 0)), first)
    if not isinstance(found, calendar_patterns.OlderCustomers):
        return found
    kept = int(rows[rows[:, 0] >= found.settled, 1].sum())
    return Finding(
        "older_customers",
        "Customers who look as though they had bought before the log began",
        found.surplus,
        "customers",
        found.surplus / quality.customers,
        None,
        tuple(
            f"{day(first + 7 * week)}: {int(count):,} new in that week"
            for week, count in enumerate(_weekly(rows[:, 0], rows[:, 1], first, ask.EXAMPLES))
        ),
        f"An estimate from below: at first {found.early:,.0f} 'new' customers a week, in the second half of the log "
        f"{rounded(found.later)}. The surplus are old customers taken for new ones (or an opening campaign). Their T "
        "is too short and their first purchase a repeat purchase, so the fit mixes loyal customers with newcomers: "
        "purchase rates too high, lifetimes wrong.",
        f"Pass observation_start='{day(found.settled)}', which keeps the {kept:,} customers first seen from then on, "
        "or add the lines from before.",
        LOOK,
    )


def _gaps(days: Days, quality: Quality, today: date) -> Finding | str | None:
    until = min(day_number(day_of(quality.observation_end)), day_number(today))
    past = days.day <= until
    if not past.any():
        return None
    found = calendar_patterns.gaps(days.day[past], days.lines[past], int(days.day[0]), until)
    if found is None:
        return "too few lines"
    unit = "day" if found.step == 1 else "week"
    beyond = [run for run in found.runs if run[2] > found.longest_by_chance]
    busy = found.step == 1 and float(np.median(days.lines[past])) >= CLOSED_DAYS_MATTER
    runs = found.runs if busy else tuple(beyond)
    if not runs:
        return None
    longest = sorted(sorted(runs, key=lambda run: (-run[2], run[0]))[: ask.EXAMPLES])
    examples = tuple(
        f"{day(start)}" + (f" to {day(start + length - 1)}: {counted(size, unit)}" if length > 1 else "")
        for start, length, size in longest
    )
    count = sum(run[2] for run in runs)
    usual = "" if found.step == 7 else ", beyond days of the week that have none as a rule"
    chance = (
        f" {len(beyond):,} {'is' if len(beyond) == 1 else 'are'} longer than chance would leave empty."
        if beyond
        else " None is longer than holidays or chance would leave empty."
    )
    return Finding(
        "gaps",
        f"{unit.capitalize()}s without any line",
        count,
        f"{unit}s",
        count / ((until - int(days.day[0]) + 1) / found.step),
        None,
        examples,
        f"In {counted(len(runs), 'gap')}{usual}; the longest are shown.{chance} If lines are missing, customers seem "
        "to buy less often, and to have left if the gap is at the end.",
        "If the business was closed, nothing. Else find the missing lines; if the gap is at the end, pass the last day "
        "that is complete as observation_end.",
        LOOK if beyond else NOTE,
    )


def _level(con: Any, days: Days, quality: Quality, today: date) -> Finding | str | None:
    first, last = _span(days, quality, today)
    weeks = (last - first + 1) // 7
    start = last + 1 - 7 * weeks  # whole weeks that end with the log: what is left over stands at its beginning
    lines = _weekly(days.day, days.used, start, max(weeks, 0))
    if weeks and float(np.median(lines)) < calendar_patterns.LEAST_LINES:
        return f"needs {calendar_patterns.LEAST_LINES} lines a week"
    by_lines = calendar_patterns.level_changes(lines, start)
    if by_lines is None:
        return f"needs {2 * calendar_patterns.WINDOW + 4} weeks"
    by_money: tuple[calendar_patterns.Change, ...] = ()
    if quality.revenue is not None:
        money = _weekly(days.day, np.nan_to_num(days.total), start, weeks)
        by_money = calendar_patterns.level_changes(money, start) or ()
    changes = [(change, "lines") for change in by_lines] + [(change, "revenue") for change in by_money]
    changes.sort(key=lambda pair: (pair[0].day, pair[1]))
    if not changes:
        return None
    rows = np.array(_rows(con, ask.first_purchases(quality.observation_start)), dtype=np.int64).reshape(-1, 2)
    cohort = _is_cohort(rows, changes[0][0], last)
    return Finding(
        "level_changes",
        "Sudden changes of level",
        len({change.day for change, _ in changes}),
        "weeks",
        None,
        None,
        tuple(
            f"week of {day(change.day)}: {what} a week from {rounded(change.before)} to {rounded(change.after)}"
            for change, what in changes[: ask.EXAMPLES]
        ),
        "The usual week (the middle one of six) changes by half or more, and by 5 times what weeks differ. "
        + (
            "Hardly any customer is new after it: the log follows a cohort, and this is where nobody joins any more."
            if cohort
            else "A new shop, country or till, prices, or lines that were not loaded. The models take every customer's "
            "rate as constant, and see such a change as customers who leave or become busier."
        ),
        "Nothing."
        if cohort
        else "Find out what changed. If it is in the data, mend it; if it is in the business, fit the time since "
        f"(observation_start='{day(changes[-1][0].day)}') and before (observation_end) apart and compare.",
        NOTE if cohort else LOOK,
    )


def _is_cohort(first_purchases: NDArray[np.int64], change: calendar_patterns.Change, last: int) -> bool:
    number, customers = first_purchases[:, 0], first_purchases[:, 1]
    settled = change.day + 7 * calendar_patterns.WINDOW
    return bool(last > settled and customers[number >= settled].sum() <= 0.01 * customers.sum())
