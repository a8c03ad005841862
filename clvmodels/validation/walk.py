"""One walk over the counts 0, 1, 2, ... for customers who share a future: what each was given to do at what he did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..families.contract import PurchaseFamily
from ..models import questions
from ..models.quantiles import tie
from ..numerics.arrays import BLOCK, Array, Positions, distinct

_LEFT_OUT = 1e-11  # of a sum over all counts, by an estimate of what is left that may be wrong by a factor of ten
_FUTURES = 2048  # that are walked together
_FIRST, _MOST = 16, 256  # counts that are looked at together, at first and at most

# P(n) and P(more than n) of consecutive n, a row each, for the customers of some futures, from what was left before.
Ask = Callable[[Array, Positions, Array], tuple[Array, Array]]


@dataclass(frozen=True)
class Rows:
    """Distinct customers, those of one future in a row after another, and where each customer is among them."""

    y: Array
    alive: Array  # P(alive at T); 1 where `ask` speaks of the dead as well
    gone: Array  # 1 − alive, which keeps its digits
    first: Positions  # row at which each future begins
    future: Positions  # of each row
    ask: Ask
    where: Positions


@dataclass(frozen=True)
class Answers:
    """What is found for each row; with a row a quantile ``found`` n, P(X ≥ n) ``before`` it and P(X > n) ``after``."""

    probability: Array
    below: Array
    crps: Array
    any_purchase: Array
    found: Array
    before: Array
    after: Array


def sorted_rows(
    family: PurchaseFamily, parameters: Sequence[Any], statistics: Sequence[Any], horizon: Any, y: Array
) -> Rows:
    """Sort customers into futures, and ask the family about them."""
    counted = family.purchase_counts_alive
    known = dict(zip(family.statistics, statistics, strict=True))
    shared = known if counted is None else family.statistics_ahead or known
    own = {i: value for i, value in enumerate(parameters) if np.ndim(value)}
    apart = {name: column for name, column in known.items() if name not in shared}
    together = {name: column for name, column in reversed(known.items()) if name in shared}
    # The last column sorts first: futures that take long, those of many purchases, stand side by side.
    columns: dict[Any, Any] = {"actual": y} | apart | own | {"horizon": horizon} | together
    found, where = distinct(*columns.values())
    got = dict(zip(columns, found, strict=True))
    y, t, history = got["actual"], got["horizon"], [got[name] for name in family.statistics]
    first = _changes(len(y), [got[name] for name in [*own, "horizon", *together]])

    def values(rows: Positions) -> list[Any]:
        return [got[i][rows] if i in own else value for i, value in enumerate(parameters)]

    def ask(n: Array, futures: Positions, before: Array) -> tuple[Array, Array]:
        rows = first[futures]
        those = [column[rows] for column in history]
        if counted is not None:
            return counted(n, t[rows], *those, *values(rows))
        return questions.purchase_counts_one_by_one(family, n, t[rows], those, values(rows), before)

    alive, gone = np.ones(len(y)), np.zeros(len(y))
    if counted is not None:
        new = _changes(len(y), [got[name] for name in [*own, *known]])
        log_alive = family.log_p_alive(*(column[new] for column in history), *values(new))
        again = np.diff(np.append(new, len(y)))
        alive, gone = np.repeat(np.exp(log_alive), again), np.repeat(-np.expm1(log_alive), again)
    future = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(y))))
    return Rows(y, alive, gone, first, future, ask, where)


def _changes(size: int, columns: Sequence[Array]) -> Positions:
    """Rows at which one of the columns differs from the row before, the first row among them."""
    new = np.ones(size, dtype=bool)
    new[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return np.flatnonzero(new)


def answers_of(rows: Rows, quantiles: Sequence[float]) -> Answers:
    """Walk all futures, block by block, and put the scores together from what was added up on the way."""
    size, shape = len(rows.y), (len(quantiles), len(rows.y))
    answers = Answers(*(np.zeros(size) for _ in range(4)), *(np.zeros(shape) for _ in range(3)))
    before_y, squares = np.zeros(size), np.zeros(len(rows.first))
    late: list[Positions] = []
    for start in range(0, len(rows.first), _FUTURES):
        futures = np.arange(start, min(start + _FUTURES, len(rows.first)))
        late.append(_walk(rows, futures, quantiles, answers, before_y, squares))
    _far(rows, np.concatenate([np.zeros(0, dtype=np.intp), *late]), answers)
    at, y = rows.alive, rows.y
    answers.crps[:] = np.maximum(y - 2 * at * before_y + at * at * squares[rows.future], 0.0)
    return answers


def _allowed(q: Any, alive: Array) -> Array:
    """What P(more than n | alive) must not exceed where n is the quantile q."""
    with np.errstate(divide="ignore"):
        return np.asarray((1 - q + tie(q)) / alive)


def _walk(
    rows: Rows,
    futures: Positions,
    quantiles: Sequence[float],
    answers: Answers,
    before_y: Array,
    squares: Array,
) -> Positions:
    """Look at 0, 1, 2, ... purchases in some futures; tell the rows whose own count was not reached.

    Fills in the answers, Σ over n < y of S(n) of each row in ``before_y`` and Σ over n of S(n)² of each future in
    ``squares``, where S(n) = P(more than n | alive).
    """
    ends = np.append(rows.first, len(rows.y))
    who = np.arange(ends[futures[0]], ends[futures[-1] + 1])
    at = rows.future[who] - futures[0]  # place of a row's future among those still walked
    begins = rows.first[futures] - who[0]
    smallest = np.minimum.reduceat(_allowed(max(quantiles), rows.alive[who]), begins)
    largest = np.maximum.reduceat(rows.y[who], begins)
    before, sums = np.ones(len(futures)), np.zeros(len(futures))
    late = []
    n, count = np.arange(float(_FIRST)), _FIRST
    while len(futures):
        exactly, more = rows.ask(n, futures, before)
        totals = np.concatenate([sums[None, :], sums + np.cumsum(more, axis=0)])
        shifted = np.concatenate([before[None, :], more])  # P(n or more), from n[0] on
        squares[futures] += np.einsum("ij,ij->j", more, more)
        _at_own_count(rows, who, at, n, exactly, shifted, totals, answers, before_y)
        step = max(1, 32 * BLOCK // len(n))
        for i in range(0, len(who), step):
            _at_quantiles(rows, who[i : i + step], at[i : i + step], n, shifted, quantiles, answers)
        before, sums = more[-1], totals[-1]
        left = _left(before, exactly[-1])
        settled = (before <= smallest) & (before * left <= _LEFT_OUT) & ((left <= _LEFT_OUT) | (largest <= n[-1]))
        far = settled[at] & (rows.y[who] > n[-1])
        beyond = who[far]
        before_y[beyond] = sums[at[far]]
        late.append(beyond)
        place = np.cumsum(~settled) - 1
        stay = ~settled[at]
        who, at = who[stay], place[at[stay]]
        futures, before, sums, smallest, largest = (v[~settled] for v in (futures, before, sums, smallest, largest))
        n = n[-1] + 1 + np.arange(float(count))
        count = min(2 * count, _MOST)
    return np.concatenate(late)


def _left(more: Array, exactly: Array) -> Array:
    """About Σ of P(more than k) over k > n, from P(more than n) and P(n), as if it went on falling at the same rate."""
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        return np.where(more > 0, more * more / exactly, 0.0)


def _at_own_count(
    rows: Rows,
    who: Positions,
    at: Positions,
    n: Array,
    exactly: Array,
    shifted: Array,
    totals: Array,
    answers: Answers,
    before_y: Array,
) -> None:
    """What is known of the rows whose own count is among these n, and of a first purchase."""
    if n[0] == 0:
        answers.any_purchase[who] = rows.alive[who] * shifted[1, at]
    here = (rows.y[who] >= n[0]) & (rows.y[who] <= n[-1])
    row, column = who[here], at[here]
    i = (rows.y[row] - n[0]).astype(np.intp)
    _tell(rows, row, exactly[i, column], shifted[i, column], answers)
    before_y[row] = totals[i, column]


def _tell(rows: Rows, row: Positions, exactly: Array, or_more: Array, answers: Answers) -> None:
    """From P(y) and P(y or more) of somebody alive to those of the row."""
    nothing, alive, gone = rows.y[row] == 0, rows.alive[row], rows.gone[row]
    answers.probability[row] = alive * exactly + np.where(nothing, gone, 0.0)
    answers.below[row] = np.where(nothing, 0.0, np.maximum(gone + alive * (1 - or_more), 0.0))


def _at_quantiles(
    rows: Rows, who: Positions, at: Positions, n: Array, shifted: Array, quantiles: Sequence[float], answers: Answers
) -> None:
    """The quantiles that are reached at these n: as many as there are counts that leave too much."""
    more = shifted[:, at]
    alive = rows.alive[who]
    for k, q in enumerate(quantiles):
        allowed = _allowed(q, alive)
        waiting = np.flatnonzero((more[-1] <= allowed) & ((more[0] > allowed) | (n[0] == 0)))
        i = np.sum(more[1:, waiting] > allowed[waiting], axis=0)
        row = who[waiting]
        answers.found[k, row] = n[0] + i
        answers.before[k, row] = np.where(n[0] + i == 0, 1.0, alive[waiting] * more[i, waiting])
        answers.after[k, row] = alive[waiting] * more[i + 1, waiting]


def _far(rows: Rows, late: Positions, answers: Answers) -> None:
    """Counts beyond all that is likely: those who share one are asked about it together."""
    late = late[np.argsort(rows.y[late], kind="stable")]
    begins = _changes(len(late), [rows.y[late]])
    for row in np.split(late, begins[1:]) if len(late) else []:
        y = rows.y[row[0]]
        futures, at = np.unique(rows.future[row], return_inverse=True)
        exactly, more = rows.ask(np.array([y - 1, y]), futures, np.zeros(len(futures)))
        _tell(rows, row, exactly[1, at], more[0, at], answers)
