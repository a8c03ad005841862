"""Models of what the R package CLVTools estimated."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping
from typing import Any

import pandas as pd

from .. import frames
from ..errors import InvalidInput, NotAvailable
from ..families import purchase_family, spend_family
from ..models.fitted import Fitted, checked_parameters, package_versions
from ..models.purchase import PurchaseModel
from ..models.spend import SpendModel
from ..models.time_units import refuse_unit
from ..units import hours_in

# CLVTools' models, the families that they are, and CLVTools' names of the families' parameters
_MODELS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "pnbd": ("pareto_nbd", {"r": "r", "alpha": "alpha", "s": "s", "beta": "beta"}),
    "bgnbd": ("bg_nbd", {"r": "r", "alpha": "alpha", "a": "a", "b": "b"}),
    "gg": ("gamma_gamma", {"p": "p", "q": "q", "gamma": "v"}),
}
_GOMPERTZ = {"r", "alpha", "beta", "b", "s"}
_COVARIATES = ("life.", "trans.", "constr.")
_LOG = "log."
_ESTIMATE = "Estimate"  # the column of coef(summary(model))


def from_clvtools(
    parameters: Any, time_unit: str | None = None, family: str | None = None
) -> PurchaseModel | SpendModel:
    """Make a model of what the R package CLVTools estimated: ``coef(model)`` of ``pnbd``, ``bgnbd`` or ``gg``.

    The meanings are the same, and so are the names but for one: ``gamma`` of ``gg`` is v. Names with ``log.`` before
    them, those of its optimiser, are logarithms. CLVTools keeps the unit of time with its data and not with the
    parameters: without ``time_unit`` the model answers all that needs no unit and refuses the rest, as one of
    `from_lifetimes` does.

    Parameters
    ----------
    parameters
        Names and values: a mapping, a Series, a frame of names and values (or with names as its index), or the path of
        a CSV file that R's ``write.csv(coef(model), FILE)`` or ``write.csv(coef(summary(model)), FILE)`` wrote.
    time_unit
        ``"hour"``, ``"day"``, ``"week"`` or ``"year"``, the ``time.unit`` of its ``clvdata``; a spend model has none.
    family
        ``"pnbd"``, ``"bgnbd"`` or ``"gg"``, or this package's name of it; by default the one whose parameters these
        are.

    Returns
    -------
    PurchaseModel or SpendModel
        Of the family ``"pareto_nbd"``, ``"bg_nbd"`` or ``"gamma_gamma"``; a SpendModel of the last.

    Raises
    ------
    NotAvailable
        If the model has covariates or correlated processes, or is ``ggomnbd``, the Gamma-Gompertz/NBD.
    InvalidInput
        If the names are those of no model, a value is not finite and above 0, or the file cannot be read.

    Notes
    -----
    CLVTools discounts by ln(1.1) per *period* unless told, 9.5 % a week on weekly data; here a rate is per year. Its
    T counts as here: from the first purchase to the end of estimation.

    Source: Bachmann et al., CLVTools: Tools for Customer Lifetime Value Estimation, R package, ``?pnbd``, ``?bgnbd``,
    ``?gg``.

    Examples
    --------
    >>> model = from_clvtools({"r": 0.55328, "alpha": 10.5777, "s": 0.60624, "beta": 11.6687}, time_unit="week")
    >>> round(model.new_customer().expected_purchases(horizon=52), 4)
    1.4734
    >>> from_clvtools({"log.p": 1.8326, "log.q": 1.3191, "log.gamma": 2.737})
    SpendModel('gamma_gamma'): p=6.25, q=3.74, v=15.44
    """
    if time_unit is not None:
        hours_in(time_unit)
    given = _on_their_own_scale(_names_and_values(parameters))
    ours, names = _model_of(given, family)
    named = {names[name]: value for name, value in given.items()}
    if ours == "gamma_gamma":
        refuse_unit(time_unit)
        spend = SpendModel(spend_family(ours))
        spend._fitted = Fitted(checked_parameters(spend.family, named), versions=package_versions())
        return spend
    purchases = PurchaseModel(purchase_family(ours), time_unit)
    purchases._fitted = Fitted(checked_parameters(purchases.family, named), versions=package_versions())
    return purchases


def _model_of(given: Mapping[str, float], family: str | None) -> tuple[str, Mapping[str, str]]:
    """The family that has these parameters, and their names there."""
    if set(given) == _GOMPERTZ or family == "ggomnbd":
        raise NotAvailable(
            "ggomnbd, the Gamma-Gompertz/NBD, is none of this package's models: fit pnbd or bgnbd, or fit here, "
            'clv.PurchaseModel("pareto_nbd")'
        )
    known = {**_MODELS, **{ours: (ours, names) for ours, names in _MODELS.values()}}
    found = next((model for model in _MODELS.values() if set(model[1]) == set(given)), None)
    expected = "; ".join(f"{name}: {', '.join(names)}" for name, (_, names) in _MODELS.items())
    if family is not None:
        if not isinstance(family, str) or family not in known:
            raise InvalidInput(f"family must be one of {', '.join(known)}; found {str(family)[:60]!r}")
        if found != known[family]:
            wanted = ", ".join(known[family][1])
            raise InvalidInput(f"{family} has the parameters {wanted}; found {_shown(given)}")
    if found is None:
        raise InvalidInput(f"these are the parameters of no model of CLVTools ({expected}); found {_shown(given)}")
    return found


def _on_their_own_scale(given: Mapping[str, Any]) -> dict[str, float]:
    """Numbers by name, none of them a logarithm; covariates and correlation are refused."""
    result: dict[str, float] = {}
    effects = [name for name in given if name.startswith(_COVARIATES)]
    if effects:
        raise NotAvailable(
            f"the model has covariates, which none here has: {len(effects)} of its {len(given)} parameters are their "
            f"effects, first {effects[0]!r}. Fit it without covariates: the other parameters alone are those of a "
            "customer whose covariates are all 0"
        )
    correlated = [name for name in given if name.startswith("Cor(") or name == "correlation.param.m"]
    if correlated:
        raise NotAvailable(
            f"{correlated[0]!r} says that purchases and dropout are correlated, which they are in no model here: "
            "estimate without use.cor"
        )
    for name, value in given.items():
        own = name.removeprefix(_LOG)
        if own in result:
            raise InvalidInput(f"the parameter {own!r} is there twice, with and without {_LOG!r}: keep one of them")
        try:
            if isinstance(value, (str, bool)):
                raise TypeError
            number = float(value)
            result[own] = math.exp(number) if name.startswith(_LOG) else number
        except (TypeError, ValueError, OverflowError):
            raise InvalidInput(f"parameter {name} must be a number; found {str(value)[:60]!r}") from None
    return result


def _names_and_values(given: Any) -> dict[str, Any]:
    """Names and values of whatever holds them."""
    names: list[Any]
    if isinstance(given, (str, os.PathLike)):
        names, values = _read_csv(given)
    elif isinstance(given, Mapping):
        names, values = list(given), list(given.values())
    elif isinstance(given, pd.Series):
        names, values = list(given.index), given.tolist()
    else:
        names, values = _columns_of(given if isinstance(given, pd.DataFrame) else _frame_of(given))
    wrong = [name for name in names if not isinstance(name, str)]
    if wrong or not names:
        raise InvalidInput(f"parameters must be values by name, for example r and alpha; found {_shown(names)}")
    again = [name for i, name in enumerate(names) if name in names[:i]]
    if again:
        raise InvalidInput(f"each parameter must be there once; found {again[0]!r} again among {_shown(names)}")
    return dict(zip(names, values, strict=True))


def _columns_of(frame: pd.DataFrame) -> tuple[list[Any], list[Any]]:
    """Names are the first column of text, or the index; values are the column of estimates, or the only one left."""
    text = [i for i, kind in enumerate(frame.dtypes) if not pd.api.types.is_numeric_dtype(kind)]
    names = list(frame.iloc[:, text[0]] if text else frame.index)
    rest = [i for i in range(frame.shape[1]) if i not in text[:1]]
    if _ESTIMATE in frame.columns:
        rest = [list(frame.columns).index(_ESTIMATE)]
    if len(rest) != 1:
        raise InvalidInput(_two_columns([str(column) for column in frame.columns]))
    return names, frame.iloc[:, rest[0]].tolist()


def _frame_of(given: Any) -> pd.DataFrame:
    try:
        return pd.DataFrame(frames.to_pandas(frames.load(given)))
    except InvalidInput:
        raise InvalidInput(
            "parameters must be a mapping, a Series, a frame of names and values, or the path of a CSV file of them; "
            f"found {type(given).__name__}"
        ) from None


def _read_csv(path: str | os.PathLike[str]) -> tuple[list[str], list[Any]]:
    """Names and values of a file that R wrote: row names first; numbers with every digit that is there."""
    try:
        with open(os.fspath(path), encoding="utf-8-sig", newline="") as file:
            header, *rows = [row for row in csv.reader(file) if row] or [[]]
    except (OSError, ValueError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise InvalidInput(f"cannot read parameters from {str(path)[:200]!r}: {reason}") from None
    at = header.index(_ESTIMATE) if _ESTIMATE in header else 1
    if (len(header) != 2 and _ESTIMATE not in header) or any(len(row) != len(header) for row in rows):
        found = _two_columns([name or '""' for name in header])
        raise InvalidInput(f"{found}, in {str(path)[:200]!r}. R writes it with write.csv(coef(model), FILE)")
    return [row[0] for row in rows], [_number(row[at]) for row in rows]


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _two_columns(found: list[str]) -> str:
    return f"expected a column of names and one of values (or one called {_ESTIMATE}); found {_shown(found)}"


def _shown(names: Any) -> str:
    return ", ".join(map(str, names))[:200] or "nothing"
