"""Roots in time: over many powers of ten, without end, and of staircases."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from clvmodels.numerics.arrays import distinct
from clvmodels.numerics.roots import crossing_time


def test_roots_over_six_hundred_powers_of_ten():
    roots = 10.0 ** np.arange(-298, 299, 7)
    for power in (0.01, 1.0, 30.0):

        def distance(t, rows, power=power):
            with np.errstate(over="ignore"):
                return -np.expm1(-power * np.log(t / roots[rows]))

        assert_allclose(crossing_time(distance, np.ones(len(roots))), roots, rtol=1e-11)


def test_what_is_never_reached_and_what_always_was():
    found = crossing_time(lambda t, rows: np.array([-1.0, 1.0, -1.0])[rows] + 0 * t, np.array([1.0, 1.0, 1e300]))
    assert found.tolist() == [np.inf, 0.0, np.inf]
    assert len(crossing_time(lambda t, rows: t, np.zeros(0))) == 0


def test_a_step_is_found():
    at = np.array([1.0, 7.0, 1e6])
    assert_allclose(crossing_time(lambda t, rows: np.where(t < at[rows], -0.3, 0.7), np.ones(3)), at, rtol=1e-11)


def test_few_looks_are_enough():
    looks = []

    def distance(t, rows):
        looks.append(len(rows))
        return 1 - (1 + t) ** -0.6 - 0.5

    found = crossing_time(distance, np.ones(1))
    assert_allclose(found, 2 ** (1 / 0.6) - 1, rtol=1e-12)
    assert len(looks) < 15


def test_distinct_rows():
    rng = np.random.default_rng(0)
    columns = rng.integers(0, 3, (3, 500)).astype(float)
    rows, where = distinct(*columns, 2.0)
    for column, values in zip([*columns, np.full(500, 2.0)], rows, strict=True):
        np.testing.assert_array_equal(values[where], column)
    assert len(rows[0]) == len(set(zip(*columns, strict=True)))
    assert [len(v) for v in distinct(np.zeros(0), 1.0)[0]] == [0, 0]
