"""What a new customer costs: marketing spend over new customers, in all, by channel or by cohort."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import frames
from ..errors import InvalidInput, warn
from ..models import statistics
from ..numerics.arrays import Array
from . import given_numbers as given
from .groups import ALL, NONE, groups_of

SPEND = "spend"
NOBODY = "money was spent, no new customer came"
NOTHING = "no money was spent, no new customer came"
UNTOLD = "no spend is told for this group"
NO_GROUP = "no group: not divided here, but in the total"

ByGroup = dict[Any, float]


def acquisition_cost(spend: Any, customers: Any, *, by: Any = None) -> pd.DataFrame:
    """Divide what was spent on marketing by the number of new customers: in all, by channel or by cohort.

        acquisition cost of a group = its spend / its new customers

    It is the *average* cost of those who came, those who would have come anyway included: not what one more costs.

    Parameters
    ----------
    spend
        Money, at least 0: one number; one a group, as a dict or Series; or a frame with the column ``spend`` and one of
        groups, any number of rows a group, which are added (see `spend_by_period` for spend that runs over several
        periods).
    customers
        New customers: how many, as one number or one a group (a dict or Series); or a frame with one row each.
    by
        With a frame of customers, the group of each: the name of a column; one a row, as a Series or array, such as
        `cohorts_of` gives; or one a customer_id, as a dict or frame. For channels within cohorts put both into one
        label, here and in ``spend``.

    Returns
    -------
    pandas.DataFrame
        One row a group, in order, and a last row ``"all"``: group, customers, spend, acquisition_cost, note. A group
        that cost money and brought nobody has a cost of inf, one whose spend is not told a missing one. Customers and
        money without a group stand in a row of their own, which is not divided. The note says so. "all" divides all
        money by all customers, whether or not they have a group or any spend.

    Raises
    ------
    InvalidInput
        If money is negative or missing, a number of customers is negative or not whole, a customer_id is there twice,
        a column is missing, or one of spend and customers is told by group and the other is not.

    Warns
    -----
    ClvWarning
        If there are groups of spend without customers and groups of customers without spend: are they spelt alike?

    Examples
    --------
    >>> acquisition_cost({"ads": 600, "fair": 200}, {"ads": 30, "fair": 2}).iloc[:, :4].values.tolist()
    [['ads', 30, 600.0, 20.0], ['fair', 2, 200.0, 100.0], ['all', 32, 800.0, 25.0]]
    >>> import pandas
    >>> came = pandas.DataFrame({"customer_id": [1, 2, 3], "channel": ["ads", "ads", "friends"]})
    >>> found = acquisition_cost({"ads": 60}, came, by="channel")
    >>> print(found.replace("", "-").to_string(index=False, na_rep="-"))
      group  customers  spend  acquisition_cost                                note
        ads          2   60.0              30.0                                   -
    friends          1      -                 -     no spend is told for this group
        all          3   60.0              20.0 customers without any spend told: 1
    """
    customers, spend = (frames.load(given) if _is_table(given) else given for given in (customers, spend))
    if not frames.kind(customers) and by is not None:
        raise InvalidInput("by= groups a frame with one row a customer; found numbers of customers: leave it out")
    count = _of_frame(customers, by) if frames.kind(customers) else _by_group(customers, "customers")
    money = _of_spend(spend, by) if frames.kind(spend) else _by_group(spend, SPEND)
    if isinstance(count, float) and isinstance(money, float):
        _refuse_parts(np.asarray(count))
        return _table([], np.zeros(0), np.zeros(0), count, money)
    if isinstance(count, float) or isinstance(money, float):
        single, other = ("customers", "spend") if isinstance(count, float) else ("spend", "customers")
        raise InvalidInput(
            "spend and customers must be told by the same groups: expected both by group, or both as one number; found "
            f"{single} in one number and {other} by group"
        )
    if ALL in count or ALL in money:
        raise InvalidInput(f"a group is called {ALL!r}, as the row of totals is: give it another name")
    _warn_unlike(count, money)
    names = _ordered([*count, *(name for name in money if name not in count)])
    each = np.array([count.get(name, 0.0) for name in names])
    _refuse_parts(each)
    paid = np.array([money.get(name, np.nan) for name in names])
    return _table(names, each, paid, float(each.sum()), float(np.nansum(paid)))


def _is_table(told: Any) -> bool:
    return bool(frames.kind(told)) or isinstance(told, (str, Path))


def _of_frame(customers: Any, by: Any) -> ByGroup | float:
    """New customers by group, or how many rows there are."""
    statistics.refuse_duplicates(customers)
    if by is None:
        return float(frames.n_rows(customers))
    groups = groups_of(customers, by)
    return dict(zip(groups.names, map(float, groups.sizes), strict=True))


def _of_spend(spend: Any, by: Any) -> ByGroup:
    """Money by group."""
    names = frames.column_names(spend)
    column = by if isinstance(by, str) and by in names else None
    others = [name for name in names if name != SPEND]
    if column is None and len(others) != 1:
        wanted = f", {by!r}" if isinstance(by, str) else ""
        raise InvalidInput(
            f"a table of spend must have the columns {SPEND!r} and one of groups{wanted}; found "
            f"{', '.join(map(repr, names)) or 'none'}"
        )
    money = given.costs(spend, SPEND, SPEND)
    groups = groups_of(spend, column or others[0])
    return dict(zip(groups.names, map(float, groups.sums(money)), strict=True))


def _by_group(told: Any, name: str) -> ByGroup | float:
    """One number, or one a group from a dict or Series; those of one group are added."""
    if not isinstance(told, (Mapping, pd.Series)):
        return given.one(name, told)
    values = given.at_least_0(name, list(told.values()) if isinstance(told, Mapping) else told.to_numpy())
    if values.ndim != 1:
        raise InvalidInput(f"{name} must be one number a group; found {str(told)[:60]}")
    found: ByGroup = {}
    for group, value in zip(told.keys(), values.tolist(), strict=True):
        label = NONE if pd.api.types.is_scalar(group) and pd.isna(group) else group
        found[label] = found.get(label, 0.0) + value
    return found


def _refuse_parts(count: Array) -> None:
    given.refuse("customers", count, count == np.rint(count), "must be whole numbers")


def _ordered(names: list[Any]) -> list[Any]:
    """By name, or as they are found where names do not compare; those without a group last."""
    named = [name for name in names if name != NONE]
    with suppress(TypeError):
        named = sorted(named)
    return named + [name for name in names if name == NONE]


def _warn_unlike(count: ByGroup, money: ByGroup) -> None:
    nobody = [name for name, paid in money.items() if name not in count and paid > 0 and name != NONE]
    untold = [name for name in count if name not in money and name != NONE]
    if nobody and untold:
        warn(
            f"{len(nobody)} groups of spend have no new customers, first {nobody[0]!r}, and {len(untold)} groups of "
            f"customers have no spend, first {untold[0]!r}: are they written alike?"
        )


def _table(names: list[Any], count: Array, money: Array, all_count: float, all_money: float) -> pd.DataFrame:
    missing = np.array([name == NONE for name in names], dtype=bool)
    untold, empty = np.isnan(money), count == 0
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = np.where(missing, np.nan, money / count)
        total = float(np.divide(all_money, all_count))
    note = np.select([missing, untold, empty & (money > 0), empty], [NO_GROUP, UNTOLD, NOBODY, NOTHING], "")
    free = float(count[untold].sum())
    last = f"customers without any spend told: {free:,.0f}" if free else ""
    if all_count == 0:
        last = NOBODY if all_money else NOTHING
    return pd.DataFrame(
        {
            "group": [*names, ALL],
            "customers": np.append(count, all_count).astype(np.int64),
            SPEND: np.append(money, all_money),
            "acquisition_cost": np.append(cost, total),
            "note": [*note.tolist(), last],
        }
    )
