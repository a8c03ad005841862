"""One row a customer from a fitted model and a summary, saying in every row what it is about."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..models import statistics
from ..models.clv import CLVModel
from ..models.predictive import intervals
from ..models.purchase import PurchaseModel
from ..models.time_units import one_or_endless
from ..transactions.moments import parse_moment
from ..units import units_per_year


def scored_table(
    model: CLVModel | PurchaseModel,
    summary: Any,
    *,
    horizon: float | None = None,
    annual_discount_rate: float | None = None,
    margin: float | str | None = None,
    observation_end: str | None = None,
    interval: float | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> Any:
    """Score every customer of a summary with a fitted model.

    Parameters
    ----------
    model
        A `CLVModel`, or a `PurchaseModel` where there is no money.
    summary
        One row a customer.
    horizon
        In the model's time unit; one year if None; inf for the whole residual lifetime.
    annual_discount_rate, margin
        Instead of the model's.
    observation_end
        The day at which the summary ends, where it does not say so itself.
    interval, draws, seed
        As for `CLVModel.predict`: each column is followed by the ends of its central interval.

    Returns
    -------
    frame
        Of the caller's kind: customer_id, p_alive, expected_purchases and, with money, expected_spend and clv; then
        observation_end, horizon and time_unit in every row, since CSV files and databases keep no metadata; with an
        interval also interval and interval_source.

    Raises
    ------
    InvalidInput, NotFitted, UnitMismatch
        If the model or the summary cannot be used, or nobody says when observation ended.
    """
    frame = frames.load(summary)
    facts = frames.read_facts(frame)
    if observation_end is not None:
        observation_end = parse_moment("observation_end", observation_end, facts.get("tz")).isoformat()
    end = agreed_end(observation_end, facts.get("observation_end"))
    if interval is not None:
        intervals.check_terms(interval, draws, seed, [1.0 if horizon is None else horizon])
    if isinstance(model, PurchaseModel):
        if annual_discount_rate is not None or margin is not None:
            raise InvalidInput("a purchase model knows no money: leave annual_discount_rate and margin out")
        unit = model._unit
        length = one_or_endless(units_per_year(unit) if horizon is None else horizon)
        statistics.refuse_duplicates(frame)
        table = {"p_alive": model.p_alive(frame), "expected_purchases": model.expected_purchases(frame, length)}
        columns: dict[str, Any] = {name: np.asarray(values) for name, values in table.items()}
        certainty: dict[str, str] = {}
        if interval is not None:
            ends, certainty = _purchase_intervals(model, frame, length, interval, draws, seed)
            columns = intervals.with_ends(columns, ends)
        if frames.identifiers(frame) is not None:
            columns = {"customer_id": frames.identifiers(frame), **columns}
        told: dict[str, str | None] = {**facts, "time_unit": unit, "horizon": str(length), **certainty}
    else:
        unit = model.purchases._unit
        length = one_or_endless(units_per_year(unit) if horizon is None else horizon)
        predicted = model.predict(
            frame, length, annual_discount_rate, margin, interval=interval, draws=draws, seed=seed
        )
        columns = {
            name: frames.identifiers(predicted) if name == "customer_id" else frames.numeric(predicted, name)
            for name in frames.column_names(predicted)
        }
        told = frames.read_facts(predicted)
    n = frames.n_rows(frame)
    columns["observation_end"] = np.full(n, end, dtype=object)
    columns["horizon"] = np.full(n, length)
    columns["time_unit"] = np.full(n, unit, dtype=object)
    if interval is not None:
        columns["interval"] = np.full(n, float(interval))
        columns["interval_source"] = np.full(n, told["interval_source"], dtype=object)
    return frames.attach_facts(frames.table(columns, frame), {**told, "observation_end": end})


def _purchase_intervals(
    model: PurchaseModel, frame: Any, horizon: float, level: float, draws: int, seed: int
) -> tuple[dict[str, intervals.Interval], dict[str, str]]:
    known = statistics.read(frame, model.family.statistics, model.family.time)
    alive = intervals.p_alive_interval(model, known, level, draws, seed)
    ends, facts = intervals.future_intervals(model, None, known, horizon, level=level, draws=draws, seed=seed)
    return {"p_alive": alive, **ends}, facts


def agreed_end(keyword: str | None, known: str | None) -> str:
    """The end of observation, from what was passed and what the summary says; they must not differ."""
    if keyword and known and keyword != known:
        raise InvalidInput(
            f"observation_end={keyword!r} was passed, the summary says it ends at {known!r}: leave observation_end "
            "out, or summarise again"
        )
    end = keyword or known
    if not end:
        raise InvalidInput(
            "the summary does not say when its observation ended, and the scores must (merging a frame or writing it "
            "as CSV loses that): pass observation_end=..., for example '2024-12-31'"
        )
    return end
