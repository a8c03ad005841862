"""BetaGeoFitter: BG/NBD under the name that lifetimes gives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from ....families import purchase_family
from ....families.contract import PurchaseFamily
from ....numerics.arrays import Array
from ..asking import aligned, answered, of_rows, rows_of
from ..differences import tell, told
from . import astray
from .purchase_fitter import PurchaseFitter, _no_less_than_none, _tell


class BetaGeoFitter(PurchaseFitter):
    """BG/NBD, fitted and asked as in lifetimes. Use ``clv.PurchaseModel("bg_nbd")`` in new code.

    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> BetaGeoFitter().fit(summary["frequency"], summary["recency"], summary["T"])
    <lifetimes.BetaGeoFitter: fitted with 2357 subjects, a: 0.79, alpha: 4.41, b: 2.43, r: 0.24>
    """

    _family: ClassVar[PurchaseFamily] = purchase_family("bg_nbd")
    _first_chance: ClassVar[int] = 0  # whether one may leave right after the first purchase

    def fit(
        self,
        frequency: Any,
        recency: Any,
        T: Any,
        weights: Any = None,
        initial_params: Any = None,
        verbose: bool = False,
        tol: float = 1e-7,
        index: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Minimise −Σ w ln L / Σ w + penalizer_coef · Σ θ², with the longest T as the unit of time.

        ``initial_params``, ``tol`` and further options are taken and not needed: the search goes to the optimum.
        """
        self._fit_rows(frequency, recency, T, weights, index, verbose, mean_weight=False)
        return self

    @classmethod
    def _log_likelihood(cls, params: Any, freq: Any, rec: Any, T: Any) -> Array:
        value = cls._family.log_likelihood_value
        assert value is not None
        return value(*rows_of(freq, rec, T), *(float(p) for p in params))

    @staticmethod
    def _negative_log_likelihood(
        log_params: Any, freq: Any, rec: Any, T: Any, weights: Any, penalizer_coef: float
    ) -> Any:
        return _objective(BetaGeoFitter, log_params, freq, rec, T, weights, penalizer_coef)

    def conditional_probability_alive(self, frequency: Any, recency: Any, T: Any) -> Array:
        """P(alive at T | history), an array also for a single customer. Use ``PurchaseModel.p_alive`` in new code."""
        if not self._first_chance and isinstance(frequency, (list, tuple, range)):
            _tell_of_a_list(frequency)
        values = np.atleast_1d(np.asarray(self._p_alive(frequency, recency, T)))
        return values if values.size > 1 else values.view(_OfOneCustomer)

    def probability_of_n_purchases_up_to_time(self, t: Any, n: Any) -> Any:
        """P(n purchases in (0, t]) of a new customer. Use ``PurchaseModel.new_customer`` in new code."""
        family, parameters = self._family, self._unload_params(*self._family.parameters)

        def pmf(n: Array, t: Array) -> Array:
            assert family.purchase_pmf is not None
            values = family.purchase_pmf(n, t, *parameters)
            if not told("pmf"):
                closed = astray.geometric_pmf(self._first_chance, parameters)
                _tell("pmf", astray.pmf(astray.differing(closed, [n, t], values)))
            return values

        t, n = aligned(t, n)
        times, counts = rows_of(t, n)
        values = of_rows(pmf, [], [counts, _no_less_than_none(times)])
        if np.size(times) > 1 and np.any(np.asarray(counts) >= 1 - self._first_chance):
            tell("pmf_of_times")
        return answered(values, t, n)

    def _closed_expectation(self, parameters: Sequence[float]) -> tuple[astray.Form, astray.Measures]:
        return astray.geometric_expectation(self._first_chance, parameters), astray.geometric_measures(parameters)

    def _closed_new_customer(self, parameters: Sequence[float]) -> astray.Form:
        return astray.geometric_new_customer(self._first_chance, parameters)

    def _generate(self, size: int = 1) -> pd.DataFrame:
        from ..generate_data import beta_geometric_nbd_model

        r, alpha, a, b = self._unload_params(*self._family.parameters)
        return beta_geometric_nbd_model(self._ages(), r, alpha, a, b, size=size)


def _tell_of_a_list(frequency: Any) -> None:
    """Say so where lifetimes compares a whole list with 0, and finds that it is not."""
    if np.any(np.asarray(frequency) == 0):
        tell("alive_list")


class _OfOneCustomer(np.ndarray[Any, np.dtype[np.float64]]):
    """An array of one value, which `float` takes as any such array was taken before NumPy 2.4: many rely on that."""

    def __float__(self) -> float:
        return float(self.item()) if self.size == 1 else super().__float__()

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        """What is computed from it: one value again, as 1 − P(alive) is, a number as its mean, or any array."""
        plain = np.asarray(array)
        if return_scalar or not plain.ndim:
            return plain[()]
        return plain.view(_OfOneCustomer) if plain.size == 1 else plain

    def __repr__(self) -> str:
        return repr(np.asarray(self))


def _objective(
    fitter: type[BetaGeoFitter], log_params: Any, freq: Any, rec: Any, T: Any, weights: Any, penalizer_coef: float
) -> Any:
    params, weights = np.exp(np.asarray(log_params, dtype=np.float64)), np.asarray(weights)
    total = (weights * fitter._log_likelihood(params, freq, rec, T)).sum()
    return -total / weights.sum() + penalizer_coef * float((params**2).sum())
