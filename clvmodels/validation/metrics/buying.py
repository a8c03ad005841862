"""Will he buy at all? Scores of the probability of at least one purchase.

The event is that what happened, ``actual``, is above 0: counts do, money does, and so do zeros and ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import InvalidInput
from ...numerics.arrays import Array
from .checks import happened, probability, real, together
from .order import weight_below

# log_loss takes a probability of 0 for this, and 1 for one less this
CLIP = 1e-15


def brier(actual: Any, probability_of_purchase: Any) -> float:
    """Brier score, the mean of ([y > 0] − p)².

    Strictly proper for the probability of a purchase. In [0, 1], best 0; the share s of buyers, given to everyone, has
    s(1 − s).

    Source: Brier (1950), "Verification of Forecasts Expressed in Terms of Probability", Monthly Weather Review 78(1),
    1-3, in the half of his form that is usual now.

    Parameters
    ----------
    actual
        What each customer did, 0 or more.
    probability_of_purchase
        P(at least one purchase).

    Returns
    -------
    float
        Without unit.

    Raises
    ------
    InvalidInput
        If the arrays differ in length, are empty, or hold something missing, negative, or no probability.

    Examples
    --------
    >>> brier([0, 3], [0.5, 0.5])
    0.25
    """
    return float(np.mean(brier_terms(actual, probability_of_purchase)))


def brier_terms(actual: Any, probability_of_purchase: Any) -> Array:
    """([y > 0] − p)², one a customer."""
    bought, p = _read(actual, probability_of_purchase)
    return np.asarray((bought - p) ** 2)


def log_loss(actual: Any, probability_of_purchase: Any) -> float:
    """Logarithmic loss of the event, the mean of −ln p where he bought and −ln(1 − p) where not.

    Strictly proper for the probability of a purchase. In [0, 34.6], best 0: probabilities within 1e-15 of 0 and 1 are
    moved there, so that one customer who does the impossible costs 34.5 nats, not infinitely many.

    Source: Good (1952), "Rational Decisions", Journal of the Royal Statistical Society B 14(1), 107-114.

    Parameters
    ----------
    actual
        What each customer did, 0 or more.
    probability_of_purchase
        P(at least one purchase).

    Returns
    -------
    float
        In nats a customer.

    Raises
    ------
    InvalidInput
        If the arrays differ in length, are empty, or hold something missing, negative, or no probability.

    Examples
    --------
    >>> round(log_loss([0, 3], [0.5, 0.5]), 6)
    0.693147
    """
    return float(np.mean(log_loss_terms(actual, probability_of_purchase)))


def log_loss_terms(actual: Any, probability_of_purchase: Any) -> Array:
    """−ln of the probability given to what happened, one a customer."""
    bought, p = _read(actual, probability_of_purchase)
    p = np.clip(p, CLIP, 1 - CLIP)
    return np.asarray(-np.where(bought > 0, np.log(p), np.log1p(-p)))


def auc(actual: Any, score: Any) -> float:
    """Area under the ROC curve, P(a buyer has a higher score than one who does not buy), ties counting half.

    No score: it judges the order alone, and any rising transform of the probabilities has the same. In [0, 1], best 1,
    0.5 for chance; NaN where everybody bought or nobody. Equal to the Mann-Whitney statistic over its largest value.

    Source: Hanley & McNeil (1982), "The Meaning and Use of the Area under a Receiver Operating Characteristic (ROC)
    Curve", Radiology 143(1), 29-36.

    Parameters
    ----------
    actual
        What each customer did, 0 or more.
    score
        Any number that is higher for likelier buyers.

    Returns
    -------
    float
        A probability.

    Raises
    ------
    InvalidInput
        If the arrays differ in length, are empty, or hold something missing, or what was done is negative.

    Examples
    --------
    >>> auc([0, 0, 1, 2], [0.1, 0.4, 0.4, 0.8])
    0.875
    """
    beaten, _ = _placements(actual, score)
    return float(np.mean(beaten)) if len(beaten) else float("nan")


def auc_terms(actual: Any, score: Any) -> Array:
    """One term a customer, after the placements of DeLong: their mean is the area, their scatter its error.

    Source: DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44(3), 837-845.
    """
    bought = happened("actual", actual) > 0
    beaten, beating = _placements(actual, score)
    terms = np.full(len(bought), np.nan)
    if len(beaten):
        area = float(np.mean(beaten))
        terms[bought] = area + len(bought) / len(beaten) * (beaten - area)
        terms[~bought] = area + len(bought) / len(beating) * (beating - area)
    return terms


def reliability(
    actual: Any, probability_of_purchase: Any, bins: int = 10, binning: str = "quantile"
) -> dict[str, Array]:
    """Do as many buy as were said to? Customers in bins of like probability, and the share of each bin that bought.

    Customers of the same probability are never parted, so bins differ in size where many have the same; empty bins are
    left out.

    Source: Murphy & Winkler (1977), "Reliability of Subjective Probability Forecasts of Precipitation and Temperature",
    Applied Statistics 26(1), 41-47; the standard error as in Bröcker & Smith (2007), Weather and Forecasting 22(3),
    651-661.

    Parameters
    ----------
    actual
        What each customer did, 0 or more.
    probability_of_purchase
        P(at least one purchase).
    bins
        How many bins at most, 1 or more.
    binning
        ``"quantile"``: bins of as many customers each as ties allow; ``"width"``: of equal width on [0, 1].

    Returns
    -------
    dict
        One entry a bin in each array, lowest probabilities first: ``predicted``, the mean probability; ``actual``, the
        share that bought; ``n`` customers; ``standard_error``, √(Σ p(1 − p))/n, the scatter that the share has around
        ``predicted`` if the probabilities are right.

    Raises
    ------
    InvalidInput
        If the arrays differ in length, are empty, or hold something missing, negative, or no probability; there is no
        bin or no such binning.

    Examples
    --------
    >>> table = reliability([0, 0, 1, 2], [0.1, 0.1, 0.6, 0.8], bins=2)
    >>> table["predicted"], table["actual"], table["n"]
    (array([0.1, 0.7]), array([0., 1.]), array([2., 2.]))
    """
    if bins != int(bins) or bins < 1:
        raise InvalidInput(f"bins must be a whole number, 1 or more; found {bins}")
    if binning not in ("quantile", "width"):
        raise InvalidInput(f"binning must be 'quantile' or 'width'; found {binning!r}")
    bought, p = _read(actual, probability_of_purchase)
    inner = np.arange(1, int(bins)) / int(bins)
    edges = np.quantile(p, inner) if binning == "quantile" else inner
    where = np.searchsorted(edges, p, side="left" if binning == "quantile" else "right")
    n = np.bincount(where, minlength=int(bins)).astype(np.float64)
    there = n > 0

    def total(values: Array) -> Array:
        return np.asarray(np.bincount(where, weights=values, minlength=int(bins))[there], dtype=np.float64)

    n = n[there]
    return {
        "predicted": total(p) / n,
        "actual": total(bought) / n,
        "n": n,
        "standard_error": np.sqrt(total(p * (1 - p))) / n,
    }


def _read(actual: Any, probability_of_purchase: Any) -> tuple[Array, Array]:
    y, p = happened("actual", actual), probability("probability_of_purchase", probability_of_purchase)
    together(actual=y, probability_of_purchase=p)
    return (y > 0).astype(np.float64), p


def _placements(actual: Any, score: Any) -> tuple[Array, Array]:
    """For each buyer the share of the others with a lower score, for each other that of buyers with a higher one.

    Both empty if everybody bought or nobody.
    """
    y, points = happened("actual", actual), real("score", score)
    together(actual=y, score=points)
    bought = y > 0
    buyers = int(np.sum(bought))
    if not 0 < buyers < len(y):
        return np.zeros(0), np.zeros(0)
    buyers_below, others_below = weight_below(points, bought.astype(np.float64), (~bought).astype(np.float64))
    return others_below[bought] / (len(y) - buyers), 1 - buyers_below[~bought] / buyers
