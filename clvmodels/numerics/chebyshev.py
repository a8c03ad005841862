"""Expensive smooth functions of one continuous variable, computed at a few points and interpolated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import fft

from .arrays import Array, Positions, map_blocks

_ACCURACY = 2e-13
_MOST = 128


def interpolated(log_f: Callable[[Array, Array], Array], x: Array, z: Array) -> Array:
    """Values exp(log_f(x, z)) for every row, where x takes few distinct values and log_f is smooth in ln z.

    For each distinct x the function is computed at a few Chebyshev points of ln z, as many as its width asks for; the
    last coefficients tell whether they are enough, or else twice as many are taken. Where that never ends, or where
    there are too few rows to gain from it, every row is computed.

    Source: Trefethen (2013), Approximation Theory and Approximation Practice, chapters 3 and 8.
    """
    if not len(x):
        return np.zeros(0)
    distinct, group = _groups(x)
    low, high = float(z.min()), float(z.max())
    middle, half = (np.log(low) + np.log(high)) / 2, (np.log(high) - np.log(low)) / 2
    if half < 1e-9:
        return np.asarray(np.exp(log_f(x, z)))
    # Coefficients fall like ρ^-k; these functions are analytic up to an imaginary part of π or so.
    n = 2 + int(np.ceil(30 / np.arcsinh(np.pi / half)))
    while 2 * n * len(distinct) < len(x) and n <= _MOST:
        points = np.exp(middle + half * np.cos(np.pi * (np.arange(n) + 0.5) / n))
        at = log_f(np.repeat(distinct, n), np.tile(points, len(distinct))).reshape(len(distinct), n)
        if not np.all(np.isfinite(at)):
            break
        coefficients = fft.dct(at, axis=1) / n
        coefficients[:, 0] /= 2
        if np.abs(coefficients[:, -2:]).max() < _ACCURACY * max(1.0, float(np.abs(at).max())):
            return np.exp(_clenshaw(coefficients, group, (np.log(z) - middle) / half))
        n *= 2
    return np.asarray(np.exp(log_f(x, z)))


def _groups(x: Array) -> tuple[Array, Positions]:
    """Distinct values, and which of them each row has; counts need no sorting."""
    if not len(x) or x.max() > 4 * len(x):
        distinct, group = np.unique(x, return_inverse=True)
        return distinct, group
    counts = x.astype(np.intp)
    if not np.array_equal(counts, x):
        distinct, group = np.unique(x, return_inverse=True)
        return distinct, group
    there = np.bincount(counts) > 0
    return np.flatnonzero(there).astype(np.float64), (np.cumsum(there) - 1)[counts]


def _clenshaw(coefficients: Array, group: Positions, y: Array) -> Array:
    columns = np.ascontiguousarray(coefficients.T)

    def block(index: Positions, y: Array) -> Array:
        twice, taken = 2 * y, np.empty_like(y)
        ahead, beyond, spare = np.zeros_like(y), np.zeros_like(y), np.empty_like(y)
        for column in columns[:0:-1]:  # ahead, beyond = column[index] + twice · ahead − beyond, ahead
            np.take(column, index, out=taken, mode="clip")
            np.multiply(twice, ahead, out=spare)
            spare -= beyond
            spare += taken
            ahead, beyond, spare = spare, ahead, beyond
        return np.asarray(columns[0][index] + y * ahead - beyond)

    return np.concatenate(map_blocks(block, (group, y), len(y)))
