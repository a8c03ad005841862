"""Groups that are alike but not the same: each learns from its own customers and, as far as it must, from the whole.

The log-parameters of group g are taken to be ln θ_g ~ N(μ, diag(τ²)), independent: μ those of the whole, τ_j how much
ln θ_j differs between groups. Given τ a group's parameters are where its own exact likelihood times this prior is
highest (its posterior mode), with the inverse curvature there as covariance: with many customers those of its own fit,
with few those of the whole.

τ comes from the groups themselves (empirical Bayes), at the maximum of the marginal likelihood Π_g ∫ L_g(θ) N(θ) dθ,
each integral by Laplace's method: with H_g the curvature of −ln L_g and d_g the slope of its quadratic at μ, twice its
logarithm is, up to a constant, d_g'(H_g + diag(τ^-2))⁻¹d_g − ln det(1 + diag(τ²)H_g). Modes and τ are found in turn
until neither moves. The slope in τ is that of an EM step, Σ_g [((ln θ_g − μ)_j² + V_gjj)/τ_j² − 1].

From few groups that maximum is often at τ_j = 0, which would make them all the same and sure of it. So τ_j has a weak
prior, a gamma of shape 2 with its mode at 0.3: it keeps τ_j off 0 by about a standard error, no more.

Sources: Efron & Morris (1973), Journal of the American Statistical Association 68(341), 117-130, and (1975), 70(350),
311-319 (shrinkage as empirical Bayes); Carlin & Louis (2000), Bayes and Empirical Bayes Methods for Data Analysis, 2nd
ed., chapter 3 (estimates of τ from the marginal likelihood, EM); Tierney & Kadane (1986), 81(393), 82-86 (Laplace's
method); Chung, Rabe-Hesketh, Dorie, Gelman & Liu (2013), Psychometrika 78(4), 685-709 (the prior of τ).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import optimize

from ..numerics.arrays import Array
from .group_likelihoods import GroupLikelihoods, Looks

TYPICAL = 0.3  # of τ: groups differ by a factor of 1.35 in a parameter, more or less
_LEAST, MOST = 1e-3, 3.0  # of τ
_STILL = 1e-3  # of ln τ, from one round to the next
_ROUNDS = 50


class Pooled(NamedTuple):
    """Partially pooled log-parameters.

    Attributes
    ----------
    looks
        Where each group ended, and its own likelihood there.
    curvatures
        H_g there, without what is negative in them, shape (groups, k, k).
    covariances
        V_g, of the log-parameters given the group's data, μ and τ, shape (groups, k, k).
    spread
        τ, shape (k,).
    """

    looks: Looks
    curvatures: Array
    covariances: Array
    spread: Array


def pool(likelihoods: GroupLikelihoods, centre: Array, spread: float | None = None) -> Pooled:
    """Pool groups towards a whole.

    Parameters
    ----------
    likelihoods
        Of the groups.
    centre
        Log-parameters of the whole, μ, shape (k,).
    spread
        τ of every log-parameter, at least 0; None to learn it.
    """
    groups, k = likelihoods.groups, len(centre)
    looks = likelihoods.look(np.tile(centre, (groups, 1)))
    tau = np.full(k, TYPICAL if spread is None else float(spread))
    if spread is not None:
        looks = likelihoods.climb(looks, centre, tau**-2) if spread > 0 else looks
    else:
        for _ in range(_ROUNDS):
            looks = likelihoods.climb(looks, centre, tau**-2)
            before, tau = tau, spread_of(looks, centre, tau)
            if np.abs(np.log(tau / before)).max() < _STILL:
                break
    curved = curvatures(looks.hessians)
    return Pooled(looks, curved, covariances(curved, tau), tau)


def spread_of(looks: Looks, centre: Array, start: Array) -> Array:
    """τ at the maximum of its posterior density, each likelihood being the quadratic that was found."""
    curved = curvatures(looks.hessians)
    slopes = looks.gradients + np.einsum("gij,gj->gi", curved, looks.points - centre)

    def objective(log_tau: Array) -> tuple[float, Array]:
        tau = np.exp(log_tau)
        inner = np.eye(len(tau)) + tau[:, None] * curved * tau
        given = covariances(curved, tau)
        means = np.einsum("gij,gj->gi", given, slopes)
        value = np.sum(slopes * means) / 2 - np.sum(np.linalg.slogdet(inner)[1]) / 2
        slope = np.sum((means**2 + np.einsum("gjj->gj", given)) / tau**2 - 1, axis=0)
        value += np.sum(log_tau - tau / TYPICAL)
        return -float(value), -(slope + 1 - tau / TYPICAL)

    bounds = [(np.log(_LEAST), np.log(MOST))] * len(start)
    found: Any = optimize.minimize(objective, np.log(start), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(np.exp(found.x))


def covariances(curved: Array, tau: Array) -> Array:
    """(H + diag(τ^-2))⁻¹ of curvatures H of shape (groups, k, k), also where H is singular."""
    inner = np.eye(len(tau)) + tau[:, None] * curved * tau
    return np.asarray(tau[:, None] * np.linalg.inv(inner) * tau)


def curvatures(hessians: Array) -> Array:
    """Hessians whose negative curvatures, of which no information can come, are 0."""
    values, vectors = np.linalg.eigh(hessians)
    return np.asarray(np.einsum("gij,gj,gkj->gik", vectors, np.maximum(values, 0.0), vectors))
