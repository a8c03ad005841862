"""Two families that only the tests know, from fit to saved file, with nothing changed in the package.

Erlang-2 NBD reads one statistic more than the shipped families; BB counts whole periods and knows no dropout. The laws
of the contract, which both meet, are in test_laws.py.
"""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv

from . import beta_bernoulli, erlang_nbd
from .worlds import WORLDS

approx = pytest.approx

ERLANG = next(world for world in WORLDS if world.family is erlang_nbd.FAMILY)

BERNOULLI = next(world for world in WORLDS if world.family is beta_bernoulli.FAMILY)


@pytest.fixture(scope="module")
def periodic():
    history, _ = BERNOULLI.simulated(60, 800, 12.0)
    frame = pd.DataFrame(dict(zip(BERNOULLI.family.statistics, history, strict=True)))
    return frame.assign(customer_id=[f"c{i:03d}" for i in range(len(frame))])


@pytest.fixture(scope="module")
def members(periodic):
    return clv.PurchaseModel(beta_bernoulli.FAMILY, time_unit="year").fit(periodic)


@pytest.fixture(scope="module")
def regular():
    history, _ = ERLANG.simulated(61, 800, 40.0)
    frame = pd.DataFrame(dict(zip(ERLANG.family.statistics, history, strict=True)))
    return frame.assign(customer_id=[f"c{i:03d}" for i in range(len(frame))])


@pytest.fixture(scope="module")
def shoppers(regular):
    return clv.PurchaseModel(erlang_nbd.FAMILY, time_unit="week").fit(regular)


@pytest.fixture(params=["erlang_nbd", "beta_bernoulli"])
def fit(request):
    """A fitted model of either family, and the summary it was fitted to."""
    if request.param == "beta_bernoulli":
        return request.getfixturevalue("members"), request.getfixturevalue("periodic")
    return request.getfixturevalue("shoppers"), request.getfixturevalue("regular")


# --- Erlang-2 NBD --------------------------------------------------------------------------------------------------


def test_regularity_is_told_apart(regular, shoppers):
    """Of the same times the likelihood of the true family is the higher one, and it forecasts a wave."""
    plain = clv.PurchaseModel("nbd", time_unit="week").fit(regular)
    assert shoppers.fit_report.log_likelihood > plain.fit_report.log_likelihood + 100
    assert shoppers.parameters["r"] == approx(1.5, rel=0.3)
    just_bought = regular[regular["frequency"] >= 5].head(1).assign(recency=40.0)
    waiting = just_bought.assign(recency=35.0)
    soon = shoppers.expected_purchases(pd.concat([just_bought, waiting]), horizon=0.5).to_numpy()
    assert soon[0] < soon[1]


def test_the_statistic_is_asked_for_by_name(shoppers, regular):
    with pytest.raises(clv.InvalidInput, match="geometric_gap"):
        shoppers.expected_purchases(regular.drop(columns="geometric_gap"), 10)
    with pytest.raises(clv.InvalidInput, match="geometric_gap"):
        shoppers.expected_purchases(regular.assign(geometric_gap=np.nan), 10)


def test_the_extra_statistic_is_merged_too(regular):
    """Rows that differ only in the extra statistic are two patterns."""
    pair = pd.concat([regular.assign(customer_id="a"), regular.assign(geometric_gap=regular["geometric_gap"] * 0.9)])
    model = clv.PurchaseModel(erlang_nbd.FAMILY, time_unit="week").fit(pair.drop(columns="customer_id"))
    one = clv.PurchaseModel(erlang_nbd.FAMILY, time_unit="week").fit(regular)
    repeaters = (regular["frequency"] > 0).sum()
    patterns = len(regular.drop(columns="customer_id").drop_duplicates())
    assert one.fit_report.n_patterns == patterns
    assert model.fit_report.n_patterns == patterns + repeaters


def test_a_statistic_may_be_negative(regular):
    """The mean log gap, the usual form of this statistic, is below 0 for gaps under one time unit."""
    from dataclasses import replace

    def log_likelihood(x, t_x, T, log_gap, r, alpha):
        return erlang_nbd.log_likelihood(x, t_x, T, np.exp(log_gap), r, alpha)

    family = replace(
        erlang_nbd.FAMILY, statistics=("frequency", "recency", "T", "log_gap"), log_likelihood=log_likelihood
    )
    with np.errstate(divide="ignore"):
        log_gap = np.where(regular["frequency"] > 0, np.log(regular["geometric_gap"]), 0.0)
    assert log_gap.min() < 0
    model = clv.PurchaseModel(family, time_unit="week").fit(regular.assign(log_gap=log_gap))
    assert model.fit_report.converged


# --- both ----------------------------------------------------------------------------------------------------------


def answers(model, summary):
    """Every question there is."""
    new = model.new_customer()
    return {
        "log_likelihood": model.log_likelihood(summary),
        "p_alive": model.p_alive(summary, after=2),
        "p_alive_if_no_purchase": model.p_alive_if_no_purchase(summary, until=2),
        "expected_purchases": model.expected_purchases(summary, horizon=4, start=2),
        "per row": model.expected_purchases(summary, horizon=np.arange(1.0, len(summary) + 1)),
        "several": model.expected_purchases(summary, horizon=[1, 2, 5]).sum(axis=1),
        "purchase_pmf": model.purchase_pmf(summary, 2, horizon=4),
        "probability_of_purchase": model.probability_of_purchase(summary, horizon=4),
        "finite": model.discounted_expected_purchases(summary, horizon=4),
        "endless": model.discounted_expected_purchases(summary, annual_discount_rate=0.3),
        "new p_alive": new.p_alive([0, 1, 4]),
        "new expected": new.expected_purchases([0, 1, 4]),
        "new pmf": new.purchase_pmf(range(3), 4),
        "new probability": new.probability_of_purchase(4),
        "new discounted": new.discounted_expected_purchases(),
    }


