"""What of the variance of a quantity comes from the parameters, from the customer, and from chance.

With θ the parameters, A = E[Q | θ, history] and B = E[Q | θ, history, rates, alive, level] the law of total variance is
Var Q = Var A + Var(B − A) + Var(Q − B). Given θ customers know nothing of each other, so in a total the last two add up
over customers, while the first is the variance of the sum of all A.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...families.contract import PurchaseFamily, SpendFamily
from ...numerics.arrays import Array, Positions
from .. import questions
from .blocks import amounts_of

SOURCES = ("parameters", "customer", "chance")

# Whose A is computed, and for how many draws: a BG/NBD's takes 30 µs, a hundred times as long as B.
_CUSTOMERS = 100
_DRAWS = 200
_ROUNDING = 1e-14  # of the whole: what parameters that are the same in every draw seem to add


class Shares(NamedTuple):
    """Shares of the variance by source, each summing to 1; NaN where nothing varies or a mean is infinite.

    ``customer`` is that of the average customer, variances of all customers being added up source by source before
    shares are taken; ``total`` is that of the sum over customers. ``variance`` and ``total_variance`` are what is
    shared: the mean variance of a customer, and the variance of the total.
    """

    customer: Mapping[str, float]
    total: Mapping[str, float]
    variance: float
    total_variance: float


class OfParameters(NamedTuple):
    """Σ over customers of Var A, and the variance of Σ A."""

    each: float
    total: float


def of_totals(sums: Array, each: float) -> OfParameters:
    """Where B is A: from the sums per draw, and the sum of the variances."""
    return OfParameters(each, float(np.var(sums, ddof=1)) if len(sums) > 1 else 0.0)


def of_parameters(
    purchases: PurchaseFamily,
    spend: SpendFamily | None,
    history: Sequence[Array],
    spent: Sequence[Array],
    margin: Array,
    thetas: Sequence[Array],
    money: Sequence[Array],
    horizon: Array,
    delta: float,
    size: Array,
) -> dict[str, OfParameters]:
    """By quantity, from the exact A of at most 100 customers and 200 draws.

    Customers are taken with a probability in proportion to what they are expected to buy, and weighted with its
    inverse: the sum over all of them is then known almost as well as the expectation of each is, up to a factor, the
    same function of the parameters.
    """
    rows, weights = _sample(size)
    draws = np.unique(np.linspace(0, len(thetas[0]) - 1, min(len(thetas[0]), _DRAWS)).astype(np.intp))

    def exact(row: int) -> dict[str, Array]:
        own = [np.full(len(draws), column[row]) for column in history]
        values: list[Any] = [theta[draws] for theta in thetas]
        alive = np.exp(purchases.log_p_alive(*own, *values)) + np.zeros(len(draws))
        counts = questions.expected_purchases(purchases, horizon[row], 0.0, own, values, alive)
        found = {"purchases": counts}
        if spend is not None:
            level = spend.expected_spend(*(column[row] for column in spent), *(value[draws] for value in money))
            worth = counts if delta == 0 else questions.discounted(purchases, horizon[row], delta, own, values, alive)
            found |= {"spend": amounts_of(counts, level), "clv": amounts_of(margin[row] * worth, level)}
        return found

    each, names = [exact(int(row)) for row in rows], ("purchases", "spend", "clv") if spend else ("purchases",)
    result = {}
    for name in names:
        expected = np.array([one[name] for one in each]).reshape(len(rows), len(draws))
        with np.errstate(invalid="ignore"):
            variances = np.var(expected, axis=1, ddof=min(1, len(draws) - 1))
            result[name] = of_totals(weights @ expected, float(weights @ variances))
    return result


def _sample(size: Array) -> tuple[Positions, Array]:
    """Customers in proportion to their size, but nobody below a tenth of the mean, and how many each stands for.

    Systematic: every so-much-th part of the running sum, so that a customer larger than that is in it surely.
    """
    if len(size) <= _CUSTOMERS:
        return np.arange(len(size)), np.ones(len(size))
    known = np.where(np.isfinite(size), size, 0.0)
    share = known + 0.1 * np.mean(known) + 1e-300
    reached = np.cumsum(share)
    step = reached[-1] / _CUSTOMERS
    rows, times = np.unique(
        np.minimum(np.searchsorted(reached, (np.arange(_CUSTOMERS) + 0.5) * step), len(size) - 1), return_counts=True
    )
    return rows, times * step / share[rows]


def shared(n: int, parameters: OfParameters, within: float, chance: float) -> Shares:
    """The shares: ``within`` is Σ over customers of Var B, and ``chance`` of the mean square of Q − B."""
    customer = max(within - parameters.each, 0.0) if np.isfinite(within) else within
    each = np.array([parameters.each, customer, chance])
    total = np.array([parameters.total, customer, chance])
    return Shares(_parts(each), _parts(total), float(np.sum(each)) / max(n, 1), float(np.sum(total)))


def _parts(variances: Array) -> dict[str, float]:
    whole = float(np.sum(variances))
    variances = np.where(variances > _ROUNDING * whole, variances, 0.0) if np.isfinite(whole) else variances
    known = np.isfinite(whole) and whole > 0
    return {
        name: float(value / whole) if known else float("nan") for name, value in zip(SOURCES, variances, strict=True)
    }
