"""What a scored table says of each customer, checked; and which values the upper shares of customers begin with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import frames
from ..models import statistics
from ..numerics.arrays import Array
from .value_columns import read_values, refuse_infinite


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
