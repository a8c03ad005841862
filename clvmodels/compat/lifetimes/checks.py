"""What no fit can use, refused as lifetimes refuses it; `utils` has these names too, as there."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import InvalidInput, NotFitted
from ...numerics.arrays import Array


class ConvergenceError(InvalidInput):
    """A fit did not arrive."""


class NotFittedYet(NotFitted, ValueError):
    """A question was put to a fitter that has no parameters; lifetimes raises ValueError."""


def checked_weights(weights: Any, n: int) -> Array:
    """How many customers each of n rows stands for, as float64."""
    known = np.asarray(weights).astype(np.float64)
    if known.shape != (n,) or not np.all(known >= 0) or not 0 < known.sum() < np.inf:
        raise InvalidInput(
            f"weights must be finite numbers of at least 0, not all of them 0, one for each of the {n} rows; "
            f"{int(np.sum(~((known >= 0) & (known < np.inf))))} of the {known.size} that were given are not, and their "
            f"sum is {known.sum():.6g}"
        )
    return known


def _check_inputs(frequency: Any, recency: Any = None, T: Any = None, monetary_value: Any = None) -> None:
    """Refuse what no customer can be; messages begin as they do in lifetimes."""
    x = np.asarray(frequency)
    if recency is not None:
        t_x = np.asarray(recency)
        if T is not None:
            _refuse(t_x > np.asarray(T), "Some values in recency vector are larger than T vector.")
        _refuse((x == 0) & (t_x != 0), "There exist non-zero recency values when frequency is zero.")
        _refuse(t_x < 0, "There exist negative recency (ex: last order set before first order).")
        if not (len(t_x) and len(x) and (T is None or len(np.asarray(T)))):
            raise InvalidInput("There exists a zero length vector in one of frequency, recency or T.")
    with np.errstate(invalid="ignore"):  # what is no number is no whole one
        _refuse(x != x.astype(int), "There exist non-integer values in the frequency vector.")
    if monetary_value is not None:
        _refuse(np.asarray(monetary_value) <= 0, "There exist non-positive (<= 0) values in the monetary_value vector.")


def _refuse(wrong: Any, text: str) -> None:
    if np.any(wrong):
        raise InvalidInput(f"{text} They are {np.sum(wrong)} of {np.size(wrong)}, first in row {np.argmax(wrong)}")
