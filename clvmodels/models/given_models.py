"""A model that a function is given: the part of it that is asked for, or a refusal."""

from __future__ import annotations

from typing import Any

from ..errors import InvalidInput
from .clv import CLVModel
from .purchase import PurchaseModel
from .spend import SpendModel


def purchase_model(model: Any) -> PurchaseModel:
    """A purchase model as it is, and that of a CLVModel."""
    found = model.purchases if isinstance(model, CLVModel) else model
    if isinstance(found, PurchaseModel):
        return found
    raise InvalidInput(f"model must be a PurchaseModel or a CLVModel; found {type(model).__name__}")


def spend_model(model: Any) -> SpendModel:
    """A spend model as it is, and that of a CLVModel."""
    found = model.spend if isinstance(model, CLVModel) else model
    if isinstance(found, SpendModel):
        return found
    raise InvalidInput(f"model must be a SpendModel or a CLVModel; found {type(model).__name__}")


def clv_model(model: Any) -> CLVModel:
    """A model that knows of money."""
    if isinstance(model, CLVModel):
        return model
    raise InvalidInput(f"model must be a CLVModel, which knows of money; found {type(model).__name__}")
