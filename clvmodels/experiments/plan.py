"""What an experiment needs, before it begins: the answer of `plan_experiment`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..economics.shown_tables import html_table, plain_table, signed
from ..inference import looks as shown
from ..units import length
from ..validation.words import listed

if TYPE_CHECKING:
    import pandas as pd

_MOVED = {
    "purchase_rate": "how often customers buy",
    "spend": "what they spend at a purchase",
    "dropout": "how readily they leave",
}


@dataclass(frozen=True, eq=False)
class ExperimentPlan:
    """How many customers an experiment needs, or what it can find; made by `plan_experiment`.

    Attributes
    ----------
    customers
        Of each arm, the control first.
    duration, time_unit
        How long each customer is followed.
    lift
        Factors of the levers that set the other arms apart from the control.
    mean, deviation
        Mean and standard deviation of what a customer of the control is worth over the duration.
    mean_lifted, deviation_lifted
        The same of the other arms.
    power, standard_error
        Share of simulated experiments that find the difference, and its Monte Carlo standard error.
    normal_power
        The same if means were normally distributed, which those of few customers are not.
    wanted
        The power asked for; None where both lift and customers were given.
    level, level_each
        Of all intervals together, and of each once comparisons and looks are allowed for.
    looks
        How many looks at the result are planned.
    population
        Whose future it is, in words.
    margin
        Profit as a share of spend, or the column that holds it.
    curve
        Power by number of customers for this lift: customers (of an arm on average), difference, power, standard_error,
        normal_power.
    notes
        What to know besides.

    Examples
    --------
    >>> import clvmodels as clv
    >>> purchases = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    >>> spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    >>> plan = clv.plan_experiment(clv.CLVModel(purchases, spend), duration=26, lift={"spend": 1.2}, customers=2000)
    >>> plan
    ExperimentPlan: spend × 1.2, 2 arms of 2,000 customers for 26 weeks: found with a probability of 94.6 %
    >>> round(plan.difference, 2), plan.total
    (12.88, 4000)
    """

    customers: tuple[int, ...]
    duration: float
    time_unit: str
    lift: Mapping[str, float]
    mean: float
    deviation: float
    mean_lifted: float
    deviation_lifted: float
    power: float
    standard_error: float
    normal_power: float
    wanted: float | None
    level: float
    level_each: float
    looks: int
    population: str
    margin: float | str
    curve: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def arms(self) -> int:
        """How many arms there are, the control among them."""
        return len(self.customers)

    @property
    def total(self) -> int:
        """Customers of all arms."""
        return sum(self.customers)

    @property
    def difference(self) -> float:
        """What a customer of another arm is worth beyond one of the control."""
        return self.mean_lifted - self.mean

    @property
    def relative_difference(self) -> float:
        """The difference as a share of the control's mean."""
        return self.difference / self.mean

    def told(self) -> list[str]:
        """What it says, in sentences.

        >>> import clvmodels as clv
        >>> purchases = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
        >>> spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
        >>> plan = clv.plan_experiment(clv.CLVModel(purchases, spend), duration=26, lift={"spend": 1.2}, customers=2000)
        >>> print(plan.told()[0])
        With 2,000 customers an arm, followed for 26 weeks, you will find an increase of 20 % in what they spend at a \
purchase with a probability of 94.6 %.
        """
        sentences = [
            f"With {self._sizes()}, followed for {length(self.duration, self.time_unit)}, you will find "
            f"{_lift_told(self.lift)} with a probability of {_per_cent(self.power)}.",
            f"In that time a customer of the control is worth {shown.figure(self.mean)} on average and one of another "
            f"arm {shown.figure(self.mean_lifted)}, a difference of {signed(self.difference)} "
            f"({100 * self.relative_difference:+.1f} %); customers themselves differ by a standard deviation of "
            f"{shown.figure(self.deviation)}. {self._worth()}",
            f"Found means that the {100 * self.level:g} % interval of the difference of means leaves out 0 (Welch); "
            f"if there is no difference, an experiment says there is one with a probability of about "
            f"{100 * (1 - self.level):.4g} %.",
            f"The probability is the share of simulated experiments, {_per_cent(self.power)} ± "
            f"{100 * self.standard_error:.1f} (standard error); taking means to be normal would promise "
            f"{_per_cent(self.normal_power)}.",
        ]
        if self.arms > 2:
            smallest = "" if len(set(self.customers[1:])) == 1 else ", for the smallest of them"
            sentences.append(
                f"Each of the {self.arms - 1} other arms is held against the control, and the probability is that of "
                f"one such comparison{smallest}; each is judged at {_level(self.level_each)} (Šidák), so that all hold "
                "together."
            )
        if self.looks > 1:
            sentences.append(
                f"{self.looks} looks are planned, each of which spends {100 * (1 - self.level) / self.looks:.3g} % of "
                "error; the probability is that of the last look, and earlier ones can only add to it."
            )
        else:
            sentences.append("It holds if nobody decides before the end: to look earlier, plan for looks.")
        return [*sentences, *self.notes]

    def _sizes(self) -> str:
        if len(set(self.customers)) == 1:
            return f"{self.customers[0]:,} customers an arm"
        return f"{listed([f'{n:,}' for n in self.customers])} customers in the {self.arms} arms, the control first"

    def _worth(self) -> str:
        if isinstance(self.margin, str):
            return f"That is profit, the margin in column {self.margin!r}; {self.population}."
        kind = "revenue (margin 1), no profit" if self.margin == 1 else f"profit at a margin of {100 * self.margin:g} %"
        return f"That is {kind}; {self.population}."

    def __repr__(self) -> str:
        moved = ", ".join(f"{lever} × {factor:.4g}" for lever, factor in self.lift.items()) or "nothing moved"
        sizes = (
            f"{self.arms} arms of {self.customers[0]:,} customers"
            if len(set(self.customers)) == 1
            else f"arms of {listed([f'{n:,}' for n in self.customers])} customers"
        )
        followed = length(self.duration, self.time_unit)
        return f"ExperimentPlan: {moved}, {sizes} for {followed}: found with a probability of {_per_cent(self.power)}"

    def __str__(self) -> str:
        return "\n".join([*self.told(), "", plain_table(_rounded(self.curve))])

    def _repr_html_(self) -> str:
        heading = shown.line("Power by number of customers, for the same lift:")
        table = html_table(_rounded(self.curve))
        return shown.card("Plan of an experiment", *map(shown.line, self.told()), heading, table)


