"""The units in which time is measured, as exact fractions of one another."""

from __future__ import annotations

from fractions import Fraction

from .errors import InvalidInput

HOURS_PER_YEAR = Fraction(8766)
HOURS: dict[str, Fraction] = {
    "hour": Fraction(1),
    "day": Fraction(24),
    "week": Fraction(168),
    "month": HOURS_PER_YEAR / 12,
    "year": HOURS_PER_YEAR,
}


def hours_in(time_unit: str) -> Fraction:
    """Length of a time unit in hours: 1, 24, 168, 730.5 or 8766.

    >>> hours_in("week")
    Fraction(168, 1)
    """
    if not isinstance(time_unit, str) or time_unit not in HOURS:
        raise InvalidInput(f"time_unit must be one of {', '.join(HOURS)}; found {time_unit!r}")
    return HOURS[time_unit]


def length(duration: float, time_unit: str) -> str:
    """A length of time in words.

    >>> length(1.0, "week"), length(52.17857, "week")
    ('1 week', '52.18 weeks')
    """
    written = f"{duration:.4g}"
    return f"{written} {time_unit}{'' if written == '1' else 's'}"


def units_per_year(time_unit: str) -> float:
    """How many of a time unit make a year of 365.25 days.

    >>> units_per_year("day")
    365.25
    """
    return float(HOURS_PER_YEAR / hours_in(time_unit))


def span(duration: float, time_unit: str) -> str:
    """A length of time as one speaks of it after "the": whole years and months are called so in any time unit.

    >>> span(365.25 / 7, "week"), span(365.25 / 12, "day"), span(104.3571428571, "week"), span(52.0, "week")
    ('year', 'month', '2 years', '52 weeks')
    """
    for unit in ("year", "month"):
        number = duration * float(hours_in(time_unit) / HOURS[unit])
        if round(number) >= 1 and abs(number - round(number)) < 1e-9 * number:
            return unit if round(number) == 1 else f"{round(number):,} {unit}s"
    return length(duration, time_unit)


def a_span(duration: float, time_unit: str) -> str:
    """A length of time as one speaks of it after "within".

    >>> a_span(365.25 / 7, "week"), a_span(12.0, "month"), a_span(26.0, "week")
    ('a year', 'a year', '26 weeks')
    """
    told = span(duration, time_unit)
    return f"a {told}" if told in ("year", "month") else told
