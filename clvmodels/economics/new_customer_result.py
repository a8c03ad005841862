"""What `new_customer_value` found: a table of groups, their parameters, and how far to believe them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from ..inference import looks
from ..models.clv import CLVModel
from ..models.purchase import PurchaseModel
from ..models.spend import SpendModel
from ..units import a_span, span
from .shown_tables import html_table, plain_table

_MOST_NOTES = 4  # said in words; the table has all

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class NewCustomerValues:
    """What a customer yet to be acquired is worth, group by group; made by `new_customer_value`.

    Attributes
    ----------
    table
        A pandas row a group, sorted, and a last row "all": group, customers, value (per new customer, partially
        pooled), low and high (the interval of that expected value; NaN where the fit does not know how sure it is),
        value_unpooled (of the group's own fit alone, NaN where that is not to be trusted), expected_purchases (repeats
        within the horizon, undiscounted), expected_spend (per purchase, before margin), first_purchase (what the first
        one brings, before margin; 0 if left out), margin, weight (how much of what is known of the group's value comes
        from its own customers: 1 − variance of ln value after / before them), note.
    parameters
        A row a group and "all", by group: the pooled parameters of purchases, then of spend.
    spread
        Parameter -> how much its logarithm differs between groups (τ), as a standard deviation.
    whole
        The model of all customers.
    horizon, time_unit
        How far the value reaches from the first purchase.
    interval
        Of the intervals.
    first_purchase
        Whether the first purchase is in the value, or the column that its amount comes from.
    notes
        What to know of the groups.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> cohorts = clv.economics.cohorts_of(summary)
    >>> found = clv.economics.new_customer_value(summary, cohorts, purchases="bg_nbd", margin=0.30)
    >>> found
    NewCustomerValues: 3 groups of 2,357 customers, a year from the first purchase on
    >>> list(found.parameters.columns)
    ['r', 'alpha', 'a', 'b', 'p', 'q', 'v']
    >>> {name: round(value, 2) for name, value in found.spread.items()}
    {'r': 0.04, 'alpha': 0.07, 'a': 0.09, 'b': 0.11, 'p': 0.04, 'q': 0.03, 'v': 0.04}
    """

    table: pd.DataFrame
    parameters: pd.DataFrame
    spread: Mapping[str, float]
    whole: CLVModel
    horizon: float
    time_unit: str
    interval: float
    first_purchase: bool | str
    notes: tuple[str, ...] = ()

    def model(self, group: Any) -> CLVModel:
        """The model of one group's customers: its pooled parameters as given ones, with rate and margin.

        For what else there is to ask of a new customer: how many ever come back, when, over another horizon. Raises
        InvalidInput if there is no such ``group``.

        >>> import clvmodels as clv
        >>> log = clv.load_cdnow(sample=True)
        >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
        >>> cohorts = clv.economics.cohorts_of(summary)
        >>> found = clv.economics.new_customer_value(summary, cohorts, purchases="bg_nbd", margin=0.30)
        >>> new = found.model("1997-03").purchases.new_customer()
        >>> round(new.probability_of_purchase(horizon=26), 2)
        0.37
        """
        names = list(self.parameters.index)
        if group not in names:
            shown = ", ".join(map(repr, names[:10])) + (" ..." if len(names) > 10 else "")
            raise InvalidInput(f"there is no group {group!r}; there are {shown}")
        at = names.index(group)
        values, family, spend = self.parameters.iloc[at], self.whole.purchases.family, self.whole.spend.family
        k = len(family.parameters)
        return CLVModel(
            PurchaseModel.from_parameters(
                family, dict(zip(family.parameters, map(float, values[:k]), strict=True)), self.time_unit
            ),
            SpendModel.from_parameters(spend, dict(zip(spend.parameters, map(float, values[k:]), strict=True))),
            self.whole.annual_discount_rate,
            float(self.table["margin"].iloc[at]),
        )

    def told(self) -> list[str]:
        """What it says, in sentences.

        >>> import clvmodels as clv
        >>> log = clv.load_cdnow(sample=True)
        >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
        >>> found = clv.economics.new_customer_value(summary, purchases="bg_nbd", margin=0.30, first_purchase=False)
        >>> found.told()[0][:77]
        'A new customer is expected to bring 14.69 in his first year, without his firs'
        """
        value, within = looks.figure(float(self.table["value"].iloc[-1])), f"in his first {self._length()}"
        if math.isinf(self.horizon):
            within = "over his whole lifetime"
        first = "without his first purchase"
        if isinstance(self.first_purchase, str):
            first = f"his first purchase included, its amount from the column {self.first_purchase!r}"
        elif self.first_purchase:
            first = "his first purchase included and taken to be worth as much as a repeat"
        margins = self.table["margin"].to_numpy()
        share = "a margin of its own for each group"
        if (margins == margins[-1]).all():
            share = "revenue (margin 1)" if margins[-1] == 1 else f"profit at a margin of {margins[-1]:g}"
        sentences = [
            f"A new customer is expected to bring {value} {within}, {first}: {share}, discounted at "
            f"{100 * self.whole.annual_discount_rate:g} % a year, before the cost of acquiring him."
        ]
        if len(self.table) > 2:
            most = max(self.spread.items(), key=lambda item: item[1])
            sentences.append(
                f"Groups are compared over the same time from acquisition and lean on the whole as far as their own "
                f"customers leave open (weight: what is their own). They differ most in {most[0]}, by a factor of "
                f"{math.exp(most[1]):.2f} or so. Intervals ({100 * self.interval:g} %) are of the average new customer."
            )
        noted = self.table[self.table["note"] != ""]
        shown = noted.head(_MOST_NOTES)
        own = [f"{group}: {note}." for group, note in zip(shown["group"], shown["note"], strict=True)]
        if len(noted) > len(shown):
            own.append(f"{len(noted) - len(shown)} groups more have a note: see the column note of the table.")
        return [*sentences, *self.notes, *own]

    def _length(self) -> str:
        return span(self.horizon, self.time_unit)

    def __repr__(self) -> str:
        ahead = "whole lifetime" if math.isinf(self.horizon) else a_span(self.horizon, self.time_unit)
        n = len(self.table) - 1
        return (
            f"NewCustomerValues: {n} group{'' if n == 1 else 's'} of {self.table['customers'].iloc[-1]:,} customers, "
            f"{ahead} from the first purchase on"
        )

    def __str__(self) -> str:
        return "\n".join([*self.told(), "", plain_table(self._shown())])

    def _repr_html_(self) -> str:
        return looks.card("Value of a new customer", *map(looks.line, self.told()), html_table(self._shown()))

    def _shown(self) -> pd.DataFrame:
        return self.table.drop(columns=["margin", "note"])
