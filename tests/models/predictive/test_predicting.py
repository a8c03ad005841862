"""From a model and a summary to distributions and intervals: what is asked for, from where, in which shape."""

from __future__ import annotations

import pickle
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal

import clvmodels as clv
from clvmodels import frames
from clvmodels.models.posterior import Posterior
from clvmodels.models.predictive.parameter_draws import draws_of, spread
from clvmodels.models.predictive.result import compared

QUANTITIES = ("purchases", "spend", "clv")


@pytest.fixture(scope="module")
def summary() -> pd.DataFrame:
    return clv.rfm_summary(clv.load_cdnow(sample=True), observation_end="1997-09-30")


@pytest.fixture(scope="module")
def model(summary) -> clv.CLVModel:
    return clv.CLVModel("bg_nbd", margin=0.3).fit(summary)


@pytest.fixture(scope="module")
def future(model, summary):
    return model.predict_distribution(summary, horizon=39, draws=400)


def given() -> clv.CLVModel:
    purchases = clv.PurchaseModel.from_parameters("bg_nbd", {"r": 0.243, "alpha": 4.4, "a": 0.79, "b": 2.4}, "week")
    return clv.CLVModel(purchases, clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44}))


# Where parameters come from


def test_given_parameters_are_taken_as_known(summary):
    future = given().predict_distribution(summary.head(5), horizon=39, draws=10)
    assert future.interval_source == "parameters as given"
    assert np.all(future._simulation.thetas == future._simulation.thetas[0])


def test_a_fit_draws_from_its_covariance(future, model):
    assert future.interval_source == "covariance"
    spread_of = np.cov(np.log(draws_of(model.purchases._fitted, "", 20_000, 1).thetas).T)
    # entries of 20,000 normal draws' covariance: 5 standard errors are 5 %; false alarms below 1e-5
    expected = model.purchases._fitted.covariance
    error = np.sqrt((np.outer(np.diag(expected), np.diag(expected)) + expected**2) / 20_000)
    assert np.all(np.abs(spread_of - expected) < 5 * error)


def test_a_carried_posterior_comes_first(model, summary):
    names = model.purchases.family.parameters
    draws = np.tile(np.array(model.purchases._fitted.values) * 1.1, (4, 25, 1))
    carried = Posterior(names, draws, "hmc", (), 1.0, {}, family="bg_nbd")
    sure = model.with_posterior(carried)
    future = sure.predict_distribution(summary.head(5), horizon=39, draws=10)
    assert future.interval_source == "posterior (purchases), covariance (spend)"
    assert np.allclose(future._simulation.thetas, draws[0, 0])


def test_a_posterior_that_is_not_to_be_trusted_warns(model, summary):
    names = model.purchases.family.parameters
    draws = np.tile(np.array(model.purchases._fitted.values), (4, 25, 1))
    carried = Posterior(names, draws, "laplace", (), 1.0, {}, k_hat=0.9, reasons=("k-hat is 0.90",), family="bg_nbd")
    with pytest.warns(clv.ClvWarning, match="Do not trust intervals from these draws: k-hat is 0.90"):
        model.with_posterior(carried).predict_distribution(summary.head(5), horizon=39, draws=10)


def test_an_untrusted_fit_gives_no_interval(model, summary):
    report = replace(model.purchases.fit_report, converged=False, verdict="Do not trust this fit as it is: it ran off.")
    doubtful = clv.PurchaseModel("bg_nbd", "week")
    doubtful._fitted = replace(model.purchases._fitted, report=report)
    for ask in (
        lambda: doubtful.predict_distribution(summary, horizon=39, draws=10),
        lambda: clv.CLVModel(doubtful, model.spend).predict(summary, horizon=39, interval=0.9),
    ):
        with pytest.raises(clv.NotAvailable, match=r"it ran off. With a prior there is a posterior: model.with_post"):
            ask()
    clv.CLVModel(doubtful, model.spend).predict(summary, horizon=39)


def test_draws_are_spread_over_a_posterior():
    assert spread(1000, 10).tolist() == [50, 150, 250, 350, 450, 550, 650, 750, 850, 950]
    assert spread(3, 3).tolist() == [0, 1, 2]


# Shapes


