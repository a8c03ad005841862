"""Other packages' names over these models, and models that go from one package to another."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def __getattr__(name: str) -> ModuleType:
    if name == "lifetimes":  # imported when it is asked for, as ``clv.compat.lifetimes`` too
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return ["lifetimes"]
