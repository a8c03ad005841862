"""The probability that an arm is the best one."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from ..numerics.arrays import Array
from ..numerics.quadrature import legendre

_REACH = 9.0  # standard deviations, beyond which lies 1e-19
_NODES = 12  # Gauss-Legendre in each stretch of at most one standard deviation of any arm
_DRAWS = 2**20  # standard errors of at most 5e-4
_AT_ONCE = 2**14


def probability_of_best(means: Any, covariance: Any, seed: int = 0) -> Array:
    """P(arm k has the largest true mean), of each arm; they add up to 1.

    The true means are normal around the estimates with the estimates' covariance, which is what a flat prior and a
    normal likelihood make of them: nothing is held against an arm that looks too good. For arms whose estimates are
    independent, with φ_k and Φ_k the density and distribution of arm k,

        P(k is best) = ∫ φ_k(x) Π over l ≠ k of Φ_l(x) dx,

    by Gauss-Legendre quadrature on stretches that no arm is narrower than. Of two arms, correlated or not, it is Φ of
    the difference over its standard error; of more that are correlated a share of seeded draws, with a standard error of at most 5e-4. Arms
    that are known exactly and equal share what is theirs.

    Parameters
    ----------
    means
        Estimates, shape (k,), k at least 1.
    covariance
        Of the estimates, shape (k, k), positive semidefinite.
    seed
        For the draws.

    Returns
    -------
    array
        Probabilities, shape (k,); NaN if an estimate or a variance is not finite.

    Source: Gelman et al. (2013), Bayesian Data Analysis, third edition, sections 2.8 and 3.5 (flat priors).

    Examples
    --------
    >>> probability_of_best([10.0, 11.0, 11.5], np.diag([0.25, 0.25, 1.0])).round(4)
    array([0.017 , 0.3164, 0.6666])
    """
    m, v = np.asarray(means, dtype=np.float64), np.asarray(covariance, dtype=np.float64)
    if len(m) == 1:
        return np.ones(1)
    if not (np.all(np.isfinite(m)) and np.all(np.isfinite(v))):
        return np.full(len(m), np.nan)
    if len(m) == 2:
        return _of_two(m, v)
    off = v - np.diag(np.diag(v))
    if not off.any():
        return _of_independent(m, np.sqrt(np.diag(v)))
    return _of_draws(m, v, seed)


def _of_two(m: Array, v: Array) -> Array:
    spread = np.sqrt(max(float(v[0, 0] + v[1, 1] - 2 * v[0, 1]), 0.0))
    ahead = float(m[0] - m[1])
    score = ahead / spread if spread > 0 else np.sign(ahead) * np.inf if ahead else 0.0
    return np.array([special.ndtr(score), special.ndtr(-score)])


def _of_independent(m: Array, s: Array) -> Array:
    known, open_ = s == 0, np.flatnonzero(s > 0)
    floor = float(m[known].max()) if known.any() else -np.inf  # the best of those that are known exactly
    result = np.zeros(len(m))
    for i in open_:
        ends = (m[open_, None] + s[open_, None] * np.arange(-_REACH, _REACH + 1)).ravel()
        low, high = max(floor, float(m[i] - _REACH * s[i])), float(m[i] + _REACH * s[i])
        edges = np.unique(np.concatenate([ends[(ends > low) & (ends < high)], [low, high]]))
        if low < high:
            result[i] = _integral(edges, m, s, int(i), open_)
    tied = np.flatnonzero(known & (m == floor))
    for i in tied:
        result[i] = np.prod(special.ndtr((floor - m[open_]) / s[open_])) / len(tied)
    return result


def _integral(edges: Array, m: Array, s: Array, i: int, open_: Any) -> float:
    nodes, weights = legendre(_NODES)
    width = np.diff(edges)
    x = (edges[:-1] + nodes.reshape(-1, 1) * width).ravel()
    w = (weights.reshape(-1, 1) * width).ravel()
    z = (x - m[i]) / s[i]
    below = np.prod([special.ndtr((x - m[j]) / s[j]) for j in open_ if j != i], axis=0)
    return float(np.sum(w * np.exp(-(z**2) / 2) / (s[i] * np.sqrt(2 * np.pi)) * below))


def _of_draws(m: Array, v: Array, seed: int) -> Array:
    values, directions = np.linalg.eigh(v)
    root = directions * np.sqrt(np.maximum(values, 0.0))
    generator, counts = np.random.default_rng(seed), np.zeros(len(m))
    for _ in range(0, _DRAWS, _AT_ONCE):
        drawn = m[:, None] + np.einsum("ij,jk->ik", root, generator.standard_normal((len(m), _AT_ONCE)))
        counts += np.bincount(np.argmax(drawn, axis=0), minlength=len(m))
    return np.asarray(counts / _DRAWS)
