"""Bands around weekly curves: how far purchases may stray from what a model expects, by chance and by its parameters.

For each of many draws of the parameters, as many new customers as there are come in on the same days, and what they buy
is counted week by week; the band of a level is that of the middle counts. It is a posterior predictive band: Gelman,
Meng & Stern (1996), "Posterior predictive assessment of model fitness via realized discrepancies", Statistica Sinica
6(4), 733-760.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..models.predictive.parameter_draws import draws_of
from ..models.purchase import PurchaseModel
from ..numerics.arrays import Array
from .trust import distrust
from .weeks import DAY, WEEK, Weeks, entered, expected_of

DRAWS = 400
MOST_CUSTOMERS = 10_000  # simulated for one draw
MOST_EVENTS = 50_000  # of one draw, about


class Band(NamedTuple):
    """Ends of the bands at each week, NaN where there is none, and what they rest on."""

    low_cumulative: Array
    high_cumulative: Array
    low_incremental: Array
    high_incremental: Array
    interval_source: str


def band_of(model: PurchaseModel, weeks: Weeks, level: float, draws: int, seed: int) -> Band:
    """The band of the unconditional curve of a model.

    Where more than MOST_CUSTOMERS would have to be simulated, so many of them are, evenly over the days on which they
    come in: with C their purchases in a draw, M of N customers and m the exact expectations at its parameters, the
    curve is m_N + √(N/M) · (C − m_M).
    """
    simulate = model.family.simulate
    thetas, source = _thetas(model, draws, seed)
    if thetas is None or simulate is None or not len(weeks.ends):
        missing = np.full(len(weeks.ends), np.nan)
        return Band(missing, missing, missing, missing, source)
    weeks = weeks._replace(entries=np.sort(weeks.entries))
    everybody = entered(weeks, DAY)
    longest = (int(weeks.ends[-1]) - int(weeks.entries.min(initial=int(weeks.ends[-1])))) / weeks.unit
    each = model.family.expected_purchases(np.full(len(thetas), longest), *thetas.T)
    weekly = np.empty((len(thetas), len(weeks.ends)))
    for d, theta in enumerate(thetas):
        generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1, d)))
        weekly[d] = _drawn(
            generator, simulate, model.family.expected_purchases, theta.tolist(), float(each[d]), weeks, everybody
        )
    # Hyndman & Fan's type 6: a further curve lies within with the level's probability, however few the draws
    ends = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(np.cumsum(weekly, axis=1), ends, axis=0, method="weibull")
    low_of_week, high_of_week = np.quantile(weekly, ends, axis=0, method="weibull")
    return Band(np.maximum(low, 0.0), high, np.maximum(low_of_week, 0.0), high_of_week, source)


def _thetas(model: PurchaseModel, draws: int, seed: int) -> tuple[Array | None, str]:
    """Draws of the parameters, and where they come from; None and why where there is to be no band."""
    reason = distrust(model._state)
    if model.family.simulate is None:
        reason = f"{model.family.name} cannot simulate"
    if reason is not None:
        return None, f"none: {reason}"
    return draws_of(model._state, model.family.title, draws, np.random.SeedSequence(seed, spawn_key=(0,)))


def _drawn(
    generator: np.random.Generator,
    simulate: Callable[..., Any],
    expected: Callable[..., Array],
    theta: list[float],
    each: float,
    weeks: Weeks,
    everybody: Array,
) -> Array:
    """Purchases of each week in one draw.

    ``each`` is what the first who came in is expected to buy, ``everybody`` the customers by day, who stand in order in
    ``weeks``.
    """

    def mean(counts: Array) -> Array:
        cumulative = expected_of(counts, lambda t: expected(t, *theta), weeks, DAY)
        weekly: Array = np.diff(cumulative, prepend=0.0)
        return weekly

    n = len(weeks.entries)
    m = int(max(min(n, MOST_CUSTOMERS, MOST_EVENTS / max(each, 1e-3)), 1))
    if m >= n:
        return _simulated(generator, simulate, theta, weeks)
    if each > MOST_EVENTS:  # of customers who buy so often the mean is all that matters
        return mean(everybody)
    some = weeks._replace(entries=weeks.entries[((np.arange(m) + 0.5) * n / m).astype(np.int64)])
    ratio, those = math.sqrt(n / m), entered(some, DAY)
    rest = everybody.copy()
    rest[: len(those)] -= ratio * those
    return mean(rest) + ratio * _simulated(generator, simulate, theta, some)


def _simulated(generator: np.random.Generator, simulate: Callable[..., Any], theta: list[float], weeks: Weeks) -> Array:
    """Repeat purchases of each week by new customers who come in when these did."""
    owner, times = simulate(generator, (weeks.ends[-1] - weeks.entries) / weeks.unit, *theta)
    week = ((weeks.entries[owner] + times * weeks.unit) / WEEK).astype(np.int64)
    n = len(weeks.ends)
    return np.bincount(np.minimum(week, n - 1), minlength=n).astype(np.float64)
