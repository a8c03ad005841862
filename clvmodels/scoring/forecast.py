"""The whole way in one call: a transaction log becomes a table of every customer's value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..families.contract import PurchaseFamily, SpendFamily
from ..models.clv import FIT_STEPS, CLVModel
from ..models.predictive.intervals import check_terms
from ..models.purchase import PurchaseModel
from ..models.questions import continuous_rate
from ..models.spend import SpendModel
from ..models.time_units import one_or_endless
from ..transactions.quality import Quality
from ..transactions.summarize import summarize
from ..units import units_per_year
from .scored import scored_table

STEPS = ("reading the log", *FIT_STEPS, "scoring customers")


class Forecast(NamedTuple):
    """Scored customers, and all that led to them.

    Attributes
    ----------
    scored
        One row a customer: see `forecast`.
    model
        The fitted `CLVModel`; a `PurchaseModel` where the log has no amounts.
    summary, quality
        Those that `summarize` made of the log.
    horizon
        In the model's time unit.

    Examples
    --------
    >>> import clvmodels as clv
    >>> result = clv.forecast(clv.load_cdnow(sample=True), purchases="nbd", amount=None)
    >>> result.model, round(result.horizon, 2), result.quality.customers
    (PurchaseModel('nbd', time_unit='week'): r=0.3552, alpha=13.83, 52.18, 2357)
    """

    scored: Any
    model: CLVModel | PurchaseModel
    summary: Any
    quality: Quality
    horizon: float


def forecast(
    log: Any,
    *,
    purchases: str | PurchaseFamily | PurchaseModel = "pareto_nbd",
    spend: str | SpendFamily | SpendModel = "gamma_gamma",
    horizon: float | None = None,
    annual_discount_rate: float = 0.10,
    margin: float = 1.0,
    time_unit: str = "week",
    interval: float | None = None,
    draws: int = 1000,
    seed: int = 0,
    progress: Callable[[str], None] = lambda step: None,
    **reading: Any,
) -> Forecast:
    """Summarise a log, fit purchases and spend, and score every customer.

    `summarize`, then `CLVModel.fit` and `CLVModel.predict`, which have the formulas.

    Parameters
    ----------
    log
        As `clvmodels.summarize` takes it.
    purchases, spend
        As for `clvmodels.CLVModel`.
    horizon
        In the time unit, at least 0; one year if None; inf for the whole residual lifetime.
    annual_discount_rate, margin
        As for `clvmodels.CLVModel`.
    time_unit
        Of the summary and the model.
    interval, draws, seed
        As for `clvmodels.CLVModel.predict`: with an interval each column is followed by the ends of its own.
    progress
        Called with the name of each step as it begins.
    **reading
        Further keywords of `clvmodels.summarize` (column names, dates, refunds). With ``amount=None`` purchases alone
        are fitted and forecast.

    Returns
    -------
    Forecast
        ``scored`` has the columns customer_id, p_alive, expected_purchases, expected_spend, clv (the last two with
        amounts only), and in every row observation_end, horizon and time_unit, so that the file says what it is about;
        with an interval also the ends ``_low`` and ``_high`` of each, and in every row interval and interval_source.

    Raises
    ------
    InvalidInput, NotEnoughData
        If the log or a setting cannot be used, or there is nothing to learn from.
    NotAvailable
        If an interval is asked for and the fit's verdict is not to trust it.

    Warns
    -----
    ClvWarning
        If a fit is not to be trusted, spend goes along with frequency, or an answer is infinite.

    Examples
    --------
    >>> import clvmodels as clv
    >>> result = clv.forecast(clv.load_cdnow(sample=True), purchases="bg_nbd")
    >>> result.scored.shape
    (2357, 8)
    """
    money = reading.get("amount", "amount") is not None
    if isinstance(purchases, PurchaseModel) and purchases._fitted is not None:
        _ = purchases._unit  # the default is the unit of what is fitted here, and no guess at that of a model
    whole = CLVModel(purchases, spend, annual_discount_rate, margin, time_unit)
    model = whole if money else whole.purchases
    length = one_or_endless(units_per_year(time_unit) if horizon is None else horizon)
    continuous_rate(annual_discount_rate, time_unit, length)  # a typo is told before a long log is read
    if interval is not None:
        check_terms(interval, draws, seed, [length])
    progress(STEPS[0])
    summary, quality, facts = summarize(log, time_unit=time_unit, **reading)
    if isinstance(model, CLVModel):
        model.fit(summary, progress=progress)
    elif model._fitted is None:
        progress(STEPS[1])
        model.fit(summary)
    progress(STEPS[3])
    told = facts["observation_end"]
    certainty: dict[str, Any] = {"interval": interval, "draws": draws, "seed": seed}
    table = scored_table(model, summary, horizon=length, observation_end=told, **certainty)
    return Forecast(table, model, summary, quality, length)
