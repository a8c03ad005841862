"""Customers and models that the pictures show; and after every test, whether matplotlib's settings are as before."""

from __future__ import annotations

import matplotlib as mpl
import pytest

import clvmodels as clv

mpl.use("Agg")
from matplotlib import pyplot as plt


@pytest.fixture(scope="package")
def log():
    return clv.load_cdnow(sample=True)


@pytest.fixture(scope="package")
def summary(log):
    return clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")


@pytest.fixture(scope="package")
def fitted(summary):
    return clv.PurchaseModel("bg_nbd").fit(summary)


@pytest.fixture(scope="package")
def spend(summary):
    return clv.SpendModel().fit(summary)


@pytest.fixture(scope="package")
def pareto():
    """Parameters as published by Fader & Hardie (2005)."""
    parameters = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
    return clv.PurchaseModel.from_parameters("pareto_nbd", parameters, time_unit="week")


@pytest.fixture(autouse=True)
def no_figures_left():
    settings = dict(mpl.rcParams)
    yield
    plt.close("all")
    assert dict(mpl.rcParams) == settings


@pytest.fixture(scope="package")
def found(log):
    """Calibration until 30 Sep 1997, holdout until 30 Jun 1998; few resamples, which are slow."""
    return clv.validate(log, calibration_end="1997-09-30", models=["pareto_nbd", "bg_nbd"], n_resamples=20)


@pytest.fixture(scope="package")
def tracked(found):
    """The table of compute_tracking, as the validation keeps it."""
    return found.tracking


@pytest.fixture(scope="package")
def tested(log):
    return clv.backtest(log, cutoffs=["1997-06-30", "1997-09-30", "1997-12-31"], horizon=13, models=["bg_nbd", "nbd"])


@pytest.fixture(scope="package")
def regular(log):
    return clv.plots.compute_regularity(log)


@pytest.fixture(scope="package")
def scored(fitted, spend, summary):
    return clv.CLVModel(fitted, spend, margin=0.3).predict(summary)


@pytest.fixture(scope="package")
def changed(log, fitted, spend, scored):
    early = clv.rfm_summary(log, time_unit="week", observation_end="1997-03-01")
    return clv.economics.equity_change(clv.CLVModel(fitted, spend, margin=0.3).predict(early), scored)


@pytest.fixture(scope="package")
def compared(log):
    """Two arms beside a control, of customers who are all treated alike."""
    arms = {name: ("control", "letter", "call")[int(name) % 3] for name in log["customer_id"].unique()}
    model = clv.CLVModel("nbd", clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44}))
    return clv.compare_arms(log, arms, window=26, model=model, planned_end="1998-06-30")


@pytest.fixture(scope="package")
def planned(pareto):
    """So many customers as find a fifth more at a purchase, four times of five."""
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    return clv.plan_experiment(clv.CLVModel(pareto, spend), duration=26, lift={"spend": 1.2})
