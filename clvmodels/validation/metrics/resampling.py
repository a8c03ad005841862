"""Would it have come out so with other customers? Standard errors of metrics, and tests of their differences.

Customers are taken as independent draws; the models, once fitted, as given. Metrics that are means of terms have the
error of a mean, sd/√n, exactly or to first order. The others, of ranks and shares, are computed anew on resamples of
customers: m of the n, with replacement, the scatter times √(m/n), so that the cost does not grow with n.

Sources: Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 6; Bickel, Götze & van Zwet (1997),
"Resampling Fewer than n Observations", Statistica Sinica 7(1), 1-31; Diebold & Mariano (1995), "Comparing Predictive
Accuracy", Journal of Business & Economic Statistics 13(3), 253-263 (tests on differences of terms).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from ...errors import InvalidInput
from ...numerics.arrays import Array, Positions
from .catalogue import Metric, arrays_for
from .checks import together

DRAWN = 2500  # customers in a resample, at most: enough for a top tenth of 250
RESAMPLES = 200  # a standard error is then itself right to 5 %


class Difference(NamedTuple):
    """The difference of a metric between two forecasts of the same customers, and whether it is more than chance.

    ``difference`` is that of the values, first less second, ``standard_error`` its error, ``z`` their ratio, and
    ``p_value`` the two-sided probability of a z as large if both forecasts are equally good.

    >>> Difference(-0.02, 0.01, -2.0, 0.0455).p_value < 0.05
    True
    """

    difference: float
    standard_error: float
    z: float
    p_value: float


def standard_errors(
    metrics: Sequence[Metric], arrays: Mapping[str, Any], n_resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, float]:
    """Standard error of each metric, over customers.

    sd of the terms/√n where a metric is a mean of terms; else √(m/n) times the sd over resamples of m = min(n, 2500)
    customers. The same seed draws the same customers, so forecasts of the same customers share their resamples.

    Parameters
    ----------
    metrics
        Of ``METRICS``.
    arrays
        Arrays of one forecaster by their names, one entry a customer.
    n_resamples
        How many resamples, 2 or more; the relative error of what is found by them is 1/√(2 n_resamples).
    seed
        Of the resamples.

    Returns
    -------
    dict
        Standard errors by the metrics' names; NaN where an array is missing or the metric has none (p-values), or with
        fewer than 2 customers.

    Raises
    ------
    InvalidInput
        If an array is not what a metric takes, or there are fewer than 2 resamples.

    Examples
    --------
    >>> from clvmodels.validation.metrics.catalogue import find
    >>> arrays = {"actual": [0, 0, 1, 5], "expected": [0.2, 0.1, 0.9, 2.8]}
    >>> arrays["log_probability"] = np.log([0.8, 0.9, 0.4, 0.1])
    >>> found = standard_errors(find(["log_score", "spearman", "crps"]), arrays)
    >>> {name: round(error, 3) for name, error in found.items()}
    {'log_score': 0.505, 'spearman': 0.067, 'crps': nan}
    """
    refuse_resamples(n_resamples, seed)
    found = dict.fromkeys((metric.name for metric in metrics), math.nan)
    for metric in metrics:
        there = arrays_for(metric, arrays)
        if there is None:
            continue
        if metric.terms is not None:
            found[metric.name] = error_of_mean(metric.terms(*there))
        elif metric.resamples:
            found[metric.name] = scatter(resampled(metric, arrays, n_resamples, seed), len(there[0]))
    return found


def paired(
    metric: Metric,
    arrays_a: Mapping[str, Any],
    arrays_b: Mapping[str, Any],
    n_resamples: int = RESAMPLES,
    seed: int = 0,
) -> Difference:
    """Tell whether the difference of two forecasts of the same customers is more than chance.

    z = (A − B)/SE, against the normal distribution; SE is sd/√n of the differences of terms where the metric has
    terms, else the scatter of the difference over resamples that both share. Of forecasts that are equally good 5 %
    get p < 0.05 (simulated for the log score with 500 customers: see the tests; with few customers more, and 10 % of
    calibration slopes, which rest on the few who buy most). Whether a
    smaller value is the better one the metric says.

    Parameters
    ----------
    metric
        One of ``METRICS``.
    arrays_a, arrays_b
        Arrays of the two forecasters by their names, the same customers in the same order.
    n_resamples, seed
        As in `standard_errors`.

    Returns
    -------
    Difference
        All NaN where one of them lacks an array or the metric has no error; z = 0 and p = 1 where they are the same.

    Raises
    ------
    InvalidInput
        If an array is not what the metric takes, the forecasts are of different numbers of customers or of different
        outcomes, or there are fewer than 2 resamples.

    Examples
    --------
    >>> from clvmodels.validation.metrics.catalogue import METRICS
    >>> one, other = ({"log_probability": np.log(p)} for p in ([0.5, 0.6, 0.4], [0.5, 0.5, 0.2]))
    >>> found = paired(METRICS["log_score"], one, other)
    >>> round(found.difference, 3), round(found.standard_error, 3), round(found.p_value, 3)
    (-0.292, 0.207, 0.16)
    """
    refuse_resamples(n_resamples, seed)
    a, b = arrays_for(metric, arrays_a), arrays_for(metric, arrays_b)
    if a is None or b is None or (metric.terms is None and not metric.resamples):
        return Difference(math.nan, math.nan, math.nan, math.nan)
    one, other = _together(metric, a), _together(metric, b)
    together(first=one[0], second=other[0])
    _refuse_others(metric, one, other)
    with np.errstate(invalid="ignore"):
        difference = metric.function(*one) - metric.function(*other)
        if metric.terms is not None:
            error = error_of_mean(metric.terms(*one) - metric.terms(*other))
        else:
            values = [resampled(metric, arrays, n_resamples, seed) for arrays in (arrays_a, arrays_b)]
            error = scatter(values[0] - values[1], len(one[0]))
    return z_test(difference, error)


def z_test(difference: float, error: float) -> Difference:
    """A difference with its error, set against the normal distribution.

    >>> z_test(-0.02, 0.01).z
    -2.0
    """
    if difference == 0 and error == 0:
        return Difference(0.0, 0.0, 0.0, 1.0)
    z = difference / error if error > 0 else math.copysign(math.inf, difference) if error == 0 else math.nan
    return Difference(difference, error, z, float(2 * special.ndtr(-abs(z))))


def error_of_mean(terms: Array) -> float:
    """Standard error of a mean of terms, sd/√n; NaN where it is not finite or there are fewer than 2.

    >>> error_of_mean(np.array([0.0, 2.0]))
    1.0
    """
    if len(terms) < 2 or not np.all(np.isfinite(terms)):
        return math.nan
    return float(np.std(terms, ddof=1)) / math.sqrt(len(terms))


def _resamples(n: int, n_resamples: int, seed: int) -> Iterator[Positions]:
    generator = np.random.default_rng(seed)
    for _ in range(n_resamples):
        yield generator.integers(0, n, min(n, DRAWN))


def resampled(metric: Metric, arrays: Mapping[str, Any], n_resamples: int = RESAMPLES, seed: int = 0) -> Array:
    """The metric on resamples of customers; forecasts of the same customers share them where the seed is the same.

    >>> from clvmodels.validation.metrics.catalogue import METRICS
    >>> resampled(METRICS["spearman"], {"actual": [0, 0, 1, 5], "expected": [0.1, 0.2, 0.3, 0.4]}, 3).shape
    (3,)
    """
    refuse_resamples(n_resamples, seed)
    columns = _together(metric, arrays_for(metric, arrays) or [])
    rows = _resamples(len(columns[0]), n_resamples, seed)
    return np.array([metric.function(*(column[drawn] for column in columns)) for drawn in rows])


def scatter(values: Array, n: int) -> float:
    """Standard deviation over resamples, brought to n customers; NaN if most resamples have no value."""
    there = values[np.isfinite(values)]
    if n < 2 or len(there) < max(2, len(values) / 2):
        return math.nan
    return float(np.std(there, ddof=1)) * math.sqrt(min(n, DRAWN) / n)


def _together(metric: Metric, arrays: Sequence[Any]) -> list[Array]:
    columns = [np.asarray(each, dtype=np.float64) for each in arrays]
    together(**dict(zip(metric.needs, columns, strict=True)))
    return columns


def refuse_resamples(n_resamples: Any, seed: Any) -> None:
    """Refuse settings of the bootstrap that cannot be used."""
    if not (
        isinstance(n_resamples, int | float | np.number) and n_resamples == np.floor(n_resamples) and n_resamples >= 2
    ):
        raise InvalidInput(f"n_resamples must be a whole number, 2 or more; found {n_resamples!r}")
    refuse_seed(seed)


def refuse_seed(seed: Any) -> None:
    """Refuse what does not give the same numbers again: forecasts that are compared share their resamples by it."""
    if isinstance(seed, bool) or not (isinstance(seed, int | np.integer) and seed >= 0):
        raise InvalidInput(f"seed must be a whole number of at least 0; found {seed!r}")


def _refuse_others(metric: Metric, one: Sequence[Array], other: Sequence[Array]) -> None:
    for name, a, b in zip(metric.needs, one, other, strict=True):
        if name.startswith("actual") and np.any(a != b):
            first = int(np.argmax(a != b))
            raise InvalidInput(
                f"two forecasts of the same customers have the same {name}: {int(np.sum(a != b))} of {len(a)} differ, "
                f"first row {first} ({a[first]:.6g} and {b[first]:.6g}). Bring both into one order of customers"
            )
