import pytest

import clvmodels as clv


@pytest.fixture(scope="session")
def cdnow():
    return clv.load_cdnow(sample=True)


@pytest.fixture(scope="session")
def cdnow_summary(cdnow):
    return clv.rfm_summary(cdnow, time_unit="week", observation_end="1997-09-30")


@pytest.fixture(scope="session")
def cdnow_model(cdnow_summary):
    return clv.CLVModel("pareto_nbd", "gamma_gamma", margin=0.30).fit(cdnow_summary)


@pytest.fixture(scope="session")
def cdnow_scored(cdnow_model, cdnow_summary):
    return cdnow_model.predict(cdnow_summary)
