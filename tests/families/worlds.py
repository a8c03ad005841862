"""What the laws of the contract need to know about each family: plausible parameters, histories, and what it can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy import special

from clvmodels.families import bg_bb, bg_nbd, mbg_nbd, nbd, pareto_nbd
from clvmodels.families.contract import PurchaseFamily

from . import beta_bernoulli, erlang_nbd


@dataclass(frozen=True, repr=False)
class World:
    """A family and its surroundings.

    Attributes
    ----------
    parameters
        Plausible ones, to simulate with.
    watched
        How long simulated customers are watched before and after T.
    purchases_given_latent
        ``(latent, t)``: E[purchases within t] of an alive customer whose latent rates are known.
    priors
        Latent quantity -> (parameter that counts it, E[quantity] as a function of the parameters by name).
    log_volume
        ``(x, t_x)``: ln of the volume of the purchase histories that share these statistics.
    rounding
        Absolute error of probabilities and expectations that the family computes as differences.
    """

    family: PurchaseFamily
    parameters: dict[str, float]
    watched: tuple[float, float]
    purchases_given_latent: Callable[..., Any]
    priors: dict[str, tuple[str, Callable[..., float]]]
    log_volume: Callable[..., Any]
    rounding: float = 0.0

    def __repr__(self) -> str:
        return self.family.name

    @property
    def values(self) -> tuple[float, ...]:
        return tuple(self.parameters.values())

    @property
    def discrete(self) -> bool:
        return self.family.time == "discrete"

    def horizon(self, length: float) -> float:
        """A length of time that the family accepts."""
        return float(max(1, round(length))) if self.discrete else length

    def histories(self, owner: Any, times: Any, T: Any) -> list[Any]:
        """The family's statistics of simulated customers at T."""
        n = len(T)
        kept = times <= T[owner]
        owner, times = owner[kept], times[kept]
        x = np.bincount(owner, minlength=n).astype(np.float64)
        t_x = np.zeros(n)
        np.maximum.at(t_x, owner, times)
        known = {"frequency": x, "recency": t_x, "T": T}
        if "geometric_gap" in self.family.statistics:
            before = np.where(np.append(-1, owner[:-1]) == owner, np.append(0.0, times[:-1]), 0.0)
            log_gaps = np.bincount(owner, np.log(times - before), minlength=n)
            known["geometric_gap"] = np.where(x > 0, np.exp(log_gaps / np.maximum(x, 1)), 0.0)
        return [known[name] for name in self.family.statistics]

    def simulated(self, seed: int, n: int, T: float, ahead: float = 0.0) -> tuple[list[Any], Any]:
        """Histories of n customers at T, and how often each bought in the time ahead."""
        watched = np.full(n, T + ahead)
        owner, times = self.family.simulate(np.random.default_rng(seed), watched, *self.values)
        later = np.bincount(owner[times > T], minlength=n)
        return self.histories(owner, times, np.full(n, T)), later


def _while_alive(latent: Any, t: float, leaving: Any) -> Any:
    """λ · ∫ over (0, t) of e^(-leaving·u) du."""
    return latent["purchase_rate"] * t * special.exprel(-leaving * t)


def _after_purchases(latent: Any, t: float) -> Any:
    return _while_alive(latent, t, latent["purchase_rate"] * latent["dropout_probability"])


def _erlang(latent: Any, t: float) -> Any:
    events = 2 * latent["purchase_rate"] * t
    return events / 2 - np.where(latent["halfway"] > 0, -1, 1) * -np.expm1(-2 * events) / 4


def _periods(latent: Any, t: float) -> Any:
    stays = 1 - latent["dropout_probability"][:, None]
    return latent["purchase_rate"] * np.sum(stays ** np.arange(1, t + 1), axis=1)


def _ordered(x: Any, t_x: Any) -> Any:
    """The x − 1 purchases before the last one: rising times in (0, t_x)."""
    return (x - 1) * np.log(t_x) - special.gammaln(x)


def _gaps(x: Any, t_x: Any) -> Any:
    """The integral of the product of the gaps over the same times (Dirichlet), the gaps left out of the density."""
    return (2 * x - 1) * np.log(t_x) - special.gammaln(2 * x)


