"""One block of the simulated future: its customers by all draws of the parameters, in arrays that stay in cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...families.contract import PurchaseFamily, SpendFamily
from ...numerics.arrays import Array, Positions, distinct

Watch = Callable[[Positions, Mapping[str, Array]], None]

AT_ONCE = 65_536  # customers times draws of a block
_PURCHASES = 2**19  # expected, that are simulated at once: a few heavy buyers make as many as a block of others


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked, checked and in the shape in which blocks want it."""

    purchases: PurchaseFamily
    spend: SpendFamily | None
    thetas: tuple[Array, ...]  # each of shape (draws,)
    distinct: tuple[Array, ...]  # the same without repetition, and where each draw finds itself
    which: Positions
    money: tuple[Array, ...]
    history: tuple[Array, ...]  # each of shape (customers,), in the order of the family
    spent: tuple[Array, ...]
    margin: Array
    groups: NDArray[np.int64]
    n_groups: int
    order: Positions
    horizon: float
    delta: float
    seed: int
    levels: Array
    customer: bool
    chance: bool
    watch: Watch | None
    names: tuple[str, ...]

    @property
    def draws(self) -> int:
        """How many there are."""
        return len(self.thetas[0])


@dataclass(frozen=True, eq=False)
class Moments:
    """Of one quantity in one block: sums per draw by group, per-draw sums of expectations, and sums of variances."""

    groups: Positions
    sums: Array
    expected: Array
    within: float  # Σ over customers of the variance of E[quantity | parameters, rates, alive, level] over draws
    chance: float  # Σ over customers of the mean square of the quantity less that


def block(
    question: Question,
    number: int,
    rows: Positions,
    mean: Mapping[str, Array],
    none: Mapping[str, Array],
    quantile: Mapping[str, Array],
) -> dict[str, Moments]:
    """Simulate the customers ``rows`` and write what is known of each; give what is added up over customers."""
    generator = np.random.default_rng(np.random.SeedSequence(question.seed, spawn_key=(number,)))
    family, horizon, delta = question.purchases, question.horizon, question.delta
    assert family.draw_rates_alive
    assert family.purchases_of_rates
    history = [column[rows, None] for column in question.history]
    chance_alive = _alive(question, rows)
    there: Any = chance_alive
    if question.customer or question.chance:
        there = generator.random(chance_alive.shape) < chance_alive
    if question.customer:
        rates = family.draw_rates_alive(generator, *history, *question.thetas)
    else:
        assert family.expected_rates_alive
        rates = family.expected_rates_alive(*history, *question.thetas)
    to_come = {"purchases": family.purchases_of_rates(horizon, 0.0, rates)}
    average: dict[str, Any] = {"purchases": 1.0}
    given: dict[str, Any] = {"purchases": 1.0}
    level: Any = None
    if question.spend is not None:
        spent = [column[rows, None] for column in question.spent]
        own = question.margin[rows, None]
        typical: Any = question.spend.expected_spend(*spent, *question.money)
        level = typical
        if question.customer:
            assert question.spend.draw_level
            level = question.spend.draw_level(generator, *spent, *question.money)
        to_come["spend"] = to_come["purchases"]
        to_come["clv"] = to_come["spend"] if delta == 0 else family.purchases_of_rates(horizon, delta, rates)
        average |= {"spend": typical, "clv": worth_of(own, typical)}
        given |= {"spend": level, "clv": worth_of(own, level)}
    # the coin of being alive belongs to chance where the customer is not a source
    alive = there if question.customer else chance_alive
    sure = {name: worth_of(alive * worth, given[name]) for name, worth in to_come.items()}
    values = (
        _simulated(question, generator, rows, there, rates, to_come["purchases"], level) if question.chance else sure
    )
    if question.watch is not None:
        question.watch(rows, values)
    result = {}
    for name, value in values.items():
        mean[name][rows] = np.mean(worth_of(chance_alive * to_come[name], average[name]), axis=1)
        none[name][rows] = np.mean(value == 0, axis=1)
        result[name] = _moments(value, sure[name], question.groups[rows])
        ranked = np.sort(value, axis=1)
        last = np.ceil(question.levels * question.draws * (1 - 1e-12)).astype(np.intp) - 1
        quantile[name][:, rows] = ranked[:, np.maximum(last, 0)].T
    return result


