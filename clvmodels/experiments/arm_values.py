"""What every customer of an experiment has been worth since his own start: from a log and arms to arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .. import frames
from ..economics.groups import alike
from ..economics.purchases import MILLIONTHS, Purchases, end_of, exact_sums
from ..errors import InvalidInput, NotEnoughData
from ..models import questions
from ..models.time_units import one_length
from ..numerics.arrays import Array, Positions
from ..transactions import sql
from ..transactions.moments import day_number, day_of, parse_moment
from ..units import hours_in, length
from .given_arms import GivenArms

_SLACK = 1e-6  # ticks: of time units that are no whole number of them


@dataclass(frozen=True, eq=False)
class ArmValues:
    """The customers of an experiment, one row each: arm, age, value so far, and history for a model.

    Attributes
    ----------
    names
        The arms in order, control first.
    arm
        (n,), integers: index into ``names``.
    complete
        (n,), booleans: lived through the whole window.
    observed
        (n,), value within the window after the own start, margin in, not discounted; 0 where nothing was bought.
    so_far
        (n,), value from the start to the end of observation or the horizon, whichever is earlier, margin in,
        discounted to the own start.
    age
        (n,), time from the start to the end of observation, in time units.
    summary
        n rows in the same order: ``customer_id, frequency, recency, T, monetary_value`` of the whole history at the
        end of observation; missing where the customer never bought.
    window
        Length of the window, time units.
    time_unit, observation_end
        As in a summary's facts.
    delta
        Continuous discount rate a time unit.
    margin
        The share of the money that counts as value.
    start
        When a campaign began; None where every customer's own first purchase is the start.
    before
        What was known of each customer before the start: purchases, spend, time since the first purchase, (n,) each;
        None without ``start``.
    known
        (n, k), the numbers given to adjust for.
    bought
        (n,), booleans: bought within the window; without ``start`` bought again, as all did once.
    notes
        Who was left out, in sentences.
    """

    names: tuple[str, ...]
    arm: Positions
    complete: NDArray[np.bool_]
    observed: Array
    so_far: Array
    age: Array
    summary: pd.DataFrame
    window: float
    time_unit: str
    observation_end: str
    delta: float
    margin: float
    start: str | None = None
    before: Mapping[str, Array] | None = None
    known: Array | None = None
    bought: NDArray[np.bool_] | None = None
    notes: tuple[str, ...] = ()


def values_of(
    found: Purchases,
    given: GivenArms,
    *,
    start: object = None,
    window: float | None = None,
    horizon: float = math.inf,
    margin: float = 1.0,
    annual_discount_rate: float = 0.10,
) -> ArmValues:
    """What every customer of the arms was worth since his start, from purchases that were read.

    Without ``start`` a customer's clock begins at his first purchase, which counts; with one, everybody's begins at
    that moment (a date: as the day before ends, so that what is bought on the date counts as bought one day on), and
    everybody counts, also who never bought.

    Parameters
    ----------
    found
        Of the log, with money; events of the grain "day", "hour" or "line".
    given
        The arms.
    start
        A date or timestamp, or None.
    window
        Its length; None for the longest number of whole time units that 90 % of every arm's customers have lived
        through, or with ``start`` for all of the time since.
    horizon
        How long after the start ``so_far`` counts what was bought.
    margin, annual_discount_rate
        Value is margin × money; the rate discounts ``so_far``.

    Raises
    ------
    InvalidInput, NotEnoughData
        If none of the customers is in the log, the window is longer than was observed, or too short.
    """
    clock = _clock_of(found)
    place = _places(found, given)
    ids, arm, known, notes = given.ids, given.arm, given.known, [*given.notes, *_strangers(found, place)]
    origin = None if start is None else _origin(clock, start, found)
    if origin is None:
        absent = place < 0
        if absent.any():
            notes.append(
                f"Never bought by the end of observation, so not acquired, and left out: {absent.sum():,} of "
                f"{len(ids):,} in arms."
            )
            ids, arm, known, place = ids[~absent], arm[~absent], known[~absent], place[~absent]
    n = len(place)
    row_of = np.full(found.n_customers, -1, dtype=np.int64)
    there = np.flatnonzero(place >= 0)
    row_of[place[there]] = there
    tick = found.at.astype(np.int64)
    is_first = np.ones(len(tick), dtype=bool)
    is_first[1:] = found.customer[1:] != found.customer[:-1]
    first = tick[is_first]
    began = np.full(n, origin, dtype=np.int64) if origin is not None else first[place]
    lived = (clock.end - began).astype(np.float64)  # ticks
    age = lived / clock.per_unit
    whole_days = clock.whole_end - began
    if window is None:
        window = (
            float(age[0])
            if origin is not None
            else _usual_window(arm, np.asarray(whole_days / clock.per_unit, dtype=np.float64), given.names)
        )
    span = one_length(window, "window") * clock.per_unit
    complete = whole_days >= span - _SLACK
    _refuse_window(window, arm, age, complete, given.names, found, origin is not None)

    row = row_of[found.customer]
    kept = np.flatnonzero(row >= 0)
    row, since, millionths = row[kept], tick[kept], _money(found)[kept]
    since = since - began[row]
    # a day is dated at its start and is wholly within what ends with it; finer events are instants
    in_time = since <= np.floor(span + _SLACK) if clock.days else since < span - _SLACK
    after = np.ones(len(since), dtype=bool)
    before = None
    if origin is not None:
        after = since > 0 if clock.days else since >= 0
        before = _before(row, found.orders[kept], millionths, ~after, n, _known_for(place, first, origin, clock))
    counts = in_time & after
    observed = margin * exact_sums(row[counts], millionths[counts], n)
    delta = questions.continuous_rate(annual_discount_rate, clock.time_unit, 0.0)
    limit = horizon * clock.per_unit
    after = after & (since <= limit + _SLACK if clock.days else since < limit - _SLACK)
    worth = millionths[after] / MILLIONTHS * np.exp(-delta * since[after] / clock.per_unit)
    so_far = np.asarray(margin * np.bincount(row[after], worth, n), dtype=np.float64)
    return ArmValues(
        names=given.names,
        arm=arm,
        complete=complete,
        observed=observed,
        so_far=so_far,
        age=age,
        summary=_summary(found, ids, place),
        window=float(window),
        time_unit=clock.time_unit,
        observation_end=str(found.facts["observation_end"]),
        delta=delta,
        margin=margin,
        start=None if start is None else _told(clock, parse_moment("start", start, found.facts["tz"])),
        before=before,
        known=known,
        bought=np.bincount(row[counts], found.orders[kept][counts], n) > (origin is None),
        notes=tuple(notes),
    )


class _Clock(NamedTuple):
    """How the events of a log tell time: in whole days or in microseconds."""

    days: bool
    per_unit: float  # ticks a time unit
    end: float  # of observation, ticks
    whole_end: float  # the last tick all of whose event is observed
    time_unit: str


def _clock_of(found: Purchases) -> _Clock:
    grain, unit = str(found.facts["event_grain"]), str(found.facts["time_unit"])
    if grain not in ("day", "hour", "line"):
        raise InvalidInput(
            f"event_grain={grain!r} makes one purchase of what was bought before and after the end of a window: use "
            '"day", "hour" or "line"'
        )
    days = grain == "day"
    tick = Fraction(24) if days else Fraction(1, 3_600_000_000)
    end = float(sql.end_tick(end_of(found), grain) * sql.GRAINS[grain][1] / tick)
    moment = end_of(found)
    whole = float(math.floor(end) - 1) if days and isinstance(moment, datetime) else end
    return _Clock(days, float(hours_in(unit) / tick), end, whole, unit)


def _origin(clock: _Clock, start: object, found: Purchases) -> int:
    """The tick at which the campaign begins; of days the one before, at whose end it does."""
    moment = parse_moment("start", start, found.facts["tz"])
    at_midnight = not isinstance(moment, datetime) or moment.time() == time(0)
    if clock.days and not at_midnight:
        raise InvalidInput(
            f"start must be a date where events are days, as part of the day is before it; found {moment}. Use "
            'event_grain="line" for a start within a day'
        )
    if clock.days:
        origin = day_number(day_of(moment)) - 1
    else:
        instant = moment if isinstance(moment, datetime) else datetime.combine(moment, time(0))
        origin = (instant - sql.EPOCH) // timedelta(microseconds=1)
    if origin >= clock.whole_end:
        raise InvalidInput(
            f"start must lie before the end of observation, {found.facts['observation_end']}; found {moment}"
        )
    return origin


def _told(clock: _Clock, start: date | datetime) -> str:
    """The start as text: of days without the midnight that a timestamp says."""
    return str(day_of(start) if clock.days else start)


def _places(found: Purchases, given: GivenArms) -> Positions:
    """Where each customer of the arms stands in the summary; −1 where he never bought."""
    ours, theirs = alike(given.ids, frames.as_pandas(frames.identifiers(found.summary)))
    again = ours.duplicated().to_numpy()
    if again.any():
        raise InvalidInput(
            f"a customer must be in arms once: {again.sum():,} of {len(ours):,} identifiers are the same as the log "
            f"writes them, first {_called(ours, int(np.argmax(again)))}"
        )
    place = np.asarray(pd.Index(theirs).get_indexer(pd.Index(ours)), dtype=np.intp)
    if not (place >= 0).any():
        raise InvalidInput(
            f"none of the {len(ours):,} customers in arms is in the log: arms begins with "
            f"{_called(ours, 0)}, the log with {_called(theirs, 0)}. Are identifiers written alike?"
        )
    return place


def _called(ids: pd.Series, i: int) -> str:
    return frames.identifier_at(pd.DataFrame({"customer_id": ids}), i)


def _strangers(found: Purchases, place: Positions) -> list[str]:
    others = found.n_customers - int(np.count_nonzero(place >= 0))
    return [f"In no arm, and left out: {others:,} of {found.n_customers:,} customers of the log."] if others else []


def _usual_window(arm: Positions, lived: Array, names: tuple[str, ...]) -> float:
    """The longest number of whole units that at least 90 % of every arm have lived through."""
    reached = []
    for a in range(len(names)):
        ages = np.sort(lived[arm == a])
        if not len(ages):
            raise NotEnoughData(f"arm {names[a]!r} has no customer who bought: leave it out, or wait")
        reached.append(ages[len(ages) // 10])
    usual = math.floor(min(reached) + 1e-9)
    if usual < 1:
        raise NotEnoughData(
            "no window of one time unit or more has been lived through by 90 % of the customers of every arm: "
            f"{_of_ages(arm, lived, names)}. Give a window, or a finer time_unit"
        )
    return float(usual)


def _of_ages(arm: Positions, age: Array, names: tuple[str, ...]) -> str:
    """Median and longest age of every arm, in words."""
    told = []
    for a, name in enumerate(names):
        ages = age[arm == a]
        told.append(
            f"{name!r} {np.median(ages):.4g} (longest {ages.max():.4g})" if len(ages) else f"{name!r} no customer"
        )
    return "median age " + ", ".join(told)


def _refuse_window(
    window: float,
    arm: Positions,
    age: Array,
    complete: NDArray[np.bool_],
    names: tuple[str, ...],
    found: Purchases,
    campaign: bool,
) -> None:
    if not window > 0:
        raise InvalidInput(f"window must be above 0; found {window:g}")
    unit, end = str(found.facts["time_unit"]), found.facts["observation_end"]
    if campaign and not complete.all():
        raise InvalidInput(
            f"window must be over by the end of observation, {end}: {length(window, unit)} after the start are not, "
            f"only {length(float(age[0]), unit)} are. Give a shorter window, or wait"
        )
    old = np.bincount(arm[complete], minlength=len(names))
    if not old.all():
        lacking = ", ".join(repr(name) for name, n in zip(names, old, strict=True) if not n)
        raise NotEnoughData(
            f"nobody in arm {lacking} has lived through a window of {length(window, unit)} by {end}: "
            f"{_of_ages(arm, age, names)}, in {unit}s. Give a window that all arms have reached, or wait; totals of "
            "customers of different ages cannot be compared"
        )


def _money(found: Purchases) -> NDArray[np.int64]:
    if found.millionths is None:
        raise InvalidInput("value is money, and the log holds none: name the column of amounts with amount=")
    return found.millionths


def _known_for(place: Positions, first: NDArray[np.int64], origin: int, clock: _Clock) -> Array:
    """Time from the first purchase to the start; 0 where there was none before it."""
    known = np.zeros(len(place))
    there = place >= 0
    known[there] = np.maximum(origin - first[place[there]], 0) / clock.per_unit
    return known


def _before(
    row: Any, orders: Any, millionths: Any, earlier: NDArray[np.bool_], n: int, known_for: Array
) -> dict[str, Array]:
    """What was known of every customer before the start."""
    return {
        "purchases": np.bincount(row[earlier], orders[earlier], n).astype(np.float64),
        "spend": exact_sums(row[earlier], millionths[earlier], n),
        "time since the first purchase": known_for,
    }


def _summary(found: Purchases, ids: pd.Series, place: Positions) -> pd.DataFrame:
    """The summary's numbers in the order of the experiment, missing where nothing was bought."""
    never = place < 0
    columns: dict[str, Any] = {"customer_id": ids.array}
    for name in ("frequency", "recency", "T", "monetary_value"):
        columns[name] = np.where(never, np.nan, frames.numeric(found.summary, name)[place])
    made: pd.DataFrame = frames.attach_facts(pd.DataFrame(columns), found.facts)
    return made
