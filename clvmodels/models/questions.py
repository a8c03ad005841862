"""The questions that can be asked about customers, as functions of a family, its parameters and arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InvalidInput, NotAvailable, warn
from ..families.contract import PurchaseFamily
from ..numerics import discounting
from ..numerics.arrays import Array, rowwise
from ..numerics.negative_binomial import added_back
from ..units import units_per_year


def p_alive(family: PurchaseFamily, after: Any, statistics: Sequence[Array], parameters: Sequence[float]) -> Array:
    """P(alive at T + after | history)."""
    alive = np.exp(family.log_p_alive(*statistics, *parameters))
    if np.any(np.asarray(after) > 0):
        with np.errstate(over="ignore"):
            alive = alive * family.survival_alive(after, *statistics, *parameters)
    return np.asarray(alive)


def p_alive_if_no_purchase(
    family: PurchaseFamily, until: Any, statistics: Sequence[Array], parameters: Sequence[float]
) -> Array:
    """P(alive at T + until | history, and no purchase since)."""
    if "T" not in family.statistics:
        raise cannot(family, "p_alive_if_no_purchase")
    if family.time == "discrete" and np.any(np.isinf(until)):
        raise InvalidInput(f"until must be finite: {family.title} counts whole periods")
    place = family.statistics.index("T")
    moved = [values + until if i == place else values for i, values in enumerate(statistics)]
    return p_alive(family, 0.0, moved, parameters)


def expected_purchases(
    family: PurchaseFamily,
    horizon: Any,
    start: Any,
    statistics: Sequence[Array],
    parameters: Sequence[float],
    alive: Array | None = None,
) -> Array:
    """E[purchases in (T + start, T + start + horizon] | history]; ``alive`` is P(alive) if it is known already."""
    if_alive = family.expected_purchases_alive(horizon, start, *statistics, *parameters)
    return _times_alive(family, if_alive, statistics, parameters, alive)


def discounted(
    family: PurchaseFamily,
    horizon: Any,
    delta: float,
    statistics: Sequence[Array],
    parameters: Sequence[float],
    alive: Array | None = None,
) -> Array:
    """∫ over (0, horizon] of e^(-delta·u) dE[purchases in (T, T + u] | history]."""
    if delta == 0:
        return expected_purchases(family, horizon, 0.0, statistics, parameters, alive)
    own = family.discounted_purchases_alive
    if own is not None:
        return _times_alive(family, own(horizon, delta, *statistics, *parameters), statistics, parameters, alive)

    def block(t: Any, *columns: Any) -> Array:
        t = np.broadcast_to(t, columns[0].shape)

        def expected(u: Array) -> Array:
            spread = [np.broadcast_to(column, u.shape) for column in columns]
            return np.asarray(family.expected_purchases_alive(u, 0.0, *spread))

        if family.time == "discrete":
            return discounting.discounted_periods(expected, t, delta)
        return discounting.discounted(expected, t, delta)

    return _times_alive(
        family, rowwise(block, horizon, *statistics, *parameters, block=256), statistics, parameters, alive
    )


def changed(
    family: PurchaseFamily,
    horizon: Any,
    delta: float,
    rate_factor: float,
    dropout_factor: float,
    statistics: Sequence[Array],
    parameters: Sequence[float],
    alive: Array | None = None,
) -> Array:
    """As `discounted`, if from T on purchases and dropout come so many times as fast; P(alive at T) is what it was."""
    own = family.changed_purchases_alive
    if own is None:
        raise cannot(family, "the future at other purchase and dropout rates")
    if_alive = own(horizon, delta, rate_factor, dropout_factor, *statistics, *parameters)
    return _times_alive(family, if_alive, statistics, parameters, alive)


def _times_alive(
    family: PurchaseFamily,
    if_alive: Array,
    statistics: Sequence[Array],
    parameters: Sequence[float],
    alive: Array | None,
) -> Array:
    if alive is None:
        alive = np.exp(family.log_p_alive(*statistics, *parameters))
    if np.max(if_alive, initial=0.0) < np.inf:
        return np.asarray(alive * if_alive)
    infinite = np.isinf(if_alive)
    warn_infinite(family, parameters)
    # A probability that underflows to 0 times an infinite expectation is still infinite.
    return np.asarray(np.where(infinite, np.inf, alive * np.where(infinite, 1.0, if_alive)))


def purchase_pmf(
    family: PurchaseFamily, n: Any, horizon: Any, statistics: Sequence[Array], parameters: Sequence[float]
) -> Array:
    """P(n purchases in (T, T + horizon] | history)."""
    if np.any(n != np.rint(n)) or np.any(np.isinf(n)):
        raise InvalidInput(f"n must be a whole number of purchases; found {n!r}")
    if family.conditional_purchase_pmf is None:
        raise cannot(family, "purchase_pmf")
    if np.any(np.isinf(horizon)):
        raise InvalidInput("purchase_pmf needs a finite horizon")
    return family.conditional_purchase_pmf(n, horizon, *statistics, *parameters)


def purchase_counts_one_by_one(
    family: PurchaseFamily, n: Array, horizon: Any, statistics: Sequence[Array], parameters: Sequence[Any], before: Any
) -> tuple[Array, Array]:
    """P(n purchases in (T, T + horizon] | history) and P(more than n) of consecutive n, a row for each of them.

    For families that are asked about one n after another. ``before`` is P(n[0] or more), from which the others are
    taken off where the family does not know P(more than n); what is then left at the end is rounding.
    """
    if family.conditional_purchase_pmf is None:
        raise cannot(family, "purchase_pmf")
    pmf, size = family.conditional_purchase_pmf, len(statistics[0])
    exactly = np.stack([pmf(np.full(size, k), horizon, *statistics, *parameters) for k in n])
    if family.more_purchases_alive is None:
        more = np.maximum(before - np.cumsum(exactly, axis=0), 0.0)
        return exactly, np.where((exactly < 1e-17) & (more < 1e-8), 0.0, more)
    alive = np.exp(family.log_p_alive(*statistics, *parameters))
    last = np.full(size, n[-1])
    return exactly, added_back(exactly, alive * family.more_purchases_alive(last, horizon, *statistics, *parameters))


def probability_of_purchase(
    family: PurchaseFamily, horizon: Any, statistics: Sequence[Array], parameters: Sequence[float]
) -> Array:
    """P(at least one purchase in (T, T + horizon] | history)."""
    if family.probability_of_purchase_alive is None:
        _refuse_endless(family, horizon)
        return np.asarray(1.0 - purchase_pmf(family, 0.0, horizon, statistics, parameters))
    if_alive = family.probability_of_purchase_alive(horizon, *statistics, *parameters)
    return np.asarray(np.exp(family.log_p_alive(*statistics, *parameters)) * if_alive)


def probability_of_purchase_alive(
    family: PurchaseFamily, horizon: Any, statistics: Sequence[Array], parameters: Sequence[Any]
) -> Array:
    """P(at least one purchase in (T, T + horizon] | alive at T), of a family that knows P(more than n)."""
    if family.probability_of_purchase_alive is not None:
        return family.probability_of_purchase_alive(horizon, *statistics, *parameters)
    assert family.more_purchases_alive is not None
    return family.more_purchases_alive(0.0, horizon, *statistics, *parameters)


def probability_of_purchase_later(
    family: PurchaseFamily, horizon: Any, start: Any, parameters: Sequence[float]
) -> Array:
    """P(at least one purchase in (start, start + horizon]) of a new customer."""
    if family.probability_of_purchase_later is None:
        raise cannot(family, "probability_of_purchase from a later start on")
    return family.probability_of_purchase_later(horizon, start, *parameters)


def _refuse_endless(family: PurchaseFamily, horizon: Any) -> None:
    if np.any(np.isinf(horizon)):
        raise NotAvailable(
            f"{family.name} cannot give probability_of_purchase over an infinite horizon: give a finite one"
        )


def latent_means(family: PurchaseFamily, statistics: Sequence[Array], parameters: Sequence[float]) -> dict[str, Array]:
    """Posterior means of each customer's own rates, by name."""
    if family.expected_latent is None:
        raise cannot(family, "latent_means")
    return family.expected_latent(*statistics, *parameters)


