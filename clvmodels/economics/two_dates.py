"""Scored tables of two dates, joined customer by customer: who is in both, and whether the two can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import frames
from ..errors import ClvError, InvalidInput, UnitMismatch
from ..numerics.arrays import Array, Positions
from ..transactions.moments import day_of, parse_moment
from ..validation.words import listed
from .groups import alike
from .value_columns import read_values, refuse_infinite

_TERMS = ("time_unit", "horizon", "annual_discount_rate", "margin")


@dataclass(frozen=True, eq=False)
class Dated:
    """A scored table of one date.

    Attributes
    ----------
    frame
        As it was read; it has customer_id, each once.
    values
        One a customer, finite.
    alive
        P(alive) of each; None where the table has none.
    end
        The end of observation; None where the table does not say it.
    """

    frame: Any
    values: Array
    alive: Array | None
    end: str | None


def read_dated(scored: Any, value: str, which: str) -> Dated:
    """Read one of the two tables; ``which`` is how a message calls it.

    Raises
    ------
    InvalidInput
        If there is no customer_id, or one is missing or there twice, no such column, or a value is missing or infinite.
    """
    frame, values = read_values(scored, value)
    ids = None if frame is None else frames.identifiers(frame)
    if ids is None:
        raise InvalidInput(f"{which} must be a scored table with customer_id, which tells who is in both; found none")
    column = frames.as_pandas(ids)
    nameless, again = column.isna().to_numpy(), column.duplicated().to_numpy()
    if nameless.any():
        raise InvalidInput(
            f"{which} must say whose each row is: {nameless.sum():,} of {len(nameless):,} rows have no customer_id, "
            f"first row {int(np.argmax(nameless))}. Leave them out or name them"
        )
    if again.any():
        raise InvalidInput(
            f"{which} must have one row per customer: {again.sum():,} of {len(again):,} rows repeat a customer_id, "
            f"first {frames.identifier_at(frame, int(np.argmax(again)))}"
        )
    refuse_infinite(frame, values, value)
    alive = read_values(frame, "p_alive")[1] if "p_alive" in frames.column_names(frame) else None
    return Dated(frame, values, alive, said(frame, "observation_end"))


def said(frame: Any, name: str) -> str | None:
    """What a table says of itself, in its metadata or in a column of one value; None where it says nothing."""
    known = frames.read_facts(frame).get(name)
    if known is not None or name not in frames.column_names(frame) or not frames.n_rows(frame):
        return known
    if name == "margin":
        return None  # a column of that name holds the margins themselves
    different = frames.as_pandas(frames.column_of(frame, name)).drop_duplicates()
    return str(different.iloc[0]) if len(different) == 1 else None


def places(before: Dated, after: Dated) -> Positions:
    """Where each customer of before stands in after; −1 where he does not.

    Raises
    ------
    InvalidInput
        If both have customers, and nobody is in both.
    """
    import pandas as pd

    ours, theirs = alike(*(frames.as_pandas(frames.identifiers(dated.frame)) for dated in (before, after)))
    place = np.asarray(pd.Index(theirs).get_indexer(pd.Index(ours)), dtype=np.intp)
    if len(ours) and len(theirs) and not (place >= 0).any():
        raise InvalidInput(
            f"none of the {len(ours):,} customers of before is among the {len(theirs):,} of after: before begins with "
            f"{frames.identifier_at(before.frame, 0)}, after with {frames.identifier_at(after.frame, 0)}. Is it "
            "another log, or another customer_id?"
        )
    return place


def refuse_other_terms(before: Dated, after: Dated) -> tuple[str, ...]:
    """Raise where the two tables say that they count differently; notes of what they do not say.

    Raises
    ------
    UnitMismatch
        If their time units differ.
    InvalidInput
        If their horizons, rates or margins differ, or before is the later one.
    """
    if before.end is not None and after.end is not None and _moment(after.end) < _moment(before.end):
        raise InvalidInput(f"before ({before.end}) is later than after ({after.end}): give the earlier table first")
    silent = []
    for name in _TERMS:
        first, second = said(before.frame, name), said(after.frame, name)
        if first is None or second is None:
            silent.append(name)
        elif not same(first, second):
            error: type[ClvError] = UnitMismatch if name == "time_unit" else InvalidInput
            raise error(
                f"the two tables must count alike, but {name} is {first} before and {second} after: a change of it "
                f"would look like one of the customers. Score both with the same {name}"
            )
    if not silent:
        return ()
    return (f"the tables do not both say their {listed(silent)}, which must be the same in both",)


def _moment(end: str) -> Any:
    return day_of(parse_moment("observation_end", end, None))


def same(first: str, second: str) -> bool:
    """Whether two texts say the same number, or the same.

    >>> same("52", "52.0"), same("0.1", "margin")
    (True, False)
    """
    try:
        return float(first) == float(second)
    except ValueError:
        return first == second
