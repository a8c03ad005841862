"""What the quality report says: a finding is a value, and everything here is its wording."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from .moments import from_day_number
from .sql import REFUNDS

LOOK, NOTE = "look", "note"
NOTHING = "Nothing."  # what most notes ask for

# every finding there is, the most important first: its key, and what the report calls it when there is nothing to say
SOUGHT = {
    "several_currencies": "several currencies",
    "older_customers": "customers older than the log",
    "future_dates": "dates in the future",
    "lines_unreadable_date": "dates that cannot be read",
    "lines_without_date": "lines without a date",
    "lines_without_customer": "lines without a customer",
    "outlying_amounts": "outlying amounts",
    "refunds_left": "refunds left over",
    "level_changes": "sudden changes of level",
    "gaps": "gaps",
    "exact_duplicates": "exact duplicates",
    "zero_amounts": "amounts of 0",
    "refunds_dropped": "refunds left out",
    "refunds_netted": "refunds netted",
    "customers_without_purchase": "customers who never bought",
    "customers_before_start": "customers before observation_start",
    "lines_after_end": "lines after observation_end",
    "same_event_merges": "lines merged",
}

# no news when they are not there, or told in the first lines of the report in any case
PLAIN = (
    "zero_amounts",
    "refunds_left",
    "refunds_dropped",
    "refunds_netted",
    "customers_without_purchase",
    "customers_before_start",
    "lines_after_end",
    "same_event_merges",
)


@dataclass(frozen=True)
class Finding:
    """Something about a log that its owner should know.

    Attributes
    ----------
    name, title
        Its key, such as ``"gaps"``, and what the report calls it.
    count, of, share
        How many, of what (lines, customers, purchases ...), and as a share of these between 0 and 1; None where there
        is no such whole.
    total
        The money in it, exact; None where there is none.
    examples
        At most three, in the order of their dates.
    meaning, advice
        What it is and what it does to a fit; what to do.
    level
        Whether anybody should ("look") or need not ("note").

    Examples
    --------
    >>> Finding("gaps", "Days without any line", 9, "days", 9 / 365, None, ("2024-12-24 to 2025-01-01",),
    ...         "No line on them.", "Check.", "note").headline
    'Days without any line: 9 (2.5% of days)'
    """

    name: str
    title: str
    count: int
    of: str
    share: float | None
    total: Decimal | None
    examples: tuple[str, ...]
    meaning: str
    advice: str
    level: str

    @property
    def headline(self) -> str:
        """Title, count, share and money in one line."""
        share = "" if self.share is None else f" ({percent(self.share)} of {self.of})"
        money = "" if self.total is None else f", {self.total:,.2f} in all"
        return f"{self.title}: {self.count:,}{share}{money}"


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """What somebody should look at first, and within that the most important first."""
    ranks = list(SOUGHT)
    return tuple(sorted(findings, key=lambda finding: (finding.level != LOOK, ranks.index(finding.name))))


def of_counts(quality: Any, examples: dict[str, tuple[str, ...]], totals: dict[str, Decimal | None]) -> list[Finding]:
    """What the counts of a `Quality` alone say; examples and money by the finding's name."""
    lines, grain = quality.lines, quality.event_grain
    everybody = quality.customers + quality.customers_before_start + quality.customers_without_purchase
    found: list[Finding] = []

    def say(
        name: str, title: str, count: int | None, whole: int, of: str, meaning: str, advice: str, at: float
    ) -> None:
        if count:
            share = count / whole if whole else None
            level = LOOK if share is not None and share >= at else NOTE
            told = examples.get(name, ())
            found.append(Finding(name, title, count, of, share, totals.get(name), told, meaning, advice, level))

    say(
        "lines_without_customer",
        "Lines without a customer",
        quality.lines_without_customer,
        lines,
        "lines",
        "Left out: nobody's history can hold them. The customers' values together are too low by what such sales are "
        "worth; if the lines belong to known customers, these seem to buy less often than they do.",
        "If they are guest orders or till sales, nothing. Else fill the column in, for example from the order table.",
        0.01,
    )
    say(
        "lines_without_date",
        "Lines without a date",
        quality.lines_without_date,
        lines,
        "lines",
        "Left out: a purchase without a date cannot be placed in a history, so their customers seem to buy less.",
        "Fill the date in, or pass date= with a column that is always filled, such as the order's date.",
        0.001,
    )
    say(
        "lines_unreadable_date",
        "Lines with a date that cannot be read",
        quality.lines_unreadable_date,
        lines,
        "lines",
        "Left out, as if there was no date: their customers seem to buy less often than they do.",
        "Mend them, or pass the date_format that all dates are written in.",
        0.0,
    )
    say(
        "lines_after_end",
        "Lines after observation_end",
        quality.lines_after_end,
        lines,
        "lines",
        f"Left out, as asked: observation ends at {quality.observation_end}.",
        "Nothing, if the end was meant so.",
        2.0,
    )
    say(
        "customers_before_start",
        "Customers who first bought before observation_start",
        quality.customers_before_start,
        everybody,
        "customers",
        f"Left out, as asked: they bought before {quality.observation_start}, and what they did then is not in the "
        "log. They get no row and no value.",
        "Nothing for the fit. To value them as well, predict from a summary made without observation_start.",
        2.0,
    )
    say(
        "customers_without_purchase",
        "Customers who never bought anything",
        quality.customers_without_purchase,
        everybody,
        "customers",
        "Left out: all their lines are refunds, or refunds took everything back. The purchases that were refunded may "
        "lie before the log begins.",
        "Nothing, if they are few.",
        0.05,
    )
    say(
        "same_event_merges",
        "Lines merged into another one",
        quality.same_event_merges,
        quality.lines_used,
        "lines used",
        f"Lines of one customer and {grain} are one purchase, amounts summed.",
        "Nothing, if the lines are parts of orders. If every line is a purchase of its own, pass event_grain='line'.",
        2.0,
    )
    say(
        "zero_amounts",
        "Lines with an amount of 0",
        quality.zero_amount_lines,
        quality.lines_used,
        "lines used",
        "Kept: a free purchase is one. A purchase of nothing but such lines counts in frequency and lowers the mean "
        "spend.",
        "If they are samples, gifts or corrections, take them out of the log first.",
        0.05,
    )
    if quality.refund_lines:
        found += _refunds(quality, examples)
    return found


