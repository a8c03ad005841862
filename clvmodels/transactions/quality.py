"""What was found in a log on the way to its summary: counts, and a report that a newcomer can read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True)
class Quality:
    """Counts of one pass over a transaction log.

    Every line of the log is in exactly one of ``lines_used``, ``lines_without_customer``, ``lines_without_date``,
    ``lines_unreadable_date`` and ``lines_after_end``. What comes after these speaks of the lines used, those of
    customers who are left out of the summary in the end included. Money is exact; it is None where the log has no
    amount.
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

    @property
    def refunds_left_share(self) -> float | None:
        """Size of the refunds left over as a share of revenue; None without amounts or without revenue."""
        if self.refunds_left_total is None or not self.revenue:
            return None
        return float(-self.refunds_left_total / self.revenue)

    def __str__(self) -> str:
        """Return the report, one finding a line."""
        return "\n".join(self.report())

    def report(self) -> list[str]:
        """Lines of the report: what was read, what was left out, what was merged and netted."""
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
                (self.customers_without_purchase, "customer", "who never bought anything (refunds only)"),
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


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
