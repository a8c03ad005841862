"""Ranks of the truth among posterior draws: uniform on (0, 1) if the posterior is right.

Parameters come from the prior, data from the parameters, draws from the posterior of the data: then truth and draws are
alike, and every place of the truth among L draws has the chance 1/(L + 1).

Sources: Cook, Gelman & Rubin (2006), Journal of Computational and Graphical Statistics 15(3), 675-692; Talts,
Betancourt, Simpson, Vehtari & Gelman (2018), arXiv:1804.06788, algorithm 1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import stats

BINS = 20


def rank(truth: float, draws: Any, generator: np.random.Generator) -> float:
    """Place of the truth among draws of equal weight, spread evenly over its share of (0, 1).

    (b + V (e + 1)) / (L + 1) with b of L draws below the truth, e equal to it and V uniform on (0, 1).
    """
    below, equal = np.sum(draws < truth), np.sum(draws == truth)
    return float((below + generator.random() * (equal + 1)) / (len(draws) + 1))


class Uniformity(NamedTuple):
    """How uniform ranks are.

    Attributes
    ----------
    p_value
        Of the chi-square test of equal chances of the bins.
    mean, error
        Mean rank, 1/2 if right, and its standard error if right, 1/√(12 n).
    counts
        Ranks in each bin.
    """

    p_value: float
    mean: float
    error: float
    counts: tuple[int, ...]


def uniformity(ranks: Any, bins: int = BINS) -> Uniformity:
    """Chi-square test in bins of equal width, and the mean beside 1/2.

    A posterior that is too narrow piles ranks up at both ends, one too wide in the middle, one too high at the low end.
    """
    ranks = np.asarray(ranks, dtype=np.float64)
    if not len(ranks):
        return Uniformity(float("nan"), float("nan"), float("nan"), (0,) * bins)
    counts = np.bincount(np.minimum((ranks * bins).astype(np.intp), bins - 1), minlength=bins)
    p_value = float(stats.chisquare(counts).pvalue)
    error = float(1 / np.sqrt(12 * len(ranks)))
    return Uniformity(p_value, float(np.mean(ranks)), error, tuple(int(count) for count in counts))
