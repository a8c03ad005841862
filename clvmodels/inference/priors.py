"""What is assumed of parameters before the customers speak, in coordinates that run over the whole line.

A prior is one of u = ln(θ / scale), with scale 1 for pure numbers and a given length or price for times and money, so
that it does not depend on the unit. What a bounded prior allows, low < u < high, is stretched to the whole line by
z = logit((u − low)/(high − low)); otherwise z = u. Densities are those of z: ln π(u) + ln du/dz.

Every prior is proper, because flat ones do not do: towards r, alpha → ∞, s → 0, a → 0 and a, b → ∞ the likelihood tends
to a positive constant, so under a flat prior of ln θ the posterior has infinite mass, however well its mode looks.

Source: Gelman et al. (2013), Bayesian Data Analysis, 3rd ed., section 2.9 (weakly informative priors) and 4.3 (improper
posteriors); Fader & Hardie (2005), "Implementing the BG/NBD Model" for the limits, Carpenter et al. (2017), Journal of
Statistical Software 76(1), section 7 for the transform.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from ..errors import InvalidInput
from ..numerics.arrays import Array
from .regularisation import NARROWEST, check_distribution, median, name_of, quantile, refuse_unknown, slope

DEFAULT_SD = 2.0  # 95 % of such a θ lie between scale/50 and 50·scale
_WIDEST = 100.0  # quartiles of ln θ further apart mean numbers that no computer holds
# What is nearer to the end of a bounded prior than this leaves no digits of the distance.
_EDGE = 36.0
# A log-parameter further out than this is judged there: e^±300 is at the end of what doubles hold.
_FURTHEST = 300.0

_WHY_NOT_FLAT = (
    "a flat prior without bounds gives a posterior of infinite mass: towards r and alpha → ∞, s → 0, a → 0 or a and b "
    "→ ∞ the likelihood does not fall to 0, so no interval would mean anything"
)


class Prior(NamedTuple):
    """The prior of one parameter: ``low`` and ``high`` of u, infinite where it has no bounds.

    ``distribution`` is one of u, ``None`` for the default normal (no bounds) or a flat density (bounds); ``step`` is
    that of its slope, in z.
    """

    low: float
    high: float
    distribution: Any
    step: float
    text: str


@dataclass(frozen=True)
class Coordinates:
    """The way from parameters to coordinates z on the whole line and back, and the prior's density there.

    Attributes
    ----------
    names
        The parameters, in the family's order.
    scales
        What each is measured against, shape (k,).
    priors
        See :class:`Prior`.
    """

    names: tuple[str, ...]
    scales: Array
    priors: tuple[Prior, ...]

    @property
    def told(self) -> tuple[str, ...]:
        """The priors, one sentence a parameter."""
        return tuple(prior.text for prior in self.priors)

    @property
    def centre(self) -> Array:
        """Where half of each prior lies below, shape (k,); with bounds the middle between them."""
        free = (prior.distribution is not None and not np.isfinite(prior.low) for prior in self.priors)
        return np.array(
            [median(prior.distribution) if has else 0.0 for prior, has in zip(self.priors, free, strict=True)]
        )

    def log_parameters(self, points: Array) -> Array:
        """ln θ of points z of shape (..., k)."""
        found = np.array(points, dtype=np.float64)
        for j, prior in enumerate(self.priors):
            found[..., j] = _u_of(prior, found[..., j])
        return np.clip(found + np.log(self.scales), -_FURTHEST, _FURTHEST)

    def natural(self, points: Array) -> Array:
        """θ of points z of shape (..., k)."""
        return np.exp(self.log_parameters(points))

    def slopes(self, points: Array) -> Array:
        """d ln θ / dz, each coordinate by itself."""
        found = np.ones_like(points)
        for j, prior in enumerate(self.priors):
            if np.isfinite(prior.low):
                inside = np.clip(points[..., j], -_EDGE, _EDGE)
                found[..., j] = (prior.high - prior.low) * special.expit(inside) * special.expit(-inside)
        return found

    def of(self, parameters: Any) -> Array:
        """Coordinates of parameters θ of shape (..., k); outside a prior's bounds, a point near the bound."""
        found = np.log(np.asarray(parameters, dtype=np.float64) / self.scales)
        for j, prior in enumerate(self.priors):
            if np.isfinite(prior.low):
                share = (found[..., j] - prior.low) / (prior.high - prior.low)
                found[..., j] = special.logit(np.clip(share, 0.01, 0.99))
        return found

    def log_prior(self, points: Array) -> Array:
        """Ln density of points z of shape (m, k), shape (m,)."""
        total = np.zeros(len(points))
        for j, prior in enumerate(self.priors):
            total += _log_density(prior, points[:, j])
        return total

    def log_prior_gradient(self, point: Array) -> Array:
        """Gradient of the ln density at one point z of shape (k,)."""
        return np.array([_slope(prior, float(z)) for prior, z in zip(self.priors, point, strict=True)])


