"""What a scored table says of each customer, checked: values, which may be plain numbers too, and P(alive)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..models import statistics
from ..models.time_units import numbers
from ..numerics.arrays import Array


def read_values(given: Any, value: str = "clv") -> tuple[Any, Array]:
    """One value a customer, none of them missing, and the table that they stand in; None where there is none.

    Raises
    ------
    InvalidInput
        If there is no such column, or a value is missing or no number.

    Examples
    --------
    >>> import pandas
    >>> read_values(pandas.DataFrame({"clv": [3.0, 1.0]}))[1], read_values([2, 5])
    (array([3., 1.]), (None, array([2., 5.])))
    """
    if frames.kind(given) or isinstance(given, (str, Path)) or np.ndim(given) != 1:
        frame = frames.load(given)
        values = frames.numeric(frame, value)
        missing = np.isnan(values)
        if missing.any():
            statistics.refuse(frame, missing, values, value, "must be there for every customer")
        return frame, values
    values = numbers(given, f"{value} must be a table with that column, or one number a customer")
    missing = np.isnan(values)
    if missing.any():
        raise InvalidInput(
            f"{value} must be a number for every customer: {missing.sum()} of {len(values)} are missing, first in row "
            f"{int(np.argmax(missing))}"
        )
    return None, values


def refuse_infinite(frame: Any, values: Array, value: str) -> None:
    """Raise where a value has no end: no share of it can be told."""
    endless = np.isinf(values)
    if endless.any():
        i = int(np.argmax(endless))
        first = f"row {i}" if frame is None else frames.identifier_at(frame, i)
        raise InvalidInput(
            f"{value} must be finite, since nothing has a share of what is infinite: {endless.sum()} of {len(values)} "
            f"customers violate it, first {first}. Score with a finite horizon, or with a discount rate above 0; where "
            "expected_spend is infinite, the spend model's parameters leave it so"
        )


def finite_values(frame: Any, value: str) -> Array:
    """The column of a value, one a row; missing and infinite ones are refused.

    >>> import pandas
    >>> finite_values(pandas.DataFrame({"clv": [1, 2]}), "clv")
    array([1., 2.])
    """
    values = read_values(frame, value)[1]
    refuse_infinite(frame, values, value)
    return values


def probabilities(frame: Any) -> Array:
    """The column p_alive, one a row, each from 0 to 1.

    >>> import pandas
    >>> probabilities(pandas.DataFrame({"p_alive": [1, 0.2]}))
    array([1. , 0.2])
    """
    values = frames.numeric(frame, "p_alive")
    statistics.refuse(frame, ~((values >= 0) & (values <= 1)), values, "p_alive", "must be a probability, from 0 to 1")
    return values


def start_of_share(values: Array, quantiles: Sequence[float] | Array) -> Array:
    """The value of a customer with which each upper share begins, that of the quantile 0.8 being the upper fifth.

    Of n values in order it is number ⌈q·(n − 1)⌉, counted from 0: where q·n is whole, exactly (1 − q)·n of distinct
    values are at or above it. Who ties with it is in the upper share too.

    >>> start_of_share(np.arange(10.0), [0.5, 0.8])
    array([5., 8.])
    """
    at = np.asarray(quantiles, dtype=np.float64)
    if not len(values):
        return np.zeros(at.shape)
    # 0.55 · 100 is 55.00000000000001
    places = np.ceil(at * (len(values) - 1) - 1e-7).astype(np.intp)
    return np.asarray(np.partition(values, places)[places])
