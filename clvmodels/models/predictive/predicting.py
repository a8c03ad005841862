"""From a model and a summary to predictive distributions: draws of parameters, exact counts, simulated money."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ... import frames
from ...errors import InvalidInput
from ...numerics.arrays import Array
from ..fitted import Fitted
from .counts import count_quantiles, representative
from .parameter_draws import GIVEN, draws_of
from .result import PredictiveDistribution, described, quantile_name
from .shares import SOURCES, Shares
from .simulation import Simulation

if TYPE_CHECKING:
    from ..purchase import PurchaseModel
    from ..spend import SpendModel

QUANTITIES = ("purchases", "spend", "clv")
# Each stands for its share of the parameters' draws with its whole distribution of counts, not with one count.
EXACT = 64
_CANDIDATES = 4_000  # draws of parameters, of which the exact ones are chosen


def simulation_of(
    purchases: PurchaseModel,
    spend: SpendModel | None,
    columns: Mapping[str, Array],
    horizon: Any,
    *,
    draws: int,
    seed: int,
    sources: Sequence[str] = SOURCES,
    delta: float = 0.0,
    margin: Any = 1.0,
) -> tuple[Simulation, str]:
    """What a simulation needs to know, and where its parameters come from."""
    unsure = "parameters" in sources
    thetas, source = _thetas(purchases._state, purchases.family.title, draws, seed, 0, unsure)
    spend_thetas = None
    if spend is not None:
        spend_thetas, of_spend = _thetas(spend._state, spend.family.title, draws, seed, 1, unsure)
        source = source if source == of_spend else f"{source} (purchases), {of_spend} (spend)"
    simulation = Simulation(
        purchases=purchases.family,
        spend=None if spend is None else spend.family,
        thetas=thetas,
        spend_thetas=spend_thetas,
        statistics=columns,
        horizon=horizon,
        delta=delta,
        margin=margin,
        seed=seed,
        sources=tuple(sources),
    )
    return simulation, source


def exact_thetas(purchases: PurchaseModel, seed: int, size: int = EXACT, unsure: bool = True) -> Array:
    """Few draws of the parameters that stand for all, for what is exact given each of them."""
    if not unsure:
        return np.array([purchases._state.values])
    posterior = purchases._state.posterior
    candidates = _CANDIDATES if posterior is None else len(posterior.flat())
    thetas, _ = draws_of(purchases._state, purchases.family.title, candidates, _seed(seed, 0))
    if np.all(thetas == thetas[0]):
        return thetas[:1]
    return representative(thetas, size)


def predict_distribution(
    purchases: PurchaseModel,
    spend: SpendModel | None,
    frame: Any,
    columns: Mapping[str, Array],
    horizon: Any,
    *,
    draws: Any,
    quantities: Any,
    quantiles: Any,
    sources: Any,
    seed: Any,
    delta: float = 0.0,
    margin: Any = 1.0,
) -> PredictiveDistribution:
    """Simulate the future of all customers, and describe it; arguments as of `CLVModel.predict_distribution`."""
    size, start = checked_draws(draws), checked_seed(seed)
    wanted = _some_of(quantities, "quantities", QUANTITIES if spend is not None else QUANTITIES[:1])
    parts, levels = _some_of(sources, "sources", SOURCES), _checked_quantiles(quantiles)
    terms: dict[str, Any] = {"draws": size, "seed": start, "sources": parts, "delta": delta, "margin": margin}
    of_money = spend if wanted != ("purchases",) else None
    simulation, source = simulation_of(purchases, of_money, columns, horizon, **terms)
    found = simulation.run(levels)
    each: dict[str, Any] = {}
    ids = frames.identifiers(frame)
    if ids is not None:
        each["customer_id"] = ids
    for quantity in wanted:
        mean, cuts = found.mean[quantity], found.quantile[quantity]
        if quantity == "purchases" and {"customer", "chance"} <= set(parts):
            thetas = exact_thetas(purchases, start, unsure="parameters" in parts)
            history = [columns[name] for name in purchases.family.statistics]
            exact = count_quantiles(purchases.family, thetas, history, horizon, levels)
            mean, cuts = exact.mean, exact.values
        each[f"{quantity}_mean"] = mean
        for q, values in zip(levels, cuts, strict=True):
            each[f"{quantity}_{quantile_name(q)}"] = values
    total = pd.DataFrame(
        [
            {"quantity": name, **described(found.total[name], levels, bool(np.isinf(found.mean[name]).any()))}
            for name in wanted
        ]
    )
    told = {"interval_source": source, "horizon": _told(horizon), "draws": str(size)}
    table = frames.attach_facts(frames.table(each, frame), {**frames.read_facts(frame), **told})
    return PredictiveDistribution(
        table,
        total,
        partial(_shares, found.share, wanted),
        source,
        horizon,
        size,
        parts,
        levels,
        wanted,
        simulation,
        frame,
    )


def purchase_draws(purchases: PurchaseModel, draws: int, seed: int) -> Array:
    """Draws of a purchase model's parameters, the same as a simulation of as many draws takes; one if all are equal."""
    thetas = _thetas(purchases._state, purchases.family.title, draws, seed, 0, True)[0]
    return thetas[:1] if np.all(thetas == thetas[0]) else thetas


