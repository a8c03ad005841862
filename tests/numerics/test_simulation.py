"""Event times come in order, however near they lie to one another."""

from __future__ import annotations

import numpy as np

from clvmodels.numerics.simulation import poisson_times


class Given:
    """In place of a random generator: so many events of each, and uniform numbers that are known."""

    def __init__(self, counts, uniform):
        self.counts, self.uniform = counts, uniform

    def poisson(self, _):
        return self.counts

    def random(self, _):
        return self.uniform


def test_customers_in_order_and_times_rising():
    upper = np.array([5.0, 0.0, 80.0, 1.0])
    most = np.array([2.0, np.inf, np.inf, 1.0])
    given = Given(np.array([3, 0, 2, 1]), np.array([0.2, 0.9, 0.0, 0.5, 0.75, 0.25]))
    owner, times = poisson_times(given, np.ones(4), upper, most)
    assert owner.tolist() == [0, 0, 2, 2, 3]
    np.testing.assert_allclose(times, [0.5, 4.0, 20.0, 40.0, 0.75])


def test_times_nearer_than_the_digits_left_beside_a_customers_number():
    customers, events = 2**20, 40
    counts = np.zeros(customers, dtype=np.int64)
    counts[-2:] = events
    uniform = np.tile(0.5 + np.arange(events) * 1e-13, 2)  # 1 − U falls
    owner, times = poisson_times(Given(counts, uniform), np.ones(customers), np.ones(customers), np.full(customers, 99))
    assert owner.tolist() == [customers - 2] * events + [customers - 1] * events
    assert np.all(np.diff(times.reshape(2, events), axis=1) > 0)
