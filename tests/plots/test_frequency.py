"""Frequencies and the maps over frequency and recency: their numbers, what stands on their axes, and refusals."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose
from scipy import stats

import clvmodels as clv
from clvmodels import frames
from clvmodels.families import bg_bb

from ..families import erlang_nbd

BG = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
NBD = {"r": 0.385, "alpha": 12.072}


@pytest.fixture(scope="module")
def donors():
    return clv.PurchaseModel.from_parameters(
        bg_bb.FAMILY, {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}, time_unit="year"
    )


def given(name, parameters):
    return clv.PurchaseModel.from_parameters(name, parameters, time_unit="week")


# --- frequencies ---------------------------------------------------------------------------------------------------


def test_frequencies_of_cdnow(summary, fitted):
    """Actual: Fader, Hardie & Lee (2005), 2,357 customers of whom 1,411 came once."""
    found = clv.plots.compute_frequency_histogram(fitted, summary)
    assert found["frequency"].tolist() == list(range(8))
    assert found["actual"].tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
    assert_allclose(found["fitted"].sum(), 2357, rtol=1e-12)
    # good fits of nearly as many customers differ by a few standard deviations at most
    assert np.all(np.abs(found["actual"] - found["fitted"]) < 4 * np.sqrt(found["fitted"]))


def test_fitted_frequencies_are_the_published_probabilities():
    """P(X(30) = n) of BG/NBD as R package BTYD prints it; P(X(39) = 0) computed by quadrature."""
    customers = pd.DataFrame({"frequency": [0] * 100, "T": [39.0] * 100})
    found = clv.plots.compute_frequency_histogram(given("bg_nbd", BG), customers)
    assert_allclose(found["fitted"].iloc[0], 57.37864, rtol=1e-6)
    many = clv.plots.compute_frequency_histogram(given("bg_nbd", BG), customers.assign(T=30.0), max_frequency=21)
    printed = [0.0019995214, 0.0015170236, 0.0011633150, 0.0009003148, 0.0007023638]
    assert_allclose(many["fitted"].iloc[11:16], 100 * np.array(printed), rtol=1e-6)


def test_fitted_frequencies_of_every_customers_own_time():
    """NBD by scipy, customer by customer, though the table merges those of one T."""
    T = np.repeat([3.0, 10.0, 10.5, 39.0], [5, 2, 9, 4])
    customers = pd.DataFrame({"frequency": np.arange(20) % 5, "T": T})
    found = clv.plots.compute_frequency_histogram(given("nbd", NBD), customers, max_frequency=3)
    each = stats.nbinom.pmf(np.arange(3)[:, None], NBD["r"], NBD["alpha"] / (NBD["alpha"] + T)).sum(axis=1)
    assert_allclose(found["fitted"], [*each, 20 - each.sum()], rtol=1e-10)
    assert found["actual"].tolist() == [4, 4, 4, 8]


def test_weights_are_repeated_rows(summary, fitted):
    some = summary.head(50)
    weights = np.arange(50) % 3
    again = clv.plots.compute_frequency_histogram(
        fitted, some.loc[some.index.repeat(weights)].drop(columns="customer_id")
    )
    found = clv.plots.compute_frequency_histogram(fitted, some, weights=weights)
    assert_allclose(found, again, rtol=1e-12)


@pytest.mark.parametrize("make", [pl.from_pandas, lambda frame: pa.Table.from_pandas(frame, preserve_index=False)])
def test_tables_in_the_callers_kind(make, summary, fitted):
    expected = clv.plots.compute_frequency_histogram(fitted, summary)
    found = clv.plots.compute_frequency_histogram(fitted, make(summary))
    assert frames.kind(found) == frames.kind(make(summary))
    for name in ("frequency", "actual", "fitted"):
        assert_allclose(frames.numeric(found, name), expected[name], rtol=1e-12)
    assert clv.plots.plot_frequency_histogram(fitted, make(summary)).get_ylabel() == "customers"


def test_the_histogram_draws_the_table(summary, fitted):
    table = clv.plots.compute_frequency_histogram(fitted, summary, max_frequency=5)
    ax = clv.plots.plot_frequency_histogram(fitted, summary, max_frequency=5)
    (actual,), (drawn,) = ax.containers, ax.lines
    assert [bar.get_height() for bar in actual] == table["actual"].tolist()
    assert drawn.get_ydata().tolist() == table["fitted"].tolist()
    assert drawn.get_xdata().tolist() == list(range(6))
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "1", "2", "3", "4", "5+"]
    assert ax.get_xlabel() == "repeat purchases in the time observed"
    assert ax.get_title() == "Repeat purchases, actual and fitted by BG/NBD"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["actual", "BG/NBD"]


@pytest.mark.parametrize("make", [lambda frame: frame, pl.from_pandas, pa.Table.from_pandas])
def test_several_models_stand_below_one_another(make, summary, fitted, pareto):
    found = clv.plots.compute_frequency_histogram([fitted, pareto], make(summary), max_frequency=3)
    assert frames.kind(found) == frames.kind(make(summary))
    assert frames.column_names(found) == ["model", "frequency", "actual", "fitted"]
    assert list(np.asarray(found["model"])) == ["BG/NBD"] * 4 + ["Pareto/NBD"] * 4
    alone = [clv.plots.compute_frequency_histogram(each, summary, max_frequency=3) for each in (fitted, pareto)]
    assert_allclose(frames.numeric(found, "fitted"), np.concatenate([each["fitted"] for each in alone]), rtol=1e-12)
    ax = clv.plots.plot_frequency_histogram([fitted, pareto], make(summary), max_frequency=3)
    for line, each in zip(ax.lines, alone, strict=True):
        assert line.get_ydata().tolist() == each["fitted"].tolist()
        assert_allclose(line.get_xdata(), range(4), atol=0.2)
    assert ax.lines[0].get_xdata()[0] < ax.lines[1].get_xdata()[0]  # so that neither hides the other


# --- maps ----------------------------------------------------------------------------------------------------------


def test_cells_are_what_the_model_says_of_such_customers(fitted):
    table = clv.plots.compute_frequency_recency(fitted, T=38.86, horizon=39, max_frequency=12)
    assert len(table) == 13 * 40  # recency 0, 1, ... 38, 38.86
    there = table.dropna()
    customers = there[["frequency", "recency"]].assign(T=38.86)
    assert_allclose(there["p_alive"], fitted.p_alive(customers), rtol=1e-12)
    assert_allclose(there["expected_purchases"], fitted.expected_purchases(customers, 39), rtol=1e-9)
    missing = table[table["p_alive"].isna()]
    assert set(missing["frequency"]) == {0}
    assert len(missing) == 39
    assert (missing["recency"] > 0).all()


def test_what_is_left_open_comes_from_the_fit(summary, fitted):
    table = clv.plots.compute_frequency_recency(fitted)
    assert table["recency"].max() == summary["T"].max()
    assert table["frequency"].max() == max(10, np.quantile(summary["frequency"], 0.99, method="inverted_cdf"))
    one = table[(table["frequency"] == 2) & (table["recency"] == 30)]
    customer = pd.DataFrame({"frequency": [2], "recency": [30.0], "T": [summary["T"].max()]})
    assert_allclose(one["expected_purchases"], fitted.expected_purchases(customer, 365.25 / 7), rtol=1e-9)


def test_long_ages_are_shown_in_a_hundred_steps():
    model = clv.PurchaseModel.from_parameters("bg_nbd", {**BG, "alpha": 7 * BG["alpha"]}, time_unit="day")
    table = clv.plots.compute_frequency_recency(model, T=730, max_frequency=3)
    assert len(np.unique(table["recency"])) == 101
    assert table["recency"].max() == 730


def test_the_map_draws_the_table(fitted):
    table = clv.plots.compute_frequency_recency(fitted, T=20, horizon=26, max_frequency=6)
    for name, ax in (
        ("p_alive", clv.plots.plot_p_alive(fitted, T=20, max_frequency=6)),
        ("expected_purchases", clv.plots.plot_expected_purchases(fitted, T=20, horizon=26, max_frequency=6)),
    ):
        (mesh,) = ax.collections
        cells = np.ma.filled(mesh.get_array(), np.nan).reshape(21, 7)  # recency upwards, frequency to the right
        np.testing.assert_array_equal(cells.T.ravel(), table[name])
        edges = mesh.get_coordinates()
        assert edges[0, 0].tolist() == [-0.5, -0.5]
        assert edges[-1, -1].tolist() == [6.5, 20.5]


def test_axes_say_what_and_in_which_unit(fitted):
    ax = clv.plots.plot_expected_purchases(fitted, T=20, horizon=26)
    assert ax.get_xlabel() == "frequency: repeat purchases"
    assert ax.get_ylabel() == "recency: first to last purchase (weeks)"
    assert ax.get_title() == "Expected purchases in the next 26 weeks, customers of 20 weeks (BG/NBD)"
    assert [other.get_ylabel() for other in ax.figure.axes if other is not ax] == ["expected purchases"]
    ax = clv.plots.plot_p_alive(fitted, T=1)
    assert ax.get_title() == "P(alive) now, customers of 1 week (BG/NBD)"
    assert ax.collections[0].get_clim() == (0.0, 1.0)
    days = clv.PurchaseModel.from_parameters("nbd", NBD, time_unit="day")
    assert "(days)" in clv.plots.plot_p_alive(days, T=30).get_ylabel()


def told(ax) -> str:
    return " ".join(" ".join(text.get_text() for text in ax.texts).split())


def test_captions_tell_what_the_model_makes_so():
    constructed = "This model gives everybody without a repeat purchase P(alive) = 1, by its construction."
    assert constructed in told(clv.plots.plot_p_alive(given("bg_nbd", BG), T=39))
    nbd = told(clv.plots.plot_p_alive(given("nbd", NBD), T=39))
    assert "In this model nobody ever leaves." in nbd
    assert constructed not in nbd
    mbg = given("mbg_nbd", {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614})
    assert constructed not in told(clv.plots.plot_p_alive(mbg, T=39))
    assert told(clv.plots.plot_p_alive(mbg, T=39)).startswith("How to read it:")
    left, less = "a long silence are a sign of having left", "less is expected than of those who bought seldom"
    assert left in told(clv.plots.plot_p_alive(mbg, T=39))
    assert left not in nbd
    assert less in told(clv.plots.plot_expected_purchases(mbg, T=39))
    assert less not in told(clv.plots.plot_expected_purchases(given("nbd", NBD), T=39))
    assert less not in told(clv.plots.plot_expected_purchases(mbg, T=39, max_frequency=1))


def test_whole_periods_hold_one_purchase_each(donors):
    table = clv.plots.compute_frequency_recency(donors, T=6.9, horizon=5, max_frequency=8)
    assert np.unique(table["recency"]).tolist() == [0, 1, 2, 3, 4, 5, 6]
    there = table.dropna()
    assert (there["frequency"] <= there["recency"]).all()
    assert len(there) == 1 + sum(range(1, 7))
    assert "(years)" in clv.plots.plot_expected_purchases(donors, T=6).get_ylabel()


def test_a_value_model_shows_its_purchases(fitted, summary):
    whole = clv.CLVModel(fitted, clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44}))
    pd.testing.assert_frame_equal(
        clv.plots.compute_frequency_histogram(whole, summary), clv.plots.compute_frequency_histogram(fitted, summary)
    )
    assert clv.plots.plot_p_alive(whole).get_title().endswith("(BG/NBD)")


def test_refused_pictures_leave_no_figure(fitted, summary):
    for call in (
        lambda: clv.plots.plot_frequency_histogram(fitted, summary.drop(columns="T")),
        lambda: clv.plots.plot_p_alive(fitted, T=-1),
        lambda: clv.plots.plot_p_alive(fitted, ax="here"),
        lambda: clv.plots.plot_expected_purchases(fitted, horizon=-1),
    ):
        with pytest.raises(clv.InvalidInput):
            call()
    assert plt.get_fignums() == []


# --- refusals ------------------------------------------------------------------------------------------------------


def test_a_model_must_be_one_with_parameters(summary, fitted):
    for wrong in ("bg_nbd", clv.SpendModel(), None):
        with pytest.raises(clv.InvalidInput, match="model must be a PurchaseModel or a CLVModel; found"):
            clv.plots.plot_p_alive(wrong)
        with pytest.raises(clv.InvalidInput, match="model must be a PurchaseModel or a CLVModel; found"):
            clv.plots.compute_frequency_histogram(wrong, summary)
    for draw in (lambda m: clv.plots.plot_p_alive(m), lambda m: clv.plots.plot_frequency_histogram(m, summary)):
        with pytest.raises(clv.NotFitted, match="call fit"):
            draw(clv.PurchaseModel("bg_nbd"))


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "7", True, 1001, math.nan])
def test_refuses_a_largest_frequency(wrong, fitted, summary):
    with pytest.raises(clv.InvalidInput, match="max_frequency must be a whole number from 1 to 1000; found"):
        clv.plots.compute_frequency_histogram(fitted, summary, wrong)
    with pytest.raises(clv.InvalidInput, match="max_frequency must be a whole number from 1 to 1000; found"):
        clv.plots.plot_p_alive(fitted, max_frequency=wrong)


def test_refuses_ages(fitted, donors):
    for wrong in (0, math.inf, math.nan, -2, [1, 2]):
        with pytest.raises(clv.InvalidInput, match="T must be"):
            clv.plots.plot_p_alive(fitted, T=wrong)
    with pytest.raises(clv.InvalidInput, match="in a model of whole periods at least 1"):
        clv.plots.plot_p_alive(donors, T=0.5)
    with pytest.raises(clv.InvalidInput, match=r"T is not known, since the model was not fitted: write T=52"):
        clv.plots.plot_p_alive(given("bg_nbd", BG))


def test_a_summary_in_another_unit_is_refused(fitted):
    daily = clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="day", observation_end="1997-09-30")
    with pytest.raises(clv.UnitMismatch, match="the model is in weeks, the summary in days"):
        clv.plots.plot_frequency_histogram(fitted, daily)


def test_families_are_asked_what_they_can(summary):
    extra = clv.PurchaseModel.from_parameters(erlang_nbd.FAMILY, {"r": 1.5, "alpha": 8.0}, time_unit="week")
    with pytest.raises(clv.NotAvailable, match="families that read frequency, recency and T"):
        clv.plots.plot_p_alive(extra, T=20)
    silent = dataclasses.replace(given("bg_nbd", BG).family, purchase_pmf=None)
    with pytest.raises(clv.NotAvailable, match="bg_nbd cannot give the distribution of frequencies"):
        clv.plots.compute_frequency_histogram(given(silent, BG), summary)
