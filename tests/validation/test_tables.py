"""The tables behind the pictures of a validation: published values, plain loops, and what must be refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

import clvmodels as clv
from clvmodels.validation import classes, forecasters
from clvmodels.validation.by_p_alive import compute_by_p_alive
from clvmodels.validation.conditional_expectation import compute_conditional_expectation
from clvmodels.validation.coverage import compute_coverage
from clvmodels.validation.deciles import compute_deciles
from clvmodels.validation.lift import CHANCE, PERFECT, compute_lift
from clvmodels.validation.metrics import distributions
from clvmodels.validation.pit import compute_pit
from clvmodels.validation.reliability import compute_reliability

from .some_customers import some_of

TABLES = {
    "conditional_expectation": compute_conditional_expectation,
    "by_p_alive": compute_by_p_alive,
    "reliability": compute_reliability,
    "lift": compute_lift,
    "deciles": compute_deciles,
    "pit": compute_pit,
    "coverage": compute_coverage,
}


@pytest.fixture(scope="module")
def found(cdnow_validation):
    return cdnow_validation


def without(found, **fields):
    """The same validation whose forecasters lack something."""
    predicted = {name: dataclasses.replace(said, **fields) for name, said in found.predicted.items()}
    return dataclasses.replace(found, predicted=predicted)


# --- classes -------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(1, 8))
def test_classes_keep_ties_together_and_rise(values, most):
    values = np.array(values, dtype=float)
    where, low, high = classes.equal_classes(values, most)
    assert len(low) == len(high) == min(most, len(set(values))) or len(low) <= most
    assert np.all(low <= high)
    assert np.all(low[1:] > high[:-1])
    for i in range(len(low)):
        there = values[where == i]
        assert (there.min(), there.max()) == (low[i], high[i])


def test_classes_are_of_one_size_without_ties():
    where, _, _ = classes.equal_classes(np.random.default_rng(1).permutation(800).astype(float), 8)
    assert np.bincount(where).tolist() == [100] * 8


def test_after_a_large_tie_the_other_classes_share_the_rest():
    where, low, _ = classes.equal_classes(np.concatenate([np.zeros(700), np.arange(1.0, 301)]), 4)
    assert np.bincount(where).tolist() == [700, 100, 100, 100]
    assert low.tolist() == [0, 1, 101, 201]


def test_means_of_classes_by_pandas():
    rng = np.random.default_rng(2)
    where, values = rng.integers(0, 5, 200), rng.poisson(2.0, 200).astype(float)
    n, mean, error = classes.means(where, values, 5)
    grouped = pd.Series(values).groupby(where)
    assert n.tolist() == grouped.size().tolist()
    assert_allclose(mean, grouped.mean())
    assert_allclose(error, grouped.sem())


# --- published -----------------------------------------------------------------------------------------------------


def test_cdnow_by_calibration_frequency(found):
    """Fader, Hardie & Lee (2005), figure 4; Pareto/NBD and BG/NBD as the R package BTYD prints them."""
    table = compute_conditional_expectation(found)
    pareto, bg = (table[table["model"] == name] for name in ("pareto_nbd", "bg_nbd"))
    assert pareto["group"].tolist() == ["0", "1", "2", "3", "4", "5", "6", "7+"]
    assert pareto["n"].tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
    assert pareto["actual"].round(3).tolist() == [0.237, 0.697, 1.393, 1.560, 2.532, 2.947, 3.862, 6.359]
    printed = [0.138, 0.600, 1.196, 1.714, 2.399, 2.907, 3.819, 6.403]
    assert_allclose(pareto["expected"], printed, atol=2e-3)
    btyd = [0.2250893, 0.5231364, 1.044126, 1.520256, 2.163824, 2.653789, 3.503957, 6.157036]
    assert_allclose(bg["expected"], btyd, rtol=2e-4)


@pytest.mark.parametrize("by", ["frequency", "recency", "T", "time_since_last_purchase"])
def test_classes_add_up_to_the_whole(found, by):
    table = compute_conditional_expectation(found, by, ["bg_nbd", "hiatus"])
    for name, rows in table.groupby("model"):
        assert rows["n"].sum() == 2357
        assert_allclose((rows["n"] * rows["actual"]).sum(), 1882)
        assert_allclose((rows["n"] * rows["expected"]).sum(), found.predicted[name].expected.sum())


def test_time_since_the_last_purchase_is_of_whole_days(found):
    """T − recency of customers of one day differ in their last bits and still are one class."""
    table = compute_conditional_expectation(found, "time_since_last_purchase", "bg_nbd", classes=100)
    days = table[["low", "high"]].to_numpy() * 7
    assert_allclose(days, np.rint(days), atol=1e-6)
    assert (table["low"].to_numpy()[1:] - table["high"].to_numpy()[:-1]).min() > 0.9 / 7


def test_repeat_buyers_of_low_p_alive_come_back(found):
    """The known weakness, on CDNOW: two to three times as much as expected, by a plain loop."""
    table = compute_by_p_alive(found)
    for name in ("pareto_nbd", "bg_nbd"):
        rows = table[table["model"] == name]
        assert rows["n"].sum() == 946
        assert 2 < rows["ratio"].iloc[0] < 3.5
        alive = found.predicted[name].p_alive
        chosen = (found.scored["frequency"].to_numpy() > 0) & (alive > 0.2) & (alive <= 0.4)
        assert rows["n"].iloc[1] == chosen.sum()
        assert_allclose(rows["actual"].iloc[1], found.actual[chosen].mean())
        assert_allclose(rows["expected"].iloc[1], found.predicted[name].expected[chosen].mean())


# --- plain loops ---------------------------------------------------------------------------------------------------


def test_lift_in_the_order_of_a_sorted_list(found):
    table = compute_lift(found, ["pareto_nbd"])
    rows = table[table["model"] == "pareto_nbd"]
    order = np.argsort(-found.predicted["pareto_nbd"].expected, kind="stable")
    top = found.actual[order][: round(0.2 * 2357)].sum() / 1882
    at = np.interp(0.2, rows["share_of_customers"], rows["share_of_actual"])
    assert_allclose(at, top, atol=2e-3)
    assert len(rows) == 401
    assert np.all(np.diff(rows["share_of_actual"]) >= -1e-12)


def test_ginis_are_those_of_the_scores(found):
    table = compute_lift(found, list(found.predicted)).groupby("model")["normalised_gini"].first()
    scores = found.scores[found.scores["metric"] == "normalised_gini"].set_index("model")["value"]
    for name in found.predicted:
        assert_allclose(table[name], scores[name], atol=1e-9)
    assert table[PERFECT] == 1
    assert abs(table[CHANCE]) < 1e-12


def test_gini_of_a_curve_is_its_area(found):
    few = some_of(found, np.arange(300))  # few enough that no point is left out
    for _, rows in compute_lift(few).groupby("model"):
        area = np.trapezoid(rows["share_of_actual"], rows["share_of_customers"])
        assert_allclose(rows["gini"].iloc[0], 2 * area - 1, atol=2e-3)


def test_lift_of_many_is_thinned(found):
    many = some_of(found, np.arange(200_000) % 2357)
    table = compute_lift(many, ["bg_nbd"])
    assert len(table) == 3 * 401
    few = compute_lift(found, ["bg_nbd"])
    assert_allclose(table["share_of_actual"], few["share_of_actual"], atol=3e-3)


def test_the_order_of_rows_decides_nothing(found):
    mixed = some_of(found, np.random.default_rng(3).permutation(2357))
    for name, compute in TABLES.items():
        names = ["pareto_nbd"] if name == "by_p_alive" else ["pareto_nbd", "hiatus"]
        pd.testing.assert_frame_equal(compute(found, models=names), compute(mixed, models=names), rtol=1e-9, atol=1e-9)


def test_deciles_add_up(found):
    table = compute_deciles(found, of="spend")
    for name, rows in table.groupby("model"):
        assert rows["decile"].tolist() == list(range(1, 11))
        assert_allclose((rows["n"] * rows["expected"]).sum(), found.predicted[name].expected_spend_total.sum())
        assert_allclose((rows["n"] * rows["actual"]).sum(), found.actual_spend.sum())
        assert_allclose(rows["share"].sum(), 1)
        assert np.all(np.diff(rows["expected"]) <= 0)


def test_coverage_is_that_of_the_scores(found):
    table = compute_coverage(found, ["bg_nbd", "past_rate"])
    scores = found.scores.set_index(["model", "metric"])["value"]
    for row in table.itertuples():
        level = f"{100 * row.level:g}"
        assert_allclose(row.actual, scores[row.model, f"coverage_{level}"])
        assert_allclose(row.expected, scores[row.model, f"mass_{level}"])
        assert row.expected >= row.level


def test_coverage_error_is_what_repetition_scatters(found):
    """Standard deviation of the share over 2,000 worlds drawn from the model's own masses."""
    table = compute_coverage(found, "bg_nbd")
    mass = found.arrays("bg_nbd")["mass_80"]
    shares = (np.random.default_rng(4).random((2000, len(mass))) < mass).mean(axis=1)
    assert_allclose(table["standard_error"].iloc[1], shares.std(), rtol=0.08)  # 5 standard errors of a deviation


