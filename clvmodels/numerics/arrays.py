"""Work on long columns: in cache-sized blocks, on every core, in a fixed order."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Positions = NDArray[np.intp]


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_blocks(function: Callable[..., Any], columns: Sequence[Any], n_rows: int, block: int) -> list[Any]:
    """Call ``function(*columns)`` on one block of rows after another and list the results in row order.

    A column of length ``n_rows`` is cut, anything else (a scalar parameter) is passed on whole. NumPy lets go of the
    interpreter inside its loops, so threads share the work; the blocks do not depend on how many threads there are,
    which keeps sums the same on every machine.
    """

    def part(start: int) -> Any:
        return function(*[c[start : start + block] if np.ndim(c) and len(c) == n_rows else c for c in columns])

    starts = range(0, n_rows, block)
    workers = min(cores(), len(starts))
    if workers < 2:
        return [part(start) for start in starts]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(part, starts))


def rowwise(function: Callable[..., Array], *columns: Any, block: int = 8192) -> Array:
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
