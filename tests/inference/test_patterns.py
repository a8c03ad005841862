"""Merging equal rows against counting them one by one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvmodels.inference.patterns import Patterns, merge, sample

laws = settings(max_examples=60, derandomize=True, deadline=None)

# Times as summaries hold them (events in days, hours or weeks over a unit) and as nobody would write them.
GRIDS = st.sampled_from([1.0, 7.0, 24.0, 168.0, 30.4375, 365.25, 730.5, 8766.0])
ODD = st.floats(0, 1e12, allow_subnormal=True)


@st.composite
def tables(draw):
    """Two to four columns of 1 to 40 rows with many ties, each on a grid or on none."""
    n = draw(st.integers(1, 40))
    columns = []
    for _ in range(draw(st.integers(2, 4))):
        scale = draw(GRIDS | st.none())
        few = draw(st.lists(ODD if scale is None else st.integers(0, 10**6).map(lambda k, s=scale: k / s), min_size=1,
                            max_size=4))  # fmt: skip
        columns.append(np.array([draw(st.sampled_from(few)) for _ in range(n)]))
    return columns


def naive(columns, weights=None):
    counted = Counter()
    for i, row in enumerate(zip(*columns, strict=True)):
        counted[tuple(float(v) for v in row)] += 1 if weights is None else int(weights[i])
    return counted


def as_counts(patterns):
    return dict(zip(zip(*(c.tolist() for c in patterns.columns), strict=True), patterns.weights.tolist(), strict=True))


@laws
@given(tables())
def test_merge_counts_rows(columns):
    found = merge(columns)
    assert as_counts(found) == naive(columns)
    assert len(found.weights) == len(naive(columns))  # none twice
    assert found.weights.dtype == np.float64


@laws
@given(tables(), st.data())
def test_merge_adds_weights(columns, data):
    weights = np.array(data.draw(st.lists(st.integers(0, 9), min_size=len(columns[0]), max_size=len(columns[0]))))
    assert as_counts(merge(columns, weights.astype(float))) == naive(columns, weights)


@laws
@given(tables(), st.randoms(use_true_random=False))
def test_merge_forgets_the_order_of_rows(columns, random):
    order = np.array(random.sample(range(len(columns[0])), len(columns[0])))
    first, again = merge(columns), merge([c[order] for c in columns])
    assert np.array_equal(first.weights, again.weights)
    assert all(np.array_equal(a, b) for a, b in zip(first.columns, again.columns, strict=True))
    # With weights too, to the last bit: they are added in ascending order.
    weights = np.linspace(0.1, 1.7, len(order))
    assert np.array_equal(merge(columns, weights).weights, merge([c[order] for c in columns], weights[order]).weights)


@laws
@given(tables())
def test_merge_sorts_rows(columns):
    rows = list(zip(*(c.tolist() for c in merge(columns).columns), strict=True))
    assert rows == sorted(rows)


def test_merge_of_many_rows():
    """Both ways to count keys, dense and sparse, on a hundred thousand customers."""
    generator = np.random.default_rng(91)
    n = 100_000
    x = generator.poisson(1.5, n).astype(float)
    T = generator.integers(180, 275, n)
    t_x = np.where(x > 0, generator.integers(0, T + 1), 0)
    for scale in (7.0, 1.0, 365.25):
        columns = [x, t_x / scale, T / scale]
        assert as_counts(merge(columns)) == naive(columns)
    columns = [x, generator.random(n), T / 7]
    assert as_counts(merge(columns)) == naive(columns)


def test_merge_of_few_counts_with_amounts():
    """The amounts of each count are sorted by themselves; of many counts they are ranked."""
    generator = np.random.default_rng(94)
    amounts = np.concatenate([generator.integers(1, 400, 2500) / 3, generator.integers(1, 400, 2500) / 100])
    for columns in ([generator.poisson(2.0, 5000) * 1.0, amounts], [generator.permutation(5000) // 3.0, amounts]):
        found = merge(columns)
        assert as_counts(found) == naive(columns)
        rows = list(zip(*(c.tolist() for c in found.columns), strict=True))
        assert rows == sorted(set(rows))


def test_merge_keeps_neighbours_apart():
    """Values that differ in their last bit are two patterns."""
    t = np.array([30.43, np.nextafter(30.43, 31), 30.43, 213 / 7])
    found = merge([np.ones(4), t])
    assert sorted(found.weights.tolist()) == [1, 1, 2]
    assert set(found.columns[1].tolist()) == set(t.tolist())


def test_merge_of_huge_numbers():
    """Products of code ranges beyond 63 bits, and values beyond 31 bits."""
    generator = np.random.default_rng(92)
    columns = [generator.integers(0, 2, 500) * big for big in (2.0**30, 1e12, 1e300, 2.0**30, 3e9)]
    assert as_counts(merge(columns)) == naive(columns)


def test_merge_of_one_row():
    assert as_counts(merge([np.array([0.0]), np.array([0.0]), np.array([0.0])])) == {(0.0, 0.0, 0.0): 1.0}


@pytest.fixture
def patterns():
    generator = np.random.default_rng(93)
    return Patterns((np.arange(50.0), np.arange(50.0) ** 2), generator.integers(1, 100, 50).astype(float))


def test_sample_draws_customers_not_patterns(patterns):
    """By weight: χ² over the patterns, rejected at 1e-6."""
    from scipy import stats

    size = 20_000
    found = sample(patterns, size)
    assert found.weights.sum() == size
    assert np.array_equal(found.columns[1], found.columns[0] ** 2)
    expected = size * patterns.weights / patterns.weights.sum()
    counts = np.zeros(50)
    counts[found.columns[0].astype(int)] = found.weights
    assert np.sum((counts - expected) ** 2 / expected) < stats.chi2.isf(1e-6, 49)


def test_sample_is_always_the_same(patterns):
    first, again = sample(patterns, 300), sample(patterns, 300)
    assert np.array_equal(first.weights, again.weights)
    assert np.array_equal(first.columns[0], again.columns[0])


def test_sample_leaves_out_what_weighs_nothing():
    found = sample(Patterns((np.arange(4.0),), np.array([0.0, 5.0, 0.0, 5.0])), 1000)
    assert set(found.columns[0]) == {1.0, 3.0}
