"""Whether lifetimes' closed forms would have lost their digits, or ended in NaN, on what is asked.

Each function is a bound on the rounding of those forms, looked at for the extremes first: what it says decides only
whether a difference is told. The bounds were measured against lifetimes 0.11.3 with double precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import special

_ROUNDING = 2.0**-52
_SEEN = 1e-6  # relative
_LARGEST = 709.0  # ln of the largest double


def geometric_expectation(
    t: Any, x: Any, T: Any, parameters: Sequence[float], lowest: float, fallback: bool
) -> str | None:
    """Of ``c/(a − 1) · (1 − 2F1(...))`` with c = ``lowest`` + x, BG/NBD and MBG/NBD: what goes wrong, or None.

    ``fallback`` says that another form is tried where the hypergeometric function overflows, through its logarithm.
    """
    r, alpha, a, b = parameters
    if not _some(t):
        return None
    k, z = r + x, alpha + T
    with np.errstate(divide="ignore"):
        lost = 2 * _ROUNDING / abs(a - 1) if a != 1 else np.inf
        bound = lost * max((a + b) / r, 1.0) * np.max(z) / _least(t)
        if bound > _SEEN and np.any(np.where(np.asarray(t) > 0, lost * (a + b + x) / k * z / t, 0.0) > _SEEN):
            return f"a = {a:.6g}, near 1"
    if fallback:
        new = np.asarray(x) == 0
        if lowest <= 0 and np.any(new):
            share = np.max(np.where(new, t / (z + t), 0.0))
            if lowest == 0 or not special.hyp2f1(r, b, lowest, share) > 0:
                return f"a + b = {a + b:.6g}, not above 1, and customers without a repeat purchase"
        return None
    if (1 + r + np.max(x)) * np.log1p(np.max(t) / np.min(z)) <= _LARGEST:
        return None
    far = (1 + k - a) * np.log1p(t / z) > _LARGEST
    return f"frequency {np.max(np.where(far, x, 0)):.0f}" if np.any(far) else None


def pareto_expectation(t: Any, T: Any, s: float, beta: float) -> str | None:
    """Of ``(1 − ((β + T)/(β + T + t))^(s − 1))/(s − 1)``, Pareto/NBD: what goes wrong, or None."""
    if not _some(t):
        return None
    with np.errstate(divide="ignore"):
        lost = _ROUNDING / abs(s - 1) if s != 1 else np.inf
    worst = lost / np.log1p(_least(t) / (beta + np.max(T)))
    return f"s = {s:.6g}, near 1" if worst > _SEEN else None


def pareto_dropout(x: Any, t_x: Any, T: Any, parameters: Sequence[float]) -> str | None:
    """Of the difference of two hypergeometric functions in Pareto/NBD's likelihood: what goes wrong, or None."""
    r, alpha, s, beta = parameters
    low, high = min(alpha, beta), max(alpha, beta)
    power = np.maximum(r + x - 1, 0.0) if alpha < beta else s
    if np.max(power) * np.log(high / low) + (r + s + np.max(x)) * np.log(high + np.max(T)) <= _LARGEST:
        return None
    log_hyper = power * np.log((high + t_x) / (low + t_x))
    last = (np.asarray(t_x) >= T) & (log_hyper + (r + s + x) * np.log(high + T) > _LARGEST)
    far = last | (log_hyper > _LARGEST)
    return f"frequency {np.max(np.where(far, x, 0)):.0f}" if np.any(far) else None


def geometric_pmf(n: Any, values: Any, a: float, kept: Any, b: float, r: float) -> str | None:
    """Of the finite sum in BG/NBD's and MBG/NBD's pmf, ``kept`` = b + n − 1 or b + n: what goes wrong, or None."""
    n = np.asarray(n)
    if np.any((n > 170) | (r + n > 171.6)):
        return f"n = {np.max(n):.0f}"
    with np.errstate(invalid="ignore"):
        leaves = np.where(n > 0, np.exp(special.betaln(a + 1, np.maximum(kept, b)) - special.betaln(a, b)), 0.0)
    small = 2 * _ROUNDING * leaves > _SEEN * np.asarray(values)
    return f"a probability of {np.min(np.where(small, values, 1.0)):.1g}" if np.any(small) else None


def pareto_pmf(n: Any, values: Any) -> str | None:
    """Of three terms in Pareto/NBD's conditional pmf that cancel: what goes wrong, or None."""
    small = np.asarray(values) < 1e-10
    return f"a probability of {np.min(values):.1g}" if np.any(small & (np.asarray(n) > 0)) else None


def _some(t: Any) -> bool:
    return bool(np.any(np.asarray(t) > 0))


def _least(t: Any) -> float:
    """The smallest length above 0."""
    return float(np.min(np.where(np.asarray(t) > 0, t, np.inf)))
