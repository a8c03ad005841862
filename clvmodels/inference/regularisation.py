"""What is taken off the log-likelihood of all customers: a penalty on log-parameters, prior densities of them.

With u_j = ln(θ_j / scale_j) it is l2_penalty · Σ_j u_j² − Σ_j ln π_j(u_j), the first sum over all parameters, the
second over those with a prior π_j. It is not divided by the number of customers: both weigh less the more there are.
The scales are 1 for pure numbers and one given length (or price) for the others, so that neither sum depends on the
unit.

Source: Hastie, Tibshirani & Friedman (2009), The Elements of Statistical Learning, sections 3.4.1 and 8.3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import InvalidInput
from ..numerics.arrays import Array

# log-parameters -> value and gradient
Penalty = Callable[[Array], tuple[float, Array]]

# SciPy's densities come without derivatives. Five points a thousandth of the interquartile range apart are exact for
# polynomials of degree four, and lose about three digits to rounding.
_STEP = 1e-3
NARROWEST = 1e-4  # beside sharper priors the curvature of all else would pass for rounding
_POINTS = np.array([0.0, -2.0, -1.0, 1.0, 2.0])
_SLOPE = np.array([0.0, 1.0, -8.0, 8.0, -1.0]) / 12


def penalty_of(log_scale: Array, l2_penalty: float, priors: Mapping[int, Any]) -> Penalty | None:
    """The function that is taken off, or None where nothing is; ``priors`` by the position of their parameter."""
    if not l2_penalty and not priors:
        return None
    spreads = {j: quantile(prior, 0.75) - quantile(prior, 0.25) for j, prior in priors.items()}

    def penalty(log_parameters: Array) -> tuple[float, Array]:
        u = log_parameters - log_scale
        value, gradient = l2_penalty * float(u @ u), 2 * l2_penalty * u
        for j, prior in priors.items():
            value -= float(prior.logpdf(u[j]))
            gradient[j] -= slope(prior.logpdf, float(u[j]), spreads[j])
        return value, gradient

    return penalty


def slope(log_density: Callable[[Array], Array], at: float, spread: float) -> float:
    """The derivative of a log density at a point, by differences; ``spread`` is the distance of its quartiles."""
    step = _STEP * spread
    return float(_SLOPE @ np.asarray(log_density(at + step * _POINTS), dtype=np.float64)) / step


def checked(names: Sequence[str], prior: Any, l2_penalty: Any) -> tuple[float, dict[int, Any]]:
    """The penalty's weight, and the priors by the position of their parameter.

    Raises
    ------
    InvalidInput
        If the weight is no finite number of at least 0, or a prior is no frozen continuous distribution of SciPy on
        the whole real line.
    """
    if isinstance(l2_penalty, bool) or not isinstance(l2_penalty, (int, float, np.integer, np.floating)):
        raise InvalidInput(f"l2_penalty must be a number of at least 0; found {str(l2_penalty)[:60]!r}")
    if not (np.isfinite(l2_penalty) and l2_penalty >= 0):
        raise InvalidInput(f"l2_penalty must be a finite number of at least 0; found {float(l2_penalty)!r}")
    if prior is None:
        return float(l2_penalty), {}
    if not isinstance(prior, Mapping):
        raise InvalidInput(
            f'prior must be a dict like {{"{names[0]}": scipy.stats.norm(0, 1)}}; found {type(prior).__name__}'
        )
    refuse_unknown(prior, names)
    for name, distribution in prior.items():
        low, high = check_distribution(name, distribution)
        if not (low == -np.inf and high == np.inf):
            raise InvalidInput(
                f"the prior of {name} is one of ln({name} / scale), so it must live on the whole real line; found "
                f"{name_of(distribution)} on ({low:g}, {high:g}): {_example(name)}"
            )
    return float(l2_penalty), {j: prior[name] for j, name in enumerate(names) if name in prior}


def refuse_unknown(prior: Mapping[str, Any], names: Sequence[str]) -> None:
    """Raise if priors are given for parameters that are not among the names."""
    unknown = [name for name in prior if name not in names]
    if unknown:
        raise InvalidInput(
            f"prior names parameters that the model does not have, {len(unknown)} of {len(prior)}, first "
            f"{str(unknown[0])[:40]!r}: its parameters are {', '.join(names)}"
        )


def name_of(prior: Any) -> str:
    """A distribution as it would be written: norm(0, 1)."""
    family = getattr(getattr(prior, "dist", None), "name", None)
    if family is None:
        return str(prior)[:80]
    given = [*(f"{v:g}" for v in prior.args), *(f"{k}={v:g}" for k, v in prior.kwds.items())]
    return f"{family}({', '.join(given)})"


def median(prior: Any) -> float:
    """Half of a prior lies below it."""
    return quantile(prior, 0.5)


def check_distribution(name: str, distribution: Any) -> tuple[float, float]:
    """The ends of the support of a frozen continuous distribution of SciPy; InvalidInput for anything else."""
    write = _example(name)
    needed = all(callable(getattr(distribution, what, None)) for what in ("logpdf", "support"))
    inverse = callable(getattr(distribution, "ppf", None)) or callable(getattr(distribution, "icdf", None))
    # an unfrozen one would answer too, as though its location were 0 and its scale 1
    if not needed or not inverse or hasattr(distribution, "shapes"):
        raise InvalidInput(
            f"the prior of {name} must be a frozen continuous distribution of scipy.stats; found "
            f"{str(distribution)[:60]}: {write}"
        )
    try:
        low, high = (float(end) for end in distribution.support())
        spread = quantile(distribution, 0.75) - quantile(distribution, 0.25)
    except (TypeError, ValueError):
        raise InvalidInput(f"the prior of {name} must be a distribution of one number: {write}") from None
    if not spread >= NARROWEST:  # or NaN
        raise InvalidInput(
            f"the quartiles of the prior of {name} must be at least {NARROWEST:g} apart; found "
            f"{name_of(distribution)}, {spread:g}: {write}"
        )
    return low, high


def _example(name: str) -> str:
    return f'write for example prior={{"{name}": scipy.stats.norm(0, 1)}}'


def quantile(distribution: Any, share: float) -> float:
    """The value that a prior lies below with probability ``share``."""
    of = distribution.ppf if hasattr(distribution, "ppf") else distribution.icdf
    return float(of(share))