def test_pit_is_flat_where_the_forecast_is_right(found):
    """Purchases drawn from the BG/NBD itself; of 10 bins the band misses fewer than 4 (P < 0.001 if right)."""
    model = found.models["bg_nbd"]
    rng = np.random.default_rng(5)
    cdf = np.cumsum(model.purchase_pmf(found.scored, range(200), horizon=found.duration).to_numpy(), axis=1)
    drawn = (rng.random((len(cdf), 1)) > cdf).sum(axis=1)
    below = np.where(drawn > 0, np.take_along_axis(cdf, np.maximum(drawn - 1, 0)[:, None], 1)[:, 0], 0)
    told = dataclasses.replace(
        found.predicted["bg_nbd"].distribution,
        below=below,
        probability=np.take_along_axis(cdf, drawn[:, None], 1)[:, 0] - below,
    )
    said = dataclasses.replace(found.predicted["bg_nbd"], distribution=told)
    right = dataclasses.replace(found, predicted={"bg_nbd": said}, models={"bg_nbd": model})
    table = compute_pit(right)
    assert (table["height"].between(table["band_low"], table["band_high"])).sum() > 6
    assert table["p_value"].iloc[0] > 0.001
    assert compute_pit(found, "past_rate")["p_value"].iloc[0] < 1e-6


