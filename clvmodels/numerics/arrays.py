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
