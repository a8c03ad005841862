"""From a validation to what the customers are worth: its best model, fitted again on all that is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..errors import InvalidInput, NotAvailable
from ..models.clv import CLVModel
from ..models.purchase import PurchaseModel
from ..models.spend import SpendModel
from ..transactions.summarize import refuse_unknown, rfm_summary
from ..validation.result import Validation
from .customer_base import Overview, overview


def overview_after(
    validation: Validation,
    log: Any,
    *,
    annual_discount_rate: float = 0.10,
    margin: float | str = 1.0,
    acquisition_cost: float | None = None,
    interval: float | None = 0.9,
    draws: int = 1000,
    progress: Callable[[str], None] = lambda step: None,
    **reading: Any,
) -> Overview:
    """Look ahead from the end of a validation's holdout, with its best model fitted on everything until then.

    The holdout was kept from the models to test them; to look ahead nothing should be kept from them. The family is the
    one of the models compared that has the best log score, with its spend family.

    Parameters
    ----------
    validation
        What `clvmodels.validate` returned.
    log
        The log it was made of.
    annual_discount_rate, margin
        As for `clvmodels.CLVModel`.
    acquisition_cost, interval, draws
        As for `overview`; no interval where the fit's verdict is not to trust it.
    progress
        Called with the name of each step as it begins.
    **reading
        How the log is to be read, as given to `clvmodels.validate`.

    Returns
    -------
    Overview
        One year ahead, by cohort.

    Raises
    ------
    NotAvailable
        If the log has no money, or the best model does not give a value.
    InvalidInput, NotEnoughData
        As `clvmodels.rfm_summary`, `clvmodels.CLVModel.fit` and `overview` do.

    Warns
    -----
    ClvWarning
        As `clvmodels.CLVModel.fit` does.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.validate(log, calibration_end="1997-09-30", models=["bg_nbd"], n_resamples=2)
    >>> clv.economics.overview_after(found, log, margin=0.3, interval=None)
    Overview of 2,357 customers worth 20,726 in the year ahead
    """
    if not isinstance(validation, Validation):
        raise InvalidInput(f"validation must be what clvmodels.validate returns; found {type(validation).__name__}")
    refuse_unknown("overview_after", reading)
    best = validation.leader
    spend = validation.spends.get(best)
    if spend is None:
        raise NotAvailable("the log has no money, so what customers are worth cannot be told")
    own = {name: value for name, value in reading.items() if name != "currency"}
    own |= {"time_unit": validation.time_unit, "observation_end": validation.split.facts["holdout_end"]}
    progress("summarising the whole log")
    summary = rfm_summary(log, **own)
    family, spend_family = validation.models[best].family, spend.family
    model = CLVModel(PurchaseModel(family), SpendModel(spend_family), annual_discount_rate, margin)
    model.fit(summary, progress=progress)
    trusted = model.purchases.fit_report.converged and model.spend.fit_report.converged
    progress("looking ahead")
    level = interval if trusted else None
    found = overview(model, summary, acquisition_cost=acquisition_cost, interval=level, draws=draws)
    again = (
        f"These numbers are those of {found.model}, of the models compared the one that forecast the holdout best, "
        "fitted again on everything until its end."
    )
    return replace(found, notes=(again, *found.notes))
