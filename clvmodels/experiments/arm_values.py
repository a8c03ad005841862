"""What every customer of an experiment has been worth since his own start: from a log and arms to arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..numerics.arrays import Array, Positions


@dataclass(frozen=True, eq=False)
class ArmValues:
    """The customers of an experiment, one row each: arm, age, value so far, and history for a model.

    Attributes
    ----------
    names
        The arms in order, control first.
    arm
        (n,), integers: index into ``names``.
    complete
        (n,), booleans: lived through the whole window.
    observed
        (n,), value within the window after the own start, margin in, not discounted; 0 where nothing was bought.
    so_far
        (n,), value from the start to the end of observation, margin in, discounted to the own start.
    age
        (n,), time from the start to the end of observation, in time units.
    summary
        n rows in the same order: ``customer_id, frequency, recency, T, monetary_value`` of the whole history at the
        end of observation; missing where the customer never bought.
    window
        Length of the window, time units.
    time_unit, observation_end
        As in a summary's facts.
    delta
        Continuous discount rate a time unit.
    margin
        The share of the money that counts as value.
    """

    names: tuple[str, ...]
    arm: Positions
    complete: NDArray[np.bool_]
    observed: Array
    so_far: Array
    age: Array
    summary: pd.DataFrame
    window: float
    time_unit: str
    observation_end: str
    delta: float
    margin: float
