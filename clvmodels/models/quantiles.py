"""Quantiles of what a customer will do: of his purchases, his lifetime and the time to his next purchase."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import InvalidInput
from ..families.contract import PurchaseFamily, Quantity
from ..numerics.arrays import Array, Positions, distinct
from ..numerics.roots import crossing_time
from . import questions

# Where P(X ≤ n) equals q, rounding must not decide between n and n + 1.
_TIE = 1e-10
_MOST = 2.0**53  # from here on a double does not tell whole numbers apart


def purchase_quantile(
    family: PurchaseFamily, q: Any, horizon: Any, statistics: Sequence[Array], parameters: Sequence[Any]
) -> Any:
    """Smallest n with P(at most n purchases in (T, T + horizon] | history) ≥ q, as whole numbers."""
    columns = [q, horizon, *statistics, *parameters]
    rows, where = distinct(*columns)
    q, t, history = rows[0], rows[1], rows[2 : 2 + len(statistics)]
    values = _one_or_each(parameters, rows[2 + len(statistics) :])
    if not len(where):
        return np.zeros(0, dtype=np.int64)
    found = (_by_adding if family.more_purchases_alive is None else _by_halving)(family, q, t, history, values)
    if np.any(found > _MOST):
        i = int(np.argmax(found[where] > _MOST))
        raise InvalidInput(
            f"purchase_quantile is infinite or beyond 9e15 for {np.sum(found[where] > _MOST)} of {len(where)} rows, "
            f"first row {i} (q={q[where[i]]:.10g}, horizon={t[where[i]]:.10g}): give a shorter horizon or a smaller q"
        )
    whole: Any = found.astype(np.int64)
    return whole[where]


def tie(q: Any) -> Any:
    """How far below a quantile q a probability may be and still count as q."""
    return _TIE * np.minimum(q, 1 - q)


def _by_halving(family: PurchaseFamily, q: Array, t: Array, history: list[Array], values: Sequence[Any]) -> Array:
    """Double n until P(more than n) ≤ 1 − q, then halve what is between."""
    assert family.more_purchases_alive is not None
    alive = np.exp(family.log_p_alive(*history, *values))
    with np.errstate(divide="ignore"):
        allowed = (1 - q + tie(q)) / alive
    result = np.zeros(len(q))
    any_purchase = questions.probability_of_purchase_alive(family, t, history, values)
    todo = np.flatnonzero(any_purchase > allowed)
    below, above = np.zeros(len(todo)), np.full(len(todo), np.inf)
    while len(todo):
        n = np.where(np.isinf(above), 2 * below + 1, np.floor((below + above) / 2))
        of_these = [v[todo] for v in history], _rows(values, todo)
        few = family.more_purchases_alive(n, t[todo], *of_these[0], *of_these[1]) <= allowed[todo]
        above, below = np.where(few, n, above), np.where(few, below, n)
        above = np.where(below > _MOST, np.inf, above)
        settled = (above - below <= 1) | (below > _MOST)
        result[todo[settled]] = above[settled]
        todo, below, above = todo[~settled], below[~settled], above[~settled]
    return result


def _by_adding(family: PurchaseFamily, q: Array, t: Array, history: list[Array], values: Sequence[Any]) -> Array:
    """Add up P(0), P(1), ... until they come to q."""
    result, n = np.zeros(len(q)), 0
    wanted = q - np.maximum(tie(q), 1e-13)  # sums of probabilities are right to so many digits
    todo, total = np.flatnonzero(wanted > 0), np.zeros(int(np.sum(wanted > 0)))
    while len(todo):
        of_these = [v[todo] for v in history], _rows(values, todo)
        total = total + questions.purchase_pmf(family, np.full(len(todo), float(n)), t[todo], *of_these)
        settled = total >= wanted[todo]
        result[todo[settled]] = n
        todo, total, n = todo[~settled], total[~settled], n + 1
    return result


def residual_lifetime(family: PurchaseFamily, q: Any, statistics: Sequence[Array], parameters: Sequence[Any]) -> Array:
    """Quantile q of the time from T until a customer alive at T leaves; inf where he may never."""
    own = family.residual_lifetime_alive
    if own is not None:
        return own(q, *statistics, *parameters)

    def left(t: Any, history: list[Array], values: Sequence[Any]) -> Array:
        return np.asarray(1 - family.survival_alive(t, *history, *values))

    return _time_of(family, left, q, statistics, parameters)


def ever_a_purchase(
    family: PurchaseFamily,
    statistics: Sequence[Array],
    parameters: Sequence[Any],
    asked: str = "time_to_next_purchase",
) -> Array:
    """P(there is another purchase after T | history), which stands beside what is ``asked``."""
    if family.probability_of_purchase_alive is None:
        raise questions.cannot(family, asked)
    return questions.probability_of_purchase(family, np.inf, statistics, parameters)


def time_to_next_purchase(
    family: PurchaseFamily, q: Any, statistics: Sequence[Array], parameters: Sequence[Any]
) -> Array:
    """Quantile q of the time from T to the next purchase, given that there is one."""
    if family.time_to_next_purchase_alive is not None:
        return family.time_to_next_purchase_alive(q, *statistics, *parameters)
    if family.probability_of_purchase_alive is None:
        raise questions.cannot(family, "time_to_next_purchase")
    bought = family.probability_of_purchase_alive

    def there(t: Any, history: list[Array], values: Sequence[Any]) -> Array:
        return np.asarray(bought(t, *history, *values) / bought(np.inf, *history, *values))

    return _time_of(family, there, q, statistics, parameters)


def time_to_last_purchase(
    family: PurchaseFamily, q: Any, statistics: Sequence[Array], parameters: Sequence[Any]
) -> Array:
    """Quantile q of the time from T to the last purchase ever, given that there is another."""
    if family.time_to_last_purchase_alive is None:
        raise questions.cannot(family, "time_to_last_purchase")
    return family.time_to_last_purchase_alive(q, *statistics, *parameters)


def latent_intervals(
    family: PurchaseFamily, level: float, statistics: Sequence[Array], parameters: Sequence[float]
) -> dict[str, Array]:
    """Mean and central interval of each customer's own rates, by name."""
    if family.latent_cdf is None:
        raise questions.cannot(family, "latent_intervals")
    history, where = distinct(*statistics)
    means = questions.latent_means(family, history, parameters)
    result = {}
    for name, cdf in family.latent_cdf.items():
        result[f"{name}_mean"] = means[name][where]
        for end, q in (("low", (1 - level) / 2), ("high", (1 + level) / 2)):
            result[f"{name}_{end}"] = _rate_of(cdf, q, means[name], history, parameters)[where]
    return result


