"""Customers of one age, with every frequency and recency that they may have."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, NotAvailable
from ..models.purchase import PurchaseModel
from ..models.time_units import one_length
from ..numerics.arrays import Array
from .model import largest_frequency

_MOST_STEPS = 100
_LEAST_FREQUENCY = 10


def customers_of_age(purchases: PurchaseModel, T: Any, max_frequency: Any, what: str) -> tuple[Array, Array, Any, Any]:
    """A grid of frequency by recency, flat; which of its cells can be; and the customers in those, as a summary.

    Recency runs in whole units, or in a hundred steps, from 0 to T; ``what`` is the picture, for a refusal.
    """
    import pandas as pd

    if not set(purchases.family.statistics) == {"frequency", "recency", "T"}:
        raise NotAvailable(
            f"{what} shows families that read frequency, recency and T; "
            f"{purchases.family.title} reads {', '.join(purchases.family.statistics)}"
        )
    unit, age = purchases._unit, _age(purchases, T)
    discrete = purchases.family.time == "discrete"
    if discrete:
        age = float(np.floor(age))
    recency = _steps(age, discrete)
    most = _most(purchases, max_frequency)
    if discrete and max_frequency is None:
        most = min(most, int(age))  # one purchase a period at most
    frequency = np.arange(most + 1, dtype=np.float64)
    x, t_x = (grid.ravel() for grid in np.meshgrid(frequency, recency, indexing="ij"))
    possible = (x > 0) | (t_x == 0)
    if discrete:
        possible &= x <= t_x
    customers = pd.DataFrame({"frequency": x[possible], "recency": t_x[possible], "T": age})
    return x, t_x, possible, frames.attach_facts(customers, {"time_unit": unit})


def spread(answers: Any, possible: Any) -> Array:
    """Answers at their places among all cells, NaN elsewhere."""
    result = np.full(len(possible), np.nan)
    result[possible] = answers
    return result


def _age(model: PurchaseModel, T: Any) -> float:
    if T is None:
        T = model.largest_trained
        if not T:
            raise InvalidInput(
                "T is not known, since the model was not fitted: write T=52 for customers of 52 units of time"
            )
    age = one_length(T, "T")
    if age == 0 or (model.family.time == "discrete" and age < 1):
        raise InvalidInput(f"T must be above 0 (in a model of whole periods at least 1); found {T!r}")
    return age


def _steps(age: float, discrete: bool) -> Array:
    """From 0 to the age in whole units, or in a hundred steps if those are more."""
    if age <= _MOST_STEPS:
        return np.unique(np.append(np.arange(np.floor(age) + 1), age))
    steps = np.linspace(0.0, age, _MOST_STEPS + 1)
    return np.unique(np.rint(steps)) if discrete else steps


def _most(model: PurchaseModel, given: Any) -> int:
    if given is None:
        profile = model._state.profile
        points = profile.get("points", {}).get("frequency")
        most = dict(zip(profile["percent"], points, strict=True))[99] if points else 0
        return max(int(most), _LEAST_FREQUENCY)
    return largest_frequency(given)
