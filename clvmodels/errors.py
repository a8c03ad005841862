"""Errors and warnings that reach a user.

Every message says what was expected, what was found, how many, which first and what to do.
"""

from __future__ import annotations


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
