"""Bayesian bootstrap over customers: how far the best-fitting parameters vary if others had come, right model or not.

A draw gives every customer a random weight, exponential with mean 1, and maximises Σ weight · ln L + ln prior. A
pattern that stands for w customers weighs Gamma(w, 1), the sum of w such weights; the weights are rescaled to sum to
the number of customers, which makes them Dirichlet. The spread is in large samples that of the robust (sandwich)
covariance.

Sources: Rubin (1981), "The Bayesian Bootstrap", Annals of Statistics 9(1), 130-134; Newton & Raftery (1994),
"Approximate Bayesian Inference with the Weighted Likelihood Bootstrap", Journal of the Royal Statistical Society B
56(1), 3-48.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..numerics.arrays import Array
from .maximum_likelihood import differences, newton_step, updated

# coordinates (k,) -> ln posterior and its gradient
ValueAndGradient = Callable[[Array], tuple[float, Array]]

_ARRIVED = 1e-8  # squared standard errors: 1e-4 of a standard error
_SLOW = 0.2  # a step that leaves more than this share of the decrement was made with a bad Hessian
_STEPS = 100
_TOLD = 20  # draws between two words of progress


class Bootstrapped(NamedTuple):
    """Maxima of shape (draws, k), and how many of them were not reached."""

    draws: Array
    lost: int


def sample(
    weighted: Callable[[Array], ValueAndGradient],
    weights: Array,
    mode: Array,
    hessian: Array,
    draws: int,
    generator: np.random.Generator,
    progress: Callable[[str], None] | None = None,
) -> Bootstrapped:
    """Draw weights ``draws`` times and climb to the maximum of each, from that of the true weights.

    Parameters
    ----------
    weighted
        Weights (n,) of the patterns -> the function to maximise.
    weights
        How many customers each pattern stands for, shape (n,), above 0.
    mode, hessian
        The maximum at these weights, and the Hessian of the negative function there, positive definite.
    draws
        How many.
    generator
        The same generator gives the same draws.
    progress
        Called with a word on the draws that come next, every 20 of them.

    Examples
    --------
    The mean of ten numbers, by least squares; its robust standard error is sd/√10 = .91:

    >>> numbers = np.arange(10.0)
    >>> def weighted(w):
    ...     return lambda at: (-float(w @ (numbers - at) ** 2) / 2, np.array([w @ (numbers - at)]))
    >>> found = sample(weighted, np.ones(10), np.array([4.5]), np.array([[10.0]]), 1000, np.random.default_rng(1))
    >>> found.draws.std().round(1), found.lost
    (np.float64(0.9), 0)
    """
    total = float(weights.sum())
    found, lost = np.empty((draws, len(mode))), 0
    for i in range(draws):
        if progress is not None and i % _TOLD == 0:
            progress(f"draws {i + 1} to {min(i + _TOLD, draws)} of {draws}")
        drawn = generator.standard_gamma(weights)
        found[i], arrived = maximum(weighted(drawn * (total / drawn.sum())), mode, hessian)
        lost += not arrived
    return Bootstrapped(found, lost)


def maximum(function: ValueAndGradient, start: Array, hessian: Array) -> tuple[Array, bool]:
    """Climb by Newton steps whose Hessian is corrected on the way; the place, and whether it is a maximum.

    ``hessian`` is that of the negative function, or near it, at ``start``. It is corrected by the BFGS update after
    each step, and made anew where steps do not do what it promises. Nocedal & Wright (2006), sections 3.4 and 6.1.
    """
    theta = np.asarray(start, dtype=np.float64)
    value, gradient = function(theta)
    before, anew = np.inf, False
    for _ in range(_STEPS):
        step, decrement = newton_step(hessian, -gradient, 1.0)
        if decrement < _ARRIVED:
            return theta, bool(np.all(np.linalg.eigvalsh(hessian) > 0))
        if decrement > _SLOW * before and not anew:
            hessian, before, anew = differences(lambda at: -function(at)[1], theta), np.inf, True
            continue
        length = 1.0
        while length > 1e-6:
            trial, trial_gradient = function(theta + length * step)
            # at the summit the value is flat to the last digit: then a smaller gradient counts as progress
            if trial > value or np.abs(trial_gradient).max() < 0.9 * np.abs(gradient).max():
                break
            length /= 4
        else:
            if anew:
                break
            before = 0.0
            continue
        hessian = updated(hessian, length * step, gradient - trial_gradient)
        theta, value, gradient = theta + length * step, trial, trial_gradient
        before, anew = decrement, False
    return theta, False
