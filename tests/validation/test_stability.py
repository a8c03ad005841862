"""Population stability index and distance, against their definitions."""

from __future__ import annotations

import numpy as np
from scipy import stats

from clvmodels.validation import stability


def test_the_index_is_the_sum_of_its_definition():
    then, now = np.array([100_000.0, 300_000.0, 600_000.0]), np.array([200_000.0, 300_000.0, 500_000.0])
    p, q = [0.1, 0.3, 0.6], [0.2, 0.3, 0.5]
    expected = sum((b - a) * np.log(b / a) for a, b in zip(p, q, strict=True))
    np.testing.assert_allclose(stability.stability_index(then, now), expected, rtol=1e-4)  # half a customer each
    assert stability.stability_index(then, then * 2) < 1e-9


def test_an_empty_bin_is_finite_and_one_empty_on_both_sides_is_none():
    assert np.isfinite(stability.stability_index(np.array([10.0, 0.0]), np.array([0.0, 10.0])))
    a = stability.stability_index(np.array([10.0, 20.0]), np.array([15.0, 15.0]))
    assert a == stability.stability_index(np.array([10.0, 0.0, 20.0]), np.array([15.0, 0.0, 15.0]))


def test_how_large_it_gets_by_chance():
    """4,000 pairs of samples of one population: the share above the 5 % bound is that within 4 standard errors."""
    generator = np.random.default_rng(1)
    then = generator.multinomial(2000, np.full(10, 0.1), 4000).astype(float)
    now = generator.multinomial(3000, np.full(10, 0.1), 4000).astype(float)
    above = [
        stability.stability_index(p, q) > stability.index_by_chance(p, q, 0.05) for p, q in zip(then, now, strict=True)
    ]
    assert abs(np.mean(above) - 0.05) < 0.014


def test_the_distance_never_exceeds_that_of_kolmogorov_and_smirnov():
    generator = np.random.default_rng(2)
    then, now = generator.gamma(1, 1, 500), generator.gamma(1, 1.5, 800)
    fine = np.unique(np.concatenate([then, now]))
    exact = stats.ks_2samp(then, now).statistic
    counts = [stability.counted(values, fine) for values in (then, now)]
    np.testing.assert_allclose(stability.distance(*counts), exact)
    coarse = np.quantile(then, np.arange(1, 10) / 10)
    counts = [stability.counted(values, coarse) for values in (then, now)]
    assert 0.8 * exact < stability.distance(*counts) <= exact


def test_counts_with_weights():
    counted = stability.counted(np.array([0.0, 1.0, 5.0]), np.array([0.0, 2.0]), np.array([3.0, 2.0, 1.0]))
    assert counted.tolist() == [3.0, 2.0, 1.0]
