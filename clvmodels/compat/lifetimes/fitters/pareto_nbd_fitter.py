"""ParetoNBDFitter: Pareto/NBD under the name that lifetimes gives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from ....errors import InvalidInput
from ....families import purchase_family
from ....families.contract import PurchaseFamily
from ....models import questions
from ....numerics.arrays import Array
from ..asking import aligned, answered, of_rows, rows_of
from ..differences import tell, told
from . import astray
from .purchase_fitter import PurchaseFitter, _tell

_FAMILY = purchase_family("pareto_nbd")
_CELLS = 2000  # a third of a second, one by one


class ParetoNBDFitter(PurchaseFitter):
    """Pareto/NBD, fitted and asked as in lifetimes. Use ``clv.PurchaseModel("pareto_nbd")`` in new code."""

    _family: ClassVar[PurchaseFamily] = _FAMILY
    _errors_are_new: ClassVar[str | None] = "pareto_errors"

    def fit(
        self,
        frequency: Any,
        recency: Any,
        T: Any,
        weights: Any = None,
        iterative_fitting: int = 1,
        initial_params: Any = None,
        verbose: bool = False,
        tol: float = 1e-4,
        index: Any = None,
        fit_method: str = "Nelder-Mead",
        maxiter: int = 2000,
        **kwargs: Any,
    ) -> Self:
        """Minimise −Σ w ln L / mean(w) + penalizer_coef · Σ θ², with the longest T as the unit of time.

        What says how to search is taken and not needed: one search goes to the optimum.
        """
        if iterative_fitting <= 0:
            raise InvalidInput("iterative_fitting parameter should be greater than 0 as of lifetimes v0.2.1")
        if iterative_fitting > 1 and initial_params is not None:
            raise InvalidInput(
                "iterative_fitting and initial_params should not be both set, as no improvement could be made."
            )
        self._fit_rows(frequency, recency, T, weights, index, verbose, mean_weight=True)
        self._tell_of_many()
        return self

    def _tell_of_many(self) -> None:
        """Say so where lifetimes' likelihood is no number at the optimum, in its unit of time."""
        if told("pareto_fit_of_many"):
            return
        unit = np.array([self._scale if name in _FAMILY.time_parameters else 1.0 for name in _FAMILY.parameters])
        parameters = (self.params_.to_numpy() * unit).tolist()
        closed = astray.pareto_log_likelihood(parameters)
        x, t_x, T = (self.data[name].to_numpy(np.float64) for name in _FAMILY.statistics)
        row = astray.differing(
            lambda *columns: np.isfinite(closed(*columns)).astype(float),
            [x, t_x * self._scale, T * self._scale],
            lambda *columns: 1.0,
            astray.pareto_measures(parameters),
        )
        if row is not None:
            tell("pareto_fit_of_many", f"frequency {row[0]:.0f}")

    @staticmethod
    def _log_A_0(  # noqa: N802, its name there
        params: Any, freq: Any, recency: Any, age: Any
    ) -> Any:
        """Ln of the integral in P(alive) = 1/(1 + s/(r+s+x) · (alpha+T)^(r+x) (beta+T)^s · A_0)."""
        r, alpha, s, beta = (float(p) for p in params)
        given = aligned(freq, recency, age)
        x, t_x, T = rows_of(*given)
        left = -_FAMILY.log_p_alive(x, t_x, T, r, alpha, s, beta)
        with np.errstate(divide="ignore"):
            log_odds = left + np.log(-np.expm1(-left))
        value = log_odds - np.log(s) + np.log(r + s + x) - (r + x) * np.log(alpha + T) - s * np.log(beta + T)
        return answered(value, *given)

    @staticmethod
    def _conditional_log_likelihood(params: Any, freq: Any, rec: Any, T: Any) -> Any:
        given = aligned(freq, rec, T)
        assert _FAMILY.log_likelihood_value is not None
        return answered(_FAMILY.log_likelihood_value(*rows_of(*given), *(float(p) for p in params)), *given)

    @staticmethod
    def _negative_log_likelihood(params: Any, freq: Any, rec: Any, T: Any, weights: Any, penalizer_coef: float) -> Any:
        params, weights = np.asarray(params, dtype=np.float64), np.asarray(weights)
        if np.any(params <= 0):
            return np.inf
        total = (weights * ParetoNBDFitter._conditional_log_likelihood(params, freq, rec, T)).sum()
        return -total / weights.mean() + penalizer_coef * float((params**2).sum())

    def conditional_probability_alive(self, frequency: Any, recency: Any, T: Any) -> Any:
        """P(alive at T | history). Use ``PurchaseModel.p_alive`` in new code."""
        values = self._p_alive(frequency, recency, T)
        _tell_of_two_dimensions(frequency, values)
        return values

    def conditional_expected_number_of_purchases_up_to_time(self, t: Any, frequency: Any, recency: Any, T: Any) -> Any:
        """E[purchases in (T, T + t] | history]. Use ``PurchaseModel.expected_purchases`` in new code."""
        values = super().conditional_expected_number_of_purchases_up_to_time(t, frequency, recency, T)
        _tell_of_two_dimensions(frequency, values)
        return values

    def conditional_probability_alive_matrix(self, max_frequency: Any = None, max_recency: Any = None) -> Array:
        """P(alive) as a matrix, as of `BetaGeoFitter`; a small one cell by cell.

        So each cell is, to the last bit, what a single customer gets: the integral of many at once takes as many nodes
        as the hardest of them needs.
        """
        most, longest = self._matrix_ends(max_frequency, max_recency)
        if (most + 1) * (longest + 1) > _CELLS:
            return super().conditional_probability_alive_matrix(most, longest)
        return np.array([[self._p_alive(x, t_x, longest) for x in range(most + 1)] for t_x in range(longest + 1)])

    def conditional_probability_of_n_purchases_up_to_time(
        self, n: Any, t: Any, frequency: Any, recency: Any, T: Any
    ) -> Any:
        """P(n purchases in (T, T + t] | history). Use ``PurchaseModel.purchase_pmf`` in new code."""
        parameters = self._unload_params(*_FAMILY.parameters)
        given = aligned(n, t, frequency, recency, T)
        n, t, *rows = rows_of(*given)
        if np.any(np.asarray(t) <= 0):
            tell("pmf_of_no_time")
            t = np.maximum(t, 0.0)

        def pmf(n: Any, t: Any, *columns: Array) -> Array:
            values = questions.purchase_pmf(_FAMILY, n, t, columns, parameters)
            if not told("pmf"):
                rows, measures = (n, t, *columns), astray.pareto_measures(parameters)
                _tell("pmf", astray.pmf(astray.differing(astray.pareto_pmf(parameters), rows, values, measures)))
            return values

        values = of_rows(pmf, [n, t], rows)
        _tell_of_two_dimensions(frequency, values)
        return answered(values, *given)

    def _closed_expectation(self, parameters: Sequence[float]) -> tuple[astray.Form, astray.Measures]:
        return astray.pareto_expectation(parameters), astray.pareto_measures(parameters)

    def _closed_new_customer(self, parameters: Sequence[float]) -> astray.Form:
        return astray.pareto_new_customer(parameters)

    def _closed_alive(self, parameters: Sequence[float]) -> tuple[astray.Form, astray.Measures]:
        return astray.pareto_alive(parameters), astray.pareto_measures(parameters)

    def _generate(self, size: int = 1) -> pd.DataFrame:
        from ..generate_data import pareto_nbd_model

        r, alpha, s, beta = self._unload_params(*_FAMILY.parameters)
        return pareto_nbd_model(self._ages(), r, alpha, s, beta, size=size)


def _tell_of_two_dimensions(frequency: Any, values: Any) -> None:
    """Say so where lifetimes, which gives signs to as many as there are frequencies, gives them to the wrong ones."""
    shape = np.shape(values)
    if len(shape) < 2 or not np.ndim(frequency) or shape[-2] not in (1, 2):
        return
    if shape[-1] == 1 or len(frequency) in (1, shape[-1]):
        tell("pareto_two_dimensions")