def _refunds(quality: Any, examples: dict[str, tuple[str, ...]]) -> list[Finding]:
    share = quality.refund_lines / quality.lines_used
    if quality.refunds == "drop":
        return [
            Finding(
                "refunds_dropped",
                "Refund lines left out",
                quality.refund_lines,
                "lines used",
                share,
                quality.refund_total,
                examples.get("refunds_dropped", ()),
                "Left out, as asked: cancelled orders count as purchases, and spend is before refunds.",
                "Pass refunds='net' to take them off the same event.",
                LOOK if quality.revenue and -quality.refund_total >= quality.revenue / 100 else NOTE,
            )
        ]
    found = []
    if quality.refunds_netted:
        found.append(
            Finding(
                "refunds_netted",
                f"Refunds netted, on customer-{quality.event_grain}s with a refund",
                quality.refund_events,
                "purchases",
                None,
                quality.refunds_netted,
                examples.get("refunds_netted", ()),
                f"What could be taken off a purchase of the same {quality.event_grain} was. An event that comes to 0 "
                "or less is no purchase.",
                "Nothing.",
                NOTE,
            )
        )
    if quality.refunds_left:
        money = quality.refunds_left_share
        of = "" if money is None else f" They come to {percent(money)} of revenue."
        later = (
            "pass refunds='carry_back', which takes them off the customer's latest earlier purchases"
            if "carry_back" in REFUNDS
            else "date the refunds like their purchases in the log, so that they are netted"
        )
        found.append(
            Finding(
                "refunds_left",
                "Refunds left over",
                quality.refunds_left,
                f"customer-{quality.event_grain}s with a refund",
                quality.refunds_left / quality.refund_events,
                quality.refunds_left_total,
                examples.get("refunds_left", ()),
                f"More was given back than bought in that {quality.event_grain}; earlier purchases stay as they are."
                f"{of} Mean spend is too high by about that, and orders that were taken back whole still count.",
                f"If that matters, {later}.",
                LOOK if money is not None and money >= 0.01 else NOTE,
            )
        )
    return found


def dated(when: int | date | str | None, customer: object = None, what: str = "") -> str:
    """An example: its day (or its number, or time), customer, and what happened.

    >>> dated(0, 7.0, "12.50")
    '1970-01-01 customer 7: 12.50'
    """
    if isinstance(when, datetime):
        when = f"{when:%Y-%m-%d %H:%M}" if when.time() != time(0) else when.date()
    words = ["no date" if when is None else str(from_day_number(when) if isinstance(when, int) else when)]
    if customer is not None:
        words.append(f"customer {shown(customer)}")
    return " ".join(words) + (f": {what}" if what else "")


def shown(value: object) -> str:
    """An identifier as its owner writes it: whole floats as integers, nothing that moves the cursor."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "".join(sign if sign.isprintable() else "?" for sign in str(value))
    return text if len(text) <= 40 else f"{text[:39]}…"


def counted(number: int, noun: str) -> str:
    """A number and its noun.

    >>> counted(1, "line"), counted(1200, "line")
    ('1 line', '1,200 lines')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def percent(share: float) -> str:
    """A share with two figures, so that a small one does not read as none.

    >>> percent(0.2493), percent(0.00012), percent(1.0)
    ('25%', '0.012%', '100%')
    """
    return f"{100 * share:.2g}%" if share < 0.995 else f"{100 * share:.0f}%"


def rounded(number: float) -> str:
    """A number with three figures, or none after the point.

    >>> rounded(10072.4), rounded(302.5), rounded(26.84)
    ('10,072', '302', '26.8')
    """
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
