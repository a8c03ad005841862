"""The future of a customer who is alive, buys at a gamma rate and may leave after every purchase.

BG/NBD and MBG/NBD share it. Given the history, an alive customer's purchase rate is λ ~ Gamma(k, rate z) and his
dropout probability p ~ Beta(a, b), independent. Expectations over λ are elementary; those over p are integrals over
w = logit p of positive integrands, so nothing cancels and nothing is special at a = 1 (the closed forms with the
Gaussian hypergeometric function lose all digits on hard cases).

Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), 275-284, section 4 and appendix.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import special

from . import given_rates
from .arrays import Array, Positions, distinct, rowwise
from .chebyshev import interpolated
from .gamma import log_beta, log_rising
from .negative_binomial import event_counts, log_negative_binomial, probability_of_more
from .quadrature import DROP, discounting_rule, window
from .roots import crossing_time

_STEP = 0.25  # trapezoid error exp(-π²/step) at double-exponential ends, exp(-π²/(2·step)) where two of them fight
_TINY = 1e-300
_BLOCK = 256  # rows a block: times 200 nodes it stays in cache


def survival(t: Any, k: Any, z: Any, a: Any, b: Any) -> Array:
    """P(alive a time t later) = E_p[(1 + p·t/z)^-k]: he leaves at rate λ·p."""
    return np.exp(np.minimum(rowwise(_log_survival, t, k, z, a, b, block=_BLOCK), 0.0))


def survival_of_counts(t: Any, x: Any, z: Any, r: Any, a: Any, b: Any) -> Array:
    """As `survival` with k = r + x and b + x for b, interpolated in z where many customers share their counts x."""
    if all(np.ndim(v) == 0 for v in (t, r, a, b)) and 0 < t < np.inf and np.size(x) > 1:

        def log_survival(x: Array, z: Array) -> Array:
            return rowwise(_log_survival, t, r + x, z, a, b + x, block=_BLOCK)

        return np.minimum(interpolated(log_survival, *np.broadcast_arrays(x, z)), 1.0)
    return survival(t, r + x, z, a, b + x)


def lifetime(q: Any, k: Any, z: Any, a: Any, b: Any) -> Array:
    """Quantile q of the time until he leaves: the root t of survival(t) = 1 − q; inf where it is above 1e299.

    It is z times a function of q, k, a and b, which is computed once for customers who share them.
    """
    q, k, z, a, b = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (q, k, z, a, b)))
    rows, where = distinct(*(v.ravel() for v in (q, k, a, b)))
    with np.errstate(over="ignore"):
        return np.asarray(z * _unit_lifetime(*rows)[where].reshape(z.shape))


def _unit_lifetime(q: Array, k: Array, a: Array, b: Array) -> Array:
    """Quantiles for z = 1. The smaller of P(gone) and P(alive) is looked at, as its logarithm keeps its digits."""
    early = q < 0.5
    with np.errstate(divide="ignore"):
        target = np.where(early, np.log(q), np.log1p(-q))

    def distance(t: Array, rows: Positions) -> Array:
        result = np.empty(len(rows))
        for chosen, log_f, sign in ((early[rows], _log_gone, 1.0), (~early[rows], _log_survival, -1.0)):
            i = rows[chosen]
            if len(i):
                result[chosen] = sign * (rowwise(log_f, t[chosen], k[i], 1.0, a[i], b[i], block=_BLOCK) - target[i])
        return result

    # nobody leaves faster than at p = 1
    with np.errstate(over="ignore"):
        soonest = np.expm1(-np.log1p(-q) / k)
    return np.where(q > 0, crossing_time(distance, np.clip(soonest, _TINY, 1 / _TINY)), 0.0)


def expected(t: Any, start: Any, k: Any, z: Any, a: Any, b: Any) -> Array:
    """E[purchases in (start, start + t]] = E_p[((1 + p·start/z)^-k − (1 + p·(start + t)/z)^-k) / p].

    t = inf gives the limit: finite for a > 1 only.
    """
    return np.exp(rowwise(_log_expected, t, start, k, z, a, b, block=_BLOCK))


def expected_of_counts(t: Any, start: Any, x: Any, z: Any, r: Any, a: Any, b: Any) -> Array:
    """As `expected` with k = r + x and b + x for b, interpolated in z where many customers share their counts x."""
    if all(np.ndim(v) == 0 for v in (t, start, r, a, b)) and np.isfinite(t) and np.size(x) > 1:
        return interpolated(
            lambda x, z: rowwise(_log_expected, t, start, r + x, z, a, b + x, block=_BLOCK), *np.broadcast_arrays(x, z)
        )
    return expected(t, start, r + x, z, a, b + x)


def discounted_of_counts(t: Any, delta: Any, x: Any, z: Any, r: Any, a: Any, b: Any) -> Array:
    """exp of `log_discounted` with k = r + x and b + x for b, interpolated likewise."""
    if all(np.ndim(v) == 0 for v in (t, delta, r, a, b)) and np.size(x) > 1:
        return interpolated(lambda x, z: log_discounted(t, delta, r + x, z, a, b + x), *np.broadcast_arrays(x, z))
    return np.exp(log_discounted(t, delta, r + x, z, a, b + x))


def buys_later(t: Any, start: Any, k: Any, z: Any, a: Any, b: Any) -> Array:
    """P(at least one purchase in (start, start + t]) = E_p[(1 + p·start/z)^-k − (1 + (p·start + t)/z)^-k].

    Given λ and p he is there at ``start`` with probability e^(-λp·start), and then buys within t with 1 − e^(-λt).
    """
    return np.exp(rowwise(_log_buys_later, t, start, k, z, a, b, block=_BLOCK))


def log_discounted(t: Any, delta: Any, k: Any, z: Any, a: Any, b: Any) -> Array:
    """ln ∫ over (0, t] of e^(-delta·u)·(purchase rate at u) du, the rate being (k/z)·E_p[(1 + p·u/z)^-(k+1)].

    t = inf needs delta > 0.
    """
    return rowwise(_log_discounted, t, delta, k, z, a, b, block=16)


def pmf(n: Any, t: Any, k: Any, z: Any, a: Any, b: Any) -> Array:
    """P(n purchases within t).

    B(a, b+n)/B(a, b) · NB(n; k, z, t) + [n ≥ 1] · B(a+1, b+n−1)/B(a, b) · I_{t/(z+t)}(n, k), Fader, Hardie & Lee
    (2005) equation 8 with the customer's own gamma and beta distributions.
    """
    n, t, k, z, a, b = (np.asarray(v, dtype=np.float64) for v in (n, t, k, z, a, b))
    stays = log_rising(b, n) - log_rising(a + b, n)
    still_here = np.exp(stays + log_negative_binomial(n, t, k, z))
    with np.errstate(divide="ignore"):
        log_leaves = stays + np.log(a) - np.log(b + (np.maximum(n, 1) - 1))
    left = np.exp(np.where(n > 0, log_leaves, -np.inf)) * special.betainc(np.maximum(n, 1.0), k, t / (z + t))
    return np.asarray(still_here + np.where(n > 0, left, 0.0))


def conditional_pmf(n: Any, t: Any, log_alive: Any, k: Any, z: Any, a: Any, b: Any) -> Array:
    """P(n purchases within t) of a customer who is alive with probability e^log_alive, and buys nothing if dead."""
    gone = np.where(np.asarray(n) == 0, -np.expm1(log_alive), 0.0)
    return np.asarray(np.exp(log_alive) * pmf(n, t, k, z, a, b) + gone)


def purchase_counts(n: Array, t: Any, k: Any, z: Any, a: Any, b: Any) -> tuple[Array, Array]:
    """P(n purchases within t) and P(more than n) of consecutive whole numbers n, a row for each of them.

    The same sums as in `pmf` and `more_than`: with N(n) = P(n events) and M(n) = P(more than n events) of the purchases
    of somebody who never leaves, and B(n) = P(he stays n times), P(n) = B(n) N(n) + B(n−1) a/(a+b+n−1) M(n−1) and
    P(more than n) = B(n) M(n).
    """
    events, more_events = event_counts(n, t, k, z)
    a, b = (np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in (a, b))
    steps = np.empty((len(n), *np.broadcast_shapes(a.shape, b.shape)))
    steps[0] = log_rising(b, n[0]) - log_rising(a + b, n[0])
    steps[1:] = -np.log1p(a / (b + n[:-1, None]))  # ln((b+n)/(a+b+n)), whichever of a and b is the larger
    stays = np.exp(np.cumsum(steps, axis=0))
    exactly = stays * events
    leaves = np.where(n > 0, 1.0, 0.0)[:, None] * stays * (a / (b + (np.maximum(n, 1) - 1)[:, None]))
    exactly += leaves * (more_events + events)  # more than n − 1 events are n or more
    return exactly, stays * more_events


def more_than(n: Any, t: Any, k: Any, z: Any, a: Any, b: Any) -> Array:
    """P(more than n purchases within t) = B(a, b+n)/B(a, b) · I_{t/(z+t)}(n + 1, k): he stays n times."""
    return np.asarray(np.exp(log_rising(b, n) - log_rising(a + b, n)) * probability_of_more(n, t, k, z))


def purchases_of_rates(t: Any, delta: Any, rates: Mapping[str, Array]) -> Array:
    """λ (1 − e^(-(λp + delta)·t))/(λp + delta): while alive he buys at rate λ and leaves at rate λp."""
    rate = rates["purchase_rate"]
    return np.asarray(rate * given_rates.worth(t, rate * rates["dropout_probability"] + delta))


def simulate_of_rates(generator: np.random.Generator, t: Any, rates: Mapping[str, Array]) -> tuple[Positions, Array]:
    """Purchases in (0, t] from now on; after each he leaves with probability p."""
    return given_rates.purchases_while_staying(generator, t, rates["purchase_rate"], rates["dropout_probability"])


def _log_survival(t: Array, k: Array, z: Array, a: Array, b: Array) -> Array:
    t, k, z, a, b = np.broadcast_arrays(t, k, z, a, b)
    ever = np.isinf(t)
    ratio = np.where(ever, 0.0, t) / z
    value = log_beta_mean(lambda p: -k * np.log1p(p * ratio), a, b, [k * ratio, ratio])
    return np.where(ever, -np.inf, value)


def _log_gone(t: Array, k: Array, z: Array, a: Array, b: Array) -> Array:
    """Ln of 1 − survival, without the difference."""
    t, k, z, a, b = np.broadcast_arrays(t, k, z, a, b)
    ratio = t / z

    def log_f(p: Array) -> Array:
        return np.asarray(np.log(-np.expm1(-k * np.log1p(np.maximum(p, _TINY) * ratio))))

    with np.errstate(divide="ignore"):
        return log_beta_mean(log_f, a, b, [k * ratio, ratio])


def _log_expected(t: Array, start: Array, k: Array, z: Array, a: Array, b: Array) -> Array:
    t, start, k, z, a, b = np.broadcast_arrays(t, start, k, z, a, b)
    result = np.full(t.shape, -np.inf)
    ever = np.isinf(t)
    # E_p[(1 + p·start/z)^-k / p] is the survival at `start` under Beta(a − 1, b), times B(a−1, b)/B(a, b).
    endless = ever & (a > 1)
    if endless.any():
        e = endless
        total = np.log(a[e] + b[e] - 1) - np.log(a[e] - 1)
        result[e] = total + _log_survival(start[e], k[e], z[e], a[e] - 1, b[e])
    result[ever & ~(a > 1)] = np.inf
    rows = ~ever & (t > 0)
    if rows.any():
        t, start, k, z, a, b = (v[rows] for v in (t, start, k, z, a, b))

        def log_f(p: Array) -> Array:
            p = np.maximum(p, _TINY)
            bought = -np.expm1(-k * np.log1p(p * (t / (z + p * start))))
            return np.log(bought) - np.log(p) - k * np.log1p(p * (start / z))

        result[rows] = log_beta_mean(log_f, a, b, [k * t / z, t / z, k * start / z, start / z])
    return result


def _log_buys_later(t: Array, start: Array, k: Array, z: Array, a: Array, b: Array) -> Array:
    t, start, k, z, a, b = np.broadcast_arrays(t, start, k, z, a, b)

    def log_f(p: Array) -> Array:
        bought = -np.expm1(-k * np.log1p(t / (z + p * start)))
        return np.asarray(np.log(bought) - k * np.log1p(p * (start / z)))

    with np.errstate(divide="ignore"):
        return log_beta_mean(log_f, a, b, [k * start / z, start / z])


def _log_discounted(t: Array, delta: Array, k: Array, z: Array, a: Array, b: Array) -> Array:
    t, delta, k, z, a, b = np.broadcast_arrays(t, delta, k, z, a, b)
    log_f, turns, rough = discounting_of_dropout(t, delta, k, z)
    with np.errstate(divide="ignore"):
        return np.log(k / z) + log_beta_mean(log_f, a, b, turns, rough)


def discounting_of_dropout(
    t: Array, delta: Array, k: Array, z: Array
) -> tuple[Callable[[Array], Array], list[Array], Callable[[Array], Array] | None]:
    """Ln ∫ over (0, t) of e^(-delta·u) (1 + p·u/z)^-(k+1) du as a function of p, and the rest `log_beta_mean` asks for.

    All four are of one length, p of a row of nodes for each of them.
    """
    with np.errstate(divide="ignore"):
        upper = np.minimum(t, np.where(delta > 0, DROP / np.abs(delta), np.inf))
    u, weights = discounting_rule(1 / ((k + 1) / z + np.abs(delta)), upper, delta, least=20, per_unit=3.0)
    with np.errstate(over="ignore"):
        weights = weights * np.exp(-delta * u)
    later = (u / z)[:, None, :]

    def log_f(p: Array) -> Array:
        left = np.exp(-(k + 1) * np.log1p(p * later))
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(np.einsum("ij,ikj->kj", weights, left)))

    def rough(p: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.asarray(-np.log(delta + 1 / upper + (k + 1) * p / z))

    return log_f, [(k + 1) * upper / z, upper / z], rough if np.all(delta >= 0) else None


def log_beta_mean(
    log_f: Callable[[Array], Array],
    a: Array,
    b: Array,
    turns: list[Array],
    rough: Callable[[Array], Array] | None = None,
    power: Any = 0.0,
    gap: Any = 1.0,
) -> Array:
    """Ln E[f(p) (gap + 1 − p)^power] for p ~ Beta(a, b), where f changes its character at p = 1/turn.

    ``rough`` stands for ln f, up to a constant and some slack, where the range that matters is looked for.

    Trapezoid rule in v with w = logit p = v + e^(v−R) − e^(L−v): even steps where density or f bend (between L and R),
    and steps that grow exponentially in the tails, where the integrand is e^(a·w) or e^(-b·w), however slow that is.
    """
    a, b = np.broadcast_arrays(a, b)
    bends = [np.zeros_like(a), -np.log1p(b), np.log1p(a), *[-np.log1p(turn) for turn in turns]]
    tilted = bool(np.any(power))
    if tilted:
        with np.errstate(divide="ignore"):
            turned = np.minimum(np.log1p(1 / np.asarray(gap)), DROP / (b + power))  # or so far up that nothing is left
        bends += [-np.log1p(np.abs(power) / (1 + gap)), turned]
    left, right = np.min(bends, axis=0) - 2, np.max(bends, axis=0) + 2
    log_norm = log_beta(a, b)

    def log_integrand(v: Array, log_f: Callable[[Array], Array] = log_f) -> Array:
        up, down = np.exp(v - right), np.exp(left - v)
        w = v + up - down
        fold = np.log1p(np.exp(-np.abs(w)))
        log_p, log_q = np.minimum(w, 0) - fold, -np.maximum(w, 0) - fold
        p = np.exp(log_p)
        value = a * log_p + b * log_q - log_norm + np.log(1 + up + down) + log_f(p)
        if not tilted:
            return np.asarray(value)
        with np.errstate(divide="ignore"):  # whichever of p and 1 − p is small keeps its digits
            rest = np.where(w < 0, np.log1p(gap) + np.log1p(-p / (1 + gap)), np.log(gap + np.exp(log_q)))
        return np.asarray(value + power * rest)

    low, high = window(lambda v: log_integrand(v, rough or log_f), left - np.log1p(750 / a), right + np.log1p(750 / b))
    n = max(64, int(np.ceil(float(np.max(high - low)) / _STEP)))
    step = (high - low) / n
    values = log_integrand(low + np.arange(n + 1)[:, None] * step)
    peak = np.max(values, axis=0)
    peak = np.where(np.isfinite(peak), peak, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(peak + np.log(np.sum(np.exp(values - peak), axis=0) * step))
