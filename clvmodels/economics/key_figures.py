"""Key figures of a customer base, period by period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..transactions.moments import day_number
from .period_books import Book, open_book, over
from .periods import checked_period, labels_of, number_at, number_of, starts_of, whole

if TYPE_CHECKING:
    import pandas as pd


def kpis(
    log: object, period: str = "month", *, margin: float | None = None, cost: str | None = None, **reading: Any
) -> pd.DataFrame:
    """Tell what customers did in each week, month, quarter or year of the calendar.

    revenue = customers × orders per customer × average order value, in every row. A period in which nothing was bought
    is a row of zeros. Source: Fader, Hardie & Ross (2022), The Customer-Base Audit, chapter 3 and 7.

    Parameters
    ----------
    log
        As for `summarize`, or what `read_purchases` gave.
    period
        "week" (from Monday), "month", "quarter" or "year", in the log's zone.
    margin
        Share of revenue that is earned; for ``profit``.
    cost
        Instead: name of a column with what a line's goods cost, see `read_purchases`.
    **reading
        As for `summarize`.

    Returns
    -------
    pandas.DataFrame
        From the first purchase to observation_end: ``period`` (its name), ``start`` (its first day), ``complete``
        (whether the log covers all of it: False for one that observation_end or the log's first line cuts short; do
        not hold those against whole ones), ``customers`` (who bought), ``new_customers`` (of them those whose first
        purchase in the log it was: in a log that begins in the middle of a shop's life the first periods have too
        many), ``returning_customers`` (the others), ``customers_so_far`` (whoever bought by the period's end),
        ``orders`` (purchases), ``orders_per_customer``, ``repeat_rate`` (share of the period's customers with at least
        two orders *in the period*), ``returning_share`` (share of them who had bought in an *earlier* period),
        ``active_share`` (customers / customers_so_far), and with amounts ``revenue``, ``average_order_value`` (revenue
        / orders), ``revenue_per_customer`` and ``new_customer_revenue``; with a margin or costs ``profit`` and
        ``margin`` (profit / revenue). Ratios of nothing are missing.

    Raises
    ------
    InvalidInput, NotEnoughData
        Whatever `summarize` refuses; a period or margin that is none; a period shorter than the events.
    NotAvailable
        If a margin is given and the log holds no money.

    Notes
    -----
    Money is summed as whole millionths and divided once: up to 9e9 units a row the numbers are the nearest ones to the
    exact sums, whose total is the quality report's revenue (where observation_start leaves nobody out).

    Examples
    --------
    >>> import clvmodels as clv
    >>> table = clv.economics.kpis(clv.load_cdnow(sample=True), "quarter")
    >>> columns = ["period", "complete", "customers", "new_customers", "orders", "repeat_rate", "revenue"]
    >>> print(table[columns].round(3).to_string(index=False))
     period  complete  customers  new_customers  orders  repeat_rate   revenue
    1997-Q1      True       2357           2357    3169        0.212 112498.61
    1997-Q2      True        524              0     920        0.395  33629.63
    1997-Q3      True        418              0     725        0.364  26987.31
    1997-Q4      True        404              0     731        0.389  28109.27
    1998-Q1      True        384              0     656        0.354  24886.58
    1998-Q2      True        300              0     495        0.350  17980.54
    """
    book = open_book("kpis", log, margin, cost, reading)
    return kpi_table(book, checked_period("period", period, book.purchases.facts["event_grain"]))


def kpi_table(book: Book, period: str) -> pd.DataFrame:
    """The table of `kpis`, of a book that is open."""
    import pandas as pd

    found = book.purchases
    number, first = number_of(found.at, period), book.is_first
    born = book.first_of_customer(number)[found.customer]
    low, high = int(number.min()), number_at(found.quality.observation_end, period)
    size = high - low + 1
    here, is_new = number - low, number == born
    arrives = first.copy()  # a customer's first event of the period
    arrives[1:] |= number[1:] != number[:-1]
    cell = np.cumsum(arrives) - 1
    several = np.bincount(cell, found.orders) >= 2

    def counted(rows: Any) -> Any:
        return np.bincount(here[rows], minlength=size).astype(np.float64)

    customers, new = counted(arrives), counted(first)
    orders = book.orders(here, size)
    numbers = np.arange(low, high + 1)
    start = starts_of(numbers, period)
    begun = start >= np.datetime64(day_number(found.quality.first_date), "D")
    so_far = np.cumsum(new)
    columns: dict[str, Any] = {
        "period": labels_of(numbers, period),
        "start": start.astype("datetime64[s]"),
        "complete": whole(numbers, period, found.quality.observation_end) & begun,
        "customers": customers.astype(np.int64),
        "new_customers": new.astype(np.int64),
        "returning_customers": (customers - new).astype(np.int64),
        "customers_so_far": so_far.astype(np.int64),
        "orders": orders.astype(np.int64),
        "orders_per_customer": over(orders, customers),
        "repeat_rate": over(np.bincount(here[arrives], several, size), customers),
        "returning_share": over(customers - new, customers),
        "active_share": over(customers, so_far),
    }
    if book.money:
        revenue = book.revenue(here, size)
        columns |= {
            "revenue": revenue,
            "average_order_value": over(revenue, orders),
            "revenue_per_customer": over(revenue, customers),
            "new_customer_revenue": book.revenue(here[is_new], size, is_new),
        }
    if book.earns:
        profit = book.profit(here, size)
        columns |= {"profit": profit, "margin": over(profit, columns["revenue"])}
    return pd.DataFrame(columns)
