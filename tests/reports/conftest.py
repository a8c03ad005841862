from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv

# Ids, labels and names as somebody may write them who means harm; each would do something if it were not escaped.
SCRIPT = "<script>document.title='ran'</script>"
NASTY = [
    SCRIPT,
    '"><img src=x onerror="document.title=\'ran\'">',
    "'><svg onload=\"document.title='ran'\">",
    '=HYPERLINK("http://example.org","x")',
    "{{7*7}}",
    "{% for x in ().__class__.__mro__ %}",
    "+1+cmd|' /C calc'!A0",
    "@SUM(1)",
    "-2+3",
    "\t=1+1",
    "</style><script>document.title='ran'</script>",
    "‮=1+1",
    "a" * 300,
]


@pytest.fixture(scope="session")
def cdnow():
    return clv.load_cdnow(sample=True)


@pytest.fixture(scope="session")
def found(cdnow):
    """The running example: calibration until 30 Sep 1997, holdout until 30 Jun 1998, two models."""
    return clv.validate(cdnow, calibration_end="1997-09-30", models=["pareto_nbd", "bg_nbd"])


@pytest.fixture(scope="session")
def worth(found, cdnow):
    """What the customers are worth from the end of the holdout on, for managers."""
    return clv.economics.overview_after(found, cdnow, margin=0.3, acquisition_cost=10, draws=50)


@pytest.fixture(scope="session")
def nasty(cdnow, found):
    """Customers who stand on the page have ids that mean harm; so have models and columns."""
    best = found.scored.sort_values("expected_purchases_bg_nbd", ascending=False)["customer_id"].head(10)
    off = (found.scored["purchases_holdout"] - found.scored["expected_purchases_bg_nbd"]).abs()
    missed = found.scored.loc[off.sort_values(ascending=False).index, "customer_id"].head(10)
    new = dict(zip(dict.fromkeys([*best, *missed]), NASTY, strict=False))
    ids = cdnow["customer_id"].map(lambda one: new.get(one, one))
    log = pd.DataFrame({SCRIPT: ids, "=date": cdnow["date"], "{{amount}}": cdnow["amount"]})
    models = {SCRIPT: "nbd", "=1+1": "bg_nbd"}
    return clv.validate(
        log, calibration_end="1997-09-30", models=models, customer_id=SCRIPT, date="=date", amount="{{amount}}"
    )


@pytest.fixture(scope="session")
def bare(cdnow):
    """No money, and a family that gives no probabilities."""
    family = replace(clv.PurchaseModel("nbd").family, name="bare", title="Bare", conditional_purchase_pmf=None)
    log = cdnow[["customer_id", "date"]]
    return clv.validate(log, calibration_end="1997-02-28", holdout_end="1997-05-31", models=[family], amount=None)


@pytest.fixture
def numbers():
    return np.random.default_rng(20240101)
