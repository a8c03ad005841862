"""Summaries, and what else is found under ``lifetimes.utils``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ...errors import InvalidInput
from ...numerics.arrays import Array
from .checks import ConvergenceError as ConvergenceError
from .checks import _check_inputs as _check_inputs
from .differences import tell
from .lifetime_value import _customer_lifetime_value as _customer_lifetime_value
from .period_events import (
    Events,
    Lines,
    as_dates,
    as_moment,
    as_periods,
    events_of,
    lines_of,
    numbers_of,
    period_of,
    read_otherwise,
    with_facts,
)

# what ``from lifetimes.utils import *`` binds, as in the original
__all__ = [
    "calculate_alive_path",
    "calibration_and_holdout_data",
    "expected_cumulative_transactions",
    "summary_data_from_transaction_data",
]


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
    >>> summary_data_from_transaction_data(log, "id", "date", observation_period_end="2015-02-07").reset_index()
       id  frequency  recency     T
    0   1        1.0      5.0   6.0
    1   2        0.0      0.0  37.0
    """
    period = period_of(freq)
    lines = lines_of(transactions, customer_id_col, datetime_col, monetary_value_col, datetime_format, period)
    given_end, counts_first = observation_period_end is not None, bool(include_first_transaction)
    last = _end_of(lines, observation_period_end, datetime_format).to_period(period).ordinal
    events = events_of(lines, np.bool_(True), last)
    if read_otherwise(lines, end=not given_end, first=lines.amounts is not None and not counts_first):
        tell("dates_as_text")
    _tell_of_categories(transactions[customer_id_col].dtype, events)
    index = lines.named(events.owners, customer_id_col)
    return with_facts(
        pd.DataFrame(_summary(events, last, freq_multiplier, counts_first), index), period, freq_multiplier
    )


def calibration_and_holdout_data(
    transactions: pd.DataFrame,
    customer_id_col: Any,
    datetime_col: Any,
    calibration_period_end: Any,
    observation_period_end: Any = None,
    freq: str = "D",
    freq_multiplier: float = 1,
    datetime_format: str | None = None,
    monetary_value_col: Any = None,
    include_first_transaction: bool = False,
) -> pd.DataFrame:
    """The summary at the end of a calibration period, and what its customers bought from then on.

    ``monetary_value_holdout`` is the mean of the period totals: lifetimes averages the lines of the log.
    Use `clv.calibration_holdout` in new code.

    >>> log = pd.DataFrame({"id": [1, 1, 2], "date": ["2015-02-01", "2015-02-06", "2015-01-01"], "paid": [3, 4, 5]})
    >>> split = calibration_and_holdout_data(log, "id", "date", "2015-02-03", monetary_value_col="paid")
    >>> split.reset_index()[["id", "T_cal", "frequency_holdout", "monetary_value_holdout", "duration_holdout"]]
       id  T_cal  frequency_holdout  monetary_value_holdout  duration_holdout
    0   1    2.0                1.0                     4.0               3.0
    1   2   33.0                0.0                     0.0               3.0
    """
    period = period_of(freq)
    lines = lines_of(transactions, customer_id_col, datetime_col, monetary_value_col, datetime_format, period)
    end = _end_of(lines, observation_period_end, datetime_format)
    known_until = as_moment(calibration_period_end, datetime_format)
    last, last_known = end.to_period(period).ordinal, known_until.to_period(period).ordinal
    known = events_of(lines, (lines.dates <= known_until).to_numpy(), last_known)
    later = ((lines.dates > known_until) & (lines.dates <= end)).to_numpy()
    if not later.any():
        raise InvalidInput(
            "There is no data available. No line lies after calibration_period_end "
            f"({known_until}) and up to observation_period_end ({end}); the last one of the log is of "
            f"{lines.dates.max()}"
        )
    holdout = events_of(lines, later, last)
    if observation_period_end is None and read_otherwise(lines, end=True, first=False):
        tell("dates_as_text")
    columns: dict[str, Any] = {
        f"{name}_cal": values
        for name, values in _summary(known, last_known, freq_multiplier, include_first_transaction).items()
    }
    columns["frequency_holdout"] = _of_customers(known.owners, holdout.owners, holdout.counts)
    _tell_of_categories(transactions[customer_id_col].dtype, known)
    if holdout.money is None:
        if _pandas() >= 3:
            tell("holdout_without_money")
    else:
        means = _mean_totals(holdout, holdout.counts, include_first=True)
        columns["monetary_value_holdout"] = _of_customers(known.owners, holdout.owners, means)
        _tell_line_means(lines, later, holdout, means)
    columns["duration_holdout"] = (last - last_known) / freq_multiplier
    return with_facts(pd.DataFrame(columns, lines.named(known.owners, customer_id_col)), period, freq_multiplier)


