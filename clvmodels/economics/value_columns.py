"""The values of customers: a column of a scored table, or numbers themselves."""

from __future__ import annotations

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
