"""The same validation at several cutoffs: is a model good, or was it lucky once?"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from .. import frames
from ..inference import looks
from ..transactions import sources
from ..transactions.moments import day_of, parse_moment
from ..transactions.summarize import refuse_unknown, rfm_summary
from ..units import hours_in, length
from . import baselines, comparing, words
from .chosen import chosen_models, common_spend, common_unit, in_unit
from .evaluation import Evaluation, evaluate
from .metrics import catalogue
from .origins import cutoffs as days_of
from .origins import horizon_in_days
from .progress import shown
from .result import best_by, shortfalls, wide_table
from .shelf_life import in_parts


@dataclass(frozen=True)
class Backtest:
    """Models and baselines at several cutoffs; made by `backtest`.

    Attributes
    ----------
    scores
        One row per cutoff, forecaster and metric: cutoff, model, kind, metric, value.
    table
        Over the cutoffs: model, kind, metric, mean, spread (standard deviation; missing where there is one cutoff) and
        n_cutoffs (those that have a value). A metric that a forecaster lacks is missing.
    origins
        One row per cutoff: cutoff, holdout_end, customers, purchases (theirs in the holdout), and apart from these
        new_customers, who first bought in the holdout, and new_customers_purchases.
    parts
        For each cutoff and model, in parts of the holdout: cutoff, model, begins, ends (in the time unit, from the
        cutoff), expected and actual purchases; `clvmodels.plots.compute_shelf_life` sums them up.
    titles
        How the forecasters are called in words; with their names where two have the same title.
    horizon, time_unit
        Length of each holdout.

    Examples
    --------
    >>> import clvmodels as clv
    >>> found = clv.backtest(clv.load_cdnow(sample=True), cutoffs=2, horizon=13, models=["bg_nbd"])
    >>> found.origins["cutoff"].astype(str).tolist()
    ['1997-12-30', '1998-03-31']
    >>> found.verdict.startswith("BG/NBD: forecast totals were off by")
    True
    """

    scores: pd.DataFrame
    table: pd.DataFrame
    origins: pd.DataFrame
    parts: pd.DataFrame
    titles: Mapping[str, str]
    horizon: float
    time_unit: str

    def best(self, metric: str = "log_score", baselines: bool = True) -> str:
        """Name of the forecaster that is best by a metric on average; of the models alone with ``baselines=False``.

        Each cutoff counts by how far it is from the best value: totals that are half and double are not right on
        average. Raises InvalidInput for a metric that is not known, that nobody has, or that nothing is chosen by.

        >>> import clvmodels as clv
        >>> found = clv.backtest(clv.load_cdnow(sample=True), cutoffs=2, horizon=13, models=["nbd", "bg_nbd"])
        >>> found.best("log_score")
        'bg_nbd'
        """
        return best_by(self.scores, metric, baselines)

    @property
    def verdict(self) -> str:
        """How it went, in words: each model's totals over the cutoffs, and the baselines it loses to on average."""
        return "\n".join(
            f"{self.titles[name]}: {self._totals(name)} {self._losses(name)}"
            for name in self.table.loc[self.table["kind"] == "model", "model"].unique()
        )

    def wide(self, metrics: Any = None) -> pd.DataFrame:
        """Means for reading: a row per forecaster, a column for each of ``metrics``; the leading ones if None.

        Raises InvalidInput for a metric that is not known.

        >>> import clvmodels as clv
        >>> found = clv.backtest(clv.load_cdnow(sample=True), cutoffs=2, horizon=13, models=["bg_nbd"])
        >>> found.wide(["bias_ratio"]).round(2).loc["bg_nbd"].tolist()
        [1.1]
        """
        chosen = [metric.name for metric in (comparing.LEADING if metrics is None else catalogue.find(metrics))]
        return wide_table(self.table, "mean", list(self.titles), chosen)

    def _totals(self, name: str) -> str:
        rows = self.scores[(self.scores["model"] == name) & (self.scores["metric"] == "bias_ratio")]
        told = [f"{100 * (value - 1):+.1f} %" for value in rows["value"] if math.isfinite(value)]
        idle = len(rows) - len(told)  # a total of 0 has no percentage
        parts = []
        if told:
            parts.append(f"forecast totals were off by {words.listed(told)} in {words.counted(len(told), 'holdout')}")
        if idle:
            parts.append(f"nothing was bought in {words.counted(idle, 'holdout')}")
        return f"{'; '.join(parts)}."

    def _losses(self, name: str) -> str:
        lost, level = [], False
        for metric in comparing.LEADING:
            short = shortfalls(self.scores, metric)
            own = short.get(name, math.nan)
            better = [one for one in short if one in baselines.BASELINES and short[one] < own]
            level |= not all(short.get(one, math.nan) > own for one in baselines.BASELINES)
            if better:
                lost.append(f"{words.listed([self.titles[other] for other in better])} in {words.ABOUT[metric.name]}")
        if lost:
            return f"On average it LOSES to {'; '.join(lost)}."
        return "On average no baseline beats it." if level else "On average it beats every baseline."

    def __str__(self) -> str:
        shown = self.wide().to_string(float_format=lambda value: f"{value:.3f}", na_rep="—")
        return f"{self.verdict}\n\nmeans over {words.counted(len(self.origins), 'holdout')}\n{shown}"

    def __repr__(self) -> str:
        return f"Backtest of {', '.join(self.titles)}: {self._holdouts()}"

    def _holdouts(self) -> str:
        return f"{words.counted(len(self.origins), 'holdout')} of {length(self.horizon, self.time_unit)}"

    def _repr_html_(self) -> str:
        wide = self.wide()
        rows = [
            (self.titles[name], *(looks.number(float(value), ".4g") for value in values))
            for name, values in zip(wide.index, wide.to_numpy(), strict=True)
        ]
        titles = [catalogue.METRICS[name].title for name in wide.columns]
        sentences = [looks.line(sentence) for sentence in self.verdict.split("\n")]
        return looks.card(f"Backtest: means over {self._holdouts()}", *sentences, looks.table(("", *titles), rows))


