"""What groups of customers have in common and what is their own: parameters pooled towards those of all customers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..families.contract import Limit
from ..inference.fit_report import few_repeaters, judge
from ..inference.group_likelihoods import GroupLikelihoods, newton_steps
from ..inference.maximum_likelihood import WALL, Optimum
from ..inference.partial_pooling import pool
from ..numerics.arrays import Array, Positions

_LEANS = 0.5  # what is this close to the wall has no optimum of its own


@dataclass(frozen=True)
class Part:
    """Log-parameters of one model: of the whole, and of every group.

    Attributes
    ----------
    names
        Of the k parameters.
    centre, centre_covariance
        Those of the whole, shape (k,), and how sure they are, shape (k, k), NaN where that is not known.
    points, given, covariances
        Of the groups, pooled, shape (groups, k); how sure they are if the whole is known, and with it as unsure as it
        is, shape (groups, k, k).
    spread
        How much each log-parameter differs between groups, as a standard deviation, shape (k,).
    own
        Each group's own maximum of the likelihood, shape (groups, k), NaN where it is not to be trusted.
    reasons
        Why not; "" where it is.
    """

    names: tuple[str, ...]
    centre: Array
    centre_covariance: Array
    points: Array
    given: Array
    covariances: Array
    spread: Array
    own: Array
    reasons: tuple[str, ...]


def pooled_part(
    log_likelihood: Callable[..., Any],
    names: Sequence[str],
    limits: Sequence[Limit],
    columns: Sequence[Array],
    codes: Positions,
    repeaters: Array,
    whole: tuple[Array, Array | None],
    spread: float | None = None,
) -> Part:
    """Pool the log-parameters of groups.

    Parameters
    ----------
    log_likelihood, names, limits
        Of the model: as in a family.
    columns, codes
        What it reads, one value a customer, and the customer's group.
    repeaters
        How many customers of each group bring what parameters are learnt from, shape (groups,).
    whole
        Log-parameters of all customers and their covariance, None where it is not known.
    spread
        As in `partial_pooling.pool`.
    """
    centre, covariance = whole
    groups, k = len(repeaters), len(centre)
    known = np.full((k, k), np.nan) if covariance is None else covariance
    if not groups:
        nothing, none = np.zeros((0, k)), np.zeros((0, k, k))
        return Part(tuple(names), centre, known, nothing, none, none, np.zeros(k), nothing, ())
    likelihoods = GroupLikelihoods(log_likelihood, columns, codes, groups)
    found = pool(likelihoods, centre, spread)
    # what is borrowed from the whole is as unsure as the whole: d ln θ_g/dμ = 1 − VH
    borrowed = np.eye(k) - found.covariances @ found.curvatures
    more = borrowed @ np.nan_to_num(known) @ borrowed.transpose(0, 2, 1)
    own, reasons = _own(likelihoods, found.looks, names, limits, centre, repeaters)
    given = found.covariances
    points = found.looks.points
    return Part(tuple(names), centre, known, points, given, given + more, found.spread, own, tuple(reasons))


def _own(
    likelihoods: GroupLikelihoods,
    looks: Any,
    names: Sequence[str],
    limits: Sequence[Limit],
    centre: Array,
    repeaters: Array,
) -> tuple[Array, list[str]]:
    """Each group's own maximum, judged as any other fit is, and what speaks against it."""
    few = [few_repeaters(float(n)) for n in repeaters]
    enough = np.array([not reasons for reasons in few])
    k = len(centre)
    own, told = np.full((len(few), k), np.nan), ["" if not reasons else reasons[0].split(":")[0] for reasons in few]
    if not enough.any():
        return own, told
    top = likelihoods.climb(looks, centre, np.zeros(k), enough)
    steps, decrements = newton_steps(top.hessians, -top.gradients)
    for g in np.flatnonzero(enough):
        optimum = Optimum(
            top.points[g],
            float(top.values[g]),
            top.gradients[g],
            top.hessians[g],
            float(decrements[g]),
            steps[g],
            tuple(bool(far) for far in np.abs(top.points[g] - centre) > WALL - _LEANS),
            likelihoods.passes,
        )
        report, _ = judge(
            optimum,
            names,
            limits,
            centre,
            n_customers=float(likelihoods.customers[g]),
            n_repeaters=float(repeaters[g]),
            n_patterns=int(likelihoods.patterns[g]),
        )
        if report.converged:
            own[g] = top.points[g]
        else:
            told[g] = report.warnings[0].split(" (")[0]
    return own, told
