"""Customer lifetime value as lifetimes counts it: in months, what is bought in a month paid at its end."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from ...families.contract import PurchaseFamily
from ...models import questions
from ...numerics.arrays import Array
from .asking import of_rows, rows_of, shrunk_to, time_unit_of
from .differences import tell

# As in lifetimes, where a month is 30 days, or 4.345 weeks (30.4 days).
MONTH_IN = {"hour": 720.0, "day": 30.0, "week": 4.345, "month": 1.0, "year": 1 / 12}
FREQ = {"h": "hour", "H": "hour", "D": "day", "W": "week", "M": "month"}


class _Default(str):
    """A text that stands in a signature as a default, and can be told from the same one given."""


DAYS = _Default("D")


def _customer_lifetime_value(
    transaction_prediction_model: Any,
    frequency: Any,
    recency: Any,
    T: Any,
    monetary_value: Any,
    time: float = 12,
    discount_rate: float = 0.01,
    freq: str = DAYS,
) -> pd.Series[float]:
    """Σ over months i of E[purchases in month i] · monetary_value / (1 + discount_rate)^i; a Series.

    Use ``clv.CLVModel(...).predict`` in new code, which discounts continuously and knows its time unit.
    """
    month = _month_in(freq, transaction_prediction_model, T)
    columns = (frequency, recency, T, monetary_value)
    index = next((column.index for column in columns if isinstance(column, pd.Series)), None)
    given = [_at(index, v) for v in columns]
    spend = rows_of(given.pop())[0]
    ends = _ends(time)
    worth = (1.0 + discount_rate) ** -ends
    of = _own if _is_own(transaction_prediction_model) else _foreign
    bought = np.atleast_1d(of(transaction_prediction_model, given, month * ends, worth))
    value = _worth(spend, bought) if len(ends) else np.zeros(np.broadcast_shapes(np.shape(spend), bought.shape))
    if index is None:
        index = pd.RangeIndex(len(value))
    return pd.Series(np.broadcast_to(value, (len(index),)).astype(np.float64), index=index, name="clv")


def _month_in(freq: str, model: Any, T: Any) -> float:
    """The length of a month in the unit of T."""
    given = not isinstance(freq, _Default)
    month = MONTH_IN[FREQ[freq]]
    known = getattr(model, "_time_unit", None) or time_unit_of(T)
    if known not in MONTH_IN:
        if not given:
            tell("clv_unit_unknown")
        return month
    if given and FREQ[freq] == known:
        return month
    right = MONTH_IN[known]
    if not given:
        if known != "day":
            tell("clv_unit", f"T is in {known}s here, a month is {right:.4g} of them")
        return right
    if freq != "D" and shrunk_to(T, month / right):  # days that somebody has divided by 7 since
        return month
    taken = known if freq == "D" else FREQ[freq]
    tell("clv_unit_contradicted", f"freq={str(freq)!r}, while the summary was made in {known}s; taken for {taken}s")
    return MONTH_IN[taken]


def _ends(time: float) -> Array:
    """Where months end, in months; the last one may be cut short."""
    whole = np.arange(1.0, math.floor(time) + 1)
    if time <= 0 or time == math.floor(time):
        return whole
    tell("clv_part_of_a_month", f"time={time!r}")
    return np.append(whole, time)


def _worth(spend: Any, bought: Array) -> Array:
    """The product, infinite where spend is: also of a probability of buying that underflows to 0."""
    endless = np.isinf(spend)
    if not np.any(endless):
        return np.asarray(spend * bought)
    return np.asarray(
        np.where(endless, np.where(np.isnan(bought), np.nan, np.inf), np.where(endless, 1.0, spend) * bought)
    )


def _at(index: pd.Index[Any] | None, given: Any) -> Any:
    """A Series put in the order of the labels of ``frequency``; anything else as it is."""
    if index is None or not isinstance(given, pd.Series) or given.index is index or given.index.equals(index):
        return given
    return given.reindex(index)


def _is_own(model: Any) -> bool:
    """Whether its family says all about it: a fitter of this package, not of a class made from it."""
    family = getattr(model, "_family", None)
    return (
        isinstance(family, PurchaseFamily)
        and family.time == "continuous"
        and type(model).__module__.startswith("clvmodels.compat.lifetimes.")
    )


def _own(model: Any, given: list[Any], ends: Array, worth: Array) -> Array:
    """Σ worth · E[purchases between two ends]: P(alive) once, and what is bought in between without a difference."""
    family: PurchaseFamily = model._family
    parameters = model._unload_params(*family.parameters)
    starts = np.concatenate([[0.0], ends[:-1]])

    def bought(*columns: Any) -> Array:
        for end in {*ends[:1], *ends[-1:]}:
            astray = model._expectation_astray(end, columns, parameters)
            if astray is not None:
                tell("expectation", astray)
        total = np.zeros(np.broadcast_shapes(*map(np.shape, columns)))
        for start, end, each in zip(starts, ends, worth, strict=False):
            total = total + each * family.expected_purchases_alive(end - start, start, *columns, *parameters)
        return np.asarray(questions.p_alive(family, 0.0, columns, parameters) * total)

    return of_rows(bought, [], rows_of(*given))


def _foreign(model: Any, given: list[Any], ends: Array, worth: Array) -> Array:
    """The same of any model that has ``predict(t, frequency, recency, T)``, by differences."""
    index = given[0].index if isinstance(given[0], pd.Series) else None
    rows = rows_of(*given)
    total = np.zeros(np.broadcast_shapes(*map(np.shape, rows)))
    before = 0.0
    for i, (end, each) in enumerate(zip(ends, worth, strict=True)):
        if i == 0:
            before = rows_of(_at(index, model.predict(0.0, *given)))[0]
        until = rows_of(_at(index, model.predict(end, *given)))[0]
        total, before = total + each * (until - before), until
    return np.asarray(total)
