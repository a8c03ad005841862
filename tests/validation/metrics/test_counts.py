"""Scores of one predicted number: against scikit-learn, and proper for what they say, by enumeration."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as oracle

from clvmodels.errors import InvalidInput
from clvmodels.validation.metrics.counts import mae, msle, poisson_deviance, poisson_deviances, rmse, rmse_terms

N = np.arange(200)
# the future of one customer: nearly surely nothing, or a lot
TRUTHS = {
    "poisson": stats.poisson(1.4).pmf(N),
    "nbd": stats.nbinom(0.4, 0.4 / (0.4 + 1.4)).pmf(N),
}
GRID = np.linspace(0.02, 4, 200)


@pytest.fixture
def sample() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(2)
    return generator.poisson(1.2, 400), generator.gamma(2, 0.6, 400)


def test_scikit_learn_agrees(sample: tuple[np.ndarray, np.ndarray]) -> None:
    y, mean = sample
    assert mae(y, mean) == pytest.approx(oracle.mean_absolute_error(y, mean), rel=1e-12)
    assert rmse(y, mean) == pytest.approx(oracle.root_mean_squared_error(y, mean), rel=1e-12)
    assert msle(y, mean) == pytest.approx(oracle.mean_squared_log_error(y, mean), rel=1e-12)
    assert poisson_deviance(y, mean) == pytest.approx(oracle.mean_poisson_deviance(y, mean), rel=1e-12)


def expected_score(score: object, truth: np.ndarray, point: float) -> float:
    each = [score([n], [point]) for n in range(60)]  # type: ignore[operator]
    return float(np.sum(truth[:60] * each))


@pytest.mark.parametrize("law", TRUTHS)
@pytest.mark.parametrize("score", [lambda y, m: rmse(y, m) ** 2, poisson_deviance], ids=["squared error", "deviance"])
def test_the_mean_has_the_best_expected_score(law: str, score: object) -> None:
    truth = TRUTHS[law][:60] / TRUTHS[law][:60].sum()
    mean = float(truth @ np.arange(60))
    at_mean = expected_score(score, truth, mean)
    for other in (0.5, 0.9, 0.99, 1.01, 1.1, 2):
        assert expected_score(score, truth, mean * other) > at_mean


@pytest.mark.parametrize("law", TRUTHS)
def test_the_median_has_the_best_expected_absolute_error(law: str) -> None:
    truth = TRUTHS[law]
    median = float(np.searchsorted(np.cumsum(truth), 0.5))
    scores = [expected_score(mae, truth, point) for point in GRID]
    assert expected_score(mae, truth, median) <= min(scores)


def test_absolute_error_prefers_to_deny_the_few_who_buy() -> None:
    truth = TRUTHS["nbd"]
    assert expected_score(mae, truth, 0.0) < expected_score(mae, truth, 1.4)


@pytest.mark.parametrize("law", TRUTHS)
def test_log_error_is_proper_for_less_than_the_mean(law: str) -> None:
    truth = TRUTHS[law]
    best = float(np.expm1(truth @ np.log1p(N)))
    assert best < truth @ N
    assert all(expected_score(msle, truth, best) <= expected_score(msle, truth, point) for point in GRID)


def test_denied_purchase_has_infinite_deviance() -> None:
    assert poisson_deviance([1, 0], [0.0, 0.0]) == math.inf
    assert poisson_deviance([1, 0], [0.0, 0.0], floor=0.5) == pytest.approx((2 * (math.log(2) - 0.5) + 1) / 2)
    assert poisson_deviance([0, 0], [0.0, 0.0]) == 0
    assert poisson_deviance([1, 0], [math.inf, 1.0]) == math.inf


def test_deviance_beside_the_actual_keeps_its_digits() -> None:
    """To second order (y − μ)²/μ, where the formula as it stands loses all digits."""
    found = poisson_deviances([5.0], [5.0 * (1 + 1e-6)])
    assert found[0] == pytest.approx(5e-12, rel=1e-3)


@pytest.mark.parametrize("floor", [-1.0, math.nan, math.inf])
def test_floor_out_of_range(floor: float) -> None:
    with pytest.raises(InvalidInput, match="floor must be a finite mean"):
        poisson_deviance([1], [1.0], floor)


def test_terms_of_the_root(sample: tuple[np.ndarray, np.ndarray]) -> None:
    assert np.mean(rmse_terms(*sample)) == pytest.approx(rmse(*sample), rel=1e-12)
    assert np.all(rmse_terms([1, 2], [1.0, 2.0]) == 0)


def test_money_in_other_units_scales(sample: tuple[np.ndarray, np.ndarray]) -> None:
    y, mean = sample
    for score in (mae, rmse, poisson_deviance):
        assert score(100 * y, 100 * mean) == pytest.approx(100 * score(y, mean), rel=1e-12)
