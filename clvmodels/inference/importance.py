"""Draws of a posterior by importance sampling: propose along its ridge, weigh, smooth the weights, resample.

Sources: as `ridge` and `diagnostics`; systematic resampling: Kitagawa (1996), Journal of Computational and Graphical
Statistics 5(1), 1-25.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from ..numerics.arrays import Array, Positions
from . import ridge
from .diagnostics import k_hat_and_smoothed, weighted_ess
from .log_posterior import Mode

_FEWEST = 1000  # proposals, for the tail of the weights to be seen
_WORST_K_HAT = 0.7
_WORTH = 0.55  # effective draws wanted for each draw: more proposals until then
_MOST = 8  # proposals for each draw, at most


class Target(Protocol):
    """What is drawn from: ln posterior at many points, at one with its gradient, and the parameters there."""

    def values(self, points: Array) -> Array:
        """At points of shape (m, k)."""
        ...

    def with_gradient(self, point: Array) -> tuple[float, Array]:
        """At one point."""
        ...

    def natural(self, points: Array) -> Array:
        """Parameters θ."""
        ...


class Weighed(NamedTuple):
    """Draws of equal weight in coordinates (chains, draws, k), and how good the weights were that they come from.

    ``ess`` (k,) is that of the weights, for the parameters θ; ``distinct`` is how many different draws there are.
    """

    draws: Array
    k_hat: float
    ess: Array
    distinct: int
    proposals: int


def sample(target: Target, mode: Mode, draws: int, chains: int, generator: np.random.Generator) -> Weighed:
    """Draw from the posterior around a mode.

    Parameters
    ----------
    target
        The posterior.
    mode
        Its summit.
    draws, chains
        How many draws in each of how many chains; they are exchangeable.
    generator
        Where chance comes from.
    """
    path = ridge.follow(target, mode)
    wanted = draws * chains
    points, log_weights = np.empty((0, len(mode.point))), np.empty(0)
    more = max(wanted, _FEWEST)
    while True:
        new, log_density = ridge.propose(path, stratified(generator, more, len(mode.point) + 1))
        points = np.concatenate([points, new])
        log_weights = np.concatenate([log_weights, target.values(new) - log_density])
        k_hat, weights = k_hat_and_smoothed(log_weights)
        ess = weighted_ess(weights, target.natural(points))
        enough = ess.min() >= _WORTH * wanted or not k_hat <= _WORST_K_HAT
        if enough or len(points) >= _MOST * wanted:
            break
        more = min(len(points), _MOST * wanted - len(points))
    rows = generator.permutation(resampled(weights, wanted, generator))
    return Weighed(
        points[rows].reshape(chains, draws, -1), k_hat, ess, len(np.unique(rows)), len(points)
    )  # fmt: skip


def stratified(generator: np.random.Generator, rows: int, columns: int) -> Array:
    """Numbers between 0 and 1, of shape (rows, columns): in each column one in each of ``rows`` equal parts.

    Source: McKay, Beckman & Conover (1979), Technometrics 21(2), 239-245 (Latin hypercube).
    """
    parts = generator.permuted(np.tile(np.arange(rows)[:, None], columns), axis=0)
    return np.clip((parts + generator.random((rows, columns))) / rows, 1e-16, 1 - 1e-16)


def resampled(weights: Array, size: int, generator: np.random.Generator) -> Positions:
    """``size`` row numbers, each row as often as its weight says, to less than one: systematic resampling.

    >>> resampled(np.array([0.5, 0.0, 0.25, 0.25]), 8, np.random.default_rng(1))
    array([0, 0, 0, 0, 2, 2, 3, 3])
    """
    reached = np.cumsum(weights)
    ticks = (np.arange(size) + generator.random()) / size * reached[-1]
    return np.asarray(np.minimum(np.searchsorted(reached, ticks, side="right"), len(weights) - 1))
