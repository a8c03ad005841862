"""Customer equity: what all customers together are worth, and how that is spread over cohorts and segments."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, warn
from ..inference import looks
from ..models import cash_flows, questions, statistics
from ..models.clv import CLVModel
from ..models.given_models import clv_model
from ..models.predictive import intervals
from ..models.predictive.parameter_draws import GIVEN
from ..models.predictive.predicting import simulation_of
from ..models.time_units import one_or_endless
from ..numerics.arrays import Array
from ..units import length, span, units_per_year
from ..validation.words import counted, day
from . import given_numbers as given
from .concentration import whole_of
from .groups import ALL, Groups, groups_of
from .shown_tables import html_table, plain_table
from .value_columns import read_values

if TYPE_CHECKING:
    import pandas as pd

_LONG = 10  # years, where an interval is asked for and no horizon was given
_MOST_TOTALS = 20_000_000  # groups times draws


@dataclass(frozen=True)
class Equity:
    """What customers are worth together; made by `customer_equity`.

    Attributes
    ----------
    table
        A row a group, and a last row "all": group, customers, equity, share_of_customers, share_of_equity,
        equity_per_customer; with an interval also equity_low and equity_high. Shares are missing (NaN) where the whole
        is 0, negative or infinite.
    horizon, time_unit
        How far ahead is counted, inf for the whole residual lifetime, and in what unit.
    annual_discount_rate, margin
        As used; a margin of its own for each customer by the name of its column.
    observation_end
        The date at which it is the value; None where the summary does not say it.
    interval, interval_source
        Probability that what customers will be worth lies in the interval, and where the uncertainty of the parameters
        comes from; None where none was asked for.
    notes
        What to know of the groups.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.CLVModel("bg_nbd", margin=0.30).fit(summary)
    >>> found = clv.economics.customer_equity(model, summary, horizon=52)
    >>> found
    Equity: 21,752 of 2,357 customers, 52 weeks ahead
    >>> round(found.total), found.customers
    (21752, 2357)
    """

    table: pd.DataFrame
    horizon: float
    time_unit: str
    annual_discount_rate: float
    margin: float | str
    observation_end: str | None
    interval: float | None = None
    interval_source: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> float:
        """The equity of all customers."""
        return float(self.table["equity"].iloc[-1])

    @property
    def customers(self) -> int:
        """How many there are."""
        return int(self.table["customers"].iloc[-1])

    def told(self) -> list[str]:
        """What it says, in sentences.

        >>> import clvmodels as clv
        >>> log = clv.load_cdnow(sample=True)
        >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
        >>> model = clv.CLVModel("bg_nbd", margin=0.30).fit(summary)
        >>> print(clv.economics.customer_equity(model, summary, horizon=52).told()[0])
        On 30 Sep 1997 2,357 customers were worth 21,752 together, 9.23 each, in the 52 weeks ahead.
        """
        when = "" if self.observation_end is None else f"On {day(self.observation_end)} "
        each = float(self.table["equity_per_customer"].iloc[-1])
        ahead = (
            "over their whole residual lifetime"
            if math.isinf(self.horizon)
            else f"in the {span(self.horizon, self.time_unit)} ahead"
        )
        were = "was" if self.customers == 1 else "were"
        worth = f"{looks.figure(self.total)} together, {_price(each)} each, " if self.customers else "0 "
        margin = (
            f"profit, the margin in column {self.margin!r}"
            if isinstance(self.margin, str)
            else "revenue (margin 1), no profit"
            if self.margin == 1
            else f"profit at a margin of {100 * self.margin:g} %"
        )
        sentences = [
            f"{when}{counted(self.customers, 'customer')} {were} worth {worth}{ahead}.",
            f"It is {margin}, in the money of the log, discounted at {100 * self.annual_discount_rate:g} % a year; "
            "what was bought before is not in it.",
        ]
        if self.interval is not None:
            low, high = (looks.figure(float(self.table[f"equity_{end}"].iloc[-1])) for end in ("low", "high"))
            allowed = (
                "chance and how customers differ, the parameters of the model taken as known"
                if self.interval_source == GIVEN
                else "chance, how customers differ, and how unsure the parameters of the model are"
            )
            sentences.append(
                f"With a probability of {100 * self.interval:g} % it will turn out between {low} and {high}, as far as "
                f"the model is right. That allows for {allowed}."
            )
            if len(self.table) > 1:
                sentences.append("The ends of groups do not add up to those of all.")
        if math.isinf(self.horizon):
            sentences.append("That is further ahead than any holdout tests: for a plan take a horizon, such as a year.")
        return [*sentences, *self.notes]

    def __repr__(self) -> str:
        ahead = "whole lifetime" if math.isinf(self.horizon) else f"{length(self.horizon, self.time_unit)} ahead"
        return f"Equity: {looks.figure(self.total)} of {counted(self.customers, 'customer')}, {ahead}"

    def __str__(self) -> str:
        return "\n".join([*self.told(), "", plain_table(self.table)])

    def _repr_html_(self) -> str:
        return looks.card("Customer equity", *map(looks.line, self.told()), html_table(self.table))


def customer_equity(
    model: CLVModel,
    summary: Any,
    *,
    horizon: float | None = None,
    by: Any = None,
    annual_discount_rate: float | None = None,
    margin: float | str | None = None,
    interval: float | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> Equity:
    """Add up the residual value of all customers, and of each group of them.

    CE = Σ over customers i of margin_i · E[M | m_i, x_i] · ∫ over (0, horizon] of e^(-delta·u) dE[purchases in
    (T_i, T_i + u] | history], with delta = ln(1 + annual_discount_rate) per year: the customers there are, what they
    will still bring. Customers yet to be acquired are not in it, and costs only as far as the margin holds them.

    Parameters
    ----------
    model
        A `CLVModel` with parameters.
    summary
        One row a customer, as for `CLVModel.predict`.
    horizon
        In the model's time unit; None (or inf) for the whole residual lifetime.
    by
        Groups, such as cohorts (`cohorts_of`), segments or channels: a column's name of the summary; one value a row,
        as a Series or array; or a dict or a frame of two columns that gives each customer_id its group. Customers
        without a group have a row of their own, "(no group)".
    annual_discount_rate, margin
        Instead of the model's; a margin is a number or the name of a column.
    interval
        Such as 0.9: equity_low and equity_high, between which lies, with that probability, what the customers will be
        worth: parameters, what the customers are like and chance are uncertain (see `CLVModel.predict_distribution`).
        All groups are simulated together and share the parameters of a draw, so that their intervals do not add up to
        that of all. It needs a finite horizon.
    draws, seed
        How many futures the interval comes from; the same seed gives the same interval.

    Returns
    -------
    Equity
        ``table`` has a row a group, sorted, and a last row "all"; ``total`` is the sum.

    Raises
    ------
    NotFitted
        If a part of the model has no parameters yet.
    UnitMismatch, InvalidInput
        If the summary is in another unit, or the summary, horizon, rate, margin, groups or interval cannot be used.
    NotAvailable
        If an interval is asked for and the fit's verdict is not to trust it, or the family cannot simulate.

    Warns
    -----
    ClvWarning
        If a value is infinite (with a rate of 0; the parameter is named), or a margin is above 1.

    References
    ----------
    Blattberg, R. C. and Deighton, J. (1996), Manage Marketing by the Customer Equity Test. Harvard Business Review
    74(4), 136-144. Gupta, S., Lehmann, D. R. and Stuart, J. A. (2004), Valuing Customers. Journal of Marketing Research
    41(1), 7-18.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.CLVModel("bg_nbd", margin=0.30).fit(summary)
    >>> cohorts = clv.economics.cohorts_of(summary)
    >>> found = clv.economics.customer_equity(model, summary, by=cohorts)
    >>> found.table[["group", "customers", "equity", "share_of_equity"]].round(2).values.tolist()[-1]
    ['all', 2357, 89822.78, 1.0]
    """
    clv_model(model)
    rate = model.annual_discount_rate if annual_discount_rate is None else annual_discount_rate
    share = model.margin if margin is None else margin
    unit, frame, columns = model._read(summary)
    if horizon is None and interval is not None:
        raise InvalidInput(
            "an interval needs a finite horizon, because purchases without end are never all simulated. Write "
            f"customer_equity(model, summary, horizon={round(_LONG * units_per_year(unit))}, interval={interval!r}) "
            f"for {_LONG} years; the equity is then that of {_LONG} years, too"
        )
    ahead = math.inf if horizon is None else one_or_endless(horizon)
    if interval is not None:
        intervals.check_terms(interval, draws, seed, [ahead])
    delta = questions.continuous_rate(rate, unit, ahead)
    factor = statistics.margins(frame, share)
    given.warn_above_1(np.asarray(factor))
    groups = groups_of(frame, by)
    spend = model._spend(columns)
    purchases = questions.discounted(
        model.purchases.family, ahead, delta, model._history(columns), model.purchases._state.values
    )
    table = split(cash_flows.money(purchases, spend, factor), groups)
    source = None
    if interval is not None:
        if (len(groups.names) or 1) * draws > _MOST_TOTALS:
            raise InvalidInput(
                f"{len(groups.names):,} groups times {draws:,} draws are too many totals: expected at most "
                f"{_MOST_TOTALS:,}; use coarser groups or fewer draws"
            )
        simulation, source = simulation_of(
            model.purchases, model.spend, columns, ahead, draws=draws, seed=seed, delta=delta, margin=factor
        )
        drawn = simulation.run((0.5,), groups=groups.codes).total["clv"]
        each = drawn if len(groups.names) else drawn[:, :0]
        ends = np.quantile(np.column_stack([each, drawn.sum(axis=1)]), intervals.checked_interval(interval), axis=0)
        table = table.assign(equity_low=ends[0], equity_high=ends[1])
    return Equity(
        table=table,
        horizon=ahead,
        time_unit=unit,
        annual_discount_rate=float(rate),
        margin=share if isinstance(share, str) else float(share),
        observation_end=frames.read_facts(frame).get("observation_end"),
        interval=None if interval is None else float(interval),
        interval_source=source,
        notes=groups.notes,
    )


def equity_by(scored: Any, by: Any = None, value: str = "clv") -> pd.DataFrame:
    """Split the value in a scored table by groups of customers.

    Per group: customers n_g, equity V_g = Σ of the values, n_g / n, V_g / V and V_g / n_g.

    Parameters
    ----------
    scored
        What `CLVModel.predict` returned, or any table with one row a customer.
    by
        As for `customer_equity`; None for the total alone.
    value
        The column of values.

    Returns
    -------
    pandas.DataFrame
        A row a group, sorted, and a last row "all": group, customers, equity, share_of_customers, share_of_equity (NaN
        where the whole is 0, negative or infinite), equity_per_customer. Customers without a group are the row "(no
        group)".

    Raises
    ------
    InvalidInput
        If there is no such column, a value is missing, a customer_id is there twice, or the groups cannot be used.

    Warns
    -----
    ClvWarning
        If values are infinite, or a group that ``by`` names has no customer here.

    Examples
    --------
    >>> import pandas
    >>> import clvmodels as clv
    >>> scored = pandas.DataFrame({"customer_id": [1, 2, 3, 4], "clv": [50.0, 30.0, 15.0, 5.0]})
    >>> print(clv.economics.equity_by(scored, by={1: "web", 2: "shop", 3: "web", 4: "web"}).to_string(index=False))
    group  customers  equity  share_of_customers  share_of_equity  equity_per_customer
     shop          1    30.0                0.25              0.3            30.000000
      web          3    70.0                0.75              0.7            23.333333
      all          4   100.0                1.00              1.0            25.000000
    """
    frame, values = read_values(scored, value)
    if frame is None:
        raise InvalidInput(f"expected a table with a column {value!r}, one row a customer; found numbers alone")
    statistics.refuse_duplicates(frame)
    groups = groups_of(frame, by)
    endless = np.isinf(values)
    if endless.any():
        warn(
            f"{value} is infinite for {endless.sum():,} of {len(values):,} customers, first "
            f"{frames.identifier_at(frame, int(np.argmax(endless)))}: so is their sum, and shares cannot be told. "
            "Score with a finite horizon, or with a discount rate above 0"
        )
    for note in groups.notes:
        if "without a customer" in note:
            warn(note)
    return split(values, groups)


def split(values: Array, groups: Groups) -> pd.DataFrame:
    """The table of groups and of all."""
    import pandas as pd

    n, total = len(values), float(np.sum(values))
    customers = np.append(groups.sizes, n)
    equity = np.append(groups.sums(values), total)
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = equity / total if whole_of(values) > 0 and total < math.inf else np.full(len(equity), np.nan)
        return pd.DataFrame(
            {
                "group": pd.Series([*groups.names, ALL], dtype=object),
                "customers": customers,
                "equity": equity,
                "share_of_customers": customers / n if n else np.nan,
                "share_of_equity": parts,
                "equity_per_customer": equity / customers,
            }
        )


def _price(value: float) -> str:
    """Money for one customer.

    >>> _price(9.2286), _price(0.01234), _price(12345.6)
    ('9.23', '0.01234', '12,346')
    """
    return f"{value:.2f}" if 1 <= abs(value) < 1000 else looks.figure(value)
