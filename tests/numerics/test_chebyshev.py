"""Interpolated functions of a count and a continuous variable: as exact as if computed, from few points."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import special

from clvmodels.numerics.chebyshev import interpolated


def customers(most, n=20_000):
    generator = np.random.default_rng(7)
    return np.floor(most * generator.random(n) ** 3), generator.uniform(5.0, 700.0, n)


def smooth(x, z):
    return special.gammaln(0.3 + x) - (0.3 + x) * np.log(8.0 + z)


@pytest.mark.parametrize("most", [1, 15, 17, 200, 3000])
def test_as_exact_as_computed(most):
    x, z = customers(most)
    found = interpolated(lambda x, z: smooth(x, z) / (1 + x), x, z)
    assert_allclose(found, np.exp(smooth(x, z) / (1 + x)), rtol=1e-12)


@pytest.mark.parametrize("most", [200, 3000])
def test_many_counts_are_computed_at_few_points(most):
    asked = []

    def log_f(x, z):
        asked.append(len(x))
        return np.log1p(x) - np.log(z)

    x, z = customers(most)
    assert_allclose(interpolated(log_f, x, z), (1 + x) / z, rtol=1e-12)
    assert sum(asked) < 3000


@pytest.mark.parametrize("most", [60, 200, 3000])
def test_what_is_not_smooth_in_the_count_is_computed_for_each(most):
    def log_f(x, z):
        return np.where(x > 50, 2.0, 1.0) * np.cos(9 * x) - np.log(z)

    x, z = customers(most)
    assert_allclose(interpolated(log_f, x, z), np.exp(log_f(x, z)), rtol=1e-11)


def test_infinite_values_are_kept():
    x, z = customers(200)
    found = interpolated(lambda x, z: np.where(x > 100, np.inf, -np.log(z)), x, z)
    assert_allclose(found, np.where(x > 100, np.inf, 1 / z), rtol=1e-12)
