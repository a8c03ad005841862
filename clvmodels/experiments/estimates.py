"""One number an arm, with the covariance of all of them: what every measure of an experiment comes down to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..numerics.arrays import Array
from ..validation.words import listed


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


def with_lent_spread(found: Estimates) -> Estimates:
    """The same, where an arm in which nobody differs from another takes the spread of all arms' customers.

    Two customers who both bought nothing have no variance, and yet do not tell what such customers are worth: Welch's
    test would find a difference beyond chance. As the arms were one population if there is no difference, the variance
    of a customer's value is then (Σ (n_a − 1) s_a² + Σ n_a (V̄_a − V̄)²) / (n − 1), with n − 1 degrees of freedom. Where
    no arm varies there is nothing to lend.

    Examples
    --------
    >>> made = Estimates("observed", ("a", "b"), np.array([3.0, 0.0]), np.diag([0.5, 0.0]), np.array([8.0, 2.0]),
    ...                  np.array([7.0, 1.0]))
    >>> lent = with_lent_spread(made)
    >>> np.diag(lent.covariance).round(3), lent.freedom
    (array([0.5  , 2.356]), array([7., 9.]))
    """
    own = np.diag(found.covariance)
    equal = own == 0
    if not equal.any() or not np.any(own > 0):
        return found
    n, total = found.customers, found.customers.sum()
    lenders = np.isfinite(own)
    middle = np.sum(n * found.means) / total
    within = np.sum((n * (n - 1) * own)[lenders])
    spread = (within + np.sum(n * (found.means - middle) ** 2)) / (total - 1)
    covariance = found.covariance.copy()
    covariance[equal, equal] = spread / n[equal]
    names = [name for name, same in zip(found.names, equal, strict=True) if same]
    note = (
        f"All customers of {listed(names)} were worth the same by what was {found.measure}, which does not tell how "
        "much such customers differ: the spread of the customers of all arms stands for theirs."
    )
    freedom = np.where(equal, total - 1.0, found.freedom)
    return replace(found, covariance=covariance, freedom=freedom, notes=(*found.notes, note))