def coordinates_of(
    names: Sequence[str],
    scales: Sequence[float],
    prior: Any = None,
    sources: Mapping[str, str] | None = None,
) -> Coordinates:
    """Check priors, and make the coordinates that they call for.

    Parameters
    ----------
    names
        The parameters, in the family's order.
    scales
        What each is measured against: 1 for a pure number, the observation length for a time, an amount for money.
    prior
        None for the default of all; or a dict from names to priors, the default for those not named. A frozen
        continuous distribution of scipy.stats is one of ln(θ / scale), on the whole line or a finite interval; a pair
        (low, high) is one of θ itself, 0 < low < high: ln θ flat in between. The default is normal(0, 2) of
        ln(θ / scale).
    sources
        Where scales come from, by name, to be told.

    Raises
    ------
    InvalidInput
        If a prior is flat without bounds, of half a line, not continuous, or of a parameter that is not there.

    Examples
    --------
    >>> found = coordinates_of(("r", "alpha"), (1.0, 39.0), {"r": (0.01, 10)}, {"alpha": "the largest T"})
    >>> for sentence in found.told:
    ...     print(sentence)
    r: ln(r) flat between r = 0.01 and 10
    alpha: normal(0, 2) of ln(alpha / 39), the default; 39 is the largest T
    >>> found.natural(found.of([0.5, 10.0])).round(12)
    array([ 0.5, 10. ])
    """
    given = _checked(names, prior)
    priors = []
    for name, scale in zip(names, scales, strict=True):
        of = f"ln({name})" if scale == 1 else f"ln({name} / {scale:.6g})"
        source = (sources or {}).get(name)
        end = f"; {scale:.6g} is {source}" if source else ""
        wanted = given.get(name)
        if wanted is None:
            priors.append(
                Prior(-math.inf, math.inf, None, 0.0, f"{name}: normal(0, {DEFAULT_SD:g}) of {of}, the default{end}")
            )
        elif isinstance(wanted, tuple):
            low, high = wanted
            text = f"{name}: ln({name}) flat between {name} = {low:g} and {high:g}"
            priors.append(Prior(math.log(low / scale), math.log(high / scale), None, 0.0, text))
        else:
            priors.append(_of_distribution(wanted, f"{name}: {name_of(wanted)} of {of}{end}"))
    return Coordinates(tuple(names), np.asarray(scales, dtype=np.float64), tuple(priors))


def _of_distribution(distribution: Any, text: str) -> Prior:
    low, high = (float(end) for end in distribution.support())
    prior = Prior(low, high, distribution, 0.0, text)
    ends = np.array([quantile(distribution, share) for share in (0.25, 0.75)])
    if np.isfinite(low):
        ends = special.logit((ends - low) / (high - low))
    return prior._replace(step=float(ends[1] - ends[0]))


