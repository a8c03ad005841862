"""Guard against looking at an experiment before its end, and stopping when it pleases."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np

from ..economics import given_numbers as given
from ..errors import InvalidInput
from ..transactions.cut import last_instant
from ..transactions.moments import day_of, parse_moment
from ..units import hours_in, length
from ..validation.words import listed
from .arm_values import ArmValues


def check_look(
    observation_end: date | datetime,
    planned_end: object,
    look: object,
    looks: object,
    zone: str | None,
    fixed: bool = False,
) -> tuple[int, int, str]:
    """Which look it is of how many, and the sentence that says what follows.

    Whoever looks again and again, and stops when an interval leaves out 0, finds a difference in the end where there is
    none. A look before ``planned_end`` is therefore refused unless looks were planned, and each then gets its part of
    1 − level.

    Parameters
    ----------
    observation_end
        Of the log.
    planned_end
        When the experiment is to end; None where nobody says.
    look, looks
        The number of this look, from 1, and how many were planned.
    zone
        Of the log's dates.
    fixed
        Whether the end is fixed otherwise: by a plan whose window is over.

    Raises
    ------
    InvalidInput
        If observation ends before or after the planned end, or there are not that many looks.

    References
    ----------
    Armitage, P., McPherson, C. K. and Rowe, B. C. (1969), Repeated Significance Tests on Accumulating Data. Journal of
    the Royal Statistical Society A 132(2), 235-244.

    Examples
    --------
    >>> check_look(date(2024, 6, 30), "2024-06-30", 1, 1, None)
    (1, 1, 'This is the one look, at the planned end.')
    """
    number, planned = given.count("look", look), given.count("looks", looks)
    if number > planned:
        raise InvalidInput(
            f"look {number} of {planned} planned looks: each look more than planned makes a difference where there is "
            "none likelier. How many looks there are must be fixed before the first"
        )
    end = None if planned_end is None else parse_moment("planned_end", planned_end, zone)
    if end is not None and _beyond(observation_end, end) > 0:
        raise InvalidInput(
            f"the experiment was to end on {end}, and observation goes on until {observation_end}: going on after the "
            f'end is another look. Pass observation_end="{end}"'
        )
    if planned > 1:
        return (
            number,
            planned,
            f"This is look {number} of {planned} planned ones: intervals are wider for it, so that all looks together "
            "find a difference where there is none no more often than a single one would.",
        )
    if end is None and fixed:
        return number, planned, "This is the one look, at the end of what was planned."
    if end is None:
        return (
            number,
            planned,
            "The intervals hold only if the end of observation was fixed before anybody looked: say it with "
            "planned_end=, or how many looks were planned with looks=.",
        )
    if _beyond(observation_end, end) < 0:
        whole = day_of(observation_end) == day_of(end) and not isinstance(end, datetime)
        instead = f'pass observation_end="{end}" if all of that day is in the log, or' if whole else "or"
        raise InvalidInput(
            f"the experiment is to end on {end}, and observation only reaches {observation_end}: an early look, at "
            f"which one may stop, finds differences that are none more often than the level says. Wait, {instead} "
            "pass look= and looks=, the number of looks planned from the beginning, which widens the intervals"
        )
    return number, planned, "This is the one look, at the planned end."


def _beyond(observation_end: date | datetime, end: date | datetime) -> int:
    """Whether observation ends after (1), at (0) or before (-1) the planned end.

    The end of a date is the next midnight, and a second before that is the same. Where observation ends with a date, a
    timestamp at its midnight means that date, as data frames have no other way to write one.

    >>> _beyond(date(2024, 6, 30), datetime(2024, 6, 30)), _beyond(date(2024, 6, 30), datetime(2024, 7, 1))
    (0, 0)
    >>> _beyond(date(2024, 6, 30), datetime(2024, 6, 30, 12)), _beyond(date(2024, 6, 30), date(2024, 7, 1))
    (1, -1)
    """
    apart = last_instant(observation_end) - last_instant(end)
    as_day = isinstance(end, datetime) and end.time() == time(0) and not isinstance(observation_end, datetime)
    if abs(apart) <= timedelta(seconds=1) or (as_day and day_of(end) == observation_end):
        return 0
    return 1 if apart > timedelta(0) else -1


def planned_looks(plan: Any, looks: int | None) -> int:
    """How many looks are planned, by what is said here and in the plan.

    Raises
    ------
    InvalidInput
        If plan is none, or both say different numbers.

    Examples
    --------
    >>> planned_looks(None, None), planned_looks(None, 4)
    (1, 4)
    """
    if plan is None:
        return 1 if looks is None else looks
    if not all(hasattr(plan, name) for name in ("customers", "duration", "time_unit", "looks", "level")):
        raise InvalidInput(f"plan must be what plan_experiment returned; found {type(plan).__name__}")
    if looks is not None and looks != plan.looks:
        raise InvalidInput(f"the plan is for looks={plan.looks}, and here looks={looks} is said: leave it out")
    return int(plan.looks)


def planned_window(plan: Any, time_unit: str, *, last_look: bool) -> float | None:
    """The plan's duration in another time unit; None without a plan, and where the last look is still to come.

    >>> planned_window(None, "week", last_look=True) is None
    True
    """
    if plan is None or not last_look:
        return None
    return float(plan.duration) * float(hours_in(plan.time_unit) / hours_in(time_unit))


def departures(plan: Any, values: ArmValues, level: float) -> list[str]:
    """In what the experiment is not the one that was planned, in sentences."""
    if plan is None:
        return []
    found = []
    if len(plan.customers) != len(values.names):
        found.append(f"The plan was for {len(plan.customers)} arms, and there are {len(values.names)}.")
    else:
        complete = np.bincount(values.arm[values.complete], minlength=len(values.names))
        if np.any(complete < np.asarray(plan.customers)):
            found.append(
                f"Fewer customers than planned: {_row(complete)} instead of {_row(plan.customers)} in "
                f"{listed(values.names)}; a difference of the size planned for is found less often than promised."
            )
    if level != plan.level:
        found.append(f"The plan was for a level of {100 * plan.level:g} %, and this is one of {100 * level:g} %.")
    planned = planned_window(plan, values.time_unit, last_look=True)
    if planned is not None and abs(values.window - planned) > 1e-9 * planned:
        found.append(
            f"The plan was to observe {length(planned, values.time_unit)}, and these are "
            f"{length(values.window, values.time_unit)}."
        )
    margin = getattr(plan, "margin", values.margin)
    if margin != values.margin:
        planned_at = f"that of column {margin!r}" if isinstance(margin, str) else f"{100 * margin:g} %"
        found.append(
            f"The plan was for a margin of {planned_at}, and this comparison takes {100 * values.margin:g} %: their "
            "amounts cannot be held against each other."
        )
    return found


def _row(numbers: Iterable[int]) -> str:
    return listed([f"{number:,}" for number in numbers])