def cannot(family: PurchaseFamily, what: str) -> NotAvailable:
    """Build the error for an optional function that a family leaves out."""
    return NotAvailable(f"{family.name} cannot give {what}: the family does not provide it")


def warn_infinite(family: PurchaseFamily, parameters: Sequence[float]) -> None:
    """Say that an expectation over an endless horizon is infinite."""
    why = why_infinite(family, parameters)
    warn(f"the expected number of purchases without end, undiscounted, is infinite: {why}. Use a finite horizon")


def why_infinite(family: PurchaseFamily, parameters: Sequence[float]) -> str | None:
    """Which parameter makes the undiscounted purchases of a lifetime infinite; None if they are finite."""
    if family.finite_total is None:
        return f"{family.title} has no dropout, so nobody ever stops buying"
    name, bound = family.finite_total
    value = parameters[family.parameters.index(name)]
    if value > bound:
        return None
    return f"{name} = {value:.4g} is not above {bound:g}, so some customers stay almost for ever"


def continuous_rate(annual_discount_rate: Any, time_unit: str, horizon: Any) -> float:
    """ln(1 + annual_discount_rate) per time unit; refuses what has no meaning."""
    try:
        rate = float(annual_discount_rate)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(f"annual_discount_rate must be a number; found {str(annual_discount_rate)[:60]!r}") from None
    if not math.isfinite(rate) or rate <= -1:
        raise InvalidInput(
            "annual_discount_rate must be above -1 (-100 %) and finite, for example 0.10 for 10 % a year; "
            f"found {rate!r}"
        )
    if rate < 0 and np.any(np.isinf(horizon)):
        raise InvalidInput(
            f"a negative annual_discount_rate ({rate!r}) has no finite value over an infinite horizon: "
            "give a finite horizon or a rate of at least 0"
        )
    return math.log1p(rate) / units_per_year(time_unit)
