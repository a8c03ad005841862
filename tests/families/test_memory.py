"""What a family holds at once does not grow with nodes times customers."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose

from clvmodels.families import pareto_nbd

PARAMETERS = (0.553, 10.578, 0.606, 11.669)


def customers(n):
    generator = np.random.default_rng(11)
    T = generator.uniform(1.0, 100.0, n)
    return np.floor(20 * generator.random(n) ** 3), T * generator.random(n), T


@pytest.mark.parametrize("function", [pareto_nbd.log_likelihood, pareto_nbd.log_likelihood_value])
def test_the_dropout_integral_goes_block_by_block(function):
    n = 30_000
    columns = customers(n)
    function(*columns, *PARAMETERS)  # tables that are kept
    tracemalloc.start()
    function(*columns, *PARAMETERS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 35 * 8 * n  # a node of one array is 8 n bytes, and there are two dozen nodes in seven arrays


def test_blocks_are_no_different():
    columns = customers(3000)
    values, gradient = pareto_nbd.log_likelihood(*columns, *PARAMETERS)
    for i in (0, 1023, 1024, 2999):
        one = [column[i] for column in columns]
        value, slopes = pareto_nbd.log_likelihood(*one, *PARAMETERS)
        assert_allclose(values[i], value, rtol=1e-10)
        assert_allclose(gradient[:, i], slopes, rtol=1e-9, atol=1e-9)
        assert_allclose(pareto_nbd.log_likelihood_value(*one, *PARAMETERS), value, rtol=1e-10)
