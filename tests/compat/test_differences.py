"""What is told of a difference: short enough to be read, complete enough to act on, once and not lost."""

from __future__ import annotations

import re
import warnings

import pytest

from clvmodels.compat.lifetimes import LifetimesDifference, differences
from clvmodels.compat.lifetimes.differences import DIFFERENCES, tell

TOLD = [key for key, difference in DIFFERENCES.items() if difference.told]
LINE = 120  # characters
DETAIL = "x" * 50


@pytest.mark.parametrize("key", TOLD)
def test_a_warning_fits_into_three_lines_and_says_what_to_do(key: str) -> None:
    difference = DIFFERENCES[key]
    message = difference.message(DETAIL)
    assert len(message) <= 3 * LINE
    assert "`" not in message
    assert "lifetimes" in message
    assert f" ({DETAIL}). " in message
    _, advice = message.split(f" ({DETAIL}). ")
    assert re.match(r"(Trust|There is nothing to do|Write|Leave|Fit|Make|If) ?", advice)


def test_advice_stands_in_the_table_once() -> None:
    for difference in DIFFERENCES.values():
        assert not difference.advice or difference.advice not in difference.here


def test_a_difference_is_told_once() -> None:
    with pytest.warns(LifetimesDifference, match=r"\(3 customers\)"):
        tell("holdout_spend", "3 customers")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tell("holdout_spend", "4 customers")


def test_a_difference_that_is_an_error_is_one_each_time_and_told_afterwards() -> None:
    """Else a cell that is run again would go through in silence."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", LifetimesDifference)
        for _ in range(2):
            with pytest.raises(LifetimesDifference, match="period totals"):
                tell("holdout_spend")
    assert not differences.told("holdout_spend")
    with pytest.warns(LifetimesDifference, match="period totals"):
        tell("holdout_spend")
