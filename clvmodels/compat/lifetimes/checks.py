"""What no fit can use, refused as lifetimes refuses it; `utils` has these names too, as there."""

from __future__ import annotations

from typing import Any

import numpy as np


class ConvergenceError(ValueError):
    """A fit did not arrive."""


def _check_inputs(frequency: Any, recency: Any = None, T: Any = None, monetary_value: Any = None) -> None:
    """Refuse what no customer can be, in the order and the words that lifetimes has."""
    x = np.asarray(frequency)
    if recency is not None:
        t_x = np.asarray(recency)
        if T is not None and np.any(t_x > np.asarray(T)):
            raise ValueError("Some values in recency vector are larger than T vector.")
        if np.any(t_x[x == 0] != 0):
            raise ValueError("There exist non-zero recency values when frequency is zero.")
        if np.any(t_x < 0):
            raise ValueError("There exist negative recency (ex: last order set before first order)")
        if not (len(t_x) and len(x) and (T is None or len(np.asarray(T)))):
            raise ValueError("There exists a zero length vector in one of frequency, recency or T.")
    with np.errstate(invalid="ignore"):  # what is no number is no whole one
        whole = x.astype(int)
    if np.any(x != whole):
        raise ValueError("There exist non-integer values in the frequency vector.")
    if monetary_value is not None and np.any(np.asarray(monetary_value) <= 0):
        raise ValueError("There exist non-positive (<= 0) values in the monetary_value vector.")
