"""How many customers an experiment needs, or which difference it can find: by simulation from a fitted model."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize

from .. import frames
from ..economics import given_numbers as given
from ..economics.levers import checked_factors
from ..errors import InvalidInput, warn
from ..models.clv import CLVModel
from ..models.fitted import checked_level
from ..models.given_models import clv_model
from ..models.predictive.predicting import checked_seed
from ..models.time_units import checked_lengths
from ..validation.progress import shown
from .differences import level_of_each
from .future_values import ROWS, Population, population_of, spread
from .given_arms import in_order
from .plan import ExperimentPlan
from .power import MOST, Contest, curve_of, customers_for, difference_for, promised, whole_sizes

LEVERS = ("purchase_rate", "spend", "dropout")
_STEPS = 10  # about as many words of progress for one duration
_DOUBT = 0.05  # in the variance: more is told
_LARGEST = 1e6  # factor that a search tries
_LIKELY_A_SHARE = 0.5  # below, a lift is likelier meant as what is added than as a factor


@dataclass(frozen=True)
class _Asked:
    """What is wanted of an experiment, checked."""

    lift: Mapping[str, float] | None
    customers: float | None
    ratio: tuple[float, ...]
    power: float
    level: float
    looks: int
    lever: str
    seed: int

    @property
    def level_each(self) -> float:
        return level_of_each(self.level, len(self.ratio) - 1, self.looks)


def plan_experiment(
    model: CLVModel,
    summary: Any = None,
    *,
    duration: Any,
    lift: Mapping[str, float] | float | None = None,
    customers: Any = None,
    arms: int = 2,
    power: float = 0.8,
    level: float = 0.95,
    looks: int = 1,
    allocation: Any = None,
    margin: float | str | None = None,
    lever: str = "purchase_rate",
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> Any:
    """Say how many customers an experiment needs to find a lift, or which lift so many customers can find.

    Customers' values over the duration are simulated from the model for the control and for an arm under the lift,
    experiments are drawn from them, and each is judged as `compare_arms` judges observed values: Welch's interval for
    the difference of means, V̄_1 − V̄_0 ± t·√(s_0²/n_0 + s_1²/n_1), at a level that allows for comparisons (Šidák) and
    looks. Power is the share of experiments whose interval leaves out 0. The first guess, n = (z + z_power)² (s_0² +
    s_1²)/d², takes means to be normal; few customers with heavy tails are not, and the simulated share corrects it.

    Parameters
    ----------
    model
        A `CLVModel` with parameters, which are taken as known.
    summary
        Customers to whom something is to be done: the future of each follows from his history, and the experiment
        takes customers like them, at random. None for new customers of the model, whose value begins with their first
        purchase, its spend included.
    duration
        How long each customer is followed, in the model's time unit; a list for a table that shows what waiting longer
        saves.
    lift
        What sets the other arms apart from the control, by factors from the start on: ``{"purchase_rate": 1.1}`` for
        purchases that come 10 % faster, ``"spend"`` for amounts (of new customers that of the first purchase too),
        ``"dropout"`` for the rate or probability of leaving, below 1 for customers who stay longer. A number is the
        factor of ``lever``. If left out, the smallest lift that so many customers can find is looked for.
    customers
        Of each arm, on average where ``allocation`` makes them unequal; or a list of one number an arm, the control
        first. If left out, the number needed is looked for; with both lift and customers the power is told.
    arms
        How many, the control included. Each other arm is held against the control, and power is that of one such
        comparison (with unequal arms that of the smallest).
    power
        Probability that the difference is found, above 1 − level.
    level
        Of all intervals together.
    looks
        How many looks at the result are planned; each spends (1 − level)/looks. Power is that of the last.
    allocation
        Relative sizes of the arms: a list, the control first, or by name, the control being the arm of that name or the
        first in order. Equal if None.
    margin
        Profit as a share of spend, instead of the model's.
    lever
        Which lever is moved to find the smallest lift: ``"purchase_rate"``, ``"spend"`` or ``"dropout"``.
    seed
        The same one gives the same plan.
    progress
        A function called with the name of each step, such as ``print``; None shows a bar where somebody looks.

    Returns
    -------
    ExperimentPlan or pandas.DataFrame
        For a list of durations a row each: duration, customers (of the control), total, the factor of each lever, mean,
        difference, relative_difference, power, standard_error.

    Raises
    ------
    InvalidInput
        If an argument cannot be used, the lift changes nothing, or no lift or number of customers is enough.
    NotAvailable
        If a family cannot simulate customers, or the model has no dropout to change.
    NotEnoughData
        If the summary has no customer.
    NotFitted
        If the model has no parameters.

    Warns
    -----
    ClvWarning
        If a number given as ``lift`` is so small that it may be what is to be added, 0.1 for 1.1.

    References
    ----------
    Welch, B. L. (1947), Biometrika 34, 28-35. For the approximation: Chow, Shao & Wang (2008), Sample Size Calculations
    in Clinical Research, section 3.2.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.CLVModel("pareto_nbd", margin=0.3).fit(summary)
    >>> plan = clv.plan_experiment(model, duration=26, lift={"purchase_rate": 1.5})
    >>> plan.arms, round(plan.difference, 2), round(plan.power, 2)
    (2, 4.8, 0.8)
    """
    clv_model(model)
    asked = _asked(lift, customers, arms, power, level, looks, allocation, lever, seed)
    durations = checked_lengths(duration, "duration")
    wrong = ~((durations > 0) & np.isfinite(durations))
    if durations.ndim > 1 or not durations.size or wrong.any():
        raise InvalidInput(
            f"duration must be a finite length above 0 in the model's time unit, or a list of them; found {duration!r}"
        )
    each = [float(value) for value in np.atleast_1d(durations)]
    with shown(progress, _STEPS * len(each)) as step:
        plans = [_plan(model, summary, value, margin, asked, step) for value in each]
    return _table(plans) if durations.ndim else plans[0]


def _plan(
    model: CLVModel,
    summary: Any,
    duration: float,
    margin: float | str | None,
    asked: _Asked,
    step: Callable[[str], None],
) -> ExperimentPlan:
    share = model.margin if margin is None else margin
    population = population_of(model, summary, duration, share)
    step("simulating customers")
    control = spread(population, {}, asked.seed)
    smallest = int(np.argmin(asked.ratio[1:])) + 1
    ratio = asked.ratio[0], asked.ratio[smallest]

    def contest(factors: Mapping[str, float]) -> Contest:
        other = spread(population, factors, asked.seed) if factors else control
        return Contest(control, other, ratio, asked.level_each, asked.seed)

    if asked.lift is None:
        assert asked.customers is not None
        factor_of = lru_cache(maxsize=None)(lambda more: _factor(population, asked.lever, more))

        def contest_of(more: float) -> Contest:
            return contest({asked.lever: factor_of(more)} if more else {})

        many = asked.customers
        factors = {asked.lever: factor_of(difference_for(contest_of, many, asked.power, step))}
        now = contest(factors)
    else:
        factors = _checked_lift(population, asked.lift, asked.customers is None)
        now = contest(factors)
        many = asked.customers if asked.customers is not None else customers_for(now, asked.power, step)
    step("simulating experiments as planned")
    found, error = promised(now, many)
    step("simulating smaller and larger experiments")
    sizes = whole_sizes(many, asked.ratio)
    return ExperimentPlan(
        customers=sizes,
        duration=duration,
        time_unit=model.purchases._unit,
        lift=factors,
        mean=now.control.mean,
        deviation=math.sqrt(now.control.variance),
        mean_lifted=now.other.mean,
        deviation_lifted=math.sqrt(now.other.variance),
        power=found,
        standard_error=error,
        normal_power=now.normal_power(many),
        wanted=None if asked.lift is not None and asked.customers is not None else asked.power,
        level=asked.level,
        level_each=asked.level_each,
        looks=asked.looks,
        population=_whose(population, summary),
        margin=share if isinstance(share, str) else float(population.worth.margin),
        curve=curve_of(now, many, (found, error)),
        notes=_notes(population, now, sum(sizes)),
    )


def _asked(
    lift: Any, customers: Any, arms: Any, power: Any, level: Any, looks: Any, allocation: Any, lever: Any, seed: Any
) -> _Asked:
    if lift is None and customers is None:
        raise InvalidInput(
            'give lift=, for example {"purchase_rate": 1.1}, to learn how many customers an experiment needs, '
            "customers= to learn which lift it can find, or both to learn with what probability; found neither"
        )
    if lever not in LEVERS:
        raise InvalidInput(f"lever must be one of {', '.join(LEVERS)}; found {str(lever)[:60]!r}")
    if lift is not None and not isinstance(lift, Mapping):
        factor = given.one("lift", lift, given.above_0)
        if factor < _LIKELY_A_SHARE and lever != "dropout":
            warn(
                f"lift is a factor: {factor:g} is a decrease of {100 * (1 - factor):.4g} %. For an increase of "
                f"{100 * factor:.4g} % pass lift={1 + factor:g}"
            )
        lift = {lever: factor}
    if lift is not None:
        unknown = [name for name in lift if name not in LEVERS]
        if unknown:
            raise InvalidInput(
                f"lift must give factors of some of {', '.join(LEVERS)}, for example {{'purchase_rate': 1.1}}; found "
                f"{str(unknown[0])[:60]!r}"
            )
    sure = checked_level(level)
    if isinstance(power, bool) or not isinstance(power, (int, float, np.floating)) or not 1 - sure < power < 1:
        raise InvalidInput(
            f"power must lie above {1 - sure:.4g}, which is what chance alone finds, and below 1, for example 0.8; "
            f"found {str(power)[:60]}"
        )
    many = given.count("arms", arms, 2)
    ratio = _ratio(allocation, many)
    size: float | None = None
    if customers is not None:
        sizes = [_whole(value) for value in (customers if np.ndim(customers) else [customers] * many)]
        if len(sizes) != many:
            raise InvalidInput(f"customers must be one number, or one for each of {many} arms; found {len(sizes)}")
        size = float(np.mean(sizes))
        if np.ndim(customers):
            if allocation is not None:
                raise InvalidInput(
                    "customers by arm say how large each arm is: leave allocation out, or give one number"
                )
            ratio = tuple(value / size for value in sizes)
    return _Asked(lift, size, ratio, float(power), sure, given.count("looks", looks), lever, checked_seed(seed))


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not 2 <= value <= MOST:
        raise InvalidInput(
            f"customers must be a whole number of at least 2 an arm, because of fewer nobody can tell how much they "
            f"differ; found {str(value)[:60]}"
        )
    return int(value)


def _ratio(allocation: Any, arms: int) -> tuple[float, ...]:
    """Sizes of the arms beside their average, the control first."""
    if allocation is None:
        return (1.0,) * arms
    if isinstance(allocation, Mapping):
        weights = {str(name): weight for name, weight in allocation.items()}
        allocation = [weights[name] for name in in_order(weights)]
    sizes = given.above_0("allocation", allocation)
    if sizes.shape != (arms,):
        raise InvalidInput(
            f"allocation must give each of {arms} arms a share, the control first, for example "
            f"{[1] * arms}; found {sizes.size}"
        )
    return tuple(float(value) for value in sizes / sizes.mean())


def _checked_lift(population: Population, lift: Mapping[str, float], to_find: bool) -> dict[str, float]:
    """The factors that are not 1; there must be some if they are to be found."""
    factors = checked_factors(population.worth, lift)
    if to_find and not factors:
        raise InvalidInput(
            "a lift of 1 leaves nothing to find, however many customers there are: give a factor that differs from 1, "
            "for example {'purchase_rate': 1.1}; or customers= too, to see how often chance alone is taken for a lift"
        )
    stopped = [name for name in factors if name != "dropout" and factors[name] == 0]
    if stopped:
        raise InvalidInput(f"lift must leave something to buy: {stopped[0]} must be above 0; found 0")
    return factors


def _factor(population: Population, lever: str, more: float) -> float:
    """Factor of the lever that raises the mean by so much."""
    now = population.mean()
    if lever == "spend":
        return 1 + more / now
    checked_factors(population.worth, {lever: 0.5})  # refused where there is no such lever

    def off(factor: float) -> float:
        return population.mean({lever: factor}) - now - more

    if lever == "dropout":
        most, gained = 0.0, off(0.0)
    else:
        most = 2.0
        while (gained := off(most)) < 0 and most < _LARGEST:
            most *= 4
    if gained < 0:
        raise InvalidInput(
            f"no change of {lever} can be found with so few customers: they would see a difference of {more:.4g} each, "
            f"and {lever} × {most:g} makes one of {gained + more:.4g}. Give more customers, a longer duration, or "
            "another lever"
        )
    return float(optimize.brentq(off, min(most, 1.0), max(most, 1.0), rtol=1e-9))


def _table(plans: list[ExperimentPlan]) -> pd.DataFrame:
    rows = [
        {
            "duration": plan.duration,
            "customers": plan.customers[0],
            "total": plan.total,
            **plan.lift,
            "mean": plan.mean,
            "difference": plan.difference,
            "relative_difference": plan.relative_difference,
            "power": plan.power,
            "standard_error": plan.standard_error,
        }
        for plan in plans
    ]
    return pd.DataFrame(rows)


def _whose(population: Population, summary: Any) -> str:
    if summary is None:
        return "of new customers, from their first purchase on, which is included"
    return f"of customers like the {frames.n_rows(population.worth.frame):,} of the summary, from now on"


def _notes(population: Population, contest: Contest, total: int) -> tuple[str, ...]:
    notes = ["The parameters of the model are taken as known."]
    if population.new:
        notes.append(
            "Customers who come one after another are each followed so long: allow for the time it takes to win them."
        )
    else:
        there = frames.n_rows(population.worth.frame)
        if total > there:
            notes.append(f"So many are not there: the summary has {there:,} customers, and the arms need {total:,}.")
        if there > ROWS:
            notes.append(f"Simulated are {ROWS:,} of the {there:,} customers, evenly spread over the summary.")
    doubt = max(contest.control.doubt, contest.other.doubt)
    if doubt > _DOUBT:
        notes.append(
            f"A few customers who spend very much make up much of what customers differ: their variance is known to ± "
            f"{100 * doubt:.0f} % only, and so is the number of customers."
        )
    return tuple(notes)
