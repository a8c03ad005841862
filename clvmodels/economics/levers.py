"""What customers are worth if from the end of observation on something about them is so many times what it would be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, NotAvailable
from ..models import answers, cash_flows, questions, statistics
from ..models.clv import CLVModel
from ..models.given_models import clv_model
from ..numerics.arrays import Array
from ..units import span, units_per_year
from . import given_numbers as given

LEVERS = ("dropout", "purchase_rate", "spend", "margin", "acquisition_cost")
_STEP = 1e-3  # of ln factor, where a slope is a difference


@dataclass(frozen=True, eq=False)
class Worth:
    """Everything that the value of each customer is made of.

    Attributes
    ----------
    model, frame
        The model, and the summary as a frame.
    history
        The statistics that the purchase family reads.
    horizon, delta
        How far ahead is looked, and the continuous discount rate, in the model's time unit.
    alive, purchases
        P(alive at T), and discounted expected purchases as they would be.
    spend, margin
        Per purchase, and as a share of it.
    costs
        Per customer; None where none were given.

    Examples
    --------
    >>> import pandas
    >>> import clvmodels as clv
    >>> purchases = clv.PurchaseModel.from_parameters("nbd", {"r": 1.0, "alpha": 59.0}, time_unit="day")
    >>> spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.0, "q": 4.0, "v": 15.0})
    >>> summary = pandas.DataFrame({"frequency": [0], "recency": [0.0], "T": [1.0], "monetary_value": [float("nan")]})
    >>> worth = worth_of(clv.CLVModel(purchases, spend, margin=0.5), summary, 60, 0.0, 4.0)
    >>> worth.value(), worth.value({"spend": 2.0}), worth.ahead
    (array([11.]), array([26.]), 'in the 60 days ahead')
    """

    model: CLVModel
    frame: Any
    history: list[Array]
    horizon: float | Array
    delta: float
    alive: Array
    purchases: Array
    spend: Array
    margin: float | Array
    costs: Array | None

    def value(self, factors: Mapping[str, float] | None = None) -> Array:
        """Margin · spend · purchases − costs of each customer, at the factors named; the others are 1."""
        by = dict.fromkeys(LEVERS, 1.0) | dict(factors or {})
        purchases = self.purchases
        if by["dropout"] != 1 or by["purchase_rate"] != 1:
            family, values = self.model.purchases.family, self.model.purchases._state.values
            rates = by["purchase_rate"], by["dropout"]
            purchases = questions.changed(family, self.horizon, self.delta, *rates, self.history, values, self.alive)
        gross = cash_flows.money(purchases, by["spend"] * self.spend, by["margin"] * np.asarray(self.margin))
        return gross if self.costs is None else np.asarray(gross - by["acquisition_cost"] * self.costs)

    def slope(self, lever: str) -> Array:
        """d value / d ln factor of each customer, at factors of 1.

        Exact where the value is linear in the factor; else a central difference of 0.1 % up and down.
        """
        if lever == "acquisition_cost":
            return np.zeros(len(self.spend)) if self.costs is None else np.negative(self.costs)
        if lever in ("spend", "margin"):
            return cash_flows.money(self.purchases, self.spend, self.margin)
        up, down = (self.value({lever: math.exp(step)}) for step in (_STEP, -_STEP))
        return np.asarray((up - down) / (2 * _STEP))

    @property
    def movable(self) -> list[str]:
        """The levers that can be moved, in their order."""
        family = self.model.purchases.family
        own = [] if family.changed_purchases_alive is None else ["purchase_rate"]
        own += ["dropout"] if own and family.finite_total is not None else []
        known = {*own, "spend", "margin", *(() if self.costs is None else ["acquisition_cost"])}
        return [name for name in LEVERS if name in known]

    @property
    def ahead(self) -> str:
        """How far is looked, in words."""
        unit = self.model.purchases._unit
        if np.ndim(self.horizon):
            return f"in the {unit}s ahead, a number of each customer's own"
        ahead = float(self.horizon)
        return "over their whole residual lifetime" if math.isinf(ahead) else f"in the {span(ahead, unit)} ahead"


def worth_of(model: CLVModel, summary: Any, horizon: Any, annual_discount_rate: float | None, costs: Any) -> Worth:
    """Read a summary as `CLVModel.predict` does, and costs: a number, a column's name, or one a row.

    Raises
    ------
    InvalidInput
        If something cannot be used, or a value would be infinite.
    """
    clv_model(model)
    rate = model.annual_discount_rate if annual_discount_rate is None else annual_discount_rate
    unit, frame, columns = model._read(summary)
    ahead = answers.one_horizon(frame, units_per_year(unit) if horizon is None else horizon)
    delta = questions.continuous_rate(rate, unit, ahead)
    family, values, history = model.purchases.family, model.purchases._state.values, model._history(columns)
    why = questions.why_infinite(family, values)
    if delta == 0 and why is not None and np.any(np.isinf(ahead)):
        raise InvalidInput(
            f"values without end, undiscounted, are infinite, and cannot be compared: {why}. Use a finite horizon, or "
            "an annual_discount_rate above 0"
        )
    alive = questions.p_alive(family, 0.0, history, values)
    return Worth(
        model=model,
        frame=frame,
        history=history,
        horizon=ahead,
        delta=delta,
        alive=alive,
        purchases=questions.discounted(family, ahead, delta, history, values, alive),
        spend=model._spend(columns),
        margin=statistics.margins(frame, model.margin),
        costs=None if costs is None else given.costs(frame, costs, "costs"),
    )


def checked_factors(worth: Worth, factors: Mapping[str, Any]) -> dict[str, float]:
    """The factors that are not 1, in their order.

    Raises
    ------
    InvalidInput
        If one is not a finite number of at least 0, or that of costs is given without costs.
    NotAvailable
        If the family has no such thing.
    """
    moved = {}
    for name, told in factors.items():
        try:
            factor = float(told)
        except (TypeError, ValueError, OverflowError):
            factor = math.nan
        if isinstance(told, (str, bool)) or not (0 <= factor < math.inf):
            raise InvalidInput(
                f"{name} must be a factor of at least 0, for example 0.95 for 5 % less than what would be; found "
                f"{told!r}"
            )
        if factor != 1:
            moved[name] = factor
    if "acquisition_cost" in moved and worth.costs is None:
        raise InvalidInput(
            f"acquisition_cost={moved['acquisition_cost']:g} multiplies costs, and there are none: give costs= as a "
            "number, the name of a column, or one value a row"
        )
    family = worth.model.purchases.family
    if "dropout" in moved and family.finite_total is None:
        raise NotAvailable(
            f"{family.name} cannot give dropout={moved['dropout']:g}: under {family.title} nobody ever leaves, so "
            "there is no dropout to change. Leave it at 1, or use a family with dropout, such as pareto_nbd"
        )
    if moved.get("dropout") == 0 and worth.delta == 0 and np.any(np.isinf(worth.horizon)):
        raise InvalidInput(
            "with dropout=0 nobody ever leaves, and values without end, undiscounted, are infinite: use a finite "
            "horizon, or an annual_discount_rate above 0"
        )
    return moved


def refuse_infinite(worth: Worth, values: Array) -> None:
    """Raise if a value is infinite: differences would have no meaning."""
    endless = ~np.isfinite(values)
    if endless.any():
        raise InvalidInput(
            f"values must be finite to be compared: {endless.sum():,} of {len(values):,} customers have infinite ones, "
            f"first {frames.identifier_at(worth.frame, int(np.argmax(endless)))}, because their expected spend is. See "
            "the parameters p and q of the spend model, and leave these customers out"
        )
