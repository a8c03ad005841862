"""Tables of models: published likelihoods, Vuong's test in a few lines of its own, and what does not compare."""

from __future__ import annotations

import dataclasses
import math
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import clvmodels as clv
from clvmodels.families import purchase_family

approx = pytest.approx
NAMES = ["nbd", "bg_nbd", "mbg_nbd", "pareto_nbd"]


@pytest.fixture(scope="module")
def cdnow():
    return clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")


@pytest.fixture(scope="module")
def models(cdnow):
    return {name: clv.PurchaseModel(name).fit(cdnow) for name in NAMES}


@pytest.fixture(scope="module")
def table(cdnow):
    return clv.compare_models(NAMES, cdnow).set_index("model")


def bare(frame):
    result = frame.copy()
    result.attrs = {}
    return result


def test_published_log_likelihoods(table):
    """Fader, Hardie & Lee (2005): BG/NBD −9582.4, Pareto/NBD −9595.0, NBD −9763.7; MBG/NBD computed independently."""
    published = {"bg_nbd": -9582.429, "pareto_nbd": -9594.976, "mbg_nbd": -9582.1357, "nbd": -9763.7}
    for name, value in published.items():
        assert table.loc[name, "log_likelihood"] == approx(value, abs=0.05 if name == "nbd" else 1e-3)
    assert list(table.index) == ["mbg_nbd", "bg_nbd", "pareto_nbd", "nbd"]  # by AIC
    assert list(table["n_parameters"]) == [4, 4, 4, 2]
    assert table["converged"].all()


def test_information_criteria(table):
    k, value = table["n_parameters"], table["log_likelihood"]
    assert list(table["aic"]) == approx(list(2 * k - 2 * value), rel=1e-14)
    assert list(table["bic"]) == approx(list(k * math.log(2357) - 2 * value), rel=1e-14)
    assert list(table["delta_aic"]) == approx(list(table["aic"] - table["aic"].min()), abs=1e-9)


def test_vuong_beside_a_few_lines(table, models, cdnow):
    best = models["mbg_nbd"].log_likelihood(cdnow).to_numpy()
    for name in ("bg_nbd", "pareto_nbd"):
        d = models[name].log_likelihood(cdnow).to_numpy() - best
        z = math.sqrt(len(d)) * d.mean() / d.std()
        assert z < 0  # the best is favoured
        assert table.loc[name, "vuong_z"] == approx(z, rel=1e-9)
        assert table.loc[name, "vuong_p_value"] == approx(2 * stats.norm.sf(abs(z)), rel=1e-9)
    assert math.isnan(table.loc["mbg_nbd", "vuong_z"])


def test_nested_pairs_are_sent_on(table):
    assert table.loc["nbd", "nested_in"] == "bg_nbd, mbg_nbd, pareto_nbd"
    assert list(table["nested_in"].iloc[:3]) == ["", "", ""]
    assert math.isnan(table.loc["nbd", "vuong_z"])
    assert math.isnan(table.loc["nbd", "vuong_p_value"])
    assert 'likelihood_ratio_test("nbd", "mbg_nbd", summary)' in table.loc["nbd", "note"]
    assert list(table["note"].iloc[:3]) == ["", "", ""]


def test_the_smaller_model_may_be_the_best():
    generator = np.random.default_rng(301)
    T = generator.integers(140, 281, 3000) / 7
    owner, times = purchase_family("nbd").simulate(generator, T, 0.6, 8.0)
    t_x = np.zeros(3000)
    np.maximum.at(t_x, owner, times)
    frame = pd.DataFrame({"frequency": np.bincount(owner, minlength=3000), "recency": t_x, "T": T})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)  # BG/NBD finds that nobody leaves, and says so
        table = clv.compare_models([clv.PurchaseModel("bg_nbd", time_unit="week"), "nbd"], frame)
    assert list(table["model"]) == ["nbd", "bg_nbd"]
    assert 'likelihood_ratio_test("nbd", "bg_nbd", summary)' in table["note"][1]
    assert "not converged: see its fit_report" in table["note"][1]
    assert not table["converged"][1]
    assert math.isnan(table["vuong_z"][1])


