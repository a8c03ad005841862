"""Iso-value curves: published values, where they bend back, and what is drawn."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import clvmodels as clv


@pytest.fixture(scope="module")
def published():
    """CDNOW over 78 weeks, Fader, Hardie & Lee (2005), "RFM and CLV"."""
    parameters = {"r": 0.5629966, "alpha": 12.5590370, "s": 0.4081095, "beta": 10.5148048}
    purchases = clv.PurchaseModel.from_parameters("pareto_nbd", parameters, time_unit="week")
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 4.6823, "q": 4.1904, "v": 24.4006})
    return clv.CLVModel(purchases, spend, annual_discount_rate=math.expm1(0.0027 * 365.25 / 7))


def dert(model, **more):
    rate = math.expm1(0.0027 * 365.25 / 7)
    return clv.plots.compute_iso_value(model.purchases, T=77.86, annual_discount_rate=rate, **more)


def test_values_of_the_paper(published):
    """At delta = .0027 a week, computed by quadrature for the paper's parameters."""
    table = dert(published, max_frequency=29).set_index(["frequency", "recency"])["discounted_expected_purchases"]
    assert_allclose(table.loc[(7, 35)], 1.864183, rtol=1e-6)
    column = [2.199155, 2.843534, 2.867128, 2.445410, 1.840502, 1.262416, 0.809618, 0.494804, 0.292025, 0.167928]
    assert_allclose([table.loc[(x, 30)] for x in range(1, 11)], column, rtol=1e-5)
    assert_allclose(table.loc[(0, 0)], 0.364756, rtol=1e-5)
    assert_allclose([table.loc[(x, 77.86)] for x in (1, 4, 29)], [3.824050, 11.163894, 72.329261], rtol=1e-6)


def test_curves_bend_back(published):
    """Of customers last seen after 30 weeks those with 3 purchases are worth most; of those seen now, with the most."""
    table = dert(published, max_frequency=10)
    best = table.loc[table.groupby("recency")["discounted_expected_purchases"].idxmax()].set_index("recency")
    assert best["frequency"].loc[30] == 3
    assert best["frequency"].loc[77.86] == 10
    assert best["frequency"].loc[10] < best["frequency"].loc[30] < best["frequency"].loc[60]


def test_money_of_a_value_model(published):
    table = clv.plots.compute_iso_value(published, T=52, horizon=26, monetary_value=20, margin=0.3, max_frequency=4)
    some = table.dropna()
    customers = some[["frequency", "recency"]].assign(T=52.0, monetary_value=20.0)
    assert_allclose(some["clv"], published.predict(customers, horizon=26, margin=0.3)["clv"], rtol=1e-9)
    other = clv.plots.compute_iso_value(published, T=52, annual_discount_rate=0.5, max_frequency=4).dropna()
    mean = customers.assign(monetary_value=published.spend.population_mean)
    worth = published.purchases.discounted_expected_purchases(mean, annual_discount_rate=0.5)
    assert_allclose(other["clv"], worth * published.spend.expected_spend(mean), rtol=1e-9)


def test_curves_are_where_the_table_has_their_value(published):
    ax = clv.plots.plot_iso_value(published.purchases, T=77.86, levels=[1, 2, 5], max_frequency=12)
    curves = ax.collections[-1]
    assert list(curves.levels) == [1, 2, 5]
    rate = 0.10
    for level, path in zip(curves.levels, curves.get_paths(), strict=True):
        # at whole frequencies and away from the edge, between two weeks the value is all but straight
        points = path.vertices[(path.vertices[:, 1] == np.rint(path.vertices[:, 1])) & (path.vertices[:, 0] < 77)]
        assert len(points) > 5
        customers = pd.DataFrame({"frequency": points[:, 1], "recency": points[:, 0], "T": 77.86})
        found = published.purchases.discounted_expected_purchases(customers, annual_discount_rate=rate)
        assert_allclose(found, level, rtol=0.01)
    assert {text.get_text() for text in ax.texts[:-1]} <= {"1", "2", "5"}
    assert ax.texts[0].get_text() in {"1", "2", "5"}
    assert ax.get_xlabel() == "recency: first to last purchase (weeks)"
    assert ax.get_ylabel() == "frequency: repeat purchases"
    assert ax.get_title() == "Discounted purchases still to come, customers of 77.86 weeks (Pareto/NBD)"


def test_round_curves_unless_told(published):
    ax = clv.plots.plot_iso_value(published, T=52, horizon=26, monetary_value=20)
    levels = ax.collections[-1].levels
    assert 3 <= len(levels) <= 8
    assert all(f"{level:.0e}"[0] in "125" and float(f"{level:.0e}") == level for level in levels)
    title = " ".join(ax.get_title().split())
    assert title == "Discounted value (clv) in the next 26 weeks, customers of 52 weeks, mean spend 20 (Pareto/NBD)"


def test_refusals(published):
    draw, purchases = clv.plots.plot_iso_value, published.purchases
    with pytest.raises(clv.InvalidInput, match="belong to a CLVModel"):
        draw(purchases, T=52, monetary_value=20)
    with pytest.raises(clv.InvalidInput, match="the model's margin is a column, 'share'"):
        draw(clv.CLVModel(purchases, published.spend, margin="share"), T=52)
    for levels in ([], [2, 1], [0, 1], ["a"], [1, math.inf], [[1, 2]]):
        with pytest.raises(clv.InvalidInput, match="levels must be"):
            draw(purchases, T=52, levels=levels)
    for wrong in (-1, math.inf, [1, 2], "20"):
        with pytest.raises(clv.InvalidInput, match="monetary_value must be"):
            draw(published, T=52, monetary_value=wrong)
    endless = clv.SpendModel.from_parameters("gamma_gamma", {"p": 4.0, "q": 0.9, "v": 24.0})
    with pytest.raises(clv.InvalidInput, match="that of the population is not finite: write an amount"):
        draw(clv.CLVModel(purchases, endless), T=52)
    with pytest.warns(clv.ClvWarning, match="infinite"), pytest.raises(clv.InvalidInput, match="no curve to draw"):
        draw(purchases, T=52, annual_discount_rate=0)
    with pytest.raises(clv.InvalidInput, match=r"the largest value is 0\.0. Use a horizon and a margin above 0"):
        draw(published, T=52, margin=0)
