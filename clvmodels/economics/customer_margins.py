"""The margin of every customer of a frame: one for all, or a table of them matched by customer_id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..numerics.arrays import Array
from . import given_numbers as given
from .groups import alike


def margins_of(margin: Any, frame: frames.Frame) -> Array:
    """One margin a row: a number, or a dict customer_id -> margin, a Series by customer_id, or a frame of both.

    Raises
    ------
    InvalidInput
        If it is none of these, a customer has two, or one of the frame's has none.

    Examples
    --------
    >>> import pandas
    >>> frame = pandas.DataFrame({"customer_id": ["ann", "bob"]})
    >>> margins_of({"bob": 0.5, "ann": 0.25}, frame), margins_of(0.3, frame)
    (array([0.25, 0.5 ]), array([0.3, 0.3]))
    """
    import pandas as pd

    n = frames.n_rows(frame)
    if isinstance(margin, Mapping):
        told = pd.Series(list(margin.values()), index=pd.Index(list(margin)))
    elif isinstance(margin, pd.Series):
        told = margin
    elif frames.kind(margin):
        told = _by_customer(frames.load(margin))
    elif np.ndim(margin) == 0 and not isinstance(margin, str):
        return np.full(n, float(given.margin_share(margin)))
    else:
        raise InvalidInput(
            "margin must be a number, a dict customer_id -> margin, a Series indexed by customer_id, or a frame of "
            f"customer_id and margin; found {str(margin)[:60]!r}"
        )
    known, wanted = alike(pd.Series(told.index), frames.as_pandas(frames.identifiers(frame)))
    again = known.duplicated().to_numpy()
    if again.any():
        raise InvalidInput(
            f"each customer must have one margin: {again.sum():,} of {len(known):,} repeat a customer_id, first "
            f"{known[again].tolist()[0]!r}"
        )
    place = pd.Index(known).get_indexer(pd.Index(wanted))
    if (place < 0).any():
        raise InvalidInput(
            f"margin must be given for every customer: {(place < 0).sum():,} of {n:,} have none, first "
            f"{frames.identifier_at(frame, int(np.argmax(place < 0)))}"
        )
    return given.margin_share(told.to_numpy()[place])


def _by_customer(frame: frames.Frame) -> Any:
    import pandas as pd

    ids = frames.identifiers(frame)
    others = [name for name in frames.column_names(frame) if name != frames.CUSTOMER_ID]
    if ids is None or len(others) != 1:
        raise InvalidInput(
            f"a frame of margins must have two columns, customer_id and the margin; found {', '.join(others) or 'none'}"
        )
    return pd.Series(frames.numeric(frame, others[0]), index=pd.Index(frames.as_pandas(ids)))
