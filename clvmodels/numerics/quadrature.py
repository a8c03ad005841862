"""Quadrature rules for many integrals at once: nodes run along the first axis, customers along the second."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from .arrays import Array

# A positive integrand that has fallen below e^-40 of its peak no longer touches the sixteenth digit.
DROP = 40.0


@cache
def legendre(n: int) -> tuple[Array, Array]:
    """Nodes and weights, shape (n, 1), of the n-point Gauss-Legendre rule on (0, 1)."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return (nodes[:, None] + 1) / 2, weights[:, None] / 2


def stretched(scale: Array, upper: Array, least: int = 12, per_unit: float = 2.3) -> tuple[Array, Array]:
    """Nodes u and weights, shape (n, rows), of integrals over (0, upper) whose integrands change on scales ≥ ``scale``.

    Gauss-Legendre in q with u = scale·(e^q − 1): what decays exponentially or like a power in u is smooth in q. The
    number of nodes is ``least`` plus so many ``per_unit`` of the longest range of q: with the defaults integrands of
    two powers are right to 1e-11.
    """
    q, weights = stretched_logarithm(scale, upper, least, per_unit)
    u = scale * np.expm1(q)
    return u, weights * (u + scale)


def stretched_logarithm(scale: Array, upper: Array, least: int = 12, per_unit: float = 2.3) -> tuple[Array, Array]:
    """The same rule before the change of variable: nodes q and weights without du/dq = scale·e^q."""
    width = np.log1p(upper / scale)
    n = least + per_unit * float(np.max(width, initial=0.0))
    nodes, weights = legendre(2 * int(np.ceil(n / 2)))
    return nodes * width, weights * width


def discounting_rule(
    scale: Array, upper: Array, delta: Array, least: int = 12, per_unit: float = 2.3
) -> tuple[Array, Array]:
    """As `stretched`, for an integrand that holds e^(-delta·u).

    With a negative rate the mass lies at the far end, on a scale of 1/|delta|: half of the range is then looked at from
    there.
    """
    if np.all(np.asarray(delta) >= 0):
        return stretched(scale, upper, least, per_unit)
    half = upper / 2
    near, near_weights = stretched(scale, half, least, per_unit)
    far, far_weights = stretched(1 / (1 / np.maximum(upper, 1e-300) + np.abs(delta)), half, least, per_unit)
    return np.concatenate([near, upper - far]), np.concatenate([near_weights, far_weights])


def window(log_f: Callable[[Array], Array], low: Array, high: Array) -> tuple[Array, Array]:
    """Narrow (low, high), one pair a row, to where exp(log_f) stands above e^-40 of its peak.

    A coarse look is repeated on the part that is left until it shrinks no more, so a peak that is thousands of times
    narrower than the first range is found as long as log_f rises towards it.
    """
    steps = np.linspace(0.0, 1.0, 33)[:, None]
    rows = np.arange(len(low))
    for _ in range(8):
        points = low + steps * (high - low)
        values = log_f(points)
        seen = values > values.max(axis=0) - DROP
        first = np.maximum(seen.argmax(axis=0) - 1, 0)
        last = np.minimum(len(steps) - seen[::-1].argmax(axis=0), len(steps) - 1)
        found = seen.any(axis=0)
        new_low = np.where(found, points[first, rows], low)
        new_high = np.where(found, points[last, rows], high)
        settled = np.all(new_high - new_low > 0.6 * (high - low))
        low, high = new_low, new_high
        if settled:
            break
    return low, high