def test_pit_band_is_that_of_one_bin_each_and_wide_for_counts(found):
    """Simulated: 95 % of heights within the band if each customer falls into one bin; for counts, more."""
    row = compute_pit(found, "bg_nbd").iloc[0]
    rng, n, worlds = np.random.default_rng(6), 2357, 2000
    heights = rng.multinomial(n, [0.1] * 10, size=worlds) / n * 10
    inside = np.mean((heights >= row["band_low"]) & (heights <= row["band_high"]))
    assert_allclose(inside, 0.95, atol=0.008)  # 5 standard errors of 20,000 heights
    within = []
    for _ in range(100):
        drawn = rng.negative_binomial(0.4, 0.35, n)
        below, upto = stats.nbinom.cdf(drawn - 1, 0.4, 0.35), stats.nbinom.cdf(drawn, 0.4, 0.35)
        height = distributions.pit_histogram(below, upto - below)["height"]
        within.append(np.mean((height >= row["band_low"]) & (height <= row["band_high"])))
    assert np.mean(within) > 0.98


def test_reliability_counts_everybody(found):
    table = compute_reliability(found, list(found.predicted))
    for name, rows in table.groupby("model"):
        assert rows["n"].sum() == 2357
        assert_allclose((rows["n"] * rows["actual"]).sum(), (found.actual > 0).sum())
        p = found.arrays(name)["probability_of_purchase"]
        assert_allclose((rows["n"] * rows["predicted"]).sum(), p.sum())


# --- at the edge ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_one_customer(found, name):
    one = some_of(found, np.array([4]))
    table = TABLES[name](one, models=["bg_nbd"])
    assert len(table) >= 1
    if "n" in table.columns:
        assert table["n"].sum() <= 3  # coverage tells it at each of three levels, P(alive) of repeat buyers alone


def test_empty_classes_are_missing_not_zero(found):
    few = some_of(found, np.flatnonzero(found.scored["frequency"].to_numpy() == 1)[:5])
    table = compute_conditional_expectation(few, models="bg_nbd")
    assert table["n"].tolist() == [0, 5, 0, 0, 0, 0, 0, 0]
    assert table.loc[table["n"] == 0, ["actual", "expected", "standard_error"]].isna().all(axis=None)
    nobody = some_of(found, np.flatnonzero(found.scored["frequency"].to_numpy() == 0)[:5])
    assert compute_by_p_alive(nobody)["n"].sum() == 0


