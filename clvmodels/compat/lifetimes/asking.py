"""Arguments as lifetimes takes them become rows, and what comes out becomes what lifetimes gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...frames import FACTS_KEY, read_facts
from ...numerics.arrays import Array

_GROWN = 1.5  # T does not grow by what is done to rows; a unit is at least four times the next shorter one
_ROUND = 1.05  # a month of 30 days, or 4.345 weeks, is as good as any other


def time_unit_of(*columns: Any) -> str | None:
    """The time unit that a column of a summary made here still knows of, or None.

    pandas keeps what a column said of itself through arithmetic, but T, the first of the columns, is not longer than it
    ever was in that unit: where it is, somebody has changed the unit since.
    """
    facts = _facts_of(*columns)
    longest = _longest(facts)
    if (
        longest is not None
        and np.size(columns[0])
        and np.max(np.asarray(columns[0], dtype=np.float64)) > (_GROWN * longest)
    ):
        return None
    return facts.get("time_unit")


def shrunk_to(T: Any, share: float) -> bool:
    """Whether the T of a summary made here is no longer than this share of the longest one it had when it was made."""
    longest = _longest(_facts_of(T))
    return longest is not None and bool(
        np.max(np.asarray(T, dtype=np.float64), initial=0.0) <= _ROUND * share * longest
    )


def _facts_of(*columns: Any) -> dict[str, str | None]:
    for column in columns:
        text = getattr(column, "attrs", {}).get(FACTS_KEY)
        if text is not None:
            frame = pd.DataFrame()
            frame.attrs[FACTS_KEY] = text
            return read_facts(frame)
    return {}


def _longest(facts: dict[str, str | None]) -> float | None:
    try:
        return float(facts.get("longest_T") or "")
    except ValueError:
        return None


def aligned(*given: Any) -> tuple[Any, ...]:
    """The same, where Series of different indexes are put side by side by their labels."""
    series = [v for v in given if isinstance(v, pd.Series)]
    if len(series) < 2 or all(v.index is series[0].index or v.index.equals(series[0].index) for v in series):
        return given
    side_by_side = iter(pd.concat(series, axis=1).items())
    return tuple(next(side_by_side)[1] if isinstance(v, pd.Series) else v for v in given)


def rows_of(*given: Any) -> list[Any]:
    """Numbers as floats, and all else as float64 arrays that broadcast."""
    rows = [np.asarray(v, dtype=np.float64) for v in given]
    return [row if row.ndim else float(row) for row in rows]


def of_rows(function: Callable[..., Array], alone: Sequence[Any], rows: Sequence[Any]) -> Array:
    """``function(*alone, *rows)`` in the broadcast shape, NaN where one of them is NaN.

    What stands in ``alone`` stays a number if it is one: the future of many customers over one horizon is quicker.
    """
    shape = np.broadcast_shapes(*map(np.shape, (*alone, *rows)))
    if 0 in shape:
        return np.zeros(shape)
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        return _of_rows(function, alone, rows, shape)


def _of_rows(
    function: Callable[..., Array], alone: Sequence[Any], rows: Sequence[Any], shape: tuple[int, ...]
) -> Array:
    if not shape:
        return np.asarray(function(*alone, *rows) if not np.isnan([*alone, *rows]).any() else np.nan)
    columns = [np.broadcast_to(row, shape).ravel() for row in rows]
    others = [v if np.ndim(v) == 0 else np.broadcast_to(v, shape).ravel() for v in alone]
    missing = np.zeros(int(np.prod(shape)), dtype=bool)
    for values in (*alone, *rows):
        there = np.isnan(values)
        if np.any(there):
            missing |= np.broadcast_to(there, shape).ravel()
    if not missing.any():
        return np.asarray(function(*others, *columns)).reshape(shape)
    result = np.full(len(missing), np.nan)
    kept = ~missing
    if kept.any():
        cut = [v if np.ndim(v) == 0 else v[kept] for v in (*others, *columns)]
        result[kept] = function(*cut)
    return result.reshape(shape)


def answered(values: Array, *given: Any) -> Any:
    """Values as lifetimes gives them: a Series if a Series came in, a number for numbers, else an array."""
    series = [argument for argument in given if isinstance(argument, pd.Series)]
    if series:
        names = {argument.name for argument in series}
        return pd.Series(values, index=series[0].index, name=names.pop() if len(names) == 1 else None)
    return values if np.ndim(values) else np.float64(values)
