"""Are the best customers told from the others? Order and concentration; who ties shares, whatever the order of rows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...errors import InvalidInput
from ...numerics.arrays import Array
from .checks import amount, happened, real, together
from .order import average_ranks, running_totals


def spearman(actual: Any, predicted: Any) -> float:
    """Spearman's rank correlation, the correlation of the average ranks.

    No score: it judges the order alone. In [−1, 1], best 1, 0 for chance; NaN where all values on one side are equal.
    Where most customers buy nothing their common rank keeps it below 1 for every forecast that tells them apart, so
    compare it between forecasts of the same customers only.

    Source: Spearman (1904), American Journal of Psychology 15(1), 72-101; ties as in Kendall (1945), Biometrika 33(3),
    239-251.

    Parameters
    ----------
    actual
        What each customer did, 0 or more.
    predicted
        Any number that is higher for better customers.

    Returns
    -------
    float
        A correlation.

    Raises
    ------
    InvalidInput
        If the arrays differ in length, are empty, or hold something missing, or what was done is negative.

    Examples
    --------
    >>> round(spearman([0, 0, 1, 5], [0.1, 0.2, 0.9, 0.8]), 6)
    0.737865
    """
    y, points = _read(actual, predicted)
    one, other = (ranks - (len(y) + 1) / 2 for ranks in (average_ranks(y), average_ranks(points)))
    size = float(np.sqrt(np.sum(one * one)) * np.sqrt(np.sum(other * other)))
    return float(np.sum(one * other)) / size if size > 0 else float("nan")


def gini(values: Any) -> float:
    """Gini coefficient, how unequally a total is spread: Σ (2 R − n − 1) v / (n Σ v), R the rank of v.

    A fact about customers, no score. In [0, 1 − 1/n]: 0 if all have the same, 1 − 1/n if one has everything; NaN if the
    total is 0.

    Source: Gini (1912), Variabilità e mutabilità; this form in Dixon, Weiner, Mitchell-Olds & Woodley (1987), Ecology
    68(5), 1548-1551.

    Parameters
    ----------
    values
        Purchases or money of each customer, 0 or more.

    Returns
    -------
    float
        Without unit.

    Raises
    ------
    InvalidInput
        If there are no values, or something is missing or negative.

    Examples
    --------
    >>> gini([0, 0, 0, 8]), gini([2, 2, 2, 2])
    (0.75, 0.0)
    """
    v = happened("values", values)
    together(values=v)
    total = float(np.sum(v))
    return _own_order(v) / (len(v) * total) if total > 0 else float("nan")


def normalised_gini(actual: Any, predicted: Any) -> float:
    """Gini coefficient of what was done, in the order predicted, over that in its own order.

    Σ (2 R(ŷ) − n − 1) y / Σ (2 R(y) − n − 1) y, with average ranks R: how much of the concentration there is the
    forecast finds, over all shares of customers at once. No score: it judges the order alone. In [−1, 1], best 1, 0 for
    chance; NaN where all did the same.

    Source: Frees, Meyers & Cummings (2011), "Summarizing Insurance Scores Using a Gini Index", Journal of the American
    Statistical Association 106(495), 1085-1098; for customers: Wang, Liu & Miao (2019), "A Deep Probabilistic Model for
    Customer Lifetime Value Prediction", arXiv:1912.07753.

    Parameters
    ----------
    actual
        What each customer did, 0 or more.
    predicted
        Any number that is higher for better customers.

    Returns
    -------
    float
        Without unit.

    Raises
    ------
    InvalidInput
        If the arrays differ in length, are empty, or hold something missing, or what was done is negative.

    Examples
    --------
    >>> normalised_gini([0, 0, 1, 5], [0.1, 0.2, 0.9, 0.8])
    0.5
    """
    y, points = _read(actual, predicted)
    most = _own_order(y)
    ranks = 2 * average_ranks(points) - len(y) - 1
    return float(np.sum(ranks * y)) / most if most > 0 else float("nan")


def top_capture(actual: Any, predicted: Any, share: float = 0.1) -> float:
    """Share of the total that the customers with the highest predictions made up.

    The top is ``share`` · n customers, a fraction of one where that is not whole, and a fraction of each where
    predictions tie at its edge. No score: it judges who is in the top, not by how much. In [0, 1], about ``share`` for
    chance; what can be reached at best depends on how concentrated the actual is. NaN if the total is 0.

    Source: the lift or gains table of direct marketing; Malthouse & Blattberg (2005), "Can We Predict Customer Lifetime
    Value?", Journal of Interactive Marketing 19(1), 2-16, on who is in the top.

    Parameters
    ----------
    actual
        What each customer did, purchases or money, 0 or more.
    predicted
        Any number that is higher for better customers.
    share
        Size of the top, above 0 and up to 1.

    Returns
    -------
    float
        A share.

    Raises
    ------
    InvalidInput
        If the arrays differ in length, are empty, or hold something missing, what was done is negative, or the share is
        out of range.

    Examples
    --------
    >>> top_capture([6, 0, 2, 0], [3.0, 1.0, 1.0, 1.0], share=0.5)
    0.8333333333333334
    """
    if not 0 < share <= 1:
        raise InvalidInput(f"share must lie above 0 and not above 1; found {share}. 10 % is 0.1")
    y, points = _read(actual, predicted)
    total = float(np.sum(y))
    if total == 0:
        return float("nan")
    wanted = share * len(y)
    edge = len(y) - min(max(int(np.ceil(wanted)), 1), len(y))
    limit = np.partition(points, edge)[edge]
    above, tied = points > limit, points == limit
    n_above, n_tied = int(np.sum(above)), int(np.sum(tied))
    return float(np.sum(y[above]) + (wanted - n_above) / n_tied * np.sum(y[tied])) / total


def top_decile_capture(actual: Any, predicted: Any) -> float:
    """Share of the total that the tenth of customers with the highest predictions made up.

    `top_capture` with the share 0.1. Raises InvalidInput as it does.

    >>> top_decile_capture([5, 1, 1, 1, 1, 1, 0, 0, 0, 0], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    0.5
    """
    return top_capture(actual, predicted, 0.1)


def top_20_capture(actual: Any, predicted: Any) -> float:
    """Share of the total that the fifth of customers with the highest predictions made up.

    `top_capture` with the share 0.2. Raises InvalidInput as it does.

    >>> top_20_capture([5, 1, 1, 1, 1, 1, 0, 0, 0, 0], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    0.6
    """
    return top_capture(actual, predicted, 0.2)


def deciles(actual: Any, predicted: Any, groups: int = 10) -> dict[str, Array]:
    """Customers in equal groups by their prediction, the highest first, and what each group did.

    Every group has n/``groups`` customers: one who stands across an edge, and those who tie there, belong in fractions
    to both sides. So the totals add up and do not depend on the order of rows.

    Source: as `top_capture`, whose shares the sums of ``share`` are.

    Parameters
    ----------
    actual
        What each customer did, purchases or money, 0 or more.
    predicted
        Its expectation, in the same unit, finite and 0 or more.
    groups
        How many groups, 1 or more.

    Returns
    -------
    dict
        One entry a group in each array: ``decile`` (1 the highest predictions), ``n``, ``predicted_mean``,
        ``actual_mean``, ``predicted_total``, ``actual_total``, and ``share``, that of the actual total (NaN if it is
        0).

    Raises
    ------
    InvalidInput
        If the arrays differ in length, are empty, or hold something missing, negative or infinite, or there is no
        group.

    Examples
    --------
    >>> table = deciles([6, 0, 2, 0], [3.0, 1.0, 1.0, 1.0], groups=2)
    >>> table["actual_total"].round(6), table["predicted_total"]
    (array([6.666667, 1.333333]), array([4., 2.]))
    """
    if groups != int(groups) or groups < 1:
        raise InvalidInput(f"groups must be a whole number, 1 or more; found {groups}")
    y, mean = happened("actual", actual), happened("predicted", predicted)
    together(actual=y, predicted=mean)
    number = np.arange(1, int(groups) + 1)
    edges = np.concatenate([[0], number]) * (len(y) / int(groups))
    edges[-1] = len(y)
    totals = {}
    for name, values in (("predicted_total", mean), ("actual_total", y)):
        ends, sums = running_totals(values, mean)
        totals[name] = np.diff(np.interp(edges, ends, sums))
    n = np.diff(edges)
    whole = float(np.sum(y))
    return {
        "decile": number.astype(np.float64),
        "n": n,
        "predicted_mean": totals["predicted_total"] / n,
        "actual_mean": totals["actual_total"] / n,
        **totals,
        "share": totals["actual_total"] / whole if whole > 0 else np.full(len(n), np.nan),
    }


class Line(NamedTuple):
    """A straight line, ``intercept`` + ``slope`` · x.

    >>> Line(0.5, 2.0).slope
    2.0
    """

    intercept: float
    slope: float


def calibration_line(actual: Any, predicted: Any) -> Line:
    """Ordinary least squares of what was done on its expectation, y = a + b ŷ.

    If the expectations are right a = 0 and b = 1. b below 1: they differ too much between customers, the high too high
    and the low too low; above 1: too little. No score: a forecast that knows little can have a slope of 1.

    Source: Mincer & Zarnowitz (1969), "The Evaluation of Economic Forecasts", in: Economic Forecasts and Expectations,
    NBER, 3-46.

    Parameters
    ----------
    actual
        What each customer did, purchases or money, 0 or more.
    predicted
        Its expectation, in the same unit, 0 or more.

    Returns
    -------
    Line
        ``intercept`` and ``slope``; NaN where the predictions are all equal or one is infinite.

    Raises
    ------
    InvalidInput
        If the arrays differ in length, are empty, or hold something missing or negative.

    Examples
    --------
    >>> calibration_line([0, 1, 2], [0.0, 2.0, 4.0])
    Line(intercept=0.0, slope=0.5)
    """
    y, x, size = _centred(actual, predicted)
    if not 0 < size < np.inf:
        return Line(float("nan"), float("nan"))
    slope = float(np.sum((x - np.mean(x)) * y)) / size
    return Line(float(np.mean(y)) - slope * float(np.mean(x)), slope)


def calibration_slope(actual: Any, predicted: Any) -> float:
    """Slope of ordinary least squares of what was done on its expectation, best 1.

    The slope of `calibration_line`, with its parameters ``actual`` and ``predicted``. Raises InvalidInput as it does.

    >>> calibration_slope([0, 1, 2], [0.0, 2.0, 4.0])
    0.5
    """
    return calibration_line(actual, predicted).slope


def calibration_slope_terms(actual: Any, predicted: Any) -> Array:
    """One term a customer, b + n (x − x̄) e/Σ(x − x̄)²: their mean is the slope b, their scatter its robust error.

    With 300 customers that error is some 10 % too small (simulated): the few who buy most pull the line to them.

    Source: White (1980), Econometrica 48(4), 817-838.
    """
    intercept, slope = calibration_line(actual, predicted)
    y, x, size = _centred(actual, predicted)
    if not 0 < size < np.inf:
        return np.full(len(y), np.nan)
    return np.asarray(slope + len(y) * (x - np.mean(x)) * (y - intercept - slope * x) / size)


def _centred(actual: Any, predicted: Any) -> tuple[Array, Array, float]:
    """What was done, its expectation, and the sum of squares of that about its mean; 0 if only rounding is left."""
    y, x = happened("actual", actual), amount("predicted", predicted)
    together(actual=y, predicted=x)
    if x.min() == x.max():
        return y, x, 0.0
    with np.errstate(invalid="ignore"):
        return y, x, float(np.sum((x - np.mean(x)) ** 2))


def _read(actual: Any, predicted: Any) -> tuple[Array, Array]:
    y, points = happened("actual", actual), real("predicted", predicted)
    together(actual=y, predicted=points)
    return y, points


def _own_order(values: Array) -> float:
    """Σ (2 R − n − 1) v with R the rank of v itself; equal values may exchange ranks. 0 if all are equal."""
    if values.min() == values.max():
        return 0.0
    n = len(values)
    return float(np.sum(np.arange(1 - n, n, 2) * np.sort(values)))
