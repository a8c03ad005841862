"""lifetimes 0.11.3 over these models."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from .differences import LifetimesDifference as LifetimesDifference
from .fitters import BaseFitter as BaseFitter
from .fitters.beta_geo_beta_binom_fitter import BetaGeoBetaBinomFitter
from .fitters.beta_geo_fitter import BetaGeoFitter
from .fitters.gamma_gamma_fitter import GammaGammaFitter
from .fitters.modified_beta_geo_fitter import ModifiedBetaGeoFitter
from .fitters.pareto_nbd_fitter import ParetoNBDFitter
from .installing import AlreadyImported as AlreadyImported
from .installing import install as install
from .installing import uninstall as uninstall
from .version import __version__

# what ``from lifetimes import *`` binds, as in the original
__all__ = [
    "BetaGeoBetaBinomFitter",
    "BetaGeoFitter",
    "GammaGammaFitter",
    "ModifiedBetaGeoFitter",
    "ParetoNBDFitter",
    "__version__",
]

_LATER = ("datasets", "generate_data", "plotting")


def __getattr__(name: str) -> ModuleType:
    if name in _LATER:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
