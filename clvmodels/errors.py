"""Errors and warnings that reach a user.

Every message says what was expected, what was found, how many, which first and what to do.
"""

from __future__ import annotations

import sys
import warnings


class ClvError(Exception):
    """Everything that this package raises on purpose.

    >>> import clvmodels as clv
    >>> try:
    ...     clv.PurchaseModel("nbd").new_customer()
    ... except clv.ClvError as error:
    ...     print(f"{type(error).__name__}: {error}")
    NotFitted: this NBD model has no parameters yet: call fit(summary) first
    """


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
    """A warning about data or a fit that its reader can do something about.

    >>> import pandas, warnings
    >>> import clvmodels as clv
    >>> model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", clv.ClvWarning)
    ...     model.new_customer().expected_purchases(horizon=float("inf"))
    inf
    """


def warn(message: str, category: type[ClvWarning] = ClvWarning) -> None:
    """Warn with a ClvWarning that points at the line outside this package that led here."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] == "clvmodels":
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
