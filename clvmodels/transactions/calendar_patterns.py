"""What the calendar of a log gives away: days without lines, sudden changes of level, customers older than the log.

Pure functions of whole day numbers (days since 1970-01-01) and counts. Each rule is stated where it stands, with how
often it speaks up about a log that has nothing of the kind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Series = NDArray[np.float64]

USUAL = 0.8  # a log has lines "usually" in so many of its days (or weeks)
OPEN = 0.5  # a day of the week without lines more often than this is a closed one
BY_CHANCE = 0.01  # the expected number of gaps as long as one that is reported

WINDOW = 6  # weeks before and after a change of level
NOISE = 5.0  # a change is so many times the usual difference between two weeks
FACTOR = 1.5  # and at least so large
LEAST_LINES = 5  # a week, in the middle: below it a log's weeks differ by chance alone

EARLY = 4  # weeks at the beginning, or a 13th of the log
LEAST_WEEKS = 20
SURPLUS_ERRORS = 5.0
SURPLUS_FACTOR = 2.0


@dataclass(frozen=True)
class Gaps:
    """Runs of days without lines, (first day, days, days that are usually open), and what the log's step is."""

    step: int  # 1: the log has lines daily; 7: weekly
    runs: tuple[tuple[int, int, int], ...]
    longest_by_chance: int  # open days (or weeks) that a run may well have by chance alone


