"""What a customer brings as time goes by, added up: of one not yet acquired, and of those who are there."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from .. import frames
from ..errors import ClvWarning, InvalidInput
from ..models import cash_flows
from ..models.clv import CLVModel
from ..models.given_models import clv_model
from ..numerics.arrays import Array
from ..units import hours_in
from . import given_numbers as given
from .periods import hours_of
from .spend_periods import read_days

PERIODS = ("day", "week", "month", "quarter", "year")


def cash_curve(
    model: CLVModel,
    periods: int = 24,
    period: str = "month",
    *,
    first_purchase: bool | float = True,
    annual_discount_rate: float | None = None,
    margin: float | None = None,
) -> pd.DataFrame:
    """Add up what a customer not yet acquired brings, period by period from his first purchase on.

    With margin g, mean spend per purchase E[M] and repeats X(t) of a new customer, the profit up to t is

        g · (F + E[M] · E[X(t)]),  discounted  g · (F + E[M] · ∫ over (0, t] of e^(-delta·u) dE[X(u)]),

    delta = ln(1 + annual_discount_rate) per year. F is the amount of the first purchase, at time 0: E[M], as of any
    other, if nothing else is said, since spend models learn from repeats alone. Periods are stretches of equal length
    from the first purchase on, not those of the calendar.

    Parameters
    ----------
    model
        A fitted CLVModel; of one channel or cohort, if it was fitted on that one.
    periods, period
        How many of ``"day"``, ``"week"``, ``"month"`` (365.25/12 days), ``"quarter"`` or ``"year"``.
    first_purchase
        Whether the first purchase counts (not where money is paid for customers who have bought already), or its mean
        amount, before margin.
    annual_discount_rate, margin
        Instead of the model's.

    Returns
    -------
    pandas.DataFrame
        One row a period and one for time 0, in which the first purchase falls: time (end of the period, in
        ``period``s), time_unit, expected_purchases, profit and discounted_profit of the period, and of all periods up
        to its end cumulative_profit and cumulative_discounted_profit. The last row, time inf, is what comes after and
        the whole lifetime; it is not there with a discount rate below 0.

    Raises
    ------
    NotFitted
        If a part has no parameters yet.
    InvalidInput
        If a number or the period cannot be used, the margin is a column's name, a family of whole periods is asked
        about parts of them, or the mean spend of all customers is infinite.

    Warns
    -----
    ClvWarning
        If the margin is above 1.

    Examples
    --------
    >>> import clvmodels as clv
    >>> purchases = clv.PurchaseModel.from_parameters("nbd", {"r": 1.2, "alpha": 12.0}, time_unit="month")
    >>> spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.0, "q": 4.0, "v": 15.0})
    >>> curve = cash_curve(clv.CLVModel(purchases, spend, margin=0.5), periods=2)
    >>> columns = ["time", "expected_purchases", "profit", "cumulative_profit", "cumulative_discounted_profit"]
    >>> print(curve[columns].round(3).to_string(index=False))
     time  expected_purchases  profit  cumulative_profit  cumulative_discounted_profit
      0.0                 1.0    15.0               15.0                        15.000
      1.0                 0.1     1.5               16.5                        16.494
      2.0                 0.1     1.5               18.0                        17.976
      inf                 inf     inf                inf                       203.857
    """
    clv_model(model)
    rate = model.annual_discount_rate if annual_discount_rate is None else annual_discount_rate
    share, mean = margin_of_new(model, margin), _mean_spend(model)
    ends = _ends(periods)
    t = ends * _units(model, period)
    new = model.purchases.new_customer()
    begun, first = _first(first_purchase, mean)
    repeats = new.expected_purchases(t)
    worth = new.discounted_expected_purchases(t, annual_discount_rate=rate)
    if float(rate) >= 0:
        with warnings.catch_warnings():  # that customers stay for ever is said by inf in the last row
            warnings.simplefilter("ignore", ClvWarning)
            repeats = np.append(repeats, new.expected_purchases(np.inf))
            worth = np.append(worth, new.discounted_expected_purchases(np.inf, annual_discount_rate=rate))
        ends = np.append(ends, np.inf)
    profit, value = (cash_flows.money(counts, np.asarray(mean), share) + share * first for counts in (repeats, worth))
    return _curve(ends, period, profit, value, {"expected_purchases": np.diff(begun + repeats, prepend=0.0)})


def cash_curve_of(flows: Any) -> pd.DataFrame:
    """Add up the cash flows of customers who are there: what `CLVModel.cash_flows` returned, as a `cash_curve`.

    Parameters
    ----------
    flows
        The sums over customers, one row a calendar period.

    Returns
    -------
    pandas.DataFrame
        As `cash_curve`, in days from the end of observation, whose row is time 0; with ``date``, the last day of each
        period. There is no row for what comes later.

    Raises
    ------
    InvalidInput
        If ``flows`` holds one row per customer and period, or is no table of cash flows.

    Examples
    --------
    >>> import pandas
    >>> import clvmodels as clv
    >>> purchases = clv.PurchaseModel.from_parameters("nbd", {"r": 1.0, "alpha": 59.0}, time_unit="day")
    >>> spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.0, "q": 4.0, "v": 15.0})
    >>> summary = pandas.DataFrame({"frequency": [0], "recency": [0.0], "T": [1.0], "monetary_value": [None]})
    >>> summary["monetary_value"] = summary["monetary_value"].astype(float)
    >>> flows = clv.CLVModel(purchases, spend, margin=0.5).cash_flows(summary, 2, observation_end="2024-01-21")
    >>> print(cash_curve_of(flows)[["date", "time", "cumulative_profit"]].to_string(index=False))
          date  time  cumulative_profit
    2024-01-21   0.0               0.00
    2024-01-31  10.0               2.50
    2024-02-29  39.0               9.75
    """
    frame = frames.load(flows)
    names = frames.column_names(frame)
    if frames.CUSTOMER_ID in names:
        raise InvalidInput(
            "flows holds one row per customer and period; expected the sums over customers: call cash_flows with "
            "per_customer=False, or for one customer with his row of the summary alone"
        )
    starts, stops = (read_days(frame, name) for name in ("period_start", "period_end"))
    again = np.flatnonzero(starts[1:] != stops[:-1] + np.timedelta64(1, "D"))
    if len(again):
        raise InvalidInput(
            "the periods of flows must follow one another, each from the day after the last: "
            f"{len(again)} of {len(starts)} do not, first the one that begins {starts[again[0] + 1]}"
        )
    begun = starts[:1] - np.timedelta64(1, "D")
    dates = np.concatenate([begun, stops])
    time = (dates - dates[:1]).astype(np.float64)
    profit, worth = (_added(frames.numeric(frame, name)) for name in ("expected_profit", "discounted_profit"))
    counts = np.append(0.0, frames.numeric(frame, "expected_purchases"))
    return _curve(time, "day", profit, worth, {"expected_purchases": counts}, {"date": dates.astype("datetime64[s]")})


def _curve(
    time: Array, unit: str, profit: Array, worth: Array, more: dict[str, Any], first: dict[str, Any] | None = None
) -> pd.DataFrame:
    with np.errstate(invalid="ignore"):
        flows = [np.diff(total, prepend=0.0) for total in (profit, worth)]
    columns = {"time": time, "time_unit": unit, **more, "profit": flows[0], "discounted_profit": flows[1]}
    return pd.DataFrame(
        {**(first or {}), **columns, "cumulative_profit": profit, "cumulative_discounted_profit": worth}
    )


def _added(flows: Array) -> Array:
    return np.append(0.0, np.cumsum(flows))


def margin_of_new(model: CLVModel, margin: Any) -> float:
    """The margin of a customer not yet acquired: the model's, unless told; a number."""
    share = model.margin if margin is None else margin
    if isinstance(share, str):
        raise InvalidInput(
            f"a customer not yet acquired has no column {share!r}: give his margin as a number, margin=0.3"
        )
    return given.one("margin", share, given.margin_share)


