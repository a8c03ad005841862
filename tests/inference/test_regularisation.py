"""Priors and penalties: what they do to an estimate, and that they know nothing of units or of the number of rows."""

from __future__ import annotations

import itertools
import json
import math
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

import clvmodels as clv
from clvmodels.families import PURCHASE_FAMILIES, purchase_family
from clvmodels.inference.maximum_likelihood import maximize
from clvmodels.inference.patterns import Patterns, merge
from clvmodels.inference.regularisation import checked, penalty_of

approx = pytest.approx

WORLDS = {
    "bg_nbd": (0.6, 6.0, 0.8, 2.5),
    "mbg_nbd": (0.6, 6.0, 0.8, 2.5),
    "pareto_nbd": (0.6, 8.0, 0.8, 14.0),
    "nbd": (0.6, 8.0),
    "bg_bb": (1.2, 0.75, 0.66, 2.8),
}
PRIORS = {"r": stats.norm(0.3, 0.4), "alpha": stats.t(7, -1.2, 0.5), "a": stats.logistic(0.2, 0.3)}


def world(name, n, seed, **facts):
    """A weekly summary of days: a design of 280 days, customers coming on any of the first 140."""
    generator = np.random.default_rng(seed)
    days = generator.integers(140, 281, n)
    days = days // 7 * 7 if purchase_family(name).time == "discrete" else days
    owner, times = purchase_family(name).simulate(generator, days / 7, *WORLDS[name])
    t_x = np.zeros(n)
    np.maximum.at(t_x, owner, np.ceil(times * 7))
    frame = pd.DataFrame({"frequency": np.bincount(owner, minlength=n), "recency": t_x / 7, "T": days / 7})
    frame.attrs = {"clvmodels": json.dumps({"time_unit": "week", "event_grain": "day", **facts})}
    return frame


def in_days(frame):
    facts = json.loads(frame.attrs["clvmodels"])
    result = frame.assign(recency=np.rint(frame["recency"] * 7), T=np.rint(frame["T"] * 7))
    result.attrs = {"clvmodels": json.dumps({**facts, "time_unit": "day"})}
    return result


def fit(name, frame, *args, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)
        return clv.PurchaseModel(name).fit(frame, *args, **more)


def brute_force(name, frame, log_scale, l2_penalty, prior):
    """The penalised sum as it is written, maximised without derivatives from the truth."""
    family = purchase_family(name)
    columns = [frame[c].to_numpy(dtype=float) for c in family.statistics]

    def negative(theta):
        u = theta - log_scale
        value = family.log_likelihood(*columns, *np.exp(theta))[0].sum() - l2_penalty * np.sum(u**2)
        return -value - sum(p.logpdf(u[family.parameters.index(n)]) for n, p in prior.items())

    at = np.log(WORLDS[name])
    for _ in range(4):
        at = optimize.minimize(negative, at, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11}).x
    return at, -negative(at)


@pytest.mark.parametrize("name", PURCHASE_FAMILIES)
@pytest.mark.parametrize("l2_penalty", [0.0, 2.5])
def test_beside_brute_force(name, l2_penalty):
    frame = world(name, 200, 211)
    family = purchase_family(name)
    prior = {n: PRIORS[n] for n in family.parameters if n in PRIORS}
    model = fit(name, frame, prior=prior, l2_penalty=l2_penalty)
    log_scale = np.log([frame["T"].max() if n in family.time_parameters else 1.0 for n in family.parameters])
    expected, value = brute_force(name, frame, log_scale, l2_penalty, prior)
    assert np.log(list(model.parameters.values())) == approx(expected, abs=2e-5)
    report = model.fit_report
    assert report.converged
    assert report.log_likelihood - report.penalty == approx(value, abs=1e-7)
    assert report.log_likelihood == approx(model.log_likelihood(frame).sum(), rel=1e-12)  # of the data alone
    assert report.aic == approx(2 * len(family.parameters) - 2 * report.log_likelihood)


