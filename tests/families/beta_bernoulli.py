"""BB, a family that only the tests know: in each whole period a customer buys or does not, and nobody ever leaves.

p ~ Beta(alpha, beta); x purchases in T periods. Source: Skellam (1948), Journal of the Royal Statistical Society B
10(2), 257-261 (the beta-binomial distribution).
"""

from __future__ import annotations

import numpy as np
from scipy import special

from clvmodels.families.contract import PurchaseFamily


def log_likelihood(x, t_x, T, alpha, beta):
    x, T = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (x, T)))
    value = special.betaln(alpha + x, beta + T - x) - special.betaln(alpha, beta)
    both = special.digamma(alpha + beta) - special.digamma(alpha + beta + T)
    gradient = (
        alpha * (special.digamma(alpha + x) - special.digamma(alpha) + both),
        beta * (special.digamma(beta + T - x) - special.digamma(beta) + both),
    )
    return value, np.stack(np.broadcast_arrays(*gradient))


def log_p_alive(x, t_x, T, alpha, beta):
    return np.zeros(np.broadcast_shapes(*map(np.shape, (x, t_x, T, alpha, beta))))


def survival_alive(t, x, t_x, T, alpha, beta):
    return np.ones(np.broadcast_shapes(*map(np.shape, (t, x, t_x, T, alpha, beta))))


def expected_purchases_alive(t, start, x, t_x, T, alpha, beta):
    return (np.floor(np.add(start, t)) - np.floor(start)) * ((alpha + x) / (alpha + beta + T))


def conditional_purchase_pmf(n, t, x, t_x, T, alpha, beta):
    a, b, t = alpha + x, beta + T - x, np.floor(t)
    n = np.asarray(n, dtype=np.float64)
    missed = np.maximum(t - n, 0.0)
    ways = special.gammaln(t + 1) - special.gammaln(n + 1) - special.gammaln(missed + 1)
    value = np.exp(ways + special.betaln(a + n, b + missed) - special.betaln(a, b))
    return np.where(n <= t, value, 0.0)


def expected_purchases(t, alpha, beta):
    return expected_purchases_alive(t, 0.0, 0.0, 0.0, 0.0, alpha, beta)


def purchase_pmf(n, t, alpha, beta):
    return conditional_purchase_pmf(n, t, 0.0, 0.0, 0.0, alpha, beta)


def simulate(generator, observation, alpha, beta):
    buys = generator.beta(alpha, beta, len(observation))
    periods = int(np.max(observation, initial=0))
    number = np.arange(1, periods + 1)
    bought = (generator.random((len(observation), periods)) < buys[:, None]) & (number <= observation[:, None])
    owner, at = np.nonzero(bought)
    return owner, number[at].astype(np.float64)


def draw_latent(generator, x, t_x, T, alpha, beta):
    x, T = np.broadcast_arrays(x, T)
    buys = generator.beta(alpha + x, beta + T - x)
    return {"purchase_rate": buys, "alive": np.ones_like(buys)}


def draw_rates_alive(generator, x, t_x, T, alpha, beta):
    size = np.broadcast_shapes(*map(np.shape, (x, t_x, T, alpha, beta)))
    return {"purchase_rate": generator.beta(alpha + x, beta + T - x, size)}


def purchases_of_rates(t, delta, rates):
    periods = np.arange(1.0, np.floor(t) + 1)
    return rates["purchase_rate"] * np.sum(np.exp(-delta * periods))


def simulate_of_rates(generator, t, rates):
    periods = int(np.floor(t))
    owner, at = np.nonzero(generator.random((len(rates["purchase_rate"]), periods)) < rates["purchase_rate"][:, None])
    return owner, at + 1.0


def start(x, t_x, T, weights):
    return 1.0, 1.0


FAMILY = PurchaseFamily(
    name="beta_bernoulli",
    title="BB",
    source="Skellam (1948), Journal of the Royal Statistical Society B 10(2), 257-261",
    parameters=("alpha", "beta"),
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
    draw_rates_alive=draw_rates_alive,
    purchases_of_rates=purchases_of_rates,
    simulate_of_rates=simulate_of_rates,
    finite_total=None,
)
