"""Which row of one table is the same customer as which row of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..numerics.arrays import Array, Positions
from .words import counted


@dataclass(frozen=True)
class Matched:
    """Customers of a forecast who are in the log as well.

    Attributes
    ----------
    first, second
        Their rows in the forecast, in its order, and in the summary of the log.
    notes
        Who is in only one of them.
    """

    first: Positions
    second: Positions
    notes: tuple[str, ...]

    def of_first(self, values: Array) -> Array:
        """A column of the forecast, for the customers matched."""
        return values[self.first]

    def of_second(self, values: Array) -> Array:
        """A column of the log's summary, for the customers matched."""
        return values[self.second]


def match(forecast: Any, summary: Any) -> Matched:
    """Find the forecast's customers in the summary of the log until observation_end.

    Identifiers are compared as they are; if one side holds numbers and the other text (a CSV file does not know), as
    text: 7 and "7" are one customer, 7 and "007" are not.

    Raises
    ------
    InvalidInput
        If none is there, with the first of both sides.
    """
    import pandas as pd

    ours, theirs = _keys(forecast), _keys(summary)
    if ours.dtype.kind != theirs.dtype.kind:
        ours, theirs = ours.map(str), theirs.map(str)
    place = np.asarray(pd.Index(theirs).get_indexer(pd.Index(ours)))
    first = np.flatnonzero(place >= 0)
    if not len(first):
        raise InvalidInput(
            f"none of the {len(ours):,} customers of the forecast is among the {len(theirs):,} in the log until its "
            f"observation_end: the forecast begins with {frames.identifier_at(forecast, 0)}, the log has "
            f"{frames.identifier_at(summary, 0)}. Is it another log, or another customer_id?"
        )
    notes = []
    if len(first) < len(ours):
        gone = int(np.argmin(place))
        notes.append(
            f"left out: {counted(len(ours) - len(first), 'customer')} of the forecast, not in the log until "
            f"observation_end, first {frames.identifier_at(forecast, gone)}"
        )
    known = np.zeros(len(theirs), dtype=bool)
    known[place[first]] = True
    if not known.all():
        notes.append(
            f"left out: {counted(int((~known).sum()), 'customer')} of the log until observation_end, not in the "
            f"forecast, first {frames.identifier_at(summary, int(np.argmin(known)))}"
        )
    return Matched(first, place[first], tuple(notes))


def _keys(frame: Any) -> Any:
    import pandas as pd

    ids: Any = frames.identifiers(frame)
    column = frames.as_pandas(ids)
    if column.dtype.kind == "f" and np.all(np.isfinite(column)) and np.all(column == np.rint(column)):
        column = column.astype(np.int64)
    if pd.api.types.is_integer_dtype(column.dtype):
        return column.astype(np.int64) if not column.isna().any() else column
    return column.astype(object)
