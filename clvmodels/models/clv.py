"""CLVModel: purchases, spend, margin and discounting together give every customer's residual value."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, NotFitted
from ..families.contract import PurchaseFamily, SpendFamily
from ..units import units_per_year
from . import questions, statistics
from .purchase import PurchaseModel
from .simulated import Simulated, simulated
from .spend import SpendModel
from .time_units import check_unit_to_predict, checked_lengths, labels, unit_to_fit

FIT_STEPS = ("fitting purchases", "fitting spend")


class CLVModel:
    """Discounted value of every customer's purchases after T: margin × expected spend × discounted expected purchases.

    Parameters
    ----------
    purchases, spend
        A family's name or value, or a model; a fitted model is not fitted again.
    annual_discount_rate
        0.10 for 10 % a year, compounded continuously at ln(1.10).
    margin
        Profit as a share of spend: a number, or the name of a column of the summary. With 1, the default, ``clv`` is
        revenue.
    time_unit
        Needed where the summary does not say its unit.

    Raises
    ------
    InvalidInput
        If a family, the rate or the margin cannot be used.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.CLVModel("bg_nbd", "gamma_gamma", margin=0.30).fit(summary)
    >>> scored = model.predict(summary, horizon=52)
    >>> list(scored.columns)
    ['customer_id', 'p_alive', 'expected_purchases', 'expected_spend', 'clv']
    """

    def __init__(
        self,
        purchases: str | PurchaseFamily | PurchaseModel = "pareto_nbd",
        spend: str | SpendFamily | SpendModel = "gamma_gamma",
        annual_discount_rate: float = 0.10,
        margin: float | str = 1.0,
        time_unit: str | None = None,
    ) -> None:
        if isinstance(purchases, PurchaseModel):
            if time_unit is not None and purchases.time_unit not in (None, time_unit):
                raise InvalidInput(
                    f"time_unit={time_unit!r} differs from that of the purchase model, {purchases.time_unit!r}: "
                    "leave one of them out"
                )
            unit = time_unit or purchases.time_unit
            self.purchases = purchases if purchases._fitted else PurchaseModel(purchases.family, unit)
        else:
            self.purchases = PurchaseModel(purchases, time_unit)
        self.spend = spend if isinstance(spend, SpendModel) else SpendModel(spend)
        self._given = self.purchases._fitted is not None, self.spend._fitted is not None
        questions.continuous_rate(annual_discount_rate, "year", 1.0)
        self.annual_discount_rate = float(annual_discount_rate)
        self.margin = margin if isinstance(margin, str) else _checked_margin(margin)

    def fit(self, summary: Any, weights: Any = None, progress: Callable[[str], None] = lambda step: None) -> CLVModel:
        """Fit what was not handed in fitted, and return the model itself; see the two models for what is raised.

        ``progress`` is called with the name of each step as it begins.
        """
        frame = frames.load(summary)
        if not self._given[0]:
            line = f'CLVModel("{self.purchases.family.name}", time_unit="week") if a week is 1.0 in T'
            unit_to_fit(self.purchases.time_unit, frame, line)
        parts: tuple[PurchaseModel | SpendModel, ...] = (self.purchases, self.spend)
        for step, model, given in zip(FIT_STEPS, parts, self._given, strict=True):
            progress(step)
            if not given:
                model.fit(frame, weights)
        return self

    def predict(
        self,
        summary: Any,
        horizon: Any = None,
        annual_discount_rate: float | None = None,
        margin: float | str | None = None,
    ) -> Any:
        """Score every customer.

        Parameters
        ----------
        summary
            One row a customer: customer_id and the columns that both models read.
        horizon
            In the model's time unit; one year if None; inf for the whole residual lifetime. A list or range gives the
            columns ``expected_purchases_<horizon>`` and ``clv_<horizon>`` for each; a column name, one a row.
        annual_discount_rate, margin
            Instead of the model's.

        Returns
        -------
        frame
            Of the caller's kind, in the caller's order: customer_id (if there is one), p_alive, expected_purchases
            (undiscounted, in the horizon), expected_spend (per purchase, before margin), clv. The frame's metadata
            holds horizon, rate and margin.

        Raises
        ------
        NotFitted
            If a part has no parameters yet.
        InvalidInput
            If the summary, horizon, rate or margin cannot be used.
        """
        if self.purchases._fitted is None or self.spend._fitted is None:
            raise NotFitted("this CLV model has no parameters yet: call fit(summary) first")
        rate = self.annual_discount_rate if annual_discount_rate is None else annual_discount_rate
        share = self.margin if margin is None else margin
        unit = self.purchases._unit
        frame = frames.load(summary)
        names = list(dict.fromkeys((*self.purchases.family.statistics, *self.spend.family.statistics)))
        columns = statistics.read(frame, names)
        statistics.refuse_duplicates(frame)
        check_unit_to_predict(unit, self.purchases.largest_trained, frame, columns.get("T"))
        horizons = _horizons(frame, units_per_year(unit) if horizon is None else horizon)
        factor: Any = statistics.margins(frame, share) if isinstance(share, str) else _checked_margin(share)

        history = [columns[name] for name in self.purchases.family.statistics]
        family, values = self.purchases.family, self.purchases._fitted.values
        result: dict[str, Any] = {}
        ids = frames.identifiers(frame)
        if ids is not None:
            result["customer_id"] = ids
        alive = questions.p_alive(family, 0.0, history, values)
        result["p_alive"] = alive
        counts, worths = {}, {}
        spend = self.spend.spend_of({n: columns[n] for n in self.spend.family.statistics}, self.spend._fitted.values)
        for suffix, t in horizons.items():
            delta = questions.continuous_rate(rate, unit, t)
            count = questions.expected_purchases(family, t, 0.0, history, values, alive)
            counts["expected_purchases" + suffix] = count
            worth = questions.discounted(family, t, delta, history, values, alive) if delta else count
            # Nothing is nothing, even of what is infinite.
            with np.errstate(invalid="ignore"):
                value = factor * spend * worth
            worths["clv" + suffix] = np.where((worth > 0) & (np.asarray(factor) != 0), value, 0.0)
        result |= counts
        result["expected_spend"] = spend
        result |= worths
        told = {
            "time_unit": unit,
            "horizon": _told(horizons, horizon),
            "annual_discount_rate": str(float(rate)),
            "margin": share if isinstance(share, str) else str(float(share)),
        }
        return frames.attach_facts(frames.table(result, frame), {**frames.read_facts(frame), **told})

    def simulate(
        self, n_customers: int, observation: Any, seed: int | None = None, observation_end: str = "2024-12-31"
    ) -> Simulated:
        """Simulate a log with amounts; parameters and errors as of `PurchaseModel.simulate`.

        The purchases are those that the purchase model simulates from the same seed, and every one of them, the first
        included, has an ``amount``. Amounts are not rounded to cents; the summary takes them to 6 decimals.
        """
        if self.purchases._fitted is None or self.spend._fitted is None:
            raise NotFitted("this CLV model has no parameters yet: call fit(summary) first")
        return simulated(
            self.purchases.family,
            self.purchases._fitted.values,
            self.purchases._unit,
            n_customers,
            observation,
            seed,
            observation_end,
            (self.spend.family, self.spend._fitted.values),
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a JSON file, whole or not at all; `clvmodels.load_model` reads it back bit by bit."""
        from .saved import save

        save(self, path)

    def __repr__(self) -> str:
        return (
            f"CLVModel({self.purchases!r}; {self.spend!r}; annual_discount_rate={self.annual_discount_rate:g}, "
            f"margin={self.margin!r})"
        )


def _checked_margin(margin: Any) -> float:
    try:
        value = float(margin)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(f"margin must be a number or the name of a column; found {margin!r}") from None
    if not math.isfinite(value):
        raise InvalidInput(f"margin must be finite, for example 0.30 for 30 % of spend; found {value!r}")
    return value


def _horizons(frame: Any, horizon: Any) -> dict[str, Any]:
    """Column suffix -> horizon: one number, or one per row."""
    if isinstance(horizon, (list, tuple, range)):
        each = [float(v) for v in checked_lengths(list(horizon), "horizon")]
        return {f"_{label}": v for label, v in zip(labels(each, "horizon"), each, strict=True)}
    if isinstance(horizon, str) or np.ndim(horizon) > 0:
        return {"": checked_lengths(statistics.per_row(frame, horizon, "horizon"), "horizon")}
    return {"": float(checked_lengths(horizon, "horizon"))}


def _told(horizons: dict[str, Any], given: Any) -> str:
    """The horizon as short metadata."""
    if isinstance(given, str):
        return given
    return ", ".join("one per row" if isinstance(t, np.ndarray) else str(t) for t in horizons.values())
