"""Repeat purchases week by week: what the customers of a calibration period did, and what models say they would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from .. import frames
from ..errors import InvalidInput, NotAvailable, UnitMismatch
from ..inference.patterns import merge
from ..models import questions, statistics
from ..models.clv import CLVModel
from ..models.purchase import PurchaseModel
from ..models.spend import SpendModel
from ..models.time_units import check_unit_to_predict
from ..numerics.arrays import Array
from ..transactions import split_at
from ..transactions.cut import instant_after, zero_of
from ..transactions.events import PurchaseEvents, purchase_events
from ..transactions.sources import held
from ..units import hours_in
from .chosen import Chosen, fitted

if TYPE_CHECKING:
    import pandas as pd

    from ..families.contract import SpendFamily

HOUR = 3_600_000_000  # all in microseconds
DAY = 24 * HOUR
WEEK = 7 * DAY
POINTS = 13
ACCURACY = 1e-6

# What is followed -> how its columns begin, actual and expected.
CURVES = {"purchases": ("actual", "expected"), "revenue": ("actual_revenue", "expected_revenue")}


def compute_tracking(
    models: Any,
    log: object,
    *,
    calibration_end: object,
    holdout_end: object = None,
    spend: SpendModel | str | SpendFamily | None = None,
    **reading: Any,
) -> pd.DataFrame:
    """Follow the repeat purchases of a calibration period's customers from week to week, beside those of models.

    With e_i when customer i first bought, the model's repeat purchases until w are Σ E[X(w − e_i)] over all i with
    e_i < w: *unconditional*, as for customers of whom only the first purchase is known. Source: Fader, Hardie & Lee
    (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2), 275-284, figures 3 and 4.

    How to read it: the two cumulative curves should lie on each other in calibration, and go on doing so in the
    holdout. Curves that part slowly mean that customers leave faster or slower than the model says, and a jump or a
    wave that it knows no campaigns and no seasons. Single weeks scatter.

    Parameters
    ----------
    models
        One or several of: a `PurchaseModel` or `CLVModel` fitted on no more than the calibration period, or what is to
        be fitted on that: a family's name or value, or an unfitted model. A mapping gives them names of your own.
    log
        As for `summarize`.
    calibration_end, holdout_end
        As for `calibration_holdout`.
    spend
        For money: a `SpendModel`, or a family to be fitted on the calibration period, such as "gamma_gamma".
    **reading
        As for `calibration_holdout`.

    Returns
    -------
    pandas.DataFrame
        For each model one row a week: ``week`` (1, 2, ... of 7 days each, whatever the time unit, from the day of the
        first purchase), ``end_date`` (its last day), ``complete`` (False for a last week that the log or holdout_end
        cuts short; all columns are then of its part), ``part`` ("calibration", or "holdout" if it ends after
        calibration_end), ``model``, ``actual_cumulative``, ``expected_cumulative``, ``actual_incremental``,
        ``expected_incremental``, and ``conditional_cumulative`` and ``conditional_incremental``, NaN up to
        calibration_end and from then on what the model expects of these customers given what each had done: the
        actual number by then, and Σ E[X(T, T + u] | history], to 1e-6. With ``spend`` the first four also as
        ``actual_revenue_cumulative`` ...: values of repeat purchases, and expected purchases times the spend model's
        population mean.

    Raises
    ------
    NotAvailable
        For families in discrete time, which know no weeks.
    InvalidInput, NotEnoughData, UnitMismatch
        As `calibration_holdout` and `PurchaseModel.fit`; and if a model was fitted on a part of the holdout.

    Examples
    --------
    >>> import clvmodels as clv
    >>> from clvmodels.validation.tracking import compute_tracking
    >>> log = clv.load_cdnow(sample=True)
    >>> table = compute_tracking("pareto_nbd", log, calibration_end="1997-09-30")
    >>> columns = ["week", "actual_cumulative", "expected_cumulative", "actual_incremental"]
    >>> print(table.loc[[19, 38, 77], columns].round(1).to_string(index=False))
     week  actual_cumulative  expected_cumulative  actual_incremental
       20             1359.0               1308.9                73.0
       39             2457.0               2532.8                62.0
       78             4339.0               4275.4                28.0
    """
    log, _ = held(log)
    split = split_at(log, calibration_end=calibration_end, holdout_end=holdout_end, **reading)
    events = purchase_events(
        log, split.frame, calibration_end=calibration_end, holdout_end=split.facts["holdout_end"], **reading
    )
    tracked = _fitted(models, split.frame, str(split.facts["time_unit"]), str(split.facts["observation_end"]))
    money = _fitted_spend(spend, split.frame)
    spends = {} if money is None else dict.fromkeys(tracked, money)
    return tracking_table(tracked, split.frame, events, split.facts, spends)


def tracking_table(
    models: Mapping[str, PurchaseModel],
    frame: frames.Frame,
    events: PurchaseEvents,
    facts: Mapping[str, str | None],
    spends: Mapping[str, SpendModel],
) -> pd.DataFrame:
    """The table of `compute_tracking` of models that are fitted and events that are read.

    Parameters
    ----------
    models
        By the name they are to have in the table.
    frame, facts
        Of a `Split`.
    events
        Of `purchase_events`.
    spends
        Fitted models by the same names, for money; a model without one has no revenue.
    """
    import pandas as pd

    weeks = _weeks(frame, facts)
    actual = _actual(frame, events, weeks)
    tables = []
    for name, model in models.items():
        _refuse(model, weeks.unit_name, frame)
        expected = _unconditional(model, weeks)
        columns: dict[str, Any] = {
            "week": np.arange(1, len(weeks.ends) + 1),
            "end_date": weeks.origin + ((weeks.ends - 1) // DAY).astype("timedelta64[D]"),
            "complete": weeks.ends % WEEK == 0,
            "part": np.where(weeks.ends <= weeks.cut, "calibration", "holdout"),
            "model": name,
            "actual_cumulative": np.cumsum(actual["purchases"]),
            "expected_cumulative": expected,
            "actual_incremental": actual["purchases"],
            "expected_incremental": np.diff(expected, prepend=0.0),
        }
        later = np.full(len(weeks.ends), np.nan)
        further = np.full(len(weeks.ends), np.nan)
        holdout = weeks.ends > weeks.cut
        known = float(frames.numeric(frame, "frequency").sum())
        so_far = _conditional(model, frame, (weeks.ends[holdout] - weeks.cut) / weeks.unit)
        later[holdout], further[holdout] = known + so_far, np.diff(so_far, prepend=0.0)
        columns |= {"conditional_cumulative": later, "conditional_incremental": further}
        if name in spends and "revenue" in actual:
            value = spends[name].population_mean
            columns |= {
                "actual_revenue_cumulative": np.cumsum(actual["revenue"]),
                "expected_revenue_cumulative": expected * value,
                "actual_revenue_incremental": actual["revenue"],
                "expected_revenue_incremental": np.diff(expected, prepend=0.0) * value,
            }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


class _Weeks(NamedTuple):
    """All in microseconds since the beginning of the first day; ``unit`` is the length of the time unit."""

    origin: np.datetime64
    zero: int  # where the times of events count from
    entries: NDArray[np.int64]
    ends: NDArray[np.int64]  # of the weeks, the last one perhaps before it is over
    cut: int  # the first instant after calibration
    unit: float
    unit_name: str


def _weeks(frame: frames.Frame, facts: Mapping[str, str | None]) -> _Weeks:
    unit_name = facts.get("time_unit") or "week"
    unit = float(hours_in(unit_name) * HOUR)
    zero, epoch = zero_of(facts), datetime(1970, 1, 1)
    # whole microseconds, so that a day is a day: exact up to T of some 285 years
    ages = np.rint(frames.numeric(frame, "T") * unit).astype(np.int64)
    first = zero - timedelta(microseconds=int(ages.max(initial=0)))
    origin = datetime(first.year, first.month, first.day)
    from_origin = (zero - origin) // timedelta(microseconds=1)
    cut, end = (
        (instant_after(facts, name) - origin) // timedelta(microseconds=1)
        for name in ("observation_end", "holdout_end")
    )
    ends = WEEK * np.arange(1, -(-end // WEEK) + 1, dtype=np.int64)
    ends[-1:] = end
    day = np.datetime64((origin - epoch) // timedelta(days=1), "D").astype("datetime64[s]")
    return _Weeks(day, from_origin, from_origin - ages, ends, cut, unit, unit_name)


def _actual(frame: frames.Frame, events: PurchaseEvents, weeks: _Weeks) -> dict[str, Array]:
    """Repeat purchases, and their value, of each week."""
    n = len(weeks.ends)
    week = (weeks.zero + np.rint(events.time * weeks.unit).astype(np.int64)) // WEEK
    week = np.minimum(week, n - 1)  # a timestamp that ends the holdout is within it
    first = np.ones(len(week), dtype=bool)
    first[1:] = events.customer[1:] != events.customer[:-1]
    found = {"purchases": _summed(week, events.purchases.astype(np.float64) - first, n)}
    if events.value is None or "monetary_value" not in frames.column_names(frame):
        return found
    # a first event of several lines holds repeat purchases; what the first line was worth is left out of the mean
    before = events.time <= 0
    total = np.bincount(events.customer[before], events.value[before], frames.n_rows(frame))
    repeats = np.nan_to_num(frames.numeric(frame, "monetary_value")) * frames.numeric(frame, "frequency")
    value = events.value.copy()
    several = events.purchases[first] > 1
    value[first] = np.where(several, events.value[first] - (total - repeats)[events.customer[first]], 0.0)
    found["revenue"] = _summed(week, value, n)
    return found


def _unconditional(model: PurchaseModel, weeks: _Weeks) -> Array:
    """Σ E[X(end − entry)] at the end of each week.

    Entries are counted on a grid of days, where all lie on one; otherwise of hours, and one between two hours counts in
    part for either, which is exact but for the curvature of E[X(t)] within an hour.
    """
    step = DAY if not np.any(weeks.entries % DAY) else HOUR
    lower, rest = np.divmod(weeks.entries, step)
    share = rest / step
    size = int(lower.max(initial=0)) + 2
    entered = _summed(lower, 1 - share, size) + _summed(lower + 1, share, size)
    whole = weeks.ends // step
    new = model.new_customer()
    curve = new.expected_purchases(np.arange(int(whole.max(initial=0)) + 1) * (step / weeks.unit))
    expected = np.array([_folded(entered, curve, end) for end in whole.tolist()])
    last = int(weeks.ends[-1]) if len(weeks.ends) else 0
    if last % step:
        left = np.maximum(last - step * np.arange(len(entered)), 0) / weeks.unit
        expected[-1] = entered @ new.expected_purchases(left)
    return expected


def _summed(place: NDArray[np.int64], values: Array, size: int) -> Array:
    return np.bincount(place, values, size).astype(np.float64, copy=False)  # of nothing numpy counts in whole numbers


def _folded(entered: Array, curve: Array, end: int) -> float:
    """Σ over j of entered[j] · curve[end − j]."""
    n = min(end + 1, len(entered))
    return float(entered[:n] @ curve[end - n + 1 : end + 1][::-1])


def _conditional(model: PurchaseModel, frame: frames.Frame, after: Array) -> Array:
    """Σ E[X(T, T + u] | history] at each u, which ascend: computed at a few, interpolated, and checked at one more."""
    family, values = model.family, tuple(model.parameters.values())
    columns = list(statistics.read(frame, family.statistics, family.time).values())
    if not len(columns[0]):
        return np.zeros(len(after))
    patterns = merge(columns)

    def total(u: float) -> float:
        each = questions.expected_purchases(family, u, 0.0, list(patterns.columns), values)
        return float(each @ patterns.weights)

    if len(after) > POINTS + 1:
        longest = float(after[-1])
        # E[X] bends early on: in ln(1 + u/c) it is nearly a polynomial (measured: 1e-8 or better with 13 points)
        c = longest / 5
        width = np.log1p(longest / c)
        x = -np.cos(np.pi * np.arange(POINTS) / (POINTS - 1))
        points = c * np.expm1((x + 1) / 2 * width)
        at = np.array([0.0, *(total(float(u)) for u in points[1:])])
        coefficients = np.linalg.solve(chebyshev.chebvander(x, POINTS - 1), at)
        found = chebyshev.chebval(2 * np.log1p(after / c) / width - 1, coefficients)
        middle = len(after) // 3
        if abs(found[middle] - total(float(after[middle]))) <= ACCURACY * abs(found[middle]):
            return np.asarray(found)
    return np.array([total(float(u)) for u in after])


def _refuse(model: PurchaseModel, unit: str, frame: frames.Frame) -> None:
    if model.family.time == "discrete":
        raise NotAvailable(f"{model.family.title} counts whole periods, so it cannot be followed week by week")
    if model.time_unit != unit:
        raise UnitMismatch(f"the model is in {model.time_unit}s, the log was summarised in {unit}s: pass time_unit=")
    check_unit_to_predict(unit, model.largest_trained, frame, frames.numeric(frame, "T"))


def _fitted(models: Any, frame: frames.Frame, unit: str, cut: str) -> dict[str, PurchaseModel]:
    """Models by name; those without parameters are fitted, on copies."""
    if not isinstance(models, Mapping):
        listed = models if isinstance(models, Sequence) and not isinstance(models, str) else [models]
        purchases = [_purchase_model(model) for model in listed]
        names = [model.family.name for model in purchases]
        if len(set(names)) < len(names):
            raise InvalidInput(
                f"models of one family need names of their own: pass a mapping, for example "
                f'{{"early": ..., "late": ...}}; found {names}'
            )
        models = dict(zip(names, purchases, strict=True))
    if not models:
        raise InvalidInput("expected one model or several; found none")
    made = {str(name): _purchase_model(model) for name, model in models.items()}
    return {name: fitted(Chosen(name, model, None), frame, unit, cut) for name, model in made.items()}


def _purchase_model(model: Any) -> PurchaseModel:
    if isinstance(model, CLVModel):
        return model.purchases
    return model if isinstance(model, PurchaseModel) else PurchaseModel(model)


def _fitted_spend(spend: Any, frame: frames.Frame) -> SpendModel | None:
    if spend is None:
        return None
    model = spend if isinstance(spend, SpendModel) else SpendModel(spend)
    return model if model._fitted is not None else SpendModel(model.family).fit(frame)
