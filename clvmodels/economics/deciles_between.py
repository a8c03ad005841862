"""Customers in tenths by what they bought in one period, and what the same tenths bought in another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import NotEnoughData
from ..numerics.arrays import Array
from ..validation.metrics import ranking
from . import given_numbers as given
from .period_books import Book, open_book, over
from .windows import Bought, bought_in, two_windows

if TYPE_CHECKING:
    import pandas as pd

    from .periods import Window


def decile_change(
    log: object, before: object = None, after: object = None, *, groups: int = 10, **reading: Any
) -> pd.DataFrame:
    """Sort one period's customers by what they bought, and see what each tenth of them bought in the other period.

    Both ways: the customers of the earlier period, and what became of them (the best tenth always buys less
    afterwards, by chance alone); and the customers of the later one, and where they came from. Source: Fader, Hardie &
    Ross (2022), The Customer-Base Audit, chapters 3 and 4.

    Parameters
    ----------
    log
        As for `summarize`, or what `read_purchases` gave.
    before, after
        Two periods: "1997", "1997-Q1", "1997-01" or a pair of the first and the last day. By default the last two
        whole years of the log, or quarters, months, weeks.
    groups
        How many groups, 10 for tenths.
    **reading
        As for `summarize`.

    Returns
    -------
    pandas.DataFrame
        For each of ``sorted_by`` "before" and "after" a row a tenth of those who bought in that period, the best first
        (by revenue, without amounts by orders): ``decile`` (1 the best), ``customers`` (each tenth has as many; who
        stands across an edge, and those who tie there, belong in fractions to both sides), ``orders_before``,
        ``orders_after``, with amounts ``revenue_before``, ``revenue_after``, ``share_before`` and ``share_after`` (of
        all that was bought in that period, by whomever), ``active_before`` and ``active_after`` (share of the tenth who
        bought in that period). Sums over the tenths are those of the period's customers; a period in
        which nobody bought has no rows.

    Raises
    ------
    InvalidInput, NotEnoughData
        Whatever `summarize` refuses; periods that are none, or in both of which nobody bought; fewer than one
        group.

    Examples
    --------
    >>> import clvmodels as clv
    >>> table = clv.economics.decile_change(clv.load_cdnow(sample=True), "1997-Q2", "1997-Q3", groups=4)
    >>> columns = ["sorted_by", "decile", "customers", "revenue_before", "revenue_after", "active_after"]
    >>> print(table[columns].round(2).to_string(index=False))
    sorted_by  decile  customers  revenue_before  revenue_after  active_after
       before       1      131.0        20511.54        8744.05          0.56
       before       2      131.0         7473.76        3904.98          0.39
       before       3      131.0         3895.84        1876.51          0.33
       before       4      131.0         1748.49        2061.44          0.35
        after       1      104.5         9015.60       16517.80          1.00
        after       2      104.5         3027.65        5950.28          1.00
        after       3      104.5         3162.28        3146.13          1.00
        after       4      104.5         1817.67        1373.11          1.00
    """
    book = open_book("decile_change", log, None, None, reading)
    return decile_rows(book, *two_windows(book, before, after), groups)


def decile_rows(book: Book, before: Window, after: Window, groups: int = 10) -> pd.DataFrame:
    """The table of `decile_change`, of a book that is open."""
    import pandas as pd

    groups = given.count("groups", groups)
    windows = {"before": before, "after": after}
    bought = {name: bought_in(book, window) for name, window in windows.items()}
    tables = []
    for name in windows:
        chosen = np.flatnonzero(bought[name].orders > 0)
        if len(chosen):
            tables.append(_sorted_by(name, bought, chosen, groups))
    if not tables:
        raise NotEnoughData(f"nobody bought anything in {before.name} and {after.name}")
    return pd.concat(tables, ignore_index=True)


def _sorted_by(name: str, bought: dict[str, Bought], rows: Any, groups: int) -> pd.DataFrame:
    import pandas as pd

    own = bought[name]
    key = (own.orders if own.revenue is None else own.revenue)[rows]

    def total(values: Array) -> Array:
        return ranking.deciles(values[rows], key, groups)["actual_total"]

    customers = np.full(groups, len(rows) / groups)
    columns: dict[str, Any] = {"sorted_by": name, "decile": np.arange(1, groups + 1), "customers": customers}
    columns |= {f"orders_{when}": total(each.orders) for when, each in bought.items()}
    for when, each in bought.items():
        if each.revenue is not None:
            columns[f"revenue_{when}"] = total(each.revenue)
    for when, each in bought.items():
        if each.revenue is not None:
            columns[f"share_{when}"] = over(columns[f"revenue_{when}"], each.revenue.sum())
    for when, each in bought.items():
        columns[f"active_{when}"] = over(total((each.orders > 0).astype(np.float64)), customers)
    return pd.DataFrame(columns)
