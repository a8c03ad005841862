"""What repeaters spend: histograms and densities against quadrature, classes against pandas, and what is drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose
from scipy import integrate

import clvmodels as clv
from clvmodels import frames


def observed(summary):
    return summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]


def test_bars_count_repeaters(summary, spend):
    table = clv.plots.compute_spend_density(spend, summary, bins=25, quantile=0.9)
    m = observed(summary)["monetary_value"].to_numpy()
    cut = np.quantile(m, 0.9, method="inverted_cdf")
    counts, edges = np.histogram(m, 25, range=(0, cut))
    assert table["customers"].tolist() == counts.tolist()
    assert_allclose(table["low"], edges[:-1], atol=1e-12)
    assert_allclose(table["high"], edges[1:])
    assert_allclose(table["actual"], counts / len(m) / np.diff(edges), rtol=1e-10)


def test_fitted_is_the_mixed_density_over_each_bin(summary, spend):
    """By adaptive quadrature of the density, mixed over the repeaters' frequencies."""
    x = observed(summary)["frequency"].to_numpy()
    counts, times = np.unique(x, return_counts=True)

    def density(m):
        return float(times @ np.exp(spend.family.log_density(m, counts, *spend.parameters.values()))) / len(x)

    table = clv.plots.compute_spend_density(spend, summary, bins=12, quantile=0.95)
    for row in table.itertuples():
        whole = integrate.quad(density, row.low, row.high, epsabs=0, epsrel=1e-10)[0]
        assert_allclose(row.fitted, whole / (row.high - row.low), rtol=1e-5)
    log = clv.plots.compute_spend_density(spend, summary, bins=12, quantile=0.95, scale="log")
    ratio = np.log(log["high"] / log["low"])
    assert_allclose(ratio, ratio[0], rtol=1e-9)
    for row in log.itertuples():
        whole = integrate.quad(density, row.low, row.high, epsabs=0, epsrel=1e-10)[0]
        assert_allclose(row.fitted, whole / ratio[0], rtol=1e-5)


def test_the_density_adds_up(summary, spend):
    """The fitted density beyond the largest mean is what is missing, and little."""
    table = clv.plots.compute_spend_density(spend, summary, bins=200, quantile=1.0)
    width = table["high"] - table["low"]
    assert_allclose((table["actual"] * width).sum(), 1, rtol=1e-12)
    assert 0.99 < (table["fitted"] * width).sum() < 1


def test_weights_are_repeated_rows(summary, spend):
    some = observed(summary).head(60)
    weights = np.arange(60) % 3
    again = some.loc[some.index.repeat(weights)].drop(columns="customer_id")
    for table in (
        lambda rows, w=None: clv.plots.compute_spend_density(spend, rows, bins=5, weights=w),
        lambda rows, w=None: clv.plots.compute_spend_frequency(rows, 4, weights=w),
    ):
        assert_allclose(table(some, weights), table(again), rtol=1e-9)


def test_what_is_drawn_of_spend(summary, spend):
    other = clv.SpendModel.from_parameters("gamma_gamma", {"p": 4.0, "q": 3.74, "v": 20.0})
    models = {"fitted": spend, "given": other}
    for scale in ("linear", "log"):
        table = clv.plots.compute_spend_density(models, summary, scale=scale)
        ax = clv.plots.plot_spend_density(models, summary, scale=scale)
        (bars,) = ax.containers
        first = table[table["model"] == "fitted"]
        assert_allclose([bar.get_height() for bar in bars], first["actual"])
        assert_allclose([bar.get_x() for bar in bars], first["low"])
        assert ax.get_xscale() == scale
        for line in ax.lines:
            assert line.get_ydata().tolist() == table[table["model"] == line.get_label()]["fitted"].tolist()
        assert ax.get_xlim() == (first["low"].iloc[0], first["high"].iloc[-1])
        outside = 946 - first["customers"].sum()
        assert f"Outside of the picture: {outside:g} repeaters." in " ".join(ax.texts[-1].get_text().split())


