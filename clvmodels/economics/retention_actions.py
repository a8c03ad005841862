"""Is it worth paying to keep a customer? Net present value, return and break-even of an action, one by one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..inference import looks
from ..models import statistics
from ..models.predictive.result import PredictiveDistribution
from ..models.time_units import numbers
from ..numerics.arrays import Array
from . import given_numbers as given
from .two_dates import number_said, refuse_future_of_other_terms
from .value_to_cost import like


@dataclass(frozen=True, eq=False)
class RetentionAction:
    """What an action would bring, customer by customer and in total; made by `retention_action`.

    Attributes
    ----------
    table
        One row a customer, of the caller's kind and in his order: customer_id (if there is one), value, cost, gain
        (uplift × value), npv (gain − cost), roi (npv / cost; inf where the action is free and brings something, missing
        where it is free and brings nothing), break_even_uplift, contact (npv > 0), and with a predictive distribution
        prob_loss, the probability that the action costs more than it will have brought.
    customers, contacted
        How many there are, and how many are worth it.
    cost, gain, npv
        Sums over the customers contacted.
    npv_of_all
        What treating everybody would bring: less than ``npv`` where somebody is not worth it.

    Examples
    --------
    >>> import pandas
    >>> found = retention_action(pandas.DataFrame({"clv": [100.0, 20.0]}), cost=3, uplift=0.05)
    >>> found.contacted, found.gain, found.npv, found.npv_of_all
    (1, 5.0, 2.0, 0.0)
    """

    table: Any
    customers: int
    contacted: int
    cost: float
    gain: float
    npv: float
    npv_of_all: float

    @property
    def roi(self) -> float:
        """Net present value per unit of money spent on those contacted; NaN where nothing is spent on nothing.

        >>> import pandas
        >>> retention_action(pandas.DataFrame({"clv": [100.0, 20.0]}), cost=4, uplift=0.05).roi
        0.25
        """
        return float(_per(np.float64(self.npv), np.float64(self.cost)))

    def told(self) -> str:
        """Say in a sentence or two who is worth it and what that brings.

        >>> import pandas
        >>> print(retention_action(pandas.DataFrame({"clv": [100.0, 20.0]}), cost=4, uplift=0.05).told())
        1 of 2 customers is worth it: the action costs 4, brings 5, net 1 (ROI 25 %). Treating everybody: net -2.
        """
        everybody = f"Treating everybody: net {looks.figure(self.npv_of_all)}."
        if not self.contacted:
            return f"None of {self.customers:,} customers is worth it: nobody brings more than he costs. {everybody}"
        return (
            f"{self.contacted:,} of {self.customers:,} customers {'is' if self.contacted == 1 else 'are'} worth it: "
            f"the action costs {looks.figure(self.cost)}, brings {looks.figure(self.gain)}, "
            f"net {looks.figure(self.npv)}{self._in_percent()}. {everybody}"
        )

    def _in_percent(self) -> str:
        return f" (ROI {100 * self.roi:.4g} %)" if math.isfinite(self.roi) else ""

    def __str__(self) -> str:
        return self.told()

    def __repr__(self) -> str:
        return f"RetentionAction: {self.contacted:,} of {self.customers:,} customers, npv {looks.figure(self.npv)}"

    def _repr_html_(self) -> str:
        shown = {
            "customers": f"{self.customers:,}",
            "worth it": f"{self.contacted:,}",
            "cost": looks.figure(self.cost),
            "gain": looks.figure(self.gain),
            "net present value": looks.figure(self.npv),
            "ROI": looks.number(self.roi, ".1%"),
            "net if everybody is treated": looks.figure(self.npv_of_all),
        }
        return looks.card("Retention action", looks.line(self.told()), looks.table(list(shown), [list(shown.values())]))


def retention_action(
    scored: Any, cost: Any, uplift: Any, *, value: str = "clv", future: PredictiveDistribution | None = None
) -> RetentionAction:
    """Weigh what an action costs now against the residual value that it adds, customer by customer.

    With residual value v of a customer, cost c and uplift u:

        gain = u · v,  npv = u · v − c,  roi = npv / c,  break-even uplift = c / v,

    and whoever has npv > 0 is worth it. ``uplift`` is the share by which the action raises the customer's residual
    value: 0.05 if he will be worth 5 % more than without it. As clv = P(alive) · (value if alive), raising P(alive) by
    5 % of itself is the same. It is the average effect of *trying*: where one in ten of those asked takes an offer that
    makes him worth half as much again, u = 0.1 × 0.5. It comes from an experiment with a control group, not from a
    model of customers' histories.

    Parameters
    ----------
    scored
        One row a customer, such as `CLVModel.predict` returns; a frame of any kind.
    cost
        Of the action for one customer, now, at least 0: a number, or one a row as a column name, Series or array.
    uplift
        At least −1, finite (below 0 where the action drives customers away): a number, or one a row.
    value
        The column that holds the residual value, discounted and after margin.
    future
        What `CLVModel.predict_distribution` gave for the same customers over the same horizon, at the same discount
        rate and margin, with the quantity "clv": adds the probability of a loss. What knowing better would be worth is
        another question, which its `expected_loss` answers.

    Returns
    -------
    RetentionAction
        ``table`` by customer, and totals.

    Raises
    ------
    InvalidInput
        If a cost is negative, an uplift below −1, a value missing or infinite, or ``future`` is of other customers,
        or of another horizon, discount rate or margin than the values say.

    Notes
    -----
    The net present value is linear in the margin that the value was computed with. Source: Blattberg & Deighton (1996),
    "Manage Marketing by the Customer Equity Test", Harvard Business Review 74(4), 136-144; Neslin, Gupta, Kamakura, Lu
    & Mason (2006), "Defection Detection", Journal of Marketing Research 43(2), 204-211, whose profit of a campaign
    also parts those who take an offer up from those who do not.

    Examples
    --------
    >>> import pandas
    >>> scored = pandas.DataFrame({"customer_id": ["ann", "bob"], "clv": [100.0, 20.0]})
    >>> found = retention_action(scored, cost=4, uplift=0.05)
    >>> print(found.table.to_string(index=False))
    customer_id  value  cost  gain  npv   roi  break_even_uplift  contact
            ann  100.0   4.0   5.0  1.0  0.25               0.04     True
            bob   20.0   4.0   1.0 -3.0 -0.75               0.20    False
    >>> print(found)
    1 of 2 customers is worth it: the action costs 4, brings 5, net 1 (ROI 25 %). Treating everybody: net -2.
    """
    frame = frames.load(scored)
    worth = frames.numeric(frame, value)
    statistics.refuse_duplicates(frame)
    _refuse_endless(frame, worth, value)
    price, share = given.costs(frame, cost, "cost"), _uplifts(frame, uplift)
    gain = share * worth
    npv = gain - price
    chosen = npv > 0
    columns: dict[str, Any] = {
        "value": worth,
        "cost": price,
        "gain": gain,
        "npv": npv,
        "roi": _per(npv, price),
        "break_even_uplift": break_even_uplift(worth, price),
        "contact": chosen,
    }
    if future is not None:
        columns["prob_loss"] = _prob_loss(frame, price, share, future)
    ids = frames.identifiers(frame)
    if ids is not None:
        columns = {"customer_id": ids, **columns}
    spent, brought = float(price[chosen].sum()), float(gain[chosen].sum())
    return RetentionAction(
        frames.table(columns, frame), len(worth), int(chosen.sum()), spent, brought, brought - spent, float(npv.sum())
    )


def break_even_uplift(value: Any, cost: Any) -> Any:
    """Share by which an action must raise a customer's value to pay for itself: cost / value.

    Parameters
    ----------
    value, cost
        Numbers, arrays or Series, which broadcast, in money: the residual value and the cost of the action, at least 0.

    Returns
    -------
    float, numpy.ndarray or pandas.Series
        0 where the action is free; inf where it is not and the value is not above 0: no uplift pays for it.

    Raises
    ------
    InvalidInput
        If a value is no finite number or a cost is negative.

    Examples
    --------
    >>> break_even_uplift(value=80, cost=4)
    0.05
    >>> break_even_uplift([80, 20, 0], cost=4)
    array([0.05, 0.2 ,  inf])
    """
    worth, price = given.real("value", value), given.at_least_0("cost", cost)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share = np.where(price == 0, 0.0, np.where(worth > 0, price / worth, np.inf))
    return like(share, value, cost)


def _per(npv: Any, cost: Any) -> Any:
    """Money per money spent: infinite for a gain that is free, missing where nothing is spent on nothing."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.divide(npv, cost)


