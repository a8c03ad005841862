"""Models that go from lifetimes to this package and back."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .. import frames
from ..errors import InvalidInput, NotAvailable, NotFitted, UnitMismatch, warn
from ..families import purchase_family, spend_family
from ..families.contract import PurchaseFamily, SpendFamily
from ..inference.likelihood_ratio import values_of
from ..inference.regularisation import Penalty
from ..models import statistics
from ..models.clv import CLVModel
from ..models.fitted import Fitted, checked_parameters, package_versions
from ..models.found_elsewhere import fitted_purchases, fitted_spend
from ..models.purchase import PurchaseModel
from ..models.spend import SpendModel
from ..models.time_units import refuse_unit
from ..numerics.arrays import Array
from ..units import hours_in
from .lifetimes.fitters.estimation import square_penalty
from .original_lifetimes import FITTERS, imported

_FAMILIES = {name: family for family, name in FITTERS.items()}
# what draws customers like those of a fitter's rows
_GENERATORS: Mapping[str, str] = {
    "bg_nbd": "beta_geometric_nbd_model",
    "mbg_nbd": "modified_beta_geometric_nbd_model",
    "pareto_nbd": "pareto_nbd_model",
    "bg_bb": "beta_geometric_beta_binom_model",
}
_KNOWN = ", ".join(_FAMILIES)
_EQUAL = 1e-6  # how far the halves of a matrix may differ, which was found by inverting one


class LifetimesFitters(NamedTuple):
    """The two fitters that a CLVModel becomes.

    Attributes
    ----------
    purchases
        One of lifetimes' purchase models.
    spend
        Its GammaGammaFitter.

    Examples
    --------
    >>> LifetimesFitters("a BetaGeoFitter", "a GammaGammaFitter").spend
    'a GammaGammaFitter'
    """

    purchases: Any
    spend: Any


def from_lifetimes(fitter: Any, time_unit: str | None = None) -> PurchaseModel | SpendModel:
    """Make a model of a fitter that lifetimes, or clvmodels.compat.lifetimes, has fitted.

    The parameters are taken over to the last bit. If the fitter has kept its rows (``data``), they give what a fit
    leaves behind: a report, which says how many standard errors the parameters are from the maximum of the likelihood
    (less the fitter's penalty), and the errors there, those of Pareto/NBD too; nothing is fitted again. Without rows
    the errors are those of ``variance_matrix_``, if it is there, and there is no report.

    lifetimes does not keep its time unit, and nothing is assumed: without a unit the model answers all that needs none
    (parameters, p_alive, expected_purchases and whatever else counts in the data's own unit), and refuses what does
    (discounting, dates, pictures, files).

    Parameters
    ----------
    fitter
        A BetaGeoFitter, ModifiedBetaGeoFitter, ParetoNBDFitter, BetaGeoBetaBinomFitter or GammaGammaFitter; lifetimes
        itself is not needed.
    time_unit
        ``"hour"``, ``"day"``, ``"week"``, ``"month"`` or ``"year"``: what 1.0 was in T, or the length of a period. A
        fitter of this package may know it. A spend model has none.

    Returns
    -------
    PurchaseModel or SpendModel
        Of the family ``"bg_nbd"``, ``"mbg_nbd"``, ``"pareto_nbd"``, ``"bg_bb"`` or ``"gamma_gamma"``.

    Raises
    ------
    NotFitted
        If the fitter has no parameters.
    UnitMismatch
        If the fitter knows its unit and ``time_unit`` is another.
    InvalidInput
        If it is no such fitter, a parameter is missing, not finite or not above 0, or the unit is not one of these.

    Warns
    -----
    ClvWarning
        If its rows speak against trusting the parameters, or cannot be used.

    Examples
    --------
    >>> import pandas
    >>> from clvmodels.compat.lifetimes import BetaGeoFitter
    >>> fitter = BetaGeoFitter()
    >>> fitter.params_ = pandas.Series({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})
    >>> model = from_lifetimes(fitter, time_unit="week")
    >>> model
    PurchaseModel('bg_nbd', time_unit='week'): r=0.243, alpha=4.414, a=0.793, b=2.426
    >>> round(model.new_customer().discounted_expected_purchases(horizon=52), 3)
    1.391
    """
    name = next((kind.__name__ for kind in type(fitter).__mro__ if kind.__name__ in _FAMILIES), None)
    if name is None:
        if isinstance(fitter, (str, os.PathLike)):
            raise InvalidInput(
                f"fitter must be a fitted one of lifetimes ({_KNOWN}); found {str(fitter)[:200]!r}. If that is a file "
                "of a fitter, load it first: fitter = BetaGeoFitter(); fitter.load_model(path), of lifetimes where "
                "that wrote it, of clvmodels.compat.lifetimes where this package did"
            )
        kind = f"the class {fitter.__name__}" if isinstance(fitter, type) else type(fitter).__name__
        raise InvalidInput(f"fitter must be a fitted one of lifetimes ({_KNOWN}); found {kind}")
    if time_unit is not None:
        hours_in(time_unit)
    given = getattr(fitter, "params_", None)
    if given is None:
        raise NotFitted(f"this {name} has no parameters yet: call its fit first")
    family = _family(_FAMILIES[name])
    parameters = checked_parameters(family, dict(given.items()) if hasattr(given, "items") else given)
    fitted = _fitted(fitter, family, parameters)
    if isinstance(family, SpendFamily):
        refuse_unit(time_unit)
        spend = SpendModel(family)
        spend._fitted = fitted
        return spend
    purchases = PurchaseModel(family, _unit_of(fitter, time_unit))
    purchases._fitted = fitted
    return purchases


def to_lifetimes(model: PurchaseModel | SpendModel | CLVModel, summary: Any = None) -> Any:
    """Make a fitter of the package lifetimes itself, ready for its methods and its pictures.

    It has ``params_`` (equal to the last bit) and ``predict``; of a model with a covariance ``variance_matrix_``,
    ``standard_errors_`` and ``confidence_intervals_``; of a summary ``data``, ``generate_new_data`` and
    ``_negative_log_likelihood_``. Prior, penalty, posterior, margin and discount rate stay behind. lifetimes' own
    mistakes come with it: its P(alive) and expectations are not finite everywhere that they should be.

    Parameters
    ----------
    model
        With parameters, of a family that lifetimes has: BG/NBD, MBG/NBD, Pareto/NBD, BG/BB, Gamma-Gamma, or a CLVModel
        of such.
    summary
        The customers that the model was fitted on, for what lifetimes reads from ``data``; in the model's unit. Of
        spend the repeaters with a positive mean, as lifetimes wants them.

    Returns
    -------
    object
        The fitter; of a CLVModel the named tuple ``(purchases, spend)``.

    Raises
    ------
    NotAvailable
        If lifetimes cannot be imported, its name is taken by clvmodels.compat.lifetimes, or it has no such family.
    NotFitted
        If the model has no parameters.
    UnitMismatch, InvalidInput
        If the summary is in another unit or cannot be used, or ``model`` is none.

    Examples
    --------
    >>> import clvmodels as clv
    >>> parameters = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
    >>> model = clv.PurchaseModel.from_parameters("pareto_nbd", parameters, time_unit="week")
    >>> fitter = clv.to_lifetimes(model)  # doctest: +SKIP
    >>> fitter.expected_number_of_purchases_up_to_time(52)  # doctest: +SKIP
    np.float64(1.4733...)
    """
    frame = None if summary is None else frames.load(summary)
    if isinstance(model, CLVModel):
        return LifetimesFitters(to_lifetimes(model.purchases, frame), to_lifetimes(model.spend, frame))
    if not isinstance(model, (PurchaseModel, SpendModel)):
        raise InvalidInput(f"model must be a PurchaseModel, SpendModel or CLVModel; found {type(model).__name__}")
    family, state = model.family, model._state
    if FITTERS.get(family.name) is None or family != _family(family.name):
        own = " of your own making" if family.name in FITTERS else ""
        raise NotAvailable(f"lifetimes has no {family.title}{own}: expected one of {', '.join(FITTERS)}")
    package = imported("to_lifetimes")
    fitter = getattr(package, FITTERS[family.name])()
    fitter.params_ = pd.Series(list(state.values), index=list(family.parameters))
    if state.covariance is not None:
        values = np.array(state.values)
        fitter.variance_matrix_ = pd.DataFrame(
            state.covariance * np.outer(values, values), index=fitter.params_.index, columns=fitter.params_.index
        )
        fitter.standard_errors_ = fitter._compute_standard_errors()
        fitter.confidence_intervals_ = fitter._compute_confidence_intervals()
    if isinstance(model, PurchaseModel):
        fitter._time_unit = model.time_unit
        if model.family.time == "continuous":
            fitter.predict = fitter.conditional_expected_number_of_purchases_up_to_time
        if frame is not None:
            _give_purchase_rows(fitter, model, frame, package)
    elif frame is not None:
        _give_spend_rows(fitter, model, frame)
    return fitter


def _family(name: str) -> PurchaseFamily | SpendFamily:
    return spend_family(name) if name == "gamma_gamma" else purchase_family(name)


def _unit_of(fitter: Any, time_unit: str | None) -> str | None:
    known = getattr(fitter, "_time_unit", None)
    if known and time_unit and known != time_unit:
        raise UnitMismatch(
            f"time_unit={time_unit!r}, but the fitter was fitted on a summary in {known}s: leave time_unit out"
        )
    return time_unit or known


def _fitted(fitter: Any, family: PurchaseFamily | SpendFamily, parameters: dict[str, float]) -> Fitted:
    """What the fitter knows beside its parameters: from its rows, else from its covariance."""
    data = getattr(fitter, "data", None)
    if not isinstance(data, pd.DataFrame):  # not fitted here, or read from a file without rows
        return _without_rows(fitter, parameters)
    try:
        rows = data.rename(columns={"n_periods": "T"}).reset_index(drop=True)
        penalty, told = _penalty(fitter, family, rows)
        weights = "weights" if "weights" in rows.columns else None
        if isinstance(family, SpendFamily):
            found = fitted_spend(family, rows, weights, parameters, penalty, told)
        else:
            found = fitted_purchases(family, rows, weights, parameters, penalty, told)
    except InvalidInput as error:
        warn(f"the rows of the fitter cannot be used, so the model has no fit report: {error}")
        return _without_rows(fitter, parameters)
    if found.report is not None and not found.report.converged:
        warn(f"{family.title}: {found.report.verdict}")
    return found


def _penalty(
    fitter: Any, family: PurchaseFamily | SpendFamily, rows: pd.DataFrame
) -> tuple[Penalty | None, str | None]:
    """What lifetimes took off Σ w ln L: K · penalizer_coef · Σ θ², in time whose longest T is 1."""
    coefficient = float(getattr(fitter, "penalizer_coef", 0.0) or 0.0)
    if not coefficient:
        return None, None
    weights = rows["weights"].to_numpy(np.float64) if "weights" in rows.columns else np.ones(len(rows))
    if isinstance(family, SpendFamily):  # of customers without a repeat purchase none is in the sum
        weights = weights[rows["frequency"].to_numpy() > 0]
    times = family.time_parameters if isinstance(family, PurchaseFamily) else ()
    scales = [1.0 / float(rows["T"].max()) if name in times else 1.0 for name in family.parameters]
    weight = coefficient * _divisor(family, weights)
    told = f"lifetimes' penalty, {weight:.4g} · Σ θ²" + (", in time whose longest T is 1" if times else "")
    return square_penalty(weight, scales), told


def _divisor(family: PurchaseFamily | SpendFamily, weights: Any) -> float:
    """What lifetimes divides its sum over customers by."""
    return float(weights.mean() if family.name == "pareto_nbd" else weights.sum())


def _without_rows(fitter: Any, parameters: dict[str, float]) -> Fitted:
    return Fitted(parameters, _log_covariance(fitter, parameters), versions=package_versions())


def _log_covariance(fitter: Any, parameters: Mapping[str, float]) -> Array | None:
    """The covariance of the log-parameters, of a fitter's ``variance_matrix_``; None if it has none to be read.

    Its elements are θ_i θ_j cov(ln θ_i, ln θ_j) here and θ_j² cov(ln θ_i, ln θ_j) in lifetimes, which is symmetric only
    once that is undone.
    """
    # of a fitter of this package: nobody asked for what reading the public name tells
    own = getattr(fitter, "_covariance", None)
    try:
        matrix = getattr(fitter, "variance_matrix_", None) if own is None else own
        if own is not None and hasattr(fitter.params_, "index"):
            matrix = pd.DataFrame(own, index=fitter.params_.index, columns=fitter.params_.index)
        if isinstance(matrix, pd.DataFrame):
            matrix = matrix.loc[[*parameters], [*parameters]]
        found = np.asarray(matrix, dtype=np.float64)
    except (KeyError, TypeError, ValueError):
        return None
    values = np.array([*parameters.values()])
    if found.shape != (len(values), len(values)) or not np.all(np.isfinite(found)):
        return None
    for scale in (np.outer(values, values), values[None, :] ** 2):
        covariance = found / scale
        if np.allclose(covariance, covariance.T, rtol=_EQUAL, atol=0) and np.linalg.eigvalsh(covariance)[0] > 0:
            return np.asarray((covariance + covariance.T) / 2)
    return None


def _give_purchase_rows(fitter: Any, model: PurchaseModel, frame: Any, package: Any) -> None:
    """Keep the customers as lifetimes keeps those that it fits on, and what it computes from them."""
    frame, columns = model._read(frame)
    statistics.refuse_duplicates(frame)
    family = model.family
    x, t_x, T = columns
    total, discrete = _log_likelihood(model, columns), family.time == "discrete"
    if discrete:
        t_x, T = t_x.astype(int), T.astype(int)
    elif len(T) and T.max() > 0:
        fitter._scale = 1.0 / float(T.max())
        total -= float(x.sum()) * math.log(fitter._scale)  # time rescaled by c shifts ln L by −x·ln c
    ones = np.ones(len(x), dtype=int)
    kept = {"frequency": x.astype(int), "recency": t_x, "n_periods" if discrete else "T": T, "weights": ones}
    fitter.data = pd.DataFrame(kept, index=_index(frame))
    fitter._negative_log_likelihood_ = -total / _divisor(family, ones) if len(x) else math.nan
    generate, names = getattr(package.generate_data, _GENERATORS[family.name]), family.parameters
    fitter.generate_new_data = lambda size=1: generate(T, *fitter._unload_params(*names), size=size)


def _give_spend_rows(fitter: Any, model: SpendModel, frame: Any) -> None:
    """The same for spend: of those who came back and paid."""
    x, m = statistics.read(frame, model.family.statistics).values()
    statistics.refuse_duplicates(frame)
    paid = (x > 0) & (m > 0)
    x, m, index = x[paid], m[paid], _index(frame)[paid]
    ones = np.ones(len(x), dtype=int)
    fitter.data = pd.DataFrame({"monetary_value": m, "frequency": x, "weights": ones}, index=index)
    total = _log_likelihood(model, [x, m])
    fitter._negative_log_likelihood_ = -total / _divisor(model.family, ones) if len(x) else math.nan


def _log_likelihood(model: PurchaseModel | SpendModel, columns: list[Array]) -> float:
    values = values_of(model.family.log_likelihood, columns, model._state.values) if len(columns[0]) else ()
    return float(np.sum(values))


def _index(frame: Any) -> Any:
    """Who the customers are: by identifier if there is one, else by the caller's index."""
    ids = frames.identifiers(frame)
    if ids is not None:
        return pd.Index(frames.as_pandas(ids), name="customer_id")
    return pd.Index(frame.index) if isinstance(frame, pd.DataFrame) else pd.RangeIndex(frames.n_rows(frame))
