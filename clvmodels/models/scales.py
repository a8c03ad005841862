"""On which scale a prior or a penalty measures parameters that have a unit, and how the report says so.

For times it is the observation length: how long the log was watched, a choice of whoever drew the log up and no result
of what customers did. Money has no such length, so its scale is always the caller's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..inference.regularisation import Penalty, checked, median, name_of, penalty_of
from ..numerics.arrays import Array
from ..transactions.moments import parse_moment
from ..transactions.sql import FINER_THAN_DAY
from ..units import hours_in


def regularisation_of(
    names: Sequence[str],
    with_unit: Sequence[str],
    scale: float,
    source: str,
    l2_penalty: float,
    priors: Mapping[int, Any],
) -> tuple[Penalty | None, str | None]:
    """The penalty as a function, and a sentence that says what it is.

    ``scale`` is that of the parameters ``with_unit``, 1 that of all others; ``source`` says where it comes from.
    """
    scales = [scale if name in with_unit else 1.0 for name in names]
    penalty = penalty_of(np.log(scales), l2_penalty, priors)
    if penalty is None:
        return None, None
    parts = []
    if l2_penalty:
        centre = ", ".join(f"{name} = {at:g}" for name, at in zip(names, scales, strict=True))
        parts.append(f"l2_penalty {l2_penalty:g} times the sum of ln(parameter / scale)², centred at {centre}")
    for j, prior in priors.items():
        middle = scales[j] * math.exp(min(median(prior), 700.0))
        parts.append(f"prior {name_of(prior)} of ln({names[j]} / {scales[j]:g}), median {names[j]} = {middle:.4g}")
    if any(name in with_unit for j, name in enumerate(names) if l2_penalty or j in priors):
        parts.append(f"scale of {', '.join(with_unit)}: {scale:g}, {source}")
    return penalty, "; ".join(parts)


def observation_length(frame: Any, unit: str, given: Any, T: Array | None) -> tuple[float, str]:
    """How long the log was watched, in the unit, and where that was found: the facts, the keyword, or the largest T.

    Raises
    ------
    InvalidInput
        If the keyword is no finite number above 0, differs from what the summary's facts say, or is missing where the
        summary has no T.
    """
    told = _told_length(frames.read_facts(frame), unit)
    if given is not None:
        length = _positive(given, "observation_length", f"how many {unit}s the log was watched")
        if told is not None and abs(length - told) > 1e-9 * told:
            raise InvalidInput(
                f"observation_length={length:g} {unit}s differs from what the summary says of itself, {told:g} "
                "(observation_start to observation_end): leave one of them out"
            )
        return length, "observation_length as given"
    if told is not None:
        return told, f"the {unit}s from the summary's observation_start to its observation_end"
    if T is None:
        raise InvalidInput(
            "a prior or penalty on a parameter that is a time needs observation_length=, how many "
            f"{unit}s the log was watched: the summary has no T to tell it"
        )
    return float(T.max()), f"the largest T in {unit}s, as neither observation_start nor observation_length= says more"


def money_scale(given: Any, family_title: str, money: Sequence[str]) -> tuple[float, str]:
    """The price on which money parameters are measured: always the caller's."""
    if given is None:
        raise InvalidInput(
            f"a prior or penalty on {', '.join(money)} of {family_title} needs money_scale=, the amount it is measured "
            "against in the log's own money unit, for example money_scale=20. Take it from what is known of the "
            "business, not from this log; money_scale=1 makes a prior one of the plain logarithm"
        )
    return _positive(given, "money_scale", "an amount in the log's own money unit"), "money_scale as given"


def checked_regularisation(
    names: Sequence[str], with_unit: Sequence[str], prior: Any, l2_penalty: Any
) -> tuple[float, dict[int, Any], bool]:
    """Weight and priors, checked, and whether any of them touches a parameter that has a unit."""
    weight, priors = checked(names, prior, l2_penalty)
    needs_scale = any(name in with_unit for j, name in enumerate(names) if weight or j in priors)
    return weight, priors, needs_scale


def _told_length(facts: Mapping[str, str | None], unit: str) -> float | None:
    start, end = facts.get("observation_start"), facts.get("observation_end")
    if not start or not end:
        return None
    first, last = _moment("observation_start", start), _moment("observation_end", end)
    # as T: with a grain finer than a day, a date stands for its whole day
    whole_day = not isinstance(parse_moment("observation_end", end, None), datetime)
    if whole_day and facts.get("event_grain") in FINER_THAN_DAY:
        last += timedelta(days=1)
    length = (last - first) / timedelta(hours=1) / float(hours_in(unit))
    return length if length > 0 else None


def _moment(name: str, text: str) -> datetime:
    found = parse_moment(name, text, None)
    return (
        found
        if isinstance(found, datetime)
        else datetime.combine(date(found.year, found.month, found.day), datetime.min.time())
    )


def _positive(value: Any, name: str, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise InvalidInput(f"{name} must be a number above 0, {what}; found {str(value)[:60]!r}")
    if not (np.isfinite(value) and value > 0):
        raise InvalidInput(f"{name} must be finite and above 0, {what}; found {float(value)!r}")
    return float(value)
