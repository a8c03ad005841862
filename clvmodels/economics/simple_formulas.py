"""The formulas of the pocket calculator: average value, order value, and the lifetime that a churn rate gives.

Each takes numbers, or arrays that broadcast (one entry a customer or group), and says what it leaves out. What they are
worth as forecasts is shown by `compare_clv_methods`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..units import HOURS_PER_YEAR
from . import given_numbers as given
from .periods import hours_of


def average_clv(revenue: Any, customers: Any, *, observed: Any = 1.0, period: Any = 1.0, margin: Any = 1.0) -> Any:
    """Average value of a customer over a period: margin × revenue / customers × (period / observed).

    Every customer gets the same. It takes the period to be like the time observed, with as many customers buying as
    much: nobody leaves, and first purchases, of which there is one a customer, go on coming.

    Parameters
    ----------
    revenue, customers
        What was spent in the time observed, and by how many customers.
    observed, period
        Length of the time that the revenue comes from, and of the time that the value is for, in one unit.
    margin
        Profit as a share of spend; 1 for revenue.

    Returns
    -------
    float or numpy.ndarray
        Undiscounted money per customer.

    Raises
    ------
    InvalidInput
        If there are no customers, revenue or a length is negative (observed: 0), a number is missing or infinite, or
        arrays differ in length.

    Warns
    -----
    ClvWarning
        If a margin is above 1.

    Examples
    --------
    >>> average_clv(revenue=60_000, customers=1_000, observed=6, period=12, margin=0.25)  # half a year, for a year
    30.0
    """
    money, heads = given.at_least_0("revenue", revenue), given.above_0("customers", customers, ": a group has some")
    seen, ahead = given.above_0("observed", observed), given.at_least_0("period", period)
    share = given.margin_share("margin", margin)
    given.refuse_shapes(revenue=money, customers=heads, observed=seen, period=ahead, margin=share)
    return given.answered(share * money / heads * (ahead / seen))


def order_value_clv(
    average_order_value: Any, purchases_per_month: Any, lifespan_months: Any, *, margin: Any = 1.0
) -> Any:
    """Value by orders: average order value × purchases per month × margin × lifespan.

    The formula of dashboards. It has one rate for the whole lifespan, takes all customers of a group to be alike, and
    is undiscounted; the lifespan is a guess, or the time from first to last purchase, which is too short because the
    last purchase is the last one *so far*. `order_value_table` finds the numbers in a log.

    Parameters
    ----------
    average_order_value
        Mean spend of a purchase.
    purchases_per_month
        Of a customer.
    lifespan_months
        How long a customer goes on buying.
    margin
        Profit as a share of spend; 1 for revenue.

    Returns
    -------
    float or numpy.ndarray
        Undiscounted money per customer, from the first purchase on.

    Raises
    ------
    InvalidInput
        If a number is negative (but a margin), missing or infinite, or arrays differ in length.

    Warns
    -----
    ClvWarning
        If a margin is above 1.

    Examples
    --------
    >>> order_value_clv(40, purchases_per_month=0.5, lifespan_months=24, margin=0.25)
    120.0
    >>> order_value_clv([40, 80], [0.5, 0.25], [24, 36], margin=0.25)  # two groups of customers
    array([120., 180.])
    """
    order = given.at_least_0("average_order_value", average_order_value)
    rate = given.at_least_0("purchases_per_month", purchases_per_month)
    life = given.at_least_0("lifespan_months", lifespan_months)
    share = given.margin_share("margin", margin)
    shapes = {"purchases_per_month": rate, "lifespan_months": life, "margin": share}
    given.refuse_shapes(average_order_value=order, **shapes)
    return given.answered(order * rate * share * life)


def lifetime_from_churn(churn_rate: Any) -> Any:
    """Expected lifetime in periods: 1 / churn rate.

    The mean of a geometric lifetime: with a share c leaving at the end of each period, periods lived are
    1 + (1 − c) + (1 − c)² + … = 1/c, the first period included. It needs every customer to have the same c. Where
    customers differ, those with the highest c leave first and the mean lifetime, E[1/c], is longer than 1/E[c]: the
    formula is then too low, the more so the more customers differ.

    Source: Fader & Hardie (2010), "Customer-Base Valuation in a Contractual Setting: The Perils of Ignoring
    Heterogeneity", Marketing Science 29(1), 85-93.

    Parameters
    ----------
    churn_rate
        Share of customers lost per period, in (0, 1]; 1 − retention rate.

    Returns
    -------
    float or numpy.ndarray
        Number of periods, 1 or more, in the unit of the churn rate: months for a monthly one.

    Raises
    ------
    InvalidInput
        If a rate is not in (0, 1] (with 0 nobody ever leaves), or missing.

    Examples
    --------
    >>> lifetime_from_churn(0.05)
    20.0
    >>> import numpy
    >>> halves = numpy.array([0.02, 0.08])  # half the customers leave at 2 %, half at 8 %: 5 % on average
    >>> float(lifetime_from_churn(halves).mean())
    31.25
    """
    return given.answered(1 / given.churn_rate("churn_rate", churn_rate))


def discount_rate_per_period(annual_discount_rate: Any, period: str = "month") -> Any:
    """Discount rate of a period from that of a year: d = (1 + annual)^(1/n) − 1, n periods a year.

    So that n periods compound to the annual rate; dividing by n instead is too much (12 months at 10 %/12 make 10.47 %
    a year).

    Parameters
    ----------
    annual_discount_rate
        0.10 for 10 % a year, above −1.
    period
        ``"hour"``, ``"day"``, ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``.

    Returns
    -------
    float or numpy.ndarray
        Rate per period.

    Raises
    ------
    InvalidInput
        If a rate is −1 or less or missing, or the period is none of these.

    Examples
    --------
    >>> round(discount_rate_per_period(0.10, "month"), 6)
    0.007974
    >>> round((1 + discount_rate_per_period(0.10, "month")) ** 12 - 1, 10)
    0.1
    """
    years = float(hours_of(period) / HOURS_PER_YEAR)
    annual = given.discount_rate("annual_discount_rate", annual_discount_rate)
    return given.answered(np.expm1(np.log1p(annual) * years))
