"""Covariances of log-parameters: from the curvature of the log-likelihood, and robust ones from its gradients.

With H the Hessian of the negative log-likelihood (less any penalty) at the optimum, the classical covariance is H⁻¹:
right if customers behave as the model says. The robust one, H⁻¹ (Σ w g gᵀ) H⁻¹ with the gradient g of one customer, is
right in large samples for independent customers whatever they do; it then tells how far the best-fitting parameters
would vary. ``w`` are frequency weights: w equal customers bring w equal gradients, so they enter once. (Importance
weights, which scale one customer's say, would enter squared.)

Source: White (1982), "Maximum Likelihood Estimation of Misspecified Models", Econometrica 50(1), 1-25, theorem 3.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..numerics.arrays import Array, map_blocks
from .patterns import Patterns


class Curvature(NamedTuple):
    """The Hessian's eigenvalues in ascending order and directions; its inverse over the directions that are sharp."""

    computed: bool
    values: Array
    directions: Array
    definite: bool
    inverse: Array
    loose: Any  # which parameters have no standard error
    sharp: Any  # which directions the data determine


def curvature_of(hessian: Array, walled: Sequence[bool]) -> Curvature:
    """Decompose the Hessian; a parameter on the wall, or in a flat direction, is loose."""
    computed = bool(np.all(np.isfinite(hessian)))
    curvature, directions = np.linalg.eigh(hessian if computed else np.zeros_like(hessian))
    # Relative to the sharpest direction the differentiated gradient has about ten digits.
    sharp = (curvature > 1e-10 * curvature[-1]) & (curvature > 0)
    inverse = (directions[:, sharp] / curvature[sharp]) @ directions[:, sharp].T
    # A parameter that takes part in a flat direction, or leans on the wall, has no standard error.
    loose = (np.sum(directions[:, ~sharp] ** 2, axis=1) > 1e-6) | np.array(walled)
    return Curvature(computed, curvature, directions, bool(sharp.all()), inverse, loose, sharp)


def classical(curvature: Curvature) -> Array:
    """H⁻¹, NaN where there is none."""
    return _without_the_loose(curvature.inverse.copy(), curvature)


def sandwich(curvature: Curvature, gradients_squared: Array) -> Array:
    """H⁻¹ (Σ w g gᵀ) H⁻¹, NaN where there is none."""
    robust = curvature.inverse @ gradients_squared @ curvature.inverse
    return _without_the_loose((robust + robust.T) / 2, curvature)


def gradients_squared(
    log_likelihood: Callable[..., Any], patterns: Patterns, log_parameters: Array, penalty_gradient: Array | None = None
) -> Array:
    """Σ w g gᵀ over customers, shape (parameters, parameters), in one pass.

    With a penalty every customer bears an equal share of its gradient, so that the sum of g is 0 at the optimum.
    """
    parameters = [float(p) for p in np.exp(log_parameters)]
    k = len(parameters)
    share = np.zeros(k) if penalty_gradient is None else penalty_gradient / patterns.weights.sum()
    pairs = [(i, j) for i in range(k) for j in range(i, k)]

    def block(*columns: Array) -> Array:
        *statistics, weights = columns
        gradient = log_likelihood(*statistics, *parameters)[1] - share[:, None]
        weighted = gradient * weights
        # no matrix product: its threads would make the sum depend on the number of cores
        return np.array([np.sum(weighted[i] * gradient[j]) for i, j in pairs])

    parts = map_blocks(block, (*patterns.columns, patterns.weights), len(patterns.weights))
    result = np.zeros((k, k))
    for (i, j), value in zip(pairs, np.sum(parts, axis=0), strict=True):
        result[i, j] = result[j, i] = value
    return result


def _without_the_loose(covariance: Array, curvature: Curvature) -> Array:
    covariance[curvature.loose, :] = covariance[:, curvature.loose] = np.nan
    return covariance
