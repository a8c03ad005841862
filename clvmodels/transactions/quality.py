"""What was found in a log on the way to its summary: counts, and a report that a newcomer can read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from html import escape
from textwrap import fill
from typing import Any

from .findings import LOOK, NOTHING, Finding

WIDTH = 98
# notes whose fact the first lines of the report tell already
TOLD = (
    "lines_without_customer",
    "lines_without_date",
    "lines_unreadable_date",
    "lines_after_end",
    "customers_before_start",
    "customers_without_purchase",
    "same_event_merges",
    "zero_amounts",
    "refunds_netted",
    "refunds_left",
    "refunds_dropped",
)


@dataclass(frozen=True)
class Quality:
    """Counts of one pass over a transaction log, and what they and a closer look say.

    Every line of the log is in exactly one of ``lines_used``, ``lines_without_customer``, ``lines_without_date``,
    ``lines_unreadable_date`` and ``lines_after_end``. Purchases and money are those of the lines used, of customers who
    are left out of the summary in the end too. Money is exact (decimals); it, and the counts of refunds and of amounts
    of 0, are None where the log has no amount. Printed, it is a report; in a notebook, a table; `to_frame` gives the
    findings as a frame.

    Attributes
    ----------
    lines, lines_used, lines_without_customer, lines_without_date, lines_unreadable_date, lines_after_end
        Lines read, and what became of them.
    first_date, last_date, first_unreadable_date
        Days of the first and last line that has one; the first text that is no date, None if there is none.
    observation_start, observation_end, event_grain, refunds
        The settings they were read with.
    customers, customers_before_start, customers_without_purchase
        In the summary; left out because they first bought before observation_start; and because they bought nothing.
    purchases, same_event_merges
        Events in which something was bought, first ones included; lines merged into another line of the same event.
    zero_amount_lines, refund_lines, refund_total
        Lines with an amount of 0; those below 0 and their sum, at most 0.
    refund_events, refund_only_events
        Events (customer and day, if that is the grain) with a refund; those of them without anything bought.
    refunds_netted, refunds_left, refunds_left_total
        Money taken off in the same event; events whose refunds were more than was there to take them off, and what is
        left of them. Both sums are at most 0.
    refunds_carried_back, purchases_reduced, purchases_emptied
        With ``refunds="carry_back"``: money taken off earlier events, how many of them, and how many came to nothing.
    revenue
        Sum of all purchases, after the refunds that were taken off.
    findings
        What there is to say, each a `Finding`, what somebody should look at first.
    not_found, not_judged
        What was looked for in vain, and what such a log does not tell.

    Examples
    --------
    >>> import clvmodels as clv
    >>> quality = clv.summarize(clv.load_cdnow(sample=True)).quality
    >>> [finding.name for finding in quality.findings]
    ['outlying_amounts', 'level_changes', 'exact_duplicates', 'zero_amounts', 'same_event_merges']
    """

    lines: int
    lines_used: int
    lines_without_customer: int
    lines_without_date: int
    lines_after_end: int
    first_date: date
    last_date: date
    observation_start: date | None
    observation_end: date | datetime
    event_grain: str
    refunds: str
    customers: int
    customers_before_start: int
    customers_without_purchase: int
    purchases: int
    same_event_merges: int
    zero_amount_lines: int | None = None
    refund_lines: int | None = None
    refund_total: Decimal | None = None
    refund_events: int | None = None
    refund_only_events: int | None = None
    refunds_netted: Decimal | None = None
    refunds_left: int | None = None
    refunds_left_total: Decimal | None = None
    revenue: Decimal | None = None
    lines_unreadable_date: int = 0
    first_unreadable_date: str | None = None
    refunds_carried_back: Decimal | None = None
    purchases_reduced: int | None = None
    purchases_emptied: int | None = None
    findings: tuple[Finding, ...] = ()
    not_found: tuple[str, ...] = ()
    not_judged: tuple[str, ...] = ()

    @property
    def refunds_left_share(self) -> float | None:
        """Size of the refunds left over as a share of revenue, at least 0; None without amounts or without revenue.

        >>> import pandas
        >>> import clvmodels as clv
        >>> log = pandas.DataFrame({"customer_id": 1, "date": ["2024-01-01", "2024-02-01"], "amount": [20.0, -5.0]})
        >>> clv.summarize(log).quality.refunds_left_share
        0.25
        """
        if self.refunds_left_total is None or not self.revenue:
            return None
        return float(-self.refunds_left_total / self.revenue)

    def __str__(self) -> str:
        """Return the report."""
        return "\n".join(self.report())

    def report(self, wording: Callable[[str], str] = str) -> list[str]:
        """Lines of the report: what was read and done, what to look at, what is good to know, what was not found.

        ``wording`` may change how each text names settings, before it is broken into lines. Raises nothing.

        >>> import pandas
        >>> import clvmodels as clv
        >>> log = pandas.DataFrame({"customer_id": [1, 1], "date": ["2024-01-01", "2024-02-01"]})
        >>> clv.summarize(log, amount=None).quality.report()[0]
        '2 lines read, dated 2024-01-01 to 2024-02-01; observed until 2024-02-01'
        """
        look = [finding for finding in self.findings if finding.level == LOOK]
        know = [finding for finding in self.findings if finding.level != LOOK and finding.name not in TOLD]
        lines = self._counts()
        for title, findings in (("TO LOOK AT, the most important first", look), ("GOOD TO KNOW", know)):
            if findings:
                lines += ["", title]
            for number, finding in enumerate(findings, 1):
                lines += _told(finding, f"{number}." if findings is look else "-", wording)
        told = [
            f"{words}: {', '.join(names)}"
            for words, names in (("looked for and not found", self.not_found), ("could not be judged", self.not_judged))
            if names
        ]
        return [*lines, "", *(line for text in told for line in _filled(text, "", "  "))] if told else lines

    def to_frame(self) -> Any:
        """The findings as a pandas DataFrame, one row each: everything a `Finding` holds, under its name.

        Money is exact (decimals as objects, None where there is none); examples are joined by semicolons.

        Examples
        --------
        >>> import pandas
        >>> import clvmodels as clv
        >>> log = pandas.DataFrame({"customer_id": [1, 1, None], "date": ["2024-01-01"] * 3, "amount": [2.0, 0.0, 3.0]})
        >>> clv.summarize(log).quality.to_frame()[["name", "count", "share", "total"]].round(2)
                             name  count  share     total
        0  lines_without_customer      1   0.33  3.000000
        1            zero_amounts      1   0.50      None
        2       same_event_merges      1   0.50      None
        """
        import pandas as pd

        names = [field.name for field in fields(Finding)]
        rows = [[getattr(finding, name) for name in names] for finding in self.findings]
        frame = pd.DataFrame(rows, columns=names).astype({"count": "int64", "share": "float64", "total": "object"})
        frame["examples"] = ["; ".join(finding.examples) for finding in self.findings]
        return frame

    def _repr_html_(self) -> str:
        """Return the report for a notebook; whatever comes from the log is escaped."""
        counts = "<br>".join(escape(line.strip()) for line in self._counts())
        head = "".join(f"<th style='text-align:left'>{name}</th>" for name in ("", "what", "first ones", "what to do"))
        rows = "".join(
            "<tr style='vertical-align:top'>"
            f"<td style='text-align:left'>{'<b>look</b>' if finding.level == LOOK else 'note'}</td>"
            f"<td style='text-align:left;max-width:34em'><b>{escape(finding.headline)}</b><br>"
            f"{escape(finding.meaning)}</td>"
            f"<td style='text-align:left;max-width:18em'>{'<br>'.join(map(escape, finding.examples))}</td>"
            f"<td style='text-align:left;max-width:22em'>{escape(finding.advice)}</td></tr>"
            for finding in self.findings
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
        rest = "".join(
            f"<p>{words}: {escape(', '.join(names))}</p>"
            for words, names in (("Looked for and not found", self.not_found), ("Could not be judged", self.not_judged))
            if names
        )
        return f"<div><p>{counts}</p>{table}{rest}</div>"

    def _counts(self) -> list[str]:
        found = [
            f"{_count(self.lines, 'line')} read, dated {self.first_date} to {self.last_date}; "
            f"observed until {self.observation_end}",
            f"{_count(self.customers, 'customer')} in the summary; the log holds {_count(self.purchases, 'purchase')}",
        ]
        found += [
            f"left out: {_count(number, noun)} {why}"
            for number, noun, why in (
                (self.lines_without_customer, "line", "without a customer"),
                (self.lines_without_date, "line", "without a date"),
                (
                    self.lines_unreadable_date,
                    "line",
                    f"with a date that cannot be read, first {self.first_unreadable_date}",
                ),
                (self.lines_after_end, "line", f"after observation_end ({self.observation_end})"),
                (self.customers_before_start, "customer", f"who first bought before {self.observation_start}"),
                (
                    self.customers_without_purchase,
                    "customer",
                    "of whose purchases refunds leave nothing"
                    if self.refunds == "carry_back"
                    else "who never bought anything (refunds only)",
                ),
            )
            if number
        ]
        if self.event_grain != "line":
            merged = f"merged: {_count(self.same_event_merges, 'line')}"
            into = f" into another line of the same customer and {self.event_grain}; together they are one purchase"
            found.append(merged + (into if self.same_event_merges else ""))
        return found + self._money()

    def _money(self) -> list[str]:
        if self.revenue is None:
            return ["the log has no amounts: purchases are counted, money is not"]
        found = [f"revenue: {self.revenue:,.2f} over all purchases"]
        zeros = f"{_count(self.zero_amount_lines or 0, 'line')} with an amount of 0"
        found.append(f"{zeros}: kept, a free purchase is one" if self.zero_amount_lines else zeros)
        if not self.refund_lines:
            found.append("no refunds (amounts below 0)")
        else:
            found.append(
                f"{_count(self.refund_lines, 'refund line')} (amount below 0), {self.refund_total:,.2f} in all"
            )
            found += self._refunds()
        return found

    def _refunds(self) -> list[str]:
        if self.refunds == "drop":
            return ["  all left out, as asked (refunds='drop'): revenue is before refunds"]
        found = [f"  {self.refunds_netted:,.2f} taken off what the customer bought in the same {self.event_grain}"]
        if self.refunds == "carry_back":
            reduced = _count(self.purchases_reduced or 0, "earlier purchase")
            found.append(
                f"  {self.refunds_carried_back:,.2f} carried back to {reduced} of the same customer, latest first; "
                f"{self.purchases_emptied:,} of these came to nothing and are no purchase"
            )
        if self.refunds_left:
            earlier = "Earlier purchases are not touched"
            if self.refunds == "carry_back":
                earlier = "Nothing was left of what they had bought before"
            share = "" if self.refunds_left_share is None else f" ({self.refunds_left_share:.2%} of revenue)"
            found.append(
                f"  {self.refunds_left_total:,.2f}{share} could not be taken off: on {self.refunds_left:,} of "
                f"{self.refund_events:,} customer-{self.event_grain}s with a refund it was more than was bought; "
                f"{self.refund_only_events:,} had nothing bought. {earlier}"
            )
        return found


def _told(finding: Finding, bullet: str, wording: Callable[[str], str]) -> list[str]:
    """A finding in a few lines: what and how much, what it means, the first ones, what to do."""
    indent = " " * (len(bullet) + 1)
    examples = [f"e.g. {'; '.join(finding.examples)}"] if finding.examples else []
    advice = [] if finding.advice == NOTHING else [f"-> {finding.advice}"]
    more = [wording(finding.meaning), *examples, *map(wording, advice)]
    return [
        *_filled(f"{bullet} {finding.headline}", "", indent),
        *(line for text in more for line in _filled(text, indent, indent)),
    ]


def _filled(text: str, first: str, rest: str) -> list[str]:
    filled = fill(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    return filled.splitlines()


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