def test_those_who_paid_nothing_are_counted(spend):
    rows = pd.DataFrame({"frequency": [1, 2, 3, 0], "monetary_value": [0.0, 5.0, 9.0, None]})
    ax = clv.plots.plot_spend_density(spend, rows, bins=3)
    assert ax.get_title() == "Mean spend of 2 repeaters, actual and Gamma-Gamma"
    assert "Left out: 1 whose purchases cost nothing." in " ".join(ax.texts[-1].get_text().split())
    with pytest.raises(clv.NotEnoughData, match="nobody came back and paid"):
        clv.plots.plot_spend_density(spend, rows.assign(monetary_value=[0.0, 0.0, 0.0, None]))


def test_classes_of_frequency(summary):
    found = clv.plots.compute_spend_frequency(summary, max_frequency=4)
    back = summary[summary["frequency"] > 0]
    groups = back.groupby(back["frequency"].clip(upper=4))["monetary_value"]
    assert found["frequency"].tolist() == [1, 2, 3, 4]
    assert found["customers"].tolist() == groups.size().tolist()
    assert_allclose(found["mean"], groups.mean(), rtol=1e-12)
    for name, q in (("quartile_25", 0.25), ("median", 0.5), ("quartile_75", 0.75)):
        assert_allclose(found[name], groups.apply(lambda m, q=q: np.quantile(m, q, method="inverted_cdf")))
    polars = clv.plots.compute_spend_frequency(pl.from_pandas(summary), max_frequency=4)
    assert frames.kind(polars) == "polars"
    assert polars["median"].to_list() == found["median"].tolist()


def test_what_is_drawn_of_frequency(summary, spend):
    table = clv.plots.compute_spend_frequency(summary)
    ax = clv.plots.plot_spend_frequency(summary)
    (boxes,) = ax.containers
    assert_allclose([box.get_y() for box in boxes], table["quartile_25"])
    assert_allclose([box.get_y() + box.get_height() for box in boxes], table["quartile_75"])
    (medians,) = ax.collections
    assert_allclose([segment[0][1] for segment in medians.get_segments()], table["median"])
    means = next(line for line in ax.lines if line.get_label() == "mean")
    assert means.get_ydata().tolist() == table["mean"].tolist()
    report = spend.fit_report
    told = f"correlation {report.frequency_correlation:.3f} (p-value {report.frequency_correlation_p_value:.2g})"
    assert ax.get_title() == f"Mean spend by frequency: {told}"
    assert ax.get_xticklabels()[0].get_text() == "1\n(439)"


def test_a_class_of_nobody():
    rows = pd.DataFrame({"frequency": [1, 1, 3], "monetary_value": [4.0, 6.0, 9.0]})
    found = clv.plots.compute_spend_frequency(rows, max_frequency=3)
    assert found["customers"].tolist() == [2, 0, 1]
    assert found["mean"].isna().tolist() == [False, True, False]
    assert len(clv.plots.plot_spend_frequency(rows, max_frequency=3).containers[0]) == 2
    with pytest.raises(clv.NotEnoughData, match="nobody came back: of 2 customers"):
        clv.plots.plot_spend_frequency(pd.DataFrame({"frequency": [0, 0], "monetary_value": [np.nan, np.nan]}))


def test_refusals(summary, spend):
    for wrong in ({"bins": 1}, {"bins": True}, {"bins": 2.5}):
        with pytest.raises(clv.InvalidInput, match="bins must be a whole number from 2 to 1000"):
            clv.plots.plot_spend_density(spend, summary, **wrong)
    for wrong in (0, 1.1, "0.9", True, float("nan")):
        with pytest.raises(clv.InvalidInput, match="quantile must be above 0 and at most 1"):
            clv.plots.plot_spend_density(spend, summary, quantile=wrong)
    with pytest.raises(clv.InvalidInput, match="scale must be 'linear' or 'log'"):
        clv.plots.plot_spend_density(spend, summary, scale="cubic")
    with pytest.raises(clv.InvalidInput, match="model must be a SpendModel or a CLVModel; found PurchaseModel"):
        clv.plots.plot_spend_density(clv.PurchaseModel("nbd"), summary)
    with pytest.raises(clv.NotFitted):
        clv.plots.plot_spend_density(clv.SpendModel(), summary)
