"""BetaGeoFitter: BG/NBD under the name that lifetimes gives it."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ....families import purchase_family
from ....families.contract import PurchaseFamily
from ....inference.patterns import merge
from ....models import questions
from ..utils import _check_inputs
from . import BaseFitter, answered, time_unit_of
from .estimation import estimate


class BetaGeoFitter(BaseFitter):
    """BG/NBD, fitted and asked as in lifetimes."""

    _family: ClassVar[PurchaseFamily] = purchase_family("bg_nbd")

    def __init__(self, penalizer_coef: float = 0.0) -> None:
        self.penalizer_coef = penalizer_coef

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
    ) -> BetaGeoFitter:
        """Estimate the parameters."""
        self._time_unit = time_unit_of(T, recency, frequency)
        frequency = np.asarray(frequency).astype(int)
        recency, T = np.asarray(recency), np.asarray(T)
        _check_inputs(frequency, recency, T)
        known = np.ones_like(recency, dtype=int) if weights is None else np.asarray(weights)
        rows = [np.asarray(column, dtype=np.float64) for column in (frequency, recency, T)]
        patterns = merge(rows, None if weights is None else known.astype(np.float64))
        self._scale = 1.0 / float(rows[2].max())
        family, total = self._family, float(patterns.weights.sum())
        x = patterns.columns[0]
        found = estimate(
            family,
            patterns,
            repeaters=float(patterns.weights[x > 0].sum()),
            penalizer_coef=self.penalizer_coef,
            divisor=total,
            scales=np.array([self._scale if name in family.time_parameters else 1.0 for name in family.parameters]),
            log_likelihood_shift=-float(patterns.weights @ x) * float(np.log(self._scale)),
        )
        self._take(found, family.parameters)
        self.data = pd.DataFrame({"frequency": frequency, "recency": recency, "T": T, "weights": known}, index=index)
        self.predict = self.conditional_expected_number_of_purchases_up_to_time
        return self

    def conditional_expected_number_of_purchases_up_to_time(self, t: Any, frequency: Any, recency: Any, T: Any) -> Any:
        """E[purchases in (T, T + t] | history], equation (10) of the paper."""
        family = self._family
        rows = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (t, frequency, recency, T)))
        values = questions.expected_purchases(family, rows[0], 0.0, rows[1:], self._unload_params(*family.parameters))
        return answered(values, t, frequency, recency, T)