def backtest(
    log: Any,
    *,
    horizon: float,
    cutoffs: Any = 4,
    models: Any = ("pareto_nbd",),
    spend: Any = "gamma_gamma",
    time_unit: str | None = None,
    overlap: bool = False,
    progress: Callable[[str], None] | None = None,
    **reading: Any,
) -> Backtest:
    """Validate models at several cutoffs, each of which knows nothing but the past.

    At each cutoff models are fitted anew on what came before, and forecast the horizon after it; see `validate`.

    Parameters
    ----------
    log
        As for `clvmodels.summarize`.
    horizon
        Length of each holdout in the time unit, rounded to whole days.
    cutoffs
        How many, or a list of dates, each the last day of a calibration. A number places the last one a horizon before
        the end of the log and the others a horizon apart; where there is no room for that they overlap, with a
        warning.
    models, spend, time_unit
        As for `validate`; models that are fitted already are refused if they know of a holdout.
    overlap
        Allow holdouts that overlap: their errors are then not independent.
    progress
        As for `validate`.
    **reading
        How the log is to be read: further keywords of `clvmodels.summarize`; ``observation_end`` is where the log is
        taken to end.

    Returns
    -------
    Backtest
        ``table`` (mean and spread of each metric), ``scores`` by cutoff, ``origins``, and ``best(metric)``.

    Raises
    ------
    InvalidInput, NotEnoughData, UnitMismatch
        If the log, a cutoff, the horizon, a model or a setting cannot be used.

    Warns
    -----
    ClvWarning
        If a fit is not to be trusted, or the log is too short for so many holdouts.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.backtest(log, cutoffs=["1997-09-30", "1997-12-31"], horizon=13, models=["bg_nbd"])
    >>> found.origins[["customers", "purchases", "new_customers"]].values.tolist()
    [[2357, 726, 0], [2357, 660, 0]]
    """
    refuse_unknown("backtest", reading)
    chosen = chosen_models(models, baselines.BASELINES)
    unit = common_unit(chosen, time_unit)
    chosen = in_unit(chosen, unit)
    days = horizon_in_days(horizon, unit)
    log, _ = sources.held(log)
    reading = dict(reading)
    first, last = _span(log, reading)
    reading.pop("observation_end", None)
    origins = days_of(cutoffs, first, last, days, overlap=overlap)
    rows, known, parts = [], [], []
    titles: dict[str, str] = {}
    with shown(progress, len(origins) * (2 + 2 * len(chosen))) as step:
        for cut in origins:

            def told(name: str, cut: date = cut) -> None:
                step(f"{cut}: {name}")

            found = evaluate(
                log,
                chosen,
                common_spend(spend),
                calibration_end=cut,
                holdout_end=cut + timedelta(days=days),
                time_unit=unit,
                progress=told,
                **reading,
            )
            rows.append(_scores(found).assign(cutoff=pd.Timestamp(cut)))
            known.append(_origin(found, cut, days))
            part = in_parts(found.models, found.frame, found.events, days, unit)
            parts.append(part.assign(cutoff=pd.Timestamp(cut))[["cutoff", *part.columns]])
            titles = words.told_apart({name: said.title for name, said in found.predicted.items()})
    scores = pd.concat(rows, ignore_index=True)[["cutoff", "model", "kind", "metric", "value"]]
    grouped = scores.groupby(["model", "kind", "metric"], sort=False)["value"]
    table = grouped.agg(mean="mean", spread="std", n_cutoffs="count").reset_index()
    together = pd.concat(parts, ignore_index=True)
    return Backtest(scores, table, pd.DataFrame(known), together, titles, days * 24 / float(hours_in(unit)), unit)


def _scores(found: Evaluation) -> pd.DataFrame:
    arrays = {name: said.arrays(found.actual, found.actual_spend) for name, said in found.predicted.items()}
    return comparing.scores_of(arrays, {name: said.kind for name, said in found.predicted.items()})


def _origin(found: Evaluation, cut: date, days: int) -> dict[str, Any]:
    """What there was to forecast at a cutoff."""
    return {
        "cutoff": pd.Timestamp(cut),
        "holdout_end": pd.Timestamp(cut + timedelta(days=days)),
        "customers": len(found.frame),
        "purchases": int(found.actual.sum()),
        "new_customers": found.split.new_customers,
        "new_customers_purchases": found.split.new_customers_purchases,
    }


def _span(log: Any, reading: Mapping[str, Any]) -> tuple[date, date]:
    """First purchase of anybody who is to be known, and last day of the log."""
    own = {name: value for name, value in reading.items() if name != "currency"}
    summary = rfm_summary(log, **{**own, "time_unit": "day", "event_grain": "day"})
    last = day_of(parse_moment("observation_end", frames.read_facts(summary)["observation_end"], None))
    return last - timedelta(days=round(float(frames.numeric(summary, "T").max()))), last