def test_nothing_bought(found):
    few = some_of(found, np.flatnonzero(found.actual == 0)[:50])
    table = compute_lift(few, "bg_nbd")
    assert table[["gini", "normalised_gini", "share_of_actual"]].isna().all(axis=None)
    assert compute_deciles(few, "bg_nbd")["share"].isna().all()


def test_no_money(found):
    plain = dataclasses.replace(
        without(found, expected_spend_total=None), scored=found.scored.drop(columns="spend_holdout")
    )
    for compute in (compute_lift, compute_deciles):
        with pytest.raises(clv.NotAvailable, match=r"The .*lift|chart of deciles|.* needs amounts"):
            compute(plain, of="spend")
        assert len(compute(plain))


def test_without_predictive_distribution(found):
    """A family without probabilities of counts is left out, or refused where it was asked for."""
    bare = dataclasses.replace(found.predicted["bg_nbd"], distribution=None, note="it gives no probabilities")
    some = dataclasses.replace(found, predicted={**found.predicted, "bg_nbd": bare})
    for compute in (compute_pit, compute_coverage, compute_reliability):
        assert set(compute(some)["model"]) == {"pareto_nbd"}
        with pytest.raises(clv.NotAvailable, match=r"BG/NBD cannot give \(it gives no probabilities\): leave it out"):
            compute(some, ["bg_nbd"])
        with pytest.raises(clv.NotAvailable, match="Pareto/NBD, BG/NBD cannot give"):
            compute(without(found, distribution=None))
    assert set(compute_lift(some)["model"]) == {"pareto_nbd", "bg_nbd", PERFECT, CHANCE}


@pytest.mark.parametrize("name", TABLES)
def test_names_are_checked(found, name):
    with pytest.raises(clv.InvalidInput, match=r"no forecast 'bgnbd'; there are pareto_nbd, bg_nbd, past_rate"):
        TABLES[name](found, models=["bgnbd"])
    with pytest.raises(clv.InvalidInput, match="each of them once"):
        TABLES[name](found, models=["bg_nbd", "bg_nbd"])
    with pytest.raises(clv.InvalidInput, match="at least one"):
        TABLES[name](found, models=[])
    with pytest.raises(clv.InvalidInput, match=r"expected what clvmodels.validate returns; found PurchaseModel"):
        TABLES[name](found.models["bg_nbd"])


def test_settings_are_checked(found):
    with pytest.raises(clv.InvalidInput, match="by must be one of frequency, recency, T, time_since_last_purchase"):
        compute_conditional_expectation(found, "age")
    for classes_ in (0, 1.5, True, 101):
        with pytest.raises(clv.InvalidInput, match="whole number from 1 to 100"):
            compute_conditional_expectation(found, classes=classes_)
    for edges in ((0.0, 0.5), (0.0, 0.5, 0.5, 1.0), (0.1, 1.0), (1.0,), ("a", 1)):
        with pytest.raises(clv.InvalidInput, match="rise from 0 to 1"):
            compute_by_p_alive(found, edges=edges)
    with pytest.raises(clv.NotAvailable, match=r"Past rate has no P\(alive\)"):
        compute_by_p_alive(found, models=["past_rate"])
    for compute in (compute_lift, compute_deciles):
        with pytest.raises(clv.InvalidInput, match="'purchases' or 'spend'"):
            compute(found, of="money")
    with pytest.raises(clv.InvalidInput, match="bins must be"):
        compute_pit(found, bins=0)


def test_models_of_one_title_are_told_apart(found):
    twice = dataclasses.replace(
        found,
        models={"a": found.models["bg_nbd"], "b": found.models["bg_nbd"]},
        predicted={name: dataclasses.replace(found.predicted["bg_nbd"], name=name) for name in ("a", "b")},
    )
    assert forecasters.in_words(twice, ["a", "b"]) == {"a": "BG/NBD (a)", "b": "BG/NBD (b)"}
    assert forecasters.in_words(twice, ["a"]) == {"a": "BG/NBD"}