def _choices(x: Any, t_x: Any) -> Any:
    """The periods before t_x in which the others lie."""
    return special.gammaln(t_x) - special.gammaln(x) - special.gammaln(t_x - x + 1)


def _gamma_mean(shape: str, rate: str) -> Callable[..., float]:
    return lambda **p: p[shape] / p[rate]


def _beta_mean(a: str, b: str) -> Callable[..., float]:
    return lambda **p: p[a] / (p[a] + p[b])


_RATE = {"purchase_rate": ("r", _gamma_mean("r", "alpha"))}
_DROPOUT = {"dropout_probability": ("a", _beta_mean("a", "b"))}

WORLDS = [
    World(
        bg_nbd.FAMILY, {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, (30.0, 40.0), _after_purchases,
        _RATE | _DROPOUT, _ordered,
    ),
    World(
        mbg_nbd.FAMILY, {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}, (30.0, 40.0), _after_purchases,
        _RATE | _DROPOUT, _ordered,
    ),
    World(
        pareto_nbd.FAMILY, {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}, (30.0, 40.0),
        lambda latent, t: _while_alive(latent, t, latent["dropout_rate"]),
        _RATE | {"dropout_rate": ("s", _gamma_mean("s", "beta"))}, _ordered,
    ),
    World(
        nbd.FAMILY, {"r": 0.385, "alpha": 12.072}, (30.0, 40.0), lambda latent, t: latent["purchase_rate"] * t,
        _RATE, _ordered,
    ),
    World(
        erlang_nbd.FAMILY, {"r": 1.5, "alpha": 8.0}, (30.0, 40.0), _erlang,
        {"purchase_rate": ("r", lambda r, alpha: r / alpha / 2)}, _gaps, 1e-15,
    ),
    World(
        bg_bb.FAMILY, {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}, (6.0, 5.0), _periods,
        {
            "purchase_rate": ("alpha", _beta_mean("alpha", "beta")),
            "dropout_probability": ("gamma", _beta_mean("gamma", "delta")),
        },
        _choices,
    ),
    World(
        beta_bernoulli.FAMILY, {"alpha": 1.204, "beta": 2.750}, (6.0, 5.0),
        lambda latent, t: latent["purchase_rate"] * t, {"purchase_rate": ("alpha", _beta_mean("alpha", "beta"))},
        _choices, 1e-14,
    ),
]  # fmt: skip
LEAVING = [world for world in WORLDS if world.family.finite_total]
CONTINUOUS = [world for world in WORLDS if not world.discrete]

# --- parameters and histories for Hypothesis -----------------------------------------------------------------------

SHAPES = st.floats(-1.3, 1.7).map(lambda v: 10**v)  # 0.05 to 50
SCALES = st.floats(-1.0, 2.5).map(lambda v: 10**v)  # 0.1 to 300
LENGTHS = st.floats(-2.0, 3.0).map(lambda v: 10**v)  # 0.01 to 1000


def parameters_of(world: World) -> st.SearchStrategy[tuple[float, ...]]:
    timed = world.family.time_parameters
    return st.tuples(*(SCALES if name in timed else SHAPES for name in world.family.parameters))


@st.composite
def histories_of(draw: Any, world: World, rows: int = 5, most: int = 60) -> list[Any]:
    """Statistics of a few customers, T = 0, t_x = T and x = 0 among them."""
    known: dict[str, list[float]] = {"frequency": [], "recency": [], "T": [], "geometric_gap": []}
    regular = "geometric_gap" in world.family.statistics
    for _ in range(rows):
        share = draw(st.sampled_from([0.0, 1.0]) | st.floats(0.01, 0.99))
        if world.discrete:
            T = draw(st.integers(0, 30))
            t_x = round(share * T)
            x = draw(st.integers(1, t_x)) if t_x else 0
        else:
            T = draw(st.just(0.0) | LENGTHS)
            x = draw(st.just(0) | st.integers(0, most))
            t_x = share * T if x else 0.0
            x = 0 if regular and t_x == 0 else x  # two purchases at once have density 0
        gap = draw(st.floats(0.2, 1.0)) * t_x / x if x and regular else 0.0
        for name, value in zip(known, (x, t_x, T, gap), strict=True):
            known[name].append(float(value))
    return [np.array(known[name]) for name in world.family.statistics]
