"""What the pictures of purchases are given: a model, and a largest frequency."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InvalidInput
from ..models.clv import CLVModel
from ..models.purchase import PurchaseModel

_MOST = 1000  # more classes than that are no picture


def purchase_model(model: Any) -> PurchaseModel:
    """A purchase model as it is, and that of a CLVModel."""
    found = model.purchases if isinstance(model, CLVModel) else model
    if isinstance(found, PurchaseModel):
        return found
    raise InvalidInput(f"model must be a PurchaseModel or a CLVModel; found {type(model).__name__}")


def largest_frequency(given: Any) -> int:
    """A whole number of purchases from 1 to 1000."""
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or not 1 <= given <= _MOST:
        raise InvalidInput(f"max_frequency must be a whole number from 1 to {_MOST}; found {given!r}")
    return int(given)
