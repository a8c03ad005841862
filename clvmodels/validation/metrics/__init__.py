"""Measures of a forecast, pure functions of arrays with one entry a customer, and the catalogue of them."""

from .aggregate import bias_ratio, cumulative_tracking_error, tracking_error
from .buying import auc, brier, log_loss, reliability
from .catalogue import METRICS, Metric, find, value_of
from .counts import mae, msle, poisson_deviance, rmse
from .distributions import (
    coverage,
    crps_mean,
    crps_poisson,
    interval_width,
    log_score,
    pit_histogram,
    pit_uniformity,
    randomised_pit,
)
from .ranking import calibration_line, calibration_slope, deciles, gini, normalised_gini, spearman, top_capture
from .resampling import Difference, paired, standard_errors

__all__ = [
    "METRICS",
    "Difference",
    "Metric",
    "auc",
    "bias_ratio",
    "brier",
    "calibration_line",
    "calibration_slope",
    "coverage",
    "crps_mean",
    "crps_poisson",
    "cumulative_tracking_error",
    "deciles",
    "find",
    "gini",
    "interval_width",
    "log_loss",
    "log_score",
    "mae",
    "msle",
    "normalised_gini",
    "paired",
    "pit_histogram",
    "pit_uniformity",
    "poisson_deviance",
    "randomised_pit",
    "reliability",
    "rmse",
    "spearman",
    "standard_errors",
    "top_capture",
    "tracking_error",
    "value_of",
]