def test_one_row_a_customer_in_the_callers_kind(future, summary, model):
    names = [f"{q}_{end}" for q in QUANTITIES for end in ("mean", "q05", "q25", "q50", "q75", "q95")]
    assert list(future.table.columns) == ["customer_id", *names]
    assert future.table["customer_id"].equals(summary["customer_id"])
    facts = frames.read_facts(future.table)
    assert (facts["interval_source"], facts["horizon"], facts["draws"]) == ("covariance", "39.0", "400")
    few = summary.head(20)
    for make in (pl.from_pandas, pa.Table.from_pandas):
        found = model.predict_distribution(make(few), horizon=39, draws=20).table
        assert frames.kind(found) == frames.kind(make(few))
        same = model.predict_distribution(few, horizon=39, draws=20).table
        assert frames.numeric(found, "clv_q95").tolist() == same["clv_q95"].tolist()


def test_quantiles_never_fall(future):
    for quantity in QUANTITIES:
        cuts = future.table[[f"{quantity}_{q}" for q in ("q05", "q25", "q50", "q75", "q95")]].to_numpy()
        assert np.all(np.diff(cuts, axis=1) >= 0)
        assert np.all(cuts >= 0)


def test_means_are_those_of_predict(future, model, summary):
    expected = model.predict(summary, horizon=39)
    # at CDNOW the mean over the parameters differs from that at the estimates by less than 2 %, and 400 draws of the
    # value of 2,357 customers leave 1 % (3 standard errors)
    assert future.table["purchases_mean"].sum() == pytest.approx(expected["expected_purchases"].sum(), rel=0.02)
    assert future.table["clv_mean"].sum() == pytest.approx(expected["clv"].sum(), rel=0.03)
    assert future.total["mean"].to_numpy() == pytest.approx(
        [future.table[f"{q}_mean"].sum() for q in QUANTITIES], rel=0.01
    )


def test_parameters_as_given_have_no_share_at_all(summary):
    shares = given().predict_distribution(summary.head(20), horizon=39, draws=300).shares
    assert (shares["parameters"] == 0).all()
    assert (shares[["customer", "chance"]] > 0.1).all(axis=None)


def test_shares_add_up_and_say_the_obvious(future):
    shares = future.shares
    assert shares[["parameters", "customer", "chance"]].sum(axis=1).to_numpy() == pytest.approx(1)
    of_one, of_all = shares[shares["of"] == "customer"], shares[shares["of"] == "total"]
    assert (of_one["parameters"] < 0.05).all()  # one customer's future is uncertain whatever is known of parameters
    assert (of_all["parameters"] > 0.3).all()  # that of 2,357 together is not


def test_the_same_seed_gives_the_same_future(model, summary):
    few = summary.head(50)
    one, two = (model.predict_distribution(few, horizon=39, draws=50, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(one.table, two.table, check_exact=True)
    pd.testing.assert_frame_equal(one.total, two.total, check_exact=True)
    other = model.predict_distribution(few, horizon=39, draws=50, seed=4)
    assert not one.total.equals(other.total)


def test_a_purchase_model_answers_for_purchases(model, summary):
    future = model.purchases.predict_distribution(summary, horizon=39, draws=200, quantiles=(0.5, 0.9))
    assert list(future.table.columns) == ["purchases_mean", "purchases_q50", "purchases_q90"] or list(
        future.table.columns
    ) == ["customer_id", "purchases_mean", "purchases_q50", "purchases_q90"]
    assert future.quantities == ("purchases",)


@pytest.mark.parametrize("sources", [("parameters",), ("customer",), ("chance",), ("customer", "chance")])
def test_sources_can_be_left_out(model, summary, sources):
    few = summary.head(200)
    part = model.predict_distribution(few, horizon=39, draws=200, sources=sources)
    whole = model.predict_distribution(few, horizon=39, draws=200)
    assert part.sources == tuple(s for s in ("parameters", "customer", "chance") if s in sources)
    assert (part.total["sd"] < whole.total["sd"] * 1.1).all()
    assert part.total["mean"].to_numpy() == pytest.approx(whole.total["mean"].to_numpy(), rel=0.15)


def test_no_rows_and_no_time(model, summary):
    assert len(model.predict_distribution(summary.head(0), horizon=39, draws=10).table) == 0
    still = model.predict_distribution(summary.head(3), horizon=0, draws=10)
    assert (still.table.drop(columns="customer_id") == 0).all(axis=None)


def test_a_horizon_a_row(model, summary):
    few = summary.head(4).assign(ahead=[0.0, 13.0, 26.0, 39.0])
    found = model.predict_distribution(few, horizon="ahead", draws=50).table
    alone = model.predict_distribution(few.tail(1), horizon=39, draws=50).table
    assert found["purchases_q95"].iloc[3] == alone["purchases_q95"].iloc[0]
    assert found["clv_q95"].iloc[0] == 0


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"draws": 0}, "draws must be a whole number of at least 1"),
        ({"draws": 1.5}, "draws must be a whole number"),
        ({"quantities": ("money",)}, "quantities must be some of purchases, spend, clv; found money"),
        ({"quantities": ()}, "quantities must be some of"),
        ({"quantiles": (0.5, 1.0)}, "quantiles must lie between 0 and 1"),
        ({"quantiles": (0.5, 0.5)}, "quantiles must lie between 0 and 1 and differ"),
        ({"sources": ("luck",)}, "sources must be some of parameters, customer, chance; found luck"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"quantities": 5}, "quantities must be some of"),
        ({"sources": None}, "sources must be some of"),
        ({"quantiles": (0.05, 0.0500000001)}, "differ in their first four digits"),
        ({"horizon": [13, 26]}, "horizon must be one number, or one per row"),
        ({"quantities": None}, "quantities must be some of purchases, spend, clv; found None"),
        ({"sources": 3}, "sources must be some of parameters, customer, chance; found 3"),
        ({"horizon": float("inf")}, "horizon must be finite .* first inf"),
    ],
)
def test_what_cannot_be_used_is_refused(model, summary, asked, said):
    with pytest.raises(clv.InvalidInput, match=said):
        model.predict_distribution(summary.head(3), **{"horizon": 39, "draws": 10, **asked})


