"""Work on long columns in cache-sized blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Positions = NDArray[np.intp]


BLOCK = 8192  # rows: a few dozen columns of them stay in cache


def map_blocks(function: Callable[..., Any], columns: Sequence[Any], n_rows: int, block: int = BLOCK) -> list[Any]:
    """Call ``function(*columns)`` on one block of rows after another and list the results in row order.

    A column of length ``n_rows`` is cut, anything else (a scalar parameter) is passed on whole. No threads: on blocks
    that fit the cache they wait for the interpreter more than they compute (measured: two are slower than one).
    """
    return [
        function(*[c[start : start + block] if np.ndim(c) and len(c) == n_rows else c for c in columns])
        for start in range(0, n_rows, block)
    ]


def rowwise(function: Callable[..., Array], *columns: Any, block: int = BLOCK) -> Array:
    """Broadcast the columns, apply ``function`` block by block, and give the result in the broadcast shape."""
    shape = np.broadcast_shapes(*[np.shape(c) for c in columns])
    n_rows = int(np.prod(shape, dtype=np.int64))
    flat = [
        float(c) if np.ndim(c) == 0 else np.ascontiguousarray(np.broadcast_to(c, shape), dtype=np.float64).ravel()
        for c in columns
    ]
    if n_rows == 0:
        return np.zeros(shape)
    if all(np.ndim(c) == 0 for c in flat):
        flat[0] = np.array([flat[0]])
    parts = map_blocks(function, flat, n_rows, block)
    return np.concatenate([np.broadcast_to(p, (min(block, n_rows - i * block),)) for i, p in enumerate(parts)]).reshape(
        shape
    )


def distinct(*columns: Any) -> tuple[list[Array], Positions]:
    """The distinct rows of the columns, and which of them each row is.

    >>> rows, where = distinct([2.0, 1.0, 2.0], 0.5)
    >>> rows, where
    ([array([1., 2.]), array([0.5, 0.5])], array([1, 0, 1]))
    """
    spread = np.broadcast_arrays(*(np.asarray(column, dtype=np.float64) for column in columns))
    varying = [column for column in spread if column.size and column.min() < column.max()]
    if not varying:
        return [column[:1] for column in spread], np.zeros(len(spread[0]), dtype=np.intp)
    order = np.lexsort(varying)
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.any([column[order[1:]] != column[order[:-1]] for column in varying], axis=0)
    where = np.empty(len(order), dtype=np.intp)
    where[order] = np.cumsum(new) - 1
    return [column[order[new]] for column in spread], where
