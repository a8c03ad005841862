"""Purchases of a new customer: published probabilities, and what is drawn."""

from __future__ import annotations

import dataclasses

import pytest
from numpy.testing import assert_allclose
from scipy import stats

import clvmodels as clv

BG = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
NBD = {"r": 0.385, "alpha": 12.072}


def test_published_probabilities():
    """P(X(30) = n) as R package BTYD prints it; P(X(39) = 0) by quadrature; NBD by scipy."""
    model = clv.PurchaseModel.from_parameters("bg_nbd", BG, time_unit="week")
    found = clv.plots.compute_purchase_pmf(model, horizon=30, max_purchases=21)
    printed = [0.0019995214, 0.0015170236, 0.0011633150, 0.0009003148, 0.0007023638]
    assert_allclose(found["probability"].iloc[11:16], printed, rtol=1e-6)
    assert_allclose(found["probability"].sum(), 1, rtol=1e-12)
    assert_allclose(clv.plots.compute_purchase_pmf(model, 39)["probability"].iloc[0], 0.5737864, rtol=1e-6)
    nbd = clv.PurchaseModel.from_parameters("nbd", NBD, time_unit="week")
    year = 365.25 / 7
    by_scipy = stats.nbinom(NBD["r"], NBD["alpha"] / (NBD["alpha"] + year))
    found = clv.plots.compute_purchase_pmf(nbd, max_purchases=3)
    assert found["purchases"].tolist() == [0, 1, 2, 3]
    assert_allclose(found["probability"], [*by_scipy.pmf([0, 1, 2]), by_scipy.sf(2)], rtol=1e-9)


def test_bars_are_the_table(fitted, pareto):
    models = [fitted, pareto]
    table = clv.plots.compute_purchase_pmf(models, horizon=26, max_purchases=4)
    ax = clv.plots.plot_purchase_pmf(models, horizon=26, max_purchases=4)
    assert [bars.get_label() for bars in ax.containers] == ["BG/NBD", "Pareto/NBD"]
    for bars in ax.containers:
        assert [bar.get_height() for bar in bars] == table[table["model"] == bars.get_label()]["probability"].tolist()
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "1", "2", "3", "4+"]
    title = " ".join(ax.get_title().split())
    assert title == "Repeat purchases of a new customer in the first 26 weeks (BG/NBD and Pareto/NBD)"
    none = table[table["purchases"] == 0]["probability"].tolist()
    told = f"None: {100 * none[0]:.0f} (BG/NBD), {100 * none[1]:.0f} (Pareto/NBD)."
    assert told in " ".join(ax.texts[-1].get_text().split())


def test_refusals(fitted):
    with pytest.raises(clv.InvalidInput, match="horizon must be"):
        clv.plots.plot_purchase_pmf(fitted, horizon=-1)
    with pytest.raises(clv.InvalidInput, match="max_purchases must be a whole number from 1 to 1000; found 0"):
        clv.plots.plot_purchase_pmf(fitted, max_purchases=0)
    with pytest.raises(clv.NotFitted):
        clv.plots.plot_purchase_pmf(clv.PurchaseModel("bg_nbd"))
    silent = dataclasses.replace(fitted.family, purchase_pmf=None)
    with pytest.raises(clv.NotAvailable, match="bg_nbd cannot give purchase_pmf"):
        clv.plots.plot_purchase_pmf(clv.PurchaseModel.from_parameters(silent, BG, "week"))