def test_every_question_is_answered(fit):
    model, summary = fit
    for name, answer in answers(model, summary).items():
        assert np.isfinite(np.asarray(answer, dtype=float)).all(), name
        if isinstance(answer, pd.Series):
            assert answer.index.equals(summary.index), name
    several = model.purchase_pmf(summary, range(4), horizon=4)
    assert list(several.columns) == [f"purchase_pmf_{n}" for n in range(4)]
    assert model.expected_purchases(summary, 0).eq(0).all()
    assert f"{model.family.name!r}" in repr(model)
    low_high = model.confidence_intervals()
    assert all(low < model.parameters[name] < high for name, (low, high) in low_high.items())


def test_questions_agree_with_each_other(fit):
    model, summary = fit
    pmf = model.purchase_pmf(summary, range(60), horizon=5)
    assert pmf.sum(axis=1).to_numpy() == approx(1, rel=1e-9)
    mean = pmf.to_numpy() @ np.arange(60)
    assert mean == approx(model.expected_purchases(summary, 5).to_numpy(), rel=1e-8)
    some = model.probability_of_purchase(summary, 5)
    assert some.to_numpy() == approx(1 - pmf["purchase_pmf_0"].to_numpy(), abs=1e-12)
    plain = model.discounted_expected_purchases(summary, 5, annual_discount_rate=0.0)
    assert plain.to_numpy() == approx(model.expected_purchases(summary, 5).to_numpy(), rel=1e-12)


def test_endless_expectations_say_why(fit):
    model, summary = fit
    with pytest.warns(clv.ClvWarning, match="no dropout"):
        assert np.isinf(model.expected_purchases(summary, math.inf)).all()


def test_saved_and_loaded(fit, tmp_path):
    """Bit by bit, and only with the family value at hand."""
    model, summary = fit
    path = tmp_path / "model.json"
    model.save(path)
    loaded = clv.load_model(path, family=model.family)
    assert loaded.parameters == model.parameters
    assert loaded.standard_errors == model.standard_errors
    assert loaded.fit_report == model.fit_report
    assert loaded.time_unit == model.time_unit
    for name, answer in answers(model, summary).items():
        assert np.array_equal(answer, answers(loaded, summary)[name]), name
    with pytest.raises(clv.InvalidInput, match="family="):
        clv.load_model(path)
    other = ERLANG.family if model.family is BERNOULLI.family else BERNOULLI.family
    with pytest.raises(clv.InvalidInput, match="family="):
        clv.load_model(path, family=other)


def test_copied_and_pickled(fit):
    model, summary = fit
    before = model.expected_purchases(summary, 4)
    for again in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert again.parameters == model.parameters
        assert again.expected_purchases(summary, 4).equals(before)
    assert len(pickle.dumps(model)) < 100_000


def test_whole_clv_model(fit, tmp_path):
    model, summary = fit
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    priced = summary.assign(monetary_value=np.where(summary["frequency"] > 0, 30.0, np.nan))
    whole = clv.CLVModel(model, spend, margin=0.3)
    scored = whole.predict(priced, horizon=4)
    expected = 0.3 * spend.expected_spend(priced) * model.discounted_expected_purchases(priced, 4)
    assert scored["clv"].to_numpy() == approx(expected.to_numpy(), rel=1e-12)
    whole.save(tmp_path / "clv.json")
    again = clv.load_model(tmp_path / "clv.json", family=model.family)
    assert again.predict(priced, horizon=4).equals(scored)


@pytest.mark.parametrize(
    ("family", "parameters", "unit", "watched"),
    [
        (erlang_nbd.FAMILY, {"r": 1.5, "alpha": 8.0}, "week", 30.0),
        (beta_bernoulli.FAMILY, {"alpha": 1.2, "beta": 2.75}, "month", 12),
    ],
    ids=lambda v: getattr(v, "name", None),
)
def test_simulated_log(family, parameters, unit, watched):
    """A log with timestamps whose summary has the simulated counts and whole periods."""
    model = clv.PurchaseModel.from_parameters(family, parameters, time_unit=unit)
    log, summary = model.simulate(400, watched, seed=62)
    assert len(summary) == 400
    assert summary["T"].to_numpy() == approx(watched, rel=1e-12)
    assert summary["frequency"].sum() == len(log) - 400
    expected = model.new_customer().expected_purchases(watched)
    assert summary["frequency"].mean() == approx(expected, rel=0.25)
    if family.time == "discrete":
        assert np.array_equal(summary["recency"], summary["recency"].round())
        assert model.fit(summary).fit_report.n_customers == 400


def test_what_a_family_leaves_out_is_refused_by_name(periodic):
    from dataclasses import replace

    bare = replace(beta_bernoulli.FAMILY, simulate=None, conditional_purchase_pmf=None)
    model = clv.PurchaseModel.from_parameters(bare, {"alpha": 1.2, "beta": 0.75}, time_unit="year")
    with pytest.raises(clv.NotAvailable, match="beta_bernoulli cannot give simulate"):
        model.simulate(10, 5)
    with pytest.raises(clv.NotAvailable, match="beta_bernoulli cannot give purchase_pmf"):
        model.purchase_pmf(periodic, 1, 5)
    assert np.isfinite(model.expected_purchases(periodic, 5)).all()


def test_families_are_values():
    with pytest.raises(clv.InvalidInput, match="found int"):
        clv.PurchaseModel(3)
    with pytest.raises(clv.InvalidInput, match="unknown family 'erlang_nbd'"):
        clv.PurchaseModel("erlang_nbd")
