"""The future of a customer who is alive, with his own rates changed from now on.

Leaving after purchases: as in `geometric_dropout` λ ~ Gamma(k, rate z) and p ~ Beta(a, b) are independent; from now on
he buys at rate c·λ and leaves after each purchase with probability min(d·p, 1). With z' = z/c and
g(q) = ∫ over (0, t] of e^(-delta·u) (k/z') (1 + q·u/z')^-(k+1) du he is expected to buy E[g(min(d·p, 1))]. Up to d = 1
that is 1/d times the unchanged future at z/(c·d). Above, whoever has p > 1/d buys once more at most, g(1), and the rest
are an integral over q = d·p in (0, 1).

Leaving before whole periods: as in `whole_periods`, with probability min(d·θ, 1), θ ~ Beta(gamma, b).

All integrands are positive, so that nothing cancels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import given_rates
from .arrays import Array, rowwise
from .chebyshev import interpolated
from .gamma import beta_cdf, log_beta
from .geometric_dropout import discounted_of_counts, discounting_of_dropout, expected_of_counts, log_beta_mean

_NARROW, _WIDE = 16, 256  # rows a block, with and without nodes in time
_ONE = 1e-12  # a factor that is above 1 by less is as good as 1 as far as the cap is concerned


def changed_of_counts(
    t: Any, delta: Any, rate_factor: Any, dropout_factor: Any, x: Any, z: Any, r: Any, a: Any, b: Any
) -> Array:
    """E[purchases within t, each worth e^(-delta·u)] with k = r + x, b + x for b, and the factors c and d.

    Interpolated in z where many customers share their counts x. t = inf needs delta > 0, or a > 1 to be finite.
    """
    columns = (t, delta, rate_factor, dropout_factor, x, z, r, a, b)
    shape = np.broadcast_shapes(*map(np.shape, columns))
    spread: list[Any] = [np.ravel(np.broadcast_to(v, shape)) if np.ndim(v) else float(v) for v in columns]
    size = int(np.prod(shape, dtype=np.int64))
    spread[4:6] = [np.broadcast_to(np.asarray(v, dtype=np.float64), size) for v in spread[4:6]]
    result = np.zeros(size)
    c, d = (np.asarray(v) for v in spread[2:4])
    for chosen, part in (
        ((c > 0) & (d == 0), _never_leaving),
        ((c > 0) & (d > 0) & (d <= 1 + _ONE), _leaving_less),
        ((c > 0) & (d > 1 + _ONE), _leaving_more),
    ):
        rows = np.broadcast_to(chosen, size)
        if rows.all():
            result = part(*spread)
        elif rows.any():
            result[rows] = part(*(v[rows] if np.ndim(v) else v for v in spread))
    return np.asarray(np.reshape(result, shape))


def _never_leaving(t: Any, delta: Any, c: Any, d: Any, x: Array, z: Array, r: Any, a: Any, b: Any) -> Array:
    """E[c·λ] ∫ over (0, t) of e^(-delta·u) du."""
    return np.asarray(c * ((r + x) / z) * given_rates.worth(t, delta))


def _leaving_less(t: Any, delta: Any, c: Any, d: Any, x: Array, z: Array, r: Any, a: Any, b: Any) -> Array:
    if np.any(delta):
        return np.asarray(discounted_of_counts(t, delta, x, z / (c * d), r, a, b) / d)
    return np.asarray(expected_of_counts(t, 0.0, x, z / (c * d), r, a, b) / d)


def _leaving_more(t: Any, delta: Any, c: Any, d: Any, x: Array, z: Array, r: Any, a: Any, b: Any) -> Array:
    def log_f(x: Array, z: Array) -> Array:
        if np.any(delta):
            return rowwise(_log_discounted, t, delta, d, r + x, z / c, a, b + x, block=_NARROW)
        return rowwise(_log_expected, t, d, r + x, z / c, a, b + x, block=_WIDE)

    shared = all(np.ndim(v) == 0 for v in (t, delta, c, d, r, a, b)) and len(x) > 1
    if shared and (np.any(delta) or (0 < t < np.inf)):
        return interpolated(log_f, x, z)
    return np.exp(log_f(x, z))


def _log_discounted(t: Array, delta: Array, d: Array, k: Array, z: Array, a: Array, b: Array) -> Array:
    t, delta, d, k, z, a, b = np.broadcast_arrays(t, delta, d, k, z, a, b)
    log_f, turns, rough = discounting_of_dropout(t, delta, k, z)
    stay = log_mean_below(log_f, d, a, b, 1.0, turns, rough)
    once = log_f(np.ones((1, len(t))))[0]
    return np.asarray(np.log(k / z) + _either(stay, once, d, a, b))


def _log_expected(t: Array, d: Array, k: Array, z: Array, a: Array, b: Array) -> Array:
    t, d, k, z, a, b = np.broadcast_arrays(t, d, k, z, a, b)
    result = np.where(np.isinf(t) & ~(a > 1), np.inf, -np.inf)
    rows = np.isinf(t) & (a > 1)
    if rows.any():  # g(q) = 1/q
        d_, a_, b_ = (v[rows] for v in (d, a, b))
        stay = log_mean_below(lambda q: np.zeros_like(q), d_, a_, b_, 1.0, [], less=1.0)
        result[rows] = _either(stay, np.zeros(len(d_)), d_, a_, b_)
    rows = np.isfinite(t) & (t > 0)
    if rows.any():
        t, d, k, z, a, b = (v[rows] for v in (t, d, k, z, a, b))

        def log_f(q: Array) -> Array:
            q = np.maximum(q, 1e-300)
            return np.asarray(np.log(-np.expm1(-k * np.log1p(q * (t / z)))) - np.log(q))

        stay = log_mean_below(log_f, d, a, b, 1.0, [k * t / z, t / z])
        result[rows] = _either(stay, log_f(np.ones((1, len(t))))[0], d, a, b)
    return result


def _either(log_stay: Array, log_once: Array, d: Array, a: Array, b: Array) -> Array:
    """Ln of e^log_stay + P(p > 1/d)·e^log_once."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.logaddexp(log_stay, np.log(beta_cdf((d - 1) / d, b, a)) + log_once))


