"""Pareto/NBD: purchases at a gamma rate; a customer may leave at any time, at a gamma rate of his own.

λ ~ Gamma(r, alpha), lifetime exponential with rate μ ~ Gamma(s, beta), independent; while alive a customer buys as a
Poisson process with rate λ.

Sources: Schmittlein, Morrison & Colombo (1987), Management Science 33(1), 1-24; Fader & Hardie (2005), "A Note on
Deriving the Pareto/NBD Model and Related Expressions".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import special

from ..numerics import given_rates
from ..numerics.arrays import Array, Positions, distinct, map_blocks, rowwise
from ..numerics.chebyshev import interpolated
from ..numerics.gamma import digamma_rising, gamma_cdf, log_rising, softplus
from ..numerics.negative_binomial import added_back, log_negative_binomial, log_ways, time_of_event
from ..numerics.quadrature import DROP, discounting_rule, legendre, stretched, stretched_logarithm, window
from ..numerics.roots import crossing_time
from ..numerics.simulation import poisson_times
from .contract import HEAVY_BUYERS, PURCHASE_RATES, RATES_ALIKE, Limit, Mixing, PurchaseFamily

# What decays slowly on its way to infinity has a long tail: it is cut where e^-60 is left.
_FADED = 60.0
_BLOCK = 1024  # rows a block of the dropout integral: times two dozen nodes they stay in cache


def log_likelihood(x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any) -> tuple[Array, Array]:
    """Ln L, with its gradient in ln r, ln alpha, ln s, ln beta.

    L = Γ(r+x) alpha^r beta^s / Γ(r) · [(alpha+T)^-(r+x) (beta+T)^-s + s ∫ over u in (t_x, T) of
    (alpha+u)^-(r+x) (beta+u)^-(s+1) du]; the integral is computed as it stands, which keeps every term positive. Its
    derivatives are means over the same nodes.
    """
    shape = np.broadcast_shapes(*map(np.shape, (x, t_x, T, r, alpha, s, beta)))
    m = r + x
    log_ratio, later_a, later_b, part_a, part_b = _dropout_means(shape, x, t_x, T, r, alpha, s, beta)
    left, dead = softplus(log_ratio)
    alive = softplus(-log_ratio)[1]
    seen_a, seen_b = np.log1p(T / alpha), np.log1p(T / beta)
    value = log_rising(r, x) - x * np.log(alpha) - m * seen_a - s * seen_b + left
    # Means over the time of leaving, where somebody alive counts as leaving at T.
    left_a = np.log1p(t_x / alpha) + later_a
    left_b = np.log1p(t_x / beta) + later_b
    gradient = (
        r * (digamma_rising(r, x) - alive * seen_a - dead * left_a),
        m * (alive * T / (alpha + T) + dead * part_a) - x,
        dead - s * (alive * seen_b + dead * left_b),
        s * (alive * T / (beta + T) + dead * part_b) + dead * (part_b - 1),
    )
    return np.reshape(value, shape), np.reshape(np.stack(np.broadcast_arrays(*gradient)), (4, *shape))


def log_likelihood_value(x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any) -> Array:
    """Ln L alone."""
    left, _ = softplus(rowwise(lambda *columns: _dropout(*columns)[0], x, t_x, T, r, alpha, s, beta, block=_BLOCK))
    seen = (r + x) * np.log1p(T / alpha) + s * np.log1p(T / beta)
    shape = np.broadcast_shapes(*map(np.shape, (x, t_x, T, r, alpha, s, beta)))
    return np.reshape(log_rising(r, x) - x * np.log(alpha) - seen + left, shape)


def log_p_alive(x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any) -> Array:
    """Ln P(alive at T | x, t_x, T) = −ln(1 + s (alpha+T)^(r+x) (beta+T)^s ∫ over (t_x, T) of ... du)."""

    def block(*columns: Any) -> Array:
        return -softplus(_dropout(*columns)[0])[0]

    return rowwise(block, x, t_x, T, r, alpha, s, beta, block=_BLOCK)


def _dropout_means(
    shape: tuple[int, ...], x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any
) -> tuple[Array, ...]:
    """The log-ratio of `_dropout`, and the means of its two logarithms, of u/(alpha + u) and of u/(beta + u)."""

    def block(x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any) -> Array:
        log_ratio, mean, y, later_a, later_b = _dropout(x, t_x, T, r, alpha, s, beta)
        u = np.add(y, t_x, out=y)
        ahead = alpha + u
        part_a = mean(np.divide(u, ahead, out=ahead))
        ahead = beta + u
        part_b = mean(np.divide(u, ahead, out=ahead))
        return np.stack(np.broadcast_arrays(log_ratio, mean(later_a), mean(later_b), part_a, part_b))

    columns = [v if np.ndim(v) == 0 else np.broadcast_to(v, shape).ravel() for v in (x, t_x, T, r, alpha, s, beta)]
    parts = map_blocks(block, columns, math.prod(shape), _BLOCK)
    return tuple(np.concatenate([np.zeros((5, 0)), *parts], axis=1).reshape(5, *shape))


def _dropout(
    x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any
) -> tuple[Array, Callable[[Array], Array], Array, Array, Array]:
    """Ln of P(left before T) / P(alive at T) given history, and means over the time u = t_x + y of leaving.

    ``mean(f)`` of values f at the nodes y; ln((alpha+u)/(alpha+t_x)) and ln((beta+u)/(beta+t_x)) are such values. With
    A = alpha + t_x and B = beta + t_x the integrand is (1 + y/A)^-(r+x) (1 + y/B)^-(s+1), smooth in q where
    y = scale·(e^q − 1).
    """
    m = r + x
    A, B, gap = alpha + t_x, beta + t_x, np.asarray(T - t_x, dtype=np.float64)
    scale = np.minimum(np.minimum(A, B), 1 / (m / A + (s + 1) / B))
    with np.errstate(over="ignore"):
        faded = np.minimum(A * np.expm1(DROP / m), B * np.expm1(DROP / (s + 1)))
    q, weights = stretched_logarithm(scale, np.minimum(gap, faded))
    grown = np.expm1(q)
    # weights · e^(q − m·later_a − (s+1)·later_b), in place: these arrays are the largest there are
    later_a, later_b = grown * (scale / A), grown * (scale / B)
    np.log1p(later_a, out=later_a)
    np.log1p(later_b, out=later_b)
    q -= m * later_a
    q -= (s + 1) * later_b
    terms = np.exp(q, out=q)
    terms *= weights
    total = np.sum(terms, axis=0)
    with np.errstate(divide="ignore"):
        log_ratio = np.log(s / B * scale) + np.log(total) + m * np.log1p(gap / A) + s * np.log1p(gap / B)
    some = np.where(total > 0, total, 1.0)

    def mean(values: Array) -> Array:
        return np.asarray(np.einsum("ij,ij->j", terms, values) / some)

    return log_ratio, mean, scale * grown, later_a, later_b


def survival_alive(t: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any) -> Array:
    """P(alive at T + t | alive at T) = ((beta+T)/(beta+T+t))^s."""
    return np.asarray(np.exp(-s * np.log1p(t / (beta + T))) + np.zeros(np.shape(x)))


def expected_purchases_alive(
    t: Any, start: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any
) -> Array:
    """E[purchases in (T + start, T + start + t] | alive at T] = (r+x)/(alpha+T) ∫ of ((beta+T)/(beta+T+u))^s du.

    The integral runs over (start, start + t]; it is elementary, and continuous at s = 1.
    """
    rate = (r + x) / (alpha + T)
    later = beta + T + start
    reached = np.exp(-s * np.log1p(start / (beta + T)))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        grown = np.log1p(t / later)
        finite = later * grown * special.exprel((1 - s) * grown)
        endless = np.where(s > 1, later / np.where(s > 1, s - 1, 1.0), np.inf)
    return np.asarray(rate * reached * np.where(np.isinf(t), endless, finite))


def discounted_purchases_alive(
    t: Any, delta: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any
) -> Array:
    """(r+x)/(alpha+T) ∫ over (0, t] of e^(-delta·u) ((beta+T)/(beta+T+u))^s du.

    Source: Fader, Hardie & Lee (2005), "RFM and CLV", Journal of Marketing Research 42(4), 415-430.
    The closed form needs the confluent hypergeometric function Ψ, which loses its digits; the integrand is smooth.
    """
    rate = (r + x) / (alpha + T)
    B = np.asarray(beta + T, dtype=np.float64)
    if all(np.ndim(v) == 0 for v in (t, delta, s)) and B.ndim:
        length = interpolated(lambda _, B: _log_discounted_life(t, delta, s, B), np.zeros(B.size), B.ravel())
        return np.asarray(rate * length.reshape(B.shape))
    return np.asarray(rate * np.exp(_log_discounted_life(t, delta, s, B)))


def changed_purchases_alive(
    t: Any, delta: Any, rate_factor: Any, dropout_factor: Any,
    x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any,
) -> Array:  # fmt: skip
    """As `discounted_purchases_alive` with c·λ ~ Gamma(r + x, (alpha+T)/c) and d·μ ~ Gamma(s, (beta+T)/d)."""
    rate, later = (r + x) / (alpha + T), beta + T
    some = np.where(np.asarray(dropout_factor) > 0, dropout_factor, 1.0)
    if np.any(delta):
        there = discounted_purchases_alive(t, delta, 0.0, 0.0, 0.0, 1.0, 1.0, s, later / some)
    else:
        there = expected_purchases_alive(t, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, s, later / some)
    endless = given_rates.worth(t, delta)  # of somebody who never leaves
    with np.errstate(invalid="ignore"):
        value = rate_factor * rate * np.where(np.asarray(dropout_factor) > 0, there, endless)
    return np.asarray(np.where(np.asarray(rate_factor) > 0, value, 0.0))


def _log_discounted_life(t: Any, delta: Any, s: Any, B: Any) -> Array:
    def block(t: Array, delta: Array, s: Array, B: Array) -> Array:
        with np.errstate(divide="ignore", over="ignore"):
            seen = np.where(delta > 0, DROP / np.abs(delta), np.inf)
            faded = np.where(delta > 0, B * np.expm1(DROP / s), np.inf)
            upper = np.minimum(t, np.minimum(seen, faded))
            u, weights = discounting_rule(np.minimum(B, 1 / (s / B + np.abs(delta))), upper, delta)
            return np.asarray(np.log(np.sum(weights * np.exp(-delta * u - s * np.log1p(u / B)), axis=0)))

    return rowwise(block, t, delta, s, B, block=1024)


def conditional_purchase_pmf(n: Any, t: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any) -> Array:
    """P(n purchases in (T, T + t] | history): P(alive) · that of a customer alive, and 0 if dead."""
    log_alive = log_p_alive(x, t_x, T, r, alpha, s, beta)
    gone = np.where(np.asarray(n) == 0, -np.expm1(log_alive), 0.0)
    return np.asarray(np.exp(log_alive) * purchase_pmf(n, t, r + x, alpha + T, s, beta + T) + gone)


def probability_of_purchase_alive(t: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any) -> Array:
    """P(at least one purchase in (T, T + t] | alive at T) = ∫ over (0, t) of the density of the first one."""
    return rowwise(_first_purchase, t, r + x, alpha + T, s, beta + T, block=1024)


def _first_purchase(t: Array, m: Array, A: Array, s: Array, B: Array) -> Array:
    """∫ over (0, t) of m/A (1 + u/A)^-(m+1) (1 + u/B)^-s du: of buying before leaving, and before t."""
    t, m, A, s, B = np.broadcast_arrays(t, m, A, s, B)
    with np.errstate(over="ignore"):
        faded = np.minimum(A * np.expm1(_FADED / m), B * np.expm1(_FADED / s))
    power = np.exp(DROP) * np.maximum(A, B)  # from here on the integrand is a power of u
    upper = np.minimum(np.minimum(t, faded), power)
    u, weights = stretched(np.minimum(B, 1 / ((m + 1) / A + s / B)), upper)
    near = m / A * np.sum(weights * np.exp(-(m + 1) * np.log1p(u / A) - s * np.log1p(u / B)), axis=0)
    with np.errstate(over="ignore"):
        beyond = -np.expm1(-(m + s) * np.log(np.maximum(t / power, 1.0)))
    return np.asarray(near + np.exp(-m * np.log1p(upper / A) - s * np.log1p(upper / B)) * m / (m + s) * beyond)


def more_purchases_alive(n: Any, t: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any) -> Array:
    """P(more than n purchases in (T, T + t] | alive at T): purchase n + 1 comes at some u < t, before he leaves.

    ∫ over (0, t) of Γ(m+n+1)/(Γ(m) n!) A^m u^n (A+u)^-(m+n+1) (B/(B+u))^s du with m = r+x, A = alpha+T, B = beta+T.
    """
    return rowwise(_more, n, t, r + x, alpha + T, s, beta + T, block=256)


def _more(n: Array, t: Array, m: Array, A: Array, s: Array, B: Array) -> Array:
    n, t, m, A, s, B = np.broadcast_arrays(n, t, m, A, s, B)
    log_ways = log_rising(m, n + 1) - special.gammaln(n + 1)

    def log_integrand(w: Array) -> Array:  # w = ln u
        u = np.exp(w)
        return np.asarray(
            log_ways + (n + 1) * (w - np.log(A + u)) - m * np.log1p(u / A) - s * np.log1p(u / B)
        )  # fmt: skip

    power = np.exp(DROP) * np.maximum((m + n + 1) * A, (s + 1) * B)  # from here on it is a power of u
    with np.errstate(over="ignore"):
        beyond = -np.expm1(-(m + s) * np.log(np.maximum(t / power, 1.0))) / (m + s)
    end = np.log(np.maximum(np.minimum(t, power), 1e-300))
    return np.asarray(np.where(t > 0, _under(log_integrand, end) + np.exp(log_integrand(end)) * beyond, 0.0))


def purchase_counts_alive(
    n: Array, t: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any
) -> tuple[Array, Array]:
    """P(n purchases in (T, T + t] | alive at T) and P(more than n) of consecutive n.

    The integrals of `purchase_pmf` and `more_purchases_alive`, over the time u at which he leaves or buys, at the same
    nodes for all n: so u and its logarithms are computed once.
    """
    rows = len(np.atleast_1d(np.broadcast_arrays(t, x, T, r, alpha, s, beta)[0]))
    columns = [np.broadcast_to(np.asarray(v, dtype=np.float64), rows) for v in (t, r + x, alpha + T, s, beta + T)]
    parts = map_blocks(lambda *block: _counts(n, *block), columns, rows, block=256)
    both = np.concatenate([np.zeros((2, len(n), 0)), *parts], axis=2)
    return both[0], both[1]


def _counts(n: Array, t: Array, m: Array, A: Array, s: Array, B: Array) -> Array:
    ways = log_ways(n, m)
    scale = np.minimum(A, B)
    # Nodes for what falls by so many e-folds towards an end, and for a peak of width 2/√(m + n) within: found by trial,
    # more of them change nothing but rounding.
    falls = np.sqrt(m * np.log1p(t / A) + n[-1])
    peaks = np.sqrt(m + n[-1]) * np.log1p(t / scale)
    more = float(np.max(np.maximum(3.5 * falls, 1.5 * peaks), initial=0.0))
    q, weights = stretched_logarithm(scale, t, least=16 + int(more), per_unit=3.0)
    u = scale * np.expm1(q)
    seen_a, seen_b = np.log1p(u / A), np.log1p(u / B)
    with np.errstate(divide="ignore"):
        log_share = -np.log1p(A / u)
        log_bought = np.log(weights) + np.log(u + scale) - m * seen_a - s * seen_b
        log_here = special.xlogy(n[:, None], t / (A + t)) - m * np.log1p(t / A) - s * np.log1p(t / B)
    log_left = log_bought - seen_b + np.log(s / B)
    exactly = np.exp(ways + log_here)
    for i, count in enumerate(n):
        exactly[i] += np.exp(ways[i] + (log_left + count * log_share if count else log_left)).sum(axis=0)
    last = log_bought - seen_a + (n[-1] * log_share if n[-1] else 0.0) + (np.log(m + n[-1]) + ways[-1] - np.log(A))
    return np.stack([exactly, added_back(exactly, np.exp(last).sum(axis=0))])


def residual_lifetime_alive(q: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any) -> Array:
    """Quantile q of the time from T until a customer alive at T leaves, (beta+T) ((1 − q)^(-1/s) − 1)."""
    return time_of_event(q, s, beta + T) + np.zeros(np.shape(x))


def time_to_next_purchase_alive(q: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any) -> Array:
    """Quantile q of the time from T to the next purchase of a customer alive at T, given that there is one.

    Up to the median P(a purchase within t) is looked at, and then that of one later than t: that of being there at t
    without a purchase, and of buying before leaving from then on.
    """

    def log_within(u: Array, m: Array, A: Array, s: Array, B: Array) -> Array:
        return np.log(rowwise(_first_purchase, u, m, A, s, B, block=1024))

    def log_later(u: Array, m: Array, A: Array, s: Array, B: Array) -> Array:
        there = -m * np.log1p(u / A) - s * np.log1p(u / B)
        # in units of B + u, as u may be near the largest double
        return np.asarray(there + np.log(rowwise(_first_purchase, np.inf, m, (A + u) / (B + u), s, 1.0, block=1024)))

    return _time_of(q, r + x, alpha + T, s, beta + T, log_within, log_later)


def time_to_last_purchase_alive(q: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any) -> Array:
    """Quantile q of the time from T to the last purchase ever of a customer alive at T, given that there is another.

    P(last purchase later than T + t | alive at T) = E[e^(-μt) λ/(λ+μ)], being there at t and then buying before
    leaving: ((beta+T)/(beta+T+t))^s times P(ever a purchase) with beta + T + t for beta + T. Up to the median the last
    purchase within t is looked at, and then that of one later than t.
    """

    def log_within(u: Array, m: Array, A: Array, s: Array, B: Array) -> Array:
        return np.log(rowwise(_last_purchase, u, m, A, s, B, block=1024))

    def log_later(u: Array, m: Array, A: Array, s: Array, B: Array) -> Array:
        # in units of B + u, as u may be near the largest double
        ever = np.log(rowwise(_first_purchase, np.inf, m, A / (B + u), s, 1.0, block=1024))
        return np.asarray(ever - s * np.log1p(u / B))

    return _time_of(q, r + x, alpha + T, s, beta + T, log_within, log_later)


def _time_of(
    q: Any, m: Any, A: Any, s: Any, B: Any, log_within: Callable[..., Array], log_later: Callable[..., Array]
) -> Array:
    """Quantile q of the time to a purchase, given that there is one, from ln P(it comes within u) and ln P(later)."""
    columns = (q, m, A, s, B)
    shape = np.broadcast_shapes(*map(np.shape, columns))
    (q, m, A, s, B), where = distinct(*(np.broadcast_to(v, shape).ravel() for v in columns))
    early = q < 0.5
    ever = np.log(rowwise(_first_purchase, np.inf, m, A, s, B, block=1024))
    with np.errstate(divide="ignore"):
        target = ever + np.where(early, np.log(q), np.log1p(-q))

    def distance(t: Array, rows: Positions) -> Array:
        result = np.empty(len(rows))
        first = early[rows]
        i = rows[first]
        result[first] = log_within(t[first], m[i], A[i], s[i], B[i]) - target[i]
        i = rows[~first]
        result[~first] = target[i] - log_later(t[~first], m[i], A[i], s[i], B[i])
        return result

    found = np.where(q > 0, crossing_time(distance, 1 / ((m + 1) / A + s / B)), 0.0)
    return np.asarray(found[where].reshape(shape))


def _last_purchase(t: Array, m: Array, A: Array, s: Array, B: Array) -> Array:
    """E[(1 − e^(-μt)) λ/(λ+μ)]: of another purchase, and of the last one before t.

    With λ/(λ+μ) = ∫ over (0, ∞) of λ e^(-(λ+μ)u) du it is ∫ of m/A (1 + u/A)^-(m+1) [(1 + u/B)^-s − (1 + (u+t)/B)^-s].
    """
    t, m, A, s, B = np.broadcast_arrays(t, m, A, s, B)
    with np.errstate(over="ignore"):
        faded = np.minimum(A * np.expm1(_FADED / m), B * np.expm1(_FADED / s))
    upper = np.minimum(faded, np.exp(DROP) * (np.maximum(A, B) + t))  # beyond it falls faster than 1/u
    u, weights = stretched(np.minimum(B, 1 / ((m + 1) / A + s / B)), upper)
    left = -np.expm1(-s * np.log1p(t / (B + u)))
    return np.asarray(m / A * np.sum(weights * left * np.exp(-(m + 1) * np.log1p(u / A) - s * np.log1p(u / B)), axis=0))


def expected_purchases(t: Any, r: Any, alpha: Any, s: Any, beta: Any) -> Array:
    """E[X(t)] of a new customer = r/alpha ∫ over (0, t) of (beta/(beta+u))^s du."""
    return expected_purchases_alive(t, 0.0, 0.0, 0.0, 0.0, r, alpha, s, beta)


def purchase_pmf(n: Any, t: Any, r: Any, alpha: Any, s: Any, beta: Any) -> Array:
    """P(X(t) = n) of a new customer: stays to t and buys n times, or leaves at some u < t having bought n times.

    The second is ∫ over (0, t) of s/beta (1 + u/beta)^-(s+1) NB(n; r, alpha, u) du, log-concave in ln u.
    """
    return rowwise(_pmf, n, t, r, alpha, s, beta, block=256)


def _pmf(n: Array, t: Array, r: Array, alpha: Array, s: Array, beta: Array) -> Array:
    n, t, r, alpha, s, beta = np.broadcast_arrays(n, t, r, alpha, s, beta)
    stays = np.exp(log_negative_binomial(n, t, r, alpha) - s * np.log1p(t / beta))
    log_ways = log_rising(r, n) - special.gammaln(n + 1) + np.log(s)

    def log_integrand(w: Array) -> Array:  # w = ln u
        u = np.exp(w)
        return (
            log_ways + n * (w - np.log(alpha + u)) - r * np.log1p(u / alpha)
            - (s + 1) * np.log1p(u / beta) + w - np.log(beta)
        )  # fmt: skip

    left = _under(log_integrand, np.log(np.maximum(t, 1e-300)))
    return np.asarray(stays + np.where(t > 0, left, 0.0))


def _under(log_integrand: Callable[[Array], Array], end: Array) -> Array:
    """∫ of exp(log_integrand(w)) dw up to ``end``, for one that is log-concave in w = ln u."""
    low, high = window(log_integrand, end - 750, end)
    nodes, weights = legendre(-(-(40 + int(3 * float(np.max(high - low)))) // 8) * 8)
    return np.asarray(np.sum(weights * np.exp(log_integrand(low + nodes * (high - low))), axis=0) * (high - low))


def probability_of_purchase_later(t: Any, start: Any, r: Any, alpha: Any, s: Any, beta: Any) -> Array:
    """P(at least one purchase in (start, start + t]) of a new customer.

    He is there at ``start`` with probability (beta/(beta+start))^s, and whoever is has μ ~ Gamma(s, beta + start); λ
    tells nothing of it.
    """
    there = np.exp(-s * np.log1p(start / beta))
    return np.asarray(there * probability_of_purchase_alive(t, 0.0, 0.0, 0.0, r, alpha, s, beta + start))


def simulate(
    generator: np.random.Generator, observation: Array, r: Any, alpha: Any, s: Any, beta: Any
) -> tuple[Positions, Array]:
    """Repeat purchases of new customers, each watched for its ``observation``."""
    size = len(observation)
    rate = generator.gamma(r, 1 / alpha, size)
    lifetime = generator.exponential(1.0, size) / np.maximum(generator.gamma(s, 1 / beta, size), 1e-300)
    return poisson_times(generator, rate, np.minimum(observation, lifetime), np.full(size, np.inf))


def draw_latent(
    generator: np.random.Generator, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any
) -> dict[str, Array]:
    """One draw per customer of λ, μ and being alive, given history.

    Alive: λ ~ Gamma(r+x, alpha+T), μ ~ Gamma(s, beta+T). Dead: the time of leaving u has the density of the dropout
    integral on (t_x, T), then λ ~ Gamma(r+x, alpha+u), μ ~ Gamma(s+1, beta+u).
    """
    x, t_x, T = (np.asarray(v, dtype=np.float64) for v in np.broadcast_arrays(x, t_x, T))
    alive = generator.random(x.shape) < np.exp(log_p_alive(x, t_x, T, r, alpha, s, beta))
    until = np.where(alive, T, _time_of_leaving(generator, x, t_x, T, r, alpha, s, beta))
    return {
        "purchase_rate": np.asarray(generator.gamma(r + x, 1 / (alpha + until))),
        "dropout_rate": np.asarray(generator.gamma(np.where(alive, s, s + 1), 1 / (beta + until))),
        "alive": alive.astype(np.float64),
    }


def expected_latent(x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any) -> dict[str, Array]:
    """E[λ | history] and E[μ | history], mixtures of an alive and a dead part.

    Alive: λ ~ Gamma(r+x, alpha+T), μ ~ Gamma(s, beta+T). Dead since u, which has the density of the dropout integral on
    (t_x, T): λ ~ Gamma(r+x, alpha+u), μ ~ Gamma(s+1, beta+u).
    """

    def block(x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any) -> Array:
        log_ratio, mean, y, _, _ = _dropout(x, t_x, T, r, alpha, s, beta)
        alive, dead = softplus(-log_ratio)[1], softplus(log_ratio)[1]
        u = y + t_x
        purchase = (r + x) * (alive / (alpha + T) + dead * mean(1 / (alpha + u)))
        dropout = s * alive / (beta + T) + (s + 1) * dead * mean(1 / (beta + u))
        return np.stack([purchase, dropout])

    shape = np.broadcast_shapes(*map(np.shape, (x, t_x, T, r, alpha, s, beta)))
    columns = [np.broadcast_to(np.asarray(v, dtype=np.float64), shape).ravel() for v in (x, t_x, T, r, alpha, s, beta)]
    both = np.concatenate([np.zeros((2, 0)), *map_blocks(block, columns, columns[0].size)], axis=1)
    return {"purchase_rate": both[0].reshape(shape), "dropout_rate": both[1].reshape(shape)}


def purchase_rate_cdf(value: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any) -> Array:
    """P(λ ≤ value | history), the mixture of `expected_latent`."""

    def block(value: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any) -> Array:
        log_ratio, mean, y, _, _ = _dropout(x, t_x, T, r, alpha, s, beta)
        gone = mean(gamma_cdf(value, r + x, alpha + t_x + y))
        return np.asarray(softplus(-log_ratio)[1] * gamma_cdf(value, r + x, alpha + T) + softplus(log_ratio)[1] * gone)

    return rowwise(block, *np.broadcast_arrays(value, x, t_x, T), r, alpha, s, beta)


def dropout_rate_cdf(value: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any) -> Array:
    """P(μ ≤ value | history), the mixture of `expected_latent`."""

    def block(value: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any) -> Array:
        log_ratio, mean, y, _, _ = _dropout(x, t_x, T, r, alpha, s, beta)
        gone = mean(gamma_cdf(value, s + 1, beta + t_x + y))
        return np.asarray(softplus(-log_ratio)[1] * gamma_cdf(value, s, beta + T) + softplus(log_ratio)[1] * gone)

    return rowwise(block, *np.broadcast_arrays(value, x, t_x, T), r, alpha, s, beta)


def _time_of_leaving(
    generator: np.random.Generator, x: Array, t_x: Array, T: Array, r: Any, alpha: Any, s: Any, beta: Any
) -> Array:
    """Rejection: from the steeper of the two power laws on (t_x, T), accepted with the value of the other."""
    A, B, m, gap = alpha + t_x, beta + t_x, r + x, T - t_x
    lomax_a = m / A > (s + 1) / B
    power, scale = np.where(lomax_a, m, s + 1), np.where(lomax_a, A, B)
    other, other_scale = np.where(lomax_a, s + 1, m), np.where(lomax_a, B, A)
    result = np.array(t_x, dtype=np.float64)
    waiting = np.flatnonzero(gap > 0)
    while len(waiting):
        k, c, reach = power[waiting] - 1, scale[waiting], np.log1p(gap[waiting] / scale[waiting])
        # Inverse of the distribution function of (1 + y/c)^-(k+1) cut at the gap, in v = ln(1 + y/c); k may be ≤ 0.
        uniform = generator.random(len(waiting))
        with np.errstate(divide="ignore", invalid="ignore"):
            v = np.where(np.abs(k * reach) < 1e-12, uniform * reach, -np.log1p(uniform * np.expm1(-k * reach)) / k)
        y = c * np.expm1(np.minimum(v, reach))
        kept = generator.random(len(waiting)) < np.exp(-other[waiting] * np.log1p(y / other_scale[waiting]))
        result[waiting[kept]] += y[kept]
        waiting = waiting[~kept]
    return result


def draw_rates_alive(
    generator: np.random.Generator, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any
) -> dict[str, Array]:
    """One draw per customer of λ ~ Gamma(r + x, alpha + T) and μ ~ Gamma(s, beta + T), given that he is alive at T."""
    size = given_rates.size_of(x, t_x, T, r, alpha, s, beta)
    return {
        "purchase_rate": np.asarray(generator.standard_gamma(r + x, size) / (alpha + T)),
        "dropout_rate": np.asarray(generator.standard_gamma(s, size) / (beta + T)),
    }


def expected_rates_alive(x: Any, t_x: Any, T: Any, r: Any, alpha: Any, s: Any, beta: Any) -> dict[str, Array]:
    """E[λ] = (r + x)/(alpha + T) and E[μ] = s/(beta + T), given that he is alive at T."""
    size = given_rates.size_of(x, t_x, T, r, alpha, s, beta)
    return {
        "purchase_rate": np.broadcast_to((r + x) / (alpha + T), size),
        "dropout_rate": np.broadcast_to(s / (beta + T), size),
    }


def purchases_of_rates(t: Any, delta: Any, rates: Mapping[str, Array]) -> Array:
    """λ (1 − e^(-(μ + delta)·t))/(μ + delta)."""
    return np.asarray(rates["purchase_rate"] * given_rates.worth(t, rates["dropout_rate"] + delta))


def simulate_of_rates(generator: np.random.Generator, t: Any, rates: Mapping[str, Array]) -> tuple[Positions, Array]:
    """Purchases in (0, t] from now on, up to the end of an exponential lifetime."""
    rate, leaving = rates["purchase_rate"], rates["dropout_rate"]
    lifetime = generator.standard_exponential(rate.shape) / np.maximum(leaving, 1e-300)
    return given_rates.purchases_until(generator, rate, np.minimum(t, lifetime))


def start(x: Any, t_x: Any, T: Any, weights: Any) -> tuple[float, float, float, float]:
    """Rough parameters: the mean purchase rate of those who stay a while, and lifetimes of about the observation."""
    rate = float(np.sum(weights * x) / np.sum(weights * T))
    return 0.6, 0.4 / rate, 0.7, 0.7 * float(np.max(T))


FAMILY = PurchaseFamily(
    name="pareto_nbd",
    title="Pareto/NBD",
    source="Schmittlein, Morrison & Colombo (1987), Management Science 33(1), 1-24",
    parameters=("r", "alpha", "s", "beta"),
    time_parameters=("alpha", "beta"),
    statistics=("frequency", "recency", "T"),
    time="continuous",
    contains=("nbd",),
    start=start,
    log_likelihood=log_likelihood,
    log_likelihood_value=log_likelihood_value,
    log_p_alive=log_p_alive,
    survival_alive=survival_alive,
    expected_purchases_alive=expected_purchases_alive,
    discounted_purchases_alive=discounted_purchases_alive,
    changed_purchases_alive=changed_purchases_alive,
    conditional_purchase_pmf=conditional_purchase_pmf,
    probability_of_purchase_alive=probability_of_purchase_alive,
    more_purchases_alive=more_purchases_alive,
    purchase_counts_alive=purchase_counts_alive,
    statistics_ahead=("frequency", "T"),
    residual_lifetime_alive=residual_lifetime_alive,
    time_to_next_purchase_alive=time_to_next_purchase_alive,
    time_to_last_purchase_alive=time_to_last_purchase_alive,
    expected_purchases=expected_purchases,
    purchase_pmf=purchase_pmf,
    probability_of_purchase_later=probability_of_purchase_later,
    simulate=simulate,
    draw_latent=draw_latent,
    expected_latent=expected_latent,
    draw_rates_alive=draw_rates_alive,
    expected_rates_alive=expected_rates_alive,
    purchases_of_rates=purchases_of_rates,
    simulate_of_rates=simulate_of_rates,
    latent_cdf={"purchase_rate": purchase_rate_cdf, "dropout_rate": dropout_rate_cdf},
    mixing={"purchase_rate": PURCHASE_RATES, "dropout_rate": Mixing("gamma", ("s", "beta"))},
    finite_total=("s", 1.0),
    limits=(
        RATES_ALIKE,
        Limit(
            {"s": +1, "beta": +1},
            "s and beta grow without bound: dropout looks homogeneous",
            "use more customers or a longer observation to tell them apart",
        ),
        Limit(
            {"s": -1},
            "s shrinks to 0: nobody seems to leave",
            "compare with the family nbd, which has no dropout",
        ),
        Limit(
            {"beta": +1},
            "beta grows without bound: nobody seems to leave",
            "compare with the family nbd, which has no dropout",
        ),
        Limit(
            {"beta": -1},
            "beta shrinks to 0: many seem to leave right after the first purchase",
            "compare with the family mbg_nbd, which allows for that",
        ),
        HEAVY_BUYERS,
    ),
)
