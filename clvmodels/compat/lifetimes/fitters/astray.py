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
_LARGE = 400.0  # SciPy's own terms can be larger than what they add up to


def near_one(t: Any, x: Any, T: Any, parameters: Sequence[float]) -> str | None:
    """Of ``(a + b + x)/(a − 1) · (1 − 2F1(...))``, BG/NBD and MBG/NBD: whether a is so near 1 that digits are lost."""
    r, alpha, a, b = parameters
    if not _some(t):
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        lost = 8 * _ROUNDING / abs(a - 1) if a != 1 else np.inf
        most = (r + np.max(x)) * np.log1p(np.max(t) / (alpha + np.min(T)))
        soon = r * _least(t) / (alpha + np.max(T))  # purchases to come
        if lost * (1 + most) * max((a + b) / soon, 1 / soon + 1, 1 / np.log1p(soon)) <= _SEEN:
            return None
        k, z = r + x, alpha + T
        soon = k * t / z
        rounding = lost * (1 + k * np.log1p(t / z)) * np.maximum((a + b + x) / soon, 1 / np.log1p(soon))
    return f"a = {a:.6g}, near 1" if np.any((np.asarray(t) > 0) & (rounding > _SEEN)) else None


def logarithm(t: Any, x: Any, T: Any, parameters: Sequence[float]) -> str | None:
    """Of the logarithm of 2F1(r + x, b + x, a + b + x − 1, ...), BG/NBD: whether there is none for x = 0."""
    r, alpha, a, b = parameters
    if a + b > 1 or not np.any(new := np.asarray(x) == 0):
        return None
    share = np.max(np.where(new, t / (alpha + T + t), 0.0))
    if a + b < 1 and special.hyp2f1(r, b, a + b - 1, share) > 0:
        return None
    return f"a + b = {a + b:.6g}, and customers without a repeat purchase"


def overflow(t: Any, x: Any, T: Any, parameters: Sequence[float], first_chance: int) -> str | None:
    """Of 2F1(r + x, b + x + f, a + b + x + f − 1, t/(alpha + T + t)): whether SciPy has no number for it.

    f is 0 for BG/NBD, where another form stands in for infinity, and 1 for MBG/NBD. It grows as (1 + t/(alpha + T)) to
    the power 1 + r + x − a, so that only large powers are looked at.
    """
    r, alpha, a, b = parameters
    if (1 + r + np.max(x)) * np.log1p(np.max(t) / (alpha + np.min(T))) <= _LARGE:
        return None
    t, x, T = (np.atleast_1d(v) for v in np.broadcast_arrays(t, x, T))
    power = (1 + r + x) * np.log1p(t / (alpha + T))
    far = np.argsort(power)[-1000:]
    far = far[power[far] > _LARGE]
    t, x, T = t[far], x[far], T[far]
    values = special.hyp2f1(r + x, b + x + first_chance, a + b + x + first_chance - 1, t / (alpha + T + t))
    lost = ~np.isfinite(values) if first_chance else np.isnan(values)
    return f"frequency {np.max(x[lost]):.0f}" if np.any(lost) else None


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
