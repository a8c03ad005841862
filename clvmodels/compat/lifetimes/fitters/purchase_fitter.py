"""What the fitters of purchases have in common: rows that are fitted, and questions about customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ....errors import InvalidInput
from ....families.contract import PurchaseFamily
from ....models import questions
from ....models.fitting import patterns_of
from ....numerics.arrays import Array
from ..asking import aligned, answered, of_rows, rows_of, time_unit_of
from ..checks import ConvergenceError, _check_inputs, checked_weights
from ..differences import tell, told
from . import BaseFitter, astray
from .estimation import estimate, say


class PurchaseFitter(BaseFitter):
    """A fitter of one of the purchase families."""

    _family: ClassVar[PurchaseFamily]

    def _fit_rows(
        self, frequency: Any, recency: Any, T: Any, weights: Any, index: Any, verbose: bool, mean_weight: bool
    ) -> None:
        """Estimate the parameters; ``mean_weight`` divides the sum by it, and not by the sum of the weights."""
        unit, family = time_unit_of(T, recency, frequency), self._family
        frequency, recency, T = np.asarray(frequency), np.asarray(recency), np.asarray(T)
        _check_numbers(frequency, recency, T)
        frequency = frequency.astype(int)
        known = np.ones(recency.shape, dtype=int) if weights is None else np.asarray(weights)
        _check_inputs(frequency, recency, T)
        weighed = None if weights is None else checked_weights(known, len(T))
        rows = {"frequency": frequency, "recency": recency.copy(), "T": T.copy(), "weights": known.copy()}
        data = pd.DataFrame(rows, index=index, copy=False)  # copied once: ``frequency`` was by astype
        if not T.max() > 0:
            raise ConvergenceError(
                f"The model did not converge: all {len(T)} customers were observed for no time at all (T = 0)"
            )
        columns = (np.asarray(column, dtype=np.float64) for column in (frequency, recency, T))
        patterns = patterns_of(dict(zip(family.statistics, columns, strict=True)), weighed)
        x = patterns.columns[0]
        repeaters = float(patterns.weights[x > 0].sum())
        longest = float(T.max())
        if not repeaters:
            raise ConvergenceError(
                f"The model did not converge: nobody came back, all {len(frequency)} customers have frequency 0, so "
                "there is no purchase rate to learn"
            )
        scale = 1.0 / longest
        found = estimate(
            family,
            patterns,
            repeaters=repeaters,
            penalizer_coef=self.penalizer_coef,
            divisor=float(known.mean() if mean_weight else known.sum()),
            scales=np.array([scale if name in family.time_parameters else 1.0 for name in family.parameters]),
            log_likelihood_shift=-float(np.sum(patterns.weights * x)) * float(np.log(scale)),
        )
        self._take(found, family.parameters)
        self._scale, self._time_unit = scale, unit
        self.data = data
        self._bind()
        if verbose:
            say(found)

    def conditional_expected_number_of_purchases_up_to_time(self, t: Any, frequency: Any, recency: Any, T: Any) -> Any:
        """E[purchases in (T, T + t] | history]. Use ``PurchaseModel.expected_purchases`` in new code."""
        family, parameters = self._family, self._unload_params(*self._family.parameters)
        given = aligned(t, frequency, recency, T)

        def expected(t: Any, *columns: Array) -> Array:
            values = questions.expected_purchases(family, t, 0.0, columns, parameters)
            _tell("expectation", self._expectation_astray(t, columns, parameters, values))
            return values

        t, *rows = rows_of(*given)
        return answered(of_rows(expected, [_no_less_than_none(t)], rows), *given)

    def expected_number_of_purchases_up_to_time(self, t: Any) -> Any:
        """E[purchases in (0, t]] of a new customer. Use ``PurchaseModel.new_customer`` in new code."""
        family, parameters = self._family, self._unload_params(*self._family.parameters)

        def expected(t: Array) -> Array:
            values = family.expected_purchases(t, *parameters)
            if not told("expectation"):
                row = astray.differing(self._closed_new_customer(parameters), [t], values)
                if row is not None:
                    tell("expectation", astray.expectation(parameters, family.parameters[2], [row[0], 0.0]))
            return values

        return answered(of_rows(expected, [], [_no_less_than_none(rows_of(t)[0])]), t)

    def _p_alive(self, frequency: Any, recency: Any, T: Any) -> Any:
        family, parameters = self._family, self._unload_params(*self._family.parameters)
        given = aligned(frequency, recency, T)

        def alive(*columns: Array) -> Array:
            values = questions.p_alive(family, 0.0, columns, parameters)
            if not told("alive_many") and (closed := self._closed_alive(parameters)) is not None:
                row = astray.differing(closed[0], columns, values, closed[1])
                if row is not None:
                    tell("alive_many", f"frequency {row[0]:.0f}")
            return values

        return answered(of_rows(alive, [], rows_of(*given)), *given)

    def _ages(self) -> Any:
        """T of the rows that were fitted."""
        if not isinstance(self.__dict__.get("data"), pd.DataFrame):
            raise InvalidInput("generate_new_data needs the rows fitted on: save the model with save_data=True")
        return self.data["T"].to_numpy()

    # What lifetimes' own formulas give

    def _closed_expectation(self, parameters: Sequence[float]) -> tuple[astray.Form, astray.Measures]:
        raise NotImplementedError

    def _closed_new_customer(self, parameters: Sequence[float]) -> astray.Form:
        raise NotImplementedError

    def _closed_alive(self, parameters: Sequence[float]) -> tuple[astray.Form, astray.Measures] | None:
        return None

    def _expectation_astray(
        self, t: Any, columns: Sequence[Array], parameters: Sequence[float], values: Array | None = None
    ) -> str | None:
        """What they do not give right, in words, or None; ``values`` is what is right, if that is known."""
        if told("expectation"):
            return None
        family, (form, measures) = self._family, self._closed_expectation(parameters)

        def expected(t: Any, *columns: Array) -> Array:
            return questions.expected_purchases(family, t, 0.0, columns, parameters)

        row = astray.differing(form, [t, *columns], expected if values is None else values, measures)
        return None if row is None else astray.expectation(parameters, family.parameters[2], row)

    def conditional_probability_alive_matrix(self, max_frequency: Any = None, max_recency: Any = None) -> Array:
        """P(alive) of shape (max_recency + 1, max_frequency + 1), all customers of age max_recency.

        By default the largest frequency and T of the data; where lifetimes has 0 it means the same.
        """
        most, longest = self._matrix_ends(max_frequency, max_recency)
        recency = np.arange(longest + 1.0)[:, None]
        return np.asarray(self._p_alive(np.arange(most + 1.0), recency, float(longest)))

    def _matrix_ends(self, max_frequency: Any, max_recency: Any) -> tuple[int, int]:
        self._unload_params()
        return int(max_frequency or self.data["frequency"].max()), int(max_recency or self.data["T"].max())


def _check_numbers(*columns: Any) -> None:
    for name, values in zip(("frequency", "recency", "T"), columns, strict=True):
        numbers = np.asarray(values, dtype=np.float64)
        usable = np.isfinite(numbers) if name != "frequency" else (numbers >= 0) & (numbers < np.inf)
        if not usable.all():
            raise ConvergenceError(
                f"The model did not converge: {name} must be finite numbers{' of at least 0' * (name == 'frequency')}; "
                f"{int((~usable).sum())} of {usable.size} are not, first in row {int(np.argmin(usable))}"
            )


def _tell(key: str, astray: str | None) -> None:
    if astray is not None:
        tell(key, astray)


def _no_less_than_none(t: Any) -> Any:
    """Lengths, where a negative one is none."""
    if np.any(np.asarray(t) < 0):
        tell("negative_time")
        return np.maximum(t, 0.0) if np.ndim(t) else 0.0
    return t
