"""BetaGeoBetaBinomFitter: BG/BB under the name that lifetimes gives it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy.special import gammaln

from ....errors import InvalidInput
from ....families import purchase_family
from ....families.contract import PurchaseFamily
from ....inference.patterns import Patterns
from ....models import questions
from ....models.fitting import patterns_of
from ....numerics.arrays import Array, distinct
from ....numerics.gamma import log_beta
from ..asking import aligned, answered, of_rows, rows_of, time_unit_of
from ..checks import ConvergenceError, _check_inputs, checked_weights
from ..differences import tell, told
from . import BaseFitter
from .estimation import estimate, say

_FAMILY = purchase_family("bg_bb")
_FLOOR = 1e-15  # what lifetimes adds to the part of the likelihood of those who have left
_ROUNDING = 2.0**-52
_SEEN = 1e-6  # a relative difference worth telling
_MANY = 1000  # periods


class BetaGeoBetaBinomFitter(BaseFitter):
    """BG/BB, fitted and asked as in lifetimes. Use ``clv.PurchaseModel("bg_bb")`` in new code.

    >>> import clvmodels as clv
    >>> x, t_x, n, supporters = clv.load_donations()[["frequency", "recency", "T", "weights"]].to_numpy().T
    >>> BetaGeoBetaBinomFitter().fit(x, t_x, n, supporters)
    <lifetimes.BetaGeoBetaBinomFitter: fitted with 22 subjects, alpha: 1.20, beta: 0.75, delta: 2.78, gamma: 0.66>
    """

    _family: ClassVar[PurchaseFamily] = _FAMILY

    def fit(
        self,
        frequency: Any,
        recency: Any,
        n_periods: Any,
        weights: Any = None,
        initial_params: Any = None,
        verbose: bool = False,
        tol: float = 1e-7,
        index: Any = None,
        **kwargs: Any,
    ) -> BetaGeoBetaBinomFitter:
        """Minimise −Σ w ln L / Σ w + penalizer_coef · Σ θ².

        ``initial_params``, ``tol`` and further options are taken and not needed: the search goes to the optimum.
        """
        unit = time_unit_of(n_periods, recency, frequency)
        frequency, recency, n_periods = (np.asarray(v).astype(int, copy=False) for v in (frequency, recency, n_periods))
        known = np.ones_like(recency) if weights is None else np.asarray(weights)
        _check_inputs(frequency, recency, n_periods)
        patterns = _patterns(frequency, recency, n_periods, None if weights is None else known)
        x, t_x, n = patterns.columns
        customers = float(patterns.weights.sum())
        found = estimate(
            _FAMILY,
            patterns,
            repeaters=float(patterns.weights[x > 0].sum()),
            penalizer_coef=self.penalizer_coef,
            divisor=customers,
            scales=np.ones(len(_FAMILY.parameters)),
        )
        self._take(found, _FAMILY.parameters)
        if not told("bgbb_floor") and _matters(x, t_x, n, found.parameters):
            lifted = _lift(_FAMILY.log_likelihood(*patterns.columns, *found.parameters)[0], found.parameters)
            if float(patterns.weights @ lifted) / customers > _SEEN * abs(found.objective):
                tell("bgbb_floor")
        self._time_unit = unit
        self.data = pd.DataFrame(
            {"frequency": frequency, "recency": recency, "n_periods": n_periods, "weights": known}, index=index
        )
        self._bind()
        if verbose:
            say(found)
        return self

    def _bind(self) -> None:
        """There is no ``predict`` in lifetimes' fitter."""
        self.generate_new_data = self._generate

    def _generate(self, size: int = 1) -> pd.DataFrame:
        """New customers, each observed for as many periods as one of the data, who are gone through in order."""
        from ..generate_data import beta_geometric_beta_binom_model

        tell("bgbb_new_data")
        each = np.repeat(self.data["n_periods"].to_numpy(), self.data["weights"].to_numpy())
        periods = np.resize(each, size)
        alpha, beta, gamma, delta = self._unload_params(*_FAMILY.parameters)
        return beta_geometric_beta_binom_model(periods, alpha, beta, gamma, delta, size=size)

    @staticmethod
    def _loglikelihood(params: Any, x: Any, tx: Any, T: Any) -> Any:
        given = aligned(x, tx, T)
        parameters = [float(p) for p in params]

        def value(*columns: Any) -> Array:
            return _FAMILY.log_likelihood(*columns, *parameters)[0]

        values = of_rows(value, [], rows_of(*given))
        if np.any(_lift(values, parameters) > _SEEN * np.abs(values)):
            tell("bgbb_floor")
        return answered(values, *given)

    @staticmethod
    def _negative_log_likelihood(
        log_params: Any, frequency: Any, recency: Any, n_periods: Any, weights: Any, penalizer_coef: float = 0
    ) -> float:
        params, weights = np.exp(np.asarray(log_params, dtype=np.float64)), np.asarray(weights)
        values = np.asarray(BetaGeoBetaBinomFitter._loglikelihood(params, frequency, recency, n_periods))
        return float(-(values * weights).sum() / weights.sum() + penalizer_coef * (params**2).sum())

    def conditional_expected_number_of_purchases_up_to_time(
        self, m_periods_in_future: Any, frequency: Any, recency: Any, n_periods: Any
    ) -> Any:
        """E[purchases in the next m periods | history]. Use ``PurchaseModel.expected_purchases`` in new code."""
        parameters = self._unload_params(*_FAMILY.parameters)
        if _next_to_1(m_periods_in_future, n_periods, *parameters[2:]):
            tell("bgbb_gamma_of_1")

        def expected(m: Any, *columns: Array) -> Array:
            return questions.expected_purchases(_FAMILY, m, 0.0, columns, parameters)

        return self._asked(expected, m_periods_in_future, frequency, recency, n_periods)

    def conditional_probability_alive(
        self, m_periods_in_future: Any, frequency: Any, recency: Any, n_periods: Any
    ) -> Any:
        """P(not left by the end of m more periods | history). Use ``PurchaseModel.p_alive`` in new code."""
        parameters = self._unload_params(*_FAMILY.parameters)

        def alive(m: Any, *columns: Array) -> Array:
            return questions.p_alive(_FAMILY, m, columns, parameters)

        return self._asked(alive, m_periods_in_future, frequency, recency, n_periods)

    def _asked(self, question: Any, m: Any, frequency: Any, recency: Any, n_periods: Any) -> Any:
        given = aligned(m, frequency, recency, n_periods)
        m, x, t_x, n = rows_of(*given)
        if not (_whole(m) and _whole(n)):
            tell("bgbb_part_of_a_period")
        if np.any(np.less(m, 0)):
            tell("bgbb_before")
            m = np.maximum(m, 0.0) if np.ndim(m) else 0.0
        if not told("bgbb_floor") and _matters(x, t_x, n, self._unload_params(*_FAMILY.parameters)):
            tell("bgbb_floor")
        return answered(of_rows(question, [m], [x, t_x, n]), *given)

    def expected_number_of_transactions_in_first_n_periods(self, n: Any) -> pd.DataFrame:
        """How many customers are expected to buy in x of the first n periods, for each x of the data.

        Use ``PurchaseModel.new_customer().purchase_pmf`` in new code.
        """
        parameters = self._unload_params(*_FAMILY.parameters)
        if n != math.floor(n):
            tell("bgbb_part_of_a_period")
        counts = self.data.groupby("frequency")["weights"].sum()
        assert _FAMILY.purchase_pmf is not None
        shares = _FAMILY.purchase_pmf(counts.index.to_numpy(np.float64), float(n), *parameters)
        index = pd.Index(counts.index.to_numpy(), name="frequency")
        return pd.DataFrame({"model": shares * counts.sum()}, index=index)


