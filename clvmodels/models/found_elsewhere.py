"""Parameters that another program found: what they are worth on the rows that it found them on.

Nothing is estimated. The curvature of the likelihood at these parameters gives their errors, and a Newton step says how
many standard errors they are from its maximum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..families.contract import PurchaseFamily, SpendFamily
from ..inference.covariance import curvature_of, gradients_squared, sandwich
from ..inference.fit_report import few_repeaters, judge
from ..inference.independence import spend_frequency_correlation
from ..inference.maximum_likelihood import ended_at
from ..inference.patterns import Patterns
from ..inference.regularisation import Penalty
from ..numerics.arrays import Array
from . import statistics
from .fitted import Fitted, package_versions, profile_of
from .fitting import centre_of, patterns_of, repeaters_of
from .spend import SpendModel, paying_repeaters

_CLOSE = 0.1  # standard errors: an interval of 95 % is then right to a fortieth of its width


def fitted_purchases(
    family: PurchaseFamily,
    frame: Any,
    weights: Any,
    parameters: Mapping[str, float],
    penalty: Penalty | None = None,
    regularisation: str | None = None,
) -> Fitted:
    """What a fit would have left behind, had it ended at these parameters.

    Parameters
    ----------
    family, frame, weights
        As of `PurchaseModel.fit`.
    parameters
        Checked ones, in the family's order.
    penalty, regularisation
        What the other program took off the log-likelihood, and the same in words.

    Raises
    ------
    InvalidInput, NotEnoughData
        As `PurchaseModel.fit` does for the rows.
    """
    columns = statistics.read(frame, family.statistics, family.time)
    patterns = patterns_of(columns, statistics.weights_of(frame, weights))
    repeaters = repeaters_of(family, patterns)
    centre = centre_of(family, columns)
    return _judged(family, patterns, centre, parameters, penalty, n_repeaters=repeaters, regularisation=regularisation)


def fitted_spend(
    family: SpendFamily,
    frame: Any,
    weights: Any,
    parameters: Mapping[str, float],
    penalty: Penalty | None = None,
    regularisation: str | None = None,
) -> Fitted:
    """The same for a spend family, as of `SpendModel.fit`."""
    columns = statistics.read(frame, family.statistics)
    patterns, _ = paying_repeaters(columns, statistics.weights_of(frame, weights))
    model, (x, m) = SpendModel(family), patterns.columns
    correlation, p_value = spend_frequency_correlation(x, m, patterns.weights)
    return _judged(
        family,
        patterns,
        model._centre(patterns),
        parameters,
        penalty,
        n_repeaters=float(patterns.weights.sum()),
        advice=model._advice(tuple(parameters.values()), correlation, p_value),
        frequency_correlation=correlation,
        frequency_correlation_p_value=p_value,
        regularisation=regularisation,
    )


def _judged(
    family: PurchaseFamily | SpendFamily,
    patterns: Patterns,
    centre: Array,
    parameters: Mapping[str, float],
    penalty: Penalty | None,
    *,
    n_repeaters: float,
    advice: Sequence[str] = (),
    **told: Any,
) -> Fitted:
    theta = np.log(np.array(list(parameters.values())))
    with np.errstate(over="ignore", under="ignore"):
        optimum = ended_at(family.log_likelihood, patterns, theta, centre, penalty)
        products = gradients_squared(family.log_likelihood, patterns, theta, optimum.penalty_gradient)
        robust = sandwich(curvature_of(optimum.hessian, optimum.walled), products)
    distance = float(np.sqrt(optimum.decrement))
    off = "" if penalty is None else " less the penalty"
    away = (
        f"the parameters come from elsewhere; they are {distance:.2g} standard errors from the maximum of the "
        f"likelihood{off}"
    )
    report, covariance = judge(
        # judged by its own distance, and not as a search that stopped
        replace(optimum, decrement=0.0, step=np.zeros_like(theta)),
        family.parameters,
        family.limits,
        centre,
        n_customers=float(patterns.weights.sum()),
        n_repeaters=n_repeaters,
        n_patterns=len(patterns.weights),
        reasons=few_repeaters(n_repeaters),
        remarks=advice,
        **told,
    )
    report = replace(report, newton_decrement=optimum.decrement, warnings=(away, *report.warnings))
    if not distance < _CLOSE:
        verdict = f"Do not trust this fit as it is: {away}. Fit the model again."
        report = replace(report, converged=False, verdict=verdict)
    columns = dict(zip(family.statistics, patterns.columns, strict=True))
    return Fitted(
        parameters=dict(parameters),
        covariance=covariance,
        report=report,
        profile=profile_of(columns, patterns.weights, {}, report.log_likelihood),
        versions=package_versions(),
        robust_covariance=robust,
    )
