"""The future of a customer who is alive, and in each whole period leaves, else buys, else waits.

Given the history, an alive customer buys in a period with probability p ~ Beta(a, b), and before that leaves for good
with probability θ ~ Beta(gamma, d), independent. What happens within t periods is a sum over periods of positive
terms, ratios of gamma functions: the first and the last of them are added up, and those between, which change slowly,
integrated with the corrections of the Euler-Maclaurin formula. So nothing here takes time in proportion to t.

Source of the model: Fader, Hardie & Shang (2010), Marketing Science 29(6), 1086-1108.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .arrays import Array, Positions, distinct, rowwise
from .gamma import digamma_rising, log_beta, log_rising
from .geometric_dropout import log_beta_mean
from .quadrature import legendre, window
from .roots import crossing_time

_PERIODS = 256  # of a sum that are looked at together
_SMALL = 0.25  # for which 8 nodes give 15 digits of a mean digamma difference
_FEW = 64  # terms that are added up at either end of a long sum
_FAR = 1e14  # times all shifts of a term: from there on it is a power of the period
_ROUNDING = 1e-10  # of ln probabilities: what comes so near a quantile has reached it
_BLOCK = 256  # rows a block: times 100 nodes it stays in cache


def log_pmf(n: Any, t: Any, a: Any, b: Any, gamma: Any, d: Any) -> Array:
    """Ln of the sum over the number i = n..t of periods until he leaves or the window ends, in logarithms.

    Leaving after i periods: C(i, n) B(a + n, b + i − n)/B(a, b) · B(gamma + 1, d + i)/B(gamma, d); the ratio of one
    such weight to the one before is elementary, so the logarithms are running sums.
    """
    n, t, a, b, gamma, d = np.broadcast_arrays(n, t, a, b, gamma, d)
    possible = n <= t
    longest = int(np.max(np.where(possible, t - n, 0.0), initial=0.0))
    # weight of leaving after exactly n periods, all of them with a purchase
    log_weight = -log_step(a, b, n) - log_step(d, gamma, n) + np.log(gamma) - np.log(gamma + d + n)
    log_total = np.full(n.shape, -np.inf)
    log_end = np.where(t == n, log_weight, -np.inf)
    for first in range(0, longest, _PERIODS):
        i = n + np.arange(first, min(first + _PERIODS, longest), dtype=np.float64)[:, None]
        ratio = (i + 1) / (i + 1 - n) * ((b + i - n) / (a + b + i)) * ((d + i) / (gamma + d + 1 + i))
        reached = np.concatenate([log_weight[None, :], log_weight + np.cumsum(np.log(ratio), axis=0)])
        gone = np.where(i < t, reached[:-1], -np.inf)
        peak = np.maximum(log_total, gone.max(axis=0))
        floor = np.where(np.isfinite(peak), peak, 0.0)
        with np.errstate(divide="ignore"):
            log_total = floor + np.log(np.exp(log_total - floor) + np.exp(gone - floor).sum(axis=0))
        log_end = np.where(
            (i + 1 == t).any(axis=0), np.max(np.where(i + 1 == t, reached[1:], -np.inf), axis=0), log_end
        )
        log_weight = reached[-1]
    # still there at the end: B(gamma, d + t) instead of B(gamma + 1, d + t)
    log_here = log_end + np.log((gamma + d + t) / gamma)
    return np.where(possible, np.logaddexp(log_total, log_here), -np.inf)


def periods_to_come(n: Any, d: Any, gamma: Any) -> Array:
    """Σ over j = 1..n of E[(1 − θ)^j] for θ ~ Beta(gamma, d): d·(1 − e^-gap)/(gamma − 1), n = inf allowed.

    gap = ln Γ(gamma + d + n)Γ(1 + d)/(Γ(gamma + d)Γ(1 + d + n)). Where gamma − 1 is small beside 1 + d so is the gap,
    and their ratio, the mean of ψ(v + n) − ψ(v) for v between 1 + d and gamma + d, is integrated.
    """
    n, d, gamma = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (n, d, gamma)))
    endless, more = np.isinf(n), gamma - 1
    some = np.where(endless, 1.0, n)
    near = np.abs(more) < _SMALL * (1 + d)
    # from the smaller of 1 and gamma on, by a positive step
    gap = np.sign(more) * log_step(np.minimum(1.0, gamma) + d, np.abs(more), some)
    total = d * -np.expm1(-gap) / np.where(near, 1.0, more)
    if np.any(near):
        nodes, weights = (v.reshape(-1, *[1] * n.ndim) for v in legendre(8))
        slope = np.sum(weights * digamma_rising(1 + d + nodes * np.where(near, more, 0.0), some + 0 * nodes), axis=0)
        # (1 − e^-gap)/gap with gap = more · slope, which may well be 0
        gap = np.where(near, more * slope, 1.0)
        share = np.where(gap == 0, 1.0, -np.expm1(-gap) / np.where(gap == 0, 1.0, gap))
        total = np.where(near, d * slope * share, total)
    return np.where(endless, np.where(more > 0, d / np.where(more > 0, more, 1.0), np.inf), total)


def log_worth(n: Array, rate: Array, gamma: Array, d: Array) -> Array:
    """Ln of the mean over θ ~ Beta(gamma, d) of Σ over j = 1..n of D^j, D = e^-rate (1 − θ).

    One factor 1 − θ makes it d/(gamma + d) times a mean over θ ~ Beta(gamma, d + 1).
    """
    n, rate, gamma, d = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (n, rate, gamma, d)))
    result = np.full(n.shape, -np.inf)
    rows = n > 0
    if not rows.any():
        return result
    n, rate, gamma, d = (v[rows] for v in (n, rate, gamma, d))

    def log_sum(theta: Array) -> Array:  # of D^0 to D^(n−1)
        fall = np.log1p(-np.minimum(theta, 1 - 1e-16)) - rate
        steep = np.maximum(np.abs(fall), 1e-300)
        grown = np.where(fall > 0, (np.where(np.isinf(n), 1.0, n) - 1) * fall, 0.0)
        return np.asarray(grown + np.log(-np.expm1(-n * steep)) - np.log(-np.expm1(-steep)))

    turns = [np.where(np.isinf(n), 0.0, n), 1 / np.expm1(np.maximum(np.abs(rate), 1e-300))]
    mean = log_beta_mean(log_sum, gamma, d + 1, turns)
    result[rows] = np.log(d) - np.log(gamma + d) - rate + mean
    return result


def log_step(a: Any, s: Any, n: Any) -> Array:
    """ln Γ(a + s + n)Γ(a)/(Γ(a + s)Γ(a + n)) for s, n ≥ 0: by the smaller of both, which keeps the most digits."""
    step, other = np.minimum(s, n), np.maximum(s, n)
    return np.asarray(log_rising(a + other, step) - log_rising(a, step))


def survival(t: Any, gamma: Any, d: Any) -> Array:
    """P(still there after t periods) = E[(1 − θ)^t]; 0 for t = inf."""

    def block(t: Any, gamma: Any, d: Any) -> Array:
        ever = np.isinf(t)
        return np.where(ever, 0.0, np.exp(-log_step(d, gamma, np.where(ever, 0.0, t))))

    return rowwise(block, t, gamma, d)


def lifetime(q: Any, gamma: Any, d: Any) -> Array:
    """Smallest whole t with P(gone after t periods) ≥ q; inf where it is above 1e299.

    The smaller of P(gone) and P(still there) is looked at, as it keeps its digits.
    """
    shape = np.broadcast_shapes(*map(np.shape, (q, gamma, d)))
    (q, gamma, d), where = distinct(*(np.ravel(v) for v in np.broadcast_arrays(q, gamma, d)))
    early = q < 0.5

    def distance(t: Array, rows: Positions) -> Array:
        kept = log_step(d[rows], gamma[rows], t)  # -ln P(still there), elementary in t between whole numbers too
        gone = np.log(-np.expm1(-kept)) - np.log(q[rows])
        return np.asarray(np.where(early[rows], gone, kept + np.log1p(-q[rows])))

    return np.asarray(_first_period(distance, q)[where].reshape(shape))


def time_of_purchase(q: Any, a: Any, b: Any, gamma: Any, d: Any) -> Array:
    """Smallest whole t with P(a purchase within t periods)/P(a purchase ever) ≥ q; inf where it is above 1e299.

    The smaller of what has come by t and of what comes later is looked at, as it keeps its digits.
    """
    shape = np.broadcast_shapes(*map(np.shape, (q, a, b, gamma, d)))
    rows, where = distinct(*(np.ravel(v) for v in np.broadcast_arrays(q, a, b, gamma, d)))
    found = rowwise(_soon, *rows, block=_BLOCK)
    late = np.isinf(found)
    if late.any():
        found[late] = _not_soon(*(v[late] for v in rows))
    return np.asarray(found[where].reshape(shape))


def time_of_last_purchase(q: Any, a: Any, b: Any, gamma: Any, d: Any) -> Array:
    """Smallest whole t with P(a purchase, and none after t periods)/P(a purchase ever) ≥ q; inf above 1e299.

    P(a purchase after t periods) = E[(1 − θ)^t]·P(a purchase ever) with d + t for d: he is still there, and p is what
    it was. The probabilities are right to about 1e-13.
    """
    shape = np.broadcast_shapes(*map(np.shape, (q, a, b, gamma, d)))
    (q, a, b, gamma, d), where = distinct(*(np.ravel(v) for v in np.broadcast_arrays(q, a, b, gamma, d)))
    log_ever = np.log(more_than(0.0, np.inf, a, b, gamma, d))

    def distance(t: Array, rows: Positions) -> Array:
        log_later = np.log(more_than(0.0, np.inf, a[rows], b[rows], gamma[rows], d[rows] + t))
        kept = log_ever[rows] - log_later + log_step(d[rows], gamma[rows], t)  # -ln P(a purchase later, given one)
        with np.errstate(divide="ignore"):
            come = np.log(np.maximum(-np.expm1(-kept), 0.0)) - np.log(q[rows])
        return np.asarray(np.where(q[rows] < 0.5, come, kept + np.log1p(-q[rows])))

    return np.asarray(_first_period(distance, q)[where].reshape(shape))


def _soon(q: Array, *values: Array) -> Array:
    """The quantile, where it is one of the periods that are looked at one by one; inf where it is later."""
    q, *spread = np.broadcast_arrays(q, *values)
    terms = _terms(np.ones(len(q)), 2 * _FEW, +1, np.zeros(len(q)), *spread)
    come = np.cumsum(terms, axis=0)
    after = _between(2.0 * _FEW + 1, np.inf, 0.0, *spread)
    later = after + np.concatenate([np.cumsum(terms[:0:-1], axis=0)[::-1], np.zeros((1, len(q)))])
    ever = come[-1] + after
    early = come >= q * ever * (1 - _ROUNDING)
    reached = np.where(q < 0.5, early, later <= (1 - q) * ever * (1 + _ROUNDING))
    return np.where(q > 0, np.where(reached.any(axis=0), 1.0 + reached.argmax(axis=0), np.inf), 0.0)


def _not_soon(q: Array, *values: Array) -> Array:
    """The quantile, as a root."""
    ever = more_than(0.0, np.inf, *values)
    early = q < 0.5

    def distance(t: Array, rows: Positions) -> Array:
        result = np.empty(len(rows))
        # Σ from t + 1 on is elementary in t between whole numbers too, Σ up to t is not
        by_coming = early[rows] & (t == np.rint(t))
        i = rows[by_coming]
        come = more_than(0.0, t[by_coming], *(v[i] for v in values))
        result[by_coming] = np.log(come / ever[i]) - np.log(q[i])
        i = rows[~by_coming]
        later = rowwise(_between, t[~by_coming] + 1, np.inf, 0.0, *(v[i] for v in values), block=_BLOCK)
        result[~by_coming] = np.log1p(-q[i]) - np.log(later / ever[i])
        return result

    return _first_period(distance, q)


def _first_period(distance: Callable[[Array, Positions], Array], q: Array) -> Array:
    """The first whole t ≥ 1 at which ``distance(t, rows)`` is not below 0, but for rounding; 0 where q is 0."""
    rows = np.flatnonzero(q > 0)
    result = np.zeros(len(q))
    with np.errstate(divide="ignore"):
        found = crossing_time(lambda t, i: distance(t, rows[i]), np.ones(len(rows)))
        result[rows] = np.maximum(np.ceil(found), 1.0)
        # one period more or less: rounding, and a probability that is q on the dot
        rows = rows[np.isfinite(found)]
        sooner = np.maximum(result[rows] - 1, 1.0)
        result[rows] = np.where(distance(sooner, rows) >= -_ROUNDING, sooner, result[rows])
        result[rows] += distance(result[rows], rows) < -_ROUNDING
    return result


def more_than(n: Any, t: Any, a: Any, b: Any, gamma: Any, d: Any) -> Array:
    """P(more than n purchases within t periods); t = inf: ever.

    Σ over the period j = n + 1 .. t of purchase n + 1 of
    C(j − 1, n) B(a + n + 1, b + j − 1 − n)/B(a, b) · B(gamma, d + j)/B(gamma, d).
    """

    def block(n: Array, t: Array, *values: Array) -> Array:
        return np.minimum(_between(1.0, np.floor(t) - n, n, *values), 1.0)

    return rowwise(block, n, t, a, b, gamma, d, block=_BLOCK)


def _between(first: Any, last: Any, n: Any, a: Any, b: Any, gamma: Any, d: Any) -> Array:
    """Σ over y = first, first + 1, ..., last of P(purchase n + 1 in period n + y); last = inf allowed.

    Σ from A to B = ∫ from A − ½ to B + ½ less the rise, from the one end to the other, of δ/24 − 17 δ³/5760 +
    367 δ⁵/967680, central differences of the integrand: the Euler-Maclaurin formula (NIST DLMF 2.10.1) at midpoints,
    its derivatives written as differences.
    """
    first, last, *shared = np.broadcast_arrays(first, last, n, a, b, gamma, d)
    count = last - first + 1
    longest = np.max(count, initial=0.0)
    short = count <= 2 * _FEW
    begin = _terms(first, int(min(longest, 2 * _FEW)) if longest <= 2 * _FEW else 2 * _FEW, +1, *shared)
    steps = np.arange(len(begin))[:, None]
    total = np.sum(np.where(steps < np.where(short, count, _FEW), begin, 0.0), axis=0)
    rows = np.flatnonzero(~short)
    if len(rows):
        shared = [v[rows] for v in shared]
        endless = np.isinf(last[rows])
        high = np.where(endless, 3.0 * _FEW, last[rows])
        end = np.where(endless, 0.0, _terms(high, _FEW + 3, -1, *shared))
        inner = _integral(first[rows] + (_FEW - 0.5), last[rows] - (_FEW - 0.5), *shared)
        total[rows] += np.sum(end[:_FEW], axis=0) + inner + _correction(begin[:, rows]) + _correction(end)
    return np.asarray(total)


def _correction(terms: Array) -> Array:
    """What the sum from term _FEW on is above the integral from half a step before it, from the terms around there."""
    f = terms[_FEW - 3 : _FEW + 3]
    once = f[3] - f[2]
    thrice = f[4] - f[1] - 3 * once
    fifth = f[5] - f[0] - 5 * (f[4] - f[1]) + 10 * once
    return np.asarray(once / 24 - 17 / 5760 * thrice + 367 / 967680 * fifth)


def _log_term(y: Array, n: Array, a: Array, b: Array, gamma: Array, d: Array) -> Array:
    """Ln P(purchase n + 1 in period j = n + y), for real y > 0 too.

    Γ(n + 1 + a)/Γ(n + 1) · Γ(y + b − 1)/Γ(y) · Γ(j)/Γ(j + a + b) /B(a, b), each of which is a power of n, y and j, so
    that no large logarithms cancel as they would in the binomial coefficient.
    """
    j = n + y
    ways = log_rising(n + 1, a) + log_rising(y, b) - np.log(y + b - 1) - log_rising(j, a + b)
    return np.asarray(ways - log_beta(a, b) - log_step(d, gamma, j))


def _terms(y: Array, size: int, way: int, n: Array, a: Array, b: Array, gamma: Array, d: Array) -> Array:
    """The terms at y, y + way, y + 2 way, ... along the first axis: the ratio of two neighbours is elementary."""
    low = y + way * np.arange(max(size - 1, 0))[:, None] - (way < 0)  # the lower one of each pair of neighbours
    j = n + low
    up = np.log(j / low * ((b + low - 1) / (a + b + j)) * ((d + j) / (gamma + d + j)))
    grown = np.concatenate([np.zeros((1, len(y))), np.cumsum(way * up, axis=0)])
    return np.asarray(np.exp(_log_term(y, n, a, b, gamma, d) + grown))


def _integral(low: Array, high: Array, n: Array, a: Array, b: Array, gamma: Array, d: Array) -> Array:
    """∫ of the terms over y from low to high, in ln y; from far out on the terms are a power, also to high = inf."""
    shared = n, a, b, gamma, d

    def log_integrand(w: Array) -> Array:
        return w + _log_term(np.exp(w), *shared)

    far = np.maximum(low, _FAR * (n + a + b + gamma + d + 1))
    left, right = window(log_integrand, np.log(low), np.log(np.minimum(high, far)))
    width = right - left
    nodes, weights = legendre(16 * int(np.ceil((64 + 3 * float(np.max(width))) / 16)))
    total = np.sum(weights * np.exp(log_integrand(left + nodes * width)), axis=0) * width
    power = a + gamma
    beyond = np.exp(log_integrand(np.log(far))) / power * -np.expm1(-power * np.log(np.maximum(high / far, 1.0)))
    return np.asarray(total + beyond)
