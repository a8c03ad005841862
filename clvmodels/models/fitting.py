"""Fits a purchase family to a summary: from checked columns to parameters, their covariance and the report."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import frames
from ..errors import NotEnoughData
from ..families.contract import PurchaseFamily
from ..inference.fit_report import few_repeaters, judge
from ..inference.maximum_likelihood import maximize
from ..inference.patterns import Patterns, merge
from ..numerics.arrays import Array
from . import statistics
from .fitted import PROFILE_COLUMNS, Fitted, package_versions, profile_of


def fit_purchases(family: PurchaseFamily, frame: Any, unit: str, weights: Any) -> Fitted:
    """Estimate the parameters of a family, in the given unit, by maximum likelihood."""
    columns = statistics.read(frame, family.statistics, family.time)
    statistics.refuse_duplicates(frame)
    patterns = patterns_of(columns, statistics.weights_of(frame, weights))
    repeaters = _repeaters(family, patterns)
    remarks = []
    if "T" in columns and len(columns["T"]) > 1 and np.ptp(columns["T"]) == 0:
        remarks.append(
            "all customers have the same T: parameters are less certain than with customers of different ages"
        )
    length = _observation_length(columns)
    centre = np.array([math.log(length) if name in family.time_parameters else 0.0 for name in family.parameters])
    start = np.log(family.start(*patterns.columns, weights=patterns.weights))
    with np.errstate(over="ignore", under="ignore"):
        optimum = maximize(family.log_likelihood, patterns, start, centre)
    report, covariance = judge(
        optimum,
        family.parameters,
        family.limits,
        centre,
        n_customers=float(patterns.weights.sum()),
        n_repeaters=repeaters,
        n_patterns=len(patterns.weights),
        reasons=few_repeaters(repeaters),
        remarks=remarks,
    )
    values = np.exp(optimum.log_parameters)
    names = frames.column_names(frame)
    more = {name: frames.numeric(frame, name) for name in PROFILE_COLUMNS if name in names and name not in columns}
    merged = dict(zip(columns, patterns.columns, strict=True))
    return Fitted(
        parameters=dict(zip(family.parameters, (float(v) for v in values), strict=True)),
        covariance=covariance,
        report=report,
        facts={**frames.read_facts(frame), "time_unit": unit},
        profile=profile_of(merged, patterns.weights, more, report.log_likelihood),
        versions=package_versions(),
    )


def _observation_length(columns: dict[str, Array]) -> float:
    """The natural scale of times: the longest observation."""
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


def _repeaters(family: PurchaseFamily, patterns: Patterns) -> float:
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
