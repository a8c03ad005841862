"""What a cross-check asks of another package: a value of functions, one for each package that is known."""

from __future__ import annotations

import contextlib
import io
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from textwrap import shorten

import numpy as np

from ..numerics.arrays import Array

PACKAGES = ("lifetimes", "pymc_marketing")
SAMPLE = 20_000  # customers: of more, the other package may take hours

_LONGEST = 160  # characters of an exception's text

Columns = Mapping[str, Array]
Parameters = Mapping[str, float]


@dataclass(frozen=True)
class Found:
    """What another package's fit came to.

    Attributes
    ----------
    parameters
        By this package's names, in the summary's own unit; None if the fit broke off.
    seconds
        CPU time of the fit.
    failure
        The text of its exception; None if there was none.
    """

    parameters: dict[str, float] | None
    seconds: float
    failure: str | None = None


@dataclass(frozen=True)
class OtherPackage:
    """Another package's fits and formulas, under this package's names of families, statistics and parameters.

    Attributes
    ----------
    name, version
        As it calls itself.
    families
        The families that it has.
    fit
        (family, columns) -> Found.
    expected_purchases
        (family, parameters, columns, horizon) -> one value a customer.
    p_alive
        (family, parameters, columns) -> one value a customer.
    expected_spend
        (parameters, columns) -> one value a customer.
    log_likelihood
        (family, parameters, columns) -> the sum over customers, in the summary's unit of time; None where the package
        does not give it by itself.
    value
        (family, parameters, spend parameters, columns, months, monthly rate, time unit) -> one value a customer, before
        margin; None where the package has nothing of the kind.
    searching
        How it looks for the parameters of a family: a half-sentence.
    priors
        The priors that it multiplies the likelihood of a family with; nothing for those of which it maximises the
        likelihood alone.
    """

    name: str
    version: str
    families: tuple[str, ...]
    fit: Callable[[str, Columns], Found]
    expected_purchases: Callable[[str, Parameters, Columns, float], Array]
    p_alive: Callable[[str, Parameters, Columns], Array]
    expected_spend: Callable[[Parameters, Columns], Array]
    log_likelihood: Callable[[str, Parameters, Columns], float] | None
    value: Callable[[str, Parameters, Parameters, Columns, int, float, str], Array] | None
    searching: Mapping[str, str]
    priors: Mapping[str, str] = field(default_factory=dict)


def timed(estimate: Callable[[], dict[str, float]]) -> Found:
    """Run another package's fit: whatever it raises is a finding, not an error."""
    begun = time.process_time()
    try:
        with quiet():
            parameters = estimate()
    except Exception as error:  # another package may raise anything
        return Found(None, time.process_time() - begun, told(error))
    seconds = time.process_time() - begun
    if not all(np.isfinite(v) and v > 0 for v in parameters.values()):
        shown = ", ".join(f"{name} = {value:.6g}" for name, value in parameters.items())
        return Found(None, seconds, f"it ended at {shown}, where parameters are finite and above 0.")
    return Found(parameters, seconds)


def told(error: Exception) -> str:
    """What another package's exception says, shortened to a sentence.

    >>> told(ValueError("\\n  no\\n  way."))
    'ValueError: no way.'
    """
    text = shorten(" ".join(str(error).split()), _LONGEST, placeholder=" ...").rstrip(".")
    return f"{type(error).__name__}: {text}." if text else f"{type(error).__name__}."


def paid(columns: Columns) -> Array:
    """Mean spend as other packages have it: 0 for those who did not come back."""
    return np.where(columns["frequency"] == 0, 0.0, columns["monetary_value"])


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Let another package neither print nor warn, nor change how this process warns."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
