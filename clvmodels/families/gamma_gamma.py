"""Gamma-Gamma: what customers spend at a purchase, independent of how often they buy.

A customer's amounts are z ~ Gamma(p, rate ν), his own ν ~ Gamma(q, rate v); the mean of x of them is a sufficient
statistic. Customers without a repeat purchase have the population's mean spend.

Sources: Fader, Hardie & Lee (2005), "RFM and CLV", Journal of Marketing Research 42(4), 415-430; Fader & Hardie (2013),
"The Gamma-Gamma Model of Monetary Value", note 025.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from ..numerics.arrays import Array, rowwise
from ..numerics.gamma import by_count, digamma_rising, log_beta
from .contract import Limit, SpendFamily


def log_likelihood(x: Any, m: Any, p: Any, q: Any, v: Any) -> tuple[Array, Array]:
    """Ln density of the mean m of x amounts, equation 1a of note 025; gradient in ln p, ln q, ln v.

    Γ(px+q)/(Γ(px)Γ(q)) · v^q m^(px−1) x^(px) / (v + mx)^(px+q), for x ≥ 1 and m > 0.
    """
    x, m = np.broadcast_arrays(np.asarray(x, dtype=np.float64), m)
    px, share = p * x, v / (x * m)
    low, high = np.log1p(share), np.log1p(1 / share)
    log_ways, slope_p, slope_q = by_count(_of_counts, x, p, q)
    value = np.asarray(log_ways - np.log(m) - px * low - q * high)
    gradient = np.empty((3, *value.shape))
    gradient[0] = px * (slope_p - low)
    gradient[1] = q * (slope_q - high)
    gradient[2] = (q - px * share) / (1 + share)
    return value, gradient


def expected_spend(x: Any, m: Any, p: Any, q: Any, v: Any) -> Array:
    """E[mean spend | m, x] = p (v + x m)/(p x + q − 1), equation 5 of note 025; inf where p x + q ≤ 1.

    At x = 0 it is p v/(q − 1), the population mean, whatever m (NaN included).
    """

    def block(x: Any, m: Any, p: Any, q: Any, v: Any) -> Array:
        seen = np.where(x > 0, x * np.where(x > 0, m, 0.0), 0.0)
        below = p * x + (q - 1)
        return np.where(below > 0, p * (v + seen) / np.where(below > 0, below, 1.0), np.inf)

    return rowwise(block, x, m, p, q, v)


def population_mean(p: float, q: float, v: float) -> float:
    """E[spend] = p v/(q − 1), inf for q ≤ 1."""
    return p * v / (q - 1) if q > 1 else float("inf")


def population_mean_is_finite(p: float, q: float, v: float) -> bool:
    """Whether q > 1."""
    return q > 1


def log_density(m: Any, n: Any, p: Any, q: Any, v: Any) -> Array:
    """Ln density of the mean m of n amounts of a customer not seen yet."""
    return log_likelihood(n, m, p, q, v)[0]


def log_density_of_sum(total: Any, n: Any, x: Any, m: Any, p: Any, q: Any, v: Any) -> Array:
    """Ln density of the sum of the next n amounts of a customer with mean m over x.

    Given history ν ~ Gamma(p x + q, v + x m), so the mean of n has the density above with these in place of q and v.
    """
    seen = np.where(np.asarray(x) > 0, x * np.where(np.asarray(x) > 0, m, 0.0), 0.0)
    return np.asarray(log_likelihood(n, total / n, p, p * x + q, v + seen)[0] - np.log(n))


def simulate(generator: np.random.Generator, counts: Any, p: float, q: float, v: float) -> Array:
    """Amounts of customers who make ``counts`` purchases, customers in order."""
    rate = generator.gamma(q, 1 / v, len(counts))
    return np.asarray(generator.gamma(p, 1.0, int(np.sum(counts))) / np.repeat(rate, counts))


def draw_level(generator: np.random.Generator, x: Any, m: Any, p: Any, q: Any, v: Any) -> Array:
    """One draw per customer of his own mean spend p/ν, ν ~ Gamma(p x + q, rate v + x m); at x = 0 the population's."""
    size = np.broadcast_shapes(*map(np.shape, (x, m, p, q, v)))
    seen = np.where(np.asarray(x) > 0, x * np.where(np.asarray(x) > 0, m, 0.0), 0.0)
    # a gamma of tiny shape may underflow to 0
    return np.asarray(p * (v + seen) / np.maximum(generator.standard_gamma(p * x + q, size), 1e-300))


def simulate_of_level(generator: np.random.Generator, level: Any, counts: Any, p: Any, q: Any, v: Any) -> Array:
    """Sums of ``counts`` amounts of customers with mean spend ``level``: level · Gamma(p · counts)/p."""
    size = np.broadcast_shapes(np.shape(level), np.shape(counts), np.shape(p))
    return np.asarray(level * (generator.standard_gamma(p * np.asarray(counts, dtype=np.float64), size) / p))


def _of_counts(x: Any, p: Any, q: Any) -> Array:
    """What depends on the count alone: −ln B(px, q) and its derivatives in px and in q; x = 0 has no density."""
    px = p * np.maximum(x, 1)
    return np.stack(np.broadcast_arrays(-log_beta(px, q), digamma_rising(px, q), digamma_rising(q, px)))


def start(x: Any, m: Any, weights: Any) -> tuple[float, float, float]:
    """Rough parameters from Var(ln m | x) = ψ'(px) + ψ'(q) ≈ 1/(px) + 1/(q − 1/2), a line in 1/x, and E[ln m]."""
    share, log_mean = weights / np.sum(weights), np.log(m)
    level = float(np.sum(share * log_mean))
    squares, seldom = np.square(log_mean - level), 1 / x
    off = seldom - np.sum(share * seldom)
    spread = float(np.sum(share * np.square(off)))
    slope = float(np.sum(share * off * squares)) / spread if spread > 0 else 0.25
    rest = float(np.sum(share * squares) - slope * np.sum(share * seldom))
    p = min(max(1 / max(slope, 1e-300), 1.0), 20.0)
    q = min(max(0.5 + 1 / max(rest, 1e-300), 1.5), 20.0)
    return p, q, float(np.exp(level + special.digamma(q))) / p


FAMILY = SpendFamily(
    name="gamma_gamma",
    title="Gamma-Gamma",
    source="Fader, Hardie & Lee (2005), Journal of Marketing Research 42(4), 415-430; Fader & Hardie (2013), note 025",
    parameters=("p", "q", "v"),
    money_parameters=("v",),
    statistics=("frequency", "monetary_value"),
    start=start,
    log_likelihood=log_likelihood,
    expected_spend=expected_spend,
    population_mean=population_mean,
    population_mean_is_finite=population_mean_is_finite,
    log_density=log_density,
    log_density_of_sum=log_density_of_sum,
    simulate=simulate,
    draw_level=draw_level,
    simulate_of_level=simulate_of_level,
    limits=(
        Limit(
            {"p": +1, "v": -1},
            "p grows without bound and v shrinks: a customer seems to spend the same amount every time",
            "check that amounts are what customers paid, not a constant fee",
        ),
        Limit(
            {"q": +1, "v": +1},
            "q and v grow without bound: all customers seem to spend alike",
            "use more customers or a longer observation to tell them apart",
        ),
    ),
)
