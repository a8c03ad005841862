"""What somebody who has just bought for the first time is expected to bring, as a function of log-parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from ..families.contract import PurchaseFamily, SpendFamily
from ..inference.importance import stratified
from ..inference.maximum_likelihood import WALL
from ..models import questions
from ..numerics.arrays import Array, map_blocks
from .pooled_groups import Part

_DRAWS = 400  # stratified, for the ends of an interval
_SEED = 1975
_STEP = 1e-3  # in a log-parameter, for slopes of the value
_ROUNDING = 1e-9
_BLOCK = 64  # groups whose draws are held at a time


@dataclass(frozen=True)
class Terms:
    """What is asked of a new customer.

    Attributes
    ----------
    purchases, spend
        The families; their log-parameters come one after the other, then ln of the mean first amount if there is one.
    horizon, delta
        From the first purchase, and the continuous discount rate, in the model's time unit.
    first
        The first purchase: ``"none"``, ``"spend"`` (worth the mean spend) or ``"amount"`` (a mean of its own).
    """

    purchases: PurchaseFamily
    spend: SpendFamily
    horizon: float
    delta: float
    first: str


def worth(points: Array, terms: Terms) -> Array:
    """Expected repeats, spend per purchase, and value before margin, shape (3, n), at log-parameters of shape (n, k).

    The value is F + E[M] · ∫ over (0, horizon] of e^(-delta·u) dE[X(u)], with F the first purchase.
    """
    cut = len(terms.purchases.parameters), len(terms.purchases.parameters) + len(terms.spend.parameters)
    with np.errstate(over="ignore"):
        theta, theta_spend, rest = np.split(np.exp(points).T, cut)
    history = [np.zeros(len(points)) for _ in terms.purchases.statistics]
    alive = np.exp(terms.purchases.log_p_alive(*history, *theta))
    if_alive = terms.purchases.expected_purchases_alive(terms.horizon, 0.0, *history, *theta)
    repeats = np.where(np.isinf(if_alive), np.inf, alive * np.where(np.isinf(if_alive), 0.0, if_alive))
    discounted = (
        repeats
        if terms.delta == 0
        else questions.discounted(terms.purchases, terms.horizon, terms.delta, history, list(theta), alive)
    )
    spend = terms.spend.expected_spend(np.zeros(len(points)), np.zeros(len(points)), *theta_spend)
    first = {"none": 0.0, "spend": spend, "amount": rest[0] if len(rest) else 0.0}[terms.first]
    with np.errstate(invalid="ignore"):
        return np.stack([repeats, spend, first + spend * discounted])


def joined(parts: Sequence[Part], what: Callable[[Part], Array]) -> Array:
    """Points of several parts, side by side."""
    return np.concatenate([what(part) for part in parts], axis=-1)


def blocks_of(parts: Sequence[Part], what: Callable[[Part], Array]) -> Array:
    """Matrices of several parts, of shape (n, k_i, k_i), along the diagonal of one: the parts know nothing of each
    other, as spend is independent of purchases."""
    sizes = [len(part.names) for part in parts]
    each = [what(part) for part in parts]
    result, at = np.zeros((len(each[0]), sum(sizes), sum(sizes))), 0
    for size, matrix in zip(sizes, each, strict=True):
        result[:, at : at + size, at : at + size] = matrix
        at += size
    return result


def ends(points: Array, covariances: Array, terms: Terms, level: float) -> Array:
    """Ends of the central interval of the value before margin, shape (2, n); NaN where a covariance is not known.

    From draws of ln θ ~ N(points, covariances), the same underlying ones for every row, so that a row's interval does
    not depend on the others.
    """
    k = points.shape[1]
    standard = special.ndtri(stratified(np.random.default_rng(_SEED), _DRAWS, k))
    shares = (1 - level) / 2, (1 + level) / 2

    def block(at: Array, spread: Array) -> Array:
        known = np.asarray(np.isfinite(spread).all(axis=(1, 2)))
        values, vectors = np.linalg.eigh(np.where(known[:, None, None], spread, 0.0))
        root = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
        off = np.clip(np.einsum("gij,dj->gdi", root, standard), -WALL, WALL)
        with np.errstate(all="ignore"):
            found = worth((at[:, None, :] + off).reshape(-1, k), terms)[2].reshape(len(at), _DRAWS)
        # of values that occur: one draw may be infinite, and between two of them there is no middle
        return np.where(known, np.quantile(found, shares, axis=1, method="inverted_cdf"), np.nan)

    return np.concatenate(
        [np.zeros((2, 0)), *map_blocks(block, (points, covariances), len(points), _BLOCK)], axis=1
    )  # fmt: skip


def weights(points: Array, covariances: Array, spread: Array, terms: Terms) -> Array:
    """How much of what is known of each row's value is its own: 1 − variance after / variance before its own data.

    Both are variances of ln value by the delta method: before with ln θ ~ N(μ, diag(spread²)), after with the
    ``covariances``; NaN where the value is not finite, 0 where the spread is 0.
    """
    slopes = np.zeros_like(points)
    with np.errstate(invalid="ignore", divide="ignore"):
        for j in range(points.shape[1]):
            step = np.zeros(points.shape[1])
            step[j] = _STEP
            ahead, behind = worth(points + step, terms)[2], worth(points - step, terms)[2]
            slopes[:, j] = (np.log(ahead) - np.log(behind)) / (2 * _STEP)
        after = np.einsum("gi,gij,gj->g", slopes, covariances, slopes)
        before = np.sum((slopes * spread) ** 2, axis=1)
        own = 1 - after / before
    return np.where((before == 0) | (own < _ROUNDING), 0.0, np.minimum(own, 1.0))
