"""What a manager asks of a customer base, in one place: equity, concentration, tiers, who is at risk, LTV:CAC."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..inference import looks
from ..models import statistics
from ..models.clv import CLVModel
from ..models.given_models import clv_model
from ..models.time_units import one_length
from ..units import a_span, span, units_per_year
from . import given_numbers as given
from .acquisition_cohorts import cohorts_of
from .concentration import compute_concentration, top_share
from .equity import Equity, customer_equity
from .new_customers import value_of_new_customer
from .shown_tables import html_table, plain_table
from .silent_customers import at_risk
from .tiers import QUANTILES, tier_table, value_tiers
from .value_to_cost import ltv_to_cac

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.5
TOP = 0.2
_MOST_COHORTS = 18  # of months; more than that are told by year


@dataclass(frozen=True)
class Overview:
    """Equity, concentration, tiers, customers at risk and LTV:CAC of one customer base; made by `overview`.

    Attributes
    ----------
    equity
        Of the horizon, by group, with an interval if one was asked for.
    whole_life
        Equity over the whole residual lifetime, of which ``equity`` is a part; inf where it is infinite.
    scored
        What `CLVModel.predict` says of every customer, for the pictures.
    concentration, top_share
        The curve of `clvmodels.economics.compute_concentration`, and what part of the value the top fifth of
        customers hold.
    tier, tiers
        The tier of every customer, and the table of `clvmodels.economics.tier_table`.
    at_risk, at_risk_customers, at_risk_value
        The dearest of those among the most valuable fifth whose P(alive) falls below a half within ``soon`` if no
        purchase comes, or has done so; how many such customers there are, and what they are worth together.
    soon
        A twelfth of a year, in the time unit.
    new_customer
        Expected value within the horizon of a customer not yet acquired, the first purchase included.
    acquisition_cost, ltv_to_cac
        As given, and new_customer divided by it; None without costs.
    notes
        What to know of the numbers.
    model, grouped_by
        What the model is called, and what the groups of ``equity`` are where nothing else was asked for.

    Examples
    --------
    >>> import clvmodels as clv
    >>> summary = clv.rfm_summary(clv.load_cdnow(sample=True), observation_end="1997-09-30", time_unit="week")
    >>> model = clv.CLVModel("bg_nbd", margin=0.30).fit(summary)
    >>> found = clv.economics.overview(model, summary, acquisition_cost=10)
    >>> found
    Overview of 2,357 customers worth 21,808 in the year ahead
    >>> round(found.top_share, 2), round(found.new_customer, 2), round(found.ltv_to_cac, 2)
    (0.71, 25.24, 2.52)
    """

    equity: Equity
    whole_life: float
    scored: Any
    concentration: pd.DataFrame
    top_share: float
    tier: Any
    tiers: pd.DataFrame
    at_risk: pd.DataFrame
    at_risk_customers: int
    at_risk_value: float
    soon: float
    new_customer: float
    acquisition_cost: float | None
    ltv_to_cac: float | None
    notes: tuple[str, ...]
    model: str = ""
    grouped_by: str = ""

    def told(self) -> list[str]:
        """What it says, in sentences.

        >>> import clvmodels as clv
        >>> summary = clv.rfm_summary(clv.load_cdnow(sample=True), observation_end="1997-09-30", time_unit="week")
        >>> model = clv.CLVModel("bg_nbd", margin=0.30).fit(summary)
        >>> print(clv.economics.overview(model, summary).told()[3])
        The top 20 % of customers hold 71 % of the value.
        """
        unit = self.equity.time_unit
        ahead = a_span(self.equity.horizon, unit)
        sentences = self.equity.told()[: 2 + (self.equity.interval is not None)]
        life = "without end" if math.isinf(self.whole_life) else looks.figure(self.whole_life)
        sentences.append(
            f"Over the rest of their lives as customers it would be {life}: further ahead than any holdout has tested."
        )
        if math.isfinite(self.top_share):
            sentences.append(f"The top {100 * TOP:g} % of customers hold {100 * self.top_share:.0f} % of the value.")
        if self.equity.customers:
            sentences.append(
                f"At risk of these are {self.at_risk_customers:,}, worth {looks.figure(self.at_risk_value)} together: "
                f"the probability that they are still customers is below {100 * LEVEL:g} %, or will be within "
                f"{a_span(self.soon, unit)} if they buy nothing more."
            )
        revenue = self.equity.margin == 1
        sentences.append(
            f"A customer yet to be acquired is expected to bring {looks.figure(self.new_customer)} of "
            f"{'revenue' if revenue else 'profit'} within {ahead}, the first purchase included."
        )
        if self.acquisition_cost is not None and self.ltv_to_cac is not None:
            cost = looks.figure(self.acquisition_cost)
            verdict = "above" if self.ltv_to_cac >= 3 else "below"
            sentences.append(
                f"To acquire one costs {cost}. How that compares with profit (LTV:CAC) cannot be told of revenue: give "
                "the margin."
                if revenue
                else f"To acquire one costs {cost}: the value is {self.ltv_to_cac:.2f} times the cost (LTV:CAC), "
                f"{verdict} the 3 : 1 that is a rule of thumb and no law: it leaves out growth, cash and the horizon."
            )
        return [*sentences, *self.notes]

    def __repr__(self) -> str:
        ahead = span(self.equity.horizon, self.equity.time_unit)
        return (
            f"Overview of {self.equity.customers:,} customers worth {looks.figure(self.equity.total)} in the {ahead} "
            "ahead"
        )

    def __str__(self) -> str:
        parts = ["\n".join(self.told())]
        for name, table in self._tables().items():
            parts.append(f"{name}\n{plain_table(table) if len(table) else 'nobody'}")
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        shown = [looks.card(name, html_table(table)) for name, table in self._tables().items()]
        return looks.card("The customer base", *map(looks.line, self.told()), *shown)

    def _tables(self) -> dict[str, pd.DataFrame]:
        columns = [name for name in self.at_risk.columns if name != "falls_below_in"]
        return {
            "Equity by group": self.equity.table,
            "Tiers by value": self.tiers,
            "At risk, the dearest first": self.at_risk[columns].assign(
                falls_below_on=self.at_risk["falls_below_on"].astype(str).replace("NaT", "–")
            ),
        }


def overview(
    model: CLVModel,
    summary: Any,
    *,
    horizon: float | None = None,
    by: Any = None,
    annual_discount_rate: float | None = None,
    margin: float | str | None = None,
    acquisition_cost: float | None = None,
    interval: float | None = None,
    tiers: Any = QUANTILES,
    most: int = 10,
    draws: int = 1000,
    seed: int = 0,
) -> Overview:
    """Lay out what a manager asks of a customer base: its equity, concentration, tiers, who is at risk, LTV:CAC.

    Each part is one function of this package at the same horizon, rate and margin: `customer_equity`,
    `compute_concentration`, `tier_table`, `at_risk`, `value_of_new_customer`, `ltv_to_cac`.

    Parameters
    ----------
    model
        A `CLVModel` with parameters.
    summary
        One row a customer, as for `CLVModel.predict`.
    horizon
        In the model's time unit, finite; one year if None.
    by
        Groups of customers, as for `customer_equity`; if None, cohorts by the month (of more than 18 months: by the
        year) of the first purchase, where the summary says when it ends.
    annual_discount_rate, margin
        Instead of the model's; the margin of new customers needs a number.
    acquisition_cost
        What it costs to acquire a customer, on average.
    interval
        As for `customer_equity`.
    tiers
        Rising shares of customers at which tiers begin, as ``quantiles`` of `value_tiers`.
    most
        How many customers at risk are listed.
    draws, seed
        Of the interval, as for `customer_equity`.

    Returns
    -------
    Overview
        Tables and numbers; ``told()`` is the whole in sentences. `clvmodels.report` shows it on a page.

    Raises
    ------
    NotFitted, UnitMismatch, InvalidInput, NotAvailable
        As `customer_equity`, `tier_table` and `at_risk` do, and if the cost is negative.

    Warns
    -----
    ClvWarning
        As `customer_equity` does.

    Examples
    --------
    >>> import clvmodels as clv
    >>> summary = clv.rfm_summary(clv.load_cdnow(sample=True), observation_end="1997-09-30", time_unit="week")
    >>> model = clv.CLVModel("bg_nbd", margin=0.30).fit(summary)
    >>> found = clv.economics.overview(model, summary, most=3)
    >>> found.equity.table["group"].tolist()
    ['1997-01', '1997-02', '1997-03', 'all']
    >>> found.at_risk[["customer_id", "falls_below_on"]].astype(str).values.tolist()[0]
    ['18580', '1997-10-19']
    """
    clv_model(model)
    unit = model._read(summary)[0]
    ahead = units_per_year(unit) if horizon is None else one_length(horizon, "horizon")
    listed = given.count("most", most, least=0)
    frame = frames.load(summary)
    cost = None if acquisition_cost is None else given.one("acquisition_cost", acquisition_cost)
    terms: dict[str, Any] = {"annual_discount_rate": annual_discount_rate, "margin": margin}
    groups, grouped_by = _cohorts(frame) if by is None else (by, "")
    equity = customer_equity(model, frame, horizon=ahead, by=groups, interval=interval, draws=draws, seed=seed, **terms)
    scored = model.predict(frame, ahead, **terms)
    soon = units_per_year(unit) / 12
    risky = frames.to_pandas(at_risk(model, frame, level=LEVEL, top=TOP, within=soon, horizon=ahead, **terms))
    new, assumed = _new_customer(model, frame, ahead, equity)
    worth = None if cost is None or not math.isfinite(new) else float(ltv_to_cac(new, cost))
    return Overview(
        equity=equity,
        whole_life=customer_equity(model, frame, **terms).total,
        scored=scored,
        concentration=compute_concentration(scored),
        top_share=top_share(scored, TOP),
        tier=value_tiers(scored, quantiles=tiers),
        tiers=tier_table(scored, quantiles=tiers),
        at_risk=risky.head(listed).reset_index(drop=True),
        at_risk_customers=len(risky),
        at_risk_value=float(risky["clv"].sum()),
        soon=soon,
        new_customer=new,
        acquisition_cost=cost,
        ltv_to_cac=worth,
        notes=(*equity.notes, *assumed, *_certain(model, frame, scored)),
        model=model.purchases.family.title,
        grouped_by=grouped_by,
    )


def _certain(model: CLVModel, frame: Any, scored: Any) -> tuple[str, ...]:
    """A warning where a family with dropout takes everybody who never came back for a customer."""
    family = model.purchases.family
    if family.finite_total is None or "frequency" not in frames.column_names(frame):
        return ()
    once = frames.numeric(frame, "frequency") == 0
    if not once.any() or np.any(frames.numeric(scored, "p_alive")[once] < 1):
        return ()
    return (
        f"{family.title} takes all {int(once.sum()):,} who bought once for customers still, however long ago that was: "
        "where many of them stand in a tier, its probability is too high. MBG/NBD and Pareto/NBD do not do so.",
    )


def _cohorts(frame: Any) -> tuple[Any, str]:
    """Acquisition cohorts by month, of many months by year; None where the summary does not say when it ends."""
    if frames.read_facts(frame).get("observation_end") is None or not frames.n_rows(frame):
        return None, ""
    for period in ("month", "year"):
        try:
            cohorts = cohorts_of(frame, period)
        except InvalidInput:  # events coarser than the period
            continue
        if period == "year" or frames.as_pandas(cohorts).nunique() <= _MOST_COHORTS:
            return cohorts, f"{period} of the first purchase"
    return None, ""


def _new_customer(model: CLVModel, frame: Any, horizon: float, equity: Equity) -> tuple[float, tuple[str, ...]]:
    """What a customer yet to be acquired is worth, and what was assumed for it."""
    margin = equity.margin
    assumed: tuple[str, ...] = ()
    if isinstance(margin, str):
        own = statistics.margins(frame, margin)
        margin = float(np.mean(own)) if len(own) else 0.0
        assumed = (f"New customers are taken to have the mean margin of the customers, {margin:.3g}.",)
    value = value_of_new_customer(
        model, horizon=horizon, annual_discount_rate=equity.annual_discount_rate, margin=margin
    )
    return value, assumed
