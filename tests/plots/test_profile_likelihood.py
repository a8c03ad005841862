"""The picture of a profile likelihood: its curve, its line and its interval."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import clvmodels as clv


@pytest.fixture(scope="module")
def profile(summary, fitted):
    return fitted.profile_likelihood(summary, "a", level=0.9)


def test_the_curve_and_its_interval(profile):
    ax = clv.plots.plot_profile_likelihood(profile)
    curve, cut, *ends = ax.lines
    assert_allclose(curve.get_xdata(), profile.table["a"])
    assert_allclose(curve.get_ydata(), profile.table["relative"])
    assert_allclose(cut.get_ydata(), -stats.chi2.ppf(0.9, 1) / 2)
    assert_allclose([line.get_xdata()[0] for line in ends], profile.interval)
    # the line meets the curve at the ends of the interval
    met = np.interp(profile.interval, curve.get_xdata(), curve.get_ydata())
    assert_allclose(met, -stats.chi2.ppf(0.9, 1) / 2, rtol=0.05)
    (span,) = [patch for patch in ax.patches if patch.get_label() == "interval"]
    assert_allclose([span.get_x(), span.get_x() + span.get_width()], profile.interval)
    assert ax.get_xlabel() == "a"
    low, high = profile.interval
    assert ax.get_title() == f"Profile likelihood of a: 90 % interval {low:.3g} to {high:.3g}"


def test_a_model_is_asked_for_its_profile(summary, fitted, spend):
    whole = clv.CLVModel(fitted, spend)
    for model, name, part in ((fitted, "r", fitted), (whole, "r", fitted), (whole, "q", spend)):
        ax = clv.plots.plot_profile_likelihood(model, summary, name)
        assert_allclose(ax.lines[0].get_ydata(), part.profile_likelihood(summary, name).table["relative"], atol=1e-6)


def test_open_ends_are_told():
    table = pd.DataFrame({"s": [2.0, 1.0, 4.0], "relative": [-0.1, -3.0, 0.0]})
    ax = clv.plots.plot_profile_likelihood(clv.Profile(table, (1.2, math.inf), 0.95, "the interval is open upwards"))
    assert ax.lines[0].get_xdata().tolist() == [1, 2, 4]
    assert ax.get_title().endswith("95 % interval 1.2 to inf (open)")
    assert "Note: the interval is open upwards." in " ".join(ax.texts[-1].get_text().split())
    assert np.isfinite(ax.get_xlim()).all()
    ax = clv.plots.plot_profile_likelihood(clv.Profile(table, (0.0, 3.0), 0.95, ""))
    assert ax.get_title().endswith("0 (open) to 3")


def test_refusals(profile, summary, fitted):
    with pytest.raises(clv.InvalidInput, match="a profile is drawn as it is"):
        clv.plots.plot_profile_likelihood(profile, summary)
    with pytest.raises(clv.InvalidInput, match=r'write summary=\.\.\., name="r"'):
        clv.plots.plot_profile_likelihood(fitted)
    with pytest.raises(clv.InvalidInput, match=r"what model.profile_likelihood gives, or a model; found str"):
        clv.plots.plot_profile_likelihood("a", summary, "a")
    with pytest.raises(clv.InvalidInput, match="BG/NBD has the parameters"):
        clv.plots.plot_profile_likelihood(fitted, summary, "s")