def worth_of(some: Any, amount: Any) -> Array:
    """Their product, 0 where there are none of an infinite amount."""
    with np.errstate(invalid="ignore"):
        product = np.asarray(some * amount)
    return product if np.isfinite(product).all() else np.where(np.asarray(some) == 0, 0.0, product)


def _alive(question: Question, rows: Positions) -> Array:
    """P(alive) of customers by draws: once for equal histories and equal parameters."""
    history, where = distinct(*(column[rows] for column in question.history))
    known = question.purchases.log_p_alive(*(column[:, None] for column in history), *question.distinct)
    probability = np.exp(np.broadcast_to(known, (len(history[0]), len(question.distinct[0]))))
    if len(question.distinct[0]) < question.draws:
        probability = probability[:, question.which]
    return np.asarray(probability[where])


def _simulated(
    question: Question,
    generator: np.random.Generator,
    rows: Positions,
    there: NDArray[np.bool_],
    rates: Mapping[str, Array],
    to_come: Array,
    level: Array | None,
) -> dict[str, Array]:
    """What those who are alive buy and pay, customers by draws."""
    assert question.purchases.simulate_of_rates
    shape, draws, delta = there.shape, question.draws, question.delta
    alive = np.flatnonzero(there)
    counts = np.zeros(there.size)
    sums, worth = np.zeros((2, there.size)) if level is not None else (counts, counts)
    spread = {name: np.ravel(np.broadcast_to(values, shape)) for name, values in rates.items()}
    own_level = None if level is None else np.ravel(np.broadcast_to(level, shape))
    for part in _parts(alive, np.ravel(np.broadcast_to(to_come, shape))):
        own = {name: values[part] for name, values in spread.items()}
        owner, times = question.purchases.simulate_of_rates(generator, question.horizon, own)
        made = np.bincount(owner, minlength=len(part))
        counts[part] = made
        if own_level is None or question.spend is None:
            continue
        assert question.spend.simulate_of_level
        if delta == 0:
            buyers = part[made > 0]
            money = [values[buyers % draws] for values in question.money]
            sums[buyers] = question.spend.simulate_of_level(generator, own_level[buyers], made[made > 0], *money)
            continue
        buyer = part[owner]
        money = [values[buyer % draws] for values in question.money]
        amounts = question.spend.simulate_of_level(generator, own_level[buyer], np.ones(len(buyer)), *money)
        sums[part] = np.bincount(owner, amounts, minlength=len(part))
        worth[part] = np.bincount(owner, amounts * np.exp(-delta * times), minlength=len(part))
    result = {"purchases": counts.reshape(shape)}
    if level is not None:
        result["spend"] = sums.reshape(shape)
        result["clv"] = worth_of((sums if delta == 0 else worth).reshape(shape), question.margin[rows, None])
    return result


def _parts(rows: Positions, to_come: Array) -> list[Positions]:
    """The rows in parts that are not expected to make too many purchases at once."""
    reached = np.cumsum(to_come[rows])
    if not len(rows) or reached[-1] <= _PURCHASES:
        return [rows]
    cuts = np.searchsorted(reached, np.arange(_PURCHASES, reached[-1], _PURCHASES))
    return [part for part in np.split(rows, np.unique(cuts)) if len(part)]


def _moments(value: Array, sure: Array, groups: NDArray[np.int64]) -> Moments:
    sure = np.broadcast_to(sure, value.shape)
    with np.errstate(invalid="ignore"):
        within = float(np.sum(np.var(sure, axis=1, ddof=1 if value.shape[1] > 1 else 0)))
        chance = 0.0 if value is sure else float(np.sum(np.square(value - sure))) / value.shape[1]
    by = np.argsort(groups, kind="stable")
    present, first = np.unique(groups[by], return_index=True)
    sums = np.add.reduceat(value[by], first, axis=0).T if len(present) > 1 else np.sum(value, axis=0)[:, None]
    return Moments(present.astype(np.intp), sums, np.sum(sure, axis=0), within, chance)
