"""Scored tables of two dates, joined customer by customer: who is in both, and whether the two can be compared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import ClvError, InvalidInput, UnitMismatch
from ..numerics.arrays import Array, Positions
from ..units import units_per_year
from ..validation.words import listed
from .groups import alike
from .value_columns import read_values, refuse_infinite

if TYPE_CHECKING:
    from ..models.predictive.result import PredictiveDistribution

_TERMS = ("time_unit", "horizon", "annual_discount_rate", "margin")  # values are compared only where these agree


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
    if is_later(before.end, after.end):
        raise InvalidInput(f"before ({before.end}) is later than after ({after.end}): give the earlier table first")
    for name, first, second in other_terms(before.frame, after.frame):
        error: type[ClvError] = UnitMismatch if name == "time_unit" else InvalidInput
        raise error(
            f"the two tables must count alike, but {name} is {first} before and {second} after: a change of it "
            f"would look like one of the customers. Score both with the same {name}"
        )
    silent = [name for name in _TERMS if None in (said(before.frame, name), said(after.frame, name))]
    if not silent:
        return ()
    return (f"the tables do not both say their {listed(silent)}, which must be the same in both",)


def refuse_future_of_other_terms(frame: Any, future: PredictiveDistribution, table: str, called: str) -> None:
    """Raise where a table of values and simulated futures say that they discount otherwise, or at another margin.

    Raises
    ------
    InvalidInput
        If both say it and differ; a margin that is a column is not looked at.
    """
    drawn = future._simulation
    rate, unit, margin = (said(frame, name) for name in ("annual_discount_rate", "time_unit", "margin"))
    told = {}
    if rate is not None and unit is not None:
        told["annual discount rate"] = float(rate), math.expm1(drawn.delta * units_per_year(unit))
    if margin is not None and np.ndim(drawn.margin) == 0 and number_said(margin) is not None:
        told["margin"] = float(margin), float(drawn.margin)
    for name, (ours, theirs) in told.items():
        if not math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-12):
            raise InvalidInput(
                f"{table} and {called} must be of the same {name}: found {ours:g} and {theirs:g}. Predict both with one"
            )


def number_said(text: str) -> float | None:
    """The number that a text says; None where it says something else.

    >>> number_said("0.3"), number_said("own_margin")
    (0.3, None)
    """
    try:
        return float(text)
    except ValueError:
        return None


def is_later(before: str | None, after: str | None) -> bool:
    """Whether the first end of observation is of a later day than the second; not where one is not known.

    >>> is_later("2024-02-01", "2024-01-31T00:00:00+01:00"), is_later(None, "2024-01-31")
    (True, False)
    """
    if before is None or after is None:
        return False
    return _day(before) > _day(after)


def _day(end: str) -> date:
    try:
        return datetime.fromisoformat(end).date()
    except ValueError:
        raise InvalidInput(f"observation_end must be a day like 2024-01-31; found {end!r}") from None


def other_terms(before: Any, after: Any) -> list[tuple[str, str, str]]:
    """On which terms both tables say that their values were computed, and differently: name, before, after."""
    told = [(name, said(before, name), said(after, name)) for name in _TERMS]
    return [
        (name, one, other)
        for name, one, other in told
        if one is not None and other is not None and not same(one, other)
    ]


def same(first: str, second: str) -> bool:
    """Whether two texts say the same number, or the same.

    >>> same("52", "52.0"), same("0.1", "margin")
    (True, False)
    """
    try:
        return float(first) == float(second)
    except ValueError:
        return first == second