def log_mean_below(
    log_f: Callable[[Array], Array],
    d: Any,
    a: Any,
    b: Any,
    room: Any,
    turns: list[Array],
    rough: Callable[[Array], Array] | None = None,
    less: float = 0.0,
) -> Array:
    """Ln E[f(q) (1 − q)^(room − 1) q^-less; q < 1] for q = d·p, p ~ Beta(a, b) and d > 1.

    The density of q is d^-a/B(a, b) · q^(a−1) (1 − q/d)^(b−1).
    """
    norm = log_beta(a - less, room) - log_beta(a, b) - (a + b - 1) * np.log(d)
    return np.asarray(norm + log_beta_mean(log_f, a - less, room, turns, rough, power=b - 1, gap=d - 1))


def log_periods_worth(n: Any, rate: Any, dropout_factor: Any, gamma: Any, b: Any) -> Array:
    """Ln E[Σ over j = 1..n of e^(-rate·j) (1 − min(d·θ, 1))^j] for θ ~ Beta(gamma, b); n is whole, or inf.

    n = inf needs rate > 0, or gamma > 1 and d > 0 to be finite.
    """
    return rowwise(_log_periods_worth, n, rate, dropout_factor, gamma, b, block=_WIDE)


def _log_periods_worth(n: Array, rate: Array, d: Array, gamma: Array, b: Array) -> Array:
    n, rate, d, gamma, b = np.broadcast_arrays(n, rate, d, gamma, b)
    endless = np.isinf(n) & (rate == 0)
    with np.errstate(divide="ignore"):
        # Σ of (1 − q)^j is 1/q − 1
        known = np.where(gamma > 1, b + (1 - d) * (gamma - 1), np.inf) / np.where(gamma > 1, d * (gamma - 1), 1.0)
        result = np.where(endless, np.log(np.where(d > 1, 0.0, known)), -np.inf)
        result = np.where((n > 0) & (d == 0) & ~endless, np.log(given_rates.periods_worth(n, rate, 0.0)), result)
    rows = endless & (d > 1)
    if rows.any():
        d_, gamma_, b_ = (v[rows] for v in (d, gamma, b))
        some = np.where(gamma_ > 1, gamma_, 2.0)
        mean = log_mean_below(lambda q: np.zeros_like(q), d_, some, b_, 2.0, [], less=1.0)
        result[rows] = np.where(gamma_ > 1, mean, np.inf)
    rows = (n > 0) & (d > 0) & ~endless
    for some, capped in ((rows & (d <= 1 + _ONE), False), (rows & (d > 1 + _ONE), True)):
        if some.any():
            result[some] = _finite_worth(capped, *(v[some] for v in (n, rate, d, gamma, b)))
    return result


def _finite_worth(capped: bool, n: Array, rate: Array, d: Array, gamma: Array, b: Array) -> Array:
    def log_sum(q: Array) -> Array:  # of D^0 to D^(n−1), D = e^-rate (1 − q)
        fall = np.log1p(-np.minimum(q, 1 - 1e-16)) - rate
        steep = np.maximum(np.abs(fall), 1e-300)
        grown = np.where(fall > 0, (np.where(np.isinf(n), 1.0, n) - 1) * fall, 0.0)
        return np.asarray(grown + np.log(-np.expm1(-n * steep)) - np.log(-np.expm1(-steep)))

    turns = [np.where(np.isinf(n), 0.0, n), 1 / np.expm1(np.maximum(np.abs(rate), 1e-300))]
    if capped:
        return np.asarray(log_mean_below(log_sum, d, gamma, b, 2.0, turns) - rate)
    # the first factor 1 − d·θ is d·((1 − d)/d + 1 − θ)
    gap = np.maximum(1 - d, 0.0) / d
    mean = log_beta_mean(lambda q: log_sum(d * q), gamma, b, [turn * d for turn in turns], power=1.0, gap=gap)
    return np.asarray(np.log(d) - rate + mean)
