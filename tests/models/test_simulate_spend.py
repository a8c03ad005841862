"""Simulated amounts, alone and in a log; tests with simulation reject at |z| > 5, one true law in 1.7 million."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv

SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}
BG = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}


@pytest.fixture(scope="module")
def spend():
    return clv.SpendModel.from_parameters("gamma_gamma", SPEND)


@pytest.fixture(scope="module")
def whole(spend):
    return clv.CLVModel(clv.PurchaseModel.from_parameters("bg_nbd", BG, time_unit="week"), spend)


def test_amounts_of_so_many_purchases(spend):
    counts = [2, 0, 3, 1]
    found = spend.simulate(counts, seed=3)
    assert list(found.columns) == ["customer_id", "amount"]
    assert found["customer_id"].tolist() == [1, 1, 3, 3, 3, 4]
    assert (found["amount"] > 0).all()
    for same in (pd.Series(counts), np.array(counts), tuple(counts)):
        pd.testing.assert_frame_equal(spend.simulate(same, seed=3), found)
    assert not spend.simulate(counts, seed=4)["amount"].equals(found["amount"])
    assert len(spend.simulate([], seed=1)) == 0


def test_amounts_have_the_population_mean(spend):
    means = spend.simulate(np.full(40_000, 2), seed=5).groupby("customer_id")["amount"].mean()
    error = means.std() / np.sqrt(len(means))
    assert abs(means.mean() - spend.population_mean) < 5 * error


@pytest.mark.parametrize("counts", [[1, -1], [1.5], [np.nan], [np.inf], 3, [[1, 2]], "many", None])
def test_refuses_counts(counts, spend):
    with pytest.raises(clv.InvalidInput, match="counts must be"):
        spend.simulate(counts)


def test_refuses_seeds_and_models_without_parameters(spend, whole):
    for seed in (-1, 0.5, "x"):
        for call in (lambda seed=seed: spend.simulate([1], seed), lambda seed=seed: whole.simulate(3, 9, seed)):
            with pytest.raises(clv.InvalidInput, match="seed must be a whole number"):
                call()
    with pytest.raises(clv.NotFitted):
        clv.SpendModel().simulate([1])
    with pytest.raises(clv.NotFitted):
        clv.CLVModel().simulate(3, 9)


def test_a_log_with_amounts(whole):
    log, summary = whole.simulate(3000, observation=39, seed=8)
    assert list(log.columns) == ["customer_id", "date", "amount"]
    assert list(summary.columns) == ["customer_id", "frequency", "recency", "T", "monetary_value"]
    plain = whole.purchases.simulate(3000, observation=39, seed=8)
    pd.testing.assert_frame_equal(log[["customer_id", "date"]], plain.log)
    pd.testing.assert_frame_equal(summary.drop(columns="monetary_value"), plain.summary, check_flags=False)
    again = clv.rfm_summary(log, event_grain="line", observation_end="2024-12-31")
    pd.testing.assert_frame_equal(again, summary)
    # each customer has a level of his own: his first purchase and the mean of the others go along
    first = log.groupby("customer_id")["amount"].first().to_numpy()
    repeated = (summary["frequency"] > 0).to_numpy()
    assert np.corrcoef(np.log(first[repeated]), np.log(summary["monetary_value"][repeated]))[0, 1] > 0.3
    assert summary["monetary_value"].isna().equals(summary["frequency"] == 0)


def test_amounts_do_not_depend_on_when_customers_buy(whole):
    """The stream of the amounts is another than that of the purchases."""
    log, summary = whole.simulate(20_000, observation=39, seed=9)
    first = np.log(log.groupby("customer_id")["amount"].first().to_numpy())
    x = summary["frequency"].to_numpy()
    z = np.corrcoef(first, x)[0, 1] * np.sqrt(len(x))
    assert abs(z) < 5
    same_stream = whole.spend.simulate(x.astype(int) + 1, seed=9)["amount"]
    assert not np.isclose(log["amount"], same_stream).any()
    fitted = clv.SpendModel().fit(summary)
    errors = fitted.standard_errors
    assert all(abs(fitted.parameters[name] - value) < 5 * errors[name] for name, value in SPEND.items())