def _rate_of(cdf: Quantity, q: float, guess: Array, history: Sequence[Array], parameters: Sequence[float]) -> Array:
    """Where P(rate ≤ value | history) reaches q; 0 where that is below 1e-299."""

    def distance(value: Array, rows: Positions) -> Array:
        return cdf(value, *(column[rows] for column in history), *parameters) - q

    found = crossing_time(distance, np.maximum(guess, 1e-300))
    # a root next to the end of what a probability can be
    return np.where(distance(np.ones(len(found)), np.arange(len(found))) >= 1 - q, np.minimum(found, 1.0), found)


def _time_of(
    family: PurchaseFamily,
    reached: Callable[[Any, list[Array], Sequence[Any]], Array],
    q: Any,
    statistics: Sequence[Array],
    parameters: Sequence[Any],
) -> Array:
    """The time at which a probability that rises from 0 reaches q; in discrete time the period."""
    rows, where = distinct(q, *statistics, *parameters)
    q, history = rows[0], rows[1 : 1 + len(statistics)]
    values = _one_or_each(parameters, rows[1 + len(statistics) :])
    result = np.where(q > 0, np.inf, 0.0)
    todo = np.flatnonzero((q > 0) & (reached(np.inf, history, values) > q))

    def distance(t: Array, i: Positions) -> Array:
        i = todo[i]
        return np.asarray(reached(t, [v[i] for v in history], _rows(values, i)) - q[i])

    found = crossing_time(distance, np.ones(len(todo)))
    # a step of a staircase is found to the last digits, or anywhere on it where it has the height sought
    result[todo] = np.floor(found * (1 + 1e-9)) if family.time == "discrete" else found
    answers: Array = result[where]
    return answers


def _rows(values: Sequence[Any], rows: Positions) -> list[Any]:
    return [v[rows] if np.ndim(v) else v for v in values]


def _one_or_each(values: Sequence[Any], rows: Sequence[Array]) -> list[Any]:
    """Parameters that are one number stay so: functions of the counts alone are then computed once a count."""
    return [each if np.ndim(value) else value for value, each in zip(values, rows, strict=True)]
