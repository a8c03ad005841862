"""Discounted expectations of any family, from its expected purchases alone.

Integration by parts turns ∫ over (0, t] of e^(-delta·u) dE(u) into e^(-delta·t) E(t) + delta ∫ over (0, t) of
e^(-delta·u) E(u) du, whose terms are all positive for delta > 0. In discrete time E is a step function, and the same
integral is a sum over whole periods.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .arrays import Array
from .quadrature import DROP, stretched

_PERIODS_AT_ONCE = 512


def discounted(expected: Callable[[Array], Array], t: float, delta: float, rate: Array) -> Array:
    """∫ over (0, t] of e^(-delta·u) dE(u) for each row; continuous time.

    Parameters
    ----------
    expected
        ``expected(u)`` gives E(u) for nodes of shape (n, rows).
    t, delta
        Horizon (inf allowed for delta > 0) and continuous discount rate.
    rate
        Shape (rows,): the scale 1/rate on which E bends first.
    """
    if delta == 0:
        return expected(np.full((1, len(rate)), t))[0]
    upper = np.full(len(rate), min(t, DROP / delta) if delta > 0 else t)
    u, weights = stretched(1 / (rate + abs(delta)), upper)
    last = np.exp(-delta * upper) * expected(upper[None, :])[0]
    return np.asarray(last + delta * np.sum(weights * np.exp(-delta * u) * expected(u), axis=0))


def discounted_periods(expected: Callable[[Array], Array], t: float, delta: float, n_rows: int) -> Array:
    """Σ over whole periods k ≤ t of e^(-delta·k) (E(k) − E(k−1)) for each row; discrete time."""
    if np.isinf(t) and delta == 0:
        return expected(np.full((1, n_rows), np.inf))[0]
    last = int(np.floor(t if delta <= 0 else min(t, np.ceil(DROP / delta))))
    total, before = np.zeros(n_rows), np.zeros(n_rows)
    for first in range(1, last + 1, _PERIODS_AT_ONCE):
        k = np.arange(first, min(first + _PERIODS_AT_ONCE, last + 1), dtype=np.float64)[:, None]
        reached = expected(np.broadcast_to(k, (len(k), n_rows)))
        total += np.sum(np.exp(-delta * k) * np.diff(reached, axis=0, prepend=before[None, :]), axis=0)
        before = reached[-1]
    return total
