"""A forecast made some time ago, held against the log as it is now."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..inference import looks
from ..models.clv import CLVModel
from ..models.purchase import PurchaseModel
from ..models.saved import load_model
from ..numerics.arrays import Array
from ..transactions import sources, split_at
from ..transactions.columns import Columns
from ..transactions.holdout import Split
from ..transactions.last_day import last_day
from ..transactions.moments import day_of, parse_moment
from ..transactions.summarize import refuse_unknown
from ..units import length
from . import words
from .made_forecasts import Made, read_forecast
from .matching import Matched, match
from .metrics.catalogue import METRICS, arrays_for, value_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ForecastCheck:
    """How a forecast did; `check_forecast` makes it.

    Attributes
    ----------
    verdict
        One sentence: what was said, and what came.
    scored
        One row a customer who is in both, of the forecast's kind and in its order: customer_id, p_alive (if it was
        forecast), expected_purchases, purchases_holdout, and with money expected_spend_total (expected_purchases ×
        expected_spend) and spend_holdout.
    scores
        pandas.DataFrame of ``metric`` and ``value``: customers, purchases and expected_purchases (sums), active and
        expected_nobody (customers who bought, and how many of them had been given fewer than half a purchase), with
        money spend and expected_spend_total (sums); then the metrics of `validate` that need no distribution:
        bias_ratio, poisson_deviance, spearman, top_decile_capture and so on, and those of spend.
    observation_end, end
        Where the forecast began, and the last moment compared: dates, whose whole day counts, or timestamps.
    duration, time_unit
        From one to the other, in the forecast's unit.
    customers
        How many are compared.
    notes
        Who is not, and whatever else there is to know.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> made = clv.forecast(log, observation_end="1997-09-30", horizon=39, amount=None, purchases="bg_nbd").scored
    >>> found = clv.check_forecast(made, log, amount=None)
    >>> found.customers, found.end.isoformat(), found.duration
    (2357, '1998-06-30', 39.0)
    """

    verdict: str
    scored: Any
    scores: pd.DataFrame
    observation_end: date | datetime
    end: date | datetime
    duration: float
    time_unit: str
    customers: int
    notes: tuple[str, ...]

    def __str__(self) -> str:
        """Return the report."""
        return "\n".join(self.report())

    def report(self) -> list[str]:
        """Lines of a report: the verdict, the scores, who is left out.

        >>> import clvmodels as clv
        >>> log = clv.load_cdnow(sample=True)
        >>> made = clv.forecast(log, observation_end="1997-09-30", horizon=39, amount=None, purchases="bg_nbd").scored
        >>> clv.check_forecast(made, log, amount=None).report()[2]
        'customers: 2,357'
        """
        scores = (f"{name.replace('_', ' ')}: {text}" for name, text in self._shown())
        return [self.verdict, "", *scores, *(["", *(f"note: {note}" for note in self.notes)] if self.notes else [])]

    def _shown(self) -> list[tuple[str, str]]:
        whole = ("customers", "purchases", "expected_purchases", "active", "expected_nobody")
        money = ("spend", "expected_spend_total")
        return [
            (str(name), looks.number(value, ",.0f" if name in whole else ",.2f" if name in money else ",.4g"))
            for name, value in zip(self.scores["metric"], self.scores["value"], strict=True)
        ]

    def _repr_html_(self) -> str:
        rows = [(name.replace("_", " "), text) for name, text in self._shown()]
        return looks.card(
            "The forecast, and what came",
            looks.line(self.verdict),
            looks.table(("metric", "value"), rows),
            looks.listed(self.notes),
        )


def check_forecast(
    scored: Any,
    log: Any,
    *,
    model: Any = None,
    observation_end: Any = None,
    horizon: float | None = None,
    time_unit: str | None = None,
    log_end: Any = None,
    **reading: Any,
) -> ForecastCheck:
    """Hold a forecast made some time ago against the log as it is now.

    Purchases and spend of the forecast's customers in (observation_end, observation_end + horizon] are counted as
    `calibration_holdout` counts them. With purchases per day, and observation_end a date, the horizon is taken to the
    nearest whole day, which the notes tell.

    Parameters
    ----------
    scored
        What `forecast`, `CLVModel.predict` or the commands forecast and score gave: a frame, or the path of the CSV or
        Parquet file, with customer_id, expected_purchases and, with money, expected_spend.
    log
        The log as it is now, as `summarize` takes it; it must reach to the end of the horizon.
    model
        The model that made the forecast, or its file: if the log ends before the horizon does, the part that is over is
        forecast anew from what was known at observation_end (by no rule of three: purchases become rarer with time).
    observation_end, horizon, time_unit
        Where the forecast does not say them itself, as columns or in its metadata.
    log_end
        The last day that the log covers, where nobody bought on it; by default the day of its last line.
    **reading
        How the log is to be read, as for `summarize`, and as it was then: customer_id, date, amount, refunds, ...;
        event_grain and refunds are taken from the forecast's metadata if it has any.

    Returns
    -------
    ForecastCheck
        ``verdict``, ``scored``, ``scores`` and ``notes``; printed, a report.

    Raises
    ------
    InvalidInput
        If the forecast is not one, or is one of several ends, horizons or units; if the log ends before the horizon
        does and there is no ``model`` (the message says when it will be over); if none of its customers is in the log.
    NotEnoughData
        If the log has no purchase until observation_end, or no line after it.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> made = clv.forecast(log, observation_end="1997-09-30", horizon=39).scored
    >>> found = clv.check_forecast(made, log)
    >>> found.verdict
    'The forecast of 30 Sep 1997 said 1,666 purchases in the 39 weeks ... 1,882 (the forecast was 11.5% too low)...'
    >>> found.scores.set_index("metric")["value"][["bias_ratio", "spearman", "spend_bias_ratio"]].round(3).to_list()
    [0.885, 0.46, 0.852]
    """
    refuse_unknown("check_forecast", reading)
    frame = frames.load(scored)
    facts = frames.read_facts(frame)
    reading = {name: facts[name] for name in ("event_grain", "refunds") if facts.get(name)} | reading
    made = read_forecast(frame, observation_end, horizon, time_unit, str(reading.get("event_grain", "day")))
    model = load_model(model) if isinstance(model, (str, os.PathLike)) else model
    if model is not None and not isinstance(model, (PurchaseModel, CLVModel)):
        raise InvalidInput(f"model must be a PurchaseModel, a CLVModel or a path; found {type(model).__name__}")
    log, _ = sources.held(log)
    end = _compared_until(made, log, model, log_end, reading)
    split = split_at(
        log, calibration_end=made.observation_end, holdout_end=end, **{**reading, "time_unit": made.time_unit}
    )
    duration = float(frames.numeric(split.frame, "duration_holdout")[0])
    matched = match(made.frame, split.frame)
    expected = matched.of_first(frames.numeric(made.frame, "expected_purchases"))
    if end != made.end:
        expected = _anew(model, split, duration, matched)
    columns = _columns(made, split, matched, expected)
    notes = [*matched.notes, *_of_new_customers(split), *made.notes]
    if end != made.end:
        over = "for ever has no end" if made.end is None else f"the horizon is over on {made.end}"
        notes.append(f"{over}: the part until {end} was forecast anew with the model")
    if np.isinf(columns.get("expected_spend_total", np.zeros(1))).any():
        notes.append("expected spend is infinite for some customers, and so is its total")
    scores = _scores(columns)
    like = frames.rows(made.frame, matched.first)
    table = frames.table({"customer_id": frames.identifiers(like), **columns}, like)
    return ForecastCheck(
        verdict=_verdict(made, scores, duration),
        scored=table,
        scores=_table(scores),
        observation_end=made.observation_end,
        end=end,
        duration=duration,
        time_unit=made.time_unit,
        customers=len(matched.first),
        notes=tuple(notes),
    )


def _compared_until(made: Made, log: Any, model: Any, log_end: Any, reading: Mapping[str, Any]) -> date | datetime:
    """The end of the horizon, or with a model the end of the log if that is earlier."""
    names = Columns(reading.get("customer_id", "customer_id"), reading.get("date", "date"), None)
    last = last_day(log, names, tz=reading.get("tz"), date_format=reading.get("date_format"))
    if log_end is not None:
        last = day_of(parse_moment("log_end", log_end, reading.get("tz")))
    if made.end is not None and day_of(made.end) <= last:
        return made.end
    if model is not None:
        return last
    if made.end is None:
        raise InvalidInput(
            "a forecast for ever is never over: pass model=, the model that made it, to check what has passed so far"
        )
    raise InvalidInput(
        f"the forecast of {made.observation_end} is over on {made.end}, and the log ends on {last}: check it then. Or "
        "pass model=, the model that made it, to check the part that is over; or log_end=, if the log covers days on "
        "which nobody bought"
    )


def _anew(model: Any, split: Split, duration: float, matched: Matched) -> Array:
    purchases = model.purchases if isinstance(model, CLVModel) else model
    # one number, not the column: customers of one history are then computed once, and tie to the last bit
    answer = purchases.expected_purchases(split.frame, horizon=duration)
    return matched.of_second(np.asarray(answer, dtype=np.float64))


def _columns(made: Made, split: Split, matched: Matched, expected: Array) -> dict[str, Array]:
    there = frames.column_names(made.frame)
    columns = {}
    if "p_alive" in there:
        columns["p_alive"] = matched.of_first(frames.numeric(made.frame, "p_alive"))
    columns["expected_purchases"] = expected
    columns["purchases_holdout"] = matched.of_second(frames.numeric(split.frame, "purchases_holdout"))
    if "spend_holdout" in frames.column_names(split.frame) and "expected_spend" in there:
        spend = matched.of_first(frames.numeric(made.frame, "expected_spend"))
        with np.errstate(invalid="ignore"):
            columns["expected_spend_total"] = np.where(expected == 0, 0.0, expected * spend)
        columns["spend_holdout"] = matched.of_second(frames.numeric(split.frame, "spend_holdout"))
    return columns


def _scores(columns: Mapping[str, Array]) -> dict[str, float]:
    """Sums, and every metric of the catalogue that needs no more than what was expected and what came."""
    bought, expected = columns["purchases_holdout"], columns["expected_purchases"]
    arrays = {"actual": bought, "expected": expected}
    found = {
        "customers": float(len(bought)),
        "purchases": float(bought.sum()),
        "expected_purchases": float(expected.sum()),
        "active": float(np.sum(bought > 0)),
        "expected_nobody": float(np.sum((bought > 0) & (expected < 0.5))),
    }
    if "spend_holdout" in columns:
        arrays |= {"actual_spend": columns["spend_holdout"], "expected_spend_total": columns["expected_spend_total"]}
        found |= {"spend": float(arrays["actual_spend"].sum())}
        found |= {"expected_spend_total": float(arrays["expected_spend_total"].sum())}
    known = (metric for metric in METRICS.values() if arrays_for(metric, arrays) is not None)
    return found | {metric.name: value_of(metric, arrays) for metric in known}


def _table(scores: Mapping[str, float]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"metric": list(scores), "value": list(scores.values())})


def _verdict(made: Made, scores: Mapping[str, float], duration: float) -> str:
    expected = words.counted(scores["expected_purchases"], "purchase")
    text = (
        f"The forecast of {words.day(str(made.observation_end))} said {expected} in the "
        f"{length(duration, made.time_unit)} that followed; its {words.counted(scores['customers'], 'customer')} "
        f"made {scores['purchases']:,.0f} (the forecast was {_off(scores['bias_ratio'])})"
    )
    if "spend" in scores:
        text += (
            f". It said {scores['expected_spend_total']:,.2f} of spend; they spent {scores['spend']:,.2f} (the "
            f"forecast was {_off(scores['spend_bias_ratio'])})"
        )
    return text


def _off(ratio: float) -> str:
    if ratio == np.inf:  # nothing came, or the forecast is infinite: no per cent can be given
        return "too high"
    share = f"{abs(ratio - 1):.1%}"
    return "right" if np.isnan(ratio) or share == "0.0%" else f"{share} too {'high' if ratio > 1 else 'low'}"


def _of_new_customers(split: Split) -> list[str]:
    if not split.new_customers:
        return []
    return [
        f"{words.counted(split.new_customers, 'customer')} came later and made "
        f"{words.counted(split.new_customers_purchases, 'purchase')}: no forecast spoke of them, and none of it is "
        "counted here"
    ]
