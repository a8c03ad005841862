"""Decisions from blocks of simulated values, beside the same computed from the whole array."""

import numpy as np
import pytest

from clvmodels.models.predictive import decisions

_DRAWS = 50


@pytest.fixture
def values() -> np.ndarray:
    generator = np.random.default_rng(3)
    some = generator.lognormal(3, 2, (500, _DRAWS))
    some[generator.random(some.shape) < 0.6] = 0.0
    some[:20] *= -1  # a negative margin
    return some


def shown(values: np.ndarray, size: int = 64):
    def show(look) -> None:
        for i in range(0, len(values), size):
            look(np.arange(i, min(i + size, len(values))), values[i : i + size])

    return show


@pytest.mark.parametrize("threshold", [0.0, 10.0, -5.0])
def test_exceeding_is_a_share_of_draws(values: np.ndarray, threshold: float) -> None:
    found = decisions.exceeds(shown(values), 500, threshold)
    assert np.array_equal(found, (values > threshold).mean(axis=1))


def test_every_customer_may_have_a_threshold(values: np.ndarray) -> None:
    limits = np.linspace(0, 100, 500)
    assert np.array_equal(decisions.exceeds(shown(values), 500, limits), (values > limits[:, None]).mean(axis=1))


@pytest.mark.parametrize("fraction", [0.01, 0.1, 0.3, 0.5, 0.9, 0.99])
def test_places_in_the_top_add_up(values: np.ndarray, fraction: float) -> None:
    found = decisions.in_top(shown(values), 500, _DRAWS, fraction)
    assert found.sum() == pytest.approx(fraction * 500, rel=1e-12)
    assert np.all((found >= 0) & (found <= 1))


@pytest.mark.parametrize("fraction", [0.01, 0.1, 0.3])
def test_the_top_is_that_of_sorted_values(values: np.ndarray, fraction: float) -> None:
    # where the top ends among positive values these all differ, and only those of one class, 1.6 % wide, share places
    found = decisions.in_top(shown(values), 500, _DRAWS, fraction)
    order = np.argsort(np.argsort(-values, axis=0), axis=0)
    assert np.abs(found - (order < fraction * 500).mean(axis=1)).max() <= 0.04


def test_equal_values_share_the_places() -> None:
    worth = np.zeros((10, 4))
    worth[0] = 7.0
    found = decisions.in_top(shown(worth), 10, 4, 0.2)
    assert found[0] == 1.0
    assert found[1:] == pytest.approx(1 / 9)


def test_losses_are_means_of_what_is_lost(values: np.ndarray) -> None:
    cost = np.linspace(1, 30, 500)
    treated, left = decisions.losses(shown(values), 500, cost, 0.5)
    gain = 0.5 * values - cost[:, None]
    assert treated == pytest.approx(np.maximum(-gain, 0).mean(axis=1))
    assert left - treated == pytest.approx(gain.mean(axis=1))


def test_classes_rise_with_the_values() -> None:
    values = np.array([-1e20, -5.0, -1e-3, -1e-12, 0.0, 1e-12, 1e-3, 1.0, 1.02, 5.0, 1e20])
    found = decisions._class_of(values)
    assert np.all(np.diff(found) >= 0)
    assert found[4] == decisions._CLASSES
    assert len(set(found.tolist())) == len(values)
    assert found.min() >= 0
    assert found.max() <= 2 * decisions._CLASSES
