"""The tables of a cross-check."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from . import cross_check_words as words
from .cross_check_fits import BothFits, Comparison, Quantity

if TYPE_CHECKING:
    import pandas as pd


def prediction_rows(found: Comparison) -> list[dict[str, Any]]:
    """The rows of the table of predictions: with the same parameters, then with each package's own."""
    return [_row(one, which, found.label) for one in found.quantities for which in ("same", "own") if one.has(which)]


def _row(one: Quantity, which: str, label: Callable[[int], str]) -> dict[str, Any]:
    ours, theirs = one.answers[which]
    difference = words.relative(ours, theirs)
    known = difference[~np.isnan(difference)]
    worst = int(np.nanargmax(difference)) if known.size else None
    finite = np.isfinite(ours) & np.isfinite(theirs)
    return {
        "quantity": one.name,
        "parameters": which,
        "customers": len(ours),
        "total_ours": float(ours[finite].sum()) if finite.any() else math.nan,
        "total_theirs": float(theirs[finite].sum()) if finite.any() else math.nan,
        "median_difference": float(np.median(known)) if known.size else math.nan,
        "largest_difference": float(known.max()) if known.size else math.nan,
        **{what: int(mask.sum()) for what, mask in words.odd(ours, theirs).items()},
        "worst_customer": None if worst is None else label(worst),
        "worst_ours": math.nan if worst is None else float(ours[worst]),
        "worst_theirs": math.nan if worst is None else float(theirs[worst]),
    }


def table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows as a frame."""
    import pandas as pd

    return pd.DataFrame(rows)


def parameters(fits: dict[str, BothFits]) -> pd.DataFrame:
    """Both sets of parameters, and how far they are apart."""
    return table(
        [
            {
                "part": part,
                "parameter": name,
                "ours": value,
                "theirs": math.nan if fit.theirs.parameters is None else fit.theirs.parameters[name],
                "standard_error": fit.ours.standard_errors[name],
                "apart_by": fit.away(fit.theirs.parameters).get(name, math.nan),
            }
            for part, fit in fits.items()
            for name, value in fit.ours.parameters.items()
        ]
    )


def log_likelihoods(fits: dict[str, BothFits]) -> pd.DataFrame:
    """Log-likelihoods of both sets of parameters by both formulas."""
    return table(
        [
            {
                "part": part,
                "parameters": whose,
                "by_ours": fit.by_ours[i],
                "by_theirs": fit.by_theirs[i],
                "below_best": float(np.nanmax(fit.by_ours)) - fit.by_ours[i],
            }
            for part, fit in fits.items()
            for i, whose in enumerate(("ours", "theirs"))
        ]
    )


def times(fits: dict[str, BothFits]) -> pd.DataFrame:
    """What the fits cost."""
    return table(
        [
            {
                "part": part,
                "ours": fit.seconds,
                "theirs": fit.theirs.seconds,
                "times_faster": fit.theirs.seconds / max(fit.seconds, 1e-6),
            }
            for part, fit in fits.items()
        ]
    )


def customers(frame: Any, found: Comparison, facts: Any) -> pd.DataFrame:
    """Every customer's history and numbers."""
    made: dict[str, Any] = {}
    ids = frames.identifiers(frame)
    if ids is not None:
        made["customer_id"] = ids
    made |= found.columns
    for one in found.quantities:
        for which, (ours, theirs) in one.answers.items():
            end = "_same" if which == "same" else ""
            made |= {f"{one.name}_ours{end}": ours, f"{one.name}_theirs{end}": theirs}
    result: pd.DataFrame = frames.attach_facts(frames.table(made, frame), facts)
    return result
