"""Do 90 % intervals of purchases and of spend hold what happened, customer by customer and in total?

These are intervals of everything that is not known: the parameters, what each customer is like, and chance. (The 50, 80
and 95 % intervals that scores and `compute_coverage` judge take the parameters as known.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ClvError
from ..models import statistics
from ..models.predictive.counts import count_quantiles
from ..models.predictive.parameter_draws import draws_of
from ..models.predictive.predicting import exact_thetas, simulation_of
from ..models.purchase import PurchaseModel
from ..models.spend import SpendModel
from ..numerics.arrays import Array, Positions
from . import predictive
from .forecasts import Predicted
from .trust import distrust

if TYPE_CHECKING:
    import pandas as pd

    from ..models.predictive.shares import Shares

LEVEL = 0.9
MOST_CUSTOMERS = 25_000
FEWEST_DRAWS, MOST_DRAWS, MOST_SIMULATED = 200, 400, 5_000_000
_ENDS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)


@dataclass(frozen=True)
class Interval:
    """Of one quantity: each customer's interval, the probability that it holds him, and that of the sum over all."""

    low: Array
    high: Array
    mass: Array
    total: tuple[float, float]


@dataclass(frozen=True)
class Intervals:
    """What one forecaster says of ``"purchases"`` and ``"spend"``.

    ``rows`` are the customers asked, None for all; ``source`` says by quantity where the parameters come from, or
    ``"none: "`` and why there are no intervals.
    """

    rows: Positions | None
    found: Mapping[str, Interval]
    source: Mapping[str, str]


def of_model(
    model: PurchaseModel, spend: SpendModel | None, said: Predicted, frame: Any, duration: float, seed: int
) -> Intervals:
    """The intervals of a fitted model.

    Of each customer's purchases they are exact given the parameters, of which 64 draws are mixed; spend and totals are
    simulated, 200 to 400 times. Of more than 25,000 customers so many are asked, drawn at random. The total of all N is
    then taken from that of the n asked: the part of its variance that the parameters bring grows with (N/n)², the rest
    with N/n.
    """
    columns = statistics.read(frame, model.family.statistics, model.family.time)
    size = len(said.expected)
    rows = None
    if size > MOST_CUSTOMERS:
        rows = np.sort(np.random.default_rng(seed).choice(size, MOST_CUSTOMERS, replace=False))
        columns, frame = {name: column[rows] for name, column in columns.items()}, frame.iloc[rows]
    n = size if rows is None else len(rows)
    draws = int(np.clip(MOST_SIMULATED // max(n, 1), FEWEST_DRAWS, MOST_DRAWS))
    untrusted, sources = distrust(model._state), {"purchases": "", "spend": ""}
    if untrusted is not None:
        return Intervals(rows, {}, dict.fromkeys(sources, f"none: {untrusted}"))
    if spend is not None:
        untrusted = distrust(spend._state)
        if untrusted is None:
            columns = {**statistics.read(frame, spend.family.statistics), **columns}
        else:
            spend, sources["spend"] = None, f"none: {untrusted}"
    history = [columns[name] for name in model.family.statistics]
    try:
        counts = count_quantiles(model.family, exact_thetas(model, seed), history, duration, _ENDS)
    except ClvError as error:  # a family may lack probabilities, a draw may ask for a quantile beyond all numbers
        return Intervals(rows, {}, dict.fromkeys(sources, f"none: {error}"))
    sources["purchases"] = draws_of(model._state, model.family.title, 1, seed).source
    low, high = counts.values
    mass = counts.at_most[1] - counts.below[0]
    try:
        simulation, source = simulation_of(model, spend, columns, duration, draws=draws, seed=seed)
        future = simulation.run(_ENDS)
    except ClvError as error:  # a family may lack draws of rates
        purchases = Interval(low, high, mass, (math.nan, math.nan))
        return Intervals(rows, {"purchases": purchases}, {**sources, "spend": f"none: {error}"})
    sources["spend"] = sources["spend"] or source
    totals = {}
    for name, all_expected in (("purchases", said.expected), ("spend", said.expected_spend_total)):
        if name in future.total and all_expected is not None:
            mean = float(future.mean[name].sum())
            centre = mean
            if rows is not None:  # how far draws of parameters and the estimates differ is known of those asked alone
                centre = float(all_expected.sum()) + size / n * (mean - float(all_expected[rows].sum()))
            totals[name] = _total(future.total[name] - mean, centre, future.shares[name], size / max(n, 1))
    found = {"purchases": Interval(low, high, mass, totals["purchases"])}
    if spend is not None:
        low, high = future.quantile["spend"]
        # a value to come lies below the k-th of so many draws with probability k/(draws + 1), or is one of the zeros
        below, at_most = (math.ceil(q * draws) / (draws + 1) for q in _ENDS)
        mass = np.where(high > 0, at_most, counts.none) - np.where(low > 0, below, 0.0)
        found["spend"] = Interval(low, high, mass, totals["spend"])
    return Intervals(rows, found, sources)


def of_baseline(said: Predicted) -> Intervals:
    """The intervals of a baseline: Poisson ones around its forecast, and around the sum of its forecasts."""
    told = predictive.of_counts(said.expected, np.zeros(len(said.expected)), (LEVEL,))
    whole = predictive.of_counts([said.expected.sum()], [0.0], (LEVEL,))
    least, most = (float(end[0]) for end in whole.intervals[LEVEL])
    low, high = told.intervals[LEVEL]
    found = Interval(low, high, told.masses[LEVEL], (least, most))
    return Intervals(None, {"purchases": found}, {"purchases": "Poisson around the forecast"})


def coverage_table(
    intervals: Mapping[str, Intervals], predicted: Mapping[str, Predicted], actual: Array, actual_spend: Array | None
) -> pd.DataFrame:
    """A row per forecaster and quantity: how many customers were within their intervals, and was the total?"""
    import pandas as pd

    missing = math.nan
    rows = []
    for name, told in intervals.items():
        for quantity, happened in (("purchases", actual), ("spend", actual_spend)):
            if happened is None or quantity not in told.source:
                continue
            row: dict[str, Any] = {"model": name, "kind": predicted[name].kind, "quantity": quantity, "level": LEVEL}
            own = told.found.get(quantity)
            if own is None:
                row |= {"n": 0, "held": missing, "expected": missing, "standard_error": missing}
                ends = (missing, missing)
            else:
                here = happened if told.rows is None else happened[told.rows]
                n, ends = len(here), own.total
                row |= {
                    "n": n,
                    "held": float(np.mean((own.low <= here) & (here <= own.high))),
                    "expected": float(np.mean(own.mass)),
                    "standard_error": float(np.sqrt(np.sum(own.mass * (1 - own.mass)))) / n,
                }
            total = float(happened.sum())
            within = None if math.isnan(ends[0]) else ends[0] <= total <= ends[1]
            row |= {"total_low": ends[0], "total_high": ends[1], "total_actual": total, "total_held": within}
            rows.append(row | {"interval_source": told.source[quantity]})
    return pd.DataFrame(rows)


def _total(away: Array, centre: float, shares: Shares, times: float) -> tuple[float, float]:
    """The interval of a total over ``times`` as many customers as were simulated, from how far away theirs were."""
    share = shares.total["parameters"]
    wider = math.sqrt(times**2 * share + times * (1 - share)) if math.isfinite(share) else times
    # Hyndman & Fan's type 6: a further total lies within with the level's probability, however few the draws
    low, high = (float(end) for end in centre + wider * np.quantile(away, _ENDS, method="weibull"))
    return max(low, 0.0), high
