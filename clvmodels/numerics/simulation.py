"""Event times of many customers at once."""

from __future__ import annotations

import numpy as np

from .arrays import Array, Positions


def poisson_times(generator: np.random.Generator, rate: Array, upper: Array, most: Array) -> tuple[Positions, Array]:
    """Times of Poisson processes in (0, upper], customers in order and times rising, at most ``most`` a customer."""
    counts = generator.poisson(rate * upper)
    owner = np.repeat(np.arange(len(counts)), counts)
    # 1 − U lies in (0, 1]: an event at 0 would coincide with the first purchase.
    part = 1 - generator.random(len(owner))
    times = part * upper[owner]
    # One number to sort by takes half the time of two; where its last digits do not tell neighbours apart, two it is.
    order = np.argsort(owner + part)
    if not _in_order(owner[order], times[order]):
        order = np.lexsort((times, owner))
    rank = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = rank < most[owner]
    return owner[kept], times[order][kept]


def _in_order(owner: Positions, times: Array) -> bool:
    """Whether customers rise, and the times of each."""
    later, own = owner[1:] > owner[:-1], owner[1:] == owner[:-1]
    return bool(np.all(later | (own & (times[1:] >= times[:-1]))))
