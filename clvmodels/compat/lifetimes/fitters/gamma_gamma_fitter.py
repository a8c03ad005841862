"""GammaGammaFitter: Gamma-Gamma under the name that lifetimes gives it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ....errors import InvalidInput
from ....families import spend_family
from ....families.contract import SpendFamily
from ....inference.covariance import classical, curvature_of
from ....inference.maximum_likelihood import differences
from ....inference.patterns import Patterns
from ....models.fitting import patterns_of
from ....numerics.arrays import Array, map_blocks
from ..asking import aligned, answered, rows_of
from ..checks import ConvergenceError, _check_inputs, checked_weights
from ..differences import tell
from ..lifetime_value import DAYS, _customer_lifetime_value
from . import BaseFitter
from .estimation import Estimate, estimate, say

_FAMILY = spend_family("gamma_gamma")
_LOST = 2.0**-52 / 1e-6  # a rounding, of what can be seen


class GammaGammaFitter(BaseFitter):
    """Gamma-Gamma, fitted and asked as in lifetimes. Use ``clv.SpendModel("gamma_gamma")`` in new code.

    >>> fitter = GammaGammaFitter()
    >>> fitter.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    >>> fitter.conditional_expected_average_profit([2, 0], [22.35, 0.0]).round(2)
    array([24.66, 35.22])
    """

    _family: ClassVar[SpendFamily] = _FAMILY

    def fit(
        self,
        frequency: Any,
        monetary_value: Any,
        weights: Any = None,
        initial_params: Any = None,
        verbose: bool = False,
        tol: float = 1e-7,
        index: Any = None,
        q_constraint: bool = False,
        **kwargs: Any,
    ) -> GammaGammaFitter:
        """Minimise −Σ w ln L / Σ w + penalizer_coef · Σ θ², over q ≥ 1 only with ``q_constraint``.

        Customers without a repeat purchase, who tell nothing of repeat spend, are left out of both sums. What says how
        to search (``initial_params``, ``tol`` and further options) is taken and not needed.
        """
        frequency, monetary_value = np.asarray(frequency), np.asarray(monetary_value)
        _check_inputs(frequency, monetary_value=monetary_value)
        frequency, monetary_value = frequency.astype(float), monetary_value.astype(float)
        known = np.ones(frequency.shape, dtype=int) if weights is None else np.asarray(weights)
        patterns = _patterns(frequency, monetary_value, None if weights is None else known)
        found = _estimated(patterns, self.penalizer_coef, q_constraint)
        self._take(found, _FAMILY.parameters)
        self.data = pd.DataFrame(
            {"monetary_value": monetary_value, "frequency": frequency, "weights": known}, index=index
        )
        if verbose:
            say(found)
        return self

    @staticmethod
    def _negative_log_likelihood(
        log_params: Any, frequency: Any, avg_monetary_value: Any, weights: Any, penalizer_coef: float
    ) -> float:
        params = np.exp(np.asarray(log_params, dtype=np.float64))
        x, m, w = np.broadcast_arrays(
            *(np.asarray(v, dtype=np.float64) for v in (frequency, avg_monetary_value, weights))
        )
        came = ~(x == 0)
        value = _FAMILY.log_likelihood(x[came], m[came], *params)[0]
        return float(-(value @ w[came]) / w[came].sum() + penalizer_coef * (params**2).sum())

    def conditional_expected_average_profit(self, frequency: Any = None, monetary_value: Any = None) -> Any:
        """E[mean spend per purchase | history], by default of the fitted customers.

        Infinite where p·x + q ≤ 1, and the population's mean at frequency 0. Use ``SpendModel.expected_spend`` in new
        code.
        """
        frequency = self.data["frequency"] if frequency is None else frequency
        monetary_value = self.data["monetary_value"] if monetary_value is None else monetary_value
        parameters = self._unload_params(*_FAMILY.parameters)
        given = aligned(frequency, monetary_value)
        x, m = rows_of(*given)
        values = _FAMILY.expected_spend(x, m, *parameters)
        if np.any(np.isnan(x)):
            values = np.where(np.isnan(x), np.nan, values)
        missing = np.isnan(m)
        if np.any(missing) and np.any(unknown := missing & np.equal(x, 0)):
            tell("spend_of_nobody", f"{np.count_nonzero(unknown)} customers")
        q = parameters[1]
        if (q < 1 and np.any(np.isinf(values))) or _next_to_1(x, values, *parameters):
            tell("spend_infinite", f"q = {q:.4g}, {np.count_nonzero(np.isinf(values))} customers")
        return answered(values, *given)

    def customer_lifetime_value(
        self,
        transaction_prediction_model: Any,
        frequency: Any,
        recency: Any,
        T: Any,
        monetary_value: Any,
        time: float = 12,
        discount_rate: float = 0.01,
        freq: str = DAYS,
    ) -> pd.Series[float]:
        """Value of the next ``time`` months at ``discount_rate`` a month, what is bought in a month paid at its end.

        ``freq`` says in which unit T is; without it the unit is that of the summary the model was fitted on, where that
        is known, and days if not. Use ``clv.CLVModel(...).predict`` in new code.
        """
        spend = self.conditional_expected_average_profit(frequency, monetary_value)
        return _customer_lifetime_value(
            transaction_prediction_model, frequency, recency, T, spend, time, discount_rate, freq=freq
        )


def _next_to_1(x: Any, values: Any, p: float, q: float, v: float) -> bool:
    """Whether lifetimes, which divides by q − 1 and multiplies with it again, has lost its digits for somebody."""
    if q == 1:
        return True
    rounding = _LOST * p * v / abs(q - 1)
    if not np.any(values < rounding):
        return False
    return bool(np.any((values < rounding) & (np.asarray(x) > 0)))


def _patterns(frequency: Array, monetary_value: Array, weights: Array | None) -> Patterns:
    """Those who came back, merged."""
    if np.any(frequency < 0):
        raise InvalidInput(
            f"frequency must be at least 0: {np.count_nonzero(frequency < 0)} of {len(frequency)} rows are not, first "
            f"row {int(np.argmax(frequency < 0))}"
        )
    finite = np.isfinite(monetary_value) | (frequency == 0)
    if not finite.all():
        raise ConvergenceError(
            f"The model did not converge: monetary_value must be a finite number where frequency is above 0; "
            f"{int((~finite).sum())} of {len(finite)} rows have none, first row {int(np.argmin(finite))}"
        )
    known = None if weights is None else checked_weights(weights, len(frequency))
    came = frequency > 0
    if not (came if known is None else came & (known > 0)).any():
        raise ConvergenceError(
            f"The model did not converge: nobody came back, all {len(frequency)} customers have frequency 0 (or no "
            "weight), so there is no repeat spend to learn from"
        )
    if np.any(frequency == 0):
        tell("fit_of_nobody", f"{np.count_nonzero(frequency == 0)} of {len(frequency)} customers")
    columns = {"frequency": frequency[came], "monetary_value": monetary_value[came]}
    return patterns_of(columns, None if known is None else known[came])


def _estimated(patterns: Patterns, penalizer_coef: float, q_constraint: bool) -> Estimate:
    customers = float(patterns.weights.sum())

    def search(family: SpendFamily) -> Estimate:
        return estimate(
            family,
            patterns,
            repeaters=customers,
            penalizer_coef=penalizer_coef,
            divisor=customers,
            scales=np.ones(len(family.parameters)),
        )

    free = search(_FAMILY)
    if not q_constraint or free.parameters[1] >= 1:
        return free
    bound = search(replace(_FAMILY, parameters=("p", "v"), start=_start_of_two, log_likelihood=_at_q_of_1))
    p, v = bound.parameters
    at = np.array([p, 1.0, v])
    hessian = differences(lambda log: _gradient(patterns, log, customers, penalizer_coef), np.log(at))
    covariance = classical(curvature_of(hessian * customers, [False] * len(at)))
    return Estimate(at, bound.objective + penalizer_coef, covariance, bound.report, hessian)


def _start_of_two(x: Any, m: Any, weights: Any) -> tuple[float, float]:
    p, _, v = _FAMILY.start(x, m, weights)
    return p, v


def _at_q_of_1(x: Any, m: Any, p: Any, v: Any) -> tuple[Array, Array]:
    value, gradient = _FAMILY.log_likelihood(x, m, p, 1.0, v)
    return value, gradient[[0, 2]]


def _gradient(patterns: Patterns, log_parameters: Array, customers: float, penalizer_coef: float) -> Array:
    """Of lifetimes' objective in the log-parameters."""
    parameters = np.exp(log_parameters)

    def block(x: Array, m: Array, w: Array) -> Array:
        return np.asarray(np.sum(_FAMILY.log_likelihood(x, m, *parameters)[1] * w, axis=1))

    total = np.sum(map_blocks(block, (*patterns.columns, patterns.weights), len(patterns.weights)), axis=0)
    return np.asarray(-total / customers + 2 * penalizer_coef * parameters**2)
