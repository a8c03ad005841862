"""What a metric is given: one number a customer, the same customers in every array, nothing missing."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import InvalidInput
from ...numerics.arrays import Array

# Probabilities are sums of many terms: so far beyond 0 or 1 they are rounding, and are set to 0 or 1.
ROUNDING = 1e-9


def real(name: str, values: Any) -> Array:
    """Values of any sign, infinite ones too: scores that only rank."""
    found = _one_each(name, values)
    refuse(name, found, np.isnan(found), "must not be missing", "Give every customer a value")
    return found


def amount(name: str, values: Any) -> Array:
    """Predicted counts or money: 0 or more; inf is a mean that does not exist, and an honest answer."""
    found = _one_each(name, values)
    refuse(name, found, ~(found >= 0), "must be 0 or more", "Drop or repair those customers")
    return found


def happened(name: str, values: Any) -> Array:
    """What was observed, counts or money: finite and 0 or more."""
    found = _one_each(name, values)
    bad = ~((found >= 0) & (found < np.inf))
    refuse(name, found, bad, "must be finite and 0 or more", "Drop or repair those customers")
    return found


def whole(name: str, values: Any) -> Array:
    """Counts: whole numbers, finite and 0 or more."""
    found = happened(name, values)
    refuse(name, found, found != np.floor(found), "must be whole numbers", "Is this money, or a mean?")
    return found


def probability(name: str, values: Any) -> Array:
    """Probabilities; beyond 0 and 1 by rounding alone they are brought back."""
    found = _one_each(name, values)
    bad = ~((found >= -ROUNDING) & (found <= 1 + ROUNDING))
    refuse(name, found, bad, "must lie between 0 and 1", "Is this an expected count?")
    return np.clip(found, 0.0, 1.0)


def together(**columns: Array) -> None:
    """Refuse arrays of different lengths, and none at all."""
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} {n}" for name, n in lengths.items())
        raise InvalidInput(
            f"one value a customer is expected in each array, the same customers in the same order; found lengths "
            f"{found}: align them on customer_id first"
        )
    if 0 in lengths.values():
        raise InvalidInput(
            f"at least 1 customer is expected in {', '.join(lengths)}; found none: is the holdout empty?"
        )


def refuse(name: str, values: Array, bad: Any, expected: str, advice: str) -> None:
    """Raise InvalidInput if any value is bad, with how many and which first."""
    if np.any(bad):
        first = int(np.argmax(bad))
        raise InvalidInput(
            f"{name} {expected}: {int(np.sum(bad))} of {len(values)} are not, first row {first} "
            f"({name}={values[first]:.6g}). {advice}"
        )


def _one_each(name: str, values: Any) -> Array:
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} must be a 1-D array of numbers; found {type(values).__name__}") from None
    if found.ndim != 1:
        raise InvalidInput(f"{name} must be a 1-D array, one number a customer; found the shape {found.shape}")
    return found
