"""The tables of scores: every metric of every forecaster with its error, and models set against the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from .metrics import catalogue, resampling

_LEVEL = 0.05
SCORES = ("model", "kind", "metric", "value", "standard_error")
COMPARISONS = (
    "model", "against", "against_kind", "metric", "difference", "standard_error", "p_value", "outcome",
)  # fmt: skip


def scores_of(arrays: Mapping[str, Mapping[str, Any]], kinds: Mapping[str, str]) -> pd.DataFrame:
    """Every metric of every forecaster, without errors; missing where a forecaster lacks what a metric needs."""
    rows = [
        (name, kinds[name], metric.name, catalogue.value_of(metric, held))
        for name, held in arrays.items()
        for metric in catalogue.METRICS.values()
        if _asked(metric, arrays)
    ]
    return pd.DataFrame(rows, columns=list(SCORES[:4]))


def _asked(metric: Any, arrays: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether anybody can have it: without money none is asked of it."""
    return any(all(need in held for need in metric.needs) for held in arrays.values())
