"""What a threshold for a loyalty tier would do: who reaches it, and what share of value they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..models import statistics
from ..models.time_units import numbers
from ..numerics.arrays import Array, Positions
from .groups import Groups

if TYPE_CHECKING:
    import pandas as pd

NO_TIER = "no tier"


def loyalty_thresholds(scored: Any, thresholds: Any, *, value: Any = "clv", measure: Any = None) -> pd.DataFrame:
    """Count who reaches each threshold of a loyalty programme, and what share of the value they hold.

    With m the measure (spend, purchases, clv ...) and v the value of a customer, a threshold h is reached by the
    customers with m ≥ h: their share is #{m ≥ h}/n, their share of value Σ v over {m ≥ h} / Σ v. The customers of a
    tier reach its threshold and not the next one; with one row below the lowest threshold, tiers add up to everybody.

    Parameters
    ----------
    scored
        One row a customer: what `clvmodels.CLVModel.predict` gave, or a summary.
    thresholds
        Numbers in the measure's unit, or tier names with their numbers, such as ``{"silver": 50, "gold": 200}``.
    value
        Of each customer: a column name, or one number a row (Series or array).
    measure
        What the thresholds are thresholds of, such as ``"frequency"``; a column name, or one number a row. The value
        itself if None. Where it is missing, as the mean spend of those who never came back, no threshold is reached.

    Returns
    -------
    pandas.DataFrame
        A row a threshold, lowest first, after a row for everybody (threshold −inf): tier (if names were given; that of
        the first row is "no tier"), threshold, next_threshold (inf for the last), customers and
        share_of_customers, value and share_of_value, all of those who reach the threshold; customers_in_tier and
        value_in_tier, of those who do not reach the next. Shares of nothing are missing.

    Raises
    ------
    InvalidInput
        If a column is not there or holds no finite values, or the thresholds are none, not finite, or not different.

    Examples
    --------
    >>> import pandas
    >>> import clvmodels as clv
    >>> scored = pandas.DataFrame({"customer_id": ["ann", "bob", "cy", "di"], "frequency": [9, 3, 1, 0]})
    >>> scored["clv"] = [60.0, 20.0, 15.0, 5.0]
    >>> found = clv.economics.loyalty_thresholds(scored, {"silver": 2, "gold": 5}, measure="frequency")
    >>> print(found[["tier", "threshold", "customers", "share_of_value", "customers_in_tier"]].to_string(index=False))
       tier  threshold  customers  share_of_value  customers_in_tier
    no tier       -inf          4             1.0                  2
     silver        2.0          2             0.8                  1
       gold        5.0          1             0.6                  1
    """
    import pandas as pd

    worth, reached_by = _columns(scored, value, measure)
    names, levels = _checked_thresholds(thresholds)
    number, money = _reached(worth, reached_by, np.array(levels))
    count = np.append(len(worth), number)
    held = np.append(float(np.sum(worth)), money)
    columns: dict[str, Any] = {} if names is None else {"tier": [NO_TIER, *names]}
    columns |= {
        "threshold": [-np.inf, *levels],
        "next_threshold": [*levels, np.inf],
        "customers": count,
        "share_of_customers": _share(count, len(worth)),
        "value": held,
        "share_of_value": _share(held, held[0]),
        "customers_in_tier": count - np.append(count[1:], 0),
        "value_in_tier": held - np.append(held[1:], 0.0),
    }
    return pd.DataFrame(columns)


def thresholds_for_shares(scored: Any, shares: Any, *, value: Any = "clv", measure: Any = None) -> pd.DataFrame:
    """Find the threshold that a given share of customers would reach.

    It is the highest h with #{m ≥ h} ≥ share · n: the measure of the customer in place ⌈share · n⌉, highest first.
    Customers of one measure reach it together, so that more than the share may; the table says how many do.

    Parameters
    ----------
    scored
        One row a customer: what `clvmodels.CLVModel.predict` gave, or a summary.
    shares
        Of customers, above 0 and at most 1: one, or several.
    value, measure
        As for `loyalty_thresholds`.

    Returns
    -------
    pandas.DataFrame
        A row a share, in the order given: share_wanted, threshold (missing where so many customers have no measure, or
        there are none), and customers, share_of_customers, value and share_of_value of those who reach it.

    Raises
    ------
    InvalidInput
        If a column is not there or holds no finite values, or a share cannot be used.

    Examples
    --------
    >>> import pandas
    >>> import clvmodels as clv
    >>> scored = pandas.DataFrame({"frequency": [9, 3, 3, 0], "clv": [60.0, 20.0, 15.0, 5.0]})
    >>> clv.economics.thresholds_for_shares(scored, [0.25, 0.5], measure="frequency").to_dict("list")["threshold"]
    [9.0, 3.0]
    """
    import pandas as pd

    worth, reached_by = _columns(scored, value, measure)
    wanted = np.atleast_1d(numbers(shares, "shares must be shares of customers"))
    wrong = ~((wanted > 0) & (wanted <= 1))
    if wrong.any() or wanted.ndim > 1:
        raise InvalidInput(
            f"shares must be above 0 and at most 1, for example 0.1 for a tenth of the customers; found {shares!r}"
        )
    highest = np.sort(reached_by[~np.isnan(reached_by)])[::-1]
    places = np.ceil(wanted * len(worth) * (1 - 1e-12)).astype(np.int64)
    there = (places >= 1) & (places <= len(highest))
    levels = np.full(len(wanted), np.nan)
    levels[there] = highest[places[there] - 1]
    count, held = _reached(worth, reached_by, levels)
    return pd.DataFrame(
        {
            "share_wanted": wanted,
            "threshold": levels,
            "customers": count,
            "share_of_customers": _share(count, len(worth)),
            "value": held,
            "share_of_value": _share(held, float(np.sum(worth))),
        }
    )


def _reached(worth: Array, measure: Array, levels: Array) -> tuple[Positions, Array]:
    """How many reach each threshold, and what they are worth; nobody reaches one that is missing."""
    known, back = np.unique(levels[~np.isnan(levels)], return_inverse=True)  # rising
    count, money = np.zeros(len(levels), dtype=np.intp), np.zeros(len(levels))
    there = ~np.isnan(measure)
    tier = np.asarray(np.searchsorted(known, measure[there], side="right"), dtype=np.intp)
    held = np.zeros(len(known) + 1)
    used, place = np.unique(tier, return_inverse=True)
    held[used] = Groups(used.tolist(), place).sums(worth[there])
    asked = ~np.isnan(levels)
    count[asked] = _and_above(np.bincount(tier, minlength=len(held)))[1:][back]
    money[asked] = _and_above(held)[1:][back]
    return count, money


def _and_above(each: Any) -> Any:
    return np.cumsum(each[::-1])[::-1]


def _share(part: Any, whole: float) -> Array:
    return np.asarray(part / whole if whole > 0 else np.full(len(part), np.nan))


def _columns(scored: Any, value: Any, measure: Any) -> tuple[Array, Array]:
    """The value and the measure, checked."""
    frame = frames.load(scored)
    statistics.refuse_duplicates(frame)
    called = value if isinstance(value, str) else "value"
    worth = statistics.per_row(frame, value, "value")
    statistics.refuse(frame, ~np.isfinite(worth), worth, called, "must be a finite number, to be added up")
    return worth, worth if measure is None else statistics.per_row(frame, measure, "measure")


def _checked_thresholds(thresholds: Any) -> tuple[list[str] | None, list[float]]:
    """Names, if there are any, and numbers, lowest first."""
    names = [str(name) for name in thresholds] if isinstance(thresholds, Mapping) else None
    if names is not None and (NO_TIER in names or len(set(names)) < len(names)):
        raise InvalidInput(f"tiers must have different names, none of them {NO_TIER!r}; found {', '.join(names)}")
    given = list(thresholds.values()) if isinstance(thresholds, Mapping) else thresholds
    levels = np.atleast_1d(numbers(given, "thresholds must be numbers, or tier names with their numbers"))
    fine = levels.ndim == 1 and len(levels) > 0 and np.isfinite(levels).all() and len(np.unique(levels)) == len(levels)
    if not fine:
        raise InvalidInput(f"thresholds must be finite numbers, all different, at least one; found {thresholds!r}")
    order = np.argsort(levels)
    return None if names is None else [names[i] for i in order], [float(v) for v in levels[order]]
