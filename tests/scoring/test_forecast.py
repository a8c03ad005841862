"""`forecast` is summarize, fit and predict in one call, and nothing else."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import clvmodels as clv
from clvmodels import frames
from clvmodels.scoring.forecast import STEPS

END = "1998-03-31"


@pytest.fixture(scope="module")
def log():
    whole = clv.load_cdnow(sample=True)
    return whole[whole["customer_id"].isin(whole["customer_id"].unique()[::4])].reset_index(drop=True)


@pytest.fixture(scope="module")
def result(log):
    return clv.forecast(log, purchases="bg_nbd", observation_end=END, margin=0.3)


def test_equals_its_steps(log, result):
    summary = clv.rfm_summary(log, observation_end=END)
    model = clv.CLVModel("bg_nbd", "gamma_gamma", margin=0.3).fit(summary)
    expected = model.predict(summary, horizon=365.25 / 7)
    pd.testing.assert_frame_equal(result.scored[list(expected.columns)], expected, check_exact=True)
    pd.testing.assert_frame_equal(result.summary, summary, check_exact=True)
    assert result.model.purchases.parameters == model.purchases.parameters
    assert result.quality == clv.summarize(log, observation_end=END).quality
    assert result.horizon == 365.25 / 7


def test_every_row_says_what_it_is_about(result):
    assert list(result.scored.columns)[-3:] == ["observation_end", "horizon", "time_unit"]
    assert set(result.scored["observation_end"]) == {END}
    assert set(result.scored["horizon"]) == {365.25 / 7}
    assert set(result.scored["time_unit"]) == {"week"}
    facts = frames.read_facts(result.scored)
    assert (facts["observation_end"], facts["time_unit"], facts["margin"]) == (END, "week", "0.3")


@pytest.mark.parametrize("make", [pl.from_pandas, pa.Table.from_pandas])
def test_answers_in_the_kind_of_the_log(make, log, result):
    found = clv.forecast(make(log), purchases="bg_nbd", observation_end=END, margin=0.3).scored
    assert frames.kind(found) == frames.kind(make(log))
    assert frames.column_names(found) == list(result.scored.columns)
    assert frames.numeric(found, "clv").tolist() == result.scored["clv"].to_list()


def test_a_path_answers_in_pandas(log, result, tmp_path):
    log.to_csv(tmp_path / "log.csv", index=False)
    found = clv.forecast(tmp_path / "log.csv", purchases="bg_nbd", observation_end=END, margin=0.3).scored
    pd.testing.assert_frame_equal(found, result.scored, check_exact=True)


def test_tells_each_step_once_as_it_begins(log):
    told = []
    clv.forecast(log, purchases="nbd", progress=told.append)
    assert told == list(STEPS)


@pytest.mark.parametrize(("unit", "year"), [("hour", 8766), ("day", 365.25), ("month", 12), ("year", 1)])
def test_the_horizon_is_a_year_in_every_unit(unit, year, log, result):
    found = clv.forecast(log, purchases="bg_nbd", observation_end=END, margin=0.3, time_unit=unit)
    assert found.horizon == year
    assert found.scored["clv"].to_list() == pytest.approx(result.scored["clv"].to_list(), rel=1e-6)


def test_fitted_models_are_not_fitted_again(log, result):
    model = clv.forecast(log, purchases=result.model.purchases, spend=result.model.spend).model
    assert model.purchases is result.model.purchases
    assert model.spend.parameters == result.model.spend.parameters


def test_refuses_before_it_reads(log):
    for settings in (
        {"annual_discount_rate": -1},
        {"margin": float("nan")},
        {"time_unit": "fortnight"},
        {"purchases": "os"},
    ):
        with pytest.raises(clv.InvalidInput):
            clv.forecast("no such file.csv", progress=pytest.fail, **settings)


@pytest.mark.parametrize(
    "settings", [{"horizon": -1}, {"horizon": float("nan")}, {"horizon": float("inf"), "annual_discount_rate": -0.1}]
)
def test_refuses_a_horizon_before_it_reads(settings):
    with pytest.raises(clv.InvalidInput, match=r"horizon"):
        clv.forecast("no such file.csv", **settings)


@pytest.mark.parametrize("horizon", [[1, 2], "T"])
def test_takes_one_horizon_only(horizon, log):
    with pytest.raises(clv.InvalidInput, match="horizon"):
        clv.forecast(log, purchases="nbd", horizon=horizon)


def test_a_log_without_money_is_forecast_without_it(log):
    result = clv.forecast(log.drop(columns="amount"), amount=None, purchases="nbd", horizon=39)
    assert isinstance(result.model, clv.PurchaseModel)
    assert list(result.scored) == [
        "customer_id",
        "p_alive",
        "expected_purchases",
        "observation_end",
        "horizon",
        "time_unit",
    ]
    expected = result.model.expected_purchases(result.summary, horizon=39)
    assert result.scored["expected_purchases"].tolist() == expected.tolist()


# Intervals


def test_ends_stand_beside_each_number_and_every_row_says_of_what_kind(log, result):
    found = clv.forecast(log, purchases="bg_nbd", observation_end=END, margin=0.3, interval=0.8, draws=50)
    scored = found.scored
    for name in ("p_alive", "expected_purchases", "expected_spend", "clv"):
        at = list(scored.columns).index(name)
        assert list(scored.columns)[at : at + 3] == [name, f"{name}_low", f"{name}_high"]
        assert scored[name].equals(result.scored[name])
    assert set(scored["interval"]) == {0.8}
    assert set(scored["interval_source"]) == {"covariance"}


def test_without_money_there_are_intervals_of_purchases(log):
    scored = clv.forecast(log, purchases="bg_nbd", amount=None, interval=0.9, draws=50).scored
    assert {"p_alive_low", "expected_purchases_high", "interval"} <= set(scored.columns)
    assert not any(name.startswith("clv") for name in scored.columns)
    facts = frames.read_facts(scored)
    assert float(facts["total_expected_purchases_low"]) < scored["expected_purchases"].sum()


@pytest.mark.parametrize(
    "asked", [{"interval": 90}, {"interval": 0.9, "draws": 0}, {"interval": 0.9, "horizon": 1e999}]
)
def test_an_interval_that_cannot_be_is_refused(log, asked):
    with pytest.raises(clv.InvalidInput, match=r"interval must lie|draws must be|intervals need a finite"):
        clv.forecast(log, purchases="bg_nbd", **asked)