def _pandas() -> int:
    return int(pd.__version__.split(".")[0])


def _tell_of_categories(ids: Any, events: Events) -> None:
    """Say so where the original's groups are those of all categories, as was the default of pandas before 3."""
    if not isinstance(ids, pd.CategoricalDtype) or _pandas() >= 3:
        return
    if events.money is not None or len(events.owners) < len(ids.categories):
        tell("categories")


def _end_of(lines: Lines, given: Any, datetime_format: str | None) -> pd.Timestamp:
    """The end of observation: the last date, unless one is given."""
    return as_moment(lines.dates.max() if given is None else given, datetime_format)


def _of_customers(owners: Any, found: Any, values: Any) -> Any:
    """The values of some customers who are among those found, 0 for who is not: whole numbers only if all are."""
    if not len(found):
        return np.zeros(len(owners))
    at = np.minimum(np.searchsorted(found, owners), len(found) - 1)
    there = found[at] == owners
    return values[at] if there.all() else np.where(there, values[at], 0.0)


def _tell_line_means(lines: Lines, later: Any, events: Events, means: Array) -> None:
    """Say so if the mean of a customer's lines is not that of his purchases."""
    rows = np.flatnonzero(later & (lines.owner >= 0))
    if lines.amounts is None or not len(rows):
        return
    known = rows[~np.isnan(lines.amounts[rows])]
    if len(known) == len(rows) == len(events.periods):
        return  # a line is a purchase
    customers = int(events.owners[-1]) + 1
    sums = np.bincount(lines.owner[known], lines.amounts[known], minlength=customers)
    counts = np.bincount(lines.owner[known], minlength=customers)
    line_means = sums[events.owners] / np.maximum(counts[events.owners], 1)
    other = int(np.sum(~(np.abs(line_means - means) <= 1e-6 * np.abs(means))))
    if other:
        tell("holdout_spend", f"{other} of {len(means)} customers")


def _summary(events: Events, last: int, multiplier: float, include_first: bool) -> dict[str, Array]:
    """What lifetimes calls a summary, of the purchases up to a period."""
    first, counted = events.first, events.counts - (not include_first)
    columns = {
        "frequency": counted.astype(np.float64),
        "recency": (events.periods[events.starts + events.counts - 1] - first) / multiplier,
        "T": (last - first) / multiplier,
    }
    if events.money is not None:
        columns["monetary_value"] = _mean_totals(events, counted, include_first)
    return columns


def _mean_totals(events: Events, counted: Any, include_first: bool) -> Array:
    """Means of the period totals, 0 where there is none."""
    totals = events.money
    if totals is None or not len(totals):
        return np.zeros(0)
    if not include_first:
        totals = totals.copy()
        totals[events.starts] = 0.0
    return np.asarray(np.add.reduceat(totals, events.starts) / np.maximum(counted, 1))


