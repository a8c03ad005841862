"""What every table of periods begins with: the purchases of a log, and what they earn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInput, NotAvailable
from ..numerics.arrays import Array
from ..transactions.summarize import refuse_unknown
from . import given_numbers as given
from .purchases import Purchases, exact_sums, read_purchases


class Book(NamedTuple):
    """Purchases, and the share of revenue that is earned where no costs are known; None where that is not said."""

    purchases: Purchases
    margin: float | None

    @property
    def money(self) -> bool:
        """Whether the log holds money."""
        return self.purchases.millionths is not None

    @property
    def earns(self) -> bool:
        """Whether there is profit to tell of."""
        return self.purchases.cost_millionths is not None or (self.margin is not None and self.money)

    @property
    def is_first(self) -> NDArray[np.bool_]:
        """Whether an event is its customer's first."""
        customer = self.purchases.customer
        first = np.ones(len(customer), dtype=bool)
        first[1:] = customer[1:] != customer[:-1]
        return first

    def first_of_customer(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """What stands at each customer's first event, one a customer."""
        return numbers[self.is_first]

    def orders(self, place: NDArray[Any], size: int, rows: Any = slice(None)) -> Array:
        """Σ of the orders of such rows at each place."""
        return np.bincount(place, self.purchases.orders[rows], size).astype(np.float64)

    def revenue(self, place: NDArray[Any], size: int, rows: Any = slice(None)) -> Array:
        """Σ of the money of such rows at each place, exact but for one division."""
        assert self.purchases.millionths is not None
        return exact_sums(place, self.purchases.millionths[rows], size)

    def profit(self, place: NDArray[Any], size: int, rows: Any = slice(None)) -> Array:
        """Σ of money less costs of such rows at each place, or margin times the money."""
        found = self.purchases
        if found.cost_millionths is None or found.millionths is None:
            return np.asarray(float(self.margin or 0.0) * self.revenue(place, size, rows))
        return exact_sums(place, found.millionths[rows] - found.cost_millionths[rows], size)


def open_book(function: str, log: object, margin: object, cost: str | None, reading: Mapping[str, Any]) -> Book:
    """Read a log for a function, or take purchases that are read."""
    refuse_unknown(function, reading)
    share = checked_margin(margin)
    if share is not None and (cost is not None or (isinstance(log, Purchases) and log.cost is not None)):
        raise InvalidInput("margin and cost say the same thing twice: give one of them")
    if isinstance(log, Purchases):
        if reading or cost is not None:
            named = ", ".join([*reading, *(["cost"] if cost is not None else [])])
            raise InvalidInput(f"these purchases are read already: give {named} to read_purchases, not to {function}")
        found = log
    else:
        found = read_purchases(log, cost=cost, **reading)
    if found.millionths is None and (share is not None or found.cost_millionths is not None):
        raise NotAvailable(
            f"there is no profit to tell of: the log of {function} was read without amounts (amount=None)"
        )
    return Book(found, share)


def checked_margin(margin: object) -> float | None:
    """A share of revenue as a finite number, None where none is given; warns of one above 1.

    >>> checked_margin(0.3)
    0.3
    """
    if margin is None:
        return None
    if isinstance(margin, bool) or not np.isscalar(margin):
        raise InvalidInput(f"margin must be one number, for example 0.30 for 30 % of revenue; found {margin!r}")
    return given.one("margin", margin, given.margin_share)


def over(part: Any, whole: Any) -> Array:
    """One divided by the other, missing where there is nothing to divide by.

    >>> over(np.array([1.0, 1.0]), np.array([2.0, 0.0]))
    array([0.5, nan])
    """
    found = np.full(np.shape(part), np.nan)
    np.divide(part, whole, out=found, where=np.asarray(whole) != 0)
    return found
