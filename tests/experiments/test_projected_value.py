"""Projected value: against the scoring of CLVModel, refits with changed weights, bootstraps, and known truth.

Every experiment is simulated from fixed seeds: customers of each arm buy and spend as a model says, each watched for
his own time.
"""

from __future__ import annotations

import dataclasses
import math
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import clvmodels as clv
from clvmodels.errors import InvalidInput, NotAvailable, NotEnoughData, UnitMismatch
from clvmodels.experiments.arm_values import ArmValues
from clvmodels.experiments.best import probability_of_best
from clvmodels.experiments.projected_value import Together, covariance_of, projected, together
from clvmodels.families import gamma_gamma, purchase_family

approx = pytest.approx
DELTA = math.log(1.1) * 7 / 365.25
PARAMETERS = {
    "pareto_nbd": (0.9, 8.0, 0.8, 12.0),
    "bg_nbd": (0.7, 6.0, 0.8, 2.5),
    "mbg_nbd": (0.9, 6.0, 0.8, 2.5),
    "nbd": (0.7, 12.0),
}
SPEND = (3.0, 4.0, 30.0)
HORIZON = 52.0


def arm_of(generator, name, theta, spend, age, horizon=HORIZON, margin=1.0, delta=DELTA):
    """A summary of customers watched for ``age``, and what each was worth up to the horizon."""
    n = len(age)
    who, times = purchase_family(name).simulate(generator, age, *theta)
    counts = np.bincount(who, minlength=n)
    amounts = gamma_gamma.simulate(generator, counts + 1, *spend)
    owner = np.repeat(np.arange(n), counts + 1)
    repeat = np.ones(len(owner), bool)
    repeat[np.cumsum(counts + 1) - counts - 1] = False
    at = np.zeros(len(owner))
    at[repeat] = times
    so_far = margin * np.bincount(owner, np.where(at <= horizon, amounts * np.exp(-delta * at), 0.0), n)
    recency = np.zeros(n)
    np.maximum.at(recency, who, times)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(owner, amounts * repeat, n) / counts
    return pd.DataFrame({"frequency": counts, "recency": recency, "T": age, "monetary_value": mean}), so_far


def experiment_of(*arms, margin=1.0, delta=DELTA):
    """Simulated arms as one experiment, customers in an order that mixes the arms."""
    summary = pd.concat([part for part, _ in arms], ignore_index=True)
    so_far = np.concatenate([worth for _, worth in arms])
    arm = np.repeat(np.arange(len(arms)), [len(worth) for _, worth in arms])
    order = np.random.default_rng(11).permutation(len(arm))
    summary = summary.iloc[order].reset_index(drop=True)
    summary.insert(0, "customer_id", [f"c{i}" for i in range(len(arm))])
    names = tuple("ABCDEFGH"[: len(arms)])
    arm, so_far = arm[order], so_far[order]
    age, everybody = summary["T"].to_numpy(), np.ones(len(arm), bool)
    return ArmValues(names, arm, everybody, so_far, so_far, age, summary, 13.0, "week", "2024-12-31", delta, margin)


def simulated(name, sizes, seed, spends=None, oldest=45.0, **terms):
    generator = np.random.default_rng(seed)
    spends = [SPEND] * len(sizes) if spends is None else spends
    parts = [
        arm_of(generator, name, PARAMETERS[name], phi, generator.integers(70, oldest * 7, size) / 7, **terms)
        for size, phi in zip(sizes, spends, strict=True)
    ]
    return experiment_of(*parts, **{key: terms[key] for key in ("margin", "delta") if key in terms})


def values_at(values, model, horizon=HORIZON):
    """Everybody's value by the scoring of a model: an independent path to V."""
    bought = values.summary["frequency"].notna().to_numpy()
    frame = values.summary[bought].assign(left=np.maximum(horizon - values.age[bought], 0.0))
    rate = math.expm1(values.delta * 365.25 / 7)
    ahead = model.purchases.discounted_expected_purchases(frame, "left", rate) * model.spend.expected_spend(frame)
    worth = values.so_far.copy()
    worth[bought] += np.exp(-values.delta * values.age[bought]) * values.margin * ahead.to_numpy()
    return worth


