"""Draws from the posterior of many customers: most of it from a polynomial, checked against the real thing.

Thousands of passes over hundreds of thousands of patterns take minutes, and with so many customers the posterior is all
but normal. So ln posterior plus |y|²/2, in standardised coordinates y around the mode, is fitted by a polynomial of
degree four to values and gradients at a few dozen points. Draws are made from that, and ln posterior at some of them,
which the fit has not seen, says how wrong it is. If that is too much there are more points, in the end no polynomial.

Source: Joseph (2012), Technometrics 54(3), 242-254 (DoIt: Bayesian computation with few evaluations) for the idea;
values with gradients as in Morris, Mitchell & Ylvisaker (1993), Technometrics 35(3), 243-255.
"""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
from scipy import special

from ..numerics.arrays import Array
from .importance import Weighed, sample, stratified
from .log_posterior import LogPosterior, Mode
from .ridge import axes_of

MANY = 5_000  # patterns from which on a polynomial is tried: below, all draws cost a few seconds at most
CLOSE = 0.02  # nats: the largest error of ln posterior that is let pass
_DEGREE = 4
_EQUATIONS = 3.5  # for each coefficient, in the first round
_ROUNDS = 3  # with twice the points each
_WIDER, _RADIUS = 1.3, 5.5  # standard deviations: of the points of the fit, and how far they go at most
_CHECKED = 32


class Polynomial:
    """ln posterior as −|y|²/2 plus a polynomial of y, where y = axes⁻¹ (z − mode); of use as a target of `sample`.

    Beyond the radius that it was fitted in, the polynomial is constant along rays.
    """

    def __init__(self, real: LogPosterior, mode: Mode, axes: Array, radius: float) -> None:
        self.real, self.mode, self.axes, self.radius = real, mode, axes, radius
        self.inverse = np.linalg.inv(axes)
        k = len(mode.point)
        self.powers = np.array(
            [
                np.bincount(chosen, minlength=k) if chosen else np.zeros(k, dtype=int)
                for degree in range(_DEGREE + 1)
                for chosen in combinations_with_replacement(range(k), degree)
            ]
        )
        self.coefficients = np.zeros(len(self.powers))

    def fit(self, y: Array) -> None:
        """Least squares on values and gradients at points y of shape (m, k)."""
        found = [self.real.with_gradient(self.mode.point + self.axes @ at) for at in y]
        values = np.array([value for value, _ in found]) - self.mode.value + np.sum(y**2, axis=1) / 2
        gradients = np.array([self.axes.T @ gradient for _, gradient in found]) + y
        rows = np.concatenate([self._terms(y), *self._slopes(y)])
        sides = np.concatenate([values, *gradients.T])
        self.coefficients = np.linalg.lstsq(rows, sides, rcond=None)[0]

    def values(self, points: Array) -> Array:
        """Ln posterior of points z of shape (m, k)."""
        y = np.einsum("ij,mj->mi", self.inverse, points - self.mode.point)
        inside = y * self._shrunk(y)[:, None]
        return np.asarray(
            self.mode.value - np.sum(y**2, axis=1) / 2 + np.sum(self._terms(inside) * self.coefficients, axis=1)
        )

    def with_gradient(self, point: Array) -> tuple[float, Array]:
        """Ln posterior and its gradient at one point z of shape (k,)."""
        y = self.inverse @ (point - self.mode.point)
        shrunk = self._shrunk(y[None])[0]
        slope = np.array([(rows @ self.coefficients)[0] for rows in self._slopes(y[None] * shrunk)])
        if shrunk < 1:  # constant along the ray
            slope = shrunk * (slope - y * (y @ slope) / (y @ y))
        return float(self.values(point[None])[0]), self.inverse.T @ (slope - y)

    def natural(self, points: Array) -> Array:
        """Parameters θ."""
        return self.real.natural(points)

    def error(self, points: Array) -> float:
        """The largest error of ln posterior at points z, up to a constant, which does not matter."""
        apart = self.values(points) - self.real.values(points)
        return float(np.max(np.abs(apart - np.median(apart))))

    def _shrunk(self, y: Array) -> Array:
        return np.asarray(np.minimum(1.0, self.radius / np.maximum(np.sqrt(np.sum(y**2, axis=1)), 1e-300)))

    def _terms(self, y: Array) -> Array:
        return np.asarray(np.prod(y[:, None, :] ** self.powers, axis=2))

    def _slopes(self, y: Array) -> list[Array]:
        found = []
        for j in range(y.shape[1]):
            lower = self.powers.copy()
            lower[:, j] = np.maximum(lower[:, j] - 1, 0)
            found.append(np.prod(y[:, None, :] ** lower, axis=2) * self.powers[:, j])
        return found


def draw(
    log_posterior: LogPosterior,
    mode: Mode,
    draws: int,
    chains: int,
    generator: np.random.Generator,
    many: int = MANY,
) -> tuple[Weighed, str]:
    """Draws of `importance.sample`, from a polynomial where there are many patterns; and a sentence that says which.

    Parameters
    ----------
    log_posterior, mode
        The posterior and its summit.
    draws, chains
        How many draws in each of how many chains.
    generator
        Where chance comes from.
    many
        The number of patterns from which on a polynomial is tried.
    """
    size = len(log_posterior.patterns.weights)
    if size >= many:
        polynomial = Polynomial(log_posterior, mode, axes_of(mode), _RADIUS)
        k = len(mode.point)
        n_points = int(np.ceil(_EQUATIONS * len(polynomial.powers) / (k + 1)))
        y = np.empty((0, k))
        for _ in range(_ROUNDS):
            y = np.concatenate([y, _spread(generator, n_points - len(y), k)])
            polynomial.fit(y)
            found = sample(polynomial, mode, draws, chains, generator)
            flat = found.draws.reshape(-1, k)
            error = polynomial.error(flat[generator.permutation(len(flat))[:_CHECKED]])
            if error < CLOSE:
                return found, (
                    f"weights by a polynomial of degree {_DEGREE} fitted to ln posterior at {len(y)} points, with an "
                    f"error of at most {error:.2g} at {min(_CHECKED, len(flat))} draws: {size} patterns of customers"
                )
            n_points *= 2
    found = sample(log_posterior, mode, draws, chains, generator)
    return found, f"weights by ln posterior itself at {found.proposals} points"


def _spread(generator: np.random.Generator, rows: int, k: int) -> Array:
    """Points around 0, somewhat wider than a standard normal, within the radius."""
    y = _WIDER * special.ndtri(stratified(generator, rows, k))
    return np.asarray(y * np.minimum(1.0, _RADIUS / np.sqrt(np.sum(y**2, axis=1)))[:, None])
