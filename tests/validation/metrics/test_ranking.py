"""Order and concentration: hand cases, SciPy, and that the order of rows decides nothing."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from clvmodels.validation.metrics.order import average_ranks
from clvmodels.validation.metrics.ranking import (
    calibration_line,
    calibration_slope,
    calibration_slope_terms,
    deciles,
    gini,
    normalised_gini,
    spearman,
    top_20_capture,
    top_capture,
    top_decile_capture,
)

customers = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), min_size=2, max_size=30)
halves = st.sampled_from([1.0, 0.5])  # with 0.5 there are values that are no counts


def columns(rows: list[tuple[int, int]], scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    y, predicted = np.array(rows, dtype=float).T
    return y * scale, predicted * scale


@settings(max_examples=100, deadline=None)
@given(customers, halves)
def test_ranks_and_their_correlation_are_scipys(rows: list[tuple[int, int]], scale: float) -> None:
    y, predicted = columns(rows, scale)
    np.testing.assert_array_equal(average_ranks(predicted), stats.rankdata(predicted))
    if np.ptp(y) == 0 or np.ptp(predicted) == 0:
        assert math.isnan(spearman(y, predicted))
    else:
        assert spearman(y, predicted) == pytest.approx(stats.spearmanr(y, predicted).statistic, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(customers, st.randoms(use_true_random=False), halves)
def test_the_order_of_rows_decides_nothing(rows: list[tuple[int, int]], random: object, scale: float) -> None:
    y, predicted = columns(rows, scale)
    turned = np.array(random.sample(range(len(y)), len(y)))  # type: ignore[attr-defined]
    for measure in (spearman, normalised_gini, top_decile_capture, top_20_capture, calibration_slope):
        one, other = measure(y, predicted), measure(y[turned], predicted[turned])
        assert one == pytest.approx(other, rel=1e-9, abs=1e-12, nan_ok=True)
    for name, column in deciles(y, predicted).items():
        other = deciles(y[turned], predicted[turned])[name]
        np.testing.assert_allclose(column, other, rtol=1e-9, atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), min_size=2, max_size=6), st.sampled_from([0.1, 0.3, 0.5])
)
def test_ties_share_as_if_every_order_were_tried(rows: list[tuple[int, int]], share: float) -> None:
    """The mean over all ways to break the ties."""
    y, predicted = columns(rows)
    if y.sum() == 0:
        assert math.isnan(top_capture(y, predicted, share))
        return
    wanted = share * len(y)
    weight = np.clip(wanted - np.arange(len(y)), 0, 1)
    orders = [
        np.array(each) for each in itertools.permutations(range(len(y))) if np.all(np.diff(predicted[list(each)]) <= 0)
    ]
    captured = [float(weight @ y[order]) / y.sum() for order in orders]
    assert top_capture(y, predicted, share) == pytest.approx(np.mean(captured))
    ginis = [float(np.sum((len(y) - 1 - 2 * np.arange(len(y))) * y[order])) for order in orders]
    if np.ptp(y) > 0:
        most = np.sum((len(y) - 1 - 2 * np.arange(len(y))) * np.sort(y)[::-1])
        assert normalised_gini(y, predicted) == pytest.approx(np.mean(ginis) / most, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(customers)
def test_rising_transforms_change_no_order(rows: list[tuple[int, int]]) -> None:
    y, predicted = columns(rows)
    for measure in (spearman, normalised_gini, top_decile_capture):
        assert measure(y, predicted) == pytest.approx(measure(y, np.expm1(predicted) - 50), nan_ok=True)
        assert measure(y, predicted) == pytest.approx(measure(0.25 * y, predicted), nan_ok=True)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=2, max_size=20).filter(any))
def test_gini_is_half_the_relative_mean_difference(values: list[int]) -> None:
    v = np.array(values, dtype=float)
    assert gini(v) == pytest.approx(np.abs(v[:, None] - v).mean() / (2 * v.mean()), abs=1e-12)


def test_gini_by_hand() -> None:
    assert gini([1, 2, 3, 4, 5]) == pytest.approx(4 / 15)
    assert gini([7] * 9) == 0
    assert gini([0] * 9 + [3]) == pytest.approx(0.9)
    assert math.isnan(gini([0, 0]))


def test_gini_of_an_exponential_is_one_half() -> None:
    """Known value; the quantiles of 100,000 customers."""
    assert gini(stats.expon.ppf((np.arange(100_000) + 0.5) / 100_000)) == pytest.approx(0.5, abs=1e-4)


def test_perfect_reversed_and_ignorant_orders() -> None:
    y = np.array([0, 0, 1, 3, 7, 20.0])
    assert normalised_gini(y, y) == pytest.approx(1)
    assert normalised_gini(y, -y) == pytest.approx(-1)
    assert normalised_gini(y, np.ones(6)) == 0
    assert math.isnan(normalised_gini(np.ones(6), y))
    assert top_capture(y, np.ones(6), 0.5) == pytest.approx(0.5)
    assert top_capture(y, y, 1.0) == pytest.approx(1)


def test_infinite_predictions_rank_first_and_tie() -> None:
    y = [4, 2, 0, 0]
    assert top_capture(y, [math.inf, math.inf, 1, 0], 0.25) == pytest.approx(0.5)
    assert spearman(y, [math.inf, math.inf, 1, 0]) == pytest.approx(stats.spearmanr(y, [9, 9, 1, 0]).statistic)


@pytest.mark.parametrize("n", [1, 7, 10, 30, 2357])
def test_deciles_add_up(n: int) -> None:
    generator = np.random.default_rng(n)
    y, mean = generator.poisson(1, n), generator.gamma(1, 1, n).round(1)
    table = deciles(y, mean)
    np.testing.assert_allclose(table["n"], n / 10)
    assert table["actual_total"].sum() == pytest.approx(y.sum())
    assert table["predicted_total"].sum() == pytest.approx(mean.sum())
    assert np.all(np.diff(table["predicted_mean"]) <= 1e-12)
    if y.sum():
        assert table["share"][0] == pytest.approx(top_decile_capture(y, mean))
        assert table["share"][:2].sum() == pytest.approx(top_20_capture(y, mean))


def test_deciles_where_all_tie_or_nobody_buys() -> None:
    table = deciles([8, 0, 0, 0], [1, 1, 1, 1], groups=4)
    np.testing.assert_allclose(table["actual_total"], 2)
    assert np.all(np.isnan(deciles([0, 0], [1, 2], groups=2)["share"]))


def test_line_is_scipys() -> None:
    generator = np.random.default_rng(3)
    x = generator.gamma(1, 1, 200)
    y = generator.poisson(x)
    want = stats.linregress(x, y)
    line = calibration_line(y, x)
    assert line == pytest.approx((want.intercept, want.slope), rel=1e-10)
    terms = calibration_slope_terms(y, x)
    assert np.mean(terms) == pytest.approx(want.slope, rel=1e-10)
    residual, centred = y - line.intercept - line.slope * x, x - x.mean()
    robust = math.sqrt(np.sum((centred * residual) ** 2)) / np.sum(centred**2)  # White's HC0
    assert np.std(terms) / math.sqrt(200) == pytest.approx(robust, rel=1e-10)


def test_no_slope_without_differences() -> None:
    assert math.isnan(calibration_slope([0, 1, 2], [0.1, 0.1, 0.1]))
    assert math.isnan(calibration_slope([0, 1, 2], [0.1, math.inf, 0.1]))
    assert np.all(np.isnan(calibration_slope_terms([0, 1], [0.1, 0.1])))
