"""Central intervals for what `CLVModel.predict` answers, column by column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InvalidInput
from ...numerics.arrays import Array
from .counts import count_quantiles
from .levels import level_quantiles, p_alive_quantiles
from .predicting import checked_draws, checked_seed, exact_thetas, purchase_draws, simulation_of, spend_draws

if TYPE_CHECKING:
    from ..purchase import PurchaseModel
    from ..spend import SpendModel

Interval = tuple[Array, Array]


def checked_interval(level: Any) -> tuple[float, float]:
    """The two quantiles that a central interval ends at."""
    if isinstance(level, bool) or not isinstance(level, (int, float, np.floating)) or not 0 < level < 1:
        raise InvalidInput(f"interval must lie between 0 and 1, for example 0.9; found {str(level)[:40]}")
    return (1 - float(level)) / 2, (1 + float(level)) / 2


def check_terms(level: Any, draws: Any, seed: Any, horizons: Iterable[Any]) -> None:
    """Raise InvalidInput for terms of which no interval can be made, before anything is computed."""
    checked_interval(level), checked_draws(draws), checked_seed(seed)
    if not all(np.all(np.isfinite(horizon)) for horizon in horizons):
        raise InvalidInput(
            "intervals need a finite horizon, because purchases without end are never all simulated; found inf. Give a "
            "long one, for example 10 years"
        )


def p_alive_interval(
    purchases: PurchaseModel, columns: Mapping[str, Array], level: Any, draws: Any, seed: Any
) -> Interval:
    """How sure the parameters leave it that each customer is still there."""
    history = [columns[name] for name in purchases.family.statistics]
    # not from the few that stand for all: those keep means, but quantiles of them lie a tenth too close together
    thetas = purchase_draws(purchases, checked_draws(draws), checked_seed(seed))
    low, high = p_alive_quantiles(purchases.family, thetas, history, checked_interval(level))
    return low, high


def spend_interval(spend: SpendModel, columns: Mapping[str, Array], level: Any, draws: Any, seed: Any) -> Interval:
    """Between what each customer's own mean spend per purchase lies."""
    q, size, start = checked_interval(level), checked_draws(draws), checked_seed(seed)
    seen = [columns[name] for name in spend.family.statistics]
    low, high = level_quantiles(spend.family, spend_draws(spend, size, start), seen, q, start)
    return low, high


def future_intervals(
    purchases: PurchaseModel,
    spend: SpendModel | None,
    columns: Mapping[str, Array],
    horizon: Any,
    *,
    level: Any,
    draws: Any,
    seed: Any,
    delta: float = 0.0,
    margin: Any = 1.0,
    suffix: str = "",
) -> tuple[dict[str, Interval], dict[str, str]]:
    """Intervals of the purchases that will be made and of what they will be worth; and facts to go with them.

    The facts are the level, where the parameters come from, and the intervals of the sums over all customers.
    """
    q, size, start = checked_interval(level), checked_draws(draws), checked_seed(seed)
    history = [columns[name] for name in purchases.family.statistics]
    counts = count_quantiles(purchases.family, exact_thetas(purchases, start), history, horizon, q).values
    simulation, source = simulation_of(
        purchases, spend, columns, horizon, draws=size, seed=start, delta=delta, margin=margin
    )
    simulated = simulation.run(q)
    found = {f"expected_purchases{suffix}": (counts[0], counts[1])}
    facts = {"interval": str(float(level)), "interval_source": source}
    facts |= _total(f"expected_purchases{suffix}", simulated.total["purchases"], q)
    if spend is not None:
        worth = simulated.quantile["clv"]
        found[f"clv{suffix}"] = (worth[0], worth[1])
        facts |= _total(f"clv{suffix}", simulated.total["clv"], q)
    return found, facts


def _total(name: str, drawn: Array, q: tuple[float, float]) -> dict[str, str]:
    low, high = np.quantile(drawn, q)
    return {f"total_{name}_low": repr(float(low)), f"total_{name}_high": repr(float(high))}


def with_ends(columns: dict[str, Any], ends: Mapping[str, Interval]) -> dict[str, Any]:
    """Each column followed by the low and the high end of its interval, if it has one.

    >>> list(with_ends({"p_alive": 0.5, "clv": 3.0}, {"clv": (1.0, 9.0)}))
    ['p_alive', 'clv', 'clv_low', 'clv_high']
    """
    result = {}
    for name, values in columns.items():
        result[name] = values
        if name in ends:
            result[f"{name}_low"], result[f"{name}_high"] = ends[name]
    return result
