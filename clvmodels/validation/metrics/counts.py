"""How far is each customer's prediction from what he did?

Predictions of one number are judged by a score that rewards the number meant: squared error and Poisson deviance reward
the mean, absolute error the median (Gneiting 2011, "Making and Evaluating Point Forecasts", Journal of the American
Statistical Association 106(494), 746-762). Most customers buy nothing, so their median is 0, and absolute error prefers
a forecast of 0 for everyone to a true mean.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from ...errors import InvalidInput
from ...numerics.arrays import Array
from .checks import amount, happened, together


def mae(actual: Any, predicted: Any) -> float:
    """Mean absolute error, the mean of |y − ŷ|.

    Proper for the median, and for nothing else: given means it is no score, and given medians it rewards forecasts that
    deny the few who buy. Never choose a model by it. In [0, ∞], best 0.

    Source: Gneiting (2011).

    Parameters
    ----------
    actual
        What each customer did, purchases or money, 0 or more.
    predicted
        The predictive median, in the same unit, 0 or more.

    Returns
    -------
    float
        In the unit of ``actual``.

    Raises
    ------
    InvalidInput
        If the arrays differ in length, are empty, or hold something missing or negative.

    Examples
    --------
    One of four buys 4: zeros for all have the smaller error, though only the mean of 1 gets the total right.

    >>> mae([0, 0, 0, 4], [0, 0, 0, 0]), mae([0, 0, 0, 4], [1, 1, 1, 1])
    (1.0, 1.5)
    """
    return float(np.mean(absolute_errors(actual, predicted)))


def absolute_errors(actual: Any, predicted: Any) -> Array:
    """|y − ŷ|, one a customer."""
    y, point = _read(actual, predicted)
    return np.asarray(np.abs(y - point))


def rmse(actual: Any, predicted: Any) -> float:
    """Root mean squared error, √ mean (y − ŷ)².

    Strictly proper for the mean. In [0, ∞], best 0. The few who buy most decide it.

    Source: Gneiting (2011).

    Parameters
    ----------
    actual
        What each customer did, purchases or money, 0 or more.
    predicted
        Its expectation, in the same unit, 0 or more.

    Returns
    -------
    float
        In the unit of ``actual``.

    Raises
    ------
    InvalidInput
        If the arrays differ in length, are empty, or hold something missing or negative.

    Examples
    --------
    >>> rmse([0, 0, 0, 4], [1, 1, 1, 1])
    1.7320508075688772
    """
    return float(np.sqrt(np.mean(_squares(actual, predicted))))


def rmse_terms(actual: Any, predicted: Any) -> Array:
    """One term a customer, R/2 + e²/(2R): their mean is the root R, their scatter its error to first order."""
    squares = _squares(actual, predicted)
    root = float(np.sqrt(np.mean(squares)))
    if root == 0:
        return squares
    with np.errstate(invalid="ignore"):
        return np.asarray(root / 2 + squares / (2 * root))


def msle(actual: Any, predicted: Any) -> float:
    """Mean squared error of logarithms, the mean of (ln(1 + y) − ln(1 + ŷ))².

    Strictly proper for exp(E ln(1 + Y)) − 1, which lies below the mean: given means it prefers those that are too low,
    and is no ground for choosing a model. In [0, ∞], best 0. Errors count by their size in proportion.

    Source: Gneiting (2011), on scores of transformed observations.

    Parameters
    ----------
    actual
        What each customer did, purchases or money, 0 or more.
    predicted
        Its expectation, in the same unit, 0 or more.

    Returns
    -------
    float
        Without unit.

    Raises
    ------
    InvalidInput
        If the arrays differ in length, are empty, or hold something missing or negative.

    Examples
    --------
    >>> round(msle([0, 1], [1, 1]), 6)
    0.240227
    """
    return float(np.mean(squared_log_errors(actual, predicted)))


def squared_log_errors(actual: Any, predicted: Any) -> Array:
    """(ln(1 + y) − ln(1 + ŷ))², one a customer."""
    y, mean = _read(actual, predicted)
    return np.asarray((np.log1p(y) - np.log1p(mean)) ** 2)


def poisson_deviance(actual: Any, predicted: Any, floor: float = 0.0) -> float:
    """Mean Poisson deviance, the mean of 2 (y ln(y/μ) − (y − μ)), with y ln(y/μ) = 0 at y = 0.

    Strictly proper for the mean, whatever the distribution of Y. In [0, ∞], best 0. It weighs errors by what was
    expected, so that it is not decided by the few who buy most. Who expects exactly 0 of somebody who buys has said
    that it cannot happen, and the deviance is inf; ``floor`` raises means below it when that is not what was meant.

    Source: McCullagh & Nelder (1989), Generalized Linear Models, 2nd edition, section 2.3; Gneiting (2011).

    Parameters
    ----------
    actual
        What each customer did, 0 or more.
    predicted
        Its expectation, 0 or more.
    floor
        The smallest mean used, 0 or more; 0 leaves them as they are.

    Returns
    -------
    float
        In the unit of ``actual``.

    Raises
    ------
    InvalidInput
        If the arrays differ in length, are empty, or hold something missing or negative, or the floor is not 0 or more.

    Examples
    --------
    >>> round(poisson_deviance([0, 1, 4], [0.5, 1.0, 3.0]), 6)
    0.433819
    >>> poisson_deviance([0, 1], [0.0, 0.0])
    inf
    """
    return float(np.mean(poisson_deviances(actual, predicted, floor)))


def poisson_deviances(actual: Any, predicted: Any, floor: float = 0.0) -> Array:
    """2 (y ln(y/μ) − (y − μ)), one a customer, 0 where y = μ."""
    if not 0 <= floor < np.inf:
        raise InvalidInput(f"floor must be a finite mean, 0 or more; found {floor}")
    y, mean = _read(actual, predicted)
    mean = np.maximum(mean, floor)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        deviances = 2 * special.kl_div(y, mean)  # y ln(y/μ) − y + μ, without cancelling at y = μ; inf at μ = 0 < y
    return np.asarray(np.where(np.isinf(mean), np.inf, deviances))


def _squares(actual: Any, predicted: Any) -> Array:
    y, mean = _read(actual, predicted)
    return np.asarray((y - mean) ** 2)


def _read(actual: Any, predicted: Any) -> tuple[Array, Array]:
    y, point = happened("actual", actual), amount("predicted", predicted)
    together(actual=y, predicted=point)
    return y, point
