"""How the customers of one period differ: how many bought once, twice, ..., and what they brought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import given_numbers as given
from .period_books import Book, open_book, over
from .windows import bought_in, one_window

if TYPE_CHECKING:
    import pandas as pd

    from .periods import Window


def order_counts(
    log: object,
    during: object = None,
    *,
    most: int = 5,
    margin: float | None = None,
    cost: str | None = None,
    **reading: Any,
) -> pd.DataFrame:
    """Count the customers of one period by how often they bought in it, and sum up what they brought.

    Source: Fader, Hardie & Ross (2022), The Customer-Base Audit, chapter 3.

    Parameters
    ----------
    log
        As for `summarize`, or what `read_purchases` gave.
    during
        A period: "1997", "1997-Q1", "1997-01" or a pair of the first and the last day. By default the last whole year
        of two in the log, or quarter, month, week.
    most
        Whoever bought so many times or more often is in the last row.
    margin, cost
        As for `kpis`, for profit.
    **reading
        As for `summarize`.

    Returns
    -------
    pandas.DataFrame
        One row a number of orders: ``orders`` ("1", ..., "5+"), ``customers``, ``share_of_customers``, and with amounts
        ``revenue``, ``share_of_revenue``, ``average_order_value``, with a margin or costs ``profit``. Shares are of all
        who bought in the period; missing if nobody did.

    Raises
    ------
    InvalidInput, NotEnoughData
        Whatever `summarize` refuses; a period that is none; ``most`` below 1.
    NotAvailable
        If a margin is given and the log holds no money.

    Examples
    --------
    >>> import clvmodels as clv
    >>> table = clv.economics.order_counts(clv.load_cdnow(sample=True), "1997-Q1", most=3)
    >>> print(table.round(3).to_string(index=False))
    orders  customers  share_of_customers  revenue  share_of_revenue  average_order_value
         1       1858               0.788 57576.82             0.512               30.989
         2        346               0.147 25384.65             0.226               36.683
        3+        153               0.065 29537.14             0.263               47.718
    """
    book = open_book("order_counts", log, margin, cost, reading)
    return order_rows(book, one_window(book, during), most)


def order_rows(book: Book, during: Window, most: int = 5) -> pd.DataFrame:
    """The table of `order_counts`, of a book that is open."""
    import pandas as pd

    most = given.count("most", most)
    bought = bought_in(book, during)
    here = bought.orders > 0
    place = np.minimum(bought.orders[here], most).astype(np.int64) - 1
    customers = np.bincount(place, minlength=most)
    orders = np.bincount(place, bought.orders[here], most)
    columns: dict[str, Any] = {
        "orders": [str(number) for number in range(1, most)] + [f"{most}+"],
        "customers": customers,
        "share_of_customers": over(customers, customers.sum()),
    }
    if bought.revenue is not None:
        revenue = np.bincount(place, bought.revenue[here], most)
        columns |= {
            "revenue": revenue,
            "share_of_revenue": over(revenue, revenue.sum()),
            "average_order_value": over(revenue, orders),
        }
    if bought.profit is not None:
        columns["profit"] = np.bincount(place, bought.profit[here], most)
    return pd.DataFrame(columns)
