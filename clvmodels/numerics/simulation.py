"""Event times of many customers at once."""

from __future__ import annotations

import numpy as np

from .arrays import Array, Positions


def poisson_times(generator: np.random.Generator, rate: Array, upper: Array, most: Array) -> tuple[Positions, Array]:
    """Times of Poisson processes in (0, upper], customers in order and times rising, at most ``most`` a customer."""
    counts = generator.poisson(rate * upper)
    owner = np.repeat(np.arange(len(counts)), counts)
    # 1 − U lies in (0, 1]: an event at 0 would coincide with the first purchase.
    times = (1 - generator.random(len(owner))) * upper[owner]
    order = np.lexsort((times, owner))
    rank = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = rank < most[owner]
    return owner[kept], times[order][kept]
