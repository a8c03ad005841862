"""Totals and series: hand cases, and what a week or a world without purchases does."""

from __future__ import annotations

import math

import numpy as np
import pytest

from clvmodels.errors import InvalidInput
from clvmodels.validation.metrics.aggregate import (
    bias_ratio,
    bias_ratio_terms,
    cumulative_tracking_error,
    tracking_error,
)

# CDNOW sample, weeks 20-25: Pareto/NBD and actual increments as printed by the R package BTYD
PARETO_NBD = [78.308, 76.419, 74.648, 72.983, 71.414, 69.933]
ACTUAL = [73, 55, 70, 33, 56, 99]


def test_cdnow_weeks() -> None:
    by_hand = (5.308 + 21.419 + 4.648 + 39.983 + 15.414 + 29.067) / 386
    assert tracking_error(ACTUAL, PARETO_NBD) == pytest.approx(by_hand, rel=1e-12)


def test_cdnow_holdout_total() -> None:
    """1,882 purchases were made; the expectations of 1,665.513 in total are 11.5 % short."""
    assert bias_ratio([1882, 0], [1600.0, 65.513]) == pytest.approx(1665.513 / 1882)


def test_nothing_bought() -> None:
    assert bias_ratio([0, 0], [0.5, 0.0]) == math.inf
    assert math.isnan(bias_ratio([0, 0], [0.0, 0.0]))
    assert tracking_error([0, 0], [0.5, 0.0]) == math.inf
    assert math.isnan(tracking_error([0, 0], [0, 0]))
    assert math.isnan(cumulative_tracking_error([0, 0], [1.0, 2.0]))


def test_weeks_without_a_purchase_cost_what_was_predicted() -> None:
    assert tracking_error([10, 0], [10.0, 2.0]) == pytest.approx(0.2)
    assert cumulative_tracking_error([0, 10, 10], [3.0, 10.0, 12.0]) == pytest.approx(0.1)


def test_infinite_expectation_is_an_infinite_total() -> None:
    assert bias_ratio([1, 2], [math.inf, 1.0]) == math.inf


def test_a_series_that_falls_is_not_cumulative() -> None:
    with pytest.raises(InvalidInput, match=r"cumulative, never falling: 1 of 3 are not, first row 2 \(actual=4\)"):
        cumulative_tracking_error([1, 5, 4], [1.0, 5.0, 6.0])


def test_terms_have_the_ratio_as_mean() -> None:
    generator = np.random.default_rng(5)
    y, mean = generator.poisson(1.3, 500), generator.gamma(2, 0.5, 500)
    assert np.mean(bias_ratio_terms(y, mean)) == pytest.approx(bias_ratio(y, mean), rel=1e-12)


def test_terms_of_a_forecast_twice_as_high_are_twice_as_high() -> None:
    generator = np.random.default_rng(6)
    y, mean = generator.poisson(1.3, 500), generator.gamma(2, 0.5, 500)
    np.testing.assert_allclose(bias_ratio_terms(y, 2 * mean), 2 * bias_ratio_terms(y, mean), rtol=1e-12)
