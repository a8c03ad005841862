"""How customers differ: the families' own draws and scipy's distributions against the tables, and what is drawn."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import clvmodels as clv

from ..families import beta_bernoulli, erlang_nbd

PARAMETERS = {
    "bg_nbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "mbg_nbd": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "pareto_nbd": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
    "nbd": {"r": 0.385, "alpha": 12.072},
    "bg_bb": {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783},
}


def model_of(family, unit="week"):
    return clv.PurchaseModel.from_parameters(family, PARAMETERS[family], time_unit=unit)


@pytest.mark.parametrize("name", PARAMETERS)
def test_rates_are_mixed_as_families_draw_them(name):
    """Draws for an empty history are those of a new customer; 9 tests at 1e-6 each, by Kolmogorov and Smirnov."""
    model = model_of(name)
    drawn = model.family.draw_latent(
        np.random.default_rng(5), *(np.zeros(20_000) for _ in model.family.statistics), *model.parameters.values()
    )
    assert set(model.family.mixing) == set(drawn) - {"alive"}
    for which in model.family.mixing:
        table = clv.plots.compute_heterogeneity(model, "purchase_rate" if which == "purchase_rate" else "dropout")
        # where the table says a share lies at or below, so it does of the draws
        empirical = np.searchsorted(np.sort(drawn[which]), table["value"], side="right") / 20_000
        assert np.abs(empirical - table["share"]).max() < np.sqrt(np.log(2 / 1e-6) / 2 / 20_000)


def test_quantiles_and_densities():
    """By scipy: gamma on a log axis, λ f(λ), and beta as it is."""
    table = clv.plots.compute_heterogeneity(model_of("bg_nbd"))
    gamma = stats.gamma(0.243, scale=1 / 4.414)
    assert_allclose(table["value"], gamma.ppf(table["share"]), rtol=1e-9)
    assert_allclose(table["density"], table["value"] * gamma.pdf(table["value"]), rtol=1e-9)
    table = clv.plots.compute_heterogeneity(model_of("bg_nbd"), "dropout")
    beta = stats.beta(0.793, 2.426)
    assert_allclose(table["value"], beta.ppf(table["share"]), rtol=1e-9)
    assert_allclose(table["density"], beta.pdf(table["value"]), rtol=1e-9)
    assert {0.25, 0.5, 0.75} <= set(table["share"])
    assert np.isfinite(table).all().all()
    assert (np.diff(table["share"]) > 0).all()


def test_draws_where_the_distribution_is_not_known():
    """Half of a Gamma(1.5, 8) rate; quantiles of 200,000 draws are within 5 standard errors (36 of 125 at once)."""
    extra = clv.PurchaseModel.from_parameters(erlang_nbd.FAMILY, {"r": 1.5, "alpha": 8.0}, time_unit="week")
    table = clv.plots.compute_heterogeneity(extra)
    gamma = stats.gamma(1.5, scale=1 / 16)
    reached = gamma.cdf(table["value"])
    error = np.sqrt(table["share"] * (1 - table["share"]) / 200_000)
    assert (np.abs(reached - table["share"]) < 5 * error).all()
    inner = table[(table["share"] > 0.02) & (table["share"] < 0.98)]
    assert_allclose(inner["density"], inner["value"] * gamma.pdf(inner["value"]), rtol=0.1)
    assert table.equals(clv.plots.compute_heterogeneity(extra))
    caption = " ".join(clv.plots.plot_heterogeneity(extra).texts[-1].get_text().split())
    assert "From 200,000 draws: Erlang-2 NBD." in caption
    known = dataclasses.replace(extra.family, draw_latent=None)
    with pytest.raises(clv.NotAvailable, match="erlang_nbd cannot give the distribution of rates"):
        clv.plots.compute_heterogeneity(clv.PurchaseModel.from_parameters(known, {"r": 1.5, "alpha": 8.0}, "week"))


def test_draws_of_probabilities():
    values = dict.fromkeys(beta_bernoulli.FAMILY.parameters, 2.0)
    model = clv.PurchaseModel.from_parameters(beta_bernoulli.FAMILY, values, time_unit="month")
    table = clv.plots.compute_heterogeneity(model)
    assert_allclose(table["value"], stats.beta(2, 2).ppf(table["share"]), atol=0.01)
    ax = clv.plots.plot_heterogeneity(model)
    assert ax.get_xscale() == "linear"
    assert ax.get_xlabel() == "probability of a purchase per month"


def test_the_picture_draws_the_table(pareto, fitted):
    models = {"one": fitted, "other": pareto}
    table = clv.plots.compute_heterogeneity(models)
    ax = clv.plots.plot_heterogeneity(models)
    curves = {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}
    assert list(curves) == ["one", "other"]
    marks = [line for line in ax.lines if line.get_label().startswith("_")]
    for i, (label, line) in enumerate(curves.items()):
        rows = table[table["model"] == label]
        assert line.get_xdata().tolist() == rows["value"].tolist()
        assert line.get_ydata().tolist() == rows["density"].tolist()
        quartiles = np.sort(np.concatenate([mark.get_xdata() for mark in marks[2 * i : 2 * i + 2]]))
        assert_allclose(quartiles, rows[rows["share"].isin([0.25, 0.5, 0.75])]["value"])
    assert ax.get_xscale() == "log"
    assert ax.get_xlabel() == "purchase rate per week"
    caption = " ".join(ax.texts[-1].get_text().split())
    assert "Left of the picture: 5 % of one." in caption


def test_axes_of_dropout():
    assert clv.plots.plot_heterogeneity(model_of("pareto_nbd"), "dropout").get_xlabel() == "dropout rate per week"
    ax = clv.plots.plot_heterogeneity(model_of("bg_nbd"), "dropout")
    assert ax.get_xlabel() == "probability of leaving per purchase"
    assert ax.get_xlim() == (0, 1)
    ax = clv.plots.plot_heterogeneity(model_of("bg_bb", "year"), "dropout")
    assert ax.get_xlabel() == "probability of leaving per year"
    assert np.isfinite(ax.get_ylim()).all()


def test_refusals():
    with pytest.raises(clv.InvalidInput, match="which must be 'purchase_rate' or 'dropout'; found 'mu'"):
        clv.plots.plot_heterogeneity(model_of("bg_nbd"), "mu")
    with pytest.raises(clv.NotAvailable, match="NBD has no dropout that differs"):
        clv.plots.plot_heterogeneity(model_of("nbd"), "dropout")
    with pytest.raises(clv.InvalidInput, match=r"not go on one axis.*Pareto/NBD: dropout rate per week"):
        clv.plots.plot_heterogeneity([model_of("bg_nbd"), model_of("pareto_nbd")], "dropout")