def _uplifts(frame: Any, uplift: Any) -> Array:
    if isinstance(uplift, str) or np.ndim(uplift) > 0:
        shares = statistics.per_row(frame, uplift, "uplift")
        wrong = ~((shares >= -1) & (shares < np.inf))
        statistics.refuse(frame, wrong, shares, "uplift", "must be a finite share of at least -1, such as 0.05")
        return shares
    share = float(numbers(uplift, "uplift must be a number, such as 0.05 for 5 %, or the name of a column"))
    if not -1 <= share < math.inf:
        raise InvalidInput(f"uplift must be a finite share of at least -1, such as 0.05 for 5 %; found {share!r}")
    return np.full(frames.n_rows(frame), share)


def _refuse_endless(frame: Any, worth: Array, name: str) -> None:
    statistics.refuse(frame, np.isnan(worth), worth, name, "is the value that the action raises and must be there")
    rule = "is infinite, so any action would pay: predict over a finite horizon, or with a discount rate above 0"
    statistics.refuse(frame, np.isinf(worth), worth, name, rule)


def _prob_loss(frame: Any, price: Array, share: Array, future: PredictiveDistribution) -> Array:
    """P(share × value < price) of each customer."""
    _refuse_other_future(frame, future)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        limit = price / share
    raises, harms = share > 0, share < 0
    # what must be reached, or (where the action harms) must not be exceeded; reached is P(value >= limit)
    asked = np.where(raises, np.nextafter(limit, -np.inf), np.where(harms, limit, 0.0))
    asked = np.where(np.isfinite(asked), asked, np.copysign(np.finfo(np.float64).max, asked))
    column = future.prob_value_exceeds(asked)
    exceeds = np.asarray(column.to_numpy() if hasattr(column, "to_numpy") else column, dtype=np.float64)
    return np.where(raises, 1.0 - exceeds, np.where(harms, exceeds, (price > 0).astype(np.float64)))


