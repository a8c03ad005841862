"""Reads the columns that a family needs from a summary, and refuses what cannot be a summary."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..numerics.arrays import Array
from ..transactions.patterns import CUSTOMERS, Patterns
from ..transactions.summary_rules import LARGEST_WEIGHT, PERIODS, TOLERANCE
from .time_units import numbers


def read(frame: Any, names: Sequence[str], time: str = "continuous") -> dict[str, Array]:
    """Statistics as float arrays, checked: finite; counts and times not negative, frequency whole, recency within T.

    Differences of rounding between recency and T are levelled. For a family in discrete ``time`` both are whole
    periods, and no period holds more than one purchase.
    """
    found = frames.column_names(frame)
    if names and not set(names) & set(found):
        others = f", nor any other of a summary ({', '.join(names[1:])})" if len(names) > 1 else ""
        raise InvalidInput(
            f"there is no column {names[0]!r}{others}; the columns found are {', '.join(map(repr, found)) or 'none'}: "
            "is this a log? clv.rfm_summary(log) makes a summary of it"
        )
    columns = {name: frames.numeric(frame, name) for name in names}
    for name, values in columns.items():
        # NaN fails both comparisons, and so comes to the closer look
        fine = values.size > 0 and values.min() >= 0 and values.max() < np.inf
        if name != "monetary_value" and not fine:
            refuse(frame, ~np.isfinite(values), values, name, "must be a finite number")
        if name in ("frequency", "recency", "T"):
            refuse(frame, values < 0, values, name, "must not be negative")
    if "frequency" in columns:
        x = columns["frequency"]
        refuse(frame, x != np.rint(x), x, "frequency", "must be a whole number of repeat purchases")
        if "monetary_value" in columns:
            _check_spend(frame, x, columns["monetary_value"])
    if "recency" in columns and "T" in columns:
        recency, T = columns["recency"], columns["T"]
        late = recency > T + TOLERANCE * np.maximum(T, 1.0)
        if late.any():
            i = int(np.argmax(late))
            raise InvalidInput(
                f"recency must not exceed T: {late.sum()} of {len(T)} customers violate it, first "
                f"{frames.identifier_at(frame, i)} (recency={recency[i]:.10g}, T={T[i]:.10g}). "
                "Is observation_end earlier than the last purchase?"
            )
        columns["recency"] = np.minimum(recency, T)
    if "frequency" in columns and "recency" in columns:
        wrong = (columns["frequency"] == 0) & (columns["recency"] > 0)
        refuse(
            frame, wrong, columns["recency"], "recency", "must be 0 where frequency is 0 (it ends at the last repeat)"
        )
    if time == "discrete":
        _check_periods(frame, columns)
    return columns


def _check_periods(frame: Any, columns: dict[str, Array]) -> None:
    for name in ("T", "recency"):
        if name in columns:
            values = columns[name]
            refuse(frame, values != np.rint(values), values, name, f"must be a whole number of periods {PERIODS}")
    if "frequency" in columns and "recency" in columns:
        x = columns["frequency"]
        rule = f"must not exceed recency (one purchase a period) {PERIODS}"
        refuse(frame, x > columns["recency"], x, "frequency", rule)


def _check_spend(frame: Any, x: Array, m: Array) -> None:
    repeated = x > 0
    refuse(frame, repeated & np.isnan(m), m, "monetary_value", "must be there for customers with frequency > 0")
    refuse(frame, np.isinf(m), m, "monetary_value", "must be finite")
    refuse(
        frame,
        repeated & (m < 0),
        m,
        "monetary_value",
        "must not be negative (net refunds into their purchases: see refunds= of rfm_summary)",
    )


def refuse_duplicates(frame: Any) -> None:
    """Raise if a customer has two rows."""
    ids = frames.identifiers(frame)
    if ids is None:
        return
    if hasattr(ids, "is_monotonic_increasing") and ids.dtype.kind in "iu" and np.all(np.diff(ids) > 0):
        return

    column = frames.as_pandas(ids)
    again = column.duplicated().to_numpy()
    if again.any():
        i = int(np.argmax(again))
        raise InvalidInput(
            f"a summary has one row per customer: {again.sum()} of {len(column)} rows repeat a customer_id, first "
            f"{frames.identifier_at(frame, i)}. Summarise the whole log at once, or drop the duplicates"
        )


def parts_of(summary: Any, weights: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """What purchases and what spend are fitted on: a frame each, and the weights of its rows.

    Both are the summary; of `clvmodels.patterns` each has its own.
    """
    if not isinstance(summary, Patterns):
        frame = frames.load(summary)
        return (frame, weights), (frame, weights)
    if weights is not None:
        raise InvalidInput(
            "patterns say themselves how many customers each stands for: leave weights out. A column of the summary "
            "with weights goes to patterns(summary, weights=...)"
        )
    return (summary.purchases, CUSTOMERS), (summary.spend, CUSTOMERS)


def with_money(frame: Any) -> Any:
    """The frame that spend is fitted on; None, of patterns without money, is an error."""
    if frame is None:
        raise InvalidInput(
            "there is no money in these patterns: what they were made of has no monetary_value or amount. Fit "
            "purchases alone, with PurchaseModel"
        )
    return frame


def amounts_of(summary: Any, weights: Array | None) -> tuple[Array, Array | None] | None:
    """Mean spend of those who came back, and how many customers each value stands for; None without money."""
    frame = summary
    if isinstance(summary, Patterns):
        frame = summary.spend
        weights = None if frame is None else frames.numeric(frame, CUSTOMERS)
    if frame is None or "monetary_value" not in frames.column_names(frame):
        return None
    m = frames.numeric(frame, "monetary_value")
    if "frequency" not in frames.column_names(frame):
        return m, weights
    repeated = frames.numeric(frame, "frequency") > 0
    return m[repeated], None if weights is None else weights[repeated]


def weights_of(frame: Any, weights: Any) -> Array | None:
    """Frequency weights, one a row, as floats: a column name, a Series or an array."""
    if weights is None:
        return None
    values = per_row(frame, weights, "weights")
    wrong = ~((values >= 0) & (values <= LARGEST_WEIGHT))
    refuse(frame, wrong, values, "weights", f"must be numbers of customers, from 0 to {LARGEST_WEIGHT:g}")
    return values


def margins(frame: Any, margin: Any) -> Any:
    """The margin as one number, or one a row where it is the name of a column."""
    if not isinstance(margin, str):
        return one_margin(margin)
    values = frames.numeric(frame, margin)
    refuse(frame, ~np.isfinite(values), values, margin, "is the margin and must be finite")
    return values


def one_margin(margin: Any) -> float:
    """A margin as one finite number."""
    try:
        value = float(margin)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(f"margin must be a number or the name of a column; found {margin!r}") from None
    if not math.isfinite(value):
        raise InvalidInput(f"margin must be finite, for example 0.30 for 30 % of spend; found {value!r}")
    return value


def per_row(frame: Any, values: Any, what: str) -> Array:
    """A column name, a Series or an array as one float per row of the summary."""
    if isinstance(values, str):
        return frames.numeric(frame, values)
    result = numbers(values, f"{what} must be numbers or the name of a column")
    n = frames.n_rows(frame)
    if result.shape != (n,):
        raise InvalidInput(f"{what} must have one value per row of the summary: expected {n}, found {result.shape}")
    refuse_other_index(frame, values, what)
    return result


def refuse_other_index(frame: Any, values: Any, what: str) -> None:
    """Raise for a Series that would be matched by position though its index says otherwise."""
    index: Any = getattr(values, "index", None)
    aligned = frames.kind(frame) != "pandas" or not hasattr(index, "equals") or index.equals(frame.index)
    if not aligned:
        raise InvalidInput(
            f"{what} is a Series whose index differs from the summary's, so which value belongs to whom is not clear. "
            "Put it into the summary as a column and give the column's name"
        )


def refuse(frame: Any, wrong: Any, values: Array, name: str, rule: str) -> None:
    """Raise if any row is wrong: how many, and which first."""
    if wrong.any():
        i = int(np.argmax(wrong))
        raise InvalidInput(
            f"{name} {rule}: {wrong.sum()} of {len(values)} customers violate it, first "
            f"{frames.identifier_at(frame, i)} ({name}={values[i]:.10g})"
        )
