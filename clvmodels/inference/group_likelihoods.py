"""The likelihoods of many groups at once, each with parameters of its own: sums, curvatures, and the climb to the top.

One pass computes all small groups, because a family takes one parameter per row; so the cost is that of their customers
together, however many groups they are cut into. A large group is computed by itself: with the same parameters for many
rows gamma functions are needed only once for each count. What has arrived is left out of further passes.

Source: Nocedal & Wright (2006), Numerical Optimization, chapters 3 and 6 (Newton's method with a line search).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..numerics.arrays import Array, Positions, map_blocks
from .maximum_likelihood import WALL, Objective
from .patterns import Patterns, merge

Some = NDArray[np.bool_]

_DIFFERENCE = 1e-4  # of a log-parameter, for curvatures from gradients
_ARRIVED = 1e-10  # squared standard errors: a hundred-thousandth of one
_LARGE = 500  # patterns, from which on a group is computed by itself
_LONGEST = 2.0  # a step in log-parameters


@dataclass(frozen=True)
class Looks:
    """What is known of every group's log-likelihood at its own log-parameters.

    Attributes
    ----------
    points
        Log-parameters, shape (groups, k).
    values, gradients
        Log-likelihoods of shape (groups,) and gradients of shape (groups, k), summed over the group's customers.
    hessians
        Of the negative log-likelihoods, shape (groups, k, k).
    """

    points: Array
    values: Array
    gradients: Array
    hessians: Array


class GroupLikelihoods:
    """Σ weight · ln L(pattern | θ_g) over the customers of each group g.

    Parameters
    ----------
    log_likelihood
        ``(*statistics, *parameters)`` -> values and gradient in the log-parameters.
    columns
        The statistics, each of shape (n,).
    codes
        The group of each row: 0, 1, ..., ``groups`` − 1.
    groups
        How many there are; one without rows has the log-likelihood 0 everywhere.
    """

    def __init__(
        self, log_likelihood: Callable[..., Any], columns: Sequence[Array], codes: Positions, groups: int
    ) -> None:
        self.log_likelihood, self.groups = log_likelihood, groups
        weights = np.zeros(0)
        if len(codes):  # the group comes first, so that rows of a group are together whatever the order they came in
            (own, *columns), weights = merge([codes.astype(np.float64), *columns])
            codes = own.astype(np.intp)
        self.customers = np.bincount(codes, weights, minlength=groups)
        self.patterns = np.bincount(codes, minlength=groups)
        large = self.patterns >= _LARGE
        ends = np.cumsum(self.patterns)
        nowhere = np.zeros(0)
        self.alone = {}
        for g in np.flatnonzero(large):
            rows = slice(ends[g] - self.patterns[g], ends[g])
            patterns = Patterns(tuple(column[rows] for column in columns), weights[rows])
            self.alone[int(g)] = Objective(log_likelihood, patterns, nowhere)
        small = ~large[codes]
        self.codes, self.columns = codes[small], (*(column[small] for column in columns), weights[small])
        self.passes = 0

    def sums(self, points: Array, which: Some) -> tuple[Array, Array]:
        """Log-likelihoods and gradients at ``points`` of shape (groups, k), 0 for the groups not asked for."""
        self.passes += 1
        theta, groups = np.exp(points), self.groups

        def block(*columns: Any) -> Array:
            *statistics, weights, codes = columns
            value, gradient = self.log_likelihood(*statistics, *theta[codes].T)
            rows = np.concatenate([value[None], gradient]) * weights
            return np.stack([np.bincount(codes, row, minlength=groups) for row in rows])

        columns = (*self.columns, self.codes)
        if not which.all():
            kept = which[self.codes]
            columns = tuple(column[kept] for column in columns)
        found = np.zeros((1 + points.shape[1], groups))
        with np.errstate(all="ignore"):
            for part in map_blocks(block, columns, len(columns[-1])):
                found += part
            for g, objective in self.alone.items():
                if which[g]:
                    found[0, g], found[1:, g] = objective.sums(points[g])
        return found[0], found[1:].T

    def look(self, points: Array, which: Some | None = None, before: Looks | None = None) -> Looks:
        """Values, gradients and Hessians at ``points``; for the groups not asked for, those known ``before``."""
        asked = np.ones(self.groups, dtype=bool) if which is None else which
        values, gradients = self.sums(points, asked)
        rows = []
        for j in range(points.shape[1]):
            moved = np.zeros(points.shape[1])
            moved[j] = _DIFFERENCE
            ahead, behind = self.sums(points + moved, asked)[1], self.sums(points - moved, asked)[1]
            rows.append((behind - ahead) / (2 * _DIFFERENCE))
        hessians = np.stack(rows, axis=1)
        found = Looks(points, values, gradients, (hessians + hessians.transpose(0, 2, 1)) / 2)
        if before is None:
            return found
        return Looks(
            np.where(asked[:, None], found.points, before.points),
            np.where(asked, found.values, before.values),
            np.where(asked[:, None], found.gradients, before.gradients),
            np.where(asked[:, None, None], found.hessians, before.hessians),
        )

    def climb(self, looks: Looks, centre: Array, precision: Array, which: Some | None = None, most: int = 60) -> Looks:
        """Go to where log-likelihood − ½ Σ_j precision_j (ln θ_j − centre_j)² is highest, group by group.

        Parameters
        ----------
        looks
            Where to begin, and what is known there.
        centre, precision
            Of the normal prior of all groups, shape (k,); a precision of 0 is none.
        which
            The groups that are to move; all if None.
        most
            Steps at most.
        """
        moving = np.ones(self.groups, dtype=bool) if which is None else which.copy()
        for _ in range(most):
            off = looks.points - centre
            beyond = off - np.clip(off, -WALL, WALL)  # far out stands a wall, for likelihoods that rise for ever
            gradients = -looks.gradients + precision * off + 2 * self.customers[:, None] * beyond
            curved = looks.hessians + np.diag(precision)
            curved = curved + (2 * self.customers)[:, None, None] * (beyond != 0)[:, :, None] * np.eye(len(centre))
            steps, decrements = newton_steps(curved, gradients)
            moving &= decrements > _ARRIVED
            if not moving.any():
                break
            heights = self._heights(looks.points, looks.values, centre, precision)
            points, moved = self._searched(looks, heights, steps, centre, precision, moving)
            moving &= moved  # who finds no better place is as near as rounding allows
            if moving.any():
                looks = self.look(points, moving, looks)
        return looks

    def _searched(
        self, looks: Looks, heights: Array, steps: Array, centre: Array, precision: Array, moving: Some
    ) -> tuple[Array, Some]:
        """A better point along each step, and who found one: whole steps first, then quarters of them."""
        points, length, waiting = looks.points.copy(), 1.0, moving.copy()
        while waiting.any() and length > 1e-4:
            trial = np.where(waiting[:, None], looks.points + length * steps, points)
            trial = np.clip(trial, centre - 2 * WALL, centre + 2 * WALL)
            better = waiting & (
                self._heights(trial, self.sums(trial, waiting)[0], centre, precision) > heights
            )  # fmt: skip
            points[better] = trial[better]
            waiting &= ~better
            length /= 4
        return points, moving & ~waiting

    def _heights(self, points: Array, values: Array, centre: Array, precision: Array) -> Array:
        off = points - centre
        beyond = off - np.clip(off, -WALL, WALL)
        return np.asarray(values - np.sum(precision * off**2, axis=1) / 2 - self.customers * np.sum(beyond**2, axis=1))


def newton_steps(hessians: Array, gradients: Array) -> tuple[Array, Array]:
    """Steps −|H|⁻¹g, at most 2 long, and decrements g'|H|⁻¹g; 0 and 0 where something is not finite."""
    fine = np.asarray(np.isfinite(hessians).all(axis=(1, 2)) & np.isfinite(gradients).all(axis=1))
    curved = np.where(fine[:, None, None], hessians, np.eye(hessians.shape[1]))
    slopes = np.where(fine[:, None], gradients, 0.0)
    values, vectors = np.linalg.eigh(curved)
    largest = np.abs(values).max(axis=1, keepdims=True)
    values = np.maximum(np.abs(values), 1e-12 * np.maximum(largest, 1.0))
    along = np.einsum("gij,gi->gj", vectors, slopes)
    steps = -np.einsum("gij,gj->gi", vectors, along / values)
    lengths = np.linalg.norm(steps, axis=1, keepdims=True)
    return steps * np.minimum(1.0, _LONGEST / np.maximum(lengths, 1e-300)), np.sum(along**2 / values, axis=1)
