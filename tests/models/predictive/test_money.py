"""The simulated future against exact expectations and probabilities.

Fixed seeds; simulations reject a true law at |z| > 5, one in 1.7 million, or at 5.7e-7. About 4,000 numbers are compared
so: the false-alarm rate of the file is below 3e-3.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import clvmodels as clv
from clvmodels.families import bg_bb, bg_nbd, gamma_gamma, mbg_nbd, nbd, pareto_nbd
from clvmodels.models import questions
from clvmodels.models.predictive import blocks
from clvmodels.models.predictive.money import simulate_future

Z = 5.0
DELTA = 0.0018
SPEND = gamma_gamma.FAMILY
MONEY = (6.25, 3.74, 15.44)
WORLDS = [
    (bg_nbd.FAMILY, (0.243, 4.414, 0.793, 2.426)),
    (mbg_nbd.FAMILY, (0.525, 6.183, 0.891, 1.614)),
    (pareto_nbd.FAMILY, (0.553, 10.578, 0.606, 11.669)),
    (nbd.FAMILY, (0.385, 12.072)),
    (bg_bb.FAMILY, (1.204, 0.750, 0.657, 2.783)),
]
of_every = pytest.mark.parametrize(("family", "values"), WORLDS, ids=lambda v: getattr(v, "name", ""))


def draws_around(values, size, spread=0.1, seed=1):
    generator = np.random.default_rng(seed)
    return np.array(values) * np.exp(spread * generator.standard_normal((size, len(values))))


def some_customers(size=12, seed=2):
    """Whole weeks, so that families of both kinds of time read them; one-timers and the never seen among them."""
    generator = np.random.default_rng(seed)
    T = generator.integers(5, 40, size).astype(float)
    T[0] = 0.0
    recency = np.floor(generator.random(size) * T)
    frequency = np.minimum(recency, generator.integers(0, 6, size)).astype(float)
    recency = np.where(frequency > 0, recency, 0.0)
    spent = np.where(frequency > 0, 35 * generator.gamma(4, 0.25, size), np.nan)
    return {"frequency": frequency, "recency": recency, "T": T, "monetary_value": spent}


def simulated(family, values, summary, *, draws=2_000, horizon=10.0, delta=DELTA, margin=0.3, seed=5, **others):
    thetas, money = draws_around(values, draws), draws_around(MONEY, draws, seed=3)
    return simulate_future(family, SPEND, thetas, money, summary, horizon, delta, margin, seed=seed, **others)


def z_score(sample, mean=0.0):
    return (np.mean(sample) - mean) / (np.std(sample) / math.sqrt(len(sample)))


class Seen:
    """Collects the draws that are shown block by block."""

    def __init__(self, customers, draws):
        self.values = {name: np.full((customers, draws), np.nan) for name in ("purchases", "spend", "clv")}

    def __call__(self, customers, values):
        for name, each in values.items():
            self.values[name][customers] = each


def exact(family, summary, thetas, money, horizon, delta, margin):
    """E[quantity | θ, history], customers by draws, from the formulas that do not know of rates."""
    history = [summary[name] for name in family.statistics]
    result = {name: np.empty((len(history[0]), len(thetas))) for name in ("purchases", "spend", "clv")}
    for d, (theta, own) in enumerate(zip(thetas, money, strict=True)):
        level = SPEND.expected_spend(summary["frequency"], summary["monetary_value"], *own)
        counts = questions.expected_purchases(family, horizon, 0.0, history, theta)
        result["purchases"][:, d] = counts
        result["spend"][:, d] = counts * level
        result["clv"][:, d] = margin * level * questions.discounted(family, horizon, delta, history, theta)
    return result


# --- what is simulated -----------------------------------------------------------------------------------------------


@of_every
@pytest.mark.parametrize("delta", [0.0, 0.05, -0.02])
def test_means_are_the_exact_ones(family, values, delta):
    """Of every customer over all draws, and of their total over the draws with equal parameters."""
    summary, seen, times = some_customers(), Seen(12, 6_000), 300
    thetas, money = draws_around(values, 20, 0.4), draws_around(MONEY, 20, 0.15, seed=3)
    asked = (summary, 10.0, delta, 0.3)
    many = np.tile(thetas, (times, 1)), np.tile(money, (times, 1))
    found = simulate_future(family, SPEND, *many, *asked, seed=5, watch=seen)
    for name, expected in exact(family, summary, thetas, money, *asked[1:]).items():
        gap = seen.values[name] - np.tile(expected, (1, times))
        error = np.std(gap, axis=1) / math.sqrt(gap.shape[1])
        assert np.all(np.abs(np.mean(gap, axis=1)) < Z * error)
        assert np.all(np.abs(found.mean[name] - np.mean(expected, axis=1)) < Z * error)
        assert abs(z_score(np.sum(gap, axis=0))) < Z
        for d in range(20):
            assert abs(z_score(np.sum(gap[:, d::20], axis=0))) < Z


@of_every
def test_reported_means_have_less_noise_than_the_draws(family, values):
    """Twelve times the mean squares of 12 customers' errors; the ratio is about a half."""
    summary, times = some_customers(), 20
    thetas, money = draws_around(values, 10), draws_around(MONEY, 10, seed=3)
    expected = exact(family, summary, thetas, money, 10.0, DELTA, 1.0)["clv"].mean(axis=1)
    many = np.repeat(thetas, times, axis=0), np.repeat(money, times, axis=0)
    off, plain = np.zeros(12), np.zeros(12)
    for seed in range(12):
        seen = Seen(12, 200)
        found = simulate_future(family, SPEND, *many, summary, 10.0, DELTA, 1.0, seed=seed, watch=seen)
        off += (found.mean["clv"] - expected) ** 2
        plain += (seen.values["clv"].mean(axis=1) - expected) ** 2
    assert off.sum() < 0.7 * plain.sum()


