"""The likelihood-ratio test of nested families: its answer where it is known, its size, and whom it refuses."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import clvmodels as clv
from clvmodels.families import purchase_family

approx = pytest.approx


@pytest.fixture(scope="module")
def cdnow():
    return clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")


def world(name, parameters, n, seed):
    generator = np.random.default_rng(seed)
    T = generator.integers(140, 281, n) / 7
    owner, times = purchase_family(name).simulate(generator, T, *parameters)
    t_x = np.zeros(n)
    np.maximum.at(t_x, owner, times)
    return pd.DataFrame({"frequency": np.bincount(owner, minlength=n), "recency": t_x, "T": T})


@pytest.mark.parametrize("full", ["pareto_nbd", "bg_nbd", "mbg_nbd"])
def test_cdnow_customers_leave(cdnow, full):
    """2 (−9594.976 + 9763.658) = 337.4 for the Pareto/NBD, and no simulated world comes near."""
    found = clv.likelihood_ratio_test("nbd", full, cdnow, n_bootstrap=19, seed=1)
    expected = {"pareto_nbd": 2 * (-9594.976 + 9763.658), "bg_nbd": 362.457, "mbg_nbd": 363.044}[full]
    assert found.statistic == approx(expected, abs=0.01)
    assert found.p_value == 1 / 20
    assert found.quantile_90 <= found.quantile_95 <= found.quantile_99 < 20
    assert found.statistic == approx(2 * (found.log_likelihood_full - found.log_likelihood_restricted))
    assert (found.restricted, found.full, found.n_bootstrap) == ("nbd", full, 19)
    assert "bootstrap in continuous time" in found.note


@pytest.mark.parametrize(("full", "seed"), [("pareto_nbd", 311), ("bg_nbd", 312), ("mbg_nbd", 313)])
def test_where_nobody_leaves_it_does_not_reject(full, seed):
    """One NBD world each with a fixed seed; by chance one in twenty has p ≤ 0.05."""
    found = clv.likelihood_ratio_test("nbd", full, world("nbd", (0.6, 8.0), 300, seed), n_bootstrap=39, seed=1)
    assert found.p_value > 0.05
    assert found.statistic < 10


def test_the_search_agrees_with_fits(cdnow):
    """The bootstrap's own search reaches what PurchaseModel.fit reaches, to a hundredth."""
    found = clv.likelihood_ratio_test("nbd", "pareto_nbd", cdnow, n_bootstrap=19, seed=1)
    for name, value in (("nbd", found.log_likelihood_restricted), ("pareto_nbd", found.log_likelihood_full)):
        assert value == approx(clv.PurchaseModel(name).fit(cdnow).fit_report.log_likelihood, abs=1e-4)


def test_seed_weights_and_progress():
    frame = world("nbd", (0.6, 8.0), 200, 314)
    done = []
    one = clv.likelihood_ratio_test("nbd", "bg_nbd", frame, n_bootstrap=19, seed=5, progress=done.append)
    assert done == list(range(1, 20))
    assert clv.likelihood_ratio_test("nbd", "bg_nbd", frame, n_bootstrap=19, seed=5) == one
    assert clv.likelihood_ratio_test("nbd", "bg_nbd", frame, n_bootstrap=19, seed=6) != one
    copies = np.random.default_rng(315).integers(0, 3, 200)
    many = frame.loc[np.repeat(np.arange(200), copies)]
    by_weight = clv.likelihood_ratio_test("nbd", "bg_nbd", frame, n_bootstrap=19, seed=5, weights=copies)
    by_row = clv.likelihood_ratio_test("nbd", "bg_nbd", many, n_bootstrap=19, seed=5)
    assert by_weight == by_row
    models = clv.PurchaseModel("nbd"), clv.PurchaseModel("bg_nbd", time_unit="week")
    assert clv.likelihood_ratio_test(*models, frame, n_bootstrap=19, seed=5) == one


def test_the_time_unit_does_not_matter():
    weeks = world("nbd", (0.6, 8.0), 200, 316)
    days = weeks.assign(recency=weeks["recency"] * 7, T=weeks["T"] * 7)
    one, other = (clv.likelihood_ratio_test("nbd", "bg_nbd", f, n_bootstrap=19, seed=5) for f in (weeks, days))
    assert other.statistic == approx(one.statistic, abs=0.02)
    assert other.p_value == approx(one.p_value, abs=0.05)


