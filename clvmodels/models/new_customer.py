"""Questions about a customer who is not there yet."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..families.contract import PurchaseFamily
from ..numerics.arrays import Array
from . import questions
from .time_units import checked_lengths, one_length


class NewCustomer:
    """A customer not yet seen, who makes a first purchase at time 0; what is counted are the repeats.

    Every answer is a float for one horizon (or n), an array for several.
    """

    def __init__(self, family: PurchaseFamily, parameters: tuple[float, ...], time_unit: str) -> None:
        self._family, self._parameters, self._unit = family, parameters, time_unit

    def p_alive(self, after: Any = 0) -> Any:
        """P(alive at ``after``, if nothing else is known)."""
        return self._ask("after", after, questions.p_alive)

    def expected_purchases(self, horizon: Any, start: float = 0) -> Any:
        """E[repeat purchases in (start, start + horizon]]."""
        begin = one_length(start, "start")
        return self._ask(
            "horizon",
            horizon,
            lambda family, t, columns, values: questions.expected_purchases(family, t, begin, columns, values),
        )

    def purchase_pmf(self, n: Any, horizon: float) -> Any:
        """P(n repeat purchases in (0, horizon])."""
        t = one_length(horizon, "horizon")
        return self._ask(
            "n", n, lambda family, n, columns, values: questions.purchase_pmf(family, n, t, columns, values)
        )

    def probability_of_purchase(self, horizon: Any) -> Any:
        """P(at least one repeat purchase in (0, horizon])."""
        return self._ask("horizon", horizon, questions.probability_of_purchase)

    def discounted_expected_purchases(self, horizon: Any = math.inf, annual_discount_rate: float = 0.10) -> Any:
        """Discounted expected repeat purchases in (0, horizon] (DET); the first purchase is not in it."""

        def worth(family: PurchaseFamily, t: Any, columns: list[Array], values: Any) -> Array:
            delta = questions.continuous_rate(annual_discount_rate, self._unit, t)
            return questions.discounted(family, t, delta, columns, values)

        return self._ask("horizon", horizon, worth)

    def _ask(self, what: str, lengths: Any, function: Callable[..., Array]) -> Any:
        each = checked_lengths(list(lengths) if isinstance(lengths, range) else lengths, what)
        # A new customer is one whose history is empty: every statistic 0.
        flat = np.atleast_1d(each).ravel()
        nothing = [np.zeros(len(flat)) for _ in self._family.statistics]
        result = function(self._family, flat, nothing, self._parameters)
        return float(result[0]) if each.ndim == 0 else np.reshape(result, each.shape)
