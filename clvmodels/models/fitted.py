"""What a fit leaves behind: parameters, their covariance, a report, and a profile of the customers; no customer."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInput, NotAvailable
from ..inference.fit_report import FitReport
from ..numerics.arrays import Array
from ..versions import version_of

if TYPE_CHECKING:
    from .posterior import Posterior

PROFILE_POINTS = (0, 1, 5, 10, 25, 50, 75, 90, 95, 99, 100)
PROFILE_COLUMNS = ("frequency", "recency", "T", "monetary_value")
_POINTS, _DECILES = np.array(PROFILE_POINTS) / 100, np.arange(1, 10) / 10


@dataclass(frozen=True)
class Fitted:
    """Parameters by name; the rest is empty when they were given and not estimated."""

    parameters: dict[str, float]
    covariance: Array | None = None  # of the log-parameters
    report: FitReport | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    robust_covariance: Array | None = None  # of the log-parameters, by the sandwich
    posterior: Posterior | None = None

    @property
    def values(self) -> tuple[float, ...]:
        """The parameters in the family's order."""
        return tuple(self.parameters.values())

    def standard_errors(self, robust: bool = False) -> dict[str, float]:
        """Standard errors of the parameters by the delta method: θ times the error of ln θ."""
        return {
            name: value * error
            for (name, value), error in zip(self.parameters.items(), self._log_errors(robust), strict=True)
        }

    def confidence_intervals(self, level: float, robust: bool = False) -> dict[str, tuple[float, float]]:
        """θ·exp(± z·error of ln θ): never crosses 0."""
        from scipy import special

        z = float(special.ndtri(0.5 + checked_level(level) / 2))
        return {
            name: (_exp(math.log(value) - z * error), _exp(math.log(value) + z * error))
            for (name, value), error in zip(self.parameters.items(), self._log_errors(robust), strict=True)
        }

    def _log_errors(self, robust: bool) -> list[float]:
        if self.covariance is None:
            raise NotAvailable("the parameters were given, not estimated: they have no standard errors; use fit")
        covariance = self.robust_covariance if robust else self.covariance
        if covariance is None:
            raise NotAvailable("this model was saved by a release without robust standard errors: fit it again")
        return [math.sqrt(v) if v >= 0 else math.nan for v in np.diag(covariance)]


def checked_level(level: Any) -> float:
    """A level of confidence, between 0 and 1."""
    if not isinstance(level, (int, float)) or not 0 < level < 1:
        raise InvalidInput(f"level must lie between 0 and 1, for example 0.95; found {level!r}")
    return float(level)


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def checked_parameters(family: Any, given: Mapping[str, float]) -> dict[str, float]:
    """Parameters in the family's order, each a finite number above 0."""
    if not isinstance(given, Mapping) or set(given) != set(family.parameters):
        found = ", ".join(map(str, given)) if isinstance(given, Mapping) else repr(given)
        raise InvalidInput(f"{family.title} has the parameters {', '.join(family.parameters)}; found {found[:200]}")
    result = {}
    for name in family.parameters:
        try:
            if isinstance(given[name], (str, bool)):
                raise TypeError
            result[name] = float(given[name])
        except (TypeError, ValueError, OverflowError):
            raise InvalidInput(f"parameter {name} must be a number; found {str(given[name])[:60]}") from None
        if not (math.isfinite(result[name]) and result[name] > 0):
            raise InvalidInput(f"parameter {name} must be finite and above 0; found {result[name]!r}")
    return result


def profile_of(
    columns: Mapping[str, Array],
    weights: Array,
    more: Mapping[str, tuple[Array, Array | None]],
    log_likelihood: float,
) -> dict[str, Any]:
    """Customers, repeat purchases, log-likelihood and percentage points of the columns, to measure drift against.

    ``columns`` are those fitted on, with ``weights``; ``more`` are further columns of the summary, each with weights of
    its own (1 each if None). A point is a value that occurs: the smallest one that at least so many percent do not
    exceed. ``bins`` count the customers up to each distinct decile (values of ``upper``), above the one before, and
    last those above all of them.
    """
    points: dict[str, list[float]] = {}
    bins: dict[str, dict[str, list[float]]] = {}
    for name in PROFILE_COLUMNS:
        if name not in columns and name not in more:
            continue
        values, known = (columns[name], weights) if name in columns else more[name]
        there = ~np.isnan(values)
        if there.any():
            ordered, weight = _ordered(values[there], None if known is None else known[there])
            points[name] = _points(ordered, weight)
            bins[name] = _bins(ordered, weight)
    return {
        "customers": float(weights.sum()),
        "repeat_purchases": float(weights @ columns["frequency"]) if "frequency" in columns else None,
        "log_likelihood": log_likelihood,
        "percent": list(PROFILE_POINTS),
        "points": points,
        "bins": bins,
    }


def _ordered(values: Array, weights: Array | None) -> tuple[Array, Array | None]:
    """Values in ascending order with their weights; None for weights of 1 each."""
    ascending = bool(np.all(values[1:] >= values[:-1]))
    if weights is None or np.all(weights == 1):
        return values if ascending else np.sort(values), None
    if ascending:
        return values, weights
    order = np.argsort(values)
    return values[order], weights[order]


def _bins(ordered: Array, weights: Array | None) -> dict[str, list[float]]:
    upper = np.unique(_points(ordered, weights, _DECILES))
    edges = [0, *np.searchsorted(ordered, upper, side="right"), len(ordered)]
    slices = [slice(start, end) for start, end in pairwise(edges)]
    counts = [float(s.stop - s.start) if weights is None else float(weights[s].sum()) for s in slices]
    return {"upper": [float(v) for v in upper], "customers": counts}


def _points(ordered: Array, weights: Array | None, shares: Array = _POINTS) -> list[float]:
    if weights is None:
        at = np.maximum(np.ceil(shares * len(ordered) * (1 - 1e-12)).astype(np.intp), 1) - 1
    else:  # as numpy's quantile by inverted_cdf, three times faster
        reached = np.cumsum(weights)
        at = np.searchsorted(reached, shares * reached[-1] * (1 - 1e-12))
    return [float(v) for v in ordered[at]]


def package_versions() -> dict[str, str]:
    """Versions of this package and of what its numbers rest on."""
    packages = ("clvmodels", "numpy", "scipy")
    return {"python": platform.python_version()} | {name: version_of(name) for name in packages}
