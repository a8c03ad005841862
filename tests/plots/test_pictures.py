"""What holds of every picture: its figure, what is written on it, several models in one, and settings left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgba

import clvmodels as clv

ROOT = Path(__file__).resolve().parents[2]
NBD = {"r": 0.385, "alpha": 12.072}


@pytest.fixture(scope="module")
def drawings(log, summary, fitted, spend, pareto, found, tracked, tested, regular, scored, changed, compared, planned):
    """Each picture of one model, and of several where it can show them."""
    both = {"first": fitted, "second": pareto}
    plots, whole = clv.plots, clv.CLVModel(pareto, spend)
    dates = ["1997-01-05", "1997-02-10", "1997-02-20", "1997-06-01"]
    profile = clv.Profile(pd.DataFrame({"a": [1.0, 2, 3], "relative": [-3.0, 0, -2.5]}), (1.3, 2.8), 0.95, "")
    by_calendar = clv.economics.compute_cohorts(log, by="calendar")
    survival = clv.economics.compute_cohort_survival(pareto, log, cohort="month")
    return {
        "plot_cohorts": lambda **more: plots.plot_cohorts(by_calendar, **more),
        "plot_cohort_survival": lambda **more: plots.plot_cohort_survival(survival, **more),
        "plot_alive_history": lambda **more: plots.plot_alive_history(both, dates, **more),
        "plot_equity_change": lambda **more: plots.plot_equity_change(changed, **more),
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
        "plot_arms": lambda **more: plots.plot_arms(compared, **more),
        "plot_power": lambda **more: plots.plot_power(planned, **more),
        "plot_backtest": lambda **more: plots.plot_backtest(tested, **more),
        "plot_shelf_life": lambda **more: plots.plot_shelf_life(tested, **more),
        "plot_by_p_alive": lambda **more: plots.plot_by_p_alive(found, **more),
        "plot_concentration": lambda **more: plots.plot_concentration(scored, **more),
        "plot_conditional_expectation": lambda **more: plots.plot_conditional_expectation(found, **more),
        "plot_coverage": lambda **more: plots.plot_coverage(found, **more),
        "plot_deciles": lambda **more: plots.plot_deciles(found, **more),
        "plot_lift": lambda **more: plots.plot_lift(found, **more),
        "plot_pit": lambda **more: plots.plot_pit(found, **more),
        "plot_regularity": lambda **more: plots.plot_regularity(regular, **more),
        "plot_reliability": lambda **more: plots.plot_reliability(found, **more),
        "plot_scores": lambda **more: plots.plot_scores(found, **more),
        "plot_segment_value": lambda **more: plots.plot_segment_value(
            scored, clv.economics.rfm_segments(summary), **more
        ),
        "plot_tornado": lambda **more: plots.plot_tornado(whole, summary, costs=5.0, **more),
        "plot_tracking": lambda **more: plots.plot_tracking(tracked, **more),
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
    ax.figure.draw_without_rendering()  # everything finds its place, for half the time
    all_stays_inside(ax)
    _, (left, right) = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
    numbers = plt.get_fignums()
    assert draw(ax=left) is left
    assert plt.get_fignums() == numbers
    assert not right.has_data()
    with pytest.raises(clv.InvalidInput, match="ax must be a matplotlib Axes"):
        draw(ax="here")
    assert plt.get_fignums() == numbers


def all_stays_inside(ax):
    page, caption = ax.figure.bbox, ax.texts[-1]
    assert caption.get_text().startswith("How to read it")
    for written in (caption, ax.title, ax.xaxis.label, ax.yaxis.label):
        box = written.get_window_extent()
        assert page.x0 - 1 <= box.x0 <= box.x1 <= page.x1 + 1, written.get_text()
        assert page.y0 - 1 <= box.y0 <= box.y1 <= page.y1 + 1, written.get_text()
    assert caption.get_window_extent().y1 <= ax.xaxis.label.get_window_extent().y0


@pytest.mark.parametrize("name", PICTURES)
def test_what_is_written_stays_inside_of_a_small_figure(name, drawings):
    figure, ax = plt.subplots(figsize=(4, 3), layout="constrained")
    drawings[name](ax=ax)
    figure.draw_without_rendering()
    all_stays_inside(ax)


@pytest.mark.parametrize("name", PICTURES)
def test_captions_find_room_where_nothing_lays_out_the_figure(name, drawings):
    figure, (above, below) = plt.subplots(2, 1, figsize=(7, 9))
    below.set_title("another")
    drawings[name](ax=above)
    drawings[name](ax=below)
    figure.draw_without_rendering()
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
    # the first two share a table; those of the others are given by profile_likelihood, validate, backtest, economics
    # and experiments
    given = {"profile_likelihood", "scores", "backtest", "equity_change", "arms", "power"}
    assert drawn - tables == {"p_alive", "expected_purchases"} | given
    assert tables - drawn == {"frequency_recency", "time_kept", "tracking_errors"}


def test_make_pictures_draws_every_one():
    """It says so itself, but only when somebody runs it."""
    text = (ROOT / "tools" / "pictures.py").read_text(encoding="utf-8")
    assert not [name for name in PICTURES if f"plots.{name}(" not in text]


def test_labels_are_no_formulas(fitted, pareto):
    ax = clv.plots.plot_purchase_pmf({"$1 to $2": fitted, "$\\frac{$": pareto}, horizon=4)
    ax.figure.canvas.draw()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["$1 to $2", "$\\frac{$"]


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


def test_drawing_is_loaded_when_something_is_drawn():
    code = (
        "import sys, clvmodels as clv; clv.plots.plot_p_alive; print('matplotlib' in sys.modules, 'plots' in dir(clv))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def drawn_colours(ax):
    """Of lines, whiskers and whatever else is drawn as lines."""
    of_lines = [line.get_color() for line in ax.lines if line.get_linestyle() != "None"]
    of_many = [colour for each in ax.collections if len(each.get_edgecolor()) for colour in each.get_edgecolor()]
    return [to_rgba(colour) for colour in [*of_lines, *of_many]]


@pytest.mark.parametrize("name", PICTURES)
def test_nothing_vanishes_on_a_dark_ground(name, drawings):
    with plt.style.context("dark_background"):
        ax = drawings[name]()
    assert not [colour for colour in drawn_colours(ax) if colour[3] > 0 and max(colour[:3]) < 0.3]


@pytest.mark.parametrize("name", ["plot_lift", "plot_scores", "plot_p_alive"])
def test_labels_keep_off_their_neighbours_where_nothing_lays_out_the_figure(name, drawings):
    figure, axes = plt.subplots(2, 2, figsize=(12, 9))
    for ax in axes.flat:
        drawings[name](ax=ax)
    figure.draw_without_rendering()
    for left, right in axes:
        assert left.get_tightbbox().x0 >= figure.bbox.x0 - 1
        assert right.yaxis.label.get_window_extent().x0 >= left.get_window_extent().x1
    for above, below in axes.T:
        assert below.title.get_window_extent().y1 <= above.texts[-1].get_window_extent().y0 + 1


def test_labels_are_broken_by_the_room_that_is_left(tracked, found):
    for draw, arguments in (
        (clv.plots.plot_tracking, (tracked, None, True, "revenue")),
        (clv.plots.plot_conditional_expectation, (found, "recency")),
    ):
        figure, ax = plt.subplots(figsize=(4, 3), layout="constrained")
        draw(*arguments, ax=ax)
        figure.canvas.draw()
        for written in (ax.texts[-1], ax.yaxis.label):
            box = written.get_window_extent()
            assert 0 <= box.x0 <= box.x1 <= figure.bbox.x1
            assert 0 <= box.y0 <= box.y1 <= figure.bbox.y1
