"""One file a target, which has its name: what it gives is called TARGET."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from ...errors import InvalidInput
from ..contract import Target


def names() -> list[str]:
    """The targets there are.

    >>> names()
    ['csv', 'google_ads_customer_match', 'meta_value_based', 'xlsx']
    """
    return sorted(module.name for module in iter_modules(__path__))


def target_called(name: str) -> Target:
    """The target of a name.

    Raises
    ------
    InvalidInput
        If there is none.
    """
    if name not in names():
        raise InvalidInput(f"target must be one of {', '.join(map(repr, names()))}; found {name!r}")
    target: Target = import_module(f"{__name__}.{name}").TARGET
    return target