@of_every
@pytest.mark.parametrize("which", [0, 1, 2])
def test_counts_follow_the_mixture_of_pmfs(family, values, which):
    """χ² over n = 0, ..., 9 and more of one customer; the probabilities are means over the draws of the parameters."""
    draws, T = 20_000, 30.0
    x, t_x = [(4.0, 27.0), (3.0, 12.0), (0.0, 0.0)][which]
    thetas = draws_around(values, draws)
    summary = {"frequency": np.array([x]), "recency": np.array([t_x]), "T": np.array([T])}
    seen = Seen(1, draws)
    found = simulate_future(family, None, thetas, None, summary, 20.0, 0.0, 1.0, seed=6, watch=seen)
    history = [np.full(draws, v) for v in (x, t_x, T)]
    p = [np.mean(questions.purchase_pmf(family, float(n), 20.0, history, tuple(thetas.T))) for n in range(10)]
    p = np.append(p, 1 - np.sum(p))
    counts = np.bincount(np.minimum(seen.values["purchases"][0], 10).astype(int), minlength=11)
    kept = p * draws > 5
    assert counts[~kept].sum() < 60
    chi2 = np.sum((counts[kept] - draws * p[kept]) ** 2 / (draws * p[kept]))
    assert chi2 < stats.chi2.isf(5.7e-7, kept.sum() - 1)
    assert found.none["purchases"][0] == counts[0] / draws
    ordered = np.cumsum(p)
    for q, quantile in zip((0.05, 0.5, 0.95), found.quantile["purchases"][:, 0], strict=True):
        low, high = (np.searchsorted(ordered, q + side * Z * math.sqrt(q * (1 - q) / draws)) for side in (-1, 1))
        assert low <= quantile <= high


