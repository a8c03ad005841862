"""Boxes of bounds that cover a space exactly once: what a table of rules says, checked, and applied to customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import frames
from ..errors import InvalidInput
from ..numerics.arrays import Array

SEGMENT = "segment"
_SCORE, _REAL = ("_low", "_high"), ("_at_least", "_below")


class Boxes(NamedTuple):
    """Which rule each cell between the edges belongs to.

    ``edges`` holds, by quantity, the inner edges of its cells, rising; ``rule`` has one axis a quantity, in that order;
    ``top`` is the highest score, 0 where bounds are on quantities.
    """

    segments: tuple[str, ...]
    edges: dict[str, Array]
    rule: NDArray[np.intp]
    top: int


def read_boxes(rules: Any, quantities: Sequence[str], lowest: Mapping[str, float], scores: bool = False) -> Boxes:
    """Read a table of rules and check that its boxes cover everything once.

    ``quantities`` are those that bounds may speak of, ``lowest`` their smallest values where there are any. Bounds on
    ``scores`` are whole numbers from 1 to the highest score that stands in the table.
    """
    frame = frames.load(rules)
    segments = _segments(frame)
    low, high = _SCORE if scores else _REAL
    found = _refuse_unknown(frame, quantities, (low, high))
    used = [name for name in quantities if name + low in found or name + high in found]
    if not used:
        known = ", ".join(f"{name}{end}" for name in quantities for end in (low, high))
        raise InvalidInput(f"the rules have no bounds: expected some of the columns {known}; found {', '.join(found)}")
    bounds = {name: (_bound(frame, name + low), _bound(frame, name + high)) for name in used}
    top = _highest_score(bounds) if scores else np.inf
    ranges = {
        name: _range(name, segments, at_least, below, lowest.get(name, -np.inf), top, scores)
        for name, (at_least, below) in bounds.items()
    }
    whole = (1.0, top + 1.0) if scores else (-np.inf, np.inf)
    edges = {name: np.unique([*whole, *starts, *ends]) for name, (starts, ends) in ranges.items()}
    rule = _covered(segments, ranges, edges, scores)
    inner = {name: each[1:-1] for name, each in edges.items()}
    return Boxes(segments, inner, rule, int(top) if scores else 0)


def segments_of(boxes: Boxes, values: Mapping[str, Array]) -> NDArray[Any]:
    """The segment of each customer, by the values of the quantities; a value on an edge belongs above it.

    >>> import pandas
    >>> rules = pandas.DataFrame({"segment": ["a", "b"], "p_alive_at_least": [None, 0.5], "p_alive_below": [0.5, None]})
    >>> segments_of(read_boxes(rules, ["p_alive"], {"p_alive": 0.0}), {"p_alive": np.array([0.5, 0.2])}).tolist()
    ['b', 'a']
    """
    cells = tuple(np.searchsorted(edges, values[name], side="right") for name, edges in boxes.edges.items())
    return np.array(boxes.segments, dtype=object)[boxes.rule[cells]]


def _segments(frame: Any) -> tuple[str, ...]:
    names = frames.as_pandas(frames.column_of(frame, SEGMENT)).tolist()
    if not names:
        raise InvalidInput(
            "a table of rules has one row a rule; found no rows. segment_rules() gives one to start from"
        )
    for i, name in enumerate(names):
        if not isinstance(name, str) or not name.strip():
            raise InvalidInput(f"segment must be a name in every row of the rules; row {i + 1} has {name!r}")
    return tuple(names)


def _refuse_unknown(frame: Any, quantities: Sequence[str], ends: tuple[str, str]) -> list[str]:
    """Columns of the table; one that looks like a bound and is none would be passed over in silence."""
    found = frames.column_names(frame)
    known = [name + end for name in quantities for end in ends]
    for name in found:
        looks = name.endswith((*_SCORE, *_REAL)) or name.startswith(tuple(f"{q}_" for q in quantities))
        if looks and name not in known:
            raise InvalidInput(f"the rules have a column {name!r}, which is no bound; bounds are {', '.join(known)}")
    return found


def _bound(frame: Any, name: str) -> Array:
    """One number a rule; NaN where there is no bound."""
    if name not in frames.column_names(frame):
        return np.full(frames.n_rows(frame), np.nan)
    column = frames.as_pandas(frames.column_of(frame, name))
    if column.isna().all():
        return np.full(len(column), np.nan)
    values = frames.numeric(frame, name)
    wrong = np.isinf(values)
    if wrong.any():
        raise InvalidInput(
            f"{name} must be a finite number or blank, for no bound; row {int(np.argmax(wrong)) + 1} of the rules has "
            f"{values[wrong][0]}"
        )
    return values


def _highest_score(bounds: Mapping[str, tuple[Array, Array]]) -> float:
    for name, each in bounds.items():
        for end, values in zip(_SCORE, each, strict=True):
            wrong = ~(np.isnan(values) | ((values >= 1) & (values == np.rint(values))))
            if wrong.any():
                raise InvalidInput(
                    f"{name}{end} must be a whole score from 1 on; row {int(np.argmax(wrong)) + 1} of the rules has "
                    f"{values[wrong][0]:g}"
                )
    stated = np.concatenate([values for each in bounds.values() for values in each])
    if np.isnan(stated).all():
        raise InvalidInput("the rules name no score at all, so how many there are is not known")
    return float(np.nanmax(stated))


def _range(
    name: str, segments: Sequence[str], low: Array, high: Array, lowest: float, top: float, scores: bool
) -> tuple[Array, Array]:
    """Half-open ranges of one quantity, one a rule."""
    if scores:
        starts, ends = np.where(np.isnan(low), 1.0, low), np.where(np.isnan(high), top, high) + 1.0
    else:
        starts = np.where(np.isnan(low) | (low <= lowest), -np.inf, low)
        ends = np.where(np.isnan(high), np.inf, high)
    wrong = starts >= ends
    if wrong.any():
        i = int(np.argmax(wrong))
        first, last = _SCORE if scores else _REAL
        raise InvalidInput(
            f"row {i + 1} of the rules ({segments[i]!r}) covers nobody: {name}{first}={low[i]:g}, "
            f"{name}{last}={high[i]:g}"
        )
    return starts, ends


def _covered(
    segments: Sequence[str],
    ranges: Mapping[str, tuple[Array, Array]],
    edges: Mapping[str, Array],
    scores: bool,
) -> NDArray[np.intp]:
    """The rule of each cell; a cell without one, or with two, is named."""
    rule = np.full([len(each) - 1 for each in edges.values()], -1, dtype=np.intp)
    for i in range(len(segments)):
        box = tuple(
            slice(*np.searchsorted(edges[name], (starts[i], ends[i]))) for name, (starts, ends) in ranges.items()
        )
        taken = rule[box] >= 0
        if taken.any():
            within = np.argwhere(taken)[0]
            cell = [int(part.start) + int(k) for part, k in zip(box, within, strict=True)]
            other = int(rule[tuple(cell)])
            raise InvalidInput(
                f"rules must not overlap: {_cell(edges, cell, scores)} is covered by row {other + 1} of the rules "
                f"({segments[other]!r}) and by row {i + 1} ({segments[i]!r}). Change the bounds of one of them"
            )
        rule[box] = i
    open_cells = np.argwhere(rule < 0)
    if len(open_cells):
        raise InvalidInput(
            f"rules must cover every customer: no rule covers {_cell(edges, open_cells[0], scores)} "
            f"({len(open_cells)} of {rule.size} cells are not covered). Widen a rule, or add one"
        )
    return rule


def _cell(edges: Mapping[str, Array], cell: Sequence[int], scores: bool) -> str:
    return ", ".join(
        _side(name, each[k], each[k + 1], scores) for (name, each), k in zip(edges.items(), cell, strict=True)
    )


def _side(name: str, start: float, end: float, scores: bool) -> str:
    if scores:
        return f"{name}={start:g}" if end == start + 1 else f"{name}={start:g} to {end - 1:g}"
    if np.isinf(start):
        return f"any {name}" if np.isinf(end) else f"{name} below {end:g}"
    return f"{name} from {start:g} on" if np.isinf(end) else f"{name} from {start:g} to below {end:g}"
