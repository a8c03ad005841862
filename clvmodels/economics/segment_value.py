"""What segments of customers are worth together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import warn
from ..models import statistics
from ..numerics.arrays import Array
from .groups import Groups, groups_of
from .period_books import over
from .segments_of_value import value_segments
from .value_columns import finite_values, probabilities

if TYPE_CHECKING:
    import pandas as pd


def compute_segment_value(scored: Any, by: Any = None, value: str = "clv") -> pd.DataFrame:
    """Return the value that each segment of customers holds, the largest first.

    Parameters
    ----------
    scored
        What ``CLVModel.predict`` returned, any kind of frame with a column of the value.
    by
        The segments: a column's name, one a row as a Series or array (what `rfm_segments`, `value_segments` or
        `value_tiers` gave), or one for each customer_id, as a dict or a frame of two columns. If None,
        `value_segments` makes them.
    value
        The column of the value: ``"clv"``, or another such as ``"clv_52"``.

    Returns
    -------
    pandas.DataFrame
        A row a segment: segment, customers, share_of_customers, value (their sum), share_of_value, value_per_customer,
        mean_p_alive (if there is a column p_alive). Customers without a segment have a row of their own,
        "(no group)". Shares of value are missing where all values together are 0.

    Raises
    ------
    InvalidInput
        If a column is not there, a value is missing or infinite, a customer_id is there twice, or ``by`` does not
        fit the table.

    Warns
    -----
    ClvWarning
        If customers have no segment, or a segment given by customer_id has no customers here.

    Examples
    --------
    >>> import pandas
    >>> import clvmodels as clv
    >>> scored = pandas.DataFrame({"p_alive": [0.25, 0.75, 1.0], "clv": [3.0, 10.0, 27.0]})
    >>> table = clv.economics.compute_segment_value(scored, by=["web", "web", "shop"])
    >>> print(table[["segment", "customers", "value", "share_of_value", "mean_p_alive"]].to_string(index=False))
    segment  customers  value  share_of_value  mean_p_alive
       shop          1   27.0           0.675           1.0
        web          2   13.0           0.325           0.5
    """
    frame = frames.load(scored)
    statistics.refuse_duplicates(frame)
    worth = finite_values(frame, value)
    groups = groups_of(frame, value_segments(frame, value=value) if by is None else by)
    for note in groups.notes:
        warn(note)
    table = sums_of(frame, groups, worth, "segment")
    return table.sort_values("value", ascending=False, kind="stable", ignore_index=True)


def sums_of(frame: Any, groups: Groups, worth: Array, called: str) -> pd.DataFrame:
    """Customers and value of each group, empty ones too, in the order of their names, which go into a column."""
    import pandas as pd

    customers = groups.sizes
    there = np.flatnonzero(customers)
    of_these = Groups([groups.names[k] for k in there], (np.cumsum(customers > 0) - 1)[groups.codes])

    def summed(values: Array) -> Array:
        result = np.zeros(len(groups.names))
        result[there] = of_these.sums(values)
        return result

    together = summed(worth)
    of_customers, of_value = float(customers.sum()), float(np.sum(worth))
    table = pd.DataFrame(
        {
            called: list(groups.names),
            "customers": customers,
            "share_of_customers": over(customers, of_customers),
            "value": together,
            "share_of_value": over(together, of_value),
            "value_per_customer": over(together, customers),
        }
    )
    if "p_alive" in frames.column_names(frame):
        table["mean_p_alive"] = over(summed(probabilities(frame)), customers)
    return table
