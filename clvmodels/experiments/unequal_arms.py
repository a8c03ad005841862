"""Guards against arms that were never alike: customers of other ages, other histories, other numbers than assigned."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import special, stats

from ..errors import InvalidInput, warn
from ..numerics.arrays import Array, Positions
from ..units import length
from .arm_values import ArmValues
from .differences import level_of_each
from .observed import counts, moments

SUSPICIOUS = 0.001  # how often a fair assignment is warned of
TOLERATED = 0.1  # standardised mean difference: what experimenters in medicine call balanced


def warn_of_unequal_arms(values: ArmValues, adjusts_for_history: bool = False) -> None:
    """Warn where arms differ in what was so before the experiment began: see `unlike`.

    Of a campaign the histories before the start are compared; of an acquisition the ages, that is, when the customers
    of each arm came.
    """
    if values.before is None:
        found = unlike(values.names, values.arm, {"age": values.age})
        if found:
            ages, _ = moments(values.arm, values.age, len(values.names))
            told = ", ".join(
                f"{name!r} {length(float(age), values.time_unit)}" for name, age in zip(values.names, ages, strict=True)
            )
            warn(
                f"the customers of the arms came at different times; their mean ages are {told} (standardised "
                f"differences: {_said(found)}). The same {length(values.window, values.time_unit)} of everybody are "
                "compared, so that age does not count as value; but customers of other seasons may differ themselves. "
                "Compare only those acquired in a period when all arms ran: leave the others out of arms"
            )
        return
    found = unlike(values.names, values.arm, values.before)
    if found:
        do = "" if adjusts_for_history else ', or see what adjust_for=["history"] changes'
        warn(
            f"arms differ before the start: {_said(found)} (standardised differences). Chance alone does that in one "
            f"experiment of {1 / SUSPICIOUS:,.0f}. Find out how customers came into their arms before trusting the "
            f"comparison{do}"
        )


def unlike(names: tuple[str, ...], arm: Positions, columns: Mapping[str, Array]) -> list[tuple[str, str, float]]:
    """Which arms differ from the first in which number, and by how much.

    d = (x̄_a − x̄_0) / √((s_a² + s_0²) / 2), told where |d| > 0.1 and equal means are rejected, with a probability of
    0.001 under equality for all arms and numbers together: (x̄_a − x̄_0) / (s·√(1/n_a + 1/n_0)) is held to be normal, s²
    the variance of all customers. Of an arm of few customers beside many, skewed numbers are told oftener.

    Source: Austin, P. C. (2009), Balance Diagnostics for Comparing the Distribution of Baseline Covariates between
    Treatment Groups. Statistics in Medicine 28(25), 3083-3107.

    Examples
    --------
    >>> age = np.concatenate([np.arange(100.0), np.arange(100.0) + 50])
    >>> [(arm, name, round(d, 2)) for arm, name, d in unlike(("a", "b"), np.repeat([0, 1], 100), {"age": age})]
    [('b', 'age', 1.72)]
    """
    found = []
    n = counts(arm, len(names))
    each = 1 - level_of_each(1 - SUSPICIOUS, len(names) - 1, len(columns))
    for name, column in columns.items():
        means, squares = moments(arm, column, len(names))
        # of one population: Welch's variances, of small arms with few big spenders, would be too small too often
        spread = np.var(column, ddof=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = squares / (n - 1)
            far = (means - means[0]) / np.sqrt((variance + variance[0]) / 2)
            p_value = 2 * special.ndtr(-np.abs(means - means[0]) / np.sqrt(spread * (1 / n + 1 / n[0])))
        found += [
            (names[a], name, float(far[a]))
            for a in range(1, len(names))
            if abs(far[a]) > TOLERATED and p_value[a] < each
        ]
    return found


def _said(found: list[tuple[str, str, float]]) -> str:
    return ", ".join(f"{arm!r} {d:+.2f} in {name}" for arm, name, d in found)


def warn_of_sizes(names: tuple[str, ...], arm: Positions, allocation: object) -> None:
    """Warn where the numbers of customers are not what the allocation makes of them: a sample ratio mismatch.

    χ² = Σ (n_a − n·w_a)² / (n·w_a) with k − 1 degrees of freedom, w the shares; a p-value below 0.001 is told.

    Parameters
    ----------
    names, arm
        The arms, and that of each customer.
    allocation
        Shares or weights by arm's name; None for equal ones.

    Source: Fabijan, A. and others (2019), Diagnosing Sample Ratio Mismatch in Online Controlled Experiments.
    Proceedings of the 25th ACM SIGKDD Conference, 2156-2164.
    """
    share = shares(names, allocation)
    n = counts(arm, len(names))
    expected = share * n.sum()
    p_value = float(stats.chi2.sf(np.sum((n - expected) ** 2 / expected), len(names) - 1))
    if p_value < SUSPICIOUS:
        told = ", ".join(
            f"{name!r} {m:,.0f} (expected {e:,.0f})" for name, m, e in zip(names, n, expected, strict=True)
        )
        warn(
            f"the arms do not have the sizes that were assigned: {told}; p-value {p_value:.2g}. Customers were lost "
            "or added after the assignment, and not by chance: find out where, before trusting the comparison; or say "
            "what shares were meant, with allocation="
        )


def shares(names: tuple[str, ...], allocation: object) -> Array:
    """Shares of the arms in their order.

    >>> shares(("control", "mail"), {"mail": 3, "control": 1})
    array([0.25, 0.75])
    """
    if allocation is None:
        return np.full(len(names), 1 / len(names))
    said = {str(name): weight for name, weight in allocation.items()} if isinstance(allocation, Mapping) else {}
    good = set(said) == set(names) and all(
        isinstance(weight, int | float | np.number) and not isinstance(weight, bool) and 0 < weight < np.inf
        for weight in said.values()
    )
    if not good:
        raise InvalidInput(
            f"allocation must give each of the arms {', '.join(map(repr, names))} a share above 0, such as "
            f"{{{names[0]!r}: 0.5, {names[1]!r}: 0.5}}; found {str(allocation)[:80]}"
        )
    found = np.array([float(said[name]) for name in names])
    return np.asarray(found / found.sum())
