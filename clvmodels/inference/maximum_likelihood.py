"""Maximum likelihood on log-parameters: quasi-Newton to get near, Newton to arrive, and what was found on the way.

A quasi-Newton search (BFGS) on a few thousand sampled customers finds the neighbourhood, of very many on five times as
many it comes closer; their Hessian, a few percent off, then serves for Newton steps over everybody, each of which
leaves a few percent of the way. At the end the Hessian of everybody, by differences of the analytic gradient, confirms
or corrects.
The measure of being there is the Newton decrement g'H⁻¹g: the squared distance to the optimum in standard errors.

Source: Nocedal & Wright (2006), Numerical Optimization, chapters 3 and 6; Boyd & Vandenberghe (2004), Convex
Optimization, section 9.5 (Newton decrement).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import optimize

from ..numerics.arrays import Array, map_blocks
from .patterns import Patterns, sample
from .regularisation import Penalty

_SAMPLES = 4_000, 20_000
# Log-parameters further than this from their natural scale (a factor of 1.2 million) meet a gentle wall, so that a
# likelihood which rises for ever still has an optimum.
WALL = 14.0
_NEAR = 0.5  # what is this close to the wall leans on it
_DIFFERENCE = 1e-4
_ARRIVED = 1e-14  # squared standard errors: 1e-7 of a standard error
_AT_WALL = 1e-6  # the same where a parameter leans on the wall, whose place along a flat likelihood means nothing
_FAST = 0.2  # a step that leaves more than this share of the decrement was made with a bad Hessian
_BESIDE = 0.1  # from the natural scale, where gradients can vanish by symmetry
_MOVED = 1e-5  # how far the log-parameters may go before the Hessian is made anew


@dataclass(frozen=True)
class Optimum:
    """Where the search ended: arrays in log-parameters; likelihood, gradient and Hessian summed over customers.

    ``log_likelihood`` is that of the data alone; ``gradient`` and ``hessian`` are of the log-likelihood less the
    penalty (the Hessian of its negative), of which ``penalty_gradient`` and ``penalty_hessian`` are the penalty's own.
    """

    log_parameters: Array
    log_likelihood: float
    gradient: Array
    hessian: Array
    decrement: float
    step: Array
    walled: tuple[bool, ...]
    passes: int
    penalty: float = 0.0
    penalty_gradient: Array | None = None
    penalty_hessian: Array | None = None


class Objective:
    """Negative mean log-likelihood with its gradient, on one set of patterns; counts its passes.

    ``penalty`` is what is taken off the log-likelihood of ``customers`` customers; of a sample of them, its share.
    """

    def __init__(
        self,
        log_likelihood: Callable[..., Any],
        patterns: Patterns,
        centre: Array,
        penalty: Penalty | None = None,
        customers: float = 1.0,
    ) -> None:
        self.log_likelihood, self.patterns, self.centre = log_likelihood, patterns, centre
        self.penalty, self.customers = penalty, customers
        self.total = float(patterns.weights.sum())
        self.passes = 0

    def sums(self, theta: Array) -> tuple[float, Array]:
        """Log-likelihood and gradient, summed over customers: no wall, no penalty."""
        self.passes += 1
        parameters = [float(p) for p in np.exp(theta)]

        def block(*columns: Array) -> tuple[float, Array]:
            *statistics, weights = columns
            value, gradient = self.log_likelihood(*statistics, *parameters)
            # no matrix product: its threads would make the sum depend on the number of cores
            return float(np.sum(weights * value)), np.sum(gradient * weights, axis=1)

        columns = (*self.patterns.columns, self.patterns.weights)
        parts = map_blocks(block, columns, len(self.patterns.weights))
        return sum(value for value, _ in parts), np.sum([gradient for _, gradient in parts], axis=0)

    def __call__(self, theta: Array) -> tuple[float, Array]:
        """What is minimised, and its gradient."""
        # A trial step of the line search may be absurd: it is judged at the wall's far side and walks back.
        inside = np.clip(theta, self.centre - 2 * WALL, self.centre + 2 * WALL)
        value, gradient = self.sums(inside)
        beyond = theta - np.clip(theta, self.centre - WALL, self.centre + WALL)
        value, gradient = -value / self.total + float(beyond @ beyond), -gradient / self.total + 2 * beyond
        if self.penalty is not None:
            off, off_gradient = self.penalty(inside)
            value, gradient = value + off / self.customers, gradient + off_gradient / self.customers
        return value, gradient

    def hessian(self, theta: Array) -> Array:
        """Of the objective, the wall included."""
        return differences(lambda at: self(at)[1], theta)

    def information(self, theta: Array) -> Array:
        """Of the likelihood alone, summed over customers."""
        return differences(lambda at: -self.sums(at)[1], theta)


def differences(gradient: Callable[[Array], Array], theta: Array) -> Array:
    """The Hessian, symmetric, by central differences of a gradient."""
    steps = np.eye(len(theta)) * _DIFFERENCE
    rows = [(gradient(theta + step) - gradient(theta - step)) / (2 * _DIFFERENCE) for step in steps]
    return np.asarray(np.add(rows, np.transpose(rows)) / 2)


def maximize(
    log_likelihood: Callable[..., Any],
    patterns: Patterns,
    start: Array,
    centre: Array,
    penalty: Penalty | None = None,
) -> Optimum:
    """Find the parameters that maximise Σ weight · log-likelihood − penalty.

    Parameters
    ----------
    log_likelihood
        ``(*statistics, *parameters)`` -> values and gradient in the log-parameters.
    patterns
        Distinct statistics and their weights.
    start, centre
        Log-parameters to begin from, and their natural scale (0 for pure numbers, ln of the observation length for
        times), which only says where "absurdly far" begins.
    penalty
        Log-parameters -> value and gradient of what is taken off the sum; None for nothing.
    """
    found = _search(log_likelihood, patterns, start, centre, penalty)
    if not any(found.walled):
        return found
    # what ran off may have passed by an optimum: a search from the natural scale tells
    again = _search(log_likelihood, patterns, centre + _BESIDE, centre, penalty)
    better = again.log_likelihood - again.penalty > found.log_likelihood - found.penalty
    return replace(again if better else found, passes=found.passes + again.passes)


def _search(
    log_likelihood: Callable[..., Any], patterns: Patterns, start: Array, centre: Array, penalty: Penalty | None
) -> Optimum:
    customers = float(patterns.weights.sum())
    objective = Objective(log_likelihood, patterns, centre, penalty, customers)
    theta, inverse, few = np.asarray(start, dtype=np.float64), None, None
    for size in _SAMPLES:
        if objective.total > 3 * size:
            few = Objective(log_likelihood, sample(patterns, size), centre, penalty, customers)
            theta, inverse = _quasi_newton(few, theta, inverse)
    if few is not None:
        return _newton(objective, theta, few.hessian(theta))
    theta, _ = _quasi_newton(objective, theta, None)
    return _newton(objective, theta, None)


def _quasi_newton(objective: Objective, theta: Array, inverse: Array | None) -> tuple[Array, Array]:
    options: dict[str, Any] = {"gtol": 1e-6, "maxiter": 300}
    if inverse is not None:
        options["hess_inv0"] = inverse
    found: Any = optimize.minimize(objective, theta, jac=True, method="BFGS", options=options)  # type: ignore[call-overload]
    inverse = np.asarray(found.hess_inv)
    inverse = (inverse + inverse.T) / 2
    if not np.all(np.linalg.eigvalsh(inverse) > 0):
        inverse = np.eye(len(theta))
    return np.asarray(found.x), inverse


def _newton(objective: Objective, theta: Array, hessian: Array | None) -> Optimum:
    """Newton steps until arrival; ``hessian`` is one of a sample to begin with, or None."""
    value, gradient = objective(theta)
    own = hessian is None
    if hessian is None:
        hessian = objective.hessian(theta)
    moved, before = 0.0, np.inf
    for _ in range(60):
        step, decrement = newton_step(hessian, gradient, objective.total)
        arrived = _AT_WALL if _leans(theta, objective.centre).any() else _ARRIVED
        near = decrement < arrived or (not own and float(np.abs(step).max()) < _MOVED)
        stale = not own or moved > _MOVED
        if stale and (near or decrement > _FAST * before):
            hessian, own, moved, before = objective.hessian(theta), True, 0.0, np.inf
            continue
        if near:
            break
        length = 1.0
        while length > 1e-4:
            trial, trial_gradient = objective(theta + length * step)
            # At the end the likelihood is flat to the last digit: then a smaller gradient counts as progress.
            if trial < value or np.abs(trial_gradient).max() < 0.9 * np.abs(gradient).max():
                break
            length /= 4
        else:
            if not stale:
                break
            before = 0.0
            continue
        if not own:
            hessian = updated(hessian, length * step, trial_gradient - gradient)
        theta, value, gradient = theta + length * step, trial, trial_gradient
        moved += length * float(np.abs(step).max())
        before = decrement
    return _ended(objective, theta, value, gradient, hessian)


def ended_at(
    log_likelihood: Callable[..., Any],
    patterns: Patterns,
    theta: Array,
    centre: Array,
    penalty: Penalty | None = None,
) -> Optimum:
    """What a search that ended at these log-parameters would have found there: no step is taken.

    ``decrement`` and ``step`` tell how far away the maximum is. The rest as of `maximize`.
    """
    objective = Objective(log_likelihood, patterns, centre, penalty, float(patterns.weights.sum()))
    value, gradient = objective(theta)
    return _ended(objective, theta, value, gradient, objective.hessian(theta))


def _ended(objective: Objective, theta: Array, value: float, gradient: Array, hessian: Array) -> Optimum:
    """The end of a search, in sums over customers and without the wall."""
    step, decrement = newton_step(hessian, gradient, objective.total)
    walled = _leans(theta, objective.centre)
    total, total_gradient, information = (
        -value * objective.total,
        -gradient * objective.total,
        hessian * objective.total,
    )
    if walled.any():  # the wall is no part of the likelihood
        total, total_gradient = objective.sums(theta)
        information = objective.information(theta)
    optimum = Optimum(
        theta,
        total,
        total_gradient,
        information,
        decrement,
        step,
        tuple(bool(w) for w in walled),
        objective.passes,
    )
    return optimum if objective.penalty is None else _apart(optimum, objective.penalty)


def _leans(theta: Array, centre: Array) -> Any:
    """Which log-parameters lean on the wall."""
    return np.abs(theta - centre) > WALL - _NEAR


def _apart(optimum: Optimum, penalty: Penalty) -> Optimum:
    """The likelihood of the data and the penalty, each by itself."""
    value, gradient = penalty(optimum.log_parameters)
    hessian = differences(lambda at: penalty(at)[1], optimum.log_parameters)
    if any(optimum.walled):  # then the sums are those of the likelihood already
        found = replace(optimum, gradient=optimum.gradient - gradient, hessian=optimum.hessian + hessian)
    else:
        found = replace(optimum, log_likelihood=optimum.log_likelihood + value)
    return replace(found, penalty=value, penalty_gradient=gradient, penalty_hessian=hessian)


def updated(hessian: Array, step: Array, change: Array) -> Array:
    """The BFGS update: what the gradient did along a step corrects the Hessian of a sample."""
    expected = hessian @ step
    if change @ step <= 0 or step @ expected <= 0:
        return hessian
    return np.asarray(
        hessian + np.outer(change, change) / (change @ step) - np.outer(expected, expected) / (step @ expected)
    )


def newton_step(hessian: Array, gradient: Array, total: float) -> tuple[Array, float]:
    """Step and decrement g'|H|⁻¹g of the sum; eigenvalues are taken positive, and a step is at most 2 long."""
    if not (np.all(np.isfinite(hessian)) and np.all(np.isfinite(gradient))):
        return np.zeros_like(gradient), np.inf
    values, vectors = np.linalg.eigh(hessian)
    values = np.maximum(np.abs(values), 1e-12 * max(1.0, float(np.abs(values).max())))
    along = vectors.T @ gradient
    step = -vectors @ (along / values)
    return step * min(1.0, 2.0 / max(float(np.linalg.norm(step)), 1e-300)), total * float(along @ (along / values))
