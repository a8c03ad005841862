"""The metrics by their names, in the order in which they are shown, and what each may be used for."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ...errors import InvalidInput
from ...numerics.arrays import Array
from . import aggregate, buying, counts, distributions, ranking
from .checks import real

Better = Literal["lower", "higher", "near 1", "near nominal", "none"]


@dataclass(frozen=True)
class Metric:
    """A measure of a forecast: what it is called, what it rewards, and how it is computed.

    Attributes
    ----------
    name, title
        In code and tables; in words.
    unit
        ``"purchases"``, ``"money"``, ``"nats"`` or, without unit, ``""``.
    proper_for
        What it is a proper score for, in words: the forecast that is best by it is the true one in that respect. Empty
        if it is no proper score.
    better
        Which values are better: ``"lower"``, ``"higher"``, ``"near 1"``, ``"near nominal"`` (near ``best``) or
        ``"none"``.
    lowest, highest, best
        Its range, and its best value; NaN where none is.
    leads
        Whether it is among the few that are shown first.
    ranks
        Whether forecasts may be put in order by it.
    needs
        Names of the arrays that ``function`` takes, in its order.
    function
        Gives the value from those arrays.
    terms
        Gives, from the same arrays, one term a customer whose mean is the value and whose scatter is its error (to
        first order); None where there is no such thing.
    resamples
        Whether, without terms, its standard error is found by resampling customers.

    Examples
    --------
    >>> METRICS["log_score"].proper_for, METRICS["log_score"].needs
    ('the whole distribution', ('log_probability',))
    """

    name: str
    title: str
    unit: str
    proper_for: str
    better: Better
    lowest: float
    highest: float
    best: float
    needs: tuple[str, ...]
    function: Callable[..., float]
    terms: Callable[..., Array] | None = None
    leads: bool = False
    ranks: bool = False
    resamples: bool = False


_COUNT = ("actual", "expected")
_MONEY = ("actual_spend", "expected_spend_total")
_EVENT = ("actual", "probability_of_purchase")
_INF, _NAN = math.inf, math.nan


def _mean(values: Any) -> float:
    return float(np.mean(distributions.given(values)))


def _log_score(log_probability: Any) -> float:
    return float(np.mean(_log_scores(log_probability)))


def _log_scores(log_probability: Any) -> Array:
    return distributions.given(-real("log_probability", log_probability) + 0.0)


def _deviance(actual: Any, expected: Any) -> float:
    return counts.poisson_deviance(actual, expected, _floor(actual))


def _deviances(actual: Any, expected: Any) -> Array:
    return counts.poisson_deviances(actual, expected, _floor(actual))


def _floor(actual: Any) -> float:
    """Half a purchase among all customers: who is promised less, and buys, is not an infinite error."""
    return 0.5 / max(np.size(actual), 1)


def _intervals(level: int) -> list[Metric]:
    """Coverage of the intervals of a level, the mass that the model itself puts into them, and their width."""
    ends, nominal = (f"low_{level}", f"high_{level}"), level / 100
    return [
        Metric(
            f"coverage_{level}", f"Share inside the {level} % interval", "", "", "near nominal", 0, 1, nominal,
            ("actual", *ends), distributions.coverage, distributions.covered,
        ),
        Metric(
            f"mass_{level}", f"Share inside the {level} % interval, by the forecast itself", "", "", "none", 0, 1, _NAN,
            (f"mass_{level}",), _mean, distributions.given,
        ),
        Metric(
            f"width_{level}", f"Width of the {level} % interval", "purchases", "", "none", 0, _INF, _NAN,
            ends, distributions.interval_width, distributions.widths,
        ),
    ]  # fmt: skip


_LISTED = [
    Metric(
        "bias_ratio", "Predicted over actual total", "", "", "near 1", 0, _INF, 1,
        _COUNT, aggregate.bias_ratio, aggregate.bias_ratio_terms, leads=True, ranks=True,
    ),
    Metric(
        "log_score", "Log score", "nats", "the whole distribution", "lower", 0, _INF, 0,
        ("log_probability",), _log_score, _log_scores, leads=True, ranks=True,
    ),
    Metric(
        "poisson_deviance", "Poisson deviance", "purchases", "the mean", "lower", 0, _INF, 0,
        _COUNT, _deviance, _deviances, leads=True, ranks=True,
    ),
    Metric(
        "spearman", "Rank correlation", "", "", "higher", -1, 1, 1,
        _COUNT, ranking.spearman, leads=True, ranks=True, resamples=True,
    ),
    Metric(
        "top_decile_capture", "Share of purchases by the top 10 %", "", "", "higher", 0, 1, 1,
        _COUNT, ranking.top_decile_capture, leads=True, ranks=True, resamples=True,
    ),
    Metric(
        "crps", "Continuous ranked probability score", "purchases", "the whole distribution", "lower", 0, _INF, 0,
        ("crps",), distributions.crps_mean, distributions.given, ranks=True,
    ),
    Metric(
        "rmse", "Root mean squared error", "purchases", "the mean", "lower", 0, _INF, 0,
        _COUNT, counts.rmse, counts.rmse_terms, ranks=True,
    ),
    Metric(
        "brier", "Brier score of a purchase", "", "the probability of a purchase", "lower", 0, 1, 0,
        _EVENT, buying.brier, buying.brier_terms, ranks=True,
    ),
    Metric(
        "log_loss", "Log loss of a purchase", "nats", "the probability of a purchase", "lower", 0,
        -math.log(buying.CLIP), 0, _EVENT, buying.log_loss, buying.log_loss_terms, ranks=True,
    ),
    Metric(
        "auc", "Area under the ROC curve of a purchase", "", "", "higher", 0, 1, 1,
        _EVENT, buying.auc, buying.auc_terms, ranks=True,
    ),
    Metric(
        "normalised_gini", "Normalised Gini coefficient", "", "", "higher", -1, 1, 1,
        _COUNT, ranking.normalised_gini, ranks=True, resamples=True,
    ),
    Metric(
        "top_20_capture", "Share of purchases by the top 20 %", "", "", "higher", 0, 1, 1,
        _COUNT, ranking.top_20_capture, ranks=True, resamples=True,
    ),
    Metric(
        "calibration_slope", "Slope of actual on expected", "", "", "near 1", -_INF, _INF, 1,
        _COUNT, ranking.calibration_slope, ranking.calibration_slope_terms,
    ),
    *_intervals(50),
    *_intervals(80),
    *_intervals(95),
    Metric(
        "pit_p_value", "p-value of a uniform probability integral transform", "", "", "none", 0, 1, _NAN,
        ("below", "probability"), distributions.pit_uniformity,
    ),
    Metric(
        "mae", "Mean absolute error of the median", "purchases", "the median", "lower", 0, _INF, 0,
        ("actual", "median"), counts.mae, counts.absolute_errors,
    ),
    Metric(
        "mae_of_mean", "Mean absolute error of the mean (not a score of it)", "purchases", "", "lower", 0, _INF, 0,
        _COUNT, counts.mae, counts.absolute_errors,
    ),
    Metric(
        "msle", "Mean squared log error of the mean (not a score of it)", "", "", "lower", 0, _INF, 0,
        _COUNT, counts.msle, counts.squared_log_errors,
    ),
    Metric(
        "spend_bias_ratio", "Predicted over actual total spend", "", "", "near 1", 0, _INF, 1,
        _MONEY, aggregate.bias_ratio, aggregate.bias_ratio_terms, ranks=True,
    ),
    Metric(
        "spend_rmse", "Root mean squared error of spend", "money", "the mean", "lower", 0, _INF, 0,
        _MONEY, counts.rmse, counts.rmse_terms, ranks=True,
    ),
    Metric(
        "spend_spearman", "Rank correlation of spend", "", "", "higher", -1, 1, 1,
        _MONEY, ranking.spearman, ranks=True, resamples=True,
    ),
    Metric(
        "spend_top_decile_capture", "Share of spend by the top 10 %", "", "", "higher", 0, 1, 1,
        _MONEY, ranking.top_decile_capture, ranks=True, resamples=True,
    ),
    Metric(
        "spend_normalised_gini", "Normalised Gini coefficient of spend", "", "", "higher", -1, 1, 1,
        _MONEY, ranking.normalised_gini, ranks=True, resamples=True,
    ),
    Metric(
        "spend_mae_of_mean", "Mean absolute error of mean spend (not a score of it)", "money", "", "lower", 0, _INF, 0,
        _MONEY, counts.mae, counts.absolute_errors,
    ),
]  # fmt: skip

METRICS: dict[str, Metric] = {metric.name: metric for metric in _LISTED}


def find(names: str | Sequence[str]) -> list[Metric]:
    """The metrics of these names, in the order asked for.

    Parameters
    ----------
    names
        One name or several, of ``METRICS``.

    Returns
    -------
    list of Metric
        One for each name.

    Raises
    ------
    InvalidInput
        If there is no metric of a name; the message lists those there are.

    Examples
    --------
    >>> [metric.title for metric in find(["brier", "auc"])]
    ['Brier score of a purchase', 'Area under the ROC curve of a purchase']
    """
    if not isinstance(names, Iterable):
        raise InvalidInput(f"metrics must be a list of names, for example ['log_score', 'mae']; found {names!r}")
    wanted = [names] if isinstance(names, str) else list(names)
    unknown = [name for name in wanted if not isinstance(name, str) or name not in METRICS]
    if unknown:
        near = difflib.get_close_matches(str(unknown[0]), METRICS, n=1)
        meant = f"; is {near[0]!r} meant?" if near else "."
        raise InvalidInput(
            f"there is no metric {unknown[0]!r} ({len(unknown)} of {len(wanted)} names are unknown){meant} Metrics: "
            f"{', '.join(METRICS)}"
        )
    return [METRICS[name] for name in wanted]


def arrays_for(metric: Metric, arrays: Mapping[str, Any]) -> list[Any] | None:
    """The arrays that a metric needs, in its order; None if one of them is missing."""
    there = [arrays.get(name) for name in metric.needs]
    return None if any(each is None for each in there) else there


def value_of(metric: Metric, arrays: Mapping[str, Any]) -> float:
    """The value of a metric, NaN where the forecaster lacks an array that it needs.

    Parameters
    ----------
    metric
        One of ``METRICS``.
    arrays
        Arrays by their names, one entry a customer; an array that is None is missing.

    Returns
    -------
    float
        In the metric's unit.

    Raises
    ------
    InvalidInput
        If an array is not what the metric takes.

    Examples
    --------
    >>> arrays = {"actual": [0, 2], "expected": [0.5, 1.0]}
    >>> value_of(METRICS["bias_ratio"], arrays), value_of(METRICS["crps"], arrays)
    (0.75, nan)
    """
    there = arrays_for(metric, arrays)
    return math.nan if there is None else metric.function(*there)


def shortfall(metric: Metric, value: float) -> float:
    """How far a value is from the best, for putting forecasts in order: 0 the best, NaN if the metric does not rank.

    best − value where higher is better, value − best where lower is, |ln value| for a ratio that is best near 1, so
    that half and double are as far from it.

    Parameters
    ----------
    metric
        One of ``METRICS``.
    value
        Its value; NaN stays NaN.

    Returns
    -------
    float
        0 or more; to be compared within one metric only.

    Raises
    ------
    InvalidInput
        Never for the metrics of this package: if a metric ranks but says in no direction what is better.

    Examples
    --------
    >>> shortfall(METRICS["bias_ratio"], 0.5) == shortfall(METRICS["bias_ratio"], 2.0)
    True
    >>> shortfall(METRICS["mae_of_mean"], 0.5)
    nan
    """
    if not metric.ranks or math.isnan(value):
        return math.nan
    if metric.better == "near 1":
        return abs(math.log(value)) if value > 0 else math.inf
    if metric.better in ("lower", "higher", "near nominal"):
        return abs(value - metric.best)
    raise InvalidInput(f"{metric.name} ranks but has no direction: give Metric.better another value than 'none'")
