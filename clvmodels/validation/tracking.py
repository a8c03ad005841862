"""Repeat purchases week by week: what the customers of a calibration period did, and what models say they would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.polynomial import chebyshev

from .. import frames
from ..errors import InvalidInput, NotAvailable, UnitMismatch
from ..inference.patterns import merge
from ..models import questions, statistics
from ..models.clv import CLVModel
from ..models.fitted import checked_level
from ..models.purchase import PurchaseModel
from ..models.spend import SpendModel
from ..models.time_units import check_unit_to_predict
from ..numerics.arrays import Array
from ..transactions import split_at
from ..transactions.events import PurchaseEvents, purchase_events
from ..transactions.sources import held
from .chosen import Chosen, fitted
from .metrics.resampling import refuse_seed
from .tracking_bands import DRAWS, band_of
from .weeks import DAY, WEEK, Weeks, expected_by_week, summed, weeks_of

if TYPE_CHECKING:
    import pandas as pd

    from ..families.contract import SpendFamily

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
    level: float = 0.9,
    seed: int = 0,
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
    level
        Of the bands, above 0 and below 1.
    seed
        Of their 400 draws, a whole number of at least 0.
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
        population mean. ``level`` and ``low_cumulative``, ``high_cumulative``, ``low_incremental``,
        ``high_incremental`` are the band, and ``interval_source`` is what it rests on; see the notes.

    Raises
    ------
    NotAvailable
        For families in discrete time, which know no weeks.
    InvalidInput, NotEnoughData, UnitMismatch
        As `calibration_holdout` and `PurchaseModel.fit`; and if a model was fitted on a part of the holdout, or a level
        or seed cannot be used.

    Notes
    -----
    The band says where so many *new* customers, who come in on the same days, would take the curve, if customers are
    as the model says: in 90 of 100 cases within it, each week by itself. It holds chance and how unsure the parameters
    are: each of 400 draws has its own parameters. It is so a little wide for the very customers that the parameters
    come from, whose curve the model was fitted to. ``interval_source`` says where the draws come from: ``"posterior"``,
    ``"covariance"`` (of the fit), ``"parameters as given"`` (chance alone), or ``"none: "`` and why there is no band
    (NaN), as for a fit that is not to be trusted. Of more than 10,000
    customers, or 50,000 purchases, a part is simulated, evenly over the days on which they come in, and its distance
    from the exact expectation is widened by the root of their numbers' ratio. Source: Gelman, Meng & Stern (1996),
    Statistica Sinica 6(4), 733-760.

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
    level = checked_level(level)
    refuse_seed(seed)
    log, _ = held(log)
    split = split_at(log, calibration_end=calibration_end, holdout_end=holdout_end, **reading)
    events = purchase_events(
        log, split.frame, calibration_end=calibration_end, holdout_end=split.facts["holdout_end"], **reading
    )
    tracked = _fitted(models, split.frame, str(split.facts["time_unit"]), str(split.facts["observation_end"]))
    money = _fitted_spend(spend, split.frame)
    spends = {} if money is None else dict.fromkeys(tracked, money)
    return tracking_table(tracked, split.frame, events, split.facts, spends, level, seed)


def tracking_table(
    models: Mapping[str, PurchaseModel],
    frame: frames.Frame,
    events: PurchaseEvents,
    facts: Mapping[str, str | None],
    spends: Mapping[str, SpendModel],
    level: float = 0.9,
    seed: int = 0,
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
    level, seed
        Of the bands.
    """
    import pandas as pd

    weeks = weeks_of(frame, facts)
    actual = _actual(frame, events, weeks)
    tables = []
    for name, model in models.items():
        _refuse(model, weeks.unit_name, frame)
        expected = expected_by_week(model.new_customer().expected_purchases, weeks)
        band = band_of(model, weeks, level, DRAWS, seed)
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
        columns |= {"level": level, **band._asdict()}
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


def _actual(frame: frames.Frame, events: PurchaseEvents, weeks: Weeks) -> dict[str, Array]:
    """Repeat purchases, and their value, of each week."""
    n = len(weeks.ends)
    week = (weeks.zero + np.rint(events.time * weeks.unit).astype(np.int64)) // WEEK
    week = np.minimum(week, n - 1)  # a timestamp that ends the holdout is within it
    first = np.ones(len(week), dtype=bool)
    first[1:] = events.customer[1:] != events.customer[:-1]
    found = {"purchases": summed(week, events.purchases.astype(np.float64) - first, n)}
    if events.value is None or "monetary_value" not in frames.column_names(frame):
        return found
    # a first event of several lines holds repeat purchases; what the first line was worth is left out of the mean
    before = events.time <= 0
    total = np.bincount(events.customer[before], events.value[before], frames.n_rows(frame))
    repeats = np.nan_to_num(frames.numeric(frame, "monetary_value")) * frames.numeric(frame, "frequency")
    value = events.value.copy()
    several = events.purchases[first] > 1
    value[first] = np.where(several, events.value[first] - (total - repeats)[events.customer[first]], 0.0)
    found["revenue"] = summed(week, value, n)
    return found


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
    if model._unit != unit:
        raise UnitMismatch(f"the model is in {model._unit}s, the log was summarised in {unit}s: pass time_unit=")
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
