"""90 % intervals of a holdout, against sums of probabilities, Poisson tables, and over simulated worlds.

Fixed seeds; the test over worlds rejects right intervals in fewer than 1 of 50 runs.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import clvmodels as clv
from clvmodels.validation import intervals, words
from clvmodels.validation.forecasts import Predicted
from clvmodels.validation.intervals import coverage_table, of_baseline, of_model

R, ALPHA, P, Q, V = 0.8, 10.0, 2.0, 3.74, 15.44


def world(seed, n=400, duration=26.0):
    """NBD customers with Gamma-Gamma spend: their summary, what they buy and what they spend in the holdout."""
    generator = np.random.default_rng(seed)
    T = generator.integers(20 * 7, 40 * 7, n) / 7
    rate, scale = generator.gamma(R, 1 / ALPHA, n), generator.gamma(Q, 1 / V, n)
    x, y = generator.poisson(rate * T), generator.poisson(rate * duration)
    mean = np.where(x > 0, generator.gamma(np.maximum(P * x, P)) / (np.maximum(x, 1) * scale), np.nan)
    spend = np.where(y > 0, generator.gamma(np.maximum(P * y, P)) / scale, 0.0)
    frame = pd.DataFrame({"frequency": x, "recency": T * x / (x + 1), "T": T, "monetary_value": mean})
    return frame, y.astype(float), spend


def said_by(model, spend, frame, duration=26.0):
    expected = np.asarray(model.expected_purchases(frame, horizon=duration))
    total = expected * np.asarray(spend.expected_spend(frame))
    return Predicted("nbd", "NBD", "model", "", expected, None, None, total)


def fitted_to(frame):
    return clv.PurchaseModel("nbd", time_unit="week").fit(frame), clv.SpendModel().fit(frame)


# --- worlds --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def worlds():
    tables = []
    for seed in range(100):
        frame, bought, spent = world(seed)
        model, spend = fitted_to(frame)
        said = said_by(model, spend, frame)
        told = of_model(model, spend, said, frame, 26.0, seed)
        tables.append(coverage_table({"nbd": told}, {"nbd": said}, bought, spent))
    return pd.concat(tables)


@pytest.mark.study
@pytest.mark.parametrize("quantity", ["purchases", "spend"])
def test_worlds(worlds, quantity):
    """Totals: 82 to 97 of 100 worlds but for 1 in 150. Customers: as many as expected, within 4 standard errors."""
    rows = worlds[worlds["quantity"] == quantity]
    assert (rows["interval_source"] == "covariance").all()
    assert 82 <= rows["total_held"].sum() <= 97
    error = np.sqrt((rows["standard_error"] ** 2).sum()) / len(rows)
    assert abs(rows["held"].mean() - rows["expected"].mean()) < 4 * error + 0.003
    assert rows["expected"].mean() > 0.9


def test_a_world_that_changes_is_seen():
    """Customers who buy half as often again as before leave the interval of the total, and some their own."""
    frame, bought, spent = world(3)
    model, spend = fitted_to(frame)
    said = said_by(model, spend, frame)
    told = {"nbd": of_model(model, spend, said, frame, 26.0, 0)}
    row = coverage_table(told, {"nbd": said}, np.ceil(1.5 * bought), spent).iloc[0]
    assert not row["total_held"]
    assert row["held"] < row["expected"] - 2 * row["standard_error"]


# --- exactly -------------------------------------------------------------------------------------------------------


def test_given_parameters_against_sums_of_probabilities():
    frame, bought, _ = world(1, 40)
    model = clv.PurchaseModel.from_parameters("nbd", {"r": R, "alpha": ALPHA}, "week")
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": P, "q": Q, "v": V})
    said = said_by(model, spend, frame)
    told = of_model(model, spend, said, frame, 26.0, 0)
    assert told.source == {"purchases": "parameters as given", "spend": "parameters as given"}
    own = told.found["purchases"]
    counts = stats.nbinom(R + frame["frequency"], (ALPHA + frame["T"]) / (ALPHA + frame["T"] + 26))
    np.testing.assert_array_equal(own.low, counts.ppf(0.05))
    np.testing.assert_array_equal(own.high, counts.ppf(0.95))
    np.testing.assert_allclose(own.mass, counts.cdf(own.high) - counts.cdf(own.low - 1), rtol=1e-9)
    row = coverage_table({"nbd": told}, {"nbd": said}, bought, None).iloc[0]
    assert row["held"] == np.mean((own.low <= bought) & (bought <= own.high))
    assert row["n"] == 40


def test_spend_has_an_atom_at_nothing():
    """Who buys nothing in 19 of 20 futures has the interval from 0 to 0, which holds him just as often."""
    frame = pd.DataFrame(
        {"frequency": [0, 30], "recency": [0.0, 99.0], "T": [300.0, 100.0], "monetary_value": [np.nan, 30.0]}
    )
    model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.2, "alpha": 10.0}, "week")
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": P, "q": Q, "v": V})
    told = of_model(model, spend, said_by(model, spend, frame), frame, 26.0, 0).found["spend"]
    assert (told.low[0], told.high[0]) == (0, 0)
    assert told.mass[0] == pytest.approx((310 / 336) ** 0.2, rel=1e-9)
    assert told.low[1] > 0
    assert told.mass[1] == pytest.approx(0.9, abs=0.004)


def test_baselines_are_poisson():
    said = Predicted("rule", "Rule", "baseline", "", np.array([0.2, 3.0]), None)
    told = of_baseline(said)
    own = told.found["purchases"]
    assert own.high.tolist() == stats.poisson([0.2, 3.0]).ppf(0.95).tolist()
    assert own.total == tuple(stats.poisson(3.2).ppf([0.05, 0.95]))
    assert list(coverage_table({"rule": told}, {"rule": said}, np.array([0.0, 9.0]), np.zeros(2))["held"]) == [0.5]


# --- a part of the customers ---------------------------------------------------------------------------------------


def test_a_part_stands_for_all(monkeypatch):
    frame, bought, spent = world(5, 6000)
    model, spend = fitted_to(frame)
    said = said_by(model, spend, frame)
    whole = of_model(model, spend, said, frame, 26.0, 0)
    monkeypatch.setattr(intervals, "MOST_CUSTOMERS", 1500)
    part = of_model(model, spend, said, frame, 26.0, 1)
    assert len(part.rows) == 1500
    for quantity in ("purchases", "spend"):
        low, high = whole.found[quantity].total
        own_low, own_high = part.found[quantity].total
        assert own_high - own_low == pytest.approx(high - low, rel=0.25)
        assert own_high + own_low == pytest.approx(high + low, abs=0.5 * (high - low))
    row = coverage_table({"nbd": part}, {"nbd": said}, bought, spent).iloc[0]
    assert row["n"] == 1500
    assert row["total_actual"] == bought.sum()


def test_columns_of_the_customers(cdnow_validation, cdnow, monkeypatch):
    found = cdnow_validation
    row = found.coverage.set_index(["model", "quantity"]).loc[("bg_nbd", "purchases")]
    within = (found.scored["low_90_bg_nbd"] <= found.actual) & (found.actual <= found.scored["high_90_bg_nbd"])
    assert row["held"] == within.mean()
    within = found.scored["spend_holdout"].between(
        found.scored["low_90_spend_total_bg_nbd"], found.scored["high_90_spend_total_bg_nbd"]
    )
    assert found.coverage.set_index(["model", "quantity"]).loc[("bg_nbd", "spend"), "held"] == within.mean()
    monkeypatch.setattr(intervals, "MOST_CUSTOMERS", 1000)
    part = clv.validate(cdnow, calibration_end="1997-09-30", models=["nbd"], n_resamples=2)
    assert not [name for name in part.scored if "_90_" in name]
    assert "Of 1,000 customers drawn from 2,357" in part.verdict


def test_cdnow_as_it_is(cdnow_validation):
    """Coverage on the real holdout: customers a little less than expected, the spend of 1998 above its interval."""
    table = cdnow_validation.coverage.set_index(["model", "quantity"])
    own = table.loc[("pareto_nbd", "purchases")]
    assert own["held"] == pytest.approx(0.952, abs=0.002)
    assert own["expected"] == pytest.approx(0.966, abs=0.002)
    assert not table.loc[("pareto_nbd", "spend"), "total_held"]
    assert table.loc[("past_rate", "purchases"), "interval_source"] == "Poisson around the forecast"


# --- none ----------------------------------------------------------------------------------------------------------


def distrusted(model):
    broken = clv.PurchaseModel("nbd") if isinstance(model, clv.PurchaseModel) else clv.SpendModel()
    report = dataclasses.replace(model._state.report, converged=False)
    broken._fitted = dataclasses.replace(model._state, report=report)
    return broken


def test_no_intervals_of_what_is_not_to_be_trusted():
    frame, bought, spent = world(1)
    model, spend = fitted_to(frame)
    said, why = said_by(model, spend, frame), "none: the fit is not to be trusted"
    told = of_model(distrusted(model), spend, said, frame, 26.0, 0)
    assert (told.found, told.source) == ({}, {"purchases": why, "spend": why})
    table = coverage_table({"nbd": told}, {"nbd": said}, bought, spent)
    assert table["held"].isna().all()
    assert words.of_intervals(table, "nbd", 400) == []
    told = of_model(model, distrusted(spend), said, frame, 26.0, 0)
    assert told.source == {"purchases": "covariance", "spend": why}
    assert np.isfinite(told.found["purchases"].total).all()
    table = coverage_table({"nbd": told}, {"nbd": said}, bought, spent)
    assert len(words.of_intervals(table, "nbd", 400)) == 2


def test_families_that_cannot():
    frame, bought, _ = world(1)
    model, spend = fitted_to(frame)
    said = said_by(model, spend, frame)
    silent = dataclasses.replace(model.family, conditional_purchase_pmf=None, purchase_counts_alive=None)
    told = of_model(clv.PurchaseModel.from_parameters(silent, model.parameters, "week"), spend, said, frame, 26.0, 0)
    assert told.found == {}
    assert told.source["purchases"].startswith("none: nbd ")
    still = dataclasses.replace(model.family, simulate_of_rates=None)
    told = of_model(clv.PurchaseModel.from_parameters(still, model.parameters, "week"), spend, said, frame, 26.0, 0)
    table = coverage_table({"nbd": told}, {"nbd": said}, bought, bought)
    assert table["held"].notna().tolist() == [True, False]
    assert table["total_held"].tolist() == [None, None]
    assert "interval of all" not in " ".join(words.of_intervals(table, "nbd", 400))
