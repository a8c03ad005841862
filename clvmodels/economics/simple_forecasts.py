"""The simple formulas as forecasts: each calibrated on what was known at a moment, and brought to one horizon.

A formula is a value in `FORMULAS`. It sees the calibration part alone, and gives revenue per customer over the horizon;
those that have an idea of a whole lifetime give that too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..numerics.arrays import Array
from ..transactions.events import PurchaseEvents
from ..units import length
from .retention_value import retention_clv
from .simple_formulas import average_clv, lifetime_from_churn, order_value_clv


class Retention(NamedTuple):
    """Retention as it is counted in a log without contracts; made by `retention_of`.

    Attributes
    ----------
    rate
        Of the customers who bought in a period, the share who bought in the next one too, over all whole periods.
    revenue
        Of a customer in a period in which he buys.
    active
        Who bought in the last period, one entry a customer.
    periods
        How many whole periods there are.
    """

    rate: float
    revenue: float
    active: NDArray[np.bool_]
    periods: int


class Calibration(NamedTuple):
    """What the formulas may know, one entry a customer, and what they are asked; times in ``time_unit``.

    Attributes
    ----------
    revenue, purchases
        All that a customer spent, and how often, first purchase included.
    recency, T
        First to last purchase, and first purchase to the end of calibration.
    group
        Number of the customer's group, from 0; every group has a customer.
    retention
        As counted by periods.
    period, month, horizon
        Length of the period that rates are counted in, of a month, and of the time to forecast.
    discount_rate
        Of a period, for lifetimes.
    lifespan_months
        How long customers go on buying; None: as long as from first to last purchase so far.
    period_name, time_unit
        For people.
    """

    revenue: Array
    purchases: Array
    recency: Array
    T: Array
    group: NDArray[np.intp]
    retention: Retention
    period: float
    month: float
    horizon: float
    discount_rate: float
    lifespan_months: float | None
    period_name: str
    time_unit: str

    @property
    def observed(self) -> Array:
        """Time of each customer since the first purchase, at least one period."""
        return np.maximum(self.T, self.period)

    @property
    def length(self) -> float:
        """From the first purchase of anybody to the end, at least one period."""
        return max(float(self.T.max(initial=0.0)), self.period)


class Said(NamedTuple):
    """Revenue per customer over the horizon, and over the lifetime (None: the formula has none); what was found."""

    revenue: Array
    lifetime: Array | None
    note: str


@dataclass(frozen=True)
class Formula:
    """A simple formula as a forecast.

    Attributes
    ----------
    name, title
        For tables and for people.
    function
        From what is known to what the formula says.
    """

    name: str
    title: str
    function: Callable[[Calibration], Said]


def retention_of(events: PurchaseEvents, T: Array, period: float) -> Retention:
    """Count retention over the whole periods that end with calibration; ``events`` are those until then.

    >>> time = np.array([-2.5, -1.5, -0.5, -1.5])  # the first customer in three periods, the second in one
    >>> events = PurchaseEvents(np.array([0, 0, 0, 1]), time, np.ones(4, dtype=np.int32), np.full(4, 10.0))
    >>> found = retention_of(events, T=np.array([3.0, 1.5]), period=1.0)
    >>> round(found.rate, 3), found.revenue, found.active.tolist(), found.periods
    (0.667, 10.0, [True, False], 3)
    """
    periods = math.floor(float(T.max(initial=0.0)) / period * (1 + 1e-12))
    number = periods - 1 - np.floor(-events.time / period).astype(np.int64)  # of the period, the last is periods − 1
    within = number >= 0
    # one number a customer and period, ascending as the events are: who buys in the next one too has it just after
    width = max(periods, 1)
    keys = events.customer[within] * width + number[within]
    active = keys[np.diff(keys, prepend=-1) > 0]
    earlier = active % width < width - 1
    stayed = np.diff(active, append=-1) == 1
    there, last = int(earlier.sum()), np.zeros(len(T), dtype=bool)
    last[active[~earlier] // width] = True
    money = 0.0 if events.value is None else float(events.value[within].sum())
    rate = int((stayed & earlier).sum()) / there if there else 0.0
    return Retention(rate, money / len(active) if len(active) else 0.0, last, periods)


def _historical(known: Calibration) -> Said:
    return Said(known.revenue, None, "what was spent so far, all of it, taken for what will come: it has no horizon")


def _historical_rate(known: Calibration) -> Said:
    rate = known.revenue / known.observed
    told = f"spend so far / time since the first purchase (at least a {known.period_name}) × {_ahead(known)}"
    return Said(rate * known.horizon, None, told)


def _average(known: Calibration) -> Said:
    n = len(known.T)
    total = float(known.revenue.sum())
    each = average_clv(total, n, observed=known.length, period=known.horizon)
    told = f"revenue / customers × {_ahead(known)} / {length(known.length, known.time_unit)}: {each:,.2f} each"
    return Said(np.full(n, each), None, told)


class Orders(NamedTuple):
    """What the value by orders is made of; one entry a group."""

    average_order_value: Array
    purchases_per_month: Array
    lifespan_months: Array


def orders_of(group: NDArray[np.intp], revenue: Array, purchases: Array, recency: Array, observed: Array) -> Orders:
    """Σ revenue / Σ purchases, Σ purchases / Σ observed, and mean recency of each group; times in months.

    >>> one = np.zeros(2, dtype=np.intp)
    >>> orders_of(one, np.array([90.0, 10.0]), np.array([3.0, 1.0]), np.array([4.0, 0.0]), np.array([6.0, 2.0]))
    Orders(average_order_value=array([25.]), purchases_per_month=array([0.5]), lifespan_months=array([2.]))
    """

    def total(values: Array) -> Array:
        return np.bincount(group, values).astype(np.float64)

    bought = total(purchases)
    return Orders(total(revenue) / bought, bought / total(observed), total(recency) / np.bincount(group))


def _order_value(known: Calibration) -> Said:
    months = known.recency / known.month, known.observed / known.month
    order, rate, life = orders_of(known.group, known.revenue, known.purchases, *months)
    if known.lifespan_months is not None:
        life = np.full(len(life), float(known.lifespan_months))
    horizon = known.horizon / known.month
    ahead = order_value_clv(order, rate, np.minimum(life, horizon))
    whole = order_value_clv(order, rate, life)
    told = " to ".join(f"{value:.2f}" for value in dict.fromkeys((float(life.min()), float(life.max()))))
    what = f"{order[0]:,.2f} × {rate[0]:.3f} a month" if len(order) == 1 else f"by {len(order)} groups"
    told = f"{what} × lifespan of {told} months, or the horizon of {horizon:.2f} where that is shorter"
    return Said(ahead[known.group], whole[known.group], told)


def _retention_next(known: Calibration) -> Said:
    return _by_retention(known, "next")


def _retention_now(known: Calibration) -> Said:
    return _by_retention(known, "now")


def _by_retention(known: Calibration, first_margin: str) -> Said:
    found = known.retention
    r, periods = found.rate, known.horizon / known.period
    each = found.revenue * geometric_sum(r, periods) * (r if first_margin == "next" else 1.0)
    whole = math.inf
    if r < 1:
        whole = retention_clv(found.revenue, r, known.discount_rate, first_margin=first_margin)
    elif known.discount_rate > 0:  # nobody left: a perpetuity
        whole = found.revenue * (1 / known.discount_rate + (first_margin == "now"))
    told = (
        f"{_of_retention(found, known)}; undiscounted sum of r^t over {periods:.2f} {known.period_name}s, the first "
        f"{'one ahead' if first_margin == 'next' else 'at once'}"
    )
    return Said(_of_the_active(found, each), _of_the_active(found, whole), told)


def _churn_lifetime(known: Calibration) -> Said:
    found = known.retention
    periods = known.horizon / known.period
    life = lifetime_from_churn(1 - found.rate) if found.rate < 1 else math.inf
    told = f"{_of_retention(found, known)}; lifetime 1/(1 − r) = {life:.2f} {known.period_name}s, horizon {periods:.2f}"
    ahead = found.revenue * min(life, periods)
    return Said(_of_the_active(found, ahead), _of_the_active(found, found.revenue * life), told)


def _of_the_active(found: Retention, each: float) -> Array:
    """To the formula whoever did not buy in the last period has left."""
    return np.where(found.active, each, 0.0)


def _of_retention(found: Retention, known: Calibration) -> str:
    return (
        f"r = {found.rate:.3f} a {known.period_name} of {found.periods}, revenue {found.revenue:,.2f} a customer and "
        f"{known.period_name}, for the {int(found.active.sum()):,} who bought in the last {known.period_name}"
    )


def geometric_sum(ratio: float, terms: float) -> float:
    """1 + r + r² + … over so many terms, of the last one a fraction.

    >>> geometric_sum(0.5, 2.5)  # 1 + 0.5 + half of 0.25
    1.625
    """
    whole = math.floor(terms)
    listed = float(whole) if ratio == 1 else (1 - ratio**whole) / (1 - ratio)
    return listed + (terms - whole) * ratio**whole


def _ahead(known: Calibration) -> str:
    return length(known.horizon, known.time_unit)


FORMULAS = {
    each.name: each
    for each in (
        Formula("historical", "Historical CLV, taken as the forecast", _historical),
        Formula("historical_rate", "Historical CLV as a rate", _historical_rate),
        Formula("average", "Average CLV", _average),
        Formula("order_value", "Order value × frequency × lifespan", _order_value),
        Formula("retention_next", "Retention rate, first margin next period", _retention_next),
        Formula("retention_now", "Retention rate, first margin now", _retention_now),
        Formula("churn_lifetime", "Lifetime from churn", _churn_lifetime),
    )
}
