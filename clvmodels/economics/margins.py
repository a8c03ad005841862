"""Profit as a share of spend: one for all, one a customer, or from what the goods cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .. import frames
from ..errors import InvalidInput, NotEnoughData
from ..inference import looks
from ..models import statistics
from ..models.time_units import numbers
from ..numerics.arrays import Array
from ..transactions.summarize import refuse_unknown
from . import given_numbers as given
from .groups import places_of
from .purchases import exact_sums, read_purchases


@dataclass(frozen=True, eq=False)
class Margins:
    """Margins from a column of costs; made by `margins_from_cost`.

    Attributes
    ----------
    table
        One row a customer, of the caller's kind, in the summary's order: customer_id, revenue, cost, margin.
    revenue, cost
        Of all customers.

    Examples
    --------
    >>> import pandas
    >>> log = pandas.DataFrame({"customer_id": ["ann", "bob"], "date": "2024-01-01", "amount": [20.0, 30.0]})
    >>> found = margins_from_cost(log.assign(goods=[10.0, 25.0]), cost="goods")
    >>> found.overall, found.table["margin"].round(4).tolist()
    (0.3, [0.5, 0.1667])
    """

    table: Any
    revenue: float
    cost: float

    @property
    def overall(self) -> float:
        """Margin of all customers together: (revenue − cost) / revenue."""
        return (self.revenue - self.cost) / self.revenue

    def __str__(self) -> str:
        return (
            f"{frames.n_rows(self.table):,} customers: revenue {looks.figure(self.revenue)}, cost "
            f"{looks.figure(self.cost)}, margin {100 * self.overall:.4g} %"
        )

    def __repr__(self) -> str:
        return f"Margins of {self}"

    def _repr_html_(self) -> str:
        each = frames.numeric(self.table, "margin")
        low, middle, high = np.quantile(each, (0.1, 0.5, 0.9))
        spread = (
            f"half of the customers have a margin above {middle:.1%}, eight in ten between {low:.1%} and {high:.1%}"
        )
        return looks.card("Margins", looks.line(str(self)), looks.line(spread, small=True))


def margins_from_cost(log: object, cost: str, *, prior_revenue: float = 0.0, **reading: Any) -> Margins:
    """Compute every customer's margin from a column of the log that holds what was sold cost.

    With a customer's revenue R and cost C over all his purchases, m = 1 − ΣC / ΣR of all customers, and w =
    ``prior_revenue``,

        margin = (R − C + w · m) / (R + w),

    which is 1 − C / R for w = 0. A margin from one or two purchases is mostly chance: w is the revenue at which a
    customer's own margin and that of all count alike. Whoever has no revenue (R + w = 0) gets m.

    Parameters
    ----------
    log
        As for `clvmodels.summarize`; a purchase is what the summary counts as one, refunds taken off.
    cost
        Name of the column: the cost of each line, in the log's money; below 0 where goods came back with a refund. It
        counts where the refund does: see `read_purchases`.
    prior_revenue
        At least 0, in the log's money.
    **reading
        As for `clvmodels.summarize`: customer_id, date, amount, observation_end, refunds, tz and so on.

    Returns
    -------
    Margins
        ``overall``, and ``table`` by customer, for `margin_of`.

    Raises
    ------
    InvalidInput, NotEnoughData
        Whatever `clvmodels.summarize` refuses; a log without money or without any revenue; costs that are missing or no
        numbers.

    Warns
    -----
    ClvWarning
        If a customer's margin is above 1: what he bought cost less than nothing.

    Examples
    --------
    >>> import pandas
    >>> log = pandas.DataFrame({"customer_id": ["ann", "bob"], "date": "2024-01-01", "amount": [20.0, 30.0]})
    >>> log["goods"] = [10.0, 25.0]
    >>> print(margins_from_cost(log, cost="goods").table.round(3).to_string(index=False))
    customer_id  revenue  cost  margin
            ann     20.0  10.0   0.500
            bob     30.0  25.0   0.167
    >>> margins_from_cost(log, cost="goods", prior_revenue=100).table["margin"].round(3).tolist()
    [0.333, 0.269]
    """
    refuse_unknown("margins_from_cost", reading)
    weight = given.one("prior_revenue", prior_revenue)
    bought = read_purchases(log, cost=cost, **reading)
    if bought.millionths is None or bought.cost_millionths is None:
        raise InvalidInput("a margin is a share of revenue: the log must hold amounts, found amount=None")
    n = bought.n_customers
    revenue = exact_sums(bought.customer, bought.millionths, n)
    costs = exact_sums(bought.customer, bought.cost_millionths, n)
    one = np.zeros(1, dtype=np.intp)
    total, spent = (
        float(exact_sums(np.broadcast_to(one, money.shape), money, 1)[0])
        for money in (bought.millionths, bought.cost_millionths)
    )
    if total <= 0:
        raise NotEnoughData(f"a margin is a share of revenue: the purchases of {n:,} customers come to {total:g}")
    overall = (total - spent) / total
    with np.errstate(invalid="ignore"):
        own = np.where(revenue + weight > 0, (revenue - costs + weight * overall) / (revenue + weight), overall)
    given.warn_above_1(own, hint=f". Are costs in {cost!r} below 0 though nothing came back?")
    columns = {"revenue": revenue, "cost": costs, "margin": own}
    ids = frames.identifiers(bought.summary)
    return Margins(frames.table({"customer_id": ids, **columns}, bought.summary), total, spent)


def margin_of(customers: Any, margin: Any, *, default: float | None = None) -> Any:
    """Give every customer his margin: a Series, row by row, to be put into the summary as a column.

    ``model.predict(summary.assign(margin=margin_of(summary, ...)), margin="margin")`` then uses it.

    Parameters
    ----------
    customers
        One row a customer: a summary or a scored table, of any kind.
    margin
        Profit as a share of spend: one number for all; the name of a column; one a row, as a Series or array; or one a
        customer_id, as a dict, a frame with customer_id and margin, or what `margins_from_cost` returned.
    default
        For customers whom ``margin`` does not name, such as the ``overall`` of `margins_from_cost`; None refuses them.

    Returns
    -------
    Series
        ``margin``, of the caller's kind and in his order.

    Raises
    ------
    InvalidInput
        If a margin is missing or not finite, a customer_id is there twice, a customer is not named and there is no
        default, or none of them is named.

    Warns
    -----
    ClvWarning
        If a margin is above 1, as when it is given in per cent.

    Examples
    --------
    >>> import pandas
    >>> summary = pandas.DataFrame({"customer_id": ["ann", "bob", "eve"], "frequency": [2, 0, 1]})
    >>> margin_of(summary, {"ann": 0.5, "bob": 0.25}, default=0.3).tolist()
    [0.5, 0.25, 0.3]
    >>> margin_of(summary, 0.3).tolist()
    [0.3, 0.3, 0.3]
    """
    frame = frames.load(customers)
    n = frames.n_rows(frame)
    spare = None if default is None else given.one("default", default, given.real)
    if isinstance(margin, Margins):
        margin = margin.table
    if isinstance(margin, Mapping) or frames.kind(margin):
        values = _looked_up(frame, margin, spare)
    elif isinstance(margin, str) or np.ndim(margin) > 0:
        values = statistics.per_row(frame, margin, "margin")
        if spare is not None:
            values = np.where(np.isnan(values), spare, values)
    else:
        values = np.full(n, given.one("margin", margin, given.real))
    statistics.refuse(frame, ~np.isfinite(values), values, "margin", "must be a finite share of spend, such as 0.3")
    given.warn_above_1(values)
    return frames.series(values, "margin", frame)


def _looked_up(frame: Any, margin: Any, default: float | None) -> Array:
    """The margin of each row's customer_id; NaN nowhere but where the table itself has none."""
    if isinstance(margin, Mapping):
        keys, shares = pd.Series(list(margin), dtype=object), numbers(list(margin.values()), "margin must hold numbers")
    else:
        margin = frames.load(margin)
        theirs = frames.identifiers(margin)
        if theirs is None:
            raise InvalidInput("a table of margins must have a column customer_id; found none")
        statistics.refuse_duplicates(margin)
        keys, shares = frames.as_pandas(theirs), frames.numeric(margin, "margin")
    if shares.ndim != 1:
        raise InvalidInput(f"margin must be one number a customer; found {str(margin)[:60]}")
    if not len(shares) and default is not None:
        return np.full(frames.n_rows(frame), default)
    at = places_of(frame, keys, "margin", "margin")
    unknown = at < 0
    if unknown.any() and default is None:
        i = int(np.argmax(unknown))
        raise InvalidInput(
            f"every customer must have a margin: {unknown.sum():,} of {len(at):,} have none, first "
            f"{frames.identifier_at(frame, i)}. Give them one by default="
        )
    found = np.append(shares, np.nan)[at]
    return found if default is None else np.where(np.isnan(found), default, found)
