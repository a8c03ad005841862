"""Ln of likelihood times prior, in coordinates on the whole line: many values at once, value and gradient, the mode.

It is the same whatever the number of processors: sums run over patterns in blocks of one size, without matrix products.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..numerics.arrays import BLOCK, Array, map_blocks
from .maximum_likelihood import maximize
from .patterns import Patterns
from .priors import Coordinates

# With fewer patterns than this a pass costs more in calls than in arithmetic, so many points go into one block of rows.
# Measured, 40 patterns of BG/NBD: 7 µs a point instead of 120; with 700 of Pareto/NBD one point at a time is faster.
_FEW = 500


class Mode(NamedTuple):
    """Where ln posterior is highest: the point, its value, and the Hessian of −ln posterior there.

    ``decrement`` is the squared distance to the summit in standard errors (the Newton decrement).
    """

    point: Array
    value: float
    hessian: Array
    decrement: float


class LogPosterior:
    """Σ weight · ln L(pattern | θ(z)) + ln π(z), up to a constant that does not depend on z.

    Parameters
    ----------
    log_likelihood
        ``(*statistics, *parameters)`` -> values and gradient in the log-parameters.
    patterns
        Distinct statistics and how many customers each stands for.
    coordinates
        What z means, and the prior.
    value_alone
        ``(*statistics, *parameters)`` -> the same values without the gradient, if there is a cheaper way to them.
    """

    def __init__(
        self,
        log_likelihood: Callable[..., tuple[Array, Array]],
        patterns: Patterns,
        coordinates: Coordinates,
        value_alone: Callable[..., Array] | None = None,
    ) -> None:
        self.log_likelihood, self.patterns, self.coordinates = log_likelihood, patterns, coordinates
        self.value_alone = value_alone
        self.names = coordinates.names

    def natural(self, points: Array) -> Array:
        """θ of points z of shape (..., k)."""
        return self.coordinates.natural(points)

    def values(self, points: Array) -> Array:
        """Ln posterior of points z of shape (m, k), shape (m,); −inf where the likelihood cannot be computed."""
        points = np.asarray(points, dtype=np.float64)
        thetas = self.natural(points)
        with np.errstate(all="ignore"):
            if len(self.patterns.weights) < _FEW:
                step = BLOCK // len(self.patterns.weights)
                blocks = [self._sums(thetas[i : i + step]) for i in range(0, len(thetas), step)]
                likelihood = np.concatenate([np.empty(0), *blocks])
            else:
                likelihood = np.array([self._sum([float(p) for p in theta]) for theta in thetas])
            total = likelihood + self.coordinates.log_prior(points)
        return np.where(np.isnan(total), -np.inf, total)

    def with_gradient(self, point: Array) -> tuple[float, Array]:
        """Ln posterior and its gradient at one point z of shape (k,)."""
        point = np.asarray(point, dtype=np.float64)
        parameters = [float(p) for p in self.natural(point)]

        def block(*columns: Array) -> tuple[float, Array]:
            *statistics, weights = columns
            value, gradient = self.log_likelihood(*statistics, *parameters)
            return float(np.sum(weights * value)), np.sum(gradient * weights, axis=1)

        with np.errstate(all="ignore"):
            parts = self._blocks(block)
            value = sum(part for part, _ in parts) + float(self.coordinates.log_prior(point[None])[0])
            gradient = np.sum([part for _, part in parts], axis=0) * self.coordinates.slopes(point)
        return value, gradient + self.coordinates.log_prior_gradient(point)

    def mode(self, start: Array) -> Mode:
        """Climb from parameters θ to the summit."""
        coordinates, k = self.coordinates, len(self.names)

        def of_coordinates(*columns: Any) -> tuple[Array, Array]:
            # what is maximised takes numbers above 0, and their logarithms are the coordinates
            z = np.log(np.array(columns[-k:]))
            value, gradient = self.log_likelihood(*columns[:-k], *(float(p) for p in self.natural(z)))
            return value, gradient * coordinates.slopes(z)[:, None]

        def penalty(z: Array) -> tuple[float, Array]:
            return -float(coordinates.log_prior(z[None])[0]), -coordinates.log_prior_gradient(z)

        with np.errstate(all="ignore"):
            found = maximize(of_coordinates, self.patterns, coordinates.of(start), coordinates.centre, penalty)
        value = found.log_likelihood - found.penalty
        return Mode(found.log_parameters, value, found.hessian, found.decrement)

    def _each(self, *columns: Any) -> Array:
        return self.log_likelihood(*columns)[0] if self.value_alone is None else self.value_alone(*columns)

    def _sums(self, thetas: Array) -> Array:
        """Of all patterns, for each row of parameters: every pattern with every row."""
        n, m = len(self.patterns.weights), len(thetas)
        statistics = [np.tile(column, m) for column in self.patterns.columns]
        each = self._each(*statistics, *np.repeat(thetas.T, n, axis=1)).reshape(m, n)
        return np.asarray(np.sum(each * self.patterns.weights, axis=1))

    def _sum(self, parameters: list[float]) -> float:
        def block(*columns: Array) -> float:
            *statistics, weights = columns
            return float(np.sum(weights * self._each(*statistics, *parameters)))

        return float(sum(self._blocks(block)))

    def _blocks(self, function: Callable[..., Any]) -> list[Any]:
        return map_blocks(function, (*self.patterns.columns, self.patterns.weights), len(self.patterns.weights))
