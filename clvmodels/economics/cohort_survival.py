"""How many of each cohort still buy so long after their first purchase, and how many a model says would."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import NotAvailable
from ..models.clv import CLVModel
from ..models.given_models import purchase_model
from ..models.purchase import PurchaseModel
from ..transactions.cut import zero_of
from ..transactions.sql import EPOCH
from ..units import hours_in
from .period_books import Book, open_book, over
from .periods import checked_period, hours_of, labels_of, number_of

if TYPE_CHECKING:
    import pandas as pd

_HOUR = 3_600_000_000  # in microseconds
ALL = "all"


def compute_cohort_survival(
    model: PurchaseModel | CLVModel, log: object, *, cohort: str = "quarter", period: str = "month", **reading: Any
) -> pd.DataFrame:
    r"""Hold what cohorts did after so much time against what a model says of new customers.

    Being alive cannot be seen, buying can: so the share of a cohort that bought in the window $(kL, (k+1)L]$ after each
    customer's own first purchase is compared, with
    $P(\text{at least one purchase in } (kL, (k+1)L])$ of a new customer, whatever he does before: for Pareto/NBD
    $E[e^{-\mu kL} \lambda/(\lambda+\mu) (1 - e^{-(\lambda+\mu)L})]$, for BG/NBD
    $E[e^{-\lambda p kL} (1 - e^{-\lambda L})]$. The model's survival stands beside it, as a line that no data can be
    held against. Source of the idea: Fader, Hardie & Ross (2022), The Customer-Base Audit, chapter 5; of the models,
    see `PurchaseModel`.

    Parameters
    ----------
    model
        A fitted purchase model of continuous time, or a `CLVModel` that holds one. Of windows that it was fitted on the
        comparison tells how well it fits; of later ones, how well it forecasts.
    log
        As for `summarize`, or what `read_purchases` gave. Its events should be of the grain that the model was fitted
        on.
    cohort
        "week", "month", "quarter" or "year" of the first purchase.
    period
        Length L of the windows: "week" (7 days), "month" (365.25/12 days), "quarter" (three of them) or "year".
    **reading
        As for `summarize`.

    Returns
    -------
    pandas.DataFrame
        A row a cohort and window, and last those of all customers (``cohort`` "all"): ``cohort``, ``cohort_size``,
        ``age`` (k), ``from_age`` and ``until_age`` (kL and (k+1)L in the model's time unit), ``observed`` (customers
        who were watched for all of the window: only they count), ``actual_share`` and ``expected_share`` (who buy in
        the window), ``standard_error`` (of the actual share, if the model is right and customers are independent),
        ``actual_orders`` and ``expected_orders`` (repeat purchases in the window, per customer observed), and
        ``p_alive`` (the model's share still alive at from_age). Windows that nobody was watched for have no row.

    Raises
    ------
    InvalidInput, NotEnoughData
        Whatever `summarize` refuses; a cohort or period that is none; no model.
    NotFitted
        If the model has no parameters yet.
    NotAvailable
        If the model counts whole periods, or its family does not give the probability.

    Examples
    --------
    >>> import clvmodels as clv
    >>> parameters = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    >>> model = clv.PurchaseModel.from_parameters("bg_nbd", parameters, time_unit="week")
    >>> log = clv.load_cdnow(sample=True)
    >>> table = clv.economics.compute_cohort_survival(model, log, cohort="quarter", period="quarter")
    >>> columns = ["cohort", "age", "observed", "actual_share", "expected_share", "p_alive"]
    >>> print(table.loc[table["cohort"] == "1997-Q1", columns].round(3).to_string(index=False))
     cohort  age  observed  actual_share  expected_share  p_alive
    1997-Q1    0      2357         0.292           0.284    1.000
    1997-Q1    1      2357         0.200           0.202    0.891
    1997-Q1    2      2357         0.171           0.165    0.834
    1997-Q1    3      2357         0.165           0.143    0.794
    1997-Q1    4      2357         0.149           0.127    0.764
    """
    purchases = purchase_model(model)
    if purchases.family.time == "discrete":
        raise NotAvailable(f"{purchases.family.title} counts whole periods: its cohorts have no windows of time")
    new = purchases.new_customer()
    book = open_book("compute_cohort_survival", log, None, None, reading)
    cohort = checked_period("cohort", cohort, book.purchases.facts["event_grain"])
    hours = hours_of(checked_period("period", period))
    table = _actual(book, cohort, int(hours * _HOUR))
    length = float(hours / hours_in(purchases._unit))
    ages = np.arange(int(table["age"].max()) + 1 if len(table) else 0)
    begins, at = ages * length, table["age"].to_numpy()
    expected = np.asarray(new.probability_of_purchase(length, start=begins)) if len(ages) else begins
    total = np.asarray(new.expected_purchases(np.append(begins, len(ages) * length)))
    table["from_age"], table["until_age"] = begins[at], begins[at] + length
    table["expected_share"] = expected[at]
    table["standard_error"] = np.sqrt(table["expected_share"] * (1 - table["expected_share"]) / table["observed"])
    table["expected_orders"] = np.diff(total)[at]
    table["p_alive"] = np.asarray(new.p_alive(begins))[at] if len(ages) else begins
    names = ["cohort", "cohort_size", "age", "from_age", "until_age", "observed", "actual_share", "expected_share"]
    return table[[*names, "standard_error", "actual_orders", "expected_orders", "p_alive"]]


def _actual(book: Book, cohort: str, length: int) -> pd.DataFrame:
    """What was seen, a row a cohort and window; ``length`` in microseconds."""
    import pandas as pd

    found = book.purchases
    at = found.at.astype("datetime64[us]").view(np.int64)
    first = book.first_of_customer(at)
    end = (zero_of(found.facts) - EPOCH) // timedelta(microseconds=1)
    windows = (end - first) // length  # that each customer was watched for
    names, member = np.unique(book.first_of_customer(number_of(found.at, cohort)), return_inverse=True)
    age = at - first[found.customer]
    window = (age - 1) // length  # a window holds its end, not its beginning
    rows = np.flatnonzero((age > 0) & (window < windows[found.customer]))
    customer, window = found.customer[rows], window[rows]
    arrives = np.ones(len(rows), dtype=bool)
    arrives[1:] = (customer[1:] != customer[:-1]) | (window[1:] != window[:-1])
    most = int(windows.max(initial=0))
    shape = (len(names), most)
    place = member[customer] * most + window
    bought = np.bincount(place[arrives], minlength=len(names) * most).reshape(shape)
    orders = np.bincount(place, found.orders[rows], len(names) * most).reshape(shape)
    lasted = np.bincount(member * (most + 1) + windows, minlength=len(names) * (most + 1))
    watched = np.cumsum(lasted.reshape(len(names), most + 1)[:, ::-1], axis=1)[:, ::-1][:, 1:]
    sizes = np.bincount(member, minlength=len(names))
    with_all = [np.vstack([each, each.sum(axis=0)]) for each in (bought, orders, watched)]
    which, ages = np.nonzero(with_all[2])
    bought, orders, watched = (each[which, ages] for each in with_all)
    return pd.DataFrame(
        {
            "cohort": np.array([*labels_of(names, cohort), ALL], dtype=object)[which],
            "cohort_size": np.append(sizes, sizes.sum())[which],
            "age": ages,
            "observed": watched,
            "actual_share": over(bought, watched),
            "actual_orders": over(orders, watched),
        }
    )