def gaps(days: Counts, lines: Counts, first: int, last: int) -> Gaps | None:
    """Runs of days without a line, beyond days of the week that have none as a rule; None if lines are too sparse.

    A day of the week is open if at least half of such days have lines. Where at least 80 % of the open days have lines,
    every run of missing open days is a gap; else weeks are looked at in the same way, and where less than 80 % of the
    weeks have lines nothing can be told. With q the share of open days missing, n·q^k runs of k are to be expected by
    chance; ``longest_by_chance`` is the largest k for which that is above 0.01. The pattern is taken from the middle
    98 % of the lines, lest one line dated 1970 make a daily log a sparse one.

    >>> monday_to_friday = np.array([day for day in range(140) if (day + 3) % 7 < 5 and not 60 <= day < 75])
    >>> gaps(monday_to_friday, np.ones_like(monday_to_friday), 0, 139)
    Gaps(step=1, runs=((60, 15, 11),), longest_by_chance=4)
    """
    if len(days) < 2:
        return None
    share = np.cumsum(lines) / np.sum(lines)
    low, high = (int(days[np.searchsorted(share, level)]) for level in (0.01, 0.99))
    there = np.zeros(last - first + 1, dtype=bool)
    there[days[(days >= first) & (days <= last)] - first] = True
    middle = there[low - first : high - first + 1]
    if len(middle) >= 28:
        weekday = np.arange(low, low + len(middle)) % 7
        often = np.bincount(weekday, middle, 7) / np.bincount(weekday, minlength=7)
        open_weekdays = np.array([share >= OPEN for share in often])
        usually = open_weekdays[weekday]
        if usually.any() and middle[usually].mean() >= USUAL:
            is_open = open_weekdays[np.arange(first, last + 1) % 7]
            return _runs(there, is_open, first, 1, 1 - float(middle[usually].mean()), int(usually.sum()))
    weeks = len(there) // 7
    if not weeks:
        return None
    by_week: NDArray[np.bool_] = np.logical_or.reduce(there[len(there) - 7 * weeks :].reshape(weeks, 7), axis=1)
    start = last + 1 - 7 * weeks
    kept = by_week[max(low - start, 0) // 7 : (high - start) // 7 + 1]
    if len(kept) < 8 or kept.mean() < USUAL:
        return None
    return _runs(by_week, np.ones(weeks, dtype=bool), start, 7, 1 - float(kept.mean()), len(kept))


def _runs(there: NDArray[np.bool_], is_open: NDArray[np.bool_], first: int, step: int, missing: float, n: int) -> Gaps:
    """Runs without lines from one present block to the next, without closed blocks at either end."""
    positions = np.flatnonzero(there)
    edges = np.concatenate([positions, [len(there)]])
    runs = []
    for before, after in pairwise(edges.tolist()):
        inside = np.flatnonzero(is_open[before + 1 : after])
        if len(inside):
            begin = int(before + 1 + inside[0])
            length = int(inside[-1] - inside[0] + 1)
            runs.append((first + step * begin, step * length, len(inside)))
    chance = math.log(BY_CHANCE / n) / math.log(missing) if missing > 0 else 0.0
    return Gaps(step, tuple(runs), max(math.ceil(chance) - 1, 0))


@dataclass(frozen=True)
class Change:
    """A sudden change of level: the first day of its week, and the usual week before and after."""

    day: int
    before: float
    after: float


def level_changes(weekly: Series, first_day: int) -> tuple[Change, ...] | None:
    """Weeks from which on the level is another one; None if there are too few weeks, or too little in them.

    The median of the logarithms of the six weeks after is compared with that of the six before. A change is at least a
    factor 1.5, and 5 times the usual difference between two neighbouring weeks (its robust standard deviation over
    sqrt 2), which slow growth and seasons do not widen. Steady logs with independent weekly noise are called changed
    in fewer than 1 of 500 cases, and with noise of 10 % that carries over to half into the next week in none of 500
    (see the tests). A week without anything is a gap, and left out here. Weeks are whole ones: the rest at the end of a
    log is the caller's to leave out.

    >>> level_changes(np.array([100.0, 104, 97, 101, 99, 103, 98, 102, 100, 96] + [210.0, 205, 199, 204] * 3), 0)
    (Change(day=70, before=99.5, after=205.0),)
    """
    full = np.flatnonzero(weekly > 0)
    if len(full) < 2 * WINDOW + 4:
        return None
    logs = np.log(weekly[full])
    steps = np.diff(logs)
    noise = max(1.4826 * float(np.median(np.abs(steps - np.median(steps)))) / math.sqrt(2), 0.02)
    medians = np.median(np.lib.stride_tricks.sliding_window_view(logs, WINDOW), axis=1)
    jumps = medians[WINDOW:] - medians[:-WINDOW]
    found: list[Change] = []
    taken = np.zeros(len(jumps), dtype=bool)
    while len(found) < 3:
        size = np.where(taken, 0.0, np.abs(jumps))
        top = float(size.max(initial=0.0))
        if top < max(NOISE * noise, math.log(FACTOR)):
            break
        # medians are about as far apart a week or two off the change; the largest step among those is where it is
        at = int(np.argmax(size))
        near = np.arange(max(at - 3, 0), min(at + 4, len(jumps)))
        near = near[(size[near] > 0.8 * top) & (np.sign(jumps[near]) == np.sign(jumps[at]))]
        split = int(near[np.argmax(np.sign(jumps[at]) * steps[near + WINDOW - 1])])
        before, after = np.exp(medians[split]), np.exp(medians[split + WINDOW])
        found.append(Change(first_day + 7 * int(full[split + WINDOW]), round(float(before), 2), round(float(after), 2)))
        taken[max(at - 2 * WINDOW, 0) : at + 2 * WINDOW + 1] = True
    return tuple(sorted(found, key=lambda change: change.day))


@dataclass(frozen=True)
class OlderCustomers:
    """Customers taken for new ones: how many about, until when, and new customers a week at first and later on."""

    surplus: int
    settled: int  # the first day from which on nearly all new customers are new
    early: float
    later: float


def older_customers(weekly_first: Series, first_day: int) -> OlderCustomers | str | None:
    """Whether the log begins in the middle of its customers' lives; None if not, or why such a log cannot tell.

    A log that begins late takes an old customer's next purchase for the first, so the number of "new" customers is high
    at first and falls to that of the truly new. The rule: new customers in the first four weeks (a 13th of the log if
    that is longer) are at least twice, and by at least 5 standard errors more than, those of the log's second half.
    The standard error is that of counts, widened by how the second half varies. The second half must itself be steady:
    some new customers in each of its halves, and not fewer than half as many in the last quarter as in the one
    before, for else there is no level to compare with (a cohort, where nobody new comes later, is none of this).
    The surplus over the later level is an estimate from below: some old customers come back as late as that.
    A shop that acquires a steady or growing number of customers sets it off in none of 500 simulations (see the tests);
    one that was opened with a campaign looks the same.

    >>> weekly = np.array([90.0, 60, 45, 33, 27, 22] + [20.0, 21, 19, 20] * 6)
    >>> older_customers(weekly, 0)
    OlderCustomers(surplus=158, settled=28, early=57.0, later=20.0)
    """
    n = len(weekly_first)
    if n < LEAST_WEEKS:
        return f"needs {LEAST_WEEKS} weeks"
    half = n // 2
    later = weekly_first[half:]
    third_quarter, last_quarter = np.array_split(later, 2)
    if min(third_quarter.sum(), last_quarter.sum()) < 5 or last_quarter.mean() < 0.5 * third_quarter.mean():
        return "hardly anybody new later on to compare with"
    level = float(later.mean())
    early = max(EARLY, n // 13)
    spread = max(1.0, float(later.var(ddof=1)) / level)
    surplus_early = float(weekly_first[:early].sum()) - early * level
    error = math.sqrt(early * level * spread * (1 + early / len(later)))
    if surplus_early < SURPLUS_ERRORS * error or surplus_early < (SURPLUS_FACTOR - 1) * early * level:
        return None
    surplus = np.cumsum(weekly_first[:half] - level)
    most = float(surplus.max())
    settled = int(np.argmax(surplus >= 0.9 * most)) + 1
    return OlderCustomers(round(most), first_day + 7 * settled, float(weekly_first[:early].mean()), level)
