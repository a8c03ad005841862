"""Customers in classes: of like value, or of as many customers each as ties allow; and what happened in each class."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..numerics.arrays import Array, Positions


def equal_classes(values: Array, most: int) -> tuple[Positions, Array, Array]:
    """Class of each customer, and lowest and highest value in each, lowest class first.

    Each class takes an equal share of the customers that are left, and then all who tie with its last one: customers of
    one value are never parted, and those after a large tie still have the other classes to themselves.

    >>> where, low, high = equal_classes(np.array([0.0, 0.0, 0.0, 3.0, 1.0, 2.0]), 3)
    >>> where, low, high
    (array([0, 0, 0, 2, 1, 1]), array([0., 1., 3.]), array([0., 2., 3.]))
    """
    distinct, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    upto = np.cumsum(counts)
    ends: list[int] = []
    while len(ends) < most and (not ends or ends[-1] < len(distinct)):
        before = int(upto[ends[-1] - 1]) if ends else 0
        share = (len(values) - before) / (most - len(ends))
        ends.append(min(int(np.searchsorted(upto, before + share - 1e-9)) + 1, len(distinct)))
    starts = np.concatenate([[0], ends[:-1]]).astype(np.intp)
    where = np.searchsorted(np.array(ends), inverse, side="right")
    return where, distinct[starts], distinct[np.array(ends) - 1]


def means(where: Positions, values: Array, n_classes: int) -> tuple[Positions, Array, Array]:
    """Customers in each class, the mean of their values, and its standard error, s/√n.

    The mean of an empty class is missing, as is the error of a class of one.

    >>> n, mean, error = means(np.array([0, 0, 2]), np.array([1.0, 3.0, 5.0]), 3)
    >>> n, mean, error
    (array([2, 0, 1]), array([ 2., nan,  5.]), array([ 1., nan, nan]))
    """
    n = np.bincount(where, minlength=n_classes).astype(np.intp)
    mean = _over(np.bincount(where, values, n_classes), n)
    squares = np.bincount(where, (values - mean[where]) ** 2, n_classes)
    return n, mean, np.asarray(np.sqrt(_over(_over(squares, n - 1), n)))


def _over(sums: Any, n: Any) -> Array:
    return np.asarray(np.divide(sums, n, out=np.full(len(sums), np.nan), where=n > 0))


def label(low: float, high: float) -> str:
    """A class by its lowest and highest value.

    >>> label(0, 0), label(0.142857, 5.2857)
    ('0', '0.14–5.3')
    """
    first, last = _short(low), _short(high)
    return first if first == last else f"{first}–{last}"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 9.95 else f"{value:.2g}"