def refitted_means(values, name, weights, per_arm, horizon=HORIZON, only=None):
    """Means of each arm with everybody weighing as told, the parameters fitted anew with these weights."""
    result = np.zeros(len(values.names))
    for arms in [[i] for i in (range(len(result)) if only is None else only)] if per_arm else [range(len(result))]:
        rows = np.isin(values.arm, list(arms))
        part = dataclasses.replace(
            values, arm=values.arm[rows], so_far=values.so_far[rows], age=values.age[rows], summary=values.summary[rows]
        )
        known = part.summary["frequency"].notna().to_numpy()
        frame, w = part.summary[known], weights[rows][known]
        purchases = clv.PurchaseModel(name, "week").fit(frame, weights=w)
        model = clv.CLVModel(purchases, clv.SpendModel().fit(frame, weights=w))
        worth = values_at(part, model, horizon)
        for i in arms:
            own = part.arm == i
            result[i] = np.average(worth[own], weights=weights[rows][own])
    return result


@pytest.mark.parametrize("name", PARAMETERS)
def test_means_are_what_the_scoring_of_a_model_gives(name):
    values = simulated(name, (500, 800), seed=1, margin=0.4)
    found = projected(values, clv.CLVModel(name), HORIZON, per_arm=True)
    assert found.means == approx(refitted_means(values, name, np.ones(1300), per_arm=True), rel=1e-9)
    shared = projected(values, clv.CLVModel(name), HORIZON, per_arm=False)
    assert shared.means == approx(refitted_means(values, name, np.ones(1300), per_arm=False), rel=1e-9)
    assert found.customers.tolist() == [500, 800]
    assert found.freedom.tolist() == [499, 799]
    assert (found.measure, found.names, found.notes) == ("projected", ("A", "B"), ())
    assert found.covariance[0, 1] == 0 != shared.covariance[0, 1]


@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize("per_arm", [True, False])
def test_influence_is_what_a_refit_with_another_weight_gives(name, per_arm):
    """ψ of customers who bought never again, once, and most, from two refits with his weight changed."""
    values = simulated(name, (260, 240), seed=5, spends=[SPEND, (5.0, 4.5, 25.0)])
    model, arms = clv.CLVModel(name), [np.array([0, 1])]
    if per_arm:
        arms = [np.array([0]), np.array([1])]
    change, x = 0.05, values.summary["frequency"].to_numpy()
    for group in arms:
        found = together(values, model, HORIZON, group)
        rows = np.flatnonzero(np.isin(values.arm, group))
        for i in (np.argmax(x[rows] == 0), np.argmax(x[rows] == 1), np.argmax(x[rows])):
            more, less = np.ones(500), np.ones(500)
            more[rows[i]], less[rows[i]] = 1 + change, 1 - change
            up, down = (refitted_means(values, name, w, per_arm, only=group)[group] for w in (more, less))
            expected = (up - down) / (2 * change)
            assert found.influence[:, i] == approx(expected, abs=1e-4 * np.abs(expected).max())
        assert found.influence.sum(axis=1) == approx(np.zeros(len(group)), abs=1e-5)


def test_covariance_sums_the_influence_of_customers():
    values = simulated("bg_nbd", (260, 240), seed=5)
    model, everybody = clv.CLVModel("bg_nbd"), np.array([0, 1])
    psi = together(values, model, HORIZON, everybody).influence
    scale = np.sqrt([260 / 259, 240 / 239])
    found = projected(values, model, HORIZON, per_arm=False)
    assert found.covariance == approx(psi @ psi.T * np.outer(scale, scale), rel=1e-12)
    apart = projected(values, model, HORIZON, per_arm=True)
    psi = together(values, model, HORIZON, np.array([1])).influence
    assert apart.covariance[1, 1] == approx(np.sum(psi**2) * 240 / 239, rel=1e-12)