def _checked(names: Sequence[str], prior: Any) -> dict[str, Any]:
    """Priors by name: a pair (low, high) as a tuple of floats, a distribution as it is."""
    if prior is None:
        return {}
    write = f'prior={{"{names[0]}": (0.01, 100)}} for {names[0]} within bounds'
    if isinstance(prior, str):
        raise InvalidInput(
            f"prior must be None for the default or a dict by parameter; found {prior[:40]!r}. If that means flat: "
            f"{_WHY_NOT_FLAT}. Write {write}"
        )
    if not isinstance(prior, Mapping):
        raise InvalidInput(
            f'prior must be a dict like {{"{names[0]}": scipy.stats.norm(0, 1)}}, or None for the default; found '
            f"{type(prior).__name__}"
        )
    refuse_unknown(prior, names)
    return {name: _checked_one(name, wanted) for name, wanted in prior.items()}


def _checked_one(name: str, wanted: Any) -> Any:
    write = f'write prior={{"{name}": (0.01, 100)}} with bounds of {name} itself that are far apart but finite'
    if wanted is None or isinstance(wanted, str):
        raise InvalidInput(f"the prior of {name} is {wanted!r}: {_WHY_NOT_FLAT}; {write}, or leave {name} out")
    if isinstance(wanted, (tuple, list)):
        return _checked_bounds(name, wanted, write)
    low, high = check_distribution(name, wanted)
    if np.isfinite(low) != np.isfinite(high):
        raise InvalidInput(
            f"the prior of {name} is one of ln({name} / scale), which may be negative or positive; found "
            f"{name_of(wanted)} on ({low:g}, {high:g}), which looks like a prior of {name} itself: write for example "
            f'prior={{"{name}": scipy.stats.norm(0, 1)}}, or bounds {{"{name}": (0.01, 100)}}'
        )
    spread = quantile(wanted, 0.75) - quantile(wanted, 0.25)
    if not spread <= _WIDEST:
        raise InvalidInput(
            f"the quartiles of the prior of {name} must be at most {_WIDEST:g} apart in ln({name}); found "
            f"{name_of(wanted)}, {spread:g}, which is all but flat: {_WHY_NOT_FLAT}; {write}"
        )
    return wanted


def _checked_bounds(name: str, wanted: Sequence[Any], write: str) -> tuple[float, float]:
    numbers = all(isinstance(v, (int, float, np.integer, np.floating)) and not isinstance(v, bool) for v in wanted)
    if len(wanted) != 2 or not numbers:
        raise InvalidInput(f"bounds of {name} must be two numbers (low, high); found {str(wanted)[:60]}: {write}")
    low, high = float(wanted[0]), float(wanted[1])
    if not (low > 0 and math.isfinite(high)):
        raise InvalidInput(
            f"bounds of {name} must be above 0 and finite, for {name} is looked at on the log scale; found ({low:g}, "
            f"{high:g}): {_WHY_NOT_FLAT}; {write}"
        )
    if not math.log(high) - math.log(low) >= NARROWEST:
        raise InvalidInput(f"bounds of {name} must be in ascending order and apart; found ({low:g}, {high:g}): {write}")
    return low, high


def _u_of(prior: Prior, z: Array) -> Array:
    if not np.isfinite(prior.low):
        return z
    return np.asarray(prior.low + (prior.high - prior.low) * special.expit(np.clip(z, -_EDGE, _EDGE)))


def _log_density(prior: Prior, z: Array) -> Array:
    """Of z, one value each."""
    bounded = np.isfinite(prior.low)
    if prior.distribution is None and not bounded:
        return np.asarray(-((z / DEFAULT_SD) ** 2) / 2 - math.log(DEFAULT_SD * math.sqrt(2 * math.pi)))
    stretched = special.log_expit(z) + special.log_expit(-z) if bounded else 0.0
    if prior.distribution is None:
        return np.asarray(stretched)
    if bounded:
        stretched = stretched + math.log(prior.high - prior.low)
    return np.asarray(prior.distribution.logpdf(_u_of(prior, z)) + stretched, dtype=np.float64)


def _slope(prior: Prior, z: float) -> float:
    """Of the ln density of z."""
    if prior.distribution is not None:
        return slope(lambda points: _log_density(prior, points), z, prior.step)
    return -z / DEFAULT_SD**2 if not np.isfinite(prior.low) else -math.tanh(z / 2)
