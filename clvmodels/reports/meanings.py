"""What the measures mean, for somebody who has never heard of them."""

from __future__ import annotations

import math

from ..validation.metrics.catalogue import Metric

PLAIN = {
    "bias_ratio": "forecast purchases of all customers together, divided by what they bought; 1.10 is 10 % too many",
    "log_score": "how little was expected of what each customer really did; a mean of −ln(probability)",
    "poisson_deviance": "how far each customer’s forecast is from what the customer bought, for counts",
    "spearman": "whether customers stand in the right order; 0 is chance",
    "top_decile_capture": "the share of all purchases made by the tenth of customers forecast to buy most",
    "crps": "distance of each customer’s whole forecast from what happened, in purchases",
    "rmse": "typical size of a customer’s error, large errors weighing more",
    "brier": "error of the probability that a customer buys at all",
    "log_loss": "the same, harder on being sure and wrong",
    "auc": "how often a buyer was ranked above a non-buyer; one half is chance",
    "normalised_gini": "how well customers are sorted by purchases; 0 is chance, 1 the perfect order",
    "top_20_capture": "the share of all purchases made by the fifth forecast to buy most",
    "calibration_slope": "purchases made for one more purchase forecast; below 1 the forecasts differ too much",
    "width_95": "how wide the 95 % ranges are; narrow is good only where the share inside is right",
    "pit_p_value": "small where the forecast distributions do not look like what happened; with many customers they "
    "hardly ever do exactly",
    "mae": "typical error of the median; never used to choose, since most customers buy nothing and forecasting "
    "nothing for everybody does well in it",
    "mae_of_mean": "typical error of the mean; not for choosing, for the same reason",
    "msle": "error in the logarithm; not for choosing: it rewards forecasts that are too low",
    "spend_bias_ratio": "forecast money divided by money spent",
    "spend_rmse": "typical size of a customer’s error in money",
    "spend_spearman": "whether customers stand in the right order by money",
    "spend_top_decile_capture": "the share of all money spent by the tenth forecast to spend most",
    "spend_normalised_gini": "how well customers are sorted by money; 0 is chance, 1 the perfect order",
    "spend_mae_of_mean": "typical error in money; not for choosing",
}


def meaning(metric: Metric) -> str:
    """One line: the measure, what it says, its range, and its best value.

    >>> from clvmodels.validation.metrics.catalogue import METRICS
    >>> meaning(METRICS["top_decile_capture"])[-43:]
    'to buy most. From 0 to 1, higher is better.'
    """
    said = PLAIN.get(metric.name)
    if said is None and metric.name.startswith("coverage_"):
        said = "the share of customers whose purchases fell into the range"
    if said is None and metric.name.startswith("mass_"):
        said = (
            "the share that the forecast itself expects there: in whole numbers, ranges hold more than their name says"
        )
    first = f"{metric.title}: {said}." if said else f"{metric.title}."
    return f"{first} From {_end(metric.lowest)} to {_end(metric.highest)}{_best(metric)}."


def _best(metric: Metric) -> str:
    told = {"lower": ", lower is better", "higher": ", higher is better", "near 1": ", best is 1"}
    if metric.better == "near nominal":
        return f", best is near {metric.best:g} or what the forecast itself expects"
    return told.get(metric.better, "")


def _end(value: float) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:.3g}"
