"""Does mean spend go along with frequency? The Gamma-Gamma model assumes that it does not."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from ..numerics.arrays import Array


def spend_frequency_correlation(x: Array, m: Array, weights: Array) -> tuple[float, float]:
    """Pearson correlation of frequency and mean spend over repeaters, and the p-value of the t-test for none.

    (0, 1) where it is not defined: fewer than three repeaters, or one of the two is constant.
    """
    n = float(weights.sum())
    x_off, m_off = x - np.sum(weights * x) / n, m - np.sum(weights * m) / n
    spread = math.sqrt(np.sum(weights * x_off**2) * np.sum(weights * m_off**2))
    if n < 3 or spread == 0:
        return 0.0, 1.0
    r = max(-1.0, min(1.0, float(np.sum(weights * x_off * m_off)) / spread))
    if abs(r) == 1:
        return r, 0.0
    return r, float(2 * special.stdtr(n - 2, -abs(r) * math.sqrt((n - 2) / (1 - r * r))))
