"""Cohorts: customers by the period of their first purchase, and what they did in every period since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInput, NotAvailable
from .period_books import Book, open_book, over
from .periods import PERIODS, checked_period, labels_of, number_at, number_of, starts_of, whole

if TYPE_CHECKING:
    import pandas as pd

BY = ("age", "calendar")
QUANTITIES = ("customers", "orders", "revenue", "profit")
_MOST_CELLS = 5_000_000


def compute_cohorts(
    log: object,
    *,
    cohort: str = "month",
    period: str | None = None,
    by: str = "age",
    margin: float | None = None,
    cost: str | None = None,
    **reading: Any,
) -> pd.DataFrame:
    """Follow every cohort from its first purchases on: a row a cohort and a period.

    A cohort is the customers whose first purchase in the log lies in the same month (or week, quarter, year). Age k of
    a customer is the k-th period of the calendar after the one of the first purchase; age 0 is that one, and is itself
    cut short for those who come late in it. Source: Fader, Hardie & Ross (2022), The Customer-Base Audit, chapters
    5 and 6.

    Parameters
    ----------
    log
        As for `summarize`, or what `read_purchases` gave.
    cohort, period
        "week", "month", "quarter" or "year"; ``period`` is the cohort's if None. With ``observation_start`` only
        customers whose first purchase in the whole log is on or after it belong to cohorts.
    by
        Whether a row is an age ("age"), or a period of the calendar ("calendar").
    margin, cost
        As for `clvmodels.economics.kpis`, for profit.
    **reading
        As for `summarize`.

    Returns
    -------
    pandas.DataFrame
        ``cohort`` (its name), ``cohort_size`` (customers), then ``age``, or ``period`` and ``start`` (its first day);
        ``complete`` (False where observation_end comes before the end of that period, or before that age's end for
        those of the cohort who come last), ``customers`` (who bought), ``orders``, and with amounts ``revenue``, with a
        margin or costs ``profit``: sums; each also per head of the cohort (``customers_per_head`` is the share of the
        cohort that bought) and, but for customers, summed up since the cohort began (``orders_so_far``,
        ``revenue_so_far``, ``profit_so_far``). A period in which nobody bought is a row of zeros; there are no rows
        before a cohort begins, or after observation_end, and no cohorts without customers.

    Raises
    ------
    InvalidInput, NotEnoughData
        Whatever `summarize` refuses; a period, ``by`` or margin that is none; a period shorter than the events, and
        more than 5 million rows.
    NotAvailable
        If a margin is given and the log holds no money.

    Examples
    --------
    >>> import clvmodels as clv
    >>> table = clv.economics.compute_cohorts(clv.load_cdnow(sample=True), cohort="month", period="quarter")
    >>> columns = ["cohort", "cohort_size", "age", "customers", "customers_per_head", "revenue", "revenue_so_far"]
    >>> print(table.loc[:2, columns].round(3).to_string(index=False))
     cohort  cohort_size  age  customers  customers_per_head  revenue  revenue_so_far
    1997-01          781    0        781               1.000 39838.07        39838.07
    1997-01          781    1        158               0.202 11136.11        50974.18
    1997-01          781    2        129               0.165  7778.46        58752.64
    """
    book = open_book("compute_cohorts", log, margin, cost, reading)
    return cohort_rows(book, cohort, period, by)


def cohort_table(
    log: object,
    quantity: str = "customers",
    *,
    cohort: str = "month",
    period: str | None = None,
    by: str = "age",
    per_head: bool = False,
    cumulative: bool = False,
    unfinished: bool = False,
    margin: float | None = None,
    cost: str | None = None,
    **reading: Any,
) -> pd.DataFrame:
    """Lay one quantity of the cohorts out for reading: a row a cohort, a column an age or a period.

    The wide form of `compute_cohorts`, which explains ``cohort``, ``period``, ``by``, ``margin``, ``cost`` and
    ``reading``.

    Parameters
    ----------
    log
        As for `summarize`, or what `read_purchases` gave.
    quantity
        "customers" (who bought), "orders", "revenue" or "profit".
    cohort, period, by
        See there.
    per_head
        Divided by the size of the cohort: of customers the share that bought.
    cumulative
        Summed up since the cohort began. Not of customers, who would be counted once a period.
    unfinished
        Whether to fill the cells that observation_end cuts short. By default they are missing, so that none is held
        against a whole one.
    margin, cost, **reading
        See there.

    Returns
    -------
    pandas.DataFrame
        Index ``cohort``; first column ``cohort_size``, then one a period, named by age (0, 1, ...) or by its name.
        Missing where the cohort had not begun, or observation ends.

    Raises
    ------
    InvalidInput, NotEnoughData, NotAvailable
        As `compute_cohorts`; a quantity that is none, or cannot be summed up.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> table = clv.economics.cohort_table(log, "customers", period="quarter", per_head=True)
    >>> print(table.round(3).reset_index().to_string(index=False))
     cohort  cohort_size   0     1     2     3     4     5
    1997-01          781 1.0 0.202 0.165 0.157 0.145 0.106
    1997-02          857 1.0 0.222 0.174 0.163 0.161 0.146
    1997-03          719 1.0 0.245 0.195 0.196 0.185 0.128
    """
    _checked_quantity(quantity, cumulative)
    book = open_book("cohort_table", log, margin, cost, reading)
    return wide(cohort_rows(book, cohort, period, by), quantity, per_head, cumulative, unfinished)


def wide(
    rows: pd.DataFrame, quantity: str, per_head: bool = False, cumulative: bool = False, unfinished: bool = False
) -> pd.DataFrame:
    """The wide form of the rows of `compute_cohorts`."""
    column = quantity + ("_so_far" if cumulative else "")
    if column not in rows.columns:
        why = "give a margin, or a column of costs" if quantity == "profit" else "the log was read without amounts"
        raise NotAvailable(f"these cohorts hold no {quantity}: {why}")
    values = rows[column].astype("float64")
    shown = rows.assign(value=values / rows["cohort_size"] if per_head else values)
    if not unfinished:
        shown["value"] = shown["value"].where(shown["complete"])
    across = "age" if "age" in rows.columns else "start"
    found = shown.pivot_table(index="cohort", columns=across, values="value", dropna=False, sort=False)
    found = found[sorted(found.columns)]
    found = found.reindex(rows["cohort"].unique())
    if across == "start":
        found.columns = rows.drop_duplicates("start").set_index("start").loc[found.columns, "period"]
    whole_numbers = quantity in ("customers", "orders") and not per_head and not found.isna().to_numpy().any()
    found = found.astype("int64") if whole_numbers else found
    sizes = rows.drop_duplicates("cohort").set_index("cohort")["cohort_size"]
    found.insert(0, "cohort_size", sizes)
    return found.rename_axis(columns=None)


class _Cells(NamedTuple):
    """Which rows there are: the cohort of each (counted from 0) and its age or period, in order; where events go."""

    cohort: NDArray[np.int64]
    across: NDArray[np.int64]
    place: NDArray[np.int64]
    complete: NDArray[np.bool_]


def cohort_rows(book: Book, cohort: str, period: str | None, by: str) -> pd.DataFrame:
    """The table of `compute_cohorts`, of a book that is open."""
    import pandas as pd

    grain = book.purchases.facts["event_grain"]
    cohort = checked_period("cohort", cohort, grain)
    period = cohort if period is None else checked_period("period", period, grain)
    if not isinstance(by, str) or by not in BY:
        raise InvalidInput(f"by must be one of {', '.join(BY)}; found {by!r}")
    found = book.purchases
    number = number_of(found.at, period)
    born = book.first_of_customer(number)[found.customer]
    own = book.first_of_customer(number_of(found.at, cohort))
    names, member = np.unique(own, return_inverse=True)
    sizes = np.bincount(member)
    of_event = member[found.customer]
    cells = _cells(by, cohort, period, found.quality.observation_end, names, of_event, number, born)
    size = len(cells.cohort)
    arrives = book.is_first  # a customer's first event of the period
    arrives[1:] |= number[1:] != number[:-1]
    columns: dict[str, Any] = {
        "cohort": np.array(labels_of(names, cohort), dtype=object)[cells.cohort],
        "cohort_size": sizes[cells.cohort],
    }
    if by == "age":
        columns["age"] = cells.across
    else:
        columns["period"] = labels_of(cells.across, period)
        columns["start"] = starts_of(cells.across, period).astype("datetime64[s]")
    columns["complete"] = cells.complete
    sums: dict[str, Any] = {
        "customers": np.bincount(cells.place[arrives], minlength=size),
        "orders": book.orders(cells.place, size).astype(np.int64),
    }
    if book.money:
        sums["revenue"] = book.revenue(cells.place, size)
    if book.earns:
        sums["profit"] = book.profit(cells.place, size)
    columns |= sums | {f"{name}_per_head": over(v, columns["cohort_size"]) for name, v in sums.items()}
    table = pd.DataFrame(columns)
    for name in sums:
        if name != "customers":
            table[f"{name}_so_far"] = table[name].groupby(cells.cohort).cumsum()
    return table


def _cells(
    by: str,
    cohort: str,
    period: str,
    end: Any,
    names: NDArray[np.int64],
    of_event: NDArray[np.int64],
    number: NDArray[np.int64],
    born: NDArray[np.int64],
) -> _Cells:
    """Rows by age, up to that which the earliest of a cohort has reached; or by period, from its first one on."""
    last = number_at(end, period)
    first = np.full(len(names), last)
    np.minimum.at(first, of_event, born)
    if by == "calendar":
        row, later, place = _rows(last - first + 1, of_event, number - first[of_event])
        return _Cells(row, first[row] + later, place, whole(first[row] + later, period, end))
    days = starts_of([names, names + 1], cohort)
    earliest, latest = number_of(days[0], period), number_of(days[1] - np.timedelta64(1, "D"), period)
    if PERIODS.index(period) < PERIODS.index(cohort):  # a long cohort may not have begun with the log
        earliest = np.maximum(earliest, first)
    row, age, place = _rows(last - earliest + 1, of_event, number - born)
    return _Cells(row, age, place, whole(np.minimum(latest, last)[row] + age, period, end))


def _rows(
    lengths: NDArray[np.int64], of_event: NDArray[np.int64], later: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Of each row the number of its cohort, and how many rows of it come before; the row of each event."""
    size = int(lengths.sum())
    if size > _MOST_CELLS:
        raise InvalidInput(
            f"there would be {size:,} rows of {len(lengths):,} cohorts, at most {_MOST_CELLS:,} are made: take longer "
            "cohorts or periods, and check observation_end"
        )
    row, begun = np.repeat(np.arange(len(lengths)), lengths), np.cumsum(lengths) - lengths
    return row, np.arange(size) - begun[row], begun[of_event] + later


def _checked_quantity(quantity: object, cumulative: bool) -> None:
    if not isinstance(quantity, str) or quantity not in QUANTITIES:
        raise InvalidInput(f"quantity must be one of {', '.join(QUANTITIES)}; found {quantity!r}")
    if cumulative and quantity == "customers":
        raise InvalidInput(
            "customers cannot be summed up over periods, as whoever buys in two would count twice: take orders or "
            "revenue, or leave cumulative out"
        )