def some_never_bought(values, rows):
    """The same experiment with prospects: customers who have no history."""
    summary = values.summary.astype({"frequency": float})
    summary.loc[rows, ["frequency", "recency", "T", "monetary_value"]] = np.nan
    return dataclasses.replace(
        values, summary=summary, so_far=np.where(rows, 0.0, values.so_far), age=np.full(len(rows), 20.0)
    )


def test_a_campaign_counts_those_who_never_bought_with_nothing():
    values = simulated("bg_nbd", (400, 400), seed=9)
    never = np.random.default_rng(1).random(800) < 0.3
    campaign = some_never_bought(values, never)
    found = projected(campaign, clv.CLVModel("bg_nbd"), HORIZON, per_arm=False)
    model = clv.CLVModel("bg_nbd", time_unit="week").fit(campaign.summary[~never])
    worth = values_at(campaign, model)
    assert np.all(worth[never] == 0)
    assert found.means == approx([worth[values.arm == i].mean() for i in (0, 1)], rel=1e-9)
    assert found.customers.tolist() == [400, 400]
    assert found.notes[0].startswith("Go by what was observed: the projection reads the whole history")
    said = f"{never.sum()} customers never bought and count with no value, now and at the horizon."
    assert found.notes[1:] == (said,)
    # of them the influence is that of a plain mean: they helped to fit nothing
    group = together(campaign, clv.CLVModel("bg_nbd"), HORIZON, np.array([0, 1]))
    nobody = np.flatnonzero(never & (values.arm == 0))
    assert group.influence[0, nobody] == approx(np.full(len(nobody), -found.means[0] / 400), rel=1e-12)
    assert group.influence[1, nobody].tolist() == [0.0] * len(nobody)


def test_an_arm_where_nobody_ever_bought_is_worth_nothing():
    values = simulated("nbd", (300, 50), seed=2)
    campaign = some_never_bought(values, values.arm == 1)
    found = projected(campaign, clv.CLVModel("nbd"), HORIZON, per_arm=False)
    assert found.means[1] == 0.0 < found.means[0]
    assert found.covariance[1].tolist() == [0.0, 0.0]
    with pytest.raises(NotEnoughData, match="no value of B can be projected"):
        projected(campaign, clv.CLVModel("nbd"), HORIZON, per_arm=True)


def test_parameters_that_are_given_are_taken_as_known():
    """Then the means are plain means of numbers, and their variances those of plain means."""
    values = simulated("pareto_nbd", (200, 300), seed=3)
    model = clv.CLVModel("pareto_nbd", time_unit="week").fit(values.summary)
    found = projected(values, model, HORIZON, per_arm=True)
    worth = values_at(values, model)
    for i in (0, 1):
        own = worth[values.arm == i]
        assert found.means[i] == approx(own.mean(), rel=1e-9)
        assert found.covariance[i, i] == approx(own.var(ddof=1) / len(own), rel=1e-9)
    assert found.covariance[0, 1] == 0
    said = (
        "The parameters of Pareto/NBD and Gamma-Gamma were given and are taken as known: intervals do not hold their "
    )
    assert found.notes == (said + "error.",)
    half = clv.CLVModel(model.purchases, "gamma_gamma")
    between = projected(values, half, HORIZON, per_arm=True)
    whole = projected(values, clv.CLVModel("pareto_nbd"), HORIZON, per_arm=True)
    assert between.notes[0].startswith("The parameters of Pareto/NBD were given")
    assert half.spend._fitted is None  # what was handed in is as it was
    assert np.all(np.diag(whole.covariance) > np.diag(found.covariance))


def test_who_is_older_than_the_horizon_is_not_projected():
    values = simulated("bg_nbd", (300, 300), seed=4, horizon=26.0)
    found = projected(values, clv.CLVModel("bg_nbd"), 26.0, per_arm=True)
    old = values.age >= 26.0
    assert 0.3 < old.mean() < 0.9
    model = [clv.CLVModel("bg_nbd", time_unit="week").fit(values.summary[values.arm == i]) for i in (0, 1)]
    for i in (0, 1):
        worth = values_at(values, model[i], 26.0)
        assert np.array_equal(worth[old], values.so_far[old])
        assert found.means[i] == approx(worth[values.arm == i].mean(), rel=1e-9)
    everybody = projected(values, clv.CLVModel("bg_nbd"), 5.0, per_arm=True)
    for i in (0, 1):
        own = values.so_far[values.arm == i]
        assert everybody.means[i] == approx(own.mean(), rel=1e-14)
        assert everybody.covariance[i, i] == approx(own.var(ddof=1) / len(own), rel=1e-9)


