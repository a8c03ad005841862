"""Money and shares are written in full on the axes, and no legend stands upon what it names."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

import clvmodels as clv


def small():
    """The smallest figure that is promised to be read."""
    return plt.subplots(figsize=(4, 3), layout="constrained")[1]


@pytest.fixture(scope="module")
def cohorts():
    """Thirty months of a dear shop."""
    rng = np.random.default_rng(7)
    first = rng.integers(0, 912, 3000)
    days = np.concatenate([first, np.minimum(first + rng.exponential(150, 3000).astype(int), 911)])
    ids, amounts = np.tile(np.arange(3000), 2), rng.gamma(2, 40000, 6000).round(2)
    log = pd.DataFrame(
        {"customer_id": ids, "date": pd.Timestamp("2020-01-01") + pd.to_timedelta(days, unit="D"), "amount": amounts}
    )
    return {by: clv.economics.compute_cohorts(log, by=by) for by in ("calendar", "age")}


def dated(*rows):
    return pd.DataFrame(dict(zip(("customer_id", "p_alive", "clv"), zip(*rows, strict=True), strict=True)))


def numbers(axis):
    axis.get_figure().canvas.draw()
    return [label.get_text() for label in axis.get_ticklabels() if label.get_text()]


@pytest.mark.parametrize("by", ["calendar", "age"])
def test_money_is_written_in_full(by, cohorts):
    ax = clv.plots.plot_cohorts(cohorts[by])
    axis = ax.yaxis if by == "calendar" else ax.collections[0].colorbar.ax.yaxis
    assert axis.get_offset_text().get_text() == ""
    assert any(text.endswith("00,000") for text in numbers(axis))


def test_shares_of_customers_are_per_cent(cohorts):
    ax = clv.plots.plot_cohorts(cohorts["age"], "customers", per_head=True)
    assert all(text.endswith("%") for text in numbers(ax.collections[0].colorbar.ax.yaxis))


def test_names_of_cohorts_do_not_overlap_on_a_low_map(cohorts):
    ax = clv.plots.plot_cohorts(cohorts["age"], ax=small())
    ax.figure.canvas.draw()
    boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
    assert all(upper.y0 >= lower.y1 - 1 for upper, lower in pairwise(boxes))


def test_the_legend_stands_above_the_layers(cohorts):
    ax = clv.plots.plot_cohorts(cohorts["calendar"], ax=small())
    ax.figure.canvas.draw()
    highest = max(patch.get_window_extent().y1 for patch in ax.patches)
    assert highest <= ax.get_legend().get_window_extent().y0 + 1


def test_the_legend_stands_above_the_waterfall_which_is_whole():
    before = dated((1, 0.9, 5e7), (2, 0.8, 3e7))
    change = clv.economics.equity_change(before, dated((1, 0.9, 5.5e7), (2, 0.2, 6e6)))  # nobody acquired
    ax = clv.plots.plot_equity_change(change, ax=small())
    ax.figure.canvas.draw()
    highest = max(bar.get_window_extent().y1 for bars in ax.containers for bar in bars)
    assert highest <= ax.get_legend().get_window_extent().y0 + 1
    assert ax.get_ylim()[1] > 8e7
    assert "60,000,000" in numbers(ax.yaxis) or "50,000,000" in numbers(ax.yaxis)
    boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert all(left.x1 <= right.x0 for left, right in pairwise(boxes))


def test_the_legend_stands_above_the_curves():
    ax = clv.plots.plot_concentration([50.0, 30.0, 10.0, 5.0, 5.0], ax=small())
    ax.figure.canvas.draw()
    top = ax.transData.transform((0.5, 1.0))[1]
    assert top <= ax.get_legend().get_window_extent().y0 + 1
    assert numbers(ax.yaxis)[-1] == "100%"


def test_the_legend_stands_above_both_scales_of_survival(log):
    parameters = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    model = clv.PurchaseModel.from_parameters("bg_nbd", parameters, time_unit="week")
    table = clv.economics.compute_cohort_survival(model, log, cohort="month")
    ax = clv.plots.plot_cohort_survival(table, ax=small())
    right = next(other for other in ax.figure.axes if other is not ax)
    ax.figure.canvas.draw()
    assert right.transData.transform((0, 1.0))[1] <= ax.get_legend().get_window_extent().y0 + 1
    assert all(text.endswith("%") for axis in (ax.yaxis, right.yaxis) for text in numbers(axis))


def test_the_legend_stands_above_the_levers(fitted, spend, summary):
    ax = clv.plots.plot_tornado(clv.CLVModel(fitted, spend, margin=0.3), summary, costs=4.0, ax=small())
    ax.figure.canvas.draw()
    highest = max(bar.get_window_extent().y1 for bars in ax.containers for bar in bars)
    assert highest <= ax.get_legend().get_window_extent().y0 + 1
    assert any("," in text for text in numbers(ax.xaxis))