def test_standard_errors_are_those_of_the_penalised_curvature():
    """A penalty adds exactly 2λ to each second derivative in the log-parameters."""
    frame = world("nbd", 300, 212)
    model = fit("nbd", frame, l2_penalty=40.0)
    at = np.log(list(model.parameters.values()))
    columns = [frame[c].to_numpy(dtype=float) for c in ("frequency", "recency", "T")]

    def gradient(theta):
        return purchase_family("nbd").log_likelihood(*columns, *np.exp(theta))[1].sum(axis=1)

    h = 1e-5
    hessian = np.array([-(gradient(at + h * e) - gradient(at - h * e)) / (2 * h) for e in np.eye(2)])
    assert model._fitted.covariance == approx(np.linalg.inv(hessian + 80 * np.eye(2)), rel=1e-5)


@pytest.mark.parametrize("name", PURCHASE_FAMILIES)
def test_a_huge_penalty_is_its_centre(name):
    frame = world(name, 200, 213)
    model = fit(name, frame, l2_penalty=1e9)
    for parameter, value in model.parameters.items():
        scale = frame["T"].max() if parameter in model.family.time_parameters else 1.0
        assert value == approx(scale, rel=1e-5)
    assert model.fit_report.converged
    assert "not the data, decides" in model.fit_report.warnings[0]
    scales = {parameter: 40 if parameter in model.family.time_parameters else 1 for parameter in model.parameters}
    centre = ", ".join(f"{parameter} = {scale}" for parameter, scale in scales.items())
    assert f"centred at {centre}" in model.fit_report.regularisation


# --- units, rows, numbers of customers ----------------------------------------------------------------------------


@pytest.mark.parametrize("facts", [{}, {"observation_start": "2024-01-01", "observation_end": "2024-12-30"}])
@pytest.mark.parametrize("how", [{"l2_penalty": 3.0}, {"prior": PRIORS}, {"l2_penalty": 0.5, "prior": PRIORS}])
@pytest.mark.parametrize("name", ["bg_nbd", "pareto_nbd"])
def test_the_time_unit_does_not_matter(name, how, facts):
    how = {k: {n: p for n, p in v.items() if n in WORLDS or n in purchase_family(name).parameters}
           if k == "prior" else v for k, v in how.items()}  # fmt: skip
    weeks = world(name, 250, 214, **facts)
    one, other = fit(name, weeks, **how), fit(name, in_days(weeks), **how)
    for parameter, value in one.parameters.items():
        scale = 7.0 if parameter in one.family.time_parameters else 1.0
        assert other.parameters[parameter] == approx(value * scale, rel=1e-8)
        assert other.standard_errors[parameter] == approx(one.standard_errors[parameter] * scale, rel=1e-5)
    assert other.fit_report.penalty == approx(one.fit_report.penalty, abs=1e-8)


def test_the_length_of_observation_is_a_fact_or_given_or_the_oldest_customer():
    bare = world("nbd", 250, 215)
    told = world("nbd", 250, 215, observation_start="2024-01-01", observation_end="2024-12-30")  # 52 weeks
    by_fact, given = fit("nbd", told, l2_penalty=5.0), fit("nbd", bare, l2_penalty=5.0, observation_length=52)
    assert by_fact.parameters == given.parameters
    assert "52, the weeks from the summary's observation_start" in by_fact.fit_report.regularisation
    assert "52, observation_length as given" in given.fit_report.regularisation
    largest = fit("nbd", bare, l2_penalty=5.0)
    assert largest.parameters == fit("nbd", bare, l2_penalty=5.0, observation_length=bare["T"].max()).parameters
    assert largest.parameters != given.parameters
    assert "the largest T in weeks" in largest.fit_report.regularisation
    # said twice, and alike; said twice, and not alike
    assert fit("nbd", told, l2_penalty=5.0, observation_length=52.0).parameters == given.parameters
    with pytest.raises(clv.InvalidInput, match=r"observation_length=40 weeks differs from what the summary says .*52"):
        fit("nbd", told, l2_penalty=5.0, observation_length=40)


