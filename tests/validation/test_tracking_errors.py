"""Weekly curves in one number each."""

import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidInput


def table(**columns):
    weeks = {
        "model": ["m"] * 4, "part": ["calibration", "calibration", "holdout", "holdout"],
        "complete": [True, True, True, False],
        "actual_incremental": [4.0, 0.0, 5.0, 1.0], "expected_incremental": [5.0, 1.0, 4.0, 100.0],
    }  # fmt: skip
    found = pd.DataFrame(weeks | columns)
    for name in [name for name in found.columns if name.endswith("_incremental")]:
        found[name.replace("incremental", "cumulative")] = found[name].cumsum()
    return found


def test_by_hand():
    found = clv.plots.compute_tracking_errors(table()).set_index("part")
    # calibration: 4, 4 bought by then and 5, 6 expected; in the holdout's one whole week 9 and 10
    assert found.loc["calibration", "cumulative_mape"] == pytest.approx((1 / 4 + 2 / 4) / 2)
    assert found.loc["holdout", "cumulative_mape"] == pytest.approx(1 / 9)
    # the week without a purchase counts in the weighted error alone
    assert found.loc["calibration", "incremental_mape"] == pytest.approx(1 / 4)
    assert found.loc["calibration", "incremental_wape"] == pytest.approx(2 / 4)
    assert found.loc["holdout", ["incremental_mape", "incremental_wape"]].tolist() == pytest.approx([1 / 5, 1 / 5])
    assert found["weeks"].to_dict() == {"calibration": 2, "holdout": 1}


def test_revenue_has_rows_of_its_own():
    money = {
        "actual_revenue_incremental": [10.0, 10.0, 10.0, 1.0],
        "expected_revenue_incremental": [10.0, 20.0, 5.0, 1.0],
    }
    found = clv.plots.compute_tracking_errors(table(**money)).set_index(["what", "part"])
    assert found.loc[("revenue", "calibration"), "cumulative_mape"] == pytest.approx((0 + 10 / 20) / 2)
    assert found.loc[("revenue", "holdout"), "incremental_wape"] == pytest.approx(0.5)
    assert len(found) == 4


def test_of_a_validation(cdnow_validation):
    found = cdnow_validation.tracking_errors
    assert found.groupby(["what", "part"])["weeks"].unique().map(list).to_dict() == {
        (what, part): [39] for what in ("purchases", "revenue") for part in ("calibration", "holdout")
    }
    assert (found[["cumulative_mape", "incremental_mape", "incremental_wape"]] > 0).all().all()


def test_something_else_is_refused():
    for wrong in (3, pd.DataFrame({"week": [1]})):
        with pytest.raises(InvalidInput, match="expected the table of compute_tracking"):
            clv.plots.compute_tracking_errors(wrong)
