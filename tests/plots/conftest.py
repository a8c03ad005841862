import pytest

import clvmodels as clv


@pytest.fixture(scope="session")
def cdnow():
    return clv.load_cdnow(sample=True)


@pytest.fixture(scope="session")
def found(cdnow):
    """CDNOW, calibration until 30 Sep 1997, holdout until 30 Jun 1998, two models; few resamples, which are slow."""
    return clv.validate(cdnow, calibration_end="1997-09-30", models=["pareto_nbd", "bg_nbd"], n_resamples=20)


@pytest.fixture(scope="session")
def tracked(cdnow, found):
    return clv.plots.compute_tracking(found.models, cdnow, calibration_end="1997-09-30", spend="gamma_gamma")
