"""What to do about customers whose future is uncertain: pure functions of blocks of simulated values.

``show(look)`` calls ``look(rows, values)`` for one block of customers after another, in any order: their positions, and
an array of shape (rows, draws) of what each is worth in each draw. It shows the same values every time, so that nothing
is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...numerics.arrays import Array

Look = Callable[[Any, Array], None]
Show = Callable[[Look], None]

_FINENESS = 6  # bits of a value that its class keeps: classes are at most 1.6 % wide
_SHIFT = 52 - _FINENESS
_LEAST, _MOST = 2.0**-30, 2.0**50  # of any currency; beyond, values share a class


def exceeds(show: Show, customers: int, threshold: Any) -> Array:
    """P(value > threshold) of each customer; one threshold, or one a customer.

    >>> exceeds(lambda look: look([0], np.array([[0.0, 5.0, 10.0, 20.0]])), 1, 5.0)
    array([0.5])
    """
    result, limit = np.zeros(customers), np.broadcast_to(threshold, customers)

    def look(rows: Any, values: Array) -> None:
        result[rows] = np.mean(values > limit[rows, None], axis=1)

    show(look)
    return result


def in_top(show: Show, customers: int, draws: int, fraction: float) -> Array:
    """P(a customer is among the ``fraction`` of customers with the highest values).

    In each draw values are sorted into classes at most 1.6 % wide; who is in the class at which the top is full shares
    the places left in it, as equal values do. So the probabilities add up to fraction × customers.

    >>> in_top(lambda look: look([0, 1], np.array([[0.0, 5.0, 9.0], [1.0, 2.0, 9.0]])), 2, 3, 0.5)
    array([0.5, 0.5])
    """
    counts = np.zeros((draws, 2 * _CLASSES + 1))

    def count(rows: Any, values: Array) -> None:
        for d, column in enumerate(_class_of(values).T):
            counts[d] += np.bincount(column, minlength=counts.shape[1])

    show(count)
    above = np.cumsum(counts[:, ::-1], axis=1)[:, ::-1]  # in this class or a higher one
    places = fraction * customers
    last = np.sum(above >= places, axis=1) - 1  # the class at which the top is full
    draw = np.arange(draws)
    inside = counts[draw, last]
    share = (places - (above[draw, last] - inside)) / inside
    result = np.zeros(customers)

    def look(rows: Any, values: Array) -> None:
        found = _class_of(values)
        result[rows] = np.mean(np.where(found == last, share, found > last), axis=1)

    show(look)
    return result


def losses(show: Show, customers: int, cost: Any, uplift: float) -> tuple[Array, Array]:
    """Expected loss of treating each customer, E[max(cost − uplift·value, 0)], and of leaving him, the reverse.

    >>> losses(lambda look: look([0], np.array([[0.0, 10.0]])), 1, 4.0, 1.0)
    (array([2.]), array([3.]))
    """
    treated, left = np.zeros(customers), np.zeros(customers)
    price = np.broadcast_to(cost, customers)

    def look(rows: Any, values: Array) -> None:
        gain = uplift * values - price[rows, None]
        treated[rows] = np.mean(np.maximum(-gain, 0.0), axis=1)
        left[rows] = np.mean(np.maximum(gain, 0.0), axis=1)

    show(look)
    return treated, left


def _bits(values: Array) -> Any:
    return np.clip(values, _LEAST, _MOST).view(np.int64) >> _SHIFT


_CLASSES = int(_bits(np.array([_MOST]))[0] - _bits(np.array([_LEAST]))[0]) + 1


def _class_of(values: Array) -> Any:
    """Whole numbers that rise with the values; 0 has a class of its own, in the middle."""
    size = _bits(np.abs(values)) - int(_bits(np.array([_LEAST]))[0]) + 1
    return _CLASSES + np.where(values == 0, 0, np.where(values > 0, size, -size))