def _lift_told(lift: Mapping[str, float]) -> str:
    if not lift:
        return "a difference where there is none"
    parts = []
    for lever, factor in lift.items():
        change = "an increase" if factor > 1 else "a decrease"
        parts.append(f"{change} of {100 * abs(factor - 1):.3g} % in {_MOVED[lever]}")
    return listed(parts)


def _per_cent(share: float) -> str:
    """A probability; one that was seen in all experiments, or none, is not told as certain.

    >>> _per_cent(0.8012), _per_cent(1.0), _per_cent(0.0)
    ('80.1 %', 'over 99.9 %', 'under 0.1 %')
    """
    if share > 0.9995:
        return "over 99.9 %"
    return "under 0.1 %" if share < 0.0005 else f"{100 * share:.1f} %"


def _level(level: float) -> str:
    """A level with as many digits as its error needs.

    >>> _level(0.9746794), _level(0.99)
    ('97.47 %', '99 %')
    """
    digits = max(0, 1 - math.floor(math.log10(100 * (1 - level))))
    return f"{100 * level:.{digits + 1}f}".rstrip("0").rstrip(".") + " %"


def _rounded(curve: pd.DataFrame) -> pd.DataFrame:
    return curve.round({"power": 3, "normal_power": 3, "standard_error": 4})
