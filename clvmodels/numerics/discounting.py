"""Discounted expectations of any family, from its expected purchases alone.

Integration by parts turns ∫ over (0, t] of e^(-delta·u) dE(u) into e^(-delta·t) E(t) + delta ∫ over (0, t) of
e^(-delta·u) E(u) du, whose terms are all positive for delta > 0. In discrete time E is a step function, and the same
integral is a sum over whole periods.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .arrays import Array
from .quadrature import DROP, legendre

_PERIODS_AT_ONCE = 512
_NODES = 160


def discounted(expected: Callable[[Array], Array], t: Array, delta: float) -> Array:
    """∫ over (0, t] of e^(-delta·u) dE(u) for each row; continuous time.

    Parameters
    ----------
    expected
        ``expected(u)`` gives E(u) for nodes u of shape (n, rows).
    t, delta
        Horizon of each row (inf allowed for delta > 0) and the continuous discount rate, not 0.
    """
    upper = np.minimum(t, DROP / delta) if delta > 0 else t
    # Nothing is known of where E bends: nodes in u = upper·(e^q − 1)/(e^18 − 1) look at every scale down to 1e-8.
    nodes, weights = legendre(_NODES)
    reach = 18.0
    u = upper * np.expm1(reach * nodes) / np.expm1(reach)
    du = weights * reach * (u + upper / np.expm1(reach))
    with np.errstate(over="ignore"):
        last = np.exp(-delta * upper) * expected(upper[None, :])[0]
        return np.asarray(last + delta * np.sum(du * np.exp(-delta * u) * expected(u), axis=0))


def discounted_window(expected: Callable[[float], Array], begin: float, length: float, delta: float) -> Array:
    """∫ over (begin, begin + length] of e^(-delta·u) dE(u), where ``expected(t)`` gives E(begin + t) − E(begin).

    The same integration by parts over the window alone; begin > 0. Rates of purchase are smooth but for u < 0, where
    they may have poles or a cut: in ln u that is π away from the real axis, so Gauss-Legendre in ln u converges like
    ρ^(-2n), ρ = y + √(1 + y²) with y = 2π/ln(1 + length/begin).

    Source: Trefethen (2013), Approximation Theory and Approximation Practice, theorem 19.3.
    """
    if length == 0:
        return expected(0.0)
    width, decay = math.log1p(length / begin), abs(delta) * length
    digits = max(0.0, 32.0 + math.log(decay))  # e^-32 is 1e-14; the integral itself is only the decay times as large
    nodes, weights = legendre(2 + math.ceil(digits / (2 * math.asinh(2 * math.pi / width)) + decay))
    total = math.exp(-delta * (begin + length)) * expected(length)
    for node, weight in zip(nodes.ravel(), weights.ravel(), strict=True):
        gone = begin * math.expm1(width * float(node))
        total = total + delta * width * float(weight) * (begin + gone) * math.exp(-delta * (begin + gone)) * expected(
            gone
        )
    return total


def discounted_periods(expected: Callable[[Array], Array], t: Array, delta: float) -> Array:
    """Σ over whole periods k ≤ t of e^(-delta·k) (E(k) − E(k−1)) for each row; discrete time."""
    last = np.floor(t if delta < 0 else np.minimum(t, np.ceil(DROP / delta)))
    total, before = np.zeros(len(t)), np.zeros(len(t))
    for first in range(1, int(last.max(initial=0)) + 1, _PERIODS_AT_ONCE):
        k = np.arange(first, min(first + _PERIODS_AT_ONCE, int(last.max()) + 1), dtype=np.float64)[:, None]
        reached = expected(np.broadcast_to(k, (len(k), len(t))))
        gained = np.diff(reached, axis=0, prepend=before[None, :])
        total += np.sum(np.where(k <= last, np.exp(-delta * k) * gained, 0.0), axis=0)
        before = reached[-1]
    return total
