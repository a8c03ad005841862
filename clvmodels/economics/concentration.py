"""How value is spread over customers: Lorenz curve, whale curve, Gini coefficient, share of the best."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInput
from ..models import statistics
from ..numerics.arrays import Array
from .value_columns import read_values, refuse_infinite

if TYPE_CHECKING:
    import pandas as pd

_POINTS = 400  # of a curve: more are not seen
_ROUNDING = 1e-12  # of what is added up


def compute_concentration(scored: Any, value: str = "clv") -> pd.DataFrame:
    """Share of all value that the most valuable customers, and the least valuable, hold: whale and Lorenz curve.

    With values v sorted from the highest, the whale curve is W(s) = Σ of the first s·n of them / Σ v; sorted from the
    lowest, the Lorenz curve L(s) = 1 − W(1 − s). A part of a customer counts with that part of his value. Where some
    values are negative, W rises above 1 before it comes back to it: there would be so much more without those
    customers.

    Parameters
    ----------
    scored
        What `CLVModel.predict` returned, or any table with one row a customer; or the values themselves.
    value
        The column of values.

    Returns
    -------
    pandas.DataFrame
        From 0 to all customers, a row for every customer up to 400, else 401 rows: share_of_customers; customers (how
        many that are); value_from (the lowest value among that many of the most valuable; NaN in the first row);
        total_value (what those hold); share_of_value (the whale curve); lorenz (of the least valuable). Shares of value
        are missing (NaN) where the sum of all values is not above 0. Without customers there are no rows.

    Raises
    ------
    InvalidInput
        If there is no such column, a value is missing or infinite, or a customer_id is there twice.

    References
    ----------
    Lorenz, M. O. (1905), Methods of Measuring the Concentration of Wealth. Publications of the American Statistical
    Association 9(70), 209-219. The whale curve: Kaplan, R. S. and Narayanan, V. G. (2001), Measuring and Managing
    Customer Profitability. Journal of Cost Management 15(5), 5-15.

    Examples
    --------
    >>> import clvmodels as clv
    >>> table = clv.economics.compute_concentration([60.0, 30.0, 20.0, -10.0])
    >>> print(table.to_string(index=False))
     share_of_customers  customers  value_from  total_value  share_of_value  lorenz
                   0.00        0.0         NaN          0.0             0.0     0.0
                   0.25        1.0        60.0         60.0             0.6    -0.1
                   0.50        2.0        30.0         90.0             0.9     0.1
                   0.75        3.0        20.0        110.0             1.1     0.4
                   1.00        4.0       -10.0        100.0             1.0     1.0
    """
    import pandas as pd

    highest = _sorted(scored, value)
    n = len(highest)
    sums, total = _running(highest)
    share = np.linspace(0.0, 1.0, min(n, _POINTS) + 1) if n else np.zeros(0)
    at = share * n
    held = np.interp(at, np.arange(n + 1), sums) if n else np.zeros(0)
    last = np.maximum(np.ceil(at - 1e-9).astype(np.intp), 1) - 1
    whole = total > 0
    return pd.DataFrame(
        {
            "share_of_customers": share,
            "customers": at,
            "value_from": np.where(at > 0, highest[last] if n else at, np.nan),
            "total_value": held,
            "share_of_value": held / total if whole else np.full(len(at), np.nan),
            "lorenz": 1 - (held / total)[::-1] if whole else np.full(len(at), np.nan),
        }
    )


def gini(values: Any, value: str = "clv") -> float:
    """Gini coefficient, how unequally value is spread: Σ (2 i − n − 1) v_(i) / (n Σ v), v_(1) ≤ ... ≤ v_(n).

    Twice the area between the Lorenz curve and the line of equality. In [0, 1 − 1/n]: 0 if all customers are worth the
    same, 1 − 1/n if one holds everything. Equal values need no rule: whatever their order, the sum is the same.

    Parameters
    ----------
    values
        As for `compute_concentration`, 0 or more.
    value
        The column of values.

    Returns
    -------
    float
        Without unit; NaN if there is no customer or all values are 0.

    Raises
    ------
    InvalidInput
        If a customer_id is there twice, or a value is missing, infinite or negative: with negative values the
        coefficient has no upper bound and does not compare, and there is no rule that everybody follows; the whale
        curve shows what they do.

    References
    ----------
    Gini, C. (1912), Variabilità e mutabilità. This form: Dixon, P. M., Weiner, J., Mitchell-Olds, T. and Woodley, R.
    (1987), Bootstrapping the Gini Coefficient of Inequality. Ecology 68(5), 1548-1551.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.economics.gini([0, 0, 0, 8]), clv.economics.gini([2, 2, 2, 2]), clv.economics.gini([1, 3])
    (0.75, 0.0, 0.25)
    """
    highest = _sorted(values, value)
    n = len(highest)
    below = int(np.sum(highest < 0))
    if below:
        raise InvalidInput(
            f"{value} must not be negative for a Gini coefficient: {below:,} of {n:,} customers violate it, lowest "
            f"{highest[-1]:.10g}. Look at the whale curve instead (compute_concentration), or leave those customers out"
        )
    v = highest[::-1]
    total = float(np.sum(v))
    if not total > 0:
        return math.nan
    rank = 2.0 * np.arange(1, n + 1) - n - 1
    return max(0.0, float(np.sum(rank * v)) / (n * total))  # equal values may sum to −1e-17


def top_share(scored: Any, share: float = 0.2, value: str = "clv") -> float:
    """Share of all value that the most valuable share of customers hold: "the top 20 % hold y %".

    W(share) of `compute_concentration`, exact for any share: of 7 customers the top 20 % are 1.4, the second one with
    0.4 of his value.

    Parameters
    ----------
    scored
        As for `compute_concentration`.
    share
        Of customers, above 0 and at most 1.
    value
        The column of values.

    Returns
    -------
    float
        NaN if the sum of all values is not above 0; above 1 where the others are worth less than nothing.

    Raises
    ------
    InvalidInput
        If the share is not above 0 and at most 1, there is no such column, or a value is missing or infinite.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.economics.top_share([50, 30, 10, 5, 5], 0.4)
    0.8
    """
    if isinstance(share, bool) or not isinstance(share, (int, float, np.number)) or not 0 < share <= 1:
        raise InvalidInput(f"share must be above 0 and at most 1, for example 0.2; found {str(share)[:40]}")
    highest = _sorted(scored, value)
    sums, total = _running(highest)
    return float(np.interp(float(share) * len(highest), np.arange(len(sums)), sums)) / total if total > 0 else math.nan


def whole_of(values: Array) -> float:
    """The sum that shares are of; 0 where gains and losses cancel but for rounding.

    >>> whole_of(np.array([0.3, -0.2, -0.1])), whole_of(np.array([3.0, -1.0]))
    (0.0, 2.0)
    """
    total = float(np.sum(values))
    return total if abs(total) > _ROUNDING * float(np.sum(np.abs(values))) else 0.0


def _sorted(given: Any, value: str) -> Array:
    """Finite values, the highest first."""
    frame, values = read_values(given, value)
    if frame is not None:
        statistics.refuse_duplicates(frame)
    refuse_infinite(frame, values, value)
    return np.sort(values)[::-1]


def _running(highest: Array) -> tuple[Array, float]:
    """Sums of the first 0, 1, ..., n values, and of all; 0 where there is nothing to share."""
    sums = np.concatenate([[0.0], np.cumsum(highest)])
    return sums, float(sums[-1]) if whole_of(highest) > 0 else 0.0  # so that all hold exactly 1
