"""How long a forecast keeps: part by part of its horizon, what was expected and what was bought, at several cutoffs."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import frames
from ..errors import InvalidInput
from ..inference.patterns import merge
from ..models import questions, statistics
from ..models.purchase import PurchaseModel
from ..transactions.events import PurchaseEvents
from ..units import hours_in

if TYPE_CHECKING:
    from .backtest import Backtest

PARTS = 13  # of a horizon: the weeks of a quarter, the four-weeks of a year
TOLERANCE = 0.10
CHANCE = 2.0  # standard deviations of a count of independent purchases


def in_parts(
    models: Mapping[str, PurchaseModel], frame: frames.Frame, events: PurchaseEvents, days: int, unit: str
) -> pd.DataFrame:
    """Expected and actual purchases of all customers in parts of a holdout, of whole days each.

    Parameters
    ----------
    models
        Fitted, by name.
    frame, events
        The calibration summary, and what `purchase_events` gave for it.
    days, unit
        Length of the holdout, and the time unit of the summary.

    Returns
    -------
    pandas.DataFrame
        A row for each model and part: model, begins, ends (in the unit, from the cutoff), expected, actual.
    """
    bounds = np.unique(np.rint(np.linspace(0, days, min(PARTS, days) + 1))) * 24 / float(hours_in(unit))
    later = events.time > 0
    part = np.searchsorted(bounds, events.time[later] * (1 - 1e-12), side="left") - 1
    actual = np.bincount(np.minimum(part, len(bounds) - 2), events.purchases[later], len(bounds) - 1)
    tables = []
    for name, model in models.items():
        family, values = model.family, tuple(model.parameters.values())
        patterns = merge(list(statistics.read(frame, family.statistics, family.time).values()))
        columns = list(patterns.columns)
        alive = questions.p_alive(family, 0.0, columns, values)
        expected = [
            float(questions.expected_purchases(family, end - begin, begin, columns, values, alive) @ patterns.weights)
            for begin, end in pairwise(bounds)
        ]
        rows = {"begins": bounds[:-1], "ends": bounds[1:], "expected": expected, "actual": actual}
        tables.append(pd.DataFrame({"model": name, **rows}))
    return pd.concat(tables, ignore_index=True)


def compute_shelf_life(backtest: Backtest, tolerance: float = TOLERANCE) -> pd.DataFrame:
    """Tell how a forecast's error grows with its age: with the time since the day on which it was made.

    With E_c(u) the expected and A_c(u) the actual purchases until u after cutoff c: total_error is the mean over
    cutoffs of |E_c(u)/A_c(u) − 1|, worst its largest, within how many cutoffs have at most ``tolerance``; and of the
    part of the horizon that ends at u alone, part_bias is Σ_c e_c / Σ_c a_c − 1.

    How to read it: total_error says how far a total until u may be off. part_bias near 0 in the first parts and
    drifting away later says that the forecast has got old: customers leave faster or slower than the model thinks, or
    the market moved. Every cutoff knows its own past alone, and few cutoffs say little.

    Parameters
    ----------
    backtest
        What `clvmodels.backtest` returned.
    tolerance
        What error of a total is good enough: 0.10 is 10 %.

    Returns
    -------
    pandas.DataFrame
        A row for each model and age: model, age (in the backtest's time unit), cutoffs (those at which anything was
        bought by then), expected, actual (sums over the cutoffs, from the cutoff on), total_error, worst, within,
        part_bias. Missing where nothing was bought.

    Raises
    ------
    InvalidInput
        If it is no backtest, or the tolerance is no number above 0.

    Examples
    --------
    >>> import clvmodels as clv
    >>> found = clv.backtest(clv.load_cdnow(sample=True), cutoffs=2, horizon=13, models=["bg_nbd"])
    >>> table = clv.plots.compute_shelf_life(found)
    >>> print(table.iloc[[0, 3, 12]].drop(columns="model").round(3).to_string(index=False))
     age  cutoffs  expected  actual  total_error  worst  within  part_bias
     1.0        2    99.495    86.0        0.221  0.419       1      0.157
     4.0        2   393.675   321.0        0.235  0.340       0      0.708
    13.0        2  1240.935  1156.0        0.165  0.262       1      0.067
    """
    ages = ages_of(backtest, tolerance)
    rows = []
    for (model, age), here in ages.groupby(["model", "ends"], sort=False):
        error = here["error"].dropna()
        bought = float(here["actual"].sum())
        rows.append(
            {
                "model": model,
                "age": age,
                "cutoffs": len(error),
                "expected": float(here["expected_so_far"].sum()),
                "actual": float(here["actual_so_far"].sum()),
                "total_error": float(error.mean()) if len(error) else np.nan,
                "worst": float(error.max()) if len(error) else np.nan,
                "within": int((error <= tolerance).sum()),
                "part_bias": float(here["expected"].sum()) / bought - 1 if bought else np.nan,
            }
        )
    return pd.DataFrame(rows)


def compute_time_kept(backtest: Backtest, tolerance: float = TOLERANCE) -> pd.DataFrame:
    """Tell for each cutoff how long the total forecast stayed as near to what was bought as a tolerance and chance ask.

    The longest u with |E(v) − A(v)| ≤ max(tolerance · A(v), 2 √E(v)) for all ages v ≤ u, E and A as in
    `compute_shelf_life`; 0 if it was further off from the first part on. √E is the scatter of a count of independent
    purchases: the total of a first week misses any narrow tolerance by chance alone, and says nothing of the forecast.
    One that was near enough at every age kept for the whole horizon *at least*.

    Parameters
    ----------
    backtest
        What `clvmodels.backtest` returned.
    tolerance
        0.10 is 10 %.

    Returns
    -------
    pandas.DataFrame
        A row for each model and cutoff: model, cutoff, keeps_for (in the backtest's time unit), whole_horizon.

    Raises
    ------
    InvalidInput
        As `compute_shelf_life` does.

    Examples
    --------
    >>> import clvmodels as clv
    >>> found = clv.backtest(clv.load_cdnow(sample=True), cutoffs=2, horizon=13, models=["bg_nbd"])
    >>> print(clv.plots.compute_time_kept(found).to_string(index=False))
     model     cutoff  keeps_for  whole_horizon
    bg_nbd 1997-12-30       13.0           True
    bg_nbd 1998-03-31        0.0          False
    """
    rows = []
    for (model, cutoff), here in ages_of(backtest, tolerance).groupby(["model", "cutoff"], sort=False):
        expected, actual = here["expected_so_far"], here["actual_so_far"]
        good = (expected - actual).abs() <= np.maximum(tolerance * actual, CHANCE * np.sqrt(expected))
        kept = here["ends"].to_numpy()[: len(good) if good.all() else int(np.argmin(good))]
        rows.append(
            {
                "model": model,
                "cutoff": cutoff,
                "keeps_for": float(kept[-1]) if len(kept) else 0.0,
                "whole_horizon": bool(good.all()),
            }
        )
    return pd.DataFrame(rows)


def ages_of(backtest: Any, tolerance: Any) -> pd.DataFrame:
    """The parts of a backtest with sums from the cutoff on, and the error of these."""
    from .backtest import Backtest

    if not isinstance(backtest, Backtest):
        raise InvalidInput(f"expected what clvmodels.backtest returns; found {type(backtest).__name__}")
    if isinstance(tolerance, bool) or not isinstance(tolerance, (int, float)) or not 0 < tolerance < np.inf:
        raise InvalidInput(f"tolerance must be a number above 0, for example 0.10 for 10 %; found {tolerance!r}")
    ages = backtest.parts.copy()
    so_far = ages.groupby(["model", "cutoff"], sort=False)[["expected", "actual"]].cumsum()
    ages["expected_so_far"], ages["actual_so_far"] = so_far["expected"], so_far["actual"]
    bought = ages["actual_so_far"].where(ages["actual_so_far"] > 0)
    ages["error"] = (ages["expected_so_far"] / bought - 1).abs()
    return ages
