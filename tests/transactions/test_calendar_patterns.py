"""What the calendar of a log gives away: what was planted is found, and false alarms are as rare as the rules say."""

from __future__ import annotations

import numpy as np
import pytest

from clvmodels.transactions.calendar_patterns import Change, OlderCustomers, gaps, level_changes, older_customers

SIMULATIONS = 500


def dense(days: list[int] | range, lines: int = 10) -> tuple[np.ndarray, np.ndarray]:
    number = np.array(days)
    return number, np.full(len(number), lines)


def test_no_gap_in_a_daily_log():
    assert gaps(*dense(range(100)), 0, 99).runs == ()


def test_closed_weekdays_are_no_gaps_and_do_not_break_one():
    weekdays = [day for day in range(200) if day % 7 not in (2, 3)]  # 1970-01-01 was a Thursday
    assert gaps(*dense(weekdays), 0, 199).runs == ()
    missing = [day for day in weekdays if not 100 <= day < 110]
    (run,) = gaps(*dense(missing), 0, 199).runs
    assert run == (102, 8, 6)  # day 100 and 101 are closed ones: 100 % 7 = 2


def test_a_gap_at_the_end_is_one():
    found = gaps(*dense(range(100)), 0, 119)
    assert found.runs == ((100, 20, 20),)
    assert found.longest_by_chance < 20


def test_one_early_line_does_not_make_a_daily_log_sparse():
    days = np.array([0, *range(10_000, 10_200)])
    found = gaps(days, np.array([1, *[10] * 200]), 0, 10_199)
    assert found.step == 1
    assert found.runs == ((1, 9_999, 9_999),)


def test_sparse_logs_are_looked_at_by_week_or_not_at_all():
    rng = np.random.default_rng(3)
    weekly = np.array([7 * week + int(rng.integers(7)) for week in range(60) if not 30 <= week < 35])
    found = gaps(weekly, np.ones(len(weekly), dtype=int), 0, 7 * 60 - 1)
    assert found.step == 7
    assert (210, 35, 5) in found.runs
    rare = np.arange(0, 400, 40)
    assert gaps(rare, np.ones(len(rare), dtype=int), 0, 399) is None


def test_gaps_longer_than_chance_are_rare_in_logs_without_a_pattern():
    """Days are empty at random, 15 of 100: the rule says one gap beyond chance in 100 logs, or fewer."""
    rng = np.random.default_rng(1)
    alarms = 0
    for _ in range(SIMULATIONS):
        days = np.flatnonzero(rng.random(365) > 0.15)
        found = gaps(days, np.ones(len(days), dtype=int), 0, 364)
        alarms += any(run[2] > found.longest_by_chance for run in found.runs)
    assert alarms <= 14  # expected 5 at most; more than 14 come in fewer than 1 of 1000 such tests


def noisy(rng: np.random.Generator, weeks: int, noise: float, carried: float = 0.0) -> np.ndarray:
    error = rng.normal(size=weeks + 20)
    for week in range(1, len(error)):
        error[week] = carried * error[week - 1] + np.sqrt(1 - carried**2) * error[week]
    return 1000 * np.exp(noise * error[20:])


@pytest.mark.parametrize(("noise", "carried"), [(0.1, 0.0), (0.3, 0.0), (0.1, 0.5)])
@pytest.mark.parametrize("weeks", [26, 53, 156])
def test_steady_logs_have_no_change_of_level(noise, carried, weeks):
    """Fixed seed; the rule promises fewer than 1 in 500."""
    rng = np.random.default_rng(2)
    alarms = sum(bool(level_changes(noisy(rng, weeks, noise, carried), 0)) for _ in range(SIMULATIONS))
    assert alarms <= 1


@pytest.mark.parametrize("factor", [2.0, 0.4])
def test_planted_changes_are_found_where_they_are(factor):
    rng = np.random.default_rng(4)
    right = 0
    for _ in range(200):
        weekly = noisy(rng, 60, 0.08)
        weekly[30:] *= factor
        found = level_changes(weekly, 1000)
        right += len(found) == 1 and abs(found[0].day - (1000 + 7 * 30)) <= 7
    assert right >= 190


def test_steady_growth_and_one_large_week_are_no_change_of_level():
    rng = np.random.default_rng(5)
    growing = noisy(rng, 104, 0.08) * np.exp(0.02 * np.arange(104))
    assert level_changes(growing, 0) == ()
    one = noisy(rng, 60, 0.08)
    one[30] *= 20
    assert level_changes(one, 0) == ()


def test_too_few_weeks_for_a_change_of_level():
    assert level_changes(np.full(15, 100.0), 0) is None
    assert level_changes(np.array([100.0] * 10 + [300.0] * 10), 0) == (Change(70, 100.0, 300.0),)


def shop(rng: np.random.Generator, *, years_before: float, weeks: int = 60, joining: float = 12.0) -> np.ndarray:
    """New customers a week in a log of a shop that was opened so many years before the log begins.

    Customers join steadily, buy at gamma rates (r 0.5, alpha 8 weeks) and leave at gamma rates (s 0.6, beta 12).
    """
    before = 52 * years_before
    n = rng.poisson(joining * (before + weeks))
    joined = rng.uniform(-before, weeks, n)
    rate, leaving = rng.gamma(0.5, 1 / 8, n), rng.gamma(0.6, 1 / 12, n)
    first = joined.copy()
    old = joined < 0
    # the next purchase after time 0 is exponential, if the customer is still there by then
    first[old] = rng.exponential(1 / np.maximum(rate[old], 1e-12))
    gone = joined + rng.exponential(1 / np.maximum(leaving, 1e-12))
    seen = (first < weeks) & (~old | (first < gone))
    return np.bincount(first[seen].astype(int), minlength=weeks).astype(float)


def test_customers_older_than_the_log_are_found():
    """A shop five years old: old customers come back in the log's first weeks, and are taken for new ones."""
    rng = np.random.default_rng(6)
    found = [older_customers(shop(rng, years_before=5, joining=40.0), 0) for _ in range(100)]
    assert sum(bool(one) for one in found) >= 95
    assert all(50 < one.surplus < 40 * 260 for one in found if one)


@pytest.mark.parametrize("joining", [0.5, 3.0, 40.0])
def test_a_shop_opened_with_its_log_has_none(joining):
    """Fixed seed: no false alarm in 500 logs."""
    rng = np.random.default_rng(7)
    found = [older_customers(shop(rng, years_before=0, joining=joining), 0) for _ in range(SIMULATIONS)]
    assert not any(isinstance(each, OlderCustomers) for each in found)


def test_a_cohort_a_growing_shop_and_one_in_decline_have_none():
    rng = np.random.default_rng(8)
    cohort = np.array([200.0] * 12 + [0.0] * 66)
    assert older_customers(cohort, 0) == "hardly anybody new later on to compare with"
    assert older_customers(rng.poisson(np.linspace(5, 60, 60)).astype(float), 0) is None
    shrinking = older_customers(rng.poisson(np.linspace(100, 10, 60)).astype(float), 0)
    assert shrinking == "hardly anybody new later on to compare with"
    assert older_customers(np.full(10, 9.0), 0) == "needs 20 weeks"
