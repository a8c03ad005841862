"""Counts that functions are given: whole numbers, and not so many that a table of them fills the memory."""

import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.economics.given_numbers import count

DAYS = ["2024-01-01", "2024-02-03", "2024-02-29"]
FEW = pd.DataFrame({"customer_id": ["a", "a", "b"], "date": DAYS, "amount": [5.0, 7.0, 2.0]})


@pytest.mark.parametrize("junk", [0, -1, True, 2.0, "3", 2**70, 10**400, None], ids=lambda junk: repr(junk)[:9])
def test_what_is_no_count_is_refused(junk):
    with pytest.raises(clv.InvalidInput, match="periods must be a whole number"):
        clv.economics.retention_clv_timings(10, 0.9, 0.1, periods=junk)
    with pytest.raises(clv.InvalidInput, match="most must be a whole number"):
        clv.economics.order_counts(FEW, "2024-01", most=junk)
    with pytest.raises(clv.InvalidInput, match="groups must be a whole number"):
        clv.economics.decile_change(FEW, "2024-01", "2024-02", groups=junk)


def test_counts_up_to_a_million_are_taken():
    assert count("groups", 1_000_000) == 1_000_000
    with pytest.raises(clv.InvalidInput, match="at most 1,000,000"):
        count("groups", 1_000_001)


def test_a_cohort_to_follow_is_a_name():
    with pytest.raises(clv.InvalidInput, match="follow must be one of"):
        clv.economics.audit(FEW, period="month", cohort="month", observation_end="2024-02-29", follow=[])
