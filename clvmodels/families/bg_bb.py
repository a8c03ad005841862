"""BG/BB: whole periods, in each of which a customer who has not left buys or does not.

p ~ Beta(alpha, beta), θ ~ Beta(gamma, delta), independent; at the beginning of each period a customer leaves for good
with probability θ, and else buys with probability p. The statistics are the number x of periods after the first
purchase that hold another, the last of them t_x, and the number T that were observed. Lengths of time are whole
periods: a part of one holds no further chance to buy, so fractions are cut off. Log-likelihoods are those of a sequence
of yes and no, and do not compare with those of the families in continuous time.

Source: Fader, Hardie & Shang (2010), Customer-Base Analysis in a Discrete-Time Noncontractual Setting, Marketing
Science 29(6), 1086-1108.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..numerics import given_rates
from ..numerics import whole_periods as future
from ..numerics.arrays import BLOCK, Array, Positions, distinct, rowwise
from ..numerics.changed_dropout import log_periods_worth
from ..numerics.gamma import beta_cdf, digamma_rising, log_rising, softplus
from .contract import Limit, Mixing, PurchaseFamily

_TINY = 1e-290  # below it a product has lost digits, or is 0


def log_likelihood(x: Any, t_x: Any, T: Any, alpha: Any, beta: Any, gamma: Any, delta: Any) -> tuple[Array, Array]:
    """Ln L = ln of equation 5, a sum over the period in which he left, with its gradient in the log-parameters."""
    shape = np.broadcast_shapes(*map(np.shape, (x, t_x, T, alpha, beta, gamma, delta)))
    x, t_x, T = (np.asarray(v, dtype=np.float64) for v in (x, t_x, np.floor(T)))
    later = _left_after(x, t_x, T, alpha, beta, gamma, delta, slopes=True)
    log_gone, means = (v.reshape((*v.shape[:-1], *shape)) for v in later)
    beta_more, both_more, delta_more, ever_more = means
    excess, gone = softplus(log_gone)
    value = (
        log_rising(alpha, x) + log_rising(beta, T - x) - log_rising(alpha + beta, T)
        + log_rising(delta, T) - log_rising(gamma + delta, T) + excess
    )  # fmt: skip

    def mixed(alive: Any, left: Any) -> Any:
        return (1 - gone) * alive + gone * left

    both = mixed(digamma_rising(alpha + beta, T), digamma_rising(alpha + beta, t_x) + both_more)
    ever = mixed(digamma_rising(gamma + delta, T), digamma_rising(gamma + delta, t_x + 1) + ever_more)
    stayed = mixed(digamma_rising(delta, T), digamma_rising(delta, t_x) + delta_more)
    missed = mixed(digamma_rising(beta, T - x), digamma_rising(beta, t_x - x) + beta_more)
    gradient = (
        alpha * (digamma_rising(alpha, x) - both),
        beta * (missed - both),
        gone - gamma * ever,
        delta * (stayed - ever),
    )
    return np.asarray(value), np.stack(np.broadcast_arrays(*gradient))


def log_p_alive(x: Any, t_x: Any, T: Any, alpha: Any, beta: Any, gamma: Any, delta: Any) -> Array:
    """Ln P(not left before period T + 1 | history): the share of the first term of equation 5."""

    def block(*columns: Any) -> Array:
        shape = np.broadcast_shapes(*map(np.shape, columns))
        return -softplus(_left_after(*columns, slopes=False)[0].reshape(shape))[0]

    return rowwise(block, x, t_x, np.floor(T), alpha, beta, gamma, delta)


def _left_after(
    x: Any, t_x: Any, T: Any, alpha: Any, beta: Any, gamma: Any, delta: Any, *, slopes: bool
) -> tuple[Array, Array]:
    """Ln of the odds of having left since t_x, and the mean reciprocals that the gradient asks for; flat rows.

    Leaving after i more periods has the weight Π over l < i of (b + l)(d + l)/((a + l)(c + l)) beside leaving at once,
    with b = beta + t_x − x, d = delta + t_x, a = alpha + beta + t_x, c = gamma + delta + 1 + t_x; being alive after all
    of them has (gamma + delta + T)/gamma times the last such product.
    """
    x, t_x, T, alpha, beta, gamma, delta = (
        np.ravel(v) for v in np.broadcast_arrays(x, t_x, T, alpha, beta, gamma, delta)
    )
    start = _since(x, t_x, alpha, beta, gamma, delta)
    periods = T - t_x
    total, last, means = _sum_of_products(periods, start, slopes=slopes)
    with np.errstate(divide="ignore"):
        log_last = np.log(last)
        if np.any(last < _TINY):
            b, a, d, c = start
            exact = future.log_step(b, a - b, periods) + future.log_step(d, c - d, periods)
            log_last = np.where(last < _TINY, -exact, log_last)
        return np.log(total) - log_last - np.log((gamma + delta + T) / gamma), means


def _since(x: Any, t_x: Any, alpha: Any, beta: Any, gamma: Any, delta: Any) -> Array:
    """The b, a, d, c of the weights of having left since t_x."""
    return np.stack([beta + (t_x - x), alpha + beta + t_x, delta + t_x, gamma + delta + t_x + 1.0])


def _sum_of_products(periods: Array, start: Array, *, slopes: bool = False) -> tuple[Array, Array, Array]:
    """Σ over i < periods of w_i = Π over l < i of (b + l)(d + l)/((a + l)(c + l)), for start = b, a, d, c, all rows.

    Also the product after all periods, and with ``slopes`` the means under w_i of Σ over l < i of 1/(b + l) and so on.
    Rows are taken in the order of their lengths, so that each period costs what is still going on.
    """
    order = np.argsort(-periods, kind="stable")
    start = start[:, order]
    going = np.searchsorted(-periods[order], -np.arange(float(np.max(periods, initial=0.0))), side="left")
    weight, total = np.ones(len(order)), np.zeros(len(order))
    reciprocals, sums = np.zeros_like(start), np.zeros_like(start)
    for i, n in enumerate(going):
        w = weight[:n]
        at = start[:, :n] + i
        total[:n] += w
        if slopes:
            sums[:, :n] += w * reciprocals[:, :n]
            reciprocals[:, :n] += 1 / at
        w *= at[0] / at[1] * (at[2] / at[3])
    means = sums / np.where(total > 0, total, 1.0)
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return total[back], weight[back], means[:, back]


def _each_once(function: Callable[..., Array], x: Any, T: Any, *others: Any, block: int = BLOCK) -> Array:
    """``function(x, T, *others)``, computed once for each pair of x and T if nothing else differs between rows."""
    x, T = np.broadcast_arrays(x, T)
    if any(np.ndim(v) for v in others) or not T.size:
        return rowwise(function, x, T, *others, block=block)
    _, first, back = np.unique(T * (np.max(x) + 1) + x, return_index=True, return_inverse=True)
    found = rowwise(function, np.ravel(x)[first], np.ravel(T)[first], *others, block=block)
    return np.asarray(found[np.ravel(back)].reshape(np.shape(T)))


def survival_alive(t: Any, x: Any, t_x: Any, T: Any, alpha: Any, beta: Any, gamma: Any, delta: Any) -> Array:
    """P(not left by T + t | alive at T) = E[(1 − θ)^t] for θ ~ Beta(gamma, delta + T)."""

    def block(_: Any, T: Any, t: Any, gamma: Any, delta: Any) -> Array:
        return future.survival(np.floor(t), gamma, delta + T)

    return _each_once(block, 0.0 * np.asarray(x), np.floor(T), t, gamma, delta)


def expected_purchases_alive(
    t: Any, start: Any, x: Any, t_x: Any, T: Any, alpha: Any, beta: Any, gamma: Any, delta: Any
) -> Array:
    """E[p] · Σ over the periods j in (start, start + t] of E[(1 − θ)^j].

    Without end the sum is (delta + T)/(gamma − 1) if gamma > 1, else infinite.
    """

    def block(_: Any, T: Any, t: Any, start: Any, gamma: Any, delta: Any) -> Array:
        begin = np.floor(start)
        reached = np.exp(-future.log_step(delta + T, gamma, begin))
        # θ ~ Beta(gamma, delta + T + begin) once he has reached the window
        return np.asarray(reached * future.periods_to_come(np.floor(start + t) - begin, delta + T + begin, gamma))

    T = np.floor(T)
    periods = _each_once(block, 0.0 * np.asarray(x), T, t, start, gamma, delta, block=1024)
    return np.asarray((alpha + x) / (alpha + beta + T) * periods)


def discounted_purchases_alive(
    t: Any, rate: Any, x: Any, t_x: Any, T: Any, alpha: Any, beta: Any, gamma: Any, delta: Any
) -> Array:
    """E[p] · Σ over whole periods j ≤ t of e^(-rate·j)·E[(1 − θ)^j].

    The geometric sum over the periods is done first, and its mean over θ by quadrature: no loop over periods, and
    nothing special without end.
    """

    def block(_: Any, T: Any, t: Any, rate: Any, gamma: Any, delta: Any) -> Array:
        return np.exp(future.log_worth(np.floor(t), rate, gamma, delta + T))

    T = np.floor(T)
    worth = _each_once(block, 0.0 * np.asarray(x), T, t, rate, gamma, delta, block=64)
    return np.asarray((alpha + x) / (alpha + beta + T) * worth)


def changed_purchases_alive(
    t: Any, rate: Any, rate_factor: Any, dropout_factor: Any,
    x: Any, t_x: Any, T: Any, alpha: Any, beta: Any, gamma: Any, delta: Any,
) -> Array:  # fmt: skip
    """E[min(c·p, 1)] · Σ over whole periods j ≤ t of e^(-rate·j)·E[(1 − min(d·θ, 1))^j]."""

    def block(_: Any, T: Any, t: Any, rate: Any, factor: Any, gamma: Any, delta: Any) -> Array:
        return np.exp(log_periods_worth(np.floor(t), rate, factor, gamma, delta + T))

    T = np.floor(T)
    worth = _each_once(block, 0.0 * np.asarray(x), T, t, rate, dropout_factor, gamma, delta, block=64)
    return np.asarray(_capped_mean(rate_factor, alpha + x, beta + (T - x)) * worth)


def _capped_mean(factor: Any, a: Any, b: Any) -> Array:
    """E[min(c·p, 1)] for p ~ Beta(a, b)."""
    raised = np.maximum(factor, 1.0)
    below = factor * (a / (a + b)) * beta_cdf(1 / raised, a + 1, b)
    return np.asarray(below + beta_cdf((raised - 1) / raised, b, a))


def conditional_purchase_pmf(
    n: Any, t: Any, x: Any, t_x: Any, T: Any, alpha: Any, beta: Any, gamma: Any, delta: Any
) -> Array:
    """P(n purchases in (T, T + t] | history): those of somebody alive, and 0 of somebody who has left."""

    def block(x: Any, T: Any, n: Any, t: Any, alpha: Any, beta: Any, gamma: Any, delta: Any) -> Array:
        return np.exp(future.log_pmf(n, np.floor(t), alpha + x, beta + (T - x), gamma, delta + T))

    T = np.floor(T)
    log_alive = log_p_alive(x, t_x, T, alpha, beta, gamma, delta)
    ahead = _each_once(block, x, T, n, t, alpha, beta, gamma, delta, block=64)
    return np.asarray(np.exp(log_alive) * ahead + np.where(np.asarray(n) == 0, -np.expm1(log_alive), 0.0))


def probability_of_purchase_alive(
    t: Any, x: Any, t_x: Any, T: Any, alpha: Any, beta: Any, gamma: Any, delta: Any
) -> Array:
    """Σ over the period j ≤ t of the next purchase of E[p(1 − p)^(j−1)] · E[(1 − θ)^j]: all terms are positive."""
    return more_purchases_alive(0.0, t, x, t_x, T, alpha, beta, gamma, delta)


def more_purchases_alive(
    n: Any, t: Any, x: Any, t_x: Any, T: Any, alpha: Any, beta: Any, gamma: Any, delta: Any
) -> Array:
    """P(more than n purchases in (T, T + t] | alive at T): the sum over the period of purchase n + 1."""

    def block(x: Any, T: Any, n: Any, t: Any, alpha: Any, beta: Any, gamma: Any, delta: Any) -> Array:
        return future.more_than(n, t, alpha + x, beta + (T - x), gamma, delta + T)

    return _each_once(block, x, np.floor(T), n, t, alpha, beta, gamma, delta)


def residual_lifetime_alive(q: Any, x: Any, t_x: Any, T: Any, alpha: Any, beta: Any, gamma: Any, delta: Any) -> Array:
    """Quantile q of the time from T until a customer alive at T leaves: the first period by whose end that has come."""
    return future.lifetime(q + 0.0 * np.asarray(x), gamma, delta + np.floor(T))


def time_to_next_purchase_alive(
    q: Any, x: Any, t_x: Any, T: Any, alpha: Any, beta: Any, gamma: Any, delta: Any
) -> Array:
    """Quantile q of the period of the next purchase, counted from T, of a customer alive at T who makes one."""
    T = np.floor(T)
    return future.time_of_purchase(q, alpha + x, beta + (T - x), gamma, delta + T)


def time_to_last_purchase_alive(
    q: Any, x: Any, t_x: Any, T: Any, alpha: Any, beta: Any, gamma: Any, delta: Any
) -> Array:
    """Quantile q of the period of the last purchase ever, counted from T, of a customer alive at T who buys again."""
    T = np.floor(T)
    return future.time_of_last_purchase(q, alpha + x, beta + (T - x), gamma, delta + T)


def expected_purchases(t: Any, alpha: Any, beta: Any, gamma: Any, delta: Any) -> Array:
    """E[X(t)] of a new customer."""
    return expected_purchases_alive(t, 0.0, 0.0, 0.0, 0.0, alpha, beta, gamma, delta)


def purchase_pmf(n: Any, t: Any, alpha: Any, beta: Any, gamma: Any, delta: Any) -> Array:
    """P(X(t) = n) of a new customer."""
    return np.exp(rowwise(future.log_pmf, n, np.floor(t), alpha, beta, gamma, delta, block=64))


def probability_of_purchase_later(t: Any, start: Any, alpha: Any, beta: Any, gamma: Any, delta: Any) -> Array:
    """P(at least one purchase in the whole periods of (start, start + t]) of a new customer.

    Whoever is there after ``start`` has θ ~ Beta(gamma, delta + start); p tells nothing of it.
    """
    begins = np.floor(start)
    periods = np.floor(np.asarray(t) + start) - begins
    there = future.survival(begins, gamma, delta)
    return np.asarray(there * more_purchases_alive(0.0, periods, 0.0, 0.0, 0.0, alpha, beta, gamma, delta + begins))


def simulate(
    generator: np.random.Generator, observation: Array, alpha: Any, beta: Any, gamma: Any, delta: Any
) -> tuple[Positions, Array]:
    """Periods with a purchase of new customers, each watched for its ``observation``: from one to the next."""
    size = len(observation)
    buys = generator.beta(alpha, beta, size)
    leaves = np.maximum(generator.beta(gamma, delta, size), 1e-15)  # what underflows means never
    last = np.minimum(np.floor(observation), generator.geometric(leaves) - 1.0)
    return given_rates.purchases_in_periods(generator, buys, last)


def draw_latent(
    generator: np.random.Generator, x: Any, t_x: Any, T: Any, alpha: Any, beta: Any, gamma: Any, delta: Any
) -> dict[str, Array]:
    """One draw per customer of p, θ and being alive, given history: first when he left, then p and θ given that."""
    columns = np.broadcast_arrays(x, t_x, np.floor(T), alpha, beta, gamma, delta)
    shape = columns[0].shape
    x, t_x, T, alpha, beta, gamma, delta = (np.ravel(v).astype(np.float64) for v in columns)
    log_odds, _ = _left_after(x, t_x, T, alpha, beta, gamma, delta, slopes=False)
    alive = generator.random(len(x)) < np.exp(-softplus(log_odds)[0])
    stayed = np.where(alive, T - t_x, _periods_left(generator, x, t_x, T, alpha, beta, gamma, delta))
    buys = generator.beta(alpha + x, beta + t_x - x + stayed)
    leaves = generator.beta(gamma + ~alive, delta + t_x + stayed)
    return {
        "purchase_rate": buys.reshape(shape),
        "dropout_probability": leaves.reshape(shape),
        "alive": alive.astype(np.float64).reshape(shape),
    }


def _periods_left(
    generator: np.random.Generator,
    x: Array,
    t_x: Array,
    T: Array,
    alpha: Array,
    beta: Array,
    gamma: Array,
    delta: Array,
) -> Array:
    """After how many more periods somebody who left before T did so: the sum of the weights up to a random share."""
    start = _since(x, t_x, alpha, beta, gamma, delta)
    periods = T - t_x
    wanted = generator.random(len(x)) * _sum_of_products(periods, start)[0]
    weight, reached, left = np.ones(len(x)), np.zeros(len(x)), np.zeros(len(x))
    rows = np.arange(len(x))
    for i in range(int(np.max(periods, initial=0.0))):
        reached[rows] += weight[rows]
        rows = rows[(reached[rows] < wanted[rows]) & (i + 1 < periods[rows])]
        if not len(rows):
            break
        left[rows] = i + 1
        at = start[:, rows] + i
        weight[rows] *= at[0] / at[1] * (at[2] / at[3])
    return left


def expected_latent(x: Any, t_x: Any, T: Any, alpha: Any, beta: Any, gamma: Any, delta: Any) -> dict[str, Array]:
    """E[p | history] and E[θ | history], mixtures over the period in which he left, and being alive.

    Left after i more periods since t_x: p ~ Beta(alpha + x, beta + t_x − x + i), θ ~ Beta(gamma + 1, delta + t_x + i);
    alive: p ~ Beta(alpha + x, beta + T − x), θ ~ Beta(gamma, delta + T). The weights of the periods divided by
    alpha + beta + t_x + i, or by gamma + delta + 1 + t_x + i, are weights of the same kind with one more there.
    """
    columns = np.broadcast_arrays(x, t_x, np.floor(T), alpha, beta, gamma, delta)
    (x, t_x, T, alpha, beta, gamma, delta), where = distinct(*map(np.ravel, columns))
    start = _since(x, t_x, alpha, beta, gamma, delta)
    log_odds, _ = _left_after(x, t_x, T, alpha, beta, gamma, delta, slopes=False)
    gone, alive = softplus(log_odds)[1], softplus(-log_odds)[1]
    ways = np.maximum(_sum_of_products(T - t_x, start)[0], 1.0)  # 0 where there is no period to have left in

    def mean_reciprocal(which: int) -> Array:
        more = start.copy()
        more[which] += 1
        return np.asarray(_sum_of_products(T - t_x, more)[0] / start[which] / ways)

    buys = (alpha + x) * (gone * mean_reciprocal(1) + alive / (alpha + beta + T))
    leaves = (gamma + 1) * gone * mean_reciprocal(3) + gamma * alive / (gamma + delta + T)
    shape = columns[0].shape
    return {"purchase_rate": buys[where].reshape(shape), "dropout_probability": leaves[where].reshape(shape)}


def draw_rates_alive(
    generator: np.random.Generator, x: Any, t_x: Any, T: Any, alpha: Any, beta: Any, gamma: Any, delta: Any
) -> dict[str, Array]:
    """One draw per customer of p ~ Beta(alpha + x, beta + T − x) and θ ~ Beta(gamma, delta + T), given alive at T."""
    size, T = given_rates.size_of(x, t_x, T, alpha, beta, gamma, delta), np.floor(T)
    return {
        "purchase_rate": np.asarray(generator.beta(alpha + x, beta + (T - x), size)),
        "dropout_probability": np.asarray(generator.beta(gamma, delta + T, size)),
    }


def expected_rates_alive(x: Any, t_x: Any, T: Any, alpha: Any, beta: Any, gamma: Any, delta: Any) -> dict[str, Array]:
    """E[p] = (alpha + x)/(alpha + beta + T) and E[θ] = gamma/(gamma + delta + T), given that he is alive at T."""
    size = given_rates.size_of(x, t_x, T, alpha, beta, gamma, delta)
    T = np.floor(T)
    return {
        "purchase_rate": np.broadcast_to((alpha + x) / (alpha + beta + T), size),
        "dropout_probability": np.broadcast_to(gamma / (gamma + delta + T), size),
    }


def purchases_of_rates(t: Any, rate: Any, rates: Mapping[str, Array]) -> Array:
    """p · Σ over whole periods j ≤ t of (e^(-rate) (1 − θ))^j."""
    worth = given_rates.periods_worth(np.floor(t), rate, rates["dropout_probability"])
    return np.asarray(rates["purchase_rate"] * worth)


def simulate_of_rates(generator: np.random.Generator, t: Any, rates: Mapping[str, Array]) -> tuple[Positions, Array]:
    """Periods with a purchase, of those up to t at whose beginning he has not left."""
    last = np.minimum(np.floor(t), given_rates.lasting(generator, rates["dropout_probability"]) - 1)
    return given_rates.purchases_in_periods(generator, rates["purchase_rate"], last)


def purchase_rate_cdf(value: Any, x: Any, t_x: Any, T: Any, alpha: Any, beta: Any, gamma: Any, delta: Any) -> Array:
    """P(p ≤ value | history), the mixture of `expected_latent`."""

    def of(value: Any, x: Any, stayed: Any, _: Any, alpha: Any, beta: Any, *__: Any) -> Array:
        return beta_cdf(value, alpha + x, beta + stayed - x)

    return _mixed(of, value, x, t_x, T, alpha, beta, gamma, delta)


def dropout_probability_cdf(
    value: Any, x: Any, t_x: Any, T: Any, alpha: Any, beta: Any, gamma: Any, delta: Any
) -> Array:
    """P(θ ≤ value | history), the mixture of `expected_latent`."""

    def of(value: Any, _: Any, stayed: Any, left: Any, __: Any, ___: Any, gamma: Any, delta: Any) -> Array:
        return beta_cdf(value, gamma + left, delta + stayed)

    return _mixed(of, value, x, t_x, T, alpha, beta, gamma, delta)


def _mixed(of: Callable[..., Array], value: Any, *history: Any) -> Array:
    """The mean of ``of(value, x, periods that he stayed, whether he left, *parameters)`` over when he left, if ever."""
    x, t_x, T, *parameters = history
    columns = np.broadcast_arrays(value, x, t_x, np.floor(T), *parameters)
    value, x, t_x, T, *parameters = (np.ravel(v).astype(np.float64) for v in columns)
    log_odds, _ = _left_after(x, t_x, T, *parameters, slopes=False)
    gone, alive = softplus(log_odds)[1], softplus(-log_odds)[1]
    start, periods = _since(x, t_x, *parameters), T - t_x
    weight, total, mixed = np.ones(len(x)), np.zeros(len(x)), np.zeros(len(x))
    for i in range(int(np.max(periods, initial=0.0))):
        rows = np.flatnonzero(i < periods)
        w = weight[rows]
        total[rows] += w
        mixed[rows] += w * of(value[rows], x[rows], t_x[rows] + i, 1.0, *(v[rows] for v in parameters))
        b, a, d, c = start[:, rows] + i
        weight[rows] = w * (b / a) * (d / c)
    found = gone * mixed / np.where(total > 0, total, 1.0) + alive * of(value, x, T, 0.0, *parameters)
    return np.asarray(found.reshape(columns[0].shape))


def start(x: Any, t_x: Any, T: Any, weights: Any) -> tuple[float, float, float, float]:
    """Rough parameters: customers who differ widely, of whom a quarter leave."""
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
    discounted_purchases_alive=discounted_purchases_alive,
    changed_purchases_alive=changed_purchases_alive,
    conditional_purchase_pmf=conditional_purchase_pmf,
    probability_of_purchase_alive=probability_of_purchase_alive,
    more_purchases_alive=more_purchases_alive,
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
    latent_cdf={"purchase_rate": purchase_rate_cdf, "dropout_probability": dropout_probability_cdf},
    mixing={
        "purchase_rate": Mixing("beta", ("alpha", "beta")),
        "dropout_probability": Mixing("beta", ("gamma", "delta")),
    },
    finite_total=("gamma", 1.0),
    limits=(
        Limit(
            {"alpha": +1, "beta": +1},
            "alpha and beta grow without bound: everybody seems to buy with the same probability",
            "use more customers or more periods to tell them apart",
        ),
        Limit(
            {"gamma": +1, "delta": +1},
            "gamma and delta grow without bound: dropout looks homogeneous",
            "use more customers or more periods to tell them apart",
        ),
        Limit({"gamma": -1}, "gamma shrinks to 0: nobody seems to leave", "use more periods"),
        Limit({"delta": +1}, "delta grows without bound: nobody seems to leave", "use more periods"),
        Limit(
            {"delta": -1},
            "delta shrinks to 0: customers seem to leave before their first chance",
            "check that observation_end is not long after the last line of the log",
        ),
        Limit(
            {"alpha": -1},
            "alpha shrinks to 0: a few customers make all the purchases",
            "fit such heavy buyers apart",
        ),
        Limit({"beta": -1}, "beta shrinks to 0: whoever is there always buys", "use shorter periods"),
    ),
)
