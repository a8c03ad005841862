"""Whether draws can be trusted: tail of importance weights, agreement of chains, effective numbers of draws.

The first two are those of ArviZ (arviz-stats, its functions of arrays), loaded when they are first needed.

Sources: Vehtari, Simpson, Gelman, Yao & Gabry (2024), Pareto Smoothed Importance Sampling, JMLR 25(72); Vehtari,
Gelman, Simpson, Carpenter & Bürkner (2021), Rank-Normalization, Folding, and Localization, Bayesian Analysis 16(2).
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from ..numerics.arrays import Array

_NOTHING = 1e4  # a log-weight this far below the largest is none


def k_hat_and_smoothed(log_weights: Array) -> tuple[float, Array]:
    """The tail index k-hat of importance weights, and the weights with a smoothed tail, their sum 1.

    Up to 0.7 the smoothed weights give means that can be trusted. ``log_weights`` of shape (n,), up to a constant;
    −inf is no weight at all.

    >>> k_hat, weights = k_hat_and_smoothed(np.zeros(1000))
    >>> float(weights.sum().round(12)), float(weights.max())
    (1.0, 0.001)
    """
    largest = float(np.max(log_weights))
    if not np.isfinite(largest):
        return np.inf, np.full(len(log_weights), 1 / len(log_weights))
    settled = np.maximum(log_weights - largest, -_NOTHING)
    if np.ptp(settled) < 1e-12:  # all alike: there is no tail to look at
        return -np.inf, np.full(len(log_weights), 1 / len(log_weights))
    smoothed, k_hat = _array_stats().psislw(-settled)  # it takes log-likelihoods left out: minus the log-weights
    weights = np.exp(smoothed - smoothed.max())
    return float(k_hat), weights / weights.sum()


def weighted_ess(weights: Array, draws: Array) -> Array:
    """Effective draws of each column of ``draws`` (n, k): Σw(θ−m)² / Σw²(θ−m)², m = Σwθ and Σw = 1; shape (k,).

    The variance of θ over that of its weighted mean; n if all weights are equal. A column that does not vary has n.

    >>> weighted_ess(np.full(4, 0.25), np.array([[1.0], [2.0], [4.0], [8.0]]))
    array([4.])
    """
    weights = weights / np.sum(weights)
    mean = np.sum(weights[:, None] * draws, axis=0)
    apart = (draws - mean) / np.maximum(np.max(np.abs(draws - mean), axis=0), 1e-300)  # squares must not overflow
    spread, noise = np.sum(weights[:, None] * apart**2, axis=0), np.sum((weights[:, None] * apart) ** 2, axis=0)
    return np.asarray(np.where(noise > 0, spread / np.where(noise > 0, noise, 1.0), float(len(weights))))


def r_hat(draws: Array) -> Array:
    """Rank-normalised split R-hat of each parameter, the larger one of bulk and tail; draws (chains, draws, k).

    >>> r_hat(np.random.default_rng(1).normal(size=(4, 500, 2))).round(2)
    array([1., 1.])
    """
    return np.asarray(_array_stats().rhat(draws, chain_axis=0, draw_axis=1), dtype=np.float64)


def bulk_and_tail_ess(draws: Array) -> tuple[Array, Array]:
    """Effective draws of each parameter for its middle and for its 5 % and 95 % points; draws (chains, draws, k).

    >>> bulk, tail = bulk_and_tail_ess(np.random.default_rng(1).normal(size=(4, 500, 2)))
    >>> bool(np.all(bulk > 1500)), bool(np.all(tail > 1500))
    (True, True)
    """
    stats = _array_stats()
    bulk = stats.ess(draws, chain_axis=0, draw_axis=1, method="bulk")
    tail = stats.ess(draws, chain_axis=0, draw_axis=1, method="tail", prob=(0.05, 0.95))
    return np.asarray(bulk, dtype=np.float64), np.asarray(tail, dtype=np.float64)


def _array_stats() -> Any:
    base: Any = import_module("arviz_stats.base")
    return base.array_stats
