"""The history of P(alive): what lies between purchases, what happens at them, and what is drawn."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import clvmodels as clv
from clvmodels.families import bg_bb

DATES = ["2024-01-01", "2024-01-15", "2024-01-16", "2024-03-04"]
END = "2024-06-30"


def test_between_purchases_time_moves_on_without_one(pareto):
    path = clv.plots.compute_alive_history(pareto, DATES, observation_end=END)
    bought = path[path["purchase"]]
    assert bought["date"].dt.strftime("%Y-%m-%d").tolist() == DATES
    assert bought["frequency"].tolist() == [0, 1, 2, 3]
    starts = [*bought.index, len(path)]
    for begin, end in itertools.pairwise(starts):
        stretch = path.iloc[begin:end]  # from a purchase to just before the next one
        last = stretch.iloc[[0] * len(stretch)][["frequency", "recency", "T"]].reset_index(drop=True)
        until = (stretch["T"] - stretch["T"].iloc[0]).to_numpy()
        assert_allclose(stretch["p_alive"], pareto.p_alive_if_no_purchase(last, until=until), rtol=1e-9)
        assert (np.diff(stretch["p_alive"]) <= 0).all()
    jumps = path[path["date"].duplicated(keep=False)]
    assert jumps["date"].nunique() == 3
    assert jumps["purchase"].tolist() == [False, True] * 3
    assert_allclose(jumps[jumps["purchase"]]["p_alive"], 1, rtol=1e-12)  # Pareto/NBD: alive when he buys
    assert (jumps[~jumps["purchase"]]["p_alive"] < 1).all()


def test_the_rest_is_the_path_of_the_model(fitted, log):
    path = fitted.alive_path(log, 21791, observation_end="1998-06-30")
    found = clv.plots.compute_alive_history(fitted, log, 21791, observation_end="1998-06-30")
    again = found[~(found["date"].duplicated(keep="last"))]
    pd.testing.assert_frame_equal(again[list(path.columns)].reset_index(drop=True), path)


def test_lines_are_the_tables(fitted, pareto):
    models = {"one": fitted, "other": pareto}
    table = clv.plots.compute_alive_history(models, iter(DATES), observation_end=END)
    assert list(table.columns) == ["model", "date", "frequency", "recency", "T", "p_alive", "purchase"]
    ax = clv.plots.plot_alive_history(models, DATES, observation_end=END)
    assert [line.get_label() for line in ax.lines] == ["one", "other"]
    for line in ax.lines:
        rows = table[table["model"] == line.get_label()]
        assert_allclose(line.get_ydata(), rows["p_alive"], rtol=1e-12)
        assert (line.get_xdata(orig=True) == rows["date"].to_numpy()).all()
    (purchases,) = ax.collections
    days = [segment[0][0] for segment in purchases.get_segments()]
    assert_allclose(days, [ax.xaxis.convert_units(np.datetime64(date, "us")) for date in DATES])
    assert ax.get_title() == "P(alive) of one customer, day by day (one and other)"
    assert ax.get_ylabel() == "P(alive)"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["purchase", "one", "other"]


def test_whole_periods_have_a_row_each():
    parameters = {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}
    donors = clv.PurchaseModel.from_parameters(bg_bb.FAMILY, parameters, time_unit="year")
    table = clv.plots.compute_alive_history(
        donors, ["1995-03-01", "1996-05-01", "1998-02-01"], observation_end="2001-12-31"
    )
    assert table["T"].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert table["purchase"].tolist() == [True, True, False, True, False, False, False]
    ax = clv.plots.plot_alive_history(donors, ["1995-03-01", "1998-02-01"], observation_end="2001-12-31")
    assert "year by year" in ax.get_title()


def test_refusals(fitted, log):
    with pytest.raises(clv.InvalidInput, match="customer"):
        clv.plots.plot_alive_history(fitted, log, -5)
    with pytest.raises(clv.NotEnoughData):
        clv.plots.plot_alive_history(fitted, [])
    with pytest.raises(TypeError, match="grain"):
        clv.plots.plot_alive_history(fitted, DATES, grain="day")
    assert clv.plots.plot_alive_history(fitted, DATES[:1], observation_end=END).lines
