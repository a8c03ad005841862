"""One number an arm, with the covariance of all of them: what every measure of an experiment comes down to."""

from __future__ import annotations

from dataclasses import dataclass

from ..numerics.arrays import Array


@dataclass(frozen=True, eq=False)
class Estimates:
    """Mean value per customer of each arm, and how sure it is.

    Attributes
    ----------
    measure
        ``"observed"`` or ``"projected"``.
    names
        The arms, k of them.
    means
        (k,), money per customer.
    covariance
        (k, k), of the means. Arms that share estimated parameters are correlated.
    customers
        (k,), how many stand behind each mean.
    freedom
        (k,), degrees of freedom of each variance (customers − 1 where it is a plain mean; inf where it is not).
    notes
        What to know of these numbers, in sentences.
    """

    measure: str
    names: tuple[str, ...]
    means: Array
    covariance: Array
    customers: Array
    freedom: Array
    notes: tuple[str, ...] = ()
