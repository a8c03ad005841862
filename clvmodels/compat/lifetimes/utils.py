"""Summaries, and what else is found under ``lifetimes.utils``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ...numerics.arrays import Array
from .period_events import Events, as_dates, as_moment, events_of, period_of, with_facts

from .lifetime_value import _customer_lifetime_value

__all__ = ["ConvergenceError", "_check_inputs", "_customer_lifetime_value"]


class ConvergenceError(ValueError):
    """A fit did not arrive."""


def _check_inputs(frequency: Any, recency: Any = None, T: Any = None, monetary_value: Any = None) -> None:
    """Refuse what no customer can be, in the order and the words that lifetimes has."""
    x = np.asarray(frequency)
    if recency is not None:
        t_x = np.asarray(recency)
        if T is not None and np.any(t_x > np.asarray(T)):
            raise ValueError("Some values in recency vector are larger than T vector.")
        if np.any(t_x[x == 0] != 0):
            raise ValueError("There exist non-zero recency values when frequency is zero.")
        if np.any(t_x < 0):
            raise ValueError("There exist negative recency (ex: last order set before first order)")
        if not (len(t_x) and len(x) and (T is None or len(np.asarray(T)))):
            raise ValueError("There exists a zero length vector in one of frequency, recency or T.")
    if np.any(x != x.astype(int)):
        raise ValueError("There exist non-integer values in the frequency vector.")
    if monetary_value is not None and np.any(np.asarray(monetary_value) <= 0):
        raise ValueError("There exist non-positive (<= 0) values in the monetary_value vector.")


def summary_data_from_transaction_data(
    transactions: pd.DataFrame,
    customer_id_col: Any,
    datetime_col: Any,
    monetary_value_col: Any = None,
    datetime_format: str | None = None,
    observation_period_end: Any = None,
    freq: str = "D",
    freq_multiplier: float = 1,
    include_first_transaction: bool = False,
) -> pd.DataFrame:
    """One row a customer: frequency, recency, T and, with an amount, the mean of the period totals.

    Periods are those of the calendar, and months are among them; ``monetary_value`` is 0 for who did not come back.
    Use `clv.rfm_summary` in new code.

    >>> log = pd.DataFrame({"id": [1, 1, 2], "date": ["2015-02-01", "2015-02-06", "2015-01-01"]})
    >>> summary_data_from_transaction_data(log, "id", "date", observation_period_end="2015-02-07")
        frequency  recency     T
    id
    1         1.0      5.0   6.0
    2         0.0      0.0  37.0
    """
    period = period_of(freq)
    dates = as_dates(transactions[datetime_col], datetime_format)
    end = as_moment(dates.max() if observation_period_end is None else observation_period_end, datetime_format)
    last = end.to_period(period).ordinal
    money = transactions[monetary_value_col] if monetary_value_col else None
    events = events_of(transactions[customer_id_col], dates, money, period, last)
    return with_facts(
        _summary(events, last, freq_multiplier, include_first_transaction, customer_id_col), period, freq_multiplier
    )


def _summary(events: Events, last: int, multiplier: float, include_first: bool, name: Any) -> pd.DataFrame:
    """What lifetimes calls a summary, of the purchases up to a period."""
    first, counted = events.first, events.counts - (not include_first)
    columns = {
        "frequency": counted.astype(np.float64),
        "recency": (events.periods[events.starts + events.counts - 1] - first) / multiplier,
        "T": (last - first) / multiplier,
    }
    if events.money is not None:
        columns["monetary_value"] = _mean_totals(events.money, events, counted, include_first)
    return pd.DataFrame(columns, index=events.ids.rename(name), dtype=np.float64)


def _mean_totals(totals: Array, events: Events, counted: Any, include_first: bool) -> Array:
    """Means of the period totals, 0 where there is none."""
    if not len(events.starts):
        return np.zeros(0)
    if not include_first:
        totals = totals.copy()
        totals[events.starts] = 0.0
    return np.asarray(np.add.reduceat(totals, events.starts) / np.maximum(counted, 1))
