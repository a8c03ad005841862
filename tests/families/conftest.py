"""What the tests of the families share: the CDNOW sample and what its models say about it."""

from __future__ import annotations

import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.families import PURCHASE_FAMILIES, purchase_family


@pytest.fixture(scope="session")
def cdnow():
    """One row a transaction."""
    return clv.load_cdnow(sample=True)


@pytest.fixture(scope="session")
def calibration(cdnow):
    """The 39 weeks to which most published fits belong, with what was bought in the 39 weeks after."""
    summary = clv.rfm_summary(cdnow, time_unit="week", observation_end="1997-09-30")
    later = cdnow[cdnow["date"] > pd.Timestamp("1997-09-30")]
    bought = later.drop_duplicates(["customer_id", "date"]).groupby("customer_id").size()
    summary["purchases_holdout"] = bought.reindex(summary["customer_id"]).fillna(0).to_numpy()
    return summary


@pytest.fixture(scope="session")
def whole(cdnow):
    """All 78 weeks."""
    return clv.rfm_summary(cdnow, time_unit="week", observation_end="1998-06-30")


@pytest.fixture(scope="session")
def fits(calibration):
    """Each shipped purchase family in continuous time, fitted to the 39 weeks."""
    continuous = [name for name in PURCHASE_FAMILIES if purchase_family(name).time == "continuous"]
    return {name: clv.PurchaseModel(name).fit(calibration) for name in continuous}


@pytest.fixture(scope="session")
def spend_fit(calibration):
    return clv.SpendModel("gamma_gamma").fit(calibration)
