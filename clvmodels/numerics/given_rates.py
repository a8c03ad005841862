"""The future of customers whose own rates are known and who are alive now.

Draws of it, and its mean. Nothing here loops over purchases: given how many events a Poisson process has in a window
their times are independent and uniform there, so none need be put in order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import Array, Positions

_MOST = 1e15  # events: more are not told apart by what happens to a customer


def size_of(*columns: Any) -> tuple[int, ...]:
    """The shape that the columns broadcast to.

    >>> size_of([[1.0], [2.0]], [1.0, 2.0, 3.0])
    (2, 3)
    """
    return np.broadcast_shapes(*map(np.shape, columns))


def worth(t: Any, leaving: Any) -> Array:
    """∫ over (0, t) of e^(-leaving·u) du = (1 − e^(-leaving·t))/leaving, also at leaving = 0 and below, and t = inf.

    >>> worth([2.0, 2.0, float("inf")], [0.0, 1e-320, 0.5])
    array([2., 2., 2.])
    """
    leaving = np.asarray(leaving, dtype=np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        passed = leaving * t
        flat = ~(np.abs(passed) > 1e-16)  # 0 · inf among them
        return np.asarray(np.where(flat, t, -np.expm1(-passed) / np.where(flat, 1.0, leaving)))


def periods_worth(n: Any, rate: Any, leaving: Any) -> Array:
    """Σ over j = 1..n of D^j, D = e^(-rate) (1 − leaving): n where D = 1; n = inf allowed where D < 1.

    >>> periods_worth([3.0, 3.0, float("inf")], 0.0, [0.0, 0.5, 0.5])
    array([3.   , 0.875, 1.   ])
    """
    fall = np.log1p(-np.minimum(leaving, 1 - 1e-16)) - rate
    with np.errstate(invalid="ignore", over="ignore"):
        passed = fall * n
        flat = ~(np.abs(passed) > 1e-16)
        ratio = np.expm1(passed) / np.expm1(np.where(flat, -1.0, fall))
        return np.asarray(np.where(flat, n, np.exp(fall) * ratio))


def lasting(generator: np.random.Generator, leaves: Array) -> Array:
    """How many chances to leave pass until one is taken, that one counted: geometric, as floats, inf for ``leaves`` 0.

    By inversion, because a whole number of 64 bits does not hold what a tiny probability gives.
    """
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        waited = generator.standard_exponential(leaves.shape) / -np.log1p(-leaves)
    return np.fmax(np.ceil(waited), 1.0)


def purchases_until(generator: np.random.Generator, rate: Array, until: Array) -> tuple[Positions, Array]:
    """Positions and times in (0, until] of Poisson processes."""
    counts = generator.poisson(np.minimum(rate * until, _MOST))
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, (1 - generator.random(len(owner))) * until[owner]


def purchases_while_staying(
    generator: np.random.Generator, t: Any, rate: Array, leaves: Array
) -> tuple[Positions, Array]:
    """Positions and times in (0, t] of Poisson processes that end after each event with probability ``leaves``.

    With N events in the window of which K may happen, K geometric: if N ≤ K they all do; else the last one is the K-th
    smallest of N uniform times, t·Beta(K, N − K + 1), and K − 1 are uniform before it.
    """
    t = np.broadcast_to(np.asarray(t, dtype=np.float64), rate.shape)
    events = generator.poisson(np.minimum(rate * t, _MOST))
    rows = np.flatnonzero(events)
    n, until = events[rows].astype(np.float64), t[rows]
    most = lasting(generator, leaves[rows])
    gone = np.flatnonzero(most < n)
    until[gone] *= generator.beta(most[gone], n[gone] - most[gone] + 1)
    counts = np.minimum(n, most).astype(np.int64)
    owner = np.repeat(rows, counts)
    times = (1 - generator.random(len(owner))) * np.repeat(until, counts)
    first = np.cumsum(counts) - counts
    times[first[gone]] = until[gone]  # the purchase after which he left
    return owner, times


def purchases_in_periods(generator: np.random.Generator, buys: Array, last: Array) -> tuple[Positions, Array]:
    """Positions, in order, and periods up to ``last`` with a purchase: from one of them to the next."""
    owner, at = np.arange(len(buys)), np.zeros(len(buys))
    owners, times = [owner[:0]], [at[:0]]
    while len(owner):
        at = at + generator.geometric(np.maximum(buys[owner], 1e-15))  # what underflows means never
        still = at <= last[owner]
        owner, at = owner[still], at[still]
        owners.append(owner)
        times.append(at)
    order = np.argsort(np.concatenate(owners), kind="stable")
    return np.concatenate(owners)[order], np.concatenate(times)[order]
