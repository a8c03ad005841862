"""BG/BB, a family that only the tests know: whole periods, in each of which an alive customer buys or does not.

p ~ Beta(alpha, beta), θ ~ Beta(gamma, delta), independent; at the beginning of each period a customer leaves for good
with probability θ, and else buys with probability p. x purchases in T periods, the last one in period t_x.

Source: Fader, Hardie & Shang (2010), Customer-Base Analysis in a Discrete-Time Noncontractual Setting, Marketing
Science 29(6), 1086-1108.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from clvmodels.families.contract import Limit, PurchaseFamily
from clvmodels.numerics.gamma import digamma_rising, log_rising


def log_likelihood(x, t_x, T, alpha, beta, gamma, delta):
    """Equation 5: a sum over the period in which he left, the last term that of being alive."""
    x, t_x, T = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (x, t_x, T)))
    shape = np.broadcast_shapes(*map(np.shape, (x, alpha, beta, gamma, delta)))
    terms, gradients = [], []
    for i in range(int(np.max(T - t_x, initial=0)) + 1):
        lasts = i == T - t_x  # i periods after t_x, all of them alive; those who never left come last
        periods = t_x + i
        value = (
            special.betaln(alpha + x, beta + periods - x) - special.betaln(alpha, beta)
            + special.betaln(gamma + ~lasts, delta + periods) - special.betaln(gamma, delta)
        )  # fmt: skip
        terms.append(np.broadcast_to(np.where(i <= T - t_x, value, -np.inf), shape))
        both, ever = special.digamma(alpha + beta), special.digamma(gamma + delta)
        bought = special.digamma(alpha + beta + periods)
        stayed = special.digamma(gamma + delta + periods + ~lasts)
        gradient = (
            alpha * (special.digamma(alpha + x) - bought - special.digamma(alpha) + both),
            beta * (special.digamma(np.maximum(beta + periods - x, beta)) - bought - special.digamma(beta) + both),
            gamma * (special.digamma(gamma + ~lasts) - stayed - special.digamma(gamma) + ever),
            delta * (special.digamma(delta + periods) - stayed - special.digamma(delta) + ever),
        )
        gradients.append([np.broadcast_to(part, shape) for part in gradient])
    value = special.logsumexp(terms, axis=0)
    share = np.exp(np.array(terms) - value)[:, None]
    return value, np.sum(share * np.array(gradients), axis=0)


def log_p_alive(x, t_x, T, alpha, beta, gamma, delta):
    """Ln P(alive in period T | history): the share of the last term."""
    alive = (
        special.betaln(alpha + x, beta + T - x) - special.betaln(alpha, beta)
        + special.betaln(gamma, delta + T) - special.betaln(gamma, delta)
    )  # fmt: skip
    return np.minimum(np.asarray(alive - log_likelihood(x, t_x, T, alpha, beta, gamma, delta)[0]), 0.0)


def survival_alive(t, x, t_x, T, alpha, beta, gamma, delta):
    """E[(1 − θ)^t] for θ ~ Beta(gamma, delta + T), t in whole periods."""
    t = np.floor(t)
    return np.exp(special.betaln(gamma, delta + T + t) - special.betaln(gamma, delta + T)) + np.zeros(np.shape(x))


def expected_purchases_alive(t, start, x, t_x, T, alpha, beta, gamma, delta):
    """E[p] · Σ over the periods of E[(1 − θ)^j]; without end (delta + T)/(gamma − 1) if gamma > 1, else inf."""
    first = np.floor(start)
    n = np.floor(np.asarray(start) + t) - first
    reached = survival_alive(first, x, t_x, T, alpha, beta, gamma, delta)
    d = delta + T + first
    some = np.where(np.isinf(n), 0.0, n)
    # Σ over j = 1..n is d (1 − e^-(gap))/(gamma − 1), which tends to d (ψ(1 + d + n) − ψ(1 + d)) for gamma = 1.
    beside = np.abs(gamma - 1) < 1e-7
    gap = log_rising(gamma + d, some) - log_rising(1 + d, some)
    total = d * np.where(beside, digamma_rising(1 + d, some), -np.expm1(-gap) / np.where(beside, 1.0, gamma - 1))
    endless = np.where(gamma > 1, d / np.where(gamma > 1, gamma - 1, 1.0), np.inf)
    return (alpha + x) / (alpha + beta + T) * reached * np.where(np.isinf(n), endless, total)


def conditional_purchase_pmf(n, t, x, t_x, T, alpha, beta, gamma, delta):
    """Equation 9 for somebody alive, with the updated distributions; 0 purchases of somebody who left."""
    alive = np.exp(log_p_alive(x, t_x, T, alpha, beta, gamma, delta))
    a, b, d, t = alpha + x, beta + T - x, delta + T, np.floor(t)
    n = np.asarray(n, dtype=np.float64)
    result = np.zeros(np.broadcast_shapes(*map(np.shape, (n, t, a, b, gamma, d))))
    for i in range(int(np.max(t, initial=0)) + 1):
        with np.errstate(invalid="ignore"):
            ways = special.gammaln(i + 1) - special.gammaln(n + 1) - special.gammaln(np.maximum(i - n, 0.0) + 1)
            bought = special.betaln(a + n, b + np.maximum(i - n, 0.0)) - special.betaln(a, b)
            stayed = special.betaln(gamma + (i < t), d + i) - special.betaln(gamma, d)
        result = result + np.where((i >= n) & (i <= t), np.exp(ways + bought + stayed), 0.0)
    return alive * result + np.where(n == 0, 1 - alive, 0.0)


def expected_purchases(t, alpha, beta, gamma, delta):
    return expected_purchases_alive(t, 0.0, 0.0, 0.0, 0.0, alpha, beta, gamma, delta)


def purchase_pmf(n, t, alpha, beta, gamma, delta):
    return conditional_purchase_pmf(n, t, 0.0, 0.0, 0.0, alpha, beta, gamma, delta)


def simulate(generator, observation, alpha, beta, gamma, delta):
    buys, leaves = generator.beta(alpha, beta, len(observation)), generator.beta(gamma, delta, len(observation))
    stays = generator.geometric(np.maximum(leaves, 1e-15)) - 1.0
    periods = int(np.max(observation, initial=0))
    bought = generator.random((len(observation), periods)) < buys[:, None]
    number = np.arange(1, periods + 1)
    owner, at = np.nonzero(bought & (number <= np.minimum(observation, stays)[:, None]))
    return owner, number[at].astype(np.float64)


def draw_latent(generator, x, t_x, T, alpha, beta, gamma, delta):
    """Alive: p and θ updated by T periods; gone: the period of leaving first, then p and θ updated by those before."""
    x, t_x, T = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (x, t_x, T)))
    longest = int(np.max(T - t_x, initial=0))
    weights = []
    for i in range(longest + 1):
        gone = i < T - t_x
        value = special.betaln(alpha + x, beta + t_x + i - x) + special.betaln(gamma + gone, delta + t_x + i)
        weights.append(np.where(i <= T - t_x, value, -np.inf))
    share = np.exp(np.array(weights) - special.logsumexp(weights, axis=0))
    left = np.sum(np.cumsum(share, axis=0) < generator.random(x.shape), axis=0)
    left = np.minimum(left, T - t_x)
    alive = left == T - t_x
    buys = generator.beta(alpha + x, beta + t_x + left - x)
    leaves = generator.beta(gamma + ~alive, delta + t_x + left)
    return {"purchase_rate": buys, "dropout_probability": leaves, "alive": alive.astype(np.float64)}


def start(x, t_x, T, weights):
    return 1.0, 1.0, 0.7, 2.0


FAMILY = PurchaseFamily(
    name="bg_bb",
    title="BG/BB",
    source="Fader, Hardie & Shang (2010), Marketing Science 29(6), 1086-1108",
    parameters=("alpha", "beta", "gamma", "delta"),
    time_parameters=(),
    statistics=("frequency", "recency", "T"),
    time="discrete",
    start=start,
    log_likelihood=log_likelihood,
    log_p_alive=log_p_alive,
    survival_alive=survival_alive,
    expected_purchases_alive=expected_purchases_alive,
    conditional_purchase_pmf=conditional_purchase_pmf,
    expected_purchases=expected_purchases,
    purchase_pmf=purchase_pmf,
    simulate=simulate,
    draw_latent=draw_latent,
    finite_total=("gamma", 1.0),
    limits=(Limit({"gamma": +1, "delta": +1}, "gamma and delta grow without bound", "use more customers"),),
)
