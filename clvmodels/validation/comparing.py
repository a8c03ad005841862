"""The tables of scores: every metric of every forecaster with its error, and models set against all others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..numerics.arrays import Array
from .metrics.catalogue import METRICS, Metric, arrays_for, shortfall, value_of
from .metrics.resampling import Difference, error_of_mean, paired, resampled, scatter, standard_errors, z_test

LEVEL = 0.05  # two-sided, at which a difference counts as more than chance
LEADING = [metric for metric in METRICS.values() if metric.leads]
_SPEND = [METRICS[name] for name in ("spend_bias_ratio", "spend_spearman", "spend_top_decile_capture")]

Held = Mapping[str, Mapping[str, Any]]  # forecaster -> array -> one entry a customer
Drawn = Mapping[tuple[str, str], Array]  # forecaster and metric -> its values on resamples


def scores_of(arrays: Held, kinds: Mapping[str, str]) -> pd.DataFrame:
    """Every metric of every forecaster, missing where one lacks what it needs: model, kind, metric, value."""
    rows = [
        (name, kinds[name], metric.name, value_of(metric, held))
        for name, held in arrays.items()
        for metric in asked(arrays)
    ]
    return pd.DataFrame(rows, columns=["model", "kind", "metric", "value"])


def asked(arrays: Held) -> list[Metric]:
    """Metrics that anybody can have; without money none is asked of it."""
    return [
        metric for metric in METRICS.values() if any(arrays_for(metric, held) is not None for held in arrays.values())
    ]


def drawn_values(arrays: Held, n_resamples: int, seed: int) -> Drawn:
    """Metrics of ranks and shares on resamples of customers, which all forecasters share: the dear part, done once."""
    return {
        (name, metric.name): resampled(metric, held, n_resamples, seed)
        for name, held in arrays.items()
        for metric in asked(arrays)
        if metric.resamples and metric.terms is None and arrays_for(metric, held) is not None
    }


def with_errors(scores: pd.DataFrame, arrays: Held, drawn: Drawn) -> pd.DataFrame:
    """The scores with a column standard_error, over customers."""
    by_terms = [metric for metric in asked(arrays) if metric.terms is not None]
    errors = {(name, m): e for name, held in arrays.items() for m, e in standard_errors(by_terms, held).items()}
    n = len(next(iter(arrays.values()))["actual"])
    errors |= {key: scatter(values, n) for key, values in drawn.items()}
    pairs = zip(scores["model"], scores["metric"], strict=True)
    return scores.assign(standard_error=[errors.get(pair, math.nan) for pair in pairs])


def comparisons_of(scores: pd.DataFrame, arrays: Held, kinds: Mapping[str, str], drawn: Drawn) -> pd.DataFrame:
    """Each model against every other forecaster on the leading metrics, and on those of money where there is any.

    ``difference`` is that of the values, the model less the other; for a ratio that is best near 1 that of |ln value|,
    the distances from 1, and with its ``standard_error`` it makes the z of the test that decided. ``outcome`` says what
    it means for the model: "better", "worse", or "no difference" where chance makes as much of one in 1 of 20
    comparisons.
    """
    metrics = [*LEADING, *(metric for metric in _SPEND if metric in asked(arrays))]
    values = dict(zip(zip(scores["model"], scores["metric"], strict=True), scores["value"], strict=True))
    rows = [
        (name, other, kinds[other], metric.name, *_compared(metric, name, other, values, arrays, drawn))
        for name in arrays
        if kinds[name] == "model"
        for other in arrays
        if other != name
        for metric in metrics
    ]
    columns = ["model", "against", "against_kind", "metric", "difference", "standard_error", "p_value", "outcome"]
    return pd.DataFrame(rows, columns=columns)


def _compared(
    metric: Metric, name: str, other: str, values: Mapping[tuple[str, str], float], arrays: Held, drawn: Drawn
) -> tuple[float, float, float, str]:
    own, theirs = arrays_for(metric, arrays[name]), arrays_for(metric, arrays[other])
    if own is None or theirs is None:
        return math.nan, math.nan, math.nan, "cannot be compared"
    value, others = values[name, metric.name], values[other, metric.name]
    if metric.better == "near 1":
        found = _nearer(metric, own, theirs, value, others)
    elif metric.resamples:
        drawn_apart = drawn[name, metric.name] - drawn[other, metric.name]
        found = z_test(value - others, scatter(drawn_apart, len(own[0])))
    else:
        found = paired(metric, arrays[name], arrays[other])
    return found.difference, found.standard_error, found.p_value, _outcome(metric, value, others, found.p_value)


def _nearer(metric: Metric, own: Sequence[Any], theirs: Sequence[Any], value: float, others: float) -> Difference:
    """The difference of two distances |ln ratio| from 1, which is ±min(|ln A − ln B|, |ln A + ln B|) for ratios A, B.

    Who is nearer is certain only if the forecasts differ *and* the true total lies on one side of the middle between
    them: the weaker of the two tests decides. The first alone would call the luck of the total skill: forecasts that
    are nearly alike share what happened, which leaves hardly any error in ln A − ln B.

    Source: Berger (1982), "Multiparameter Hypothesis Testing and Acceptance Sampling", Technometrics 24(4), 295-300.
    """
    if not (0 < value < math.inf and 0 < others < math.inf):
        return Difference(math.nan, math.nan, math.nan, math.nan)
    assert metric.terms is not None
    ours, other = metric.terms(*own) / value, metric.terms(*theirs) / others
    apart = z_test(math.log(value) - math.log(others), error_of_mean(ours - other))
    middle = z_test(math.log(value) + math.log(others), error_of_mean(ours + other))
    decides = min(apart, middle, key=lambda found: abs(found.z))
    difference = abs(math.log(value)) - abs(math.log(others))
    error = abs(difference / decides.z) if decides.z else decides.standard_error
    return Difference(difference, error, math.copysign(decides.z, difference), decides.p_value)


def _outcome(metric: Metric, value: float, others: float, p_value: float) -> str:
    if math.isnan(p_value):
        return "cannot be compared"
    if p_value >= LEVEL:
        return "no difference"
    return "better" if shortfall(metric, value) < shortfall(metric, others) else "worse"
