"""How models show themselves in a notebook: family, parameters with intervals, verdict; or what to do first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..inference.looks import card, figure, fit_report, judged, line, listed, number, table
from .fitted import Fitted

if TYPE_CHECKING:
    from .clv import CLVModel
    from .posterior import Posterior
    from .predictive.result import PredictiveDistribution
    from .purchase import PurchaseModel
    from .spend import SpendModel


def purchase_model(model: PurchaseModel) -> str:
    """Show a purchase model."""
    unknown = "time unit not known yet" if model._fitted is None else "time unit not known"
    unit = f"times in {model.time_unit}s" if model.time_unit else unknown
    source = line(f"{model.family.source}; {unit}", small=True)
    return card(f"{model.family.title}: when customers buy and leave", source, *_found(model._fitted))


def spend_model(model: SpendModel) -> str:
    """Show a spend model."""
    source = line(f"{model.family.source}; money as in the log", small=True)
    return card(f"{model.family.title}: how much customers spend", source, *_found(model._fitted))


def clv_model(model: CLVModel) -> str:
    """Show the two parts of a value, and its terms."""
    margin = f"column {model.margin!r}" if isinstance(model.margin, str) else f"{model.margin:g}"
    terms = line(f"discounted at {100 * model.annual_discount_rate:g} % a year; margin: {margin}")
    return card("Customer lifetime value", terms, purchase_model(model.purchases), spend_model(model.spend))


def posterior(found: Posterior) -> str:
    """Show draws of parameters: verdict, quantiles, and how they were made."""
    quantiles = found.table()
    rows = [[str(row[0]), *(number(float(v), ".4g") for v in row[1:])] for row in quantiles.itertuples(index=False)]
    parts = judged(found.trusted, found.verdict), table(list(quantiles.columns), rows), listed(found.told())
    return card("Posterior of the parameters", *parts)


def predictive_distribution(future: PredictiveDistribution) -> str:
    """Show the sum over all customers, where its uncertainty comes from, and the first customers."""
    parts = [
        line(repr(future), small=True),
        line("All customers together:"),
        _numbers(future.total, figure),
        line("Where the variance comes from:"),
        _numbers(future.shares, "{:.1%}".format),
    ]
    return card("What the future may bring", *parts)


def _numbers(frame: Any, shown: Callable[[float], str]) -> str:
    rows = [
        [v if isinstance(v, str) else "–" if v != v else shown(float(v)) for v in row]
        for row in frame.itertuples(index=False)
    ]
    return table(list(frame.columns), rows)


def _found(fitted: Fitted | None) -> list[str]:
    if fitted is None:
        return [line("Not fitted yet: call fit(summary), with the summary that clvmodels.rfm_summary(log) gives.")]
    if fitted.covariance is None:
        rows = [(name, number(value, ".5g")) for name, value in fitted.parameters.items()]
        told = line("The parameters were given, not estimated: there are no standard errors and there is no verdict.")
        return [table(("parameter", "value"), rows), told]
    errors, intervals = fitted.standard_errors(), fitted.confidence_intervals(0.95)
    each = [
        (name, number(value, ".5g"), number(errors[name], ".4g"), _interval(*intervals[name]))
        for name, value in fitted.parameters.items()
    ]
    found = [table(("parameter", "estimate", "std. error", "95 % interval"), each)]
    return [*found, fit_report(fitted.report)] if fitted.report is not None else found


def _interval(low: float, high: float) -> str:
    return "–" if low != low else f"{low:.4g} to {high:.4g}"
