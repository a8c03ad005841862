"""Erlang-2 NBD, a family that only the tests know: regular purchases, with one statistic more than the shipped ones.

Times between purchases are Gamma(2, rate λ), λ ~ Gamma(r, alpha), and nobody leaves: of a Poisson process with rate λ
every second event is a purchase. The likelihood needs the product of the gaps besides x, t_x and T; its statistic is
their geometric mean (0 without a repeat purchase).

Source: Chatfield & Goodhardt (1973), Applied Statistics 22(1), 1-15 (condensed negative binomial); Platzer & Reutterer
(2016), Marketing Science 35(5), 779-799 (Pareto/GGG, which adds dropout and a free regularity).
"""

from __future__ import annotations

import numpy as np
from scipy import special, stats

from clvmodels.families.contract import Limit, PurchaseFamily


def log_likelihood(x, t_x, T, gap, r, alpha):
    """Ln of the density of the purchase times: Π g_i · E_λ[λ^2x e^(-λT) (1 + λ(T − t_x))]."""
    k, idle, late = r + 2 * x, T - t_x, alpha + T
    again = idle * k / late
    value = (
        special.xlogy(x, np.where(x > 0, gap, 1.0))
        + special.gammaln(k) - special.gammaln(r) - 2 * x * np.log(late) - r * np.log1p(T / alpha)
        + np.log1p(again)
    )  # fmt: skip
    gradient = (
        r * (special.digamma(k) - special.digamma(r) - np.log1p(T / alpha) + idle / late / (1 + again)),
        r - k * alpha / late - alpha / late * again / (1 + again),
    )
    return np.asarray(value), np.stack(np.broadcast_arrays(*gradient))


def log_p_alive(x, t_x, T, gap, r, alpha):
    return np.zeros(np.broadcast_shapes(*map(np.shape, (x, t_x, T, gap, r, alpha))))


def survival_alive(t, x, t_x, T, gap, r, alpha):
    return np.ones(np.broadcast_shapes(*map(np.shape, (t, x, t_x, T, gap, r, alpha))))


def _halfway(x, t_x, T, r, alpha):
    """P(the next event of the Poisson process is a purchase | history)."""
    again = (T - t_x) * (r + 2 * x) / (alpha + T)
    return again / (1 + again)


def expected_purchases_alive(t, start, x, t_x, T, gap, r, alpha):
    """Half the Poisson events; a quarter of E[e^(-2λ·start) − e^(-2λ(start + t))] less, or more when halfway."""
    k, z, half = r + 2 * x, alpha + T, _halfway(x, t_x, T, r, alpha)

    def mean(k, sign):
        before = np.exp(-k * np.log1p(2 * start / z))
        faded = -np.expm1(-k * np.log1p(2 * t / (z + 2 * start)))
        return k * t / (2 * z) + sign * before * faded / 4

    with np.errstate(invalid="ignore"):
        result = (1 - half) * mean(k, -1) + half * mean(k + 1, +1)
    return np.where(np.isinf(t), np.inf, result)


def _count(n, t, k, z):
    """P(n events of a Poisson process with rate λ ~ Gamma(k, z) within t), 0 for n < 0."""
    return np.where(n >= 0, stats.nbinom.pmf(np.maximum(n, 0), k, z / (z + t)), 0.0)


def conditional_purchase_pmf(n, t, x, t_x, T, gap, r, alpha):
    k, z, half = r + 2 * x, alpha + T, _halfway(x, t_x, T, r, alpha)
    n = np.asarray(n)
    whole = _count(2 * n, t, k, z) + _count(2 * n + 1, t, k, z)
    halfway = _count(2 * n - 1, t, k + 1, z) + _count(2 * n, t, k + 1, z)
    return np.asarray((1 - half) * whole + half * halfway)


def expected_purchases(t, r, alpha):
    return expected_purchases_alive(t, 0.0, 0.0, 0.0, 0.0, 0.0, r, alpha)


def purchase_pmf(n, t, r, alpha):
    return conditional_purchase_pmf(n, t, 0.0, 0.0, 0.0, 0.0, r, alpha)


def simulate(generator, observation, r, alpha):
    """Every second event of a Poisson process, each customer watched for its ``observation``."""
    owners, times = [], []
    rates = generator.gamma(r, 1 / alpha, len(observation))
    for i, (rate, watched) in enumerate(zip(rates, observation, strict=True)):
        events = np.sort(generator.random(generator.poisson(rate * watched))) * watched
        times.append(events[1::2])
        owners.append(np.full(len(times[-1]), i, dtype=np.intp))
    return np.concatenate(owners), np.concatenate(times)


def draw_latent(generator, x, t_x, T, gap, r, alpha):
    x, t_x, T = np.broadcast_arrays(x, t_x, T)
    half = generator.random(x.shape) < _halfway(x, t_x, T, r, alpha)
    rate = generator.gamma(r + 2 * x + half, 1 / (alpha + T)) / 2
    return {"purchase_rate": rate, "alive": np.ones_like(rate), "halfway": half.astype(np.float64)}


def start(x, t_x, T, gap, weights):
    return 1.0, float(np.sum(weights * T) / np.sum(2 * weights * x))


FAMILY = PurchaseFamily(
    name="erlang_nbd",
    title="Erlang-2 NBD",
    source="Chatfield & Goodhardt (1973), Applied Statistics 22(1), 1-15",
    parameters=("r", "alpha"),
    time_parameters=("alpha",),
    statistics=("frequency", "recency", "T", "geometric_gap"),
    time="continuous",
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
    finite_total=None,
    limits=(Limit({"r": +1, "alpha": +1}, "r and alpha grow without bound", "use more customers"),),
)
