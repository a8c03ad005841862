"""Order among customers in which ties are shared, so that the order of the rows decides nothing."""

from __future__ import annotations

import numpy as np

from ...numerics.arrays import Array, Positions


def average_ranks(values: Array) -> Array:
    """Rank of each value, 1 the lowest; those that tie get the mean of their ranks.

    >>> average_ranks(np.array([2.0, 0.0, 0.5, 0.0]))
    array([4. , 1.5, 3. , 1.5])
    """
    if _small_counts(values):  # nothing to sort: a million customers in a tenth of the time
        counts = values.astype(np.intp)
        n = np.bincount(counts)
        return np.asarray((np.cumsum(n) - (n - 1) / 2)[counts])
    return weight_below(values, np.ones(len(values)))[0] + 0.5


def weight_below(values: Array, *weights: Array) -> list[Array]:
    """For each row the total weight of the rows with a lower value, and half of that of those with its own."""
    order, ends = _runs(values)
    found = []
    for weight in weights:
        sums = np.concatenate([[0.0], np.cumsum(weight[order])])[ends]
        below = np.empty(len(values))
        below[order] = np.repeat((sums[1:] + sums[:-1]) / 2, np.diff(ends))
        found.append(below)
    return found


def running_totals(values: Array, by: Array) -> tuple[Array, Array]:
    """How many customers and what total of ``values`` come before the end of each tie, highest ``by`` first.

    Both begin with 0; between two entries the total rises in a straight line, each of a tie having its mean.
    """
    order, ends = _runs(-by)
    return ends.astype(np.float64), np.concatenate([[0.0], np.cumsum(values[order])])[ends]


def _runs(values: Array) -> tuple[Positions, Positions]:
    """Rows from the lowest value to the highest, and the places between runs of equal values, 0 and n included."""
    order = np.argsort(values)
    ordered = values[order]
    rises = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    return order, np.concatenate([[0], rises, [len(values)]])


def _small_counts(values: Array) -> bool:
    return bool(values.min() >= 0 and values.max() < len(values) + 1000 and np.all(values == np.floor(values)))
