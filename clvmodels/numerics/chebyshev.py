"""Expensive smooth functions of one continuous variable, computed at a few points and interpolated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import fft

from .arrays import Array, Positions, map_blocks

_ACCURACY = 2e-13
_MOST = 128
_LARGE = 16.0  # from here on neighbouring counts differ little


def interpolated(log_f: Callable[[Array, Array], Array], x: Array, z: Array) -> Array:
    """Values exp(log_f(x, z)) for every row, where x takes few distinct values and log_f is smooth in ln z.

    For each distinct x the function is computed at a few Chebyshev points of ln z, as many as its width asks for; the
    last coefficients tell whether they are enough, or else twice as many are taken. Where that never ends, or where
    there are too few rows to gain from it, every row is computed. Of many large x not all are computed either, where
    log_f is as smooth in ln x: it is asked for values between the counts.

    Source: Trefethen (2013), Approximation Theory and Approximation Practice, chapters 3 and 8.
    """
    if not len(x):
        return np.zeros(0)
    distinct, group = _groups(x)
    low, high = float(z.min()), float(z.max())
    middle, half = (np.log(low) + np.log(high)) / 2, (np.log(high) - np.log(low)) / 2
    if half < 1e-9:
        return np.asarray(np.exp(log_f(x, z)))
    n, picked = _enough(half), _picked(distinct)
    while 2 * n * len(picked) < len(x) and n <= _MOST:
        at = _grid(log_f, distinct, picked, _points(middle, half, n))
        if at is None and 2 * n * len(distinct) < len(x):  # not as smooth in ln x
            picked = distinct
            continue
        if at is None or not np.all(np.isfinite(at)):
            break
        coefficients = _coefficients(at)
        if coefficients is not None:
            return np.exp(_clenshaw(coefficients, group, (np.log(z) - middle) / half))
        n *= 2
    return np.asarray(np.exp(log_f(x, z)))


def _enough(half: float) -> int:
    """How many points: coefficients fall like ρ^-k; these functions are analytic up to an imaginary part of π or so."""
    return 2 + int(np.ceil(30 / np.arcsinh(np.pi / half)))


def _points(middle: float, half: float, n: int) -> Array:
    """The Chebyshev points of a logarithm, as numbers."""
    return np.asarray(np.exp(middle + half * np.cos(np.pi * (np.arange(n) + 0.5) / n)))


def _coefficients(at: Array) -> Array | None:
    """Chebyshev coefficients of each row of values at the points; None where there are too few of them."""
    coefficients = np.asarray(fft.dct(at, axis=1) / at.shape[1])
    coefficients[:, 0] /= 2
    fallen = np.abs(coefficients[:, -2:]).max() < _ACCURACY * max(1.0, float(np.abs(at).max()))
    return coefficients if fallen else None


def _picked(x: Array) -> Array:
    """The values to compute: those given (ascending), or for many large ones the Chebyshev points of their ln x."""
    large = x[np.searchsorted(x, _LARGE) :]
    if len(large) < 2:
        return x
    low, high = np.log(large[0]), np.log(large[-1])
    half = (high - low) / 2
    n = _enough(half)
    if len(large) < 2 * n:
        return x
    return np.concatenate([x[: len(x) - len(large)], _points((low + high) / 2, half, n)])


def _grid(log_f: Callable[[Array, Array], Array], x: Array, picked: Array, z: Array) -> Array | None:
    """``log_f`` of every x (rows) and z (columns), from the picked values of x; None where they are too few."""
    at = log_f(np.repeat(picked, len(z)), np.tile(z, len(picked))).reshape(len(picked), len(z))
    if picked is x:
        return at
    few = int(np.searchsorted(x, _LARGE))
    coefficients = _coefficients(at[few:].T)
    if coefficients is None:
        return None
    large = np.log(x[few:])
    angle = np.arccos(np.clip(2 * (large - large[0]) / (large[-1] - large[0]) - 1, -1.0, 1.0))
    between = np.einsum("ik,jk->ij", np.cos(angle[:, None] * np.arange(len(picked) - few)), coefficients)
    return np.concatenate([at[:few], between])


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