def test_without_end_and_without_discounting():
    values = simulated("bg_nbd", (300, 300), seed=4, horizon=math.inf)
    found = projected(values, clv.CLVModel("bg_nbd"), math.inf, per_arm=False)
    model = clv.CLVModel("bg_nbd", time_unit="week").fit(values.summary)
    worth = values_at(values, model, math.inf)
    assert found.means == approx([worth[values.arm == i].mean() for i in (0, 1)], rel=1e-9)
    endless = simulated("nbd", (300, 300), seed=4, delta=0.0)
    with pytest.raises(NotAvailable, match=r"A and B is infinite.*nobody ever stops buying"):
        projected(endless, clv.CLVModel("nbd"), math.inf, per_arm=False)
    finite = projected(endless, clv.CLVModel("nbd"), 52.0, per_arm=False)
    assert np.all(finite.means > 0)


def test_infinite_spend_is_refused_with_its_number():
    values = simulated("nbd", (300, 300), seed=4, spends=[SPEND, SPEND])
    heavy = clv.SpendModel.from_parameters("gamma_gamma", {"p": 3.0, "q": 0.9, "v": 30.0})
    no_repeat = int(np.sum((values.summary["frequency"] == 0) & (values.arm == 0)))
    with pytest.raises(
        NotAvailable, match=f"value of A is infinite: the expected spend of {no_repeat} of 300 customers"
    ):
        projected(values, clv.CLVModel("nbd", heavy), HORIZON, per_arm=True)


def test_three_arms_of_one_population_share_what_is_uncertain():
    values = simulated("bg_nbd", (200, 250, 300), seed=6)
    found = projected(values, clv.CLVModel("bg_nbd"), HORIZON, per_arm=False)
    deviations = np.sqrt(np.diag(found.covariance))
    correlation = found.covariance / np.outer(deviations, deviations)
    assert np.all(correlation[~np.eye(3, dtype=bool)] > 0.05)
    assert np.linalg.eigvalsh(found.covariance).min() > 0


def test_the_order_of_customers_and_arms_does_not_matter():
    values = simulated("mbg_nbd", (400, 500), seed=7)
    order = np.random.default_rng(1).permutation(900)
    names = {"arm": 1 - values.arm[order], "so_far": values.so_far[order], "age": values.age[order]}
    turned = dataclasses.replace(values, **names, names=("B", "A"), summary=values.summary.iloc[order])
    for per_arm in (True, False):
        one = projected(values, clv.CLVModel("mbg_nbd"), HORIZON, per_arm=per_arm)
        other = projected(turned, clv.CLVModel("mbg_nbd"), HORIZON, per_arm=per_arm)
        assert other.means[::-1] == approx(one.means, rel=1e-9)
        assert other.covariance[::-1, ::-1] == approx(one.covariance, rel=1e-6)


def test_a_margin_and_another_money_only_scale():
    values = simulated("bg_nbd", (300, 300), seed=8)
    cents = dataclasses.replace(
        values,
        margin=0.3,
        so_far=30 * values.so_far,
        summary=values.summary.assign(monetary_value=100 * values.summary["monetary_value"]),
    )
    one = projected(values, clv.CLVModel("bg_nbd"), HORIZON, per_arm=True)
    other = projected(cents, clv.CLVModel("bg_nbd"), HORIZON, per_arm=True)
    assert other.means == approx(30 * one.means, rel=1e-6)
    assert other.covariance == approx(900 * one.covariance, rel=1e-5)


