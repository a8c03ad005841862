"""Times at which a probability reaches a given value, for many customers at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .arrays import Array, Positions

# Times are looked for between e^-690 and e^690, about 1e±300.
_REACH = 690.0
# of ln t, so relative in t
_TOLERANCE = 1e-13


def crossing_time(distance: Callable[[Array, Positions], Array], guess: Array) -> Array:
    """Where a function of time that rises from below 0 crosses it: t > 0 for each row; inf where that is above 1e299.

    Parameters
    ----------
    distance
        ``distance(t, rows)``: the function at one time for each of the rows.
    guess
        About where to begin, positive and finite, shape (n,).

    Source: Chandrupatla (1997), Advances in Engineering Software 28(3), 145-149: bisection that interpolates where the
    function is smooth enough; here in ln t.
    """

    def f(w: Array, rows: Positions) -> Array:
        return distance(np.exp(w), rows)

    every = np.arange(len(guess))
    low, high = _bracket(f, np.clip(np.log(guess), -_REACH, _REACH))
    result = np.where(np.isposinf(high), np.inf, 0.0)
    rows = every[np.isfinite(low) & np.isfinite(high)]
    result[rows] = np.exp(_chandrupatla(f, low[rows], high[rows], rows))
    return result


def _bracket(f: Callable[[Array, Positions], Array], start: Array) -> tuple[Array, Array]:
    """Points below and above the crossing; (finite, inf) where it is beyond reach, (-inf, finite) where before it."""
    low, high = np.full(len(start), -np.inf), np.full(len(start), np.inf)
    rows, at, step = np.arange(len(start)), start, 1.0
    while len(rows):
        below = f(at, rows) < 0
        low[rows] = np.where(below, at, low[rows])
        high[rows] = np.where(below, high[rows], at)
        ends = np.where(below, at >= _REACH, at <= -_REACH)
        going = ~ends & ~(np.isfinite(low[rows]) & np.isfinite(high[rows]))
        rows, at, below = rows[going], at[going], below[going]
        at = np.clip(at + np.where(below, step, -step), -_REACH, _REACH)
        step *= 2
    return low, high


def _chandrupatla(f: Callable[[Array, Positions], Array], low: Array, high: Array, rows: Positions) -> Array:
    result = np.empty(len(rows))
    place = np.arange(len(rows))
    x1, x2, share = high, low, np.full(len(rows), 0.5)
    f1, f2 = f(x1, rows), f(x2, rows)
    while len(place):
        x = x1 + share * (x2 - x1)
        now = f(x, rows)
        same = (now < 0) == (f1 < 0)
        x3, f3 = np.where(same, x1, x2), np.where(same, f1, f2)
        x2, f2 = np.where(same, x2, x1), np.where(same, f2, f1)
        x1, f1 = x, now
        best = np.where(np.abs(f2) < np.abs(f1), x2, x1)
        least = 2 * _TOLERANCE * (1 + np.abs(best) / 64) / np.maximum(np.abs(x2 - x1), 1e-300)
        settled = (least > 0.5) | (np.minimum(np.abs(f1), np.abs(f2)) == 0)
        result[place[settled]] = best[settled]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            xi, phi = (x1 - x2) / (x3 - x2), (f1 - f2) / (f3 - f2)
            smooth = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
            inverse = f1 / (f2 - f1) * f3 / (f2 - f3) + (x3 - x1) / (x2 - x1) * f1 / (f3 - f1) * f2 / (f3 - f2)
        share = np.where(smooth & np.isfinite(inverse), inverse, 0.5)
        share = np.clip(share, np.minimum(least, 0.5), np.maximum(1 - least, 0.5))
        going = ~settled
        place, rows = place[going], rows[going]
        x1, x2, f1, f2, share = x1[going], x2[going], f1[going], f2[going], share[going]
    return result