def test_spend_of_one_purchase_has_the_density_of_amounts():
    """Those who buy just once: Kolmogorov-Smirnov with the distribution function by quadrature; rejected at 1e-6."""
    draws = 40_000
    summary = {"frequency": np.array([2.0]), "recency": np.array([20.0]), "T": np.array([30.0])}
    summary["monetary_value"] = np.array([22.35])
    seen = Seen(1, draws)
    thetas, money = np.tile(WORLDS[0][1], (draws, 1)), np.tile(MONEY, (draws, 1))
    simulate_future(WORLDS[0][0], SPEND, thetas, money, summary, 20.0, 0.0, 1.0, seed=7, watch=seen)
    once = seen.values["spend"][0][seen.values["purchases"][0] == 1]
    edges = np.geomspace(1e-2, 1e5, 10_001)
    density = edges * np.exp(SPEND.log_density_of_sum(edges, 1.0, 2.0, 22.35, *MONEY))
    reached = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(np.log(edges)))])
    assert len(once) > 5_000
    assert stats.kstest(once, lambda s: np.interp(np.log(s), np.log(edges), reached)).pvalue > 1e-6


@of_every
def test_totals_and_quantiles_are_those_of_the_draws(family, values):
    summary, draws = some_customers(300), 101
    groups = np.arange(300) % 3
    seen = Seen(300, draws)
    found = simulated(family, values, summary, draws=draws, quantiles=(0.1, 0.5, 0.999), watch=seen)
    apart = simulated(family, values, summary, draws=draws, groups=groups)
    for name, values_of in seen.values.items():
        assert np.isfinite(values_of).all()
        assert found.total[name].shape == (draws,)
        assert_allclose(found.total[name], values_of.sum(axis=0), rtol=1e-12)
        assert apart.total[name].shape == (draws, 3)
        for group in range(3):
            assert_allclose(apart.total[name][:, group], values_of[groups == group].sum(axis=0), rtol=1e-12)
        expected = np.quantile(values_of, (0.1, 0.5, 0.999), axis=1, method="inverted_cdf")
        assert_array_equal(found.quantile[name], expected)
        assert_array_equal(found.none[name], np.mean(values_of == 0, axis=1))
    bought, spent, worth = (seen.values[name] for name in ("purchases", "spend", "clv"))
    assert_array_equal(bought, np.rint(bought))
    assert_array_equal(spent > 0, bought > 0)
    assert np.all(worth <= 0.3 * spent * (1 + 1e-12))
    assert np.all(worth >= 0.3 * spent * math.exp(-DELTA * 10) * (1 - 1e-12))


def test_results_depend_on_the_seed_alone():
    family, values = WORLDS[0]
    summary = some_customers(1_000)
    summary["T"] = summary["T"] + np.random.default_rng(8).random(1_000) / 7  # no two alike
    one, same, other = (
        simulated(family, values, summary, draws=60, threads=threads, seed=seed)
        for threads, seed in ((1, 5), (3, 5), (1, 6))
    )
    order = np.random.default_rng(9).permutation(1_000)
    turned = simulated(family, values, {name: column[order] for name, column in summary.items()}, draws=60)
    for name in one.quantities:
        for kind in ("mean", "quantile", "none", "total"):
            assert_array_equal(getattr(one, kind)[name], getattr(same, kind)[name])
        assert one.shares[name] == same.shares[name]
        assert not np.array_equal(one.total[name], other.total[name])
        assert_array_equal(one.mean[name][order], turned.mean[name])
        assert_array_equal(one.quantile[name][:, order], turned.quantile[name])


@of_every
def test_nothing_happens_in_no_time(family, values):
    found = simulated(family, values, some_customers(), horizon=0.0, draws=50)
    for name in found.quantities:
        assert np.all(found.mean[name] == 0)
        assert np.all(found.quantile[name] == 0)
        assert np.all(found.none[name] == 1)
        assert np.all(found.total[name] == 0)
        assert math.isnan(found.shares[name].total["chance"])


def test_nobody_gives_nobody():
    nobody = {name: np.zeros(0) for name in ("frequency", "recency", "T", "monetary_value")}
    found = simulated(*WORLDS[0], nobody, draws=50)
    assert found.mean["clv"].shape == (0,)
    assert found.quantile["clv"].shape == (3, 0)
    assert_array_equal(found.total["clv"], np.zeros(50))


