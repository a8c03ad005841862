"""Tiers of customers by value: shares of customers, or thresholds in money."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..models import statistics
from ..models.time_units import numbers
from ..numerics.arrays import Array, Positions
from .groups import Groups
from .segment_value import sums_of
from .value_columns import finite_values, start_of_share

if TYPE_CHECKING:
    import pandas as pd

QUANTILES = (0.5, 0.8, 0.95)


def value_tiers(
    scored: Any,
    quantiles: Sequence[float] | None = None,
    thresholds: Sequence[float] | None = None,
    names: Sequence[str] | None = None,
    value: str = "clv",
) -> Any:
    """Put every customer into a tier by value: by shares of the customers, or by thresholds in money.

    A tier goes from its lower bound, included, to that of the next, not included: a value on a boundary belongs to the
    upper tier. With quantiles, a boundary is the value of a customer, and all who tie with him are in the upper tier
    with him; so who is where depends on values alone, never on the order of rows. Quantiles move with the customers: to
    hold tiers still from one date to the next, give the ``value_from`` of `tier_table` as thresholds.

    Parameters
    ----------
    scored
        What ``CLVModel.predict`` returned, any kind of frame with a column of the value.
    quantiles
        Rising shares between 0 and 1: (0.5, 0.8, 0.95), the default, makes a lower half, 30 %, 15 % and a top 5 %.
    thresholds
        Instead of quantiles: rising amounts of money.
    names
        One more than there are bounds, the lowest tier first; if None, the tiers are called by their bounds.
    value
        The column of the value: ``"clv"``, or another such as ``"clv_52"``.

    Returns
    -------
    Series
        ``tier``, of the caller's kind, row by row in the caller's order.

    Raises
    ------
    InvalidInput
        If bounds do not rise, are of both kinds or outside their range, names do not fit them, or a value is missing or
        infinite.

    Examples
    --------
    >>> import pandas
    >>> import clvmodels as clv
    >>> scored = pandas.DataFrame({"clv": [3.0, 10.0, 99.0, 250.0]})
    >>> clv.economics.value_tiers(scored, thresholds=(10, 100)).tolist()
    ['below 10', '10 to 100', '10 to 100', '100 and more']
    >>> clv.economics.value_tiers(scored, quantiles=(0.5,), names=("silver", "gold")).tolist()
    ['silver', 'silver', 'gold', 'gold']
    """
    frame = frames.load(scored)
    worth = finite_values(frame, value)
    starts, called = _tiers(worth, quantiles, thresholds, names)
    return frames.series(np.array(called, dtype=object)[_tier_of(worth, starts)], "tier", frame)


def tier_table(
    scored: Any,
    quantiles: Sequence[float] | None = None,
    thresholds: Sequence[float] | None = None,
    names: Sequence[str] | None = None,
    value: str = "clv",
) -> pd.DataFrame:
    """Return what each tier of `value_tiers` holds: customers, value, shares, mean P(alive); the highest tier first.

    Parameters
    ----------
    scored, quantiles, thresholds, names, value
        As for `value_tiers`. Mean P(alive) is given if there is a column p_alive.

    Returns
    -------
    pandas.DataFrame
        A row a tier, empty tiers too: tier, value_from (its lower bound in money; missing for the lowest tier),
        customers, share_of_customers, value (their sum), share_of_value, value_per_customer, mean_p_alive. Shares are
        missing where the whole is 0, means where there is nobody.

    Raises
    ------
    InvalidInput
        As `value_tiers`, and if a customer_id is there twice.

    Examples
    --------
    >>> import pandas
    >>> import clvmodels as clv
    >>> scored = pandas.DataFrame({"p_alive": [0.2, 0.9, 0.9, 1.0], "clv": [3.0, 10.0, 99.0, 288.0]})
    >>> table = clv.economics.tier_table(scored, thresholds=(10, 100))
    >>> print(table[["tier", "customers", "value", "share_of_value", "mean_p_alive"]].to_string(index=False))
            tier  customers  value  share_of_value  mean_p_alive
    100 and more          1  288.0          0.7200           1.0
       10 to 100          2  109.0          0.2725           0.9
        below 10          1    3.0          0.0075           0.2
    """
    frame = frames.load(scored)
    worth = finite_values(frame, value)
    starts, called = _tiers(worth, quantiles, thresholds, names)
    statistics.refuse_duplicates(frame)
    table = sums_of(frame, Groups(called, _tier_of(worth, starts)), worth, "tier")
    table.insert(1, "value_from", [np.nan, *starts.tolist()])
    return table.iloc[::-1].reset_index(drop=True)


def _tier_of(worth: Array, starts: Array) -> Positions:
    return np.asarray(np.searchsorted(starts, worth, side="right"), dtype=np.intp)


def _tiers(worth: Array, quantiles: Any, thresholds: Any, names: Any) -> tuple[Array, list[str]]:
    """Lower bounds in money of all tiers but the lowest, and the names of all."""
    if quantiles is not None and thresholds is not None:
        raise InvalidInput("tiers are made by quantiles or by thresholds: leave one of them out")
    if thresholds is not None:
        starts = _rising(thresholds, "thresholds", "amounts of money, for example (10, 100)")
        called = _between([f"{t:,.12g}" for t in starts])
    else:
        shares = _rising(QUANTILES if quantiles is None else quantiles, "quantiles", "shares, for example (0.5, 0.8)")
        if np.any((shares <= 0) | (shares >= 1)):
            wrong = shares[(shares <= 0) | (shares >= 1)]
            raise InvalidInput(
                f"quantiles must lie between 0 and 1, for example 0.8 for the upper fifth; found {wrong[0]:g}"
            )
        starts = start_of_share(worth, shares)
        called = _shares_between(shares)
    return starts, called if names is None else _checked_names(names, len(starts) + 1)


def _rising(given: Any, what: str, example: str) -> Array:
    values = numbers(given, f"{what} must be {example}")
    if values.ndim != 1 or not len(values):
        raise InvalidInput(f"{what} must be a list of at least one of {example}; found {str(given)[:60]}")
    if not np.all(np.isfinite(values)):
        raise InvalidInput(f"{what} must be finite; found {values[~np.isfinite(values)][0]:g}")
    for low, high in pairwise(values.tolist()):
        if low >= high:
            raise InvalidInput(f"{what} must rise from one to the next; found {low:g} before {high:g}")
    return values


def _between(bounds: list[str]) -> list[str]:
    return [f"below {bounds[0]}", *(f"{low} to {high}" for low, high in pairwise(bounds)), f"{bounds[-1]} and more"]


def _shares_between(shares: Array) -> list[str]:
    percent = [f"{100 * share:.10g}" for share in shares]
    middle = [f"{low} to {high} %" for low, high in pairwise(percent)]
    return [f"lowest {percent[0]} %", *middle, f"top {100 - 100 * shares[-1]:.10g} %"]


def _checked_names(names: Any, number: int) -> list[str]:
    if not isinstance(names, Iterable):
        raise InvalidInput(f"names must be a list of texts; found {names!r}")
    found = [names] if isinstance(names, str) else list(names)
    if len(found) != number:
        raise InvalidInput(
            f"names must name every tier, the lowest first: {number - 1} bounds make {number} tiers; found "
            f"{len(found)} names"
        )
    for i, name in enumerate(found):
        if not isinstance(name, str) or not name.strip():
            raise InvalidInput(f"names must be texts; found {name!r}")
        if name in found[:i]:
            raise InvalidInput(f"names must differ from each other; found {name!r} twice")
    return found
