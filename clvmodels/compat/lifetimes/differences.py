"""Where lifetimes 0.11.3 is wrong, or stops, and this package does not do as it does.

The table below is the one of the documentation; what changes a number or an error is also told, once, when it is met.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from ...errors import ClvWarning


class LifetimesDifference(ClvWarning):
    """A number here is not the one that lifetimes gives, or there is one where it gives none."""


@dataclass(frozen=True)
class Difference:
    """One difference.

    Attributes
    ----------
    names
        What it concerns, as lifetimes calls it.
    there
        What lifetimes 0.11.3 does.
    here
        What is done here instead, and what to do about it.
    told
        Whether a warning says so when it is met: not where nothing comes out otherwise.
    """

    names: str
    there: str
    here: str
    told: bool = True


DIFFERENCES: Mapping[str, Difference] = {
    "holdout_spend": Difference(
        "`calibration_and_holdout_data`: `monetary_value_holdout`",
        "averages the lines of the log",
        "is the mean of the period totals, as `monetary_value_cal` is: lines of one period are one purchase",
    ),
    # data
    "dates_as_text": Difference(
        "`summary_data_from_transaction_data`, `calibration_and_holdout_data`, `expected_cumulative_transactions`",
        "takes the first and the last of dates that are text in the order of letters, '10/1/2014' before '9/1/2014'",
        "takes them in the order of time, as it does for dates that are no text",
    ),
    "calendar_months": Difference(
        "`freq`",
        "stops at 'M', 'Q' and 'Y' on current NumPy",
        "counts calendar months, quarters and years",
    ),
    "names_of_periods": Difference(
        "`freq`",
        "stops at 'H', 'T' and 'S' on pandas 3, and at 'W-SUN'",
        "knows old and new names of hours, minutes and seconds, and weeks that begin on another day",
        told=False,
    ),
    "holdout_without_money": Difference(
        "`calibration_and_holdout_data`",
        "stops on pandas 3 if there is no `monetary_value_col`",
        "needs none",
    ),
    "categories": Difference(
        "`summary_data_from_transaction_data`, `calibration_and_holdout_data`",
        "gives every customer the periods of all of them, on pandas 2, if ids are categories",
        "gives each customer his own, whatever ids are",
    ),
    "alive_path": Difference(
        "`calculate_alive_path`",
        "stops on pandas 3",
        "gives P(alive) of each period as numbers",
        told=False,
    ),
    "draws": Difference(
        "`generate_data`",
        "draws customer after customer from NumPy's global state",
        "draws all customers at once from a generator which that state seeds: `numpy.random.seed` makes the same "
        "customers again, but other ones than lifetimes makes of the same seed",
        told=False,
    ),
    "transactional_data": Difference(
        "`beta_geometric_nbd_model_transactional_data`",
        "stops on pandas 2 and 3",
        "gives the lines of the same customers as `beta_geometric_nbd_model`, where the seed is the same",
        told=False,
    ),
}

_TOLD: set[str] = set()


def tell(key: str, detail: str = "") -> None:
    """Warn of a difference by its key, once in a process, pointing at the line outside this package.

    ``detail`` is what was met this time, a half-sentence: how many customers, which value.
    """
    if key in _TOLD:
        return
    difference = DIFFERENCES[key]
    met = f" ({detail})" if detail else ""
    message = f"{difference.names.replace('`', '')}: lifetimes {difference.there}; here it {difference.here}{met}"
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] == "clvmodels":
        level, frame = level + 1, frame.f_back
    _TOLD.add(key)
    warnings.warn(message, LifetimesDifference, stacklevel=level)
