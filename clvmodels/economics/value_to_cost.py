"""What a new customer is worth beside what he costs, and the most that may be paid for him."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..errors import InvalidInput
from ..models.time_units import numbers
from . import given_numbers as given


def ltv_to_cac(value: Any, cost: Any) -> Any:
    """Value of a new customer per unit of acquisition cost, LTV:CAC = value / cost.

    The value is before acquisition, after margin, discounted. That a healthy business has at least 3:1 is a *rule of
    thumb*: it leaves out when the money comes back (see `payback_period`), overheads, how sure the value is, what the
    next customer costs rather than the average one, and over which horizon the value is taken; a ratio far above 3 can
    also mean that too little is spent.

    Parameters
    ----------
    value, cost
        Numbers, or arrays and Series of groups, which must be of the same groups in the same order; cost at least 0.

    Returns
    -------
    float, numpy.ndarray or pandas.Series
        inf where a customer cost nothing and brings something; 0 where he brings nothing, however little he cost; 0
        too where the cost is inf, as money was spent and nobody came.

    Raises
    ------
    InvalidInput
        If a cost is negative or missing, a value missing or infinite, or two Series are of different groups.

    Examples
    --------
    >>> ltv_to_cac(90, 30)
    3.0
    >>> ltv_to_cac([90, 20], [30, 40])
    array([3. , 0.5])
    """
    _refuse_other_groups(value, cost)
    worth = given.real("value", value)
    price = numbers(cost, "cost must be a number")
    given.refuse("cost", price, price >= 0, "must be at least 0")
    return like(ratios(worth, price), value, cost)


def highest_bid(value: Any, ratio: float = 3.0) -> Any:
    """Find the most that may be paid for a new customer if value and cost are to stand in a ratio: value / ratio.

    Parameters
    ----------
    value
        What a new customer is worth before acquisition: a number, array or Series.
    ratio
        LTV:CAC wanted, above 0: 3 by the rule of thumb (see `ltv_to_cac`), 1 to lose nothing over the lifetime.

    Returns
    -------
    float, numpy.ndarray or pandas.Series
        In money, not below 0. For a time by which it is to be earned back see `highest_bid_for_payback`.

    Raises
    ------
    InvalidInput
        If a value is missing or infinite, or the ratio not above 0.

    Examples
    --------
    >>> highest_bid(90)
    30.0
    >>> highest_bid([90, 20], ratio=2)
    array([45., 10.])
    """
    wanted = checked_ratio(ratio)
    worth = given.real("value", value)
    return like(np.maximum(worth, 0.0) / wanted, value)


def checked_ratio(ratio: Any) -> float:
    """A ratio of value to cost that can be aimed at."""
    wanted = given.one("ratio", ratio)
    if wanted == 0:
        raise InvalidInput("ratio must be above 0, for example 3 for 3:1; found 0")
    return wanted


def ratios(worth: Any, price: Any) -> Any:
    """Value / cost; 0 where there is no value, missing where the cost is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((worth == 0) & ~np.isnan(price), 0.0, worth / price)


def _refuse_other_groups(value: Any, cost: Any) -> None:
    both = isinstance(value, pd.Series) and isinstance(cost, pd.Series)
    if both and not value.index.equals(cost.index):
        raise InvalidInput(
            "value and cost must be of the same groups in the same order: found "
            f"{value.index[:5].tolist()} and {cost.index[:5].tolist()}"
        )


def like(found: Any, *asked: Any) -> Any:
    """An answer as what was given: a Series with its index, an array, or a float.

    >>> like(np.array([2.0]), pd.Series([1.0], index=["ads"])).to_dict()
    {'ads': 2.0}
    """
    index = next((each.index for each in asked if isinstance(each, pd.Series)), None)
    if index is not None:
        return pd.Series(found, index=index)
    return float(found) if np.ndim(found) == 0 else found
