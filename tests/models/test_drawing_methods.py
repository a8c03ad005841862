"""Posteriors by Hamiltonian Monte Carlo and by the Bayesian bootstrap, as `clv.posterior` gives them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import clvmodels as clv
from clvmodels.inference import surrogate

approx = pytest.approx


@pytest.fixture(scope="module")
def known():
    return clv.PurchaseModel.from_parameters("nbd", {"r": 0.4, "alpha": 12.0}, time_unit="week")


@pytest.fixture(scope="module")
def summary(known):
    return known.simulate(300, observation=39, seed=11).summary


@pytest.fixture(scope="module")
def by_hmc(known, summary):
    return clv.posterior(known, summary, method="hmc", draws=2000)


def test_hmc_tells_its_own_diagnostics(by_hmc):
    assert by_hmc.draws.shape == (4, 500, 2)
    assert by_hmc.trusted, by_hmc.verdict
    assert by_hmc.k_hat is None
    assert 0.6 < by_hmc.acceptance < 1
    for name in ("r", "alpha"):
        assert by_hmc.r_hat[name] < 1.01
        assert by_hmc.ess[name] == min(by_hmc.ess_bulk[name], by_hmc.ess_tail[name])
        assert by_hmc.ess[name] > 700
    assert 1500 < by_hmc.distinct_draws <= 2000
    assert {"r_hat", "ess_bulk", "ess_tail"} <= set(by_hmc.table().columns)
    assert "by hmc, acceptance 0." in by_hmc.told()[0]
    assert "passes over" in by_hmc.notes[0]


def test_hmc_and_importance_sampling_agree(known, summary, by_hmc):
    """Means and standard deviations within 4 Monte-Carlo errors: a false alarm with one seed in 4,000."""
    other = clv.posterior(known, summary, method="laplace")
    for j, name in enumerate(("r", "alpha")):
        one, two = np.log(by_hmc.flat()[:, j]), np.log(other.flat()[:, j])
        error = two.std() * np.sqrt(1 / by_hmc.ess[name] + 1 / other.ess[name])
        assert one.mean() == approx(two.mean(), abs=4 * error)
        assert one.std() == approx(two.std(), abs=4 * error * 0.85)  # a kurtosis of up to 3.9
    assert by_hmc.prior == other.prior


def test_the_same_seed_gives_the_same_draws_and_another_others(known, summary):
    for method in ("hmc", "bootstrap"):
        one, same, other = (
            clv.posterior(known, summary, method=method, draws=40, seed=seed).draws for seed in (1, 1, 2)
        )
        assert np.array_equal(one, same)
        assert not np.array_equal(one, other)


def test_auto_turns_to_hmc_where_importance_sampling_fails(known, summary, by_hmc, monkeypatch):
    true = surrogate.draw

    def poor(*args):
        found, how = true(*args)
        return found._replace(k_hat=0.9), how

    settled = clv.posterior(known, summary, draws=2000)
    assert settled.method == "laplace"
    monkeypatch.setattr(surrogate, "draw", poor)
    found = clv.posterior(known, summary, draws=2000)
    assert found.method == "hmc"
    assert np.array_equal(found.draws, by_hmc.draws)
    assert any("k-hat 0.90" in note for note in found.notes)
    assert found.trusted
    kept = clv.posterior(known, summary, method="laplace", draws=2000)  # who asks for it gets it, and is told
    assert kept.method == "laplace"
    assert not kept.trusted


def test_bootstrap_has_200_draws_unless_told_otherwise(known, summary):
    found = clv.posterior(known, summary, method="bootstrap")
    assert found.draws.shape == (4, 50, 2)
    assert found.trusted, found.verdict
    assert found.ess == {"r": 200.0, "alpha": 200.0}
    assert found.k_hat is None
    assert found.r_hat is None
    assert found.acceptance is None
    assert clv.posterior(known, summary, method="bootstrap", draws=10, chains=1).draws.shape == (1, 10, 2)


def test_where_customers_behave_as_the_model_says_the_bootstrap_agrees_with_bayes(known, by_hmc, summary):
    """Standard deviations within 20 %: 800 draws know one to 3 %, and 300 customers are not the limit of many."""
    found = clv.posterior(known, summary, method="bootstrap", draws=800)
    for j in range(2):
        spread = np.log(found.flat()[:, j]).std() / np.log(by_hmc.flat()[:, j]).std()
        assert 0.8 < spread < 1.25


def test_weights_are_customers(known, summary):
    """Two customers in one row are the same as two rows: the patterns are the same, and so are the draws."""
    twice = summary.loc[np.repeat(summary.index, 2)].reset_index(drop=True).drop(columns="customer_id")
    weighted = summary.assign(customers=2)
    for method in ("hmc", "bootstrap"):
        one = clv.posterior(known, twice, method=method, draws=40).draws
        other = clv.posterior(known, weighted, method=method, draws=40, weights="customers").draws
        assert one == approx(other, rel=1e-9)


def test_bounds_are_kept(known, summary):
    bounds = {"r": (0.38, 0.42), "alpha": stats.uniform(-1.2, 0.05)}
    for method in ("hmc", "bootstrap"):
        found = clv.posterior(known, summary, bounds, method=method, draws=400)
        r, log_alpha = found.flat()[:, 0], np.log(found.flat()[:, 1] / 39)
        assert 0.38 < r.min() < r.max() < 0.42
        assert -1.2 < log_alpha.min() < log_alpha.max() < -1.15


def test_a_value_has_both_parts_by_the_same_method():
    purchases = clv.PurchaseModel.from_parameters("nbd", {"r": 0.4, "alpha": 12.0}, time_unit="week")
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    log = clv.load_cdnow(sample=True)
    summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    model = clv.CLVModel(purchases, spend, annual_discount_rate=0.1)
    told = []
    found = clv.posterior(model, summary, method="bootstrap", progress=told.append)
    assert found.parameters == ("r", "alpha", "p", "q", "v")
    assert found.draws.shape == (4, 50, 5)
    assert found.method == "bootstrap"
    assert "purchases: draws 1 to 20 of 200" in told
    assert "spend: draws 181 to 200 of 200" in told
    by_hmc = clv.posterior(model, summary, method="hmc", draws=200)
    assert by_hmc.acceptance > 0.6
    assert set(by_hmc.r_hat) == set(found.parameters)


@pytest.mark.parametrize("n", [2, 10])
def test_few_customers_are_no_error(known, n):
    """Somebody came back, and that is all: the prior says most, and draws are finite."""
    few = known.simulate(60, observation=39, seed=12).summary.sort_values("frequency").tail(n)
    for method in ("hmc", "bootstrap"):
        found = clv.posterior(known, few, method=method, draws=200)
        assert np.all(np.isfinite(found.draws))
        assert found.draws.min() > 0


def test_an_unknown_method_is_refused(known, summary):
    with pytest.raises(clv.InvalidInput, match="auto, laplace, hmc, bootstrap; found 'nuts'"):
        clv.posterior(known, summary, method="nuts")
