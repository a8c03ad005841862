"""What a validation found: tables, forecasts of every customer, and the verdict in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..inference import looks
from ..models.purchase import PurchaseModel
from ..models.spend import SpendModel
from ..transactions.holdout import Split
from . import words
from .comparing import LEADING
from .forecasts import Predicted
from .metrics import catalogue
from .tracking_errors import compute_tracking_errors

if TYPE_CHECKING:
    import pandas as pd

_RANKING = [metric.name for metric in catalogue.METRICS.values() if metric.ranks]


@dataclass(frozen=True)
class Validation:
    """Models and baselines held against a holdout that they did not see; made by `validate`.

    Attributes
    ----------
    scores
        One row per forecaster and metric: model, kind ("model" or "baseline"), metric, value, standard_error. A metric
        that a forecaster lacks is missing (NaN).
    comparisons
        Each model against every other forecaster on each leading metric that ranks: model, against, against_kind,
        metric, difference, standard_error, p_value, outcome ("better", "worse" or "no difference", at the level
        0.05, two-sided).
    scored
        One row a customer: the calibration summary, purchases_holdout, spend_holdout, and for each forecaster NAME
        ``expected_purchases_NAME``; with money ``expected_spend_total_NAME``; for models also ``p_alive_NAME``,
        ``median_purchases_NAME``, ``probability_of_purchase_NAME``, ``low_95_NAME`` and ``high_95_NAME`` (parameters
        taken as known), and up to 25,000 customers ``low_90_NAME`` and ``high_90_NAME``, and of money
        ``low_90_spend_total_NAME`` and ``high_90_spend_total_NAME`` (those of ``coverage``).
    coverage
        Did 90 % intervals, of how unsure the parameters are, what the customer is like, and chance, hold what happened?
        One row per forecaster and quantity ("purchases" or "spend" of a customer in the holdout): model, kind,
        quantity, level, n (customers asked, at most 25,000), held (share of them within the closed interval), expected
        (the share that the predictive distribution itself gives, above the level because counts are lumpy),
        standard_error (of held, if the distribution is right and customers are independent), total_low, total_high,
        total_actual and total_held (the same of the sum over all customers), interval_source ("posterior",
        "covariance", "parameters as given", or "none: " and why). Baselines have Poisson intervals of purchases.
    tracking
        Repeat purchases week by week, actual and expected: see `clvmodels.plots.compute_tracking`.
    predicted
        The forecasts as arrays, by name: see `Predicted`.
    models, spends
        The fitted models by name.
    split
        What the cut of the log found: quality of both parts, new customers.
    settings
        What was asked for, as text: enough to do it again.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.validate(log, calibration_end="1997-09-30", models=["bg_nbd"], n_resamples=2)
    >>> found
    Validation of bg_nbd: 2,357 customers, calibration until 1997-09-30, holdout until 1998-06-30
    >>> found.names, found.titles["hiatus"], found.duration, found.time_unit
    (['bg_nbd'], 'Hiatus rule', 39.0, 'week')
    >>> found.actual.sum(), found.actual_spend.sum().round(2)
    (np.float64(1882.0), np.float64(70976.39))
    >>> found.verdict.startswith("BG/NBD forecast 1,653 purchases")
    True
    >>> len(found.tracking_errors)
    4
    """

    scores: pd.DataFrame
    comparisons: pd.DataFrame
    coverage: pd.DataFrame
    scored: pd.DataFrame
    tracking: pd.DataFrame
    predicted: Mapping[str, Predicted]
    models: Mapping[str, PurchaseModel]
    spends: Mapping[str, SpendModel]
    split: Split
    settings: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        """The models' names, in the order given."""
        return list(self.models)

    @property
    def titles(self) -> dict[str, str]:
        """How every forecaster is called in words; with its name where two have the same title."""
        return words.told_apart({name: one.title for name, one in self.predicted.items()})

    @property
    def duration(self) -> float:
        """Length of the holdout in the time unit."""
        return float(self.scored["duration_holdout"].iloc[0])

    @property
    def time_unit(self) -> str:
        """The unit of all times."""
        return str(self.split.facts["time_unit"])

    @property
    def actual(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Purchases in the holdout, one a customer."""
        return frames.numeric(self.scored, "purchases_holdout")

    @property
    def actual_spend(self) -> np.ndarray[Any, np.dtype[np.float64]] | None:
        """Money in the holdout, one a customer; None without amounts."""
        return frames.numeric(self.scored, "spend_holdout") if "spend_holdout" in self.scored.columns else None

    def arrays(self, name: str) -> dict[str, Any]:
        """What the metrics read of the forecaster of a ``name``, by the names that they ask by.

        Raises InvalidInput if there is no forecaster of that name.

        >>> import clvmodels as clv
        >>> log = clv.load_cdnow(sample=True)
        >>> found = clv.validate(log, calibration_end="1997-09-30", models=["bg_nbd"], n_resamples=2, amount=None)
        >>> arrays = found.arrays("bg_nbd")
        >>> round(clv.validation.metrics.bias_ratio(arrays["actual"], arrays["expected"]), 3)
        0.879
        """
        self._check(name)
        return self.predicted[name].arrays(self.actual, self.actual_spend)

    def best(self, metric: str = "log_score", baselines: bool = True) -> str:
        """Name of the forecaster with the best value of a metric; of the models alone with ``baselines=False``.

        Raises InvalidInput for a metric that is not known, that nobody has, or that nothing is chosen by.

        >>> import clvmodels as clv
        >>> log = clv.load_cdnow(sample=True)
        >>> both = {"models": ["nbd", "bg_nbd"], "n_resamples": 2, "amount": None}
        >>> clv.validate(log, calibration_end="1997-09-30", **both).best("log_score")
        'bg_nbd'
        """
        return best_by(self.scores, metric, baselines)

    def table(self, metrics: Any = None) -> pd.DataFrame:
        """A wide table for reading: a row per forecaster, a column for each of ``metrics``; the leading ones if None.

        Raises InvalidInput for a metric that is not known.

        >>> import clvmodels as clv
        >>> log = clv.load_cdnow(sample=True)
        >>> found = clv.validate(log, calibration_end="1997-09-30", models=["bg_nbd"], n_resamples=2, amount=None)
        >>> found.table(["mae", "auc"]).round(3).loc["bg_nbd"].tolist()
        [0.666, 0.757]
        """
        found = [metric.name for metric in (LEADING if metrics is None else catalogue.find(metrics))]
        return wide_table(self.scores, "value", list(self.predicted), found)

    @property
    def tracking_errors(self) -> pd.DataFrame:
        """Mean absolute percentage errors of the weekly tracking: see `clvmodels.plots.compute_tracking_errors`."""
        return compute_tracking_errors(self.tracking)

    @property
    def verdict(self) -> str:
        """How it went, in words: totals, whom each model beats and to whom it loses, intervals, and new customers."""
        cut = str(self.split.facts["observation_end"])
        total = float(self.actual.sum())
        paragraphs = []
        for name in sorted(self.names, key=lambda one: one != self.leader):
            expected, titles = float(self.predicted[name].expected.sum()), self.titles
            sentences = [
                words.of_total(titles[name], expected, total, self.duration, self.time_unit, cut),
                *words.of_fit(self.models[name]),
                *words.of_baselines(self.comparisons, name, titles),
                *words.of_intervals(self.coverage, name, len(self.scored)),
            ]
            paragraphs.append(" ".join(sentences))
        return "\n".join([*paragraphs, *self._new_customers()])

    @property
    def leader(self) -> str:
        """Name of the model with the best log score; of the first one where none has any.

        >>> import clvmodels as clv
        >>> log = clv.load_cdnow(sample=True)
        >>> clv.validate(log, calibration_end="1997-09-30", models=["nbd", "bg_nbd"], n_resamples=2).leader
        'bg_nbd'
        """
        rows = self.scores[(self.scores["metric"] == "log_score") & (self.scores["kind"] == "model")]
        known = rows.dropna(subset=["value"])
        return str(known["model"].iloc[int(known["value"].argmin())]) if len(known) else self.names[0]

    def _new_customers(self) -> list[str]:
        split = self.split
        if not split.new_customers:
            return []
        told = (split.new_customers, split.new_customers_purchases, split.new_customers_spend)
        return [words.of_new_customers(*told)]

    def _check(self, name: str) -> None:
        if not isinstance(name, str) or name not in self.predicted:
            raise InvalidInput(f"there is no forecast {name!r}; there are {', '.join(self.predicted)}")

    def __str__(self) -> str:
        shown = self.table().to_string(float_format=lambda value: f"{value:.3f}", na_rep="—")
        return f"{self.verdict}\n\n{shown}"

    def __repr__(self) -> str:
        return (
            f"Validation of {', '.join(self.names)}: {len(self.scored):,} customers, calibration until "
            f"{self.split.facts['observation_end']}, holdout until {self.split.facts['holdout_end']}"
        )

    def _repr_html_(self) -> str:
        wide = self.table()
        rows = [
            (self.titles[name], *(looks.number(float(value), ".4g") for value in values))
            for name, values in zip(wide.index, wide.to_numpy(), strict=True)
        ]
        titles = [catalogue.METRICS[name].title for name in wide.columns]
        sentences = [looks.line(sentence) for sentence in self.verdict.split("\n")]
        return looks.card("Validation", *sentences, looks.table(("", *titles), rows))


def wide_table(long: pd.DataFrame, values: str, rows: list[str], metrics: list[str]) -> pd.DataFrame:
    """A row per forecaster and a column per metric; a metric that nobody was asked for is missing."""
    wide = long.set_index(["model", "metric"])[values].unstack("metric")  # noqa: PD010
    return wide.reindex(index=rows, columns=metrics).rename_axis(index=None, columns=None)


def best_by(scores: pd.DataFrame, metric: str, baselines: bool) -> str:
    """Name of the forecaster that is least far from the best value, on average where it has several scores.

    ``scores`` has model, kind, metric and value.

    Raises
    ------
    InvalidInput
        If the metric is not known, nothing is to be chosen by it, or nobody has it.
    """
    (found,) = catalogue.find([metric])
    if not found.ranks:
        raise InvalidInput(
            f"nothing is chosen by {metric} ({found.title}): it rewards forecasts that deny the few who buy, or does "
            f"not tell which forecast is better. Choose by one of {', '.join(_RANKING)}"
        )
    short = shortfalls(scores[baselines | (scores["kind"] == "model")], found)
    if not short:
        raise InvalidInput(f"no {'forecast' if baselines else 'model'} here has {metric}")
    return min(short, key=lambda name: short[name])


def shortfalls(scores: pd.DataFrame, metric: catalogue.Metric) -> dict[str, float]:
    """How far each forecaster is from the best value, on average over its scores; whoever lacks one is not in it.

    A mean of shortfalls, not the shortfall of a mean: totals that are half and double are not right on average.
    """
    own = scores[scores["metric"] == metric.name]
    far = [catalogue.shortfall(metric, value) for value in own["value"]]
    means = own.assign(far=far).groupby("model", sort=False)["far"].agg(lambda each: each.mean(skipna=False))
    return {str(name): float(value) for name, value in means.items() if not math.isnan(value)}
