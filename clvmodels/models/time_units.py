"""Which time unit a summary is in, and what to say when nobody knows or two sources disagree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, UnitMismatch, warn
from ..numerics.arrays import Array
from ..units import hours_in


def unit_to_compare(models: Sequence[Any], frame: Any, line: str) -> str:
    """The one unit of models and a summary; ``line`` is what to write of models without parameters."""
    given = [model for model in models if model.time_unit is None and model._fitted is not None]
    if given and not frames.read_facts(frame).get("time_unit") and all(model.time_unit is None for model in models):
        return unit_known(None, given[0].family.title)
    return unit_to_fit(next((model.time_unit for model in models if model.time_unit), None), frame, line)


def unit_to_fit(keyword: str | None, frame: Any, line: str) -> str:
    """The unit from the keyword or from the summary's facts; both must agree, one must be there."""
    known = frames.read_facts(frame).get("time_unit")
    if keyword is not None:
        hours_in(keyword)
    if keyword and known and keyword != known:
        raise UnitMismatch(
            f"the model was made for time_unit={keyword!r}, the summary says it is in {known!r}: "
            f"leave time_unit out, or summarise again with time_unit={keyword!r}"
        )
    unit = keyword or known
    if not unit:
        raise UnitMismatch(
            "the time unit is not known: expected it in the summary's metadata or as a keyword, found neither "
            f"(merging or saving a frame can lose its metadata). Write {line}"
        )
    hours_in(unit)
    return unit


def unit_known(unit: str | None, title: str) -> str:
    """The unit of a model with parameters; an error if nobody said it."""
    if unit is None:
        raise UnitMismatch(
            f"what was asked needs the time unit of this {title} model, and nobody has said it: the package that its "
            "parameters come from does not keep it. Write it where the model is made, if a week is 1.0 in T: "
            'clv.from_lifetimes(fitter, time_unit="week"), clv.from_pymc_marketing(source, time_unit="week") or '
            'clv.from_clvtools(parameters, time_unit="week")'
        )
    return unit


def refuse_unit(unit: str | None) -> None:
    """Raise for a unit that was given for a spend model."""
    if unit is not None:
        raise InvalidInput(f"a spend model has no time unit: leave time_unit={unit!r} out")


def check_unit_to_predict(unit: str | None, largest_trained: float | None, frame: Any, T: Array | None) -> None:
    """Refuse a summary in another unit; warn when an unlabelled one looks as though it were in another.

    So does one for a model that does not know its own: only sizes can be compared then.
    """
    known = frames.read_facts(frame).get("time_unit")
    if known and unit is not None:
        if known != unit:
            raise UnitMismatch(
                f"the model is in {unit}s, the summary in {known}s: summarise again with time_unit={unit!r}"
            )
        return
    if T is not None and T.size:
        warn_other_unit(unit, largest_trained, float(T.max()))


def warn_other_unit(unit: str | None, largest_trained: float | None, largest: float) -> None:
    """Warn where the largest T of an unlabelled summary is of another size than when the model was fitted."""
    if not largest_trained or largest_trained / 3 <= largest <= largest_trained * 3:
        return
    if unit is None:
        warn(
            f"neither the model nor anybody else has said its time unit, and the largest T of the summary is "
            f"{largest:.4g}, against {largest_trained:.4g} when the model was fitted. If the units differ, summarise "
            "again in the unit of the model, and give time_unit= where the model is made"
        )
    else:
        warn(
            f"the summary does not say its time unit and is taken to be in {unit}s, as the model is; but its largest T "
            f"is {largest:.4g}, against {largest_trained:.4g} when the model was fitted. If the unit is another, "
            f"summarise again with time_unit={unit!r}"
        )


def numbers(values: Any, rule: str) -> Array:
    """Floats, and never dates or durations, whose number would be one of nanoseconds."""
    try:
        given = np.asarray(values)
        if given.dtype.kind not in "iufbO" or (given.dtype.kind == "O" and any(isinstance(v, str) for v in given.flat)):
            raise TypeError
        return np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(f"{rule}; found {_shown(values)}") from None


def _shown(values: Any) -> str:
    """What was given, in a few words: a table or a result by its kind, not by the beginning of its picture."""
    if values is None or isinstance(values, (str, bytes, list, tuple, date, timedelta)) or np.isscalar(values):
        return str(values)[:60]
    if hasattr(values, "tolist"):
        return str(values.tolist())[:60]
    return f"a value of type {type(values).__name__}"


def one_or_endless(horizon: Any) -> float:
    """One horizon of at least 0; inf is allowed."""
    result = checked_lengths(horizon, "horizon")
    if result.ndim:
        raise InvalidInput(f"horizon must be one number; found {str(horizon)[:60]}")
    return float(result)


def one_length(value: Any, what: str) -> float:
    """One finite number of at least 0."""
    result = checked_lengths(value, what)
    if result.ndim or np.isinf(result):
        raise InvalidInput(f"{what} must be one finite number; found {str(value)[:60]}")
    return float(result)


def labels(lengths: Sequence[float], what: str) -> list[str]:
    """A short name for each, all different."""
    names = [f"{v:g}" for v in lengths]
    if len(set(names)) < len(names):
        names = [repr(v) for v in lengths]
    if len(set(names)) < len(names):
        raise InvalidInput(f"each {what} makes a column, so they must differ; found {list(lengths)}")
    return names


def checked_lengths(values: Any, what: str) -> Array:
    """Horizons and the like: not NaN and not negative; inf is allowed."""
    result = numbers(values, f"{what} must be a number in the model's time unit")
    wrong = ~(result >= 0)
    if wrong.any():
        first = float(result[wrong].flat[0]) if result.ndim else float(result)
        count = f": {wrong.sum()} of {result.size} violate it, first {first!r}" if result.ndim else f"; found {first!r}"
        raise InvalidInput(f"{what} must be a number of at least 0{count}")
    return result