def test_whole_periods_and_a_family_of_ones_own():
    parameters = dict(zip(clv.PurchaseModel("bg_bb").family.parameters, (1.2, 0.75, 0.66, 2.8), strict=True))
    known = clv.PurchaseModel.from_parameters("bg_bb", parameters, time_unit="year")
    summary = known.simulate(600, observation=6, seed=1).summary
    generator = np.random.default_rng(2)
    level = 20 / generator.gamma(4.0, 1.0, 600)
    x = summary["frequency"].to_numpy()
    summary["monetary_value"] = np.where(
        x > 0, level * generator.gamma(3.0 * np.maximum(x, 1)) / (3 * np.maximum(x, 1)), np.nan
    )
    so_far = level * (1 + x)
    arm, age = np.arange(600) % 2, np.full(600, 6.0)
    terms = {"window": 6.0, "time_unit": "year", "observation_end": "2024-12-31", "delta": math.log(1.1), "margin": 1.0}
    values = ArmValues(("A", "B"), arm, age > 0, so_far, so_far, age, summary, **terms)
    found = projected(values, clv.CLVModel("bg_bb"), 10.0, per_arm=False)
    model = clv.CLVModel("bg_bb", time_unit="year").fit(summary)
    worth = so_far + np.exp(-6 * math.log(1.1)) * model.predict(summary, horizon=4)["clv"].to_numpy()
    assert found.means == approx([worth[arm == i].mean() for i in (0, 1)], rel=1e-9)
    own = dataclasses.replace(
        purchase_family("bg_nbd"), name="mine", discounted_purchases_alive=None, statistics_ahead=None
    )
    weekly = simulated("bg_nbd", (150, 150), seed=5)
    general = projected(weekly, clv.CLVModel(own, clv.SpendModel()), HORIZON, per_arm=False)
    special = projected(weekly, clv.CLVModel("bg_nbd"), HORIZON, per_arm=False)
    assert general.means == approx(special.means, rel=1e-7)
    assert general.covariance == approx(special.covariance, rel=1e-5)


def test_bad_input_is_refused():
    values = simulated("nbd", (60, 60), seed=1)
    with pytest.raises(UnitMismatch, match="time_unit='day', the experiment is in 'week'"):
        projected(values, clv.CLVModel("nbd", time_unit="day"), HORIZON, per_arm=True)
    with pytest.raises(InvalidInput, match="horizon"):
        projected(values, clv.CLVModel("nbd"), -1.0, per_arm=True)
    nobody = dataclasses.replace(values, summary=values.summary.assign(frequency=0, recency=0.0, monetary_value=np.nan))
    with pytest.raises(NotEnoughData, match="no value of A can be projected: nobody came back"):
        projected(nobody, clv.CLVModel("nbd"), HORIZON, per_arm=True)


def bootstrapped(values, name, per_arm, draws, seed):
    """Means at exponential weights, the parameters fitted anew each time: the Bayesian bootstrap of Rubin (1981)."""
    generator = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)
        weights = generator.standard_exponential((draws, len(values.arm)))
        return np.array([refitted_means(values, name, w, per_arm) for w in weights])


@pytest.mark.parametrize(
    ("name", "draws"),
    [
        ("nbd", 40),
        pytest.param("nbd", 1000, marks=pytest.mark.study),
        pytest.param("bg_nbd", 1000, marks=pytest.mark.study),
        pytest.param("pareto_nbd", 1000, marks=pytest.mark.study),
    ],
)
def test_standard_errors_are_those_of_a_bootstrap(name, draws):
    """Of 1,000 customers an arm, within 4 Monte-Carlo errors (6e-5 a number) and 3 % for what is not first order."""
    values = simulated(name, (1000, 1000), seed=21)
    for per_arm in (True, False) if draws > 100 else (False,):
        found = projected(values, clv.CLVModel(name), HORIZON, per_arm=per_arm).covariance
        means = bootstrapped(values, name, per_arm, draws, seed=22)
        spread = means.std(axis=0, ddof=1) / np.sqrt(np.diag(found))
        assert np.abs(spread - 1).max() < 0.03 + 4 / math.sqrt(2 * draws)
        correlation = found[0, 1] / math.sqrt(found[0, 0] * found[1, 1])
        seen = np.corrcoef(means.T)[0, 1]
        assert abs(np.arctanh(seen) - np.arctanh(correlation)) < 0.03 + 4 / math.sqrt(draws - 3)


