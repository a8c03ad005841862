"""How often an experiment finds a difference: whole experiments are drawn, and the test of `compare_arms` applied."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from ..errors import InvalidInput
from ..numerics.arrays import Array
from .differences import half_width, satterthwaite
from .future_values import Spread

if TYPE_CHECKING:
    import pandas as pd

_FIRST, _CLOSER, _LAST = 4_000, 40_000, 40_000  # experiments: while looking, when near, and for what is promised
_CURVE = 10_000  # for each point of a curve
_PARTS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)  # of the customers planned
_TRIES = 12  # rounds of a search
_AT_ONCE = 500  # experiments: their counts stay in cache
MOST = 1e12  # customers of an arm


@dataclass(frozen=True, eq=False)
class Contest:
    """The control and one other arm of an experiment.

    Attributes
    ----------
    control, other
        What a customer of each will be worth.
    ratio
        Sizes of both arms beside the average size of an arm.
    level
        At which the difference is judged.
    seed
        The same one draws the same experiments.
    """

    control: Spread
    other: Spread
    ratio: tuple[float, float]
    level: float
    seed: int

    @cached_property
    def reach(self) -> float:
        """How many standard errors from 0 the estimate must lie, were it normal."""
        return float(-special.ndtri((1 - self.level) / 2))

    @property
    def difference(self) -> float:
        """Of the true means."""
        return self.other.mean - self.control.mean

    def sizes(self, customers: float) -> tuple[int, int]:
        """Whole customers of both arms: see `whole_sizes`."""
        first, second = whole_sizes(customers, self.ratio)
        return first, second

    def error(self, customers: float) -> float:
        """The standard error of the difference."""
        first, second = (customers * share for share in self.ratio)
        return math.sqrt(self.control.variance / first + self.other.variance / second)

    def normal_power(self, customers: float) -> float:
        """P(the difference is found), if means were normal and their variances known: Φ(d/e − z) + Φ(−d/e − z)."""
        away = self.difference / self.error(customers)
        return float(special.ndtr(away - self.reach) + special.ndtr(-away - self.reach))


def whole_sizes(customers: float, ratio: Iterable[float]) -> tuple[int, ...]:
    """Whole customers of arms, at least two each, where an arm has so many on average.

    Rounded up: what is promised of an experiment holds for one that is no smaller.

    >>> whole_sizes(100.2, (1.0, 1.0)), whole_sizes(100, (0.5, 1.5))
    ((101, 101), (50, 150))
    """
    return tuple(max(2, math.ceil(customers * share - 1e-6)) for share in ratio)


def seen(contest: Contest, customers: float, repeats: int, stage: int = 0) -> tuple[float, float]:
    """Share of simulated experiments that find a difference, and its Monte Carlo standard error.

    An experiment's customers fall into the cells of each arm as a multinomial draw; from their counts follow mean and
    variance of the values, and from these Welch's interval, which either leaves out 0 or does not. An experiment in
    which all values are equal finds nothing.

    Parameters
    ----------
    contest
        The two arms.
    customers
        Of an arm on average.
    repeats
        How many experiments.
    stage
        Another one draws other experiments.
    """
    generator = np.random.default_rng(np.random.SeedSequence(contest.seed, spawn_key=(1, stage)))
    sizes, arms = contest.sizes(customers), (contest.control, contest.other)
    middle = contest.control.mean  # sums of squares about it do not cancel
    found = 0
    for first in range(0, repeats, _AT_ONCE):
        size = min(_AT_ONCE, repeats - first)
        (means, variances), (others, other_variances) = (
            _drawn(generator, arm, n, middle, size) for arm, n in zip(arms, sizes, strict=True)
        )
        found += int(np.sum(_found(others - means, variances, other_variances, sizes, contest.level)))
    share = found / repeats
    return share, math.sqrt(max(share * (1 - share), 1 / repeats) / repeats)


def customers_for(contest: Contest, power: float, progress: Callable[[str], None]) -> float:
    """How many customers an arm needs on average for the difference to be found with this probability.

    The normal approximation n = (z + z_power)² (s_0²/ratio_0 + s_1²/ratio_1)/d² comes first. Each simulated power p
    then says how far it is off: n becomes n·((z + z_power)/(z + Φ⁻¹(p)))².

    Raises
    ------
    InvalidInput
        If no number that there could be is enough.
    """
    wanted = contest.reach + float(special.ndtri(power))
    least = 2 / min(contest.ratio)
    many = max((wanted * contest.error(1.0) / contest.difference) ** 2, least) if contest.difference else math.inf
    for stage, repeats in _rounds():
        if not many < MOST:
            raise InvalidInput(
                f"the lift changes the mean value of {contest.control.mean:.6g} by {contest.difference:.3g}: to see "
                f"that, more than {MOST:.0e} customers an arm would be needed. Plan for a larger lift, or a longer "
                "duration"
            )
        progress(f"simulating experiments with {many:,.0f} customers an arm")
        found, error = seen(contest, many, repeats, stage)
        if many == least and found >= power:
            break
        many = max(many / _closer(contest, found, wanted, repeats) ** 2, least)
        if repeats == _CLOSER and abs(found - power) < 4 * error:
            break
    return many


def difference_for(
    contest_of: Callable[[float], Contest], customers: float, power: float, progress: Callable[[str], None]
) -> float:
    """Which difference of the true means is found with this probability by so many customers an arm on average.

    (z + z_power) standard errors come first, those of two arms alike; each simulated power then says how far that is
    off, as in `customers_for`.

    Parameters
    ----------
    contest_of
        Gives the contest of the control with an arm whose mean is so much higher.
    customers, power
        As wanted.
    progress
        Called with the name of each step.
    """
    now = contest_of(0.0)
    wanted = away = now.reach + float(special.ndtri(power))
    for stage, repeats in _rounds():
        now = contest_of(away * now.error(customers))
        progress(f"simulating experiments with a difference of {now.difference:.4g}")
        found, error = seen(now, customers, repeats, stage)
        away = now.difference / now.error(customers) / _closer(now, found, wanted, repeats)
        if repeats == _CLOSER and abs(found - power) < 4 * error:
            break
    return away * now.error(customers)


def curve_of(contest: Contest, customers: float, known: tuple[float, float]) -> pd.DataFrame:
    """Power with fewer and with more customers an arm, simulated and by the normal approximation.

    What is ``known`` of that of the customers planned, and its standard error, stands in its place.

    ``customers`` (of an arm on average), ``difference``, ``power``, ``standard_error``, ``normal_power``.
    """
    import pandas as pd

    rows = []
    least = 2 / min(contest.ratio)
    for i, part in enumerate(_PARTS):
        many = max(part * customers, least)
        share, error = known if part == 1 else seen(contest, many, _CURVE, _TRIES + 2 + i)
        rows.append((math.ceil(many - 1e-6), contest.difference, share, error, contest.normal_power(many)))
    names = ["customers", "difference", "power", "standard_error", "normal_power"]
    return pd.DataFrame(rows, columns=names).drop_duplicates("customers", ignore_index=True)


def promised(contest: Contest, customers: float) -> tuple[float, float]:
    """The power that is told of an experiment, in experiments that no search has seen."""
    return seen(contest, customers, _LAST, stage=_TRIES + 1)


def _rounds() -> Iterator[tuple[int, int]]:
    """Stages of a search, and how many experiments each simulates."""
    for stage in range(_TRIES):
        yield stage, _FIRST if stage < 2 else _CLOSER


def _closer(contest: Contest, found: float, wanted: float, repeats: int) -> float:
    """How many times the standard errors wanted a simulated power amounts to, within a factor of 2 either way."""
    inside = min(max(found, 0.5 / repeats), 1 - 0.5 / repeats)
    reached = contest.reach + float(special.ndtri(inside))
    return min(max(reached / wanted, 0.5), 2.0)


def _drawn(
    generator: np.random.Generator, arm: Spread, customers: int, middle: float, size: int
) -> tuple[Array, Array]:
    """Means, and variances of means, of so many experiments."""
    counts = generator.multinomial(customers, arm.share, size=size)
    mean = counts @ (arm.value - middle) / customers
    squares = counts @ (arm.square - 2 * middle * arm.value + middle * middle)
    spread = np.maximum(squares - customers * mean * mean, 0.0)
    return mean, spread / (customers - 1) / customers


def _found(difference: Array, variance: Array, other: Array, sizes: tuple[int, int], level: float) -> Array:
    """Whether each interval leaves out 0: Welch (1947), with Satterthwaite's degrees of freedom."""
    total = variance + other
    freedom = satterthwaite(variance, sizes[0] - 1, other, sizes[1] - 1)
    return np.asarray((total > 0) & (np.abs(difference) > half_width(np.sqrt(total), freedom, level)))
