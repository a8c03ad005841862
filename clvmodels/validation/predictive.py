"""What a customer was given to do, as a distribution of counts, held against what he did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ..errors import InvalidInput
from ..families.contract import PurchaseFamily
from ..numerics.arrays import BLOCK, Array, Positions, distinct
from ..numerics.negative_binomial import added_back

LEVELS = (0.5, 0.8, 0.95)

_TIE = 1e-10  # where P(X ≤ n) equals a quantile, rounding must not decide between n and n + 1
_LEFT_OUT = 1e-11  # of a sum over all counts, by an estimate of what is left that may be wrong by a factor of ten
_FUTURES = 2048  # that are walked together
_FIRST, _MOST = 16, 256  # counts that are looked at together, at first and at most


@dataclass(frozen=True)
class Distribution:
    """Predictive distributions of the purchases X in the holdout at what happened, one entry a customer.

    Attributes
    ----------
    probability
        P(X = actual): the likelihood of what happened.
    below
        P(X < actual).
    crps
        Continuous ranked probability score of the counts, Σ over n ≥ 0 of (P(X ≤ n) − [n ≥ actual])², in purchases;
        0 is best. Source: Gneiting & Raftery (2007), Journal of the American Statistical Association 102, 359-378.
    median
        Smallest n with P(X ≤ n) ≥ 1/2.
    probability_of_purchase
        P(X ≥ 1).
    intervals
        Level -> (low, high): the central interval of counts, both ends included; low is the smallest n with
        P(X ≤ n) ≥ (1 − level)/2, high the smallest with P(X ≤ n) ≥ (1 + level)/2.
    masses
        Level -> P(low ≤ X ≤ high), which is level or more, for counts are lumpy.

    Examples
    --------
    >>> found = of_counts([0.0, 1.5, 3.0], [0, 2, 9], levels=(0.8,))
    >>> found.probability.round(4), found.intervals[0.8][1]
    (array([0.8465, 0.251 , 0.0027]), array([1., 3., 5.]))
    """

    probability: Array
    below: Array
    crps: Array
    median: Array
    probability_of_purchase: Array
    intervals: Mapping[float, tuple[Array, Array]]
    masses: Mapping[float, Array]


def lacks(family: PurchaseFamily) -> str | None:
    """Why `of_model` has nothing to say about a family, or None if it has.

    >>> from clvmodels.families import purchase_family
    >>> lacks(purchase_family("bg_nbd")) is None
    True
    """
    if family.conditional_purchase_pmf is None:
        return f"{family.name} does not provide the probabilities of 0, 1, 2, ... purchases (conditional_purchase_pmf)"
    return None


def of_model(
    family: PurchaseFamily,
    parameters: Sequence[Any],
    statistics: Sequence[Any],
    horizon: Any,
    actual: Any,
    levels: Sequence[float] = LEVELS,
) -> Distribution | None:
    """Predictive distributions of purchases in (T, T + horizon] given history, at the actual counts.

    Customers are alike in three steps: those with the same statistics and count are one row; the future of an alive
    customer depends on fewer statistics than his being alive does (``statistics_ahead``), so many rows share it; and
    with a = P(alive) and S(n) = P(more than n purchases | alive) everything follows from running sums of S,

        P(X ≤ n) = 1 − a S(n),   CRPS = y − 2a Σ over n < y of S(n) + a² Σ over n ≥ 0 of S(n)².

    So the counts n = 0, 1, 2, ... are walked once for each future, which is left when nothing more can come of it.

    Parameters
    ----------
    family
        The model's family.
    parameters
        Its parameters in order, one number each, or one a customer.
    statistics
        Its statistics in order, each of shape (customers,).
    horizon
        Length of the holdout after T in the model's time unit, ≥ 0 and finite: one, or one a customer.
    actual
        Purchases in the holdout, whole numbers of shape (customers,).
    levels
        Of the central intervals, each above 0 and below 1.

    Returns
    -------
    Distribution or None
        CRPS is right to 1e-9, probabilities to 1e-12. None where the family has no probabilities of counts; `lacks`
        says why.

    Raises
    ------
    InvalidInput
        If a count is not a whole number ≥ 0, a horizon not finite or below 0, or a level not within (0, 1).

    Examples
    --------
    >>> from clvmodels.families import purchase_family
    >>> family = purchase_family("bg_nbd")
    >>> history = [0.0, 2.0], [0.0, 30.43], [38.86, 38.86]
    >>> found = of_model(family, (0.243, 4.414, 0.793, 2.426), history, 39.0, [0, 3])
    >>> found.probability.round(4), found.crps.round(4), found.intervals[0.8]
    (array([0.8554, 0.0809]), array([0.0222, 1.3653]), (array([0., 0.]), array([1., 3.])))
    """
    if lacks(family):
        return None
    y, wanted = _counts(actual), _levels(levels)
    t = _horizons(horizon)
    rows = _rows(family, parameters, statistics, t, y)
    answers = _answers(family, rows, _quantiles(wanted))
    median, low, high = answers.found[0], answers.found[1::2], answers.found[2::2]
    before, after = answers.before[1::2], answers.after[2::2]
    where = rows.where
    return Distribution(
        probability=answers.probability[where],
        below=answers.below[where],
        crps=answers.crps[where],
        median=median[where],
        probability_of_purchase=answers.any_purchase[where],
        intervals={level: (low[i][where], high[i][where]) for i, level in enumerate(wanted)},
        masses={level: (before[i] - after[i])[where] for i, level in enumerate(wanted)},
    )


def of_counts(mean: Any, actual: Any, levels: Sequence[float] = LEVELS, floor: float | None = None) -> Distribution:
    """Poisson distributions of purchases around the means that a baseline gives, at the actual counts.

    CRPS = (y − μ)(2 F(y) − 1) + 2μ f(y) − μ e^(-2μ) (I₀(2μ) + I₁(2μ)), with the density f, the distribution function F
    and the modified Bessel functions I. Source: Wei & Held (2014), Test 23, 787-805.

    Parameters
    ----------
    mean
        Expected purchases in the holdout, each ≥ 0 and finite, of shape (customers,).
    actual
        Purchases in the holdout, whole numbers of shape (customers,).
    levels
        Of the central intervals, each above 0 and below 1.
    floor
        Smallest mean, above 0. A Poisson distribution of mean 0 would make a single purchase impossible, and the
        logarithm of its probability -inf. By default 1/2 purchase among all customers, that is 0.5/customers: what
        Jeffreys' prior makes of a rate at which none of so many customers bought. Smaller means are raised to it.

    Raises
    ------
    InvalidInput
        If a mean is negative or not finite, a count not a whole number ≥ 0, a level not within (0, 1), or the floor
        not above 0.

    Examples
    --------
    >>> found = of_counts([0.0, 2.0], [0, 2])
    >>> found.crps.round(4), found.probability_of_purchase.round(4), found.median
    (array([0.0496, 0.3112]), array([0.2212, 0.8647]), array([0., 2.]))
    """
    y, wanted = _counts(actual), _levels(levels)
    mu = np.asarray(mean, dtype=np.float64)
    _refuse("the expected purchases of a baseline must be finite and at least 0", mu, ~(np.isfinite(mu) & (mu >= 0)))
    least = 0.5 / max(mu.size, 1) if floor is None else float(floor)
    if not 0 < least < np.inf:
        raise InvalidInput(f"floor must be above 0 and finite, for example 0.001 purchases; found {floor!r}")
    (mu, y), where = distinct(np.maximum(mu, least), y)
    cuts = {level: (_poisson_quantile((1 - level) / 2, mu), _poisson_quantile((1 + level) / 2, mu)) for level in wanted}
    return Distribution(
        probability=np.exp(_log_poisson(y, mu))[where],
        below=_poisson_below(y, mu)[where],
        crps=_poisson_crps(y, mu)[where],
        median=_poisson_quantile(0.5, mu)[where],
        probability_of_purchase=(-np.expm1(-mu))[where],
        intervals={level: (low[where], high[where]) for level, (low, high) in cuts.items()},
        masses={
            level: (special.pdtr(high, mu) - _poisson_below(low, mu))[where] for level, (low, high) in cuts.items()
        },
    )


# --- Poisson ---------------------------------------------------------------------------------------------------------


def _log_poisson(y: Array, mu: Array) -> Array:
    return np.asarray(special.xlogy(y, mu) - mu - special.gammaln(y + 1))


def _poisson_below(y: Array, mu: Array) -> Array:
    return np.where(y > 0, special.pdtr(np.maximum(y - 1, 0.0), mu), 0.0)


def _poisson_crps(y: Array, mu: Array) -> Array:
    apart = (y - mu) * (2 * special.pdtr(y, mu) - 1) + 2 * mu * np.exp(_log_poisson(y, mu))
    return np.maximum(apart - mu * (special.ive(0, 2 * mu) + special.ive(1, 2 * mu)), 0.0)


def _poisson_quantile(q: float, mu: Array) -> Array:
    """Smallest n with P(X ≤ n) ≥ q: from the quantile in real n, by a step if that was rounded the wrong way."""
    wanted = q - _tie(q)
    n = np.ceil(np.nan_to_num(special.pdtrik(q, mu)))
    n = np.where((n > 0) & (_poisson_below(n, mu) >= wanted), n - 1, n)
    return np.where(special.pdtr(n, mu) < wanted, n + 1, n)


# --- one walk over the counts ----------------------------------------------------------------------------------------

# P(n) and P(more than n) of consecutive n, a row each, for the customers of some futures, from what was left before.
Ask = Callable[[Array, Positions, Array], tuple[Array, Array]]


@dataclass(frozen=True)
class _Rows:
    """Distinct customers, those of one future in a row after another, and where each customer is among them."""

    y: Array
    alive: Array  # P(alive at T); 1 where `ask` speaks of the dead as well
    gone: Array  # 1 − alive, which keeps its digits
    first: Positions  # row at which each future begins
    future: Positions  # of each row
    ask: Ask
    where: Positions


@dataclass(frozen=True)
class _Answers:
    """What is found for each row; with a row a quantile ``found`` n, P(X ≥ n) ``before`` it and P(X > n) ``after``."""

    probability: Array
    below: Array
    crps: Array
    any_purchase: Array
    found: Array
    before: Array
    after: Array


def _rows(
    family: PurchaseFamily, parameters: Sequence[Any], statistics: Sequence[Any], horizon: Any, y: Array
) -> _Rows:
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
        return _one_by_one(family, n, t[rows], those, values(rows), before)

    alive, gone = np.ones(len(y)), np.zeros(len(y))
    if counted is not None:
        new = _changes(len(y), [got[name] for name in [*own, *known]])
        log_alive = family.log_p_alive(*(column[new] for column in history), *values(new))
        again = np.diff(np.append(new, len(y)))
        alive, gone = np.repeat(np.exp(log_alive), again), np.repeat(-np.expm1(log_alive), again)
    future = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(y))))
    return _Rows(y, alive, gone, first, future, ask, where)


def _changes(size: int, columns: Sequence[Array]) -> Positions:
    """Rows at which one of the columns differs from the row before, the first row among them."""
    new = np.ones(size, dtype=bool)
    new[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return np.flatnonzero(new)


def _one_by_one(
    family: PurchaseFamily, n: Array, t: Array, history: Sequence[Array], values: Sequence[Any], before: Array
) -> tuple[Array, Array]:
    """The same of a family that is asked about one count after another, for customers alive or not."""
    assert family.conditional_purchase_pmf is not None
    exactly = np.stack([family.conditional_purchase_pmf(np.full(len(t), k), t, *history, *values) for k in n])
    if family.more_purchases_alive is None:
        more = np.maximum(before - np.cumsum(exactly, axis=0), 0.0)
        return exactly, np.where((exactly < 1e-17) & (more < 1e-8), 0.0, more)  # what is left then is rounding
    alive = np.exp(family.log_p_alive(*history, *values))
    return exactly, added_back(
        exactly, alive * family.more_purchases_alive(np.full(len(t), n[-1]), t, *history, *values)
    )


def _answers(family: PurchaseFamily, rows: _Rows, quantiles: Sequence[float]) -> _Answers:
    size, shape = len(rows.y), (len(quantiles), len(rows.y))
    answers = _Answers(*(np.zeros(size) for _ in range(4)), *(np.zeros(shape) for _ in range(3)))
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
        return np.asarray((1 - q + _tie(q)) / alive)


def _tie(q: Any) -> Any:
    return _TIE * np.minimum(q, 1 - q)


def _walk(
    rows: _Rows,
    futures: Positions,
    quantiles: Sequence[float],
    answers: _Answers,
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
    rows: _Rows,
    who: Positions,
    at: Positions,
    n: Array,
    exactly: Array,
    shifted: Array,
    totals: Array,
    answers: _Answers,
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


def _tell(rows: _Rows, row: Positions, exactly: Array, or_more: Array, answers: _Answers) -> None:
    """From P(y) and P(y or more) of somebody alive to those of the row."""
    nothing, alive, gone = rows.y[row] == 0, rows.alive[row], rows.gone[row]
    answers.probability[row] = alive * exactly + np.where(nothing, gone, 0.0)
    answers.below[row] = np.where(nothing, 0.0, np.maximum(gone + alive * (1 - or_more), 0.0))


def _at_quantiles(
    rows: _Rows, who: Positions, at: Positions, n: Array, shifted: Array, quantiles: Sequence[float], answers: _Answers
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


def _far(rows: _Rows, late: Positions, answers: _Answers) -> None:
    """Counts beyond all that is likely: those who share one are asked about it together."""
    late = late[np.argsort(rows.y[late], kind="stable")]
    begins = _changes(len(late), [rows.y[late]])
    for row in np.split(late, begins[1:]) if len(late) else []:
        y = rows.y[row[0]]
        futures, at = np.unique(rows.future[row], return_inverse=True)
        exactly, more = rows.ask(np.array([y - 1, y]), futures, np.zeros(len(futures)))
        _tell(rows, row, exactly[1, at], more[0, at], answers)


# --- what comes in ---------------------------------------------------------------------------------------------------


def _quantiles(levels: Sequence[float]) -> list[float]:
    return [0.5, *(q for level in levels for q in ((1 - level) / 2, (1 + level) / 2))]


def _counts(actual: Any) -> Array:
    y = np.asarray(actual, dtype=np.float64)
    _refuse(
        "purchases in the holdout must be whole numbers of at least 0", y, ~((y >= 0) & (np.rint(y) == y)) | np.isinf(y)
    )
    return y


def _levels(levels: Sequence[float]) -> tuple[float, ...]:
    wanted = tuple(float(level) for level in levels)
    wrong = [level for level in wanted if not 0 < level < 1]
    if wrong:
        raise InvalidInput(f"levels of intervals must be above 0 and below 1, for example 0.8; found {wrong[0]!r}")
    return wanted


def _horizons(horizon: Any) -> Array:
    t = np.asarray(horizon, dtype=np.float64)
    _refuse("the horizon must be finite and at least 0", t, ~(np.isfinite(t) & (t >= 0)))
    return t


def _refuse(expected: str, values: Array, wrong: NDArray[np.bool_]) -> None:
    if np.any(wrong):
        i = int(np.argmax(np.ravel(wrong)))
        raise InvalidInput(
            f"{expected}: {np.sum(wrong)} of {values.size} are not, first row {i} ({np.ravel(values)[i]:.10g})"
        )
