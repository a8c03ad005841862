"""The package pymc-marketing itself, where it is installed: its fits and formulas for a cross-check."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from ..errors import NotAvailable
from ..numerics.arrays import Array
from .other_packages import Columns, Found, OtherPackage, Parameters, paid, quiet, timed, told

_MODELS = {
    "bg_nbd": ("BetaGeoModel", ("r", "alpha", "a", "b")),
    "mbg_nbd": ("ModifiedBetaGeoModel", ("r", "alpha", "a", "b")),
    "pareto_nbd": ("ParetoNBDModel", ("r", "alpha", "s", "beta")),
    "bg_bb": ("BetaGeoBetaBinomModel", ("alpha", "beta", "gamma", "delta")),
    "gamma_gamma": ("GammaGammaModel", ("p", "q", "v")),
}
_STATISTICS = ("frequency", "recency", "T")
_SEARCHING = "a quasi-Newton search (pymc.find_MAP)"
_FLAT = ("Flat", "HalfFlat")


def load(seed: int) -> OtherPackage:
    """The package, or NotAvailable with what to do; its fits draw nothing, so ``seed`` is not looked at."""
    package = _imported()

    def fit(family: str, columns: Columns) -> Found:
        def estimate() -> dict[str, float]:
            model = _model(package, family, columns)
            model.fit(method="map", progressbar=False)
            return {name: float(model.fit_result[name].values.ravel()[0]) for name in _MODELS[family][1]}

        return timed(estimate)

    def expected_purchases(family: str, parameters: Parameters, columns: Columns, horizon: float) -> Array:
        model, rows = _known(package, family, parameters, columns), _frame(family, columns)
        with quiet():
            return _one_draw(model.expected_purchases(rows, future_t=horizon))

    def p_alive(family: str, parameters: Parameters, columns: Columns) -> Array:
        model, rows = _known(package, family, parameters, columns), _frame(family, columns)
        now = {"future_t": 0} if family in ("pareto_nbd", "bg_bb") else {}
        with quiet():
            return _one_draw(model.expected_probability_alive(rows, **now))

    def expected_spend(parameters: Parameters, columns: Columns) -> Array:
        rows = _frame("gamma_gamma", {"frequency": columns["frequency"], "monetary_value": paid(columns)})
        with quiet():
            return _one_draw(_known(package, "gamma_gamma", parameters, columns).expected_customer_spend(rows))

    return OtherPackage(
        name="pymc_marketing",
        version=str(import_module("pymc_marketing").__version__),
        families=tuple(name for name, (cls, _) in _MODELS.items() if hasattr(package, cls)),
        fit=fit,
        expected_purchases=expected_purchases,
        p_alive=p_alive,
        expected_spend=expected_spend,
        log_likelihood=None,
        value=None,
        searching=dict.fromkeys(_MODELS, _SEARCHING),
        priors={family: told for family in _MODELS if (told := _priors(package, family))},
    )


def _imported() -> Any:
    with quiet():
        try:
            return import_module("pymc_marketing.clv")
        except Exception as error:  # another package may raise anything
            absent = isinstance(error, ImportError) and (error.name or "pymc_marketing") == "pymc_marketing"
            why = "it is not installed." if absent else f"its import broke off. {told(error)}"
            raise NotAvailable(
                f"pymc_marketing cannot be asked, for {why} pip install pymc-marketing installs it with what it needs"
            ) from None


def _frame(family: str, columns: Columns) -> Any:
    import pandas as pd

    names = ("frequency", "monetary_value") if family == "gamma_gamma" else _STATISTICS
    rows = pd.DataFrame({name: columns[name] for name in names})
    if family == "bg_bb":
        rows = rows.astype(np.int64)
    rows.insert(0, "customer_id", np.arange(len(rows)))
    return rows


def _model(package: Any, family: str, columns: Columns) -> Any:
    return getattr(package, _MODELS[family][0])(data=_frame(family, columns))


def _known(package: Any, family: str, parameters: Parameters, columns: Columns) -> Any:
    """A model that was given parameters: a posterior of one draw."""
    arviz, xarray = import_module("arviz"), import_module("xarray")
    with quiet():
        model = _model(package, family, columns)
        model.build_model()
        draw = {name: (("chain", "draw"), np.array([[parameters[name]]])) for name in _MODELS[family][1]}
        model.idata = arviz.InferenceData(posterior=xarray.Dataset(draw))
    return model


def _one_draw(values: Any) -> Array:
    return np.asarray(values.values, dtype=np.float64).ravel()


def _priors(package: Any, family: str) -> str:
    """The default priors in a half-sentence; nothing where all are flat."""
    one = {name: np.ones(1) for name in ("frequency", "recency", "T", "monetary_value")}
    with quiet():
        config = _model(package, family, one).model_config
    told = [
        f"{name} ~ {prior.distribution}({', '.join(f'{key}={value}' for key, value in prior.parameters.items())})"
        for name, prior in config.items()
        if hasattr(prior, "distribution") and not name.endswith("coefficient") and prior.distribution not in _FLAT
    ]
    return ", ".join(told)
