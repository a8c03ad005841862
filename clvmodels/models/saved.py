"""Saved models: small versioned JSON files, read back bit by bit and never trusted.

A file holds family, parameters, covariance, facts, report, a profile of the customers fitted on, package versions and,
if so asked, the draws of a posterior; no customer, and nothing that could run. Floats are written with their shortest
exact text; NaN and infinity, which JSON does not have, as null with the reason listed beside.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from typing import Any

import numpy as np

from ..errors import ClvError, InvalidInput, UnreadableModel
from ..families import PURCHASE_FAMILIES, SPEND_FAMILIES, purchase_family, spend_family
from ..families.contract import PurchaseFamily, SpendFamily
from ..files import written_whole
from ..inference.fit_report import FitReport
from ..units import hours_in
from .clv import CLVModel
from .fitted import PROFILE_POINTS, Fitted, checked_parameters
from .purchase import PurchaseModel
from .saved_posterior import described, number, restored
from .spend import SpendModel

FORMAT = "clvmodels model"
VERSION = 1
_MOST_BYTES = 10_000_000  # 100,000 draws of four parameters
_DEEPEST = 20

Family = PurchaseFamily | SpendFamily
Model = PurchaseModel | SpendModel | CLVModel


def save(model: Model, path: str | os.PathLike[str], posterior: bool = False) -> None:
    """Write a fitted model to ``path``; an existing file is replaced only by a whole new one."""
    text = to_text(model, posterior)
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def to_text(model: Model, posterior: bool = False) -> str:
    """What the file of a fitted model holds."""
    content = {"format": FORMAT, "version": VERSION, **_described(model, posterior)}
    reasons: dict[str, str] = {}
    text = json.dumps({**_plain(content, "", reasons), "nulls": reasons}, indent=1, allow_nan=False, ensure_ascii=False)
    size = len(text.encode("utf-8")) + 1
    if size > _MOST_BYTES:
        raise InvalidInput(
            f"the model is too large to be read back: {size:,} bytes, expected at most {_MOST_BYTES:,}. Save it "
            "without the posterior, or draw fewer"
        )
    return text + "\n"


def load_model(path: str | os.PathLike[str], family: Family | tuple[Family, ...] = ()) -> Any:
    """Read a saved PurchaseModel, SpendModel or CLVModel, equal to the last bit to the one that was saved.

    Parameters
    ----------
    path
        A file that ``save`` wrote.
    family
        The family value, or two of them, if the model was made with your own: only what this package ships is looked
        up by name.

    Returns
    -------
    PurchaseModel, SpendModel or CLVModel
        With parameters, and with the fit report and standard errors if they were estimated.

    Raises
    ------
    UnreadableModel
        If the file is not such a model, is damaged, too large or too deeply nested, or of a version not known here.
    InvalidInput
        If there is no such file, or it needs ``family=``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> model = PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "model.json")
    ...     model.save(path)
    ...     load_model(path)
    PurchaseModel('nbd', time_unit='week'): r=0.385, alpha=12.07
    """
    return _loaded(_raw(path), path, family)


def from_text(text: str) -> Any:
    """The model of a file's text, of shipped families only.

    >>> from_text(to_text(PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")))
    PurchaseModel('nbd', time_unit='week'): r=0.385, alpha=12.07
    """
    return _loaded(text.encode("utf-8"), "the text", ())


def _loaded(raw: bytes, path: Any, family: Family | tuple[Family, ...]) -> Model:
    content = _read(raw, path)
    own = family if isinstance(family, tuple) else (family,)
    if not all(isinstance(f, (PurchaseFamily, SpendFamily)) for f in own):
        raise InvalidInput(f"family must be a family value or a tuple of them; found {str(family)[:60]}")
    try:
        nulls = content.pop("nulls")
        for place, reason in nulls.items():
            _restore(content, place.split("/"), float(reason))
        return _made(content, own)
    except ClvError as error:
        raise type(error)(f"{path}: {error}") from None
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise UnreadableModel(
            f"{path} is a damaged model file ({type(error).__name__}: {str(error)[:80]}): expected what save() wrote. "
            "Fit and save the model again"
        ) from None


def fingerprint(model: Model) -> str:
    """SHA-256 of all that decides what a model answers, and of nothing else: neither of its report nor of formatting.

    Those are the families, parameters, covariances, draws of a posterior, time unit, rate and margin.

    >>> model = PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    >>> fingerprint(model)[:12]
    '5d44cd857089'
    """
    reasons: dict[str, str] = {}
    content = _plain(_deciding(_described(model, True)), "", reasons)
    text = json.dumps([content, reasons], sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _deciding(content: dict[str, Any]) -> dict[str, Any]:
    names = (
        *("kind", "family", "time_unit", "parameters", "covariance_of_log_parameters", "annual_discount_rate"),
        *("margin", "posterior"),
    )
    parts = {name: _deciding(content[name]) for name in ("purchases", "spend") if name in content}
    report = content.get("fit_report")  # without trust in it there are no intervals
    trust = {} if report is None else {"converged": report["converged"]}
    return {name: content[name] for name in names if name in content} | parts | trust


def _described(model: Model, posterior: bool) -> dict[str, Any]:
    if isinstance(model, CLVModel):
        return {
            "kind": "clv",
            "annual_discount_rate": model.annual_discount_rate,
            "margin": model.margin,
            "purchases": _described(model.purchases, posterior),
            "spend": _described(model.spend, posterior),
        }
    if isinstance(model, PurchaseModel):
        return {"kind": "purchase", "time_unit": model._unit, **_described_fit(model, posterior)}
    return {"kind": "spend", **_described_fit(model, posterior)}


def _described_fit(model: PurchaseModel | SpendModel, posterior: bool) -> dict[str, Any]:
    state = model._state
    draws = {} if state.posterior is None or not posterior else {"posterior": described(state.posterior)}
    return {
        "family": model.family.name,
        "shipped": model.family in _shipped(),
        "parameters": state.parameters,
        "covariance_of_log_parameters": None if state.covariance is None else state.covariance.tolist(),
        "facts": state.facts,
        "fit_report": None if state.report is None else asdict(state.report),
        "training_profile": state.profile,
        "versions": state.versions,
        "robust_covariance_of_log_parameters": (
            None if state.robust_covariance is None else state.robust_covariance.tolist()
        ),
        **draws,
    }


def _plain(value: Any, place: str, reasons: dict[str, str]) -> Any:
    """JSON values; what JSON cannot hold becomes null, with its place and reason noted."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v, f"{place}/{k}" if place else str(k), reasons) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v, f"{place}/{i}", reasons) for i, v in enumerate(value)]
    if isinstance(value, (float, np.floating)) and not math.isfinite(value):
        reasons[place] = str(float(value))
        return None
    if isinstance(value, (np.floating, np.integer, np.bool_)):
        return value.item()
    return value


def _restore(content: Any, place: list[str], value: float) -> None:
    *path, last = place
    for step in path:
        content = content[int(step)] if isinstance(content, list) else content[step]
    key: Any = int(last) if isinstance(content, list) else last
    if content[key] is not None:
        raise ValueError("a null that is none")
    content[key] = value


def _raw(path: str | os.PathLike[str]) -> bytes:
    try:
        with open(os.fspath(path), "rb") as file:
            return file.read(_MOST_BYTES + 1)
    except (OSError, TypeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise InvalidInput(f"cannot read the model file {str(path)[:200]!r}: {reason}") from None


def _read(raw: bytes, path: Any) -> dict[str, Any]:
    if len(raw) > _MOST_BYTES:
        raise UnreadableModel(f"{path} is no model file: expected at most {_MOST_BYTES:,} bytes, found more")
    if raw[:1] == b"\x80":
        raise UnreadableModel(
            f"{path} is no model file but a pickle, which can run anything when it is opened, so it is not opened: "
            "expected JSON as save() writes it. Of a fitter of lifetimes: load it with lifetimes where it was written, "
            'and save what clvmodels.from_lifetimes(fitter, time_unit="week") gives, if a week is 1.0 in T'
        )
    try:
        text = raw.decode("utf-8")
        _refuse_depth(text, path)
        content = json.loads(text, parse_constant=refuse_constant, object_pairs_hook=refuse_repeats)
    except UnreadableModel:
        raise
    except (ValueError, RecursionError) as error:
        raise UnreadableModel(f"{path} is no model file: expected JSON, found {str(error)[:80]}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        kind = content.get("fitter") if isinstance(content, dict) else None
        raise UnreadableModel(
            f"{path} is no model file: expected JSON with format {FORMAT!r}"
            + (
                f". It is a fitter of clvmodels.compat.lifetimes: load it with fitter = {kind[:40]}(); "
                "fitter.load_model(path), and take clvmodels.from_lifetimes(fitter)"
                if isinstance(kind, str) and kind.isidentifier()
                else ""
            )
        )
    if content.get("version") != VERSION or isinstance(content.get("version"), bool):
        raise UnreadableModel(
            f"{path} is a model file of version {str(content.get('version'))[:20]!r}; this release reads version "
            f"{VERSION}. Use the release that wrote it, or fit and save the model again"
        )
    return content


def _refuse_depth(text: str, path: Any) -> None:
    depth, quoted, escaped = 0, False, False
    for c in text:
        if quoted:
            escaped, quoted = (c == "\\" and not escaped), (c != '"' or escaped)
        elif c == '"':
            quoted = True
        elif c in "[{":
            depth += 1
            if depth > _DEEPEST:
                raise UnreadableModel(f"{path} is no model file: nested deeper than {_DEEPEST} levels")
        elif c in "]}":
            depth -= 1


def refuse_constant(name: str) -> None:
    """Raise for NaN and Infinity, which Python's reader would take: json.loads(parse_constant=...)."""
    raise ValueError(f"the constant {name}, which is not JSON")


def refuse_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON whose keys all differ: json.loads(object_pairs_hook=...)."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("an object with the same key twice")
    return result


def _shipped() -> list[Family]:
    return [*map(purchase_family, PURCHASE_FAMILIES), *map(spend_family, SPEND_FAMILIES)]


def _made(content: dict[str, Any], own: tuple[Family, ...]) -> Model:
    kind = content["kind"]
    if kind == "clv":
        margin, rate = content["margin"], content["annual_discount_rate"]
        made_purchases, made_spend = _made(content["purchases"], own), _made(content["spend"], own)
        if not (isinstance(made_purchases, PurchaseModel) and isinstance(made_spend, SpendModel)):
            raise ValueError("parts of another kind")
        if not isinstance(margin, str):
            number(margin)
        return CLVModel(made_purchases, made_spend, annual_discount_rate=number(rate), margin=margin)
    if kind == "purchase":
        family = _family(content, PURCHASE_FAMILIES, own, PurchaseFamily)
        hours_in(content["time_unit"])
        model = PurchaseModel(family, content["time_unit"])
        model._fitted = _fitted(content, model.family)
        return model
    if kind == "spend":
        spend_model = SpendModel(_family(content, SPEND_FAMILIES, own, SpendFamily))
        spend_model._fitted = _fitted(content, spend_model.family)
        return spend_model
    raise ValueError(f"unknown kind {str(kind)[:20]!r}")


def _family(content: dict[str, Any], shipped: tuple[str, ...], own: tuple[Family, ...], cls: type) -> Any:
    name = content["family"]
    for family in own:
        if isinstance(family, cls) and family.name == name:
            return family
    if name in shipped and content["shipped"] is True:
        return name
    raise InvalidInput(
        f"the model's family {str(name)[:40]!r} is not one that this package ships ({', '.join(shipped)}): "
        "give the family value it was made with, load_model(path, family=...)"
    )


def _fitted(content: dict[str, Any], family: Family) -> Fitted:
    facts, versions = content["facts"], content["versions"]
    for texts in (facts, versions):
        if not all(isinstance(v, str) or v is None for v in texts.values()):
            raise ValueError("facts or versions that are no text")
    return Fitted(
        checked_parameters(family, content["parameters"]),
        _covariance(content["covariance_of_log_parameters"], len(family.parameters)),
        _report(content["fit_report"]),
        facts,
        _profile(content["training_profile"]),
        versions,
        # files of 0.1 have none
        _covariance(content.get("robust_covariance_of_log_parameters"), len(family.parameters)),
        # most files have none
        None if content.get("posterior") is None else restored(content["posterior"], family, content.get("time_unit")),
    )


def _covariance(rows: Any, size: int) -> Any:
    if rows is None:
        return None
    covariance = np.array([[number(value) for value in row] for row in rows], dtype=np.float64)
    if covariance.shape != (size, size):
        raise ValueError("a covariance of the wrong size")
    known = ~np.isnan(np.diag(covariance))
    inner = covariance[np.ix_(known, known)]
    if not np.allclose(inner, inner.T, rtol=1e-9, atol=0) or (
        inner.size and np.linalg.eigvalsh(inner)[0] < -1e-12 * np.trace(inner)
    ):
        raise ValueError("a covariance that is none")
    return covariance


def _report(content: Any) -> FitReport | None:
    if content is None:
        return None
    known = {field.name: field for field in fields(FitReport)}
    needed = {name for name, field in known.items() if field.default is MISSING}
    if not needed <= set(content) <= set(known):
        raise ValueError("a fit report with other entries")
    for name, value in content.items():
        sort = str(known[name].type)
        text = sort == "str" or (sort == "str | None" and value is not None)
        if (sort == "bool" and not isinstance(value, bool)) or (text and not isinstance(value, str)):
            raise TypeError(f"{name} of the wrong type")
        if sort in ("int", "float") or (sort == "float | None" and value is not None):
            number(value)
    return FitReport(**{**content, "warnings": tuple(str(w) for w in content["warnings"])})


def _profile(content: Any) -> dict[str, Any]:
    if content:
        for name in ("customers", "log_likelihood"):
            number(content[name])
        if content["percent"] != list(PROFILE_POINTS):
            raise ValueError("a profile of other percentages")
        for values in content["points"].values():
            if len([number(v) for v in values]) != len(PROFILE_POINTS):
                raise ValueError("a profile of another length")
        for bins in content.get("bins", {}).values():  # files of 0.1 have none
            if len([number(v) for v in bins["customers"]]) != len([number(v) for v in bins["upper"]]) + 1:
                raise ValueError("a profile of other bins")
    return dict(content)
