"""Fits a purchase family to a summary: from checked columns to parameters, their covariance and the report."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import frames
from ..errors import NotEnoughData
from ..families.contract import PurchaseFamily
from ..inference.covariance import curvature_of, gradients_squared, sandwich
from ..inference.fit_report import few_repeaters, judge
from ..inference.maximum_likelihood import Optimum, maximize
from ..inference.patterns import Patterns, merge
from ..inference.regularisation import Penalty
from ..numerics.arrays import Array
from . import scales, statistics
from .fitted import PROFILE_COLUMNS, Fitted, package_versions, profile_of

_MONEY = "monetary_value"


def fit_purchases(
    family: PurchaseFamily,
    frame: Any,
    unit: str,
    weights: Any,
    prior: Any = None,
    l2_penalty: float = 0.0,
    observation_length: Any = None,
    money: Any = None,
) -> Fitted:
    """Estimate the parameters of a family, in the given unit, by maximum likelihood, penalised if so asked.

    ``money`` is what `statistics.amounts_of` takes: the summary, which the profile has the mean spend from.
    """
    names, times = family.parameters, family.time_parameters
    weight, priors, needs_length = scales.checked_regularisation(names, times, prior, l2_penalty)
    columns = statistics.read(frame, family.statistics, family.time)
    statistics.refuse_duplicates(frame)
    known = statistics.weights_of(frame, weights)
    patterns = patterns_of(columns, known)
    repeaters = repeaters_of(family, patterns)
    remarks = []
    if "T" in columns and patterns.weights.sum() > 1 and np.ptp(columns["T"]) == 0:
        remarks.append(
            "all customers have the same T: parameters are less certain than with customers of different ages"
        )
    merged = dict(zip(columns, patterns.columns, strict=True))
    scale, source = 1.0, ""
    if needs_length:
        scale, source = scales.observation_length(frame, unit, observation_length, merged.get("T"))
    penalty, regularisation = scales.regularisation_of(names, times, scale, source, weight, priors)
    centre = centre_of(family, columns)
    start = np.log(family.start(*patterns.columns, weights=patterns.weights))
    optimum, robust_covariance = estimate(family.log_likelihood, patterns, start, centre, penalty)
    report, covariance = judge(
        optimum,
        names,
        family.limits,
        centre,
        n_customers=float(patterns.weights.sum()),
        n_repeaters=repeaters,
        n_patterns=len(patterns.weights),
        reasons=few_repeaters(repeaters),
        remarks=remarks,
        regularisation=regularisation,
    )
    values = np.exp(optimum.log_parameters)
    there = frames.column_names(frame)
    others = [name for name in PROFILE_COLUMNS if name in there and name not in columns and name != _MONEY]
    more = {name: (frames.numeric(frame, name), known) for name in others}
    amounts = None if _MONEY in columns else statistics.amounts_of(money, known)
    more |= {} if amounts is None else {_MONEY: amounts}
    return Fitted(
        parameters=dict(zip(names, (float(v) for v in values), strict=True)),
        covariance=covariance,
        report=report,
        facts={**frames.read_facts(frame), "time_unit": unit},
        profile=profile_of(merged, patterns.weights, more, report.log_likelihood),
        versions=package_versions(),
        robust_covariance=robust_covariance,
    )


def estimate(
    log_likelihood: Callable[..., Any], patterns: Patterns, start: Array, centre: Array, penalty: Penalty | None
) -> tuple[Optimum, Array]:
    """The optimum, and the robust covariance of the log-parameters there."""
    with np.errstate(over="ignore", under="ignore"):
        optimum = maximize(log_likelihood, patterns, start, centre, penalty)
        curvature = curvature_of(optimum.hessian, optimum.walled)
        if not curvature.computed:
            return optimum, np.full_like(optimum.hessian, np.nan)
        products = gradients_squared(log_likelihood, patterns, optimum.log_parameters, optimum.penalty_gradient)
    return optimum, sandwich(curvature, products)


def centre_of(family: PurchaseFamily, columns: dict[str, Array]) -> Array:
    """The natural scale of the log-parameters, from where the search measures what is absurdly far."""
    log_length = math.log(_longest_observation(columns))
    return np.array([log_length if name in family.time_parameters else 0.0 for name in family.parameters])


def _longest_observation(columns: dict[str, Array]) -> float:
    if "T" not in columns:
        return 1.0
    length = float(columns["T"].max())
    if length == 0:
        raise NotEnoughData(
            f"all {len(columns['T'])} customers were observed for no time at all (T = 0): nothing can be learnt about "
            "their pace. Use a later observation_end"
        )
    return length


def patterns_of(columns: dict[str, Array], weights: Array | None) -> Patterns:
    """Distinct rows of checked columns with their weights; rows of weight 0 count for nothing."""
    rows = list(columns.values())
    if weights is not None:
        kept = weights > 0
        rows, weights = [row[kept] for row in rows], weights[kept]
    if not len(rows[0]):
        raise NotEnoughData("there is no customer to fit: expected a summary with at least one row")
    return merge(rows, weights)


def repeaters_of(family: PurchaseFamily, patterns: Patterns) -> float:
    """How many customers came back; nobody is an error."""
    if "frequency" not in family.statistics:
        return float(patterns.weights.sum())
    frequency = patterns.columns[family.statistics.index("frequency")]
    repeaters = float(patterns.weights[frequency > 0].sum())
    if repeaters == 0:
        raise NotEnoughData(
            f"nobody came back: all {patterns.weights.sum():g} customers have frequency 0, so there is no purchase "
            "rate to learn. Use a longer log, or check that customer_id really repeats"
        )
    return repeaters