def _refuse_other_future(frame: Any, future: PredictiveDistribution) -> None:
    if not isinstance(future, PredictiveDistribution):
        raise InvalidInput(f"future must be what CLVModel.predict_distribution gave; found {type(future).__name__}")
    n, others = frames.n_rows(frame), frames.n_rows(future.table)
    if n != others:
        raise InvalidInput(f"future must be of the same customers: expected {n:,} rows, found {others:,}")
    ids, theirs = frames.identifiers(frame), frames.identifiers(future.table)
    if ids is not None and theirs is not None:
        unlike = np.asarray(frames.as_pandas(ids).to_numpy() != frames.as_pandas(theirs).to_numpy())
        if unlike.any():
            i = int(np.argmax(unlike))
            raise InvalidInput(
                f"future must be of the same customers, row by row: {unlike.sum():,} of {n:,} rows differ, first row "
                f"{i} ({frames.identifier_at(frame, i)}, in future {frames.identifier_at(future.table, i)}). Predict "
                "both from one summary"
            )
    known = frames.read_facts(frame).get("horizon")
    scalar = np.ndim(future.horizon) == 0
    if known is not None and scalar and number_said(known) not in (None, float(future.horizon)):
        raise InvalidInput(
            f"the values are over a horizon of {known}, future is over {float(future.horizon):g}: predict both over "
            "the same horizon"
        )
    refuse_future_of_other_terms(frame, future, "the values", "future")