def _patterns(frequency: Array, recency: Array, n_periods: Array, weights: Array | None) -> Patterns:
    columns = (np.asarray(column, dtype=np.float64) for column in (frequency, recency, n_periods))
    known = None if weights is None else checked_weights(weights, len(frequency))
    patterns = patterns_of(dict(zip(_FAMILY.statistics, columns, strict=True)), known)
    x, t_x, _ = patterns.columns
    if np.any((x > t_x) | (x < 0)):
        beyond = (frequency > recency) | (frequency < 0)
        row = int(np.argmax(beyond))
        raise InvalidInput(
            f"frequency must be from 0 to recency, the last period with a purchase: {int(beyond.sum())} of "
            f"{len(beyond)} rows violate it, first row {row} (frequency={frequency[row]}, recency={recency[row]}). Are "
            "these whole periods, counted from 1?"
        )
    if not x.any():
        raise ConvergenceError(
            f"The model did not converge: nobody came back, all {len(frequency)} customers have frequency 0"
        )
    return patterns


def _next_to_1(m: Any, n: Any, gamma: float, delta: float) -> bool:
    """Whether lifetimes' difference of Γ(1 + δ + n)/Γ(γ + δ + n) and the same of n + m has lost its digits."""
    if gamma == 1:
        return True
    m, n = rows_of(m, n)
    longest, soonest = float(np.max(n + m, initial=0.0)), float(np.min(np.where(m > 0, m, np.inf), initial=np.inf))
    last = float(np.max(n, initial=0.0))
    rounding = _ROUNDING * (1 + gammaln(1 + delta + longest))
    return bool(rounding > _SEEN * abs(gamma - 1) * np.log1p(soonest / (delta + last)))


def _whole(values: Any) -> bool:
    return bool(np.all((values == np.floor(values)) | np.isnan(values)))


def _matters(x: Any, t_x: Any, n: Any, parameters: Sequence[float] | Array) -> bool:
    """Whether the floor can be seen in the likelihood of one of the histories.

    No likelihood is below that of having stayed through all of the longest n, with one of the possible numbers of
    purchases; mostly that tells already that it cannot be seen.
    """
    alpha, beta, gamma, delta = parameters
    longest = float(np.max(n, initial=0.0, where=np.isfinite(n)))
    bought = np.arange(min(longest, _MANY) + 1)
    stayed = (
        log_beta(alpha + bought, beta + longest - bought) - log_beta(alpha, beta)
        + log_beta(gamma, delta + longest) - log_beta(gamma, delta)
    )  # fmt: skip
    if longest <= _MANY and not np.any(_lift(stayed, parameters) > _SEEN):
        return False
    rows, _ = distinct(*map(np.ravel, np.broadcast_arrays(x, t_x, n)))
    values = of_rows(lambda *columns: _FAMILY.log_likelihood(*columns, *parameters)[0], [], rows)
    return bool(np.any(_lift(values, parameters) > _SEEN))


def _lift(log_likelihood: Any, parameters: Sequence[float] | Array) -> Array:
    """How much higher ln L gets by the floor."""
    alpha, beta, gamma, delta = parameters
    floor = np.log(_FLOOR) - log_beta(alpha, beta) - log_beta(gamma, delta)
    return np.asarray(np.logaddexp(0.0, floor - log_likelihood))
