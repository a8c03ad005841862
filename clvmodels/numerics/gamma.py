"""Differences of log-gamma and digamma functions that keep their digits.

``gammaln(r + x) - gammaln(r)`` loses digits when r is large: both terms are about r ln r, their difference about
x ln r. From r = 16 on the difference of the Stirling series is used instead, below that scipy's functions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import special

from .arrays import Array

_STIRLING_FROM = 16.0


def log_rising(r: Any, x: Any) -> Array:
    """ln Γ(r + x) − ln Γ(r), for r > 0 and x ≥ 0 (real); about 15 digits of the larger of 1 and the result.

    Source: the Stirling series, NIST DLMF 5.11.1, to its fifth term.

    >>> round(float(log_rising(3.0, 2.0)), 12)  # ln(3 · 4)
    2.484906649788
    """
    return by_count(_log_rising, x, r)


def digamma_rising(r: Any, x: Any) -> Array:
    """ψ(r + x) − ψ(r), the derivative of :func:`log_rising` in r. Source: NIST DLMF 5.11.2."""
    return by_count(_digamma_rising, x, r)


def by_count(function: Callable[..., Array], x: Any, *parameters: Any) -> Array:
    """``function(x, *parameters)`` of counts x, one value or one column of values each, computed once for each count.

    With the same parameters for everybody the values at 0, 1, ..., max(x) are enough; they are kept, for the next block
    of customers needs them again.
    """
    x = np.asarray(x, dtype=np.float64)
    if x.size > 64 and not any(np.ndim(p) for p in parameters):
        top = float(x.max())
        if top < x.size / 4:
            counts = x.astype(np.intp)
            if np.array_equal(counts, x):
                size = 64 << max(0, int(top) // 64).bit_length()
                table = _table(function, size, *map(float, parameters))
                if table.ndim == 1:
                    return np.asarray(table[counts])
                found = np.empty((len(table), *x.shape))
                for row, values in zip(table, found, strict=True):  # three times faster than all rows at once
                    np.take(row, counts, out=values, mode="clip")
                return found
    return function(x, *parameters)


@lru_cache(maxsize=64)
def _table(function: Callable[..., Array], size: int, *parameters: float) -> Array:
    return function(np.arange(size, dtype=np.float64), *parameters)


def softplus(y: Any) -> tuple[Array, Array]:
    """ln(1 + e^y) and e^y/(1 + e^y), from one exponential; y may be -inf.

    >>> [float(v) for v in softplus(0.0)]
    [0.6931471805599453, 0.5]
    """
    small = np.exp(-np.abs(y))
    return np.maximum(y, 0) + np.log1p(small), np.where(np.asarray(y) > 0, 1.0, small) / (1 + small)


def log_beta(a: Any, b: Any) -> Array:
    """ln B(a, b) for a, b > 0, keeping its digits when one or both are large."""
    small, large = np.minimum(a, b), np.maximum(a, b)
    return np.asarray(special.gammaln(small) - _log_rising(small, large), dtype=np.float64)


def gamma_cdf(value: Any, shape: Any, rate: Any) -> Array:
    """P(λ ≤ value) for λ ~ Gamma(shape, rate), value ≥ 0.

    >>> float(gamma_cdf(2.0, 1.0, 0.5).round(6))  # 1 − e^-1
    0.632121
    """
    return np.asarray(special.gammainc(shape, np.asarray(value) * rate))


def beta_cdf(value: Any, a: Any, b: Any) -> Array:
    """P(p ≤ value) for p ~ Beta(a, b), value ≥ 0 (1 from 1 on).

    >>> float(beta_cdf(0.5, 1.0, 2.0))
    0.75
    """
    return np.asarray(special.betainc(a, b, np.minimum(value, 1.0)))


def _tail(z: Array) -> Array:
    w = np.square(1.0 / z)  # z may be up to 1e308
    return (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w / 1188)))) / z


def _tail_derivative(z: Array) -> Array:
    w = np.square(1.0 / z)  # z may be up to 1e308
    return -w * (1 / 12 - w * (1 / 120 - w * (1 / 252 - w * (1 / 240 - w / 132))))


def _log_rising(x: Any, r: Any) -> Array:
    r, x = np.broadcast_arrays(np.asarray(r, dtype=np.float64), np.asarray(x, dtype=np.float64))
    if np.all(r < _STIRLING_FROM):
        return np.asarray(special.gammaln(r + x) - special.gammaln(r))
    large = np.maximum(r, _STIRLING_FROM)
    stirling = x * np.log(large) + (large + x - 0.5) * np.log1p(x / large) - x + _tail(large + x) - _tail(large)
    if np.all(r >= _STIRLING_FROM):
        return np.asarray(stirling)
    return np.asarray(np.where(r >= _STIRLING_FROM, stirling, special.gammaln(r + x) - special.gammaln(r)))


def _digamma_rising(x: Any, r: Any) -> Array:
    r, x = np.broadcast_arrays(np.asarray(r, dtype=np.float64), np.asarray(x, dtype=np.float64))
    if np.all(r < _STIRLING_FROM):
        return np.asarray(special.digamma(r + x) - special.digamma(r))
    large = np.maximum(r, _STIRLING_FROM)
    stirling = (
        np.log1p(x / large) + 0.5 * x / (large * (large + x)) + _tail_derivative(large + x) - _tail_derivative(large)
    )
    if np.all(r >= _STIRLING_FROM):
        return np.asarray(stirling)
    return np.asarray(np.where(r >= _STIRLING_FROM, stirling, special.digamma(r + x) - special.digamma(r)))
