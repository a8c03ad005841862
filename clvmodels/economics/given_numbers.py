"""Numbers and arrays that a formula is given: read as floats, held against a rule, and answered in the same shape.

One of them that must be a single number: `one`. Money that may be a column of a table: `costs`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, warn
from ..models import statistics
from ..models.time_units import numbers
from ..numerics.arrays import Array

_NOT_NEGATIVE = "must be finite and at least 0"
_MOST_COUNTED = 1_000_000


def real(name: str, value: Any) -> Array:
    """Finite numbers of either sign.

    >>> real("margin", [0.25, 0.5])
    array([0.25, 0.5 ])
    """
    found = numbers(value, f"{name} must be a number or an array of numbers")
    refuse(name, found, np.isfinite(found), "must be finite")
    return found


def at_least_0(name: str, value: Any) -> Array:
    """Finite numbers that are not negative: costs, lengths, rates of purchase.

    >>> at_least_0("acquisition_cost", 12)
    array(12.)
    """
    found = numbers(value, f"{name} must be a number or an array of numbers")
    refuse(name, found, (found >= 0) & np.isfinite(found), _NOT_NEGATIVE)
    return found


def above_0(name: str, value: Any, why: str = "") -> Array:
    """Finite numbers above 0, as whatever is divided by must be.

    >>> above_0("customers", 12)
    array(12.)
    """
    found = real(name, value)
    refuse(name, found, found > 0, f"must be above 0{why}")
    return found


def discount_rate(name: str, value: Any) -> Array:
    """Rates above −1: at −1 money of tomorrow would be worth endlessly much today.

    >>> discount_rate("discount_rate", 0.1)
    array(0.1)
    """
    found = real(name, value)
    refuse(name, found, found > -1, "must be above -1 (0.10 is 10 %)")
    return found


def retention_rate(name: str, value: Any) -> Array:
    """Shares in [0, 1): with 1 nobody would ever leave.

    >>> retention_rate("retention_rate", 0.8)
    array(0.8)
    """
    found = real(name, value)
    refuse(name, found, (found >= 0) & (found < 1), "must lie in [0, 1): 0.80 if 80 % stay for another period")
    return found


def churn_rate(name: str, value: Any) -> Array:
    """Shares in (0, 1]: with 0 nobody would ever leave.

    >>> churn_rate("churn_rate", 0.2)
    array(0.2)
    """
    found = real(name, value)
    refuse(name, found, (found > 0) & (found <= 1), "must lie in (0, 1]: 0.20 if 20 % leave in a period")
    return found


def margin_share(name: str, value: Any) -> Array:
    """Profit as a share of spend; above 1 it is likelier money, or per cent, than a share, which is warned of.

    >>> margin_share("margin", 0.3)
    array(0.3)
    """
    found = real(name, value)
    warn_above_1(found, name)
    return found


def warn_above_1(shares: Array, name: str = "margin", hint: str = "") -> None:
    """Warn of margins above 1; ``hint`` is what to do about them."""
    high = shares > 1
    if high.any():
        count = f"{high.sum():,} of {shares.size:,} are above 1, first" if shares.ndim else "found"
        warn(
            f"{name} is profit as a share of spend, 0.30 for 30 %: {count} {shares[high].flat[0]:g}, more profit than "
            f"was spent{hint}"
        )


def count(name: str, value: Any, least: int = 1) -> int:
    """A whole number from 1 (or another least one) to a million, of groups, periods and the like.

    >>> count("groups", 10)
    10
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise InvalidInput(f"{name} must be a whole number of at least {least}; found {str(value)[:60]}")
    if value > _MOST_COUNTED:
        raise InvalidInput(f"{name} must be a whole number of at most {_MOST_COUNTED:,}; found {str(value)[:60]}")
    return int(value)


def one(name: str, value: Any, rule: Callable[[str, Any], Array] = at_least_0) -> float:
    """A single number that keeps one of the rules.

    >>> one("cost", 30), one("value", -2, real)
    (30.0, -2.0)
    """
    found = numbers(value, f"{name} must be one number")
    if found.ndim:
        raise InvalidInput(f"{name} must be one number; found {found.size} of them")
    return float(rule(name, found))


def costs(frame: Any, given: Any, name: str) -> Array:
    """Money that is not negative, one amount a row of a frame: a number for all, a column's name, or one a row."""
    if not isinstance(given, str) and np.ndim(given) == 0:
        return np.full(frames.n_rows(frame), one(name, given))
    values = statistics.per_row(frame, given, name)
    statistics.refuse(frame, ~((values >= 0) & np.isfinite(values)), values, name, _NOT_NEGATIVE)
    return values


def answered(values: Any) -> Any:
    """A float where all that went in were single numbers, else an array.

    >>> answered(np.array(2.0)), answered(np.array([2.0]))
    (2.0, array([2.]))
    """
    return float(values) if np.ndim(values) == 0 else values


def refuse_shapes(**arrays: Array) -> None:
    """Raise InvalidInput where arrays do not broadcast.

    >>> refuse_shapes(margin=np.zeros(3), cost=np.array(1.0))
    """
    try:
        np.broadcast_shapes(*(each.shape for each in arrays.values()))
    except ValueError:
        told = ", ".join(f"{name} {each.shape}" for name, each in arrays.items() if each.ndim)
        raise InvalidInput(
            f"arrays must have one length, or shapes that broadcast; found {told}. Give one number a customer or group "
            "in each, or a single number"
        ) from None


def refuse(name: str, values: Array, fine: Any, rule: str) -> None:
    """Raise if a number breaks a rule: how many, and which first."""
    wrong = ~np.asarray(fine)
    if not wrong.any():
        return
    if not values.ndim:
        raise InvalidInput(f"{name} {rule}; found {float(values):.10g}")
    i = int(np.argmax(wrong.ravel()))
    raise InvalidInput(
        f"{name} {rule}: {wrong.sum():,} of {values.size:,} violate it, first at position {i} ({values.flat[i]:.10g})"
    )
