"""How much one customer moves a mean of predictions: through his own value, and through the parameters he helped fit.

A mean of predictions V_i(θ̂) at parameters that the same customers were fitted with varies for two reasons: others might
have come, and they would have led to other parameters. With one customer's weight as the variable the first-order
change of the mean is

    ψ_i = (V_i − mean)/n + G'H⁻¹s_i,

G the derivative of the mean in the log-parameters, H the Hessian of the negative log-likelihood summed over customers,
s_i the gradient of customer i's own log-likelihood: his influence. Σ ψψ' over customers is the covariance of such means
in large samples, whether or not customers behave as the model says, and with it nothing is fitted twice.

Sources: Newey & McFadden (1994), "Large Sample Estimation and Hypothesis Testing", Handbook of Econometrics 4, section
6 (two-step estimators); van der Vaart (1998), Asymptotic Statistics, sections 5.3 and 20.2; Jaeckel (1972), "The
Infinitesimal Jackknife", Bell Laboratories memorandum MM 72-1215-11.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..numerics.arrays import Array, map_blocks
from .covariance import Curvature, curvature_of
from .maximum_likelihood import Objective
from .patterns import Patterns

# Central differences in log-parameters: the third derivative leaves 1e-8 of the change, rounding of 1e-12 as much.
_STEP = 1e-4


def slopes(function: Callable[[tuple[float, ...]], Array], parameters: Sequence[float]) -> Array:
    """Derivatives of each value of ``function`` in the log-parameters, shape (values, parameters).

    >>> slopes(lambda theta: np.array([theta[0] ** 2, theta[0] * theta[1]]), (3.0, 5.0)).round(6)
    array([[18.,  0.],
           [15., 15.]])
    """
    theta = np.log(parameters)

    def at(place: Array) -> Array:
        return function(tuple(float(v) for v in np.exp(place)))

    steps = np.eye(len(theta)) * _STEP
    return np.stack([(at(theta + step) - at(theta - step)) / (2 * _STEP) for step in steps], axis=1)


def curvature_at(log_likelihood: Callable[..., Any], patterns: Patterns, parameters: Sequence[float]) -> Curvature:
    """The observed information at parameters, decomposed; what is left of it where some direction is flat.

    A parameter that has run off to a limit has almost no say in the likelihood: in directions that are flat nothing is
    known, in all others the limit is as good as any value near it, and its error is that of the limiting model.
    """
    theta = np.log(parameters)
    with np.errstate(over="ignore", under="ignore"):
        information = Objective(log_likelihood, patterns, theta).information(theta)
    return curvature_of(information, [False] * len(theta))


def scores_along(
    log_likelihood: Callable[..., Any], columns: Sequence[Array], parameters: Sequence[float], directions: Array
) -> Array:
    """d's of every row for each direction d, with s the gradient of its log-likelihood in the log-parameters.

    Parameters
    ----------
    log_likelihood
        ``(*statistics, *parameters)`` -> values and gradient.
    columns
        The statistics, of shape (n,) each.
    directions
        Of shape (k, parameters).

    Returns
    -------
    array
        Of shape (k, n).
    """

    def block(*rows: Array) -> Array:
        gradient = log_likelihood(*rows, *parameters)[1]
        # no matrix product: its threads would make the sum depend on the number of cores
        return np.asarray(np.sum(directions[:, :, None] * gradient[None], axis=1))

    n = len(columns[0])
    return np.concatenate([np.zeros((len(directions), 0)), *map_blocks(block, columns, n)], axis=1)


def sums_of_products(rows: Array) -> Array:
    """Σ ψψ' over the columns of ``rows``, shape (k, n): a matrix of shape (k, k).

    >>> sums_of_products(np.array([[1.0, 2.0], [0.0, 3.0]]))
    array([[5., 6.],
           [6., 9.]])
    """
    k = len(rows)
    result = np.empty((k, k))
    for i in range(k):
        for j in range(i, k):
            result[i, j] = result[j, i] = np.sum(rows[i] * rows[j])
    return result
