"""The five lenses in one go: the tables are those of the single functions."""

import pandas as pd
import pytest

import clvmodels as clv
from clvmodels import economics
from clvmodels.economics import audit


def test_tables_are_those_of_the_functions(cdnow):
    found = audit(cdnow, period="quarter", cohort="month", follow="1997-02", margin=0.3, groups=4)
    purchases = economics.read_purchases(cdnow)
    same = {"cohort": "month", "period": "quarter", "margin": 0.3}
    pairs = [
        (found.kpis, economics.kpis(purchases, "quarter", margin=0.3)),
        (found.cohorts, economics.compute_cohorts(purchases, **same)),
        (found.by_calendar, economics.compute_cohorts(purchases, by="calendar", **same)),
        (found.order_counts, economics.order_counts(purchases, "1998-Q2", margin=0.3)),
        (found.deciles, economics.decile_change(purchases, "1998-Q1", "1998-Q2", groups=4)),
        (found.change.factors, economics.change_between(purchases, "1998-Q1", "1998-Q2", margin=0.3).factors),
    ]
    for one, other in pairs:
        pd.testing.assert_frame_equal(one, other)
    assert found.one_cohort["cohort"].unique().tolist() == ["1997-02"]
    assert repr(found) == "CustomerAudit of 6 periods and 3 cohorts; 1998-Q1 against 1998-Q2"


def test_it_reads_well(cdnow):
    found = audit(cdnow, period="week", cohort="week", before="1997-05", after="1997-06")
    text, page = str(found), found._repr_html_()
    for lens in range(1, 6):
        assert f"Lens {lens}" in text
        assert f"Lens {lens}" in page
    assert max(map(len, text.split("\n"))) < 220  # a cohort a week, and 78 weeks: only the last ones are shown
    assert "Revenue fell by" in text
    without = audit(cdnow, amount=None)
    assert "orders by cohort and period" in str(without)
    assert "revenue" not in without._repr_html_()


def test_refusals(cdnow):
    with pytest.raises(TypeError, match=r"audit\(\) got an unexpected keyword argument 'colour'"):
        audit(cdnow, colour="red")
    with pytest.raises(
        clv.InvalidInput, match=r"follow must be one of the 1 cohorts, 1997-Q1 to 1997-Q1; found '1999'"
    ):
        audit(cdnow, follow="1999")
    with pytest.raises(clv.InvalidInput, match="period must be one of"):
        audit(cdnow, period="day")