def test_each_customer_has_his_margin():
    family, values = WORLDS[2]
    summary, margins = some_customers(), np.linspace(-0.2, 0.9, 12)
    one = simulated(family, values, summary, margin=1.0)
    own = simulated(family, values, summary, margin=margins)
    assert_allclose(own.mean["clv"], margins * one.mean["clv"], rtol=1e-12)
    assert_array_equal(own.mean["spend"], one.mean["spend"])
    gaining = margins > 0
    assert_allclose(own.quantile["clv"][:, gaining], (margins * one.quantile["clv"])[:, gaining], rtol=1e-12)


def test_a_few_heavy_buyers_are_simulated_in_parts(monkeypatch):
    """The means of customers who make 5,000 purchases a year are right, and never too many at once are held."""
    most = []
    simulate = bg_nbd.FAMILY.simulate_of_rates

    def counted(generator, t, rates):
        found = simulate(generator, t, rates)
        most.append(len(found[0]))
        return found

    monkeypatch.setattr(blocks, "_PURCHASES", 20_000)
    family = replace(bg_nbd.FAMILY, simulate_of_rates=counted)
    summary = {"frequency": np.full(3, 3_000.0), "recency": np.full(3, 30.0), "T": np.full(3, 30.0)}
    summary["monetary_value"] = np.full(3, 10.0)
    thetas, money = np.tile((0.243, 4.414, 0.05, 2.426), (100, 1)), np.tile(MONEY, (100, 1))
    seen = Seen(3, 100)
    simulate_future(family, SPEND, thetas, money, summary, 52.0, 0.001, 1.0, seed=10, threads=1, watch=seen)
    assert len(most) > 10
    assert max(most) < 30_000
    expected = exact(family, summary, thetas[:1], money[:1], 52.0, 0.001, 1.0)
    for name in ("purchases", "clv"):
        values = seen.values[name].ravel()
        assert abs(values.mean() - expected[name][0, 0]) < Z * values.std() / math.sqrt(values.size)


def test_cdnow_has_its_value():
    """The mean total is the sum of the values that the formulas give at the same parameters."""
    summary = clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")
    columns = {name: summary[name].to_numpy() for name in ("frequency", "recency", "T", "monetary_value")}
    values = WORLDS[2][1]
    thetas, money = np.tile(values, (200, 1)), np.tile(MONEY, (200, 1))
    found = simulate_future(pareto_nbd.FAMILY, SPEND, thetas, money, columns, 52.0, DELTA, 1.0, seed=11)
    for name, expected in exact(pareto_nbd.FAMILY, columns, thetas[:1], money[:1], 52.0, DELTA, 1.0).items():
        error = np.std(found.total[name]) / math.sqrt(200)
        assert abs(found.mean[name].sum() - expected.sum()) < Z * error
        assert abs(np.mean(found.total[name]) - expected.sum()) < Z * error


# --- where variance comes from ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("customers", [12, 3_000])
def test_shares_of_the_nbd_are_known(customers):
    """λ ~ Gamma(k, z): chance E[λ]t, customer Var(λ)t², parameters the variance of k t/z; z-scores of simulated shares.

    Chance and customer have relative errors of about √(4/(customers · draws)), from which 0.02 is far.
    """
    family, values = WORLDS[3]
    summary, draws, t = some_customers(customers), 200 if customers > 12 else 20_000, 30.0
    thetas = draws_around(values, draws, 0.6)
    if customers == 12:
        thetas = thetas[np.arange(draws) % 200]  # the draws of which the exact part takes every hundredth
        thetas = np.repeat(thetas[:200], 100, axis=0)
    found = simulate_future(family, None, thetas, None, summary, t, 0.0, 1.0, seed=12)
    k = thetas[:, :1].T + summary["frequency"][:, None]
    z = thetas[:, 1:].T + summary["T"][:, None]
    chance, customer, expected = np.sum(np.mean(k / z * t, axis=1)), np.sum(np.mean(k / z**2, axis=1)) * t**2, k / z * t
    for mine, parameters in (
        (found.shares["purchases"].customer, np.sum(np.var(expected, axis=1, ddof=1))),
        (found.shares["purchases"].total, np.var(expected.sum(axis=0), ddof=1)),
    ):
        whole = chance + customer + parameters
        assert sum(mine.values()) == pytest.approx(1.0, abs=1e-12)
        assert mine["chance"] == pytest.approx(chance / whole, abs=0.02)
        assert mine["customer"] == pytest.approx(customer / whole, abs=0.02)
        assert mine["parameters"] == pytest.approx(parameters / whole, abs=0.02)
    assert found.shares["purchases"].total["parameters"] > found.shares["purchases"].customer["parameters"]


