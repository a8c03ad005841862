"""The numbers behind the pictures, what stands on their axes, and that nothing else is touched."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import clvmodels as clv
from clvmodels import frames
from clvmodels.families import bg_bb

from ..families import erlang_nbd

mpl.use("Agg")
from matplotlib import pyplot as plt

ROOT = Path(__file__).resolve().parents[2]
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


# --- every picture ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawings(log, summary, fitted, spend, pareto):
    """Each picture of one model, and of several where it can show them."""
    both = {"first": fitted, "second": pareto}
    plots, whole = clv.plots, clv.CLVModel(pareto, spend)
    dates = ["1997-01-05", "1997-02-10", "1997-02-20", "1997-06-01"]
    profile = clv.Profile(pd.DataFrame({"a": [1.0, 2, 3], "relative": [-3.0, 0, -2.5]}), (1.3, 2.8), 0.95, "")
    return {
        "plot_alive_history": lambda **more: plots.plot_alive_history(both, dates, **more),
        "plot_expected_purchases": lambda **more: plots.plot_expected_purchases(whole, T=39, **more),
        "plot_frequency_histogram": lambda **more: plots.plot_frequency_histogram(both, summary, **more),
        "plot_heterogeneity": lambda **more: plots.plot_heterogeneity(both, **more),
        "plot_iso_value": lambda **more: plots.plot_iso_value(whole, T=39, **more),
        "plot_p_alive": lambda **more: plots.plot_p_alive(fitted, **more),
        "plot_profile_likelihood": lambda **more: plots.plot_profile_likelihood(profile, **more),
        "plot_purchase_pmf": lambda **more: plots.plot_purchase_pmf(both, **more),
        "plot_spend_density": lambda **more: plots.plot_spend_density(
            {"first": spend, "second": whole}, summary, **more
        ),
        "plot_spend_frequency": lambda **more: plots.plot_spend_frequency(summary, **more),
    }


PICTURES = [name for name in clv.plots.__all__ if name.startswith("plot_")]
OVERLAYS = [
    "plot_alive_history", "plot_frequency_histogram", "plot_heterogeneity", "plot_purchase_pmf", "plot_spend_density",
]  # fmt: skip


@pytest.mark.parametrize("name", PICTURES)
def test_one_new_figure_or_none(name, drawings):
    draw = drawings[name]
    ax = draw()
    assert plt.get_fignums() == [ax.figure.number]
    assert ax.get_title()
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
    numbers = plt.get_fignums()
    assert draw(ax=left) is left
    assert plt.get_fignums() == numbers
    assert not right.has_data()
    figure.canvas.draw()
    with pytest.raises(clv.InvalidInput, match="ax must be a matplotlib Axes"):
        draw(ax="here")
    assert plt.get_fignums() == numbers


@pytest.mark.parametrize("size", [None, (4, 3)])
@pytest.mark.parametrize("name", PICTURES)
def test_what_is_written_stays_inside_of_the_figure(name, size, drawings):
    ax = drawings[name]() if size is None else drawings[name](ax=plt.subplots(figsize=size, layout="constrained")[1])
    ax.figure.canvas.draw()
    page, caption = ax.figure.bbox, ax.texts[-1]
    assert caption.get_text().startswith("How to read it")
    for written in (caption, ax.title, ax.xaxis.label, ax.yaxis.label):
        box = written.get_window_extent()
        assert page.x0 - 1 <= box.x0 <= box.x1 <= page.x1 + 1, written.get_text()
        assert page.y0 - 1 <= box.y0 <= box.y1 <= page.y1 + 1, written.get_text()
    assert caption.get_window_extent().y1 <= ax.xaxis.label.get_window_extent().y0


@pytest.mark.parametrize("name", PICTURES)
def test_captions_find_room_where_nothing_lays_out_the_figure(name, drawings):
    figure, (above, below) = plt.subplots(2, 1, figsize=(7, 9))
    below.set_title("another")
    drawings[name](ax=above)
    drawings[name](ax=below)
    figure.canvas.draw()
    upper, lower = above.texts[-1].get_window_extent(), below.texts[-1].get_window_extent()
    assert upper.y0 >= below.get_window_extent().y1
    assert lower.y0 >= 0
    for ax in (above, below):
        assert ax.texts[-1].get_window_extent().y1 <= ax.xaxis.label.get_window_extent().y0
        assert ax.get_in_layout()


@pytest.mark.parametrize("name", OVERLAYS)
def test_two_models_in_one_picture(name, drawings):
    ax = drawings[name]()
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert [label for label in labels if label in ("first", "second")] == ["first", "second"]
    if "actual" in labels:
        assert labels[0] == "actual"
    looks = {}
    for line in ax.lines:
        looks[line.get_label()] = (line.get_linestyle(), line.get_marker(), line.get_color())
    for bars in ax.containers:
        looks[bars.get_label()] = (bars[0].get_hatch() or "", "", bars[0].get_facecolor())
    first, second = looks["first"], looks["second"]
    assert first[:2] != second[:2]  # told apart in greyscale too
    assert first[2] != second[2]


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_says_how_to_read_it_and_what_for(name):
    text = getattr(clv.plots, name).__doc__
    assert "How to read it: " in text
    assert "Decision: " in text


def test_pictures_and_tables_are_called_alike():
    drawn = {name.removeprefix("plot_") for name in PICTURES}
    tables = {name.removeprefix("compute_") for name in clv.plots.__all__ if name.startswith("compute_")}
    assert len(drawn) + len(tables) == len(clv.plots.__all__)
    # those two share a table, and the table of a profile is what profile_likelihood gives
    assert drawn - tables == {"p_alive", "expected_purchases", "profile_likelihood"}
    assert tables - drawn == {"frequency_recency"}


def test_labels_are_no_formulas(fitted, pareto):
    ax = clv.plots.plot_purchase_pmf({"$1 to $2": fitted, "more \\frac{$": pareto}, horizon=4)
    ax.figure.canvas.draw()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["$1 to $2", "more \\frac{$"]


def test_models_are_called_by_their_families(fitted, pareto):
    table = clv.plots.compute_purchase_pmf([fitted, pareto, fitted], horizon=4, max_purchases=1)
    assert table["model"].tolist() == ["BG/NBD (1)"] * 2 + ["Pareto/NBD"] * 2 + ["BG/NBD (2)"] * 2
    assert "model" in clv.plots.compute_purchase_pmf([fitted], horizon=4)
    assert "model" not in clv.plots.compute_purchase_pmf(fitted, horizon=4)


def test_refuses_lists_and_labels(fitted):
    daily = clv.PurchaseModel.from_parameters("nbd", NBD, time_unit="day")
    with pytest.raises(clv.InvalidInput, match="at least one model; found none"):
        clv.plots.plot_purchase_pmf([])
    with pytest.raises(clv.InvalidInput, match="model must be a PurchaseModel or a CLVModel; found str"):
        clv.plots.plot_purchase_pmf([fitted, "nbd"])
    for label in (1, " ", "_hidden"):
        with pytest.raises(clv.InvalidInput, match=r"labels of models must be texts.*1 of 2"):
            clv.plots.plot_purchase_pmf({"one": fitted, label: fitted})
    for draw in (clv.plots.plot_purchase_pmf, clv.plots.plot_heterogeneity):
        with pytest.raises(clv.UnitMismatch, match="BG/NBD in weeks, NBD in days"):
            draw([fitted, daily])
    assert plt.get_fignums() == []


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


def test_drawing_is_loaded_when_something_is_drawn():
    code = (
        "import sys, clvmodels as clv; clv.plots.plot_p_alive; print('matplotlib' in sys.modules, 'plots' in dir(clv))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


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
