"""What the pictures are given: one model or several, and a largest frequency; and tables of several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from .. import frames
from ..errors import InvalidInput, UnitMismatch
from ..models.given_models import purchase_model, spend_model
from ..models.purchase import PurchaseModel
from ..models.spend import SpendModel
from ..numerics.arrays import Array

_MOST = 1000  # more classes than that are no picture

M = TypeVar("M", PurchaseModel, SpendModel)


def models_of(models: Any) -> dict[str, PurchaseModel]:
    """Label -> purchase model, in order, of one model, a list of them, or a mapping that has labels of its own.

    Without such, a model is called by its family; further ones of the same family get numbers.
    """
    return _labelled(models, {label: purchase_model(model) for label, model in _each(models)})


def spend_models_of(models: Any) -> dict[str, SpendModel]:
    """The same of spend models."""
    return _labelled(models, {label: spend_model(model) for label, model in _each(models)})


def several(models: Any) -> bool:
    """Whether a list or a mapping was given: its tables have a column ``model``, even if it holds but one."""
    return isinstance(models, (Mapping, list, tuple))


def _each(models: Any) -> list[tuple[Any, Any]]:
    if several(models) and not len(models):
        raise InvalidInput("models must hold at least one model; found none")
    if isinstance(models, Mapping):
        return list(models.items())
    return list(enumerate(models)) if several(models) else [(0, models)]


def _labelled(models: Any, found: dict[Any, M]) -> dict[str, M]:
    if isinstance(models, Mapping):
        wrong = [label for label in found if not isinstance(label, str) or not label.strip() or label.startswith("_")]
        if wrong:
            raise InvalidInput(
                "the labels of models must be texts that do not begin with _ (which legends leave out), for example "
                f"'all customers': {len(wrong)} of {len(found)} are not, first {wrong[0]!r}"
            )
        return found
    result: dict[str, M] = {}
    for model in found.values():
        title, times = model.family.title, sum(other.family.title == model.family.title for other in found.values())
        number = sum(label.startswith(f"{title} (") for label in result) + 1
        result[title if times == 1 else f"{title} ({number})"] = model
    return result


def common_unit(models: Mapping[str, PurchaseModel]) -> str:
    """The time unit of all the models."""
    units = {label: model._unit for label, model in models.items()}
    if len(set(units.values())) > 1:
        told = ", ".join(f"{label} in {unit}s" for label, unit in units.items())
        raise UnitMismatch(
            f"models in different time units do not fit into one picture: {told}. Fit them on one summary"
        )
    return next(iter(units.values()))


def stacked(models: Any, tables: Mapping[str, Mapping[str, Any]], like: Any) -> Any:
    """Columns by label as one frame of like's kind, with a column ``model`` if several models were given."""
    if not several(models):
        return frames.long_table(next(iter(tables.values())), like)
    first = next(iter(tables.values()))
    rows = {label: len(next(iter(columns.values()))) for label, columns in tables.items()}
    labels = np.repeat(np.array(list(rows), dtype=object), list(rows.values()))
    joined = {name: np.concatenate([columns[name] for columns in tables.values()]) for name in first}
    return frames.long_table({"model": labels, **joined}, like)


def largest_frequency(given: Any, name: str = "max_frequency") -> int:
    """A whole number of purchases from 1 to 1000."""
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or not 1 <= given <= _MOST:
        raise InvalidInput(f"{name} must be a whole number from 1 to {_MOST}; found {given!r}")
    return int(given)


def class_names(most: int) -> list[str]:
    """Numbers of purchases as an axis names them, the last one with all above.

    >>> class_names(2)
    ['0', '1', '2+']
    """
    return [*map(str, range(most)), f"{most}+"]


def with_the_rest(shares: Array, whole: float) -> Array:
    """What the classes have, and at the end what they leave of the whole."""
    return np.append(shares, max(whole - float(shares.sum()), 0.0))