@of_every
def test_the_shared_variance_is_that_of_the_draws(family, values):
    """The variance of 400 simulated totals is known to √(2/400) = 7 %: 5 such errors."""
    summary, draws = some_customers(400), 400
    seen = Seen(400, draws)
    found = simulated(family, values, summary, draws=draws, watch=seen)
    for name in found.quantities:
        shares = found.shares[name]
        assert sum(shares.customer.values()) == pytest.approx(1.0, abs=1e-12)
        assert sum(shares.total.values()) == pytest.approx(1.0, abs=1e-12)
        assert shares.variance == pytest.approx(np.mean(np.var(seen.values[name], axis=1)), rel=0.1)
        assert shares.total_variance == pytest.approx(np.var(found.total[name]), rel=0.35)


# --- sources left out ------------------------------------------------------------------------------------------------


@of_every
def test_sources_left_out_have_no_share(family, values):
    summary = some_customers(50)
    thetas, money = np.tile(values, (200, 1)), np.tile(MONEY, (200, 1))

    def asked(sources):
        return simulate_future(family, SPEND, thetas, money, summary, 10.0, DELTA, 0.3, seed=13, sources=sources)

    for sources in (("customer",), ("chance",), ("customer", "chance")):
        for shares in asked(sources).shares.values():
            for part in (shares.customer, shares.total):
                assert {name for name, share in part.items() if share > 1e-12} == set(sources)
    nothing = asked(())
    assert np.ptp(nothing.total["clv"]) <= 1e-9 * nothing.total["clv"][0]
    history = [summary[name] for name in family.statistics]
    alive = np.exp(family.log_p_alive(*history, *values))
    worth = family.purchases_of_rates(10.0, DELTA, family.expected_rates_alive(*history, *values))
    level = SPEND.expected_spend(summary["frequency"], summary["monetary_value"], *MONEY)
    assert_allclose(nothing.mean["clv"], 0.3 * alive * worth * level, rtol=1e-12)
    assert_allclose(nothing.quantile["clv"][1], nothing.mean["clv"], rtol=1e-12)


@of_every
def test_without_chance_there_are_expectations_given_rates(family, values):
    """Their mean is that of the simulated values, their spread smaller."""
    summary = some_customers(200)
    whole = simulated(family, values, summary, draws=200)
    sure = simulated(family, values, summary, draws=200, sources=("parameters", "customer"))
    for name in whole.quantities:
        error = math.hypot(np.std(whole.total[name]), np.std(sure.total[name])) / math.sqrt(200)
        assert abs(np.mean(whole.total[name]) - np.mean(sure.total[name])) < Z * error
        assert sure.shares[name].variance < whole.shares[name].variance
        assert sure.shares[name].customer["chance"] == 0


