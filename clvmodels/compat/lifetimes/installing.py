"""These modules under the name ``lifetimes``, for code that must not be edited."""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module
from types import ModuleType

from ...errors import ClvError

_HERE = __name__.rpartition(".")[0]
_THERE = "lifetimes"


class AlreadyImported(ClvError, RuntimeError):
    """The name ``lifetimes`` is taken by another package in this process."""


def install() -> None:
    """Let ``import lifetimes`` mean this package, in this process, in whichever form it is written.

    Call it before anything imports lifetimes; whether the real one is installed makes no difference, and a second call
    does nothing. Classes are the same by both names.

    Raises
    ------
    AlreadyImported
        If the real lifetimes has been imported: names bound to it would go on meaning it.

    Examples
    --------
    The first lines of a notebook, after which it goes on as it was written::

        from clvmodels.compat.lifetimes import install
        install()
        from lifetimes import BetaGeoFitter
    """
    modules = _modules()
    others = sorted(name for name in _taken() if sys.modules[name] is not modules.get(name))
    if others:
        where = getattr(sys.modules[others[0]], "__file__", None) or "no file"
        raise AlreadyImported(
            f"install() must come before the first import of lifetimes; {len(others)} of its modules are imported "
            f"already, first {others[0]!r} from {where}. Restart the kernel, and call install() in its first line"
        )
    sys.modules.update(modules)


def uninstall() -> None:
    """Let ``import lifetimes`` mean the real package again; names that are bound already stay what they are."""
    for name, module in _modules().items():
        if sys.modules.get(name) is module:
            del sys.modules[name]


def _taken() -> list[str]:
    """The names of lifetimes and its modules that are imported."""
    return [name for name in sys.modules if name == _THERE or name.startswith(f"{_THERE}.")]


def _modules() -> dict[str, ModuleType]:
    """All modules of this package by the name they have in lifetimes: a missing one would be imported twice."""
    package = import_module(_HERE)
    found = [info.name for info in pkgutil.walk_packages(package.__path__, f"{_HERE}.")]
    return {_THERE + name.removeprefix(_HERE): import_module(name) for name in (_HERE, *found)}