def spend_draws(spend: SpendModel, draws: int, seed: int) -> Array:
    """Draws of a spend model's parameters, the same as a simulation of as many draws takes."""
    return _thetas(spend._state, spend.family.title, draws, seed, 1, True)[0]


def _shares(share: Callable[[], Mapping[str, Shares]], quantities: Sequence[str]) -> pd.DataFrame:
    """For the average customer and for the total, what of the variance comes from where."""
    shares = share()
    return pd.DataFrame(
        [
            {"of": which, "quantity": name, **{part: getattr(shares[name], which)[part] for part in SOURCES}}
            for which in ("customer", "total")
            for name in quantities
        ]
    )


def _thetas(fitted: Fitted, title: str, draws: int, seed: int, part: int, unsure: bool) -> tuple[Array, str]:
    if not unsure:
        return np.tile(fitted.values, (draws, 1)), GIVEN
    return draws_of(fitted, title, draws, _seed(seed, part))


def _seed(seed: int, part: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=(2**20 + part,))  # apart from those of blocks of customers


def checked_draws(draws: Any) -> int:
    """How many draws: a whole number of at least 1."""
    if isinstance(draws, bool) or not isinstance(draws, (int, np.integer)) or draws < 1:
        raise InvalidInput(f"draws must be a whole number of at least 1, for example 1000; found {str(draws)[:40]!r}")
    return int(draws)


def checked_seed(seed: Any) -> int:
    """A whole number of at least 0."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise InvalidInput(f"seed must be a whole number of at least 0; found {str(seed)[:40]!r}")
    return int(seed)


def _some_of(given: Any, what: str, known: Sequence[str]) -> tuple[str, ...]:
    """Some of the known names, in their own order."""
    names = tuple(given) if np.iterable(given) and not isinstance(given, str) else (given,)
    wrong = [name for name in names if name not in known]
    if wrong or not names:
        raise InvalidInput(
            f"{what} must be some of {', '.join(known)}; found {', '.join(map(str, wrong))[:80] or 'none'}"
        )
    return tuple(name for name in known if name in names)


def _checked_quantiles(quantiles: Any) -> tuple[float, ...]:
    given = tuple(quantiles) if np.ndim(quantiles) else (quantiles,)
    wrong = [q for q in given if isinstance(q, bool) or not isinstance(q, (int, float, np.floating)) or not 0 < q < 1]
    if wrong or not given or len(set(map(quantile_name, given))) < len(given):  # each has a column
        raise InvalidInput(
            "quantiles must lie between 0 and 1 and differ in their first four digits, for example (0.05, 0.5, 0.95); "
            f"found {str(quantiles)[:60]}"
        )
    return tuple(float(q) for q in given)


def _told(horizon: Any) -> str:
    return str(float(horizon)) if np.ndim(horizon) == 0 else "one per row"
