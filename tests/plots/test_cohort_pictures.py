"""Pictures of cohorts draw the numbers of their tables."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import dates
from matplotlib import pyplot as plt

import clvmodels as clv
from clvmodels.economics import cohort_table, compute_cohort_survival, compute_cohorts, kpis

plots = clv.plots


def layers(ax):
    return [patch.get_data() for patch in ax.patches if type(patch).__name__ == "StepPatch"]


def test_layers_add_up_to_the_periods(log):
    ax = plots.plot_cohorts(compute_cohorts(log, cohort="month", by="calendar"))
    found = layers(ax)
    table = kpis(log)
    assert len(found) == 3
    np.testing.assert_allclose(found[-1].values, table["revenue"], rtol=1e-12)
    np.testing.assert_array_equal(found[1].baseline, found[0].values)
    assert np.array_equal(found[0].edges[:-1], dates.date2num(table["start"].to_numpy()))
    assert found[0].edges[-1] == dates.date2num(np.datetime64("1998-07-01"))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["1997-01", "1997-02", "1997-03"]


def test_unfinished_periods_are_left_out(log):
    rows = compute_cohorts(log, cohort="month", by="calendar", observation_end="1998-06-15")
    found = layers(plots.plot_cohorts(rows, "orders"))[-1]
    assert len(found.values) == 17
    assert found.edges[-1] == dates.date2num(np.datetime64("1998-06-01"))


def test_the_map_holds_the_wide_table(log):
    ax = plots.plot_cohorts(compute_cohorts(log, cohort="month"), "customers", per_head=True)
    mesh = ax.collections[0]
    table = cohort_table(log, "customers", per_head=True).drop(columns="cohort_size").to_numpy(dtype=float)
    assert np.array_equal(np.ma.filled(mesh.get_array(), np.nan).reshape(table.shape), table, equal_nan=True)
    assert mesh.get_clim() == (0.0, np.nanmax(table[:, 1:]))  # the first purchases are off the scale
    assert [text.get_text() for text in ax.get_yticklabels()] == ["1997-01", "1997-02", "1997-03"]
    bottom, top = ax.get_ylim()
    assert bottom > top  # the first cohort is the uppermost row
    one = plots.plot_cohorts(compute_cohorts(log, cohort="month", observation_end="1997-01-31"), "orders")
    assert one.collections[0].get_clim()[0] == 0.0


def test_survival_draws_all_customers(log, pareto):
    table = compute_cohort_survival(pareto, log, cohort="month")
    ax = plots.plot_cohort_survival(table)
    rows = table[table["cohort"] == "all"]
    lines = {line.get_label(): line for line in ax.lines}
    assert np.array_equal(lines["actual"].get_ydata(), rows["actual_share"])
    assert np.array_equal(lines["expected of new customers"].get_ydata(), rows["expected_share"])
    assert len([line for line in ax.lines if line.get_linewidth() == 1 and line.get_linestyle() == "-"]) >= 3
    right = next(each for each in ax.figure.axes if each is not ax)
    assert np.array_equal(right.lines[0].get_ydata(), rows["p_alive"])
    single = plots.plot_cohort_survival(compute_cohort_survival(pareto, log, cohort="year"))
    assert "single cohorts" not in [text.get_text() for text in single.get_legend().get_texts()]


def test_refusals(log, pareto):
    rows = compute_cohorts(log, by="calendar")
    with pytest.raises(clv.InvalidInput, match="expected the table that compute_cohorts gave; found DataFrame"):
        plots.plot_cohorts(pd.DataFrame())
    with pytest.raises(clv.InvalidInput, match="quantity must be one of"):
        plots.plot_cohorts(rows, "sales")
    with pytest.raises(clv.InvalidInput, match="cannot be stacked per head"):
        plots.plot_cohorts(rows, per_head=True)
    with pytest.raises(clv.NotAvailable, match="no profit"):
        plots.plot_cohorts(rows, "profit")
    with pytest.raises(clv.InvalidInput, match="nothing to draw"):
        plots.plot_cohorts(compute_cohorts(log, observation_end="1997-01-30"))
    with pytest.raises(clv.InvalidInput, match="expected the table that compute_cohort_survival gave; found str"):
        plots.plot_cohort_survival("table")
    with pytest.raises(clv.InvalidInput, match="nothing to draw"):
        plots.plot_cohort_survival(compute_cohort_survival(pareto, log, observation_end="1997-01-02"))
    assert plt.get_fignums() == []
