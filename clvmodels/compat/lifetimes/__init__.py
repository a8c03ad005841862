"""lifetimes 0.11.3 over these models."""

from __future__ import annotations

from .differences import LifetimesDifference
from .fitters import BaseFitter
from .fitters.beta_geo_fitter import BetaGeoFitter

__version__ = "0.11.3"
__all__ = ["BaseFitter", "BetaGeoFitter", "LifetimesDifference", "__version__"]
