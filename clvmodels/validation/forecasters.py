"""Whose forecasts a table or a picture shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput, NotAvailable
from . import words
from .result import Validation

if TYPE_CHECKING:
    from ..numerics.arrays import Array


def asked(
    validation: Validation, models: Any, needs: Sequence[str] = (), what: str = ""
) -> dict[str, dict[str, Array]]:
    """Name -> arrays of the forecasters asked for: all models if None, models and baselines by name otherwise.

    Those that lack one of ``needs`` are left out where nobody asked for them; ``what`` is that, in words.

    Raises
    ------
    InvalidInput
        If a name is not known, or stands there twice, or there is none.
    NotAvailable
        If one that was asked for, or everyone, lacks what the table is of.
    """
    names = names_of(validation, models)
    held = {name: validation.arrays(name) for name in names}
    lacking = [name for name, arrays in held.items() if any(need not in arrays for need in needs)]
    if lacking and (models is not None or len(lacking) == len(names)):
        raise NotAvailable(_lacks(validation, lacking, needs, what))
    return {name: arrays for name, arrays in held.items() if name not in lacking}


def names_of(validation: Validation, models: Any, baselines: bool = False) -> list[str]:
    """The names asked for, each one known; if None, all models, and baselines too where they are wanted."""
    if not isinstance(validation, Validation):
        raise InvalidInput(f"expected what clvmodels.validate returns; found {type(validation).__name__}")
    if models is None:
        return list(validation.predicted if baselines else validation.names)
    names = listed(models)
    unknown = [name for name in names if name not in validation.predicted]
    if unknown:
        raise InvalidInput(f"there is no forecast {unknown[0]!r}; there are {', '.join(validation.predicted)}")
    if not names or len(set(names)) < len(names):
        raise InvalidInput(f"models must name at least one forecast, and each of them once; found {names}")
    return names


def listed(models: Any) -> list[Any]:
    """One name or several, as a list.

    >>> listed("bg_nbd"), listed(("bg_nbd", "nbd"))
    (['bg_nbd'], ['bg_nbd', 'nbd'])
    """
    if isinstance(models, str):
        return [models]
    if not isinstance(models, Iterable):
        raise InvalidInput(
            f"models must be a name, for example 'bg_nbd', or a list of names; found {type(models).__name__}"
        )
    return list(models)


def in_words(validation: Validation, names: Sequence[str]) -> dict[str, str]:
    """How pictures call forecasters: by their titles, with the name where two have the same one."""
    return words.told_apart({name: validation.predicted[name].title for name in names})


def of_money(of: str) -> bool:
    """Whether spend is asked for, not purchases."""
    if of not in ("purchases", "spend"):
        raise InvalidInput(f"of must be 'purchases' or 'spend'; found {of!r}")
    return of == "spend"


def columns_of(of: str) -> tuple[str, str]:
    """The arrays with what happened and with what was expected."""
    return ("actual_spend", "expected_spend_total") if of_money(of) else ("actual", "expected")


def _lacks(validation: Validation, lacking: list[str], needs: Sequence[str], what: str) -> str:
    if "actual_spend" in needs and validation.actual_spend is None:
        return f"{what} needs amounts, and the validation has none: give clvmodels.validate the column of amounts"
    told = in_words(validation, lacking)
    note = validation.predicted[lacking[0]].note
    why = f" ({note})" if note else ""
    return f"{what} needs what {', '.join(told.values())} cannot give{why}: leave it out of models"