def _mean_spend(model: CLVModel) -> float:
    mean = model.spend.population_mean
    if not np.isfinite(mean):
        raise InvalidInput(
            f"the mean spend of all customers is infinite at {model.spend!r}: refit without enormous amounts, or give "
            "a spend model whose mean exists"
        )
    return mean


def _first(first_purchase: Any, mean: float) -> tuple[float, float]:
    """How many first purchases there are, 0 or 1, and their amount."""
    if isinstance(first_purchase, (bool, np.bool_)):
        return (1.0, mean) if first_purchase else (0.0, 0.0)
    return 1.0, given.one("first_purchase", first_purchase)


def _ends(periods: Any) -> Array:
    return np.arange(given.count("periods", periods) + 1, dtype=np.float64)


def _units(model: CLVModel, period: Any) -> float:
    """How many of the model's time units a period is."""
    if not isinstance(period, str) or period not in PERIODS:
        raise InvalidInput(f"period must be one of {', '.join(PERIODS)}; found {period!r}")
    family, own = model.purchases.family, model.purchases.new_customer()._unit
    length = hours_of(period) / hours_in(own)
    if family.time == "discrete" and length.denominator != 1:
        raise InvalidInput(
            f"{family.title} counts whole {own}s: expected a period made of whole ones, such as {own!r}; found "
            f"{period!r}"
        )
    return float(length)