def test_an_infinite_mean_spend_leaves_quantiles():
    """p x + q ≤ 1 in one draw is enough for the mean, given that he may buy."""
    family, values = WORLDS[0]
    summary = {"frequency": np.array([0.0, 3.0]), "recency": np.array([0.0, 20.0]), "T": np.full(2, 30.0)}
    summary["monetary_value"] = np.array([np.nan, 20.0])
    thetas, money = np.tile(values, (300, 1)), np.tile(MONEY, (300, 1))
    money[7, 1] = 0.9
    found = simulate_future(family, SPEND, thetas, money, summary, 10.0, DELTA, 1.0, seed=14)
    assert_array_equal(np.isinf(found.mean["spend"]), [True, False])
    assert_array_equal(np.isinf(found.mean["clv"]), [True, False])
    assert np.isfinite(found.mean["purchases"]).all()
    assert np.isfinite(found.quantile["clv"]).all()
    assert math.isnan(found.shares["clv"].total["parameters"])
    nothing = simulate_future(family, SPEND, thetas, money, summary, 0.0, DELTA, 1.0, seed=14)
    assert np.all(nothing.mean["clv"] == 0)


# --- what cannot be asked --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"horizon": math.inf}, "horizon must be one finite number ≥ 0"),
        ({"horizon": -1.0}, "horizon must be one finite number ≥ 0"),
        ({"horizon": np.ones(12)}, "horizon must be one finite number ≥ 0"),
        ({"delta": math.nan}, "delta must be finite"),
        ({"quantiles": (0.5, 1.0)}, "quantiles must each be above 0 and below 1"),
        ({"margin": np.ones(5)}, "margin must be one number or one for each of 12 customers; found shape"),
        ({"margin": math.inf}, "margin must be finite: 1 of 1 are not"),
        ({"groups": np.zeros(5, dtype=int)}, "groups must be whole numbers"),
        ({"groups": np.full(12, -1)}, "groups must be whole numbers"),
        ({"sources": ("luck",)}, "sources must be among parameters, customer, chance; found 'luck'"),
    ],
)
def test_bad_input_is_refused(changed, message):
    with pytest.raises(clv.errors.InvalidInput, match=message):
        simulated(*WORLDS[0], some_customers(), draws=10, **changed)


def test_draws_and_columns_must_fit():
    family, values = WORLDS[0]
    summary, thetas, money = some_customers(), np.tile(values, (10, 1)), np.tile(MONEY, (9, 1))
    for purchase_thetas, spend_thetas, columns, message in (
        (thetas, money, summary, "equally many draws; found 10 and 9"),
        (thetas[:, :3], money, summary, r"of bg_nbd must be of shape \(draws, 4\), one draw or more; found \(10, 3\)"),
        (thetas[:0], money, summary, r"one draw or more; found \(0, 4\)"),
        (-thetas, money, summary, "parameters of bg_nbd must be finite and above 0"),
        (thetas, money, {"frequency": np.zeros(3)}, "'recency' is missing"),
        (thetas, thetas[:, :3], {**summary, "monetary_value": np.ones(3)}, "one value for each of 12 customers"),
    ):
        with pytest.raises(clv.errors.InvalidInput, match=message):
            simulate_future(family, SPEND, purchase_thetas, spend_thetas, columns, 10.0, 0.0, 1.0, seed=1)


def test_families_without_rates_are_refused():
    family, values = WORLDS[0]
    summary, thetas, money = some_customers(), np.tile(values, (10, 1)), np.tile(MONEY, (10, 1))
    asked = (thetas, money, summary, 10.0, 0.0, 1.0)
    for name in ("draw_rates_alive", "purchases_of_rates", "simulate_of_rates"):
        with pytest.raises(clv.errors.NotAvailable, match=rf"bg_nbd cannot give predictive money \({name}\)"):
            simulate_future(replace(family, **{name: None}), SPEND, *asked, seed=1)
    for name in ("draw_level", "simulate_of_level"):
        with pytest.raises(clv.errors.NotAvailable, match=rf"gamma_gamma cannot give predictive money \({name}\)"):
            simulate_future(family, replace(SPEND, **{name: None}), *asked, seed=1)
    meanless = replace(family, expected_rates_alive=None)
    simulate_future(meanless, SPEND, *asked, seed=1)
    with pytest.raises(clv.errors.NotAvailable, match="expected_rates_alive"):
        simulate_future(meanless, SPEND, *asked, seed=1, sources=("chance",))
