"""Files of fitters: JSON."""

from __future__ import annotations
from typing import Any


def save(fitter: Any, path: Any, save_data: bool, save_generate_data_method: bool, values_to_save: Any) -> None:
    raise NotImplementedError


def load(fitter: Any, path: Any) -> None:
    raise NotImplementedError
