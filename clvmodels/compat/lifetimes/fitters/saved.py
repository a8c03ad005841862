"""Files of fitters: JSON with parameters, errors and rows, read back bit by bit and never trusted.

Floats are written with their shortest exact text; NaN and the infinities, which JSON does not have, as the words
"nan", "inf" and "-inf". lifetimes writes pickles, which can run anything when they are opened: they never are here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ....errors import InvalidInput, UnreadableModel
from ....files import written_whole
from ....models.saved import refuse_constant, refuse_repeats
from ....units import hours_in
from ....versions import version_of

if TYPE_CHECKING:
    from . import BaseFitter

FORMAT = "clvmodels lifetimes fitter"
VERSION = 1
_MOST_BYTES = 1_000_000_000  # some twenty million customers
_NUMBERS = ("penalizer_coef", "_scale", "_negative_log_likelihood_")
_MATRICES = ("_hessian_", "_covariance")
_WORDS = {"nan", "inf", "-inf"}
_UNITS = ("s", "ms", "us", "ns")


def save(
    fitter: BaseFitter,
    path: str | os.PathLike[str],
    save_data: bool,
    save_generate_data_method: bool,
    values_to_save: Sequence[Any] | None,
) -> None:
    """Write a fitter to ``path``; an existing file is replaced only by a whole new one."""
    there = fitter.__dict__
    instead = [*([] if values_to_save is None else values_to_save), None, None][:2]
    content: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "fitter": type(fitter).__name__,
        "package": version_of("clvmodels"),
        "numbers": {name: _number(there[name]) for name in _NUMBERS if there.get(name) is not None},
        "matrices": {
            name: [[_number(v) for v in row] for row in there[name]]
            for name in _MATRICES
            if there.get(name) is not None
        },
        "time_unit": fitter._time_unit,
    }
    if "params_" in there:
        content["params"] = {str(name): _number(value) for name, value in fitter.params_.items()}
    data = there.get("data")
    if save_data and isinstance(data, pd.DataFrame):
        content["data"] = _frame(data)
    elif "data" in there:
        content["instead_of_data"] = instead[0] if not save_data else data
    if there.get("generate_new_data") is None or not save_generate_data_method:
        content["instead_of_generate_new_data"] = instead[1]
    try:
        text = json.dumps(content, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"cannot save the fitter: values_to_save, and names of columns, must be numbers, text or None "
            f"({str(error)[:80]})"
        ) from None
    raw = text.encode("utf-8")
    if len(raw) > _MOST_BYTES:
        raise InvalidInput(
            f"the fitter is too large to be read back: {len(raw):,} bytes, expected at most {_MOST_BYTES:,}. Use "
            "save_data=False to leave the rows out"
        )
    with written_whole(path) as temporary:
        temporary.write_bytes(raw)


def load(fitter: BaseFitter, path: str | os.PathLike[str]) -> None:
    """Take everything from a file; the fitter stays as it was if that cannot be read."""
    content = _read(path, type(fitter).__name__)
    if content.get("fitter") != type(fitter).__name__:
        raise UnreadableModel(
            f"{path} holds a {str(content.get('fitter'))[:40]}, and this is a {type(fitter).__name__}: load it into "
            "one of its own class"
        )
    try:
        found = _attributes(content, _names_of(fitter))
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise UnreadableModel(
            f"{path} is a damaged fitter file ({type(error).__name__}: {str(error)[:80]}): expected what save_model() "
            "wrote. Fit and save it again"
        ) from None
    fitter.__dict__.clear()
    if "params_" in found:
        fitter._bind()
    if "instead_of_generate_new_data" in content:
        fitter.generate_new_data = content["instead_of_generate_new_data"]
    fitter.__dict__.update(found)


def _names_of(fitter: BaseFitter) -> set[str] | None:
    family = getattr(fitter, "_family", None)
    return None if family is None else set(family.parameters)


def _attributes(content: dict[str, Any], names: set[str] | None) -> dict[str, Any]:
    found: dict[str, Any] = {name: _float(content["numbers"][name]) for name in _NUMBERS if name in content["numbers"]}
    if "_negative_log_likelihood_" in found:
        found["_negative_log_likelihood_"] = np.float64(found["_negative_log_likelihood_"])
    found["_time_unit"] = content["time_unit"]
    if content["time_unit"] is not None:
        hours_in(content["time_unit"])
    if "params" in content:
        params = content["params"]
        if names is not None and set(params) != names:
            raise ValueError(f"parameters {', '.join(params)}")
        found["params_"] = pd.Series([_float(v) for v in params.values()], index=list(params))
    for name in _MATRICES:
        if name in content["matrices"]:
            rows = [[_float(v) for v in row] for row in content["matrices"][name]]
            if any(len(row) != len(content["params"]) for row in rows) or len(rows) != len(content["params"]):
                raise ValueError(f"{name} of another shape")
            found[name] = np.array(rows)
    if "data" in content:
        found["data"] = _frame_of(content["data"])
    elif "instead_of_data" in content:
        found["data"] = content["instead_of_data"]
    return found


def _number(value: Any) -> float | str:
    value = float(value)
    return value if np.isfinite(value) else str(value)


def _float(value: Any) -> float:
    if isinstance(value, bool) or not (isinstance(value, (int, float)) or value in _WORDS):
        raise ValueError(f"{str(value)[:40]!r} is no number")
    return float(value)


def _frame(data: pd.DataFrame) -> dict[str, Any]:
    if isinstance(data.index, pd.MultiIndex) or isinstance(data.columns, pd.MultiIndex):
        raise InvalidInput("cannot save rows with an index of several levels: use save_data=False to leave them out")
    index = data.index
    if isinstance(index, pd.RangeIndex):
        rows: dict[str, Any] = {"kind": "range", "values": [index.start, index.stop, index.step]}
    else:
        rows = _column(index)
    columns = [[name, _column(data[name])] for name in data.columns]
    return {"index": rows, "index_name": index.name, "columns": columns}


def _column(values: Any) -> dict[str, Any]:
    """The kind of a column, and its values as JSON has them."""
    dtype = values.dtype
    if isinstance(dtype, pd.DatetimeTZDtype):
        instants = pd.DatetimeIndex(values).tz_convert("UTC").tz_localize(None)
        return {**_column(instants), "zone": str(dtype.tz)}
    if isinstance(dtype, np.dtype) and dtype.kind == "M":
        unit = np.datetime_data(dtype)[0]
        return {"kind": "instant", "unit": unit, "values": values.to_numpy().view("int64").tolist()}
    if isinstance(dtype, np.dtype) and dtype.kind in "iu":
        return {"kind": dtype.name, "values": values.tolist()}
    if isinstance(dtype, np.dtype) and dtype.kind == "b":
        return {"kind": "bool", "values": values.tolist()}
    if isinstance(dtype, np.dtype) and dtype.kind == "f":
        numbers = values.to_numpy()
        listed: list[Any] = numbers.tolist()
        for i in np.flatnonzero(~np.isfinite(numbers)):
            listed[i] = str(listed[i])
        return {"kind": dtype.name, "values": listed}
    if pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype):
        kind = "object" if pd.api.types.is_object_dtype(dtype) else "text"
        return {"kind": kind, "values": [_scalar(v) for v in values]}
    raise InvalidInput(
        f"cannot save rows with a column or index of {dtype}: expected numbers, text or instants. Use save_data=False "
        "to leave the rows out"
    )


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, (np.integer, np.bool_)):
        return value.item()
    if value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    raise InvalidInput(
        f"cannot save rows with {type(value).__name__} among their values: expected numbers, text or instants. Use "
        "save_data=False to leave the rows out"
    )


def _frame_of(content: Mapping[str, Any]) -> pd.DataFrame:
    rows, name = content["index"], content["index_name"]
    if rows["kind"] == "range":
        start, stop, step = rows["values"]
        index: pd.Index[Any] = pd.RangeIndex(start, stop, step, name=name)
    else:
        index = pd.Index(_column_of(rows), name=name)
    columns = {name: _column_of(column) for name, column in content["columns"]}
    if any(len(column) != len(index) for column in columns.values()) or (len(index) and not columns):
        raise ValueError("columns of different lengths")
    arrays = {name: column.array if isinstance(column, pd.Index) else column for name, column in columns.items()}
    return pd.DataFrame(arrays, index=index)


def _column_of(content: Mapping[str, Any]) -> Any:
    kind, values = content["kind"], content["values"]
    if not isinstance(values, list):
        raise TypeError("values that are no list")
    if kind == "instant":
        if content["unit"] not in _UNITS:
            raise ValueError("an unknown unit of instants")
        instants = pd.DatetimeIndex(np.array(values, dtype="int64").view(f"M8[{content['unit']}]"))
        if "zone" not in content:
            return instants
        zone = str(content["zone"])
        if zone.startswith("dateutil"):  # pandas would open whichever file its name goes on with
            raise ValueError("a zone that is a file")
        return instants.tz_localize("UTC").tz_convert(zone)
    if kind in ("object", "text"):
        if not all(v is None or isinstance(v, (str, bool, int)) for v in values):
            raise TypeError("values that are neither text nor numbers")
        return pd.Index(values, dtype=object) if kind == "object" else pd.Index(values)
    if kind not in (
        "bool",
        "float64",
        "float32",
        "float16",
        *(f"{u}int{n}" for u in ("", "u") for n in (8, 16, 32, 64)),
    ):
        raise ValueError(f"an unknown kind of column, {str(kind)[:40]!r}")
    numbers = np.array(values, dtype=kind) if values else np.zeros(0, dtype=kind)
    if numbers.ndim != 1:
        raise ValueError("a column of lists")
    return numbers


def _read(path: str | os.PathLike[str], name: str) -> dict[str, Any]:
    with open(path, "rb") as file:
        raw = file.read(_MOST_BYTES + 1)
    if raw[:1] == b"\x80":
        raise UnreadableModel(
            f"{path} is a pickle, as lifetimes itself writes them: opening one can run anything, so it is not opened. "
            f"Load it with lifetimes where it was written, fitter = {name}(); fitter.load_model(path), and write it "
            f"there anew: for load_model, from clvmodels.compat import lifetimes as ours; new = ours.{name}(); "
            "new.params_, new.data = fitter.params_, fitter.data; new.save_model(NEW); or for clvmodels.load_model, "
            f"clvmodels.from_lifetimes(fitter{_unit_to_say(name)}"
        )
    if len(raw) > _MOST_BYTES:
        raise UnreadableModel(f"{path} is no fitter file: expected at most {_MOST_BYTES:,} bytes, found more")
    try:
        content = json.loads(raw.decode("utf-8"), parse_constant=refuse_constant, object_pairs_hook=refuse_repeats)
    except (ValueError, RecursionError) as error:
        raise UnreadableModel(f"{path} is no fitter file: expected JSON, found {str(error)[:80]}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UnreadableModel(
            f"{path} is no fitter file: expected JSON with format {FORMAT!r}, as save_model() writes it. Models of "
            "clvmodels are read with clv.load_model(path)"
        )
    if content.get("version") != VERSION or isinstance(content.get("version"), bool):
        raise UnreadableModel(
            f"{path} is a fitter file of version {str(content.get('version'))[:20]!r}; this release reads version "
            f"{VERSION}. Use the release that wrote it, or fit and save it again"
        )
    return content


def _unit_to_say(name: str) -> str:
    """What a model of purchases needs before it is saved, and one of spend does not have."""
    return ").save(NEW)" if name == "GammaGammaFitter" else ', time_unit="week").save(NEW) if a week is 1.0 in T'
