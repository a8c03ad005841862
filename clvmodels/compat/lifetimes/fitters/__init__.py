"""What the fitters of lifetimes have in common: parameters, errors, a table of both, and files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ....errors import warn
from ....numerics.arrays import Array
from ..checks import ConvergenceError, NotFittedYet
from ..differences import tell
from . import saved
from .estimation import Estimate

_NORMAL_95 = 1.96  # lifetimes' own rounding of the quantile
_ERRORS = ("variance_matrix_", "standard_errors_", "confidence_intervals_")
_NEAR = 1e-3  # Newton decrement: a thirtieth of a standard error


class BaseFitter:
    """What every fitter has once it is fitted, or once its ``params_`` are given."""

    penalizer_coef: float
    params_: pd.Series[float]
    data: Any
    predict: Any
    generate_new_data: Any
    _negative_log_likelihood_: float
    _hessian_: Array | None
    _scale: float
    _covariance: Array
    _time_unit: str | None = None
    _errors_are_new: ClassVar[str | None] = None  # the difference to tell, where lifetimes has no errors

    def __init__(self, penalizer_coef: float = 0.0) -> None:
        self.penalizer_coef = penalizer_coef

    def __repr__(self) -> str:
        name = type(self).__name__
        if "params_" not in self.__dict__:
            return f"<lifetimes.{name}>"
        shape = getattr(self.__dict__.get("data"), "shape", None)
        subjects = "" if shape is None else f" fitted with {shape[0]} subjects,"
        values = ", ".join(f"{name}: {value:.2f}" for name, value in sorted(self.params_.items()))
        return f"<lifetimes.{name}:{subjects} {values}>"

    def _unload_params(self, *names: str) -> list[float]:
        if "params_" not in self.__dict__:
            raise NotFittedYet("Model has not been fit yet. Please call the .fit method first.")
        return [float(self.params_[name]) for name in names]

    def _take(self, found: Estimate, names: tuple[str, ...]) -> None:
        """Keep what a fit found."""
        if not found.report.converged:
            self._refuse_or_warn(found)
        for name in _ERRORS:  # of another fit, or given by hand
            self.__dict__.pop(name, None)
        values = found.parameters
        self.params_ = pd.Series(values, index=list(names))
        self._negative_log_likelihood_ = np.float64(found.objective)  # which can be asked to .round(3), as there
        self._hessian_ = found.hessian
        # the delta method: θ_i θ_j cov(ln θ_i, ln θ_j)
        self._covariance = (found.log_covariance + found.log_covariance.T) / 2 * np.outer(values, values)

    def _refuse_or_warn(self, found: Estimate) -> None:
        """Where a parameter runs off, predictions are those of the limit; short of an optimum there are none."""
        verdict = found.report.verdict
        if np.isfinite(found.objective) and found.report.newton_decrement < _NEAR:
            warn(f"{type(self).__name__}: {verdict} A larger penalizer_coef holds its parameters")
            return
        raise ConvergenceError(
            f"The model did not converge. Try adding a larger penalizer to see if that helps convergence. {verdict}"
        )

    def _bind(self) -> None:
        """Give a fitter what lifetimes gives it by a fit, and not by its class: ``predict``, ``generate_new_data``."""
        for name, method in (
            ("predict", "conditional_expected_number_of_purchases_up_to_time"),
            ("generate_new_data", "_generate"),
        ):
            if hasattr(self, method):
                setattr(self, name, getattr(self, method))

    def _fitted_covariance(self) -> Array:
        """The covariance of the estimates, of which parameters that were given by hand have none."""
        if "_covariance" not in self.__dict__:
            raise AttributeError(
                f"this {type(self).__name__} has no standard errors: they come with a fit, and it has "
                f"{'parameters only' if 'params_' in self.__dict__ else 'not been fit yet'}. Call its fit first"
            )
        return self._covariance

    @cached_property  # and so something that can be given by hand, as in lifetimes
    def variance_matrix_(self) -> pd.DataFrame:
        """Variances and covariances of the parameters."""
        matrix = self._fitted_covariance()
        tell(self._errors_are_new or "variance_matrix")
        names = list(self.params_.keys())
        return pd.DataFrame(matrix, index=names, columns=names)

    @cached_property
    def standard_errors_(self) -> pd.Series[float]:
        """Standard errors of the parameters."""
        variances = np.diag(self._fitted_covariance())
        if self._errors_are_new:
            tell(self._errors_are_new)
        return pd.Series(np.sqrt(variances), index=list(self.params_.keys()))

    @cached_property
    def confidence_intervals_(self) -> pd.DataFrame:
        """95 % intervals, parameter ± 1.96 standard errors."""
        reach, values = _NORMAL_95 * self.standard_errors_, pd.Series(self.params_)
        return pd.DataFrame({"lower 95% bound": values - reach, "upper 95% bound": values + reach})

    @property
    def summary(self) -> pd.DataFrame:
        """Parameters with their standard errors and 95 % intervals, one row each."""
        intervals = dict(self.confidence_intervals_.items())
        return pd.DataFrame({"coef": pd.Series(self.params_), "se(coef)": self.standard_errors_, **intervals})

    def save_model(
        self,
        path: str | os.PathLike[str],
        save_data: bool = True,
        save_generate_data_method: bool = True,
        values_to_save: Sequence[Any] | None = None,
    ) -> None:
        """Write the fitter to a JSON file; lifetimes writes a pickle. Use ``clv.load_model`` and ``save`` in new code.

        ``values_to_save`` are what ``data`` and ``generate_new_data`` become where they are not saved.
        """
        saved.save(self, path, save_data, save_generate_data_method, values_to_save)

    def load_model(self, path: str | os.PathLike[str]) -> None:
        """Take everything from a file that ``save_model`` of the same class wrote; pickles are refused, unopened."""
        saved.load(self, path)
