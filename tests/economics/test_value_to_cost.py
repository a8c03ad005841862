"""LTV:CAC and bids for a ratio."""

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.economics import highest_bid, ltv_to_cac


def test_worked_by_hand():
    assert ltv_to_cac(90, 30) == 3.0
    np.testing.assert_array_equal(ltv_to_cac([90.0, -10.0, 0.0, 5.0], [30.0, 5.0, 0.0, 0.0]), [3.0, -2.0, 0.0, np.inf])
    assert ltv_to_cac(90, np.inf) == 0.0
    assert highest_bid(90) == 30.0
    np.testing.assert_array_equal(highest_bid(np.array([90.0, -3.0]), 2), [45.0, 0.0])


def test_the_bid_brings_the_ratio():
    values = np.array([3.0, 55.0, 1e6])
    for ratio in (1, 3, 4.5):
        np.testing.assert_allclose(ltv_to_cac(values, highest_bid(values, ratio)), ratio)


def test_series_keep_their_groups():
    value, cost = pd.Series({"ads": 90.0, "fair": 20.0}), pd.Series({"ads": 30.0, "fair": 40.0})
    assert ltv_to_cac(value, cost).to_dict() == {"ads": 3.0, "fair": 0.5}
    assert ltv_to_cac(value, 10).to_dict() == {"ads": 9.0, "fair": 2.0}
    assert ltv_to_cac(90, cost).index.tolist() == ["ads", "fair"]
    assert highest_bid(value).to_dict() == {"ads": 30.0, "fair": pytest.approx(20 / 3)}
    with pytest.raises(clv.InvalidInput, match=r"same groups in the same order: found \['ads', 'fair'\] and \['fair'"):
        ltv_to_cac(value, cost[::-1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ltv_to_cac(90, -1), "cost must be at least 0; found -1"),
        (lambda: ltv_to_cac(90, [1.0, np.nan]), "1 of 2 violate it, first at position 1 \\(nan\\)"),
        (lambda: ltv_to_cac(np.inf, 1), "value must be finite; found inf"),
        (lambda: ltv_to_cac("dear", 1), "value must be a number"),
        (lambda: highest_bid(90, 0), "ratio must be above 0"),
        (lambda: highest_bid(90, -3), "ratio must be finite and at least 0"),
        (lambda: highest_bid(np.nan), "value must be finite"),
        (lambda: highest_bid(90, [3, 4]), "ratio must be one number; found 2"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(clv.InvalidInput, match=message):
        call()
