"""Questions about a customer who is not there yet."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..errors import InvalidInput
from ..families.contract import PurchaseFamily
from ..numerics.arrays import Array
from . import quantiles, questions
from .answers import checked_shares, is_list
from .fitted import checked_level
from .time_units import checked_lengths, labels, one_length, unit_known


class NewCustomer:
    """A customer not yet seen, who makes a first purchase at time 0; what is counted are the repeats.

    Made by `PurchaseModel.new_customer` of the model's ``family``, ``parameters`` and ``time_unit``; his history is
    x = t_x = T = 0. Every answer is a float for one horizon (or n, or q), an array for several (a list, or an array of
    any shape; two of them broadcast). Lengths are in the time unit and at least 0; inf is the limit.

    Examples
    --------
    >>> import clvmodels as clv
    >>> model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    >>> new = model.new_customer()
    >>> round(new.probability_of_purchase(horizon=39), 3), new.purchase_quantile(0.9, horizon=39)
    (0.426, 4)
    >>> {name: round(value, 2) for name, value in new.time_to_next_purchase(q=0.5).items()}
    {'probability_of_purchase': 1.0, 'time_to_next_purchase': 60.99}
    """

    def __init__(self, family: PurchaseFamily, parameters: tuple[float, ...], time_unit: str | None) -> None:
        self._family, self._parameters, self._time_unit = family, parameters, time_unit

    def p_alive(self, after: Any = 0) -> Any:
        """P(alive at ``after``, if nothing else is known), between 0 and 1.

        For Pareto/NBD (beta/(beta + after))^s. Raises InvalidInput if ``after`` is negative or no number.

        >>> import clvmodels as clv
        >>> parameters = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
        >>> new = clv.PurchaseModel.from_parameters("pareto_nbd", parameters, "week").new_customer()
        >>> new.p_alive([0, 52]).round(3)
        array([1.   , 0.358])
        """
        return self._ask(questions.p_alive, _lengths(after, "after"))

    def p_alive_if_no_purchase(self, until: Any) -> Any:
        """P(alive at ``until``, if there was no repeat purchase), between 0 and 1.

        P(alive at T | x = 0, t_x = 0, T = until). Raises InvalidInput if ``until`` is negative or no number.

        >>> import clvmodels as clv
        >>> parameters = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
        >>> new = clv.PurchaseModel.from_parameters("pareto_nbd", parameters, "week").new_customer()
        >>> round(new.p_alive_if_no_purchase(39), 3)
        0.294
        """
        return self._ask(questions.p_alive_if_no_purchase, _lengths(until, "until"))

    def expected_purchases(self, horizon: Any, start: float = 0) -> Any:
        """E[repeat purchases in (start, start + horizon]], at least 0.

        E[X(start + horizon)] − E[X(start)]; for NBD r/alpha · horizon. ``start`` is one finite number. Raises
        InvalidInput if a length is negative or no number; warns if the answer is infinite.

        >>> import clvmodels as clv
        >>> parameters = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
        >>> new = clv.PurchaseModel.from_parameters("pareto_nbd", parameters, "week").new_customer()
        >>> round(new.expected_purchases(horizon=52), 3), round(new.expected_purchases(horizon=26, start=26), 3)
        (1.473, 0.564)
        """
        return self._ask(
            questions.expected_purchases, _lengths(horizon, "horizon"), _lengths(one_length(start, "start"))
        )

    def purchase_pmf(self, n: Any, horizon: Any) -> Any:
        """P(n repeat purchases in (0, horizon]), between 0 and 1.

        For NBD Γ(r+n)/(Γ(r) n!) · (alpha/(alpha+horizon))^r · (horizon/(alpha+horizon))^n. Raises InvalidInput if ``n``
        is no whole number of at least 0 or ``horizon`` not finite, NotAvailable if the family does not provide it.

        >>> import clvmodels as clv
        >>> new = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, "week").new_customer()
        >>> new.purchase_pmf(range(3), horizon=39).round(3)
        array([0.574, 0.169, 0.089])
        """
        return self._ask(questions.purchase_pmf, _lengths(n, "n"), _lengths(horizon, "horizon"))

    def purchase_quantile(self, q: Any = 0.5, *, horizon: Any) -> Any:
        """Smallest n with P(at most n repeat purchases in (0, horizon]) ≥ q, a whole number; q in [0, 1).

        Raises InvalidInput if ``q`` or ``horizon`` cannot be used or the quantile is infinite.

        >>> import clvmodels as clv
        >>> new = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, "week").new_customer()
        >>> new.purchase_quantile([0.5, 0.9], horizon=39)
        array([0, 4])
        """
        return self._ask(quantiles.purchase_quantile, checked_shares(q, "q"), _lengths(horizon, "horizon"))

    def probability_of_purchase(self, horizon: Any, start: Any = 0) -> Any:
        """P(at least one repeat purchase in (start, start + horizon]), whatever comes before; inf: that there ever is.

        For NBD 1 − (alpha/(alpha+horizon))^r; for Pareto/NBD (beta/(beta+start))^s times that of a customer there at
        ``start``, whose μ ~ Gamma(s, beta+start). ``start`` is finite. Raises InvalidInput if a length cannot be used,
        NotAvailable if the family does not provide it.

        >>> import clvmodels as clv
        >>> new = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, "week").new_customer()
        >>> new.probability_of_purchase([39, 52]).round(3)
        array([0.426, 0.474])
        """
        begins = _lengths(start, "start")
        if not np.ndim(start) and not np.any(begins > 0):
            return self._ask(questions.probability_of_purchase, _lengths(horizon, "horizon"))
        if np.any(np.isinf(begins)):
            raise InvalidInput("start must be finite")
        return self._ask(_later, _lengths(horizon, "horizon"), begins)

    def discounted_expected_purchases(self, horizon: Any = math.inf, annual_discount_rate: float = 0.10) -> Any:
        """Discounted expected repeat purchases in (0, horizon] (DET); the first purchase is not in it.

        ∫ over (0, horizon] of e^(-delta·u) dE[X(u)], delta = ln(1 + annual_discount_rate) per year: for NBD without end
        r/alpha/delta. Raises InvalidInput and UnitMismatch as `PurchaseModel.discounted_expected_purchases`, which has
        the source.

        >>> import clvmodels as clv
        >>> parameters = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
        >>> new = clv.PurchaseModel.from_parameters("pareto_nbd", parameters, "week").new_customer()
        >>> round(new.discounted_expected_purchases(horizon=52, annual_discount_rate=0.10), 3)
        1.416
        """
        t = _lengths(horizon, "horizon")
        delta = questions.continuous_rate(annual_discount_rate, self._unit, t)
        return self._ask(lambda family, t, columns, values: questions.discounted(family, t, delta, columns, values), t)

    def residual_lifetime(self, q: Any = (0.1, 0.5, 0.9)) -> dict[str, Any]:
        """P(alive) right after the first purchase, and quantiles of the time from then on until an alive one leaves.

        As `PurchaseModel.residual_lifetime`: ``p_alive`` and ``residual_lifetime_0.1``, ... by name. For Pareto/NBD
        beta·((1 − q)^(−1/s) − 1). Raises InvalidInput if ``q`` is below 0, 1 or more, or no number.

        >>> import clvmodels as clv
        >>> parameters = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
        >>> new = clv.PurchaseModel.from_parameters("pareto_nbd", parameters, "week").new_customer()
        >>> {name: round(value, 2) for name, value in new.residual_lifetime(q=[0.25, 0.5]).items()}
        {'p_alive': 1.0, 'residual_lifetime_0.25': 7.09, 'residual_lifetime_0.5': 24.96}
        """
        return {"p_alive": self.p_alive()} | self._quantiles("residual_lifetime", quantiles.residual_lifetime, q)

    def time_to_next_purchase(self, q: Any = (0.1, 0.5, 0.9)) -> dict[str, Any]:
        """P(a repeat purchase ever), and quantiles of the time to the first one, given that there is one.

        As `PurchaseModel.time_to_next_purchase`. For NBD alpha·((1 − q)^(−1/r) − 1). Raises InvalidInput if ``q`` is
        below 0, 1 or more, or no number, NotAvailable if the family does not provide it.

        >>> import clvmodels as clv
        >>> parameters = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
        >>> new = clv.PurchaseModel.from_parameters("pareto_nbd", parameters, "week").new_customer()
        >>> {name: round(value, 2) for name, value in new.time_to_next_purchase(q=[0.25, 0.5]).items()}
        {'probability_of_purchase': 0.49, 'time_to_next_purchase_0.25': 3.06, 'time_to_next_purchase_0.5': 8.9}
        """
        ever = self._ask(quantiles.ever_a_purchase)
        times = self._quantiles("time_to_next_purchase", quantiles.time_to_next_purchase, q)
        return {"probability_of_purchase": ever} | times

    def time_to_last_purchase(self, q: Any = (0.1, 0.5, 0.9)) -> dict[str, Any]:
        """P(a repeat purchase ever), and quantiles of the time to the last one, given that there is one.

        As `PurchaseModel.time_to_last_purchase`. Raises InvalidInput if ``q`` is below 0, 1 or more, or no number,
        NotAvailable if the family does not provide it.

        >>> import clvmodels as clv
        >>> parameters = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
        >>> new = clv.PurchaseModel.from_parameters("pareto_nbd", parameters, "week").new_customer()
        >>> {name: round(value, 2) for name, value in new.time_to_last_purchase(q=[0.25, 0.5]).items()}
        {'probability_of_purchase': 0.49, 'time_to_last_purchase_0.25': 14.19, 'time_to_last_purchase_0.5': 55.95}
        """
        ever = self._ask(partial(quantiles.ever_a_purchase, asked="time_to_last_purchase"))
        times = self._quantiles("time_to_last_purchase", quantiles.time_to_last_purchase, q)
        return {"probability_of_purchase": ever} | times

    def latent_means(self) -> dict[str, float]:
        """Means of the purchase rate and of what governs dropout over all customers, by name.

        E[λ] = r/alpha per time unit, and E[p] = a/(a+b) or E[μ] = s/beta per time unit for BG/NBD and Pareto/NBD (for
        MBG/NBD after the first purchase too). Raises NotAvailable if the family does not provide it.

        >>> import clvmodels as clv
        >>> parameters = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
        >>> new = clv.PurchaseModel.from_parameters("pareto_nbd", parameters, "week").new_customer()
        >>> {name: round(value, 4) for name, value in new.latent_means().items()}
        {'purchase_rate': 0.0523, 'dropout_rate': 0.0519}
        """
        nothing = [np.zeros(1) for _ in self._family.statistics]
        means = questions.latent_means(self._family, nothing, self._parameters)
        return {name: float(value[0]) for name, value in means.items()}

    def latent_intervals(self, level: float = 0.9) -> dict[str, float]:
        """Mean of each rate over all customers, and the interval that holds the middle share ``level`` of them.

        ``purchase_rate_mean``, ``purchase_rate_low``, ``purchase_rate_high`` and so on by name, as
        `PurchaseModel.latent_intervals`: of λ ~ Gamma(r, alpha), and of p ~ Beta(a, b) or μ ~ Gamma(s, beta). Raises
        InvalidInput if ``level`` is not between 0 and 1, NotAvailable if the family does not provide it.

        >>> import clvmodels as clv
        >>> new = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, "week").new_customer()
        >>> {name: round(value, 4) for name, value in new.latent_intervals(level=0.8).items()}
        {'purchase_rate_mean': 0.0319, 'purchase_rate_low': 0.0002, 'purchase_rate_high': 0.0907}
        """
        nothing = [np.zeros(1) for _ in self._family.statistics]
        ends = quantiles.latent_intervals(self._family, checked_level(level), nothing, self._parameters)
        return {name: float(value[0]) for name, value in ends.items()}

    @property
    def _unit(self) -> str:
        return unit_known(self._time_unit, self._family.title)

    def _quantiles(self, name: str, function: Callable[..., Array], q: Any) -> dict[str, Any]:
        shares = checked_shares(list(q) if is_list(q) else q, "q")
        if not is_list(q):
            return {name: self._ask(function, shares)}
        each = [float(v) for v in shares]
        return {f"{name}_{label}": self._ask(function, v) for label, v in zip(labels(each, "q"), each, strict=True)}

    def _ask(self, function: Callable[..., Any], *given: Any) -> Any:
        try:
            shape = np.broadcast_shapes(*map(np.shape, given))
        except ValueError:
            sizes = " and ".join(str(np.size(v)) for v in given)
            raise InvalidInput(
                f"several values are taken in pairs, so there must be as many of each; found {sizes}"
            ) from None
        each = [np.broadcast_to(v, shape).ravel().astype(np.float64) for v in given]
        # A new customer is one whose history is empty: every statistic 0.
        nothing = [np.zeros(each[0].size if each else 1) for _ in self._family.statistics]
        result = function(self._family, *each, nothing, self._parameters)
        return result[0].item() if not shape else np.reshape(result, shape)


def _later(family: PurchaseFamily, horizon: Array, start: Array, _: Any, parameters: tuple[float, ...]) -> Array:
    return questions.probability_of_purchase_later(family, horizon, start, parameters)


def _lengths(given: Any, what: str = "") -> Array:
    return checked_lengths(list(given) if isinstance(given, range) else given, what)
