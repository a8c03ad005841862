"""Two models of the same customers: Vuong's test for those that are not nested, a bootstrap for those that are.

Sources: Vuong (1989), "Likelihood Ratio Tests for Model Selection and Non-Nested Hypotheses", Econometrica 57(2),
307-333, equation 5.6; McLachlan (1987), "On Bootstrapping the Likelihood Ratio Test Statistic for the Number of
Components in a Normal Mixture", Applied Statistics 36(3), 318-324; Davison & Hinkley (1997), Bootstrap Methods and
their Application, section 4.2 (the p-value).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import optimize, special

from ..numerics.arrays import Array, map_blocks
from .maximum_likelihood import Objective
from .patterns import Patterns, merge

_ALIKE = 1e-9  # likelihoods of customers that differ by less than this differ by rounding
# Where the likelihood of the larger model flattens towards its boundary the search ends a little early, in the data as
# in the simulated worlds: statistics this near one another are ties, and a tie counts against rejecting.
TIE = 0.01


def values_of(log_likelihood: Callable[..., Any], columns: Sequence[Array], parameters: Sequence[float]) -> Array:
    """Log-likelihood of each row."""

    def block(*statistics: Array) -> Array:
        return np.asarray(log_likelihood(*statistics, *parameters)[0])

    return np.concatenate(map_blocks(block, columns, len(columns[0])))


def vuong(one: Array, other: Array, weights: Array) -> tuple[float, float] | None:
    """z = Σ w d / √(n Var d) of the differences d = one − other, n = Σ w, and its two-sided p-value.

    Standard normal if the two models are equally near the truth, not nested, and differ; z > 0 favours the first. None
    where they give every customer the same likelihood. Nothing is taken off for numbers of parameters.
    """
    difference, n = one - other, float(np.sum(weights))
    mean = float(np.sum(weights * difference)) / n
    variance = float(np.sum(weights * (difference - mean) ** 2)) / n
    if math.sqrt(variance) <= _ALIKE * max(1.0, float(np.abs(one).max())):
        return None
    z = mean * math.sqrt(n / variance)
    return z, float(2 * special.ndtr(-abs(z)))


def highest(log_likelihood: Callable[..., Any], patterns: Patterns, starts: Sequence[Array], centre: Array) -> float:
    """The highest log-likelihood that is reached from any of the starts, to a hundredth or so."""
    objective = Objective(log_likelihood, patterns, centre)
    best = -math.inf
    for start in starts:
        found: Any = optimize.minimize(
            objective,
            start,
            jac=True,
            method="BFGS",
            options={"gtol": 1e-6},
        )
        best = max(best, objective.sums(found.x)[0])
    return best


def simulated_statistics(
    generator: np.random.Generator, simulate: Callable[..., Any], T: Array, parameters: Sequence[float]
) -> Patterns | None:
    """Frequency, recency and T of one simulated world, in continuous time; None if nobody came back."""
    owner, times = simulate(generator, T, *parameters)
    if not len(owner):
        return None
    recency = np.zeros(len(T))
    recency[owner] = times  # times rise within each customer, and the last one stays
    return merge([np.bincount(owner, minlength=len(T)).astype(np.float64), recency, T])


def bootstrap_p_value(statistic: float, simulated: Array) -> float:
    """(1 + number of simulated statistics that reach the observed one)/(1 + number simulated); never 0."""
    return (1 + int(np.sum(simulated >= statistic - TIE))) / (1 + len(simulated))
