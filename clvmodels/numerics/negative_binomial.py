"""A Poisson process whose rate differs between customers as λ ~ Gamma(k, rate z)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from .arrays import Array
from .gamma import log_rising


def probability_of_event(t: Any, k: Any, z: Any) -> Array:
    """P(at least one event within t) = 1 − (1 + t/z)^-k."""
    return np.asarray(-np.expm1(-np.asarray(k) * np.log1p(np.asarray(t) / z)))


def probability_of_more(n: Any, t: Any, k: Any, z: Any) -> Array:
    """P(more than n events within t) = I_{t/(z+t)}(n + 1, k), the regularised incomplete beta function."""
    with np.errstate(divide="ignore", over="ignore"):
        share = 1 / (1 + z / np.asarray(t, dtype=np.float64))  # t/(z + t), also at t = inf
    return np.asarray(special.betainc(np.asarray(n) + 1.0, k, share))


def time_of_event(q: Any, k: Any, z: Any) -> Array:
    """Quantile q of the time to the first event, z ((1 − q)^(-1/k) − 1); inf where it is beyond a double."""
    with np.errstate(over="ignore"):
        return np.asarray(z * np.expm1(-np.log1p(-np.asarray(q)) / k))


def log_negative_binomial(n: Any, t: Any, k: Any, z: Any) -> Array:
    """ln P(n events within t) of a Poisson process with rate λ ~ Gamma(k, z)."""
    n, t, k, z = (np.asarray(v, dtype=np.float64) for v in (n, t, k, z))
    ways = log_rising(k, n) - special.gammaln(n + 1)
    with np.errstate(divide="ignore"):
        return np.asarray(ways - k * np.log1p(t / z) + special.xlogy(n, t / (z + t)))


def log_ways(n: Array, k: Any) -> Array:
    """ln Γ(k + n)/(Γ(k) n!) of consecutive whole numbers n, a row for each of them: running sums of logarithms."""
    k = np.atleast_1d(np.asarray(k, dtype=np.float64))
    steps = np.empty((len(n), *k.shape))
    steps[0] = log_rising(k, n[0]) - special.gammaln(n[0] + 1)
    steps[1:] = np.log((k + n[:-1, None]) / n[1:, None])
    return np.asarray(np.cumsum(steps, axis=0))


def event_counts(n: Array, t: Any, k: Any, z: Any) -> tuple[Array, Array]:
    """P(n events within t) and P(more than n), of consecutive whole numbers n, a row for each of them.

    Only that of more than the last n is an incomplete beta function, from there on back the others are sums.
    """
    log_here = log_ways(n, k) - k * np.log1p(t / z) + special.xlogy(n[:, None], t / (z + np.asarray(t)))
    exactly = np.exp(log_here)
    return exactly, added_back(exactly, probability_of_more(n[-1], t, k, z))


def added_back(exactly: Array, beyond: Array) -> Array:
    """P(more than n) from P(n), a row for each of consecutive n, and P(more than the last n)."""
    more = np.empty_like(exactly)
    more[-1] = beyond
    np.cumsum(exactly[:0:-1], axis=0, out=more[-2::-1])
    more[:-1] += beyond
    return more
