"""Guard against looking at an experiment before its end, and stopping when it pleases."""

from __future__ import annotations

from datetime import date, datetime

from ..economics import given_numbers as given
from ..errors import InvalidInput
from ..transactions.cut import last_instant
from ..transactions.moments import parse_moment


def check_look(
    observation_end: date | datetime, planned_end: object, look: object, looks: object, zone: str | None
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
    if end is not None and last_instant(observation_end) > last_instant(end):
        raise InvalidInput(
            f"the experiment was to end on {end}, and observation goes on until {observation_end}: going on after the "
            f'end is another look. Pass observation_end="{end}"'
        )
    if planned > 1:
        return (
            number,
            planned,
            f"This is look {number} of {planned} planned ones: intervals are so wide that all looks together err as "
            "seldom as one would.",
        )
    if end is None:
        return (
            number,
            planned,
            "The intervals hold only if the end of observation was fixed before anybody looked: say it with "
            "planned_end=, or how many looks were planned with looks=.",
        )
    if last_instant(observation_end) < last_instant(end):
        raise InvalidInput(
            f"the experiment is to end on {end}, and observation only reaches {observation_end}: an early look, at "
            "which one may stop, finds differences that are none more often than the level says. Wait, or pass look= "
            "and looks=, the number of looks planned from the beginning, which widens the intervals"
        )
    return number, planned, "This is the one look, at the planned end."
