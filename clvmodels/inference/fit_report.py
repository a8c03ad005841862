"""What a fit found and whether to trust it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..families.contract import Limit
from ..numerics.arrays import Array
from . import looks
from .covariance import Curvature, classical, curvature_of
from .maximum_likelihood import Optimum

_FEWEST_REPEATERS = 10
_ARRIVED = 1e-6  # Newton decrement: a thousandth of a standard error
_STILL = 1e-3  # longest Newton step in a log-parameter
_FAR = 6.0  # a log-parameter this far from its natural scale (a factor of 400) is on its way out
_LOOSE = 3.0  # a standard error of a log-parameter that leaves it open by a factor of twenty either way


@dataclass(frozen=True)
class FitReport:
    """How a fit went.

    Attributes
    ----------
    converged
        True if the optimum was reached and is inside the range of sensible parameters.
    verdict
        One sentence: trust it, or why not.
    log_likelihood, aic, bic
        Of all customers; AIC = 2k − 2 LL, BIC = k ln n − 2 LL with n = ``n_customers``, the sum of the weights. LL is
        that of the data alone, also where a penalty or prior kept it from its maximum.
    n_customers, n_repeaters, n_patterns
        Customers (the sum of weights), those with a repeat purchase, and distinct rows.
    gradient_norm
        Largest derivative of the mean log-likelihood (less the penalty) in a log-parameter.
    newton_decrement
        Squared distance to the optimum in standard errors.
    hessian_condition
        Ratio of the largest to the smallest curvature; inf if a direction is flat.
    passes
        How often the likelihood of all customers was computed.
    warnings
        What to know and what to do about it.
    frequency_correlation, frequency_correlation_p_value
        Spend models: Pearson correlation of frequency and mean spend over the repeaters, and its p-value.
    penalty
        What a penalty and the ln densities of priors took off the log-likelihood at the optimum; 0 without either.
    regularisation
        What was taken off, around which centre and on which scale; None for nothing.

    Examples
    --------
    >>> import clvmodels as clv
    >>> known = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    >>> report = clv.PurchaseModel("nbd").fit(known.simulate(500, observation=39, seed=1).summary).fit_report
    >>> report.converged, report.newton_decrement < 1e-6
    (True, True)
    >>> print(report)
    The fit has converged.
    log-likelihood -2426.996, AIC 4857.99, BIC 4866.42; 500 customers, 218 of them repeaters
    - all customers have the same T: parameters are less certain than with customers of different ages
    """

    converged: bool
    verdict: str
    log_likelihood: float
    aic: float
    bic: float
    n_customers: float
    n_repeaters: float
    n_patterns: int
    gradient_norm: float
    newton_decrement: float
    hessian_condition: float
    passes: int
    warnings: tuple[str, ...]
    frequency_correlation: float | None = None
    frequency_correlation_p_value: float | None = None
    penalty: float = 0.0
    regularisation: str | None = None

    def __str__(self) -> str:
        lines = [
            self.verdict,
            f"log-likelihood {self.log_likelihood:.3f}, AIC {self.aic:.2f}, BIC {self.bic:.2f}; "
            f"{self.n_customers:g} customers, {self.n_repeaters:g} of them repeaters",
            *([] if self.regularisation is None else [f"regularised by {self.regularisation}"]),
            *(f"- {warning}" for warning in self.warnings),
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return looks.fit_report(self)


def judge(
    optimum: Optimum,
    names: Sequence[str],
    limits: Sequence[Limit],
    centre: Array,
    *,
    n_customers: float,
    n_repeaters: float,
    n_patterns: int,
    reasons: Sequence[str] = (),
    remarks: Sequence[str] = (),
    frequency_correlation: float | None = None,
    frequency_correlation_p_value: float | None = None,
    regularisation: str | None = None,
) -> tuple[FitReport, Array]:
    """Write the report, and the covariance of the log-parameters (NaN where it is not to be had).

    ``reasons`` are known before the fit and speak against trusting it; ``remarks`` are worth knowing and do not. Where
    a prior or penalty brings most of what is known of a direction, it says so, and few data are no reason any more.
    """
    curvature = curvature_of(optimum.hessian, optimum.walled)
    covariance = classical(curvature)
    arrived = optimum.decrement < _ARRIVED and float(np.abs(optimum.step).max()) < _STILL
    runaway = any(optimum.walled) or not curvature.definite or bool(np.any(np.diag(covariance) > _LOOSE**2))

    reasons, remarks = list(reasons), list(remarks)
    decided = _decided_by_the_prior(optimum, curvature, names)
    if decided is not None:
        reasons, remarks = [], [decided, *reasons, *remarks]
    if not curvature.computed:
        reasons.append("the likelihood cannot be computed for these data: check the summary for extreme values")
    elif runaway:
        reasons.append(_running_off(optimum, names, limits, centre, curvature.directions[:, 0]))
    elif not arrived:
        reasons.append(
            f"the search stopped {optimum.decrement**0.5:.2g} standard errors from the optimum: "
            "check the summary for extreme values, or report the case"
        )
    k = len(names)
    report = FitReport(
        converged=not reasons,
        verdict="The fit has converged." if not reasons else f"Do not trust this fit as it is: {reasons[0]}.",
        log_likelihood=optimum.log_likelihood,
        aic=2 * k - 2 * optimum.log_likelihood,
        bic=k * float(np.log(n_customers)) - 2 * optimum.log_likelihood,
        n_customers=n_customers,
        n_repeaters=n_repeaters,
        n_patterns=n_patterns,
        gradient_norm=float(np.abs(optimum.gradient).max()) / n_customers,
        newton_decrement=optimum.decrement,
        hessian_condition=float(curvature.values[-1] / curvature.values[0]) if curvature.definite else float("inf"),
        passes=optimum.passes,
        warnings=(*reasons, *remarks),
        frequency_correlation=frequency_correlation,
        frequency_correlation_p_value=frequency_correlation_p_value,
        penalty=optimum.penalty,
        regularisation=regularisation,
    )
    return report, covariance


def _decided_by_the_prior(optimum: Optimum, curvature: Curvature, names: Sequence[str]) -> str | None:
    """Whether more than half of the information in some direction is the penalty's, and which parameters lie in it."""
    if optimum.penalty_hessian is None or not (curvature.computed and curvature.definite):
        return None
    # with the whole information as the unit, the penalty's part of it
    root = curvature.directions / np.sqrt(curvature.values)
    share, directions = np.linalg.eigh(root.T @ optimum.penalty_hessian @ root)
    if share[-1] <= 0.5:
        return None
    leaning = np.abs(optimum.penalty_hessian @ root @ directions[:, -1])  # what pulls, not what moves along
    those = [name for name, part in zip(names, leaning / leaning.max(), strict=True) if part > 0.3]
    return (
        f"the prior or penalty, not the data, decides {' and '.join(those)}: it brings "
        f"{min(share[-1], 1.0):.0%} of the information in one direction"
    )


