"""Customers with the same statistics are one pattern with a weight: a million become a few hundred thousand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..numerics.arrays import Array, Positions

Keys = NDArray[np.int64]

# Times are whole events' grains over a time unit: days/7, hours/168, days/365.25 ... The first scale that gives whole
# numbers back exactly is taken; it only has to be exact, not to be the true one.
_SCALES = (1.0, 7.0, 24.0, 168.0, 30.4375, 365.25, 730.5, 8766.0)
_GROUP = 64  # rows that are worth a sort of their own


class Patterns(NamedTuple):
    """Distinct rows, in ascending order, and how many customers each stands for."""

    columns: tuple[Array, ...]
    weights: Array


def merge(columns: Sequence[Array], weights: Array | None = None) -> Patterns:
    """Merge equal rows. The result does not depend on the order of the rows, to the last bit without weights.

    Parameters
    ----------
    columns
        The statistics, each of shape (n,), finite.
    weights
        How many customers a row stands for; 1 each if None.
    """
    codes = [_codes(column) for column in columns[:-1]]
    sizes = [int(code.max()) + 1 for code, _ in codes]
    last = _whole(columns[-1])
    if last is None and weights is None and np.prod(sizes, dtype=np.float64) <= min(len(columns[-1]) / _GROUP, 2**16):
        return _sorted_within(columns[-1], codes, sizes)
    codes.append(_ranks(columns[-1]) if last is None else last)
    sizes.append(int(codes[-1][0].max()) + 1)
    if float(np.prod([float(s) for s in sizes])) >= 2.0**63:
        codes = [_ranks(column) for column in columns]
        sizes = [len(values) for _, values in codes]
    key = _keys(codes, sizes)
    if weights is None:
        rest, counts = _counted(key, int(np.prod(sizes, dtype=np.int64)))
        merged = counts.astype(np.float64)
    else:
        order = np.lexsort((weights, key))
        first = _firsts(key[order])
        rest, merged = key[order][first], np.add.reduceat(weights[order], first)
    return Patterns(tuple(_values(rest, codes, sizes)), merged)


def _sorted_within(values: Array, codes: Sequence[tuple[Keys, Any]], sizes: Sequence[int]) -> Patterns:
    """Merge few keys and values of any kind: the values of each key are sorted by themselves, which needs no ranks."""
    size = int(np.prod(sizes, dtype=np.int64))
    key = _keys(codes, sizes) if codes else np.zeros(len(values), dtype=np.int64)
    values = values[np.argsort(key.astype(np.uint16), kind="stable")]  # two bytes are sorted in linear time
    counts = np.bincount(key, minlength=size)
    ends = np.cumsum(counts)
    for end, count in zip(ends[counts > 0].tolist(), counts[counts > 0].tolist(), strict=True):
        values[end - count : end].sort()
    key = np.repeat(np.arange(size), counts)
    first = np.flatnonzero(np.concatenate(([True], (key[1:] != key[:-1]) | (values[1:] != values[:-1]))))
    weights = np.diff(np.append(first, len(key))).astype(np.float64)
    return Patterns((*_values(key[first], codes, sizes), values[first]), weights)


def indexed(columns: Sequence[Array]) -> tuple[tuple[Array, ...], Positions]:
    """The distinct rows, and which of them each row is: what is asked of many customers is computed once for each.

    Parameters
    ----------
    columns
        Of shape (n,) each, finite; n at least 1.

    Examples
    --------
    >>> rows, where = indexed([np.array([2.0, 0.0, 2.0]), np.array([7.5, 3.0, 7.5])])
    >>> rows, where
    ((array([0., 2.]), array([3. , 7.5])), array([1, 0, 1]))
    """
    key, size = np.zeros(len(columns[0]), dtype=np.int64), 1
    for column in columns:
        code, _ = _codes(column)
        own = int(code.max()) + 1
        if size * own >= 2**63:  # both as ranks, which are at most as many as rows
            key, code = (np.unique(codes, return_inverse=True)[1].astype(np.int64) for codes in (key, code))
            size, own = int(key.max()) + 1, int(code.max()) + 1
        key, size = key * own + code, size * own
    _, first, where = np.unique(key, return_index=True, return_inverse=True)
    return tuple(column[first] for column in columns), where


def sample(patterns: Patterns, size: int) -> Patterns:
    """Draw ``size`` customers with replacement, always the same ones for the same patterns."""
    reach = np.cumsum(patterns.weights)
    drawn = np.sort(np.random.default_rng(2005).random(size)) * reach[-1]
    rows, counts = np.unique(
        np.minimum(np.searchsorted(reach, drawn, side="right"), len(reach) - 1), return_counts=True
    )
    return Patterns(tuple(column[rows] for column in patterns.columns), counts.astype(np.float64))


def _keys(codes: Sequence[tuple[Keys, Any]], sizes: Sequence[int]) -> Keys:
    """One whole number for each row."""
    key = np.zeros(len(codes[0][0]), dtype=np.int64)
    for (code, _), size in zip(codes, sizes, strict=True):
        key *= size
        key += code
    return key


def _values(key: Keys, codes: Sequence[tuple[Keys, Any]], sizes: Sequence[int]) -> list[Array]:
    """The rows back from their keys."""
    rows: list[Array] = []
    for (_, values), size in zip(reversed(codes), reversed(sizes), strict=True):
        key, code = np.divmod(key, size)
        rows.append(code / values if np.ndim(values) == 0 else values[code])
    return rows[::-1]


def _counted(key: Keys, size: int) -> tuple[Keys, Keys]:
    """Distinct keys below ``size`` in ascending order, and how often each occurs."""
    if size <= 16 * len(key):
        counts = np.bincount(key, minlength=size)
        there = np.flatnonzero(counts)
        return there, counts[there]
    key = np.sort(key)
    first = _firsts(key)
    return key[first], np.diff(np.append(first, len(key)))


def _firsts(key: Keys) -> Positions:
    return np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))


def _codes(column: Array) -> tuple[Keys, Any]:
    """Whole numbers for the values, and how to get back: a scale to divide by, or the table of values."""
    found = _whole(column)
    return _ranks(column) if found is None else found


def _whole(column: Array) -> tuple[Keys, float] | None:
    """The values as multiples of one over a scale, if they are such."""
    some = column[:: max(1, len(column) // 1000)]
    for scale in _SCALES:
        for values in (some, column):
            code = np.rint(values * scale)
            if not np.array_equal(code / scale, values):
                break
        else:
            if code.min() >= 0 and code.max() < 2.0**31:
                return code.astype(np.int64), scale
    return None


def _ranks(column: Array) -> tuple[Keys, Array]:
    values, code = np.unique(column, return_inverse=True)
    return code.astype(np.int64), values
