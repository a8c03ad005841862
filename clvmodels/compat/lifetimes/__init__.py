"""lifetimes 0.11.3 over these models."""

from __future__ import annotations

from .differences import LifetimesDifference
from .fitters import BaseFitter
from .fitters.beta_geo_beta_binom_fitter import BetaGeoBetaBinomFitter
from .fitters.beta_geo_fitter import BetaGeoFitter
from .fitters.gamma_gamma_fitter import GammaGammaFitter
from .fitters.modified_beta_geo_fitter import ModifiedBetaGeoFitter
from .fitters.pareto_nbd_fitter import ParetoNBDFitter

__version__ = "0.11.3"
__all__ = [
    "BaseFitter",
    "BetaGeoBetaBinomFitter",
    "BetaGeoFitter",
    "GammaGammaFitter",
    "LifetimesDifference",
    "ModifiedBetaGeoFitter",
    "ParetoNBDFitter",
    "__version__",
]