# predict(interval=)


def test_intervals_stand_beside_what_they_are_of(model, summary):
    plain = model.predict(summary, horizon=39)
    found = model.predict(summary, horizon=39, interval=0.9, draws=200)
    each = ("p_alive", "expected_purchases", "expected_spend", "clv")
    assert list(found.columns) == ["customer_id", *(f"{n}{end}" for n in each for end in ("", "_low", "_high"))]
    pd.testing.assert_frame_equal(found[list(plain.columns)], plain, check_exact=True)
    for name in each:
        assert (found[f"{name}_low"] <= found[f"{name}_high"]).all()
    for name in ("p_alive", "expected_spend"):
        # at the ends of what is possible (P(alive) = 1 by construction) both ends are the value itself
        assert (found[f"{name}_low"] <= found[name] + 1e-12).mean() > 0.99
    facts = frames.read_facts(found)
    assert (facts["interval"], facts["interval_source"]) == ("0.9", "covariance")
    assert float(facts["total_clv_low"]) < plain["clv"].sum() < float(facts["total_clv_high"])


def test_the_interval_of_p_alive_holds_its_share_of_the_parameters(model, summary):
    found = model.predict(summary, horizon=39, interval=0.9)
    family = model.purchases.family
    history = [summary[name].to_numpy(dtype=float) for name in family.statistics]
    thetas = draws_of(model.purchases._fitted, "", 4000, 99).thetas
    alive = np.array([np.exp(family.log_p_alive(*history, *theta)) for theta in thetas])
    low, high = (found[f"p_alive_{end}"].to_numpy() for end in ("low", "high"))
    unsure = np.ptp(alive, axis=0) > 1e-9
    held = np.mean((low <= alive) & (alive <= high), axis=0)[unsure]
    # ends from 1,000 draws: a standard deviation of .01 for each customer, who all share those draws
    assert abs(np.mean(held) - 0.9) < 0.02
    assert np.all(np.abs(held - 0.9) < 0.04)


def test_equal_customers_have_equal_intervals_of_spend_in_any_order(model, summary):
    some = pd.concat([summary.head(100), summary.head(100)], ignore_index=True).drop(columns="customer_id")
    found, reverse = (model.predict(frame, horizon=1, interval=0.8, draws=20) for frame in (some, some[::-1]))
    ends = found[["expected_spend_low", "expected_spend_high"]].to_numpy()
    np.testing.assert_array_equal(ends[:100], ends[100:])
    np.testing.assert_array_equal(ends, reverse[["expected_spend_low", "expected_spend_high"]].to_numpy()[::-1])
    unknown = ends[some["frequency"].to_numpy() == 0]  # their monetary_value is NaN
    assert len(unknown) > 1
    assert (unknown == unknown[0]).all()
    assert (ends != unknown[0]).any()


