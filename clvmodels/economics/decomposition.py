"""What changed between two periods: by customers, frequency and order value, and by who came, stayed and went."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from math import factorial, isclose, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import NotEnoughData
from ..inference import looks
from .period_books import Book, open_book
from .shown_tables import html_table, signed
from .windows import Bought, bought_in, two_windows

if TYPE_CHECKING:
    import pandas as pd

    from .periods import Window

# what is explained -> its factors
FACTORS = {
    "orders": ("customers", "orders_per_customer"),
    "revenue": ("customers", "orders_per_customer", "average_order_value"),
    "profit": ("customers", "orders_per_customer", "average_order_value", "margin"),
}
# where orders that cost something bring no revenue at all, there is no margin
WITHOUT_REVENUE = ("customers", "orders_per_customer", "profit_per_order")
WORDS = {
    "customers": "number of customers",
    "orders_per_customer": "orders per customer",
    "average_order_value": "average order value",
    "margin": "margin",
    "profit_per_order": "profit per order",
}
GROUPS = ("lost", "kept", "returned", "new")


@dataclass(frozen=True)
class PeriodChange:
    """What changed between two periods; made by `change_between`.

    Attributes
    ----------
    of
        What is explained: "profit" where costs or a margin were given, else "revenue", without amounts "orders".
    before, after
        Names of the periods.
    factors
        A row a factor and a last row of the whole: factor, before, after, effect (in money; they add up to the change)
        and share_of_change.
    customers
        A row a group of customers: group ("lost": bought in the first period only; "kept": in both; "returned": in the
        second only, but had bought earlier; "new": first purchase in the second), customers, orders_before,
        orders_after, total_before, total_after and change, of what is explained. The last row is all of them.

    Examples
    --------
    >>> import clvmodels as clv
    >>> found = clv.economics.change_between(clv.load_cdnow(sample=True), "1997-Q2", "1997-Q3")
    >>> found
    PeriodChange of revenue, 1997-Q2 to 1997-Q3
    >>> found.customers["change"].round(2).tolist()
    [-16606.43, -436.22, 10400.33, 0.0, -6642.32]
    """

    of: str
    before: str
    after: str
    factors: pd.DataFrame
    customers: pd.DataFrame

    def __repr__(self) -> str:
        return f"PeriodChange of {self.of}, {self.before} to {self.after}"

    def __str__(self) -> str:
        return "\n".join(self._sentences())

    def _repr_html_(self) -> str:
        parts = [looks.line(sentence) for sentence in self._sentences()]
        factors = self.factors.assign(factor=self.factors["factor"].str.replace("_", " "))
        return looks.card(f"What changed: {self.of}", *parts, html_table(factors), html_table(self.customers))

    def _sentences(self) -> list[str]:
        whole = self.factors.iloc[-1]
        change = whole["effect"]
        moved = (
            "did not change" if change == 0 else f"{'rose' if change > 0 else 'fell'} by {looks.figure(abs(change))}"
        )
        share = f" ({100 * change / whole['before']:+.1f} %)" if change and whole["before"] else ""
        first, second = (looks.figure(whole[when]) for when in ("before", "after"))
        head = f"{self.of.capitalize()} {moved}{share}, from {first} ({self.before}) to {second} ({self.after})."
        effects = [f"{WORDS[str(row.factor)]} {signed(row.effect)}" for row in self.factors.iloc[:-1].itertuples()]
        rows = {row.group: row for row in self.customers.itertuples()}
        groups = [f"{rows[name].customers:,} {name} {signed(rows[name].change)}" for name in GROUPS]
        return [head, f"Of the change: {'; '.join(effects)}.", f"By customers: {'; '.join(groups)}."]


def change_between(
    log: object,
    before: object = None,
    after: object = None,
    *,
    margin: float | None = None,
    cost: str | None = None,
    **reading: Any,
) -> PeriodChange:
    r"""Split the change between two periods into customers, orders per customer and average order value.

    Revenue is the product R = C · F · V of customers who bought, orders per customer and average order value (and
    profit that times the margin). A factor's effect is its Shapley value: the change that it makes when the factors
    move from the first period's value to the second's one after the other, averaged over all orders in which they can;
    effects add up to the change, none is favoured, and zeros and losses do no harm. With two factors it is
    $\Delta C (F_0 + F_1)/2$ and $\Delta F (C_0 + C_1)/2$. Source: Shorrocks (2013), Decomposition procedures for
    distributional analysis, Journal of Economic Inequality 11(1), 99-126; Ang (2004), Energy Policy 32(9), 1131-1139,
    lists it (as Sun's method) among the perfect decompositions.

    Parameters
    ----------
    log
        As for `summarize`, or what `read_purchases` gave.
    before, after
        Two periods: "1997", "1997-Q1", "1997-01" or a pair of the first and the last day. By default the last two
        whole years of the log, or quarters, months, weeks. Warns of one that the log does not cover, and of two that
        differ in length.
    margin, cost
        As for `kpis`; profit is then explained instead of revenue.
    **reading
        As for `summarize`.

    Returns
    -------
    PeriodChange
        Tables by factor and by group of customers. Where nothing was bought in a period its ratios are taken as the
        other's: all of the change is then the customers'.

    Raises
    ------
    InvalidInput, NotEnoughData
        Whatever `summarize` refuses; periods that are none, overlap, or in both of which nobody bought.
    NotAvailable
        If a margin is given and the log holds no money.

    Examples
    --------
    >>> import clvmodels as clv
    >>> print(clv.economics.change_between(clv.load_cdnow(sample=True), "1997-Q2", "1997-Q3"))
    Revenue fell by 6,642 (-19.8 %), from 33,630 (1997-Q2) to 26,987 (1997-Q3).
    Of the change: number of customers -6,824; orders per customer -369.5; average order value +550.8.
    By customers: 310 lost -16,606; 214 kept -436.2; 204 returned +10,400; 0 new +0.
    """
    book = open_book("change_between", log, margin, cost, reading)
    return change_of(book, *two_windows(book, before, after))


def change_of(book: Book, before: Window, after: Window) -> PeriodChange:
    """The answer of `change_between`, of a book that is open."""
    bought = [bought_in(book, window) for window in (before, after)]
    of = "profit" if book.earns else "revenue" if book.money else "orders"
    if not any(each.orders.any() for each in bought):
        raise NotEnoughData(f"nobody bought anything in {before.name} and {after.name}")
    return PeriodChange(of, before.name, after.name, _factors(of, *bought), _customers(of, *bought))


def _factors(of: str, first: Bought, second: Bought) -> pd.DataFrame:
    import pandas as pd

    sums = [_sums(of, each) for each in (first, second)]
    names = FACTORS[of]
    if any(each[2:] and each[2] == 0 != each[-1] for each in sums):
        names, sums = WITHOUT_REVENUE, [[*each[:2], each[-1]] for each in sums]
    levels = [[each[0], *(part / whole if whole else float("nan") for whole, part in pairwise(each))] for each in sums]
    known = [
        [own if own == own else other if other == other else 0.0 for own, other in zip(mine, theirs, strict=True)]
        for mine, theirs in (levels, levels[::-1])
    ]
    same = [isclose(own, other, rel_tol=1e-12) for own, other in zip(*known, strict=True)]
    known[1] = [own if alike else other for own, other, alike in zip(*known, same, strict=True)]
    effects = shapley(*known)
    totals = [each[-1] for each in sums]
    change = totals[1] - totals[0]
    return pd.DataFrame(
        {
            "factor": [*names, of],
            "before": [*levels[0], totals[0]],
            "after": [*levels[1], totals[1]],
            "effect": [*effects, change],
            "share_of_change": [effect / change if change else float("nan") for effect in (*effects, change)],
        }
    )


def shapley(before: list[float], after: list[float]) -> list[float]:
    """What each factor adds to the change of their product: its mean over all orders in which they can change.

    >>> shapley([10.0, 2.0], [15.0, 4.0])
    [15.0, 25.0]
    """
    n = len(before)
    found = []
    for i in range(n):
        others = [j for j in range(n) if j != i]
        effect = 0.0
        for size in range(n):
            weight = factorial(size) * factorial(n - 1 - size) / factorial(n)
            for moved in combinations(others, size):
                effect += weight * prod(after[j] if j in moved else before[j] for j in others)
        found.append(effect * (after[i] - before[i]))
    return found


def _sums(of: str, each: Bought) -> list[float]:
    """Customers, orders, revenue and profit, as far as they matter."""
    found = {"orders": each.orders, "revenue": each.revenue, "profit": each.profit}
    wanted = {"orders": ["orders"], "revenue": ["orders", "revenue"], "profit": ["orders", "revenue", "profit"]}[of]
    return [float(np.count_nonzero(each.orders)), *(float(np.sum(np.asarray(found[name]))) for name in wanted)]


def _total(of: str, each: Bought) -> Any:
    return {"orders": each.orders, "revenue": each.revenue, "profit": each.profit}[of]


def _customers(of: str, first: Bought, second: Bought) -> pd.DataFrame:
    import pandas as pd

    there = [each.orders > 0 for each in (first, second)]
    # the number of the group in GROUPS, and beyond them whoever bought in neither
    group = np.where(there[0], np.where(there[1], 1, 0), np.where(there[1], np.where(second.new, 3, 2), 4))
    size = len(GROUPS)

    def summed(values: Any) -> Any:
        by_group = np.bincount(group, values, size + 1)[:size]
        return np.append(by_group, by_group.sum())

    columns = {"group": [*GROUPS, "all"], "customers": summed(None).astype(np.int64)}
    columns |= {f"orders_{when}": summed(e.orders) for when, e in (("before", first), ("after", second))}
    columns |= {f"total_{when}": summed(_total(of, e)) for when, e in (("before", first), ("after", second))}
    table = pd.DataFrame(columns)
    return table.assign(change=table["total_after"] - table["total_before"])
