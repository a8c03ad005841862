"""Scores batch after batch of customers: what `scored_table` answers, without what needs all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import md5
from typing import Any, NamedTuple

from ..errors import InvalidInput, NotFitted
from ..models import cash_flows, questions, statistics
from ..models.clv import CLVModel
from ..models.predictive import intervals
from ..models.predictive.counts import count_quantiles
from ..models.predictive.parameter_draws import draws_of
from ..models.predictive.predicting import exact_thetas, simulation_of
from ..models.purchase import PurchaseModel
from ..models.spend import SpendModel
from ..models.time_units import one_or_endless
from ..numerics.arrays import Array
from ..units import units_per_year

ALWAYS = "customer_id"
CONSTANT = ("observation_end", "horizon", "time_unit", "interval", "interval_source")


@dataclass(frozen=True, eq=False)
class Terms:
    """What is asked of every customer, checked: the model with horizon, rate, margin and intervals."""

    purchases: PurchaseModel
    spend: SpendModel | None
    horizon: float
    rate: float
    delta: float
    margin: float | str
    interval: float | None
    draws: int
    seed: int
    source: str | None  # of the parameters in the intervals

    @property
    def unit(self) -> str:
        """The model's unit of time."""
        return self.purchases._unit

    @property
    def statistics(self) -> tuple[str, ...]:
        """The columns of a summary that are read."""
        spend = () if self.spend is None else self.spend.family.statistics
        return tuple(dict.fromkeys((*self.purchases.family.statistics, *spend)))

    @property
    def margin_column(self) -> str | None:
        """The column that holds the margin, if one does."""
        return self.margin if isinstance(self.margin, str) and self.spend is not None else None


def terms_of(
    model: Any,
    horizon: float | None,
    annual_discount_rate: float | None,
    margin: float | str | None,
    interval: float | None,
    draws: int,
    seed: int,
) -> Terms:
    """Check what is asked before anything is read."""
    if isinstance(model, SpendModel):
        raise InvalidInput("a spend model alone cannot say who buys: expected a CLVModel or a PurchaseModel")
    if not isinstance(model, CLVModel | PurchaseModel):
        raise InvalidInput(f"model must be a CLVModel or a PurchaseModel; found {type(model).__qualname__}")
    purchases = model if isinstance(model, PurchaseModel) else model.purchases
    spend = None if isinstance(model, PurchaseModel) else model.spend
    if purchases._fitted is None or (spend is not None and spend._fitted is None):
        raise NotFitted("this model has no parameters yet: call fit(summary) first")
    length = one_or_endless(units_per_year(purchases._unit) if horizon is None else horizon)
    if interval is not None:
        intervals.check_terms(interval, draws, seed, [length])
    rate, share = 0.0, 1.0
    if isinstance(model, PurchaseModel):
        if annual_discount_rate is not None or margin is not None:
            raise InvalidInput("a purchase model knows no money: leave annual_discount_rate and margin out")
    else:
        rate = model.annual_discount_rate if annual_discount_rate is None else annual_discount_rate
        given = model.margin if margin is None else margin
        share = given if isinstance(given, str) else CLVModel(purchases, spend, rate, given).margin  # type: ignore[assignment, arg-type]
    delta = questions.continuous_rate(rate, purchases._unit, length) if spend is not None else 0.0
    return Terms(
        purchases, spend, length, float(rate), delta, share, interval, draws, seed, _source(purchases, spend, interval)
    )


def _source(purchases: PurchaseModel, spend: SpendModel | None, interval: float | None) -> str | None:
    """Where the parameters of intervals come from; raises where a fit is not to be trusted."""
    if interval is None:
        return None
    first = draws_of(purchases._state, purchases.family.title, 1, 0).source
    other = first if spend is None else draws_of(spend._state, spend.family.title, 1, 0).source
    return first if first == other else f"{first} (purchases), {other} (spend)"


def answered(terms: Terms) -> list[str]:
    """Names of the columns that are computed for each customer, in their order."""
    names = ["p_alive", "expected_purchases", *(["expected_spend", "clv"] if terms.spend is not None else [])]
    if terms.interval is None:
        return names
    return [name + end for name in names for end in ("", "_low", "_high")]


