"""Is the total right? Over all customers, and week by week."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...numerics.arrays import Array
from .checks import amount, happened, refuse, together


def bias_ratio(actual: Any, predicted: Any) -> float:
    """Predicted total over actual total, Σ ŷ / Σ y.

    No score: a forecast that gives everyone the mean has the best value. In [0, ∞], best 1; 0.88 says that 12 % of what
    was bought was not foreseen. With nothing bought it is inf, and NaN if nothing was predicted either.

    Source: Kolassa & Schütz (2007), "Advantages of the MAD/Mean Ratio over the MAPE", Foresight 6, 40-43, on ratios of
    totals where single values are often 0.

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
    >>> bias_ratio([0, 2, 6], [1.0, 2.0, 4.0])
    0.875
    """
    y, mean = _read(actual, predicted)
    return _ratio(float(np.sum(mean)), float(np.sum(y)))


def bias_ratio_terms(actual: Any, predicted: Any) -> Array:
    """One term a customer, R + (ŷ − R y)/ȳ: their mean is the ratio R, their scatter its error to first order."""
    y, mean = _read(actual, predicted)
    ratio = _ratio(float(np.sum(mean)), float(np.sum(y)))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(ratio + (mean - ratio * y) / np.mean(y))


def tracking_error(actual: Any, predicted: Any) -> float:
    """Weighted absolute percentage error of what is bought in each week, Σ |ŷ − y| / Σ y.

    For increments, the purchases of single weeks: a week without a purchase counts by what was predicted for it, where
    the mean of |ŷ/y − 1| would be infinite. In [0, ∞], best 0. Rewards the median of each week's total, which is near
    its mean where many customers buy. With nothing bought it is inf, and NaN if nothing was predicted either.

    Source: Kolassa & Schütz (2007), Foresight 6, 40-43.

    Parameters
    ----------
    actual
        Purchases of all customers in each week, 0 or more.
    predicted
        Those expected in each week, 0 or more.

    Returns
    -------
    float
        A share: 0.1 is 10 %.

    Raises
    ------
    InvalidInput
        If the arrays differ in length, are empty, or hold something missing or negative.

    Examples
    --------
    >>> tracking_error([73, 0, 27], [70.0, 5.0, 25.0])
    0.1
    """
    y, mean = _read(actual, predicted)
    return _ratio(float(np.sum(np.abs(mean - y))), float(np.sum(y)))


def cumulative_tracking_error(actual: Any, predicted: Any) -> float:
    """Mean absolute percentage error of the purchases up to each week, the mean of |Ŷ/Y − 1| over weeks with Y > 0.

    For cumulative series, whose weeks are alike in size once something has been bought; the weeks before that are left
    out. In [0, ∞], best 0; NaN if nothing was bought at all. No proper score: errors of one week stay in all later
    ones.

    Source: Fader & Hardie (2001), "Forecasting Repeat Sales at CDNOW: A Case Study", Interfaces 31(3), S94-S107, who
    judge cumulative tracking in percent.

    Parameters
    ----------
    actual
        Purchases of all customers from the start up to the end of each week: 0 or more, never falling.
    predicted
        Those expected, 0 or more.

    Returns
    -------
    float
        A share: 0.1 is 10 %.

    Raises
    ------
    InvalidInput
        If the arrays differ in length, are empty, hold something missing or negative, or ``actual`` falls.

    Examples
    --------
    >>> round(cumulative_tracking_error([0, 100, 200], [5.0, 90.0, 200.0]), 6)
    0.05
    """
    y, mean = _read(actual, predicted)
    falls = np.diff(y, prepend=0.0) < 0
    refuse("actual", y, falls, "must be cumulative, never falling", "Give its running sum, or use tracking_error")
    there = y > 0
    if not np.any(there):
        return float("nan")
    return float(np.mean(np.abs(mean[there] / y[there] - 1)))


def _read(actual: Any, predicted: Any) -> tuple[Array, Array]:
    y, mean = happened("actual", actual), amount("predicted", predicted)
    together(actual=y, predicted=mean)
    return y, mean


def _ratio(above: float, below: float) -> float:
    if below > 0:
        return above / below
    return float("inf") if above > 0 else float("nan")
