"""The package pymc-marketing itself, where it is installed: its fits and formulas for a cross-check."""

from __future__ import annotations

from importlib import import_module

from ..errors import NotAvailable
from .other_packages import OtherPackage, quiet


def load(seed: int) -> OtherPackage:
    """The package, or NotAvailable with what to do."""
    with quiet():
        try:
            import_module("pymc_marketing.clv")
        except ImportError as error:
            raise NotAvailable(
                f"pymc_marketing cannot be asked: {error}. pip install pymc-marketing installs it"
            ) from None
    raise NotAvailable("pymc_marketing")
