"""The simple formulas from a log: what every customer brought, and the value by orders of every group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..numerics.arrays import Array
from ..transactions.summarize import refuse_unknown
from ..units import hours_in
from . import given_numbers as given
from .groups import ALL, Groups, groups_of
from .margins import Margins, margin_of
from .purchases import Purchases, exact_sums, read_purchases
from .simple_forecasts import Orders, orders_of
from .simple_formulas import order_value_clv

if TYPE_CHECKING:
    import pandas as pd


def historical_clv(log: Any, *, margin: Any = 1.0, **reading: Any) -> frames.Frame:
    """What every customer has brought so far: margin × the sum of all purchases, the first included.

    A fact about the past, undiscounted and without a horizon, and no forecast: who has left keeps all of it, and who
    came yesterday has next to nothing.

    Parameters
    ----------
    log
        As for `clvmodels.summarize`, with amounts.
    margin
        Profit as a share of spend: a number, or one for each customer, as a dict customer_id -> margin, a frame of both
        columns, or what `margins_from_cost` returned. 1 for revenue.
    **reading
        How the log is to be read: further keywords of `clvmodels.summarize`.

    Returns
    -------
    frame
        Of the log's kind, one row a customer as in the summary: customer_id, purchases, revenue, historical_clv.

    Raises
    ------
    InvalidInput, NotEnoughData
        If the log, a setting or a margin cannot be used, or there is no money.

    Warns
    -----
    ClvWarning
        If a margin is above 1.

    Examples
    --------
    >>> import pandas
    >>> log = pandas.DataFrame({"customer_id": ["ann", "ann", "bob"], "amount": [20.0, 7.0, 5.0],
    ...                         "date": ["2024-01-01", "2024-02-15", "2024-01-08"]})
    >>> print(historical_clv(log, margin=0.5).to_string(index=False))
    customer_id  purchases  revenue  historical_clv
            ann          2     27.0            13.5
            bob          1      5.0             2.5
    """
    found = _read("historical_clv", log, reading)
    share = margins_by_customer(found.summary, margin)
    revenue = _revenue(found)
    columns = {
        "customer_id": frames.identifiers(found.summary),
        "purchases": frames.numeric(found.summary, "frequency").astype(np.int64) + 1,
        "revenue": revenue,
        "historical_clv": share * revenue,
    }
    return frames.attach_facts(frames.table(columns, found.summary), found.facts)


def margins_by_customer(summary: frames.Frame, margin: Any) -> Array:
    """One margin a row, where a caller has no rows of his own to go by: for all, or by customer_id.

    Raises
    ------
    InvalidInput
        If it is one a row, or the name of a column; and as `margin_of` does.

    Examples
    --------
    >>> import pandas
    >>> margins_by_customer(pandas.DataFrame({"customer_id": ["ann", "bob"]}), {"bob": 0.5, "ann": 0.25})
    array([0.25, 0.5 ])
    """
    by_id = isinstance(margin, (Mapping, Margins)) or frames.kind(margin) != ""
    if not by_id and (isinstance(margin, str) or np.ndim(margin) > 0):
        raise InvalidInput(
            "margin must be a number, a dict customer_id -> margin, a frame of both columns or what margins_from_cost "
            f"returned, as a log has no row a customer; found {type(margin).__name__}"
        )
    return np.asarray(margin_of(summary, margin))


def order_value_table(
    log: Any, *, by: Any = None, lifespan_months: Any = None, margin: float = 1.0, **reading: Any
) -> pd.DataFrame:
    """Value by orders of every customer group of a log, with what it is made of: see `order_value_clv`.

    average_order_value = Σ revenue / Σ purchases; purchases_per_month = Σ purchases / Σ months since the first purchase
    (at least one month a customer); lifespan_months, where it is not given, the mean time from first to last purchase,
    those who bought once counting 0: too short, as all of them may still come back.

    Parameters
    ----------
    log
        As for `clvmodels.summarize`, with amounts.
    by
        Groups of customers: a dict customer_id -> group, or a frame of customer_id and group.
    lifespan_months
        How long customers go on buying: a number, or a dict group -> number ("all" is then their mean by customers).
    margin
        Profit as a share of spend; 1 for revenue.
    **reading
        How the log is to be read: further keywords of `clvmodels.summarize`.

    Returns
    -------
    pandas.DataFrame
        A row a group, customers without one under "(no group)", and a last row "all", made of all customers together:
        ``group``, ``customers``, ``purchases``, ``revenue``, ``average_order_value``, ``purchases_per_month``,
        ``lifespan_months``, ``clv`` (of a customer, from the first purchase on, undiscounted).

    Raises
    ------
    InvalidInput, NotEnoughData
        If the log, a setting, the groups or the margin cannot be used, there is no money, or a group has no lifespan.

    Warns
    -----
    ClvWarning
        If a margin is above 1.

    Examples
    --------
    >>> import pandas
    >>> log = pandas.DataFrame({"customer_id": ["ann", "ann", "bob"], "amount": [20.0, 7.0, 5.0],
    ...                         "date": ["2024-01-01", "2024-03-01", "2024-01-01"]})
    >>> table = order_value_table(log, by={"ann": "web", "bob": "shop"}, lifespan_months=24, margin=0.5)
    >>> print(table.drop(columns="revenue").round(2).to_string(index=False))
    group  customers  purchases  average_order_value  purchases_per_month  lifespan_months    clv
     shop          1          1                 5.00                 0.51             24.0  30.44
      web          1          2                13.50                 1.01             24.0 164.36
      all          2          3                10.67                 0.76             24.0  97.40
    """
    import pandas as pd

    share = given.one("margin", margin, given.margin_share)
    if isinstance(lifespan_months, Mapping) and by is None:
        raise InvalidInput("lifespan_months names groups, and there are none: pass by= too, or one number")
    found = _read("order_value_table", log, reading)
    everybody = Groups([ALL], np.zeros(found.n_customers, dtype=np.intp))
    whole = _orders(found, everybody)
    if by is None:
        return _rows(found, everybody, whole, _lifespans(lifespan_months, everybody, whole), share)
    groups = groups_of(found.summary, by)
    made = _orders(found, groups)
    life = _lifespans(lifespan_months, groups, made)
    mean = np.array([np.average(life, weights=groups.sizes)])
    parts = [_rows(found, groups, made, life, share), _rows(found, everybody, whole, mean, share)]
    return pd.concat(parts, ignore_index=True)


def _rows(found: Purchases, groups: Groups, made: Orders, life: Array, margin: float) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "group": pd.Series(list(groups.names), dtype=object),
            "customers": groups.sizes,
            "purchases": groups.sums(_purchases(found)).astype(np.int64),
            "revenue": groups.sums(_revenue(found)),
            "average_order_value": made.average_order_value,
            "purchases_per_month": made.purchases_per_month,
            "lifespan_months": life,
            "clv": order_value_clv(made.average_order_value, made.purchases_per_month, life, margin=margin),
        }
    )


def _read(function: str, log: Any, reading: dict[str, Any]) -> Purchases:
    refuse_unknown(function, reading)
    found = read_purchases(log, **reading)
    if found.millionths is None:
        raise InvalidInput("values are money, and the log holds none: name the column of amounts with amount=")
    return found


def _revenue(found: Purchases) -> Array:
    assert found.millionths is not None
    return exact_sums(found.customer, found.millionths, found.n_customers)


def _purchases(found: Purchases) -> Array:
    return np.bincount(found.customer, found.orders, found.n_customers).astype(np.float64)


def _orders(found: Purchases, groups: Groups) -> Orders:
    month = float(hours_in("month") / hours_in(str(found.facts["time_unit"])))
    recency, T = (frames.numeric(found.summary, name) / month for name in ("recency", "T"))
    return orders_of(groups.codes, _revenue(found), _purchases(found), recency, np.maximum(T, 1.0))


def _lifespans(months: Any, groups: Groups, made: Orders) -> Array:
    """As given, for all groups or by name; else as found."""
    if months is None:
        return made.lifespan_months
    if not isinstance(months, Mapping):
        return np.full(len(groups.names), given.one("lifespan_months", months))
    lacking = [name for name in groups.names if name not in months]
    if lacking:
        raise InvalidInput(
            f"lifespan_months must name every group: {len(lacking):,} of {len(groups.names):,} are missing, first "
            f"{lacking[0]!r}"
        )
    return given.at_least_0("lifespan_months", [months[name] for name in groups.names])
