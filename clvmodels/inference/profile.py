"""The profile likelihood of one parameter: the log-likelihood maximised over all others, and an interval from it.

Where 2 (max ln L − ln L_profile(θ)) stays below the χ²₁ quantile of the level, θ is in the interval. It needs no
standard error and follows a likelihood that is lopsided or never falls off.

Along the curve each maximum starts from its neighbour's, with the neighbour's Hessian, which BFGS updates keep in
step: a few passes a point.

Source: Venzon & Moolgavkar (1988), Applied Statistics 37(1), 87-94; Pawitan (2001), In All Likelihood, section 3.4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import optimize, special

from ..numerics.arrays import Array
from .covariance import curvature_of
from .maximum_likelihood import WALL, Objective, Optimum, differences, maximize, newton_step, updated
from .patterns import Patterns

_POINTS = 21
_WIDE = 3.5  # standard errors either way
_BEYOND = 1.25  # how far past an interval's end the curve is drawn
_LEAST, _MOST = 1e-3, 3.0  # the first step outwards, in log-parameters
_EXACT = 1e-7  # ends of the interval, in log-parameters
_FAR = 6.0  # a log-parameter this far from its natural scale is on its way out
_HIGHER = 1e-5  # in the log-likelihood of all
_ARRIVED = 1e-11  # Newton decrement, in the log-likelihood of all
_WITHIN = WALL - 0.5  # the wall is no part of the likelihood: nothing is asked beyond


class Curve(NamedTuple):
    """Log-parameters (rows, a column each) with the maximised log-likelihood; the interval of one of them, open ends
    infinite; the overall maximum, and how much higher it is than where the search from the start ended."""

    log_parameters: Array
    log_likelihood: Array
    interval: tuple[float, float]
    highest: float
    gained: float = 0.0


class _Point(NamedTuple):
    theta: Array
    value: float  # of the log-likelihood, summed
    hessian: Array  # of the others, of the mean


def profile(
    log_likelihood: Callable[..., Any],
    patterns: Patterns,
    start: Array,
    centre: Array,
    which: int,
    level: float,
    at: Sequence[float] | None,
) -> Curve:
    """Profile one log-parameter.

    Parameters
    ----------
    log_likelihood, patterns, start, centre
        As for `maximize`.
    which
        The parameter's position.
    level
        Of the interval, between 0 and 1.
    at
        Log-parameters to give the curve at, in any order; None for 21 of them, 3.5 standard errors or the interval and
        a quarter more to either side.
    """
    first = maximize(log_likelihood, patterns, start, centre)
    optimum = first
    for _ in range(3):
        curve, summit = _walked(Objective(log_likelihood, patterns, centre), optimum, start, which, level, at)
        if summit.value < optimum.log_likelihood + _HIGHER:
            break
        # The walk came to higher ground than the search before it, and begins again from there.
        optimum = maximize(log_likelihood, patterns, summit.theta, centre)
    return curve._replace(gained=max(curve.highest - first.log_likelihood, 0.0))


def _walked(
    objective: Objective, optimum: Optimum, home: Array, which: int, level: float, at: Sequence[float] | None
) -> tuple[Curve, _Point]:
    """The curve around an optimum, and the highest point met."""
    path = _Path(objective, which, optimum.log_parameters, optimum.hessian, home)
    cut = float(special.chdtri(1, 1 - level)) / 2
    variance = curvature_of(optimum.hessian, optimum.walled).inverse[which, which]
    error = float(np.clip(np.sqrt(variance) if variance > 0 else 1.0, _LEAST, _MOST))
    ends = tuple(path.end(side, error * np.sqrt(2 * cut), cut) for side in (-1, 1))
    if at is None:
        best = path.best
        reach = [
            min(max(_WIDE * error, _BEYOND * abs(end - best)) if np.isfinite(end) else path.room(side), path.room(side))
            for side, end in zip((-1, 1), ends, strict=True)
        ]
        half = _POINTS // 2
        at = [
            *(best - reach[0] * np.arange(half, 0, -1) / half),
            best,
            *(best + reach[1] * np.arange(1, half + 1) / half),
        ]
    # outwards, so that each point has a neighbour
    points = {u: path.solve(u) for u in sorted(set(at), key=lambda u: abs(u - path.best))}
    summit = max(path.points, key=lambda point: point.value)
    curve = Curve(
        np.array([points[u].theta for u in at]),
        np.array([points[u].value for u in at]),
        (float(ends[0]), float(ends[1])),
        max(optimum.log_likelihood, summit.value),
    )
    return curve, summit


class _Path:
    """Maxima over the other parameters, each found from the nearest one known."""

    def __init__(self, objective: Objective, which: int, theta: Array, hessian: Array, home: Array) -> None:
        self.objective, self.which, self.home = objective, which, home
        self.others = np.arange(len(theta)) != which
        mean = hessian / objective.total
        self.best = float(theta[which])
        self.points = [_Point(theta, objective.sums(theta)[0], mean[np.ix_(self.others, self.others)])]

    def room(self, side: int) -> float:
        """How far a log-parameter may go before the wall."""
        return max(_WITHIN + side * (float(self.objective.centre[self.which]) - self.best), 0.0)

    def solve(self, u: float) -> _Point:
        """The maximum over the others at log-parameter ``u``."""
        for point in self.points:
            if point.theta[self.which] == u:
                return point
        near = min(self.points, key=lambda point: abs(point.theta[self.which] - u))
        found = self._climb(self._ahead(near, u), near.hessian)
        if np.any(np.abs(found.theta - self.objective.centre)[self.others] > _FAR):
            # Far out on a ridge the slope says nothing of a summit nearer home.
            again = self._from_home(u)
            found = again if again.value > found.value else found
        self.points.append(found)
        return found

    def _ahead(self, near: _Point, u: float) -> Array:
        """From the nearest point on along the line through another one, not too close to it."""
        at = near.theta[self.which]
        others = [p for p in self.points if abs(p.theta[self.which] - at) > max(1e-4, 0.2 * abs(u - at))]
        theta = near.theta.copy()
        if others:
            other = min(others, key=lambda p: abs(p.theta[self.which] - at))
            theta += (near.theta - other.theta) * (u - at) / (at - other.theta[self.which])
        theta[self.which] = u
        return theta

    def _climb(self, theta: Array, hessian: Array) -> _Point:
        objective, others = self.objective, self.others
        if not others.any():
            return _Point(theta, -objective(theta)[0] * objective.total, hessian)
        value, gradient = objective(theta)
        fresh = False
        for _ in range(100):
            step, decrement = newton_step(hessian, gradient[others], objective.total)
            if decrement < _ARRIVED:
                break
            length, move = 1.0, np.zeros_like(theta)
            while length > 1e-4:
                move[others] = length * step
                trial, trial_gradient = objective(theta + move)
                if trial < value:
                    break
                length /= 4
            else:
                if fresh:
                    break  # flat to the last digit
                hessian, fresh = self._hessian(theta), True
                continue
            hessian = updated(hessian, length * step, (trial_gradient - gradient)[others])
            theta, value, gradient, fresh = theta + move, trial, trial_gradient, False
        return _Point(theta, objective.sums(theta)[0] if self._walled(theta) else -value * objective.total, hessian)

    def _from_home(self, u: float) -> _Point:
        theta = self.home.copy()
        theta[self.which] = u

        def objective(others: Array) -> tuple[float, Array]:
            theta[self.others] = others
            value, gradient = self.objective(theta)
            return value, gradient[self.others]

        found: Any = optimize.minimize(objective, theta[self.others], jac=True, method="BFGS", options={"gtol": 1e-6})
        theta[self.others] = found.x
        return self._climb(theta, self._hessian(theta))

    def _hessian(self, theta: Array) -> Array:
        def gradient(others: Array) -> Array:
            moved = theta.copy()
            moved[self.others] = others
            return np.asarray(self.objective(moved)[1][self.others])

        return differences(gradient, theta[self.others])

    def _walled(self, theta: Array) -> bool:
        return bool(np.any(np.abs(theta - self.objective.centre) > WALL))

    def end(self, side: int, step: float, cut: float) -> float:
        """Where the curve has fallen by ``cut``, a log-parameter; infinite if it never does before the wall."""
        room, inside, outside = self.room(side), 0.0, min(step, self.room(side))
        highest = self.points[0].value

        def above(distance: float) -> float:
            # the signed root is all but straight, so that a search along it needs few steps
            fallen = max(highest - self.solve(self.best + side * distance).value, 0.0)
            return float(np.sqrt(fallen) - np.sqrt(cut))

        while above(outside) < 0:
            if outside >= room:
                return side * np.inf
            inside, outside = outside, min(outside + max(step, 0.5 * outside), room)
        return self.best + side * float(optimize.brentq(above, inside, outside, xtol=_EXACT, rtol=1e-12))
