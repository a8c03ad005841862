"""Hamiltonian Monte Carlo: draws from a density whose logarithm and gradient are known, whatever its shape.

Positions are q = mode + M z. The scale M comes from the Hessian at the mode (M Mᵀ = H⁻¹), so that a nearly normal
density is nearly standard normal in z, and is estimated once more from the warm-up. From a position with a fresh
momentum p ~ N(0, I) a few leapfrog steps lead to a proposal, accepted with probability min(1, e^(−ΔE)), where
E = −ln π + p·p/2. How long a trajectory is differs from draw to draw, up to three quarters of a turn of a standard
normal: no length is the wrong one for every direction, and long ones reach the ends of a ridge.

Sources: Neal (2011), "MCMC Using Hamiltonian Dynamics", Handbook of Markov Chain Monte Carlo, chapter 5, sections 2.3,
3.2 and 4.1; Hoffman & Gelman (2014), "The No-U-Turn Sampler", JMLR 15, 1593-1623, section 3.2.1 (dual averaging of the
step size); Betancourt (2018), arXiv 1701.02434, section 6.2 (divergences).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..numerics.arrays import Array

# position (k,) -> ln density up to a constant, and its gradient (k,)
ValueAndGradient = Callable[[Array], tuple[float, Array]]

# Mean acceptance that the step size is made for. With 0.8, the optimum for normal densities, chains stuck now and then
# at the far end of the ridge of Pareto/NBD.
_TARGET = 0.9
_FIRST, _SECOND = 150, 75  # warm-up draws of each chain before the scale is estimated again, and after
_SETTLING = 50  # of the first ones, those on the way from the start to where the mass is
_SHRUNK = 10.0  # draws that the Hessian's scale counts for when the scale is estimated again
_LENGTHS = 0.1 * math.pi, 1.5 * math.pi  # of trajectories
_LONGEST_STEP = math.pi  # no step beyond 2 is stable on a standard normal
_LONGEST = 256  # leapfrog steps: a density that needs more is not of the kind this sampler is for
_DIVERGENT = 1000.0  # an energy error beyond it says that the trajectory has left the density
_SPREAD = 2.0  # standard deviations: where chains start


class Sampled(NamedTuple):
    """Draws of shape (chains, draws, k), the mean acceptance probability and how many trajectories diverged.

    ``passes`` counts the gradients that were computed, warm-up included.
    """

    draws: Array
    acceptance: float
    divergent: int
    passes: int


class State(NamedTuple):
    """A position in whitened coordinates, ln density and gradient there."""

    position: Array
    value: float
    gradient: Array


def sample(
    value_and_gradient: ValueAndGradient,
    mode: Array,
    hessian: Array,
    draws: int,
    chains: int,
    generator: np.random.Generator,
    progress: Callable[[str], None] | None = None,
) -> Sampled:
    """Draw ``chains`` chains of ``draws`` draws each; the same generator gives the same draws.

    Parameters
    ----------
    value_and_gradient
        Position (k,) -> ln density up to a constant, and gradient. A value that is not finite counts as density 0;
        such places should be far out, for trajectories that get there are lost.
    mode, hessian
        Where the density is highest, and the Hessian of −ln density there, positive definite.
    draws, chains
        Of each chain, and how many.
    generator
        Every chain has its own stream, spawned from it.
    progress
        Called with the name of each part as it begins: the warm-up of each chain, then its draws.

    Examples
    --------
    A normal density of mean 0 and standard deviations 1 and 10:

    >>> precision = np.diag([1.0, 0.01])
    >>> density = lambda q: (-q @ precision @ q / 2, -precision @ q)
    >>> found = sample(density, np.zeros(2), precision, 500, 4, np.random.default_rng(1))
    >>> found.draws.shape, found.divergent
    ((4, 500, 2), 0)
    >>> found.draws.std(axis=(0, 1)).round()
    array([ 1., 10.])
    """
    tell = progress or (lambda _: None)
    streams = generator.spawn(chains)
    counted = _Counted(value_and_gradient, np.asarray(mode, dtype=np.float64))
    scale = scale_of(hessian)
    first = counted.whitened(scale)
    warmed = []
    for chain, stream in enumerate(streams):
        tell(f"chain {chain + 1} of {chains}: warm-up")
        warmed.append(_adapted(first, _start(first, len(mode), stream), _FIRST, stream))
    # one scale for all chains: each by itself knows too little of it
    seen = np.concatenate([trace[_SETTLING:] for _, trace, _ in warmed])
    change = _covariance_root(seen)
    scale = scale @ change
    density = counted.whitened(scale)
    kept, rates, divergent = [], [], 0
    for chain, (stream, (state, _, _)) in enumerate(zip(streams, warmed, strict=True)):
        tell(f"chain {chain + 1} of {chains}: draws")
        moved = state_at(density, np.asarray(np.linalg.solve(change, state.position), dtype=np.float64))
        state, _, step = _adapted(density, moved, _SECOND, stream)
        positions, acceptance, lost = _chain(density, state, step, draws, stream)
        kept.append(counted.mode + positions @ scale.T)
        rates.append(acceptance)
        divergent += lost
    return Sampled(np.stack(kept), float(np.mean(rates)), divergent, counted.passes)


def scale_of(hessian: Array) -> Array:
    """M with M Mᵀ = H⁻¹, from eigenvalues and directions: M = V Λ^(−1/2).

    A Hessian by differences may be a little off in a flat direction: its eigenvalues are taken positive.

    >>> scale = scale_of(np.diag([4.0, 0.25]))
    >>> scale @ scale.T
    array([[0.25, 0.  ],
           [0.  , 4.  ]])
    """
    values, directions = np.linalg.eigh(hessian)
    values = np.maximum(np.abs(values), 1e-12 * max(1.0, float(np.abs(values).max())))
    return np.asarray(directions / np.sqrt(values))


def leapfrog(density: ValueAndGradient, state: State, momentum: Array, step: float, steps: int) -> tuple[State, Array]:
    """Follow the trajectory for ``steps`` steps: reversible, and it keeps volumes; Neal (2011), equations 2.28-2.30.

    It ends early where the density is 0, as nothing comes back from there.
    """
    for _ in range(steps):
        half = momentum + step / 2 * state.gradient
        state = state_at(density, state.position + step * half)
        if state.value == -np.inf:
            break
        momentum = half + step / 2 * state.gradient
    return state, momentum


class _Counted:
    """The density in whitened coordinates, how often it was asked, and where its origin lies."""

    def __init__(self, value_and_gradient: ValueAndGradient, mode: Array) -> None:
        self.value_and_gradient, self.mode, self.passes = value_and_gradient, mode, 0

    def whitened(self, scale: Array) -> ValueAndGradient:
        def density(position: Array) -> tuple[float, Array]:
            self.passes += 1
            value, gradient = self.value_and_gradient(self.mode + scale @ position)
            return value, scale.T @ gradient

        return density


def state_at(density: ValueAndGradient, position: Array) -> State:
    """The state at a position; −inf and no gradient where either is not finite."""
    value, gradient = density(position)
    if not (math.isfinite(value) and np.all(np.isfinite(gradient))):
        return State(position, -np.inf, np.zeros_like(position))
    return State(position, float(value), gradient)


def _start(density: ValueAndGradient, k: int, stream: np.random.Generator) -> State:
    """Somewhere about the mode, further out than the draws will be, so that chains that do not mix show it."""
    position = _SPREAD * stream.standard_normal(k)
    for _ in range(60):
        state = state_at(density, position)
        if state.value > -np.inf:
            break
        position = position / 2
    return state


def transition(
    density: ValueAndGradient, state: State, step: float, stream: np.random.Generator
) -> tuple[State, float, bool]:
    """The next state, the probability with which the proposal was accepted, and whether the trajectory diverged."""
    momentum = stream.standard_normal(len(state.position))
    length = stream.uniform(*_LENGTHS)
    steps = min(max(1, round(length / step)), _LONGEST)
    with np.errstate(over="ignore", invalid="ignore"):  # a trajectory that runs away is rejected, no more
        proposal, final = leapfrog(density, state, momentum, step, steps)
        gain = proposal.value - state.value + float(momentum @ momentum - final @ final) / 2  # of energy, lost
    probability = math.exp(min(gain, 0.0)) if gain > -np.inf else 0.0  # NaN is no gain
    accepted = stream.random() < probability
    return proposal if accepted else state, probability, not gain >= -_DIVERGENT


def _adapted(
    density: ValueAndGradient, state: State, draws: int, stream: np.random.Generator
) -> tuple[State, Array, float]:
    """Warm up: the last state, the positions on the way, and a step size by dual averaging.

    Hoffman & Gelman (2014), algorithm 5, with its γ = .05, t0 = 10 and κ = .75.
    """
    step = len(state.position) ** -0.25  # about what a standard normal wants; Neal (2011), section 4.4
    centre, missed, log_average = math.log(4 * step), 0.0, 0.0
    trace = np.empty((draws, len(state.position)))
    for i in range(draws):
        state, probability, _ = transition(density, state, step, stream)
        trace[i] = state.position
        missed += (_TARGET - probability - missed) / (i + 11)
        log_step = min(centre - math.sqrt(i + 1) / 0.05 * missed, math.log(_LONGEST_STEP))
        weight = (i + 1) ** -0.75
        log_average = weight * log_step + (1 - weight) * log_average
        step = math.exp(log_step)
    return state, trace, math.exp(log_average)


def _chain(
    density: ValueAndGradient, state: State, step: float, draws: int, stream: np.random.Generator
) -> tuple[Array, float, int]:
    """Positions (draws, k), mean acceptance and the number of divergent trajectories, at a fixed step size."""
    positions, total, divergent = np.empty((draws, len(state.position))), 0.0, 0
    for i in range(draws):
        state, probability, lost = transition(density, state, step, stream)
        positions[i] = state.position
        total += probability
        divergent += lost
    return positions, total / draws, divergent


def _covariance_root(positions: Array) -> Array:
    """C with C Cᵀ the covariance of the positions, drawn a little towards the identity they were whitened to."""
    n, k = positions.shape
    off = positions - positions.mean(axis=0)
    covariance = (np.einsum("ij,il->jl", off, off) + _SHRUNK * np.eye(k)) / (n + _SHRUNK)
    return np.asarray(np.linalg.cholesky(covariance))