def test_intervals_of_p_alive_hold_their_share_of_the_posterior():
    estimates = {"r": 0.55, "alpha": 10.6, "s": 0.6, "beta": 11.7}
    purchases = clv.PurchaseModel.from_parameters("pareto_nbd", estimates, "week")
    away = np.random.default_rng(1).standard_normal((4, 250, 4)) * [0.07, 0.1, 0.4, 0.5]
    draws = np.array(list(estimates.values())) * np.exp(away)
    sure = purchases.with_posterior(Posterior(tuple(estimates), draws, "hmc", (), 1.0, {}))
    some = pd.DataFrame({"frequency": [0, 1, 4.0], "recency": [0, 9.0, 25], "T": 38.0, "monetary_value": [0, 30.0, 40]})
    history = [some[name].to_numpy()[:, None] for name in purchases.family.statistics]
    alive = np.exp(purchases.family.log_p_alive(*history, *sure.posterior.flat().T))
    for level in (0.5, 0.9, 0.99):
        found = clv.CLVModel(sure, given().spend).predict(some, horizon=13, interval=level)
        low, high = (found[f"p_alive_{end}"].to_numpy()[:, None] for end in ("low", "high"))
        # up to one draw at either end
        assert np.mean((low <= alive) & (alive <= high), axis=1) == pytest.approx(level, abs=0.002)


def test_intervals_of_several_horizons(model, summary):
    found = model.predict(summary.head(10), horizon=[13, 39], interval=0.9, draws=50)
    assert {"expected_purchases_13_low", "clv_39_high"} <= set(found.columns)
    assert (found["clv_13_high"] <= found["clv_39_high"] + 1e-9).mean() > 0.5
    assert "total_clv_13_low" in frames.read_facts(found)


@pytest.mark.parametrize("interval", [0, 1, 90, True, "0.9"])
def test_an_interval_is_a_share(model, summary, interval):
    with pytest.raises(clv.InvalidInput, match="interval must lie between 0 and 1"):
        model.predict(summary, horizon=39, interval=interval)


def test_no_interval_without_an_end(model, summary):
    with pytest.raises(clv.InvalidInput, match="intervals need a finite horizon"):
        model.predict(summary, horizon=float("inf"), interval=0.9)


def test_decisions_need_numbers(future):
    some = np.full(2357, 30.0)
    some[7] = np.nan
    with pytest.raises(clv.InvalidInput, match="threshold must be a number: 1 of 2357 customers"):
        future.prob_value_exceeds(some)
    with pytest.raises(clv.InvalidInput, match="cost must be a number: 1 of"):
        future.expected_loss(some)
    with pytest.raises(clv.InvalidInput, match="uplift must be one finite number"):
        future.expected_loss(1.0, uplift=float("nan"))
    assert_array_equal(future.prob_rank_in_top(np.float64(0.5)), future.prob_rank_in_top(0.5))


# What is kept


def test_a_distribution_survives_pickling_and_keeps_no_second_table(future):
    raw = pickle.dumps(future)
    back = pickle.loads(raw)
    pd.testing.assert_frame_equal(back.shares, future.shares, check_exact=True)
    assert_array_equal(back.prob_value_exceeds(30), future.prob_value_exceeds(30))
    # the table of 19 columns, the summary of 6, and 13 more to simulate again and to share the variance; a second table
    # would bring 21
    assert len(raw) < 2357 * 8 * (19 + 6 + 13 + 5)


# Decisions


def test_decisions_agree_with_the_table(future, model, summary):
    beyond = future.prob_value_exceeds(0.0, "purchases")
    exact = model.purchases.probability_of_purchase(summary, horizon=39)
    # 400 draws: a standard error of at most 0.025 each, and the parameters' own spread
    assert np.abs(beyond - exact).mean() < 0.02
    top = future.prob_rank_in_top(0.1)
    assert top.sum() == pytest.approx(0.1 * len(summary))
    assert top.name == "rank_in_top"
    assert np.corrcoef(top, future.table["clv_mean"])[0, 1] > 0.5


def test_treating_follows_the_mean(future):
    found = future.expected_loss(cost=2.0, uplift=0.5)
    difference = 0.5 * future.table["clv_mean"] - 2.0
    # by the mean of 400 draws, which for a few big spenders is some way from the expectation
    assert (found["treat"] == (difference > 0)).mean() > 0.98


