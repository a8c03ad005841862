"""Forecasts that need no model: what a sensible manager would do with a pocket calculator.

Each is a value in `BASELINES`, made as strong as its idea allows, and sees the calibration period only. A model that
does not beat them is not worth its trouble.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import frames
from ..numerics.arrays import Array
from ..transactions.cut import zero_of
from ..transactions.events import PurchaseEvents
from ..units import hours_in


class Known(NamedTuple):
    """What was known of every customer when calibration ended; made by `known_at`.

    Attributes
    ----------
    frequency, T
        Of the summary, T in ``time_unit``; one entry a customer.
    monetary_value
        Mean value of the repeat purchases, NaN where there is none; None without money.
    cohort
        Calendar month of the first purchase, in months since 1970-01.
    customer, time, repeats
        Purchases one by one: row of the customer, time from the end of calibration (at most 0), and how many repeat
        purchases the event is (0 for the first purchase of a customer).
    first_value
        Mean value of the first purchases; NaN without money.
    time_unit
        As of the summary.
    """

    frequency: Array
    T: Array
    monetary_value: Array | None
    cohort: NDArray[np.int64]
    customer: NDArray[np.int64]
    time: Array
    repeats: Array
    first_value: float
    time_unit: str

    def since(self, begin: float) -> Array:
        """Repeat purchases of every customer later than ``begin``, a time of at most 0."""
        there = self.time > begin
        return np.bincount(self.customer[there], self.repeats[there], len(self.T)).astype(np.float64, copy=False)

    @property
    def length(self) -> float:
        """From the first purchase of anybody to the end of calibration."""
        return float(self.T.max(initial=0.0))


class BaselineForecast(NamedTuple):
    """What a baseline says of every customer.

    Attributes
    ----------
    expected
        Purchases in the holdout, at least 0.
    probability_of_purchase
        P(at least one); None if the baseline has no such idea.
    expected_spend_total
        Money in the holdout: ``expected`` times the mean of the customer's own repeat purchases, or that of all repeat
        purchases where he has none. None without money.
    note
        What was decided on the way, such as the c of a hiatus; one sentence, or empty.
    """

    expected: Array
    probability_of_purchase: Array | None
    expected_spend_total: Array | None
    note: str


@dataclass(frozen=True)
class Baseline:
    """A forecast without a model.

    Attributes
    ----------
    name, title
        For tables and for people.
    assumes
        What would have to be true for it to be right, in words.
    function
        (Known, length of the holdout) to expected purchases, probability of a purchase or None, and a note.
    """

    name: str
    title: str
    assumes: str
    function: Callable[[Known, float], tuple[Array, Array | None, str]]

    def forecast(self, known: Known, duration: float) -> BaselineForecast:
        """Purchases and money of every customer in a holdout of this length, in the time unit.

        >>> import clvmodels as clv
        >>> from clvmodels.transactions import split_at
        >>> from clvmodels.transactions.events import purchase_events
        >>> log = clv.load_cdnow(sample=True)
        >>> split = split_at(log, calibration_end="1997-09-30")
        >>> known = known_at(split.frame, purchase_events(log, split.frame, calibration_end="1997-09-30"), split.facts)
        >>> for baseline in BASELINES.values():  # doctest: +ELLIPSIS, +NORMALIZE_WHITESPACE
        ...     found = baseline.forecast(known, duration=39.0)
        ...     print(f"{baseline.title}: {found.expected.sum():,.0f}. {found.note}")  # 1,882 came
        Past rate: 2,930.
        Same as last period: 2,457.
        Hiatus rule: 1,009. Active is who bought in the last 4.43 weeks...
        Cohort average: 2,280. 3 monthly cohorts, at their rates of the last 19.4 weeks of calibration.
        """
        expected, probability, note = self.function(known, duration)
        spend = _spend_per_purchase(known)
        return BaselineForecast(expected, probability, None if spend is None else expected * spend, note)


def known_at(frame: frames.Frame, events: PurchaseEvents, facts: Mapping[str, str | None]) -> Known:
    """Everything a baseline may know: the calibration summary and the purchases it was made of, nothing later.

    Parameters
    ----------
    frame
        What `calibration_holdout` returned; its holdout columns are not looked at.
    events
        Of `purchase_events`; those after 0 are dropped.
    facts
        Of the `Split`: time_unit, event_grain and observation_end.
    """
    unit = facts.get("time_unit") or "week"
    T = frames.numeric(frame, "T")
    there = events.time <= 0
    customer, time = events.customer[there], events.time[there]
    first = np.ones(len(customer), dtype=bool)
    first[1:] = customer[1:] != customer[:-1]
    microseconds = np.rint(T * float(hours_in(unit) * 3_600_000_000)).astype("timedelta64[us]")
    cohort = (np.datetime64(zero_of(facts), "us") - microseconds).astype("datetime64[M]").astype(np.int64)
    money = events.value is not None and "monetary_value" in frames.column_names(frame)
    return Known(
        frames.numeric(frame, "frequency"),
        T,
        frames.numeric(frame, "monetary_value") if money else None,
        cohort,
        customer,
        time,
        events.purchases[there].astype(np.float64) - first,
        float(events.value[there][first].mean()) if events.value is not None and first.any() else float("nan"),
        unit,
    )


def _spend_per_purchase(known: Known) -> Array | None:
    if known.monetary_value is None:
        return None
    own = (known.frequency > 0) & np.isfinite(known.monetary_value)
    repeats = known.frequency[own].sum()
    everybody = (known.frequency[own] @ known.monetary_value[own]) / repeats if repeats else known.first_value
    return np.where(own, known.monetary_value, everybody)


def _usual_gap(known: Known) -> float:
    """The middle time between two purchases of one customer; 0 if nobody came back."""
    same = known.customer[1:] == known.customer[:-1]
    gaps = np.diff(known.time)[same]
    return float(np.median(gaps)) if len(gaps) else 0.0


def _rates(known: Known) -> tuple[Array, str]:
    """x/T, with T at least the usual time between two purchases: two purchases in two days are not one a day."""
    gap = _usual_gap(known)
    short = (gap > known.T) & (known.frequency > 0)
    # x > 0 without any gap between events: lines of one instant, all there is
    exposure = np.maximum(known.T, gap) if gap > 0 else np.where(known.T > 0, known.T, np.inf)
    note = ""
    if short.any():
        note = (
            f"{short.sum():,} of {len(known.T):,} customers were watched for less than the usual time between two "
            f"purchases, {gap:.3g} {known.time_unit}s, and were taken to have been watched for that long."
        )
    return known.frequency / exposure, note


def _past_rate(known: Known, duration: float) -> tuple[Array, None, str]:
    rate, note = _rates(known)
    return rate * duration, None, note


def _last_window(known: Known, duration: float) -> tuple[Array, None, str]:
    day = float(24 / hours_in(known.time_unit))
    # T does not count the first day, or the last; in months and years the sum is rounded
    if duration <= (known.length + day) * (1 + 1e-12):
        return known.since(-duration), None, ""
    if known.length == 0:
        return np.zeros(len(known.T)), None, "Calibration has no length, so that nothing can be repeated."
    note = (
        f"Calibration is {known.length:.4g} {known.time_unit}s long and the holdout {duration:.4g}: purchases in all "
        f"of calibration were multiplied by {duration / known.length:.3g}."
    )
    return known.since(-known.length) * (duration / known.length), None, note


def _inner_length(known: Known, duration: float) -> float:
    """The part of calibration that stands for the holdout: as long as it, at most half."""
    return min(duration, known.length / 2)


def _hiatus(known: Known, duration: float) -> tuple[Array, Array | None, str]:
    inner = _inner_length(known, duration)
    latest = np.full(len(known.T), -np.inf)
    before = known.time <= -inner
    latest[known.customer[before]] = known.time[before]  # in order of time: the last one stays
    there = np.isfinite(latest)
    silent, bought = -inner - latest[there], known.since(-inner)[there] > 0
    silent_now = np.zeros(len(known.T))
    silent_now[known.customer] = -known.time
    limit = _best_limit(silent, bought) if len(silent) else duration
    tolerance = 1e-9 * max(1.0, limit)
    active = silent_now <= limit + tolerance
    expected = np.where(active, _rates(known)[0] * duration, 0.0)
    told = f"Active is who bought in the last {limit:.3g} {known.time_unit}s"
    if not len(silent):
        return expected, None, f"{told}, the length of the holdout: calibration is too short to find a better limit."
    was_active = silent <= limit + tolerance
    everybody = float(bought.mean())
    among = float(bought[was_active].mean())
    others = everybody if was_active.all() else float(bought[~was_active].mean())
    note = (
        f"{told}: that told best, {np.mean(was_active == bought):.1%} of {len(silent):,} customers right, who bought "
        f"in the last {inner:.3g} {known.time_unit}s of calibration. Of the active {among:.1%} did, of the others "
        f"{others:.1%}."
    )
    return expected, np.where(active, among, others), note


def _best_limit(silent: Array, bought: NDArray[np.bool_]) -> float:
    """The c that tells most customers right by "silent for at most c: will buy"; the smallest of equally good ones."""
    order = np.argsort(silent, kind="stable")
    ordered = silent[order]
    # with the first i as active, this many more are right than with none
    gain = np.cumsum(np.where(bought[order], 1, -1))
    last = np.flatnonzero(np.append(ordered[1:] > ordered[:-1], True))  # a limit takes all who are equally silent
    return float(ordered[last[np.argmax(gain[last])]])


def _cohort_mean(known: Known, duration: float) -> tuple[Array, None, str]:
    window = _inner_length(known, duration)
    recent, exposure = known.since(-window), np.minimum(known.T, window)
    everybody = recent.sum() / exposure.sum() if exposure.sum() > 0 else 0.0
    cohorts, member = np.unique(known.cohort, return_inverse=True)
    bought, watched = np.bincount(member, recent), np.bincount(member, exposure)
    rate = np.where(watched > 0, bought / np.where(watched > 0, watched, 1.0), everybody)
    note = (
        f"{len(cohorts):,} monthly cohorts, at their rates of the last {window:.3g} {known.time_unit}s of calibration."
    )
    return rate[member] * duration, None, note


BASELINES: dict[str, Baseline] = {
    baseline.name: baseline
    for baseline in (
        Baseline(
            "past_rate",
            "Past rate",
            "Every customer goes on buying at the rate he has bought so far: repeat purchases over the time since the "
            "first, x/T. T is taken as at least the usual time between two purchases. Nobody ever leaves.",
            _past_rate,
        ),
        Baseline(
            "last_window",
            "Same as last period",
            "Every customer repeats what he did in a period as long as the holdout, just before it: the number of "
            "repeat purchases there.",
            _last_window,
        ),
        Baseline(
            "hiatus",
            "Hiatus rule",
            "Who bought within the last c goes on at his past rate, everybody else has left. c is the one that would "
            "have told most customers right within calibration (Wuebben & von Wangenheim 2008, Journal of Marketing "
            "72(3), 82-93); the probability of buying is the share that did so there among the active, or the others, "
            "however long the holdout is.",
            _hiatus,
        ),
        Baseline(
            "cohort_mean",
            "Cohort average",
            "Every customer buys like the average of those who came in the same month: repeat purchases of that cohort "
            "in the later part of calibration, over the time its customers were watched there. The later part is as "
            "long as the holdout, at most half of calibration: buying slows down with age, and all of the past would "
            "promise too much.",
            _cohort_mean,
        ),
    )
}
