"""NBD: purchases at a gamma rate, and nobody ever leaves.

λ ~ Gamma(r, alpha); a customer buys as a Poisson process with rate λ for ever. The yardstick that the other families
must beat: it has no dropout.

Source: Ehrenberg (1959), Applied Statistics 8(1), 26-41; conditional expectations: Morrison & Schmittlein (1988),
Journal of Business & Economic Statistics 6(2), 145-159.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..numerics import given_rates
from ..numerics.arrays import Array, Positions
from ..numerics.gamma import digamma_rising, gamma_cdf, log_rising
from ..numerics.negative_binomial import (
    event_counts,
    log_negative_binomial,
    probability_of_event,
    probability_of_more,
    time_of_event,
)
from ..numerics.simulation import poisson_times
from .contract import HEAVY_BUYERS, PURCHASE_RATES, RATES_ALIKE, PurchaseFamily


def log_likelihood(x: Any, t_x: Any, T: Any, r: Any, alpha: Any) -> tuple[Array, Array]:
    """Ln of Γ(r+x)/Γ(r) · alpha^r / (alpha+T)^(r+x), the density of the purchase times; gradient in ln r, ln alpha."""
    seen = np.log1p(T / alpha)
    value = log_rising(r, x) - x * np.log(alpha) - (r + x) * seen
    gradient = r * (digamma_rising(r, x) - seen), (r + x) * (T / (alpha + T)) - x
    return np.asarray(value), np.stack(np.broadcast_arrays(*gradient))


def log_likelihood_value(x: Any, t_x: Any, T: Any, r: Any, alpha: Any) -> Array:
    """Ln of the density alone."""
    return np.asarray(log_rising(r, x) - x * np.log(alpha) - (r + x) * np.log1p(T / alpha))


def log_p_alive(x: Any, t_x: Any, T: Any, r: Any, alpha: Any) -> Array:
    """Ln 1: everybody is alive."""
    return np.zeros(np.broadcast_shapes(*map(np.shape, (x, t_x, T, r, alpha))))


def survival_alive(t: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any) -> Array:
    """P(alive at T + t | alive at T) = 1."""
    return np.ones(np.broadcast_shapes(*map(np.shape, (t, x, t_x, T, r, alpha))))


def expected_purchases_alive(t: Any, start: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any) -> Array:
    """E[purchases in (T + start, T + start + t]] = t (r + x)/(alpha + T)."""
    return np.asarray((t + 0 * start) * ((r + x) / (alpha + T)))


def discounted_purchases_alive(t: Any, delta: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any) -> Array:
    """(r + x)/(alpha + T) · (1 − e^(-delta·t))/delta."""
    rate = (r + x) / (alpha + T)
    safe = np.where(delta == 0, 1.0, delta)
    return np.asarray(rate * np.where(delta == 0, t, -np.expm1(-safe * t) / safe))


def changed_purchases_alive(
    t: Any, delta: Any, rate_factor: Any, dropout_factor: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any
) -> Array:
    """As `discounted_purchases_alive` with rate c·λ; there is no dropout to change."""
    return np.asarray((rate_factor + 0 * dropout_factor) * discounted_purchases_alive(t, delta, x, t_x, T, r, alpha))


def conditional_purchase_pmf(n: Any, t: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any) -> Array:
    """Negative binomial with shape r + x and rate alpha + T."""
    return np.exp(log_negative_binomial(n, t, r + x, alpha + T))


def probability_of_purchase_alive(t: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any) -> Array:
    """P(at least one purchase in (T, T + t]) = 1 − ((alpha+T)/(alpha+T+t))^(r+x)."""
    return probability_of_event(t, r + x, alpha + T)


def more_purchases_alive(n: Any, t: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any) -> Array:
    """P(more than n purchases in (T, T + t])."""
    return probability_of_more(n, t, r + x, alpha + T)


def purchase_counts_alive(n: Array, t: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any) -> tuple[Array, Array]:
    """P(n purchases in (T, T + t]) and P(more than n) of consecutive n."""
    return event_counts(n, t, r + x, alpha + T)


def residual_lifetime_alive(q: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any) -> Array:
    """inf: nobody ever leaves (0 at q = 0)."""
    shape = np.broadcast_shapes(*map(np.shape, (q, x, t_x, T, r, alpha)))
    return np.where(np.broadcast_to(q, shape) > 0, np.inf, 0.0)


def time_to_next_purchase_alive(q: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any) -> Array:
    """Quantile q of the time from T to the next purchase, (alpha+T) ((1 − q)^(-1/(r+x)) − 1)."""
    return time_of_event(q, r + x, alpha + T)


def expected_purchases(t: Any, r: Any, alpha: Any) -> Array:
    """E[X(t)] = r t/alpha."""
    return np.asarray(r * t / alpha)


def purchase_pmf(n: Any, t: Any, r: Any, alpha: Any) -> Array:
    """P(X(t) = n), negative binomial."""
    return np.exp(log_negative_binomial(n, t, r, alpha))


def probability_of_purchase_later(t: Any, start: Any, r: Any, alpha: Any) -> Array:
    """P(at least one purchase in (start, start + t]) of a new customer: the same whenever it starts."""
    return np.asarray(probability_of_event(t, r, alpha) + np.zeros(np.shape(start)))


def simulate(generator: np.random.Generator, observation: Array, r: Any, alpha: Any) -> tuple[Positions, Array]:
    """Repeat purchases of new customers, each watched for its ``observation``."""
    size = len(observation)
    return poisson_times(generator, generator.gamma(r, 1 / alpha, size), observation, np.full(size, np.inf))


def draw_latent(generator: np.random.Generator, x: Any, t_x: Any, T: Any, r: Any, alpha: Any) -> dict[str, Array]:
    """One draw of λ ~ Gamma(r + x, alpha + T) per customer."""
    rate = generator.gamma(r + x, 1 / (alpha + T))
    return {"purchase_rate": np.asarray(rate), "alive": np.ones_like(rate)}


def expected_latent(x: Any, t_x: Any, T: Any, r: Any, alpha: Any) -> dict[str, Array]:
    """E[λ | history] = (r + x)/(alpha + T)."""
    return {"purchase_rate": np.asarray((r + x) / (alpha + T) + np.zeros(np.shape(t_x)))}


def draw_rates_alive(generator: np.random.Generator, x: Any, t_x: Any, T: Any, r: Any, alpha: Any) -> dict[str, Array]:
    """One draw per customer of λ ~ Gamma(r + x, alpha + T)."""
    size = given_rates.size_of(x, t_x, T, r, alpha)
    return {"purchase_rate": np.asarray(generator.standard_gamma(r + x, size) / (alpha + T))}


def expected_rates_alive(x: Any, t_x: Any, T: Any, r: Any, alpha: Any) -> dict[str, Array]:
    """E[λ] = (r + x)/(alpha + T)."""
    size = given_rates.size_of(x, t_x, T, r, alpha)
    return {
        "purchase_rate": np.broadcast_to((r + x) / (alpha + T), size),
    }


def purchases_of_rates(t: Any, delta: Any, rates: Mapping[str, Array]) -> Array:
    """λ (1 − e^(-delta·t))/delta, λt at delta = 0."""
    return np.asarray(rates["purchase_rate"] * given_rates.worth(t, delta))


def simulate_of_rates(generator: np.random.Generator, t: Any, rates: Mapping[str, Array]) -> tuple[Positions, Array]:
    """Purchases in (0, t] from now on."""
    rate = rates["purchase_rate"]
    return given_rates.purchases_until(generator, rate, np.broadcast_to(np.asarray(t, dtype=np.float64), rate.shape))


def purchase_rate_cdf(value: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any) -> Array:
    """P(λ ≤ value | history) of λ ~ Gamma(r + x, alpha + T)."""
    return np.asarray(gamma_cdf(value, r + x, alpha + T) + np.zeros(np.shape(t_x)))


def start(x: Any, t_x: Any, T: Any, weights: Any) -> tuple[float, float]:
    """Rough parameters: the mean purchase rate, and customers who differ as exponentials do."""
    return 1.0, float(np.sum(weights * T) / np.sum(weights * x))


FAMILY = PurchaseFamily(
    name="nbd",
    title="NBD",
    source="Ehrenberg (1959), Applied Statistics 8(1), 26-41",
    parameters=("r", "alpha"),
    time_parameters=("alpha",),
    statistics=("frequency", "recency", "T"),
    time="continuous",
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
    time_to_last_purchase_alive=residual_lifetime_alive,  # there is no last purchase
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
    latent_cdf={"purchase_rate": purchase_rate_cdf},
    mixing={"purchase_rate": PURCHASE_RATES},
    finite_total=None,
    limits=(RATES_ALIKE, HEAVY_BUYERS),
)
