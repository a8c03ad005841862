"""Whether a purchase family is too small: a likelihood-ratio test of nested families by parametric bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, NotAvailable
from ..families.contract import PurchaseFamily
from ..inference.likelihood_ratio import bootstrap_p_value, highest, simulated_statistics
from ..inference.maximum_likelihood import maximize
from ..inference.patterns import Patterns
from ..numerics.arrays import Array
from . import statistics
from .fitting import centre_of, patterns_of, repeaters_of
from .purchase import PurchaseModel

_SIMULATED = ("frequency", "recency", "T")
_FEWEST = 19  # worlds: with fewer a p-value cannot come below 0.05
_ELSEWHERE = -3.0  # log-parameters of a second start: much less than their natural scale


@dataclass(frozen=True)
class LikelihoodRatioTest:
    """A parametric bootstrap of 2 (ln L of the full model − ln L of the restricted one).

    Attributes
    ----------
    restricted, full
        Names of the families.
    statistic
        Of the data, at least 0.
    p_value
        (1 + number of simulated statistics as large)/(1 + n_bootstrap): small speaks against the restricted model.
    n_bootstrap
        Worlds simulated from the restricted model.
    quantile_90, quantile_95, quantile_99
        Of the simulated statistics.
    log_likelihood_restricted, log_likelihood_full
        Of the data, at the maxima.
    note
        What to know when reading it.

    Examples
    --------
    `likelihood_ratio_test` gives one:

    >>> import clvmodels as clv
    >>> known = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    >>> summary = known.simulate(200, observation=39, seed=1).summary
    >>> test = clv.likelihood_ratio_test("nbd", "bg_nbd", summary, n_bootstrap=19, seed=1)
    >>> test.restricted, test.full, test.p_value
    ('nbd', 'bg_nbd', 0.6)
    """

    restricted: str
    full: str
    statistic: float
    p_value: float
    n_bootstrap: int
    quantile_90: float
    quantile_95: float
    quantile_99: float
    log_likelihood_restricted: float
    log_likelihood_full: float
    note: str


def likelihood_ratio_test(
    restricted: str | PurchaseFamily | PurchaseModel,
    full: str | PurchaseFamily | PurchaseModel,
    summary: Any,
    n_bootstrap: int = 199,
    seed: int | None = None,
    weights: Any = None,
    progress: Callable[[int], None] | None = None,
) -> LikelihoodRatioTest:
    """Test a purchase family against a larger one that contains it, by parametric bootstrap.

    The statistic is 2 (max ln L_full − max ln L_restricted). NBD within a family with dropout is on its boundary, and
    there the other dropout parameter means nothing, so the statistic is not χ²: worlds are simulated from the fitted
    restricted model instead, in continuous time, with everybody's own T, and both families are fitted to each.

    Sources: McLachlan (1987), Applied Statistics 36(3), 318-324; Davies (1987), Biometrika 74(1), 33-43 (why χ² fails).

    Parameters
    ----------
    restricted, full
        Family names or values, or models, of which only the family counts: both are fitted here, by maximum likelihood.
        ``full`` must contain ``restricted`` (`PurchaseFamily.contains`).
    summary
        One row a customer.
    n_bootstrap
        Worlds to simulate, at least 19; the smallest p-value possible is 1/(n_bootstrap + 1).
    seed
        For the same worlds again.
    weights
        How many customers each row stands for, whole numbers.
    progress
        Called with the number of worlds done, after each.

    Returns
    -------
    LikelihoodRatioTest

    Raises
    ------
    InvalidInput
        If the pair is not nested, or an argument cannot be used.
    NotAvailable
        If the restricted family cannot simulate.
    NotEnoughData
        If nobody came back.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> test = clv.likelihood_ratio_test("nbd", "bg_nbd", summary, n_bootstrap=19, seed=1)
    >>> round(test.statistic, 1), test.p_value
    (362.5, 0.05)
    """
    small, large = _family(restricted), _family(full)
    _refuse_unnested(small, large)
    if isinstance(n_bootstrap, bool) or not (isinstance(n_bootstrap, (int, np.integer)) and n_bootstrap >= _FEWEST):
        raise InvalidInput(f"n_bootstrap must be a whole number of at least {_FEWEST}; found {n_bootstrap!r}")
    if seed is not None and not (isinstance(seed, (int, np.integer)) and seed >= 0):
        raise InvalidInput(f"seed must be a whole number of at least 0; found {seed!r}")
    if small.simulate is None:
        raise NotAvailable(f"{small.title} cannot simulate, which a bootstrap needs")
    frame = frames.load(summary)
    columns = statistics.read(frame, _SIMULATED)
    statistics.refuse_duplicates(frame)
    weight = statistics.weights_of(frame, weights)
    patterns = patterns_of(columns, weight)
    repeaters_of(small, patterns)
    T = _of_everybody(columns["T"], weight)
    pair = _Pair(small, large, centre_of(small, columns), centre_of(large, columns))
    with np.errstate(over="ignore", under="ignore"):
        start = np.log(small.start(*patterns.columns, weights=patterns.weights))
        fitted = maximize(small.log_likelihood, patterns, start, pair.small_centre).log_parameters
        low, high = pair.heights(patterns, fitted)
        statistic = max(2 * (high - low), 0.0)
        generator = np.random.default_rng(seed)
        simulated, idle = np.zeros(int(n_bootstrap)), 0
        for i in range(len(simulated)):
            world = simulated_statistics(generator, small.simulate, T, [float(p) for p in np.exp(fitted)])
            if world is None:
                idle += 1
            else:
                below, above = pair.heights(world, fitted)
                simulated[i] = max(2 * (above - below), 0.0)
            if progress is not None:
                progress(i + 1)
    quantiles = [float(q) for q in np.quantile(simulated, (0.90, 0.95, 0.99))]
    notes = [f"by parametric bootstrap in continuous time: {small.title} is on the boundary of {large.title}"]
    if idle:
        notes.append(f"in {idle} of {n_bootstrap} worlds nobody came back, and their statistic counts as 0")
    return LikelihoodRatioTest(
        restricted=small.name,
        full=large.name,
        statistic=statistic,
        p_value=bootstrap_p_value(statistic, simulated),
        n_bootstrap=len(simulated),
        quantile_90=quantiles[0],
        quantile_95=quantiles[1],
        quantile_99=quantiles[2],
        log_likelihood_restricted=low,
        log_likelihood_full=high,
        note="; ".join(notes),
    )


@dataclass(frozen=True)
class _Pair:
    """Two nested families, and where their log-parameters are at home."""

    small: PurchaseFamily
    large: PurchaseFamily
    small_centre: Array
    large_centre: Array

    def heights(self, patterns: Patterns, near: Array) -> tuple[float, float]:
        """Maximal log-likelihoods of both, the small one's searched from ``near``.

        The large one's may have several maxima: it is searched from its usual start and from one where what the small
        one does not have is small.
        """
        low = highest(self.small.log_likelihood, patterns, [near], self.small_centre)
        usual = np.log(self.large.start(*patterns.columns, weights=patterns.weights))
        known = dict(zip(self.small.parameters, near, strict=True))
        other = [
            known.get(name, at + _ELSEWHERE) for name, at in zip(self.large.parameters, self.large_centre, strict=True)
        ]
        return low, highest(self.large.log_likelihood, patterns, [usual, np.array(other)], self.large_centre)


def _family(model: Any) -> PurchaseFamily:
    return model.family if isinstance(model, PurchaseModel) else PurchaseModel(model).family


def _refuse_unnested(small: PurchaseFamily, large: PurchaseFamily) -> None:
    if small.name in large.contains:
        if any(set(family.statistics) - set(_SIMULATED) for family in (small, large)):
            raise InvalidInput(
                f"a bootstrap simulates {', '.join(_SIMULATED)}, and {small.title} or {large.title} reads more"
            )
        return
    if large.name in small.contains:
        raise InvalidInput(
            f"{small.title} contains {large.title}, not the other way round: write "
            f'likelihood_ratio_test("{large.name}", "{small.name}", summary)'
        )
    raise InvalidInput(
        f"{small.title} is no special case of {large.title}, so a likelihood-ratio test does not hold for them: "
        f'compare_models(["{small.name}", "{large.name}"], summary) gives Vuong\'s test'
    )


def _of_everybody(T: Array, weights: Array | None) -> Array:
    if weights is None:
        return T
    broken = weights != np.rint(weights)
    if broken.any():
        raise InvalidInput(
            f"a bootstrap simulates whole customers, so weights must be whole numbers; {broken.sum()} of "
            f"{len(weights)} are not, first {weights[broken][0]:g}"
        )
    return np.repeat(T, weights.astype(np.int64))
