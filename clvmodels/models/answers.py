"""One question about every customer, asked once, several times, or with a value of its own for each row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..numerics.arrays import Array
from . import statistics
from .time_units import checked_lengths, labels, numbers


def answer(
    frame: Any,
    name: str,
    what: str,
    given: Any,
    function: Callable[[Any], Array],
    check: Callable[[Any, str], Array] = checked_lengths,
    before: dict[str, Array] | None = None,
) -> Any:
    """One number gives a Series; a list or range a frame, a column each; a column, Series or array one value a row.

    With columns to stand ``before`` it is always a frame.
    """
    if is_list(given):
        return frames.table((before or {}) | dict(_each(name, what, given, function, check)), frame)
    values = function(one_or_per_row(frame, given, what, check))
    return frames.series(values, name, frame) if before is None else frames.table(before | {name: values}, frame)


def is_list(given: Any) -> bool:
    """Whether these are several values for everybody, and not one a row."""
    return isinstance(given, (list, tuple, range))


def _each(
    name: str, what: str, given: Any, function: Callable[[Any], Array], check: Callable[[Any, str], Array]
) -> Iterator[tuple[str, Array]]:
    each = [float(v) for v in check(list(given), what)]
    for label, v in zip(labels(each, what), each, strict=True):
        yield f"{name}_{label}", function(v)


def one_or_per_row(frame: Any, given: Any, what: str, check: Callable[[Any, str], Array] = checked_lengths) -> Any:
    """One number for everybody, or an array of one a row: from a column name, a Series or an array."""
    if is_list(given):
        raise InvalidInput(
            f"{what} must be one number where another list makes the columns; found {str(given)[:60]}. One per row may "
            "be given as a column name, a Series or an array"
        )
    if isinstance(given, str) or np.ndim(given) > 0:
        return check(statistics.per_row(frame, given, what), what)
    return check(given, what)[()]


def one_horizon(frame: Any, given: Any) -> Any:
    """A horizon for everybody, or an array of one a row; several for everybody are refused."""
    if is_list(given):
        raise InvalidInput(f"horizon must be one number, or one per row; found {str(given)[:60]}: ask for each")
    found = one_or_per_row(frame, given, "horizon")
    return found if np.ndim(found) else float(found)


def checked_shares(values: Any, what: str) -> Array:
    """Probabilities at which quantiles are wanted: at least 0 and below 1."""
    result = numbers(values, f"{what} must be a probability")
    wrong = ~((result >= 0) & (result < 1))
    if wrong.any():
        first = float(result[wrong].flat[0]) if result.ndim else float(result)
        count = f": {wrong.sum()} of {result.size} are not, first {first!r}" if result.ndim else f"; found {first!r}"
        raise InvalidInput(f"{what} must be at least 0 and below 1, for example 0.5 for the median{count}")
    return result
