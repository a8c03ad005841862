"""One cut through a log: models fitted before it, and what they and the baselines say of what came after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .. import frames
from ..models.purchase import PurchaseModel
from ..models.spend import SpendModel
from ..numerics.arrays import Array
from ..transactions.events import PurchaseEvents, purchase_events
from ..transactions.holdout import Split, split_at
from . import baselines, forecasts
from .chosen import Chosen, fitted, fitted_spend
from .forecasts import Predicted


class Evaluation(NamedTuple):
    """The calibration summary as pandas, the models, their forecasts and the baselines', and what happened."""

    split: Split
    frame: Any
    events: PurchaseEvents
    models: dict[str, PurchaseModel]
    spends: dict[str, SpendModel]
    predicted: dict[str, Predicted]
    duration: float
    actual: Array
    actual_spend: Array | None


def evaluate(
    log: Any,
    chosen: list[Chosen],
    common_spend: SpendModel,
    *,
    calibration_end: Any,
    holdout_end: Any,
    progress: Callable[[str], None],
    **reading: Any,
) -> Evaluation:
    """Split the log, fit every model on the calibration period, and let all forecast the holdout."""
    progress("reading the log")
    split = split_at(log, calibration_end=calibration_end, holdout_end=holdout_end, **reading)
    frame = _pandas(split)
    ends = {"calibration_end": calibration_end, "holdout_end": split.facts["holdout_end"]}
    events = purchase_events(log, frame, **ends, **reading)
    duration = float(frame["duration_holdout"].iloc[0])
    actual = frames.numeric(frame, "purchases_holdout")
    money = "spend_holdout" in frame.columns
    cut, unit = str(split.facts["observation_end"]), str(split.facts["time_unit"])
    models: dict[str, PurchaseModel] = {}
    spends: dict[str, SpendModel] = {}
    predicted: dict[str, Predicted] = {}
    for one in chosen:
        progress(f"fitting {one.label}")
        models[one.label] = fitted(one, frame, unit, cut)
        if money:
            spends[one.label] = fitted_spend(one, common_spend, frame, cut)
            if one.spend is None:
                common_spend = spends[one.label]
        progress(f"forecasting with {one.label}")
        said = forecasts.of_model(one.label, models[one.label], frame, duration, actual)
        predicted[one.label] = forecasts.with_spend(said, spends[one.label], frame) if money else said
    progress("baselines")
    known = baselines.known_at(frame, events, split.facts)
    for baseline in baselines.BASELINES.values():
        predicted[baseline.name] = forecasts.of_baseline(baseline, known, duration, actual)
    actual_spend = frames.numeric(frame, "spend_holdout") if money else None
    return Evaluation(split, frame, events, models, spends, predicted, duration, actual, actual_spend)


def _pandas(split: Split) -> Any:
    """The calibration summary with its holdout as pandas, with its facts, whatever the log was."""
    return frames.attach_facts(frames.to_pandas(split.frame), split.facts)