def true_mean(name, theta, spend, horizon=HORIZON):
    """Of a new customer: the first purchase, and those discounted that follow it up to the horizon."""
    known = dict(zip(purchase_family(name).parameters, theta, strict=True))
    new = clv.PurchaseModel.from_parameters(name, known, "week").new_customer()
    worth = new.discounted_expected_purchases(horizon, math.expm1(DELTA * 365.25 / 7))
    return gamma_gamma.population_mean(*spend) * (1 + worth)


def repeated_experiments(name, thetas, spends, size, times, seed=0):
    """Two arms simulated again and again: errors of the means and of their difference in standard errors, and t."""
    errors, scores = np.empty((times, 2)), np.empty((times, 3))
    true = np.array([true_mean(name, *known) for known in zip(thetas, spends, strict=True)])
    for i in range(times):
        generator = np.random.default_rng([seed, i])
        ages = [generator.integers(70, 280, size) / 7 for _ in range(2)]
        parts = [arm_of(generator, name, *known) for known in zip(thetas, spends, ages, strict=True)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", clv.ClvWarning)
            found = projected(experiment_of(*parts), clv.CLVModel(name), HORIZON, per_arm=True)
        errors[i] = found.means - true
        variances = np.diag(found.covariance)
        freedom = variances.sum() ** 2 / np.sum(variances**2 / found.freedom)  # Satterthwaite
        scores[i, :2] = errors[i] / np.sqrt(variances)
        difference = (errors[i, 1] - errors[i, 0]) / math.sqrt(variances.sum())
        scores[i, 2] = stats.norm.ppf(stats.t.cdf(difference, freedom))
    return errors / true, scores


def between(share, rate, times, errors=4.0):
    """Whether a share of so many experiments agrees with a rate: 4 standard errors, 6e-5 false alarms."""
    return abs(share - rate) < errors * math.sqrt(rate * (1 - rate) / times)


DIFFERENT = {
    "nbd": (0.9, 11.0),
    "pareto_nbd": (1.2, 7.5, 0.7, 14.0),
    "bg_nbd": (0.9, 5.5, 0.7, 2.5),
    "mbg_nbd": (1.1, 5.0, 0.7, 2.5),
}


@pytest.mark.parametrize(
    ("name", "times"),
    [("nbd", 40), *(pytest.param(name, 600, marks=pytest.mark.study) for name in PARAMETERS)],
)
@pytest.mark.parametrize("equal", [True, False])
def test_intervals_hold_the_true_difference_as_often_as_they_say(name, times, equal):
    """Of arms that are equal (false alarms) and of arms that differ in everything, 600 customers each."""
    thetas = [PARAMETERS[name], PARAMETERS[name] if equal else DIFFERENT[name]]
    spends = [SPEND, SPEND if equal else (4.0, 4.5, 35.0)]
    errors, scores = repeated_experiments(name, thetas, spends, 600, times, seed=31 + equal)
    assert between(np.mean(np.abs(scores[:, 2]) > 1.959964), 0.05, times)
    assert np.all(np.abs(errors.mean(axis=0)) < 0.01 + 4 * errors.std(axis=0) / math.sqrt(times))  # bias, as a share


@pytest.mark.study
@pytest.mark.parametrize("name", ["nbd", "mbg_nbd"])
def test_small_arms(name):
    """Arms of 50: false alarms of the difference stay below 8 % at a stated 5 %; those of one mean do not."""
    _, scores = repeated_experiments(name, [PARAMETERS[name]] * 2, [SPEND] * 2, 50, 600, seed=41)
    assert np.mean(np.abs(scores[:, 2]) > 1.959964) < 0.08


def test_a_mean_that_hangs_on_what_is_not_determined_has_no_interval():
    found = Together(np.array([5.0, 6.0]), np.array([3.0, 2.0]), np.eye(2, 5), np.array([0.9, 1.5]), ())
    covariance = covariance_of(found)
    assert covariance[0, 0] == approx(1.5)
    assert covariance[1, 1] == math.inf
    assert np.all(np.isnan(probability_of_best(found.means, covariance)))


def test_a_runaway_fit_is_told_by_arm_and_its_interval_is_that_of_the_limit():
    """Everybody buys at one rate: of NBD r and alpha grow without bound, and the limit is a Poisson process.

    There the rate is purchases over time, and the variance of a projected mean is that of (1 + ℓ/T)·x with x the mean
    count: what was bought stays, what comes goes by the same purchases.
    """
    generator = np.random.default_rng(3)
    n, T, rate = 400, 26.0, 0.15
    counts = np.round(rate * T + 0.8 * generator.standard_normal(2 * n)).clip(1)  # less spread than Poisson
    frame = pd.DataFrame({"customer_id": range(2 * n), "frequency": counts, "recency": T - 1, "T": T})
    frame["monetary_value"] = 10.0
    arm, age = np.arange(2 * n) % 2, np.full(2 * n, T)
    so_far = 10.0 * counts
    values = ArmValues(("A", "B"), arm, age > 0, so_far, so_far, age, frame, T, "week", "2024-12-31", 0.0, 1.0)
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.0, "q": 1e6, "v": 1e7 / 6})  # 10, all but exactly
    with pytest.warns(clv.ClvWarning) as caught:
        found = projected(values, clv.CLVModel("nbd", spend), 52.0, per_arm=True)
    told = "NBD: Do not trust this fit as it is: r and alpha grow without bound"
    assert [str(w.message).startswith(f"{name}: {told}") for name, w in zip("AB", caught, strict=True)] == [True, True]
    assert [note.startswith(f"{name}, {told}") for name, note in zip("AB", found.notes[1:], strict=True)] == [
        True,
        True,
    ]
    for i in (0, 1):
        x = counts[arm == i]
        assert found.means[i] == approx(10 * x.mean() * 2, rel=1e-4)
        assert found.covariance[i, i] == approx(400 * x.var(ddof=1) / n, rel=1e-3)


