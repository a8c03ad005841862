"""MBG/NBD: as BG/NBD, but a customer may leave right after the first purchase as well.

λ ~ Gamma(r, alpha), p ~ Beta(a, b), independent; after *every* purchase, the first one included, a customer leaves for
good with probability p. So one-timers are not alive with certainty, as BG/NBD would have it.

Sources: Batislam, Denizel & Filiztekin (2007), International Journal of Research in Marketing 24(3), 201-209;
Wagner & Hoppe (2008), Marketing Science 27(6), 1126-1127 (as CBG/NBD).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..numerics import geometric_dropout as future
from ..numerics import given_rates
from ..numerics.arrays import Array, Positions, rowwise
from ..numerics.changed_dropout import changed_of_counts
from ..numerics.gamma import beta_cdf, by_count, digamma_rising, gamma_cdf, log_rising, softplus
from ..numerics.negative_binomial import probability_of_event, time_of_event
from ..numerics.simulation import poisson_times
from .contract import HEAVY_BUYERS, PURCHASE_RATES, RATES_ALIKE, Limit, Mixing, PurchaseFamily


def log_likelihood(x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any) -> tuple[Array, Array]:
    """Ln L, with its gradient in ln r, ln alpha, ln a, ln b.

    L = Γ(r+x) alpha^r / Γ(r) · [B(a, b+x+1)/B(a, b) (alpha+T)^-(r+x) + B(a+1, b+x)/B(a, b) (alpha+t_x)^-(r+x)].
    """
    m = r + x
    idle = np.log1p((T - t_x) / (alpha + t_x))
    log_ratio = np.log(a) - np.log(b + x) + m * idle
    seen = np.log1p(T / alpha)
    left, dead = softplus(log_ratio)
    log_counts, slope_r, slope_b, slope_ab = by_count(_of_counts, x, r, a, b)
    value = log_counts - x * np.log(alpha) - m * seen + left
    gradient = (
        r * (slope_r - seen + dead * idle),
        m * (T / (alpha + T) - dead * (T - t_x) / (alpha + t_x) * alpha / (alpha + T)) - x,
        dead - a * slope_ab,
        b * (slope_b - slope_ab - dead / (b + x)),
    )
    return np.asarray(value), np.stack(np.broadcast_arrays(*gradient))


def log_likelihood_value(x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any) -> Array:
    """Ln L alone."""
    m = r + x
    left, _ = softplus(np.log(a) - np.log(b + x) + m * np.log1p((T - t_x) / (alpha + t_x)))
    return np.asarray(by_count(_log_of_counts, x, r, a, b) - x * np.log(alpha) - m * np.log1p(T / alpha) + left)


def _of_counts(x: Any, r: Any, a: Any, b: Any) -> Array:
    """What depends on the count alone: ln of its gamma and beta functions, and their slopes."""
    kept = x + 1  # times that he did not leave
    slopes = digamma_rising(r, x), digamma_rising(b, kept), digamma_rising(a + b, kept)
    return np.stack(np.broadcast_arrays(_log_of_counts(x, r, a, b), *slopes))


def _log_of_counts(x: Any, r: Any, a: Any, b: Any) -> Array:
    return log_rising(r, x) + log_rising(b, x + 1) - log_rising(a + b, x + 1)


def log_p_alive(x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any) -> Array:
    """Ln P(alive at T | x, t_x, T) = −ln(1 + a/(b+x) · ((alpha+T)/(alpha+t_x))^(r+x))."""

    def block(x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any) -> Array:
        idle = np.log1p((T - t_x) / (alpha + t_x))
        return -softplus(np.log(a) - np.log(b + x) + (r + x) * idle)[0]

    return rowwise(block, x, t_x, T, r, alpha, a, b)


def survival_alive(t: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any) -> Array:
    """P(alive at T + t | alive at T): he leaves at rate λ·p."""
    return future.survival_of_counts(t, x, alpha + T, r, a, b + 1)


def expected_purchases_alive(t: Any, start: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any) -> Array:
    """E[purchases in (T + start, T + start + t] | alive at T]."""
    return future.expected_of_counts(t, start, x, alpha + T, r, a, b + 1)


def discounted_purchases_alive(
    t: Any, delta: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any
) -> Array:
    """∫ over (0, t] of e^(-delta·u) dE[purchases in (T, T + u] | alive at T]."""
    return future.discounted_of_counts(t, delta, x, alpha + T, r, a, b + 1)


def changed_purchases_alive(
    t: Any, delta: Any, rate_factor: Any, dropout_factor: Any,
    x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any,
) -> Array:  # fmt: skip
    """∫ over (0, t] of e^(-delta·u) dE[purchases in (T, T + u] | alive at T] with rate c·λ and dropout min(d·p, 1)."""
    return changed_of_counts(t, delta, rate_factor, dropout_factor, x, alpha + T, r, a, b + 1)


def conditional_purchase_pmf(n: Any, t: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any) -> Array:
    """P(n purchases in (T, T + t] | history): P(alive) · that of a customer alive, and 0 if dead."""
    return future.conditional_pmf(n, t, log_p_alive(x, t_x, T, r, alpha, a, b), r + x, alpha + T, a, b + 1 + x)


def probability_of_purchase_alive(t: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any) -> Array:
    """P(at least one purchase in (T, T + t] | alive at T) = 1 − ((alpha+T)/(alpha+T+t))^(r+x)."""
    return probability_of_event(t, r + x, alpha + T)


def more_purchases_alive(n: Any, t: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any) -> Array:
    """P(more than n purchases in (T, T + t] | alive at T): he stays after n of them, and there are more."""
    return future.more_than(n, t, r + x, alpha + T, a, b + 1 + x)


def purchase_counts_alive(
    n: Array, t: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any
) -> tuple[Array, Array]:
    """P(n purchases in (T, T + t] | alive at T) and P(more than n) of consecutive n."""
    return future.purchase_counts(n, t, r + x, alpha + T, a, b + 1 + x)


def residual_lifetime_alive(q: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any) -> Array:
    """Quantile q of the time from T until a customer alive at T leaves."""
    return future.lifetime(q, r + x, alpha + T, a, b + 1 + x)


def time_to_next_purchase_alive(q: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any) -> Array:
    """Quantile q of the time from T to the next purchase of a customer alive at T: there always is one."""
    return time_of_event(q, r + x, alpha + T)


def expected_purchases(t: Any, r: Any, alpha: Any, a: Any, b: Any) -> Array:
    """E[X(t)] of a new customer, who stays after the first purchase with probability b/(a + b)."""
    return np.asarray(b / (a + b) * future.expected(t, 0.0, r, alpha, a, b + 1))


def purchase_pmf(n: Any, t: Any, r: Any, alpha: Any, a: Any, b: Any) -> Array:
    """P(X(t) = n) of a new customer, who leaves after the first purchase with probability a/(a + b)."""
    return np.asarray(
        b / (a + b) * future.pmf(n, t, r, alpha, a, b + 1) + np.where(np.asarray(n) == 0, a / (a + b), 0.0)
    )


def probability_of_purchase_later(t: Any, start: Any, r: Any, alpha: Any, a: Any, b: Any) -> Array:
    """P(at least one purchase in (start, start + t]) of a new customer, who stays at first with b/(a + b)."""
    return np.asarray(b / (a + b) * future.buys_later(t, start, r, alpha, a, b + 1))


def simulate(
    generator: np.random.Generator, observation: Array, r: Any, alpha: Any, a: Any, b: Any
) -> tuple[Positions, Array]:
    """Repeat purchases of new customers, each watched for its ``observation``."""
    size = len(observation)
    rate = generator.gamma(r, 1 / alpha, size)
    dropout = generator.beta(a, b, size)
    # The repeat purchase after which he leaves, 0 for the first purchase; a probability that underflows means never.
    last = generator.geometric(np.maximum(dropout, 1e-15)).astype(np.float64) - 1
    return poisson_times(generator, rate, observation, last)


def draw_latent(
    generator: np.random.Generator, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any
) -> dict[str, Array]:
    """One draw per customer of λ, p and being alive, given history: a mixture of an alive and a dead part."""
    x, t_x, T = np.broadcast_arrays(x, t_x, T)
    alive = generator.random(x.shape) < np.exp(log_p_alive(x, t_x, T, r, alpha, a, b))
    rate = generator.gamma(r + x, 1 / (alpha + np.where(alive, T, t_x)))
    dropout = generator.beta(np.where(alive, a, a + 1), np.where(alive, b + x + 1, b + x))
    return {"purchase_rate": rate, "dropout_probability": dropout, "alive": alive.astype(np.float64)}


def expected_latent(x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any) -> dict[str, Array]:
    """E[λ | history] and E[p | history], mixtures of an alive and a dead part.

    Alive: λ ~ Gamma(r+x, alpha+T), p ~ Beta(a, b+x+1); dead: λ ~ Gamma(r+x, alpha+t_x), p ~ Beta(a+1, b+x).
    """
    log_alive = log_p_alive(x, t_x, T, r, alpha, a, b)
    alive, dead = np.exp(log_alive), -np.expm1(log_alive)
    return {
        "purchase_rate": np.asarray((r + x) * (alive / (alpha + T) + dead / (alpha + t_x))),
        "dropout_probability": np.asarray((a + dead) / (a + b + 1 + x)),
    }


def draw_rates_alive(
    generator: np.random.Generator, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any
) -> dict[str, Array]:
    """One draw per customer of λ ~ Gamma(r + x, alpha + T) and p ~ Beta(a, b + x + 1), given that he is alive at T."""
    size = given_rates.size_of(x, t_x, T, r, alpha, a, b)
    return {
        "purchase_rate": np.asarray(generator.standard_gamma(r + x, size) / (alpha + T)),
        "dropout_probability": np.asarray(generator.beta(a, b + x + 1, size)),
    }


def expected_rates_alive(x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any) -> dict[str, Array]:
    """E[λ] = (r + x)/(alpha + T) and E[p] = a/(a + b + x + 1), given that he is alive at T."""
    size = given_rates.size_of(x, t_x, T, r, alpha, a, b)
    return {
        "purchase_rate": np.broadcast_to((r + x) / (alpha + T), size),
        "dropout_probability": np.broadcast_to(a / (a + b + x + 1), size),
    }


def purchase_rate_cdf(value: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any) -> Array:
    """P(λ ≤ value | history), the mixture of `expected_latent`."""
    log_alive = log_p_alive(x, t_x, T, r, alpha, a, b)
    there, gone = (gamma_cdf(value, r + x, alpha + until) for until in (T, t_x))
    return np.asarray(np.exp(log_alive) * there - np.expm1(log_alive) * gone)


def dropout_probability_cdf(value: Any, x: Any, t_x: Any, T: Any, r: Any, alpha: Any, a: Any, b: Any) -> Array:
    """P(p ≤ value | history), the mixture of `expected_latent`."""
    log_alive = log_p_alive(x, t_x, T, r, alpha, a, b)
    there, gone = beta_cdf(value, a, b + x + 1), beta_cdf(value, a + 1, b + x)
    return np.asarray(np.exp(log_alive) * there - np.expm1(log_alive) * gone)


def start(x: Any, t_x: Any, T: Any, weights: Any) -> tuple[float, float, float, float]:
    """Rough parameters: the mean purchase rate of those who stay a while, and a third who leave."""
    rate = float(np.sum(weights * x) / np.sum(weights * T))
    return 0.6, 0.4 / rate, 1.0, 2.0


FAMILY = PurchaseFamily(
    name="mbg_nbd",
    title="MBG/NBD",
    source="Batislam, Denizel & Filiztekin (2007), International Journal of Research in Marketing 24(3), 201-209",
    parameters=("r", "alpha", "a", "b"),
    time_parameters=("alpha",),
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
    time_to_last_purchase_alive=residual_lifetime_alive,  # he leaves at his last purchase
    expected_purchases=expected_purchases,
    purchase_pmf=purchase_pmf,
    probability_of_purchase_later=probability_of_purchase_later,
    simulate=simulate,
    draw_latent=draw_latent,
    expected_latent=expected_latent,
    draw_rates_alive=draw_rates_alive,
    expected_rates_alive=expected_rates_alive,
    purchases_of_rates=future.purchases_of_rates,
    simulate_of_rates=future.simulate_of_rates,
    latent_cdf={"purchase_rate": purchase_rate_cdf, "dropout_probability": dropout_probability_cdf},
    mixing={"purchase_rate": PURCHASE_RATES, "dropout_probability": Mixing("beta", ("a", "b"))},
    finite_total=("a", 1.0),
    limits=(
        RATES_ALIKE,
        Limit(
            {"a": +1, "b": +1},
            "a and b grow without bound: dropout looks homogeneous",
            "use more customers or a longer observation to tell them apart",
        ),
        Limit(
            {"a": -1},
            "a shrinks to 0: nobody seems to leave",
            "compare with the family nbd, which has no dropout",
        ),
        Limit(
            {"b": +1},
            "b grows without bound: nobody seems to leave",
            "compare with the family nbd, which has no dropout",
        ),
        Limit(
            {"b": -1},
            "b shrinks to 0: customers seem to leave right after their first chance",
            "check that observation_end is not long after the last line of the log",
        ),
        HEAVY_BUYERS,
        Limit(
            {"r": +1},
            "r grows without bound: purchase rates look homogeneous",
            "use more customers or a longer observation",
        ),
    ),
)
