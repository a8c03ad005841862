"""Order among customers in which ties are shared, so that the order of the rows decides nothing."""

from __future__ import annotations

import numpy as np

from ...numerics.arrays import Array, Positions


def average_ranks(values: Array) -> Array:
    """Rank of each value, 1 the lowest; those that tie get the mean of their ranks."""
    order, last = _tied(values)
    first = np.concatenate([[0], last[:-1]])
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((first + last + 1) / 2, last - first)
    return ranks


def running_totals(values: Array, by: Array) -> tuple[Array, Array]:
    """How many customers and what total of ``values`` come before the end of each tie, highest ``by`` first.

    Both begin with 0; between two entries the total rises in a straight line, each of a tie having its mean.
    """
    order, last = _tied(-by)
    sums = np.concatenate([[0.0], np.cumsum(values[order])])
    ends = np.concatenate([[0], last])
    return ends.astype(np.float64), sums[ends]


def _tied(values: Array) -> tuple[Positions, Positions]:
    """Rows from the lowest value to the highest, and where in them each run of equal values ends."""
    order = np.argsort(values)
    ordered = values[order]
    rises = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    return order, np.append(rises, len(values))
