"""Early looks, and how many there may be."""

from datetime import date, datetime

import pytest

from clvmodels.errors import InvalidInput
from clvmodels.experiments.peeking import check_look

END = date(2024, 6, 30)


def test_an_early_look_is_refused_unless_looks_were_planned():
    with pytest.raises(InvalidInput, match="is to end on 2024-07-01, and observation only reaches 2024-06-30"):
        check_look(END, "2024-07-01", 1, 1, None)
    assert check_look(END, "2024-07-01", 2, 4, None)[:2] == (2, 4)


def test_going_on_after_the_end_is_another_look():
    for looks in (1, 3):
        with pytest.raises(InvalidInput, match='Pass observation_end="2024-06-29"'):
            check_look(END, "2024-06-29", 1, looks, None)


def test_what_is_said():
    assert "planned end" in check_look(END, "2024-06-30", 1, 1, None)[2]
    assert "hold only if the end of observation was fixed" in check_look(END, None, 1, 1, None)[2]
    assert "look 2 of 3" in check_look(END, None, 2, 3, None)[2]


@pytest.mark.parametrize(("look", "looks"), [(3, 2), (0, 1), (1, 0), (True, 1), (1.5, 2)])
def test_looks_are_counted_from_one(look, looks):
    with pytest.raises(InvalidInput, match="look"):
        check_look(END, None, look, looks, None)


@pytest.mark.parametrize(
    ("observed", "planned", "beyond"),
    [
        (END, datetime(2024, 6, 30), 0),  # a date as data frames write it
        (END, datetime(2024, 7, 1), 0),  # the same midnight
        (END, datetime(2024, 6, 30, 23, 59, 59), 0),
        (datetime(2024, 6, 30, 23, 59, 59), END, 0),
        (datetime(2024, 6, 30), END, -1),  # exactly: the day is not in it
        (END, datetime(2024, 6, 30, 18), 1),
        (END, datetime(2024, 7, 1, 6), -1),
    ],
)
def test_a_day_ends_at_the_next_midnight(observed, planned, beyond):
    if beyond == 0:
        assert "at the planned end" in check_look(observed, planned, 1, 1, None)[2]
        return
    with pytest.raises(InvalidInput, match="is to end" if beyond < 0 else "goes on until") as caught:
        check_look(observed, planned, 1, 1, None)
    hinted = 'pass observation_end="2024-06-30" if all of that day is in the log' in str(caught.value)
    assert hinted == (planned == END)
