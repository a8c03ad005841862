"""Influence: slopes against closed forms, scores against the likelihood's own gradient, what a limit leaves."""

from __future__ import annotations

import numpy as np
import pytest

from clvmodels.families import purchase_family
from clvmodels.inference.covariance import curvature_of
from clvmodels.inference.influence import curvature_at, scores_along, slopes, sums_of_products
from clvmodels.inference.maximum_likelihood import Objective
from clvmodels.inference.patterns import indexed, merge

approx = pytest.approx
NBD = purchase_family("nbd")


def histories(n, seed=1, rate=0.1):
    generator = np.random.default_rng(seed)
    T = generator.integers(70, 280, n) / 7
    x = generator.poisson(rate * T).astype(float)
    return np.where(x > 0, x, 0.0), np.where(x > 0, T, 0.0), T


def test_slopes_are_derivatives_in_log_parameters():
    found = slopes(lambda theta: np.array([theta[0] ** 2.5, theta[0] / theta[1], np.exp(-theta[1])]), (3.0, 0.2))
    expected = [[2.5 * 3.0**2.5, 0.0], [15.0, -15.0], [0.0, -0.2 * np.exp(-0.2)]]
    assert found == approx(np.array(expected), rel=1e-7, abs=1e-10)


def test_scores_of_many_rows_are_those_of_each():
    columns, theta = histories(20_000), (0.6, 9.0)  # three blocks
    directions = np.array([[1.0, -2.0], [0.5, 0.0], [0.0, 3.0]])
    found = scores_along(NBD.log_likelihood, columns, theta, directions)
    assert found == approx(directions @ NBD.log_likelihood(*columns, *theta)[1], rel=1e-12, abs=1e-12)
    assert scores_along(NBD.log_likelihood, [c[:0] for c in columns], theta, directions).shape == (3, 0)


def test_sums_of_products_are_a_matrix_product():
    rows = np.random.default_rng(2).normal(size=(3, 500))
    assert sums_of_products(rows) == approx(rows @ rows.T, rel=1e-12)


def test_curvature_is_the_observed_information():
    patterns, theta = merge(histories(300)), (2.0, 20.0)
    found = curvature_at(NBD.log_likelihood, patterns, theta)
    information = Objective(NBD.log_likelihood, patterns, np.zeros(2)).information(np.log(theta))
    assert found.inverse == approx(np.linalg.inv(information), rel=1e-6)
    assert found.sharp.all()


def test_at_a_limit_only_what_the_limit_leaves_is_known():
    """Customers who all buy at one rate: r and alpha go to infinity together, r/alpha is theirs, as precise as Poisson.

    The error of ln(r/alpha) is then 1/√(number of purchases): the limiting model has one parameter.
    """
    generator = np.random.default_rng(4)
    T = np.full(400, 30.0)
    x = np.round(3 + 0.5 * generator.standard_normal(400))  # more alike than Poisson: the limit is the maximum
    patterns = merge([x, T - 1, T])
    direction = np.array([1.0, -1.0])  # ln r − ln alpha
    for alpha, flat in (1e7, False), (1e14, True):
        found = curvature_at(NBD.log_likelihood, patterns, (alpha * x.sum() / T.sum(), alpha))
        assert direction @ found.inverse @ direction == approx(1 / x.sum(), rel=1e-3)
        assert found.sharp.tolist() == [not flat, True]
    assert not curvature_of(np.full((2, 2), np.nan), [False, False]).sharp.any()


@pytest.mark.parametrize("scale", [1.0, 7.0])
def test_indexed_rows_come_back(scale):
    generator = np.random.default_rng(5)
    columns = [
        generator.integers(0, 9, 4000) / scale,
        generator.integers(0, 60, 4000) / 7,
        generator.integers(0, 3, 4000) * 1.1,
    ]
    rows, where = indexed(columns)
    for column, row in zip(columns, rows, strict=True):
        assert np.array_equal(row[where], column)
    assert len(rows[0]) == len(np.unique(np.stack(columns), axis=1).T) == where.max() + 1


def test_indexed_rows_of_more_values_than_a_key_has_room_for():
    generator = np.random.default_rng(6)
    columns = [generator.random(3000) for _ in range(7)]  # 3000^7 is beyond 2^63
    columns = [np.concatenate([column, column[:500]]) for column in columns]
    rows, where = indexed(columns)
    assert len(rows[0]) == 3000
    for column, row in zip(columns, rows, strict=True):
        assert np.array_equal(row[where], column)
