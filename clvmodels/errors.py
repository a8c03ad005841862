"""Errors and warnings that reach a user.

Every message says what was expected, what was found, how many, which first and what to do.
"""

from __future__ import annotations

import sys
import warnings


class ClvError(Exception):
    """Everything that this package raises on purpose."""


class InvalidInput(ClvError, ValueError):
    """An argument, a log, a summary or a file that cannot be used as it is."""


class NotEnoughData(InvalidInput):
    """There is nothing to estimate from: no customer, or nobody who ever came back."""


class UnitMismatch(InvalidInput):
    """Two sources say different things about the time unit, or none says anything."""


class UnreadableModel(InvalidInput):
    """A saved model file that is damaged, hostile, or of a version this package does not know."""


class NotFitted(ClvError, RuntimeError):
    """A question was put to a model that has no parameters yet."""


class NotAvailable(ClvError, NotImplementedError):
    """The model family does not provide what was asked for."""


class ClvWarning(UserWarning):
    """A warning about data or a fit that its reader can do something about."""


def warn(message: str) -> None:
    """Warn with a ClvWarning that points at the line outside this package that led here."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] == "clvmodels":
        level, frame = level + 1, frame.f_back
    warnings.warn(message, ClvWarning, stacklevel=level)