def test_totals_by_group_add_up(future, summary):
    groups = np.where(summary["frequency"] > 0, "repeat", "once")
    found = future.total_by(groups)
    assert found["customers"].tolist() == [1411] * 3 + [946] * 3
    together = found.groupby("quantity")["mean"].sum()
    assert together["clv"] == pytest.approx(future.total.set_index("quantity")["mean"]["clv"])


def test_groups_are_compared(future, summary):
    groups = pd.Series(np.where(summary["frequency"] > 0, "repeat", "once"), index=summary.index)
    found = future.compare(groups, "repeat", "once")
    assert found.probability_a_beats_b == 1.0
    assert found.mean_a > found.mean_b
    back = future.compare(groups, "once", "repeat")
    assert back.probability_a_beats_b == 0.0
    half = np.arange(len(summary)) % 2
    assert 0.02 < future.compare(half, 0, 1).probability_a_beats_b < 0.98


def test_customers_without_a_group_are_one(model, summary):
    future = model.predict_distribution(summary.head(40), horizon=39, draws=20)
    groups = pd.Series(["a"] * 20 + [None] * 20, index=summary.index[:40])
    assert future.total_by(groups)["customers"].tolist() == [20] * 6
    assert future.compare(groups, "a", None).mean_b == future.compare(groups, float("nan"), "a").mean_a


def test_no_customers_make_no_groups(model, summary):
    future = model.predict_distribution(summary.head(0), horizon=39, draws=20)
    found = future.total_by("frequency")
    assert len(found) == 0
    assert list(found.columns)[:4] == ["group", "customers", "quantity", "mean"]


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda f: f.prob_value_exceeds("x"), "there is no column 'x'"),
        (lambda f: f.prob_value_exceeds(float("nan")), "threshold must be a number"),
        (lambda f: f.prob_value_exceeds(5, "profit"), "quantity must be one of purchases, spend, clv; found 'profit'"),
        (lambda f: f.expected_loss(5, float("nan")), "uplift must be one finite number, for example 0.05; found nan"),
        (lambda f: f.expected_loss(5, None), "uplift must be one finite number"),
        (lambda f: f.expected_loss(5, [0.1, 0.2]), "uplift must be one finite number"),
        (lambda f: f.prob_rank_in_top(1.5), "fraction must lie between 0 and 1"),
        (lambda f: f.prob_rank_in_top(10), "fraction must lie between 0 and 1"),
        (lambda f: f.total_by([1, 2]), "one value per row"),
        (lambda f: f.compare("frequency", 0, 99), "there is no group 99: found 0, 1, 2, 3"),
        (lambda f: f.total_by(f.table["customer_id"].sample(frac=1, random_state=1)), "groups is a Series whose index"),
        (lambda f: f.total_by(pd.Series("a", index=range(1, 2358))), "groups is a Series whose index"),
    ],
)
def test_wrong_questions_are_refused(future, ask, said):
    with pytest.raises(clv.InvalidInput, match=said):
        ask(future)


def test_it_shows_itself(future):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "2,357 customers, 400 draws" in repr(future)
        assert "clv" in str(future)
        assert future._repr_html_().count("<table") == 2


def test_large_numbers_have_no_exponents(future):
    assert (future.total["mean"] > 10_000).any()
    assert "e+0" not in str(future)
    assert "e+0" not in future._repr_html_()
    assert str(compared("A", "B", "clv", np.array([12345.6]), np.array([1.0]), (0.5,))).count("12,34") == 2


def test_a_total_of_infinite_means_is_infinite():
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 0.2, "q": 0.5, "v": 15.0})
    model = clv.CLVModel(given().purchases, spend)
    some = pd.DataFrame({"frequency": [0, 9.0], "recency": [0, 30.0], "T": 39.0, "monetary_value": [np.nan, 20.0]})
    future = model.predict_distribution(some, horizon=39, draws=50)
    assert np.isinf(future.total.set_index("quantity")["mean"]).tolist() == [False, True, True]
    groups = future.total_by([0, 1]).set_index(["group", "quantity"])["mean"]
    assert np.isinf(groups[0, "clv"])
    assert np.isfinite(groups[1, "clv"])
    assert np.isfinite(future.total[["q05", "q95"]]).all(axis=None)