def test_a_lasting_change_of_old_customers_shows_only_in_part():
    """NBD: n purchases more since the start raise what is expected by n/(alpha + T) a time unit, not by n/a."""
    generator = np.random.default_rng(5)
    n, before, since = 4000, 52.0, 13.0
    rate, arm = generator.gamma(1.0, 1 / 20.0, 2 * n), np.arange(2 * n) % 2
    old = generator.poisson(before * rate)
    new = generator.poisson(since * rate * np.where(arm == 1, 1.5, 1.0))
    T, age = np.full(2 * n, before + since), np.full(2 * n, since)
    x = (old + new).astype(float)
    frame = pd.DataFrame({"customer_id": range(2 * n), "frequency": x, "recency": np.where(x > 0, T - 0.1, 0), "T": T})
    frame["monetary_value"] = np.where(x > 0, 10.0, np.nan)
    bought = 10.0 * new
    values = ArmValues(("A", "B"), arm, age > 0, bought, bought, age, frame, since, "week", "2024-12-31", 0.0, 1.0)
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.0, "q": 1e6, "v": 1e7 / 6})
    found = projected(values, clv.CLVModel("nbd", spend), 52.0, per_arm=False)
    alpha = clv.PurchaseModel("nbd", "week").fit(frame).parameters["alpha"]
    gained = new[arm == 1].mean() - new[arm == 0].mean()
    more = (x[arm == 1].mean() - x[arm == 0].mean()) * 39 / (alpha + 65)
    assert found.means[1] - found.means[0] == approx(10 * (gained + more), rel=1e-4)
    assert 10 * (gained + more) < 0.5 * 10 * gained * 4  # four times as long: less than half of what lasts
    assert found.notes[1].startswith("Go by what was observed")


def test_a_loss_is_as_sure_as_the_gain():
    values = simulated("bg_nbd", (300, 300), seed=8)
    loss = dataclasses.replace(values, margin=-1.0, so_far=-values.so_far)
    one, other = (projected(each, clv.CLVModel("bg_nbd"), HORIZON, per_arm=False) for each in (values, loss))
    assert other.means == approx(-one.means, rel=1e-12)
    assert other.covariance == approx(one.covariance, rel=1e-12)
