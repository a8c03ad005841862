"""Where a backtest cuts a log."""

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clvmodels.errors import ClvWarning, InvalidInput
from clvmodels.validation.origins import cutoffs, horizon_in_days

FIRST, LAST = date(1997, 1, 1), date(1998, 6, 30)


def test_the_last_cutoff_is_a_horizon_before_the_end_and_the_others_a_horizon_apart():
    found = cutoffs(4, FIRST, LAST, 91, overlap=False)
    assert found[-1] == LAST - timedelta(days=91)
    assert {(b - a).days for a, b in pairwise(found)} == {91}


def test_where_there_is_no_room_they_overlap_and_that_is_told():
    with pytest.warns(ClvWarning, match="room for 2 holdouts of 182 days after one another, not for 4"):
        found = cutoffs(4, FIRST, LAST, 182, overlap=False)
    assert found[0] == FIRST + timedelta(days=181)  # half of the time before the last one
    assert found[-1] == LAST - timedelta(days=182)
    assert cutoffs(4, FIRST, LAST, 182, overlap=True) == found


@given(
    number=st.integers(1, 12),
    days=st.integers(1, 400),
    length=st.integers(2, 900),
)
@example(number=5, days=3, length=9)
def test_every_cutoff_leaves_something_to_learn_and_a_whole_holdout(number, days, length):
    last = FIRST + timedelta(days=length)
    try:
        found = cutoffs(number, FIRST, last, days, overlap=True)
    except InvalidInput:
        room = length - days
        assert room < 1 or room - min(days, room // 2) < number - 1  # the first one has something to learn from
        return
    assert len(set(found)) == number
    assert found == sorted(found)
    assert found[0] >= FIRST
    assert found[-1] == last - timedelta(days=days)


def test_dates_are_sorted_and_taken_as_they_are():
    assert cutoffs(["1997-09-30", date(1997, 6, 30)], FIRST, LAST, 91, overlap=False) == [
        date(1997, 6, 30),
        date(1997, 9, 30),
    ]


def test_quarters_of_unequal_length_do_not_count_as_overlap():
    quarters = ["1997-06-30", "1997-09-30", "1997-12-31", "1998-03-31"]  # 92, 92 and 90 days apart
    assert len(cutoffs(quarters, FIRST, LAST, 91, overlap=False)) == 4


@pytest.mark.parametrize(
    ("asked", "days", "told"),
    [
        (["1997-09-30", "1997-10-31"], 91, "holdouts overlap: cutoffs 1997-09-30 and 1997-10-31 are 31 days apart"),
        (["1998-06-01"], 91, "cutoff 1998-06-01 needs 91 days of holdout within the log.*until 1998-03-31"),
        (["1996-12-31"], 91, "cutoff 1996-12-31 needs"),
        (["1997-09-30", "1997-09-30"], 91, "cutoffs must differ"),
        (["soon"], 91, "each cutoff must be a date"),
        ([], 91, "a number, or a list of dates"),
        ("1997-09-30", 91, "a number, or a list of dates"),
        (0, 91, "from 1 to 100"),
        (1.5, 91, "a number, or a list of dates"),
        (2, 545, "leaves nothing to learn from"),
        (3, 544, "no room for 3 cutoffs"),
    ],
)
def test_refusals(asked, days, told):
    with pytest.raises(InvalidInput, match=told):
        cutoffs(asked, FIRST, LAST, days, overlap=False)


@pytest.mark.parametrize("horizon", [0, -1, float("nan"), float("inf"), "13", True, None, 0.01])
def test_a_horizon_is_a_number_of_at_least_one_day(horizon):
    with pytest.raises(InvalidInput, match="horizon must be"):
        horizon_in_days(horizon, "week")


def test_dates_may_come_in_any_series_of_dates():
    first, last = date(1997, 1, 1), date(1998, 6, 30)
    days = pd.date_range("1997-08-31", periods=3, freq="ME")
    wanted = [day.date() for day in days]
    for asked in (days, days.to_series(), days.to_numpy(), set(wanted), iter(wanted)):
        assert cutoffs(asked, first, last, 28, overlap=False) == wanted
    assert cutoffs(np.int64(2), first, last, 91, overlap=False) == cutoffs(2, first, last, 91, overlap=False)
    assert horizon_in_days(np.float32(13), "week") == 91


def test_a_holdout_longer_than_any_calendar():
    with pytest.raises(InvalidInput, match="a holdout of 7,000,000,000 days leaves nothing to learn from"):
        cutoffs(2, date(1997, 1, 1), date(1998, 6, 30), 7_000_000_000, overlap=False)