def _find_first_transactions(
    transactions: pd.DataFrame,
    customer_id_col: Any,
    datetime_col: Any,
    monetary_value_col: Any = None,
    datetime_format: str | None = None,
    observation_period_end: Any = None,
    freq: str = "D",
) -> pd.DataFrame:
    """One row a purchase, and whether it is the customer's first."""
    period = period_of(freq)
    lines = lines_of(transactions, customer_id_col, datetime_col, monetary_value_col, datetime_format, period)
    end = _end_of(lines, observation_period_end, datetime_format)
    events = events_of(lines, np.bool_(True), end.to_period(period).ordinal)
    rows = pd.DataFrame(
        {
            customer_id_col: lines.named(np.repeat(events.owners, events.counts), None),
            datetime_col: as_periods(events.periods, period),
        }
    )
    if events.money is not None:
        given = transactions[monetary_value_col].dtype
        rows[monetary_value_col] = events.money
        if pd.api.types.is_integer_dtype(given):
            rows[monetary_value_col] = rows[monetary_value_col].astype(given)
    first = np.zeros(len(rows), dtype=bool)
    first[events.starts] = True
    rows["first"] = first
    return rows if events.money is not None else rows.set_axis(pd.Index(events.lines))


def _scale_time(age: Any) -> float:
    """What makes the largest age 1."""
    return float(1.0 / np.max(age))


def calculate_alive_path(
    model: Any, transactions: pd.DataFrame, datetime_col: Any, t: int, freq: str = "D"
) -> pd.Series[float]:
    """P(alive) of one customer at each age from 0 to t periods, as it looked then.

    Use `PurchaseModel.alive_path` in new code.
    """
    numbers = np.unique(numbers_of(as_dates(transactions[datetime_col], None).dropna(), period_of(freq)))
    if not len(numbers):
        raise InvalidInput("there is no date: expected those of at least one purchase")
    bought = numbers - numbers[0]
    longest = int(np.asarray(t).item())  # T of one customer, who may still be a Series of one row
    age = np.arange(max(longest, int(bought[-1])) + 1)
    seen = np.searchsorted(bought, age, side="right")
    recency, x, T = bought[seen - 1].astype(float), (seen - 1).astype(float), age.astype(float)
    return pd.Series(np.asarray(model.conditional_probability_alive(x, recency, T), dtype=np.float64))


def expected_cumulative_transactions(
    model: Any,
    transactions: pd.DataFrame,
    datetime_col: Any,
    customer_id_col: Any,
    t: int,
    datetime_format: str | None = None,
    freq: str = "D",
    freq_multiplier: int = 1,
    set_index_date: bool = False,
) -> pd.DataFrame:
    """Repeat purchases of all customers up to each of t periods since the log begins: actual and expected.

    Use `clv.plots.compute_tracking` in new code.
    """
    period = period_of(freq)
    lines = lines_of(transactions, customer_id_col, datetime_col, None, datetime_format, period)
    start = as_moment(lines.dates.min(), None).to_period(period)
    events = events_of(lines, np.bool_(True), start.ordinal + t)
    if read_otherwise(lines, end=False, first=True):
        tell("dates_as_text")
    begun = np.bincount(events.first - start.ordinal, minlength=t + 1)[: t + 1]
    again = np.bincount(np.delete(events.periods, events.starts) - start.ordinal, minlength=t + 1)[: t + 1]
    until = np.arange(1, t // freq_multiplier + 1) * freq_multiplier
    ages = np.arange(1, t + 1) / freq_multiplier
    # E[X(age)] of one customer, summed over those who began at each earlier period
    expected = np.concatenate(
        [[0.0], np.asarray(model.expected_number_of_purchases_up_to_time(ages), dtype=np.float64)]
    )
    columns = {"actual": np.cumsum(again)[until - 1], "predicted": np.convolve(begun, expected)[until]}
    index = as_periods(start.ordinal + until - 1, period) if set_index_date else pd.RangeIndex(len(until))
    return pd.DataFrame(columns, index=index)
