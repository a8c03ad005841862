"""Profile likelihoods as tables, for both kinds of model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import InvalidInput
from ..families.contract import PurchaseFamily, SpendFamily
from ..inference.patterns import Patterns
from ..inference.profile import profile
from ..numerics.arrays import Array
from .fitted import checked_level
from .time_units import numbers

if TYPE_CHECKING:
    import pandas as pd

_NOTABLE = 1e-3


class Profile(NamedTuple):
    """The profile likelihood of one parameter, as `PurchaseModel.profile_likelihood` gives it.

    Attributes
    ----------
    table
        pandas.DataFrame with a row for each value of the parameter: the value, ``log_likelihood`` (maximised over the
        other parameters), ``relative`` (the same less the maximum, so 0 or below) and the other parameters there.
    interval
        (low, high) by likelihood ratio; a low end of 0 or a high end of inf is open: the likelihood never falls off
        that way.
    level
        Of the interval, between 0 and 1.
    note
        Says so where the interval is open, or if the likelihood has a higher maximum than a fit finds; else empty.

    Examples
    --------
    >>> import clvmodels as clv
    >>> known = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    >>> summary = known.simulate(500, observation=39, seed=1).summary
    >>> found = known.profile_likelihood(summary, "r", values=[0.3, 0.4, 0.5], level=0.9)
    >>> found.table["relative"].round(2).tolist(), found.note
    ([-2.68, -0.05, -2.72], '')
    """

    table: pd.DataFrame
    interval: tuple[float, float]
    level: float
    note: str


def profile_of(
    family: PurchaseFamily | SpendFamily,
    patterns: Patterns,
    centre: Array,
    name: Any,
    values: Any,
    level: Any,
) -> Profile:
    """Profile the parameter ``name``; see `PurchaseModel.profile_likelihood`."""
    import pandas as pd

    names = family.parameters
    if not isinstance(name, str) or name not in names:
        raise InvalidInput(f"{family.title} has the parameters {', '.join(names)}; found {str(name)[:60]!r}")
    wanted = checked_level(level)
    which = names.index(name)
    at = None if values is None else [float(v) for v in np.log(_checked_values(name, values))]
    start = np.log(family.start(*patterns.columns, weights=patterns.weights))
    with np.errstate(over="ignore", under="ignore"):
        curve = profile(family.log_likelihood, patterns, start, centre, which, wanted, at)
        found = np.exp(curve.log_parameters)
        low, high = (float(end) for end in np.exp(curve.interval))
    if values is not None:  # to the last digit
        found[:, which] = _checked_values(name, values)
    table = pd.DataFrame(
        {
            name: found[:, which],
            "log_likelihood": curve.log_likelihood,
            "relative": curve.log_likelihood - curve.highest,
            **{other: found[:, j] for j, other in enumerate(names) if j != which},
        }
    )
    return Profile(table, (low, high), wanted, _note(name, low, high, wanted, curve.gained))


def _note(name: str, low: float, high: float, level: float, gained: float) -> str:
    notes = []
    for open_end, value, way in ((low == 0, "0", "downwards"), (high == np.inf, "inf", "upwards")):
        if open_end:
            notes.append(
                f"the interval is open {way} ({value}): at level {level:g} the data do not rule out any {name} that way"
            )
    if gained > _NOTABLE:
        notes.append(
            f"the curve goes through a maximum {gained:.3g} higher than the one that a fit finds from its usual start: "
            "the likelihood has several, and the parameters are not well determined"
        )
    return "; ".join(notes)


def _checked_values(name: str, values: Any) -> Array:
    result = np.atleast_1d(numbers(values, f"values of {name} must be numbers above 0"))
    wrong = ~((result > 0) & (result < np.inf))
    if result.ndim != 1 or not result.size or wrong.any():
        first = f", first {float(result[wrong][0])!r}" if wrong.any() else ""
        raise InvalidInput(
            f"values must be a list of finite numbers above 0 at which to profile {name}; "
            f"{int(wrong.sum())} of {result.size} are not{first}"
        )
    return result