def test_worlds_in_which_nobody_comes_back_count():
    frame = pd.DataFrame({"frequency": [1, 0, 0], "recency": [1.0, 0, 0], "T": [2.0, 0.01, 0.01]})
    found = clv.likelihood_ratio_test("nbd", "bg_nbd", frame, n_bootstrap=39, seed=1)
    assert "of 39 worlds nobody came back, and their statistic counts as 0" in found.note
    assert 0 < found.p_value <= 1
    assert np.isfinite(found.statistic)


def test_refusals(cdnow):
    with pytest.raises(clv.InvalidInput, match=r"BG/NBD is no special case of Pareto/NBD.*compare_models"):
        clv.likelihood_ratio_test("bg_nbd", "pareto_nbd", cdnow)
    with pytest.raises(clv.InvalidInput, match="NBD is no special case of NBD"):
        clv.likelihood_ratio_test("nbd", "nbd", cdnow)
    with pytest.raises(
        clv.InvalidInput, match=r'not the other way round: write likelihood_ratio_test\("nbd", "bg_nbd"'
    ):
        clv.likelihood_ratio_test("bg_nbd", "nbd", cdnow)
    for n in (18, 0, -1, 19.5, "99", True):
        with pytest.raises(clv.InvalidInput, match="n_bootstrap must be a whole number of at least 19"):
            clv.likelihood_ratio_test("nbd", "bg_nbd", cdnow, n_bootstrap=n)
    for seed in (-1, 1.5, "a"):
        with pytest.raises(clv.InvalidInput, match="seed must be a whole number"):
            clv.likelihood_ratio_test("nbd", "bg_nbd", cdnow, seed=seed)
    with pytest.raises(clv.InvalidInput, match=r"weights must be whole numbers; 1 of 2357 are not, first 0\.5"):
        clv.likelihood_ratio_test("nbd", "bg_nbd", cdnow, weights=np.r_[0.5, np.ones(2356)])
    with pytest.raises(clv.NotEnoughData, match="nobody came back"):
        clv.likelihood_ratio_test("nbd", "bg_nbd", cdnow[cdnow["frequency"] == 0])
    mute = dataclasses.replace(purchase_family("nbd"), simulate=None)
    with pytest.raises(clv.NotAvailable, match="NBD cannot simulate"):
        clv.likelihood_ratio_test(mute, "bg_nbd", cdnow)


def test_facts_are_not_needed(cdnow):
    bare = cdnow.copy()
    bare.attrs = {}
    assert json.loads(cdnow.attrs["clvmodels"])["time_unit"] == "week"
    one, other = (
        clv.likelihood_ratio_test("nbd", "bg_nbd", f, n_bootstrap=19, seed=1) for f in (cdnow[:300], bare[:300])
    )
    assert one == other


@pytest.mark.study
@pytest.mark.parametrize(("full", "seed"), [("bg_nbd", 321), ("mbg_nbd", 322), ("pareto_nbd", 323)])
def test_size(full, seed):
    """Of 60 NBD worlds it rejects at most 10 at 5 %: with a size of 5 % more would come 3 times in 10,000.

    There is no lower bound: where statistics tie at 0 the p-value errs on the side of not rejecting.
    """
    worlds = (world("nbd", (0.6, 8.0), 200, 1000 * seed + i) for i in range(60))
    p = [clv.likelihood_ratio_test("nbd", full, w, n_bootstrap=39, seed=i).p_value for i, w in enumerate(worlds)]
    assert stats.binom.sf(10, 60, 0.05) < 4e-4
    assert np.sum(np.array(p) <= 0.05) <= 10


@pytest.mark.study
def test_power():
    """Of 20 worlds of 400 customers who leave, the test finds at least 15 out at 5 %."""
    worlds = (world("pareto_nbd", (0.6, 8.0, 0.8, 10.0), 400, 324_000 + i) for i in range(20))
    p = [
        clv.likelihood_ratio_test("nbd", "pareto_nbd", w, n_bootstrap=39, seed=i).p_value for i, w in enumerate(worlds)
    ]
    assert np.sum(np.array(p) <= 0.05) >= 15
