import pytest

import clvmodels as clv


@pytest.fixture(scope="session")
def cdnow():
    return clv.load_cdnow(sample=True)


@pytest.fixture(scope="session")
def cdnow_validation(cdnow):
    """The running example: calibration until 30 Sep 1997, holdout until 30 Jun 1998, two models."""
    return clv.validate(cdnow, calibration_end="1997-09-30", models=["pareto_nbd", "bg_nbd"])
