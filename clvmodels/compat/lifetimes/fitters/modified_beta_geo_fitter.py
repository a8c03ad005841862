"""ModifiedBetaGeoFitter: MBG/NBD under the name that lifetimes gives it."""

from __future__ import annotations

from typing import Any, ClassVar

import pandas as pd

from ....families import purchase_family
from ....families.contract import PurchaseFamily
from .beta_geo_fitter import BetaGeoFitter, _objective


class ModifiedBetaGeoFitter(BetaGeoFitter):
    """MBG/NBD, fitted and asked as in lifetimes. Use ``clv.PurchaseModel("mbg_nbd")`` in new code."""

    _family: ClassVar[PurchaseFamily] = purchase_family("mbg_nbd")
    _first_chance: ClassVar[int] = 1

    @staticmethod
    def _negative_log_likelihood(
        log_params: Any, freq: Any, rec: Any, T: Any, weights: Any, penalizer_coef: float
    ) -> Any:
        return _objective(ModifiedBetaGeoFitter, log_params, freq, rec, T, weights, penalizer_coef)

    def _generate(self, size: int = 1) -> pd.DataFrame:
        from ..generate_data import modified_beta_geometric_nbd_model

        r, alpha, a, b = self._unload_params(*self._family.parameters)
        return modified_beta_geometric_nbd_model(self._ages(), r, alpha, a, b, size=size)
