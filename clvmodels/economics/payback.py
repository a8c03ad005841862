"""When has a customer brought in what he cost? The payback period, and the most that may be paid for a given one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..inference import looks
from ..models.clv import CLVModel
from ..numerics.arrays import Array
from ..units import length
from . import given_numbers as given

_TOTALS = {True: "cumulative_discounted_profit", False: "cumulative_profit"}


Points = tuple[Array, Array, str, float | None]


@dataclass(frozen=True)
class Payback:
    """When a cost is earned back; made by `payback_period`.

    Attributes
    ----------
    cost
        What is to be earned back.
    time
        When, in ``time_unit``s from the curve's beginning; None where the curve does not reach the cost.
    time_unit
        The curve's.
    outcome
        ``"at once"`` (the cost is 0, or the first purchase pays), ``"pays back"``, ``"later"`` (the whole lifetime
        pays, the curve ends before), ``"never"`` (not even the whole lifetime pays) or ``"not within the curve"`` (and
        what comes later is not known).
    until, reached
        Where the curve ends, and what has been earned by then.
    lifetime
        What the whole lifetime brings; None where the curve does not say.
    discounted
        Whether money is counted at its worth at the beginning.

    Examples
    --------
    >>> import pandas
    >>> curve = pandas.DataFrame({"time": [0, 1, 2], "time_unit": "month", "cumulative_profit": [10.0, 16.0, 20.0]})
    >>> found = payback_period(curve, 18, discounted=False)
    >>> found.time, found.outcome, found.reached
    (1.5, 'pays back', 20.0)
    """

    cost: float
    time: float | None
    time_unit: str
    outcome: str
    until: float
    reached: float
    lifetime: float | None
    discounted: bool

    def __str__(self) -> str:
        cost, worth = looks.figure(self.cost), "of discounted profit" if self.discounted else "of profit"
        if self.outcome == "at once":
            return f"A cost of {cost} is paid back at once."
        if self.time is not None:
            return f"A cost of {cost} is paid back after {length(self.time, self.time_unit)}."
        end = length(self.until, self.time_unit)
        short = f"A cost of {cost} is not paid back within {end} ({looks.figure(self.reached)} {worth} by then)"
        if self.outcome == "never":
            assert self.lifetime is not None
            return (
                f"A cost of {cost} is never paid back: the whole lifetime brings {looks.figure(self.lifetime)} {worth}."
            )
        if self.outcome == "later":
            assert self.lifetime is not None
            whole = f"the whole lifetime brings {looks.figure(self.lifetime)}" if math.isfinite(self.lifetime) else ""
            return f"{short}, but later{': ' + whole if whole else ''}."
        return f"{short}; what comes later is not in the curve."

    def __repr__(self) -> str:
        return f"Payback: {self}"

    def _repr_html_(self) -> str:
        return looks.card("Payback", looks.line(str(self)))


def payback_period(curve: Any, cost: float, *, discounted: bool = True) -> Payback:
    """Find when a cost has been earned back: the first time at which the curve of added-up profit reaches it.

    The smallest t with C(t) ≥ cost, C being the curve; between two of its points it is taken to be straight. A customer
    who is expected to pay back after 7 months is one of many: most will not have by then, if a few bring the most.

    Parameters
    ----------
    curve
        What `cash_curve` gives for one new customer, or `cash_curve_of` for customers who are there; its last row may
        be time inf, the whole lifetime.
    cost
        At least 0: the acquisition cost of the customer, or of an action for all customers of the curve.
    discounted
        Whether profit is counted at its worth at the beginning (the usual payback period does not discount: False).

    Returns
    -------
    Payback
        ``time``, or None and the ``outcome`` in words.

    Raises
    ------
    InvalidInput
        If the cost is negative or the curve is none.

    Examples
    --------
    >>> import pandas
    >>> curve = pandas.DataFrame({"time": [0, 1, 2, float("inf")], "time_unit": "month"})
    >>> curve["cumulative_profit"] = [10.0, 16.0, 20.0, 24.0]
    >>> for cost in (10, 18, 22, 30):
    ...     print(payback_period(curve, cost, discounted=False))
    A cost of 10 is paid back at once.
    A cost of 18 is paid back after 1.5 months.
    A cost of 22 is not paid back within 2 months (20 of profit by then), but later: the whole lifetime brings 24.
    A cost of 30 is never paid back: the whole lifetime brings 24 of profit.
    """
    price = given.one("cost", cost)
    return paid_back(points_of(curve, discounted), price, bool(discounted))


def paid_back(points: Points, price: float, discounted: bool) -> Payback:
    """When the points of a curve reach a price."""
    time, total, unit, lifetime = points
    until, reached = float(time[-1]), float(total[-1])

    def found(outcome: str, at: float | None = None) -> Payback:
        return Payback(price, at, unit, outcome, until, reached, lifetime, discounted)

    enough = np.flatnonzero(total >= price)
    if len(enough):
        i = int(enough[0])
        if i == 0:
            return found("at once", 0.0)
        share = (price - total[i - 1]) / (total[i] - total[i - 1])
        return found("pays back", float(time[i - 1] + share * (time[i] - time[i - 1])))
    if lifetime is None:
        return found("not within the curve")
    return found("later" if lifetime >= price else "never")


def highest_bid_for_payback(curve: Any, within: float, *, discounted: bool = True) -> float:
    """Find the most that may be paid for a customer who is to have earned it back by a given time: C(within).

    Parameters
    ----------
    curve
        As for `payback_period`.
    within
        At least 0, in the curve's unit; inf for the whole lifetime, where the curve's last row tells it.
    discounted
        As for `payback_period`.

    Returns
    -------
    float
        In money, not below 0; between two points of the curve it is taken to be straight.

    Raises
    ------
    InvalidInput
        If the curve is none, or ends before ``within``.

    Examples
    --------
    >>> import pandas
    >>> curve = pandas.DataFrame({"time": [0, 1, 2], "time_unit": "month", "cumulative_profit": [10.0, 16.0, 20.0]})
    >>> highest_bid_for_payback(curve, within=1.5, discounted=False)
    18.0
    """
    time, total, unit, lifetime = points_of(curve, discounted)
    if within == math.inf and lifetime is not None:
        return max(lifetime, 0.0)
    asked = given.one("within", within)
    if asked > time[-1]:
        raise InvalidInput(
            f"within must lie on the curve, which ends after {length(float(time[-1]), unit)}; found {asked:g}. Ask for "
            "more periods"
        )
    return max(float(np.interp(asked, time, total)), 0.0)


def points_of(curve: Any, discounted: bool) -> Points:
    """Times and added-up profit of the curve's finite part, its unit, and what the whole lifetime brings."""
    if isinstance(curve, CLVModel):
        raise InvalidInput("expected a curve of added-up profit; found a CLVModel: cash_curve(model) makes one of it")
    frame = frames.load(curve)
    missing = [
        name for name in ("time", "time_unit", _TOTALS[bool(discounted)]) if name not in frames.column_names(frame)
    ]
    if missing:
        raise InvalidInput(
            f"expected a curve as cash_curve or cash_curve_of gives it; found a table without {', '.join(missing)}. "
            "Cash flows of CLVModel.cash_flows become one by cash_curve_of(flows)"
        )
    time, total = frames.numeric(frame, "time"), frames.numeric(frame, _TOTALS[bool(discounted)])
    endless = bool(len(time)) and bool(np.isinf(time[-1]))
    lifetime = float(total[-1]) if endless else None
    if endless:
        time, total = time[:-1], total[:-1]
    fine = len(time) > 0 and bool(np.all(np.isfinite(time)) and np.all(np.diff(time) > 0) and time[0] == 0)
    if not fine or not np.all(np.isfinite(total)):
        raise InvalidInput(
            "the times of a curve must rise from 0 on and its money must be finite, but for a last row of time inf; "
            f"found times {time[:5].tolist()} and money {total[:5].tolist()}, ..."
        )
    return time, total, str(frames.as_pandas(frames.column_of(frame, "time_unit")).iloc[0]), lifetime
