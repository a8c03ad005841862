"""Arms held against the control: differences of means, with intervals that hold for all of them together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from ..numerics.arrays import Array
from .estimates import Estimates

if TYPE_CHECKING:
    import pandas as pd


def level_of_each(level: float, comparisons: int = 1, looks: int = 1) -> float:
    """The level at which each difference is judged, so that all of them hold together with the level asked for.

    1 − level may be spent once: each of ``looks`` spends (1 − level) / looks (a union bound, valid however the looks
    depend on each other), and within a look each of m comparisons with the control 1 − (1 − that)^(1/m) (Šidák 1967,
    who proved it for intervals of normal estimates with any correlation).

    Parameters
    ----------
    level
        Such as 0.95.
    comparisons
        How many arms are held against the control.
    looks
        How many looks were planned.

    References
    ----------
    Šidák, Z. (1967), Rectangular Confidence Regions for the Means of Multivariate Normal Distributions. Journal of the
    American Statistical Association 62(318), 626-633.

    Examples
    --------
    >>> level_of_each(0.95), round(level_of_each(0.95, comparisons=2), 6), level_of_each(0.95, looks=5)
    (0.95, 0.974679, 0.99)
    """
    if comparisons == looks == 1:
        return level
    return 1 + math.expm1(math.log1p(-(1 - level) / looks) / comparisons)


def over_all(p_value: Array, comparisons: int = 1, looks: int = 1) -> Array:
    """A p-value that allows for all comparisons and looks: below 1 − level where the interval leaves out 0.

    >>> over_all(np.array([0.01]), comparisons=2, looks=4).round(4)
    array([0.0796])
    """
    with np.errstate(divide="ignore"):
        return np.asarray(np.minimum(1.0, -looks * np.expm1(comparisons * np.log1p(-p_value))))


def welch(estimates: Estimates) -> tuple[Array, Array, Array]:
    """Difference of each other arm from the first, its standard error, and the degrees of freedom of its variance.

    The variance is C_aa + C_00 − 2 C_a0. Freedom is that of `satterthwaite`; with independent means (C_a0 = 0) the test
    is Welch's.

    References
    ----------
    Welch, B. L. (1947), The Generalization of "Student's" Problem when Several Different Population Variances are
    Involved. Biometrika 34, 28-35.
    """
    own = np.diag(estimates.covariance)
    difference = estimates.means[1:] - estimates.means[0]
    variance = np.maximum(own[1:] + own[0] - 2 * estimates.covariance[1:, 0], 0.0)
    return difference, np.sqrt(variance), satterthwaite(own[1:], estimates.freedom[1:], own[0], estimates.freedom[0])


def satterthwaite(one: Array, freedom: Any, other: Array, other_freedom: Any) -> Array:
    """Degrees of freedom of the sum of two variances, (v + w)² / (v²/f + w²/g); inf where both are 0.

    References
    ----------
    Satterthwaite, F. E. (1946), An Approximate Distribution of Estimates of Variance Components. Biometrics Bulletin 2,
    110-114.

    Examples
    --------
    >>> satterthwaite(np.array([1.0, 4.0]), 9.0, np.array([1.0, 1.0]), 9.0).round(2)
    array([18.  , 13.24])
    """
    weighed = one**2 / freedom + other**2 / other_freedom
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((weighed > 0) & np.isfinite(weighed), (one + other) ** 2 / weighed, np.inf)


def differences(estimates: Estimates, level: float, looks: int = 1) -> pd.DataFrame:
    """A row for each arm but the control, which is the first.

    Parameters
    ----------
    estimates
        Means of arms with their covariance.
    level
        Of all intervals together, over all looks.
    looks
        How many looks were planned.

    Returns
    -------
    pandas.DataFrame
        ``measure, arm, against, difference, low, high, standard_error, p_value, probability_better``: the interval is
        at `level_of_each`, and the two-sided p-value allows for comparisons and looks as it does. The last is P(true
        difference > 0) with flat priors, of this arm and this look alone. Where nobody's value differs from another's
        there is nothing to judge chance by: standard error 0, p-value and probability missing.

    Examples
    --------
    >>> made = Estimates("observed", ("control", "mail"), np.array([10.0, 13.0]), np.diag([1.0, 1.0]),
    ...                  np.array([50.0, 50.0]), np.array([49.0, 49.0]))
    >>> differences(made, 0.95).round(3).iloc[0].to_dict()["low"]
    0.194
    """
    import pandas as pd

    comparisons = len(estimates.names) - 1
    difference, error, freedom = welch(estimates)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(error > 0, difference / error, np.nan)
    reach = half_width(error, freedom, level_of_each(level, comparisons, looks))
    return pd.DataFrame(
        {
            "measure": estimates.measure,
            "arm": list(estimates.names[1:]),
            "against": estimates.names[0],
            "difference": difference,
            "low": difference - reach,
            "high": difference + reach,
            "standard_error": error,
            "p_value": over_all(np.asarray(2 * stats.t.sf(np.abs(ratio), freedom)), comparisons, looks),
            "probability_better": stats.t.cdf(ratio, freedom),
        }
    )


def half_width(error: Array, freedom: Array, level: float) -> Array:
    """t quantile × standard error: what an interval reaches to either side.

    >>> half_width(np.array([1.0]), np.array([np.inf]), 0.95).round(4)
    array([1.96])
    """
    return np.asarray(stats.t.isf((1 - level) / 2, freedom) * error)
