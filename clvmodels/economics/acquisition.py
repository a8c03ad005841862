"""What a new customer costs: marketing spend over new customers, in all, by channel or by cohort."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from .. import frames
from ..errors import InvalidInput, warn
from ..models import statistics
from ..numerics.arrays import Positions
from .prices import checked_costs, one_price, refuse_any

GROUP, ALL = "group", "all"
SPEND, CUSTOMERS, COST, NOTE = "spend", "customers", "acquisition_cost", "note"

NOBODY = "money was spent, no new customer came"
UNTOLD = "no spend is told for this group"
NOTHING = "no new customer came, no money was spent"
NO_GROUP = "customers or money without a group: not divided"


def acquisition_cost(spend: Any, customers: Any, *, by: Any = None) -> pd.DataFrame:
    """Divide what was spent on marketing by the number of new customers: in all, by channel or by cohort.

        acquisition cost of a group = its spend / its new customers

    It is the *average* cost of those who came, those who would have come anyway included: not what one more costs.

    Parameters
    ----------
    spend
        Money, at least 0: one number; one a group, as a dict or Series; or a frame with the column ``spend`` and those
        that ``by`` names, any number of rows a group, which are added (see `spend_by_period` for spend that runs over
        several periods).
    customers
        New customers: how many, as one number or one a group (a dict or Series); or a frame with one row each.
    by
        With a frame of customers, what they are grouped by: the name of a column, or a list of names such as
        ``["channel", "cohort"]``; one group a row, as a Series or array; or one a customer_id, as a dict.

    Returns
    -------
    pandas.DataFrame
        One row a group, in order, and a last row ``"all"``: the group (under its own name, or ``group``), customers,
        spend, acquisition_cost, note. A group that cost money and brought nobody has a cost of inf; one whose spend is
        not told a missing one; so have customers or money without a group, in a row of their own. The note says so.
        "all" divides all money by all customers, whether or not they have a group or any spend.

    Raises
    ------
    InvalidInput
        If money is negative or missing, a number of customers is negative or not whole, a customer_id is there twice,
        a column is missing, or spend by group is not given with customers by group.

    Warns
    -----
    ClvWarning
        If there are groups of spend without customers and groups of customers without spend: are they spelt alike?

    Examples
    --------
    >>> acquisition_cost({"ads": 600, "fair": 200}, {"ads": 30, "fair": 5}).iloc[:, :4].values.tolist()
    [['ads', 30, 600.0, 20.0], ['fair', 5, 200.0, 40.0], ['all', 35, 800.0, 22.857142857142858]]
    >>> import pandas
    >>> came = pandas.DataFrame({"customer_id": [1, 2, 3], "channel": ["ads", "ads", "friends"]})
    >>> print(acquisition_cost({"ads": 60}, came, by="channel").replace("", "-").to_string(index=False, na_rep="-"))
    channel  customers  spend  acquisition_cost                                note
        ads          2   60.0              30.0                                   -
    friends          1      -                 -     no spend is told for this group
        all          3   60.0              20.0 customers without any spend told: 1
    """
    keys = _keys(by)
    count, money = _counted(customers, by, keys), _spent(spend, keys)
    if isinstance(count, float) and isinstance(money, float):
        return _table(pd.DataFrame({GROUP: []}, dtype=object), np.zeros(0), np.zeros(0), count, money)
    if isinstance(count, float) or isinstance(money, float):
        single, other = ("customers", "spend") if isinstance(count, float) else ("spend", "customers")
        raise InvalidInput(
            "spend and customers must be told by the same groups: expected both by group, or both as one number; found "
            f"{single} as one number and {other} by group"
        )
    groups = count.index.union(money.index, sort=False).unique()
    groups = groups[np.argsort(_order(groups), kind="stable")]
    each, paid = count.reindex(groups), money.reindex(groups)
    _warn_unlike(each, paid)
    named = groups.to_frame(index=False)
    named.columns = pd.Index(keys)
    return _table(named, each.fillna(0.0).to_numpy(), paid.to_numpy(), float(count.sum()), float(money.sum()))


def _keys(by: Any) -> list[str]:
    if isinstance(by, str):
        return [by]
    if isinstance(by, (list, tuple)) and by and all(isinstance(name, str) for name in by) and len(by) <= 3:
        return list(by)
    return [GROUP]


def _counted(customers: Any, by: Any, keys: list[str]) -> pd.Series[float] | float:
    """New customers by group, or how many."""
    if not frames.kind(customers):
        if by is not None:
            raise InvalidInput("by= groups a frame with one row a customer; found numbers of customers: leave it out")
        found = _by_group(customers, CUSTOMERS)
        values = np.asarray(found, dtype=np.float64)
        refuse_any(values != np.rint(values), values, "customers must be whole numbers")
        return found
    statistics.refuse_duplicates(customers)
    n = frames.n_rows(customers)
    if by is None:
        return float(n)
    labels = _labels(customers, by, keys)
    return labels.groupby(keys, dropna=False, sort=False).size().astype(np.float64)


def _labels(customers: Any, by: Any, keys: list[str]) -> pd.DataFrame:
    """The group of each customer, one column a key."""
    if keys != [GROUP] or (isinstance(by, str) and by == GROUP):
        each = [frames.as_pandas(frames.column_of(customers, name)).reset_index(drop=True) for name in keys]
        return pd.DataFrame(dict(zip(keys, each, strict=True)))
    if isinstance(by, Mapping):
        ids = frames.identifiers(customers)
        if ids is None:
            raise InvalidInput("groups by customer_id need that column in the table of customers; found none")
        return pd.DataFrame({GROUP: frames.as_pandas(ids).map(dict(by)).reset_index(drop=True)})
    column = frames.as_pandas(by).reset_index(drop=True)
    n = frames.n_rows(customers)
    if len(column) != n:
        raise InvalidInput(f"by must have one group per row of customers: expected {n}, found {len(column)}")
    statistics.refuse_other_index(customers, by, "by")
    return pd.DataFrame({GROUP: column})


def _spent(spend: Any, keys: list[str]) -> pd.Series[float] | float:
    """Money by group, or all of it."""
    if not frames.kind(spend):
        return _by_group(spend, SPEND)
    checked_costs(spend, SPEND, SPEND)
    each = {name: frames.as_pandas(frames.column_of(spend, name)).reset_index(drop=True) for name in keys}
    table = pd.DataFrame({**each, SPEND: frames.numeric(spend, SPEND)})
    return table.groupby(keys, dropna=False, sort=False)[SPEND].sum()


def _by_group(given: Any, name: str) -> pd.Series[float] | float:
    """One number, or one a group from a dict or Series; those of one group are added."""
    if not isinstance(given, (Mapping, pd.Series)):
        return one_price(given, name)
    # an index made of tuples would become one of several levels
    index = given.index if isinstance(given, pd.Series) else pd.Index(list(given), tupleize_cols=False)
    values = given.to_numpy() if isinstance(given, pd.Series) else list(given.values())
    found = pd.Series(checked_costs(None, values, name), index=index, dtype=np.float64)
    return found.groupby(level=list(range(index.nlevels)), dropna=False, sort=False).sum()


def _order(groups: pd.Index[Any]) -> Positions:
    """Where each group comes: by its name, or as it is found where names do not compare; groups without one last."""
    missing = _missing(groups)
    place = np.empty(len(groups), dtype=np.intp)
    try:
        place[groups.argsort()] = np.arange(len(groups))
    except TypeError:
        place = np.arange(len(groups))
    return np.asarray(place + len(groups) * missing)


def _missing(groups: pd.Index[Any]) -> np.ndarray[Any, Any]:
    named = groups.to_frame(index=False)
    return np.asarray(named.isna().any(axis=1))


def _warn_unlike(count: pd.Series[float], money: pd.Series[float]) -> None:
    named = ~_missing(count.index)
    nobody = count.index[named & count.isna().to_numpy() & (money > 0).to_numpy()]
    untold = money.index[named & money.isna().to_numpy()]
    if len(nobody) and len(untold):
        warn(
            f"{len(nobody)} groups of spend have no new customers, first {nobody[0]!r}, and {len(untold)} groups of "
            f"customers have no spend, first {untold[0]!r}: are they written alike?"
        )


def _table(groups: pd.DataFrame, count: Any, money: Any, all_count: float, all_money: float) -> pd.DataFrame:
    first = groups.columns[0]
    if (groups[first].astype(object) == ALL).any():
        raise InvalidInput(f"no group may be called {ALL!r}, as the row of totals is: give it another name")
    missing = groups.isna().any(axis=1).to_numpy() if len(groups) else np.zeros(0, dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = np.where(missing, np.nan, np.where((count == 0) & (money == 0), np.nan, money / count))
        total = all_money / all_count if all_count else (np.inf if all_money else np.nan)
    untold = np.isnan(money)
    empty = count == 0
    note = np.select([missing, untold, empty & (money > 0), empty], [NO_GROUP, UNTOLD, NOBODY, NOTHING], "")
    free = float(count[untold | missing].sum())
    rows = groups.astype(object).where(~groups.isna(), None)
    last = pd.DataFrame([[ALL, *[""] * (groups.shape[1] - 1)]], columns=groups.columns, dtype=object)
    labels = pd.concat([rows, last], ignore_index=True)
    last_note = f"customers without any spend told: {free:,.0f}" if free else ""
    if all_count == 0:
        last_note = NOBODY if all_money else NOTHING
    labels[CUSTOMERS] = np.append(count, all_count).astype(np.int64)
    labels[SPEND] = np.append(money, all_money)
    labels[COST] = np.append(cost, total)
    labels[NOTE] = [*note, last_note]
    return labels
