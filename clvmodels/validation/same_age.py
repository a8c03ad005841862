"""What a model expects of customers as old as these: simulated ones with the same T, and means held against theirs.

A mean over customers who do as the model says differs from its expectation for three reasons, whose variances add up:
there are only so many customers, the expectation comes from only so many simulated ones, and the parameters are only
estimates. With θ the logarithms of the parameters, Σ their covariance, and s = ∂ ln L/∂θ, the last one is d'Σd with
d = ∂E[f]/∂θ = Cov(f, s), as always for an expectation under a likelihood.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import special

from ..families.contract import PurchaseFamily, SpendFamily
from ..models.fitted import Fitted
from ..numerics.arrays import Array

MOST = 4096  # different customers that are simulated; more are drawn evenly from all of them in order
SIMULATED = 32768  # in all, at least
_FEWEST = 8  # replications of each


@dataclass(frozen=True)
class Simulations:
    """Customers simulated from a model: arrays of shape (replications, customers), the same T in a column.

    Attributes
    ----------
    values
        Each simulated customer's statistics, by name.
    gradients
        ∂ ln L/∂θ of each, of shape (parameters, replications, customers).
    ages
        What they have in common with the customers they stand beside: T (of amounts: x), of shape (customers,).
    """

    values: dict[str, Array]
    gradients: Array
    ages: Array


class Deviation(NamedTuple):
    """A mean over customers beside what the model expects of it.

    Attributes
    ----------
    actual, expected
        The two means.
    spread
        Standard deviation of one customer's value around the expectation at his own T.
    standard_error
        Of actual − expected, if the customers do as the model says.
    skewness
        Of the same: a few heavy buyers make a mean of counts lopsided even over thousands of customers.
    """

    actual: float
    expected: float
    spread: float
    standard_error: float
    skewness: float = 0.0

    @property
    def z(self) -> float:
        """(actual − expected) in standard errors; 0 where neither can vary and they agree."""
        gap = self.actual - self.expected
        if self.standard_error > 0:
            return gap / self.standard_error
        return 0.0 if gap == 0 else math.copysign(math.inf, gap)

    @property
    def p_value(self) -> float:
        """Twice the smaller tail of a shifted gamma distribution with this skewness; without any, the normal one."""
        z, shape = self.z * math.copysign(1.0, self.skewness), 4 / max(self.skewness**2, 1e-12)
        if shape > 1e6 or math.isinf(z):
            return float(2 * special.ndtr(-abs(z)))
        at = max(shape + math.sqrt(shape) * z, 0.0)
        return float(min(1.0, 2 * min(special.gammainc(shape, at), special.gammaincc(shape, at))))


def covariance_of(state: Fitted) -> Array | None:
    """Covariance of the logarithms of the parameters: the robust one where it is known, None where none is."""
    for covariance in (state.robust_covariance, state.covariance):
        if covariance is not None and np.all(np.isfinite(covariance)):
            return covariance
    return None


def evenly(values: Array, weights: Array, most: int = MOST) -> Array:
    """At most so many of the values, in order: all of them, or the middles of equally large groups.

    ``weights`` are how many customers each value stands for, whole numbers of shape (n,).

    >>> evenly(np.array([3.0, 1.0]), np.array([1.0, 2.0])).tolist()
    [1.0, 1.0, 3.0]
    >>> evenly(np.arange(100.0), np.ones(100), most=4).tolist()
    [12.0, 37.0, 62.0, 87.0]
    """
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    n = int(reached[-1])
    ranks = np.arange(n) + 0.5 if n <= most else (np.arange(most) + 0.5) * (n / most)
    return np.asarray(values[order][np.searchsorted(reached, ranks)])


def surprise(family: PurchaseFamily, x: Array, T: Array, log_likelihood: Array) -> Array:
    """The log-likelihood of a customer's purchases as one of counts and of when, in shares of T: ln L + x ln T − ln x!.

    ln L is a density of times: it depends on the unit of time and grows with T. This does not depend on the unit; it is
    ln P(X = x) for the NBD. In discrete time ln L is a probability already. T must be above 0.
    """
    if family.time == "discrete":
        return log_likelihood
    return np.asarray(log_likelihood + special.xlogy(x, T) - special.gammaln(x + 1))


def purchases(family: PurchaseFamily, parameters: Sequence[float], T: Array, seed: int) -> Simulations:
    """Customers watched for the lengths T from their first purchase on, who do as the family says."""
    assert family.simulate is not None
    simulate, generator = family.simulate, np.random.default_rng(seed)

    def made(T: Array) -> tuple[Array, Array]:
        owner, times = simulate(generator, T, *parameters)
        x = np.bincount(owner, minlength=len(T)).astype(np.float64)
        t_x = np.zeros(len(T))
        last = np.flatnonzero(np.diff(owner, append=-1))  # times rise within a customer
        t_x[owner[last]] = times[last]
        known = {"frequency": x, "recency": np.minimum(t_x, T), "T": T}
        value, gradient = family.log_likelihood(*[known[name] for name in family.statistics], *parameters)
        return np.stack([x, known["recency"], surprise(family, x, T, value)]), gradient

    return _repeated(made, T, ("frequency", "recency", "log_likelihood"))


def amounts(family: SpendFamily, parameters: Sequence[float], x: Array, seed: int) -> Simulations:
    """Mean spend of customers with so many repeat purchases, each at least 1."""
    generator = np.random.default_rng(seed)

    def made(x: Array) -> tuple[Array, Array]:
        counts = x.astype(np.intp)
        paid = family.simulate(generator, counts, *parameters)
        mean = np.add.reduceat(paid, np.cumsum(counts) - counts) / x
        mean = np.maximum(mean, 1e-300)  # a gamma variable of a tiny shape underflows
        value, gradient = family.log_likelihood(x, mean, *parameters)
        return np.stack([mean, np.log(mean), value + np.log(mean)]), gradient

    return _repeated(made, x, ("monetary_value", "log_spend", "log_likelihood"))


def _repeated(made: Callable[[Array], tuple[Array, Array]], each: Array, names: tuple[str, ...]) -> Simulations:
    """Simulate ``each`` customer often enough, some thousands at a time."""
    replications = max(_FEWEST, math.ceil(SIMULATED / len(each)))
    together = max(1, MOST // len(each))
    values, gradients = [], []
    for begin in range(0, replications, together):
        rows = min(together, replications - begin)
        value, gradient = made(np.tile(each, rows))
        values.append(value.reshape(len(value), rows, -1))
        gradients.append(np.asarray(gradient).reshape(len(gradient), rows, -1))
    whole = np.concatenate(values, axis=1)
    return Simulations(dict(zip(names, whole, strict=True)), np.concatenate(gradients, axis=1), each)


def deviation(
    actual: float,
    n_customers: float,
    simulated: Array,
    gradients: Array,
    covariance: Array | None,
    exact: float | None = None,
) -> Deviation:
    """Hold a mean over customers against the same mean of simulated ones.

    Parameters
    ----------
    actual
        The mean over ``n_customers`` customers.
    simulated, gradients
        The value of each simulated customer, of shape (replications, customers), and his ∂ ln L/∂θ.
    covariance
        Of the logarithms of the parameters; None if they are taken to be exact.
    exact
        The expectation, where it is known without simulating.
    """
    rows, customers = simulated.shape
    around = simulated - simulated.mean(axis=0)
    variance = float(np.sum(around**2)) / (customers * (rows - 1))
    of_mean = variance / n_customers
    if exact is None:
        of_mean += variance / simulated.size
    if covariance is not None:
        slope = np.tensordot(gradients, around, 2) / (customers * (rows - 1))
        of_mean += max(float(slope @ covariance @ slope), 0.0)
    expected = float(simulated.mean()) if exact is None else exact
    third = float(np.sum(around**3)) * rows / (customers * (rows - 1) * (rows - 2))
    skewness = third / n_customers**2 / of_mean**1.5 if of_mean > 0 else 0.0
    return Deviation(actual, expected, math.sqrt(variance), math.sqrt(of_mean), skewness)


@dataclass(frozen=True)
class Score:
    """ḡ, the mean over customers of s = ∂ ln L/∂θ, which is expected to be 0 whatever their T; `score_of` makes it.

    With J = E[s sᵀ] its covariance is W = J/n + J Σ J: of a mean, and of parameters that are themselves estimates.
    Source: Rao (1948), Proceedings of the Cambridge Philosophical Society 44(1), 50-57.

    Attributes
    ----------
    mean, information, inverse
        ḡ, J and W⁻¹, in units of the parameters in which J has the diagonal 1.
    unit
        Those units.
    """

    mean: Array
    information: Array
    inverse: Array
    unit: Array

    @property
    def p_value(self) -> float:
        """Of ḡᵀW⁻¹ḡ: χ² with as many degrees of freedom as parameters."""
        return float(special.chdtrc(len(self.mean), max(float(self.mean @ self.inverse @ self.mean), 0.0)))

    @property
    def size(self) -> float:
        """√(ḡᵀJ⁻¹ḡ): half its square is what a new fit would gain in log-likelihood a customer, to first order."""
        inverse = np.linalg.pinv(self.information, rcond=1e-8, hermitian=True)
        return math.sqrt(max(float(self.mean @ inverse @ self.mean), 0.0))

    def moved(self, direction: Array) -> tuple[float, float]:
        """How far θ has moved along a direction, and the standard error of that; nan if there is no telling."""
        towards = self.information @ (direction * self.unit)
        weight = float(towards @ self.inverse @ towards)
        if weight <= 0:
            return math.nan, math.nan
        return float(towards @ self.inverse @ self.mean) / weight, 1 / math.sqrt(weight)


def score_of(mean: Array, n_customers: float, gradients: Array, covariance: Array | None) -> Score:
    """The score of ``n_customers`` customers, ``mean`` of shape (parameters,), beside simulated ``gradients``."""
    flat = gradients.reshape(len(gradients), -1)
    information = flat @ flat.T / flat.shape[1]
    unit = np.sqrt(np.maximum(np.diag(information), 1e-300))
    information = information / np.outer(unit, unit)
    of_mean = information / n_customers
    if covariance is not None:
        of_mean = of_mean + information @ (covariance * np.outer(unit, unit)) @ information
    return Score(mean / unit, information, np.linalg.pinv(of_mean, rcond=1e-10, hermitian=True), unit)
