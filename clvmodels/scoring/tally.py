"""What is added up while customers go by: sums over all of them, and the best few."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..models.predictive.intervals import checked_interval
from ..numerics.arrays import Array

MOST = 100  # customers who are kept as the best
BEST = ("customer_id", "p_alive", "expected_purchases", "expected_spend", "clv")


@dataclass(frozen=True)
class Totals:
    """Sums over customers: how many, still alive, purchases, revenue and value; and the longest T.

    Attributes
    ----------
    customers
        Who were scored.
    p_alive, expected_purchases
        Sums of those columns.
    revenue
        Σ expected_purchases · expected_spend; None without money.
    clv
        Sum of the values; None without money.
    longest
        The longest time since a first purchase; None if there is no customer, or the family reads no T.
    purchases_drawn, clv_drawn
        With intervals the sum over customers in each draw.

    Examples
    --------
    >>> Totals(2, 1.5, 3.0) + Totals(1, 0.5, 1.0)
    Totals(customers=3, p_alive=2.0, expected_purchases=4.0, revenue=None, clv=None, longest=None, \
purchases_drawn=(), clv_drawn=())
    """

    customers: int = 0
    p_alive: float = 0.0
    expected_purchases: float = 0.0
    revenue: float | None = None
    clv: float | None = None
    longest: float | None = None
    purchases_drawn: tuple[float, ...] = ()
    clv_drawn: tuple[float, ...] = ()

    def __add__(self, other: Totals) -> Totals:
        """Of both together."""
        return Totals(
            self.customers + other.customers,
            self.p_alive + other.p_alive,
            self.expected_purchases + other.expected_purchases,
            _sum(self.revenue, other.revenue),
            _sum(self.clv, other.clv),
            max((t for t in (self.longest, other.longest) if t is not None), default=None),
            _each(self.purchases_drawn, other.purchases_drawn),
            _each(self.clv_drawn, other.clv_drawn),
        )

    def interval(self, name: str, level: float) -> tuple[float, float] | None:
        """Between what a sum over all customers will lie; None if it was not drawn.

        ``name`` is "expected_purchases" or "clv", ``level`` the probability of lying between the two, such as 0.9.
        Raises InvalidInput for a level that is none.

        >>> Totals(purchases_drawn=(1.0, 2.0, 3.0)).interval("expected_purchases", 0.5)
        (1.5, 2.5)
        """
        drawn = self.purchases_drawn if name == "expected_purchases" else self.clv_drawn
        if not drawn:
            return None
        low, high = np.quantile(np.array(drawn), checked_interval(level))
        return float(low), float(high)


def totals_of(found: Mapping[str, Array], longest: float | None, drawn: Mapping[str, Array]) -> Totals:
    """The sums of one batch."""
    count = found["expected_purchases"]
    money = "clv" in found
    return Totals(
        len(count),
        float(found["p_alive"].sum()),
        float(count.sum()),
        float((count * found["expected_spend"]).sum()) if money else None,
        float(found["clv"].sum()) if money else None,
        longest,
        tuple(map(float, drawn.get("expected_purchases", ()))),
        tuple(map(float, drawn.get("clv", ()))),
    )


def as_text(totals: Totals) -> str:
    """One line of JSON; NaN and infinity as Python writes them."""
    return json.dumps(asdict(totals), sort_keys=True)


def from_text(text: str | bytes) -> Totals:
    """What `as_text` wrote.

    >>> from_text(as_text(Totals(2, 1.5, 3.0, clv=7.25))).clv
    7.25
    """
    content = json.loads(text)
    content |= {name: tuple(content[name]) for name in ("purchases_drawn", "clv_drawn")}
    return Totals(**content)


def best_of(tables: Sequence[Any]) -> Any:
    """The most valuable customers of Arrow tables of the columns `BEST`; without money those who will buy most."""
    import pyarrow as pa

    together = pa.concat_tables(tables)
    by = together.column("clv" if "clv" in together.schema.names else "expected_purchases").to_numpy()
    return together.take(pa.array(top(by)))


def top(values: Array) -> Any:
    """Positions of the largest, largest first; of equal ones the earlier.

    >>> top(np.array([1.0, 3.0, 2.0, 3.0])).tolist()
    [1, 3, 2, 0]
    """
    values = np.where(np.isnan(values), -np.inf, values)
    if len(values) > MOST:
        least = np.partition(values, len(values) - MOST)[len(values) - MOST]
        some = np.flatnonzero(values >= least)
    else:
        some = np.arange(len(values))
    return some[np.argsort(-values[some], kind="stable")][:MOST]


def _sum(one: float | None, other: float | None) -> float | None:
    known = [value for value in (one, other) if value is not None]
    return sum(known) if known else None


def _each(one: tuple[float, ...], other: tuple[float, ...]) -> tuple[float, ...]:
    if not one or not other:
        return one or other
    return tuple(map(float, np.array(one) + np.array(other)))
