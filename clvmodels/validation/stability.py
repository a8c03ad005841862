"""How far two populations are apart: shares of customers in the same bins, compared by two common numbers.

Sources: Siddiqi (2006), Credit Risk Scorecards, Wiley, for the population stability index and its usual reading;
Yurdakul & Naranjo (2020), Journal of Risk Model Validation 14(4), for how large it gets by chance.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from ..numerics.arrays import Array

LITTLE, MUCH = 0.10, 0.25  # Siddiqi (2006): below the first no change to speak of, above the second a large one


def counted(values: Array, upper: Array, weights: Array | None = None) -> Array:
    """Customers in each bin: up to the first bound, above it up to the next, ..., above the last.

    ``upper`` are k rising bounds; the result has k + 1 counts.

    >>> counted(np.array([0.0, 1.0, 1.0, 9.0]), np.array([0.0, 2.0])).tolist()
    [1.0, 2.0, 1.0]
    """
    return np.bincount(np.searchsorted(upper, values), weights, minlength=len(upper) + 1).astype(np.float64)


def stability_index(then: Array, now: Array) -> float:
    """Population stability index: Σ (q_i − p_i) ln(q_i/p_i) over bins with shares p then and q now.

    ``then`` and ``now`` count the customers in the same bins. Half a customer is added to each bin, so that an empty
    one counts as few and not as infinitely different; bins empty on both sides are left out. At least 0.

    >>> round(stability_index(np.array([500.0, 500.0]), np.array([700.0, 300.0])), 3)
    0.169
    """
    there = (then > 0) | (now > 0)
    p, q = ((counts[there] + 0.5) / np.sum(counts[there] + 0.5) for counts in (then, now))
    return float(np.sum((q - p) * np.log(q / p)))


def index_by_chance(then: Array, now: Array, p_value: float) -> float:
    """The index that two samples of one population exceed with this probability: about χ²(bins − 1)·(1/n + 1/m).

    >>> round(index_by_chance(np.array([50.0, 50.0]), np.array([70.0, 30.0]), 0.05), 3)
    0.077
    """
    bins = int(np.sum((then > 0) | (now > 0)))
    return float(special.chdtri(bins - 1, p_value) * (1 / then.sum() + 1 / now.sum())) if bins > 1 else 0.0


def distance(then: Array, now: Array) -> float:
    """Largest difference of the two cumulative shares at the bounds of the bins: Kolmogorov-Smirnov's, in bins.

    Between 0 and 1, and never more than the distance without bins.

    >>> round(distance(np.array([500.0, 500.0]), np.array([700.0, 300.0])), 3)
    0.2
    """
    return float(np.max(np.abs(np.cumsum(then) / then.sum() - np.cumsum(now) / now.sum())))


def reading(index: float, chance: float) -> str:
    """What an index means, in words: little, some or much change; below ``chance`` none that can be told from chance.

    >>> reading(0.3, 0.02), reading(0.12, 0.02), reading(0.05, 0.02), reading(0.3, 0.4)
    ('much', 'some', 'little', 'chance')
    """
    if index <= chance:
        return "chance"
    return "little" if index < LITTLE else "some" if index < MUCH else "much"
