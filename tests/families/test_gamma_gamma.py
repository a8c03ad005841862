"""Where the search for the Gamma-Gamma's parameters begins."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import clvmodels as clv
from clvmodels.families import gamma_gamma


@pytest.mark.parametrize("values", [(6.25, 3.74, 15.44), (1.5, 8.0, 700.0), (15.0, 2.2, 0.03)])
def test_start_lies_near(values):
    """20,000 customers of known parameters: p and q within a factor of 2, the mean within a half."""
    model = clv.SpendModel.from_parameters("gamma_gamma", dict(zip("pqv", values, strict=True)))
    counts = np.random.default_rng(120).geometric(0.4, 20_000)
    amounts = model.simulate(counts, seed=121)["amount"].to_numpy()
    m = np.add.reduceat(amounts, np.cumsum(counts) - counts) / counts
    found = np.array(gamma_gamma.start(counts.astype(float), m, np.ones(len(m))))
    assert_allclose(np.log(found[:2] / values[:2]), 0, atol=np.log(2))
    p, q, v = found
    assert p * v / (q - 1) == pytest.approx(m.mean(), rel=0.5)
    in_cents = np.array(gamma_gamma.start(counts.astype(float), 100 * m, np.full(len(m), 3.0)))
    assert_allclose(in_cents, found * [1, 1, 100], rtol=1e-9)


@pytest.mark.parametrize(
    ("x", "m"),
    [
        ([1.0], [20.0]),
        ([3.0, 3.0, 3.0], [20.0, 25.0, 7.0]),
        ([1.0, 2.0, 9.0], [20.0, 20.0, 20.0]),
        ([1.0, 1.0, 2.0, 9.0], [20.0, 20.0, 1e-9, 1e9]),
        ([1e6, 1.0], [1e-300, 1e300]),
    ],
)
def test_start_is_finite_whatever_was_spent(x, m):
    found = np.array(gamma_gamma.start(np.array(x), np.array(m), np.ones(len(x))))
    assert np.all(np.isfinite(found) & (found > 0))
