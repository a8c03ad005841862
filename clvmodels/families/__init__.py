"""Model families, one file each. What is shipped is found by name, from this list and nowhere else."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..errors import InvalidInput
from .contract import PurchaseFamily, SpendFamily

PURCHASE_FAMILIES = ("bg_nbd", "mbg_nbd", "pareto_nbd", "nbd", "bg_bb")
SPEND_FAMILIES = ("gamma_gamma",)


def purchase_family(name: str) -> PurchaseFamily:
    """Look up a shipped purchase family by its name."""
    family: PurchaseFamily = _shipped(name, PURCHASE_FAMILIES)
    return family


def spend_family(name: str) -> SpendFamily:
    """Look up a shipped spend family by its name."""
    family: SpendFamily = _shipped(name, SPEND_FAMILIES)
    return family


def _shipped(name: str, names: tuple[str, ...]) -> Any:
    if name not in names:
        raise InvalidInput(
            f"unknown family {name!r}: expected one of {', '.join(names)}, or a family value of your own"
        )
    return import_module(f"{__name__}.{name}").FAMILY
