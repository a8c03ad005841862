"""Parameters that minimise what lifetimes minimises, found by this package's optimiser.

With K = Σ w customers (or the mean weight, for Pareto/NBD) and time in units in which the largest T is 1 it is

    −(1/K) · Σ w ln L + penalizer_coef · Σ_j θ_j²

Both are functions of the parameters in the caller's own unit: time rescaled by c shifts ln L by −x·ln c, and a
parameter that is a time becomes c·θ.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ....families.contract import PurchaseFamily, SpendFamily
from ....inference.covariance import classical, curvature_of
from ....inference.fit_report import FitReport, judge
from ....inference.maximum_likelihood import maximize
from ....inference.patterns import Patterns
from ....inference.regularisation import Penalty
from ....models.fitting import centre_of
from ....numerics.arrays import Array


@dataclass(frozen=True)
class Estimate:
    """What a fit found: parameters in the caller's unit, lifetimes' objective there, covariance of log-parameters."""

    parameters: Array
    objective: float
    log_covariance: Array
    report: FitReport
    hessian: Array  # of the objective, in the log-parameters


def estimate(
    family: PurchaseFamily | SpendFamily,
    patterns: Patterns,
    *,
    repeaters: float,
    penalizer_coef: float,
    divisor: float,
    scales: Array,
    log_likelihood_shift: float = 0.0,
) -> Estimate:
    """Minimise lifetimes' objective.

    Parameters
    ----------
    family, patterns
        The model, and distinct rows with their weights.
    repeaters
        How many customers came back, for the report.
    penalizer_coef
        The weight of Σ θ², in lifetimes' unit of time.
    divisor
        K: what the sum over customers is divided by.
    scales
        What each parameter is multiplied with to be in lifetimes' unit.
    log_likelihood_shift
        Σ w ln L in lifetimes' unit less the same in the caller's.
    """
    centre = _centre_of(family, patterns)
    start = np.log(family.start(*patterns.columns, weights=patterns.weights))
    penalty = square_penalty(penalizer_coef * divisor, scales) if penalizer_coef else None

    with np.errstate(over="ignore", under="ignore"):
        optimum = maximize(family.log_likelihood, patterns, start, centre, penalty)
    report, _ = judge(
        optimum,
        family.parameters,
        family.limits,
        centre,
        n_customers=float(patterns.weights.sum()),
        n_repeaters=repeaters,
        n_patterns=len(patterns.weights),
    )
    total = optimum.log_likelihood + log_likelihood_shift - optimum.penalty
    covariance = classical(curvature_of(optimum.hessian, optimum.walled))
    return Estimate(np.exp(optimum.log_parameters), -total / divisor, covariance, report, optimum.hessian / divisor)


def _centre_of(family: PurchaseFamily | SpendFamily, patterns: Patterns) -> Array:
    """The natural scale of the log-parameters: for times that of a native fit, for money the middle of it."""
    if isinstance(family, PurchaseFamily):
        return centre_of(family, dict(zip(family.statistics, patterns.columns, strict=True)))
    size = math.log(float(np.median(patterns.columns[-1])))
    return np.array([size if name in family.money_parameters else 0.0 for name in family.parameters])


def square_penalty(weight: float, scales: Sequence[float] | Array) -> Penalty:
    """``weight`` · Σ (scale·θ)² and its gradient in ln θ."""
    scales = np.asarray(scales, dtype=np.float64)

    def penalty(log_parameters: Array) -> tuple[float, Array]:
        squares = (scales * np.exp(log_parameters)) ** 2
        return weight * float(squares.sum()), 2 * weight * squares

    return penalty


def say(found: Estimate) -> None:
    """Print how a fit went, which ``verbose=True`` asks for."""
    report = found.report
    sys.stdout.write(f"{report.verdict}\n  objective {found.objective:f}, passes over all customers {report.passes}\n")