def few_repeaters(n_repeaters: float) -> list[str]:
    """The reason that holds with fewer than ten repeaters."""
    if n_repeaters >= _FEWEST_REPEATERS:
        return []
    came = f"only {n_repeaters:g} customer{'' if n_repeaters == 1 else 's'} ever came back"
    enough = f"expected at least {_FEWEST_REPEATERS}"
    return [f"{came}, too few to learn from ({enough}): use a longer log or more customers"]


def _running_off(
    optimum: Optimum, names: Sequence[str], limits: Sequence[Limit], centre: Array, flattest: Array
) -> str:
    """Which parameters run off, what that means and what to do."""
    far = optimum.log_parameters - centre
    # What has gone far from its natural scale, or else the way the likelihood does not care about, taken outwards.
    gone = np.where(np.abs(far) > _FAR, far, 0.0)
    away = gone if gone.any() else flattest * np.sign(flattest @ far or 1.0)
    away = away / np.linalg.norm(away)

    def agreement(limit: Limit) -> float:
        signs = np.array([limit.towards.get(name, 0) for name in names], dtype=np.float64)
        return float(away @ signs / np.linalg.norm(signs))

    best = max(limits, key=agreement, default=None)
    if best is not None and agreement(best) > 0.6:
        return f"{best.meaning} ({best.advice})"
    moving = [
        f"{name} {'grows without bound' if part > 0 else 'shrinks to 0'}"
        for name, part in zip(names, away, strict=True)
        if abs(part) > 0.3
    ]
    return f"{' and '.join(moving)}: the data do not determine them (use more customers, a longer log or fixed values)"
