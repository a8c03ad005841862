"""Parameters whose time unit nobody knows: what needs none is answered, and the rest says what to write."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.models.posterior import Posterior

PARAMETERS = {"r": 0.55328, "alpha": 10.5777, "s": 0.60624, "beta": 11.6687}
SUMMARY = pd.DataFrame(
    {
        "customer_id": [1, 2, 3],
        "frequency": [2, 0, 4],
        "recency": [30.43, 0.0, 10.0],
        "T": [38.86, 38.86, 35.0],
        "monetary_value": [20.0, None, 30.0],
    }
)
SPEND = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
LOG = pd.DataFrame({"customer_id": [1, 1, 2], "date": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-03-01"])})


@pytest.fixture
def model() -> clv.PurchaseModel:
    found = clv.from_clvtools(PARAMETERS)
    assert isinstance(found, clv.PurchaseModel)
    return found


ANSWERED: dict[str, Callable[[clv.PurchaseModel], Any]] = {
    "log_likelihood": lambda m: m.log_likelihood(SUMMARY),
    "p_alive": lambda m: m.p_alive(SUMMARY, after=[0, 3]),
    "p_alive_if_no_purchase": lambda m: m.p_alive_if_no_purchase(SUMMARY, until=3),
    "expected_purchases": lambda m: m.expected_purchases(SUMMARY, horizon=[3, 39]),
    "purchase_pmf": lambda m: m.purchase_pmf(SUMMARY, 1, horizon=3),
    "purchase_quantile": lambda m: m.purchase_quantile(SUMMARY, horizon=3),
    "probability_of_purchase": lambda m: m.probability_of_purchase(SUMMARY, horizon=3),
    "residual_lifetime": lambda m: m.residual_lifetime(SUMMARY),
    "time_to_next_purchase": lambda m: m.time_to_next_purchase(SUMMARY),
    "time_to_last_purchase": lambda m: m.time_to_last_purchase(SUMMARY),
    "latent_means": lambda m: m.latent_means(SUMMARY),
    "latent_intervals": lambda m: m.latent_intervals(SUMMARY),
    "predict_distribution": lambda m: m.predict_distribution(SUMMARY, 3, draws=20).table,
    "new_customer": lambda m: m.new_customer().expected_purchases(horizon=[3, 39]),
    "profile_likelihood": lambda m: m.profile_likelihood(SUMMARY, "r", values=[0.5]).table,
}

SAYS = r"Write it .*" + ".*".join(
    rf'clv\.from_{name}\(\w+, time_unit="week"\)' for name in ("lifetimes", "pymc_marketing", "clvtools")
)

REFUSED: dict[str, Callable[[clv.PurchaseModel], Any]] = {
    "discounted_expected_purchases": lambda m: m.discounted_expected_purchases(SUMMARY),
    "new_customer": lambda m: m.new_customer().discounted_expected_purchases(horizon=3),
    "simulate": lambda m: m.simulate(3, observation=40),
    "save": lambda m: m.save("not-written.json"),
    "posterior": lambda m: clv.posterior(m, SUMMARY),
    "alive_path": lambda m: m.alive_path(["2024-01-01"], observation_end="2024-02-01"),
    "predict": lambda m: clv.CLVModel(m, SPEND).predict(SUMMARY),
    "cash_flows": lambda m: clv.CLVModel(m, SPEND).cash_flows(SUMMARY, periods=2),
    "value_of_new_customer": lambda m: clv.economics.value_of_new_customer(clv.CLVModel(m, SPEND)),
    "customer_equity": lambda m: clv.customer_equity(clv.CLVModel(m, SPEND), SUMMARY),
    "cohort_survival": lambda m: clv.plots.compute_cohort_survival(m, LOG, amount=None),
    "plot_p_alive": lambda m: clv.plots.plot_p_alive(m),
    "plot_heterogeneity": lambda m: clv.plots.plot_heterogeneity(m),
    # these would summarise in weeks if nobody says otherwise
    "forecast": lambda m: clv.forecast(LOG, purchases=m, amount=None),
    "validate": lambda m: clv.validate(
        LOG, models=[m], calibration_end="2024-02-15", holdout_end="2024-03-15", amount=None
    ),
}


@pytest.mark.parametrize("name", ANSWERED)
def test_what_needs_no_unit_is_what_any_unit_gives(model: clv.PurchaseModel, name: str) -> None:
    known = clv.PurchaseModel.from_parameters("pareto_nbd", PARAMETERS, time_unit="day")
    found, expected = ANSWERED[name](model), ANSWERED[name](known)
    assert np.array_equal(np.asarray(found, dtype=np.float64), np.asarray(expected, dtype=np.float64), equal_nan=True)


@pytest.mark.parametrize("name", REFUSED)
def test_what_needs_one_says_what_to_write(model: clv.PurchaseModel, name: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(clv.UnitMismatch, match=SAYS):
        REFUSED[name](model)
    assert not list(tmp_path.iterdir())


def test_a_summary_that_knows_its_unit_is_taken_as_it_is(model: clv.PurchaseModel) -> None:
    log = pd.DataFrame({"customer_id": [1, 1], "date": pd.to_datetime(["2024-01-01", "2024-02-01"])})
    summary = clv.rfm_summary(log, amount=None, time_unit="week", observation_end="2024-06-30")
    bare = pd.DataFrame({name: summary[name].to_numpy() for name in ("frequency", "recency", "T")})
    assert model.p_alive(summary).tolist() == model.p_alive(bare).tolist()


def test_it_shows_that_its_unit_is_not_known(model: clv.PurchaseModel) -> None:
    assert model.time_unit is None
    assert repr(model) == "PurchaseModel('pareto_nbd'): r=0.5533, alpha=10.58, s=0.6062, beta=11.67"
    assert "time unit not known<" in model._repr_html_()
    assert "time unit not known yet<" in clv.PurchaseModel("nbd")._repr_html_()


def test_a_value_can_say_the_unit_of_its_purchases(model: clv.PurchaseModel) -> None:
    value = clv.CLVModel(model, SPEND, time_unit="week")
    known = clv.CLVModel(clv.PurchaseModel.from_parameters("pareto_nbd", PARAMETERS, "week"), SPEND)
    assert value.predict(SUMMARY)["clv"].tolist() == known.predict(SUMMARY)["clv"].tolist()
    assert model.time_unit is None
    assert clv.CLVModel(known.purchases, SPEND).purchases is known.purchases


def test_sizes_are_compared_where_nobody_knows_a_unit(model: clv.PurchaseModel) -> None:
    known = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    fitted = clv.PurchaseModel("nbd").fit(known.simulate(300, observation=39, seed=1).summary)
    fitted.time_unit = None
    with pytest.warns(clv.ClvWarning, match=r"largest T of the summary is 272, against 39 when .* time_unit= where"):
        fitted.p_alive(SUMMARY.assign(T=272.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted.p_alive(SUMMARY)


def test_posteriors_without_a_unit_and_with_one(model: clv.PurchaseModel) -> None:
    draws = np.exp(np.random.default_rng(1).normal(0.0, 0.1, (4, 25, 4)))
    names = tuple(PARAMETERS)
    found = Posterior(names, draws, "hmc", (), 100.0, dict.fromkeys(names, 100.0), family="pareto_nbd")
    assert model.with_posterior(found).posterior is found
    assert model.with_posterior(found).time_unit is None
    with pytest.raises(clv.UnitMismatch, match="nobody has said it"):
        model.with_posterior(replace(found, time_unit="week"))
