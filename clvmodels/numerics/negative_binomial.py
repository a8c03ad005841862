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
    with np.errstate(divide="ignore"):
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