def written(terms: Terms, columns: Sequence[str] | None) -> tuple[str, ...]:
    """The columns to write, in their order whatever the order asked for."""
    constant = CONSTANT if terms.interval is not None else CONSTANT[:3]
    known = (ALWAYS, *answered(terms), *constant)
    if columns is None:
        return known
    asked = (columns,) if isinstance(columns, str) else tuple(columns)
    unknown = [name for name in asked if name not in known]
    if unknown or not asked:
        raise InvalidInput(
            f"columns must be some of {', '.join(known)}; found {', '.join(map(str, unknown))[:120] or 'none'}"
        )
    return tuple(name for name in known if name in asked or name == ALWAYS)


class Answers(NamedTuple):
    """Of one batch: the columns of `answered` by name, the largest T, and sums over customers in each draw."""

    columns: dict[str, Array]
    longest: float | None
    drawn: dict[str, Array]


def score(terms: Terms, batch: Any) -> Answers:
    """Score one batch of customers."""
    purchases, spend = terms.purchases, terms.spend
    family, values = purchases.family, purchases._state.values
    columns = statistics.read(batch, terms.statistics, family.time)
    history = [columns[name] for name in family.statistics]
    alive = questions.p_alive(family, 0.0, history, values)
    count = questions.expected_purchases(family, terms.horizon, 0.0, history, values, alive)
    found = {"p_alive": alive, "expected_purchases": count}
    share: Any = terms.margin
    if spend is not None:
        seen = {name: columns[name] for name in spend.family.statistics}
        each = spend.spend_of(seen, spend._state.values)
        worth = (
            questions.discounted(family, terms.horizon, terms.delta, history, values, alive) if terms.delta else count
        )
        share = statistics.margins(batch, terms.margin) if isinstance(terms.margin, str) else share
        found |= {"expected_spend": each, "clv": cash_flows.money(worth, each, share)}
    longest = float(columns["T"].max()) if "T" in columns and batch.num_rows else None
    if terms.interval is None:
        return Answers(found, longest, {})
    ends, drawn = _intervals(terms, columns, share, _seed(terms.seed, batch.column(ALWAYS)))
    return Answers(intervals.with_ends(found, ends), longest, drawn)


def _intervals(
    terms: Terms, columns: dict[str, Array], share: Any, seed: int
) -> tuple[dict[str, intervals.Interval], dict[str, Array]]:
    """As `CLVModel.predict` makes them, with parameters drawn alike for all batches, and futures for each its own."""
    certainty: tuple[Any, Any, Any] = (terms.interval, terms.draws, terms.seed)
    q = intervals.checked_interval(terms.interval)
    history = [columns[name] for name in terms.purchases.family.statistics]
    ends = {"p_alive": intervals.p_alive_interval(terms.purchases, columns, *certainty)}
    thetas = exact_thetas(terms.purchases, terms.seed)
    counts = count_quantiles(terms.purchases.family, thetas, history, terms.horizon, q).values
    ends["expected_purchases"] = (counts[0], counts[1])
    simulation, _ = simulation_of(
        terms.purchases,
        terms.spend,
        columns,
        terms.horizon,
        draws=terms.draws,
        seed=terms.seed,
        delta=terms.delta,
        margin=share,
    )
    simulated = replace(simulation, seed=seed).run(q)
    drawn = {"expected_purchases": simulated.total["purchases"]}
    if terms.spend is not None:
        ends["expected_spend"] = intervals.spend_interval(terms.spend, columns, *certainty)
        worth = simulated.quantile["clv"]
        ends["clv"], drawn["clv"] = (worth[0], worth[1]), simulated.total["clv"]
    return ends, drawn


def _seed(seed: int, ids: Any) -> int:
    """Of the futures of a batch, by its first customer: batches are the same whatever was killed."""
    first = str(ids[0].as_py()) if len(ids) else ""
    return int.from_bytes(md5(f"{seed} {first}".encode(), usedforsecurity=False).digest()[:8])
