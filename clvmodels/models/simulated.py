"""Simulated purchase times become a log with timestamps, and its summary."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInput
from ..numerics.arrays import Array
from ..transactions.moments import parse_moment
from ..transactions.summarize import rfm_summary
from ..units import hours_in

if TYPE_CHECKING:
    import pandas as pd


def simulated_log(
    owner: Any, times: Array, observation: Array, time_unit: str, observation_end: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Date first and repeat purchases back from the end of observation, to the microsecond."""
    import pandas as pd

    last = parse_moment("observation_end", observation_end, None)
    # a date is observed to its end
    end = pd.Timestamp(last) if isinstance(last, datetime) else pd.Timestamp(last) + pd.Timedelta(days=1)
    if not float(observation.max()) * float(hours_in(time_unit)) / 24 < (end - pd.Timestamp("0001-01-02")).days:
        raise InvalidInput(
            f"observation reaches back beyond the calendar: the longest is {observation.max():.6g} {time_unit}s before "
            f"{observation_end}"
        )
    microseconds = float(hours_in(time_unit)) * 3.6e9
    customer = np.concatenate([np.arange(len(observation)), owner])
    ago = np.concatenate([observation, observation[owner] - times]) * microseconds
    order = np.lexsort((-ago, customer))
    log = pd.DataFrame(
        {
            "customer_id": customer[order] + 1,
            "date": end.to_datetime64().astype("datetime64[us]") - np.rint(ago[order]).astype("timedelta64[us]"),
        }
    )
    summary = rfm_summary(log, amount=None, time_unit=time_unit, event_grain="line", observation_end=end)
    return log, summary
