"""What the fitters of lifetimes have in common: parameters, errors, a table of both, and files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ....errors import warn
from ....frames import FACTS_KEY, read_facts
from ....numerics.arrays import Array
from ..utils import ConvergenceError
from .estimation import Estimate

_NORMAL_95 = 1.96  # lifetimes' own rounding of the quantile


class BaseFitter:
    """What every fitter has once it is fitted, or once its ``params_`` are given."""

    penalizer_coef: float
    params_: pd.Series[float]
    data: pd.DataFrame
    variance_matrix_: pd.DataFrame
    standard_errors_: pd.Series[float]
    confidence_intervals_: pd.DataFrame
    _negative_log_likelihood_: float
    _time_unit: str | None = None

    def __repr__(self) -> str:
        name = type(self).__name__
        if "params_" not in self.__dict__:
            return f"<lifetimes.{name}>"
        data = self.__dict__.get("data")
        subjects = "" if data is None else f" fitted with {len(data)} subjects,"
        values = ", ".join(f"{name}: {value:.2f}" for name, value in sorted(self.params_.items()))
        return f"<lifetimes.{name}:{subjects} {values}>"

    def _unload_params(self, *names: str) -> list[float]:
        if "params_" not in self.__dict__:
            raise ValueError("Model has not been fit yet. Please call the .fit method first.")
        return [float(self.params_[name]) for name in names]

    def _take(self, found: Estimate, names: tuple[str, ...]) -> None:
        """Keep what a fit found."""
        if not found.report.converged:
            self._refuse_or_warn(found)
        values = found.parameters
        self.params_ = pd.Series(values, index=list(names))
        self._negative_log_likelihood_ = found.objective
        # the delta method: θ_i θ_j cov(ln θ_i, ln θ_j)
        self.variance_matrix_ = pd.DataFrame(
            found.log_covariance * np.outer(values, values), index=self.params_.index, columns=self.params_.index
        )
        self._tell_errors()

    def _tell_errors(self) -> None:
        self.standard_errors_ = self._compute_standard_errors()
        self.confidence_intervals_ = self._compute_confidence_intervals()

    def _refuse_or_warn(self, found: Estimate) -> None:
        if np.isfinite(found.objective) and found.report.newton_decrement < 1e-3:
            warn(f"{type(self).__name__}: {found.report.verdict}")
            return
        raise ConvergenceError(f"The model did not converge: {found.report.verdict}")

    def _compute_standard_errors(self) -> pd.Series[float]:
        return pd.Series(np.sqrt(np.diag(self.variance_matrix_)), index=self.params_.index)

    def _compute_confidence_intervals(self) -> pd.DataFrame:
        reach = _NORMAL_95 * self.standard_errors_
        return pd.DataFrame({"lower 95% bound": self.params_ - reach, "upper 95% bound": self.params_ + reach})

    @property
    def summary(self) -> pd.DataFrame:
        """Parameters with their standard errors and 95 % intervals, one row each."""
        return pd.DataFrame(
            {"coef": self.params_, "se(coef)": self.standard_errors_, **dict(self.confidence_intervals_.items())},
            index=self.params_.index,
        )


def time_unit_of(*columns: Any) -> str | None:
    """The time unit that a column of a summary made here still knows of, or None."""
    for column in columns:
        text = getattr(column, "attrs", {}).get(FACTS_KEY)
        if text is not None:
            frame = pd.DataFrame()
            frame.attrs[FACTS_KEY] = text
            return read_facts(frame).get("time_unit")
    return None


def answered(values: Array, *given: Any) -> Any:
    """Values as lifetimes gives them: a Series if a Series came in, a number for numbers, else an array."""
    for argument in given:
        if isinstance(argument, pd.Series):
            return pd.Series(values, index=argument.index)
    return values if np.ndim(values) else np.float64(values)