@pytest.mark.parametrize(
    ("grain", "end", "days"),
    [("day", "2024-03-01", 60), ("line", "2024-03-01", 61), ("hour", "2024-03-01T12:00:00", 60.5)],
)
def test_the_told_length_ends_where_observation_does(grain, end, days):
    frame = world("nbd", 100, 216, observation_start="2024-01-01", observation_end=end, event_grain=grain)
    expected = fit("nbd", world("nbd", 100, 216), l2_penalty=5.0, observation_length=days / 7)
    assert fit("nbd", frame, l2_penalty=5.0).parameters == approx(expected.parameters, rel=1e-9)


def test_rows_may_be_weights():
    frame = world("bg_nbd", 200, 217)
    copies = np.random.default_rng(218).integers(0, 4, 200)
    longest = int(frame["T"].argmax())
    copies[longest] = 0  # nobody: then it tells no length of observation either
    many = frame.loc[np.repeat(np.arange(200), copies)].reset_index(drop=True)
    many.attrs = frame.attrs
    one, other = fit("bg_nbd", frame, copies, PRIORS, 1.5), fit("bg_nbd", many, None, PRIORS, 1.5)
    assert one.parameters == approx(other.parameters, rel=1e-9)
    assert one.fit_report.penalty == approx(other.fit_report.penalty, rel=1e-9)
    assert one._fitted.robust_covariance == approx(other._fitted.robust_covariance, rel=1e-7)


def test_the_penalty_is_not_divided_by_the_number_of_customers():
    """Twice the customers and twice the penalty give the same estimate; twice the customers alone half the pull."""
    frame = world("nbd", 400, 219)
    twice = 2.0 * np.ones(400)
    one = fit("nbd", frame, l2_penalty=4.0)
    assert fit("nbd", frame, twice, l2_penalty=8.0).parameters == approx(one.parameters, rel=1e-8)
    free = np.log(list(fit("nbd", frame).parameters.values()))
    pull = np.log(list(fit("nbd", frame, l2_penalty=0.02).parameters.values())) - free
    half = np.log(list(fit("nbd", frame, twice, l2_penalty=0.02).parameters.values())) - free
    assert half == approx(pull / 2, rel=0.01)


def test_sampled_stages_carry_their_share():
    """150,000 customers: the penalty is that of all, and the answer solvable by hand.

    With ln L = Σ(ln rate − rate·t) and a penalty λ u² on u = ln rate, n − rate Σt = 2λ u.
    """

    def exponential(t, rate):
        return np.log(rate) - rate * t, (1 - rate * t)[None, :]

    t = np.round(np.random.default_rng(220).exponential(5.0, 150_000), 3)
    for weight in (1e2, 1e5, 1e8):
        found = maximize(exponential, merge([t]), np.zeros(1), np.zeros(1), penalty_of(np.zeros(1), weight, {}))
        expected = optimize.brentq(lambda u, w=weight: len(t) - math.exp(u) * t.sum() - 2 * w * u, -10, 10, xtol=1e-14)
        assert found.log_parameters[0] == approx(expected, rel=1e-8)
        assert found.decrement < 1e-9
        assert found.log_likelihood == approx(float(np.sum(expected - np.exp(expected) * t)), rel=1e-10)
        assert found.penalty == approx(weight * expected**2, rel=1e-7)


# --- little data ---------------------------------------------------------------------------------------------------


def test_a_runaway_is_held_and_the_report_says_by_whom():
    """Three repeaters: without help a runaway, with priors an estimate that says where it comes from."""
    frame = world("bg_nbd", 200, 221).query("frequency > 0").iloc[:3]
    frame.attrs = {"clvmodels": '{"time_unit": "week"}'}
    assert not fit("bg_nbd", frame).fit_report.converged
    names = ("r", "alpha", "a", "b")
    prior = {n: stats.norm(0.0 if n != "alpha" else -1.9, 0.5) for n in names}
    model = fit("bg_nbd", frame, prior=prior)
    report = model.fit_report
    assert report.converged
    assert report.warnings[0].startswith("the prior or penalty, not the data, decides ")
    assert any("only 3 customers ever came back" in w for w in report.warnings)
    assert all(math.isfinite(e) and e > 0 for e in model.standard_errors.values())
    for n in names:
        low, high = (prior[n].ppf(q) + (math.log(frame["T"].max()) if n == "alpha" else 0) for q in (0.001, 0.999))
        assert low < math.log(model.parameters[n]) < high


