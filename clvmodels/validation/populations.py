"""Statistics of customers then, now and as a model expects them now: quantiles, and how far apart they are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..numerics.arrays import Array
from . import stability
from .same_age import Simulations

PERCENT = (5, 10, 25, 50, 75, 90, 95)
_P_VALUE = 0.001
_DECILES = np.arange(1, 10) / 10


@dataclass(frozen=True)
class Compared:
    """One statistic.

    Attributes
    ----------
    row
        Its row of the table of the population.
    quantiles
        Its rows of the table of quantiles.
    reason
        Why it speaks for a new fit; empty if it does not.
    """

    row: dict[str, Any]
    quantiles: list[dict[str, Any]]
    reason: str


def purchase_statistics(
    profile: Mapping[str, Any], columns: Sequence[Array], weights: Array, simulated: Simulations
) -> list[Compared]:
    """Frequency, recency and T; ``columns`` with ``weights``, how many customers each row stands for."""
    x, recency, T = columns
    return [
        _compared("frequency", profile, x, weights, simulated.values["frequency"].ravel(), "T"),
        _compared("recency", profile, recency, weights, simulated.values["recency"].ravel(), "T"),
        _compared("T", profile, T, weights, None, ""),
    ]


def monetary_value(profile: Mapping[str, Any], mean: Array, simulated: Simulations) -> list[Compared]:
    """Mean spend of those who came back and paid."""
    expected = simulated.values["monetary_value"].ravel()
    return [_compared("monetary_value", profile, mean, np.ones(len(mean)), expected, "frequency")]


def _compared(
    name: str, profile: Mapping[str, Any], now: Array, weights: Array, expected: Array | None, given: str
) -> Compared:
    points = profile.get("points", {}).get(name)
    then = dict(zip(profile["percent"], points, strict=True)) if points else {}
    shares = np.array(PERCENT) / 100
    today = dict(zip(PERCENT, quantiles(now, weights, shares), strict=True))
    simulated = (
        {}
        if expected is None
        else dict(zip(PERCENT, np.quantile(expected, shares, method="inverted_cdf"), strict=True))
    )
    rows = [
        {
            "statistic": name,
            "percent": percent,
            "then": then.get(percent, math.nan),
            "now": float(today[percent]),
            "expected": float(simulated.get(percent, math.nan)),
        }
        for percent in PERCENT
    ]
    psi = distance = psi_given = distance_given = chance = math.nan
    bins = profile.get("bins", {}).get(name)
    if bins:
        before, after = np.array(bins["customers"]), stability.counted(now, np.array(bins["upper"]), weights)
        psi, distance = stability.stability_index(before, after), stability.distance(before, after)
    words, reason = "", ""
    if expected is not None:
        upper = np.unique(np.quantile(expected, _DECILES, method="inverted_cdf"))
        before, after = stability.counted(expected, upper), stability.counted(now, upper, weights)
        psi_given, distance_given = stability.stability_index(before, after), stability.distance(before, after)
        chance = stability.index_by_chance(before, after, _P_VALUE)
        words = stability.reading(psi_given, chance)
        if words == "much":
            reason = (
                f"{name} is distributed otherwise than the model expects at the same {given} "
                f"(population stability index {psi_given:.2f})"
            )
    row = {
        "statistic": name,
        "customers": float(weights.sum()),
        "median_then": then.get(50, math.nan),
        "median_now": float(today[50]),
        "median_expected": float(simulated.get(50, math.nan)),
        "psi": psi,
        "distance": distance,
        "psi_given": psi_given,
        "distance_given": distance_given,
        "psi_by_chance": chance,
        "reading": words,
    }
    return Compared(row, rows, reason)


def quantiles(values: Array, weights: Array, shares: Array) -> Array:
    """Smallest values that at least such shares of the weight do not exceed.

    >>> quantiles(np.array([2.0, 1.0]), np.array([1.0, 3.0]), np.array([0.5, 0.9])).tolist()
    [1.0, 2.0]
    """
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return np.asarray(values[order][np.searchsorted(reached, shares * reached[-1] * (1 - 1e-12))])
