"""What a customer was given to do, as a distribution of counts, held against what he did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ..errors import InvalidInput
from ..families.contract import PurchaseFamily
from ..models.quantiles import tie
from ..numerics.arrays import Array, distinct
from . import walk

LEVELS = (0.5, 0.8, 0.95)


@dataclass(frozen=True)
class Distribution:
    """Predictive distributions of the purchases X in the holdout at what happened, one entry a customer.

    Attributes
    ----------
    probability
        P(X = actual): the likelihood of what happened.
    log_probability
        Its logarithm, finite where the probability of a Poisson distribution is too small for a double.
    below
        P(X < actual).
    crps
        Continuous ranked probability score of the counts, Σ over n ≥ 0 of (P(X ≤ n) − [n ≥ actual])², in purchases;
        0 is best. Source: Gneiting & Raftery (2007), Journal of the American Statistical Association 102, 359-378.
    median
        Smallest n with P(X ≤ n) ≥ 1/2.
    probability_of_purchase
        P(X ≥ 1).
    intervals
        Level -> (low, high): the central interval of counts, both ends included; low is the smallest n with
        P(X ≤ n) ≥ (1 − level)/2, high the smallest with P(X ≤ n) ≥ (1 + level)/2.
    masses
        Level -> P(low ≤ X ≤ high), which is level or more, for counts are lumpy.

    Examples
    --------
    >>> found = of_counts([0.0, 1.5, 3.0], [0, 2, 9], levels=(0.8,))
    >>> found.probability.round(4), found.intervals[0.8][1]
    (array([0.8465, 0.251 , 0.0027]), array([1., 3., 5.]))
    """

    probability: Array
    log_probability: Array
    below: Array
    crps: Array
    median: Array
    probability_of_purchase: Array
    intervals: Mapping[float, tuple[Array, Array]]
    masses: Mapping[float, Array]


def lacks(family: PurchaseFamily) -> str | None:
    """Why `of_model` has nothing to say about a family, or None if it has.

    >>> from clvmodels.families import purchase_family
    >>> lacks(purchase_family("bg_nbd")) is None
    True
    """
    if family.conditional_purchase_pmf is None:
        return f"{family.name} does not provide the probabilities of 0, 1, 2, ... purchases (conditional_purchase_pmf)"
    return None


def of_model(
    family: PurchaseFamily,
    parameters: Sequence[Any],
    statistics: Sequence[Any],
    horizon: Any,
    actual: Any,
    levels: Sequence[float] = LEVELS,
) -> Distribution | None:
    """Predictive distributions of purchases in (T, T + horizon] given history, at the actual counts.

    Customers are alike in three steps: those with the same statistics and count are one row; the future of an alive
    customer depends on fewer statistics than his being alive does (``statistics_ahead``), so many rows share it; and
    with a = P(alive) and S(n) = P(more than n purchases | alive) everything follows from running sums of S,

        P(X ≤ n) = 1 − a S(n),   CRPS = y − 2a Σ over n < y of S(n) + a² Σ over n ≥ 0 of S(n)².

    So the counts n = 0, 1, 2, ... are walked once for each future, which is left when nothing more can come of it.

    Parameters
    ----------
    family
        The model's family.
    parameters
        Its parameters in order, one number each, or one a customer.
    statistics
        Its statistics in order, each of shape (customers,).
    horizon
        Length of the holdout after T in the model's time unit, ≥ 0 and finite: one, or one a customer.
    actual
        Purchases in the holdout, whole numbers of shape (customers,).
    levels
        Of the central intervals, each above 0 and below 1.

    Returns
    -------
    Distribution or None
        CRPS is right to 1e-9, probabilities to 1e-12. None where the family has no probabilities of counts; `lacks`
        says why.

    Raises
    ------
    InvalidInput
        If a count is not a whole number ≥ 0, a horizon not finite or below 0, or a level not within (0, 1).

    Examples
    --------
    >>> from clvmodels.families import purchase_family
    >>> family = purchase_family("bg_nbd")
    >>> history = [0.0, 2.0], [0.0, 30.43], [38.86, 38.86]
    >>> found = of_model(family, (0.243, 4.414, 0.793, 2.426), history, 39.0, [0, 3])
    >>> found.probability.round(4), found.crps.round(4), found.intervals[0.8]
    (array([0.8554, 0.0809]), array([0.0222, 1.3653]), (array([0., 0.]), array([1., 3.])))
    """
    if lacks(family):
        return None
    y, wanted = _counts(actual), _levels(levels)
    t = _horizons(horizon)
    rows = walk.sorted_rows(family, parameters, statistics, t, y)
    answers = walk.answers_of(rows, _quantiles(wanted))
    median, low, high = answers.found[0], answers.found[1::2], answers.found[2::2]
    before, after = answers.before[1::2], answers.after[2::2]
    where = rows.where
    with np.errstate(divide="ignore"):
        log_probability = np.log(answers.probability)
    return Distribution(
        probability=answers.probability[where],
        log_probability=log_probability[where],
        below=answers.below[where],
        crps=answers.crps[where],
        median=median[where],
        probability_of_purchase=answers.any_purchase[where],
        intervals={level: (low[i][where], high[i][where]) for i, level in enumerate(wanted)},
        masses={level: (before[i] - after[i])[where] for i, level in enumerate(wanted)},
    )


def of_counts(mean: Any, actual: Any, levels: Sequence[float] = LEVELS, floor: float | None = None) -> Distribution:
    """Poisson distributions of purchases around the means that a baseline gives, at the actual counts.

    CRPS = (y − μ)(2 F(y) − 1) + 2μ f(y) − μ e^(-2μ) (I₀(2μ) + I₁(2μ)), with the density f, the distribution function F
    and the modified Bessel functions I. Source: Wei & Held (2014), Test 23, 787-805.

    Parameters
    ----------
    mean
        Expected purchases in the holdout, each ≥ 0 and finite, of shape (customers,).
    actual
        Purchases in the holdout, whole numbers of shape (customers,).
    levels
        Of the central intervals, each above 0 and below 1.
    floor
        Smallest mean, above 0. A Poisson distribution of mean 0 would make a single purchase impossible, and the
        logarithm of its probability -inf. By default 1/2 purchase among all customers, that is 0.5/customers: what
        Jeffreys' prior makes of a rate at which none of so many customers bought. Smaller means are raised to it.

    Raises
    ------
    InvalidInput
        If a mean is negative or not finite, a count not a whole number ≥ 0, a level not within (0, 1), or the floor
        not above 0.

    Examples
    --------
    >>> found = of_counts([0.0, 2.0], [0, 2])
    >>> found.crps.round(4), found.probability_of_purchase.round(4), found.median
    (array([0.0496, 0.3112]), array([0.2212, 0.8647]), array([0., 2.]))
    """
    y, wanted = _counts(actual), _levels(levels)
    mu = np.asarray(mean, dtype=np.float64)
    _refuse("the expected purchases of a baseline must be finite and at least 0", mu, ~(np.isfinite(mu) & (mu >= 0)))
    least = 0.5 / max(mu.size, 1) if floor is None else float(floor)
    if not 0 < least < np.inf:
        raise InvalidInput(f"floor must be above 0 and finite, for example 0.001 purchases; found {floor!r}")
    (mu, y), where = distinct(np.maximum(mu, least), y)
    cuts = {level: (_poisson_quantile((1 - level) / 2, mu), _poisson_quantile((1 + level) / 2, mu)) for level in wanted}
    log_probability = _log_poisson(y, mu)
    return Distribution(
        probability=np.exp(log_probability)[where],
        log_probability=log_probability[where],
        below=_poisson_below(y, mu)[where],
        crps=_poisson_crps(y, mu)[where],
        median=_poisson_quantile(0.5, mu)[where],
        probability_of_purchase=(-np.expm1(-mu))[where],
        intervals={level: (low[where], high[where]) for level, (low, high) in cuts.items()},
        masses={
            level: (special.pdtr(high, mu) - _poisson_below(low, mu))[where] for level, (low, high) in cuts.items()
        },
    )


# --- Poisson ---------------------------------------------------------------------------------------------------------


def _log_poisson(y: Array, mu: Array) -> Array:
    return np.asarray(special.xlogy(y, mu) - mu - special.gammaln(y + 1))


def _poisson_below(y: Array, mu: Array) -> Array:
    return np.where(y > 0, special.pdtr(np.maximum(y - 1, 0.0), mu), 0.0)


def _poisson_crps(y: Array, mu: Array) -> Array:
    apart = (y - mu) * (2 * special.pdtr(y, mu) - 1) + 2 * mu * np.exp(_log_poisson(y, mu))
    return np.maximum(apart - mu * (special.ive(0, 2 * mu) + special.ive(1, 2 * mu)), 0.0)


def _poisson_quantile(q: float, mu: Array) -> Array:
    """Smallest n with P(X ≤ n) ≥ q: from the quantile in real n, by a step if that was rounded the wrong way."""
    wanted = q - tie(q)
    n = np.ceil(np.nan_to_num(special.pdtrik(q, mu)))
    n = np.where((n > 0) & (_poisson_below(n, mu) >= wanted), n - 1, n)
    return np.where(special.pdtr(n, mu) < wanted, n + 1, n)


# --- what comes in ---------------------------------------------------------------------------------------------------


def _quantiles(levels: Sequence[float]) -> list[float]:
    return [0.5, *(q for level in levels for q in ((1 - level) / 2, (1 + level) / 2))]


def _counts(actual: Any) -> Array:
    y = np.asarray(actual, dtype=np.float64)
    _refuse(
        "purchases in the holdout must be whole numbers of at least 0", y, ~((y >= 0) & (np.rint(y) == y)) | np.isinf(y)
    )
    return y


def _levels(levels: Sequence[float]) -> tuple[float, ...]:
    wanted = tuple(float(level) for level in levels)
    wrong = [level for level in wanted if not 0 < level < 1]
    if wrong:
        raise InvalidInput(f"levels of intervals must be above 0 and below 1, for example 0.8; found {wrong[0]!r}")
    return wanted


def _horizons(horizon: Any) -> Array:
    t = np.asarray(horizon, dtype=np.float64)
    _refuse("the horizon must be finite and at least 0", t, ~(np.isfinite(t) & (t >= 0)))
    return t


def _refuse(expected: str, values: Array, wrong: NDArray[np.bool_]) -> None:
    if np.any(wrong):
        i = int(np.argmax(np.ravel(wrong)))
        raise InvalidInput(
            f"{expected}: {np.sum(wrong)} of {values.size} are not, first row {i} ({np.ravel(values)[i]:.10g})"
        )
