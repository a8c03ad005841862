"""What one customer will be worth over a while from now: its exact mean and, by simulation, its whole distribution.

Customers are those of a summary, whose future follows from their histories, or new ones, whose first purchase counts.
The distribution is kept in narrow cells, so that whole experiments can be drawn from it at a cost that does not grow
with their customers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import optimize

from .. import frames
from ..economics.levers import Worth, refuse_infinite, worth_of
from ..errors import InvalidInput, NotAvailable, NotEnoughData
from ..models import questions, statistics
from ..models.clv import CLVModel
from ..numerics.arrays import BLOCK, Array, Positions

PATHS = 500_000  # simulated purchase histories
_AMOUNTS = 4  # for each, as many levels of spend: what somebody pays is independent of when he buys
_PURCHASES, _AT_ONCE = 8_000_000, 1_000_000  # expected to be simulated, in all and at once
_FEWEST = 20_000  # histories, however often they buy
ROWS = 100_000  # of a summary: more change nothing that can be seen
_WIDTH = 0.1  # of a cell, in ln(1 + value/scale): values within it differ by less than 10 %
_SCALE = 0.02  # of the mean: below it cells are of equal width


@dataclass(frozen=True, eq=False)
class Population:
    """The customers of whom an experiment is to consist.

    Attributes
    ----------
    worth
        What their value over the duration is made of, undiscounted.
    new
        Whether they are new: then the first purchase, at the start, counts too.
    spent
        The statistics that the spend family reads.
    """

    worth: Worth
    new: bool
    spent: list[Array]

    def means(self, factors: Mapping[str, float]) -> Array:
        """Expected value of each customer, exact, where levers act by these factors from the start on."""
        ahead = self.worth.value(factors)
        if not self.new:
            return ahead
        return np.asarray(ahead + factors.get("spend", 1.0) * self.worth.margin * self.worth.spend)

    def mean(self, factors: Mapping[str, float] | None = None) -> float:
        """The mean of them."""
        return float(np.mean(self.means(factors or {})))


@dataclass(frozen=True, eq=False)
class Spread:
    """The distribution of a customer's value, in cells.

    Attributes
    ----------
    share
        (k,), of customers in each cell.
    value, square
        (k,), mean of the value, and of its square, in each cell.
    simulated
        How many values were simulated.

    Examples
    --------
    >>> coin = Spread(np.array([0.5, 0.5]), np.array([0.0, 2.0]), np.array([0.0, 4.0]), 100)
    >>> coin.mean, coin.variance, coin.doubt
    (1.0, 1.0, 0.0)
    """

    share: Array
    value: Array
    square: Array
    simulated: int

    @property
    def mean(self) -> float:
        """Of the value."""
        return float(self.share @ self.value)

    @property
    def variance(self) -> float:
        """Of the value."""
        return max(float(self.share @ self.square) - self.mean**2, 0.0)

    @property
    def doubt(self) -> float:
        """Relative standard error that simulation leaves in the variance: √((kurtosis − 1)/values simulated)."""
        fourth = float(self.share @ (self.value - self.mean) ** 4)
        return float(np.sqrt(max(fourth / self.variance**2 - 1, 0.0) / self.simulated)) if self.variance else 0.0


def population_of(model: CLVModel, summary: Any, duration: float, share: float | str) -> Population:
    """Read customers: those of a summary, or new ones where it is None.

    Raises
    ------
    InvalidInput
        If the summary or the margin cannot be used, or somebody's expected spend is infinite.
    NotEnoughData
        If the summary has no customer.
    NotAvailable
        If a family cannot simulate the future of customers.
    """
    _refuse_unable(model)
    if summary is None:
        worth = _of_new(model, duration, share)
        spent = [np.full(1, np.nan if name == "monetary_value" else 0.0) for name in model.spend.family.statistics]
    else:
        worth = worth_of(model, summary, duration, 0.0, None)
        if frames.n_rows(worth.frame) == 0:
            raise NotEnoughData("the summary has no customer to plan an experiment with: found 0 rows")
        factor = statistics.margins(worth.frame, share)
        if np.ndim(factor):
            low = np.asarray(factor) < 0
            statistics.refuse(worth.frame, low, np.asarray(factor), str(share), "is the margin and must be at least 0")
        worth = replace(worth, margin=factor)
        refuse_infinite(worth, worth.spend)
        spent = [frames.numeric(worth.frame, name) for name in model.spend.family.statistics]
    if np.ndim(worth.margin) == 0 and not worth.margin > 0:
        raise InvalidInput(
            f"margin must be above 0, or there is no value to find a difference in; found {float(worth.margin):g}"
        )
    found = Population(worth, summary is None, spent)
    return found if len(worth.spend) <= ROWS else _evenly(found, ROWS)


def spread(population: Population, factors: Mapping[str, float], seed: int, size: int = PATHS) -> Spread:
    """Simulate what customers are worth where levers act by these factors; the same seed gives each the same luck.

    Rates λ, μ (or dropout probabilities) given history and alive are drawn and multiplied by their factors (a
    probability stays at most 1), purchases simulated from them, and the sum of amounts from a drawn level of spend. The
    shares of cells are then tilted, c_k → c_k e^(b·ln(1 + v_k/scale)), so that their mean is the exact one.

    Parameters
    ----------
    population
        Whose futures.
    factors
        Of ``purchase_rate``, ``dropout`` and ``spend``; missing ones are 1.
    seed
        A whole number.
    size
        How many purchase histories; fewer where they are long.

    Raises
    ------
    InvalidInput
        If nobody buys anything.
    """
    exact, worth = population.mean(factors), population.worth
    counted = replace(worth, spend=np.ones(len(worth.spend)), margin=1.0)
    often = max(float(np.mean(counted.value({**factors, "spend": 1.0}))), 1e-300)
    count = int(np.clip(_PURCHASES / often, min(_FEWEST, size), size))
    block = int(np.clip(_AT_ONCE / often, 64, BLOCK))
    scale = max(_SCALE * exact, 1e-300)
    cells = np.zeros((3, 1))
    for number, first in enumerate(range(0, count, block)):
        rows = ((np.arange(first, min(first + block, count)) + 0.5) * len(worth.spend) / count).astype(np.intp)
        cells = _added(cells, _values(population, factors, rows, seed, number), scale)
    customers, sums, squares = cells[:, cells[0] > 0]
    if not exact > 0 or not np.any(sums > 0):
        raise InvalidInput(
            f"nobody among {count:,} simulated customers buys anything {worth.ahead}, so there is no value to compare: "
            "choose a longer duration, or customers who still buy"
        )
    return _tilted(customers, sums / customers, squares / customers, exact, scale, _AMOUNTS * count)


def _of_new(model: CLVModel, duration: float, margin: float | str) -> Worth:
    """Of a customer at his first purchase."""
    if isinstance(margin, str):
        raise InvalidInput(
            f"margin={margin!r} is a column of a summary, and new customers have none: give margin= as a number, for "
            "example 0.30"
        )
    family, values = model.purchases.family, model.purchases._state.values
    history = [np.zeros(1) for _ in family.statistics]
    alive = questions.p_alive(family, 0.0, history, values)
    money = model.spend._state.values
    if not model.spend.family.population_mean_is_finite(*money):
        raise InvalidInput(
            f"values must be finite to be compared: the mean spend of new customers is infinite at {model.spend!r}. "
            "Refit without enormous amounts, or plan with the customers of a summary who have bought again"
        )
    return Worth(
        model=model,
        frame=None,
        history=history,
        horizon=duration,
        delta=0.0,
        alive=alive,
        purchases=questions.expected_purchases(family, duration, 0.0, history, values, alive),
        spend=np.full(1, model.spend.family.population_mean(*money)),
        margin=statistics.one_margin(margin),
        costs=None,
    )


def _refuse_unable(model: CLVModel) -> None:
    family, spend = model.purchases.family, model.spend.family
    if family.draw_rates_alive is None or family.simulate_of_rates is None:
        raise questions.cannot(family, "what an experiment needs: draws of rates, and purchases simulated from them")
    if spend.draw_level is None or spend.simulate_of_level is None:
        raise NotAvailable(
            f"{spend.name} cannot give what an experiment needs: draws of a level of spend, and amounts simulated"
        )


def _evenly(population: Population, rows: int) -> Population:
    """As many of the customers, evenly spread over the rows."""
    worth, n = population.worth, len(population.worth.spend)
    kept = ((np.arange(rows) + 0.5) * n / rows).astype(np.intp)
    margin = np.asarray(worth.margin)
    cut = replace(
        worth,
        history=[column[kept] for column in worth.history],
        alive=worth.alive[kept],
        purchases=worth.purchases[kept],
        spend=worth.spend[kept],
        margin=margin[kept] if margin.ndim else worth.margin,
    )
    return Population(cut, population.new, [column[kept] for column in population.spent])


def _values(
    population: Population, factors: Mapping[str, float], rows: Positions, seed: int, number: int
) -> list[Array]:
    """Simulated values of the customers who buy, and of the others one 0 each; several for each purchase history."""
    worth, model = population.worth, population.worth.model
    family, spend = model.purchases.family, model.spend.family
    assert family.draw_rates_alive
    assert family.simulate_of_rates
    assert spend.draw_level
    assert spend.simulate_of_level
    # each question has a stream of its own, so that other factors leave the luck of the others as it was
    coin, of_rates, of_times, of_levels, of_sums = (
        np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0, number, part))) for part in range(5)
    )
    there = coin.random(len(rows)) < worth.alive[rows]
    drawn = family.draw_rates_alive(
        of_rates, *(column[rows] for column in worth.history), *model.purchases._state.values
    )
    rates = {name: _changed(family.time, name, rate, factors)[there] for name, rate in drawn.items()}
    owner, _ = family.simulate_of_rates(of_times, np.full(int(there.sum()), float(worth.horizon)), rates)
    bought = np.zeros(len(rows))
    bought[there] = np.bincount(owner, minlength=int(there.sum()))
    if population.new:
        bought += 1
    buyers = np.flatnonzero(bought)
    money, share = model.spend._state.values, np.broadcast_to(worth.margin, worth.spend.shape)[rows[buyers]]
    result = [np.zeros(_AMOUNTS * (len(rows) - len(buyers)))]
    for _ in range(_AMOUNTS):
        levels = spend.draw_level(of_levels, *(column[rows] for column in population.spent), *money)
        sums = spend.simulate_of_level(of_sums, levels[buyers], bought[buyers], *money)
        result.append(factors.get("spend", 1.0) * share * sums)
    return result


def _changed(time: str, name: str, rate: Array, factors: Mapping[str, float]) -> Array:
    by = factors.get("purchase_rate" if name == "purchase_rate" else "dropout", 1.0)
    if by == 1:
        return rate
    probability = name.endswith("probability") or time == "discrete"
    return np.asarray(np.minimum(by * rate, 1.0) if probability else by * rate)


def _added(cells: Array, values: list[Array], scale: float) -> Array:
    """Counts, sums and sums of squares by cell, the first of which holds 0, with those of more values."""
    flat = np.concatenate(values)
    cell = np.where(flat > 0, 1 + np.log1p(flat / scale) / _WIDTH, 0.0).astype(np.intp)
    width = max(cells.shape[1], int(cell.max(initial=0)) + 1)
    total = np.zeros((3, width))
    total[:, : cells.shape[1]] = cells
    for row, weights in enumerate((None, flat, flat * flat)):
        total[row] += np.bincount(cell, weights, width)
    return total


def _tilted(count: Array, value: Array, square: Array, exact: float, scale: float, simulated: int) -> Spread:
    """Shares of cells with the exact mean."""
    push = np.log1p(value / scale)
    push = push - push.mean()

    def shares(b: float) -> Array:
        logs = np.log(count) + b * push
        weights = np.exp(logs - logs.max())
        return np.asarray(weights / weights.sum())

    def off(b: float) -> float:
        return float(shares(b) @ value / exact - 1)

    b, reach = 0.0, 1e-3
    if len(value) > 1 and abs(off(0.0)) > 1e-14:
        while off(-reach) * off(reach) > 0 and reach < 100:
            reach *= 4
        if off(-reach) * off(reach) <= 0:
            b = float(optimize.brentq(off, -reach, reach, xtol=1e-15, rtol=1e-12))
    return Spread(shares(b), value, square, simulated)