def test_tiny_data_with_a_good_prior_are_nearer_the_truth():
    """Mean squared error of log-parameters over 40 worlds of 25 customers, prior centred at the truth with sd 0.7.

    The prior should win by far; fixed seeds, and a factor of 2 where 5 is seen.
    """
    truth = np.log(WORLDS["bg_nbd"])
    errors = []
    for seed in range(40):
        frame = world("bg_nbd", 25, 22_000 + seed)
        scale = np.array([0.0, math.log(frame["T"].max()), 0.0, 0.0])
        prior = {n: stats.norm(m, 0.7) for n, m in zip(("r", "alpha", "a", "b"), truth - scale, strict=True)}
        models = fit("bg_nbd", frame), fit("bg_nbd", frame, prior=prior)
        errors.append([np.sum((np.log(list(m.parameters.values())) - truth) ** 2) for m in models])
    free, held = np.mean(errors, axis=0)
    assert held < free / 2


def test_the_report_names_what_the_prior_holds():
    report = fit("bg_nbd", world("bg_nbd", 200, 229), prior={"a": stats.norm(0, 0.01)}).fit_report
    assert report.converged
    assert report.warnings[0].startswith("the prior or penalty, not the data, decides a: it brings 100% of the")


def test_a_weak_penalty_does_not_make_few_data_trustworthy():
    frame = world("nbd", 200, 223).query("frequency > 0").iloc[:3]
    frame.attrs = {"clvmodels": '{"time_unit": "week"}'}
    assert not fit("nbd", frame, l2_penalty=1e-9).fit_report.converged


def test_without_either_nothing_is_said():
    report = fit("nbd", world("nbd", 200, 224)).fit_report
    assert (report.penalty, report.regularisation) == (0.0, None)
    assert "regularised" not in str(report)
    held = fit("nbd", world("nbd", 200, 224), l2_penalty=1).fit_report
    assert f"regularised by {held.regularisation}" in str(held)


@pytest.mark.parametrize(
    "prior",
    [
        stats.norm(0.2, 0.01), stats.t(3, 1, 0.3), stats.cauchy(0, 1), stats.gumbel_r(0, 1), stats.logistic(-1, 0.1),
        stats.skewnorm(4, 0, 1), stats.johnsonsu(0.5, 1.2),
    ],
    ids=lambda p: p.dist.name,
)  # fmt: skip
def test_slopes_of_priors(prior):
    """Against differences of another kind: complex steps are not to be had, so wide and extrapolated ones."""
    penalty = penalty_of(np.array([1.0]), 0.0, {0: prior})
    for q in (0.01, 0.3, 0.5, 0.9, 0.999):
        u = float(prior.ppf(q))
        width = float(prior.ppf(0.75) - prior.ppf(0.25))
        h = 0.02 * width
        slopes = [(prior.logpdf(u + s) - prior.logpdf(u - s)) / (2 * s) for s in (h, h / 2, h / 4)]
        once = [(4 * b - a) / 3 for a, b in itertools.pairwise(slopes)]
        expected = (16 * once[1] - once[0]) / 15
        value, gradient = penalty(np.array([1.0 + u]))
        assert value == approx(-prior.logpdf(u), rel=1e-12, abs=1e-12)
        assert gradient[0] == approx(-expected, rel=1e-7, abs=1e-8 / width)


# --- spend ---------------------------------------------------------------------------------------------------------


def spenders(n, seed):
    generator = np.random.default_rng(seed)
    x = generator.integers(1, 8, n)
    amounts = clv.SpendModel().family.simulate(generator, x, 5.0, 4.0, 20.0)
    return pd.DataFrame({"frequency": x, "monetary_value": np.add.reduceat(amounts, np.cumsum(x) - x) / x})


