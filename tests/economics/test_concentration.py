"""Lorenz and whale curve, Gini coefficient, share of the best."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import clvmodels as clv

economics = clv.economics
AMOUNTS = st.lists(st.floats(0, 1e6).map(lambda v: round(v, 3)), min_size=1, max_size=30)


def mean_difference(values):
    """Gini's own definition, from all pairs: half the relative mean absolute difference."""
    v = np.asarray(values, dtype=float)
    return np.abs(v[:, None] - v[None, :]).sum() / (2 * len(v) ** 2 * v.mean())


def test_by_hand():
    table = economics.compute_concentration([1, 0, 6, 3])
    assert table["share_of_customers"].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert table["share_of_value"].tolist() == [0, 0.6, 0.9, 1, 1]
    assert_allclose(table["lorenz"], [0, 0, 0.1, 0.4, 1], atol=1e-15)
    assert table["value_from"].tolist()[1:] == [6, 3, 1, 0]
    # 2 (0·(−3) + 1·(−1) + 3·1 + 6·3) / 2 over 4·10
    assert economics.gini([1, 0, 6, 3]) == 0.5
    assert economics.top_share([1, 0, 6, 3], 0.375) == 0.75  # one customer and half of the next


@settings(max_examples=60, deadline=None)
@given(AMOUNTS, st.floats(1e-3, 1e3))
def test_laws(values, factor):
    v = np.array(values)
    found = economics.gini(v)
    table = economics.compute_concentration(v)
    if v.sum() == 0:
        assert math.isnan(found)
        assert table["share_of_value"].isna().all()
        return
    assert_allclose(found, mean_difference(v), atol=1e-9)
    assert_allclose(economics.gini(v * factor), found, atol=1e-9)
    assert_allclose(economics.gini(v[::-1]), found, atol=1e-12)
    assert -1e-12 <= found <= 1 - 1 / len(v) + 1e-12
    lorenz = table["lorenz"].to_numpy()
    assert (np.diff(lorenz, 2) >= -1e-9).all()  # convex
    assert (np.diff(table["share_of_value"], 2) <= 1e-9).all()
    assert_allclose(lorenz, 1 - table["share_of_value"].to_numpy()[::-1], atol=1e-9)
    # one row a customer: twice the area under the straight pieces is 1 − Gini
    assert_allclose(1 - 2 * np.trapezoid(lorenz, table["share_of_customers"]), found, atol=1e-9)


def test_long_curves_have_401_points_of_the_exact_one():
    v = np.random.default_rng(3).gamma(0.5, size=10_007)
    table = economics.compute_concentration(v)
    assert len(table) == 401
    down = np.sort(v)[::-1]
    for i in (1, 80, 200, 399):
        at = i / 400 * 10_007
        k = int(at)
        expected = down[:k].sum() + (at - k) * down[k]
        assert_allclose(table["total_value"][i], expected)
        assert_allclose(table["share_of_value"][i], economics.top_share(v, i / 400))
        assert table["value_from"][i] == down[k]
    assert table["share_of_value"].iloc[-1] == pytest.approx(1, abs=1e-12)


def test_cdnow(cdnow_scored):
    assert_allclose(economics.gini(cdnow_scored), mean_difference(cdnow_scored["clv"]))
    down = np.sort(cdnow_scored["clv"])[::-1]
    assert_allclose(economics.top_share(cdnow_scored), (down[:471].sum() + 0.4 * down[471]) / down.sum())
    assert_allclose(economics.gini(cdnow_scored, "p_alive"), mean_difference(cdnow_scored["p_alive"]))


def test_any_kind_of_values():
    v = [4.0, 1.0, 3.0]
    expected = economics.gini(v)
    for given_ in (np.array(v), pd.Series(v), pl.Series(v), pd.DataFrame({"clv": v}), pl.DataFrame({"clv": v})):
        assert economics.gini(given_) == expected
        assert len(economics.compute_concentration(given_)) == 4


def test_losses_raise_the_whale_above_the_whole():
    table = economics.compute_concentration([8.0, 4.0, -2.0])
    assert table["share_of_value"].max() == 1.2
    assert economics.top_share([8.0, 4.0, -2.0], 2 / 3) == pytest.approx(1.2)
    with pytest.raises(clv.InvalidInput, match=r"1 of 3 customers violate it, lowest -2\. Look at the whale curve"):
        economics.gini([8.0, 4.0, -2.0])
    assert math.isnan(economics.top_share([0.3, -0.2, -0.1]))
    assert economics.compute_concentration([1.0, -4.0])["share_of_value"].isna().all()


def test_no_customers():
    assert len(economics.compute_concentration([])) == 0
    assert math.isnan(economics.gini([]))
    assert math.isnan(economics.top_share([]))


@pytest.mark.parametrize("ask", [economics.compute_concentration, economics.gini, economics.top_share])
def test_refusals(ask):
    with pytest.raises(clv.InvalidInput, match="2 of 3 are missing, first in row 1"):
        ask([1.0, np.nan, np.nan])
    with pytest.raises(
        clv.InvalidInput, match=r"clv must be finite.*1 of 2 customers violate it, first customer_id='b'"
    ):
        ask(pd.DataFrame({"customer_id": ["a", "b"], "clv": [1.0, math.inf]}))
    with pytest.raises(clv.InvalidInput, match="no column 'clv'"):
        ask(pd.DataFrame({"customer_id": ["a", "b"]}))
    with pytest.raises(clv.InvalidInput, match="one number a customer"):
        ask(["a", "b"])


@pytest.mark.parametrize("share", [0, 1.1, "a", True, math.nan])
def test_a_share_of_customers(share):
    with pytest.raises(clv.InvalidInput, match="share must be above 0 and at most 1"):
        economics.top_share([1.0], share)
