"""lifetimes 0.11.3 over these models: its names, arguments and conventions, and its numbers where they are right.

Write ``clvmodels.compat.lifetimes`` for ``lifetimes`` in each import, or call ``install()`` before the first one and
edit nothing else. Where lifetimes is wrong or stops, the right answer comes, and a `LifetimesDifference` says so once.

>>> from clvmodels.compat.lifetimes import BetaGeoFitter
>>> from clvmodels.compat.lifetimes.datasets import load_cdnow_summary
>>> data = load_cdnow_summary()
>>> BetaGeoFitter().fit(data["frequency"], data["recency"], data["T"])
<lifetimes.BetaGeoFitter: fitted with 2357 subjects, a: 0.79, alpha: 4.41, b: 2.43, r: 0.24>
"""

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


def __dir__() -> list[str]:
    """What is offered: the names and modules of lifetimes, and what concerns them."""
    here = ["AlreadyImported", "BaseFitter", "LifetimesDifference", "install", "uninstall"]
    return sorted([*__all__, *here, *_LATER, "fitters", "utils", "version"])
