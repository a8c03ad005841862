"""Costs and other money as arrays, checked: numbers, finite, and not negative where they must not be."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..models import statistics
from ..models.time_units import numbers
from ..numerics.arrays import Array


def checked_costs(frame: Any, given: Any, name: str, least: float = 0.0) -> Array:
    """Money as finite floats of at least ``least``: one a row of a frame; without a frame of the shape given.

    >>> checked_costs(None, [3, 4.5], "cost")
    array([3. , 4.5])
    """
    rule = "must be finite" if least == -np.inf else f"must be finite and at least {least:g}"
    if frame is None:
        values = numbers(given, f"{name} must be a number")
        refuse_any(~(np.isfinite(values) & (values >= least)), values, f"{name} {rule}")
        return values
    if isinstance(given, str) or np.ndim(given) > 0:
        values = statistics.per_row(frame, given, name)
        statistics.refuse(frame, ~(np.isfinite(values) & (values >= least)), values, name, rule)
        return values
    value = one_price(given, name, least)
    return np.full(frames.n_rows(frame), value)


def one_price(given: Any, name: str, least: float = 0.0) -> float:
    """One finite amount of money of at least ``least``.

    >>> one_price(30, "cost")
    30.0
    """
    values = checked_costs(None, given, name, least)
    if values.ndim:
        raise InvalidInput(f"{name} must be one number; found {values.size} of them")
    return float(values)


def refuse_any(wrong: Any, values: Array, rule: str) -> None:
    """Raise if any value is wrong: how many, and which first."""
    if not np.any(wrong):
        return
    if np.ndim(values) == 0:
        raise InvalidInput(f"{rule}; found {float(values):.10g}")
    i = int(np.argmax(np.ravel(wrong)))
    raise InvalidInput(
        f"{rule}: {int(np.sum(wrong))} of {values.size} values violate it, first {np.ravel(values)[i]:.10g} "
        f"(number {i + 1})"
    )
