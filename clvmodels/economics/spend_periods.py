"""Marketing spend by calendar period, so that cohorts can be held against it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .. import frames
from ..errors import InvalidInput, warn
from . import given_numbers as given
from .periods import labels_of, number_of, starts_of

SPEND = "spend"
PERIODS = ("month", "quarter", "year")


def spend_by_period(
    spend: Any, period: str = "month", *, by: str | None = None, start: str = "start", end: str = "end"
) -> pd.DataFrame:
    """Spread marketing spend over calendar periods, day by day alike, so that cohorts can be held against it.

    A row of S over D days gives S/D a day: a period gets S · (days in it) / D.

    Parameters
    ----------
    spend
        A frame with the column ``spend`` and two of days, one row a campaign, invoice or month.
    period
        ``"month"`` ("2024-01"), ``"quarter"`` ("2024-Q1") or ``"year"`` ("2024"); of the first purchase that the money
        led to, if customers come as soon as it is spent.
    by
        A further column to tell apart, such as the channel.
    start, end
        Names of the columns of first and last day (both paid for).

    Returns
    -------
    pandas.DataFrame
        ``by`` (if there is one), cohort, spend: one row a period in which money was spent, for `acquisition_cost` with
        ``by="cohort"``.

    Raises
    ------
    InvalidInput
        If money is negative or missing, a day is missing or no date, or an end comes before its start.

    Warns
    -----
    ClvWarning
        If two rows (of the same ``by``) share days: their money is added, which is wrong if it is the same money.

    Examples
    --------
    >>> import pandas
    >>> paid = pandas.DataFrame({"start": ["2024-01-22", "2024-03-01"], "end": ["2024-02-20", "2024-03-31"]})
    >>> print(spend_by_period(paid.assign(spend=[300.0, 50.0])).to_string(index=False))
     cohort  spend
    2024-01  100.0
    2024-02  200.0
    2024-03   50.0
    """
    if not isinstance(period, str) or period not in PERIODS:
        raise InvalidInput(f"period must be one of {', '.join(PERIODS)}; found {period!r}")
    frame = frames.load(spend)
    money = given.costs(frame, SPEND, SPEND)
    first, last = (read_days(frame, name) for name in (start, end))
    wrong = last < first
    if wrong.any():
        i = int(np.argmax(wrong))
        raise InvalidInput(
            f"{end} must not come before {start}: {wrong.sum()} of {len(money)} rows violate it, first row {i} "
            f"({first[i]} to {last[i]})"
        )
    channel = None if by is None else frames.as_pandas(frames.column_of(frame, by)).reset_index(drop=True)
    _warn_overlap(channel, first, last, by)
    begun, ended = (number_of(days, period) for days in (first, last))
    times = ended - begun + 1
    row = np.repeat(np.arange(len(money)), times)
    number = begun[row] + np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    low = np.maximum(starts_of(number, period), first[row])
    high = np.minimum(starts_of(number + 1, period) - np.timedelta64(1, "D"), last[row])
    days = (high - low).astype(np.int64) + 1
    share = money[row] * days / ((last - first).astype(np.int64) + 1)[row]
    columns: dict[str, Any] = {} if channel is None else {str(by): channel.take(row).array}
    spread = pd.DataFrame({**columns, "cohort": number, SPEND: share})
    found: pd.DataFrame = spread.groupby([*columns, "cohort"], dropna=False, sort=True)[SPEND].sum().reset_index()
    found["cohort"] = labels_of(found["cohort"], period)
    return found


def read_days(frame: Any, name: str) -> Any:
    """A column of days as datetime64[D], none of them missing; timestamps count by their date."""
    column = frames.as_pandas(frames.column_of(frame, name))
    try:
        moments = pd.to_datetime(column)
        moments = moments if moments.dt.tz is None else moments.dt.tz_localize(None)
    except (TypeError, ValueError, AttributeError) as error:
        raise InvalidInput(f"column {name!r} must hold days like 2024-01-31: {error}") from error
    days = moments.to_numpy().astype("datetime64[D]")
    missing = np.isnat(days)
    if missing.any():
        raise InvalidInput(
            f"column {name!r} must hold a day in every row: {missing.sum()} are missing, first row "
            f"{int(np.argmax(missing))}"
        )
    return days


def _warn_overlap(channel: Any, first: Any, last: Any, by: str | None) -> None:
    """Warn of rows of one channel that share a day with an earlier one."""
    group = np.zeros(len(first), dtype=np.intp) if channel is None else pd.factorize(channel, use_na_sentinel=False)[0]
    order = np.lexsort((first, group))
    group, begun, ended = group[order], first[order].astype(np.int64), last[order].astype(np.int64)
    # the latest end so far within a group: ends are lifted by group, so that one running maximum serves all
    lift = group * (ended.max(initial=0) - ended.min(initial=0) + 1)
    until = np.maximum.accumulate(ended + lift) - lift if len(ended) else ended
    shared = (group[1:] == group[:-1]) & (begun[1:] <= until[:-1])
    if shared.any():
        i = int(order[1:][shared].min())
        whose = "" if channel is None else f" of the same {by}"
        hint = " If they are of several channels, name their column by=." if by is None else ""
        warn(
            f"{shared.sum()} of {len(first)} rows of spend share days with another{whose}, first row {i} "
            f"({first[i]} to {last[i]}): their money is added. Drop it if it is the same money twice.{hint}"
        )
