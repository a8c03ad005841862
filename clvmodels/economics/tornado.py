"""How much the value of all customers moves with each lever, up and down: the table of the tornado picture."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInput
from ..models.clv import CLVModel
from .levers import refuse_infinite, worth_of

if TYPE_CHECKING:
    import pandas as pd


def compute_tornado(
    model: CLVModel,
    summary: Any,
    change: float = 0.1,
    *,
    costs: Any = None,
    horizon: Any = None,
    annual_discount_rate: float | None = None,
) -> pd.DataFrame:
    """Move each lever of `what_if` down and up by the same share, alone, and tell what all customers are then worth.

    With V(f) the sum of values at a factor f of one lever, as in `what_if`: V(1 − change) and V(1 + change), against
    V(1).

    Parameters
    ----------
    model, summary
        As for `what_if`.
    change
        0.1 for 10 % down and up.
    costs, horizon, annual_discount_rate
        As for `what_if`; without costs there is no row of acquisition_cost.

    Returns
    -------
    pandas.DataFrame
        A row a lever, what moves most first: lever, low_factor, high_factor, now, low_value, high_value (at these
        factors), low_change, high_change (against now) and swing, the distance of the two.

    Raises
    ------
    NotFitted, UnitMismatch, InvalidInput
        As `what_if` does, and if ``change`` is not above 0 and below 1.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.CLVModel("bg_nbd", margin=0.30).fit(summary)
    >>> table = clv.economics.compute_tornado(model, summary, 0.1)
    >>> print(table[["lever", "low_change", "high_change", "swing"]].round(1).to_string(index=False))
            lever  low_change  high_change  swing
            spend     -2180.8       2180.8 4361.6
           margin     -2180.8       2180.8 4361.6
    purchase_rate     -1771.6       1711.0 3482.5
          dropout       454.7       -427.1  881.8
    """
    import pandas as pd

    try:
        step = float(change)
    except (TypeError, ValueError, OverflowError):
        step = math.nan
    if not 0 < step < 1:
        raise InvalidInput(f"change must be a share above 0 and below 1, for example 0.1 for 10 %; found {change!r}")
    worth = worth_of(model, summary, horizon, annual_discount_rate, costs)
    value = worth.value()
    refuse_infinite(worth, value)
    now, levers = float(np.sum(value)), worth.movable
    ends = np.array([[np.sum(worth.value({name: factor})) for factor in (1 - step, 1 + step)] for name in levers])
    table = pd.DataFrame(
        {
            "lever": levers,
            "low_factor": 1 - step,
            "high_factor": 1 + step,
            "now": now,
            "low_value": ends[:, 0],
            "high_value": ends[:, 1],
            "low_change": ends[:, 0] - now,
            "high_change": ends[:, 1] - now,
            "swing": np.abs(ends[:, 1] - ends[:, 0]),
        }
    )
    swing = table["swing"].to_numpy()
    # levers that differ by rounding alone stay in their order
    order = np.argsort(-np.round(swing / max(float(swing.max()), 1e-300), 9), kind="stable")
    return table.iloc[order].reset_index(drop=True)
