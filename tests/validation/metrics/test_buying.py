"""Will he buy: against scikit-learn, proper by enumeration, ties, reliability bins."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from clvmodels.validation.metrics.buying import auc, auc_terms, brier, log_loss, reliability


@pytest.fixture
def sample() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(4)
    p = generator.beta(0.5, 1.2, 500).round(2)  # ties
    return generator.binomial(1, p) * generator.integers(1, 9, 500), p


def test_scikit_learn_agrees(sample: tuple[np.ndarray, np.ndarray]) -> None:
    y, p = sample
    inside = np.clip(p, 1e-15, 1 - 1e-15)
    assert brier(y, p) == pytest.approx(oracle.brier_score_loss(y > 0, p), rel=1e-12)
    assert log_loss(y, p) == pytest.approx(oracle.log_loss(y > 0, inside), rel=1e-12)
    assert auc(y, p) == pytest.approx(oracle.roc_auc_score(y > 0, p), rel=1e-12)


@pytest.mark.parametrize("score", [brier, log_loss])
@pytest.mark.parametrize("truth", [0.03, 0.24, 0.5, 0.9])
def test_the_true_probability_has_the_best_expected_score(score: object, truth: float) -> None:
    def expected(p: float) -> float:
        return truth * score([1], [p]) + (1 - truth) * score([0], [p])  # type: ignore[operator]

    assert all(expected(p) > expected(truth) for p in np.linspace(0.005, 0.995, 100) if abs(p - truth) > 1e-9)


def test_impossible_purchase_costs_34_nats() -> None:
    assert log_loss([1], [0.0]) == pytest.approx(-math.log(1e-15))
    assert log_loss([0], [1.0]) == pytest.approx(-math.log(1e-15), rel=1e-2)
    assert log_loss([0], [0.0]) == pytest.approx(1e-15)


scores = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=2, max_size=40)


@settings(max_examples=100, deadline=None)
@given(scores)
def test_area_is_the_share_of_pairs_in_order(rows: list[tuple[int, int]]) -> None:
    y, score = np.array(rows, dtype=float).T
    buyers, others = score[y > 0], score[y == 0]
    found = auc(y, score)
    if not len(buyers) or not len(others):
        assert math.isnan(found)
        return
    pairs = buyers[:, None] - others
    assert found == pytest.approx(float(np.mean(np.where(pairs == 0, 0.5, pairs > 0))))
    assert auc(y[::-1], score[::-1]) == pytest.approx(found)
    assert auc(y, np.exp(score)) == pytest.approx(found)
    assert np.mean(auc_terms(y, score)) == pytest.approx(found)


def test_infinite_scores_tie() -> None:
    assert auc([0, 1, 0, 1], [math.inf, math.inf, -math.inf, -math.inf]) == 0.5


def test_variance_of_the_area_is_delongs() -> None:
    """Var = S₁₀/n₁ + S₀₁/n₀ of the placements, by their definition, to the order 1/n that the terms keep."""
    generator = np.random.default_rng(6)
    y = generator.binomial(1, 0.3, 400)
    score = generator.normal(0.8 * y)
    above = (score[y == 1][:, None] > score[y == 0]).astype(float)
    want = np.var(above.mean(axis=1), ddof=1) / above.shape[0] + np.var(above.mean(axis=0), ddof=1) / above.shape[1]
    assert np.var(auc_terms(y, score), ddof=1) / 400 == pytest.approx(want, rel=0.02)


@pytest.mark.parametrize("binning", ["quantile", "width"])
def test_bins_hold_everybody_and_ties_stay_together(sample: tuple[np.ndarray, np.ndarray], binning: str) -> None:
    y, p = sample
    table = reliability(y, p, 10, binning)
    assert table["n"].sum() == 500
    assert table["n"] @ table["predicted"] == pytest.approx(p.sum())
    assert table["n"] @ table["actual"] == np.sum(y > 0)
    assert np.all(np.diff(table["predicted"]) > 0)
    turned = np.random.default_rng(0).permutation(500)
    for name, column in reliability(y[turned], p[turned], 10, binning).items():
        np.testing.assert_allclose(column, table[name], rtol=1e-12)


def test_bins_of_equal_width() -> None:
    table = reliability([1, 0, 0, 1, 1], [0.05, 0.1, 0.15, 0.95, 1.0], 10, "width")
    np.testing.assert_allclose(table["n"], [1, 2, 2])
    np.testing.assert_allclose(table["actual"], [1, 0, 1])
    np.testing.assert_allclose(table["standard_error"][1], math.sqrt(0.1 * 0.9 + 0.15 * 0.85) / 2)


def test_one_probability_for_all_is_one_bin() -> None:
    table = reliability([0, 0, 1], [0.2, 0.2, 0.2])
    assert table["n"].tolist() == [3]


def test_shares_scatter_by_their_standard_error() -> None:
    """z of 400 × 5 bins of right probabilities: mean square 1, standard error √(2/2000) = 0.032; 4 of them allowed."""
    generator = np.random.default_rng(8)
    z = []
    for _ in range(400):
        p = generator.beta(0.6, 1.5, 300)
        table = reliability(generator.binomial(1, p), p, 5)
        z.append((table["actual"] - table["predicted"]) / table["standard_error"])
    assert np.mean(np.square(z)) == pytest.approx(1, abs=0.13)