def test_the_money_unit_does_not_matter():
    euros = spenders(300, 225)
    cents = euros.assign(monetary_value=euros["monetary_value"] * 100)
    how = {"prior": {"v": stats.norm(0, 0.5), "q": stats.norm(1, 1)}, "l2_penalty": 2.0}
    one = clv.SpendModel().fit(euros, **how, money_scale=20)
    other = clv.SpendModel().fit(cents, **how, money_scale=2000)
    assert other.parameters["v"] == approx(100 * one.parameters["v"], rel=1e-8)
    assert [other.parameters[n] for n in "pq"] == approx([one.parameters[n] for n in "pq"], rel=1e-8)
    assert "scale of v: 20, money_scale as given" in one.fit_report.regularisation
    with warnings.catch_warnings():  # the mean of the population is infinite there, or all but
        warnings.simplefilter("ignore", clv.ClvWarning)
        huge = clv.SpendModel().fit(euros, l2_penalty=1e10, money_scale=20)
    assert huge.parameters == approx({"p": 1, "q": 1, "v": 20}, rel=1e-5)


def test_money_needs_a_scale_and_pure_numbers_none():
    euros = spenders(300, 226)
    for how in ({"l2_penalty": 1.0}, {"prior": {"v": stats.norm(0, 1)}}):
        with pytest.raises(clv.InvalidInput, match=r"needs money_scale=.*not from this log"):
            clv.SpendModel().fit(euros, **how)
    model = clv.SpendModel().fit(euros, prior={"p": stats.norm(1.6, 0.2)})
    assert "scale of" not in model.fit_report.regularisation


# --- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        ({"r": stats.gamma(2)}, r"prior of r .*whole real line; found gamma\(2\) on \(0, inf\)"),
        ({"r": stats.uniform(-3, 6)}, r"uniform\(-3, 6\) on \(-3, 3\)"),
        ({"r": stats.poisson(2)}, "prior of r must be a frozen continuous"),
        ({"r": stats.norm}, "prior of r must be a frozen continuous"),
        ({"r": stats.norm(0, -1)}, r"quartiles of the prior of r .*norm\(0, -1\), nan"),
        ({"r": stats.norm(0, 1e-6)}, r"quartiles of the prior of r must be at least 0\.0001 apart; found .*1e-06"),
        ({"r": stats.norm([0, 1], 1)}, "prior of r"),
        ({"r": stats.multivariate_normal([0, 0])}, "prior of r must be a frozen"),
        ({"r": 0.5}, "prior of r must be a frozen continuous distribution of scipy.stats; found 0.5"),
        ({"s": stats.norm()}, "prior names parameters .* 1 of 1, first 's': its parameters are r, alpha$"),
        (stats.norm(), "prior must be a dict"),
        ([("r", stats.norm())], "prior must be a dict"),
    ],
)
def test_bad_priors(prior, message):
    with pytest.raises(clv.InvalidInput, match=message):
        fit("nbd", world("nbd", 50, 227), prior=prior)


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf, "1", None, True, [1.0]])
def test_bad_penalties(weight):
    with pytest.raises(clv.InvalidInput, match="l2_penalty must be a"):
        fit("nbd", world("nbd", 50, 227), l2_penalty=weight)


@pytest.mark.parametrize("length", [0, -1.0, math.nan, math.inf, "52", True])
def test_bad_lengths(length):
    with pytest.raises(clv.InvalidInput, match="observation_length must be"):
        fit("nbd", world("nbd", 50, 227), l2_penalty=1.0, observation_length=length)
    with pytest.raises(clv.InvalidInput, match="money_scale must be"):
        clv.SpendModel().fit(spenders(50, 228), l2_penalty=1.0, money_scale=length)


def test_nothing_is_nothing():
    assert penalty_of(np.zeros(2), *checked(("r", "alpha"), None, 0)) is None
    assert penalty_of(np.zeros(2), *checked(("r", "alpha"), {}, 0.0)) is None
    patterns = Patterns((np.arange(1.0, 9.0),), np.ones(8))
    found = maximize(lambda t, rate: (np.log(rate) - rate * t, (1 - rate * t)[None, :]), patterns, np.zeros(1),
                     np.zeros(1))  # fmt: skip
    assert found.penalty == 0
    assert found.penalty_hessian is None
