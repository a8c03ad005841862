"""Central intervals for what `CLVModel.predict` answers, column by column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InvalidInput
from ...numerics.arrays import Array
from . import money
from .counts import count_quantiles
from .levels import level_quantiles, p_alive_quantiles
from .predicting import checked_draws, checked_seed, exact_thetas, future_of, spend_draws

if TYPE_CHECKING:
    from ..purchase import PurchaseModel
    from ..spend import SpendModel

Interval = tuple[Array, Array]


def checked_interval(level: Any) -> tuple[float, float]:
    """The two quantiles that a central interval ends at."""
    if isinstance(level, bool) or not isinstance(level, (int, float, np.floating)) or not 0 < level < 1:
        raise InvalidInput(f"interval must lie between 0 and 1, for example 0.9; found {str(level)[:40]!r}")
    return (1 - float(level)) / 2, (1 + float(level)) / 2


def standing_intervals(
    purchases: PurchaseModel, spend: SpendModel, columns: Mapping[str, Array], level: Any, draws: Any, seed: Any
) -> dict[str, Interval]:
    """Intervals of what does not depend on a horizon: P(alive), and the customer's own mean spend per purchase."""
    q, size, start = checked_interval(level), checked_draws(draws), checked_seed(seed)
    history = [columns[name] for name in purchases.family.statistics]
    seen = [columns[name] for name in spend.family.statistics]
    alive = p_alive_quantiles(purchases.family, exact_thetas(purchases, start), history, q)
    spend_thetas = spend_draws(spend, size, start)
    own = level_quantiles(spend.family, spend_thetas, seen, q, start)
    return {"p_alive": (alive[0], alive[1]), "expected_spend": (own[0], own[1])}


def horizon_intervals(
    purchases: PurchaseModel,
    spend: SpendModel,
    columns: Mapping[str, Array],
    horizon: Any,
    delta: float,
    margin: Any,
    *,
    level: Any,
    draws: Any,
    seed: Any,
) -> tuple[dict[str, Interval], str]:
    """Intervals of the purchases that will be made and of what they will be worth, and their source."""
    q, size, start = checked_interval(level), checked_draws(draws), checked_seed(seed)
    if not np.all(np.isfinite(horizon)):
        raise InvalidInput("intervals need a finite horizon: purchases without end have none; found inf")
    history = [columns[name] for name in purchases.family.statistics]
    counts = count_quantiles(purchases.family, exact_thetas(purchases, start), history, horizon, q).values
    future, source = future_of(purchases, spend, columns, horizon, draws=size, seed=start, delta=delta, margin=margin)
    worth = money.simulate_future(future, q, ("clv",)).quantiles["clv"]
    return {"expected_purchases": (counts[0], counts[1]), "clv": (worth[0], worth[1])}, source
