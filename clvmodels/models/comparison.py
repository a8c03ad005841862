"""Which purchase family fits best: a table of information criteria and Vuong tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, UnitMismatch
from ..families.contract import PurchaseFamily
from ..inference.likelihood_ratio import values_of, vuong
from ..numerics.arrays import Array
from . import statistics
from .fitting import patterns_of
from .purchase import PurchaseModel
from .time_units import unit_to_compare

_SAME = 1e-6  # relative difference of a log-likelihood computed twice
_SHOWN = (
    "model", "n_parameters", "log_likelihood", "aic", "delta_aic", "bic", "vuong_z", "vuong_p_value", "nested_in",
    "converged", "note",
)  # fmt: skip


def compare_models(models: Sequence[str | PurchaseFamily | PurchaseModel], summary: Any, weights: Any = None) -> Any:
    """Compare purchase models on the customers of one summary, best AIC first.

    AIC = 2k − 2 LL and BIC = k ln n − 2 LL, n the sum of the weights. Vuong's z sets each model against the first row:
    with d the difference of a customer's two log-likelihoods (row less best), z = Σ w d / √(n Var d); below 0 it speaks
    for the best, and beyond ±1.96 (two-sided p below 0.05) the difference is more than chance. Nothing is taken off
    for numbers of parameters. It holds for models that are not nested; NBD is the limit of each other family as nobody
    leaves, so such pairs have no z, and `likelihood_ratio_test` takes its place.

    Sources: Vuong (1989), Econometrica 57(2), 307-333; Burnham & Anderson (2002), Model Selection and Multimodel
    Inference.

    Parameters
    ----------
    models
        Fitted models, or what is still to be fitted on this summary: names, family values, unfitted models.
    summary
        One row a customer; the one that the fitted models were fitted on.
    weights
        How many customers each row stands for, as in `PurchaseModel.fit`.

    Returns
    -------
    pandas.DataFrame
        A row for each model: ``model``, ``n_parameters``, ``log_likelihood``, ``aic``, ``delta_aic`` (to the best),
        ``bic``, ``vuong_z``, ``vuong_p_value`` (NaN for the best itself and where the test does not hold),
        ``nested_in`` (which of the others contain it), ``converged`` and ``note``.

    Raises
    ------
    InvalidInput
        If a model is in discrete time (its likelihood is of counts, not of purchase times, so they do not compare), was
        fitted on other customers, or has given parameters (AIC counts estimated ones).
    UnitMismatch
        If models and summary are not all in one time unit, or nobody knows which it is.
    NotEnoughData
        If there is no row, or nobody came back.

    Warns
    -----
    ClvWarning
        If a model fitted here is not to be trusted; ``converged`` and ``note`` say so too.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> table = clv.compare_models(["nbd", "pareto_nbd", "bg_nbd"], summary)
    >>> shown = table[["model", "log_likelihood", "delta_aic", "vuong_z", "vuong_p_value"]]
    >>> print(shown.round(2).to_string(index=False))
         model  log_likelihood  delta_aic  vuong_z  vuong_p_value
        bg_nbd        -9582.43       0.00      NaN            NaN
    pareto_nbd        -9594.98      25.09    -1.21           0.23
           nbd        -9763.66     358.46      NaN            NaN
    """
    import pandas as pd

    frame = frames.load(summary)
    chosen = _checked_models(models)
    unit = _common_unit(chosen, frame)
    weight = statistics.weights_of(frame, weights)
    statistics.refuse_duplicates(frame)
    names = list(dict.fromkeys(name for model in chosen for name in model.family.statistics))
    columns = statistics.read(frame, names)
    patterns = patterns_of(columns, weight)
    n = float(patterns.weights.sum())
    fitted = [_fitted_here(model, frame, unit, weights) for model in chosen]
    values = []
    for model in fitted:
        there = [patterns.columns[names.index(name)] for name in model.family.statistics]
        values.append(values_of(model.family.log_likelihood, there, model._state.values))
        _refuse_others(model, float(np.sum(patterns.weights * values[-1])), n)
    rows = [_row(model, fitted, n) for model in fitted]
    order = sorted(range(len(fitted)), key=lambda i: rows[i]["aic"])
    best = order[0]
    for i in order:
        rows[i]["delta_aic"] = rows[i]["aic"] - rows[best]["aic"]
        if i != best:
            _set_against(rows[i], fitted[i], fitted[best], values[i], values[best], patterns.weights)
        rows[i]["note"] = "; ".join(rows[i]["note"])
    return pd.DataFrame([rows[i] for i in order], columns=list(_SHOWN))


def _checked_models(models: Any) -> list[PurchaseModel]:
    if isinstance(models, (str, PurchaseFamily, PurchaseModel)) or not isinstance(models, Sequence) or not len(models):
        raise InvalidInput(f"models must be a list of purchase models or of family names; found {str(models)[:60]}")
    result = []
    for model in models:
        made = model if isinstance(model, PurchaseModel) else PurchaseModel(model)
        if made.family.time != "continuous":
            raise InvalidInput(
                f"{made.family.title} is in discrete time: its likelihood is of purchases in periods, those of the "
                "others of purchase times, and such log-likelihoods do not compare. Leave it out"
            )
        if made._fitted is not None and made._fitted.report is None:
            raise InvalidInput(
                f"the parameters of {made!r} were given, not estimated, and AIC counts estimated ones: fit the family "
                "on this summary, or compare sums of log_likelihood(summary)"
            )
        result.append(made)
    return result


def _common_unit(models: Sequence[PurchaseModel], frame: Any) -> str:
    """The one unit of the models and the summary; fitted and unfitted ones alike."""
    units = sorted({model.time_unit for model in models if model.time_unit is not None})
    if len(units) > 1:
        raise UnitMismatch(
            f"the models are in different time units ({', '.join(units)}): their log-likelihoods do not compare. "
            "Fit them on one summary"
        )
    return unit_to_compare(models, frame, 'PurchaseModel(..., time_unit="week") if a week is 1.0 in T')


def _fitted_here(model: PurchaseModel, frame: Any, unit: str, weights: Any) -> PurchaseModel:
    """The model itself if it is fitted; else one of its family, fitted on the summary."""
    return model if model._fitted is not None else PurchaseModel(model.family, unit).fit(frame, weights)


def _refuse_others(model: PurchaseModel, log_likelihood: float, n: float) -> None:
    report = model.fit_report
    same = abs(report.log_likelihood - log_likelihood) <= _SAME * max(1.0, abs(log_likelihood))
    if not same or abs(report.n_customers - n) > _SAME * n:
        raise InvalidInput(
            f"{model!r} was fitted on other customers: its fit has log-likelihood {report.log_likelihood:.3f} of "
            f"{report.n_customers:g} customers, this summary {log_likelihood:.3f} of {n:g}. Give the summary and "
            "weights that all were fitted on, or the names of the families"
        )


def _row(model: PurchaseModel, all_models: Sequence[PurchaseModel], n: float) -> dict[str, Any]:
    report, family = model.fit_report, model.family
    within = sorted({other.family.name for other in all_models if family.name in other.family.contains})
    notes = []
    if not report.converged:
        notes.append("not converged: see its fit_report")
    if report.regularisation is not None:
        notes.append("regularised: its likelihood is not at the maximum, which AIC and BIC suppose")
    return {
        "model": family.name,
        "n_parameters": len(family.parameters),
        "log_likelihood": report.log_likelihood,
        "aic": report.aic,
        "bic": report.bic,
        "vuong_z": math.nan,
        "vuong_p_value": math.nan,
        "nested_in": ", ".join(within),
        "converged": report.converged,
        "note": notes,
    }


def _set_against(
    row: dict[str, Any], model: PurchaseModel, best: PurchaseModel, own: Array, bests: Array, weights: Array
) -> None:
    small, large = model.family, best.family
    if large.name in small.contains:
        small, large = large, small
    if small.name in large.contains:
        row["note"].append(
            f"{small.name} is nested in {large.name}, so Vuong's test does not hold: use "
            f'likelihood_ratio_test("{small.name}", "{large.name}", summary)'
        )
        return
    found = vuong(own, bests, weights)
    if found is None:
        row["note"].append(f"gives every customer the likelihood that {best.family.name} gives: nothing to test")
        return
    row["vuong_z"], row["vuong_p_value"] = found
