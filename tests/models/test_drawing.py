"""clv.posterior: enough effective draws on CDNOW, the same whatever the unit, and what it refuses."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import clvmodels as clv

FAMILIES = ("bg_nbd", "mbg_nbd", "pareto_nbd", "nbd")


@pytest.fixture(scope="module")
def cdnow():
    log = clv.load_cdnow(sample=True)
    return clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")


@pytest.fixture(scope="module")
def few():
    world = clv.PurchaseModel.from_parameters("bg_nbd", {"r": 0.6, "alpha": 6, "a": 1, "b": 3}, "week")
    return world.simulate(300, observation=39, seed=3).summary


def bare(frame):
    """The frame without its facts."""
    return pd.DataFrame(frame).set_axis(frame.columns, axis=1).pipe(lambda f: pd.DataFrame(f.to_dict("list")))


@pytest.mark.parametrize("name", FAMILIES)
def test_cdnow(name, cdnow):
    """2,000 effective draws for every parameter; where the posterior is near normal, it is where the fit is."""
    model = clv.PurchaseModel(name).fit(cdnow)
    found = clv.posterior(model, cdnow)
    assert found.draws.shape == (4, 1000, len(model.parameters))
    assert found.method == "laplace"
    assert found.k_hat < 0.7
    assert min(found.ess.values()) > 2000
    assert found.trusted
    assert 2000 < found.distinct_draws <= 4000
    assert found.distinct_draws == len(np.unique(found.flat(), axis=0))
    assert found.n_customers == 2357
    assert found.notes == ("weights by ln posterior itself at 4000 points",)
    logs = np.log(found.flat())
    errors = np.array([model.standard_errors[n] / model.parameters[n] for n in model.parameters])
    ratio = logs.std(axis=0) / errors
    assert np.all((ratio > 0.9) & (ratio < 1.5))  # s of Pareto/NBD has a long tail upwards
    assert np.all(np.abs(np.median(logs, axis=0) - np.log(list(model.parameters.values()))) < errors)


def test_cdnow_spend(cdnow):
    model = clv.SpendModel("gamma_gamma").fit(cdnow)
    found = clv.posterior(model, cdnow)
    assert found.k_hat < 0.7
    assert min(found.ess.values()) > 2000
    assert found.n_customers == 946
    assert "the mean spend of the repeaters" in found.prior[2]
    assert "money_scale as given" in clv.posterior(model, cdnow, money_scale=20, draws=100).prior[2]


def test_donations_in_discrete_time():
    seen = clv.load_donations()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)
        model = clv.PurchaseModel("bg_bb", time_unit="year").fit(seen, weights="weights")
    found = clv.posterior(model, seen, weights="weights")
    assert found.n_customers == 11104
    assert found.k_hat < 0.7
    assert min(found.ess.values()) > 2000
    assert np.median(found.flat(), axis=0) == pytest.approx([1.204, 0.750, 0.657, 2.783], rel=0.1)


def test_a_value_has_both_parts(cdnow):
    model = clv.CLVModel("mbg_nbd").fit(cdnow)
    steps = []
    found = clv.posterior(model, cdnow, {"q": (1.1, 50.0)}, draws=1000, chains=2, progress=steps.append)
    assert found.parameters == ("r", "alpha", "a", "b", "p", "q", "v")
    assert found.draws.shape == (2, 500, 7)
    assert found.prior[5] == "q: ln(q) flat between q = 1.1 and 50"
    assert found.draws[..., 5].min() > 1.1
    assert len(found.notes) == 2
    assert steps == [
        f"{part}: {step}" for part in ("purchases", "spend") for step in ("looking for the mode", "drawing")
    ]
    alone = clv.posterior(model.purchases, cdnow, draws=1000, chains=2)
    assert np.array_equal(alone.draws, found.draws[..., :4])
    assert abs(np.corrcoef(found.flat()[:, 0], found.flat()[:, 5])[0, 1]) < 0.15  # 1,000 independent pairs: 5 sigma


def test_seeds_draws_and_chains(few):
    model = clv.PurchaseModel("nbd").fit(few)
    one, same, other, chance, again = (
        clv.posterior(model, few, draws=10, chains=3, seed=seed).draws for seed in (1, 1, 2, None, None)
    )
    assert one.shape == (3, 4, 2)
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert not np.array_equal(chance, again)
    assert clv.posterior(model, few, draws=1, chains=1).draws.shape == (1, 1, 2)


@pytest.mark.parametrize("terms", [{"money_scale": -1}, {"prior": {"q": "flat"}}])
def test_what_is_wrong_with_spend_is_told_before_purchases_are_drawn(cdnow, terms):
    purchases = clv.PurchaseModel.from_parameters("nbd", {"r": 0.4, "alpha": 12.0}, time_unit="week")
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    steps: list[str] = []
    with pytest.raises(clv.InvalidInput):
        clv.posterior(clv.CLVModel(purchases, spend), cdnow, progress=steps.append, **terms)
    assert steps == []


def test_a_handful_of_draws_is_not_to_be_trusted(few):
    model = clv.PurchaseModel("nbd", time_unit="week").fit(few)
    assert "there are only 12 of them, expected at least 100" in clv.posterior(model, few, draws=10, chains=3).verdict
    assert clv.posterior(model, few, draws=100).trusted


@pytest.mark.parametrize("name", ["mbg_nbd", "pareto_nbd"])
def test_another_time_unit_gives_the_same_draws(name, few):
    """The default prior of a time is measured in observation lengths."""
    in_weeks = bare(few)
    in_days = in_weeks.assign(recency=in_weeks["recency"] * 7, T=in_weeks["T"] * 7)
    week, day = (
        clv.posterior(clv.PurchaseModel(name, time_unit=unit).fit(seen), seen, draws=400).flat()
        for unit, seen in (("week", in_weeks), ("day", in_days))
    )
    factors = [
        7.0 if parameter in ("alpha", "beta") else 1.0 for parameter in clv.PurchaseModel(name).family.parameters
    ]
    assert np.median(day / week / factors, axis=0) == pytest.approx(1, abs=1e-4)
    assert np.quantile(day, (0.1, 0.9), axis=0) == pytest.approx(
        np.quantile(week * factors, (0.1, 0.9), axis=0), rel=0.02
    )


def test_another_currency_gives_the_same_draws(cdnow):
    cents = bare(cdnow).assign(monetary_value=lambda f: f["monetary_value"] * 100)
    model = clv.SpendModel("gamma_gamma").fit(cents)
    one, other = (clv.posterior(model, seen, draws=400).flat() for seen in (cdnow, cents))
    assert np.median(other / one, axis=0) == pytest.approx([1, 1, 100], rel=1e-3)


def test_weights_are_repeated_rows(few):
    seen = bare(few).drop(columns="customer_id")
    weights = np.arange(len(seen)) % 3
    model = clv.PurchaseModel("bg_nbd", time_unit="week").fit(seen)
    one = clv.posterior(model, seen, weights=weights, draws=400)
    other = clv.posterior(model, seen.loc[np.repeat(seen.index, weights)], draws=400)
    assert one.draws == pytest.approx(other.draws, rel=1e-6)
    assert one.n_customers == weights.sum()


def test_a_prior_moves_the_draws_and_bounds_hold(few):
    model = clv.PurchaseModel("bg_nbd").fit(few)
    strong = clv.posterior(model, few, {"a": stats.norm(1, 0.01), "r": (0.3, 0.5)}, draws=1000).flat()
    assert np.log(strong[:, 2]).mean() == pytest.approx(1, abs=0.005)
    assert np.log(strong[:, 2]).std() == pytest.approx(0.01, rel=0.15)
    assert strong[:, 0].min() > 0.3
    assert strong[:, 0].max() < 0.5


def test_a_prior_far_from_the_scale_is_followed(few):
    model = clv.PurchaseModel("nbd").fit(few)
    far = clv.posterior(model, few, {"r": stats.norm(20, 0.02), "alpha": stats.norm(18, 3)}, draws=400).flat()
    assert np.log(far[:, 0]).mean() == pytest.approx(20, abs=0.01)
    rate = few["frequency"].sum() / few["T"].sum()
    assert np.median(far[:, 0] / far[:, 1]) == pytest.approx(rate, rel=0.1)


def test_one_customer_has_a_posterior():
    model = clv.PurchaseModel.from_parameters("pareto_nbd", {"r": 1, "alpha": 1, "s": 1, "beta": 1}, "week")
    found = clv.posterior(model, pd.DataFrame({"frequency": [3.0], "recency": [20.0], "T": [30.0]}))
    assert found.n_customers == 1
    assert np.isfinite(found.flat()).all()
    assert found.k_hat < 0.7


def test_given_parameters_do_not_enter(few):
    fitted = clv.PurchaseModel("nbd").fit(few)
    given = clv.PurchaseModel.from_parameters("nbd", {"r": 40, "alpha": 3000}, "week")
    assert np.array_equal(clv.posterior(given, few, draws=100).draws, clv.posterior(fitted, few, draws=100).draws)


def test_the_observation_length_is_told(few, cdnow):
    model = clv.PurchaseModel("nbd").fit(few)
    assert "observation_length as given" in clv.posterior(model, bare(few), draws=10, observation_length=40).prior[1]
    log = clv.load_cdnow(sample=True)
    known = clv.rfm_summary(log, time_unit="week", observation_start="1997-01-01", observation_end="1997-09-30")
    assert json.loads(known.attrs["clvmodels"])["observation_start"]
    model = clv.PurchaseModel("nbd").fit(known)
    assert "observation_start to its observation_end" in clv.posterior(model, known, draws=10).prior[1]


def test_a_fit_that_ran_off_is_told(few):
    """Everybody buys at the same rate: the likelihood rises for ever in r and alpha, and only the prior ends it."""
    same = pd.DataFrame({"frequency": [3.0] * 60, "recency": [20.0] * 60, "T": [30.0] * 60})
    model = clv.PurchaseModel("nbd", time_unit="week")
    with pytest.warns(clv.ClvWarning):
        model.fit(same)
    found = clv.posterior(model, same)
    assert not found.trusted
    assert "did not converge" in found.verdict
    assert "the prior decides" in found.verdict
    assert np.isfinite(found.flat()).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prior": "flat"}, "infinite mass"),
        ({"prior": {"r": (0, np.inf)}}, "bounds of r must be above 0 and finite.*infinite mass"),
        ({"prior": {"r": stats.gamma(2)}}, "looks like a prior of r itself"),
        ({"prior": {"mu": stats.norm()}}, "first 'mu': its parameters are r, alpha"),
        ({"method": "mcmc"}, "method must be one of auto, laplace.*; found 'mcmc'"),
        ({"method": None}, "method must be one of"),
        ({"draws": 0}, "draws must be a whole number from 1 .*; found 0"),
        ({"draws": 10.5}, "draws must be a whole number"),
        ({"draws": True}, "draws must be a whole number"),
        ({"draws": 10**9}, "draws must be a whole number from 1 to 1,000,000"),
        ({"chains": 0}, "chains must be a whole number"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"seed": "a"}, "seed must be a whole number of at least 0"),
        ({"money_scale": 20.0}, "leave it out"),
        ({"observation_length": -3}, "observation_length must be finite and above 0"),
        ({"weights": "nowhere"}, "nowhere"),
    ],
)
def test_bad_input(arguments, message, few):
    model = clv.PurchaseModel("nbd").fit(few)
    with pytest.raises(clv.InvalidInput, match=message):
        clv.posterior(model, few, **arguments)


def test_what_cannot_have_a_posterior(few, cdnow):
    model = clv.PurchaseModel("nbd").fit(few)
    with pytest.raises(clv.NotFitted):
        clv.posterior(clv.PurchaseModel("nbd"), few)
    with pytest.raises(clv.NotFitted):
        clv.posterior(clv.SpendModel("gamma_gamma"), cdnow)
    with pytest.raises(clv.InvalidInput, match="found str"):
        clv.posterior("nbd", few)
    with pytest.raises(clv.NotEnoughData, match="nobody came back"):
        clv.posterior(model, few[few["frequency"] == 0])
    with pytest.raises(clv.NotEnoughData, match="at least one row"):
        clv.posterior(model, few.iloc[:0])
    given = clv.PurchaseModel.from_parameters("nbd", {"r": 1, "alpha": 1}, "week")
    with pytest.raises(clv.NotEnoughData, match="no time at all"):
        clv.posterior(given, pd.DataFrame({"frequency": [1.0], "recency": [0.0], "T": [0.0]}))
    with pytest.raises(clv.InvalidInput, match="repeat a customer_id"):
        clv.posterior(model, pd.concat([few, few]))
    with pytest.raises(clv.InvalidInput, match="first 'mu': its parameters are r, alpha, p, q, v"):
        clv.posterior(clv.CLVModel("nbd").fit(cdnow), cdnow, {"mu": stats.norm()})
    with pytest.raises(clv.InvalidInput, match="observation_length is a time"):
        clv.posterior(clv.SpendModel("gamma_gamma").fit(cdnow), cdnow, observation_length=3)


def test_other_customers_than_those_of_the_fit_are_told() -> None:
    known = clv.PurchaseModel.from_parameters("nbd", {"r": 0.5, "alpha": 10.0}, time_unit="week")
    summary = known.simulate(200, observation=39, seed=1).summary
    model = clv.PurchaseModel("nbd").fit(summary, weights=np.full(len(summary), 3.0))
    with pytest.warns(clv.ClvWarning, match="fitted on 600 customers and this posterior is that of 200"):
        clv.posterior(model, summary, draws=200)
    clv.posterior(model, summary, draws=200, weights=np.full(len(summary), 3.0))
