"""Calibrate before a day, forecast what came after it, and tell how far to trust the forecast."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd

from ..errors import warn
from ..transactions import sources
from ..transactions.cut import refuse_keywords
from ..transactions.holdout import Split
from . import baselines, comparing, intervals
from .chosen import chosen_models, common_spend, common_unit, in_unit
from .evaluation import Evaluation, evaluate
from .metrics.resampling import refuse_resamples
from .progress import shown
from .result import Validation
from .tracking import tracking_table

_EMPTY = 0.2  # share of the holdout without a line at its end that a log may have for its own reasons


def validate(
    log: Any,
    *,
    calibration_end: Any,
    holdout_end: Any = None,
    models: Any = ("pareto_nbd",),
    spend: Any = "gamma_gamma",
    time_unit: str | None = None,
    n_resamples: int = 100,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
    **reading: Any,
) -> Validation:
    """Fit models on what was bought until calibration_end, and hold their forecasts against what was bought after it.

    Every model forecasts, for each customer i known by calibration_end, E[X_i(T_i, T_i + h) | x_i, t_x,i, T_i] and the
    whole distribution of X_i over a holdout of length h; four baselines do so beside it (``past_rate``,
    ``last_window``, ``hiatus``, ``cohort_mean``; the ``note`` of each says what it assumes).

    Parameters
    ----------
    log
        As for `clvmodels.summarize`.
    calibration_end, holdout_end
        As for `clvmodels.calibration_holdout`.
    models
        Names of families, family values, `PurchaseModel` or `CLVModel`, or a mapping of labels to these. What is not
        fitted is fitted on the calibration period; a fitted model must not know of the holdout. Names of baselines may
        stand among them: they always run.
    spend
        The spend model of those that bring none: a name, a `SpendFamily` or a `SpendModel`.
    time_unit
        Of the summary; by default that of the models, else the week.
    n_resamples, seed
        Of the bootstrap that gives standard errors where there is no formula.
    progress
        Called with the name of each step as it begins; by default a bar where standard error is a terminal or a
        notebook, once it takes more than 2 seconds.
    **reading
        How the log is to be read: further keywords of `clvmodels.summarize`. With ``amount=None`` purchases alone are
        validated.

    Returns
    -------
    Validation
        Tables ``scores``, ``comparisons``, ``tracking`` and ``scored`` (one row a customer), ``verdict`` in words.

    Raises
    ------
    InvalidInput, NotEnoughData, UnitMismatch
        If the log, a date, a model or a setting cannot be used: calibration_end outside the log, an empty holdout, a
        name that is not known, a model that was fitted on the holdout.

    Warns
    -----
    ClvWarning
        If a fit is not to be trusted, or the log ends long before holdout_end.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.validate(log, calibration_end="1997-09-30", models=["pareto_nbd"])
    >>> print(found.verdict[:102])
    Pareto/NBD forecast 1,666 purchases for the 39 weeks after 30 Sep 1997; customers made 1,882 (-11.5 %)
    """
    refuse_keywords("validate", reading)
    refuse_resamples(n_resamples, seed)
    chosen = chosen_models(models, baselines.BASELINES)
    unit = common_unit(chosen, time_unit)
    chosen = in_unit(chosen, unit)
    log, _ = sources.held(log)
    steps = 5 + 2 * len(chosen)
    with shown(progress, steps) as step:
        found = evaluate(
            log,
            chosen,
            common_spend(spend),
            calibration_end=calibration_end,
            holdout_end=holdout_end,
            time_unit=unit,
            progress=step,
            **reading,
        )
        if holdout_end is not None:
            _warn_of_an_empty_end(found.split)
        step("scores and comparisons")
        arrays = {name: said.arrays(found.actual, found.actual_spend) for name, said in found.predicted.items()}
        kinds = {name: said.kind for name, said in found.predicted.items()}
        drawn = comparing.drawn_values(arrays, n_resamples, seed)
        scores = comparing.with_errors(comparing.scores_of(arrays, kinds), arrays, drawn)
        comparisons = comparing.comparisons_of(scores, arrays, kinds, drawn)
        step("week by week")
        tracked = tracking_table(found.models, found.frame, found.events, found.split.facts, found.spends, seed=seed)
        step("intervals")
        told = _intervals(found, seed)
        coverage = intervals.coverage_table(told, found.predicted, found.actual, found.actual_spend)
    settings = _settings(found, n_resamples, seed, reading)
    return Validation(
        scores=scores,
        comparisons=comparisons,
        coverage=coverage,
        scored=_scored(found, told),
        tracking=tracked,
        predicted=found.predicted,
        models=found.models,
        spends=found.spends,
        split=found.split,
        settings=settings,
    )


def _warn_of_an_empty_end(split: Split) -> None:
    """Where the log stops long before the holdout does, nobody can be seen to buy, and all forecasts look too high."""
    cut, end = (date.fromisoformat(str(split.facts[name])[:10]) for name in ("observation_end", "holdout_end"))
    last = split.quality.last_date
    empty, whole = (end - last).days, (end - cut).days
    if empty > _EMPTY * whole:
        warn(
            f"the log ends on {last}, and the holdout is to last until {end}: no line is dated in {empty:,} of its "
            f"{whole:,} days. If the log was taken on the earlier day, pass holdout_end={last.isoformat()!r}, else "
            "every forecast looks too high"
        )


def _intervals(found: Evaluation, seed: int) -> dict[str, intervals.Intervals]:
    """Of every model and baseline."""
    told = {}
    for name, said in found.predicted.items():
        if said.kind == "model":
            model, spend = found.models[name], found.spends.get(name)
            told[name] = intervals.of_model(model, spend, said, found.frame, found.duration, seed)
        else:
            told[name] = intervals.of_baseline(said)
    return told


def _scored(found: Evaluation, told: dict[str, intervals.Intervals]) -> pd.DataFrame:
    """One row a customer: what was known, what was forecast, what happened."""
    columns: dict[str, Any] = {}
    for name, said in found.predicted.items():
        columns[f"expected_purchases_{name}"] = said.expected
        if said.expected_spend_total is not None:
            columns[f"expected_spend_total_{name}"] = said.expected_spend_total
        if said.p_alive is not None:
            columns[f"p_alive_{name}"] = said.p_alive
        if said.kind == "model" and said.distribution is not None:
            low, high = said.distribution.intervals[0.95]
            columns[f"median_purchases_{name}"] = said.distribution.median
            columns[f"probability_of_purchase_{name}"] = said.distribution.probability_of_purchase
            columns[f"low_95_{name}"], columns[f"high_95_{name}"] = low, high
        if said.kind == "model" and told[name].rows is None:
            for quantity, whose in (("purchases", name), ("spend", f"spend_total_{name}")):
                if quantity in told[name].found:
                    own = told[name].found[quantity]
                    columns[f"low_90_{whose}"], columns[f"high_90_{whose}"] = own.low, own.high
    result: pd.DataFrame = pd.concat([found.frame, pd.DataFrame(columns, index=found.frame.index, copy=False)], axis=1)
    result.attrs = dict(found.frame.attrs)
    return result


def _settings(found: Evaluation, n_resamples: int, seed: int, reading: dict[str, Any]) -> dict[str, str]:
    facts = {name: str(value) for name, value in found.split.facts.items() if value is not None}
    asked = {name: str(value) for name, value in reading.items() if value is not None}
    more = {"models": ", ".join(found.models), "n_resamples": str(n_resamples), "seed": str(seed)}
    facts["calibration_end"] = facts.pop("observation_end")
    return asked | facts | more