def test_fitted_models_are_taken_as_they_are(models, cdnow, table):
    before = {name: model.parameters for name, model in models.items()}
    same = clv.compare_models([models["nbd"], "bg_nbd", models["pareto_nbd"], "mbg_nbd"], cdnow)
    again = same.set_index("model")
    assert list(again.index) == list(table.index)
    assert again["aic"].to_numpy() == approx(table["aic"].to_numpy(), rel=1e-14)
    assert {name: model.parameters for name, model in models.items()} == before
    unfitted = clv.PurchaseModel("bg_nbd")
    clv.compare_models([unfitted, "mbg_nbd"], cdnow)
    assert unfitted._fitted is None


def test_weights_are_customers(cdnow):
    some = bare(cdnow.iloc[:800])
    copies = np.random.default_rng(302).integers(0, 4, 800)
    many = some.loc[np.repeat(some.index, copies)].drop(columns="customer_id")
    names = [clv.PurchaseModel(name, time_unit="week") for name in NAMES]
    one, other = clv.compare_models(names, some, weights=copies), clv.compare_models(names, many)
    assert list(one["model"]) == list(other["model"])
    for column in ("log_likelihood", "aic", "bic", "vuong_z", "vuong_p_value"):
        assert one[column].to_numpy() == approx(other[column].to_numpy(), rel=1e-9, nan_ok=True)
    assert one["bic"][0] == approx(4 * math.log(copies.sum()) - 2 * one["log_likelihood"][0], rel=1e-12)


def test_models_that_are_one_give_no_test(models, cdnow):
    twin = dataclasses.replace(purchase_family("bg_nbd"), name="twin")
    table = clv.compare_models([models["bg_nbd"], twin], cdnow)
    assert math.isnan(table["vuong_z"][1])
    assert "gives every customer the likelihood that" in table["note"][1]


def test_a_regularised_fit_is_flagged(cdnow):
    held = clv.PurchaseModel("nbd").fit(cdnow, l2_penalty=1.0)
    table = clv.compare_models([held, "bg_nbd"], cdnow).set_index("model")
    assert "regularised" in table.loc["nbd", "note"]
    assert table.loc["nbd", "log_likelihood"] == held.fit_report.log_likelihood


def test_a_normal_z_under_equal_models():
    """Two wrong models equally near the truth: the p-value is uniform. 400 tests of 300 differences, KS at 1e-4."""
    from clvmodels.inference.likelihood_ratio import vuong

    generator = np.random.default_rng(303)
    p = [vuong(generator.standard_t(6, 300), np.zeros(300), np.ones(300))[1] for _ in range(400)]
    assert stats.kstest(p, "uniform").pvalue > 1e-4


# --- what does not compare -----------------------------------------------------------------------------------------


def test_refusals(models, cdnow):
    discrete = dataclasses.replace(purchase_family("bg_nbd"), name="in_periods", title="In periods", time="discrete")
    with pytest.raises(clv.InvalidInput, match="In periods is in discrete time"):
        clv.compare_models(["bg_nbd", discrete], cdnow)
    given = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    with pytest.raises(clv.InvalidInput, match="given, not estimated"):
        clv.compare_models([given, "bg_nbd"], cdnow)
    with pytest.raises(clv.InvalidInput, match=r"was fitted on other customers: its fit .* 2357 customers.* of 1000"):
        clv.compare_models([models["nbd"], "bg_nbd"], cdnow.iloc[:1000])
    with pytest.raises(clv.InvalidInput, match="was fitted on other customers"):
        clv.compare_models([models["nbd"], "bg_nbd"], cdnow, weights=np.full(2357, 2.0))
    days = clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="day", observation_end="1997-09-30")
    for chosen, summary in (
        ([models["nbd"], clv.PurchaseModel("bg_nbd").fit(days)], bare(cdnow)),
        ([models["nbd"], "bg_nbd"], days),
        (["nbd", "bg_nbd"], bare(cdnow)),
    ):
        with pytest.raises(clv.UnitMismatch):
            clv.compare_models(chosen, summary)
    for wrong in ("bg_nbd", [], None, models["nbd"]):
        with pytest.raises(clv.InvalidInput, match="models must be a list"):
            clv.compare_models(wrong, cdnow)
    with pytest.raises(clv.InvalidInput, match="family must be"):
        clv.compare_models([clv.SpendModel()], cdnow)
