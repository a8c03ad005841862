"""When P(alive) comes down to a level if a customer stays silent: T moves on, the last purchase stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..families.contract import PurchaseFamily
from ..numerics.arrays import Array, Positions, distinct
from ..numerics.roots import crossing_time
from . import questions

# In whole periods a silence is looked at step by step, as far as this.
LONGEST = 10_000


def time_until_below(
    family: PurchaseFamily, level: float, statistics: Sequence[Array], parameters: Sequence[Any]
) -> Array:
    """Time from T at which P(alive | no purchase since) comes down to the level: below 0 where that is past.

    It is t_x − T where the level was not exceeded right after the last purchase, and inf where P(alive) never comes
    down (in discrete time: not within 10,000 periods of silence). What is solved for is the silence u − t_x, in the log
    of the odds of having left, which is close to a straight line in the log of time; it does not depend on T.
    """
    names = family.statistics
    if "T" not in names:
        raise questions.cannot(family, "falls_below")
    place = names.index("T")
    T = statistics[place]
    # a family that does not read t_x has no say about the time before T
    since = statistics[names.index("recency")] if "recency" in names else T
    history, where = distinct(*(since if i == place else values for i, values in enumerate(statistics)))
    wanted = np.log1p(-level) - np.log(level)

    def distance(silence: Array, rows: Positions) -> Array:
        moved = [v[rows] + silence if i == place else v[rows] for i, v in enumerate(history)]
        log_alive = family.log_p_alive(*moved, *parameters)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(-np.expm1(log_alive)) - log_alive - wanted)

    silence = np.zeros(len(history[place]))
    above = np.flatnonzero(distance(silence, np.arange(len(silence))) < 0)

    def of_those(silence: Array, rows: Positions) -> Array:
        return distance(silence, above[rows])

    if family.time == "discrete":
        silence[above] = _whole_periods(of_those, len(above))
    else:
        silence[above] = crossing_time(of_those, 1 + history[place][above])
    return np.asarray(silence[where] - (T - since))


def _whole_periods(distance: Callable[[Array, Positions], Array], size: int) -> Array:
    """The first whole number of periods at which a function that rises from below 0 is no longer below it."""
    low, high = np.zeros(size), np.full(size, np.inf)
    rows, n = np.arange(size), 1.0
    while len(rows) and n <= LONGEST:
        below = distance(np.full(len(rows), n), rows) < 0
        low[rows[below]], high[rows[~below]] = n, n
        rows, n = rows[below], LONGEST if n < LONGEST < 2 * n else 2 * n
    rows = np.flatnonzero(np.isfinite(high) & (high - low > 1))
    while len(rows):
        middle = np.floor((low[rows] + high[rows]) / 2)
        below = distance(middle, rows) < 0
        low[rows], high[rows] = np.where(below, middle, low[rows]), np.where(below, high[rows], middle)
        rows = rows[high[rows] - low[rows] > 1]
    return high
